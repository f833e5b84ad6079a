#include "runtime/emulator/code_object.h"

#include "lowering/abi/launch_block.h"
#include "runtime/emulator/check/blocks.h"
#include "runtime/emulator/check/line_table.h"
#include "runtime/emulator/check/options.h"
#include "runtime/emulator/msgpack.h"
#include "runtime/emulator/observer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <optional>

namespace w2w::emu {

namespace {

using hip::hipError_t;

// LLVM BinaryFormat/ELF.h and AMDGPUUsage, "ELF Code Object".
constexpr uint16_t kMachineAmdgpu = 224;
constexpr uint8_t kOsAbiHsa = 64;
constexpr uint32_t kFlagsMach = 0xff, kFlagsXnack = 0x300, kFlagsSramecc = 0xc00;
constexpr uint32_t kXnackOn = 0x300, kSrameccOff = 0x800;
constexpr uint32_t kNoteMetadata = 32;
enum Relocation : uint32_t {
  kAbs32Lo = 1,
  kAbs32Hi = 2,
  kAbs64 = 3,
  kRel32 = 4,
  kRel64 = 5,
  kAbs32 = 6,
  kRelative64 = 13,
};

constexpr std::string_view kBundleMagic = "__CLANG_OFFLOAD_BUNDLE__";
constexpr std::string_view kCompressedMagic = "CCOB";
constexpr uint64_t kLargestImage = uint64_t{2} << 30;

/// Reads of plain structs at checked offsets.
class Bytes {
public:
  explicit Bytes(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  template <typename T> std::optional<T> at(uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T))
      return std::nullopt;
    T value;
    memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::optional<std::span<const uint8_t>> range(uint64_t offset, uint64_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size)
      return std::nullopt;
    return bytes_.subspan(offset, size);
  }
  /// The zero-terminated string at the offset; empty if there is none.
  std::string_view text(uint64_t offset) const {
    if (offset >= bytes_.size())
      return {};
    const char *begin = reinterpret_cast<const char *>(bytes_.data()) + offset;
    const void *end = memchr(begin, 0, bytes_.size() - offset);
    return end ? std::string_view(begin, static_cast<const char *>(end) - begin)
               : std::string_view();
  }
  uint64_t size() const { return bytes_.size(); }

private:
  std::span<const uint8_t> bytes_;
};

bool is_elf(std::span<const uint8_t> image) {
  return image.size() >= 4 && memcmp(image.data(), ELFMAG, 4) == 0;
}

std::string_view as_text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

struct BundleEntry {
  std::string_view triple;
  uint64_t offset, size;
};

/// Entries of an offload bundle (LLVM ClangOffloadBundler, "Bundled Binary File Layout").
std::optional<std::vector<BundleEntry>> bundle_entries(std::span<const uint8_t> image) {
  Bytes bytes(image);
  uint64_t at = kBundleMagic.size();
  auto count = bytes.at<uint64_t>(at);
  constexpr uint64_t kMostEntries = 4096;
  if (!count || *count > kMostEntries)
    return std::nullopt;
  at += 8;
  std::vector<BundleEntry> entries;
  for (uint64_t i = 0; i < *count; ++i) {
    auto offset = bytes.at<uint64_t>(at), size = bytes.at<uint64_t>(at + 8),
         length = bytes.at<uint64_t>(at + 16);
    if (!offset || !size || !length)
      return std::nullopt;
    auto triple = bytes.range(at + 24, *length);
    if (!triple)
      return std::nullopt;
    entries.push_back({as_text(*triple), *offset, *size});
    at += 24 + *length;
  }
  return entries;
}

/// Whether code for target id `id` ("gfx942:xnack-") runs on the model: the processor agrees and no
/// feature contradicts.
bool target_fits(std::string_view id, const Model &model) {
  std::string_view processor = id.substr(0, id.find(':'));
  if (processor != model.gfx && processor != model.generic)
    return false;
  std::string_view has = model.target_id;
  size_t colon = id.find(':');
  while (colon != std::string_view::npos) {
    size_t next = id.find(':', colon + 1);
    std::string_view feature =
        id.substr(colon + 1, next == std::string_view::npos ? next : next - colon - 1);
    if (has.find(feature) == std::string_view::npos)
      return false;
    colon = next;
  }
  return true;
}

const struct {
  std::string_view name;
  ArgKind kind;
} kHiddenKinds[] = {
    {"hidden_block_count_x", ArgKind::BlockCountX},
    {"hidden_block_count_y", ArgKind::BlockCountY},
    {"hidden_block_count_z", ArgKind::BlockCountZ},
    {"hidden_group_size_x", ArgKind::GroupSizeX},
    {"hidden_group_size_y", ArgKind::GroupSizeY},
    {"hidden_group_size_z", ArgKind::GroupSizeZ},
    {"hidden_remainder_x", ArgKind::RemainderX},
    {"hidden_remainder_y", ArgKind::RemainderY},
    {"hidden_remainder_z", ArgKind::RemainderZ},
    {"hidden_global_offset_x", ArgKind::GlobalOffset},
    {"hidden_global_offset_y", ArgKind::GlobalOffset},
    {"hidden_global_offset_z", ArgKind::GlobalOffset},
    {"hidden_grid_dims", ArgKind::GridDims},
    {"hidden_dynamic_lds_size", ArgKind::DynamicLdsSize},
    {"hidden_private_base", ArgKind::PrivateBase},
    {"hidden_shared_base", ArgKind::SharedBase},
    {"hidden_queue_ptr", ArgKind::QueuePtr},
};

ArgKind arg_kind(std::string_view text) {
  for (const auto &hidden : kHiddenKinds)
    if (hidden.name == text)
      return hidden.kind;
  return text.starts_with("hidden_") ? ArgKind::Zero : ArgKind::Explicit;
}

} // namespace

