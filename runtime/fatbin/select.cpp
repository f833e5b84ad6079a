// Which of an image's PTX entries a device uses.
#include "runtime/fatbin/fatbin.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace w2w::fatbin {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// One to three digits and nothing else.
bool read_number(std::string_view text, uint32_t &value) {
  if (text.empty() || text.size() > 3)
    return false;
  value = 0;
  for (char c : text) {
    if (!is_digit(c))
      return false;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  return true;
}

Error nothing_usable(std::span<const Entry> entries, uint32_t cc, std::optional<size_t> container) {
  std::string found;
  bool any_ptx = false;
  for (const Entry &e : entries) {
    if (container && e.container != *container)
      continue;
    any_ptx |= e.kind == Kind::Ptx;
    found += (found.empty() ? "" : ", ") + e.describe();
  }
  const std::string rebuild = fmt::format(
      "rebuild with PTX in it, e.g. nvcc -gencode arch=compute_{0},code=compute_{0}", cc);
  if (found.empty())
    return Error{"the fatbinary holds no device code at all; " + rebuild};
  return Error{fmt::format(
      "no PTX usable for compute capability {}.{} in this image{}: found {}; {}", cc / 10, cc % 10,
      any_ptx ? "" : ", only machine code for NVIDIA's processors", found, rebuild)};
}

} // namespace

Result<size_t> select_ptx(std::span<const Entry> entries, uint32_t cc,
                          std::optional<size_t> container) {
  std::optional<size_t> below, above;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry &e = entries[i];
    if (e.kind != Kind::Ptx || (container && e.container != *container))
      continue;
    if (e.arch_suffix && e.arch != cc)
      continue;
    if (e.arch <= cc) {
      // At equal architecture the plain entry wins: it needs no architecture-specific instruction.
      if (!below || e.arch > entries[*below].arch ||
          (e.arch == entries[*below].arch && entries[*below].arch_suffix && !e.arch_suffix))
        below = i;
    } else if (!above || e.arch < entries[*above].arch) {
      above = i;
    }
  }
  if (below)
    return *below;
  if (above)
    return *above;
  return nothing_usable(entries, cc, container);
}

bool parse_arch(std::string_view text, uint32_t &arch, char &suffix) {
  for (std::string_view prefix : {"sm_", "compute_"})
    if (text.starts_with(prefix))
      text.remove_prefix(prefix.size());
  arch = 0;
  suffix = 0;
  size_t digits = 0;
  while (digits < text.size() && digits < 4 && is_digit(text[digits]))
    arch = arch * 10 + static_cast<uint32_t>(text[digits++] - '0');
  text.remove_prefix(digits);
  if (digits < 2 || text.size() > 1)
    return false;
  if (text.size() == 1) {
    if (text[0] != 'a' && text[0] != 'f')
      return false;
    suffix = text[0];
  }
  return true;
}

std::optional<PtxHeader> read_ptx_header(std::string_view text) {
  // Comments and blanks, then `.version M.m`, later `.target sm_NN[, ...]`; both come before any
  // other directive (PTX ISA 11.1).
  PtxHeader h;
  bool have_version = false;
  size_t i = 0;
  auto word = [&] {
    size_t begin = i;
    while (i < text.size() &&
           (isalnum(static_cast<unsigned char>(text[i])) || text[i] == '_' || text[i] == '.'))
      ++i;
    return text.substr(begin, i - begin);
  };
  while (i < text.size()) {
    if (isspace(static_cast<unsigned char>(text[i]))) {
      ++i;
    } else if (text.substr(i, 2) == "//") {
      i = std::min(text.find('\n', i), text.size());
    } else if (text.substr(i, 2) == "/*") {
      size_t end = text.find("*/", i + 2);
      if (end == std::string_view::npos)
        return std::nullopt;
      i = end + 2;
    } else if (text[i] == '.') {
      std::string_view directive = word();
      while (i < text.size() && isspace(static_cast<unsigned char>(text[i])))
        ++i;
      std::string_view value = word();
      if (directive == ".version") {
        size_t dot = value.find('.');
        if (dot == std::string_view::npos || !read_number(value.substr(0, dot), h.major) ||
            !read_number(value.substr(dot + 1), h.minor))
          return std::nullopt;
        have_version = true;
      } else if (directive == ".target" && have_version) {
        if (!parse_arch(value, h.arch, h.arch_suffix))
          return std::nullopt;
        return h;
      } else {
        return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

} // namespace w2w::fatbin
