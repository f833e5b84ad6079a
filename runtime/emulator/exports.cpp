// Holds on to every function of the lists: the static library's objects with the hip* functions
// become part of the shared library because of this table, and a function that is listed but not
// written is a link error.
#include "runtime/emulator/api.h"

namespace w2w::emu {

extern const void *const kExports[];
__attribute__((used)) const void *const kExports[] = {
#define HIP_FUNCTION(presence, result, name, parameters) reinterpret_cast<const void *>(&hip::name),
#include "runtime/hip/hip_functions.def"
#include "runtime/hip/hip_program_functions.def"
#undef HIP_FUNCTION
};

} // namespace w2w::emu
