#!/usr/bin/env bash
# What needs neither an account nor an engine: lint, types, the settings of every stack, every policy over every stack.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory check
failed=0
for file in Pulumi.*.yaml; do
  stack=${file#Pulumi.}
  echo "${stack%.yaml}"
  .venv/bin/phi check "${stack%.yaml}" || failed=1
done
exit $failed
