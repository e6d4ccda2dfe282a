"""Where the Pulumi CLI comes from: an official one on PATH, else one built from Go modules into a per-user cache.

No Python, npm or Debian package carries the CLI; the Go module proxy does. A build takes about four minutes and 2 GB of
memory, once per user and version.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

# The version engine/go.mod pins; an official CLI may be newer, but not older and not of another major version.
PINNED = "v3.259.0"
MINIMUM = PINNED

# Where Go installs itself, often without being put on PATH.
USUAL_GO = Path("/usr/local/go/bin/go")

# Older Go cannot fetch the toolchain that engine/go.mod asks for.
MINIMUM_GO = (1, 21)

COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK = "github.com/pulumi/pulumi/sdk/v3"
EXECUTOR = "python/cmd/pulumi-language-python-exec"
FOLDER = Path(__file__).parent

# Without a terminal, how often the build says that it is still alive.
REPORT_SECONDS = 30.0

LAUNCHER = """\
#!/bin/sh
# Starts the language host with the Python of the project the engine runs in: it needs that project's `pulumi` package.
host=$(dirname "$0")/language_host.py
if [ -n "$PHI_PYTHON" ]; then exec "$PHI_PYTHON" "$host" "$@"; fi
folder=$PWD
while [ "$folder" != / ]; do
  if [ -x "$folder/.venv/bin/python" ]; then exec "$folder/.venv/bin/python" "$host" "$@"; fi
  folder=$(dirname "$folder")
done
exec python3 "$host" "$@"
"""


class EngineError(Exception):
    """Why there is no engine, and what to do about it."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A Pulumi CLI that this project can use; `official` when it was found on PATH."""

    pulumi: Path
    version: str
    official: bool


