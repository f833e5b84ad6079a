// The memory map, the arena, and the hip* functions of memory.
#include "test/unit/emulator/support.h"

#include <cstring>
#include <random>
#include <thread>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {
constexpr uint64_t kPage = MemoryMap::kPage;
}

TEST_CASE("memory map: ranges, neighbours, access") {
  MemoryMap map;
  CHECK_FALSE(map.accessible(0x1000, 0x1001, Access::Read));
  CHECK(map.accessible(0x1000, 0x1000, Access::Write)); // nothing
  REQUIRE(map.add(0x10000, 0x10100));                   // one page
  CHECK(map.accessible(0x10000, 0x11000, Access::Write));
  CHECK_FALSE(map.accessible(0x10000, 0x11001, Access::Read));
  CHECK_FALSE(map.accessible(0xffff, 0x10001, Access::Read));
  CHECK_FALSE(map.accessible(0x10010, 0x10000, Access::Read)); // ends before it begins
  CHECK_FALSE(map.accessible(0x10010, 4, Access::Read));       // wraps around
  CHECK_FALSE(map.add(0x10fff, 0x20000));
  CHECK_FALSE(map.add(0xf000, 0x10001));
  REQUIRE(map.add(0x11000, 0x12000, false));
  CHECK(map.accessible(0x10ffc, 0x11004, Access::Read));
  CHECK_FALSE(map.accessible(0x10ffc, 0x11004, Access::Write));
  CHECK(map.accessible(0x10ffc, 0x11000, Access::Write));
  CHECK(map.find(0x11800)->lo == 0x11000);
  CHECK_FALSE(map.find(0x12000));
  CHECK(map.nearest(0x12345)->hi == 0x12000);
  CHECK(map.nearest(5)->lo == 0x10000);
  REQUIRE(map.remove(0x10000));
  CHECK_FALSE(map.remove(0x10000));
  CHECK_FALSE(map.accessible(0x10000, 0x10001, Access::Read)); // and nothing is remembered
  CHECK(map.accessible(0x11000, 0x11001, Access::Read));
}

TEST_CASE("memory map: what lies elsewhere has no atomic operations but PCIe's") {
  MemoryMap map;
  REQUIRE(map.add(0x10000, 0x11000));
  REQUIRE(map.add(0x11000, 0x12000, true, Place::Elsewhere));
  CHECK(map.accessible(0x10ffc, 0x11004, Access::Write));
  CHECK_FALSE(map.accessible(0x10ffc, 0x11004, Access::OwnAtomic));
  CHECK(map.accessible(0x10ffc, 0x11000, Access::OwnAtomic)); // whatever is remembered of both
  CHECK_FALSE(map.accessible(0x11000, 0x11004, Access::OwnAtomic));
  CHECK(map.accessible(0x11000, 0x11004, Access::Write));
  REQUIRE(map.add(0x12000, 0x13000, false));
  CHECK_FALSE(map.accessible(0x12000, 0x12004, Access::OwnAtomic));
}

TEST_CASE("memory map: what one map remembers is not asked of another") {
  MemoryMap one, two;
  one.add(0x10000, 0x20000);
  CHECK(one.accessible(0x10000, 0x10004, Access::Read));
  CHECK_FALSE(two.accessible(0x10000, 0x10004, Access::Read));
  CHECK(one.accessible(0x10000, 0x10004, Access::Read));
}

TEST_CASE("memory map: agrees with a plain list under random use by two threads") {
  MemoryMap map;
  std::mt19937 random(7);
  std::vector<bool> pages(512);
  std::map<uint64_t, uint64_t> ranges;
  std::atomic<bool> stop{false};
  std::thread reader([&] { // must never crash; what it sees depends on timing
    std::mt19937 mine(8);
    while (!stop)
      (void)map.accessible(mine() % 512 * kPage, mine() % 512 * kPage, Access::Read);
  });
  for (int i = 0; i < 20000; ++i) {
    uint64_t lo = random() % 512, hi = std::min<uint64_t>(512, lo + 1 + random() % 8);
    if (random() % 3 == 0) {
      bool starts = ranges.contains(lo);
      REQUIRE(map.remove(lo * kPage) == starts);
      if (starts) {
        std::fill(pages.begin() + lo, pages.begin() + ranges[lo], false);
        ranges.erase(lo);
      }
    } else if (random() % 2) {
      bool free = std::none_of(pages.begin() + lo, pages.begin() + hi, [](bool b) { return b; });
      REQUIRE(map.add(lo * kPage, hi * kPage) == free);
      if (free) {
        std::fill(pages.begin() + lo, pages.begin() + hi, true);
        ranges[lo] = hi;
      }
    }
    uint64_t a = random() % 512, b = std::min<uint64_t>(512, a + 1 + random() % 4);
    bool all = std::all_of(pages.begin() + a, pages.begin() + b, [](bool x) { return x; });
    REQUIRE(map.accessible(a * kPage, b * kPage, Access::Write) == all);
  }
  stop = true;
  reader.join();
}

