"""Speed of the emulator: the tiled matrix multiply of test/programs at 256 and 1,024 squared. Time and instructions are those that the
emulator logs for the second launch; a wave64 instruction does the work of two wave32 instructions."""

import os
import re
import tempfile

from common import BUILD, PROGRAMS, run, table

LINE = re.compile(r"launch of (\S+): (\d+) workgroups, (\d+) wave(\d+) instructions in ([\d.]+) ms")
rows = []
with tempfile.TemporaryDirectory() as work:
    log = os.path.join(work, "log")
    for device in ("gfx942", "gfx1100"):
        for side in (256, 1024):
            open(log, "w").close()
            run([os.path.join(PROGRAMS, "matmul.clang"), str(side)], LD_LIBRARY_PATH=os.path.join(BUILD, "lib"),
                W2W_DEVICE=f"emulator:{device}", W2W_LOG="trace", W2W_LOG_FILE=log, CUDA_CACHE_PATH=os.path.join(work, "cache"))
            launches = [m for m in LINE.finditer(open(log).read()) if "matmul_static" in m[1]]
            _, groups, instructions, wave, ms = launches[-1].groups()
            rate = int(instructions) / float(ms) / 1e3
            rows.append([f"{device}, {side} x {side}", f"wave{wave}", int(instructions) / 1e6, float(ms), rate, rate * int(wave) / 32,
                         2.0 * side**3 / float(ms) / 1e6])
table(f"Emulated tiled matrix multiply on {len(os.sched_getaffinity(0))} cores",
      ["device, size", "wave", "million instr.", "ms", "million instr./s", "as wave32", "GFLOP/s"], rows)
