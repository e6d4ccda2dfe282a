#!/usr/bin/env bash
# ci/drill.sh STACK [--embedded]: rehearse a failover of a stack and measure RTO and RPO (BER-DR-23); in the account and on
# the backend of the environment, or the whole way with data and failback on an embedded AWS of its own. Leaves the report
# in results/STACK/dr. Exit code 1: an objective was not met.
set -euo pipefail
cd "$(dirname "$0")/.."
stack=$1
results=${RESULTS:-results}/$stack
mkdir -p "$results"
ci/setup.sh
code=0
.venv/bin/phi dr drill "$stack" --yes "${@:2}" || code=$?
cp -R "${PHI_DIRECTORY:-.phi}/dr/$stack" "$results/dr"
exit $code
