#include "test/conformance/device.h"

#include "lowering/abi/launch_block.h"
#include "runtime/hip/hip_abi.h"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

namespace w2w::conformance {

using namespace w2w::hip;

struct Device::Impl {
  void *library = nullptr;
  hipModule_t module = nullptr;
  bool solo = false;
#define HIP_FUNCTION(presence, type, name, parameters) type(*name) parameters = nullptr;
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION

  void resolve() {
#define HIP_FUNCTION(presence, type, name, parameters)                                             \
  name = reinterpret_cast<decltype(name)>(dlsym(library, #name));
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION
  }
};

Device::Device(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Device::~Device() {
  if (impl_->module)
    impl_->hipModuleUnload(impl_->module);
}

std::unique_ptr<Device> Device::open(const std::string &library, const std::string &mcpu) {
  setenv("W2W_DEVICE", ("emulator:" + mcpu).c_str(), 1);
  auto impl = std::make_unique<Impl>();
  impl->library = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!impl->library) {
    std::fprintf(stderr, "conformance: %s\n", dlerror());
    return nullptr;
  }
  impl->resolve();
  int count = 0;
  if (impl->hipInit(0) != hipSuccess || impl->hipGetDeviceCount(&count) != hipSuccess ||
      count == 0) {
    std::fprintf(stderr, "conformance: %s has no device\n", library.c_str());
    return nullptr;
  }
  return std::unique_ptr<Device>(new Device(std::move(impl)));
}

bool Device::load(std::span<const uint8_t> code_object) {
  if (impl_->module)
    impl_->hipModuleUnload(impl_->module);
  impl_->module = nullptr;
  hipError_t e = impl_->hipModuleLoadData(&impl_->module, code_object.data());
  if (e != hipSuccess)
    std::fprintf(stderr, "conformance: hipModuleLoadData: %s\n", impl_->hipGetErrorName(e));
  return e == hipSuccess;
}

uint64_t Device::upload(std::span<const uint8_t> bytes) {
  void *memory = nullptr;
  if (impl_->hipMalloc(&memory, bytes.size()) != hipSuccess)
    return 0;
  auto address = reinterpret_cast<uint64_t>(memory);
  return write(address, bytes) ? address : 0;
}

bool Device::write(uint64_t address, std::span<const uint8_t> bytes) {
  return impl_->hipMemcpy(reinterpret_cast<void *>(address), bytes.data(), bytes.size(),
                          hipMemcpyHostToDevice) == hipSuccess;
}

bool Device::read(uint64_t address, std::span<uint8_t> bytes) {
  return impl_->hipMemcpy(bytes.data(), reinterpret_cast<void *>(address), bytes.size(),
                          hipMemcpyDeviceToHost) == hipSuccess;
}

void Device::launch_solo() {
  impl_->solo = true;
}

bool Device::reset() {
  impl_->module = nullptr;
  return impl_->hipDeviceReset() == hipSuccess;
}

bool Device::run(const std::string &kernel, const std::vector<uint64_t> &in,
                 std::vector<uint64_t> &out, uint32_t blocks, uint32_t threads, std::string &error,
                 uint32_t rows, uint64_t shared) {
  Impl &hip = *impl_;
  hipFunction_t function = nullptr;
  void *device_in = nullptr, *device_out = nullptr, *device_block = nullptr;
  struct {
    void *in, *out;
    uint32_t rows;
    void *last; // the launch block, or the fourth parameter
  } arguments;
  size_t argument_bytes = hip.solo || shared ? sizeof arguments : 20;
  abi::LaunchBlock block{.version = abi::kLaunchBlockVersion,
                         .size = sizeof block,
                         .ntid = {threads, 1, 1},
                         .nctaid = {blocks, 1, 1}};
  size_t in_bytes = in.size() * sizeof(uint64_t), out_bytes = out.size() * sizeof(uint64_t);
  auto step = [&](hipError_t e, const char *what) {
    if (e != hipSuccess && error.empty())
      error = std::string(what) + ": " + hip.hipGetErrorName(e);
    return e == hipSuccess;
  };
  bool ok =
      step(hip.hipModuleGetFunction(&function, hip.module, kernel.c_str()),
           "hipModuleGetFunction") &&
      step(hip.hipMalloc(&device_in, in_bytes), "hipMalloc") &&
      step(hip.hipMalloc(&device_out, out_bytes), "hipMalloc") &&
      step(hip.hipMemcpy(device_in, in.data(), in_bytes, hipMemcpyHostToDevice), "hipMemcpy") &&
      step(hip.hipMemset(device_out, 0, out_bytes), "hipMemset") &&
      step(hip.hipMalloc(&device_block, sizeof block), "hipMalloc") &&
      step(hip.hipMemcpy(device_block, &block, sizeof block, hipMemcpyHostToDevice), "hipMemcpy");
  if (ok) {
    arguments = {device_in, device_out, rows,
                 shared ? reinterpret_cast<void *>(shared) : device_block};
    void *extra[] = {kLaunchParamBufferPointer, &arguments, kLaunchParamBufferSize, &argument_bytes,
                     kLaunchParamEnd};
    uint32_t work_items = hip.solo ? abi::solo_work_items(threads) : threads;
    ok = step(hip.hipModuleLaunchKernel(function, blocks, 1, 1, work_items, 1, 1, 0, nullptr,
                                        nullptr, extra),
              "launch") &&
         step(hip.hipMemcpy(out.data(), device_out, out_bytes, hipMemcpyDeviceToHost), "hipMemcpy");
  }
  hip.hipFree(device_in);
  hip.hipFree(device_out);
  hip.hipFree(device_block);
  return ok;
}

} // namespace w2w::conformance
