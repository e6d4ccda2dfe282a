"""An engine command, watched: a script takes the engine's place."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

from rich.console import Console

from operations.engine_events import EventLog
from operations.progress import Progress
from operations.watched import Ended, done, watch

ENGINE = """\
import json, os, signal, sys

log = open(sys.argv[sys.argv.index("--event-log") + 1], "a")


def event(**content):
    print(json.dumps(content), file=log, flush=True)


"""


def run(folder: Path, body: str, shown: io.StringIO | None = None) -> Ended:
    (folder / "engine.py").write_text(ENGINE + body)
    return watch(
        [sys.executable, "engine.py"],
        folder=folder,
        environment=os.environ,
        log=folder / "events",
        progress=Progress(Console(file=shown or io.StringIO(), width=100), "Updating dev"),
    )


def test_its_events_code_and_words_are_kept_and_its_log_is_removed(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        'event(resOutputsEvent={"metadata": {"op": "create", "urn": "urn:one"}})\n'
        'print("Updating (dev):"); print("error: no such stack", file=sys.stderr); sys.exit(3)\n',
    )
    assert ended == Ended(
        code=3,
        events=[{"resOutputsEvent": {"metadata": {"op": "create", "urn": "urn:one"}}}],
        resources=1,
        display="Updating (dev):",
        errors="error: no such stack",
    )
    assert not (tmp_path / "events").exists()


def test_the_engine_may_write_an_event_log_and_asks_nothing(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        'print(json.dumps([os.environ["PULUMI_DEBUG_COMMANDS"], sys.stdin.read(), "--non-interactive" in sys.argv]))\n',
    )
    assert json.loads(ended.display) == ["true", "", True]


def test_ctrl_c_is_the_engines_and_what_it_says_of_it_is_shown(tmp_path: Path) -> None:
    shown = io.StringIO()
    ended = run(
        tmp_path,
        "os.kill(os.getppid(), signal.SIGINT)\n"
        'event(stdoutEvent={"message": "^C received; cancelling.\\n"})\n'
        "sys.exit(1)\n",
        shown,
    )
    assert ended.code == 1
    assert "^C received; cancelling." in shown.getvalue()


def test_how_far_it_is_tells_the_refresh_apart_and_a_total_only_when_it_is_known(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events")
    assert done(log, 3) == ""
    log.refreshed |= {"a", "b"}
    assert done(log, None) == "2 resources refreshed"
    log.done |= {"a"}
    assert done(log, None) == "1 of 2 resources"
    assert done(log, 3) == "1 of 3 resources"
    log.done |= {"b", "c", "d"}
    assert done(log, 3) == "4 resources"
