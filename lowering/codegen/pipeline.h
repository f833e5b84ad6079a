// From emitted IR to machine code: which passes run, in which order.
#pragma once

#include "lowering/compiler.h"
#include "lowering/passes/pass.h"

#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace w2w {

/// How far run_passes goes.
enum class Stage : uint8_t { Lowered, Optimised };

struct PipelineOptions {
  int opt_level = 3;
  bool verify = false;
  bool print_after_all = false;
  Stage stage = Stage::Optimised;
};

/// Runs our passes and LLVM's, as ordered in the one function in pipeline.cpp. False if a pass
/// refused something (see env.errors) or left invalid IR (`error`).
bool run_passes(llvm::Module &module, llvm::TargetMachine &machine, PassEnv &env,
                const PipelineOptions &options, std::string &error);

/// Runs the passes of ours named, in the order given (w2w-opt).
bool run_named_passes(llvm::Module &module, llvm::TargetMachine &machine, PassEnv &env,
                      std::span<const std::string> names, const PipelineOptions &options,
                      std::string &error);

/// Writes assembly text or a relocatable object. False, with the reason, if the module still calls
/// a w2w.* function or LLVM reported an error; and if functions are refused (env.errors) because a
/// thread's scratch cannot hold what they need.
bool generate_code(llvm::Module &module, llvm::TargetMachine &machine, PassEnv &env, bool assembly,
                   std::vector<uint8_t> &bytes, std::string &error);

/// Sets the code object version (4, 5 or 6) that codegen and passes go by.
void set_code_object_version(llvm::Module &module, int version);

} // namespace w2w
