#include "runtime/hip/loader.h"

#include "runtime/support/files.h"
#include "runtime/support/log.h"
#include "runtime/support/options.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

namespace w2w::hip {
namespace {

constexpr std::string_view kEmulatorName = "libw2w-hipemu.so";

enum class Presence { always, optional };

/// Sonames of ROCm's library: versions 7, 6 and 5 share what hip_functions.def lists.
constexpr const char *kRocmNames[] = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
                                      "libamdhip64.so"};

Result<Api> open_rocm() {
  if (std::optional<std::string> path = option("hip"))
    return open_library(*path, false);
  std::string reasons;
  for (const char *name : kRocmNames) {
    Result<Api> api = open_library(name, false);
    if (api)
      return api;
    reasons += (reasons.empty() ? "" : "; ") + api.error();
  }
  return Error{reasons};
}

Result<Api> open_emulator() {
  std::string folder = folder_of_code(reinterpret_cast<const void *>(&parse_device_choice));
  std::string path = fmt::format("{}/{}", folder, kEmulatorName);
  // Tests and tools lie in a folder beside lib/.
  if (::access(path.c_str(), R_OK) != 0)
    path = fmt::format("{}/../lib/{}", folder, kEmulatorName);
  return open_library(path, true);
}

int device_count(const Api &api) {
  int count = 0;
  return api.hipGetDeviceCount(&count) == hipSuccess ? count : 0;
}

Result<const Api *> choose() {
  const char *text = std::getenv("W2W_DEVICE");
  Result<DeviceChoice> choice = parse_device_choice(text ? text : "auto");
  if (!choice)
    return Error{choice.error()};
  if (choice->backend != Backend::Emulator) {
    Result<Api> rocm = open_rocm();
    int count = rocm ? device_count(*rocm) : 0;
    if (count > 0) {
      log_info("{} device(s) through {}", count, rocm->path);
      return const_cast<const Api *>(new Api(*rocm));
    }
    std::string reason = rocm ? fmt::format("{} finds no device", rocm->path) : rocm.error();
    if (choice->backend == Backend::Hip)
      return Error{fmt::format("W2W_DEVICE=hip: no AMD GPU can be used: {}", reason)};
    log_info("no AMD GPU ({}): using the emulator (W2W_DEVICE=hip forbids that)", reason);
  }
  Result<Api> emulator = open_emulator();
  if (!emulator)
    return Error{fmt::format("no AMD GPU and no emulator: {}", emulator.error())};
  if (device_count(*emulator) == 0)
    return Error{fmt::format("the emulator {} has no device; is W2W_DEVICE={} a model it knows?",
                             emulator->path, text ? text : "auto")};
  log_info("device: emulator {}", choice->model.empty() ? "(default model)" : choice->model);
  return const_cast<const Api *>(new Api(*emulator));
}

} // namespace

Result<DeviceChoice> parse_device_choice(std::string_view text) {
  DeviceChoice choice;
  if (text.empty() || text == "auto")
    return choice;
  if (text == "hip") {
    choice.backend = Backend::Hip;
    return choice;
  }
  if (text == "emulator") {
    choice.backend = Backend::Emulator;
    return choice;
  }
  constexpr std::string_view kPrefix = "emulator:";
  if (text.starts_with(kPrefix) && text.size() > kPrefix.size()) {
    choice.backend = Backend::Emulator;
    choice.model = text.substr(kPrefix.size());
    return choice;
  }
  if (text == "nvidia")
    return Error{"W2W_DEVICE=nvidia is not supported: run the program without warp2wave"};
  return Error{fmt::format("W2W_DEVICE={}: use auto, hip, emulator or emulator:gfxNNN", text)};
}

Result<Api> open_library(const std::string &path, bool emulator) {
  // RTLD_LOCAL: an application that uses HIP itself must not get our emulator's functions.
  void *handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = ::dlerror();
    return Error{reason ? reason : "cannot load " + path};
  }
  Api api;
  api.emulator = emulator;
  api.path = path;
  std::string missing;
  auto find = [&](Presence presence, const char *name) {
    void *symbol = ::dlsym(handle, name);
    if (!symbol && presence == Presence::always)
      missing += (missing.empty() ? "" : ", ") + std::string(name);
    return symbol;
  };
