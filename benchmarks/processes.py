"""How much memory the processes of a run took, read from the kernel while they live."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

INTERVAL_SECONDS = 0.05
ROLES = {"program": "pulumi-language-python-exec", "pack": "pulumi.policy", "localaws": "-m localaws"}


class PeakMemory:
    """Context manager: the high-water mark, MiB, of each role's process while it is open."""

    def __init__(self) -> None:
        self.peaks: dict[str, float] = {}
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    for role, mark in ROLES.items():
                        if mark in command and "python" in command.split(" ", 1)[0]:
                            self.peaks[role] = max(self.peaks.get(role, 0.0), high_water_mib(process))


def high_water_mib(process: Path) -> float:
    """Peak resident memory of a process in `/proc`, MiB; 0 for one that is ending."""
    for line in (process / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0
