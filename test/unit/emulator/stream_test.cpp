// Streams, events, callbacks: order and overlap.
#include "test/unit/emulator/support.h"

#include <atomic>
#include <chrono>
#include <thread>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

/// A kernel that runs until the host says so, through pinned memory.
struct Gate {
  explicit Gate(const Kernels &kernels) : endless(kernels["endless"]) {
    HIP_OK(hipHostMalloc(reinterpret_cast<void **>(&flag), 4, 0));
    *flag = 0;
  }
  ~Gate() {
    open();
    (void)hipHostFree(const_cast<uint32_t *>(flag));
  }
  void close_behind(hipStream_t stream) {
    HIP_OK(launch(endless, {1, 1, 1}, {64, 1, 1}, 0, stream, const_cast<uint32_t *>(flag)));
  }
  void open() { __atomic_store_n(flag, 1, __ATOMIC_RELEASE); }
  hipFunction_t endless;
  uint32_t *flag = nullptr;
};

void pause_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

} // namespace

TEST_CASE("a stream is asynchronous and ordered; the null stream waits for blocking streams only") {
  Kernels kernels(1, "gfx942");
  hipStream_t stream = nullptr, apart = nullptr;
  HIP_OK(hipStreamCreate(&stream));
  HIP_OK(hipStreamCreateWithFlags(&apart, kStreamNonBlocking));
  {
    Gate gate(kernels);
    Words word(1);
    gate.close_behind(stream);
    HIP_OK(hipMemsetD32Async(word.pointer, 9, 1, stream));
    HIP_IS(hipStreamQuery(stream), hipErrorNotReady);
    HIP_OK(hipStreamQuery(apart));
    uint32_t *seen = nullptr;
    HIP_OK(hipHostMalloc(reinterpret_cast<void **>(&seen), 4, 0));
    *seen = 77;
    HIP_OK(hipMemcpyAsync(seen, word.pointer, 4, hipMemcpyDeviceToHost,
                          nullptr)); // null stream: after `stream`
    HIP_IS(hipStreamQuery(nullptr), hipErrorNotReady);
    pause_a_little();
    CHECK(__atomic_load_n(seen, __ATOMIC_ACQUIRE) == 77);
    gate.open();
    HIP_OK(hipStreamSynchronize(nullptr));
    CHECK(*seen == 9);
    HIP_OK(hipStreamQuery(stream));
    HIP_OK(hipHostFree(seen));
  }
  {
    Gate gate(kernels); // a non-blocking stream neither waits nor is waited for
    gate.close_behind(apart);
    Words word(1, 5);
    CHECK(word.get()[0] == 5);
    HIP_IS(hipStreamQuery(apart), hipErrorNotReady);
    gate.open();
    HIP_OK(hipStreamSynchronize(apart));
  }
  HIP_OK(hipStreamDestroy(stream));
  HIP_OK(hipStreamDestroy(apart));
  HIP_IS(hipStreamDestroy(apart), hipErrorInvalidHandle);
  HIP_IS(hipStreamSynchronize(apart), hipErrorInvalidHandle);
  (void)hipGetLastError();
}

TEST_CASE("events order streams and measure time") {
  Kernels kernels(1, "gfx942");
  hipStream_t a = nullptr, b = nullptr;
  HIP_OK(hipStreamCreateWithFlags(&a, kStreamNonBlocking));
  HIP_OK(hipStreamCreateWithFlags(&b, kStreamNonBlocking));
  hipEvent_t start = nullptr, stop = nullptr, untimed = nullptr;
  HIP_OK(hipEventCreate(&start));
  HIP_OK(hipEventCreate(&stop));
  HIP_OK(hipEventCreateWithFlags(&untimed, kEventDisableTiming));
  HIP_OK(hipEventQuery(start)); // never recorded
  float ms = -1;
  HIP_IS(hipEventElapsedTime(&ms, start, stop), hipErrorInvalidHandle);
  {
    Gate gate(kernels);
    Words word(1, 1);
    HIP_OK(hipEventRecord(start, a));
    gate.close_behind(a);
    HIP_OK(hipEventRecord(stop, a));
    HIP_OK(hipStreamWaitEvent(b, stop, 0));
    HIP_OK(hipMemsetD32Async(word.pointer, 2, 1, b));
    HIP_IS(hipEventQuery(stop), hipErrorNotReady);
    HIP_IS(hipEventElapsedTime(&ms, start, stop), hipErrorNotReady);
    HIP_IS(hipStreamQuery(b), hipErrorNotReady);
    pause_a_little();
    CHECK(word.get()[0] == 1);
    gate.open();
    HIP_OK(hipEventSynchronize(stop));
    HIP_OK(hipStreamSynchronize(b));
    CHECK(word.get()[0] == 2);
    HIP_OK(hipEventElapsedTime(&ms, start, stop));
    CHECK(ms >= 15);
    CHECK(ms < 10000);
  }
  HIP_OK(hipEventRecord(untimed, a));
  HIP_OK(hipEventSynchronize(untimed));
  HIP_IS(hipEventElapsedTime(&ms, start, untimed), hipErrorInvalidHandle);
  HIP_OK(hipEventDestroy(start));
  HIP_IS(hipEventDestroy(start), hipErrorInvalidHandle);
  HIP_IS(hipEventRecord(start, a), hipErrorInvalidHandle);
  HIP_OK(hipEventDestroy(stop));
  HIP_OK(hipEventDestroy(untimed));
  HIP_OK(hipStreamDestroy(a));
  HIP_OK(hipStreamDestroy(b));
  (void)hipGetLastError();
}