def cache_folder() -> Path:
    """The per-user folder of built engines: $XDG_CACHE_HOME/phi-platform/engine, or ~/.cache/phi-platform/engine."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "phi-platform" / "engine"


def find() -> Engine | None:
    """A usable engine that is here already: a supported official one on PATH, else the built one, else None."""
    return official() or built()


def official() -> Engine | None:
    """The `pulumi` on PATH, when it is of a supported version and has its Python language host beside it."""
    found = shutil.which("pulumi")
    if found is None:
        return None
    pulumi = Path(found).resolve()
    if pulumi.is_relative_to(cache_folder()) or not (pulumi.parent / "pulumi-language-python").exists():
        return None
    version = version_of(pulumi)
    return Engine(pulumi=pulumi, version=version, official=True) if supported(version) else None


def built() -> Engine | None:
    """The engine of the pinned version in the cache, with the language host of this checkout beside it."""
    folder = cache_folder() / PINNED
    if not (folder / "pulumi").exists():
        return None
    place_language_host(folder)
    return Engine(pulumi=folder / "pulumi", version=PINNED, official=False)


def version_of(pulumi: Path) -> str:
    """What `pulumi version` prints, such as v3.259.0; empty when it does not run."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(
            [pulumi, "version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        ).stdout.strip()
    return ""


def supported(version: str) -> bool:
    """Whether an official CLI of this version may be used: at least MINIMUM, same major version."""
    found, minimum = numbers(version), numbers(MINIMUM)
    return found is not None and minimum is not None and found[0] == minimum[0] and found >= minimum


def numbers(version: str) -> tuple[int, int, int] | None:
    """The three numbers of a version text; None when it is not one."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def install(console: Console) -> Engine:
    """The engine that is here, or a freshly built one. Two runs at once build it once: the second waits for the first.

    Raises EngineError when it can be neither found nor built.
    """
    found = find()
    if found is not None:
        return found
    go = require_go()
    folder = cache_folder() / PINNED
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_name(f"{PINNED}.lock"), console):
        if not (folder / "pulumi").exists():
            build(go, folder, console)
    engine = built()
    assert engine is not None
    return engine


def require_go() -> str:
    """The path of a Go that can build the engine; EngineError tells how to get one."""
    go = shutil.which("go") or (str(USUAL_GO) if USUAL_GO.exists() else None)
    reason = "there is neither a Pulumi CLI nor Go on this machine"
    if go is not None:
        match = re.search(
            r"go(\d+)\.(\d+)", subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
        )
        if match and (int(match[1]), int(match[2])) >= MINIMUM_GO:
            return go
        reason = f"{go} is older than Go {MINIMUM_GO[0]}.{MINIMUM_GO[1]}, and there is no Pulumi CLI"
    stale = shutil.which("pulumi")
    if stale is not None:
        reason += (
            f" that can be used ({stale} is {version_of(Path(stale)) or 'broken'}, {MINIMUM} or a newer 3.x "
            "with its pulumi-language-python beside it is needed)"
        )
    raise EngineError(
        f"No Pulumi engine: {reason}.\n"
        f"Get one of the two, then run the command again:\n"
        f"  the Pulumi CLI {MINIMUM} or newer: https://www.pulumi.com/docs/iac/download-install/\n"
        f"  Go {MINIMUM_GO[0]}.{MINIMUM_GO[1]} or newer, to build it (about 4 minutes, once): "
        "https://go.dev/doc/install"
    )


@contextlib.contextmanager
def locked(file: Path, console: Console) -> Generator[None]:
    """Hold the lock file of the build, waiting for whoever has it."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("Another process is building the Pulumi engine; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(go: str, folder: Path, console: Console) -> None:
    """Build the pinned engine and put it at `folder`, whole or not at all."""
    console.print(
        f"Building the Pulumi engine {PINNED} from Go modules, once for this user "
        "(about 4 minutes and 2 GB of memory when nothing is cached)."
    )
    started = time.monotonic()
    for left in folder.parent.glob(f".{PINNED}-*"):  # by a build that was killed; we hold the lock
        shutil.rmtree(left)
    # Inside the cache folder, so that the rename at the end stays on one file system.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{PINNED}-") as temporary:
        target = Path(temporary) / PINNED
        target.mkdir()
        packages = run(console, "Downloading modules", [go, "list", "-deps", COMMAND])
        run(console, "Compiling", [
            go, "build", "-v", "-buildvcs=false", "-ldflags", f"-s -w -X {SDK}/go/common/version.Version={PINNED}",
            "-o", str(target / "pulumi"), COMMAND], total=len(packages))  # fmt: skip
        sdk = run(console, "Locating the SDK", [go, "list", "-m", "-f", "{{.Dir}}", SDK])[0]
        executor = target / Path(EXECUTOR).name
        shutil.copyfile(Path(sdk) / EXECUTOR, executor)
        executor.chmod(0o755)
        place_language_host(target)
        target.rename(folder)
    console.print(f"Built {folder / 'pulumi'} in {elapsed(started)}.")


def run(console: Console, title: str, command: list[str], total: int = 0) -> list[str]:
    """Run a step of the build in engine/ and give its output lines, showing what happens and for how long.

    With `total`, each line that the step prints is one of that many packages done.
    """
    started = reported = time.monotonic()
    output: list[str] = []
    errors: deque[str] = deque(maxlen=20)
    with (
        tempfile.TemporaryFile("w+") as stdout,
        console.status(title) as status,
        subprocess.Popen(command, cwd=FOLDER, stdout=stdout, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        done = 0
        while True:
            ended = process.poll() is not None
            for line in process.stderr:
                errors.append(line.rstrip())
                done += 1
            progress = f"{title}: {errors[-1] if errors else '…'}" + (f" ({done} of at most {total})" if total else "")
            status.update(f"{progress}, {elapsed(started)}")
            if not console.is_terminal and time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                console.print(f"  {progress}, {elapsed(started)}", highlight=False)
            if ended:
                break
            time.sleep(0.2)
        stdout.seek(0)
        output = stdout.read().splitlines()
    if process.returncode:
        raise EngineError(
            f"{title} failed after {elapsed(started)}: {' '.join(command[:2])} ended with exit code "
            f"{process.returncode}. Its last lines:\n  " + "\n  ".join(errors)
        )
    return output


def elapsed(started: float) -> str:
    """The time since `started` (of time.monotonic()), such as `4 min 07 s`."""
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def place_language_host(folder: Path) -> None:
    """Put the language host of this checkout and its launcher beside the engine, when they are not there already."""
    place(folder / "language_host.py", (FOLDER / "language_host.py").read_text(), 0o644)
    place(folder / "pulumi-language-python", LAUNCHER, 0o755)


def place(file: Path, text: str, mode: int) -> None:
    """Make `file` hold `text`, whole or not at all; untouched when it does already."""
    if file.exists() and file.read_text() == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-", delete=False) as temporary:
        temporary.write(text)
    Path(temporary.name).chmod(mode)
    Path(temporary.name).replace(file)


def environment(engine: Engine) -> dict[str, str]:
    """What a process needs to run this engine: it first on PATH, and the Python that runs its language host."""
    return {"PATH": f"{engine.pulumi.parent}{os.pathsep}{os.environ.get('PATH', '')}", "PHI_PYTHON": sys.executable}
