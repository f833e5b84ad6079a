#include "lowering/codegen/target.h"

#include "lowering/codegen/check_live_ranges.h"
#include "lowering/codegen/compare_last.h"
#include "lowering/codegen/fold_all_ones.h"
#include "lowering/codegen/keep_scc.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/PassInfo.h"
#include "llvm/PassRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Target/RegisterTargetPassConfigCallback.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>
#include <vector>

// Only the AMDGPU target is initialised: registering all of LLVM's targets costs start-up time.
extern "C" {
void LLVMInitializeAMDGPUTargetInfo();
void LLVMInitializeAMDGPUTarget();
void LLVMInitializeAMDGPUTargetMC();
void LLVMInitializeAMDGPUAsmPrinter();
void LLVMInitializeAMDGPUAsmParser(); // inline assembly
}

namespace w2w {
namespace {

// Without dot7: with it (and dot1 or dot8), LLVM 22 takes a sum of products of bytes for a dot
// product without looking at what joins them, so that `a * b + (c * d << 8)` becomes a sum of four
// terms (docs/AMDGPU-NOTES.md). Without true16: with it, LLVM 22 copies halves of registers where
// it needs all of them (64-bit bswap at -O0 gives wrong bytes).
#define W2W_NO_DOT7 "-dot7-insts"
constexpr std::string_view kGfx9Features = W2W_NO_DOT7,
                           kGfx10Features = W2W_NO_DOT7 ",+wavefrontsize32",
                           kGfx11Features = W2W_NO_DOT7 ",+wavefrontsize32,-real-true16",
                           kGfx12Features = kGfx10Features;
#undef W2W_NO_DOT7

// The one list of processors. LDS sizes: AMDGPU feature
// FeatureAddressableLocalMemorySize65536/163840; waves a SIMD: LLVM's getMaxWavesPerEU. gfx10 and
// later have both wave sizes; wave32 is LLVM's and ROCm's default there, and fits a PTX warp.
constexpr Processor kProcessors[] = {
    {"gfx906", Generation::Gfx9, 64, kGfx9Features, 64 << 10, 10, false, 40},
    {"gfx908", Generation::Gfx9, 64, kGfx9Features, 64 << 10, 10, false, 40},
    {"gfx90a", Generation::Gfx9, 64, kGfx9Features, 64 << 10, 8, true, 40},
    {"gfx942", Generation::Gfx9, 64, kGfx9Features, 64 << 10, 8, true, 10},
    {"gfx950", Generation::Gfx9, 64, kGfx9Features, 160 << 10, 8, true, 10},
    {"gfx1030", Generation::Gfx10, 32, kGfx10Features, 64 << 10, 16, false, 10},
    {"gfx1100", Generation::Gfx11, 32, kGfx11Features, 64 << 10, 16, false, 10},
    {"gfx1151", Generation::Gfx11, 32, kGfx11Features, 64 << 10, 16, false, 10},
    {"gfx1201", Generation::Gfx12, 32, kGfx12Features, 64 << 10, 16, false, 10},
};

const llvm::Triple &amdgpu_triple() {
  static const llvm::Triple triple("amdgcn-amd-amdhsa");
  return triple;
}

/// Sets an option that LLVM reads from its command line only. As its default: the linker inside
/// this process may reset all options to theirs.
template <typename T> void set_llvm_option(llvm::StringRef name, T value) {
  auto &options = llvm::cl::getRegisteredOptions();
  auto option = options.find(name);
  if (option == options.end())
    llvm::report_fatal_error("LLVM has no option " + name);
  static_cast<llvm::cl::opt<T> *>(option->second)->setInitialValue(value);
}

/// The identity of one of LLVM's registered passes. PassRegistry::getPassInfo(name) of LLVM 22
/// finds none.
llvm::AnalysisID pass_by_name(llvm::StringRef name) {
  struct Search : llvm::PassRegistrationListener {
    explicit Search(llvm::StringRef name) : name(name) {}
    void passEnumerate(const llvm::PassInfo *pass) override {
      if (pass->getPassArgument() == name)
        found = pass->getTypeInfo();
    }
    llvm::StringRef name;
    llvm::AnalysisID found = nullptr;
  } search(name);
  llvm::PassRegistry::getPassRegistry()->enumerateWith(&search);
  if (!search.found)
    llvm::reportFatalInternalError("internal error: LLVM has no pass " + name);
  return search.found;
}

/// More VGPRs than any processor has.
constexpr unsigned kAllVgprs = 1024;

const llvm::Target *amdgpu_target() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTarget();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmPrinter();
    LLVMInitializeAMDGPUAsmParser();
    // Without the pass that makes SDWA: LLVM 22 drops the sign extension of a part of a register
    // that a floating-point instruction takes as its operand (docs/AMDGPU-NOTES.md). The feature
    // "sdwa" cannot be switched off: gfx9 implies it.
    set_llvm_option("amdgpu-sdwa-peephole", false);
    // As many VGPRs for the lanes that hold spilled SGPRs as they need, not LLVM's ten: when LLVM
    // 22 spills such a VGPR in its turn, it may overwrite a VGPR of inactive lanes
    // (docs/AMDGPU-NOTES.md). A kernel without that many is refused.
    set_llvm_option("amdgpu-num-vgprs-for-wwm-alloc", kAllVgprs);
    // The last of the passes in front of si-lower-i1-copies, the last but one in front of
    // si-fold-operands, and the last in front of si-pre-emit-peephole, which no public header
    // declares.
    static const llvm::RegisterTargetPassConfigCallback add_machine_passes(
        [](llvm::TargetMachine &, llvm::PassManagerBase &, llvm::TargetPassConfig *config) {
          config->insertPass(pass_by_name("si-fix-sgpr-copies"), create_compare_last());
          config->insertPass(&llvm::PeepholeOptimizerLegacyID, create_fold_all_ones());
          config->insertPass(pass_by_name("si-late-branch-lowering"), create_keep_scc());
          config->insertPass(pass_by_name("amdgpu-pre-ra-long-branch-reg"), check_live_ranges_id());
          config->insertPass(&llvm::RAGreedyLegacyID, check_live_ranges_id());
        });
    // Without machine-cp: LLVM 22 takes the source of a VGPR's copy for the copy behind a write of
    // EXEC too, where it is one in the lanes of before only (docs/AMDGPU-NOTES.md).
    set_llvm_option("disable-copyprop", true);
    // Without shorter live ranges in divergent branches: of values that are undefined on some ways,
    // which si-opt-vgpr-liverange makes many of, LLVM 22 may lose live ranges
    // (docs/AMDGPU-NOTES.md; pass_gate).
    set_llvm_option("amdgpu-opt-vgpr-liverange", false);
    // Without 24-bit multiplications made of IR: LLVM 22 adds to their 64-bit products by
    // v_mad_u64_u32, which looks at 32 bits (docs/AMDGPU-NOTES.md). Instruction selection makes
    // 24-bit multiplications too, but no such sums of them.
    set_llvm_option("amdgpu-codegenprepare-mul24", false);
  });
  std::string error;
  return llvm::TargetRegistry::lookupTarget(amdgpu_triple(), error);
}

