// What matrix instructions compute, one element at a time: register layouts as AMD's matrix
// instruction calculator prints them, accumulation as published (runtime/emulator/isa/matrix.def
// names the sources). Shares nothing with the emulator but the instructions' names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace w2w::emu::test {

struct MatrixOp {
  std::string name, cpu;
  unsigned lanes;
  unsigned m, n, k, blocks;
  std::string a, b, c; ///< element types as the name spells them
  bool sparse;
  // modifiers
  unsigned cbsz = 0, abid = 0, blgp = 0, index_key = 0;
  bool high_half = false;  ///< op_sel[2]
  bool a_signed, b_signed; ///< of integers; MFMA's always
  bool clamp = false, fp16_ovfl = false;

  MatrixOp(std::string name, std::string cpu, unsigned lanes);
  bool gfx9() const { return cpu.starts_with("gfx9"); }
  bool gfx11() const { return cpu.starts_with("gfx11"); }
  unsigned terms() const { return sparse ? k / 2 : k; }
  unsigned a_registers() const;
  unsigned b_registers() const;
  unsigned c_registers() const;
};
unsigned bits_of(const std::string &type);

/// An element's place: registers from the operand's first, bits from the register's lowest.
struct Where {
  unsigned reg, bit, lane;
};
/// copy: gfx11 has one of A and B in each 16 lanes, the others one.
Where a_at(const MatrixOp &, unsigned i, unsigned k, unsigned block, unsigned copy = 0);
Where b_at(const MatrixOp &, unsigned k, unsigned j, unsigned block, unsigned copy = 0);
Where c_at(const MatrixOp &, unsigned i, unsigned j, unsigned block);
/// The 2 index bits of the k-th stored element of row i.
Where index_at(const MatrixOp &, unsigned i, unsigned k);

/// D, all of it raw bits; the products in the order of k.
uint64_t dot(const MatrixOp &, const std::vector<uint64_t> &a, const std::vector<uint64_t> &b,
             uint64_t c);

/// f in the type's encoding; it must be exact.
uint64_t encode(const MatrixOp &, const std::string &type, double f);
/// The value of an element that is a number.
double decode(const MatrixOp &, const std::string &type, uint64_t bits);

} // namespace w2w::emu::test
