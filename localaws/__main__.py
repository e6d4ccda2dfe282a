"""`python -m localaws --directory DIR`: run the embedded AWS in the foreground."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from localaws.server import AlreadyRunning, serve


def main() -> int:
    """Serve until told to end; exit code 1 when another one holds the folder or the port."""
    parser = argparse.ArgumentParser(prog="python -m localaws", description="An AWS account in one process, for tests.")
    parser.add_argument("--directory", type=Path, required=True, help="folder of the endpoint file, lock and log")
    parser.add_argument("--port", type=int, default=0, help="port of the HTTP endpoint; default: a free one")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        serve(options.directory, options.port)
    except AlreadyRunning as error:
        sys.stderr.write(f"localaws: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
