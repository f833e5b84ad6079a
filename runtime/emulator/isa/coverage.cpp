// What the opcode table covers.
//   emulator-coverage                  writes docs/EMULATOR-COVERAGE.md to standard output
//   emulator-coverage --check FILE...  decodes all code of AMDGPU code objects; lists what the
//   emulator would refuse
//                                      and ends with 1 if there is any (--lanes=64: as code for
//                                      wave64)
//   emulator-coverage --refused        one example of each instruction and reason that is refused,
//   by processor
//
// Which instructions a processor has is what LLVM's disassembler for that processor accepts: all
// values of the opcode field of every encoding are tried with several fillings of the operand
// fields. LLVM's own list of opcodes would say more than one processor's instructions, and names
// them by its internal encoding suffixes.
#include "runtime/emulator/isa/disassembler.h"
#include "runtime/emulator/isa/matrix.h"
#include "runtime/emulator/isa/opcodes.h"
#include "runtime/emulator/isa/parse.h"
#include "runtime/emulator/model.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace w2w::emu;
using namespace w2w::emu::isa;

/// An encoding of the first dword: its leading bits and where its opcode field lies. Fields are as
/// wide as in any generation (what a generation does not have, its disassembler refuses).
/// Source: AMD ISA documents (MI300, RDNA2, RDNA3, RDNA4), "Microcode Formats".
struct Format {
  uint32_t lead;
  unsigned lead_bits;
  unsigned at, bits;
};
constexpr Format kFormats[] = {
    {0b10, 2, 23, 7},        // SOP2
    {0b1011, 4, 23, 5},      // SOPK
    {0b101111101, 9, 8, 8},  // SOP1
    {0b101111110, 9, 16, 7}, // SOPC
    {0b101111111, 9, 16, 7}, // SOPP
    {0b110000, 6, 18, 8},    // SMEM, gfx9
    {0b111101, 6, 13, 13},   // SMEM, gfx10 on
    {0b0, 1, 25, 6},         // VOP2
    {0b0111111, 7, 9, 8},    // VOP1
    {0b0111110, 7, 17, 8},   // VOPC
    {0b110100, 6, 16, 10},   // VOP3 and VOP3P, gfx9
    {0b110101, 6, 16, 10},   // VOP3, gfx10 on
    {0b110011000, 9, 16, 7}, // VOP3P, gfx10 on
    {0b110010, 6, 17, 9},    // VOPD, gfx11 on
    {0b110110, 6, 17, 9},    // DS
    {0b110111, 6, 14, 12},   // FLAT, GLOBAL, SCRATCH with their segment
    {0b111011, 6, 14, 12},   // the same, gfx12
    {0b111000, 6, 17, 9},    // MUBUF
    {0b110001, 6, 14, 9},    // VBUFFER, gfx12
    {0b111010, 6, 15, 11},   // MTBUF
};

/// Repeatable numbers for the operand fields.
struct Random {
  uint64_t state = 0x9e3779b97f4a7c15;
  uint32_t next() {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return uint32_t(state >> 16);
  }
};
/// The fillings of one opcode's operand fields: some that suit an encoding, then random ones.
constexpr uint32_t kVgprSources = 0x100 | 0x104 << 9 | 0x108 << 18, kVgprs = 0x08060402;
constexpr uint32_t kSuited[][2] = {
    {0, 0},
    {0x100, kVgprSources},
    {0, kVgprs},
    {0x00040102, kVgprs},
    {0x4000, kVgprSources | 3u << 27}, // VOP3P: op_sel_hi of all sources
    {0, 0x100 | 2 << 9 | 4 << 18},     // a VGPR and scalars: v_permlane16
    {0, 0x100 | 0x104 << 9},           // v_permlane16_var
    {0, 0x007d0402},                   // FLAT: no scalar address, gfx10
    {0, 0x007c0402},                   // gfx11
    {0, 0x007f0402},                   // gfx9
    {0x7c, 0x00000002},                // VFLAT and VBUFFER without a scalar address, gfx12
    {0x8000, 0x007d0402},              // GLOBAL
    {0x8000, 0x007f0402},
};
constexpr unsigned kFillings = 64;
void filling(unsigned k, Random &random, uint32_t (&words)[4]) {
  if (k < std::size(kSuited)) {
    words[0] = kSuited[k][0], words[1] = kSuited[k][1];
    words[2] = words[3] = kVgprs;
    return;
  }
  for (uint32_t &w : words)
    w = k % 2 ? random.next() & random.next() : random.next();
}

struct Decoder {
  const Model &model;
  unsigned lanes;
  int generation;
  std::unique_ptr<Disassembler> disassembler;
  ConstantRows constants;

