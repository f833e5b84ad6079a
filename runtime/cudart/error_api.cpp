// Errors, versions, entry points, and the functions that are not implemented.
#include "runtime/cudart/core.h"

#include "runtime/support/log.h"

namespace {

struct ErrorText {
  int value;
  const char *name, *text;
};

constexpr ErrorText kErrors[] = {
#define W2W_RT_ERROR(name, value, text) {value, #name, text},
#include "runtime/cudart/errors.def"
#undef W2W_RT_ERROR
};

const ErrorText *find_error(cudaError_t e) {
  for (const ErrorText &t : kErrors)
    if (t.value == e)
      return &t;
  return nullptr;
}

/// cudaRuntimeGetVersion: the newest release of each line whose interface we have.
int runtime_version() {
  return w2wrt_abi == 11 ? 11080 : w2wrt_abi == 12 ? 12090 : 13000;
}

} // namespace

/// Every name that has no implementation arrives here with its own name.
W2W_RT w2wrt_unsupported(const char *name) {
  w2w::log_text_once(
      w2w::LogLevel::Error, name,
      fmt::format("{} is not supported by warp2wave; it returns cudaErrorNotSupported", name));
  return record(cudaErrorNotSupported);
}

W2W_RT w2wrt_cudaGetLastError() {
  return last_error(true);
}
W2W_RT w2wrt_cudaPeekAtLastError() {
  return last_error(false);
}

W2W_RT_RETURNING(const char *) w2wrt_cudaGetErrorName(cudaError_t e) {
  const ErrorText *t = find_error(e);
  return t ? t->name : "unrecognized error code";
}

W2W_RT_RETURNING(const char *) w2wrt_cudaGetErrorString(cudaError_t e) {
  const ErrorText *t = find_error(e);
  return t ? t->text : "unrecognized error code";
}

W2W_RT w2wrt_cudaDriverGetVersion(int *version) {
  if (!version)
    return record(cudaErrorInvalidValue);
  return record(to_error(cuDriverGetVersion(version)));
}

W2W_RT w2wrt_cudaRuntimeGetVersion(int *version) {
  if (!version)
    return record(cudaErrorInvalidValue);
  *version = runtime_version();
  return cudaSuccess;
}

namespace {

/// `status` may be null. Flags: 0 default, 1 legacy, 2 per-thread default stream.
cudaError_t entry_point(const char *symbol, void **function, int version, unsigned long long flags,
                        int *status, bool per_thread) {
  if (!symbol || !function || flags > 2)
    return record(cudaErrorInvalidValue);
  *function = nullptr;
  CUdriverProcAddressQueryResult found = CU_GET_PROC_ADDRESS_SUCCESS;
  CUresult r =
      cuGetProcAddress_v2(symbol, function, version, flags == 0 && per_thread ? 2 : flags, &found);
  if (status) {
    *status = static_cast<int>(found);
    if (found != CU_GET_PROC_ADDRESS_SUCCESS)
      return cudaSuccess; // the caller asked to be told that way
  }
  return record(to_error(r));
}

} // namespace

W2W_RT w2wrt_cudaGetDriverEntryPoint(const char *symbol, void **function, unsigned long long flags,
                                     int *status) {
  return entry_point(symbol, function, runtime_version(), flags, status, false);
}
W2W_RT w2wrt_cudaGetDriverEntryPoint_ptsz(const char *symbol, void **function,
                                          unsigned long long flags, int *status) {
  return entry_point(symbol, function, runtime_version(), flags, status, true);
}
W2W_RT w2wrt_cudaGetDriverEntryPoint_11(const char *symbol, void **function,
                                        unsigned long long flags) {
  return entry_point(symbol, function, runtime_version(), flags, nullptr, false);
}
W2W_RT w2wrt_cudaGetDriverEntryPoint_11_ptsz(const char *symbol, void **function,
                                             unsigned long long flags) {
  return entry_point(symbol, function, runtime_version(), flags, nullptr, true);
}
W2W_RT w2wrt_cudaGetDriverEntryPointByVersion(const char *symbol, void **function, unsigned version,
                                              unsigned long long flags, int *status) {
  return entry_point(symbol, function, static_cast<int>(version), flags, status, false);
}
W2W_RT w2wrt_cudaGetDriverEntryPointByVersion_ptsz(const char *symbol, void **function,
                                                   unsigned version, unsigned long long flags,
                                                   int *status) {
  return entry_point(symbol, function, static_cast<int>(version), flags, status, true);
}

/// A private function of NVIDIA's runtime; there it does nothing but return 0.
W2W_RT w2wrt___cudaGetProcAddress() {
  return cudaSuccess;
}

W2W_RT w2wrt_cudaProfilerStart() {
  return in_context([] { return cuProfilerStart(); });
}
W2W_RT w2wrt_cudaProfilerStop() {
  return in_context([] { return cuProfilerStop(); });
}
