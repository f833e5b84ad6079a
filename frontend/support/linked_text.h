// Several PTX modules in one text, to be parsed as one linked module: what cuLinkComplete gives
// back and what the runtime hands to the compiler. The text begins with a comment that counts the
// modules; each follows behind a comment with its size and name, unchanged. Uses nothing else of
// the frontend, so that the runtime can write such texts without it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::ptx {

/// One PTX module of a text.
struct TextPart {
  std::string_view name; // for messages
  std::string_view text;
  uint32_t offset = 0; // of `text` in the whole
};

/// The text that stands for the modules linked in this order. Line ends in names become spaces.
std::string join_modules(std::span<const TextPart> parts);

/// The modules in a text, in order: the text itself, under the name given, if it is not one that
/// join_modules made. Nothing if it is one and damaged.
std::optional<std::vector<TextPart>> split_modules(std::string_view name, std::string_view text);

} // namespace w2w::ptx
