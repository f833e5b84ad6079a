// The entry: checked module -> code object. Everything with LLVM in it starts here.
#include "lowering/arena_layout.h"
#include "lowering/codegen/link.h"
#include "lowering/codegen/pipeline.h"
#include "lowering/codegen/resources.h"
#include "lowering/codegen/target.h"
#include "lowering/compiler.h"
#include "lowering/emit/emit.h"
#include "lowering/reach.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"

#include <algorithm>
#include <unordered_set>

namespace w2w {
namespace {

class Compilation {
public:
  Compilation(const ptx::Module &module, const CompileOptions &options, ptx::Diagnostics &diags)
      : module_(module), options_(options), diags_(diags) {}

  bool run(std::span<const std::string_view> names, CompileResult &result);

private:
  bool choose_kernels(std::span<const std::string_view> names);
  std::unique_ptr<llvm::Module> emit(llvm::LLVMContext &context);
  void mark_arena_offsets(llvm::Module &ir);
  bool drop_refused(const std::vector<PassError> &errors);
  bool finish(llvm::Module &ir, llvm::TargetMachine &machine, PassEnv &env, CompileResult &result);
  void error(std::string message) {
    diags_.report({ptx::Severity::Error, {}, std::move(message), "", ""});
  }
  ptx::SourceLoc location(unsigned line, unsigned column) const;

