"""Compile time: ptx2hsaco (wall time of a cold process, PTX in, code object out) against `ptxas -O3` on the same PTX. For the
runtime's ABI, which all programs compile for: printf and traps are refused ahead of time."""

import glob
import os
import statistics
import tempfile

from common import PTX2HSACO, PTX_DIR, alternate, find_ptxas, run, table

ROUNDS = 5
ptxas = find_ptxas()
targets = ["gfx942", "gfx1100"]
rows, ratios = [], {t: [] for t in targets}
with tempfile.TemporaryDirectory() as work:
    out = os.path.join(work, "out")
    for ptx in sorted(glob.glob(os.path.join(PTX_DIR, "*.ptx"))):
        measurements = [lambda t=t: run([PTX2HSACO, ptx, f"-mcpu={t}", "--abi=runtime", "-o", out])[0] for t in targets]
        if ptxas:
            measurements.append(lambda: run([ptxas, "-O3", "-arch=sm_80", ptx, "-o", out])[0])
        times = alternate(ROUNDS, *measurements)
        row = [os.path.basename(ptx), sum(1 for _ in open(ptx)), *times[: len(targets)]]
        if ptxas:
            row.append(times[-1])
            for t, ms in zip(targets, times):
                ratios[t].append(ms / times[-1])
                row.append(ms / times[-1])
        rows.append(row)
columns = ["PTX", "lines", *(f"{t} ms" for t in targets)]
if ptxas:
    columns += ["ptxas ms", *(f"{t} / ptxas" for t in targets)]
    rows.append(["geometric mean", "", *[""] * (len(targets) + 1), *(statistics.geometric_mean(ratios[t]) for t in targets)])
table(f"Compile time, median of {ROUNDS} cold processes" + ("" if ptxas else " (ptxas is not installed: no ratios)"), columns, rows)
