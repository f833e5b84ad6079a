#include "lowering/codegen/pipeline.h"

#include "lowering/passes/append_launch_block.h"
#include "lowering/passes/bound_frames.h"
#include "lowering/passes/bound_registers.h"
#include "lowering/passes/clobber_after_acquire.h"
#include "lowering/passes/complete_releases.h"
#include "lowering/passes/expand_bfloat_extrema.h"
#include "lowering/passes/expand_wide_atomics.h"
#include "lowering/passes/guard_half_loads.h"
#include "lowering/passes/inline_synchronising.h"
#include "lowering/passes/link_devicelib.h"
#include "lowering/passes/lower_barriers.h"
#include "lowering/passes/lower_directed_rounding.h"
#include "lowering/passes/lower_division.h"
#include "lowering/passes/lower_dot_products.h"
#include "lowering/passes/lower_exit.h"
#include "lowering/passes/lower_flush.h"
#include "lowering/passes/lower_function_ids.h"
#include "lowering/passes/lower_nanosleep.h"
#include "lowering/passes/lower_runtime_calls.h"
#include "lowering/passes/lower_special_registers.h"
#include "lowering/passes/lower_stack.h"
#include "lowering/passes/lower_traps.h"
#include "lowering/passes/lower_warp_ops.h"
#include "lowering/passes/mark_device_memory.h"
#include "lowering/passes/move_shared_window.h"
#include "lowering/passes/place_globals.h"
#include "lowering/passes/recover_pointers.h"
#include "lowering/passes/schedule_warps.h"
#include "lowering/passes/spread_warps.h"

#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/Scalar/ADCE.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/InferAddressSpaces.h"
#include "llvm/Transforms/Scalar/SROA.h"

namespace w2w {

using namespace llvm;

namespace {

/// What our wrapped passes share in one run.
struct RunState {
  PassEnv &env;
  const PipelineOptions &options;
  std::string error; // first pass that left invalid IR
};

/// A pass of ours as an LLVM module pass.
struct OurPass : PassInfoMixin<OurPass> {
  OurPass(std::string_view pass_name, PassFunction run, RunState &state)
      : pass_name(pass_name), function(run), state(&state) {}

  PreservedAnalyses run(Module &module, ModuleAnalysisManager &analyses) {
    // After a refusal or an error the module is only carried to the end of the pipeline.
    if (!state->error.empty() || !state->env.errors.empty())
      return PreservedAnalyses::all();
    bool changed = function(module, analyses, state->env);
    if (state->options.print_after_all) {
      errs() << "; *** IR after " << pass_name << (changed ? "" : " (unchanged)") << " ***\n";
      if (changed)
        module.print(errs(), nullptr);
    }
    if (changed && state->options.verify) {
      raw_string_ostream stream(state->error);
      if (verifyModule(module, &stream))
        state->error =
            "internal error: pass " + std::string(pass_name) + " left invalid IR: " + state->error;
    }
    return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
  }
  static bool isRequired() { return true; }

