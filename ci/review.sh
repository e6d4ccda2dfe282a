#!/usr/bin/env bash
# ci/review.sh STACK: preview and judge a stack for a reviewer (OMN-OPS-01, MSP-OPS-01, BER-OPS-04).
# Writes results/STACK/review.json, which `ci/deploy.sh` deploys, and results/STACK/comment.md.
# RESULTS: another folder than results.   BASE: a revision to compare costs with.   REVISION: the commit the comment names.
# Exit codes: 0 it could be deployed, 1 a policy refuses it or the preview fails, more: see `phi review --help`.
set -euo pipefail
cd "$(dirname "$0")/.."
stack=$1
results=${RESULTS:-results}/$stack
mkdir -p "$results"
ci/setup.sh
.venv/bin/phi settings show "$stack" >"$results/settings.txt"
options=(--save "$results/review.json" --comment "$results/comment.md" --revision "${REVISION:-$(git rev-parse HEAD)}")
if [ -n "${BASE:-}" ] && git show "$BASE:Pulumi.$stack.yaml" >"$results/before.yaml" 2>/dev/null; then
  options+=(--before "$results/before.yaml")
fi
.venv/bin/phi review "$stack" "${options[@]}"
