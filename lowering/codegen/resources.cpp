#include "lowering/codegen/resources.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/BinaryFormat/MsgPackDocument.h"
#include "llvm/Object/ELF.h"

namespace w2w {
namespace {

using llvm::object::ELF64LE;
using llvm::object::ELFFile;

uint32_t number(llvm::msgpack::MapDocNode &map, llvm::StringRef key) {
  auto it = map.find(key);
  if (it == map.end())
    return 0;
  llvm::msgpack::DocNode &node = it->second;
  if (node.getKind() == llvm::msgpack::Type::UInt)
    return static_cast<uint32_t>(node.getUInt());
  if (node.getKind() == llvm::msgpack::Type::Int)
    return static_cast<uint32_t>(node.getInt());
  return 0;
}

void read_kernel(llvm::msgpack::MapDocNode &map, std::vector<KernelResources> &kernels) {
  KernelResources k;
  auto name = map.find(".name");
  if (name != map.end() && name->second.isString())
    k.name = name->second.getString().str();
  k.vgprs = number(map, ".vgpr_count");
  k.agprs = number(map, ".agpr_count");
  k.sgprs = number(map, ".sgpr_count");
  k.vgpr_spills = number(map, ".vgpr_spill_count");
  k.sgpr_spills = number(map, ".sgpr_spill_count");
  k.lds_bytes = number(map, ".group_segment_fixed_size");
  k.scratch_bytes = number(map, ".private_segment_fixed_size");
  k.kernarg_bytes = number(map, ".kernarg_segment_size");
  k.wave_size = number(map, ".wavefront_size");
  kernels.push_back(std::move(k));
}

llvm::Error read(const ELFFile<ELF64LE> &elf, std::vector<KernelResources> &kernels) {
  auto sections = elf.sections();
  if (!sections)
    return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != llvm::ELF::SHT_NOTE)
      continue;
    llvm::Error error = llvm::Error::success();
    for (const auto &note : elf.notes(section, error)) {
      if (note.getName() != "AMDGPU" || note.getType() != llvm::ELF::NT_AMDGPU_METADATA)
        continue;
      llvm::msgpack::Document document;
      if (!document.readFromBlob(note.getDescAsStringRef(4), false) || !document.getRoot().isMap())
        continue;
      auto &root = document.getRoot().getMap();
      auto list = root.find("amdhsa.kernels");
      if (list == root.end() || !list->second.isArray())
        continue;
      for (llvm::msgpack::DocNode &node : list->second.getArray())
        if (node.isMap())
          read_kernel(node.getMap(), kernels);
    }
    if (error)
      return error;
  }

  // Code size: the function symbol of the kernel's name.
  for (const auto &section : *sections) {
    if (section.sh_type != llvm::ELF::SHT_SYMTAB && section.sh_type != llvm::ELF::SHT_DYNSYM)
      continue;
    auto symbols = elf.symbols(&section);
    if (!symbols)
      return symbols.takeError();
    auto names = elf.getStringTableForSymtab(section);
    if (!names)
      return names.takeError();
    for (const auto &symbol : *symbols) {
      if (symbol.getType() != llvm::ELF::STT_FUNC)
        continue;
      auto name = symbol.getName(*names);
      if (!name)
        return name.takeError();
      for (KernelResources &k : kernels)
        if (*name == k.name)
          k.code_bytes = static_cast<uint32_t>(symbol.st_size);
    }
  }
  return llvm::Error::success();
}

} // namespace

bool read_kernel_resources(std::span<const uint8_t> bytes, std::vector<KernelResources> &kernels,
                           std::string &error) {
  auto elf = ELFFile<ELF64LE>::create(
      llvm::StringRef(reinterpret_cast<const char *>(bytes.data()), bytes.size()));
  llvm::Error failed = elf ? read(*elf, kernels) : elf.takeError();
  if (!failed)
    return true;
  error = llvm::toString(std::move(failed));
  return false;
}

} // namespace w2w
