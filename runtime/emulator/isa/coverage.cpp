// Writes docs/EMULATOR-COVERAGE.md: which instructions of which generation the opcode table covers.
// The instructions are LLVM's (MCInstrInfo of the AMDGPU target), the coverage is the table's.
#include "runtime/emulator/isa/matrix.h"
#include "runtime/emulator/isa/opcodes.h"

#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/TargetParser/Triple.h"

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>

extern "C" void LLVMInitializeAMDGPUTargetInfo();
extern "C" void LLVMInitializeAMDGPUTargetMC();

namespace {

using namespace w2w::emu::isa;

constexpr std::array<const char *, 4> kColumns = {"gfx90a, gfx942", "gfx1030", "gfx1100",
                                                  "gfx1201"};
constexpr std::array<int, 4> kGenerations = {9, 10, 11, 12};

/// Takes `suffix` off the end of s.
bool cut(std::string &s, std::string_view suffix) {
  if (!std::string_view(s).ends_with(suffix))
    return false;
  s.erase(s.size() - suffix.size());
  return true;
}

/// The mnemonic of an LLVM opcode name and the columns it belongs to (bits); 0 if it is no real
/// instruction of ours.
unsigned mnemonic_of(std::string name, std::string &mnemonic) {
  for (char &c : name)
    c = char(std::tolower(c));
  static constexpr std::pair<std::string_view, unsigned> encodings[] = {{"_gfx12_format", 0},
                                                                        {"_gfx1250", 0},
                                                                        {"_gfx13", 0},
                                                                        {"_gfx11_gfx12", 12},
                                                                        {"_gfx11_plus", 12},
                                                                        {"_gfx10_gfx11", 6},
                                                                        {"_gfx10_gfx11_gfx12", 14},
                                                                        {"_gfx12", 8},
                                                                        {"_gfx11", 4},
                                                                        {"_gfx10", 2},
                                                                        {"_gfx950", 0},
                                                                        {"_gfx940", 1},
                                                                        {"_gfx90a", 1},
                                                                        {"_gfx9", 1},
                                                                        {"_vi", 1},
                                                                        {"_gfx6_gfx7", 0}};
  unsigned columns = 0;
  for (bool again = true; again;) {
    again = false;
    for (auto [suffix, bits] : encodings)
      if (cut(name, suffix)) {
        columns |= bits;
        again = true;
        break;
      }
  }
  if (!columns)
    return 0;
  static constexpr std::string_view shapes[] = {
      "_e64_dpp", "_e32",       "_e64",     "_dpp8",      "_dpp",   "_sdwa",      "_w32",
      "_w64",     "_t16",       "_fake16",  "_saddr_rtn", "_saddr", "_rtn",       "_offen",
      "_idxen",   "_bothen",    "_offset",  "_addr64",    "_svs",   "_st",        "_vaddr",
      "_imm",     "_sgpr",      "_exact",   "_lds",       "_tfe",   "_ec",        "_vcd",
      "_acd",     "_mac",       "_vgprcd",  "_agprcd",    "_only",  "_d16_t16",   "_vbuffer",
      "_twoaddr", "_threeaddr", "_ve",      "_agpr",      "_alt",   "_pad_s_nop", "_m0",
      "_opsel",   "_sgpr_imm",  "_sgpr_alt"};
  for (bool again = true; again;) {
    again = false;
    for (std::string_view s : shapes)
      if (s != "_rtn" || !name.starts_with("ds_"))
        again |= cut(name, s);
  }
  static constexpr std::string_view others[] = {"image_", "exp",       "tbuffer_",  "v_interp",
                                                "lds_",   "ds_param",  "ds_direct", "v_opsel",
                                                "si_",    "s_set_gpr", "ds_gws",    "ds_bvh"};
  for (std::string_view o : others)
    if (name.starts_with(o))
      return 0;
  // LLVM's names of dual instructions (v_a_x_b), of halves (v_a_t16v_a), and what no compiler
  // emits.
  static constexpr std::string_view parts[] = {"_x_",         "v_",          "_src2_",
                                               "_condxchg32", "_legacy_f16", "_legacy_i16"};
  for (std::string_view part : parts)
    if (name.find(part, 2) != name.npos)
      return 0;
  static constexpr std::string_view ours[] = {"v_",      "s_",       "ds_",    "flat_",
                                              "global_", "scratch_", "buffer_"};
  for (std::string_view o : ours)
    if (name.starts_with(o)) {
      mnemonic = name;
      return columns;
    }
  return 0;
}

/// "yes", and for a matrix instruction whether its order of accumulation is a guess.
const char *yes(const std::string &name) {
  const Opcode *o = find_opcode(name, 9);
  bool assumed = o && o->form == Form::VMatrix && kMatrices[o->extra].order == MatrixOrder::Assumed;
  return assumed ? "yes, order assumed" : "yes";
}

} // namespace

int main() {
  LLVMInitializeAMDGPUTargetInfo();
  LLVMInitializeAMDGPUTargetMC();
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(llvm::Triple("amdgcn-amd-amdhsa"), error);
  std::unique_ptr<llvm::MCInstrInfo> info(target->createMCInstrInfo());
  std::map<std::string, unsigned> has, covered; // base name -> columns
  for (unsigned k = 0; k < info->getNumOpcodes(); k++) {
    std::string mnemonic;
    unsigned columns = mnemonic_of(info->getName(k).str(), mnemonic);
    for (unsigned c = 0; c < 4; c++)
      if (columns >> c & 1) {
        std::string base = base_name(mnemonic, kGenerations[c]);
        has[base] |= 1u << c;
        if (find_opcode(mnemonic, kGenerations[c]))
          covered[base] |= 1u << c;
      }
  }
  std::printf("# What the emulator executes\n\n"
              "Generated by `build/test-bin/emulator-coverage` from the opcode table "
              "(runtime/emulator/isa/*.def) and LLVM's list of\n"
              "instructions; do not edit. Names are the table's generation-independent ones. "
              "`yes`: executed; `-`: the generation has no\n"
              "such instruction; `no`: an attempt to execute it stops the launch with its name and "
              "address. `order assumed`: how AMD's\n"
              "hardware accumulates is published nowhere for this matrix instruction (matrix.def). "
              "Image, interpolation, export\n"
              "and typed-buffer instructions are left out: no compute code needs them.\n\n");
  unsigned total[4] = {}, done[4] = {};
  for (auto &[name, columns] : has)
    for (unsigned c = 0; c < 4; c++) {
      total[c] += columns >> c & 1;
      done[c] += covered[name] >> c & 1;
    }
  std::printf("| | %s | %s | %s | %s |\n|---|---|---|---|---|\n| covered |", kColumns[0],
              kColumns[1], kColumns[2], kColumns[3]);
  for (unsigned c = 0; c < 4; c++)
    std::printf(" %u of %u |", done[c], total[c]);
  std::printf("\n\n| instruction | %s | %s | %s | %s |\n|---|---|---|---|---|\n", kColumns[0],
              kColumns[1], kColumns[2], kColumns[3]);
  for (auto &[name, columns] : has) {
    std::printf("| %s |", name.c_str());
    for (unsigned c = 0; c < 4; c++)
      std::printf(" %s |", !(columns >> c & 1) ? "-" : covered[name] >> c & 1 ? yes(name) : "no");
    std::printf("\n");
  }
  return 0;
}
