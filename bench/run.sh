#!/usr/bin/env bash
# ./dev bench [NAME]: every measurement, or the named one. See README.md. W2W_BUILD_DIR: the build to measure (build-release).
set -uo pipefail
bench=$(dirname "$(readlink -f "$0")")
W2W_BUILD_DIR=$(readlink -f "${W2W_BUILD_DIR:-$bench/../build-release}") # before cd: it may be relative
export W2W_BUILD_DIR
cd "$bench"
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(compile_time first_kernel emulator_speed warp_modes warp_cost atomic_cost launch_cost)
status=0
for name in "${names[@]}"; do
  [ -f "$name.py" ] || { echo "bench: no measurement called $name; there are: $(ls ./*.py | sed 's/^..//; s/\.py$//' | grep -v common | xargs)" >&2; exit 2; }
  python3 "$name.py" || status=1
  echo
done
exit $status
