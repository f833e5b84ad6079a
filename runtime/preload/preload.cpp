// libw2w-preload.so: initialised before every other library (-z initfirst), it looks at each mapped
// object once and redirects CUDA runtimes that were linked in statically. libw2w-audit.so calls it
// again for objects that come later.
#include "runtime/preload/patch.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace w2w::preload;

namespace {

bool g_verbose = false; // W2W_LOG=info or trace
char g_folder[4096];    // of this library, without the last slash

__attribute__((format(printf, 1, 2))) void say(const char *format, ...) {
  char line[8192];
  va_list args;
  va_start(args, format);
  int n = std::vsnprintf(line, sizeof line - 1, format, args);
  va_end(args);
  if (n < 0)
    return;
  size_t length =
      static_cast<size_t>(n) < sizeof line - 1 ? static_cast<size_t>(n) : sizeof line - 2;
  line[length++] = '\n';
  if (::write(STDERR_FILENO, line, length) < 0)
    return; // nowhere to complain
}

/// Objects already looked at: by where they are mapped and what they are called.
struct Seen {
  ElfW(Addr) base;
  const ElfW(Phdr) * headers;
  bool present; // in the current walk
};
Seen *g_seen = nullptr;
size_t g_seen_count = 0, g_seen_capacity = 0;

bool seen_before(const dl_phdr_info &info) {
  for (size_t i = 0; i < g_seen_count; ++i)
    if (g_seen[i].base == info.dlpi_addr && g_seen[i].headers == info.dlpi_phdr)
      return g_seen[i].present = true;
  if (g_seen_count == g_seen_capacity) {
    size_t capacity = g_seen_capacity ? g_seen_capacity * 2 : 64;
    auto *grown = static_cast<Seen *>(std::realloc(g_seen, capacity * sizeof(Seen)));
    if (!grown)
      return false;
    g_seen = grown;
    g_seen_capacity = capacity;
  }
  g_seen[g_seen_count++] = {info.dlpi_addr, info.dlpi_phdr, true};
  return false;
}

int look_at(dl_phdr_info *info, size_t, void *first) {
  // The main program comes first and has no name; whatever has no path (the vDSO) is no file.
  const bool main_program = *static_cast<bool *>(first);
  *static_cast<bool *>(first) = false;
  const char *path = main_program ? "/proc/self/exe" : info->dlpi_name;
  if (seen_before(*info) || !path || !std::strchr(path, '/'))
    return 0;
  Report r = patch_object(path, *info);
  const char *shown = path;
  char program[4096];
  if (main_program && r.finding != Finding::NoDeviceCode) {
    ssize_t n = ::readlink(path, program, sizeof program - 1);
    if (n > 0) {
      program[n] = 0;
      shown = program;
    }
  }
  switch (r.finding) {
  case Finding::NoDeviceCode:
  case Finding::DynamicRuntime:
    break;
  case Finding::Redirected:
    if (g_verbose)
      say("w2w: info: %s: redirected %u functions of the CUDA %d runtime linked into it%s", shown,
          r.redirected, r.major, r.no_room ? " (some had no room for a jump)" : "");
    break;
  case Finding::Stripped:
    say("w2w: error: %s has the CUDA runtime linked in statically and no symbol table, so it "
        "cannot "
        "be redirected; link it with `-cudart shared`, or do not strip it",
        shown);
    break;
  case Finding::Failed:
    say("w2w: error: %s: the CUDA runtime linked into it could not be redirected (no memory near "
        "it, "
        "or code may not be changed here); link it with `-cudart shared`",
        shown);
    break;
  }
  return 0;
}

void find_own_folder() {
  Dl_info self;
  if (!::dladdr(reinterpret_cast<void *>(&find_own_folder), &self) || !self.dli_fname)
    return;
  const char *slash = std::strrchr(self.dli_fname, '/');
  size_t length = slash ? static_cast<size_t>(slash - self.dli_fname) : 0;
  if (length == 0 || length >= sizeof g_folder)
    return;
  std::memcpy(g_folder, self.dli_fname, length);
  g_folder[length] = 0;
}

} // namespace

/// Looks at every object that is mapped and was not looked at before. Called by our constructor and
/// by the audit module.
extern "C" __attribute__((visibility("default"))) void w2w_preload_scan() {
  for (size_t i = 0; i < g_seen_count; ++i)
    g_seen[i].present = false;
  bool first = true;
  ::dl_iterate_phdr(look_at, &first);
  // Forget what is gone: another object may be mapped there later.
  size_t kept = 0;
  for (size_t i = 0; i < g_seen_count; ++i)
    if (g_seen[i].present)
      g_seen[kept++] = g_seen[i];
  g_seen_count = kept;
}

namespace w2w::preload {

void *resolve_runtime_function(int major, const char *name) {
  static void *libraries[3]; // 11, 12, 13; the loader itself serialises loading
  void *&library = libraries[major - 11];
  char path[4200];
  std::snprintf(path, sizeof path, "%s/libcudart.so.%s", g_folder,
                major == 11   ? "11.0"
                : major == 12 ? "12"
                              : "13");
  if (!library)
    library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void *function = library ? ::dlsym(library, name) : nullptr;
  if (!function) {
    const char *why = ::dlerror();
    say("w2w: error: %s; the libraries of warp2wave must lie together in one folder",
        why ? why : path);
    ::_exit(127);
  }
  return function;
}

} // namespace w2w::preload

namespace {

/// The environment comes as an argument: libc's own copy may not be set up yet.
__attribute__((constructor)) void start(int, char **, char **environment) {
  for (char **e = environment; e && *e; ++e)
    if (std::strncmp(*e, "W2W_LOG=", 8) == 0)
      g_verbose = std::strcmp(*e + 8, "info") == 0 || std::strcmp(*e + 8, "trace") == 0;
  find_own_folder();
  w2w_preload_scan();
}

} // namespace
