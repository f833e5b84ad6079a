// Error names, texts and mappings; cuInit, versions, entry points by name.
#include "runtime/cuda/entry_points.h"
#include "runtime/cuda/state.h"

#include <algorithm>
#include <cstring>

namespace w2w::cuda {
namespace {

struct ErrorInfo {
  int value;
  const char *name;
  std::string text;
};

/// Texts that programs print most; the others are made from the name ("CUDA_ERROR_NOT_PERMITTED" ->
/// "not permitted").
struct ErrorText {
  CUresult value;
  const char *text;
};
constexpr ErrorText kTexts[] = {
    {CUDA_SUCCESS, "no error"},
    {CUDA_ERROR_INVALID_VALUE, "invalid argument"},
    {CUDA_ERROR_NOT_INITIALIZED, "initialization error"},
    {CUDA_ERROR_DEINITIALIZED, "driver shutting down"},
    {CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "no kernel image is available for execution on the device"},
    {CUDA_ERROR_INVALID_PTX, "a PTX JIT compilation failed"},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "the PTX was made with an unsupported toolchain"},
    {CUDA_ERROR_JIT_COMPILER_NOT_FOUND, "PTX JIT compiler not found"},
    {CUDA_ERROR_INVALID_SOURCE, "device kernel image is invalid"},
    {CUDA_ERROR_FILE_NOT_FOUND, "file not found"},
    {CUDA_ERROR_INVALID_HANDLE, "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "device not ready"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_TIMEOUT, "the launch timed out and was terminated"},
    {CUDA_ERROR_ASSERT, "device-side assert triggered"},
    {CUDA_ERROR_ILLEGAL_INSTRUCTION, "an illegal instruction was encountered"},
    {CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address"},
    {CUDA_ERROR_INVALID_PC, "invalid program counter"},
    {CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure"},
    {CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "too many blocks in cooperative launch"},
    {CUDA_ERROR_NOT_PERMITTED, "operation not permitted"},
    {CUDA_ERROR_NOT_SUPPORTED, "operation not supported"},
    {CUDA_ERROR_UNKNOWN, "unknown error"},
};

std::string text_of(int value, std::string_view name) {
  for (const ErrorText &t : kTexts)
    if (t.value == value)
      return t.text;
  std::string text;
  for (char c : name.substr(std::string_view("CUDA_ERROR_").size()))
    text += c == '_' ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

/// All members of CUresult, sorted by value.
const std::vector<ErrorInfo> &errors() {
  static const auto *list = [] {
    auto *all = new std::vector<ErrorInfo>;
#define W2W_CUDA_ENUM(type, tag) if constexpr (std::string_view(#type) == "CUresult") {
#define W2W_CUDA_VALUE(name, value) all->push_back({static_cast<int>(value), #name, {}});
#define W2W_CUDA_END(type) }
#include "runtime/cuda/cuda_enums.def"
#undef W2W_CUDA_ENUM
#undef W2W_CUDA_VALUE
#undef W2W_CUDA_END
    for (ErrorInfo &e : *all)
      e.text = text_of(e.value, e.name);
    std::sort(all->begin(), all->end(),
              [](const ErrorInfo &a, const ErrorInfo &b) { return a.value < b.value; });
    return all;
  }();
  return *list;
}

const ErrorInfo *find_error(int value) {
  auto it = std::lower_bound(errors().begin(), errors().end(), value,
                             [](const ErrorInfo &e, int v) { return e.value < v; });
  return it != errors().end() && it->value == value ? &*it : nullptr;
}

bool kills_context(CUresult result) {
  switch (result) {
  case CUDA_ERROR_ILLEGAL_ADDRESS:
  case CUDA_ERROR_LAUNCH_TIMEOUT:
  case CUDA_ERROR_ASSERT:
  case CUDA_ERROR_HARDWARE_STACK_ERROR:
  case CUDA_ERROR_ILLEGAL_INSTRUCTION:
  case CUDA_ERROR_MISALIGNED_ADDRESS:
  case CUDA_ERROR_INVALID_ADDRESS_SPACE:
  case CUDA_ERROR_INVALID_PC:
  case CUDA_ERROR_LAUNCH_FAILED:
    return true;
  default:
    return false;
  }
}

} // namespace

CUresult to_cuda(hip::hipError_t error) {
  // HIP took over CUDA's driver error numbers; those below 100 that differ are named here.
  switch (static_cast<unsigned>(error)) {
  case hip::hipErrorInvalidConfiguration:
  case hip::hipErrorInvalidPitchValue:
  case hip::hipErrorInvalidSymbol:
  case hip::hipErrorInvalidDevicePointer:
  case hip::hipErrorInvalidMemcpyDirection:
    return CUDA_ERROR_INVALID_VALUE;
  case hip::hipErrorInvalidDeviceFunction:
    return CUDA_ERROR_INVALID_HANDLE;
  case hip::hipErrorPriorLaunchFailure:
    return CUDA_ERROR_LAUNCH_FAILED;
  default:
    break;
  }
  if (find_error(static_cast<int>(error)))
    return static_cast<CUresult>(error);
  return CUDA_ERROR_UNKNOWN;
}

CUresult to_cuda(hip::hipError_t error, Context &context) {
  CUresult result = to_cuda(error);
  if (kills_context(result)) {
    int none = 0;
    context.sticky.compare_exchange_strong(none, result);
    context.device_failed = true;
  }
  return result;
}

CUresult to_cuda(const jit::Failure &failure) {
  switch (failure.kind) {
  case jit::FailureKind::DamagedImage:
    return CUDA_ERROR_INVALID_IMAGE;
  case jit::FailureKind::NoCodeForDevice:
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  case jit::FailureKind::BadPtx:
  case jit::FailureKind::Compiler:
    return CUDA_ERROR_INVALID_PTX;
  case jit::FailureKind::NotFound:
    return CUDA_ERROR_NOT_FOUND;
  case jit::FailureKind::NotSupported:
    return CUDA_ERROR_NOT_SUPPORTED;
  case jit::FailureKind::OutOfMemory:
    return CUDA_ERROR_OUT_OF_MEMORY;
  case jit::FailureKind::Device:
    return to_cuda(static_cast<hip::hipError_t>(failure.hip_error));
  }
  return CUDA_ERROR_UNKNOWN;
}

CUresult fail(CUresult result, std::string_view message) {
  log_text(LogLevel::Error, message);
  return result;
}

CUresult not_supported(const char *name, const char *reason) {
  log_text_once(
      LogLevel::Error, std::string("not supported: ") + name + (reason ? reason : ""),
      fmt::format("{} is not supported{}{}", name, reason ? ": " : "", reason ? reason : ""));
  return CUDA_ERROR_NOT_SUPPORTED;
}

int not_supported_entry(const char *symbol) {
  return not_supported(symbol);
}

} // namespace w2w::cuda

using namespace w2w::cuda;

CUresult cuGetErrorName(CUresult error, const char **str) {
  if (!str)
    return CUDA_ERROR_INVALID_VALUE;
  const auto *info = find_error(error);
  *str = info ? info->name : nullptr;
  return info ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **str) {
  if (!str)
    return CUDA_ERROR_INVALID_VALUE;
  const auto *info = find_error(error);
  *str = info ? info->text.c_str() : nullptr;
  return info ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuInit(unsigned int flags) {
  if (flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  return initialise();
}

CUresult cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = W2W_CUDA_VERSION;
  return CUDA_SUCCESS;
}

CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int version, cuuint64_t flags,
                             CUdriverProcAddressQueryResult *status) {
  if (!symbol || !pfn || flags > CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM ||
      version > W2W_CUDA_VERSION)
    return CUDA_ERROR_INVALID_VALUE;
  *pfn = nullptr;
  Lookup found = find_entry_point(symbol, version,
                                  flags == CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, *pfn);
  if (status)
    *status = found == Lookup::Found         ? CU_GET_PROC_ADDRESS_SUCCESS
              : found == Lookup::UnknownName ? CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND
                                             : CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
  if (found == Lookup::Found)
    return CUDA_SUCCESS;
  w2w::log_info("cuGetProcAddress: {} (version {}) not found", symbol, version);
  // With a status the call itself succeeds, and the caller looks there.
  return status ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuGetProcAddress(const char *symbol, void **pfn, int version, cuuint64_t flags) {
  return cuGetProcAddress_v2(symbol, pfn, version, flags, nullptr);
}

CUresult cuGetExportTable(const void **table, const CUuuid *id) {
  if (!table || !id)
    return CUDA_ERROR_INVALID_VALUE;
  *table = nullptr;
  return not_supported("cuGetExportTable", "NVIDIA's private tables; use our libcudart (w2w run)");
}

CUresult cuProfilerStart(void) {
  W2W_ENTER(cuProfilerStart);
  return CUDA_SUCCESS;
}

CUresult cuProfilerStop(void) {
  W2W_ENTER(cuProfilerStop);
  return CUDA_SUCCESS;
}
