#!/usr/bin/env bash
# Get .venv and the Pulumi engine ready; both are there already when a cache had them.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory setup
.venv/bin/phi engine install
