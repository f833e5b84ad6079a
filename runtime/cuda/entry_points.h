// The table of entry points, made from entry_points.def.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace w2w::cuda {

enum class StreamVariant : uint8_t { Legacy, PerThread };

struct EntryPoint {
  std::string_view base;   // "cuMemcpyHtoD"
  int version;             // first driver version that has it
  StreamVariant variant;   // PerThread: NULL means the calling thread's stream
  std::string_view symbol; // "cuMemcpyHtoD_v2_ptds"
  void *address;
};

/// All rows, sorted by base name.
std::span<const EntryPoint> entry_points();

enum class Lookup { Found, UnknownName, VersionTooOld };

/// The newest variant of `base` that a driver of `version` has; among rows for per-thread streams
/// first if `per_thread`, with the plain ones where there is none.
Lookup find_entry_point(std::string_view base, int version, bool per_thread, void *&address);

} // namespace w2w::cuda
