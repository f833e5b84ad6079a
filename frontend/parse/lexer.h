// PTX text -> tokens. Hand-written, allocates nothing; one token of look-ahead is kept by the
// parser.
#pragma once

#include "frontend/isa/types.h"

#include <cstdint>
#include <string_view>

namespace w2w::ptx {

enum class Tok : uint8_t {
  End,
  Identifier, // name, register, label, opcode (without suffixes); the sink `_` too
  DotWord,    // .global, .shared::cta, .x
  Integer,    // value; type is S64, or U64 with suffix U or if it does not fit
  Float,      // value holds IEEE bits; type F32 (0f...) or F64 (0d..., decimal)
  String,     // text without quotes
  LParen,
  RParen,
  LBrace,
  RBrace,
  LBracket,
  RBracket,
  Comma,
  Semicolon,
  Colon,
  Equal,
  At,
  Pipe,
  Plus,
  Minus,
  Star,
  Slash,
  Percent,
  Not,
  Tilde,
  Amp,
  Caret,
  Less,
  Greater,
  LessEqual,
  GreaterEqual,
  EqualEqual,
  NotEqual,
  ShiftLeft,
  ShiftRight,
  AmpAmp,
  PipePipe,
  Question,
  Bad // a character PTX does not know, an unterminated string or comment, a malformed number
};

struct Token {
  Tok kind = Tok::End;
  Type type = Type::None; // of numbers
  uint32_t offset = 0;
  std::string_view text; // as written; without the dot for DotWord, without quotes for String
  uint64_t value = 0;
  const char *problem = nullptr; // Bad: what is wrong
};

class Lexer {
public:
  explicit Lexer(std::string_view text)
      : begin_(text.data()), next_(begin_), end_(begin_ + text.size()) {}

  Token next();

  /// Continues an opcode identifier with its suffixes: ".global.nc.v4.f32" (no white space inside),
  /// leading dot included. Call right after next() returned the identifier. Empty if there are
  /// none.
  std::string_view suffixes();

  /// Place to which seek() can return.
  uint32_t offset() const { return static_cast<uint32_t>(next_ - begin_); }
  void seek(uint32_t offset) { next_ = begin_ + offset; }

private:
  bool first_of_line() const;
  bool skip_space(); // false: unterminated comment
  Token number(const char *start);
  Token make(Tok kind, const char *start, const char *stop);
  Token bad(const char *start, const char *stop, const char *problem);

  const char *begin_;
  const char *next_;
  const char *end_;
};

/// "';'", "identifier": for messages.
std::string_view describe(Tok t);

} // namespace w2w::ptx