  Decoder(const Model &m, unsigned wave)
      : model(m), lanes(wave), generation(m.gfx_major),
        disassembler(Disassembler::create(m.gfx, wave)) {}

  /// The instruction's size, 0 if it is none; `error` is empty if the emulator executes it.
  unsigned decode(const uint8_t *bytes, uint64_t available, std::string &text, std::string &error) {
    error.clear();
    unsigned size = disassembler->decode(bytes, available, text);
    Parsed parsed;
    if (size &&
        !parse_instruction(text, bytes, size, uint64_t(bytes), lanes, generation, constants, parsed,
                           error) &&
        error.empty())
      error = "refused";
    return size;
  }
};

/// Classes of instructions that the document leaves out.
bool left_out(std::string_view name) {
  static constexpr std::string_view classes[] = {"image_",     "exp",          "tbuffer_",
                                                 "v_interp",   "lds_",         "ds_param_",
                                                 "ds_direct_", "ds_bvh_stack", "v_illegal"};
  for (std::string_view c : classes)
    if (name.starts_with(c))
      return true;
  return false;
}
std::string mnemonic(std::string_view text) {
  return std::string(text.substr(0, text.find_first_of(" \t")));
}

/// Calls f(text, error) for what the processor's disassembler finds.
template <class F> void enumerate(Decoder &d, F f) {
  Random random;
  std::string text, error;
  for (const Format &format : kFormats)
    for (uint32_t op = 0; op < 1u << format.bits; op++) {
      uint32_t lead = format.lead << (32 - format.lead_bits), field = op << format.at;
      uint32_t mask = ~(~0u >> format.lead_bits) | ((1u << format.bits) - 1) << format.at;
      for (unsigned k = 0; k < kFillings; k++) {
        uint32_t words[4];
        filling(k, random, words);
        words[0] = (words[0] & ~mask) | lead | field;
        uint8_t bytes[16];
        std::memcpy(bytes, words, sizeof bytes);
        // Printed with a complaint: the processor has no such form of the instruction.
        if (d.decode(bytes, sizeof bytes, text, error) && text.find("/*Invalid") == text.npos)
          f(text, error);
      }
    }
}

struct Row {
  std::vector<bool> has, covered;
};

/// "yes", and for a matrix instruction whether its order of accumulation is a guess.
const char *yes(const std::string &name) {
  const Opcode *o = find_opcode(name, 9);
  bool assumed = o && o->form == Form::VMatrix && kMatrices[o->extra].order == MatrixOrder::Assumed;
  return assumed ? "yes, order assumed" : "yes";
}

int write_document() {
  const std::vector<Model> &all = models();
  std::map<std::string, Row> rows; // by base name
  for (size_t m = 0; m < all.size(); m++) {
    Decoder d(all[m], all[m].wave32 ? 32 : 64);
    enumerate(d, [&](const std::string &text, const std::string &error) {
      size_t dual = text.find(" :: ");
      for (std::string_view half :
           {std::string_view(text).substr(0, dual),
            dual == text.npos ? std::string_view() : std::string_view(text).substr(dual + 4)}) {
        std::string name = mnemonic(half);
        if (name.empty() || left_out(name))
          continue;
        Row &row = rows[base_name(name, d.generation)];
        row.has.resize(all.size());
        row.covered.resize(all.size());
        row.has[m] = true;
        if (error.empty())
          row.covered[m] = true;
      }
    });
  }
  std::printf(
      "# What the emulator executes\n\n"
      "Generated by `build/test-bin/emulator-coverage`, which tries every opcode that LLVM's "
      "disassembler for the processor accepts\n"
      "against the opcode table (runtime/emulator/isa/*.def); do not edit. Names are the table's "
      "generation-independent ones. `yes`:\n"
      "executed; `-`: the processor has no such instruction; `no`: an attempt to execute it stops "
      "the launch with its name and address.\n\n"
      "Left out, and refused in the same way: image, interpolation, export, LDS-direct, "
      "ray-tracing "
      "stack and typed-buffer (tbuffer)\n"
      "instructions, which no compute code needs. `no` below is one of\n\n"
      "* formatted buffer accesses (buffer_load_format_*, buffer_store_format_*, d16 forms): "
      "conversions of graphics formats;\n"
      "* global data share, global wave sync and ordered counts (ds_gws_*, ds_ordered_count, "
      "ds_*_gs_reg_rtn,\n"
      "  global_atomic_ordered_add_b64): the emulator has no such unit, and HIP offers none;\n"
      "* privileged, debugger or driver instructions (s_rfe*, s_setkill, s_setvskip, "
      "s_endpgm_ordered_ps_done, s_alloc_vgpr);\n"
      "* instructions whose meaning AMD does not publish (s_barrier_init, s_barrier_join, "
      "s_barrier_leave, global_load_tr_*,\n"
      "  v_screen_partition_4se_b32).\n\n"
      "Refused by name whatever the instruction: the modifiers tfe and gds, and source or result "
      "modifiers of instructions for which\n"
      "AMD's documents do not say what they do.\n\n");
  auto line = [&](const std::string &first, auto cell) {
    std::printf("| %s |", first.c_str());
    for (size_t m = 0; m < all.size(); m++)
      std::printf(" %s |", cell(m).c_str());
    std::printf("\n");
  };
  auto head = [&](const char *first) {
    line(first, [&](size_t m) { return std::string(all[m].gfx); });
    std::printf("|---|");
    for (size_t m = 0; m < all.size(); m++)
      std::printf("---|");
    std::printf("\n");
  };
  head("");
  line("covered", [&](size_t m) {
    unsigned total = 0, done = 0;
    for (auto &[name, row] : rows)
      total += row.has[m], done += row.covered[m];
    return std::to_string(done) + " of " + std::to_string(total);
  });
  std::printf("\n");
  head("instruction");
  for (auto &[name, row] : rows)
    line(name, [&, r = &row](size_t m) {
      return std::string(!r->has[m] ? "-" : r->covered[m] ? yes(name) : "no");
    });
  return 0;
}