class Loader {
public:
  Loader(std::span<const uint8_t> elf, const Model &model, const CodeMemory &memory,
         LoadError &error)
      : file_(elf), model_(model), memory_(memory), error_(error) {}

  std::unique_ptr<CodeObject> run() {
    object_.reset(new CodeObject());
    object_->memory_ = memory_;
    if (!header() || !segments() || !place_segments() || !symbols() || !relocate() || !metadata() ||
        !kernels())
      return nullptr;
    std::string why;
    object_->code_ =
        DecodeCache::create(model_.gfx, host(code_lo_), code_hi_ - code_lo_, why, watching());
    if (!object_->code_) {
      fail(hip::hipErrorNoBinaryForGpu, why);
      return nullptr;
    }
    if (check::options().any())
      tell_checks();
    return std::move(object_);
  }

private:
  bool fail(hipError_t code, std::string text) {
    error_ = {code, std::move(text)};
    return false;
  }
  bool damaged(std::string text) {
    return fail(hip::hipErrorInvalidImage, "damaged code object: " + text);
  }

  bool header() {
    auto h = file_.at<Elf64_Ehdr>(0);
    if (!h || memcmp(h->e_ident, ELFMAG, 4) != 0)
      return damaged("no ELF header");
    header_ = *h;
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
        h->e_machine != kMachineAmdgpu)
      return fail(hip::hipErrorInvalidImage,
                  fmt::format("not an AMDGPU code object (ELF machine {})", h->e_machine));
    if (h->e_ident[EI_OSABI] != kOsAbiHsa || h->e_type != ET_DYN)
      return fail(hip::hipErrorInvalidImage,
                  "an AMDGPU ELF file, but not a linked amdhsa code object");
    uint8_t abi = h->e_ident[EI_ABIVERSION];
    if (abi < 2 || abi > 4)
      return fail(hip::hipErrorInvalidImage,
                  fmt::format("code object version {} (4, 5 and 6 are supported)", abi + 2));
    uint32_t mach = h->e_flags & kFlagsMach;
    if (mach != model_.elf_mach && mach != model_.elf_mach_generic) {
      std::string built = fmt::format("machine {:#x}", mach);
      for (const Model &m : models())
        if (m.elf_mach == mach || m.elf_mach_generic == mach)
          built = m.elf_mach == mach ? m.gfx : m.generic;
      return fail(
          hip::hipErrorNoBinaryForGpu,
          fmt::format("the code object is for {}, the device is {}", built, model_.target_id));
    }
    if (mach == model_.elf_mach) {
      if ((h->e_flags & kFlagsXnack) == kXnackOn)
        return fail(
            hip::hipErrorNoBinaryForGpu,
            fmt::format("the code object is for xnack+, the device is {}", model_.target_id));
      if ((h->e_flags & kFlagsSramecc) == kSrameccOff)
        return fail(
            hip::hipErrorNoBinaryForGpu,
            fmt::format("the code object is for sramecc-, the device is {}", model_.target_id));
    }
    return true;
  }

  bool segments() {
    if (header_.e_phentsize != sizeof(Elf64_Phdr))
      return damaged("program header size");
    lo_ = UINT64_MAX;
    for (unsigned i = 0; i < header_.e_phnum; ++i) {
      auto p = file_.at<Elf64_Phdr>(header_.e_phoff + uint64_t{i} * sizeof(Elf64_Phdr));
      if (!p || header_.e_phoff > file_.size())
        return damaged("program headers beyond the end");
      programs_.push_back(*p);
      if (p->p_type != PT_LOAD)
        continue;
      if (p->p_filesz > p->p_memsz || p->p_memsz > kLargestImage || p->p_vaddr > kLargestImage ||
          !file_.range(p->p_offset, p->p_filesz))
        return damaged(fmt::format("segment {} does not lie in the file", i));
      lo_ = std::min(lo_, p->p_vaddr & ~uint64_t{4095});
      hi_ = std::max(hi_, p->p_vaddr + p->p_memsz);
      if (p->p_flags & PF_X) {
        code_lo_ = std::min(code_lo_, p->p_vaddr);
        code_hi_ = std::max(code_hi_, p->p_vaddr + p->p_memsz);
      }
    }
    if (lo_ >= hi_ || code_lo_ >= code_hi_)
      return damaged("no executable segment");
    return true;
  }

  bool place_segments() {
    object_->base_ = memory_.allocate(hi_ - lo_);
    if (!object_->base_)
      return fail(hip::hipErrorOutOfMemory,
                  fmt::format("no device memory for a code object of {} bytes", hi_ - lo_));
    for (const Elf64_Phdr &p : programs_)
      if (p.p_type == PT_LOAD && p.p_filesz)
        memcpy(host(p.p_vaddr), file_.range(p.p_offset, p.p_filesz)->data(), p.p_filesz);
    return true;
  }

  /// Device address of a file address, and the same as a host pointer. Both only for lo_ <= vaddr <
  /// hi_.
  uint64_t device(uint64_t vaddr) const { return object_->base_ + (vaddr - lo_); }
  uint8_t *host(uint64_t vaddr) const { return reinterpret_cast<uint8_t *>(device(vaddr)); }
  bool in_image(uint64_t vaddr, uint64_t bytes) const {
    return vaddr >= lo_ && vaddr <= hi_ && bytes <= hi_ - vaddr;
  }

  struct Symbol {
    std::string_view name;
    Elf64_Sym sym;
  };

  bool symbols() {
    if (header_.e_shnum && header_.e_shentsize != sizeof(Elf64_Shdr))
      return damaged("section header size");
    for (unsigned i = 0; i < header_.e_shnum; ++i) {
      auto s = header_.e_shoff > file_.size()
                   ? std::nullopt
                   : file_.at<Elf64_Shdr>(header_.e_shoff + uint64_t{i} * sizeof(Elf64_Shdr));
      if (!s)
        return damaged("section headers beyond the end");
      sections_.push_back(*s);
    }
    for (const Elf64_Shdr &s : sections_) {
      if (s.sh_type != SHT_DYNSYM && s.sh_type != SHT_SYMTAB)
        continue;
      if (s.sh_link >= sections_.size() || s.sh_entsize != sizeof(Elf64_Sym))
        return damaged("symbol table");
      auto table = file_.range(s.sh_offset, s.sh_size);
      const Elf64_Shdr &link = sections_[s.sh_link];
      auto strings = file_.range(link.sh_offset, link.sh_size);
      if (!table || !strings)
        return damaged("symbol table beyond the end");
      Bytes entries(*table), names(*strings);
      for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= s.sh_size; at += sizeof(Elf64_Sym)) {
        Symbol symbol{{}, *entries.at<Elf64_Sym>(at)};
        symbol.name = names.text(symbol.sym.st_name);
        if (s.sh_type == SHT_DYNSYM)
          dynamic_.push_back(symbol);
        if (symbol.sym.st_shndx == SHN_UNDEF || !in_image(symbol.sym.st_value, symbol.sym.st_size))
          continue;
        unsigned type = ELF64_ST_TYPE(symbol.sym.st_info);
        if (type == STT_FUNC)
          object_->functions_.push_back(
              {device(symbol.sym.st_value), symbol.sym.st_size, std::string(symbol.name)});
        else if (type == STT_OBJECT && s.sh_type == SHT_DYNSYM)
          object_->variables_[std::string(symbol.name)] = {device(symbol.sym.st_value),
                                                           symbol.sym.st_size};
        else if (type == STT_OBJECT && symbol.sym.st_size && check::options().any())
          locals_.push_back({device(symbol.sym.st_value),
                             device(symbol.sym.st_value) + symbol.sym.st_size,
                             std::string(symbol.name)});
      }
    }
    auto &functions = object_->functions_;
    std::sort(functions.begin(), functions.end(),
              [](const auto &a, const auto &b) { return a.address < b.address; });
    return true;
  }

  bool relocate() {
    for (const Elf64_Shdr &s : sections_) {
      if (s.sh_type != SHT_RELA || !(s.sh_flags & SHF_ALLOC))
        continue;
      auto table = file_.range(s.sh_offset, s.sh_size);
      if (!table || s.sh_entsize != sizeof(Elf64_Rela))
        return damaged("relocation table");
      Bytes entries(*table);
      for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= s.sh_size; at += sizeof(Elf64_Rela))
        if (!relocate_one(*entries.at<Elf64_Rela>(at)))
          return false;
    }
    return true;
  }

  bool relocate_one(const Elf64_Rela &r) {
    uint32_t type = ELF64_R_TYPE(r.r_info);
    uint64_t index = ELF64_R_SYM(r.r_info);
    uint64_t target = static_cast<uint64_t>(r.r_addend);
    if (type == kRelative64) {
      target += object_->base_ - lo_;
    } else if (index != 0) {
      if (index >= dynamic_.size())
        return damaged("relocation against a symbol that is not there");
      const Symbol &symbol = dynamic_[index];
      bool weak = ELF64_ST_BIND(symbol.sym.st_info) == STB_WEAK;
      if (symbol.sym.st_shndx == SHN_UNDEF && !weak)
        return fail(hip::hipErrorSharedObjectSymbolNotFound,
                    fmt::format("undefined symbol '{}'", symbol.name));
      if (symbol.sym.st_shndx == SHN_ABS)
        target += symbol.sym.st_value;
      else if (symbol.sym.st_shndx != SHN_UNDEF)
        target += symbol.sym.st_value + object_->base_ - lo_;
    }
    unsigned width = type == kAbs64 || type == kRel64 || type == kRelative64 ? 8 : 4;
    if (!in_image(r.r_offset, width))
      return damaged("relocation outside of the image");
    if (type == kRel32 || type == kRel64)
      target -= device(r.r_offset);
    else if (type == kAbs32Hi)
      target >>= 32;
    else if (type != kAbs32Lo && type != kAbs32 && type != kAbs64 && type != kRelative64)
      return fail(hip::hipErrorInvalidImage,
                  fmt::format("relocation type {} is not supported", type));
    memcpy(host(r.r_offset), &target, width);
    return true;
  }

  bool metadata() {
    for (const Elf64_Phdr &p : programs_) {
      if (p.p_type != PT_NOTE)
        continue;
      auto notes = file_.range(p.p_offset, p.p_filesz);
      if (!notes)
        return damaged("notes beyond the end");
      Bytes bytes(*notes);
      for (uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= notes->size();) {
        auto note = *bytes.at<Elf64_Nhdr>(at);
        uint64_t name = at + sizeof note;
        uint64_t body = name + ((uint64_t{note.n_namesz} + 3) & ~uint64_t{3});
        auto content = bytes.range(body, note.n_descsz);
        if (!content)
          return damaged("note beyond the end");
        if (note.n_type == kNoteMetadata && bytes.text(name) == "AMDGPU") {
          metadata_ = msgpack::read(*content);
          if (!metadata_)
            return damaged("metadata");
        }
        at = body + ((uint64_t{note.n_descsz} + 3) & ~uint64_t{3});
      }
    }
    if (!metadata_)
      return damaged("no AMDGPU metadata");
    return true;
  }

  bool kernels() {
    const msgpack::Value *list = metadata_->get("amdhsa.kernels");
    if (!list)
      return true; // a code object with variables alone
    for (const msgpack::Value &entry : list->array)
      if (!kernel(entry))
        return false;
    for (const auto &kernel : object_->kernels_)
      object_->by_name_[kernel->name] = kernel.get();
    return true;
  }

  bool kernel(const msgpack::Value &entry) {
    auto kernel = std::make_unique<Kernel>();
    kernel->name = entry.get_string(".name");
    std::string symbol(entry.get_string(".symbol"));
    if (kernel->name.empty() || symbol.empty())
      return damaged("a kernel without a name");
    auto found = object_->variables_.find(symbol);
    if (found == object_->variables_.end() || found->second.bytes < 64)
      return damaged(fmt::format("kernel '{}' has no descriptor", kernel->name));
    kernel->descriptor = found->second.address;
    object_->variables_.erase(found);

    const uint8_t *d = reinterpret_cast<const uint8_t *>(kernel->descriptor);
    auto field = [d]<typename T>(T &out, unsigned offset) { memcpy(&out, d + offset, sizeof out); };
    uint64_t entry_offset = 0;
    field(kernel->static_lds, 0);
    field(kernel->scratch_per_lane, 4);
    field(kernel->kernarg_bytes, 8);
    field(entry_offset, 16);
    field(kernel->rsrc3, 44);
    field(kernel->rsrc1, 48);
    field(kernel->rsrc2, 52);
    field(kernel->properties, 56);
    field(kernel->preload, 58);
    kernel->entry = kernel->descriptor + entry_offset;
    if (kernel->entry < device(code_lo_) || kernel->entry >= object_->base_ + (code_hi_ - lo_) ||
        kernel->entry % 4)
      return damaged(fmt::format("entry of kernel '{}' lies outside of its code", kernel->name));

    constexpr uint64_t kMostKernarg = 1 << 20;
    kernel->wave_size = model_.gfx_major >= 10 && (kernel->properties >> 10 & 1) ? 32 : 64;
    kernel->sgprs = static_cast<uint32_t>(entry.get_integer(".sgpr_count"));
    kernel->vgprs = static_cast<uint32_t>(entry.get_integer(".vgpr_count"));
    kernel->agprs = static_cast<uint32_t>(entry.get_integer(".agpr_count"));
    kernel->dynamic_stack = entry.get_integer(".uses_dynamic_stack") != 0;
    uint64_t most_threads = entry.get_integer(".max_flat_workgroup_size", 1024);
    kernel->max_threads = static_cast<uint32_t>(std::min<uint64_t>(most_threads, 1024));
    kernel->kernarg_bytes = std::max(
        kernel->kernarg_bytes, static_cast<uint32_t>(std::min<uint64_t>(
                                   entry.get_integer(".kernarg_segment_size"), kMostKernarg + 1)));
    if (kernel->kernarg_bytes > kMostKernarg)
      return damaged(fmt::format("kernel '{}' has arguments of {} bytes", kernel->name,
                                 kernel->kernarg_bytes));
    if (uint64_t size = entry.get_integer(".wavefront_size", kernel->wave_size);
        size != kernel->wave_size)
      return damaged(
          fmt::format("kernel '{}': descriptor and metadata differ in wave size", kernel->name));
    if (const msgpack::Value *required = entry.get(".reqd_workgroup_size");
        required && required->array.size() == 3)
      for (unsigned i = 0; i < 3; ++i)
        kernel->required_threads[i] = static_cast<uint32_t>(required->array[i].integer);
    if (const msgpack::Value *args = entry.get(".args"))
      for (const msgpack::Value &arg : args->array) {
        uint64_t offset = arg.get_integer(".offset"), size = arg.get_integer(".size");
        if (offset > kernel->kernarg_bytes || size > kernel->kernarg_bytes - offset)
          return damaged(
              fmt::format("kernel '{}': argument outside of the kernarg segment", kernel->name));
        ArgKind kind = arg_kind(arg.get_string(".value_kind"));
        kernel->args.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(size), kind});
        if (arg.get_string(".name") == abi::kSoloLaunchBlockArgument && size == sizeof(uint64_t))
          kernel->solo_launch_block = static_cast<uint32_t>(offset);
        if (kind == ArgKind::Explicit)
          kernel->explicit_bytes =
              std::max(kernel->explicit_bytes, static_cast<uint32_t>(offset + size));
      }
    give_registers(*kernel);
    object_->kernels_.push_back(std::move(kernel));
    return true;
  }

  /// What the checks want to know: source lines, who compiled it, where its variables are.
  void tell_checks() {
    auto names = header_.e_shstrndx < sections_.size()
                     ? file_.range(sections_[header_.e_shstrndx].sh_offset,
                                   sections_[header_.e_shstrndx].sh_size)
                     : std::nullopt;
    std::span<const uint8_t> lines, line_strings, strings;
    std::vector<check::Range> data;
    for (const Elf64_Shdr &s : sections_) {
      std::string_view name = names ? Bytes(*names).text(s.sh_name) : std::string_view();
      auto content = s.sh_type == SHT_NOBITS || s.sh_flags & SHF_COMPRESSED
                         ? std::nullopt
                         : file_.range(s.sh_offset, s.sh_size);
      if (name == ".debug_line" && content)
        lines = *content;
      else if (name == ".debug_line_str" && content)
        line_strings = *content;
      else if (name == ".debug_str" && content)
        strings = *content;
      else if ((name.starts_with(".data") && !name.starts_with(".data.rel.ro")) ||
               name.starts_with(".bss"))
        if (s.sh_size && in_image(s.sh_addr, s.sh_size))
          data.push_back({device(s.sh_addr), device(s.sh_addr) + s.sh_size});
    }
    object_->first_ = lo_;
    object_->lines_ = std::make_unique<check::LineTable>(lines, line_strings, strings);
    // DW_AT_producer of our compiler's unit (lowering/emit/module_emitter.cpp).
    constexpr std::string_view kProducer{"warp2wave\0", 10};
    object_->from_ptx_ = as_text(strings).find(kProducer) != std::string_view::npos;
    std::vector<check::Part> parts;
    for (const auto &[name, variable] : object_->variables_)
      parts.push_back({variable.address, variable.address + variable.bytes, name});
    for (const check::Part &local : locals_)
      parts.push_back(local);
    check::entered_code_object(object_->base_, hi_ - lo_, std::move(data), std::move(parts));
  }

  /// The registers that the descriptor allocates (compute_pgm_rsrc1 and, for gfx90a and gfx942,
  /// rsrc3's ACCUM_OFFSET).
  void give_registers(Kernel &kernel) const {
    uint32_t granule =
        kernel.wave_size == 64 ? model_.vgpr_encoding_wave64 : model_.vgpr_encoding_wave32;
    uint32_t total = ((kernel.rsrc1 & 0x3f) + 1) * std::max(granule, 1u);
    if (!model_.unified_register_file) {
      kernel.given_vgprs = std::min(total, 256u);
      return;
    }
    total = std::min(total, 512u);
    uint32_t accum = ((kernel.rsrc3 & 0x3f) + 1) * 4;
    kernel.given_vgprs = std::min({accum, total, 256u});
    kernel.given_agprs = std::min(total - kernel.given_vgprs, 256u);
  }

  Bytes file_;
  const Model &model_;
  const CodeMemory &memory_;
  LoadError &error_;
  std::unique_ptr<CodeObject> object_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> programs_;
  std::vector<Elf64_Shdr> sections_;
  std::vector<Symbol> dynamic_;
  std::vector<check::Part> locals_; // for the checks: variables that are not exported
  std::optional<msgpack::Value> metadata_;
  uint64_t lo_ = 0, hi_ = 0;
  uint64_t code_lo_ = UINT64_MAX, code_hi_ = 0;
};

