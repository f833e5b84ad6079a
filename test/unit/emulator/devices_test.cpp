// Eight emulated devices in one process: what is theirs alone, and what they share.
#include "test/unit/emulator/support.h"

#include <atomic>
#include <thread>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

constexpr int kCount = 8;
/// Tests must choose the devices before the first call.
[[maybe_unused]] const int kDevices =
    (setenv("W2W_DEVICE", "emulator:gfx942x8", 1), setenv("W2W_LOG", "off", 1));

uint32_t word_at(const void *pointer) {
  uint32_t word = 0;
  HIP_OK(hipMemcpy(&word, pointer, 4, hipMemcpyDeviceToHost));
  return word;
}

/// Runs write_far, which stores 1 to the word, on the current device.
hipError_t store_one(const Kernels &kernels, void *word) {
  HIP_OK(launch(kernels["write_far"], {1, 1, 1}, {64, 1, 1}, 0, nullptr, word, uint64_t{0}));
  return hipDeviceSynchronize();
}

} // namespace

TEST_CASE("eight devices of one kind") {
  int count = 0;
  HIP_OK(hipGetDeviceCount(&count));
  REQUIRE(count == kCount);
  for (int i = 0; i < kCount; ++i) {
    hipUUID a{}, b{};
    char id[32];
    HIP_OK(hipDeviceGetUuid(&a, i));
    HIP_OK(hipDeviceGetUuid(&b, (i + 1) % kCount));
    CHECK(std::string(a.bytes, 16) != std::string(b.bytes, 16));
    HIP_OK(hipDeviceGetPCIBusId(id, sizeof id, i));
    int found = -1;
    HIP_OK(hipDeviceGetByPCIBusId(&found, id));
    CHECK(found == i);
  }
  HIP_IS(hipSetDevice(kCount), hipErrorInvalidDevice);
  (void)hipGetLastError();
}

TEST_CASE("memory, streams, events and failures belong to one device") {
  HIP_OK(hipSetDevice(2));
  size_t before = 0, after = 0;
  HIP_OK(hipMemGetInfo(&before, nullptr));
  HIP_OK(hipSetDevice(3));
  void *p = nullptr;
  HIP_OK(hipMalloc(&p, 1 << 20));
  hipPointerAttribute_t attributes{};
  HIP_OK(hipPointerGetAttributes(&attributes, p));
  CHECK(attributes.device == 3);
  HIP_OK(hipSetDevice(2));
  HIP_OK(hipMemGetInfo(&after, nullptr));
  CHECK(after == before); // device 2 has given nothing

  hipStream_t stream = nullptr;
  hipEvent_t event = nullptr;
  HIP_OK(hipStreamCreate(&stream));
  HIP_OK(hipEventCreate(&event));
  {
    Kernels kernels(3, "gfx942"); // and makes device 3 current
    HIP_IS(launch(kernels["write_far"], {1, 1, 1}, {64, 1, 1}, 0, stream, p, uint64_t{0}),
           hipErrorInvalidHandle); // the stream is device 2's, the module is not
    HIP_IS(hipEventRecord(event, nullptr), hipErrorInvalidHandle);
    HIP_OK(store_one(kernels, p));
    CHECK(word_at(p) == 1);
    HIP_IS(store_one(kernels, nullptr), hipErrorIllegalAddress);
    HIP_IS(hipMalloc(&p, 4), hipErrorIllegalAddress); // device 3 has failed ...
    HIP_OK(hipSetDevice(2));
    HIP_OK(hipDeviceSynchronize()); // ... device 2 has not
    HIP_OK(hipEventRecord(event, stream));
    HIP_OK(hipEventSynchronize(event));
    HIP_OK(hipSetDevice(3));
    HIP_OK(hipDeviceReset());
  }
  HIP_OK(hipStreamDestroy(stream));
  HIP_OK(hipEventDestroy(event));
  (void)hipGetLastError();
}

