#include "machine.h"

#include "assembler.h"

#include <bit>
#include <catch2/catch.hpp>

namespace w2w::emu::test {

Machine::Machine(std::string processor, unsigned wave_size)
    : cpu(std::move(processor)), lanes(wave_size), lds(65536), scratch(size_t(1024) * wave_size),
      registers(wave_size, 256, 256), global_storage(new uint8_t[65536 + 8192]()) {
  uint64_t base = (uint64_t(global_storage.get()) + 4095) & ~uint64_t(4095);
  global = reinterpret_cast<uint8_t *>(base);
  memory.add(base, base + 65536);
  group.lds = lds.data();
  group.lds_size = 65536;
  group.shared_base = 0x0001000000000000;
  group.private_base = 0x0002000000000000;
  group.memory = &memory;
  wave.lanes = lanes;
  wave.v = registers.data();
  wave.vgprs = 256;
  wave.agprs = cpu.starts_with("gfx9") ? 256 : 0;
  wave.group = &group;
  wave.scratch = scratch.data();
  wave.scratch_per_lane = 1024;
  wave.set_exec(wave.full_exec());
  wave.set_mode(0x3f0);
}

bool Machine::run(const std::string &text) {
  std::vector<uint8_t> code = assemble(cpu, lanes, text + "\ns_endpgm\n");
  assembled = !code.empty();
  if (!assembled)
    return false;
  std::string error;
  auto cache = DecodeCache::create(cpu, code.data(), code.size(), error);
  REQUIRE(cache);
  wave.pc = uint64_t(code.data());
  stop = execute(wave, *cache, 100000);
  wave.pc -= uint64_t(code.data());
  stop.pc -= uint64_t(code.data());
  return stop.kind == StopKind::EndProgram;
}

void Machine::set(unsigned r, const std::vector<uint64_t> &values, bool wide) {
  for (unsigned l = 0; l < lanes && !values.empty(); l++) {
    uint64_t x = values[l % values.size()];
    v(r, l) = uint32_t(x);
    if (wide)
      v(r + 1, l) = uint32_t(x >> 32);
  }
}

const std::vector<Model> &models() {
  static const std::vector<Model> m = {{"gfx942", 64}, {"gfx1100", 32}, {"gfx1100", 64},
                                       {"gfx90a", 64}, {"gfx1030", 32}, {"gfx1201", 32},
                                       {"gfx1201", 64}};
  return m;
}

void check(const std::vector<Case> &cases) {
  for (const Case &c : cases) {
    bool ran = false;
    for (const Model &model : models()) {
      if (c.only && !std::string_view(model.cpu).starts_with(c.only))
        continue;
      Machine m(model.cpu, model.lanes);
      m.set(0, {c.old}, true);
      m.set(2, c.a, true);
      m.set(4, c.b, true);
      m.set(6, c.c, true);
      if (c.mode)
        m.wave.set_mode(c.mode);
      bool ok = m.run(c.text);
      if (!m.assembled)
        continue;
      ran = true;
      INFO(c.text << " on " << model.cpu << " wave" << model.lanes << ": " << m.stop.text);
      REQUIRE(ok);
      bool wide = false;
      for (uint64_t w : c.want)
        wide |= w >> 32;
      for (size_t k = 0; k < c.want.size(); k++) {
        auto at = [&](const std::vector<uint64_t> &list) {
          return list.empty() ? 0 : list[k % list.size()];
        };
        INFO("lane " << k << ": a = 0x" << std::hex << at(c.a) << ", b = 0x" << at(c.b)
                     << ", c = 0x" << at(c.c));
        uint64_t got = wide ? m.v64(0, unsigned(k)) : m.v(0, unsigned(k));
        INFO("got 0x" << std::hex << got << ", want 0x" << c.want[k]);
        CHECK(got == c.want[k]);
      }
    }
    INFO(c.text << " was assembled for no processor");
    CHECK(ran);
  }
}

uint64_t f(float x) {
  return std::bit_cast<uint32_t>(x);
}
uint64_t d(double x) {
  return std::bit_cast<uint64_t>(x);
}

} // namespace w2w::emu::test
