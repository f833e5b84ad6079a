#include "lowering/emit/module_emitter.h"

#include "lowering/abi/module_summary.h"
#include "lowering/arena_layout.h"
#include "lowering/emit/call_shape.h"
#include "lowering/emit/function_emitter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Triple.h"

#include <algorithm>

namespace w2w::emit {

using namespace llvm;
using ptx::Operand;
using ptx::StateSpace;

unsigned address_space(StateSpace space) {
  switch (space) {
  case StateSpace::Global:
    return kGlobal;
  case StateSpace::Shared:
    return kShared;
  case StateSpace::Const:
    return kConst;
  case StateSpace::Local:
    return kPrivate;
  default:
    return kFlat;
  }
}

ModuleEmitter::ModuleEmitter(LLVMContext &context, const ptx::Module &ptx,
                             const EmitOptions &options, ptx::Diagnostics &diags)
    : context(context), ptx(ptx), options(options), diags(diags), text(ptx.name, ptx.text),
      ir(std::make_unique<llvm::Module>(StringRef(ptx.name), context)), di(*ir) {
  ir->setTargetTriple(Triple(options.triple));
  ir->setDataLayout(options.data_layout);
  StringRef path(ptx.name);
  file = di.createFile(sys::path::filename(path), sys::path::parent_path(path));
  di.createCompileUnit(dwarf::DW_LANG_lo_user, file, "warp2wave", true, "", 0, "",
                       DICompileUnit::LineTablesOnly);
  ir->addModuleFlag(llvm::Module::Warning, "Debug Info Version", DEBUG_METADATA_VERSION);
  ir->addModuleFlag(llvm::Module::Max, "Dwarf Version", 5);
}

llvm::Type *ModuleEmitter::value_type(ptx::Type t) {
  switch (t) {
  case ptx::Type::F16:
    return llvm::Type::getHalfTy(context);
  case ptx::Type::BF16:
    return llvm::Type::getBFloatTy(context);
  case ptx::Type::F32:
  case ptx::Type::TF32:
    return llvm::Type::getFloatTy(context);
  case ptx::Type::F64:
    return llvm::Type::getDoubleTy(context);
  case ptx::Type::F16x2:
    return FixedVectorType::get(llvm::Type::getHalfTy(context), 2);
  case ptx::Type::BF16x2:
    return FixedVectorType::get(llvm::Type::getBFloatTy(context), 2);
  case ptx::Type::F32x2:
    return FixedVectorType::get(llvm::Type::getFloatTy(context), 2);
  default:
    return IntegerType::get(context, std::max(1u, ptx::bits(t)));
  }
}

FunctionCallee ModuleEmitter::w2w(StringRef name, FunctionType *type, W2wKind kind) {
  if (llvm::Function *f = ir->getFunction(name))
    return {type, f};
  llvm::Function *f = llvm::Function::Create(type, GlobalValue::ExternalLinkage, name, *ir);
  f->addFnAttr(Attribute::NoUnwind);
  switch (kind) {
  case W2wKind::Pure:
    f->setDoesNotAccessMemory();
    f->addFnAttr(Attribute::WillReturn);
    f->addFnAttr(Attribute::Speculatable);
    break;
  case W2wKind::Volatile:
    f->setOnlyAccessesInaccessibleMemory();
    f->addFnAttr(Attribute::WillReturn);
    break;
  case W2wKind::Convergent:
    f->setDoesNotAccessMemory();
    f->addFnAttr(Attribute::WillReturn);
    f->addFnAttr(Attribute::Convergent);
    break;
  case W2wKind::Barrier:
    f->addFnAttr(Attribute::Convergent);
    break;
  case W2wKind::Effect:
    f->addFnAttr(Attribute::WillReturn);
    break;
  case W2wKind::NoReturn:
    f->addFnAttr(Attribute::Convergent);
    f->addFnAttr(Attribute::NoReturn);
    break;
  }
  return {type, f};
}

// --- Variables
// --------------------------------------------------------------------------------------------------------

/// Whether eight elements from the first on are the bytes of one address, as mask() takes them
/// apart.
static bool is_address_by_bytes(std::span<const ptx::InitialiserElement> e) {
  if (e.size() < 8)
    return false;
  for (unsigned i = 0; i < 8; ++i)
    if (e[i].variable != e[0].variable || e[i].addend != e[0].addend ||
        e[i].offset != e[0].offset + i || e[i].mask != uint64_t{0xff} << (8 * i))
      return false;
  return true;
}

Constant *ModuleEmitter::initialiser(const ptx::Variable &v) {
  auto *bytes_type = ArrayType::get(llvm::Type::getInt8Ty(context), storage_of(v).size);
  if (v.space == StateSpace::Shared)
    return PoisonValue::get(bytes_type);
  // Descriptors exist in the runtime's ABI alone, where the arena's image has them.
  if (v.initialiser.empty() || ptx::info(v.type).kind == ptx::TypeKind::Opaque)
    return ConstantAggregateZero::get(bytes_type);

  // Runs of plain bytes, with 8-byte words in between where an address stands.
  struct Word {
    uint64_t offset;
    Constant *value;
  };
  std::vector<uint8_t> image(v.size, 0);
  std::vector<Word> words;
  unsigned width = std::max(1u, ptx::bytes(v.type));
  auto put = [&](uint64_t offset, uint64_t bits) {
    for (unsigned i = 0; i < width && offset + i < image.size(); ++i)
      image[offset + i] = i < 8 ? static_cast<uint8_t>(bits >> (8 * i)) : 0;
  };
  for (size_t i = 0; i < v.initialiser.size(); ++i) {
    const ptx::InitialiserElement &e = v.initialiser[i];
    using Kind = ptx::InitialiserElement::Kind;
    if (e.kind == Kind::Bits) {
      put(e.offset, e.bits);
      continue;
    }
    if (e.kind == Kind::FunctionAddress) {
      uint64_t id = abi::function_id(resolve(*e.function).index) + static_cast<uint64_t>(e.addend);
      put(e.offset, (id & e.mask) >> e.mask_shift);
      continue;
    }
    if (!options.all_variables)
      continue; // the runtime writes addresses when it places the arena
    const bool by_bytes = is_address_by_bytes(v.initialiser.subspan(i));
    if (width != 8 && !by_bytes) {
      diags.report({ptx::Severity::Error, v.loc,
                    "initialiser of '" + std::string(v.name) +
                        "' holds part of an address, which code objects cannot; initialise it with "
                        "all bytes of the address or with .u64 elements",
                    "5.4.4", ""});
      return ConstantAggregateZero::get(bytes_type); // once is enough
    }
    if (by_bytes)
      i += 7;
    Constant *address =
        ConstantExpr::getPtrToInt(global(*e.variable), llvm::Type::getInt64Ty(context));
    if (e.addend)
      address = ConstantExpr::getAdd(
          address, ConstantInt::getSigned(llvm::Type::getInt64Ty(context), e.addend));
    words.push_back({e.offset, address});
  }
  if (words.empty())
    return ConstantDataArray::get(context, image);

  std::sort(words.begin(), words.end(),
            [](const Word &a, const Word &b) { return a.offset < b.offset; });
  std::vector<Constant *> parts;
  uint64_t at = 0;
  auto flush_to = [&](uint64_t end) {
    if (end > at)
      parts.push_back(ConstantDataArray::get(context, ArrayRef<uint8_t>(&image[at], end - at)));
  };
  for (const Word &w : words) {
    flush_to(w.offset);
    parts.push_back(w.value);
    at = w.offset + 8;
  }
  flush_to(image.size());
  return ConstantStruct::getAnon(context, parts, /*Packed=*/true);
}

GlobalVariable *ModuleEmitter::global(const ptx::Variable &v) {
  if (GlobalVariable *g = globals_.lookup(&v))
    return g;
  unsigned space = address_space(v.space);
  bool is_const = v.space == StateSpace::Const;
  bool is_shared = v.space == StateSpace::Shared;
  bool declaration = v.unsized || (v.linkage == ptx::Linkage::Extern && v.initialiser.empty());
  // Function-scope variables of .shared are private to it; everything the host may look up by name
  // stays external.
  auto linkage = is_shared && !declaration ? GlobalValue::InternalLinkage
                 : v.linkage == ptx::Linkage::Weak || v.linkage == ptx::Linkage::Common
                     ? GlobalValue::WeakAnyLinkage
                     : GlobalValue::ExternalLinkage;
  if (declaration)
    linkage = GlobalValue::ExternalLinkage;
  // The type is settled before the initialiser, which may mention the variable itself.
  bool has_words = std::any_of(v.initialiser.begin(), v.initialiser.end(), [](const auto &e) {
    return e.kind == ptx::InitialiserElement::Kind::VariableAddress ||
           e.kind == ptx::InitialiserElement::Kind::GenericAddress;
  });
  Storage storage = storage_of(v);
  llvm::Type *type = ArrayType::get(llvm::Type::getInt8Ty(context), storage.size);
  auto make = [&](llvm::Type *t) {
    auto *g = new GlobalVariable(*ir, t, is_const, linkage, nullptr, StringRef(v.name), nullptr,
                                 GlobalValue::NotThreadLocal, space,
                                 /*isExternallyInitialized=*/!is_shared && !declaration);
    g->setAlignment(MaybeAlign(storage.align));
    if (!is_shared)
      g->addAttribute("w2w-variable", variable_key(v));
    if (!is_shared && !declaration && linkage == GlobalValue::ExternalLinkage)
      g->setVisibility(GlobalValue::ProtectedVisibility);
    return g;
  };
  GlobalVariable *g = make(type);
  globals_[&v] = g;
  if (declaration)
    return g;
  Constant *init = initialiser(v);
  if (has_words && init->getType() != type) {
    GlobalVariable *typed = make(init->getType());
    typed->takeName(g);
    g->replaceAllUsesWith(typed);
    g->eraseFromParent();
    globals_[&v] = g = typed;
    init = initialiser(v); // mentions of itself now name the new variable
  }
  g->setInitializer(init);
  return g;
}

// --- Function types
// ---------------------------------------------------------------------------------------------------

PassedType ModuleEmitter::passed_type(const ptx::Variable &v) {
  if (v.space == StateSpace::Reg || (v.dimensions.empty() && v.vector_width == 1)) {
    llvm::Type *t = IntegerType::get(context, std::max(1u, ptx::bits(v.type)));
    return {t, t, false};
  }
  llvm::Type *bytes = ArrayType::get(llvm::Type::getInt8Ty(context), v.size);
  if (v.unsized)
    return {PointerType::get(context, kPrivate), bytes, false, true};
  if (v.size > 256)
    return {PointerType::get(context, kPrivate), bytes, true};
  if (v.size % 4 || v.align % 4)
    return {bytes, bytes, false};
  llvm::Type *words = ArrayType::get(llvm::Type::getInt32Ty(context), v.size / 4);
  return {words, words, false};
}

FunctionType *ModuleEmitter::signature(std::span<const ptx::Variable *const> returns,
                                       std::span<const ptx::Variable *const> params) {
  SmallVector<llvm::Type *> args;
  for (const ptx::Variable *p : params)
    args.push_back(passed_type(*p).type);
  SmallVector<llvm::Type *> results;
  for (const ptx::Variable *r : returns)
    results.push_back(passed_type(*r).memory);
  llvm::Type *result = results.empty()       ? llvm::Type::getVoidTy(context)
                       : results.size() == 1 ? results[0]
                                             : StructType::get(context, results);
  return FunctionType::get(result, args, false);
}

FunctionType *ModuleEmitter::function_type(const ptx::Function &f) {
  return signature({f.returns.data(), f.returns.size()}, {f.params.data(), f.params.size()});
}

FunctionType *ModuleEmitter::prototype_type(const ptx::Prototype &p) {
  return signature(p.returns, p.params);
}

AttributeList ModuleEmitter::parameter_attributes(std::span<const ptx::Variable *const> params) {
  AttributeList list;
  for (unsigned i = 0; i < params.size(); ++i) {
    PassedType p = passed_type(*params[i]);
    if (!p.byval)
      continue;
    AttrBuilder attrs(context);
    attrs.addByValAttr(p.memory);
    attrs.addAlignmentAttr(Align(std::max(1u, params[i]->align)));
    list = list.addParamAttributes(context, i, attrs);
  }
  return list;
}

// --- What reaches what
// ------------------------------------------------------------------------------------------------

const ptx::Function &ModuleEmitter::resolve(const ptx::Function &f) {
  const ptx::Function *p = &f;
  for (unsigned steps = 0; p->alias_of && steps < 64; ++steps)
    p = p->alias_of;
  return *p;
}

namespace {

template <typename Visit> void walk(const Operand &op, Visit visit) {
  visit(op);
  for (const Operand &e : op.elements)
    walk(e, visit);
}

} // namespace

const ModuleEmitter::Uses &ModuleEmitter::uses(const ptx::Function &f) {
  std::unique_ptr<Uses> &slot = uses_[&f];
  if (slot)
    return *slot;
  auto u = std::make_unique<Uses>();
  for (const ptx::Statement &s : f.statements) {
    if (s.kind != ptx::Statement::Kind::Instruction)
      continue;
    for (const Operand &op : s.instruction->operands)
      walk(op, [&](const Operand &o) {
        if (o.kind == Operand::Kind::Function && o.function)
          u->functions.insert(&resolve(*o.function));
      });
    if (s.instruction->opcode == ptx::isa::Opcode::call)
      u->indirect_call |= CallShape(*s.instruction).callee->kind != Operand::Kind::Function;
  }
  slot = std::move(u);
  return *slot;
}

void ModuleEmitter::find_address_taken() {
  auto take = [&](const ptx::Function *f) {
    const ptx::Function &r = resolve(*f);
    if (r.has_body && !r.is_entry)
      address_taken_.insert(&r);
  };
  auto scan = [&](std::span<const ptx::Variable *const> variables) {
    for (const ptx::Variable *v : variables)
      for (const ptx::InitialiserElement &e : v->initialiser)
        if (e.kind == ptx::InitialiserElement::Kind::FunctionAddress)
          take(e.function);
  };
  scan(ptx.variables);
  for (const ptx::Function *f : ptx.functions) {
    scan(f->variables);
    for (const ptx::Statement &s : f->statements) {
      if (s.kind != ptx::Statement::Kind::Instruction)
        continue;
      const Operand *callee = s.instruction->opcode == ptx::isa::Opcode::call
                                  ? CallShape(*s.instruction).callee
                                  : nullptr;
      for (const Operand &op : s.instruction->operands)
        walk(op, [&](const Operand &o) {
          if (o.kind == Operand::Kind::Function && o.function && &o != callee)
            take(o.function);
        });
    }
  }
}

SetVector<const ptx::Function *> ModuleEmitter::reachable(const ptx::Function &kernel) {
  SetVector<const ptx::Function *> set;
  set.insert(&kernel);
  for (unsigned i = 0; i < set.size(); ++i) {
    const Uses &u = uses(*set[i]);
    for (const ptx::Function *g : u.functions)
      set.insert(g);
    if (u.indirect_call)
      for (const ptx::Function *g : address_taken_)
        set.insert(g);
  }
  return set;
}

// --- Declarations
// -----------------------------------------------------------------------------------------------------

namespace {

/// Whether a kernel parameter is used otherwise than by `ld.param [p + constant]` inside its bytes.
void find_addressed(const ptx::Function &kernel, DenseSet<const ptx::Variable *> &out) {
  for (const ptx::Variable *p : kernel.params)
    if (!p->dimensions.empty() || p->vector_width > 1 || p->align > ptx::bytes(p->type) ||
        ptx::bits(p->type) > 64 || ptx::bits(p->type) < 8)
      out.insert(p);
  DenseSet<const ptx::Variable *> params(kernel.params.begin(), kernel.params.end());
  for (const ptx::Statement &s : kernel.statements) {
    if (s.kind != ptx::Statement::Kind::Instruction)
      continue;
    const ptx::Instruction &i = *s.instruction;
    for (const Operand &op : i.operands)
      walk(op, [&](const Operand &o) {
        if (!o.variable || !params.contains(o.variable))
          return;
        bool is_load = i.opcode == ptx::isa::Opcode::ld && o.kind == Operand::Kind::Address;
        uint64_t size = 0;
        if (is_load)
          size = uint64_t{ptx::bytes(i.type())} * FunctionEmitter::element_count(i.operands[0]);
        if (!is_load || o.reg || o.offset < 0 ||
            static_cast<uint64_t>(o.offset) + size > o.variable->size)
          out.insert(o.variable);
      });
  }
}

std::string three(const uint32_t (&v)[3]) {
  return std::to_string(v[0]) + "," + std::to_string(v[1]) + "," + std::to_string(v[2]);
}

} // namespace

void ModuleEmitter::declare_kernel(const ptx::Function &f, SmallVectorImpl<llvm::Type *> &types) {
  find_addressed(f, addressed_);
  for (const ptx::Variable *p : f.params)
    types.push_back(needs_address(*p) ? static_cast<llvm::Type *>(PointerType::get(context, kConst))
                                      : IntegerType::get(context, ptx::bits(p->type)));
}

void ModuleEmitter::describe_kernel(const ptx::Function &f, llvm::Function *fn) {
  fn->setCallingConv(CallingConv::AMDGPU_KERNEL);
  fn->setVisibility(GlobalValue::ProtectedVisibility);
  for (unsigned i = 0; i < f.params.size(); ++i) {
    const ptx::Variable *p = f.params[i];
    fn->getArg(i)->setName(StringRef(p->name));
    if (!needs_address(*p))
      continue;
    AttrBuilder attrs(context);
    attrs.addByRefAttr(ArrayType::get(llvm::Type::getInt8Ty(context), p->size));
    attrs.addAlignmentAttr(Align(std::max(1u, p->align)));
    fn->addParamAttrs(i, attrs);
  }
  const ptx::PerformanceDirectives &perf = f.performance;
  const uint32_t (&bound)[3] = perf.reqntid[0] ? perf.reqntid : perf.maxntid;
  if (perf.maxntid[0])
    fn->addFnAttr("w2w-maxntid", three(perf.maxntid));
  if (perf.reqntid[0])
    fn->addFnAttr("w2w-reqntid", three(perf.reqntid));
  if (perf.minnctapersm)
    fn->addFnAttr("w2w-minnctapersm", std::to_string(perf.minnctapersm));
  if (perf.maxnreg)
    fn->addFnAttr("w2w-maxnreg", std::to_string(perf.maxnreg));
  uint64_t threads = 1024;
  if (bound[0])
    threads = uint64_t{bound[0]} * std::max(1u, bound[1]) * std::max(1u, bound[2]);
  threads = std::clamp<uint64_t>(threads, 1, 1024);
  std::string low = perf.reqntid[0] ? std::to_string(threads) : "1";
  fn->addFnAttr("amdgpu-flat-work-group-size", low + "," + std::to_string(threads));
}

void ModuleEmitter::declare(const ptx::Function &f) {
  FunctionType *type = nullptr;
  if (f.is_entry) {
    SmallVector<llvm::Type *> types;
    declare_kernel(f, types);
    type = FunctionType::get(llvm::Type::getVoidTy(context), types, false);
  } else {
    type = function_type(f);
  }
  auto *fn = llvm::Function::Create(
      type, f.is_entry ? GlobalValue::ExternalLinkage : GlobalValue::InternalLinkage,
      StringRef(f.name), *ir);
  fn->addFnAttr(Attribute::NoUnwind);
  fn->addFnAttr(Attribute::Convergent);
  if (f.is_entry)
    describe_kernel(f, fn);
  if (!f.is_entry) {
    AttributeList params = parameter_attributes({f.params.data(), f.params.size()});
    for (unsigned i = 0; i < f.params.size(); ++i)
      fn->addParamAttrs(i, AttrBuilder(context, params.getParamAttrs(i)));
  }
  if (address_taken_.contains(&f))
    fn->addFnAttr("w2w-function-id", std::to_string(abi::function_id(f.index)));
  unsigned at = line(f.loc);
  auto *sub_type = di.createSubroutineType(di.getOrCreateTypeArray({}));
  fn->setSubprogram(di.createFunction(file, StringRef(f.name), StringRef(f.name), file, at,
                                      sub_type, at, DINode::FlagZero,
                                      DISubprogram::SPFlagDefinition));
  functions_[&f] = fn;
}

// --- The whole
// --------------------------------------------------------------------------------------------------------

void ModuleEmitter::discard(const DenseSet<const ptx::Function *> &bad) {
  for (const ptx::Function *f : bad)
    if (llvm::Function *fn = functions_.lookup(f))
      fn->dropAllReferences();
  for (const ptx::Function *f : bad) {
    llvm::Function *fn = functions_.lookup(f);
    if (!fn)
      continue;
    fn->replaceAllUsesWith(PoisonValue::get(fn->getType()));
    fn->eraseFromParent();
    functions_.erase(f);
  }
}

std::unique_ptr<llvm::Module> ModuleEmitter::emit(std::span<const std::string_view> names) {
  find_address_taken();

  // The kernels asked for.
  std::vector<const ptx::Function *> kernels;
  for (const ptx::Function *f : ptx.functions)
    if (f->is_entry && f->has_body && names.empty() && !f->poisoned)
      kernels.push_back(f);
  for (std::string_view name : names) {
    auto it = std::find_if(ptx.functions.begin(), ptx.functions.end(), [&](const auto *f) {
      return f->is_entry && f->has_body && f->name == name;
    });
    if (it == ptx.functions.end())
      diags.report(
          {ptx::Severity::Error, {}, "no kernel named '" + std::string(name) + "'", "", ""});
    else
      kernels.push_back(*it);
  }

  // What they reach. A kernel that reaches a function the parser refused goes; the parser has said
  // why.
  MapVector<const ptx::Function *, SetVector<const ptx::Function *>> reach;
  SetVector<const ptx::Function *> needed;
  for (const ptx::Function *k : kernels) {
    SetVector<const ptx::Function *> set = reachable(*k);
    auto poison = std::find_if(set.begin(), set.end(), [](const auto *f) { return f->poisoned; });
    if (poison != set.end()) {
      if (*poison != k || !diags.has_errors())
        diags.report({ptx::Severity::Error, k->loc,
                      "kernel '" + std::string(k->name) + "' needs function '" +
                          std::string((*poison)->name) + "', which has errors",
                      "", std::string(k->name)});
      continue;
    }
    for (const ptx::Function *f : set)
      if (f->has_body)
        needed.insert(f);
    reach.insert({k, std::move(set)});
  }

  // In the order of the text, which makes the IR easy to compare with it.
  std::vector<const ptx::Function *> order(needed.begin(), needed.end());
  std::sort(order.begin(), order.end(),
            [](const auto *a, const auto *b) { return a->index < b->index; });
  for (const ptx::Function *f : order)
    declare(*f);
  DenseSet<const ptx::Function *> bad;
  for (const ptx::Function *f : order) {
    FunctionEmitter emitter(*this, *f, function(*f));
    if (!emitter.run())
      bad.insert(f);
  }
  if (options.all_variables)
    for (const ptx::Variable *v : ptx.variables)
      if ((v->space == StateSpace::Global || v->space == StateSpace::Const) && v->size &&
          ptx::info(v->type).kind != ptx::TypeKind::Opaque)
        global(*v);

  if (!bad.empty()) {
    // Keep exactly what the kernels without errors reach.
    DenseSet<const ptx::Function *> keep;
    for (auto &[kernel, set] : reach) {
      const ptx::Function *culprit = nullptr;
      for (const ptx::Function *f : set)
        if (bad.contains(f) && !culprit)
          culprit = f;
      if (!culprit)
        keep.insert(set.begin(), set.end());
      else if (culprit != kernel)
        diags.report({ptx::Severity::Note, kernel->loc,
                      "kernel '" + std::string(kernel->name) + "' is unusable: it reaches '" +
                          std::string(culprit->name) + "'",
                      "", std::string(kernel->name)});
    }
    DenseSet<const ptx::Function *> drop;
    for (const ptx::Function *f : needed)
      if (!keep.contains(f))
        drop.insert(f);
    discard(drop);
  }
  di.finalize();
  return std::move(ir);
}

std::unique_ptr<llvm::Module> emit_module(LLVMContext &context, const ptx::Module &module,
                                          std::span<const std::string_view> kernels,
                                          const EmitOptions &options, ptx::Diagnostics &diags) {
  return ModuleEmitter(context, module, options, diags).emit(kernels);
}

} // namespace w2w::emit
