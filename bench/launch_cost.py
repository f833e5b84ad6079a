"""Launches: the host's time for a small kernel on the emulator, launched by itself and as one of a chain of 100 nodes of a graph."""

import os
import tempfile

from common import PROGRAMS, BUILD, run, table

ROUNDS = 7
rows = []
for device in ("gfx942", "gfx1100"):
    with tempfile.TemporaryDirectory() as cache:
        results = []
        for _ in range(ROUNDS):
            _, output = run([os.path.join(PROGRAMS, "launch_cost.clang")], LD_LIBRARY_PATH=os.path.join(BUILD, "lib"),
                            W2W_DEVICE=f"emulator:{device}", CUDA_CACHE_PATH=cache)
            words = output.split()
            results.append({words[i]: float(words[i + 1]) for i in range(0, 4, 2)})
        median = lambda name: sorted(r[name] for r in results)[ROUNDS // 2] / 1000
        launches, graph = median("launches"), median("graph")
        rows.append([device, launches, graph, graph / launches])
table(f"Microseconds a kernel, median of {ROUNDS}", ["device", "launched", "in a graph", "ratio"], rows)
