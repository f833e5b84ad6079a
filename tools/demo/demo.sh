#!/usr/bin/env bash
# ./dev demo: one CUDA program all the way to the emulated GPU, each step shown and timed.
#   tools/demo/demo.sh [DEVICE]      DEVICE: gfx942 (default) or another emulated one, such as gfx1100
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
build=${W2W_BUILD_DIR:-build}
device=${1:-gfx942}
program=$build/test-bin/matmul.clang
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset W2W_DEVICE W2W_CONFIG LD_PRELOAD LD_AUDIT
export CUDA_CACHE_PATH=$work/cache # a cache of its own: the first run really compiles

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold= plain=; fi
step=0
title() { step=$((step + 1)); printf '\n%s%d. %s%s\n' "$bold" $step "$1" "$plain"; }
indent() { sed 's/^/   /'; }
# The first N lines. Reads to the end, unlike head: a writer that got SIGPIPE would end the script.
first() { awk -v n="$1" 'NR <= n'; }
# timed COMMAND...: runs it (stdout and stderr to $work/out), shows the command and how long it took.
timed() {
  local begin=${EPOCHREALTIME/./} status=0
  "$@" >"$work/out" 2>&1 || status=$?
  local end=${EPOCHREALTIME/./}
  local shown="$*"
  shown=${shown//$work\//}
  printf '   $ %s   %s[%d ms]%s\n' "${shown//$build\//build/}" "$bold" $(((end - begin) / 1000)) "$plain"
  [ $status -eq 0 ] || { indent <"$work/out"; echo "demo: failed with status $status" >&2; exit 1; }
}

echo "${bold}warp2wave: a CUDA matrix multiply on an AMD GPU ($device) emulated on this machine's CPU${plain}"

title "The CUDA source, built by clang into an ordinary CUDA program"
sed -n '/^__global__ void matmul_static/,/^}/p' test/programs/matmul.cu | indent

title "The PTX that the program carries"
timed "$build/bin/w2w" inspect "$program"
indent <"$work/out"
timed "$build/bin/w2w" inspect --ptx "$program"
cp "$work/out" "$work/matmul.ptx"
echo "   the entry's first lines:"
sed -n '/\.entry.*matmul_static/,$p' "$work/matmul.ptx" | grep -v '^[[:space:]]*$' | first 14 | indent

title "PTX compiled to an AMDGPU code object"
timed "$build/bin/ptx2hsaco" "$work/matmul.ptx" -mcpu="$device" -v -o "$work/matmul.hsaco"
indent <"$work/out"

title "The first instructions of its AMDGPU code"
timed "$build/bin/ptx2hsaco" "$work/matmul.ptx" -mcpu="$device" --emit=asm -o "$work/matmul.s"
sed -n '/^_Z13matmul_static[^:]*:/,$p' "$work/matmul.s" | grep -Ev '^[[:space:]]*\.(loc|cfi|file|p2align)|^\.L(func|tmp)' | first 20 |
  indent

title "The program run unmodified, nothing cached: its kernels are compiled at their first launch"
timed "$build/bin/w2w" run "--device=emulator:$device" -- "$program"
indent <"$work/out"
grep -q '^PASS matmul' "$work/out"

title "Again: its kernels come from the cache"
timed "$build/bin/w2w" run "--device=emulator:$device" -- "$program"
indent <"$work/out"
grep -q '^PASS matmul' "$work/out"

title "256 x 256, for the speed of the emulator"
timed "$build/bin/w2w" run "--device=emulator:$device" -- "$program" 256
indent <"$work/out"
grep -q '^PASS matmul' "$work/out"
echo
echo "${bold}Every result above was compared with the CPU's.${plain} Next: ./dev test, or your own program: build/bin/w2w run ./app"
