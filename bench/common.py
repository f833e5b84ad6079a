"""What the measurements share: where the build is, running a command cold and timing it, printing a table."""

import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

BUILD = os.environ.get("W2W_BUILD_DIR") or os.path.join(os.path.dirname(__file__), "..", "build-release")
BUILD = os.path.abspath(BUILD)
PTX2HSACO = os.path.join(BUILD, "bin", "ptx2hsaco")
W2W = os.path.join(BUILD, "bin", "w2w")
PTX_DIR = os.path.join(BUILD, "test", "programs")
PROGRAMS = os.path.join(BUILD, "test-bin")


def find_ptxas():
    return shutil.which("ptxas") or shutil.which(os.path.join(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin", "ptxas"))


def environment(**extra):
    """The caller's environment without settings that would change what is measured."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("W2W_", "CUDA_")) and k not in ("LD_PRELOAD", "LD_AUDIT")}
    return {**kept, **extra}


def run(command, **env):
    """Wall time in ms of one cold process, and its output; the benchmark ends if it fails."""
    begin = time.monotonic()
    done = subprocess.run(command, env=environment(**env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wall = (time.monotonic() - begin) * 1e3
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} ended with status {done.returncode}:\n{done.stdout}")
    return wall, done.stdout


def alternate(rounds, *measurements):
    """Medians of several measurements, taken by turns so that a busy machine hurts all of them alike."""
    taken = [[] for _ in measurements]
    for _ in range(rounds):
        for values, measure in zip(taken, measurements):
            values.append(measure())
    return [statistics.median(values) for values in taken]


class Hip:
    """A code object on the emulator, in this process; W2W_DEVICE and the like are read at the first call."""

    def __init__(self, code_object):
        self.library = ctypes.CDLL(os.path.join(BUILD, "lib", "libw2w-hipemu.so"))
        self.module = ctypes.c_void_p()
        self.call("hipModuleLoadData", ctypes.byref(self.module), open(code_object, "rb").read())

    def call(self, function, *arguments):
        status = getattr(self.library, function)(*arguments)
        if status:
            sys.exit(f"{function}: HIP error {status}")

    def allocate(self, size):
        memory = ctypes.c_void_p()
        self.call("hipMalloc", ctypes.byref(memory), ctypes.c_size_t(size))
        return memory.value

    def write(self, address, array):
        self.call("hipMemcpy", ctypes.c_void_p(address), array, ctypes.c_size_t(ctypes.sizeof(array)), 1)

    def read(self, address, array):
        self.call("hipMemcpy", array, ctypes.c_void_p(address), ctypes.c_size_t(ctypes.sizeof(array)), 2)

    def launch(self, name, blocks, threads, *words):
        """One-dimensional; the parameters are 64-bit words."""
        function, arguments = ctypes.c_void_p(), (ctypes.c_uint64 * len(words))(*words)
        self.call("hipModuleGetFunction", ctypes.byref(function), self.module, name.encode())
        size = ctypes.c_size_t(ctypes.sizeof(arguments))
        extra = (ctypes.c_void_p * 5)(1, ctypes.addressof(arguments), 2, ctypes.addressof(size), 3)
        self.call("hipModuleLaunchKernel", function, blocks, 1, 1, threads, 1, 1, 0, None, None, extra)


def launch_counts(script, code_object, device, work, **env):
    """Wave instructions of each launch that `script CODE_OBJECT` makes, in a process of its own."""
    counters = os.path.join(work, "counters.json")
    if os.path.exists(counters):
        os.remove(counters)
    run([sys.executable, os.path.abspath(script), code_object], W2W_BUILD_DIR=BUILD, W2W_DEVICE="emulator:" + device,
        W2W_COUNTERS=counters, **env)
    return [json.loads(line)["instructions"] for line in open(counters)]


def table(title, columns, rows):
    print(title)
    texts = [columns] + [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]
    for row in texts:
        print("  " + "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))))
