// What every part of the runtime library stands on: initialisation, the current context, errors.
#pragma once

#include "runtime/cudart/cudart_abi.h"

#include "runtime/cuda/cuda_api.h"

#include <utility>

/// An implementation that functions.def names; shim.S exports it.
#define W2W_RT extern "C" __attribute__((visibility("hidden"))) cudaError_t
#define W2W_RT_RETURNING(type) extern "C" __attribute__((visibility("hidden"))) type

/// 11, 12 or 13: the library this core is linked into.
extern "C" __attribute__((visibility("hidden"))) const int w2wrt_abi;

namespace w2w::rt {

/// The runtime's error for a driver's result: equal numbers, but for a few.
cudaError_t to_error(CUresult r);
inline cudaError_t to_error(cudaError_t e) {
  return e;
}

/// Remembers an error as the calling thread's last one (success changes nothing); returns it.
cudaError_t record(cudaError_t e);

/// The calling thread's last error; `clear` forgets it unless the device is unusable since (a
/// "sticky" error).
cudaError_t last_error(bool clear);
/// Forgets every error: cudaDeviceReset.
void forget_errors();

/// Initialises the driver, once in the process.
cudaError_t initialise();

/// Makes sure that the calling thread has a current context: the one it made current itself through
/// the driver API, else the primary context of its current device.
cudaError_t enter();

/// The calling thread's current device: that of its current context, else the one given to
/// cudaSetDevice, else 0.
cudaError_t current_device(int &device);
/// Makes `device` and its primary context current for the calling thread.
cudaError_t set_device(int device);
/// The primary context of a device, retained once by this library until reset.
cudaError_t primary_context(int device, CUcontext &context);
/// Lets go of the device's primary context after it was reset.
void forget_primary_context(int device);

/// Runs `call` with a current context; its error becomes the thread's last one.
template <class Call> cudaError_t in_context(Call call) {
  if (cudaError_t e = enter())
    return record(e);
  return record(to_error(call()));
}

/// The same with nothing but an initialised driver.
template <class Call> cudaError_t initialised(Call call) {
  if (cudaError_t e = initialise())
    return record(e);
  return record(to_error(call()));
}

inline CUdeviceptr device_pointer(const void *p) {
  return reinterpret_cast<CUdeviceptr>(p);
}

} // namespace w2w::rt

using namespace w2w::rt; // the implementations are C functions outside any namespace
