#include "runtime/emulator/check/race_check.h"

#include "runtime/emulator/check/options.h"
#include "runtime/emulator/log.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>

namespace w2w::emu::check {

namespace {

enum AccessKind : uint8_t {
  kRead = 0,
  kWrite = 1,
  kAtomic = 2, ///< may stand with either
  kModify = 4, ///< read-modify-write
};
constexpr uint8_t kReadModifyWrite = kWrite | kAtomic | kModify;

constexpr uint32_t kMostForeign = 1024;

// All launches of the process. Cells say which launch they belong to by the unit's number; when
// none runs, numbers start anew.
std::mutex g_mutex;
uint32_t g_running = 0;
uint64_t g_next_unit = 1;
GlobalShadow &shadow() {
  static GlobalShadow *all = new GlobalShadow(); // workgroups may run until the process ends
  return *all;
}

ForeignPtr merged(const ForeignPtr &a, const ForeignPtr &b) {
  if (!a || a == b)
    return b;
  if (!b)
    return a;
  if (a->all || b->all)
    return a->all ? a : b;
  auto out = std::make_shared<Foreign>();
  auto x = a->entries.begin(), y = b->entries.begin();
  while (x != a->entries.end() || y != b->entries.end()) {
    if (y == b->entries.end() || (x != a->entries.end() && x->group < y->group)) {
      out->entries.push_back(*x++);
    } else if (x == a->entries.end() || y->group < x->group) {
      out->entries.push_back(*y++);
    } else {
      Foreign::Entry e{x->group, nullptr};
      if (x->clocks && y->clocks) {
        e.clocks = x->clocks;
        if (x->clocks != y->clocks) {
          auto clocks = std::make_shared<std::vector<uint32_t>>(*x->clocks);
          for (size_t i = 0; i < clocks->size(); ++i)
            (*clocks)[i] = std::max((*clocks)[i], (*y->clocks)[i]);
          e.clocks = std::move(clocks);
        }
      }
      out->entries.push_back(std::move(e));
      ++x, ++y;
    }
  }
  if (out->entries.size() > kMostForeign) {
    out->entries.clear();
    out->all = true;
  }
  return out;
}

ForeignPtr single(uint32_t group, std::shared_ptr<const std::vector<uint32_t>> clocks) {
  auto out = std::make_shared<Foreign>();
  out->entries.push_back({group, std::move(clocks)});
  return out;
}

/// The dword k of what the lane's store writes at the place, shifted to its first byte.
uint32_t stored(const Step &step, unsigned place, unsigned lane, unsigned k) {
  const isa::Operand &data = step.inst.src[1 + place];
  uint32_t x = step.wave.v[data.offset + k * step.wave.lanes + lane];
  bool high = data.sel == isa::Sel::Word1 ||
              std::string_view(step.inst.opcode->name).find("d16_hi") != std::string_view::npos;
  return high ? x >> 16 : x;
}

} // namespace

void Clock::join(const Clock &other) {
  for (size_t i = 0; i < own.size() && i < other.own.size(); ++i)
    own[i] = std::max(own[i], other.own[i]);
  foreign = merged(foreign, other.foreign);
}

// The launch

std::unique_ptr<RaceLaunch> RaceLaunch::create(LaunchContext &launch) {
  std::unique_ptr<RaceLaunch> race(new RaceLaunch(launch));
  const LaunchPlan &plan = launch.plan;
  bool warps = plan.object->from_ptx() && plan.kernel->wave_size == 64;
  race->unit_lanes = warps ? 32 : plan.kernel->wave_size;
  race->group_units = plan.waves() * (plan.kernel->wave_size / race->unit_lanes);
  std::string_view gfx = plan.model->gfx;
  race->marked_stores = gfx == "gfx942" || plan.model->gfx_major >= 12;
  uint64_t total = plan.groups() * race->group_units;
  std::lock_guard lock(g_mutex);
  if (!g_running)
    g_next_unit = 1;
  if (total > UINT32_MAX - g_next_unit) {
    log(LogLevel::Warn, "W2W_CHECK=race: the launch of '{}' is not checked: too many waves",
        plan.kernel->name);
    return nullptr;
  }
  race->base = static_cast<uint32_t>(g_next_unit);
  race->total = static_cast<uint32_t>(total);
  g_next_unit += total;
  ++g_running;
  return race;
}

RaceLaunch::~RaceLaunch() {
  if (!base)
    return; // never started
  std::lock_guard lock(g_mutex);
  if (--g_running == 0)
    shadow().clear();
}

void RaceLaunch::enter(uint32_t group, RaceCheck *check) {
  std::lock_guard lock(mutex_);
  running_[group] = check;
}

void RaceLaunch::leave(uint32_t group, ForeignPtr foreign) {
  std::lock_guard lock(mutex_);
  running_.erase(group);
  if (foreign)
    ended_[group] = std::move(foreign);
}

Clock RaceLaunch::knowledge(uint32_t group, uint32_t unit, uint32_t clock) {
  std::lock_guard lock(mutex_);
  Clock result;
  auto it = running_.find(group);
  if (it == running_.end()) { // it has ended, and did all it ever did
    auto ended = ended_.find(group);
    result.foreign =
        merged(single(group, nullptr), ended == ended_.end() ? nullptr : ended->second);
    return result;
  }
  RaceCheck &check = *it->second;
  std::lock_guard its(check.mutex_);
  auto clocks = std::make_shared<std::vector<uint32_t>>(check.units_[unit].clock.own);
  (*clocks)[unit] = clock;
  result.foreign = merged(single(group, std::move(clocks)), check.units_[unit].clock.foreign);
  return result;
}

// The workgroup

RaceCheck::RaceCheck(RaceLaunch &launch) : launch_(launch), context_(launch.launch) {
  lds_.resize((context_.plan.lds_bytes + 3) / 4);
  waits_.resize(context_.plan.waves());
}

RaceCheck::~RaceCheck() {
  if (running_)
    launch_.leave(group_, nullptr);
}

void RaceCheck::group_started(const Workgroup &group) {
  if (running_)
    launch_.leave(group_, nullptr);
  const Dim &grid = context_.plan.grid;
  id_ = group.id;
  group_ =
      static_cast<uint32_t>(id_[0] + uint64_t{grid[0]} * (id_[1] + uint64_t{grid[1]} * id_[2]));
  {
    std::lock_guard lock(mutex_);
    units_.assign(launch_.group_units, Unit());
    for (uint32_t u = 0; u < launch_.group_units; ++u) {
      units_[u].clock.own.assign(launch_.group_units, 0);
      units_[u].clock.own[u] = 1;
    }
  }
  std::fill(waits_.begin(), waits_.end(), false);
  std::fill(lds_.begin(), lds_.end(), Cell());
  running_ = true;
  launch_.enter(group_, this);
}

void RaceCheck::group_ended() {
  Clock all = units_[0].clock;
  for (const Unit &unit : units_)
    all.join(unit.clock);
  launch_.leave(group_, all.foreign);
  running_ = false;
}

void RaceCheck::barrier_passed() {
  // Waves that have ended count with all they did.
  joined_ = Clock();
  joined_.own.assign(launch_.group_units, 0);
  for (Unit &unit : units_) {
    joined_.join(unit.at_barrier ? unit.arrived : unit.clock);
    unit.at_barrier = false;
  }
}

struct RaceCheck::Access {
  const Step &step;
  MemorySpace space;
  uint8_t kind;
  uint32_t size;
};

void RaceCheck::before(const Step &step) {
  uint32_t wave = step.wave.wave_in_group, per_wave = step.wave.lanes / launch_.unit_lanes;
  if (waits_[wave]) {
    waits_[wave] = false;
    std::lock_guard lock(mutex_);
    for (uint32_t u = wave * per_wave; u < (wave + 1) * per_wave; ++u)
      units_[u].clock.join(joined_);
  }
  for (unsigned k = 0; k < step.count; ++k) {
    // The two warps of a wave whose atomics LLVM has made one lane's.
    bool combined = per_wave > 1 && step.at[k].access == MemoryAccess::Atomic &&
                    std::has_single_bit(step.at[k].mask);
    if (combined)
      order_together(wave * per_wave, per_wave);
    access(step, step.at[k], k);
    if (combined)
      order_together(wave * per_wave, per_wave);
  }
  if (is_arrival(step.inst)) {
    std::lock_guard lock(mutex_);
    for (uint32_t u = wave * per_wave; u < (wave + 1) * per_wave; ++u) {
      units_[u].arrived = units_[u].clock;
      units_[u].at_barrier = true;
      ++units_[u].clock.own[u];
    }
  }
  if (is_wait(step.inst))
    waits_[wave] = true;
}

/// The units know of each other what each has done so far.
void RaceCheck::order_together(uint32_t first, uint32_t count) {
  std::lock_guard lock(mutex_);
  Clock all = units_[first].clock;
  for (uint32_t u = first + 1; u < first + count; ++u)
    all.join(units_[u].clock);
  for (uint32_t u = first; u < first + count; ++u) {
    units_[u].clock = all;
    ++units_[u].clock.own[u];
  }
}

void RaceCheck::access(const Step &step, const isa::LaneAccesses &a, unsigned place) {
  bool lds = a.space == MemorySpace::Lds, scalar = a.space == MemorySpace::Scalar;
  if (a.space == MemorySpace::Scratch || !a.mask)
    return;
  const LaunchPlan &plan = context_.plan;
  if (scalar && a.at[0] >= plan.packet && a.at[0] < plan.kernarg + plan.kernel->kernarg_bytes)
    return; // arguments
  uint8_t kind = a.access == MemoryAccess::Read    ? kRead
                 : a.access == MemoryAccess::Write ? kWrite
                                                   : kReadModifyWrite;
  if (step.inst.coherent && !lds)
    kind |= kAtomic;
  if (!step.inst.opcode->two_places)
    place = 0; // several accesses are segments of a flat one then, with one data operand
  if (kind == kWrite)
    conflicting_lanes(step, a, place);
  Access access{step, a.space, kind, a.size};
  const MemoryMap &memory = *step.wave.group->memory;

  uint64_t locked = UINT64_MAX;
  GlobalShadow::Locked page{{}, nullptr};
  uint64_t mask = scalar ? uint64_t{1} : a.mask;
  each_lane(mask, [&](unsigned lane) {
    uint64_t at = a.at[lane], end = at + a.size;
    if (end < at || (lds && end > plan.lds_bytes))
      return; // the instruction will fault
    if (!lds && !memory.accessible(at, end, emu::Access::Read))
      return;
    for (uint64_t dword = at & ~uint64_t{3}; dword < end; dword += 4) {
      uint64_t from = std::max(at, dword), to = std::min(end, dword + 4);
      auto bytes = static_cast<uint8_t>(((1u << (to - from)) - 1) << (from - dword));
      Stored store;
      if (kind == kWrite) {
        uint64_t shift = from - at; // bytes of the value before this dword's
        uint32_t value = stored(step, place, lane, static_cast<unsigned>(shift / 4));
        uint64_t wide = value;
        if (shift % 4) { // an access that is not aligned: the dword takes from two
          uint32_t more = shift / 4 + 1 < (a.size + 3) / 4
                              ? stored(step, place, lane, static_cast<unsigned>(shift / 4 + 1))
                              : 0;
          wide = (value | uint64_t{more} << 32) >> (shift % 4 * 8);
        }
        const uint8_t *now =
            lds ? step.wave.group->lds + from : reinterpret_cast<const uint8_t *>(from);
        store.silent = memcmp(now, &wide, to - from) == 0;
        store.value = static_cast<uint32_t>(wide) << (from - dword) * 8;
      }
      if (lds) {
        touch(access, lds_[dword / 4], from, lane, bytes, store);
        continue;
      }
      if (uint64_t number = dword / GlobalShadow::kPage; number != locked) {
        page = {{}, nullptr}; // unlock first: two pages may share a lock
        page = shadow().lock(dword);
        locked = number;
      }
      touch(access, page.page->cells[dword % GlobalShadow::kPage / 4], from, lane, bytes, store);
    }
  });
  page = {{}, nullptr};
  if ((kind & (kWrite | kAtomic)) == (kWrite | kAtomic)) {
    // What the unit does from now on is not covered by what others learn from this write.
    std::lock_guard lock(mutex_);
    uint32_t per_wave = step.wave.lanes / launch_.unit_lanes;
    for (uint32_t h = 0; h < per_wave; ++h) {
      uint64_t half = launch_.unit_lanes == 64 ? ~uint64_t{0} : uint64_t{0xffffffff} << (32 * h);
      uint32_t u = step.wave.wave_in_group * per_wave + h;
      if (a.mask & half)
        ++units_[u].clock.own[u];
    }
  }
}

/// Other threads run other workgroups: between before() and the atomic's effect somebody else may
/// have released what it sees. Writes are remembered before they take effect, so that what an
/// atomic has seen is there to be learnt now.
void RaceCheck::after(const Step &step) {
  for (unsigned k = 0; k < step.count; ++k) {
    const isa::LaneAccesses &a = step.at[k];
    bool acquires =
        a.access == MemoryAccess::Atomic || (a.access == MemoryAccess::Read && step.inst.coherent);
    if (a.space != MemorySpace::Global || !acquires)
      continue;
    const MemoryMap &memory = *step.wave.group->memory;
    each_lane(a.mask, [&](unsigned lane) {
      uint64_t at = a.at[lane], end = at + a.size;
      if (end < at || !memory.accessible(at, end, emu::Access::Read))
        return;
      uint32_t local = (step.wave.wave_in_group * step.wave.lanes + lane) / launch_.unit_lanes;
      for (uint64_t dword = at & ~uint64_t{3}; dword < end; dword += 4) {
        GlobalShadow::Locked page = shadow().lock(dword);
        for (const Slot &slot : page.page->cells[dword % GlobalShadow::kPage / 4].slots)
          if (slot.unit - launch_.base < launch_.total && slot.kind & kWrite &&
              (slot.kind & kAtomic || !launch_.marked_stores) && !knows(units_[local], local, slot))
            learn(local, slot);
      }
    });
  }
}

bool RaceCheck::knows(const Unit &unit, uint32_t local, const Slot &slot) const {
  uint32_t index = slot.unit - launch_.base, group = index / launch_.group_units;
  uint32_t other = index % launch_.group_units;
  if (group == group_)
    return other == local || unit.clock.own[other] >= slot.clock;
  const Foreign *foreign = unit.clock.foreign.get();
  if (!foreign || foreign->all)
    return foreign;
  auto it = std::lower_bound(foreign->entries.begin(), foreign->entries.end(), group,
                             [](const Foreign::Entry &e, uint32_t g) { return e.group < g; });
  if (it == foreign->entries.end() || it->group != group)
    return false;
  return !it->clocks || (*it->clocks)[other] >= slot.clock;
}

void RaceCheck::learn(uint32_t local, const Slot &slot) {
  uint32_t index = slot.unit - launch_.base, group = index / launch_.group_units;
  uint32_t other = index % launch_.group_units;
  Clock news;
  if (group == group_) {
    news = units_[other].clock;
    news.own[other] = slot.clock;
  } else {
    news = launch_.knowledge(group, other, slot.clock);
  }
  std::lock_guard lock(mutex_);
  units_[local].clock.join(news);
}

void RaceCheck::touch(const Access &a, Cell &cell, uint64_t at, unsigned lane, uint8_t bytes,
                      const Stored &stored) {
  uint32_t field = 0; // the bytes as a mask of bits
  for (unsigned k = 0; k < 4; ++k)
    field |= bytes >> k & 1 ? 0xffu << 8 * k : 0;
  uint32_t local = (a.step.wave.wave_in_group * a.step.wave.lanes + lane) / launch_.unit_lanes;
  Unit &unit = units_[local];
  bool lds = a.space == MemorySpace::Lds;
  uint8_t kind = a.kind;
  if (lds && kind & kAtomic)
    unit.atomics[unit.next_atomic++ % std::size(unit.atomics)] = at + 1;
  if (lds && kind == kWrite &&
      std::find(std::begin(unit.atomics), std::end(unit.atomics), at + 1) != std::end(unit.atomics))
    kind = kWrite | kAtomic;

  // Where stores are not marked, a place that atomics use is stored to by atomics.
  if (!lds && kind == kWrite && !launch_.marked_stores)
    for (const Slot &slot : cell.slots)
      if (slot.unit - launch_.base < launch_.total && slot.kind & kAtomic && slot.bytes & bytes)
        kind |= kAtomic;

  auto pc = static_cast<int32_t>(a.step.inst.pc - context_.plan.kernel->entry);
  Slot *mine = nullptr, *empty = nullptr, *ordered = nullptr;
  for (Slot &slot : cell.slots) {
    if (slot.unit - launch_.base >= launch_.total) { // empty, or of another launch
      empty = &slot;
      continue;
    }
    uint32_t here = launch_.base + group_ * launch_.group_units; // the workgroup's first unit
    uint32_t per_wave = a.step.wave.lanes / launch_.unit_lanes;
    // The other half of the wave, in this very instruction: conflicting_lanes() judges that.
    bool other_half = slot.unit != here + local && slot.pc == pc &&
                      slot.unit - here < launch_.group_units &&
                      (slot.unit - here) / per_wave == local / per_wave;
    bool same = slot.unit == here + local || other_half;
    bool known = same || knows(unit, local, slot);
    // Atomics of one instruction are done one after the other, too.
    if (other_half && kind & slot.kind & kAtomic && slot.kind & kWrite)
      learn(local, slot);
    if (!known && slot.bytes & bytes && (kind | slot.kind) & kWrite) {
      bool atomics = kind & slot.kind & kAtomic;
      bool mixed = (kind ^ slot.kind) & kAtomic;
      // A plain read beside an atomic, or an unmarked store beside one: see the head of
      // race_check.h.
      uint8_t plain = kind & kAtomic ? slot.kind : kind, other = kind ^ slot.kind ^ plain;
      bool tolerated =
          mixed && (plain & kWrite ? !lds && !launch_.marked_stores : lds || other & kModify);
      if (atomics || tolerated) {
        bool sees = slot.kind & kWrite && (kind & kAtomic || (lds && !(kind & kWrite)));
        if (sees) {
          learn(local, slot);
          known = true;
        }
      } else if (!(slot.kind & kWrite)) {
        race(a, slot, at, lane);
      } else {
        // The other write may be remembered, but not done yet: its value tells more than memory.
        bool equal = slot.bytes == (slot.bytes | bytes) && kind & slot.kind & kWrite &&
                     ((slot.value ^ stored.value) & field) == 0;
        if (!stored.silent && !equal)
          race(a, slot, at, lane);
      }
    }
    bool covered = !(slot.bytes & ~bytes) && (kind & kWrite || !(slot.kind & kWrite));
    if (covered && same)
      mine = &slot;
    else if (covered && known)
      ordered = &slot;
  }
  Slot *into = mine ? mine : ordered ? ordered : empty;
  if (!into) {
    // Full of what must be kept: give up a read.
    for (unsigned i = 0; i < 4 && !into; ++i)
      if (Slot &slot = cell.slots[(victim_ + i) % 4]; !(slot.kind & kWrite))
        into = &slot;
    if (!into && kind & kWrite)
      into = &cell.slots[victim_ % 4];
    ++victim_;
    if (!into)
      return;
  }
  *into = {launch_.base + group_ * launch_.group_units + local,
           unit.clock.own[local],
           pc,
           bytes,
           kind,
           static_cast<uint8_t>(lane),
           0,
           stored.value};
}

namespace {

std::string_view access_name(uint8_t kind) {
  return kind & kModify  ? "atomic operation"
         : kind & kWrite ? (kind & kAtomic ? "atomic write" : "write")
                         : (kind & kAtomic ? "atomic read" : "read");
}

std::string where(MemorySpace space, uint64_t at) {
  if (space == MemorySpace::Lds)
    return fmt::format("LDS at offset {:#x}", at);
  return fmt::format("global memory at {:#x}", at);
}

std::string near(MemorySpace space, uint64_t at) {
  bool freed = false;
  return space == MemorySpace::Lds ? std::string() : Blocks::instance().describe(at, freed);
}

} // namespace

void RaceCheck::race(const Access &a, const Slot &other, uint64_t at, unsigned lane) {
  const LaunchPlan &plan = context_.plan;
  uint64_t pc = a.step.inst.pc;
  uint64_t other_pc = plan.kernel->entry + static_cast<uint64_t>(int64_t{other.pc});
  if (!context_.first(Kind::Race, pc, other_pc))
    return;
  uint32_t index = other.unit - launch_.base, group = index / launch_.group_units;
  uint32_t thread =
      index % launch_.group_units * launch_.unit_lanes + other.lane % launch_.unit_lanes;
  report(context_, Kind::Race,
         fmt::format("race: {} of {} bytes of {} and an earlier {} are not ordered",
                     access_name(a.kind), a.size, where(a.space, at), access_name(other.kind)),
         a.step.wave, pc, lane,
         {fmt::format("earlier {} at {}, by {}", access_name(other.kind),
                      place_text(context_, other_pc),
                      thread_text(context_, group_id(plan, group), thread)),
          near(a.space, at)});
}

void RaceCheck::conflicting_lanes(const Step &step, const isa::LaneAccesses &a, unsigned place) {
  // Usual: ascending addresses without overlap.
  uint64_t last = 0;
  bool apart = true;
  each_lane(a.mask, [&](unsigned lane) {
    apart &= a.at[lane] >= last;
    last = a.at[lane] + a.size;
  });
  if (apart)
    return;
  // By dword: the last lane that wrote it. 64 lanes of at most 4 dwords and one for a straddle.
  constexpr unsigned kPlaces = 1024;
  seen_.assign(kPlaces, Seen());
  std::vector<Seen> &seen = seen_;
  bool done = false;
  each_lane(a.mask, [&](unsigned lane) {
    for (uint64_t dword = a.at[lane] & ~uint64_t{3}; !done && dword < a.at[lane] + a.size;
         dword += 4) {
      auto h = static_cast<unsigned>(dword / 4 * 0x9e3779b1u >> 8) % kPlaces;
      while (seen[h].dword != UINT64_MAX && seen[h].dword != dword)
        h = (h + 1) % kPlaces;
      if (seen[h].dword == dword) {
        // Different values for a byte that both write?
        unsigned other = seen[h].lane;
        uint64_t lo = std::max(a.at[lane], a.at[other]);
        uint64_t hi = std::min(a.at[lane], a.at[other]) + a.size;
        for (uint64_t b = lo; b < hi && !done; ++b) {
          auto byte = [&](unsigned l) {
            uint64_t o = b - a.at[l];
            return stored(step, place, l, static_cast<unsigned>(o / 4)) >> (o % 4 * 8) & 0xff;
          };
          if (byte(lane) == byte(other))
            continue;
          done = true;
          if (!context_.first(Kind::Race, step.inst.pc, 1))
            break;
          uint32_t thread = step.wave.wave_in_group * step.wave.lanes + other;
          report(context_, Kind::Race,
                 fmt::format("race: threads of one wave write different values to {}",
                             where(a.space, b)),
                 step.wave, step.inst.pc, lane,
                 {fmt::format("the other is {}", thread_text(context_, id_, thread)),
                  near(a.space, b)});
        }
      }
      seen[h] = {dword, lane};
    }
  });
}

} // namespace w2w::emu::check
