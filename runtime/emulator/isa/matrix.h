// Matrix instructions: what matrix.def says of each, and where its elements lie in registers.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace w2w::emu::isa {

enum class Element : uint8_t { F64, F32, XF32, F16, BF16, Fp8, Bf8, I8, I4, I32 };
constexpr unsigned bits_of(Element e) {
  switch (e) {
  case Element::F64:
    return 64;
  case Element::F16:
  case Element::BF16:
    return 16;
  case Element::Fp8:
  case Element::Bf8:
  case Element::I8:
    return 8;
  case Element::I4:
    return 4;
  default:
    return 32;
  }
}

enum class MatrixFamily : uint8_t { Cdna2, Cdna3, Smfmac, Wmma, Swmmac };
/// How a dot product is accumulated; matrix_rules.h says each in full.
enum class MatrixRule : uint8_t {
  Integer, ///< modulo 2^32, or saturated at the end
  Chain,   ///< a fused multiply-add after the other
  Pairs2,  ///< gfx90a: pairwise sums of 2 products
  Pairs4,
  Fused4, ///< gfx942: 4 aligned products at a time
  Fused8,
  Fused16,
  Dot, ///< gfx11: 2 aligned products at a time; gfx12: 4
};
enum class MatrixOrder : uint8_t { Exact, Published, Assumed };

struct Matrix {
  const char *name;
  MatrixFamily family;
  uint8_t m, n, k, blocks;
  Element a, b, c;
  MatrixRule rule;
  MatrixOrder order;
  /// A holds two of four elements, and a third source says which; C is D.
  bool sparse() const { return family == MatrixFamily::Smfmac || family == MatrixFamily::Swmmac; }
  /// How many products an element of D sums up.
  unsigned terms() const { return sparse() ? k / 2 : k; }
};

/// Opcode::extra of matrix instructions: the index of its row.
inline constexpr Matrix kMatrices[] = {
#define MATRIX(NAME, FAMILY, M, N, K, BLOCKS, A, B, C, RULE, ORDER)                                \
  {#NAME,                                                                                          \
   MatrixFamily::FAMILY,                                                                           \
   M,                                                                                              \
   N,                                                                                              \
   K,                                                                                              \
   BLOCKS,                                                                                         \
   Element::A,                                                                                     \
   Element::B,                                                                                     \
   Element::C,                                                                                     \
   MatrixRule::RULE,                                                                               \
   MatrixOrder::ORDER},
#include "runtime/emulator/isa/matrix.def"
#undef MATRIX
};
enum MatrixIndex : uint32_t {
#define MATRIX(NAME, ...) kMatrix_##NAME,
#include "runtime/emulator/isa/matrix.def"
#undef MATRIX
};

/// Modifiers in the assembler text that a plan takes up.
struct MatrixModifiers {
  unsigned cbsz = 0, abid = 0, blgp = 0, index_key = 0;
  bool high_half = false; ///< op_sel[2] of gfx11's 16-bit results
};

/// Where the elements of one instruction lie, its modifiers applied. Sources are seen as planes: a
/// dword that holds p elements in each lane is p planes of one element per lane, the lowest bits
/// first. In all layouts the rows of A for one k, the columns of B for one k and the columns of D
/// for one row are consecutive lanes, so that only where they start needs to be said.
struct MatrixPlan {
  static constexpr unsigned kMost = 64;
  const Matrix *op;
  uint8_t lanes, generation;
  uint8_t a_dwords, b_dwords, d_dwords;
  uint8_t blgp;
  /// Row i of D and C, of block b, is at [b * m + i]: the dword (register * lanes + lane) and, for
  /// 16-bit results, the half.
  std::array<uint16_t, kMost> d;
  std::array<uint8_t, kMost> half;
  /// Added to the places of A and B for row i: gfx11 has copies of both in each 16 lanes.
  std::array<uint8_t, kMost> copy;
  /// Element (0, k) of A, of block b, is at [b * terms + k] (plane * lanes + lane); of sparse A the
  /// k-th that is stored.
  std::array<uint16_t, kMost> a;
  /// Element (k, 0) of B, of block b, is at [b * K + k].
  std::array<uint16_t, kMost> b;
  /// Sparse: the 2 bits of row 0 that choose the k-th stored element; row i is i lanes further.
  std::array<uint8_t, kMost> index_lane;
  std::array<uint8_t, kMost> index_bit;
};

/// Makes the plan for waves of `lanes` of a processor of this generation. False with the reason in
/// `error` if the modifiers make no sense for the instruction.
bool plan_matrix(const Matrix &op, unsigned lanes, int generation, const MatrixModifiers &mods,
                 MatrixPlan &plan, std::string &error);

} // namespace w2w::emu::isa
