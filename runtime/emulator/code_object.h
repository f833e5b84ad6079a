// Loading of amdhsa code objects: ELF files (versions 4 to 6), alone or in a clang offload bundle.
// Everything read from them is untrusted: each offset and size is checked, and what is damaged is
// refused with a reason.
#pragma once

#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/kernel.h"
#include "runtime/emulator/model.h"
#include "runtime/hip/hip_abi.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace w2w::emu {

namespace check {
class LineTable;
}

struct LoadError {
  hip::hipError_t code = hip::hipSuccess;
  std::string text;
};

/// Memory of the device for a loaded code object.
struct CodeMemory {
  std::function<uint64_t(uint64_t bytes)> allocate; // zeroed; 0: none left
  std::function<void(uint64_t address)> release;
};

struct Variable {
  uint64_t address = 0, bytes = 0;
};

class CodeObject {
public:
  /// `image` is an ELF code object or an offload bundle with one for `model`. Null and `error` if
  /// it cannot run there.
  static std::unique_ptr<CodeObject> load(std::span<const uint8_t> image, const Model &model,
                                          const CodeMemory &memory, LoadError &error);
  ~CodeObject();
  CodeObject(const CodeObject &) = delete;
  CodeObject &operator=(const CodeObject &) = delete;

  const Kernel *kernel(std::string_view name) const;
  const Variable *variable(std::string_view name) const;
  const std::vector<std::unique_ptr<Kernel>> &kernels() const { return kernels_; }
  DecodeCache &code() const { return *code_; }
  /// "file:line" of an instruction; empty if not known. Read only if a check may ask (W2W_CHECK).
  std::string source_line(uint64_t address) const;
  /// Whether our compiler made it from PTX (likewise).
  bool from_ptx() const { return from_ptx_; }
  /// The function (not only kernel) whose code holds the address, as "name+0x12", for messages.
  std::string place(uint64_t address) const;

private:
  friend class Loader;
  CodeObject() = default;

  CodeMemory memory_;
  uint64_t base_ = 0;
  uint64_t first_ = 0; // virtual address in the file of what lies at base_
  bool from_ptx_ = false;
  std::unique_ptr<check::LineTable> lines_;
  std::unique_ptr<DecodeCache> code_;
  std::vector<std::unique_ptr<Kernel>> kernels_;
  std::unordered_map<std::string_view, const Kernel *> by_name_;
  std::unordered_map<std::string, Variable> variables_;
  struct Function {
    uint64_t address, bytes;
    std::string name;
  };
  std::vector<Function> functions_; // sorted by address
};

/// How many bytes from `image` on are readable and belong to the code object or bundle, found from
/// its headers and the process's memory map (hipModuleLoadData is given no size). 0 if it is
/// neither.
uint64_t image_extent(const void *image);

} // namespace w2w::emu
