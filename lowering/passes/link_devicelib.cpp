#include "lowering/passes/link_devicelib.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MemoryBuffer.h"

#include <vector>

// The library's bitcode, embedded by lowering/devicelib's build rule.
extern "C" const char w2w_devicelib_begin[];
extern "C" const char w2w_devicelib_end[];

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kPrefix = "w2w_image_";

std::vector<std::string> wanted(const Module &module) {
  std::vector<std::string> names;
  for (const Function &f : module)
    if (f.isDeclaration() && !f.use_empty() && f.getName().starts_with(kPrefix))
      names.push_back(f.getName().str());
  return names;
}

/// The library knows no processor: whatever its compilation noted of one goes.
void neutralise(Function &f) {
  f.setAttributes(AttributeList());
  for (Attribute::AttrKind kind : {Attribute::Convergent, Attribute::NoUnwind})
    f.addFnAttr(kind);
}

} // namespace

bool link_devicelib(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  if (wanted(module).empty())
    return false;
  StringRef bytes(w2w_devicelib_begin, size_t(w2w_devicelib_end - w2w_devicelib_begin));
  Expected<std::unique_ptr<Module>> library =
      parseBitcodeFile(MemoryBufferRef(bytes, "devicelib"), module.getContext());
  if (!library) {
    env.refuse(*module.begin(),
               "internal error: devicelib can't be read: " + toString(library.takeError()));
    return false;
  }
  Module &source = **library;
  if (NamedMDNode *flags = source.getModuleFlagsMetadata())
    source.eraseNamedMetadata(flags);
  while (!source.named_metadata_empty())
    source.eraseNamedMetadata(&*source.named_metadata_begin());
  source.setDataLayout(module.getDataLayout());
  source.setTargetTriple(module.getTargetTriple());
  std::vector<std::string> names;
  for (Function &f : source)
    if (!f.isIntrinsic()) {
      neutralise(f);
      names.push_back(f.getName().str());
    }
  if (llvm::Linker::linkModules(module, std::move(*library), llvm::Linker::LinkOnlyNeeded)) {
    env.refuse(*module.begin(), "internal error: devicelib can't be linked");
    return true;
  }
  for (const std::string &name : names)
    if (Function *f = module.getFunction(name); f && !f->isDeclaration())
      f->setLinkage(GlobalValue::InternalLinkage);
  return true;
}

} // namespace w2w
