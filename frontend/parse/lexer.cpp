// See lexer.h. Token forms: PTX ISA 4.2 (comments), 4.4 (identifiers), 4.5 (constants).
#include "frontend/parse/lexer.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace w2w::ptx {

namespace {

enum : uint8_t { kSpace = 1, kIdent = 2, kIdentStart = 4, kDigit = 8, kHex = 16 };

constexpr std::array<uint8_t, 256> kClass = [] {
  std::array<uint8_t, 256> c{};
  for (unsigned i = 0; i < 256; ++i) {
    const bool letter = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
    const bool digit = i >= '0' && i <= '9';
    if (i == ' ' || (i >= '\t' && i <= '\r'))
      c[i] |= kSpace;
    if (letter || digit || i == '_' || i == '$')
      c[i] |= kIdent;
    if (letter || i == '_' || i == '$')
      c[i] |= kIdentStart;
    if (digit)
      c[i] |= kDigit;
    if (digit || (i >= 'a' && i <= 'f') || (i >= 'A' && i <= 'F'))
      c[i] |= kHex;
  }
  return c;
}();

bool is(char c, uint8_t mask) {
  return kClass[static_cast<unsigned char>(c)] & mask;
}

unsigned hex_digit(char c) {
  if (c <= '9')
    return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

} // namespace

bool Lexer::first_of_line() const {
  const char *p = next_;
  while (p > begin_ && (p[-1] == ' ' || p[-1] == '\t'))
    --p;
  return p == begin_ || p[-1] == '\n';
}

bool Lexer::skip_space() {
  while (next_ < end_) {
    if (is(*next_, kSpace)) {
      ++next_;
    } else if (*next_ == '/' && next_ + 1 < end_ && next_[1] == '/') {
      const void *eol = std::memchr(next_, '\n', static_cast<size_t>(end_ - next_));
      next_ = eol ? static_cast<const char *>(eol) + 1 : end_;
    } else if (*next_ == '/' && next_ + 1 < end_ && next_[1] == '*') {
      const char *p = next_ + 2;
      while (p + 1 < end_ && !(p[0] == '*' && p[1] == '/'))
        ++p;
      if (p + 1 >= end_)
        return false;
      next_ = p + 2;
    } else if (*next_ == '#' && first_of_line()) {
      // A line mark left by a preprocessor: `#line 3 "f"`, `# 3 "f"`, PTX ISA 4.1.
      const char *p = next_ + 1;
      while (p < end_ && *p == ' ')
        ++p;
      const std::string_view rest(p, static_cast<size_t>(end_ - p));
      std::string_view line = rest.substr(0, rest.find('\n'));
      if (line.starts_with("line"))
        line.remove_prefix(4);
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      if (line.empty() || !is(line[0], kDigit) || line.find('"') == std::string_view::npos)
        return true;
      const void *eol = std::memchr(next_, '\n', static_cast<size_t>(end_ - next_));
      next_ = eol ? static_cast<const char *>(eol) + 1 : end_;
    } else {
      return true;
    }
  }
  return true;
}

Token Lexer::make(Tok kind, const char *start, const char *stop) {
  next_ = stop;
  Token t;
  t.kind = kind;
  t.offset = static_cast<uint32_t>(start - begin_);
  t.text = {start, static_cast<size_t>(stop - start)};
  return t;
}

Token Lexer::bad(const char *start, const char *stop, const char *problem) {
  Token t = make(Tok::Bad, start, stop);
  t.problem = problem;
  return t;
}

Token Lexer::number(const char *start) {
  const char *p = start;
  uint64_t value = 0;
  bool overflow = false;
  if (*p == '0' && p + 1 < end_) {
    const char kind = static_cast<char>(p[1] | 0x20);
    // 0fXXXXXXXX and 0dXXXXXXXXXXXXXXXX: IEEE bits.
    if (kind == 'f' || kind == 'd') {
      const unsigned digits = kind == 'f' ? 8 : 16;
      const char *q = p + 2;
      while (q < end_ && is(*q, kHex))
        value = value << 4 | hex_digit(*q++);
      if (q - p - 2 != digits || (q < end_ && is(*q, kIdent))) {
        while (q < end_ && is(*q, kIdent))
          ++q;
        return bad(start, q,
                   kind == 'f' ? "a 0f constant needs exactly 8 hexadecimal digits"
                               : "a 0d constant needs exactly 16 hexadecimal digits");
      }
      Token t = make(Tok::Float, start, q);
      t.type = kind == 'f' ? Type::F32 : Type::F64;
      t.value = value;
      return t;
    }
  }
  unsigned base = 10;
  if (*p == '0' && p + 1 < end_ && (p[1] | 0x20) == 'x') {
    base = 16;
    p += 2;
  } else if (*p == '0' && p + 1 < end_ && (p[1] | 0x20) == 'b') {
    base = 2;
    p += 2;
  }
  const char *digits = p;
  if (base == 10) {
    while (p < end_ && is(*p, kDigit))
      ++p;
    // A decimal point or exponent makes a double. (`1..` never occurs; `.x` after a number
    // neither.)
    const bool point = p < end_ && *p == '.' && !(p + 1 < end_ && is(p[1], kIdentStart));
    const bool exponent =
        p + 1 < end_ && (*p | 0x20) == 'e' &&
        (is(p[1], kDigit) || (p + 2 < end_ && (p[1] == '+' || p[1] == '-') && is(p[2], kDigit)));
    const bool point_exponent = p + 2 < end_ && *p == '.' && (p[1] | 0x20) == 'e';
    if (point || exponent || point_exponent) {
      double d = 0;
      const auto [stop, error] = std::from_chars(start, end_, d, std::chars_format::general);
      const char *q = stop;
      if (error == std::errc::result_out_of_range)
        return bad(start, q, "floating-point constant is out of range");
      if (q < end_ && is(*q, kIdent)) {
        while (q < end_ && is(*q, kIdent))
          ++q;
        return bad(start, q, "malformed number");
      }
      Token t = make(Tok::Float, start, q);
      t.type = Type::F64;
      t.value = std::bit_cast<uint64_t>(d);
      return t;
    }
    if (p - digits > 1 && *digits == '0')
      base = 8;
    p = digits;
  }
  while (p < end_ && is(*p, kHex)) {
    const unsigned d = hex_digit(*p);
    if (d >= base)
      break;
    if (value > (~uint64_t{0} - d) / base)
      overflow = true;
    value = value * base + d;
    ++p;
  }
  bool is_unsigned = false;
  const bool any = p != digits;
  if (p < end_ && *p == 'U') {
    is_unsigned = true;
    ++p;
  }
  if (!any || (p < end_ && is(*p, kIdent))) {
    while (p < end_ && is(*p, kIdent))
      ++p;
    return bad(start, p, "malformed number");
  }
  if (overflow)
    return bad(start, p, "integer constant does not fit in 64 bits");
  Token t = make(Tok::Integer, start, p);
  t.value = value;
  t.type = is_unsigned || value >> 63 ? Type::U64 : Type::S64;
  return t;
}

Token Lexer::next() {
  if (!skip_space()) {
    const char *start = next_;
    return bad(start, end_, "unterminated comment");
  }
  if (next_ == end_)
    return make(Tok::End, end_, end_);
  const char *start = next_;
  const char c = *start;
  if (is(c, kIdentStart) || (c == '%' && start + 1 < end_ && is(start[1], kIdent))) {
    const char *p = start + 1;
    while (p < end_ && is(*p, kIdent))
      ++p;
    return make(Tok::Identifier, start, p);
  }
  if (is(c, kDigit))
    return number(start);
  const char second = start + 1 < end_ ? start[1] : '\0';
  auto one = [&](Tok k) { return make(k, start, start + 1); };
  auto two = [&](Tok k) { return make(k, start, start + 2); };
  switch (c) {
  case '.': {
    if (is(second, kDigit)) { // .5 is a number; .1d, .2d, ... are not
      const char *p = start + 1;
      while (p < end_ && is(*p, kDigit))
        ++p;
      if (p == end_ || !is(*p, kIdentStart) || (*p | 0x20) == 'e') {
        double d = 0;
        const auto [stop, error] = std::from_chars(start, end_, d);
        if (error == std::errc() && (stop == end_ || !is(*stop, kIdent))) {
          Token t = make(Tok::Float, start, stop);
          t.type = Type::F64;
          t.value = std::bit_cast<uint64_t>(d);
          return t;
        }
      }
    }
    if (!is(second, kIdent))
      return bad(start, start + 1, "stray '.'");
    const char *p = start + 1;
    while (p < end_ &&
           (is(*p, kIdent) || (*p == ':' && p + 2 < end_ && p[1] == ':' && is(p[2], kIdent))))
      p += *p == ':' ? 2 : 1;
    Token t = make(Tok::DotWord, start, p);
    t.text.remove_prefix(1);
    return t;
  }
  case '"': {
    const char *p = start + 1;
    while (p < end_ && *p != '"' && *p != '\n')
      p += *p == '\\' && p + 1 < end_ && p[1] != '\n' ? 2 : 1;
    if (p >= end_ || *p != '"')
      return bad(start, p < end_ ? p : end_, "unterminated string");
    Token t = make(Tok::String, start, p + 1);
    t.text = t.text.substr(1, t.text.size() - 2);
    return t;
  }
  case '(':
    return one(Tok::LParen);
  case ')':
    return one(Tok::RParen);
  case '{':
    return one(Tok::LBrace);
  case '}':
    return one(Tok::RBrace);
  case '[':
    return one(Tok::LBracket);
  case ']':
    return one(Tok::RBracket);
  case ',':
    return one(Tok::Comma);
  case ';':
    return one(Tok::Semicolon);
  case ':':
    return one(Tok::Colon);
  case '@':
    return one(Tok::At);
  case '+':
    return one(Tok::Plus);
  case '-':
    return one(Tok::Minus);
  case '*':
    return one(Tok::Star);
  case '/':
    return one(Tok::Slash);
  case '%':
    return one(Tok::Percent);
  case '~':
    return one(Tok::Tilde);
  case '^':
    return one(Tok::Caret);
  case '?':
    return one(Tok::Question);
  case '=':
    return second == '=' ? two(Tok::EqualEqual) : one(Tok::Equal);
  case '!':
    return second == '=' ? two(Tok::NotEqual) : one(Tok::Not);
  case '|':
    return second == '|' ? two(Tok::PipePipe) : one(Tok::Pipe);
  case '&':
    return second == '&' ? two(Tok::AmpAmp) : one(Tok::Amp);
  case '<':
    return second == '<'   ? two(Tok::ShiftLeft)
           : second == '=' ? two(Tok::LessEqual)
                           : one(Tok::Less);
  case '>':
    return second == '>'   ? two(Tok::ShiftRight)
           : second == '=' ? two(Tok::GreaterEqual)
                           : one(Tok::Greater);
  default:
    return bad(start, start + 1,
               c == '#'
                   ? "preprocessor directives are not supported; run the text through cpp first"
                   : "character that PTX does not use");
  }
}

std::string_view Lexer::suffixes() {
  const char *start = next_;
  const char *p = start;
  while (p < end_ && (is(*p, kIdent) || *p == '.' || *p == ':')) {
    if (*p == ':') {
      if (!(p + 2 < end_ && p[1] == ':' && is(p[2], kIdent)))
        break;
      ++p;
    }
    ++p;
  }
  next_ = p;
  return {start, static_cast<size_t>(p - start)};
}

std::string_view describe(Tok t) {
  switch (t) {
  case Tok::Identifier:
    return "identifier";
  case Tok::DotWord:
    return "directive";
  case Tok::Integer:
    return "integer";
  case Tok::String:
    return "string";
  case Tok::LParen:
    return "'('";
  case Tok::RParen:
    return "')'";
  case Tok::LBrace:
    return "'{'";
  case Tok::RBrace:
    return "'}'";
  case Tok::LBracket:
    return "'['";
  case Tok::RBracket:
    return "']'";
  case Tok::Comma:
    return "','";
  case Tok::Semicolon:
    return "';'";
  case Tok::Colon:
    return "':'";
  case Tok::Equal:
    return "'='";
  case Tok::Less:
    return "'<'";
  case Tok::Greater:
    return "'>'";
  default:
    return "operator";
  }
}

} // namespace w2w::ptx
