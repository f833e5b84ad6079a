#include "machine.h"

#include "assembler.h"
#include "runtime/emulator/isa/disassembler.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <tuple>

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
  wave.set_mode(launch_mode(0x3f0));
}

namespace {

std::set<std::pair<std::string, std::string>> &tested_pairs() {
  static std::set<std::pair<std::string, std::string>> t;
  return t;
}

/// The lines without their marks, and the text of those under test.
std::string unmark(const std::string &text, std::vector<std::string> &subjects) {
  std::string plain;
  for (size_t from = 0; from <= text.size();) {
    size_t end = std::min(text.find('\n', from), text.size());
    std::string line = text.substr(from, end - from);
    bool marked = line.starts_with(">");
    if (marked)
      line.erase(0, 1);
    if (marked || (from == 0 && end == text.size()))
      subjects.push_back(line);
    plain += line + "\n";
    from = end + 1;
  }
  return plain;
}

/// The mnemonics of one line (two of a dual instruction) as the disassembler has them.
std::vector<std::string> mnemonics(const std::string &cpu, unsigned lanes,
                                   const std::string &line) {
  std::vector<uint8_t> code = assemble(cpu, lanes, line);
  std::string text;
  auto disassembler = isa::Disassembler::create(cpu, lanes);
  if (!disassembler || !disassembler->decode(code.data(), code.size(), text))
    return {};
  std::vector<std::string> r;
  for (size_t at = 0; at != text.npos;) {
    r.push_back(text.substr(at, text.find_first_of(" \t", at) - at));
    for (const char *suffix : {"_e64_dpp", "_e32", "_e64", "_dpp", "_sdwa", "_dpp8"})
      if (std::string_view(r.back()).ends_with(suffix)) {
        r.back().erase(r.back().size() - std::string_view(suffix).size());
        break;
      }
    at = text.find(" :: ", at);
    at = at == text.npos ? at : at + 4;
  }
  return r;
}

} // namespace

namespace {
struct Body {
  void (*run)();
  bool done;
};
std::vector<Body> &bodies() {
  static std::vector<Body> b;
  return b;
}
} // namespace

bool know_tested(void (*body)()) {
  bodies().push_back({body, false});
  return true;
}
void run_tested(void (*body)()) {
  body();
  for (Body &b : bodies())
    b.done |= b.run == body;
}
void run_remaining_tests() {
  for (Body &b : bodies())
    if (!b.done)
      run_tested(b.run);
}
const std::set<std::pair<std::string, std::string>> &tested() {
  return tested_pairs();
}

void Machine::credit() {
  static std::set<std::tuple<std::string, unsigned, std::string>> seen;
  for (const std::string &line : subjects)
    if (seen.emplace(cpu, lanes, line).second)
      for (std::string &m : mnemonics(cpu, lanes, line))
        tested_pairs().emplace(std::move(m), cpu);
}

bool Machine::run(const std::string &text) {
  subjects.clear();
  cache.reset();
  code = assemble(cpu, lanes, unmark(text, subjects) + "s_endpgm\n");
  assembled = !code.empty();
  if (!assembled)
    return false;
  std::string error;
  cache = DecodeCache::create(cpu, code.data(), code.size(), error);
  REQUIRE(cache);
  if (!again())
    return false;
  credit();
  return true;
}

bool Machine::again() {
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
        m.wave.set_mode(m.launch_mode(c.mode));
      bool ok = m.run(c.text);
      if (!m.assembled)
        continue;
      ran = true;
      INFO(c.text << " on " << model.cpu << " wave" << model.lanes << ": " << m.stop.text);
      REQUIRE(ok);
      bool wide = c.text.find(" v[0:") != c.text.npos;
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
