#include "runtime/cudart/core.h"

#include <mutex>
#include <vector>

namespace w2w::rt {
namespace {

thread_local cudaError_t t_last_error = cudaSuccess;
thread_local int t_device = -1; // given to cudaSetDevice; -1: none yet

struct PrimaryContexts {
  std::mutex mutex;
  std::vector<CUcontext> of_device; // null: not retained by us
};

/// Never destroyed: programs call the runtime from destructors of their own.
PrimaryContexts &primary_contexts() {
  static auto *p = new PrimaryContexts;
  return *p;
}

/// Errors after which the device can't be used until it is reset (CUDA Runtime API, cudaError_t:
/// "the process must be terminated and relaunched").
bool is_sticky(cudaError_t e) {
  return e == cudaErrorIllegalAddress || e == cudaErrorLaunchTimeout || e == cudaErrorAssert ||
         (e >= cudaErrorHardwareStackError && e <= cudaErrorLaunchFailure) ||
         e == cudaErrorECCUncorrectable;
}

} // namespace

cudaError_t to_error(CUresult r) {
  switch (r) {
  case CUDA_ERROR_CONTEXT_ALREADY_CURRENT: // no runtime counterpart
    return cudaErrorUnknown;
  default:
    return static_cast<cudaError_t>(r);
  }
}

cudaError_t record(cudaError_t e) {
  if (e != cudaSuccess)
    t_last_error = e;
  return e;
}

cudaError_t last_error(bool clear) {
  cudaError_t e = t_last_error;
  if (clear && !is_sticky(e))
    t_last_error = cudaSuccess;
  return e;
}

void forget_errors() {
  t_last_error = cudaSuccess;
}

cudaError_t initialise() {
  static const CUresult result = cuInit(0);
  return to_error(result);
}

cudaError_t primary_context(int device, CUcontext &context) {
  int count = 0;
  if (cudaError_t e = initialise())
    return e;
  if (CUresult r = cuDeviceGetCount(&count))
    return to_error(r);
  if (device < 0 || device >= count)
    return cudaErrorInvalidDevice;
  PrimaryContexts &p = primary_contexts();
  std::lock_guard lock(p.mutex);
  if (p.of_device.size() < static_cast<size_t>(count))
    p.of_device.resize(static_cast<size_t>(count));
  CUcontext &held = p.of_device[static_cast<size_t>(device)];
  if (!held)
    if (CUresult r = cuDevicePrimaryCtxRetain(&held, device)) {
      held = nullptr;
      return to_error(r);
    }
  context = held;
  return cudaSuccess;
}

void forget_primary_context(int device) {
  PrimaryContexts &p = primary_contexts();
  std::lock_guard lock(p.mutex);
  if (static_cast<size_t>(device) < p.of_device.size())
    p.of_device[static_cast<size_t>(device)] = nullptr;
}

cudaError_t set_device(int device) {
  CUcontext context = nullptr;
  if (cudaError_t e = primary_context(device, context))
    return e;
  if (CUresult r = cuCtxSetCurrent(context))
    return to_error(r);
  t_device = device;
  return cudaSuccess;
}

cudaError_t enter() {
  if (cudaError_t e = initialise())
    return e;
  CUcontext context = nullptr;
  if (CUresult r = cuCtxGetCurrent(&context))
    return to_error(r);
  if (context)
    return cudaSuccess;
  return set_device(t_device < 0 ? 0 : t_device);
}

cudaError_t current_device(int &device) {
  if (cudaError_t e = initialise())
    return e;
  CUcontext context = nullptr;
  if (CUresult r = cuCtxGetCurrent(&context))
    return to_error(r);
  if (context)
    return to_error(cuCtxGetDevice(&device));
  device = t_device < 0 ? 0 : t_device;
  return cudaSuccess;
}

} // namespace w2w::rt
