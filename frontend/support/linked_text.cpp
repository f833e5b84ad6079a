#include "frontend/support/linked_text.h"

#include <charconv>

namespace w2w::ptx {
namespace {

constexpr std::string_view kHead = "//w2w: linked PTX modules: ";
constexpr std::string_view kPart = "//w2w: module of bytes: ";

/// Takes `prefix` and the number behind it off the text.
bool take(std::string_view &text, std::string_view prefix, uint64_t &number) {
  if (!text.starts_with(prefix))
    return false;
  text.remove_prefix(prefix.size());
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{})
    return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

} // namespace

std::string join_modules(std::span<const TextPart> parts) {
  std::string all = std::string(kHead) + std::to_string(parts.size()) + "\n";
  for (const TextPart &part : parts) {
    std::string name(part.name);
    for (char &c : name)
      if (c == '\n' || c == '\r' || c == '\0')
        c = ' ';
    all += std::string(kPart) + std::to_string(part.text.size()) + " " + name + "\n";
    (all += part.text) += '\n';
  }
  return all;
}

std::optional<std::vector<TextPart>> split_modules(std::string_view name, std::string_view text) {
  std::vector<TextPart> parts;
  if (!text.starts_with(kHead)) {
    parts.push_back({name, text, 0});
    return parts;
  }
  std::string_view rest = text;
  uint64_t count = 0;
  if (!take(rest, kHead, count) || !rest.starts_with('\n') || count == 0)
    return std::nullopt;
  rest.remove_prefix(1);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t size = 0;
    if (!take(rest, kPart, size) || !rest.starts_with(' '))
      return std::nullopt;
    const size_t line = rest.find('\n');
    if (line == std::string_view::npos || size > rest.size() - line - 1)
      return std::nullopt;
    const std::string_view body = rest.substr(line + 1, size);
    parts.push_back(
        {rest.substr(1, line - 1), body, static_cast<uint32_t>(body.data() - text.data())});
    rest.remove_prefix(line + 1 + size);
    if (rest.starts_with('\n'))
      rest.remove_prefix(1);
    else if (!rest.empty() || i + 1 < count)
      return std::nullopt;
  }
  return rest.empty() ? std::optional(parts) : std::nullopt;
}

} // namespace w2w::ptx
