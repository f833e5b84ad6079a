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

ArenaLayout layout_arena(const ptx::Module &module) {
  std::vector<const ptx::Variable *> own, managed;
  ArenaLayout layout;
  auto sort = [&](const auto &variables) {
    for (const ptx::Variable *v : variables)
      if (in_arena(*v)) {
        (v->managed ? managed : own).push_back(v);
        layout.align = std::max(layout.align, storage_of(*v).align);
      }
  };
  sort(module.variables);
  for (const ptx::Function *f : module.functions)
    sort(f->variables);

  auto aligned = [&](uint64_t align) { return (layout.size + align - 1) / align * align; };
  auto place = [&](const ptx::Variable *v) {
    Storage storage = storage_of(*v);
    uint64_t offset = aligned(storage.align);
    layout.places.push_back({v, offset});
    layout.offset_of.emplace(v, offset);
    // Variables of no bytes still have an address of their own.
    layout.size = offset + std::max<uint64_t>(storage.size, 1);
  };
  std::ranges::for_each(own, place);
  // The managed part is allocated by itself.
  if (!managed.empty())
    layout.size = aligned(layout.align);
  layout.managed_begin = layout.size;
  std::ranges::for_each(managed, place);
  return layout;
}

} // namespace w2w
