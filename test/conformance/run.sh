#!/usr/bin/env bash
# The whole conformance suite: two targets, atomics on five, every instruction that ptxas accepts compiled for all, two optimisation levels. Prints a table for each; exit status 0 if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
status=0
for mcpu in gfx942 gfx1100; do
  for level in 0 3; do
    for suite in conformance conformance_images shuffles; do
      build/test-bin/$suite --mcpu=$mcpu -O$level || status=1
    done
  done
done
for mcpu in gfx90a gfx942 gfx1030 gfx1100 gfx1201; do
  for level in 0 3; do
    build/test-bin/atomics --mcpu=$mcpu -O$level || status=1
  done
done
for mcpu in gfx906 gfx908 gfx90a gfx942 gfx950 gfx1030 gfx1100 gfx1151 gfx1201; do
  for level in 0 3; do
    build/test-bin/compile_accepted test/ptxas/verdicts.zst test/ptxas/refusals.txt --mcpu=$mcpu -O$level || status=1
  done
done
exit $status
