"""Start-up: from the program's start to the end of its first kernel (vector add of 1,000 elements on the emulator), with an empty
cache and with a warm one, and the time of the second launch."""

import os
import shutil
import tempfile
import time

from common import PROGRAMS, BUILD, alternate, run, table

ROUNDS = 7
rows = []
for device in ("gfx942", "gfx1100"):
    with tempfile.TemporaryDirectory() as work:
        cache = os.path.join(work, "cache")

        def once(cold, column):
            if cold:
                shutil.rmtree(cache, ignore_errors=True)
            _, output = run([os.path.join(PROGRAMS, "first_kernel.clang")], LD_LIBRARY_PATH=os.path.join(BUILD, "lib"),
                            W2W_DEVICE=f"emulator:{device}", CUDA_CACHE_PATH=cache, BENCH_START_NS=str(time.monotonic_ns()))
            words = output.split()
            return {words[i]: float(words[i + 1]) for i in range(0, 8, 2)}

        results = {True: [], False: []}
        for _ in range(ROUNDS):
            for cold in (True, False):
                results[cold].append(once(cold, "first"))
        for cold in (True, False):
            median = lambda f: sorted(f(r) for r in results[cold])[ROUNDS // 2]
            rows.append([f"{device}, {'cold' if cold else 'warm'}", median(lambda r: r["main"]),
                         median(lambda r: r["memory"] - r["main"]), median(lambda r: r["first"] - r["memory"]),
                         median(lambda r: r["first"]), median(lambda r: r["second"] - r["first"])])
table(f"Start-up in ms, median of {ROUNDS}",
      ["cache", "to main", "memory set up", "first launch", "start to first kernel done", "second launch"], rows)