std::unique_ptr<CodeObject> CodeObject::load(std::span<const uint8_t> image, const Model &model,
                                             const CodeMemory &memory, LoadError &error) {
  if (as_text(image).starts_with(kCompressedMagic)) {
    error = {hip::hipErrorInvalidImage,
             "compressed offload bundle: build without --offload-compress"};
    return nullptr;
  }
  if (as_text(image).starts_with(kBundleMagic)) {
    auto entries = bundle_entries(image);
    if (!entries) {
      error = {hip::hipErrorInvalidImage, "damaged offload bundle"};
      return nullptr;
    }
    std::string there;
    for (const BundleEntry &entry : *entries) {
      size_t dashes = entry.triple.find("--");
      std::string_view id =
          dashes == std::string_view::npos ? std::string_view() : entry.triple.substr(dashes + 2);
      if (id.starts_with('-')) // "amdgcn-amd-amdhsa--gfx942" with an empty environment
        id.remove_prefix(1);
      auto code = Bytes(image).range(entry.offset, entry.size);
      if (!code) {
        error = {hip::hipErrorInvalidImage, "damaged offload bundle: an entry lies beyond the end"};
        return nullptr;
      }
      if (entry.triple.starts_with("hip") && target_fits(id, model))
        return Loader(*code, model, memory, error).run(); // not load(): a bundle holds no bundles
      if (!id.empty())
        there += fmt::format("{}{}", there.empty() ? "" : ", ", id);
    }
    error = {hip::hipErrorNoBinaryForGpu,
             fmt::format("the bundle has code for {}, the device is {}",
                         there.empty() ? "nothing" : there, model.target_id)};
    return nullptr;
  }
  return Loader(image, model, memory, error).run();
}

