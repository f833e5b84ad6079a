// libw2w-audit.so (LD_AUDIT; see rtld-audit(7)): sends libcuda.so.1 and libcudart.so.* to our
// libraries whatever RPATH or absolute path asks for them, and has the preload library look at
// objects that are mapped later, before their constructors run. The loader keeps auditors in a
// namespace of their own, with their own libc.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

namespace {

constexpr const char *kRedirected[] = {"libcuda.so.1", "libcuda.so", "libcudart.so.11.0",
                                       "libcudart.so.12", "libcudart.so.13"};

char g_folder[4096];
char g_paths[sizeof kRedirected / sizeof *kRedirected][4200]; // empty: we have no such library
void (*g_scan)() = nullptr;                                   // the preload library's
bool g_started = false; // the program's own libraries are mapped: from now on we look at new ones

void set_up() {
  Dl_info self;
  if (!::dladdr(reinterpret_cast<void *>(&set_up), &self) || !self.dli_fname)
    return;
  const char *slash = std::strrchr(self.dli_fname, '/');
  if (!slash || static_cast<size_t>(slash - self.dli_fname) >= sizeof g_folder)
    return;
  std::memcpy(g_folder, self.dli_fname, static_cast<size_t>(slash - self.dli_fname));
  size_t i = 0;
  for (const char *name : kRedirected) {
    // Programs that ask for plain libcuda.so get the same library.
    const char *file = std::strcmp(name, "libcuda.so") == 0 ? "libcuda.so.1" : name;
    std::snprintf(g_paths[i], sizeof g_paths[i], "%s/%s", g_folder, file);
    if (::access(g_paths[i], R_OK) != 0)
      g_paths[i][0] = 0;
    ++i;
  }
}

/// The address of an exported function in a mapped object; null if it has none. The object's tables
/// are sound: the loader uses them itself.
void *exported(const link_map *map, const char *name) {
  const Elf64_Sym *symbols = nullptr;
  const char *strings = nullptr;
  const uint32_t *gnu_hash = nullptr;
  for (const Elf64_Dyn *d = map->l_ld; d->d_tag != DT_NULL; ++d) {
    // glibc adds the base to these entries when it maps an object; la_objopen may come before that.
    uintptr_t p = d->d_un.d_ptr;
    if (p < map->l_addr)
      p += map->l_addr;
    if (d->d_tag == DT_SYMTAB)
      symbols = reinterpret_cast<const Elf64_Sym *>(p);
    else if (d->d_tag == DT_STRTAB)
      strings = reinterpret_cast<const char *>(p);
    else if (d->d_tag == DT_GNU_HASH)
      gnu_hash = reinterpret_cast<const uint32_t *>(p);
  }
  if (!symbols || !strings || !gnu_hash)
    return nullptr;
  uint32_t hash = 5381;
  for (const char *c = name; *c; ++c)
    hash = hash * 33 + static_cast<uint8_t>(*c);
  const uint32_t bucket_count = gnu_hash[0], first = gnu_hash[1], bloom_size = gnu_hash[2];
  const uint32_t *buckets = gnu_hash + 4 + bloom_size * 2;
  const uint32_t *chain = buckets + bucket_count;
  uint32_t i = buckets[hash % bucket_count];
  if (i < first)
    return nullptr;
  for (;; ++i) {
    if ((chain[i - first] | 1) == (hash | 1) &&
        std::strcmp(strings + symbols[i].st_name, name) == 0)
      return reinterpret_cast<void *>(map->l_addr + symbols[i].st_value);
    if (chain[i - first] & 1)
      return nullptr;
  }
}

} // namespace

extern "C" {

__attribute__((visibility("default"))) unsigned la_version(unsigned version) {
  set_up();
  return version < LAV_CURRENT ? version : LAV_CURRENT;
}

__attribute__((visibility("default"))) char *la_objsearch(const char *name, uintptr_t *,
                                                          unsigned flag) {
  if (flag == LA_SER_ORIG) {
    const char *slash = std::strrchr(name, '/');
    const char *file = slash ? slash + 1 : name;
    for (size_t i = 0; i < sizeof kRedirected / sizeof *kRedirected; ++i)
      if (g_paths[i][0] && std::strcmp(file, kRedirected[i]) == 0)
        return g_paths[i];
  }
  return const_cast<char *>(name);
}

__attribute__((visibility("default"))) unsigned la_objopen(link_map *map, Lmid_t space,
                                                           uintptr_t *) {
  if (space == LM_ID_BASE && map->l_name) {
    const char *slash = std::strrchr(map->l_name, '/');
    if (slash && std::strcmp(slash + 1, "libw2w-preload.so") == 0)
      g_scan = reinterpret_cast<void (*)()>(exported(map, "w2w_preload_scan"));
  }
  return 0; // no symbol bindings are reported to us
}

__attribute__((visibility("default"))) void la_preinit(uintptr_t *) {
  g_started = true;
}

__attribute__((visibility("default"))) void la_activity(uintptr_t *, unsigned flag) {
  // Before la_preinit the preload library's own constructor does it.
  if (flag == LA_ACT_CONSISTENT && g_started && g_scan)
    g_scan();
}
}
