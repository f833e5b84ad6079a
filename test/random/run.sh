#!/usr/bin/env bash
# run.sh COUNT: COUNT random programs on each target and optimisation level; reduced failures land in build/random.
set -uo pipefail
cd "$(dirname "$0")/../.."
mkdir -p build/random
status=0
for mcpu in gfx942 gfx1100; do
  for level in 0 3; do
    build/test-bin/random_programs --mcpu=$mcpu -O$level --seed=1 --count="$1" --out=build/random || status=1
  done
done
exit $status