class PassGate : public llvm::OptPassGate {
public:
  bool isEnabled() const override { return true; }
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef) const override {
    // Loads in clauses, for targets with XNACK: when LLVM 22 computes live ranges of registers anew
    // for that, it loses parts of them (docs/AMDGPU-NOTES.md). Its hazard recognizer keeps loads
    // that may not be repeated together apart without it too.
    return pass != "si-form-memory-clauses";
  }
};

} // namespace

llvm::OptPassGate &pass_gate() {
  static PassGate gate;
  return gate;
}

std::span<const std::string_view> supported_processors() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list;
    for (const Processor &p : kProcessors)
      list.push_back(p.name);
    return list;
  }();
  return names;
}

const Processor *find_processor(std::string_view name) {
  for (const Processor &p : kProcessors)
    if (p.name == name)
      return &p;
  return nullptr;
}

uint32_t most_scratch(const Processor &processor) {
  // Bits of the field and the bytes it counts in.
  struct WaveSize {
    unsigned bits, unit;
  };
  static constexpr WaveSize kFields[] = {{13, 1024}, {13, 1024}, {15, 256}, {18, 256}};
  const WaveSize &field = kFields[size_t(processor.generation)];
  return ((1u << field.bits) - 1) * field.unit / processor.wave_size;
}

void configure_module(llvm::Module &module) {
  module.setTargetTriple(amdgpu_triple());
  module.setDataLayout(amdgpu_triple().computeDataLayout());
}

std::unique_ptr<llvm::TargetMachine> create_target_machine(const Processor &processor,
                                                           int opt_level) {
  const llvm::Target *target = amdgpu_target();
  if (!target)
    return nullptr; // an LLVM built without AMDGPU
  // LLVM's own -O0 loses lane masks carried by loops (docs/AMDGPU-NOTES.md): our -O0 has code
  // generation of level 1 behind unoptimised IR.
  static constexpr llvm::CodeGenOptLevel kLevels[] = {
      llvm::CodeGenOptLevel::Less, llvm::CodeGenOptLevel::Less, llvm::CodeGenOptLevel::Default,
      llvm::CodeGenOptLevel::Aggressive};
  llvm::TargetOptions options;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      amdgpu_triple(), llvm::StringRef(processor.name), llvm::StringRef(processor.features),
      options, llvm::Reloc::PIC_, std::nullopt, kLevels[opt_level & 3]));
}

} // namespace w2w
