#include "runtime/emulator/insight/hang.h"

#include "runtime/emulator/config.h"
#include "runtime/emulator/memory_map.h"

#include <array>
#include <atomic>
#include <cstring>

namespace w2w::emu {

namespace {

std::atomic<uint64_t> g_changes{0};

void note_change() {
  g_changes.fetch_add(1, std::memory_order_relaxed);
}

class HangGroup final : public GroupObserver {
public:
  /// Keeps what the instruction may overwrite.
  int before(Wave &wave, const isa::Inst &inst, StopInfo &) override {
    count_ = isa::accesses(wave, inst, accesses_);
    for (unsigned k = 0; k < count_; ++k)
      for_each(wave, k, [&](const uint8_t *at, uint8_t *kept, uint32_t bytes) {
        memcpy(kept, at, bytes);
        return false;
      });
    return isa::kContinue;
  }
  int after(Wave &wave, const isa::Inst &, StopInfo &, int next) override {
    for (unsigned k = 0; k < count_ && next != isa::kStop; ++k)
      if (for_each(wave, k, [](const uint8_t *at, const uint8_t *kept, uint32_t bytes) {
            return memcmp(kept, at, bytes) != 0;
          })) {
        note_change();
        break;
      }
    count_ = 0;
    return next;
  }
  void group_started(const Workgroup &) override { note_change(); }
  void wave_ended(Wave &) override { note_change(); }

private:
  static constexpr uint32_t kMostBytes = 16; // of one lane in one place

  /// Calls f(memory, kept, bytes) for each lane that may write in the k-th access, until it returns
  /// true. Lanes that must not write there are left out: the instruction will fault.
  template <typename F> bool for_each(const Wave &wave, unsigned k, F f) {
    const isa::LaneAccesses &a = accesses_[k];
    if (a.access == MemoryAccess::Read || a.size > kMostBytes)
      return false;
    const Workgroup &group = *wave.group;
    for (uint64_t rest = a.mask; rest; rest &= rest - 1) {
      unsigned lane = static_cast<unsigned>(__builtin_ctzll(rest));
      uint64_t at = a.at[lane];
      if (at + a.size < at)
        continue;
      const uint8_t *memory = nullptr;
      if (a.space == MemorySpace::Global &&
          group.memory->accessible(at, at + a.size, Access::Write))
        memory = reinterpret_cast<const uint8_t *>(at);
      else if (a.space == MemorySpace::Lds && at + a.size <= group.lds_size)
        memory = group.lds + at;
      if (memory && f(memory, kept_[k][lane].data(), a.size))
        return true;
    }
    return false;
  }

  unsigned count_ = 0;
  isa::LaneAccesses accesses_[isa::kMostAccesses];
  std::array<uint8_t, kMostBytes> kept_[isa::kMostAccesses][64];
};

class HangLaunch final : public LaunchObserver {
public:
  std::unique_ptr<GroupObserver> group() override { return std::make_unique<HangGroup>(); }
};

} // namespace

bool hang_wanted() {
  return config().hang_instructions != 0;
}

std::unique_ptr<LaunchObserver> hang_observer(const LaunchPlan &) {
  return std::make_unique<HangLaunch>();
}

uint64_t memory_changes() {
  return g_changes.load(std::memory_order_relaxed);
}

} // namespace w2w::emu
