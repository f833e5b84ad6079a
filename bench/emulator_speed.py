"""Speed of the emulator.

Programs of test/programs: the tiled matrix multiply, the reduction and the bitonic sort. Time and instructions are those that the
emulator logs for each launch (the first launch of each kernel, which decodes, is left out where there are several); a wave64
instruction does the work of two wave32 instructions.

Then the emulator alone, through its HIP functions: from the launch of a kernel of 10,000 instructions to the end of its first ones, and
how much memory a process holds beside what it allocates.

W2W_BENCH_PROFILE=matmul|reduce|bitonic_sort shows where the time of that program goes instead: by perf where it is installed, else by
the emulator's counts of instructions by class."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from common import BUILD, PROGRAMS, environment, run, table

LINE = re.compile(r"launch of (\S+): (\d+) workgroups, (\d+) wave(\d+) instructions in ([\d.]+) ms")
DEVICES = ("gfx942", "gfx1100")
# program, argument, kernels (any of these in the name), floating-point operations
WORK = [
    ("matmul", 256, ("matmul_static",), 2.0 * 256**3),
    ("matmul", 1024, ("matmul_static",), 2.0 * 1024**3),
    ("reduce", 4 << 20, ("reduce",), 0),
    ("bitonic_sort", 1 << 17, ("sort_chunks", "merge_step", "merge_chunks"), 0),
]
EMULATOR = os.path.join(BUILD, "lib", "libw2w-hipemu.so")


def program(name, argument, device, work, **more):
    env = dict(LD_LIBRARY_PATH=os.path.join(BUILD, "lib"), W2W_DEVICE=f"emulator:{device}",
               CUDA_CACHE_PATH=os.path.join(work, "cache"), **more)
    return [os.path.join(PROGRAMS, f"{name}.clang"), str(argument)], env


def launches(name, argument, kernels, device, work):
    """Instructions, milliseconds and wave size of the program's launches, without the first of each kernel that has others."""
    log = os.path.join(work, "log")
    open(log, "w").close()
    command, env = program(name, argument, device, work, W2W_LOG="trace", W2W_LOG_FILE=log)
    run(command, **env)
    by_kernel = {}
    for m in LINE.finditer(open(log).read()):
        if any(kernel in m[1] for kernel in kernels):
            by_kernel.setdefault(m[1], []).append((int(m[3]), float(m[5]), int(m[4])))
    counted = [entry for entries in by_kernel.values() for entry in (entries[1:] or entries)]
    if not counted:
        sys.exit(f"bench: {name} launched none of {', '.join(kernels)}")
    return sum(e[0] for e in counted), sum(e[1] for e in counted), counted[0][2]


