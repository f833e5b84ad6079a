#include "assembler.h"

#include "llvm/MC/MCAsmBackend.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCCodeEmitter.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCObjectFileInfo.h"
#include "llvm/MC/MCObjectWriter.h"
#include "llvm/MC/MCParser/MCAsmParser.h"
#include "llvm/MC/MCParser/MCTargetAsmParser.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCStreamer.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/TargetParser/Triple.h"

#include <map>
#include <tuple>

extern "C" void LLVMInitializeAMDGPUTargetInfo();
extern "C" void LLVMInitializeAMDGPUTargetMC();
extern "C" void LLVMInitializeAMDGPUAsmParser();

namespace w2w::emu::test {

namespace {

/// What the assembler keeps from text to text.
struct Target {
  llvm::Triple triple{"amdgcn-amd-amdhsa"};
  const llvm::Target *target = nullptr;
  llvm::MCTargetOptions options;
  std::unique_ptr<llvm::MCRegisterInfo> registers;
  std::unique_ptr<llvm::MCAsmInfo> syntax;
  std::unique_ptr<llvm::MCInstrInfo> instructions;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget;

  Target(const std::string &cpu, unsigned lanes) {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmParser();
    std::string error;
    target = llvm::TargetRegistry::lookupTarget(triple, error);
    std::string features;
    if (!cpu.starts_with("gfx9"))
      features =
          lanes == 64 ? "+wavefrontsize64,-wavefrontsize32" : "+wavefrontsize32,-wavefrontsize64";
    registers.reset(target->createMCRegInfo(triple));
    syntax.reset(target->createMCAsmInfo(*registers, triple, options));
    instructions.reset(target->createMCInstrInfo());
    subtarget.reset(target->createMCSubtargetInfo(triple, cpu, features));
  }
};

struct Complaint {
  unsigned line; ///< from 1
  std::string text;
};

std::vector<uint8_t> assemble(const std::string &cpu, unsigned lanes, const std::string &text,
                              std::vector<Complaint> &complaints) {
  static std::map<std::pair<std::string, unsigned>, std::unique_ptr<Target>> targets;
  std::unique_ptr<Target> &known = targets[{cpu, lanes}];
  if (!known)
    known = std::make_unique<Target>(cpu, lanes);
  const Target &t = *known;
  llvm::SourceMgr source;
  source.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text), llvm::SMLoc());
  source.setDiagHandler(
      [](const llvm::SMDiagnostic &d, void *to) {
        if (d.getKind() == llvm::SourceMgr::DK_Error)
          static_cast<std::vector<Complaint> *>(to)->push_back(
              {unsigned(d.getLineNo()), d.getMessage().str()});
      },
      &complaints);
  llvm::MCContext context(t.triple, t.syntax.get(), t.registers.get(), t.subtarget.get(), &source,
                          &t.options);
  std::unique_ptr<llvm::MCObjectFileInfo> object(t.target->createMCObjectFileInfo(context, true));
  context.setObjectFileInfo(object.get());
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  std::unique_ptr<llvm::MCCodeEmitter> emitter(
      t.target->createMCCodeEmitter(*t.instructions, context));
  std::unique_ptr<llvm::MCAsmBackend> backend(
      t.target->createMCAsmBackend(*t.subtarget, *t.registers, t.options));
  std::unique_ptr<llvm::MCObjectWriter> writer(backend->createObjectWriter(out));
  std::unique_ptr<llvm::MCStreamer> streamer(t.target->createMCObjectStreamer(
      t.triple, context, std::move(backend), std::move(writer), std::move(emitter), *t.subtarget));
  std::unique_ptr<llvm::MCAsmParser> parser(
      llvm::createMCAsmParser(source, context, *streamer, *t.syntax));
  std::unique_ptr<llvm::MCTargetAsmParser> dialect(
      t.target->createMCAsmParser(*t.subtarget, *parser, *t.instructions, t.options));
  parser->setTargetParser(*dialect);
  if (parser->Run(false))
    return {};
  auto buffer =
      llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(bytes.data(), bytes.size()), "", false);
  auto file = llvm::object::ObjectFile::createELFObjectFile(buffer->getMemBufferRef());
  if (!file) {
    llvm::consumeError(file.takeError());
    return {};
  }
  for (const llvm::object::SectionRef &s : (*file)->sections()) {
    auto name = s.getName();
    auto contents = s.getContents();
    if (name && *name == ".text" && contents)
      return std::vector<uint8_t>(contents->bytes_begin(), contents->bytes_end());
  }
  return {};
}

} // namespace

std::vector<uint8_t> assemble(const std::string &cpu, unsigned lanes, const std::string &text) {
  // The completeness test runs every text a second time.
  static std::map<std::tuple<std::string, unsigned, std::string>, std::vector<uint8_t>> known;
  auto [at, fresh] = known.try_emplace({cpu, lanes, text});
  if (fresh) {
    std::vector<Complaint> complaints;
    at->second = assemble(cpu, lanes, text, complaints);
  }
  return at->second;
}

std::vector<bool> assembles(const std::string &cpu, unsigned lanes,
                            const std::vector<std::string> &lines) {
  static std::map<std::tuple<std::string, unsigned, std::string>, std::vector<bool>> known;
  std::string text;
  for (const std::string &line : lines)
    text += line + "\n";
  auto [at, fresh] = known.try_emplace({cpu, lanes, text}, lines.size(), true);
  if (fresh) {
    std::vector<Complaint> complaints;
    assemble(cpu, lanes, text, complaints);
    for (const Complaint &c : complaints)
      at->second.at(c.line - 1) = false;
  }
  return at->second;
}

bool has_mnemonic(const std::string &cpu, const std::string &mnemonic) {
  static std::map<std::pair<std::string, std::string>, bool> known;
  auto [at, fresh] = known.try_emplace({cpu, mnemonic});
  if (fresh) {
    // The assembler looks at the processor before it counts the operands.
    std::vector<Complaint> complaints;
    bool taken = !assemble(cpu, 64, mnemonic, complaints).empty();
    at->second = taken || (!complaints.empty() &&
                           !complaints[0].text.starts_with("instruction not supported") &&
                           !complaints[0].text.starts_with("invalid instruction"));
  }
  return at->second;
}

} // namespace w2w::emu::test
