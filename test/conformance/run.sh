#!/usr/bin/env bash
# The whole conformance suite, a table or a line for each run; exit status 0 if nothing failed.
#   W2W_BUILD_DIR  the build to test (default: build-release)
# Instructions, images, shuffles and matrices run on a wave64 and a wave32 model, instructions also with approximations perturbed within AMD's
# bounds; atomics on five models, with and without leave to take all memory for the device's; what ptxas accepts is compiled for every
# processor. All at -O0 and -O3.
set -uo pipefail
cd "$(dirname "$0")/../.."
programs=${W2W_BUILD_DIR:-build-release}/test-bin
status=0
run() { "$programs/$@" || status=1; }
for level in 0 3; do
  for mcpu in gfx942 gfx1100; do
    for suite in conformance conformance_images shuffles matrices; do
      run $suite --mcpu=$mcpu -O$level
    done
    echo "with W2W_CONFIG=emu-perturb=1:"
    W2W_CONFIG=emu-perturb=1 run conformance --mcpu=$mcpu -O$level
  done
  for mcpu in gfx90a gfx942 gfx1030 gfx1100 gfx1201; do
    run atomics --mcpu=$mcpu -O$level
    run atomics --mcpu=$mcpu -O$level --device-memory
  done
  for mcpu in gfx906 gfx908 gfx90a gfx942 gfx950 gfx1030 gfx1100 gfx1151 gfx1201; do
    run compile_accepted test/ptxas/verdicts.zst test/ptxas/refusals.txt --mcpu=$mcpu -O$level
  done
done
exit $status