def profile(name, device, work):
    argument = next(w[1] for w in reversed(WORK) if w[0] == name)
    print(f"{name} {argument} on {device}")
    command, env = program(name, argument, device, work)
    run(command, **env)  # the compiler's work is kept in the cache
    if shutil.which("perf"):
        data = os.path.join(work, "perf.data")
        command, env = program(name, argument, device, work)
        run(["perf", "record", "-q", "-o", data, *command], **env)
        report = subprocess.run(["perf", "report", "-q", "-i", data, "--stdio", "--no-children", "-g", "none", "--percent-limit", "0.7"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())
        print("\n".join(line.rstrip()[:150] for line in report.stdout.splitlines() if line.strip()))
    else:
        counters = os.path.join(work, "counters.txt")
        command, env = program(name, argument, device, work, W2W_COUNTERS=counters)
        run(command, **env)
        print(open(counters).read())


# What is measured in a process of its own: this file with the part, its argument and the library.

class Hip:
    def __init__(self, emulator):
        self.library = ctypes.CDLL(emulator)
        self.library.hipGetErrorName.restype = ctypes.c_char_p

    def __getattr__(self, name):
        function = getattr(self.library, name)

        def call(*arguments):
            error = function(*arguments)
            if error:
                sys.exit(f"bench: {name}: {self.library.hipGetErrorName(error).decode()}")

        return call


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def measure_start(object_path, emulator):
    """Milliseconds of the kernel's first launch: leaving at once, and then running all of its instructions."""
    hip = Hip(emulator)
    module, function, word = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    hip.hipMalloc(ctypes.byref(word), ctypes.c_size_t(4096))
    hip.hipMemset(word, 0, ctypes.c_size_t(4096))
    hip.hipDeviceSynchronize()
    hip.hipModuleLoad(ctypes.byref(module), object_path.encode())
    hip.hipModuleGetFunction(ctypes.byref(function), module, b"long_kernel")
    times = []
    for everything in (0, 1):
        how = ctypes.c_uint(everything)
        params = (ctypes.c_void_p * 2)(ctypes.addressof(word), ctypes.addressof(how))
        begin = time.monotonic()
        hip.hipModuleLaunchKernel(function, 1, 1, 1, 64, 1, 1, 0, None, params, None)
        hip.hipDeviceSynchronize()
        times.append((time.monotonic() - begin) * 1e3)
    print(json.dumps(times))


def measure_memory(mib, emulator):
    """Bytes that the process holds before and after it allocates and touches so much device memory."""
    hip = Hip(emulator)
    before = resident_bytes()
    memory = ctypes.c_void_p()
    hip.hipMalloc(ctypes.byref(memory), ctypes.c_size_t(mib << 20))
    hip.hipMemset(memory, 1, ctypes.c_size_t(mib << 20))
    hip.hipDeviceSynchronize()
    print(json.dumps([before, resident_bytes()]))


def alone(part, argument, device):
    return json.loads(run([sys.executable, os.path.abspath(__file__), part, str(argument), EMULATOR], W2W_DEVICE=f"emulator:{device}")[1])


LONG_KERNEL = """
extern "C" __attribute__((global)) void long_kernel(unsigned *word, unsigned everything) {
  if (!everything)
    return;
  unsigned x = *word;
#pragma unroll
  for (int i = 0; i < 5000; ++i)
    asm volatile("v_add_u32 %0, 3, %0\\n v_xor_b32 %0, 5, %0" : "+v"(x));
  *word = x;
}
"""


def long_kernel(device, work):
    source, out = os.path.join(work, "long.hip"), os.path.join(work, f"long-{device}.co")
    with open(source, "w") as file:
        file.write(LONG_KERNEL.replace("v_add_u32", "v_add_u32" if device.startswith("gfx9") else "v_add_nc_u32"))
    run(["clang++-22", "-x", "hip", f"--offload-arch={device}", "-nogpuinc", "-nogpulib", "--cuda-device-only", "--no-gpu-bundle-output",
         "-O1", source, "-o", out])
    return out


def main():
    with tempfile.TemporaryDirectory() as work:
        wanted = os.environ.get("W2W_BENCH_PROFILE")
        if wanted:
            if wanted not in [w[0] for w in WORK]:
                sys.exit(f"bench: W2W_BENCH_PROFILE: no program '{wanted}'")
            for device in DEVICES:
                profile(wanted, device, work)
            return
        rows = []
        for device in DEVICES:
            for name, argument, kernels, operations in WORK:
                instructions, ms, wave = launches(name, argument, kernels, device, work)
                rate = instructions / ms / 1e3
                rows.append([f"{name} {argument}, {device}", f"wave{wave}", instructions / 1e6, ms, rate, rate * wave / 32,
                             operations / ms / 1e6 if operations else "-"])
        table(f"Emulated programs on {len(os.sched_getaffinity(0))} cores",
              ["program, device", "wave", "million instr.", "ms", "million instr./s", "as wave32", "GFLOP/s"], rows)
        rows = []
        for device in DEVICES:
            first, everything = alone("--start", long_kernel(device, work), device)
            before, after = alone("--memory", 1024, device)
            rows.append([device, first, everything, before / 2**20, after / 2**20, after / 2**30])
        print()
        table("A kernel of 10,000 instructions, and a process that allocates and touches 1 GiB",
              ["device", "first instr. after ms", "all after ms", "MiB before", "MiB with it", "ratio"], rows)


if sys.argv[1:2] == ["--start"]:
    measure_start(*sys.argv[2:])
elif sys.argv[1:2] == ["--memory"]:
    measure_memory(int(sys.argv[2]), sys.argv[3])
else:
    main()
