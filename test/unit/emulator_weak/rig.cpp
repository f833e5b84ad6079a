#include "rig.h"

#include "runtime/emulator/launch.h"
#include "runtime/emulator/workgroup.h"
#include "test/unit/emulator_isa/assembler.h"

#include <catch2/catch.hpp>
#include <cstring>

namespace w2w::emu::test {

const std::vector<Dialect> &dialects() {
  static const std::vector<Dialect> all = {
      {"gfx90a", 64, "global_load_dword %0, %1, off", "global_load_dword %0, %1, off glc",
       "global_store_dword %1, %0, off", "global_store_dword %1, %0, off", "s_waitcnt vmcnt(0)",
       "buffer_wbinvl1_vol", "s_waitcnt vmcnt(0)", "s_waitcnt lgkmcnt(0)", "s_waitcnt lgkmcnt(0)",
       "s_load_dword %0, s[4:5], %1"},
      {"gfx942", 64, "global_load_dword %0, %1, off", "global_load_dword %0, %1, off sc1",
       "global_store_dword %1, %0, off", "global_store_dword %1, %0, off sc1",
       "buffer_wbl2 sc1\ns_waitcnt vmcnt(0)", "buffer_inv sc1", "s_waitcnt vmcnt(0)",
       "s_waitcnt lgkmcnt(0)", "s_waitcnt lgkmcnt(0)", "s_load_dword %0, s[4:5], %1"},
      {"gfx1030", 32, "global_load_dword %0, %1, off", "global_load_dword %0, %1, off glc dlc",
       "global_store_dword %1, %0, off", "global_store_dword %1, %0, off",
       "s_waitcnt_vscnt null, 0x0\ns_waitcnt vmcnt(0)", "buffer_gl1_inv\nbuffer_gl0_inv",
       "s_waitcnt vmcnt(0)", "s_waitcnt lgkmcnt(0)", "s_waitcnt lgkmcnt(0)",
       "s_load_dword %0, s[4:5], %1"},
      {"gfx1100", 32, "global_load_b32 %0, %1, off", "global_load_b32 %0, %1, off glc",
       "global_store_b32 %1, %0, off", "global_store_b32 %1, %0, off",
       "s_waitcnt_vscnt null, 0x0\ns_waitcnt vmcnt(0)", "buffer_gl1_inv\nbuffer_gl0_inv",
       "s_waitcnt vmcnt(0)", "s_waitcnt lgkmcnt(0)", "s_waitcnt lgkmcnt(0)",
       "s_load_b32 %0, s[4:5], %1"},
      {"gfx1201", 32, "global_load_b32 %0, %1, off", "global_load_b32 %0, %1, off scope:SCOPE_DEV",
       "global_store_b32 %1, %0, off", "global_store_b32 %1, %0, off scope:SCOPE_DEV",
       "s_wait_storecnt 0x0\ns_wait_loadcnt 0x0", "global_inv scope:SCOPE_DEV",
       "s_wait_loadcnt 0x0", "s_wait_dscnt 0x0", "s_wait_kmcnt 0x0", "s_load_b32 %0, s[4:5], %1"},
  };
  return all;
}

std::string spell(const Dialect &d, std::string text) {
  struct Word {
    const char *name, *pattern;
  };
  const Word words[] = {{"LOADA(", d.load_agent}, {"SLOAD(", d.scalar_load},
                        {"LOAD(", d.load},        {"STOREA(", d.store_agent},
                        {"STORE(", d.store},      {"RELEASE", d.release},
                        {"ACQUIRE", d.acquire},   {"WAITL", d.wait_load},
                        {"WAITD", d.wait_lds},    {"WAITS", d.wait_scalar}};
  for (const Word &w : words) {
    std::string name = w.name;
    for (size_t at; (at = text.find(name)) != text.npos;) {
      std::string out = w.pattern;
      size_t end = at + name.size();
      if (name.back() == '(') {
        size_t comma = text.find(',', end), close = text.find(')', end);
        std::string first = text.substr(end, comma - end),
                    second = text.substr(comma + 1, close - comma - 1);
        out.replace(out.find("%0"), 2, first);
        out.replace(out.find("%1"), 2, second);
        end = close + 1;
      }
      text.replace(at, end - at, out);
    }
  }
  return text;
}

Program::Program(const Dialect &d, const std::string &text)
    : bytes_(assemble(d.cpu, d.lanes, spell(d, text) + "\ns_endpgm\n")) {
  INFO(d.cpu << ": " << spell(d, text));
  REQUIRE(!bytes_.empty());
  std::string error;
  cache_ = DecodeCache::create(d.cpu, bytes_.data(), bytes_.size(), error, Watch::Finely);
  REQUIRE(cache_);
}

struct Rig::Shared {
  Workgroup group;
  std::vector<uint8_t> lds = std::vector<uint8_t>(1024);
  std::unique_ptr<GroupObserver> observer;
  unsigned waves = 0;
};
struct Rig::Slot {
  explicit Slot(unsigned lanes) : registers(lanes, 32, 0) {}
  Wave wave;
  VectorRegisters registers;
  const Program *program = nullptr;
  bool ended = false;
};

Rig::Rig(const Dialect &dialect, uint64_t seed, bool split)
    : dialect_(dialect), random_(seed * 77 + 5), storage_(new uint8_t[8192 + 4096]()) {
  uint64_t base = (uint64_t(storage_.get()) + 4095) & ~uint64_t(4095);
  memory_ = reinterpret_cast<uint8_t *>(base);
  map_.add(base, base + 8192);
  launch_ = weak::observe(
      weak::Shape::of(dialect.cpu, split), seed, [](uint64_t) { return std::string("test"); },
      &hazards_);
}
Rig::~Rig() = default;

void Rig::add(const Program &program, unsigned group) {
  while (groups_.size() <= group) {
    auto g = std::make_unique<Shared>();
    g->group.lds = g->lds.data();
    g->group.lds_size = uint32_t(g->lds.size());
    g->group.shared_base = kSharedAperture;
    g->group.private_base = kPrivateAperture;
    g->group.memory = &map_;
    g->group.id = {unsigned(groups_.size()), 0, 0};
    g->observer = launch_->group();
    g->group.observer = g->observer.get();
    g->observer->group_started(g->group);
    groups_.push_back(std::move(g));
  }
  auto slot = std::make_unique<Slot>(dialect_.lanes);
  Wave &w = slot->wave;
  w.lanes = dialect_.lanes;
  w.v = slot->registers.data();
  w.vgprs = 32;
  w.group = &groups_[group]->group;
  w.wave_in_group = groups_[group]->waves++;
  w.set_exec(1);
  w.set_mode(0x3f0);
  w.pc = program.entry();
  auto address = [&](unsigned r, const void *p) {
    w.row(r)[0] = uint32_t(uint64_t(p)), w.row(r + 1)[0] = uint32_t(uint64_t(p) >> 32);
  };
  address(2, &x());
  address(4, &y());
  w.s[4] = uint32_t(uint64_t(&x())), w.s[5] = uint32_t(uint64_t(&x()) >> 32);
  w.row(6)[0] = 1;
  slot->program = &program;
  groups_[group]->observer->wave_started(w);
  slots_.push_back(std::move(slot));
}

bool Rig::run() {
  size_t live = slots_.size();
  while (live) {
    Slot &slot = *slots_[random_.below(unsigned(slots_.size()))];
    if (slot.ended)
      continue;
    StopInfo stop = execute(slot.wave, slot.program->code(), 1 + random_.below(6));
    if (stop.kind == StopKind::EndProgram) {
      slot.ended = true;
      --live;
      slot.wave.group->observer
          ? static_cast<GroupObserver *>(slot.wave.group->observer)->wave_ended(slot.wave)
          : void();
    } else if (stop.kind != StopKind::Budget) {
      UNSCOPED_INFO("stopped: " << stop.text);
      return false;
    }
  }
  LaunchFailure none;
  launch_->finish(none);
  return true;
}

uint32_t Rig::v(unsigned wave, unsigned r) const {
  return slots_[wave]->wave.row(r)[0];
}
uint32_t Rig::s(unsigned wave, unsigned r) const {
  return slots_[wave]->wave.s[r];
}

} // namespace w2w::emu::test
