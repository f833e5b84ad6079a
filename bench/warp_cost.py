"""What two warps in a wave cost: wave instructions, as the emulator counts them, of warp reductions, scans and compactions compiled from
CUDA in paired mode, and of the same compiled by clang's HIP as native wave64 kernels, shuffles 32 wide in both. Ratio: paired by native;
fails above 1."""

import ctypes
import os
import sys
import tempfile

from common import PTX2HSACO, Hip, launch_counts, run, table

HERE = os.path.dirname(os.path.abspath(__file__))
DEVICES = ("gfx90a", "gfx942")
KERNELS = [f"{what}_{kind}" for kind in ("int", "float")
           for what in ("sum_down", "sum_xor", "scan", "scan_lane", "scan_predicate", "compact")] + ["sum_reduce_int"]
THREADS = 256
CLANG = os.environ.get("CLANG", "clang++-22")


def launch_all(code_object):
    """In a process of its own: runs every kernel of the code object and checks what it wrote."""
    hip = Hip(code_object)
    memory = hip.allocate(8 * THREADS)
    for name in KERNELS:
        cell = ctypes.c_int if name.endswith("int") else ctypes.c_float
        values = [(7 * i + 3) % 19 for i in range(THREADS)]
        source, result = (cell * THREADS)(*values), (cell * THREADS)()
        out, data = memory, memory + 4 * THREADS
        hip.write(data, source)
        hip.launch(name, 1, THREADS, out, data)
        hip.read(out, result)
        for i in range(THREADS):
            warp, lane = values[i & ~31:(i & ~31) + 32], i & 31
            if name.startswith("sum") and (lane == 0 or "down" not in name) and result[i] != sum(warp):
                sys.exit(f"{name}: thread {i} has {result[i]}, not {sum(warp)}")
            if name.startswith("scan") and result[i] != sum(warp[:lane + 1]):
                sys.exit(f"{name}: thread {i} has {result[i]}, not {sum(warp[:lane + 1])}")
            kept = [value for value in warp if value > 9]
            if name.startswith("compact") and lane < len(kept) and result[i] != kept[lane]:
                sys.exit(f"{name}: place {i} has {result[i]}, not {kept[lane]}")


def instructions(code_object, device, work):
    counts = launch_counts(__file__, code_object, device, work)
    assert len(counts) == len(KERNELS)
    return counts


def main():
    rows = [[name] for name in KERNELS]
    with tempfile.TemporaryDirectory() as work:
        path = lambda name: os.path.join(work, name)
        source = lambda name: os.path.join(HERE, "warp_cost", name)
        run([CLANG, "-x", "cuda", "-nocudainc", "-nocudalib", "--cuda-path=/nonexistent", "--cuda-gpu-arch=sm_80", "-Xclang",
             "-target-sdk-version=12.8", "--cuda-feature=+ptx80", "-O3", "--cuda-device-only", "-S",
             "-I" + os.path.join(HERE, "..", "test", "programs", "include"), source("paired.cu"), "-o", path("paired.ptx")])
        for device in DEVICES:
            run([PTX2HSACO, path("paired.ptx"), "-mcpu=" + device, "--warp-mode=paired", "-o", path("paired.hsaco")])
            run([CLANG, "-x", "hip", "--offload-arch=" + device, "-nogpuinc", "-nogpulib", "--cuda-device-only",
                 "--no-gpu-bundle-output", "-O3", source("native.hip"), "-o", path("native.hsaco")])
            paired, native = (instructions(path(name), device, work) for name in ("paired.hsaco", "native.hsaco"))
            for row, ours, theirs in zip(rows, paired, native):
                row += [ours, theirs, ours / theirs]
    table("wave instructions: paired, native wave64, ratio",
          ["kernel"] + [f"{device} {what}" for device in DEVICES for what in ("paired", "native", "ratio")], rows)
    if any(cell > 1 for row in rows for cell in row if isinstance(cell, float)):
        sys.exit("bench: a paired kernel executes more instructions than the native one")


if len(sys.argv) > 1:
    launch_all(sys.argv[1])
else:
    main()