TEST_CASE("arena: blocks do not overlap, come zeroed, and go back") {
  Arena arena(64 << 20, 128 << 20);
  std::mt19937 random(3);
  std::map<uint64_t, uint64_t> live;
  for (int i = 0; i < 3000; ++i) {
    if (live.size() > 100 || (!live.empty() && random() % 2)) {
      auto it = std::next(live.begin(), random() % live.size());
      memset(reinterpret_cast<void *>(it->first), 0xee, it->second);
      REQUIRE(arena.release(it->first) >= it->second);
      live.erase(it);
    } else {
      uint64_t bytes = 1 + random() % 40000;
      uint64_t at = arena.allocate(bytes, 256);
      REQUIRE(at != 0);
      for (uint64_t j = 0; j < bytes; j += 509)
        REQUIRE(*reinterpret_cast<uint8_t *>(at + j) == 0);
      auto above = live.lower_bound(at);
      REQUIRE((above == live.end() || at + bytes <= above->first));
      REQUIRE((above == live.begin() || std::prev(above)->first + std::prev(above)->second <= at));
      live[at] = bytes;
    }
  }
  for (auto [at, bytes] : live)
    arena.release(at);
  CHECK(arena.used() == 0);
  CHECK(arena.allocate(65 << 20, 1) == 0); // more than the capacity
  uint64_t all = arena.allocate(64 << 20, 1);
  CHECK(all != 0); // nothing is left fragmented
  CHECK(arena.release(all + 4096) == 0);
}

TEST_CASE("hipMalloc and friends") {
  HIP_OK(hipSetDevice(1));
  size_t before = 0, total = 0, after = 0;
  HIP_OK(hipMemGetInfo(&before, &total));
  void *p = nullptr;
  HIP_OK(hipMalloc(&p, 1000));
  HIP_OK(hipMemGetInfo(&after, nullptr));
  CHECK(after < before);
  hipDeviceptr_t base = nullptr;
  size_t bytes = 0;
  HIP_OK(hipMemGetAddressRange(&base, &bytes, static_cast<char *>(p) + 999));
  CHECK(base == p);
  CHECK(bytes == 1000);
  HIP_IS(hipMemGetAddressRange(&base, &bytes, static_cast<char *>(p) + 1000), hipErrorNotFound);
  hipPointerAttribute_t attributes{};
  HIP_OK(hipPointerGetAttributes(&attributes, static_cast<char *>(p) + 8));
  CHECK(attributes.type == hipMemoryTypeDevice);
  CHECK(attributes.device == 1);
  HIP_IS(hipFree(static_cast<char *>(p) + 8), hipErrorInvalidValue);
  HIP_IS(hipHostFree(p), hipErrorInvalidValue);
  HIP_OK(hipFree(p));
  HIP_IS(hipFree(p), hipErrorInvalidValue);
  HIP_OK(hipFree(nullptr));
  HIP_OK(hipMemGetInfo(&after, nullptr));
  CHECK(after == before);
  HIP_IS(hipMalloc(&p, total + 1), hipErrorOutOfMemory);
  HIP_IS(hipMalloc(nullptr, 4), hipErrorInvalidValue);
  HIP_OK(hipMalloc(&p, 0));
  CHECK(p == nullptr);
  int local = 0;
  HIP_OK(hipPointerGetAttributes(&attributes, &local));
  CHECK(attributes.type == hipMemoryTypeUnregistered);
}

TEST_CASE("copies: what is no memory of the device is refused") {
  HIP_OK(hipSetDevice(1));
  Words words(100, 7);
  std::vector<uint32_t> host(200);
  HIP_IS(hipMemcpy(host.data(), host.data() + 100, 400, hipMemcpyHostToDevice),
         hipErrorInvalidValue);
  HIP_IS(hipMemcpy(words.pointer, host.data(), 5000, hipMemcpyHostToDevice),
         hipErrorInvalidValue); // over its end
  HIP_IS(hipMemcpy(words.pointer, host.data(), 5000, hipMemcpyDefault), hipErrorInvalidValue);
  HIP_IS(hipMemcpy(nullptr, host.data(), 4, hipMemcpyDefault), hipErrorInvalidValue);
  HIP_IS(hipMemset(host.data(), 0, 4), hipErrorInvalidValue);
  HIP_IS(hipMemcpy(host.data(), words.pointer, 4, static_cast<hipMemcpyKind>(9)),
         hipErrorInvalidMemcpyDirection);
  HIP_OK(hipMemcpy(host.data(), words.pointer, 400, hipMemcpyDefault));
  CHECK(host[99] == 7);
  CHECK(host[100] == 0);
}