  std::string_view pass_name;
  PassFunction function;
  RunState *state;
};

/// recover_pointers inside LLVM's function pipelines.
struct RecoverPointers : PassInfoMixin<RecoverPointers> {
  PreservedAnalyses run(Function &function, FunctionAnalysisManager &) {
    return recover_pointers_in(function) ? PreservedAnalyses::none() : PreservedAnalyses::all();
  }
};

#define OURS(pass) OurPass(#pass, pass, state)

/// THE order of all passes.
void build_pipeline(ModulePassManager &mpm, PassBuilder &builder, RunState &state) {
  // link_devicelib must come before lower_traps, which lowers the faults of what it links; nothing
  // of it has a signature that append_launch_block would change.
  mpm.addPass(OURS(link_devicelib));

  // append_launch_block must come before all others: it changes the signature of kernels, and every
  // later pass of the runtime ABI reads the launch block.
  mpm.addPass(OURS(append_launch_block));

  // move_shared_window must come before settling and inlining: it knows the forms of address that
  // emit/ makes. The words that barriers get later stay in LDS.
  mpm.addPass(OURS(move_shared_window));

  // lower_function_ids must come before everything that follows calls (inlining, barriers): an
  // indirect call hides its callees. Like lower_traps, it leaves records of failure that ask for
  // %tid.
  mpm.addPass(OURS(lower_function_ids));

  // lower_traps must come before lower_special_registers: it asks for %ctaid and %tid.
  mpm.addPass(OURS(lower_traps));

  mpm.addPass(OURS(lower_special_registers));

  // Value by value, no ordering among them; before LLVM's passes, which then simplify the results.
  mpm.addPass(OURS(lower_nanosleep));
  mpm.addPass(OURS(lower_dot_products));
  mpm.addPass(OURS(lower_directed_rounding));
  mpm.addPass(OURS(lower_flush));

  // inline_synchronising must come before lower_exit and schedule_warps: both want their operations
  // in kernels. LLVM's AlwaysInliner does what it asks for.
  mpm.addPass(OURS(inline_synchronising));
  mpm.addPass(AlwaysInlinerPass(/*InsertLifetime=*/false));

  // lower_exit must come before schedule_warps: a side of a branch that ends in exit is known by
  // its `ret`.
  mpm.addPass(OURS(lower_exit));

  // schedule_warps judges flow by uniformity, which needs SSA form and known address spaces (a load
  // through a generic pointer counts as different in every lane). The same passes run at every -O
  // level, so that all levels treat kernels alike.
  FunctionPassManager settle;
  settle.addPass(SROAPass(SROAOptions::PreserveCFG));
  settle.addPass(EarlyCSEPass(/*UseMemorySSA=*/false));
  // recover_pointers wants SSA form, and gives SROA and InferAddressSpaces something to work on;
  // dead integer phis would still hold on to the local arrays, hence ADCE.
  settle.addPass(RecoverPointers());
  settle.addPass(ADCEPass());
  settle.addPass(SROAPass(SROAOptions::PreserveCFG));
  settle.addPass(InferAddressSpacesPass());
  mpm.addPass(createModuleToFunctionPassAdaptor(std::move(settle)));
  // lower_stack must come after settling, which shows sizes that are constant, and before
  // schedule_warps, whose loop has no place for a wave's stack pointer.
  mpm.addPass(OURS(lower_stack));
  mpm.addPass(OURS(schedule_warps));
  // lower_barriers must come after schedule_warps, which takes the kernels whose waves may not come
  // to barriers as a whole.
  mpm.addPass(OURS(lower_barriers));
  // lower_runtime_calls must come after settling, which brings printf's format strings to light,
  // and before place_globals, which drops their text. place_globals must come before LLVM's own
  // pipeline, which would split or merge variables whose place in the arena is already settled.
  mpm.addPass(OURS(lower_runtime_calls));
  mpm.addPass(OURS(place_globals));

  // Again: for malloc and free.
  mpm.addPass(OURS(link_devicelib));

  // Again: barriers ask for the block's size, and records of failure for %tid.
  mpm.addPass(OURS(lower_special_registers));

  // lower_warp_ops comes after settling, when shuffle distances and masks are constants.
  mpm.addPass(OURS(lower_warp_ops));

  // expand_bfloat_extrema and expand_wide_atomics must come after schedule_warps, which would ask
  // whether their loops wait for other threads, and before LLVM's passes, which take note of who
  // needs the launch block.
  mpm.addPass(OURS(expand_bfloat_extrema));
  mpm.addPass(OURS(expand_wide_atomics));

  // spread_warps must come after all passes that ask for work-items and lanes: it changes their
  // numbers. It asks for the size of the block in turn.
  mpm.addPass(OURS(spread_warps));
  mpm.addPass(OURS(lower_special_registers));

  if (state.options.stage == Stage::Lowered)
    return;

  // LLVM's own pipeline. It brings AMDGPU's passes with it through the target machine's callbacks.
  static const OptimizationLevel kLevels[] = {OptimizationLevel::O0, OptimizationLevel::O1,
                                              OptimizationLevel::O2, OptimizationLevel::O3};
  // Inlining brings further address arithmetic together with the arrays it belongs to.
  builder.registerPeepholeEPCallback([](FunctionPassManager &functions, OptimizationLevel) {
    functions.addPass(RecoverPointers());
  });
  OptimizationLevel level = kLevels[state.options.opt_level & 3];
  mpm.addPass(level == OptimizationLevel::O0 ? builder.buildO0DefaultPipeline(level)
                                             : builder.buildPerModuleDefaultPipeline(level));

  // bound_frames must come after LLVM's passes: they keep in registers what they can.
  mpm.addPass(OURS(bound_frames));

  // bound_registers must come after LLVM's passes: inlining settles which functions a kernel calls.
  mpm.addPass(OURS(bound_registers));

  // lower_division must come after LLVM's passes: they fold and combine fdiv, not its sequence.
  mpm.addPass(OURS(lower_division));

  // guard_half_loads must come after LLVM's passes, which would put the loads together again or
  // make new ones.
  mpm.addPass(OURS(guard_half_loads));

  // mark_device_memory must come after LLVM's passes: inlining and simplification show it where
  // addresses come from, and they may drop what it says.
  mpm.addPass(OURS(mark_device_memory));

  // clobber_after_acquire must come after LLVM's passes, which it would hold up.
  mpm.addPass(OURS(clobber_after_acquire));

  // complete_releases must come last: it takes releases apart, of ours and of LLVM's passes alike.
  mpm.addPass(OURS(complete_releases));
}

/// Runs the pass manager that `build` fills.
template <typename Build>
bool run_pipeline(Module &module, TargetMachine &machine, PassEnv &env,
                  const PipelineOptions &options, std::string &error, Build build) {
  RunState state{env, options, {}};
  env.machine = &machine;
  PipelineTuningOptions tuning;
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  if (options.verify) {
    raw_string_ostream stream(error);
    if (verifyModule(module, &stream)) {
      error = "internal error: invalid IR before the passes: " + error;
      return false;
    }
  }
  ModulePassManager mpm;
  build(mpm, builder, state);
  mpm.run(module, modules);
  error = std::move(state.error);
  return error.empty() && env.errors.empty();
}

/// Collects what LLVM's back end reports (unsupported calls, register limits) instead of exiting.
struct CollectingHandler : DiagnosticHandler {
  CollectingHandler(std::string &errors, PassEnv &env) : errors(errors), env(env) {}
  bool handleDiagnostics(const DiagnosticInfo &info) override {
    if (info.getSeverity() != DS_Error)
      return true; // remarks and warnings: not shown
    if (auto *stack = dyn_cast<DiagnosticInfoStackSize>(&info)) {
      env.refuse(stack->getFunction(),
                 std::to_string(stack->getStackSize()) +
                     " bytes of scratch a thread, with spilled registers and the functions that it "
                     "calls, " +
                     scratch_remedy(stack->getFunction(), stack->getStackSize(),
                                    "use less .local memory", env));
      return true;
    }
    if (auto *registers = dyn_cast<DiagnosticInfoRegAllocFailure>(&info)) {
      const Function &f = registers->getFunction();
      if (env.errors.empty() || env.errors.back().function != f.getName())
        env.refuse(f,
                   "more values are alive at once, among them the same ones of all threads, than "
                   "this function's registers can hold or spill; raise .maxnreg, lower "
                   ".minnctapersm, or keep fewer values");
      return true;
    }
    if (auto *unsupported = dyn_cast<DiagnosticInfoUnsupported>(&info)) {
      const Function &f = unsupported->getFunction();
      if (!env.errors.empty() && env.errors.back().function == f.getName())
        return true;
      env.refuse(f, unsupported->getMessage().str());
      if (unsupported->isLocationAvailable()) {
        StringRef file;
        unsupported->getLocation(file, env.errors.back().line, env.errors.back().column);
      }
      return true;
    }
    raw_string_ostream stream(errors);
    DiagnosticPrinterRawOStream printer(stream);
    if (!errors.empty())
      stream << '\n';
    info.print(printer);
    return true;
  }
  std::string &errors;
  PassEnv &env;
};

/// Names the first w2w.* function that is still called, if any.
std::string surviving_border_function(const Module &module) {
  for (const Function &f : module)
    if (f.getName().starts_with("w2w.") && f.isDeclaration() && !f.use_empty())
      return f.getName().str();
  return {};
}

} // namespace

bool run_passes(Module &module, TargetMachine &machine, PassEnv &env,
                const PipelineOptions &options, std::string &error) {
  return run_pipeline(module, machine, env, options, error, build_pipeline);
}

bool run_named_passes(Module &module, TargetMachine &machine, PassEnv &env,
                      std::span<const std::string> names, const PipelineOptions &options,
                      std::string &error) {
  std::vector<PassInfo> chosen;
  for (const std::string &name : names) {
    auto passes = all_passes();
    auto it = std::find_if(passes.begin(), passes.end(),
                           [&](const PassInfo &p) { return p.name == name; });
    if (it == passes.end()) {
      error = "unknown pass '" + name + "'; known passes:";
      for (const PassInfo &p : passes)
        error += " " + std::string(p.name);
      return false;
    }
    chosen.push_back(*it);
  }
  return run_pipeline(module, machine, env, options, error,
                      [&](ModulePassManager &mpm, PassBuilder &, RunState &state) {
                        for (const PassInfo &pass : chosen)
                          mpm.addPass(OurPass(pass.name, pass.run, state));
                      });
}

bool generate_code(Module &module, TargetMachine &machine, PassEnv &env, bool assembly,
                   std::vector<uint8_t> &bytes, std::string &error) {
  if (std::string name = surviving_border_function(module); !name.empty()) {
    error = "internal error: no pass has replaced the function " + name;
    return false;
  }
  module.getContext().setDiagnosticHandler(std::make_unique<CollectingHandler>(error, env));
  SmallVector<char, 0> buffer;
  raw_svector_ostream stream(buffer);
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  assembly ? CodeGenFileType::AssemblyFile
                                           : CodeGenFileType::ObjectFile,
                                  /*DisableVerify=*/true)) {
    error = "internal error: LLVM's AMDGPU target can't write this kind of file";
    return false;
  }
  passes.run(module);
  module.getContext().setDiagnosticHandler(nullptr);
  if (!env.errors.empty())
    error.clear(); // LLVM went on with what it could not encode
  if (!error.empty() || !env.errors.empty())
    return false;
  bytes.assign(buffer.begin(), buffer.end());
  return true;
}

void set_code_object_version(Module &module, int version) {
  module.setModuleFlag(Module::Error, "amdhsa_code_object_version", unsigned(version) * 100);
}

} // namespace w2w
