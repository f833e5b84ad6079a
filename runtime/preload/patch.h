// Redirects the CUDA runtime functions that were linked statically into a mapped object.
#pragma once

#include <cstdint>
#include <link.h>

namespace w2w::preload {

/// What was found in an object.
enum class Finding : uint8_t {
  NoDeviceCode,   // not a CUDA object: left alone
  DynamicRuntime, // uses a shared libcudart: the loader does the rest
  Redirected,     // the static runtime's functions now lead to ours
  Stripped,       // static runtime without a symbol table: cannot be served
  Failed          // should have been redirected, but memory could not be changed
};

struct Report {
  Finding finding = Finding::NoDeviceCode;
  unsigned redirected = 0; // functions
  unsigned no_room = 0;    // functions too short for a jump
  int major = 0;           // version of the runtime that is linked in
};

/// Looks at the object `path`, mapped at `info`, and redirects what it holds. Calls into it must
/// not have begun.
Report patch_object(const char *path, const dl_phdr_info &info);

/// Loads our libcudart for a runtime version on first use and returns the function's address there.
/// Ends the process with a message if that is impossible, as the loader does when a library is
/// missing.
void *resolve_runtime_function(int major, const char *name);

} // namespace w2w::preload
