#!/usr/bin/env bash
# ci/drift.sh STACK: compare the account with the state and the program.
# Writes results/STACK/comment.md. Exit code 1 when something was changed behind Pulumi's back, or was never deployed.
set -euo pipefail
cd "$(dirname "$0")/.."
stack=$1
results=${RESULTS:-results}/$stack
mkdir -p "$results"
ci/setup.sh
.venv/bin/phi review "$stack" --refresh --expect-no-changes --comment "$results/comment.md"
