// Diagnostics: what is wrong, where, and what to do about it.
#pragma once

#include "frontend/support/linked_text.h"
#include "frontend/support/source.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::ptx {

enum class Severity : uint8_t { Note, Warning, Error };

/// One message. `function` names the PTX function the message lies in (empty: the module itself); a
/// kernel that reaches a function with an error is poisoned, every other kernel of the module stays
/// usable.
struct Diagnostic {
  Severity severity = Severity::Error;
  SourceLoc loc;
  std::string message;  // lower case, no full stop; ends with the remedy where there is one
  std::string section;  // PTX ISA section, e.g. "9.7.1.1"; empty if none applies
  std::string function; // PTX name of the enclosing function; empty for module-level messages
};

/// A PTX text with its name and an index of line starts. In a text of several modules
/// (support/linked_text.h) places are given in the module they lie in.
class SourceText {
public:
  SourceText() = default;
  /// Keeps views only: name and text must outlive this object.
  SourceText(std::string_view name, std::string_view text);

  struct Position {
    uint32_t line = 1;   // from 1
    uint32_t column = 1; // from 1, in bytes
  };
  Position position(SourceLoc loc) const;
  /// The line holding loc, without its line end.
  std::string_view line_at(SourceLoc loc) const;
  /// The module that holds loc.
  std::string_view name_at(SourceLoc loc) const { return part(loc).name; }
  std::string_view name() const { return name_; }
  std::string_view text() const { return text_; }

private:
  const TextPart &part(SourceLoc loc) const;

  std::string_view name_;
  std::string_view text_;
  std::vector<TextPart> parts_;               // at least one, in the order of the text
  mutable std::vector<uint32_t> line_starts_; // filled on first use
};

/// Collects messages of one compilation.
class Diagnostics {
public:
  void report(Diagnostic d) {
    errors_ += d.severity == Severity::Error;
    list_.push_back(std::move(d));
  }
  bool has_errors() const { return errors_ != 0; }
  unsigned error_count() const { return errors_; }
  const std::vector<Diagnostic> &list() const { return list_; }

private:
  std::vector<Diagnostic> list_;
  unsigned errors_ = 0;
};

/// "file:line:col: error: text [PTX ISA 9.7.1]" followed by the source line and a caret.
std::string render(const Diagnostic &d, const SourceText &text);
/// All messages as one JSON array of {file,line,column,severity,message,section,function}.
std::string render_json(const Diagnostics &d, const SourceText &text);

} // namespace w2w::ptx
