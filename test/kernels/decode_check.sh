#!/usr/bin/env bash
# Does the emulator decode what LLVM emits? usage: decode_check.sh LLC COVERAGE PROCESSOR
# Compiles make_decode_ir.py's IR at -O0, -O1 and -O3 and lists instructions that the emulator refuses.
set -uo pipefail
llc=$1 coverage=$2 cpu=$3
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 "$here/make_decode_ir.py" "$cpu" >"$dir/odd.ll" || exit 1
for level in 0 1 3; do
  "$llc" -mcpu="$cpu" -O$level -filetype=obj "$dir/odd.ll" -o "$dir/$cpu.O$level.o" || exit 1
done
"$coverage" --check "$dir/$cpu".O*.o
