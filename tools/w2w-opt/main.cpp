// w2w-opt: runs chosen passes of ours on a piece of LLVM IR, so that lit can test each alone; or
// the whole pipeline and code generation on hand-written IR.
#include "lowering/codegen/link.h"
#include "lowering/codegen/pipeline.h"
#include "lowering/codegen/target.h"

#include "llvm/CodeGen/CommandFlags.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

#include <array>

namespace {

using namespace llvm;

cl::OptionCategory category("w2w-opt options");
cl::opt<std::string> input(cl::Positional, cl::desc("<input .ll or .bc>"), cl::init("-"),
                           cl::cat(category));
cl::opt<std::string> output("o", cl::desc("Output file"), cl::init("-"), cl::cat(category));
cl::list<std::string>
    passes("passes", cl::CommaSeparated, cl::cat(category),
           cl::desc("Passes of warp2wave to run, in order (default: the whole pipeline)"));
// -mcpu comes from here: lld registers the same set of code generation flags in this process.
codegen::RegisterCodeGenFlags codegen_flags;
cl::opt<w2w::KernelAbi> abi("abi", cl::desc("Kernel ABI"), cl::init(w2w::KernelAbi::Standalone),
                            cl::values(clEnumValN(w2w::KernelAbi::Standalone, "standalone", ""),
                                       clEnumValN(w2w::KernelAbi::Runtime, "runtime", "")),
                            cl::cat(category));
cl::opt<unsigned> opt_level("O", cl::desc("Optimisation level, 0..3"), cl::Prefix, cl::init(3),
                            cl::cat(category));
cl::opt<w2w::EmitKind>
    emit("emit", cl::desc("What to write"), cl::init(w2w::EmitKind::LlvmOpt),
         cl::values(clEnumValN(w2w::EmitKind::LlvmOpt, "llvm-opt", "IR after the passes"),
                    clEnumValN(w2w::EmitKind::Asm, "asm", "assembly"),
                    clEnumValN(w2w::EmitKind::Obj, "obj", "relocatable object"),
                    clEnumValN(w2w::EmitKind::Hsaco, "hsaco", "code object")),
         cl::cat(category));
cl::opt<w2w::Linker> linker("linker", cl::desc("Linker for --emit=hsaco"),
                            cl::init(w2w::Linker::Lld),
                            cl::values(clEnumValN(w2w::Linker::Lld, "lld", ""),
                                       clEnumValN(w2w::Linker::Comgr, "comgr", "")),
                            cl::cat(category));
cl::opt<int> code_object_version("code-object-version", cl::desc("4, 5 or 6"), cl::init(5),
                                 cl::cat(category));
cl::opt<bool> print_after_all("w2w-print-after-all", cl::desc("Print IR after each pass of ours"),
                              cl::cat(category));
cl::opt<bool> list_passes("list-passes", cl::desc("List the passes and exit"), cl::cat(category));

cl::opt<w2w::WarpMode> warp_mode("warp-mode", cl::desc("Warp mode"), cl::init(w2w::WarpMode::Auto),
                                 cl::values(clEnumValN(w2w::WarpMode::Auto, "auto", ""),
                                            clEnumValN(w2w::WarpMode::Paired, "paired", ""),
                                            clEnumValN(w2w::WarpMode::Scheduled, "scheduled", ""),
                                            clEnumValN(w2w::WarpMode::Solo, "solo", "")),
                                 cl::cat(category));
cl::opt<bool> small_blocks("small-blocks", cl::desc("Blocks have at most 512 threads"),
                           cl::cat(category));
cl::opt<bool> shared_in_memory("shared-in-memory", cl::desc("Shared memory in global memory"),
                               cl::cat(category));
cl::opt<bool> device_memory("device-memory", cl::desc("Pointer parameters lead to device memory"),
                            cl::cat(category));
cl::opt<uint32_t> stack_bytes("stack-bytes", cl::desc("Bytes of a thread's stack, for alloca"),
                              cl::init(w2w::abi::kDefaultStack), cl::cat(category));

int fail(const Twine &message) {
  errs() << "w2w-opt: error: " << message << '\n';
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "runs passes of warp2wave on LLVM IR\n");
  if (list_passes) {
    for (const w2w::PassInfo &pass : w2w::all_passes())
      outs() << StringRef(pass.name) << '\n';
    return 0;
  }

  std::string mcpu = codegen::getMCPU().empty() ? "gfx942" : codegen::getMCPU();
  const w2w::Processor *processor = w2w::find_processor(mcpu);
  if (!processor)
    return fail("unknown processor '" + mcpu + "'");
  LLVMContext context;
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseIRFile(input, diagnostic, context);
  if (!module) {
    diagnostic.print("w2w-opt", errs());
    return 1;
  }
  w2w::configure_module(*module);
  w2w::set_code_object_version(*module, code_object_version);
  auto machine = w2w::create_target_machine(*processor, int(opt_level));
  if (!machine)
    return fail("this LLVM has no AMDGPU target");

  w2w::PassEnv env{.processor = *processor, .abi = abi, .opt_level = int(opt_level)};
  env.shared_in_memory = shared_in_memory;
  env.device_memory = device_memory;
  env.warp_mode = warp_mode;
  env.small_blocks = small_blocks;
  env.stack_bytes = stack_bytes;
  w2w::PipelineOptions options{
      .opt_level = int(opt_level), .verify = true, .print_after_all = print_after_all};
  std::string error;
  bool ok = passes.empty()
                ? w2w::run_passes(*module, *machine, env, options, error)
                : w2w::run_named_passes(*module, *machine, env,
                                        std::vector<std::string>(passes.begin(), passes.end()),
                                        options, error);
  for (const auto &[kernel, offsets] : env.device_parameters)
    for (uint32_t offset : offsets)
      errs() << "w2w-opt: " << kernel << " assumes device memory at parameter byte " << offset
             << '\n';
  for (const w2w::PassError &e : env.errors)
    errs() << "w2w-opt: error: " << e.function << ":" << e.line << ": " << e.message << '\n';
  if (!error.empty())
    return fail(error);

  std::error_code ec;
  ToolOutputFile out(output, ec,
                     emit == w2w::EmitKind::LlvmOpt ? sys::fs::OF_Text : sys::fs::OF_None);
  if (ec)
    return fail(output + ": " + ec.message());
  if (emit == w2w::EmitKind::LlvmOpt) {
    module->print(out.os(), nullptr);
  } else if (ok) {
    std::vector<uint8_t> bytes;
    if (!w2w::generate_code(*module, *machine, env, emit == w2w::EmitKind::Asm, bytes, error))
      return fail(error);
    std::vector<uint8_t> linked;
    if (emit == w2w::EmitKind::Hsaco) {
      if (!w2w::link_code_object(bytes, linker, mcpu, linked, error))
        return fail(error);
      bytes = std::move(linked);
    }
    out.os().write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  }
  out.keep();
  return ok ? 0 : 1;
}
