"""What atomic operations on contended memory cost: wave instructions, as the emulator counts them, of a histogram of maxima and of sums of
f32, compiled for any memory and (--device-memory) for the device's own. The results are checked. Ratio: any by own; fails below 1."""

import ctypes
import os
import sys
import tempfile

from common import PTX2HSACO, Hip, launch_counts, run, table

DEVICES = ("gfx90a", "gfx1030", "gfx1100", "gfx942")
KERNELS = ("maxima", "sums")
BLOCKS, THREADS, TURNS, BINS = 4, 256, 16, 64
COUNT = BLOCKS * THREADS * TURNS
PTX = """.version 7.0
.target sm_80
.address_size 64
""" + "".join(f"""
.visible .entry {name}(.param .u64 bins, .param .u64 keys) {{
  .reg .b64 %bins, %keys, %bin;
  .reg .b32 %i, %n, %block, %key, %left;
  .reg .f32 %one;
  .reg .pred %more;
  ld.param.u64 %bins, [bins];
  ld.param.u64 %keys, [keys];
  cvta.to.global.u64 %bins, %bins;
  cvta.to.global.u64 %keys, %keys;
  mov.u32 %i, %tid.x;
  mov.u32 %block, %ctaid.x;
  mad.lo.u32 %i, %block, {THREADS}, %i;
  mad.wide.u32 %keys, %i, 4, %keys;
  mov.u32 %left, {TURNS};
  mov.f32 %one, 0f3F800000;
NEXT:
  ld.global.u32 %key, [%keys];
  mad.wide.u32 %bin, %key, 4, %bins;
  {operation};
  add.u64 %keys, %keys, {4 * BLOCKS * THREADS};
  add.u32 %i, %i, {BLOCKS * THREADS};
  sub.u32 %left, %left, 1;
  setp.ne.u32 %more, %left, 0;
  @%more bra NEXT;
  ret;
}}
""" for name, operation in (("maxima", "red.global.max.u32 [%bin], %i"), ("sums", "red.global.add.f32 [%bin], %one")))


def launch_all(code_object):
    """In a process of its own: runs both kernels and checks what they wrote."""
    hip = Hip(code_object)
    keys = [(i * 2654435761 >> 7) % BINS for i in range(COUNT)]
    bins, source = hip.allocate(4 * BINS), hip.allocate(4 * COUNT)
    hip.write(source, (ctypes.c_uint32 * COUNT)(*keys))
    for name in KERNELS:
        cells = (ctypes.c_float if name == "sums" else ctypes.c_uint32) * BINS
        result = cells()
        hip.write(bins, result)
        hip.launch(name, BLOCKS, THREADS, bins, source)
        hip.read(bins, result)
        for key in range(BINS):
            mine = [i for i in range(COUNT) if keys[i] == key]
            expected = len(mine) if name == "sums" else max(mine)
            if result[key] != expected:
                sys.exit(f"{name}: bin {key} has {result[key]}, not {expected}")


def main():
    rows = [[name] for name in KERNELS]
    with tempfile.TemporaryDirectory() as work:
        path = lambda name: os.path.join(work, name)
        with open(path("atomics.ptx"), "w") as file:
            file.write(PTX)
        for device in DEVICES:
            counts = []
            for options in ([], ["--device-memory"]):
                run([PTX2HSACO, path("atomics.ptx"), "-mcpu=" + device, *options, "-o", path("atomics.hsaco")])
                counts.append(launch_counts(__file__, path("atomics.hsaco"), device, work, W2W_CONFIG="emu-threads=1"))
            for row, any_memory, own in zip(rows, *counts, strict=True):
                row += [any_memory, own, any_memory / own]
    table("wave instructions: for any memory, for the device's own, ratio",
          ["kernel"] + [f"{device} {what}" for device in DEVICES for what in ("any", "own", "ratio")], rows)
    if any(cell < 1 for row in rows for cell in row if isinstance(cell, float)):
        sys.exit("bench: a kernel that may use the device's instructions executes more")


if len(sys.argv) > 1:
    launch_all(sys.argv[1])
else:
    main()
