// What the runtime must know of a module without parsing it: kernels, parameter layouts, the
// arena's layout and initial image, function ids. Made by the compiler process, cached beside the
// kernels. No LLVM, no frontend in here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::abi {

struct KernelParam {
  uint32_t offset = 0; // in the PTX parameter buffer
  uint32_t size = 0;   // bytes
  uint32_t align = 1;
};

struct KernelSummary {
  std::string name; // PTX name
  std::vector<KernelParam> params;
  uint32_t param_bytes = 0;            // end of the last parameter
  uint32_t max_threads[3] = {0, 0, 0}; // .maxntid; 0 if not given
  uint32_t req_threads[3] = {0, 0, 0}; // .reqntid; 0 if not given
  uint32_t cluster[3] = {0, 0, 0};     // .reqnctapercluster; 0 if not given
  bool explicit_cluster = false;       // .explicitcluster: a launch must name the cluster's size
  uint32_t static_shared = 0; // bytes of statically sized .shared reachable from the kernel
  uint32_t const_bytes = 0;   // bytes of module-scope .const (cudaFuncAttributes::constSizeBytes)
  std::string error;          // not empty: the kernel is poisoned; the rendered diagnostics
};

/// Which of PTX's opaque types a variable has; such variables are descriptors
/// (texture_descriptor.h) in the arena, initially unbound.
enum class OpaqueKind : uint8_t { None = 0, Texref = 1, Samplerref = 2, Surfref = 3 };

/// A module-scope .global or .const variable in the arena.
struct VariableSummary {
  std::string name;
  uint64_t offset = 0; // in the arena
  uint64_t size = 0;
  uint32_t align = 1;
  bool is_const = false;
  bool is_managed = false;
  bool is_extern = false; // no storage here: resolved by linking
  uint8_t opaque = 0;     // OpaqueKind
};

/// An address inside the arena, to be written when the arena is placed: the low `width` bytes of
/// (base of the arena's part + what `addend` is behind its begin) >> shift go to `offset`. Function
/// ids are already in the image.
struct ArenaRelocation {
  uint64_t offset = 0;
  uint8_t width = 8;    // bytes written: 8; 1, 2 or 4 for pieces made by mask()
  uint8_t shift = 0;    // bits
  uint64_t addend = 0;  // offset in the arena of what is pointed to
  bool managed = false; // which is a managed variable: the addend may lead beyond its part
};

struct ModuleSummary {
  std::vector<KernelSummary> kernels;
  std::vector<VariableSummary> variables;
  uint64_t arena_size = 0;
  uint64_t managed_begin = 0; // the arena from here on lies in managed memory by itself
  uint32_t arena_align = 256;
  std::vector<uint8_t> arena_image; // first arena_image.size() bytes; the rest is zero
  std::vector<ArenaRelocation> relocations;
  std::vector<std::string> functions; // function id n+1 (tagged) belongs to functions[n]
  uint32_t ptx_version = 0;           // 90 for 9.0
  uint32_t sm = 0;                    // 89 for sm_89
  std::string diagnostics;            // rendered messages of the whole image, for the JIT logs
  bool independent_textures = false;  // .target texmode_independent: samplers of their own
  bool fatal = false; // the module as a whole is unusable (syntax error at module level)
};

/// Bytes for the cache and the compiler process's answer; versioned, little-endian, checked on
/// reading.
std::vector<uint8_t> serialise(const ModuleSummary &summary);
/// Nothing if the bytes are damaged or of another version.
std::optional<ModuleSummary> deserialise_summary(std::span<const uint8_t> bytes);

/// The value a PTX program sees for the address of functions[index]: never 0, tagged so that a
/// stray data pointer is not taken for a function.
inline constexpr uint64_t kFunctionIdTag = uint64_t{0xF1D0} << 48;
constexpr uint64_t function_id(uint32_t index) {
  return kFunctionIdTag | (uint64_t{index} + 1);
}

} // namespace w2w::abi
