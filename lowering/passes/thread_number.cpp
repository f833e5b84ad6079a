#include "lowering/passes/thread_number.h"

#include "lowering/passes/lower_special_registers.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/PatternMatch.h"

namespace w2w {

using namespace llvm;
using namespace llvm::PatternMatch;

namespace {

constexpr unsigned kMaxDepth = 16;
constexpr size_t kMostProducts = 16, kMostSymbols = 6;
/// A block has at most 1,024 threads, so that a thread's number has this many bits.
constexpr unsigned kNumberBits = 10;

int tid_dimension(const Value &value) {
  auto *call = dyn_cast<IntrinsicInst>(&value);
  switch (call ? call->getIntrinsicID() : Intrinsic::not_intrinsic) {
  case Intrinsic::amdgcn_workitem_id_x:
    return 0;
  case Intrinsic::amdgcn_workitem_id_y:
    return 1;
  case Intrinsic::amdgcn_workitem_id_z:
    return 2;
  default:
    return -1;
  }
}

unsigned width_of(const Value &value) {
  auto *type = dyn_cast<IntegerType>(value.getType());
  return type && type->getBitWidth() <= 64 ? type->getBitWidth() : 0;
}

} // namespace

ThreadNumbers::ThreadNumbers(const Function &function, unsigned group, bool rows)
    : f_(function), group_(group), rows_(rows), size_(required_block(function)) {
  const Symbol x{.tid = 0}, y{.tid = 1}, z{.tid = 2}, nx{.ntid = 0}, ny{.ntid = 1};
  auto sorted = [](Product product) {
    llvm::sort(product);
    return product;
  };
  number_[{x}] = 1;
  if (!size_) {
    number_[sorted({y, nx})] = 1;
    number_[sorted({z, nx, ny})] = 1;
    return;
  }
  auto [size_x, size_y, size_z] = *size_;
  if (size_y > 1)
    number_[{y}] = size_x;
  if (size_z > 1)
    number_[{z}] = uint64_t{size_x} * size_y;
}

/// Whether the values are in [0, 1024) at any width that holds them.
bool ThreadNumbers::is_small(const Sum &sum) const {
  return sum == number_ || (sum.size() == 1 && sum.begin()->second == 1 &&
                            sum.begin()->first.size() == 1 && sum.begin()->first[0].tid >= 0);
}

ThreadNumbers::Sum ThreadNumbers::symbol(const Value &value) const {
  Symbol symbol;
  if (int dimension = tid_dimension(value); dimension >= 0) {
    if (size_ && (*size_)[unsigned(dimension)] == 1)
      return {};
    symbol.tid = int8_t(dimension);
  } else if (auto size = block_size_dimension(value)) {
    symbol.ntid = int8_t(*size);
  } else {
    symbol.other = &value;
  }
  return {{Product{symbol}, 1}};
}

/// What the value is a sum of, if it is anything but a symbol.
std::optional<ThreadNumbers::Sum> ThreadNumbers::parts(const Value &value, unsigned depth) {
  const unsigned width = width_of(value);
  auto reduced = [&](uint64_t factor) { return factor & maskTrailingOnes<uint64_t>(width); };
  auto add = [&](Sum &to, const Product &product, uint64_t factor) {
    uint64_t total = reduced(to[product] + factor);
    if (total)
      to[product] = total;
    else
      to.erase(product);
  };
  auto scaled = [&](const Sum &from, uint64_t by) {
    Sum to;
    for (auto &[product, factor] : from)
      add(to, product, factor * by);
    return to;
  };
  if (auto *constant = dyn_cast<ConstantInt>(&value)) {
    Sum sum;
    add(sum, {}, constant->getZExtValue());
    return sum;
  }
  if (block_size_dimension(value))
    return std::nullopt;
  Value *x = nullptr, *y = nullptr;
  const APInt *c = nullptr;
  if (match(&value, m_Trunc(m_Value(x))) && width > kNumberBits)
    return width_of(*x) ? std::optional(scaled(sum(*x, depth), 1)) : std::nullopt;
  if (match(&value, m_ZExtOrSExt(m_Value(x)))) {
    if (width_of(*x) <= kNumberBits)
      return std::nullopt;
    Sum narrow = sum(*x, depth);
    return is_small(narrow) ? std::optional(narrow) : std::nullopt;
  }
  // (int) number / 32 adds 31 where the sign bit is set: nowhere.
  if (match(&value, m_Shr(m_Value(x), m_APInt(c))) && c->ult(width)) {
    Sum shifted = sum(*x, depth);
    if (shifted.empty() || (is_small(shifted) && width > kNumberBits && c->uge(kNumberBits)))
      return Sum();
    return std::nullopt;
  }
  if (match(&value, m_Shl(m_Value(x), m_APInt(c))) && c->ult(width))
    return scaled(sum(*x, depth), uint64_t{1} << c->getZExtValue());
  if (match(&value, m_Add(m_Value(x), m_Value(y))) ||
      match(&value, m_DisjointOr(m_Value(x), m_Value(y)))) {
    Sum total = sum(*x, depth);
    for (auto &[product, factor] : sum(*y, depth))
      add(total, product, factor);
    return total;
  }
  if (match(&value, m_Sub(m_Value(x), m_Value(y)))) {
    Sum total = sum(*x, depth);
    for (auto &[product, factor] : sum(*y, depth))
      add(total, product, -factor);
    return total;
  }
  if (match(&value, m_Mul(m_Value(x), m_Value(y)))) {
    Sum total, left = sum(*x, depth), right = sum(*y, depth);
    for (auto &[a, by_a] : left)
      for (auto &[b, by_b] : right) {
        Product product(a);
        append_range(product, b);
        llvm::sort(product);
        if (product.size() > kMostSymbols)
          return std::nullopt;
        add(total, product, by_a * by_b);
      }
    return total;
  }
  return std::nullopt;
}

ThreadNumbers::Sum ThreadNumbers::sum(const Value &value, unsigned depth) {
  if (auto known = sums_.find(&value); known != sums_.end())
    return known->second;
  std::optional<Sum> sum;
  if (depth < kMaxDepth)
    sum = parts(value, depth + 1);
  if (!sum || sum->size() > kMostProducts)
    sum = symbol(value);
  return sums_[&value] = std::move(*sum);
}

/// The value of which the instruction asks only in which multiple of the group's size it lies.
const Value *ThreadNumbers::asked_for(const Instruction &i) {
  const APInt *c = nullptr;
  Value *x = nullptr;
  const unsigned bits = Log2_32(group_);
  if (!width_of(*i.getOperand(0)) || width_of(*i.getOperand(0)) <= kNumberBits)
    return nullptr;
  if (match(&i, m_Shr(m_Value(x), m_APInt(c))))
    return c->uge(bits) && c->ult(c->getBitWidth()) ? x : nullptr;
  if (match(&i, m_UDiv(m_Value(x), m_APInt(c))))
    return !c->isZero() && c->countr_zero() >= bits ? x : nullptr;
  if (match(&i, m_SDiv(m_Value(x), m_APInt(c)))) // rounds to zero from both sides
    return c->isStrictlyPositive() && c->countr_zero() >= bits && is_small(sum(*x)) ? x : nullptr;
  if (match(&i, m_And(m_Value(x), m_APInt(c))))
    return c->countr_zero() >= bits ? x : nullptr;
  CmpPredicate predicate;
  if (!match(&i, m_ICmp(predicate, m_Value(x), m_APInt(c))))
    return nullptr;
  switch (predicate) {
  case ICmpInst::ICMP_ULT:
  case ICmpInst::ICMP_UGE:
  case ICmpInst::ICMP_SLT:
  case ICmpInst::ICMP_SGE:
    return c->countr_zero() >= bits ? x : nullptr;
  case ICmpInst::ICMP_UGT:
  case ICmpInst::ICMP_ULE:
  case ICmpInst::ICMP_SGT:
  case ICmpInst::ICMP_SLE:
    return c->countr_one() >= bits ? x : nullptr;
  default:
    return nullptr;
  }
}

/// Whether the product is the same for the group and a multiple of its size. `by_rows`: in blocks
/// whose groups are parts of rows.
bool ThreadNumbers::only_moves_groups(const Product &product, uint64_t factor, bool by_rows,
                                      IsSame is_same) const {
  unsigned zeros = unsigned(countr_zero(factor));
  bool row = false, size_x = false;
  for (const Symbol &symbol : product) {
    if (symbol.tid == 0 || (symbol.tid > 0 && !by_rows))
      return false;
    row |= symbol.tid > 0;
    size_x |= symbol.ntid == 0;
    if (!symbol.other)
      continue;
    if (!is_same(*symbol.other))
      return false;
    zeros += computeKnownBits(symbol.other, f_.getDataLayout()).countMinTrailingZeros();
  }
  // Either rows are multiples of the group, or there is but row 0.
  return zeros >= Log2_32(group_) || (row && size_x);
}

bool ThreadNumbers::tells_group_alone(const Instruction &i, IsSame is_same, bool &used_rows) {
  const Value *value = i.getNumOperands() == 2 ? asked_for(i) : nullptr;
  if (!value)
    return false;
  const Sum all = sum(*value);
  auto is_sum_of = [&](const Sum &number, bool by_rows) {
    Sum rest = all;
    for (auto &[product, factor] : number) {
      auto found = rest.find(product);
      if (found == rest.end() || found->second != factor)
        return false;
      rest.erase(found);
    }
    return all_of(rest, [&](const auto &part) {
      return only_moves_groups(part.first, part.second, by_rows, is_same);
    });
  };
  if (is_sum_of(number_, /*by_rows=*/false))
    return true;
  if (!rows_ || !is_sum_of({{Product{Symbol{.tid = 0}}, 1}}, /*by_rows=*/true))
    return false;
  return used_rows = true;
}

} // namespace w2w
