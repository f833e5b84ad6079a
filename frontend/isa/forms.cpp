// Look-ups in the instruction table. The rows come from *.isa by way of generate.py.
#include "frontend/isa/form.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>

namespace w2w::ptx::isa {

namespace {
#include "frontend/isa/isa_tables.inc"

/// Chip families that share `f` features, PTX ISA 11.1.2 "Compatibility".
constexpr uint16_t kFamilies[][3] = {{100, 103, 0}, {110, 101, 0}, {120, 121, 0}};

bool same_family(unsigned a, unsigned b) {
  for (const auto &family : kFamilies) {
    const bool has_a = std::find(std::begin(family), std::end(family), a) != std::end(family);
    const bool has_b = std::find(std::begin(family), std::end(family), b) != std::end(family);
    if (has_a && has_b)
      return true;
  }
  return a == b;
}

bool matches(ArchSpecific want, unsigned ptx_version, unsigned sm, char suffix) {
  if (want.suffix == 'a')
    return sm == want.sm && suffix == 'a';
  return same_family(want.sm, sm) && (suffix == 'a' || (suffix == 'f' && ptx_version >= 88));
}
} // namespace

std::span<const Form> forms() {
  return kForms;
}

std::span<const Form> forms(Opcode opcode) {
  const unsigned o = static_cast<unsigned>(opcode);
  return std::span<const Form>(kForms).subspan(kFirstForm[o], kFirstForm[o + 1] - kFirstForm[o]);
}

std::string_view spelling(Mod m) {
  return kModSpelling[static_cast<unsigned>(m)];
}
std::string_view spelling(Opcode o) {
  return kOpcodeSpelling[static_cast<unsigned>(o)];
}
std::string_view spelling(SpecialRegister r) {
  return info(r).name;
}
const SpecialRegisterInfo &info(SpecialRegister r) {
  return kSpecialRegisters[static_cast<unsigned>(r)];
}

const Opcode *find_opcode(std::string_view name) {
  static const auto map = [] {
    std::unordered_map<std::string_view, Opcode> m;
    for (unsigned i = 0; i < kOpcodeCount; ++i)
      m.emplace(kOpcodeSpelling[i], static_cast<Opcode>(i));
    return m;
  }();
  const auto it = map.find(name);
  return it == map.end() ? nullptr : &it->second;
}

bool is_modifier(std::string_view name) {
  static const std::set<std::string_view> set(std::begin(kModSpelling), std::end(kModSpelling));
  return set.contains(name);
}

const SpecialRegister *find_special_register(std::string_view name) {
  static const auto map = [] {
    std::unordered_map<std::string_view, SpecialRegister> m;
    for (unsigned i = 0; i < kSpecialRegisterCount; ++i)
      m.emplace(kSpecialRegisters[i].name, static_cast<SpecialRegister>(i));
    return m;
  }();
  const auto it = map.find(name);
  return it == map.end() ? nullptr : &it->second;
}

bool satisfies(const Requirement &r, unsigned ptx_version, unsigned sm, char sm_suffix) {
  if (r.earlier_ptx && ptx_version >= r.earlier_ptx && sm >= r.earlier_sm)
    return true;
  if (ptx_version < r.ptx || sm < r.sm)
    return false;
  if (r.until_sm && sm >= r.until_sm && ptx_version >= 64)
    return false;
  if (!r.arch[0].sm)
    return true;
  return std::any_of(std::begin(r.arch), std::end(r.arch), [&](ArchSpecific a) {
    return a.sm && matches(a, ptx_version, sm, sm_suffix);
  });
}

bool holds(const Term &t, const ModifierSet &mods, std::span<const Type> types) {
  if (t.mod != kNoMod)
    return mods.has(t.mod);
  if (t.slot != Term::kAnySlot)
    return t.slot < types.size() && types[t.slot] == t.type;
  return std::find(types.begin(), types.end(), t.type) != types.end();
}

bool holds_all(std::span<const Term> terms, const ModifierSet &mods, std::span<const Type> types) {
  return std::all_of(terms.begin(), terms.end(),
                     [&](const Term &t) { return holds(t, mods, types); });
}

std::string describe(const Requirement &r) {
  std::string out;
  auto part = [&](const std::string &s) { out += (out.empty() ? "" : " and ") + s; };
  if (r.ptx)
    part("PTX ISA " + std::to_string(r.ptx / 10) + "." + std::to_string(r.ptx % 10));
  if (r.sm)
    part("sm_" + std::to_string(r.sm) + " or higher");
  if (r.until_sm)
    part("a target below sm_" + std::to_string(r.until_sm) + " or PTX ISA below 6.4");
  if (r.arch[0].sm) {
    std::string list;
    for (ArchSpecific a : r.arch)
      if (a.sm)
        list += (list.empty() ? "" : ", ") + ("sm_" + std::to_string(a.sm)) + a.suffix;
    part("one of " + list);
  }
  if (r.earlier_ptx)
    out += ", or PTX ISA " + std::to_string(r.earlier_ptx / 10) + "." +
           std::to_string(r.earlier_ptx % 10) + " and sm_" + std::to_string(r.earlier_sm) +
           " or higher";
  return out;
}

} // namespace w2w::ptx::isa
