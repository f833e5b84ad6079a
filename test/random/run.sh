#!/usr/bin/env bash
# run.sh COUNT [SEED]: the same COUNT random programs on five models at -O0 and -O3, as many runs at a time as there are cores.
#   W2W_BUILD_DIR  the build to test (default: build-release); reduced failures land in its folder random/
#   W2W_STATEMENTS the size of the programs (default: 40)
# Prints what each run found and their sum. Exit status 0: no program differs, is refused or fails.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${W2W_BUILD_DIR:-build-release}
count=$1 seed=${2:-1}
mkdir -p "$build/random"
run() {
  "$build/test-bin/random_programs" --mcpu="$1" "-O$2" --seed="$seed" --count="$count" --statements="${W2W_STATEMENTS:-40}" \
    --out="$build/random" 2>&1 | sed "s/^/$1 -O$2: /"
}
export -f run
export build count seed
for level in 3 0; do
  for mcpu in gfx942 gfx90a gfx1030 gfx1100 gfx1201; do
    printf '%s %s\n' "$mcpu" "$level"
  done
done | xargs -P "$(nproc)" -L 1 bash -c 'run "$@"' run | tee "$build/random/log"
awk -v count="$count" '
  $4 == "passed," { runs++; passed += $3; failed += $5; refused += $7 }
  END {
    printf "%d programs, each on 10 configurations: %d passed, %d failed, %d refused\n", count, passed, failed, refused
    exit !(runs == 10 && passed == 10 * count)
  }' "$build/random/log"
