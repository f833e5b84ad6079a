// Recognises the number of a thread in its block in what a kernel computes.
//
// Warps are 32 threads with consecutive numbers, %tid.x + %ntid.x * (%tid.y + %ntid.y * %tid.z)
// (CUDA C++ Programming Guide, "SIMT Architecture" and "Thread Hierarchy"), and AMD's waves are
// work-items counted in the same way. So that number divided by 32 is the same for a warp, in
// blocks of any shape.
#pragma once

#include "lowering/passes/pass.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

namespace w2w {

/// Writes integers as sums of products of %tid, %ntid and other values, modulo 2 to the power of
/// their width, and compares with the number of the thread, of which `group` consecutive threads (a
/// power of 2) have the same but for the lowest bits. Blocks have the size that .reqntid gives.
class ThreadNumbers {
public:
  using IsSame = llvm::function_ref<bool(const llvm::Value &)>;

  /// `rows`: blocks are rows of a multiple of `group` threads, or one row.
  ThreadNumbers(const llvm::Function &function, unsigned group, bool rows);

  /// Whether the instruction yields the same for the group because all it asks of the thread's
  /// number is which group the thread is in: number / 32, (number + 64) & ~31, number < 96 and
  /// their like. is_same(v): v is the same for the threads of the group that execute the
  /// instruction. Sets `used_rows` if that hangs on `rows`.
  bool tells_group_alone(const llvm::Instruction &i, IsSame is_same, bool &used_rows);

private:
  /// %tid or %ntid of a dimension, whichever instruction reads it, or some other value.
  struct Symbol {
    int8_t tid = -1, ntid = -1;
    const llvm::Value *other = nullptr;
    auto operator<=>(const Symbol &) const = default;
  };
  using Product = std::vector<Symbol>; // sorted
  /// Factors of the products, none of them 0; the constant is the empty product's.
  using Sum = std::map<Product, uint64_t>;

  Sum sum(const llvm::Value &value, unsigned depth = 0);
  std::optional<Sum> parts(const llvm::Value &value, unsigned depth);
  Sum symbol(const llvm::Value &value) const;
  bool is_small(const Sum &sum) const;
  const llvm::Value *asked_for(const llvm::Instruction &i);
  bool only_moves_groups(const Product &product, uint64_t factor, bool by_rows,
                         IsSame is_same) const;

  const llvm::Function &f_;
  unsigned group_;
  bool rows_;
  std::optional<std::array<unsigned, 3>> size_;
  Sum number_;
  llvm::DenseMap<const llvm::Value *, Sum> sums_;
};

} // namespace w2w
