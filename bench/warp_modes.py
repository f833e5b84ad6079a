"""What it costs to treat warps otherwise than the hardware does: wave instructions that test programs execute, as the emulator counts
them, with every kernel in scheduled mode (a resume point for each thread), in solo mode (on waves of 64 lanes: one warp a wave), and
as the compiler chooses; then the kernels alone for which it chooses solo. Counts, not times: they repeat."""

import collections
import json
import os
import tempfile

from common import BUILD, PROGRAMS, run, table

DEVICES = {"gfx942": ("auto", "scheduled", "solo"), "gfx1100": ("auto", "scheduled")}
# Solo mode has blocks of at most 512 threads: named_barriers and warp_numbers are told so.
WORK = {"matmul": [], "reduce": [], "scan": [], "bitonic_sort": [], "warp_operations": [], "stencil": [], "locks": [],
        "divergent_warps": [], "named_barriers": ["512"]}
UNIT_TESTS = {"warp_numbers": ["small"]}
# Warps go ways that their numbers decide, by CUDA's usual idioms (test/unit/cuda/warp_numbers.cpp).
WARP_NUMBERS = ("number_shifted", "number_compared", "number_broadcast", "known_grid")
# Warps of a wave wait for each other, threads of a warp do not.
WARPS_WAIT = {"named_barriers": ("_Z10reductionsPi", "_Z4waysPi"), "locks": ("_Z10warp_chainPi",)}


def instructions(program, device, mode):
    """Wave instructions by kernel."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "counters.json")
        command = [program + ".clang", *WORK[program]] if program in WORK else [program, *UNIT_TESTS[program]]
        run([os.path.join(PROGRAMS, command[0]), *command[1:]], LD_LIBRARY_PATH=os.path.join(BUILD, "lib"),
            CUDA_CACHE_DISABLE="1", W2W_DEVICE="emulator:" + device, W2W_COUNTERS=path, W2W_CONFIG="emu-threads=1,warp-mode=" + mode)
        counts = collections.Counter()
        for launch in map(json.loads, open(path)):
            counts[launch["kernel"]] += launch["instructions"]
        return counts


counts = {(program, device, mode): instructions(program, device, mode)
          for program in (*WORK, *UNIT_TESTS) for device, modes in DEVICES.items() for mode in modes}


def row(name, device, count):
    chosen = count("auto")
    cells = [name, chosen]
    for mode in DEVICES[device][1:]:
        cells += [count(mode), count(mode) / chosen]
    return cells


for device, modes in DEVICES.items():
    heads = ["chosen"] + [head for mode in modes[1:] for head in (mode, "ratio")]
    table(f"wave instructions on {device}: as chosen, and in other modes", ["program"] + heads,
          [row(program, device, lambda mode: counts[program, device, mode].total()) for program in WORK])
device = "gfx942"
table("the same of kernels for which solo is chosen", ["kernel", "chosen", "scheduled", "ratio", "solo", "ratio"],
      [row(kernel, device, lambda mode: counts[program, device, mode][kernel])
       for program, kernels in WARPS_WAIT.items() for kernel in kernels])
table("the same of kernels that tell warps apart by their numbers", ["kernel", "chosen", "scheduled", "ratio", "solo", "ratio"],
      [row(kernel, device, lambda mode: counts["warp_numbers", device, mode][kernel]) for kernel in WARP_NUMBERS])
