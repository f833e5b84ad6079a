// check_live_ranges: LLVM's fault is made to happen, by a pass that our pipeline leaves out.
#include "frontend/parse/parse.h"
#include "lowering/codegen/pipeline.h"
#include "lowering/codegen/target.h"
#include "lowering/compiler.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/SourceMgr.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

using namespace w2w;

namespace {

/// What code generation says about optimised IR.
std::string errors_of(const std::string &ir, bool with_gate) {
  const Processor *processor = find_processor("gfx942");
  REQUIRE(processor);
  llvm::LLVMContext context;
  if (with_gate)
    context.setOptPassGate(pass_gate());
  llvm::SMDiagnostic wrong;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(ir, wrong, context);
  REQUIRE(module);
  auto machine = create_target_machine(*processor, 3);
  PassEnv env{*processor};
  std::vector<uint8_t> bytes;
  std::string error;
  const bool ok = generate_code(*module, *machine, env, false, bytes, error);
  for (const PassError &e : env.errors)
    error += e.function + ":" + std::to_string(e.line) + ": " + e.message + "\n";
  CHECK(ok == error.empty());
  return error;
}

} // namespace

TEST_CASE("A value that LLVM loses on its way to a register is an error") {
  std::ifstream file(W2W_RANDOM_PROGRAMS "/lost_live_range.ptx");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ptx::Diagnostics diags;
  ptx::ParsedModule parsed = ptx::parse("lost_live_range.ptx", text, diags);
  CompileOptions options;
  options.mcpu = "gfx942";
  options.emit = EmitKind::LlvmOpt;
  CompileResult result;
  REQUIRE(compile(parsed.module(), {}, options, diags, result));
  const std::string ir(result.bytes.begin(), result.bytes.end());
  CHECK(errors_of(ir, false) ==
        "k:89: LLVM lost a value on its way to a register; compile with -O1 "
        "(W2W_CONFIG=opt=1)\n");
  CHECK(errors_of(ir, true).empty());
}
