// cudaGetDeviceProperties and cudaChooseDevice, for the three layouts of cudaDeviceProp.
#include "runtime/cudart/core.h"

#include <cstring>

namespace {

template <class T, int N, int Id>
CUresult fill(Slot<T, N, true, Id> &slot, CUdevice_attribute first, CUdevice device) {
  for (int i = 0; i < N; ++i) {
    int value = 0;
    if (CUresult r =
            cuDeviceGetAttribute(&value, static_cast<CUdevice_attribute>(first + i), device))
      return r;
    slot.v[i] = static_cast<T>(value);
  }
  return CUDA_SUCCESS;
}
template <class T, int N, int Id>
CUresult fill(Slot<T, N, false, Id> &, CUdevice_attribute, CUdevice) {
  return CUDA_SUCCESS;
}

template <int Version> cudaError_t properties(cudaDeviceProp<Version> *p, int device) {
  if (!p)
    return record(cudaErrorInvalidValue);
  return initialised([=]() -> CUresult {
    std::memset(static_cast<void *>(p), 0, sizeof *p);
    if (CUresult r = cuDeviceGetName(p->name.v, sizeof p->name.v, device))
      return r;
    if (CUresult r = cuDeviceGetUuid_v2(p->uuid.v, device))
      return r;
    if (CUresult r = cuDeviceTotalMem_v2(p->totalGlobalMem.v, device))
      return r;
    // Only Windows has LUIDs; elsewhere they stay zero.
    CUresult r = CUDA_SUCCESS;
#define W2W_PROPERTY_OTHER(type, name, elements, first, last)
#define W2W_PROPERTY(type, name, elements, first, last, attribute)                                 \
  if (r == CUDA_SUCCESS)                                                                           \
    r = fill(p->name, attribute, device);
#include "runtime/cudart/properties.def"
#undef W2W_PROPERTY
#undef W2W_PROPERTY_OTHER
    return r;
  });
}

/// The first device that has the compute capability and the memory asked for, or most of these.
template <int Version> cudaError_t choose(int *device, const cudaDeviceProp<Version> *wanted) {
  if (!device || !wanted)
    return record(cudaErrorInvalidValue);
  int count = 0;
  if (cudaError_t e = initialised([&] { return cuDeviceGetCount(&count); }))
    return e;
  long best = -1;
  for (int d = 0; d < count; ++d) {
    cudaDeviceProp<Version> p;
    if (cudaError_t e = properties(&p, d))
      return e;
    auto capability = [](const cudaDeviceProp<Version> &q) {
      return q.major.v[0] * 10 + q.minor.v[0];
    };
    long score = (capability(p) >= capability(*wanted)) +
                 (p.totalGlobalMem.v[0] >= wanted->totalGlobalMem.v[0]);
    if (score > best) {
      best = score;
      *device = d;
    }
  }
  return best < 0 ? record(cudaErrorNoDevice) : cudaSuccess;
}

} // namespace

W2W_RT w2wrt_cudaGetDeviceProperties_11(cudaDeviceProp<11> *p, int d) {
  return properties(p, d);
}
W2W_RT w2wrt_cudaGetDeviceProperties_12(cudaDeviceProp<12> *p, int d) {
  return properties(p, d);
}
W2W_RT w2wrt_cudaGetDeviceProperties_13(cudaDeviceProp<13> *p, int d) {
  return properties(p, d);
}
W2W_RT w2wrt_cudaChooseDevice_11(int *d, const cudaDeviceProp<11> *p) {
  return choose(d, p);
}
W2W_RT w2wrt_cudaChooseDevice_12(int *d, const cudaDeviceProp<12> *p) {
  return choose(d, p);
}
W2W_RT w2wrt_cudaChooseDevice_13(int *d, const cudaDeviceProp<13> *p) {
  return choose(d, p);
}
