#!/usr/bin/env bash
# Runs one test program on one device: run_program.sh BUILD DEVICE direct|w2w NAME EXECUTABLE [ARGUMENT...]
#   direct: as a user does by hand, with LD_LIBRARY_PATH and W2W_DEVICE; w2w: through `w2w run`.
# W2W_TEST_CONFIG becomes the program's W2W_CONFIG. Succeeds only if the program ends with 0 and its last line is its own PASS line.
set -uo pipefail
build=$1 device=$2 how=$3 name=$4 program=$5
shift 5
unset LD_PRELOAD LD_AUDIT W2W_DEVICE W2W_CONFIG W2W_LOG W2W_LOG_FILE
[ -z "${W2W_TEST_CONFIG:-}" ] || export W2W_CONFIG=$W2W_TEST_CONFIG
export CUDA_CACHE_PATH=${CUDA_CACHE_PATH:-$build/test/cache}
if [ "$how" = w2w ]; then
  output=$("$build/bin/w2w" run "--device=$device" -- "$program" "$@" 2>&1)
else
  output=$(LD_LIBRARY_PATH=$build/lib W2W_DEVICE=$device "$program" "$@" 2>&1)
fi
status=$?
printf '%s\n' "$output"
[ $status -eq 0 ] || { echo "$name ended with status $status"; exit 1; }
[[ ${output##*$'\n'} == "PASS $name "* ]] || { echo "$name did not say PASS"; exit 1; }