TEST_CASE("host functions run in the stream's order") {
  Kernels kernels(1, "gfx942");
  hipStream_t stream = nullptr;
  HIP_OK(hipStreamCreate(&stream));
  static std::vector<int> order;
  order.clear();
  static int one = 1, two = 2;
  {
    Gate gate(kernels);
    gate.close_behind(stream);
    HIP_OK(hipLaunchHostFunc(
        stream, [](void *data) { order.push_back(*static_cast<int *>(data)); }, &one));
    HIP_OK(hipStreamAddCallback(
        stream,
        [](hipStream_t, hipError_t status, void *data) {
          if (status == hipSuccess)
            order.push_back(*static_cast<int *>(data));
        },
        &two, 0));
    pause_a_little();
    CHECK(order.empty());
    gate.open();
    HIP_OK(hipStreamSynchronize(stream));
  }
  CHECK(order == std::vector<int>{1, 2});
  HIP_OK(hipStreamDestroy(stream));
}

TEST_CASE("destroying a busy stream lets its work end") {
  Kernels kernels(1, "gfx942");
  Gate gate(kernels);
  Words word(1);
  hipStream_t stream = nullptr;
  HIP_OK(hipStreamCreateWithFlags(&stream, kStreamNonBlocking));
  gate.close_behind(stream);
  HIP_OK(hipMemsetD32Async(word.pointer, 3, 1, stream));
  HIP_OK(hipStreamDestroy(stream));
  gate.open();
  HIP_OK(hipDeviceSynchronize());
  CHECK(word.get()[0] == 3);
}

TEST_CASE("many threads launch on the per-thread stream") {
  Kernels kernels(1, "gfx942");
  hipDeviceptr_t counter = nullptr;
  HIP_OK(hipModuleGetGlobal(&counter, nullptr, kernels.module(), "counter"));
  HIP_OK(hipMemset(counter, 0, 4));
  hipFunction_t count = kernels["count"];
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      if (hipSetDevice(1) != hipSuccess)
        ++failed;
      for (int i = 0; i < 50; ++i)
        if (launch(count, {2, 1, 1}, {64, 1, 1}, 0, kStreamPerThread, uint32_t{100}) != hipSuccess)
          ++failed;
      if (hipStreamSynchronize(kStreamPerThread) != hipSuccess)
        ++failed;
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(failed == 0);
  uint32_t total = 0;
  HIP_OK(hipMemcpy(&total, counter, 4, hipMemcpyDeviceToHost));
  CHECK(total == 4 * 50 * 100);
}

TEST_CASE("hipMallocAsync and hipFreeAsync follow the stream") {
  Kernels kernels(1, "gfx942");
  hipStream_t stream = nullptr;
  HIP_OK(hipStreamCreate(&stream));
  {
    Gate gate(kernels);
    void *p = nullptr;
    gate.close_behind(stream);
    HIP_OK(hipMallocAsync(&p, 1000, stream));
    HIP_OK(hipMemsetAsync(p, 1, 1000, stream));
    HIP_OK(hipFreeAsync(p, stream));
    hipPointerAttribute_t attributes{};
    HIP_OK(hipPointerGetAttributes(&attributes, p));
    CHECK(attributes.type == hipMemoryTypeDevice); // still there: the stream has not come so far
    gate.open();
    HIP_OK(hipStreamSynchronize(stream));
    HIP_OK(hipPointerGetAttributes(&attributes, p));
    CHECK(attributes.type == hipMemoryTypeUnregistered);
  }
  HIP_OK(hipStreamDestroy(stream));
}
