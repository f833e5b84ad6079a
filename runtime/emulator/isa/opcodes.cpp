// Choosing the handlers for the host's processor; looking opcodes up by name.
#include "runtime/emulator/isa/opcodes.h"

#include "runtime/emulator/config.h"

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <unordered_map>

namespace w2w::emu::isa {

namespace v2 {
const Handlers &table();
}
namespace v3 {
const Handlers &table();
}
namespace v4 {
const Handlers &table();
}

const Handlers &handlers() {
  static const Handlers &best = []() -> const Handlers & {
    __builtin_cpu_init();
    bool avx512 = __builtin_cpu_supports("x86-64-v4"), avx2 = __builtin_cpu_supports("x86-64-v3");
    // For tests: W2W_CONFIG=host-isa=v2 or v3 takes less than the processor has.
    const char *config = std::getenv("W2W_CONFIG");
    std::string_view wish = config ? config : "";
    if (wish.find("host-isa=v2") != wish.npos)
      avx512 = avx2 = false;
    if (wish.find("host-isa=v3") != wish.npos)
      avx512 = false;
    return avx512 ? v4::table() : avx2 ? v3::table() : v2::table();
  }();
  return best;
}

uint64_t perturb_seed = 0;

namespace {
std::optional<bool> perturb_override;
} // namespace
bool perturbed() {
  static const bool configured = [] {
    perturb_seed = config().perturb.value_or(0);
    return config().perturb.has_value();
  }();
  return perturb_override.value_or(configured);
}
void set_perturbation(std::optional<uint64_t> seed) {
  perturbed();
  perturb_override = seed.has_value();
  perturb_seed = seed.value_or(0);
}

namespace {

using Names = std::unordered_map<std::string_view, const Opcode *>;
const Names &names() {
  static const Names n = [] {
    Names r;
    for (const Opcode &o : all_opcodes())
      r.emplace(o.name, &o);
    return r;
  }();
  return n;
}

const std::unordered_map<std::string_view, std::string_view> &aliases() {
  static const std::unordered_map<std::string_view, std::string_view> a = {
#define ALIAS(NEW, OLD) {#NEW, #OLD},
#include "runtime/emulator/isa/aliases.def"
#undef ALIAS
  };
  return a;
}

} // namespace

std::span<const Opcode> all_opcodes() {
  return {handlers().rows, handlers().count};
}

std::string base_name(std::string_view m, int generation) {
  static constexpr std::array<std::string_view, 6> suffixes = {"_e64_dpp", "_e32",  "_e64",
                                                               "_dpp",     "_sdwa", "_dpp8"};
  for (std::string_view s : suffixes)
    if (m.ends_with(s)) {
      m.remove_suffix(s.size());
      break;
    }
  if (m.starts_with("v_dual_")) {
    std::string r = "v_" + std::string(m.substr(7));
    return base_name(r, generation);
  }
  if (auto a = aliases().find(m); a != aliases().end())
    return std::string(a->second);
  static constexpr std::array<std::string_view, 6> spaces = {"flat_",   "global_",   "scratch_",
                                                             "buffer_", "s_buffer_", "s_"};
  for (std::string_view s : spaces)
    if (m.starts_with(s))
      if (auto a = aliases().find(m.substr(s.size())); a != aliases().end())
        return std::string(s) + std::string(a->second);
  // gfx12: v_dot4_i32_iu8 and its like stay as they are; gfx10 knows v_cmp_ne for integers as gfx9.
  return std::string(m);
}

const Opcode *find_opcode(std::string_view mnemonic, int generation) {
  auto at = names().find(base_name(mnemonic, generation));
  return at == names().end() ? nullptr : at->second;
}

const Opcode *find_choice(const Opcode &of, std::string_view choice) {
  auto at = names().find(std::string(of.name) + "__" + std::string(choice));
  return at == names().end() ? nullptr : at->second;
}

} // namespace w2w::emu::isa
