// The fragments of warp-level matrix instructions, PTX ISA 9.7.14: one rule for all shapes and
// types.
//
// A unit is 32 bits of consecutive k (one f64). Lane 4g + t holds of A the units k = t + 4 kb of
// the rows g + 8 mb, of B the same of the columns g + 8 nb, and of C and D the elements of row g +
// 8 mb and columns 2t, 2t + 1 beyond 8 nb. Every figure of mma is this with the units and elements
// counted as below; wmma, whose layout is ours to choose, uses it too.
#pragma once

#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

struct MatrixShape {
  unsigned m = 0, n = 0, k = 0;

  unsigned row_blocks() const { return m / 8; }
  unsigned column_blocks() const { return n / 8; }
  /// Blocks of four units of elements with `bits`.
  unsigned k_blocks(unsigned bits) const { return k * bits / (bits == 64 ? 256 : 128); }

  unsigned a_unit(unsigned mb, unsigned kb) const { return mb + row_blocks() * kb; }
  unsigned b_unit(unsigned nb, unsigned kb, unsigned bits) const {
    return kb + k_blocks(bits) * nb;
  }
  /// c0, c1, ...: two columns for each block.
  unsigned c_element(unsigned mb, unsigned nb, unsigned column) const {
    return 2 * (mb + row_blocks() * nb) + column;
  }
  unsigned c_elements() const { return 2 * row_blocks() * column_blocks(); }
};

/// The shape among the instruction's modifiers.
MatrixShape matrix_shape(const Instruction &i);

/// `value` (i32) of lane `source` of the warp.
Value *from_lane(FunctionEmitter &e, Value *value, Value *source);
/// `value` (i32) of lane `source` of the four that hold a row of units.
Value *from_quad(FunctionEmitter &e, Value *value, unsigned source);
/// %laneid.
Value *lane_number(FunctionEmitter &e);

/// The elements of C as f32, f64 or i32, and those of D written back: f16 in pairs, NaN canonical.
llvm::SmallVector<Value *, 8> read_accumulator(FunctionEmitter &e, const Operand &c, Type t,
                                               unsigned elements);
void write_accumulator(FunctionEmitter &e, const Operand &d, Type t,
                       llvm::ArrayRef<Value *> elements);

/// An e4m3 or e5m2 in the low bits of an i32 as half, exact (convert_packed.cpp).
Value *small_float_to_half(FunctionEmitter &e, Type t, Value *v);

std::span<const EmitterRow> matrix_emitters();

// --- Predicates on forms (emitter_table.cpp)
/// mma.m8n8k4 of f16.
bool is_quad_pair_form(const ptx::isa::Form &form);
/// mma of whole matrices, without scales and .kind.
bool is_dense_matrix_form(const ptx::isa::Form &form);
/// wmma.mma and wmma.load.
bool is_matrix_multiply_form(const ptx::isa::Form &form);
bool is_matrix_load_form(const ptx::isa::Form &form);
/// ldmatrix, stmatrix.
bool is_16_bit_matrix_form(const ptx::isa::Form &form);

// The instructions in files of their own.
void emit_quad_pair_mma(FunctionEmitter &e, const Instruction &i);
void emit_ldmatrix(FunctionEmitter &e, const Instruction &i);
void emit_stmatrix(FunctionEmitter &e, const Instruction &i);
void emit_matrix_load(FunctionEmitter &e, const Instruction &i);
void emit_matrix_store(FunctionEmitter &e, const Instruction &i);

} // namespace w2w::emit
