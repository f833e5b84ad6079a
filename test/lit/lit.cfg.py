# lit configuration. Substitutions: %ptx2hsaco, %w2w, %w2w-opt, %build (the build folder), %inputs (test/lit/inputs),
# %python, %clang, %llvm-mc, %readelf, %objdump, %ptxas, %nvcc, and FileCheck, not, count, split-file by name.
# Features for REQUIRES: ptxas, nvcc, comgr, checked. A test that lacks one is reported as skipped, with the feature's name.
import ctypes.util
import importlib.util
import os
import shutil
import sys
import sys

import lit.formats

config.name = "w2w"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".ptx", ".ll", ".test", ".s", ".cu"]
config.excludes = ["inputs", "Inputs", "README.md"]
config.test_source_root = os.path.dirname(__file__)

build, tools, llvm = config.w2w_build_dir, config.w2w_tools_dir, config.llvm_tools_dir

# The tests see a quiet, cache-free machine, whatever the user's environment says.
for name in list(os.environ):
    if name.startswith(("W2W_", "CUDA_")) or name in ("LD_PRELOAD", "LD_AUDIT"):
        config.environment.pop(name, None)
config.environment["CUDA_CACHE_PATH"] = os.path.join(config.test_exec_root, "cache")
config.environment["PATH"] = os.pathsep.join([tools, llvm, config.environment.get("PATH", "")])


def find(name):
    """The path of an optional tool: on PATH or in the CUDA toolkit's usual place."""
    home = os.environ.get("CUDA_HOME", "/usr/local/cuda")
    return shutil.which(name) or shutil.which(os.path.join(home, "bin", name))


# Longer names first: substitutions are applied in order, as plain text.
config.substitutions += [
    (r"%w2w-opt\b", os.path.join(tools, "w2w-opt")),
    (r"%w2w-compiler\b", os.path.join(tools, "w2w-compiler")),
    (r"%ptx2hsaco\b", os.path.join(tools, "ptx2hsaco")),
    (r"%w2w\b", os.path.join(tools, "w2w")),
    (r"%build\b", build),
    (r"%source\b", config.w2w_source_dir),
    (r"%inputs\b", os.path.join(config.test_source_root, "inputs")),
    (r"%python\b", sys.executable),
    (r"%clang\b", os.path.join(llvm, "clang")),
    (r"%llvm-mc\b", os.path.join(llvm, "llvm-mc")),
    (r"%readelf\b", os.path.join(llvm, "llvm-readelf")),
    (r"%objdump\b", os.path.join(llvm, "llvm-objdump")),
    (r"%python\b", sys.executable),
]
for feature in ("ptxas", "nvcc"):
    path = find(feature)
    if path:
        config.available_features.add(feature)
        config.substitutions.append(("%" + feature + r"\b", path))
    else:
        lit_config.note(f"skipping tests that need {feature}: it is not installed")
if ctypes.util.find_library("amd_comgr"):
    config.available_features.add("comgr")
else:
    lit_config.note("skipping tests that need comgr: libamd_comgr is not installed")
if config.checked:
    config.available_features.add("checked")

# One hung test must not hang the run. lit's timer needs psutil; without it test/run.sh's own limit remains.
if importlib.util.find_spec("psutil"):
    lit_config.maxIndividualTestTime = 120