TEST_CASE("each thread has its own current device") {
  HIP_OK(hipSetDevice(5));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kCount; ++i)
    threads.emplace_back([i, &right] {
      int at_first = -1, now = -1;
      right += hipGetDevice(&at_first) == hipSuccess && at_first == 0 && // not the parent's
               hipSetDevice(i) == hipSuccess && hipGetDevice(&now) == hipSuccess && now == i;
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(right == kCount);
  int now = -1;
  HIP_OK(hipGetDevice(&now));
  CHECK(now == 5);
}

TEST_CASE("launches on all devices run at the same time") {
  // Each kernel counts itself and then waits for the count to reach eight: it ends only if all run.
  uint32_t *counter = nullptr;
  HIP_OK(hipHostMalloc(reinterpret_cast<void **>(&counter), 4, 0));
  *counter = 0;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kCount; ++i)
    threads.emplace_back([i, counter, &failed] {
      hipModule_t module = nullptr;
      hipFunction_t function = nullptr;
      void *out = nullptr, *shared = counter;
      uint32_t n = kCount, seen = 0;
      bool ok = hipSetDevice(i) == hipSuccess &&
                hipModuleLoad(&module, KERNELS "gfx942.co") == hipSuccess &&
                hipModuleGetFunction(&function, module, "meet") == hipSuccess &&
                hipMalloc(&out, 4) == hipSuccess &&
                launch(function, {1, 1, 1}, {64, 1, 1}, 0, nullptr, shared, out, n) == hipSuccess &&
                hipMemcpy(&seen, out, 4, hipMemcpyDeviceToHost) == hipSuccess && seen == n &&
                hipFree(out) == hipSuccess && hipModuleUnload(module) == hipSuccess;
      failed += !ok;
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(failed == 0);
  CHECK(*counter == kCount);
  HIP_OK(hipHostFree(counter));
}

TEST_CASE("peer access: for allocations from before and after, one way, until it is taken back") {
  HIP_OK(hipSetDevice(1));
  void *before = nullptr, *after = nullptr, *other = nullptr;
  HIP_OK(hipMalloc(&before, 4096));
  HIP_OK(hipSetDevice(4));
  HIP_OK(hipMalloc(&other, 4096));
  int can = -1;
  HIP_OK(hipDeviceCanAccessPeer(&can, 4, 1));
  CHECK(can == 1);
  HIP_OK(hipDeviceCanAccessPeer(&can, 4, 4));
  CHECK(can == 0);
  HIP_IS(hipDeviceCanAccessPeer(&can, 4, kCount), hipErrorInvalidDevice);
  HIP_IS(hipDeviceEnablePeerAccess(4, 0), hipErrorInvalidDevice); // itself
  HIP_IS(hipDeviceEnablePeerAccess(1, 1), hipErrorInvalidValue);
  HIP_IS(hipDeviceDisablePeerAccess(1), hipErrorPeerAccessNotEnabled);
  HIP_OK(hipDeviceEnablePeerAccess(1, 0));
  HIP_IS(hipDeviceEnablePeerAccess(1, 0), hipErrorPeerAccessAlreadyEnabled);
  HIP_OK(hipSetDevice(1));
  HIP_OK(hipMalloc(&after, 4096));
  HIP_OK(hipMemset(before, 0, 4));
  HIP_OK(hipMemset(after, 0, 4));
  {
    Kernels kernels(4, "gfx942");
    HIP_OK(store_one(kernels, before));
    HIP_OK(store_one(kernels, after));
    CHECK(word_at(before) == 1);
    CHECK(word_at(after) == 1);
  }
  { // device 1 did not ask for device 4's
    Kernels kernels(1, "gfx942");
    HIP_IS(store_one(kernels, other), hipErrorIllegalAddress);
    HIP_OK(hipDeviceReset()); // its memory is gone, for device 4 too
  }
  {
    Kernels kernels(4, "gfx942");
    HIP_IS(store_one(kernels, before), hipErrorIllegalAddress);
    HIP_OK(hipDeviceReset()); // and device 4's peer access is gone
  }
  HIP_OK(hipSetDevice(1));
  HIP_OK(hipMalloc(&before, 4096));
  {
    Kernels kernels(4, "gfx942");
    HIP_OK(hipDeviceEnablePeerAccess(1, 0)); // not "already enabled"
    HIP_OK(store_one(kernels, before));
    HIP_OK(hipDeviceDisablePeerAccess(1));
    HIP_IS(store_one(kernels, before), hipErrorIllegalAddress);
    HIP_OK(hipDeviceReset());
  }
  HIP_OK(hipSetDevice(1));
  HIP_OK(hipFree(before));
  (void)hipGetLastError();
}

TEST_CASE("copies between devices need no peer access") {
  std::vector<uint32_t> in(1000), out(1000);
  for (uint32_t i = 0; i < in.size(); ++i)
    in[i] = i * i;
  size_t bytes = in.size() * 4;
  void *a = nullptr, *b = nullptr, *c = nullptr;
  HIP_OK(hipSetDevice(6));
  HIP_OK(hipMalloc(&a, bytes));
  HIP_OK(hipMemcpy(a, in.data(), bytes, hipMemcpyHostToDevice));
  HIP_OK(hipSetDevice(7));
  HIP_OK(hipMalloc(&b, bytes));
  HIP_OK(hipMemcpyPeer(b, 7, a, 6, bytes));
  HIP_OK(hipSetDevice(0));
  HIP_OK(hipMalloc(&c, bytes));
  hipStream_t stream = nullptr;
  HIP_OK(hipStreamCreate(&stream));
  HIP_OK(hipMemcpyPeerAsync(c, 0, b, 7, bytes, stream));
  HIP_OK(hipMemcpyAsync(out.data(), c, bytes, hipMemcpyDeviceToHost, stream));
  HIP_OK(hipStreamSynchronize(stream));
  CHECK(out == in);
  HIP_IS(hipMemcpyPeer(b, kCount, a, 6, bytes), hipErrorInvalidDevice);
  HIP_IS(hipMemcpyPeer(b, 7, a, -1, bytes), hipErrorInvalidDevice);
  HIP_IS(hipMemcpyPeer(b, 7, a, 6, bytes + 5000), hipErrorInvalidValue);
  HIP_OK(hipStreamDestroy(stream));
  for (void *p : {a, b, c})
    HIP_OK(hipFree(p));
  (void)hipGetLastError();
}
