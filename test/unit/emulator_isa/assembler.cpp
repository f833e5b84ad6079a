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

/// What the assembler says first, if it does not take the text, goes to `complaint`.
std::vector<uint8_t> assemble(const std::string &cpu, unsigned lanes, const std::string &text,
                              std::string &complaint) {
  static const bool once = [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmParser();
    return true;
  }();
  (void)once;
  llvm::Triple triple("amdgcn-amd-amdhsa");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return {};
  llvm::MCTargetOptions options;
  std::string features;
  if (!cpu.starts_with("gfx9"))
    features =
        lanes == 64 ? "+wavefrontsize64,-wavefrontsize32" : "+wavefrontsize32,-wavefrontsize64";
  std::unique_ptr<llvm::MCRegisterInfo> registers(target->createMCRegInfo(triple));
  std::unique_ptr<llvm::MCAsmInfo> assembler(target->createMCAsmInfo(*registers, triple, options));
  std::unique_ptr<llvm::MCInstrInfo> instructions(target->createMCInstrInfo());
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, cpu, features));
  llvm::SourceMgr source;
  source.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text), llvm::SMLoc());
  source.setDiagHandler(
      [](const llvm::SMDiagnostic &d, void *first) {
        auto &said = *static_cast<std::string *>(first);
        if (said.empty())
          said = d.getMessage().str();
      },
      &complaint);
  llvm::MCContext context(triple, assembler.get(), registers.get(), subtarget.get(), &source,
                          &options);
  std::unique_ptr<llvm::MCObjectFileInfo> object(target->createMCObjectFileInfo(context, true));
  context.setObjectFileInfo(object.get());
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  std::unique_ptr<llvm::MCCodeEmitter> emitter(target->createMCCodeEmitter(*instructions, context));
  std::unique_ptr<llvm::MCAsmBackend> backend(
      target->createMCAsmBackend(*subtarget, *registers, options));
  std::unique_ptr<llvm::MCObjectWriter> writer(backend->createObjectWriter(out));
  std::unique_ptr<llvm::MCStreamer> streamer(target->createMCObjectStreamer(
      triple, context, std::move(backend), std::move(writer), std::move(emitter), *subtarget));
  std::unique_ptr<llvm::MCAsmParser> parser(
      llvm::createMCAsmParser(source, context, *streamer, *assembler));
  std::unique_ptr<llvm::MCTargetAsmParser> dialect(
      target->createMCAsmParser(*subtarget, *parser, *instructions, options));
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
    std::string complaint;
    at->second = assemble(cpu, lanes, text, complaint);
  }
  return at->second;
}

bool has_mnemonic(const std::string &cpu, const std::string &mnemonic) {
  // The assembler looks at the processor before it counts the operands.
  std::string complaint;
  bool taken = !assemble(cpu, 64, mnemonic, complaint).empty();
  return taken || !(complaint.starts_with("instruction not supported") ||
                    complaint.starts_with("invalid instruction"));
}

} // namespace w2w::emu::test
