// Contexts, as HIP programs written after CUDA's driver API use them: each device has one, which
// always exists, and making it current is hipSetDevice.
#include "runtime/emulator/api.h"

#include <vector>

using namespace w2w::emu;
using namespace w2w::hip;

namespace {

/// The thread's stack; the top is the current one, if the thread has pushed any.
thread_local std::vector<int> g_stack;

hipCtx_t handle_of(Device *device) {
  return reinterpret_cast<hipCtx_t>(device);
}

/// The device that a handle stands for; null if it is none.
Device *device_of(hipCtx_t context) {
  if (Platform *platform = Platform::get())
    for (const auto &device : platform->devices)
      if (handle_of(device.get()) == context)
        return device.get();
  return nullptr;
}

void push_context(int device) {
  g_stack.push_back(device);
  Platform::current_index = device;
}

void pop_context() {
  g_stack.pop_back();
  if (!g_stack.empty())
    Platform::current_index = g_stack.back();
}

} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxCreate(hipCtx_t *context, unsigned flags,
                                                 hipDevice_t device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!context || flags & ~(kDeviceScheduleMask | kDeviceMapHost | 0x10))
    return note(hipErrorInvalidValue);
  *context = handle_of(call.device);
  push_context(device);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxDestroy(hipCtx_t context) {
  Device *device = device_of(context);
  if (!device)
    return note(hipErrorInvalidValue);
  if (!g_stack.empty() && g_stack.back() == device->index)
    pop_context();
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxPushCurrent(hipCtx_t context) {
  Device *device = device_of(context);
  if (!device)
    return note(hipErrorInvalidContext);
  push_context(device->index);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxPopCurrent(hipCtx_t *context) {
  if (g_stack.empty())
    return note(hipErrorInvalidContext);
  if (context)
    *context = handle_of(Platform::get()->device(g_stack.back()));
  pop_context();
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxSetCurrent(hipCtx_t context) {
  if (!context) {
    if (!g_stack.empty())
      pop_context();
    return hipSuccess;
  }
  Device *device = device_of(context);
  if (!device)
    return note(hipErrorInvalidContext);
  if (!g_stack.empty())
    g_stack.pop_back();
  push_context(device->index);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxGetCurrent(hipCtx_t *context) {
  if (!context)
    return note(hipErrorInvalidValue);
  auto call = begin_device(Platform::current_index);
  if (!call)
    return note(call.error);
  *context = handle_of(call.device);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxGetDevice(hipDevice_t *device) {
  return hipGetDevice(device);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxGetFlags(unsigned *flags) {
  return hipGetDeviceFlags(flags);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipCtxSynchronize(void) {
  return hipDeviceSynchronize();
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDevicePrimaryCtxRetain(hipCtx_t *context,
                                                              hipDevice_t device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!context)
    return note(hipErrorInvalidValue);
  *context = handle_of(call.device);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDevicePrimaryCtxRelease(hipDevice_t device) {
  return note(begin_device(device).error); // it always exists
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDevicePrimaryCtxGetState(hipDevice_t device, unsigned *flags,
                                                                int *active) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!flags || !active)
    return note(hipErrorInvalidValue);
  *flags = 0;
  *active = device == Platform::current_index;
  return hipSuccess;
}
