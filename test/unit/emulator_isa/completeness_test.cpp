// Every opcode of the table is tested on every processor that has it: an instruction of it was run
// there, alone or marked as the one under test, by a test that compares what it left (TESTED_CASE).
#include "assembler.h"
#include "machine.h"
#include "runtime/emulator/isa/opcodes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

/// Names under which the assembler of later processors makes another row's instruction.
bool stands_for_another(const std::string &name, const std::string &cpu) {
  // gfx942 sets the shape of a matrix apart from the type, gfx90a does not.
  if (cpu == "gfx942" && name.starts_with("v_mfma_")) {
    size_t shape = name.find('_', sizeof "v_mfma_"), end = name.find('_', shape + 1);
    return name.substr(shape + 1, end - shape - 1).find_first_not_of("0123456789x") != name.npos;
  }
  return (name == "v_dot4_i32_i8" || name == "v_dot8_i32_i4") &&
         (cpu.starts_with("gfx11") || cpu.starts_with("gfx12"));
}
/// Names that the assembler takes for another row's instruction: the disassembler spells that.
constexpr struct {
  std::string_view row, cpu;
  const char *instead;
} kRespelled[] = {
    {"s_waitcnt_depctr", "gfx1201", "s_wait_alu"},
    {"s_inst_prefetch", "gfx1100", "s_set_inst_prefetch_distance"},
    {"flat_atomic_csub_u32", "gfx1201", "flat_atomic_sub_clamp_u32"},
    {"global_atomic_csub_u32", "gfx1201", "global_atomic_sub_clamp_u32"},
    {"buffer_atomic_csub_u32", "gfx1201", "buffer_atomic_sub_clamp_u32"},
};
std::string row_on(const std::string &row, const std::string &cpu) {
  for (const auto &r : kRespelled)
    if (r.row == row && r.cpu == cpu)
      return r.instead;
  return row;
}

struct Alias {
  const char *name, *of;
};
constexpr Alias kAliases[] = {
#define ALIAS(NEW, OLD) {#NEW, #OLD},
#include "runtime/emulator/isa/aliases.def"
#undef ALIAS
};

/// Aliases of loads, stores and atomics stand for an instruction of each of these (opcodes.cpp).
constexpr std::string_view kSpaces[] = {"",        "flat_",     "global_", "scratch_",
                                        "buffer_", "s_buffer_", "s_"};

int generation_of(const std::string &cpu) {
  return cpu.starts_with("gfx9") ? 9 : std::stoi(cpu.substr(3, 2));
}

} // namespace

TEST_CASE("every opcode is tested on every processor that has it") {
  run_remaining_tests();
  std::set<std::string> cpus;
  for (const Model &m : models())
    cpus.insert(m.cpu);
  std::map<std::string, std::set<std::string>> done; // row -> processors
  std::set<std::string> spelled;
  for (const auto &[mnemonic, cpu] : tested()) {
    done[isa::base_name(mnemonic, generation_of(cpu))].insert(cpu);
    spelled.insert(mnemonic);
  }
  std::string missing;
  for (const isa::Opcode &row : isa::all_opcodes()) {
    std::string_view name = row.name;
    if (isa::is_choice(row)) {
      // Their own tests run them; here: that there is a row to take them for.
      if (!isa::find_opcode(name.substr(0, name.find("__")), 0))
        missing += std::string(name) + ": there is no row of which it is a choice\n";
      continue;
    }
    std::vector<std::string> names = {row.name};
    for (const Alias &a : kAliases)
      for (std::string_view space : kSpaces)
        if (name == std::string(space) + a.of)
          names.push_back(std::string(space) + a.name);
    if (name.starts_with("v_"))
      for (size_t k = 0, n = names.size(); k < n; k++)
        names.push_back("v_dual_" + names[k].substr(2));
    bool exists = false;
    std::string where;
    for (const std::string &cpu : cpus) {
      bool has = std::any_of(names.begin(), names.end(), [&](const std::string &n) {
        return has_mnemonic(cpu, n) && !stands_for_another(n, cpu);
      });
      exists |= has;
      if (has && !done[row_on(row.name, cpu)].count(cpu))
        where += " " + cpu;
    }
    if (!where.empty())
      missing += std::string(name) + ":" + where + "\n";
    if (!exists)
      missing += std::string(name) + ": no processor has it\n";
  }
  for (const Alias &a : kAliases) {
    bool wanted = false, there = false;
    for (std::string_view space : kSpaces) {
      std::string of = std::string(space) + a.of;
      wanted |= isa::find_opcode(of, 0) != nullptr;
      there |= spelled.count(std::string(space) + a.name) != 0;
      if (std::string_view(a.name).starts_with("v_"))
        there |= spelled.count("v_dual_" + std::string(a.name).substr(2)) != 0;
    }
    if (wanted && !there)
      missing += std::string(a.name) + ": not under this name\n";
  }
  INFO("not tested:\n" << missing);
  CHECK(missing.empty());
}
