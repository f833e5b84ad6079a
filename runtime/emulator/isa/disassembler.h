// LLVM's AMDGPU disassembler, reduced to text: the one place of the emulator that knows LLVM.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace w2w::emu::isa {

class Disassembler {
public:
  /// `cpu`: "gfx942"; lanes: 32 or 64. Null if LLVM does not know the processor.
  static std::unique_ptr<Disassembler> create(const std::string &cpu, unsigned lanes);
  ~Disassembler();

  /// One instruction at `bytes` (at most `available` of them). Returns its size, 0 if it is none.
  /// The text is what llvm-objdump prints, without leading blanks.
  unsigned decode(const uint8_t *bytes, uint64_t available, std::string &text);

private:
  struct Impl;
  explicit Disassembler(std::unique_ptr<Impl> p);
  std::unique_ptr<Impl> self;
};

} // namespace w2w::emu::isa
