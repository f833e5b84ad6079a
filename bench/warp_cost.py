"""What two warps in a wave cost: wave instructions, as the emulator counts them, of warp reductions, scans and compactions compiled from
CUDA in paired mode, and of the same compiled by clang's HIP as native wave64 kernels, shuffles 32 wide in both. Ratio: paired by native;
fails above 1."""

import ctypes
import json
import os
import sys
import tempfile

from common import BUILD, PTX2HSACO, run, table

HERE = os.path.dirname(os.path.abspath(__file__))
DEVICES = ("gfx90a", "gfx942")
KERNELS = [f"{what}_{kind}" for kind in ("int", "float")
           for what in ("sum_down", "sum_xor", "scan", "scan_lane", "scan_predicate", "compact")] + ["sum_reduce_int"]
THREADS = 256
CLANG = os.environ.get("CLANG", "clang++-22")


def launch_all(code_object):
    """In a process of its own: runs every kernel of the code object and checks what it wrote."""
    hip = ctypes.CDLL(os.path.join(BUILD, "lib", "libw2w-hipemu.so"))

    def ok(status):
        if status:
            sys.exit(f"HIP error {status}")

    module, memory = ctypes.c_void_p(), ctypes.c_void_p()
    ok(hip.hipModuleLoadData(ctypes.byref(module), open(code_object, "rb").read()))
    ok(hip.hipMalloc(ctypes.byref(memory), ctypes.c_size_t(8 * THREADS)))
    for name in KERNELS:
        cell = ctypes.c_int if name.endswith("int") else ctypes.c_float
        values = [(7 * i + 3) % 19 for i in range(THREADS)]
        source, result = (cell * THREADS)(*values), (cell * THREADS)()
        out, data = memory.value, memory.value + 4 * THREADS
        ok(hip.hipMemcpy(ctypes.c_void_p(data), source, ctypes.c_size_t(4 * THREADS), 1))
        function = ctypes.c_void_p()
        ok(hip.hipModuleGetFunction(ctypes.byref(function), module, name.encode()))
        arguments = (ctypes.c_uint64 * 2)(out, data)
        size = ctypes.c_size_t(16)
        extra = (ctypes.c_void_p * 5)(1, ctypes.addressof(arguments), 2, ctypes.addressof(size), 3)
        ok(hip.hipModuleLaunchKernel(function, 1, 1, 1, THREADS, 1, 1, 0, None, None, extra))
        ok(hip.hipMemcpy(result, ctypes.c_void_p(out), ctypes.c_size_t(4 * THREADS), 2))
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
    counters = os.path.join(work, "counters.json")
    if os.path.exists(counters):
        os.remove(counters)
    run([sys.executable, os.path.abspath(__file__), code_object], W2W_BUILD_DIR=BUILD, W2W_DEVICE="emulator:" + device,
        W2W_COUNTERS=counters)
    counts = [json.loads(line)["instructions"] for line in open(counters)]
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
