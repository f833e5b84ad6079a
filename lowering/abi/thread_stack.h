// The stack of a thread: what its alloca instructions have together. Its size is settled when a
// kernel is compiled; the runtime takes it from CU_LIMIT_STACK_SIZE. Declared once, for lowering
// and runtime.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace w2w::abi {

/// Bytes of a thread's stack unless more are asked for: as many as LLVM assumes of a frame that
/// grows.
inline constexpr uint32_t kDefaultStack = 4096;
/// No processor's scratch holds as many (lowering/codegen/target.h, most_scratch).
inline constexpr uint32_t kMostStack = 2 << 20;

/// Bytes of stack for a limit: powers of two, so that kernels are compiled for few sizes.
constexpr uint32_t stack_for_limit(uint64_t limit) {
  return std::bit_ceil(
      static_cast<uint32_t>(std::clamp<uint64_t>(limit, kDefaultStack, kMostStack)));
}
static_assert(stack_for_limit(0) == 4096);
static_assert(stack_for_limit(20000) == 32768);
static_assert(stack_for_limit(65536) == 65536);
static_assert(stack_for_limit(uint64_t{1} << 40) == kMostStack);

} // namespace w2w::abi
