#include "runtime/emulator/isa/disassembler.h"

#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"

#include <cstring>
#include <mutex>

extern "C" void LLVMInitializeAMDGPUTargetInfo();
extern "C" void LLVMInitializeAMDGPUTargetMC();
extern "C" void LLVMInitializeAMDGPUDisassembler();

namespace w2w::emu::isa {

struct Disassembler::Impl {
  bool gfx9 = false, gfx12 = false, has_sdwa = false;
  std::unique_ptr<llvm::MCRegisterInfo> registers;
  llvm::MCTargetOptions options;
  std::unique_ptr<llvm::MCAsmInfo> assembler;
  std::unique_ptr<llvm::MCInstrInfo> instructions;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget;
  std::unique_ptr<llvm::MCContext> context;
  std::unique_ptr<llvm::MCDisassembler> disassembler;
  std::unique_ptr<llvm::MCInstPrinter> printer;
  uint64_t longest = 20; ///< bytes of an instruction
};

Disassembler::Disassembler(std::unique_ptr<Impl> p) : self(std::move(p)) {}
Disassembler::~Disassembler() = default;

std::unique_ptr<Disassembler> Disassembler::create(const std::string &cpu, unsigned lanes) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUDisassembler();
  });
  std::string error;
  llvm::Triple triple("amdgcn-amd-amdhsa");
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  auto p = std::make_unique<Impl>();
  p->gfx9 = cpu.starts_with("gfx9");
  p->gfx12 = cpu.starts_with("gfx12");
  p->has_sdwa = p->gfx9 || cpu.starts_with("gfx10");
  p->registers.reset(target->createMCRegInfo(triple));
  p->assembler.reset(target->createMCAsmInfo(*p->registers, triple, p->options));
  p->instructions.reset(target->createMCInstrInfo());
  // The names of 16-bit halves (v0.l, v0.h) are the same encodings on all of gfx11 and gfx12.
  std::string features;
  if (p->gfx9)
    features = "+vop3-literal"; // see decode()
  else
    features =
        lanes == 64 ? "+wavefrontsize64,-wavefrontsize32" : "+wavefrontsize32,-wavefrontsize64";
  if (cpu.starts_with("gfx11") || cpu.starts_with("gfx12"))
    features += ",+real-true16";
  p->subtarget.reset(target->createMCSubtargetInfo(triple, cpu, features));
  if (!p->subtarget || !p->subtarget->isCPUStringValid(cpu))
    return nullptr;
  p->context = std::make_unique<llvm::MCContext>(triple, p->assembler.get(), p->registers.get(),
                                                 p->subtarget.get());
  p->disassembler.reset(target->createMCDisassembler(*p->subtarget, *p->context));
  p->printer.reset(target->createMCInstPrinter(triple, p->assembler->getAssemblerDialect(),
                                               *p->assembler, *p->instructions, *p->registers));
  if (!p->disassembler || !p->printer)
    return nullptr;
  p->disassembler->CommentStream = &llvm::nulls();
  return std::unique_ptr<Disassembler>(new Disassembler(std::move(p)));
}

namespace {
/// SDWA (operand 249 of VOP1, VOP2 and VOPC; gfx9 and gfx10) with a reserved selection, which LLVM
/// (22.1.8) decodes and then has no text for: its printer runs into llvm_unreachable.
bool reserved_sdwa(const uint8_t *bytes) {
  uint32_t words[2];
  std::memcpy(words, bytes, sizeof words);
  if (words[0] >> 31 || (words[0] & 0x1ff) != 0xf9)
    return false;
  auto field = [&](unsigned at, unsigned width) { return words[1] >> at & ((1u << width) - 1); };
  bool compare = words[0] >> 25 == 0b0111110;
  bool destination = !compare && (field(8, 3) == 7 || field(11, 2) == 3);
  return destination || field(16, 3) == 7 || field(24, 3) == 7;
}
/// gfx12's s_barrier_signal to s_barrier_join with a literal for the barrier's number: LLVM
/// (22.1.8) has no type for that literal.
bool literal_barrier(const uint8_t *bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  unsigned opcode = word >> 8 & 0xff;
  return word >> 23 == 0b101111101 && opcode >= 0x4e && opcode <= 0x52 && (word & 0xff) == 0xff;
}
} // namespace

unsigned Disassembler::decode(const uint8_t *bytes, uint64_t available, std::string &text) {
  llvm::MCInst inst;
  uint64_t size = 0;
  text.clear();
  // Behind the end of the code stand zeros: LLVM's complaint about a cut-off literal would crash
  // (22.1.8).
  uint8_t padded[64] = {};
  std::memcpy(padded, bytes, available < sizeof padded ? available : sizeof padded);
  if ((self->has_sdwa && reserved_sdwa(padded)) || (self->gfx12 && literal_barrier(padded)))
    return 0;
  // LLVM takes the constant of v_fmamk_f16 and its like for the mark of a literal if it is 255, and
  // crashes (22.1.8): another one is decoded, and put right.
  constexpr uint32_t kMark = 255, kOther = 0x7abc;
  uint32_t words[2];
  std::memcpy(words, padded, sizeof words);
  unsigned vop2 = words[0] >> 25, first = self->gfx9 ? 0x24 : 0x37;
  bool constant = words[1] == kMark && (vop2 == first || vop2 == first + 1);
  if (constant)
    std::memcpy(padded + 4, &kOther, sizeof kOther);
  auto status = self->disassembler->getInstruction(inst, size, padded, 0, llvm::nulls());
  for (llvm::MCOperand &operand : inst)
    if (constant && operand.isImm() && operand.getImm() == kOther)
      operand.setImm(kMark);
  if (status != llvm::MCDisassembler::Success || !size || size > available)
    return 0;
  // gfx9's longest instructions have 8 bytes: VOP3 takes no literal (operand 255). Without the
  // feature LLVM (22.1.8) looks for one behind the instruction all the same, and crashes in its
  // complaint that there is none.
  if (self->gfx9 && size > 8)
    return 0;
  llvm::raw_string_ostream out(text);
  self->printer->printInst(&inst, 0, "", *self->subtarget, out);
  size_t at = text.find_first_not_of(" \t");
  text.erase(0, at == std::string::npos ? text.size() : at);
  return unsigned(size);
}

} // namespace w2w::emu::isa