int list_refused() {
  for (const Model &m : models()) {
    Decoder d(m, m.wave32 ? 32 : 64);
    std::set<std::string> seen;
    enumerate(d, [&](const std::string &text, const std::string &error) {
      std::string reason = error.substr(0, error.find('\''));
      if (!error.empty() && !left_out(text) && seen.insert(mnemonic(text) + reason).second)
        std::printf("%s: %s: %s\n", m.gfx, text.c_str(), error.c_str());
    });
  }
  return 0;
}

/// Lists what of a code object's executable sections does not decode. Returns how much that is.
unsigned check(const char *path, unsigned lanes) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    std::fprintf(stderr, "%s: cannot be read\n", path);
    return 1;
  }
  auto file = llvm::object::ObjectFile::createELFObjectFile((*buffer)->getMemBufferRef());
  if (!file) {
    llvm::consumeError(file.takeError());
    std::fprintf(stderr, "%s: no ELF file\n", path);
    return 1;
  }
  auto *elf = llvm::dyn_cast<llvm::object::ELFObjectFileBase>(file->get());
  const Model *model = nullptr;
  for (const Model &m : models())
    if (elf && (elf->getPlatformFlags() & 0xff) == m.elf_mach) // EF_AMDGPU_MACH
      model = &m;
  if (!model) {
    std::fprintf(stderr, "%s: for no processor of the emulator\n", path);
    return 1;
  }
  Decoder d(*model, lanes ? lanes : model->wave32 ? 32 : 64);
  unsigned bad = 0, count = 0;
  std::string text, error;
  for (const llvm::object::SectionRef &s : elf->sections()) {
    auto contents = s.getContents();
    if (!s.isText() || !contents) {
      if (!contents)
        llvm::consumeError(contents.takeError());
      continue;
    }
    const uint8_t *bytes = contents->bytes_begin();
    for (uint64_t at = 0; at + 4 <= contents->size(); count++) {
      unsigned size = d.decode(bytes + at, contents->size() - at, text, error);
      uint32_t word;
      std::memcpy(&word, bytes + at, 4);
      // The linker fills gaps between functions with zeros on no processor: a zero dword is code.
      if (!size || !error.empty()) {
        bad++;
        std::printf("%s: %s: +0x%llx: %s: %s\n", path, model->gfx, (unsigned long long)at,
                    size ? text.c_str() : "no instruction", size ? error.c_str() : "");
      }
      at += size ? size : 4;
    }
  }
  if (!count) {
    std::fprintf(stderr, "%s: has no code\n", path);
    return 1;
  }
  return bad;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2)
    return write_document();
  std::string_view what = argv[1];
  if (what == "--refused")
    return list_refused();
  unsigned lanes = 0, bad = 0, files = 0;
  if (what != "--check") {
    std::fprintf(stderr, "usage: emulator-coverage [--refused | --check [--lanes=64] FILE...]\n");
    return 2;
  }
  for (int k = 2; k < argc; k++) {
    if (!std::strcmp(argv[k], "--lanes=64"))
      lanes = 64;
    else
      bad += check(argv[k], lanes), files++;
  }
  std::printf("%u files, %u instructions refused\n", files, bad);
  return bad != 0 || !files;
}