TEST_CASE("copies and fills in two and three dimensions") {
  HIP_OK(hipSetDevice(1));
  void *p = nullptr;
  size_t pitch = 0;
  HIP_OK(hipMallocPitch(&p, &pitch, 100, 10));
  CHECK(pitch >= 100);
  CHECK(pitch % 256 == 0);
  HIP_OK(hipMemset2D(p, pitch, 0, pitch, 10));
  std::vector<uint8_t> in(1000), out(1000);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<uint8_t>(i * 13);
  HIP_OK(hipMemcpy2D(p, pitch, in.data(), 100, 100, 10, hipMemcpyHostToDevice));
  std::vector<uint8_t> rows(pitch * 10);
  HIP_OK(hipMemcpy(rows.data(), p, rows.size(), hipMemcpyDeviceToHost));
  for (size_t y = 0; y < 10; ++y)
    for (size_t x = 0; x < pitch; ++x)
      REQUIRE(rows[y * pitch + x] == (x < 100 ? in[y * 100 + x] : 0));
  HIP_IS(hipMemcpy2D(p, 50, in.data(), 100, 100, 10, hipMemcpyHostToDevice),
         hipErrorInvalidPitchValue);
  // Five columns of rows 2..4, seen as two slices of five rows.
  hipMemcpy3DParms parms{};
  parms.srcPtr = {p, pitch, 100, 5};
  parms.srcPos = {10, 2, 1};
  parms.dstPtr = {out.data(), 5, 5, 3};
  parms.extent = {5, 3, 1};
  parms.kind = hipMemcpyDeviceToHost;
  HIP_OK(hipMemcpy3D(&parms));
  for (size_t y = 0; y < 3; ++y)
    for (size_t x = 0; x < 5; ++x)
      REQUIRE(out[y * 5 + x] == in[(5 + 2 + y) * 100 + 10 + x]);
  HIP_OK(hipMemsetD16(p, 0xabcd, 50));
  HIP_OK(hipMemcpyDtoH(out.data(), p, 102));
  CHECK(out[98] == 0xcd);
  CHECK(out[99] == 0xab);
  CHECK(out[100] != 0xcd);
  HIP_IS(hipMemsetD32(static_cast<char *>(p) + 2, 0, 1), hipErrorInvalidValue);
  HIP_OK(hipFree(p));
}

TEST_CASE("host memory: pinned, registered, managed") {
  for (const Target &target : {kTargets[1], kTargets[3]}) {
    Kernels kernels(target.device, target.gfx);
    constexpr uint32_t n = 256;
    auto run = [&](void *a, void *b, void *c) {
      HIP_OK(launch(kernels["vector_add"], {1, 1, 1}, {n, 1, 1}, 0, nullptr, a, b, c, n));
      return hipDeviceSynchronize();
    };
    float *pinned = nullptr, *managed = nullptr;
    HIP_OK(hipHostMalloc(reinterpret_cast<void **>(&pinned), n * 4, kHostMallocMapped));
    HIP_OK(hipMallocManaged(reinterpret_cast<void **>(&managed), n * 4, kMemAttachGlobal));
    std::vector<float> registered(n);
    HIP_OK(hipHostRegister(registered.data(), n * 4, 0));
    HIP_IS(hipHostRegister(registered.data() + 1, 4, 0), hipErrorHostMemoryAlreadyRegistered);
    for (uint32_t i = 0; i < n; ++i)
      pinned[i] = static_cast<float>(i), managed[i] = 0.5f;
    HIP_OK(run(pinned, managed, registered.data()));
    CHECK(registered[200] == 200.5f);
    unsigned flags = 0;
    HIP_OK(hipHostGetFlags(&flags, pinned));
    CHECK(flags == kHostMallocMapped);
    HIP_OK(hipHostUnregister(registered.data()));
    HIP_IS(hipHostUnregister(registered.data()), hipErrorHostMemoryNotRegistered);
    // No longer the device's: a kernel that writes there fails, and so does everything after it.
    HIP_IS(run(pinned, managed, registered.data()), hipErrorIllegalAddress);
    HIP_IS(hipDeviceSynchronize(), hipErrorIllegalAddress);
    HIP_OK(hipDeviceReset());
    (void)hipGetLastError();
  }
}

TEST_CASE("peers: a device reads another one's memory only after asking") {
  HIP_OK(hipSetDevice(3));
  Words theirs(64, 5);
  Kernels kernels(1, "gfx942");
  Words mine(64);
  uint32_t n = 64;
  int can = 0;
  HIP_OK(hipDeviceCanAccessPeer(&can, 1, 3));
  CHECK(can == 1);
  HIP_OK(launch(kernels["vector_add"], {1, 1, 1}, {64, 1, 1}, 0, nullptr, theirs.pointer,
                theirs.pointer, mine.pointer, n));
  HIP_IS(hipDeviceSynchronize(), hipErrorIllegalAddress);
  HIP_OK(hipDeviceReset());
  Kernels again(1, "gfx942");
  void *out = nullptr;
  HIP_OK(hipMalloc(&out, 256));
  HIP_OK(hipDeviceEnablePeerAccess(3, 0));
  HIP_IS(hipDeviceEnablePeerAccess(3, 0), hipErrorPeerAccessAlreadyEnabled);
  HIP_OK(launch(again["vector_add"], {1, 1, 1}, {64, 1, 1}, 0, nullptr, theirs.pointer,
                theirs.pointer, out, n));
  HIP_OK(hipDeviceSynchronize());
  HIP_OK(hipDeviceDisablePeerAccess(3));
  HIP_OK(hipFree(out));
  (void)hipGetLastError();
}
