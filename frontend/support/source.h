// A place in a PTX text.
#pragma once

#include <cstdint>

namespace w2w::ptx {

/// Byte offset into the text of the module's one source buffer. Line and column are computed on
/// demand by SourceText (frontend/support/diagnostics.h), because almost no location is ever
/// printed.
struct SourceLoc {
  uint32_t offset = 0;
};

} // namespace w2w::ptx
