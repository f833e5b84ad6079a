// Rendering of diagnostics, in clang's form and as JSON.
#include "frontend/support/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace w2w::ptx {

SourceText::SourceText(std::string_view name, std::string_view text) : name_(name), text_(text) {
  if (auto parts = split_modules(name, text))
    parts_ = std::move(*parts);
  else
    parts_.push_back({name, text, 0});
}

const TextPart &SourceText::part(SourceLoc loc) const {
  size_t i = parts_.size() - 1;
  while (i > 0 && loc.offset < parts_[i].offset)
    --i;
  return parts_[i];
}

SourceText::Position SourceText::position(SourceLoc loc) const {
  if (line_starts_.empty()) {
    line_starts_.push_back(0);
    for (size_t i = 0; i < text_.size(); ++i)
      if (text_[i] == '\n')
        line_starts_.push_back(static_cast<uint32_t>(i + 1));
  }
  auto line_of = [&](uint32_t offset) {
    const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    return static_cast<uint32_t>(next - line_starts_.begin());
  };
  const uint32_t line = line_of(loc.offset);
  const uint32_t begin = part(loc).offset;
  const uint32_t before = loc.offset < begin ? 0 : line_of(begin) - 1; // lines of other modules
  return {line - before, loc.offset - line_starts_[line - 1] + 1};
}

std::string_view SourceText::line_at(SourceLoc loc) const {
  const size_t at = std::min<size_t>(loc.offset, text_.size());
  size_t begin = at, end = at;
  while (begin > 0 && text_[begin - 1] != '\n')
    --begin;
  while (end < text_.size() && text_[end] != '\n' && text_[end] != '\r')
    ++end;
  return text_.substr(begin, end - begin);
}

static std::string_view name_of(Severity s) {
  switch (s) {
  case Severity::Note:
    return "note";
  case Severity::Warning:
    return "warning";
  case Severity::Error:
    return "error";
  }
  return "error";
}

std::string render(const Diagnostic &d, const SourceText &text) {
  constexpr size_t kMaxShown = 160; // columns of the source line
  const SourceText::Position p = text.position(d.loc);
  std::string out = fmt::format("{}:{}:{}: {}: {}", text.name_at(d.loc), p.line, p.column,
                                name_of(d.severity), d.message);
  if (!d.section.empty())
    out += fmt::format(" [PTX ISA {}]", d.section);
  std::string_view line = text.line_at(d.loc);
  size_t column = p.column - 1;
  // A line too long for a terminal is shown from shortly before the place.
  if (line.size() > kMaxShown && column > kMaxShown / 2) {
    const size_t cut = column - kMaxShown / 2;
    line.remove_prefix(cut);
    column -= cut;
  }
  line = line.substr(0, kMaxShown);
  out += '\n';
  std::string pad;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool printable = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    out += c == '\t' || printable ? c : '?';
    if (i < column)
      pad += c == '\t' ? '\t' : ' ';
  }
  out += '\n' + pad + "^\n";
  return out;
}

static void append_json_string(std::string &out, std::string_view s) {
  out += '"';
  for (const char c : s) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  out += '"';
}

std::string render_json(const Diagnostics &d, const SourceText &text) {
  std::string out = "[";
  bool first = true;
  for (const Diagnostic &i : d.list()) {
    const SourceText::Position p = text.position(i.loc);
    out += first ? "\n  " : ",\n  ";
    first = false;
    out += "{\"file\": ";
    append_json_string(out, text.name_at(i.loc));
    out +=
        fmt::format(", \"line\": {}, \"column\": {}, \"severity\": \"{}\", \"message\": ", p.line,
                    p.column, name_of(i.severity));
    append_json_string(out, i.message);
    out += ", \"section\": ";
    append_json_string(out, i.section);
    out += ", \"function\": ";
    append_json_string(out, i.function);
    out += "}";
  }
  return out + (first ? "]\n" : "\n]\n");
}

} // namespace w2w::ptx
