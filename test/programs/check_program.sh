#!/usr/bin/env bash
# Runs one test program under all checks of the emulator: check_program.sh BUILD DEVICE NAME EXECUTABLE [ARGUMENT...]
# W2W_TEST_CONFIG becomes the program's W2W_CONFIG. Succeeds if the program does, and the checker has nothing to report.
set -uo pipefail
build=$1 device=$2 name=$3 program=$4
shift 4
unset LD_PRELOAD LD_AUDIT W2W_DEVICE W2W_CONFIG W2W_LOG W2W_LOG_FILE
[ -z "${W2W_TEST_CONFIG:-}" ] || export W2W_CONFIG=$W2W_TEST_CONFIG
export CUDA_CACHE_PATH=${CUDA_CACHE_PATH:-$build/test/cache}
output=$(LD_LIBRARY_PATH=$build/lib W2W_DEVICE=$device W2W_CHECK=memory,race,uninit,barrier "$program" "$@" 2>&1)
status=$?
printf '%s\n' "$output"
[ $status -eq 0 ] || { echo "$name ended with status $status"; exit 1; }
grep -q "^PASS $name " <<<"$output" || { echo "$name did not say PASS"; exit 1; }
! grep '^w2w check: ' <<<"$output" | grep -qv '^w2w check: 0 errors$' || { echo "the checker has something to say"; exit 1; }
# `traps` uses the device in children of its own alone, whose output it keeps.
[ "$name" = traps ] || grep -q '^w2w check: 0 errors$' <<<"$output" || { echo "nothing was checked"; exit 1; }
