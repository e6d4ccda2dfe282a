"""Comments and issues: written once, then updated, and never those of others. GitHub is a server on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
BOT, PERSON = "github-actions[bot]", "a-reviewer"


class GitHub(ThreadingHTTPServer):
    """The part of GitHub's REST API that notes need: comments of one pull request, and issues."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.entries: dict[str, list[dict[str, Any]]] = {"issues/7/comments": [], "issues": []}
        self.tokens: set[str] = set()
        self.refuses = False

    def add(self, place: str, body: str, author: str, **more: Any) -> dict[str, Any]:
        number = sum(map(len, self.entries.values())) + 1
        entry = {"id": number, "number": number, "body": body, "user": {"login": author}, "state": "open", **more,
                 "html_url": f"https://example.org/{place}/{number}"}  # fmt: skip
        self.entries[place].append(entry)
        return entry


class Requests(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        path, query = self.asked()
        size, page = int(query["per_page"][0]), int(query["page"][0])
        state = query.get("state", ["open"])[0]
        entries = [each for each in self.server.entries[path] if each["state"] == state]
        self.answer(entries[(page - 1) * size : page * size])

    def do_POST(self) -> None:
        path, _ = self.asked()
        if self.server.refuses:
            self.answer({"message": "Resource not accessible by integration"}, 403)
            return
        self.answer(self.server.add(path, author=BOT, **self.body()), 201)

    def do_PATCH(self) -> None:
        path, _ = self.asked()
        place = "issues/7/comments" if path.startswith("issues/comments/") else "issues"
        entry = next(each for each in self.server.entries[place] if each["id"] == int(path.rpartition("/")[2]))
        entry |= self.body()
        self.answer(entry)

    def asked(self) -> tuple[str, dict[str, list[str]]]:
        self.server.tokens.add(self.headers["Authorization"])
        url = urlsplit(self.path)
        return url.path.removeprefix("/repos/clinic-example/infrastructure/"), parse_qs(url.query)

    def body(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, value: Any, status: int = 200) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def note(github: GitHub, *arguments: str, code: int = 0, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "ci/note.py", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
            "GITHUB_REPOSITORY": "clinic-example/infrastructure",
            "GITHUB_TOKEN": "a-job's-token",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "comment.md"
    path.write_text("<!-- phi review: staging -->\n\nfirst\n")
    return path


def bodies(github: GitHub, place: str) -> list[str]:
    return [entry["body"] for entry in github.entries[place]]


@pytest.mark.requirement("OMN-OPS-01")
def test_a_comment_is_written_once_and_then_updated(github: GitHub, file: Path) -> None:
    note(github, "comment", "7", str(file))
    file.write_text("<!-- phi review: staging -->\n\nsecond\n")
    note(github, "comment", "7", str(file))
    assert bodies(github, "issues/7/comments") == ["<!-- phi review: staging -->\n\nsecond\n"]
    assert github.tokens == {"Bearer a-job's-token"}


def test_each_stack_has_a_comment_of_its_own(github: GitHub, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("<!-- phi review: production -->\n\nother\n")
    note(github, "comment", "7", str(file), str(other))
    note(github, "comment", "7", str(file), str(other))
    assert len(bodies(github, "issues/7/comments")) == 2


def test_a_comment_far_back_is_found_and_a_person_s_quote_is_left_alone(github: GitHub, file: Path) -> None:
    for number in range(150):
        github.add("issues/7/comments", f"comment {number}", PERSON)
    quote = github.add("issues/7/comments", "<!-- phi review: staging -->\nwhat is this?", PERSON)
    own = github.add("issues/7/comments", "<!-- phi review: staging -->\n\nold\n", BOT)
    note(github, "comment", "7", str(file))
    assert own["body"].endswith("first\n")
    assert quote["body"].endswith("what is this?")
    assert len(bodies(github, "issues/7/comments")) == 152


def test_an_issue_is_opened_updated_closed_and_opened_anew(github: GitHub, file: Path) -> None:
    title = "Drift of staging"
    for _ in range(2):
        note(github, "issue", title, str(file))
    assert [entry["title"] for entry in github.entries["issues"]] == [title]
    note(github, "close", title)
    assert [entry["state"] for entry in github.entries["issues"]] == ["closed"]
    assert "No open issue" in note(github, "close", title)
    note(github, "issue", title, str(file))
    assert [entry["state"] for entry in github.entries["issues"]] == ["closed", "open"]


def test_what_github_refuses_is_said_and_ends_with_1(github: GitHub, file: Path) -> None:
    github.refuses = True
    said = note(github, "comment", "7", str(file), code=1)
    assert "GitHub refuses (403" in said
    assert "not accessible by integration" in said


def test_a_file_that_is_not_there_ends_with_1(github: GitHub) -> None:
    assert "nowhere.md" in note(github, "comment", "7", "nowhere.md", code=1)


def test_a_wrong_command_line_shows_the_usage(github: GitHub) -> None:
    assert "ci/note.py comment NUMBER FILE" in note(github, "remark", code=2)


def test_what_is_missing_in_the_environment_is_named(github: GitHub, file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "ci/note.py", "comment", "7", file], env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "GITHUB_REPOSITORY is not set" in done.stderr