CodeObject::~CodeObject() {
  code_.reset();
  if (base_) {
    check::left(base_);
    memory_.release(base_);
  }
}

const Kernel *CodeObject::kernel(std::string_view name) const {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second;
}

const Variable *CodeObject::variable(std::string_view name) const {
  auto it = variables_.find(std::string(name));
  return it == variables_.end() ? nullptr : &it->second;
}

std::string CodeObject::source_line(uint64_t address) const {
  return lines_ ? lines_->find(address - base_ + first_) : std::string();
}

std::string CodeObject::place(uint64_t address) const {
  auto it = std::upper_bound(functions_.begin(), functions_.end(), address,
                             [](uint64_t a, const Function &f) { return a < f.address; });
  if (it == functions_.begin())
    return fmt::format("{:#x}", address);
  --it;
  return fmt::format("{}+{:#x}", it->name, address - it->address);
}

namespace {

/// How far the process can read from `address` on without a hole (from /proc/self/maps).
uint64_t readable_bytes(uint64_t address) {
  FILE *maps = fopen("/proc/self/maps", "re");
  if (!maps)
    return 0;
  uint64_t end = address;
  char line[512];
  while (fgets(line, sizeof line, maps)) {
    uint64_t lo = 0, hi = 0;
    char readable = '-';
    if (sscanf(line, "%lx-%lx %c", &lo, &hi, &readable) != 3 || readable != 'r')
      continue;
    if (lo <= end && end < hi)
      end = hi;
    else if (lo > end)
      break;
  }
  fclose(maps);
  return end - address;
}

uint64_t elf_extent(std::span<const uint8_t> image) {
  Bytes bytes(image);
  auto h = bytes.at<Elf64_Ehdr>(0);
  if (!h)
    return image.size();
  uint64_t end = sizeof *h;
  auto reach = [&end](uint64_t offset, uint64_t size) {
    end = std::max(end, offset + size < offset ? UINT64_MAX : offset + size);
  };
  reach(h->e_phoff, uint64_t{h->e_phnum} * sizeof(Elf64_Phdr));
  reach(h->e_shoff, uint64_t{h->e_shnum} * sizeof(Elf64_Shdr));
  for (unsigned i = 0; i < h->e_phnum; ++i)
    if (auto p = bytes.at<Elf64_Phdr>(h->e_phoff + uint64_t{i} * sizeof(Elf64_Phdr)))
      reach(p->p_offset, p->p_filesz);
  for (unsigned i = 0; i < h->e_shnum; ++i)
    if (auto s = bytes.at<Elf64_Shdr>(h->e_shoff + uint64_t{i} * sizeof(Elf64_Shdr));
        s && s->sh_type != SHT_NOBITS)
      reach(s->sh_offset, s->sh_size);
  return std::min<uint64_t>(end, image.size());
}

} // namespace

uint64_t image_extent(const void *image) {
  uint64_t readable = readable_bytes(reinterpret_cast<uint64_t>(image));
  std::span<const uint8_t> all(static_cast<const uint8_t *>(image), readable);
  if (is_elf(all))
    return elf_extent(all);
  if (as_text(all).starts_with(kCompressedMagic))
    return kCompressedMagic.size();
  if (!as_text(all).starts_with(kBundleMagic))
    return 0;
  uint64_t end = kBundleMagic.size() + 8;
  auto entries = bundle_entries(all);
  if (!entries)
    return end;
  for (const BundleEntry &entry : *entries) {
    const char *triple_end = entry.triple.data() + entry.triple.size();
    end = std::max<uint64_t>(end, reinterpret_cast<const uint8_t *>(triple_end) - all.data());
    if (entry.offset <= readable)
      end = std::max(end, entry.offset + std::min(entry.size, readable - entry.offset));
  }
  return end;
}

} // namespace w2w::emu
