"""What it costs to give each thread a resume point of its own: wave instructions that test programs execute, as the emulator counts
them, with every kernel in scheduled mode and as the compiler chooses. Counts, not times: they repeat."""

import json
import os
import tempfile

from common import BUILD, PROGRAMS, run, table

DEVICES = ("gfx942", "gfx1100")
WORK = ("matmul", "reduce", "scan", "bitonic_sort", "warp_operations", "stencil", "locks", "divergent_warps", "named_barriers")


def instructions(program, device, config):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "counters.json")
        run([os.path.join(PROGRAMS, program + ".clang")], LD_LIBRARY_PATH=os.path.join(BUILD, "lib"), CUDA_CACHE_DISABLE="1",
            W2W_DEVICE="emulator:" + device, W2W_COUNTERS=path, W2W_CONFIG=config)
        return sum(json.loads(line)["instructions"] for line in open(path))


rows = []
for program in WORK:
    row = [program]
    for device in DEVICES:
        chosen = instructions(program, device, "emu-threads=1,warp-mode=auto")
        scheduled = instructions(program, device, "emu-threads=1,warp-mode=scheduled")
        row += [chosen, scheduled, scheduled / chosen]
    rows.append(row)
table("wave instructions: as chosen, scheduled, ratio",
      ["program"] + [f"{device} {what}" for device in DEVICES for what in ("chosen", "scheduled", "ratio")], rows)
