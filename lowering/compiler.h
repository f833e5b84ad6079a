// The compiler as a library: checked PTX module -> code object. Used by ptx2hsaco, w2w-opt and the
// compiler process. Includes no LLVM header, so that callers need none.
#pragma once

#include "frontend/ast/ast.h"
#include "frontend/support/diagnostics.h"
#include "lowering/abi/module_summary.h"
#include "lowering/abi/thread_stack.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2w {

enum class KernelAbi : uint8_t {
  Standalone, // ptx2hsaco: AMD's hidden arguments, globals as ELF symbols; loadable by plain
              // hipModuleLoad
  Runtime     // launch block appended to the parameters, globals in the module's arena
};

enum class EmitKind : uint8_t { Llvm, LlvmOpt, Asm, Obj, Hsaco };
enum class Linker : uint8_t { Lld, Comgr };
enum class WarpMode : uint8_t { Auto, Paired, Scheduled, Solo };

struct CompileOptions {
  std::string mcpu = "gfx942";
  int opt_level = 3;           // 0..3
  int code_object_version = 5; // 4, 5 or 6
  KernelAbi abi = KernelAbi::Standalone;
  EmitKind emit = EmitKind::Hsaco;
  Linker linker = Linker::Lld;
  WarpMode warp_mode = WarpMode::Auto;
  /// The kernels will only be launched with blocks whose x size is a multiple of 32, or that are
  /// one row of threads: %tid.x / 32 is then the same for a warp.
  bool warps_are_rows = false;
  /// The kernels will only be launched with blocks of at most abi::kMostSoloThreads threads, so
  /// that the choice of warp mode may fall on solo. Runtime ABI only.
  bool small_blocks = false;
  /// The shared window lies in LaunchBlock::shared_slab, not in LDS. Runtime ABI only.
  bool shared_in_memory = false;
  /// A 64-bit kernel parameter that is used as a pointer of an atomic operation is null or points
  /// to coarse-grained memory of the device that runs the kernel, as hipMalloc gives it: not to
  /// memory of the host, managed memory or another device's. See
  /// KernelResources::device_parameters.
  bool device_memory = false;
  /// Bytes of a thread's stack, for alloca of sizes that are not known at compile time or in loops.
  /// Kernels with recursion, whose frames are taken from the same limit of HIP's, have half of it.
  /// What scratch cannot hold is refused (CompileResult::smaller_stack).
  uint32_t stack_bytes = abi::kDefaultStack;
  bool contract = false; // allow fusing mul and add (W2W_CONFIG=contract)
  bool verify =
      false; // LLVM verifier after emit and after each of our passes; forced on in checked builds
  bool print_after_all = false;
};

/// Resources of one kernel, read back from the code object's metadata.
struct KernelResources {
  std::string name;
  uint32_t vgprs = 0, agprs = 0, sgprs = 0;
  uint32_t vgpr_spills = 0, sgpr_spills = 0;
  uint32_t lds_bytes = 0;     // static
  uint32_t scratch_bytes = 0; // per work-item
  uint32_t kernarg_bytes = 0;
  uint32_t wave_size = 0;
  uint32_t code_bytes = 0;
  std::string warp_mode;     // "native", "paired", "scheduled", "solo" and the reason
  bool solo = false;         // to be launched as abi::solo_work_items says
  bool solo_serves = false;  // not solo, but had been with CompileOptions::small_blocks
  bool assumes_rows = false; // only for blocks as CompileOptions::warps_are_rows says
  /// Byte offsets of the 8-byte parameters that CompileOptions::device_memory was relied on for,
  /// ascending. Empty: the code is right for any memory.
  std::vector<uint32_t> device_parameters;
  uint32_t window_bytes = 0; // with shared_in_memory: where dynamic shared memory begins
  uint32_t stack_bytes = 0;  // CompileOptions::stack_bytes, if the kernel makes use of it
};

struct CompileResult {
  std::vector<uint8_t> bytes;           // of the kind asked for; text kinds are UTF-8
  std::vector<KernelResources> kernels; // filled for Obj and Hsaco
  /// If a kernel was refused whose stack may have been what scratch could not hold: the next
  /// CompileOptions::stack_bytes to try. Otherwise 0.
  uint32_t smaller_stack = 0;
};

/// Names of all processors that may be given as mcpu.
std::span<const std::string_view> supported_processors();

/// Layout of the module for the runtime; pure function of the module. Poisoned kernels carry their
/// diagnostics.
abi::ModuleSummary summarise(const ptx::Module &module, const ptx::Diagnostics &diags);

/// Compiles the kernels named (all that are not poisoned if the list is empty) with everything they
/// reach into one code object. Errors go to `diags` with the PTX location; returns false when
/// nothing usable was made.
bool compile(const ptx::Module &module, std::span<const std::string_view> kernels,
             const CompileOptions &options, ptx::Diagnostics &diags, CompileResult &result);

} // namespace w2w
