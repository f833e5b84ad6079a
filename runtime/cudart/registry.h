// Device code, kernels and variables that the program's constructors registered, found by their
// host addresses.
#pragma once

#include "runtime/cudart/core.h"

namespace w2w::rt {

/// The kernel behind what a launch or query names: a registered host function, the handle
/// __cudaGetKernel gave out, or a kernel handle of the driver API. Loads the module on first use.
/// cudaErrorInvalidDeviceFunction if there is none.
cudaError_t find_kernel(const void *function, CUkernel &kernel);

/// The host function by which the program names a kernel; the kernel itself if there is none.
void *name_of_kernel(CUkernel kernel);

/// The device variable registered for a host address, with its exact size. Loads the module on
/// first use. cudaErrorInvalidSymbol if there is none.
cudaError_t find_variable(const void *symbol, CUdeviceptr &address, size_t &size);

/// Kernels got through the driver's handles (cudaLibraryGetKernel): usable wherever a function is
/// named.
void remember_kernel(CUkernel kernel);

} // namespace w2w::rt
