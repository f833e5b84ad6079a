// Warp-level matrix instructions, PTX ISA 9.7.14: where the elements of fragments lie, and what a
// multiply-accumulate gives. Written from the ISA's text; an instruction is its spelling.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::reference {

struct Position {
  unsigned row, column;
};

/// An mma with dense factors.
struct MatrixProduct {
  unsigned m = 0, n = 0, k = 0;
  std::string d, a, b, c; // element types
  bool a_by_row = true, b_by_row = false, saturates = false, is_xor = false;
  std::string rounding = "rn"; // f64

  /// "mma.sync.aligned.m16n8k8...." taken apart.
  explicit MatrixProduct(std::string_view instruction);

  /// mma.m8n8k4 of f16: four products, by pairs of four lanes each.
  bool in_quad_pairs() const { return k == 4 && n == 8 && m == 8 && a == "f16"; }
  unsigned products() const { return in_quad_pairs() ? 4 : 1; }
  /// Which product a lane takes part in.
  unsigned product_of(unsigned lane) const { return in_quad_pairs() ? lane / 4 % 4 : 0; }

  unsigned a_elements() const { return m * k * products() / 32; }
  unsigned b_elements() const { return k * n * products() / 32; }
  unsigned c_elements() const { return m * n * products() / 32; }
  /// Element i of the lane's fragment.
  Position a_position(unsigned lane, unsigned i) const;
  Position b_position(unsigned lane, unsigned i) const;
  Position c_position(unsigned lane, unsigned i, std::string_view type) const;
};

unsigned element_bits(std::string_view type);

/// What one element of D must be.
struct ExpectedElement {
  bool any = false;  // the ISA's freedom of order covers infinities
  uint64_t bits = 0; // where exact
  bool exact = false;
  long double value = 0; // else: the true sum,
  long double bound = 0; // and how far from it the result may lie
  bool accepts(std::string_view type, uint64_t got) const;
};
/// c + the products of a row of A and a column of B (raw elements). `sums_are_exact`: each partial
/// sum, in any order, is a number of f32.
ExpectedElement expected_element(const MatrixProduct &p, const std::vector<uint64_t> &row,
                                 const std::vector<uint64_t> &column, uint64_t c,
                                 bool sums_are_exact);

} // namespace w2w::reference
