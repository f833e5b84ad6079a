#include "lowering/arena_layout.h"

#include <algorithm>

namespace w2w {

using ptx::StateSpace;

bool in_arena(const ptx::Variable &v) {
  if (v.space != StateSpace::Global && v.space != StateSpace::Const)
    return false;
  if (v.unsized)
    return false;
  return v.linkage != ptx::Linkage::Extern || !v.initialiser.empty();
}

bool has_managed_variables(const ptx::Module &module) {
  auto managed = [](const ptx::Variable *v) { return v->managed; };
  return std::ranges::any_of(module.variables, managed) ||
         std::ranges::any_of(module.functions, [&](const ptx::Function *f) {
           return std::ranges::any_of(f->variables, managed);
         });
}

ArenaLayout layout_arena(const ptx::Module &module) {
  ArenaLayout layout;
  auto place = [&](const ptx::Variable &v) {
    if (!in_arena(v))
      return;
    Storage storage = storage_of(v);
    uint64_t align = storage.align;
    uint64_t offset = (layout.size + align - 1) / align * align;
    layout.places.push_back({&v, offset});
    layout.offset_of.emplace(&v, offset);
    // Variables of no bytes still have an address of their own.
    layout.size = offset + std::max<uint64_t>(storage.size, 1);
    layout.align = std::max(layout.align, storage.align);
  };
  for (const ptx::Variable *v : module.variables)
    place(*v);
  for (const ptx::Function *f : module.functions)
    for (const ptx::Variable *v : f->variables)
      place(*v);
  return layout;
}

} // namespace w2w
