// A PTX kernel that runs one instruction per thread on arrays of raw operand values.
#pragma once

#include "test/conformance/enumerate.h"

#include <span>
#include <string>

namespace w2w::conformance {

/// Every operand value takes 8 bytes in memory: inputs as in[row][operand], results as
/// out[row][result].
inline constexpr unsigned kElementBytes = 8;

/// One module with a kernel `k<i>` (u64 in, u64 out, u32 rows) for each case.
std::string module_text(std::span<const Case> cases);
std::string kernel_name(size_t index);

} // namespace w2w::conformance
