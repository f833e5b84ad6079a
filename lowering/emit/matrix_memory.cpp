// Matrices from and to memory, PTX ISA 9.7.14.4.1 and .2 (wmma) and 9.7.14.5.15 and .16 (ldmatrix,
// stmatrix).
#include "lowering/emit/matrix.h"
#include "lowering/emit/memory_order.h"

namespace w2w::emit {

using namespace llvm;

namespace {

/// The address of the row in lane `source`, of the addresses that an instruction's lanes give.
class RowAddresses {
public:
  RowAddresses(FunctionEmitter &e, const Operand &op, const Instruction &i) : e_(e) {
    MemoryRef ref = e.memory(op, space_of(i));
    space_ = ref.space;
    address_ = e.pointer_to_int64(ref.pointer);
  }

  Value *pointer(Value *source, Value *offset) const {
    IRBuilder<> &b = e_.b;
    Value *low = from_lane(e_, b.CreateTrunc(address_, b.getInt32Ty()), source);
    Value *row = b.CreateZExt(low, b.getInt64Ty());
    if (space_ != StateSpace::Shared) {
      Value *high = b.CreateTrunc(b.CreateLShr(address_, 32), b.getInt32Ty());
      row = b.CreateOr(row,
                       b.CreateShl(b.CreateZExt(from_lane(e_, high, source), b.getInt64Ty()), 32));
    }
    return b.CreateGEP(b.getInt8Ty(), e_.int_to_pointer(row, space_), offset);
  }

private:
  FunctionEmitter &e_;
  StateSpace space_;
  Value *address_;
};

/// Where lane 4g + t has its part of an 8 x 8 matrix of 16 bits: columns 2t, 2t + 1 of row g.
struct Place {
  Value *group, *pair;
  explicit Place(FunctionEmitter &e) {
    Value *lane = lane_number(e);
    group = e.b.CreateLShr(lane, 2);
    pair = e.b.CreateShl(e.b.CreateAnd(lane, 3), 1);
  }
};

} // namespace

void emit_ldmatrix(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  const Operand &d = i.operand(0);
  const RowAddresses rows(e, i.operand(1), i);
  const Place at(e);
  SmallVector<Value *, 4> words;
  for (unsigned m = 0; m < FunctionEmitter::element_count(d); ++m) {
    if (!i.has(Mod::trans)) {
      Value *p = rows.pointer(b.CreateOr(at.group, 8 * m), b.CreateShl(at.pair, 1));
      words.push_back(b.CreateAlignedLoad(b.getInt32Ty(), p, Align(4)));
      continue;
    }
    Value *word = b.getInt32(0);
    for (unsigned k = 0; k < 2; ++k) {
      Value *p = rows.pointer(b.CreateOr(at.pair, 8 * m + k), b.CreateShl(at.group, 1));
      Value *half = b.CreateZExt(b.CreateAlignedLoad(b.getInt16Ty(), p, Align(2)), b.getInt32Ty());
      word = b.CreateOr(word, b.CreateShl(half, 16 * k));
    }
    words.push_back(word);
  }
  for (auto [m, word] : enumerate(words))
    e.write(FunctionEmitter::element(d, m), word, Type::B32);
}

void emit_stmatrix(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  const Operand &s = i.operand(1);
  const RowAddresses rows(e, i.operand(0), i);
  const Place at(e);
  for (unsigned m = 0; m < FunctionEmitter::element_count(s); ++m) {
    Value *word = e.read(FunctionEmitter::element(s, m), Type::B32);
    if (!i.has(Mod::trans)) {
      Value *p = rows.pointer(b.CreateOr(at.group, 8 * m), b.CreateShl(at.pair, 1));
      b.CreateAlignedStore(word, p, Align(4));
      continue;
    }
    for (unsigned k = 0; k < 2; ++k) {
      Value *p = rows.pointer(b.CreateOr(at.pair, 8 * m + k), b.CreateShl(at.group, 1));
      b.CreateAlignedStore(b.CreateTrunc(b.CreateLShr(word, 16 * k), b.getInt16Ty()), p, Align(2));
    }
  }
}

namespace {

/// A matrix of wmma in memory: element (major, minor) is major * stride + minor elements from the
/// start, rows major in .row, columns in .col.
class StoredMatrix {
public:
  /// `minor`: the number of elements of a row (.row) or column (.col), the stride if none is given.
  StoredMatrix(FunctionEmitter &e, const Instruction &i, const Operand &address, unsigned stride_at,
               unsigned bits, unsigned minor)
      : e_(e), bits_(bits), pointer_(e.memory(address, space_of(i)).pointer) {
    stride_ = stride_at < i.operands.size() ? e.read(i.operand(stride_at), Type::U32)
                                            : e.b.getInt32(minor);
  }
  Value *at(Value *major, Value *minor) const {
    IRBuilder<> &b = e_.b;
    auto wide = [&](Value *v) { return b.CreateZExt(v, b.getInt64Ty()); };
    Value *index = b.CreateAdd(b.CreateMul(wide(major), wide(stride_)), wide(minor));
    Value *offset = bits_ >= 8 ? b.CreateMul(index, b.getInt64(bits_ / 8))
                               : b.CreateUDiv(index, b.getInt64(8 / bits_));
    return b.CreateGEP(b.getInt8Ty(), pointer_, offset);
  }

private:
  FunctionEmitter &e_;
  unsigned bits_;
  Value *pointer_, *stride_;
};

/// Loads a unit: elements (line, k), (line, k + 1), ..., lines being A's rows or B's columns.
Value *load_unit(FunctionEmitter &e, const StoredMatrix &matrix, unsigned bits, bool k_is_minor,
                 Value *line, Value *k) {
  IRBuilder<> &b = e.b;
  llvm::Type *unit = e.int_type(std::max(bits, 32u));
  if (k_is_minor)
    return b.CreateAlignedLoad(unit, matrix.at(line, k), Align(std::max(bits, 32u) / 8));
  Value *r = ConstantInt::get(unit, 0);
  for (unsigned j = 0; j < std::max(32 / bits, 1u); ++j) {
    Value *element = b.CreateAlignedLoad(
        e.int_type(bits), matrix.at(b.CreateAdd(k, b.getInt32(j)), line), Align(bits / 8));
    r = b.CreateOr(r, b.CreateShl(b.CreateZExt(element, unit), j * bits));
  }
  return r;
}

/// Calls `element(k, row, column)` for the elements of C or D that a lane holds.
void for_accumulator(FunctionEmitter &e, const MatrixShape &s,
                     function_ref<void(unsigned k, Value *row, Value *column)> element) {
  IRBuilder<> &b = e.b;
  const Place at(e);
  for (unsigned nb = 0; nb < s.column_blocks(); ++nb)
    for (unsigned mb = 0; mb < s.row_blocks(); ++mb)
      for (unsigned p = 0; p < 2; ++p)
        element(s.c_element(mb, nb, p), b.CreateOr(at.group, 8 * mb),
                b.CreateOr(at.pair, 8 * nb + p));
}

} // namespace

void emit_matrix_load(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  const MatrixShape s = matrix_shape(i);
  const Operand &d = i.operand(0);
  const Type t = i.type();
  const unsigned bits = ptx::bits(t);
  const bool row = i.has(Mod::row);
  if (i.has(Mod::c)) {
    const StoredMatrix matrix(e, i, i.operand(1), 2, bits, row ? s.n : s.m);
    SmallVector<Value *, 8> values(s.c_elements());
    for_accumulator(e, s, [&](unsigned k, Value *r, Value *c) {
      values[k] = b.CreateAlignedLoad(e.int_type(bits), row ? matrix.at(r, c) : matrix.at(c, r),
                                      Align(bits / 8));
    });
    for (unsigned k = 0; k < FunctionEmitter::element_count(d); ++k) {
      Value *word = values[k];
      if (t == Type::F16)
        word = b.CreateOr(b.CreateZExt(values[2 * k], b.getInt32Ty()),
                          b.CreateShl(b.CreateZExt(values[2 * k + 1], b.getInt32Ty()), 16));
      e.write(FunctionEmitter::element(d, k), word, bits == 64 ? Type::B64 : Type::B32);
    }
    return;
  }
  const bool is_a = i.has(Mod::a), k_is_minor = is_a == row;
  const unsigned lines = is_a ? s.m : s.n, k_blocks = s.k_blocks(bits);
  const StoredMatrix matrix(e, i, i.operand(1), 2, bits, k_is_minor ? s.k : lines);
  const unsigned per_unit = std::max(32 / bits, 1u);
  Value *lane = lane_number(e), *group = b.CreateLShr(lane, 2);
  Value *first_k = b.CreateMul(b.CreateAnd(lane, 3), b.getInt32(per_unit));
  SmallVector<Value *, 8> units(lines / 8 * k_blocks);
  for (unsigned kb = 0; kb < k_blocks; ++kb)
    for (unsigned block = 0; block < lines / 8; ++block)
      units[is_a ? s.a_unit(block, kb) : s.b_unit(block, kb, bits)] =
          load_unit(e, matrix, bits, k_is_minor, b.CreateOr(group, 8 * block),
                    b.CreateAdd(first_k, b.getInt32(4 * per_unit * kb)));
  // Fragments of f16 have room to spare, where other architectures hold elements twice.
  for (unsigned k = 0; k < FunctionEmitter::element_count(d); ++k)
    e.write(FunctionEmitter::element(d, k), units[k % units.size()],
            bits == 64 ? Type::B64 : Type::B32);
}

void emit_matrix_store(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  const MatrixShape s = matrix_shape(i);
  const Type t = i.type();
  const unsigned bits = ptx::bits(t);
  const bool row = i.has(Mod::row);
  const StoredMatrix matrix(e, i, i.operand(0), 2, bits, row ? s.n : s.m);
  for_accumulator(e, s, [&](unsigned k, Value *r, Value *c) {
    Value *v = nullptr;
    if (t == Type::F16) {
      Value *pair = e.read(FunctionEmitter::element(i.operand(1), k / 2), Type::B32);
      v = b.CreateTrunc(b.CreateLShr(pair, 16 * (k % 2)), b.getInt16Ty());
    } else {
      v = e.read(FunctionEmitter::element(i.operand(1), k), t);
    }
    b.CreateAlignedStore(v, row ? matrix.at(r, c) : matrix.at(c, r), Align(bits / 8));
  });
}

} // namespace w2w::emit
