// Fuzz target: decoding and executing machine code. The first byte chooses model and wave size, the
// second what the registers hold, the third MODE's rounding and denormals; the rest is code.
#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/memory_map.h"
#include "runtime/emulator/model.h"
#include "test/fuzz/last_input.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

using namespace w2w::emu;

namespace {

struct Target {
  const char *gfx;
  unsigned lanes;
};

std::vector<Target> targets() {
  std::vector<Target> list;
  for (const Model &model : models()) {
    if (model.wave64)
      list.push_back({model.gfx, 64});
    if (model.wave32)
      list.push_back({model.gfx, 32});
  }
  return list;
}

constexpr uint64_t kGlobal = 64 << 10, kPage = MemoryMap::kPage;
constexpr uint32_t kLds = 8 << 10, kScratch = 256;
constexpr uint32_t kVgprs = 64, kAgprs = 32;

struct Free {
  void operator()(void *p) const { free(p); }
};
template <typename T> using Buffer = std::unique_ptr<T, Free>;

Buffer<uint8_t> buffer(uint64_t align, uint64_t bytes) {
  auto *p = static_cast<uint8_t *>(aligned_alloc(align, bytes));
  memset(p, 0, bytes);
  return Buffer<uint8_t>(p);
}

uint64_t next(uint64_t &x) {
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return x;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr size_t kHead = 3, kMostCode = 4096;
  if (size < kHead + 4)
    return 0;
  w2w::fuzz::keep_input(data, size);
  static const std::vector<Target> list = targets();
  const Target target = list[data[0] % list.size()];
  bool gfx9 = std::string_view(target.gfx).starts_with("gfx9");
  size_t bytes = std::min(size - kHead, kMostCode) & ~size_t{3};
  // A block of its own, so that a read behind the code is noticed.
  Buffer<uint8_t> code(static_cast<uint8_t *>(aligned_alloc(4, bytes)));
  memcpy(code.get(), data + kHead, bytes);
  std::string error;
  auto cache = DecodeCache::create(target.gfx, code.get(), bytes, error);
  if (!cache)
    abort();

  MemoryMap map;
  Buffer<uint8_t> global = buffer(kPage, kGlobal), lds = buffer(64, kLds),
                  scratch = buffer(64, uint64_t{kScratch} * target.lanes);
  uint64_t base = reinterpret_cast<uint64_t>(global.get());
  map.add(base, base + kGlobal);
  Workgroup group;
  group.lds = lds.get();
  group.lds_size = kLds;
  group.shared_base = uint64_t{1} << 48;
  group.private_base = uint64_t{2} << 48;
  group.memory = &map;
  Wave wave;
  VectorRegisters registers(target.lanes, kVgprs, gfx9 ? kAgprs : 0);
  wave.lanes = target.lanes;
  wave.v = registers.data();
  wave.vgprs = kVgprs;
  wave.agprs = gfx9 ? kAgprs : 0;
  wave.group = &group;
  wave.scratch = scratch.get();
  wave.scratch_per_lane = kScratch;
  uint64_t random = 0x9e3779b97f4a7c15u ^ uint64_t { data[1] } << 32;
  wave.set_exec(data[1] & 1 ? next(random) & wave.full_exec() : wave.full_exec());
  wave.set_mode(0x300 | data[2]);
  // Values: small numbers, addresses inside and just outside of the memory, and anything.
  auto value = [&]() -> uint64_t {
    uint64_t r = next(random);
    switch (data[1] >> 1 & 3 ? r % 4 : 3) {
    case 0:
      return r >> 32 & 0xff;
    case 1:
      return base + (r >> 32) % (kGlobal + 16);
    case 2:
      return group.shared_base * (1 + (r >> 20 & 1)) + (r >> 32) % (kLds + 16);
    default:
      return r;
    }
  };
  for (unsigned r = 0; r + 1 < 106; r += 2) {
    uint64_t x = value();
    wave.s[r] = static_cast<uint32_t>(x);
    wave.s[r + 1] = static_cast<uint32_t>(x >> 32);
  }
  for (unsigned r = 0; r < kVgprs; r += 2)
    for (unsigned lane = 0; lane < target.lanes; ++lane) {
      uint64_t x = value();
      wave.row(r)[lane] = static_cast<uint32_t>(x);
      wave.row(r + 1)[lane] = static_cast<uint32_t>(x >> 32);
    }
  wave.pc = reinterpret_cast<uint64_t>(code.get());

  constexpr unsigned kStops = 8;
  constexpr uint64_t kBudget = 300;
  for (unsigned stops = 0; stops < kStops; ++stops) {
    StopInfo stop = execute(wave, *cache, kBudget);
    bool goes_on = stop.kind == StopKind::Barrier || stop.kind == StopKind::BarrierSignal ||
                   stop.kind == StopKind::BarrierWait || stop.kind == StopKind::Sleep;
    for (unsigned r = kNull; r < kNull + 16; ++r)
      if (wave.s[r] != 0)
        abort(); // the null register stays null
    if (wave.scc > 1)
      abort();
    if (!goes_on) {
      (void)disassemble(*cache, stop.pc, wave.lanes);
      break;
    }
  }
  return 0;
}
