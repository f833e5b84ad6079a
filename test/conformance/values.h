// Operand values: edge values of each PTX type, then seeded random ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::conformance {

/// Zero, one, limits, denormals, infinities, NaNs, ties... as raw bits.
const std::vector<uint64_t> &edge_values(std::string_view type);

/// One row per test: inputs.size() raw values. The first rows combine edge values (all pairs for
/// one and two operands), then `random` rows mix edges and random bits; two f32 or f64 have rows
/// more whose quotients are ties among the subnormals. The same for the same seed.
std::vector<std::vector<uint64_t>> operand_rows(const std::vector<std::string> &inputs,
                                                unsigned random, uint64_t seed);

} // namespace w2w::conformance
