// Names of the kernels in an entry, without compiling or parsing it wholly.
#include "runtime/fatbin/bytes.h"
#include "runtime/fatbin/fatbin.h"

#include <algorithm>
#include <cctype>
#include <elf.h>
#include <fmt/format.h>

namespace w2w::fatbin {
namespace {

bool is_space(char c) {
  return isspace(static_cast<unsigned char>(c)) != 0;
}

/// Characters of a PTX identifier (PTX ISA 4.4).
bool is_name(char c) {
  return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%';
}

/// What follows each `.entry` outside comments and strings.
std::vector<std::string> ptx_kernels(std::string_view ptx) {
  constexpr std::string_view kEntry = ".entry";
  std::vector<std::string> names;
  for (size_t i = 0; i < ptx.size();) {
    if (ptx.substr(i, 2) == "//") {
      i = std::min(ptx.find('\n', i), ptx.size());
    } else if (ptx.substr(i, 2) == "/*") {
      size_t end = ptx.find("*/", i + 2);
      i = end == std::string_view::npos ? ptx.size() : end + 2;
    } else if (ptx[i] == '"') {
      size_t end = ptx.find('"', i + 1);
      i = end == std::string_view::npos ? ptx.size() : end + 1;
    } else if (ptx.substr(i, kEntry.size()) == kEntry && i + kEntry.size() < ptx.size() &&
               is_space(ptx[i + kEntry.size()])) {
      i += kEntry.size();
      while (i < ptx.size() && is_space(ptx[i]))
        ++i;
      size_t begin = i;
      while (i < ptx.size() && is_name(ptx[i]))
        ++i;
      if (i > begin)
        names.emplace_back(ptx.substr(begin, i - begin));
    } else {
      ++i;
    }
  }
  return names;
}

/// A cubin has one constant bank 0 for each kernel: section .nv.constant0.<name>.
Result<std::vector<std::string>> cubin_kernels(Bytes elf) {
  constexpr std::string_view kBank = ".nv.constant0.";
  std::vector<std::string> names;
  auto h = load<Elf64_Ehdr>(elf, 0);
  if (!h || std::memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
    return Error{"damaged cubin: no ELF header"};
  if (h->e_shnum == 0)
    return names;
  if (h->e_shentsize != sizeof(Elf64_Shdr))
    return Error{fmt::format("damaged cubin: section headers of {} bytes", h->e_shentsize)};
  auto table = load<Elf64_Shdr>(elf, h->e_shoff + uint64_t{h->e_shstrndx} * sizeof(Elf64_Shdr));
  auto strings = table ? slice(elf, table->sh_offset, table->sh_size) : std::nullopt;
  if (!strings)
    return Error{"damaged cubin: its section names lie outside"};
  std::string_view all(reinterpret_cast<const char *>(strings->data()), strings->size());
  for (unsigned i = 0; i < h->e_shnum; ++i) {
    auto s = load<Elf64_Shdr>(elf, h->e_shoff + uint64_t{i} * sizeof(Elf64_Shdr));
    if (!s)
      return Error{"damaged cubin: its section table reaches past the end"};
    if (s->sh_name >= all.size())
      continue;
    std::string_view name = all.substr(s->sh_name);
    name = name.substr(0, name.find('\0'));
    if (name.starts_with(kBank))
      names.emplace_back(name.substr(kBank.size()));
  }
  return names;
}

} // namespace

Result<std::vector<std::string>> kernel_names(const Entry &entry) {
  if (entry.kind == Kind::Ptx) {
    auto text = ptx_text(entry);
    if (!text)
      return text.error();
    return ptx_kernels(*text);
  }
  if (entry.kind != Kind::Elf)
    return std::vector<std::string>{};
  auto bytes = unpack(entry);
  if (!bytes)
    return bytes.error();
  return cubin_kernels(*bytes);
}

} // namespace w2w::fatbin
