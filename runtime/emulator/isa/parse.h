// Turns one line of LLVM's assembler text into an Inst, as the opcode table's form says.
#pragma once

#include "runtime/emulator/isa/inst.h"
#include "runtime/emulator/isa/matrix.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::emu::isa {

/// Constants as rows, shared by all instructions of a cache.
class ConstantRows {
public:
  const uint32_t *get(uint64_t value, unsigned lanes);

private:
  struct alignas(64) Row {
    uint32_t r[128];
  };
  std::map<uint64_t, std::unique_ptr<Row>> rows;
};

struct Parsed {
  Inst inst;
  std::unique_ptr<Inst> second;       ///< VOPD
  std::unique_ptr<MatrixPlan> matrix; ///< Inst::other of matrix instructions
  bool ends_block = false;
  unsigned vgprs = 0, agprs = 0; ///< highest register used plus one
};

/// `encoding`: the instruction's bytes, at address pc. On failure returns false with the reason in
/// `error`.
bool parse_instruction(std::string_view text, const uint8_t *encoding, unsigned size, uint64_t pc,
                       unsigned lanes, int generation, ConstantRows &constants, Parsed &out,
                       std::string &error);

} // namespace w2w::emu::isa
