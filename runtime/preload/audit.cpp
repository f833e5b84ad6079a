// libw2w-audit.so (LD_AUDIT; see rtld-audit(7)): sends libcuda.so.1 and libcudart.so.* to our
// libraries whatever RPATH or absolute path asks for them, and has the preload library look at
// objects that are mapped later, before their constructors run.
//
// The loader keeps auditors in a namespace of their own. A libc in there would be a second one in
// every process that inherits LD_AUDIT, which is half a millisecond each: so this file uses none,
// not even for strings.
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr const char kFiles[][20] = {"libcuda.so.1", "libcudart.so.11.0", "libcudart.so.12",
                                     "libcudart.so.13"};
constexpr size_t kFileCount = sizeof kFiles / sizeof *kFiles;

constexpr size_t kPathSize = 4200;
char g_paths[kFileCount][kPathSize]; // of our libraries; empty: there is no such file
void (*g_scan)() = nullptr;          // the preload library's
bool g_started = false;              // from now on we have new objects looked at

long system_call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 asm("r10") = d;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
               : "rcx", "r11", "memory");
  return result;
}

bool equal(const char *a, const char *b) {
  while (*a && *a == *b)
    ++a, ++b;
  return *a == *b;
}

/// What follows the last slash.
const char *file_of(const char *path) {
  const char *file = path;
  for (const char *c = path; *c; ++c)
    if (*c == '/')
      file = c + 1;
  return file;
}

/// Appends to a path; false if it does not fit.
bool append(char *path, size_t &length, const char *from, size_t size) {
  if (length + size >= kPathSize)
    return false;
  for (size_t i = 0; i < size; ++i)
    path[length++] = from[i];
  path[length] = 0;
  return true;
}

/// The folder of this library, with its slash, from the line of /proc/self/maps whose range holds
/// our own code. Returns its length, 0 if it was not found.
size_t own_folder(char *folder) {
  const long fd = system_call(SYS_openat, AT_FDCWD, reinterpret_cast<long>("/proc/self/maps"),
                              O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0)
    return 0;
  const auto own = reinterpret_cast<uintptr_t>(&own_folder);
  char buffer[4096];
  // One line at a time: "begin-end rights offset device inode   path".
  char path[kPathSize];
  size_t path_length = 0;
  uintptr_t range[2] = {0, 0};
  int field = 0; // 0 begin, 1 end, 2 the rest
  bool in_path = false;
  size_t found = 0;
  for (long n; !found && (n = system_call(SYS_read, fd, reinterpret_cast<long>(buffer),
                                          sizeof buffer, 0)) > 0;)
    for (long i = 0; i < n && !found; ++i) {
      const char c = buffer[i];
      if (c == '\n') {
        if (in_path && own >= range[0] && own < range[1])
          found = static_cast<size_t>(file_of(path) - path);
        range[0] = range[1] = 0;
        field = 0;
        in_path = false;
        path_length = 0;
      } else if (field < 2) {
        if (c == '-' || c == ' ')
          ++field;
        else
          range[field] =
              range[field] * 16 + static_cast<uintptr_t>(c <= '9' ? c - '0' : c - 'a' + 10);
      } else if (in_path || c == '/') {
        in_path = append(path, path_length, &c, 1);
      }
    }
  system_call(SYS_close, fd, 0, 0, 0);
  for (size_t i = 0; i < found; ++i)
    folder[i] = path[i];
  return found;
}

void set_up() {
  char folder[kPathSize];
  const size_t length = own_folder(folder);
  for (size_t i = 0; length && i < kFileCount; ++i) {
    size_t used = 0, file_length = 0;
    while (kFiles[i][file_length])
      ++file_length;
    if (!append(g_paths[i], used, folder, length) ||
        !append(g_paths[i], used, kFiles[i], file_length) ||
        system_call(SYS_faccessat, AT_FDCWD, reinterpret_cast<long>(g_paths[i]), R_OK, 0) != 0)
      g_paths[i][0] = 0;
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
    if ((chain[i - first] | 1) == (hash | 1) && equal(strings + symbols[i].st_name, name))
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
    const char *file = file_of(name);
    // Programs that ask for plain libcuda.so get the same library.
    if (equal(file, "libcuda.so"))
      file = kFiles[0];
    for (size_t i = 0; i < kFileCount; ++i)
      if (g_paths[i][0] && equal(file, kFiles[i]))
        return g_paths[i];
  }
  return const_cast<char *>(name);
}

__attribute__((visibility("default"))) unsigned la_objopen(link_map *map, Lmid_t space,
                                                           uintptr_t *) {
  if (space == LM_ID_BASE && map->l_name && equal(file_of(map->l_name), "libw2w-preload.so"))
    g_scan = reinterpret_cast<void (*)()>(exported(map, "w2w_preload_scan"));
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
