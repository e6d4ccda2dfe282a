#!/usr/bin/env bash
# ci/deploy.sh STACK [REVIEW]: deploy what was reviewed, and nothing else (OMN-OPS-02).
# REVIEW: what `ci/review.sh STACK` wrote; default results/STACK/review.json.
# Writes results/STACK/outputs.json: every output of the stack, secrets as `[secret]`.
set -euo pipefail
cd "$(dirname "$0")/.."
stack=$1
results=${RESULTS:-results}/$stack
mkdir -p "$results"
ci/setup.sh
.venv/bin/phi deploy "$stack" --reviewed "${2:-$results/review.json}" --yes
PATH=$(dirname "$(.venv/bin/phi engine path)"):$PATH pulumi stack output --stack "$stack" --json >"$results/outputs.json"
