// The one device interface: HIP's module API, found at run time. A loaded library is a table of
// function pointers made from hip_functions.def: ROCm's libamdhip64 or our emulator, which exports
// the same functions.
#pragma once

#include "runtime/hip/hip_abi.h"
#include "runtime/support/result.h"

#include <string>
#include <string_view>

namespace w2w::hip {

/// The functions of one HIP library. Those marked `optional` in hip_functions.def may be null;
/// whoever calls one of them states the fallback there.
struct Api {
#define HIP_FUNCTION(presence, type, name, parameters) type(*name) parameters = nullptr;
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION

  bool emulator = false;
  std::string path;        // the library that was loaded
  int runtime_version = 0; // hipRuntimeGetVersion: 50200000 is 5.2
};

enum class Backend { Auto, Hip, Emulator };

/// W2W_DEVICE: auto, hip, emulator or emulator:gfxNNN.
struct DeviceChoice {
  Backend backend = Backend::Auto;
  std::string model; // the emulator's model; empty: its default
};

/// Reads W2W_DEVICE's syntax. `nvidia` is refused by name.
Result<DeviceChoice> parse_device_choice(std::string_view text);

/// Opens one library and fills the table; the error names the library and what is missing from it.
Result<Api> open_library(const std::string &path, bool emulator);

/// The library this process uses, chosen by W2W_DEVICE on the first call: HIP if it has a device,
/// else the emulator, said once at log level info. Errors are remembered.
const Result<const Api *> &library();

/// What everything above library() uses once it has succeeded (cuInit): the table itself.
const Api &api();

/// hipDeviceProp as the newest layout, whichever the library offers (R0600, else R0000, else
/// plain). gcnArchName is always set.
Result<hipDeviceProp_tR0600> device_properties(const Api &api, int device);

/// "hipMalloc: out of memory (2)".
std::string describe(const Api &api, std::string_view function, hipError_t error);

} // namespace w2w::hip
