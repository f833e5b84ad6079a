// Where each .global and .const variable of a PTX module lies in the module's arena. The one truth
// for the runtime (through the module summary) and for code generation.
#pragma once

#include "frontend/ast/ast.h"
#include "lowering/abi/texture_descriptor.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace w2w {

/// A pure function of the module: the same text gives the same layout in every process, whichever
/// kernels are compiled.
struct ArenaLayout {
  struct Place {
    const ptx::Variable *variable = nullptr;
    uint64_t offset = 0;
  };
  std::vector<Place> places; // ascending offsets; module scope first, then function scope in
                             // function order; all of the managed ones behind the others
  uint64_t size = 0;
  /// Where the variables that host and device share (.attribute(.managed)) begin, behind all
  /// others: from here on the arena lies in managed memory. `size` if there are none.
  uint64_t managed_begin = 0;
  uint32_t align = 256;
  std::unordered_map<const ptx::Variable *, uint64_t> offset_of;
};

/// Variables that have storage here; `.extern` ones without a definition in the module have none.
ArenaLayout layout_arena(const ptx::Module &module);

/// Whether the variable lies in the arena at all.
bool in_arena(const ptx::Variable &variable);

/// Bytes and alignment of a variable in memory. Those of PTX, but for textures, samplers and
/// surfaces, which are descriptors (lowering/abi/texture_descriptor.h).
struct Storage {
  uint64_t size = 0;
  uint32_t align = 1;
};
inline Storage storage_of(const ptx::Variable &v) {
  if (ptx::info(v.type).kind != ptx::TypeKind::Opaque || v.is_parameter)
    return {v.size, v.align ? v.align : 1};
  uint64_t one = v.type == ptx::Type::SamplerRef ? sizeof(abi::SamplerDescriptor)
                                                 : sizeof(abi::ImageDescriptor);
  return {v.size / ptx::bytes(v.type) * one, abi::kDescriptorAlign};
}

/// Names a variable unambiguously in its module, function-scope ones included: the value of the IR
/// attribute "w2w-variable" on the global that stands for it.
inline std::string variable_key(const ptx::Variable &v) {
  if (!v.function)
    return "m" + std::to_string(v.index);
  return "f" + std::to_string(v.function->index) + "." + std::to_string(v.index);
}

} // namespace w2w
