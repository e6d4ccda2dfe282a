"""Write a review where people read it: `python3 ci/note.py comment NUMBER FILE…`, `issue TITLE FILE`, `close TITLE`.

A comment or issue is found again by the first line of its file, and updated instead of repeated. Needs Python only, so
that the job that may write to the repository runs nothing else. The environment gives GITHUB_TOKEN,
GITHUB_REPOSITORY and, elsewhere than on github.com, GITHUB_API_URL, as GitHub Actions does.
Source: GitHub REST API, "Issue comments" and "Issues".
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

AUTHOR = "github-actions[bot]"
PAGE = 100


def request(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask GitHub about this repository. Raises HTTPError for what it refuses."""
    address = f"{os.environ.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{os.environ['GITHUB_REPOSITORY']}"
    asked = urllib.request.Request(  # noqa: S310 - the address is GitHub's, from the environment of the job
        f"{address}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")


def pages(path: str) -> Iterator[dict[str, Any]]:
    """Every entry of a list."""
    number = 1
    while entries := request("GET", f"{path}{'&' if '?' in path else '?'}per_page={PAGE}&page={number}"):
        yield from entries
        if len(entries) < PAGE:
            return
        number += 1


def ours(entries: Iterator[dict[str, Any]], marker: str) -> dict[str, Any] | None:
    """The entry that this job's account wrote with this marker; a person may have quoted it."""
    author = os.environ.get("NOTE_AUTHOR", AUTHOR)
    return next(
        (each for each in entries if (each["body"] or "").startswith(marker) and each["user"]["login"] == author), None
    )


def comment(number: str, file: Path) -> str:
    """Write a file as the comment of a pull request; its first line is the marker."""
    body = file.read_text()
    found = ours(pages(f"issues/{int(number)}/comments"), body.partition("\n")[0])
    if found:
        return request("PATCH", f"issues/comments/{found['id']}", {"body": body})["html_url"]
    return request("POST", f"issues/{int(number)}/comments", {"body": body})["html_url"]


def issue(title: str, file: Path) -> str:
    """Write a file as an open issue of this title."""
    body = f"{marker_of(title)}\n{file.read_text()}"
    found = ours(pages("issues?state=open"), marker_of(title))
    if found:
        return request("PATCH", f"issues/{found['number']}", {"body": body})["html_url"]
    return request("POST", "issues", {"title": title, "body": body})["html_url"]


def close(title: str) -> str:
    """Close the issue of this title, if one is open."""
    found = ours(pages("issues?state=open"), marker_of(title))
    if not found:
        return f"No open issue: {title}"
    return request("PATCH", f"issues/{found['number']}", {"state": "closed"})["html_url"]


def marker_of(title: str) -> str:
    """The first line of an issue, invisible, by which it is found again."""
    return f"<!-- phi note: {title} -->"


def main(arguments: list[str]) -> int:
    """Do what the command line says; 2 when it says nothing of the usage above."""
    match arguments:
        case ["comment", number, *files] if files:
            done = [comment(number, Path(file)) for file in files]
        case ["issue", title, file]:
            done = [issue(title, Path(file))]
        case ["close", title]:
            done = [close(title)]
        case _:
            sys.stderr.write(__doc__ or "")
            return 2
    sys.stdout.write("\n".join(done) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except urllib.error.HTTPError as error:
        sys.exit(f"GitHub refuses ({error.code} {error.reason}): {error.read().decode(errors='replace')}")
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"GitHub or a file cannot be reached: {error}")
    except KeyError as error:
        sys.exit(f"{error.args[0]} is not set in the environment.")
