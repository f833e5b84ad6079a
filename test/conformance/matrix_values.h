// Elements of matrices: values of every type a matrix instruction multiplies or adds.
#pragma once

#include <cstdint>
#include <random>
#include <string_view>

namespace w2w::conformance {

/// Exact: small whole numbers, whose sums f32 holds (integer types: any); Random: no infinities, no
/// NaN; Edges: those too, denormals, largest and smallest.
enum Inputs : unsigned { kExact, kRandom, kEdges, kInputs };

/// The bits of an element of PTX type `type`.
uint64_t matrix_element(Inputs kind, std::string_view type, std::mt19937_64 &random);

} // namespace w2w::conformance
