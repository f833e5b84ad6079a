// A program on one device: the arena of its variables, and a HIP module per kernel, loaded on first
// use. Destroying it frees both; the caller makes sure that nothing of it still runs. Thread-safe.
#pragma once

#include "runtime/hip/loader.h"
#include "runtime/jit/program.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace w2w::jit {

/// A kernel ready for hipModuleLaunchKernel.
struct LoadedKernel {
  hip::hipModule_t module = nullptr;
  hip::hipFunction_t function = nullptr;
  SharedKernel code;
};

/// What a launch lets the compiler assume of a kernel's blocks and pointers, where shared memory
/// lies, and how large the stack is (TargetOptions). Kernels are compiled for each of these that
/// they are launched with, unless code made for another one serves.
struct KernelVersion {
  bool warps_are_rows = false;
  bool small_blocks = false;
  bool shared_in_memory = false;
  /// Taken first: whether the launch's pointers allow it, CompiledKernel::device_parameters tells.
  bool device_memory = true;
  /// Taken first: whether the kernel has a stack, CompiledKernel::stack_bytes tells.
  uint32_t stack_bytes = abi::kDefaultStack;

  /// For a launch with blocks of that size and shared memory in LDS.
  static KernelVersion for_block(const unsigned (&size)[3]);
  bool operator==(const KernelVersion &) const = default;
};

class LoadedModule {
public:
  /// Allocates and fills the arena. The device must be current in HIP.
  static Outcome<std::shared_ptr<LoadedModule>> create(std::shared_ptr<Program> program,
                                                       const TargetOptions &target);
  ~LoadedModule();

  Program &program() const { return *program_; }
  /// The variables' memory: the device's own, and what host and device share (.managed).
  uint64_t arena() const { return reinterpret_cast<uint64_t>(arena_); }
  uint64_t managed_arena() const { return reinterpret_cast<uint64_t>(managed_); }
  /// Their bytes.
  uint64_t arena_size() const;
  uint64_t managed_arena_size() const;
  const TargetOptions &target() const { return target_; }
  /// Compiles and loads kernel `index` if that was not done yet. The device must be current in HIP.
  Outcome<const LoadedKernel *> kernel(uint32_t index, KernelVersion version);
  bool is_loaded(uint32_t index) const;
  struct Variable {
    uint64_t address = 0, size = 0;
    bool managed = false;
  };
  Outcome<Variable> variable(std::string_view name) const;

private:
  LoadedModule(std::shared_ptr<Program> program, const TargetOptions &target);

  /// Code that is there, in a list of its kernel's. Never changed while the module lives.
  struct LoadedVersion {
    KernelVersion made_for;
    LoadedKernel kernel;
    std::unique_ptr<const LoadedVersion> next;

    bool serves(KernelVersion version) const;
  };
  struct Slot {
    std::mutex mutex; // of who adds to the list
    std::unique_ptr<const LoadedVersion> versions;
    std::atomic<const LoadedVersion *> first = nullptr; // of the versions
  };
  static const LoadedVersion *find(const Slot &slot, KernelVersion version);

  std::shared_ptr<Program> program_;
  TargetOptions target_;
  void *arena_ = nullptr, *managed_ = nullptr;
  std::vector<Slot> slots_; // by kernel
};

/// The arena's bytes for an arena placed at `base`, and its managed part at `managed`: the initial
/// image with every relocation applied. Zeros at the end may be left out.
std::vector<uint8_t> place_arena(const abi::ModuleSummary &summary, uint64_t base,
                                 uint64_t managed);

} // namespace w2w::jit
