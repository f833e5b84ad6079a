#!/usr/bin/env bash
# Runs every test of a build: ctest (unit tests, programs) and lit. Called by ./dev test, which builds first.
#   test/run.sh [FILTER]     FILTER is a regular expression on test names (ctest) and paths (lit)
#   W2W_BUILD_DIR            the build to test (default: build), W2W_TEST_JOBS: how many tests at once (default: 2)
# The last line is `N passed, N failed, N skipped`. Exit status 0 only if something ran and nothing failed.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
build=${W2W_BUILD_DIR:-build}
jobs=${W2W_TEST_JOBS:-2}
filter=${1:-}
lit=$(sed -n 's/^LLVM_DIR:PATH=\(.*\)\/lib\/cmake\/llvm$/\1/p' "$build/CMakeCache.txt")/bin/lit
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

ctest --test-dir "$build" -j"$jobs" --timeout 300 --output-on-failure --no-tests=ignore \
  --output-junit "$results/ctest.xml" ${filter:+-R "$filter"} | grep -v '^Internal ctest changing'
ctest_status=${PIPESTATUS[0]}

timeout 1800 python3 "$lit" -j"$jobs" -v -s --no-progress-bar --allow-empty-runs --xunit-xml-output="$results/lit.xml" ${filter:+--filter="$filter"} "$build/test/lit"
lit_status=$?

python3 test/support/summary.py "$results/ctest.xml" "$results/lit.xml" "$ctest_status" "$lit_status"
