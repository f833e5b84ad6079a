// One PTX image as a program loaded it: its summary, and its kernels compiled one by one on first
// use, through the cache. Independent of device and context; immutable but for what it has
// compiled. Thread-safe.
#pragma once

#include "lowering/abi/module_summary.h"
#include "runtime/jit/compiler_process.h"
#include "runtime/jit/failure.h"
#include "runtime/jit/protocol.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::jit {

/// The PTX that the image behind `code` (wrapper, container, cubin, PTX text) holds for compute
/// capability `cc` (89).
Outcome<PtxImage> choose_ptx(const void *code, uint32_t cc);

/// The text that stands for PTX modules linked in this order; the compiler resolves their symbols.
std::string link_ptx(std::span<const std::string> texts, std::span<const std::string> names);

/// Cache keys. Nothing in them depends on a device or on a run.
Hash128 summary_key(const Hash128 &image, std::string_view build_id);
Hash128 kernel_key(const Hash128 &image, std::string_view build_id, std::string_view kernel,
                   const TargetOptions &target);

using SharedKernel = std::shared_ptr<const CompiledKernel>;

class Program {
public:
  /// Reads the image and gets its summary (cache, else compiler). BadPtx if the module as a whole
  /// is unusable; modules with some poisoned kernels load.
  static Outcome<std::shared_ptr<Program>> load(const void *code, uint32_t cc);
  static Outcome<std::shared_ptr<Program>> load(PtxImage image);

  const abi::ModuleSummary &summary() const { return summary_; }
  const PtxImage &image() const { return image_; }
  /// Index in summary().kernels; nothing if there is none.
  std::optional<uint32_t> find_kernel(std::string_view name) const;
  const abi::VariableSummary *find_variable(std::string_view name) const;

  /// The kernel's code for a target: compiled at most once per process, other kernels may compile
  /// meanwhile. A failure is remembered and logged once.
  Outcome<SharedKernel> compile(uint32_t kernel, const TargetOptions &target);

private:
  Program(PtxImage image, abi::ModuleSummary summary);
  Outcome<SharedKernel> compile_uncached(uint32_t kernel, const TargetOptions &target);

  struct Slot {
    std::mutex mutex;
    bool done = false;
    SharedKernel code;
    Failure failure;
  };

  PtxImage image_;
  abi::ModuleSummary summary_;
  std::map<std::string_view, uint32_t> kernels_, variables_;
  std::mutex mutex_;
  std::map<std::pair<uint32_t, std::string>, std::unique_ptr<Slot>> slots_;
};

} // namespace w2w::jit
