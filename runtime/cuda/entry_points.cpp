// Exports every driver-API symbol and holds the table of them. Each symbol is defined here weakly,
// answering CUDA_ERROR_NOT_SUPPORTED; a strong definition elsewhere in the library replaces it. For
// that reason this file must not see the prototypes of cuda_api.h.
#include "runtime/cuda/entry_points.h"

#include <algorithm>

namespace w2w::cuda {
int not_supported_entry(const char *symbol);
}

#define W2W_ENTRY(base, version, variant, symbol)                                                  \
  extern "C" __attribute__((weak, visibility("default"))) int symbol() {                           \
    return w2w::cuda::not_supported_entry(#symbol);                                                \
  }
#include "runtime/cuda/entry_points.def"
#undef W2W_ENTRY

namespace w2w::cuda {
namespace {

const EntryPoint kEntryPoints[] = {
#define W2W_ENTRY(base, version, variant, symbol)                                                  \
  {#base, version, StreamVariant::variant, #symbol, reinterpret_cast<void *>(&symbol)},
#include "runtime/cuda/entry_points.def"
#undef W2W_ENTRY
};

} // namespace

std::span<const EntryPoint> entry_points() {
  return kEntryPoints;
}

Lookup find_entry_point(std::string_view base, int version, bool per_thread, void *&address) {
  auto first =
      std::lower_bound(std::begin(kEntryPoints), std::end(kEntryPoints), base,
                       [](const EntryPoint &e, std::string_view name) { return e.base < name; });
  const EntryPoint *best = nullptr;
  bool known = false;
  for (auto *e = first; e != std::end(kEntryPoints) && e->base == base; ++e) {
    known = true;
    if (e->version > version || (e->variant == StreamVariant::PerThread && !per_thread))
      continue;
    // Per-thread rows win over plain ones; then the newest.
    bool better = !best || (e->variant != best->variant ? e->variant == StreamVariant::PerThread
                                                        : e->version > best->version);
    if (better)
      best = e;
  }
  address = best ? best->address : nullptr;
  if (best)
    return Lookup::Found;
  return known ? Lookup::VersionTooOld : Lookup::UnknownName;
}

} // namespace w2w::cuda