  const ptx::Module &module_;
  const CompileOptions &options_;
  ptx::Diagnostics &diags_;
  const Processor *processor_ = nullptr;
  std::vector<std::string_view> kernels_;
  std::map<std::string, std::string> warp_modes_;
  std::map<std::string, std::set<uint32_t>> device_parameters_;
  std::set<std::string> row_kernels_, solo_kernels_, solo_serves_, stack_kernels_;
  uint32_t window_bytes_ = 0;
};

ptx::SourceLoc Compilation::location(unsigned line, unsigned column) const {
  size_t at = 0;
  for (unsigned l = 1; l < line; ++l) {
    size_t end = module_.text.find('\n', at);
    if (end == std::string_view::npos)
      break;
    at = end + 1;
  }
  if (column > 1)
    at += column - 1;
  else
    while (at < module_.text.size() && (module_.text[at] == ' ' || module_.text[at] == '\t'))
      ++at;
  return {static_cast<uint32_t>(std::min(at, module_.text.size()))};
}

bool Compilation::choose_kernels(std::span<const std::string_view> names) {
  std::vector<std::string_view> known;
  Reach reach(module_);
  for (const ptx::Function *f : module_.functions) {
    if (!f->is_entry || !f->has_body)
      continue;
    known.push_back(f->name);
    auto functions = reach.functions(*f);
    bool poisoned =
        std::any_of(functions.begin(), functions.end(), [](auto *g) { return g->poisoned; });
    if (names.empty() && !poisoned)
      kernels_.push_back(f->name);
  }
  bool ok = true;
  for (std::string_view name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      kernels_.push_back(name);
      continue;
    }
    std::string message = "no kernel named '" + std::string(name) + "'; the module has";
    if (known.empty())
      message += " no kernels";
    for (size_t i = 0; i < known.size(); ++i)
      message += (i ? ", " : ": ") + std::string(known[i]);
    error(std::move(message));
    ok = false;
  }
  return ok;
}

std::unique_ptr<llvm::Module> Compilation::emit(llvm::LLVMContext &context) {
  llvm::Module layout("layout", context);
  configure_module(layout);
  emit::EmitOptions emit_options{.triple = layout.getTargetTriple().str(),
                                 .data_layout = layout.getDataLayout().getStringRepresentation(),
                                 .contract = options_.contract,
                                 .all_variables = options_.abi == KernelAbi::Standalone};
  std::unique_ptr<llvm::Module> ir =
      emit::emit_module(context, module_, kernels_, emit_options, diags_);
  set_code_object_version(*ir, options_.code_object_version);
  mark_arena_offsets(*ir);
  // Kernels that emit/ could not do are gone from the module; it has said why.
  std::erase_if(kernels_, [&](std::string_view name) {
    llvm::Function *f = ir->getFunction(llvm::StringRef(name));
    return !f || f->isDeclaration();
  });
  return ir;
}

/// Tells place_globals where each variable lies: emit/ marks the globals with the keys of their
/// variables.
void Compilation::mark_arena_offsets(llvm::Module &ir) {
  if (options_.abi != KernelAbi::Runtime)
    return;
  ArenaLayout layout = layout_arena(module_);
  llvm::StringMap<const ArenaLayout::Place *> places;
  for (const ArenaLayout::Place &place : layout.places)
    places[variable_key(*place.variable)] = &place;
  for (llvm::GlobalVariable &g : ir.globals())
    if (g.hasAttribute("w2w-variable"))
      if (auto *place = places.lookup(g.getAttribute("w2w-variable").getValueAsString())) {
        const bool managed = place->variable->managed;
        g.addAttribute("w2w-arena-offset",
                       std::to_string(place->offset - (managed ? layout.managed_begin : 0)));
        if (managed)
          g.addAttribute("w2w-managed");
      }
}

/// Reports what passes refused and takes the kernels that reach it from the list. False if there
/// are none, since the refusals name nothing we know.
bool Compilation::drop_refused(const std::vector<PassError> &errors) {
  const size_t before = kernels_.size();
  std::unordered_set<std::string_view> bad;
  for (const PassError &e : errors) {
    bad.insert(e.function);
    diags_.report({ptx::Severity::Error, location(e.line, e.column), e.message, "", e.function});
  }
  Reach reach(module_);
  for (const ptx::Function *f : module_.functions) {
    if (!f->is_entry)
      continue;
    auto functions = reach.functions(*f);
    if (std::any_of(functions.begin(), functions.end(),
                    [&](auto *g) { return bad.contains(g->name); }))
      std::erase(kernels_, f->name);
  }
  return kernels_.size() < before;
}

bool Compilation::finish(llvm::Module &ir, llvm::TargetMachine &machine, PassEnv &env,
                         CompileResult &result) {
  std::string message;
  bool assembly = options_.emit == EmitKind::Asm;
  if (!generate_code(ir, machine, env, assembly, result.bytes, message)) {
    if (!message.empty())
      error(message);
    return false;
  }
  if (assembly)
    return true;
  if (options_.emit == EmitKind::Hsaco) {
    std::vector<uint8_t> linked;
    if (!link_code_object(result.bytes, options_.linker, options_.mcpu, linked, message)) {
      error("link failed: " + message);
      return false;
    }
    result.bytes = std::move(linked);
  }
  if (!read_kernel_resources(result.bytes, result.kernels, message)) {
    error("internal error: can't read back the code object: " + message);
    return false;
  }
  for (KernelResources &k : result.kernels) {
    k.window_bytes = window_bytes_;
    k.stack_bytes = stack_kernels_.contains(k.name) ? options_.stack_bytes : 0;
    k.assumes_rows = row_kernels_.contains(k.name);
    k.solo = solo_kernels_.contains(k.name);
    k.solo_serves = solo_serves_.contains(k.name);
    if (auto it = device_parameters_.find(k.name); it != device_parameters_.end())
      k.device_parameters.assign(it->second.begin(), it->second.end());
    if (auto mode = warp_modes_.find(k.name); mode != warp_modes_.end())
      k.warp_mode = mode->second;
    else
      k.warp_mode = processor_->wave_size == 32 ? "native: a wave is a warp" : "paired";
  }
  return true;
}

bool Compilation::run(std::span<const std::string_view> names, CompileResult &result) {
  processor_ = find_processor(options_.mcpu);
  if (!processor_) {
    std::string message = "unsupported processor '" + options_.mcpu + "'; supported are";
    for (std::string_view name : supported_processors())
      message += " " + std::string(name);
    error(std::move(message));
    return false;
  }
  if (options_.code_object_version < 4 || options_.code_object_version > 6) {
    error("unsupported code object version " + std::to_string(options_.code_object_version) +
          "; supported are 4, 5 and 6");
    return false;
  }
  if (options_.warp_mode == WarpMode::Solo && options_.abi != KernelAbi::Runtime) {
    error("warp mode 'solo' needs warp2wave's runtime, which launches two work-items for each "
          "thread; use auto, paired or scheduled");
    return false;
  }
  if (options_.shared_in_memory && options_.abi != KernelAbi::Runtime) {
    error("shared memory can lie in global memory only in kernels of the runtime ABI");
    return false;
  }
  if (!choose_kernels(names))
    return false;
  if (kernels_.empty()) {
    error("nothing to compile: the module has no usable kernel");
    return false;
  }
  auto machine = create_target_machine(*processor_, options_.opt_level);
  if (!machine) {
    error("internal error: this LLVM was built without the AMDGPU target");
    return false;
  }
  bool verify = options_.verify;
#ifdef W2W_CHECKED
  verify = true;
#endif

  // A kernel that a pass refuses does not take the others with it: they are compiled again without
  // it. Each round loses at least one kernel.
  while (!kernels_.empty()) {
    llvm::LLVMContext context;
    context.setOptPassGate(pass_gate());
    std::unique_ptr<llvm::Module> ir = emit(context);
    if (kernels_.empty())
      return false;
    if (options_.emit == EmitKind::Llvm) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      ir->print(stream, nullptr);
      result.bytes.assign(text.begin(), text.end());
      return true;
    }
    PassEnv env{.processor = *processor_,
                .abi = options_.abi,
                .opt_level = options_.opt_level,
                .errors = {},
                .warp_mode = options_.warp_mode,
                .warps_are_rows = options_.warps_are_rows,
                .small_blocks = options_.small_blocks,
                .shared_in_memory = options_.shared_in_memory,
                .device_memory = options_.device_memory,
                .stack_bytes = options_.stack_bytes,
                .warp_modes = {},
                .row_kernels = {},
                .solo_kernels = {},
                .solo_serves = {},
                .device_parameters = {},
                .stack_parts = {},
                .smaller_stack = 0,
                .window_bytes = 0};
    PipelineOptions pipeline{.opt_level = options_.opt_level,
                             .verify = verify,
                             .print_after_all = options_.print_after_all,
                             .stage = Stage::Optimised};
    std::string message;
    bool ok = run_passes(*ir, *machine, env, pipeline, message);
    if (!message.empty()) {
      error(message);
      return false;
    }
    if (!ok) {
      result.smaller_stack = env.smaller_stack;
      if (!drop_refused(env.errors))
        return false;
      continue;
    }
    warp_modes_ = std::move(env.warp_modes);
    row_kernels_ = std::move(env.row_kernels);
    solo_kernels_ = std::move(env.solo_kernels);
    solo_serves_ = std::move(env.solo_serves);
    device_parameters_ = std::move(env.device_parameters);
    for (const auto &[name, parts] : env.stack_parts)
      stack_kernels_.insert(name);
    window_bytes_ = env.window_bytes;
    if (options_.emit == EmitKind::LlvmOpt) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      ir->print(stream, nullptr);
      result.bytes.assign(text.begin(), text.end());
      return true;
    }
    if (finish(*ir, *machine, env, result))
      return true;
    result.smaller_stack = env.smaller_stack;
    if (!drop_refused(env.errors))
      return false;
  }
  return false;
}

} // namespace

bool compile(const ptx::Module &module, std::span<const std::string_view> kernels,
             const CompileOptions &options, ptx::Diagnostics &diags, CompileResult &result) {
  return Compilation(module, options, diags).run(kernels, result);
}

} // namespace w2w
