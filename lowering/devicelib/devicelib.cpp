#include "lowering/devicelib/devicelib.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/AttributeMask.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MemoryBuffer.h"

extern "C" const char w2w_devicelib_begin[], w2w_devicelib_end[]; // embed.S

namespace w2w {

using namespace llvm;

namespace {

/// The library was compiled for no processor; functions take their caller's.
void forget_target(Function &f) {
  AttributeMask gone;
  for (Attribute a : f.getAttributes().getFnAttrs())
    if (a.isStringAttribute())
      gone.addAttribute(a.getKindAsString());
  f.removeFnAttrs(gone);
}

} // namespace

void link_devicelib(Module &module) {
  bool wanted = false;
  for (Function &f : module)
    wanted |= f.isDeclaration() && f.getName().starts_with("w2w_lib_") && !f.use_empty();
  if (!wanted)
    return;
  StringRef bytes(w2w_devicelib_begin, size_t(w2w_devicelib_end - w2w_devicelib_begin));
  Expected<std::unique_ptr<Module>> library =
      parseBitcodeFile(MemoryBufferRef(bytes, "devicelib"), module.getContext());
  if (!library)
    report_fatal_error(library.takeError()); // part of our own binary
  for (Function &f : **library)
    forget_target(f);
  // Flags of the library's compilation (code object version, PIC level) are not the module's.
  if (NamedMDNode *flags = (*library)->getModuleFlagsMetadata())
    flags->eraseFromParent();
  (*library)->setDataLayout(module.getDataLayout());
  (*library)->setTargetTriple(module.getTargetTriple());
  SmallVector<std::string> names;
  for (Function &f : **library)
    if (!f.isDeclaration())
      names.push_back(f.getName().str());
  Linker::linkModules(module, std::move(*library), Linker::LinkOnlyNeeded);
  for (const std::string &name : names)
    if (Function *f = module.getFunction(name); f && !f->isDeclaration()) {
      f->setLinkage(GlobalValue::InternalLinkage);
      f->setVisibility(GlobalValue::DefaultVisibility);
    }
}

} // namespace w2w
