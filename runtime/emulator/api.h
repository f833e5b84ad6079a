// Shared by the api_*.cpp files, which are the hip* functions: argument checks, the calling
// thread's last error.
#pragma once

#include "runtime/emulator/device.h"
#include "runtime/hip/hip_abi.h"

#define W2W_HIP_EXPORT extern "C" __attribute__((visibility("default")))

// Every function of the list is declared here as it is in the list, so that a definition that
// differs does not compile.
namespace w2w::hip {
#define HIP_FUNCTION(presence, result, name, parameters) W2W_HIP_EXPORT result name parameters;
#include "runtime/hip/hip_functions.def"
#include "runtime/hip/hip_program_functions.def"
#undef HIP_FUNCTION
} // namespace w2w::hip

namespace w2w::emu {

/// Notes an error as the thread's last one (hipGetLastError) and returns it.
hipError_t note(hipError_t error);

/// What most functions start with: the platform and the thread's device, or the error to return (a
/// failed launch on the device included).
struct Call {
  Platform *platform = nullptr;
  Device *device = nullptr;
  hipError_t error = hip::hipSuccess;
  explicit operator bool() const { return error == hip::hipSuccess; }
};
Call begin_call();

/// A stream handle with the device it is on; error hipErrorInvalidHandle for a bad one.
struct StreamCall : Call {
  std::shared_ptr<Stream> stream;
};
StreamCall begin_call(hip::hipStream_t handle);

/// For calls that name a device, not necessarily the thread's; its failures do not matter.
Call begin_device(int index);

/// The kernel that a host function of a HIP program stands for, on the thread's device; a
/// hipFunction_t is taken as it is. hipErrorInvalidDeviceFunction if it is neither.
hipError_t function_of(const void *host, hip::hipFunction_t &out);

} // namespace w2w::emu

/// `return note(...)` shorthands: what an API function returns is the thread's last error.
#define W2W_BEGIN(call, ...)                                                                       \
  auto call = ::w2w::emu::begin_call(__VA_ARGS__);                                                 \
  if (!call)                                                                                       \
  return ::w2w::emu::note(call.error)