#define HIP_FUNCTION(presence, type, name, parameters)                                             \
  api.name = reinterpret_cast<type(*) parameters>(find(Presence::presence, #name));
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION
  if (!missing.empty()) {
    ::dlclose(handle);
    return Error{fmt::format("{} lacks {}: HIP 5.2 or newer is needed", path, missing)};
  }
  if (api.hipRuntimeGetVersion(&api.runtime_version) != hipSuccess)
    api.runtime_version = 0;
  return api;
}

const Result<const Api *> &library() {
  // Never destroyed: streams and modules may be used from destructors at exit.
  static const auto *chosen = new Result<const Api *>(choose());
  return *chosen;
}

const Api &api() {
  return **library();
}

Result<hipDeviceProp_tR0600> device_properties(const Api &api, int device) {
  hipDeviceProp_tR0600 result{};
  if (api.hipGetDevicePropertiesR0600) {
    hipError_t error = api.hipGetDevicePropertiesR0600(&result, device);
    if (error != hipSuccess)
      return Error{describe(api, "hipGetDevicePropertiesR0600", error)};
    return result;
  }
  // HIP 5 (and 6 under the name R0000): copy field by field what the old layout has.
  hipDeviceProp_tR0000 old{};
  auto query = api.hipGetDevicePropertiesR0000 ? api.hipGetDevicePropertiesR0000
                                               : api.hipGetDeviceProperties;
  hipError_t error = query(&old, device);
  if (error != hipSuccess)
    return Error{describe(api, "hipGetDeviceProperties", error)};
  std::memcpy(result.name, old.name, sizeof result.name);
  std::memcpy(result.gcnArchName, old.gcnArchName, sizeof result.gcnArchName);
  std::memcpy(result.maxThreadsDim, old.maxThreadsDim, sizeof result.maxThreadsDim);
  std::memcpy(result.maxGridSize, old.maxGridSize, sizeof result.maxGridSize);
  std::memcpy(result.maxTexture2D, old.maxTexture2D, sizeof result.maxTexture2D);
  std::memcpy(result.maxTexture3D, old.maxTexture3D, sizeof result.maxTexture3D);
#define COPY(field) result.field = old.field
  COPY(totalGlobalMem);
  COPY(sharedMemPerBlock);
  COPY(regsPerBlock);
  COPY(warpSize);
  COPY(maxThreadsPerBlock);
  COPY(clockRate);
  COPY(memoryClockRate);
  COPY(memoryBusWidth);
  COPY(totalConstMem);
  COPY(major);
  COPY(minor);
  COPY(multiProcessorCount);
  COPY(l2CacheSize);
  COPY(maxThreadsPerMultiProcessor);
  COPY(computeMode);
  COPY(clockInstructionRate);
  COPY(arch);
  COPY(concurrentKernels);
  COPY(pciDomainID);
  COPY(pciBusID);
  COPY(pciDeviceID);
  COPY(maxSharedMemoryPerMultiProcessor);
  COPY(isMultiGpuBoard);
  COPY(canMapHostMemory);
  COPY(integrated);
  COPY(cooperativeLaunch);
  COPY(cooperativeMultiDeviceLaunch);
  COPY(maxTexture1DLinear);
  COPY(maxTexture1D);
  COPY(memPitch);
  COPY(textureAlignment);
  COPY(texturePitchAlignment);
  COPY(kernelExecTimeoutEnabled);
  COPY(ECCEnabled);
  COPY(tccDriver);
  COPY(isLargeBar);
  COPY(asicRevision);
  COPY(managedMemory);
  COPY(directManagedMemAccessFromHost);
  COPY(concurrentManagedAccess);
  COPY(pageableMemoryAccess);
  COPY(pageableMemoryAccessUsesHostPageTables);
#undef COPY
  // What the old layout lacks, derived from what it has.
  result.sharedMemPerMultiprocessor = old.maxSharedMemoryPerMultiProcessor;
  result.sharedMemPerBlockOptin = old.sharedMemPerBlock;
  result.regsPerMultiprocessor = old.regsPerBlock;
  result.unifiedAddressing = 1;
  result.asyncEngineCount = 1;
  return result;
}

std::string describe(const Api &api, std::string_view function, hipError_t error) {
  const char *text = api.hipGetErrorString ? api.hipGetErrorString(error) : nullptr;
  return fmt::format("{}: {} ({})", function, text ? text : "unknown error",
                     static_cast<unsigned>(error));
}

} // namespace w2w::hip
