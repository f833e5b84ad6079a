#include "runtime/emulator/isa/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdlib>

namespace w2w::emu::isa {

namespace {

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t'))
    s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t'))
    s.remove_suffix(1);
  return s;
}

bool integer(std::string_view s, int64_t &to) {
  bool negative = !s.empty() && s.front() == '-';
  if (negative)
    s.remove_prefix(1);
  int base = 10;
  if (s.starts_with("0x")) {
    base = 16;
    s.remove_prefix(2);
  }
  uint64_t x = 0;
  auto r = std::from_chars(s.data(), s.data() + s.size(), x, base);
  if (s.empty() || r.ec != std::errc() || r.ptr != s.data() + s.size())
    return false;
  to = negative ? -int64_t(x) : int64_t(x);
  return true;
}

/// Parts of s at `c` outside brackets.
std::vector<std::string_view> split(std::string_view s, char c) {
  std::vector<std::string_view> r;
  int depth = 0;
  size_t from = 0;
  for (size_t k = 0; k <= s.size(); k++) {
    if (k == s.size() || (s[k] == c && depth == 0)) {
      if (std::string_view part = trim(s.substr(from, k - from)); !part.empty())
        r.push_back(part);
      from = k + 1;
    } else if (s[k] == '[' || s[k] == '(') {
      depth++;
    } else if (s[k] == ']' || s[k] == ')') {
      depth--;
    }
  }
  return r;
}

struct Named {
  std::string_view name;
  Where where;
  unsigned index;
  unsigned dwords;
};
constexpr Named kNamed[] = {
    {"vcc", Where::Sgpr, kVccLo, 2},
    {"vcc_lo", Where::Sgpr, kVccLo, 1},
    {"vcc_hi", Where::Sgpr, kVccHi, 1},
    {"exec", Where::Sgpr, kExecLo, 2},
    {"exec_lo", Where::Sgpr, kExecLo, 1},
    {"exec_hi", Where::Sgpr, kExecHi, 1},
    {"m0", Where::Sgpr, kM0, 1},
    {"null", Where::Sgpr, kNull, 0},
    {"flat_scratch", Where::Sgpr, kFlatScratchLo, 2},
    {"flat_scratch_lo", Where::Sgpr, kFlatScratchLo, 1},
    {"flat_scratch_hi", Where::Sgpr, kFlatScratchHi, 1},
    {"xnack_mask", Where::Sgpr, kXnackMaskLo, 2},
    {"xnack_mask_lo", Where::Sgpr, kXnackMaskLo, 1},
    {"xnack_mask_hi", Where::Sgpr, kXnackMaskLo + 1, 1},
    {"scc", Where::Scc, 0, 1},
    {"src_scc", Where::Scc, 0, 1},
    {"src_vccz", Where::Vccz, 0, 1},
    {"src_execz", Where::Execz, 0, 1},
    {"vccz", Where::Vccz, 0, 1},
    {"execz", Where::Execz, 0, 1},
    {"src_shared_base", Where::Shared, 0, 2},
    {"src_shared_limit", Where::SharedLimit, 0, 2},
    {"src_private_base", Where::Private, 0, 2},
    {"src_private_limit", Where::PrivateLimit, 0, 2},
    {"off", Where::Off, 0, 0},
};

/// "v3", "v[0:1]", "s[4:7]", "ttmp5", "a0", "v3.l"
bool parse_register(std::string_view s, Operand &o) {
  if (s.ends_with(".l") || s.ends_with(".h")) {
    o.sel = s.back() == 'h' ? Sel::Word1 : Sel::Dword;
    s.remove_suffix(2);
  }
  unsigned base;
  if (s.starts_with("ttmp"))
    o.where = Where::Sgpr, base = kTtmp0, s.remove_prefix(4);
  else if (s.starts_with("v"))
    o.where = Where::Vgpr, base = 0, s.remove_prefix(1);
  else if (s.starts_with("a"))
    o.where = Where::Vgpr, base = kFirstAgprRow, s.remove_prefix(1);
  else if (s.starts_with("s"))
    o.where = Where::Sgpr, base = 0, s.remove_prefix(1);
  else
    return false;
  int64_t lo, hi;
  if (s.starts_with("[") && s.ends_with("]")) {
    s = s.substr(1, s.size() - 2);
    size_t colon = s.find(':');
    if (!integer(s.substr(0, colon), lo))
      return false;
    hi = lo;
    if (colon != s.npos && !integer(s.substr(colon + 1), hi))
      return false;
  } else {
    if (!integer(s, lo))
      return false;
    hi = lo;
  }
  if (lo < 0 || hi < lo || hi > 255)
    return false;
  o.index = uint16_t(base + unsigned(lo));
  o.dwords = uint8_t(hi - lo + 1);
  return true;
}

uint16_t to_f16(float f) {
  return std::bit_cast<uint16_t>(_Float16(f));
}

/// What a constant in the text stands for. LLVM prints 32-bit literals of 64-bit floating-point
/// operands as their high dword, inline constants as numbers.
bool parse_constant(std::string_view s, Type t, Operand &o) {
  o.where = Where::Imm;
  int64_t x;
  if (integer(s, x)) {
    bool hex = s.find("0x") != s.npos;
    switch (t) {
    case Type::F64:
      o.imm = hex && uint64_t(x) <= 0xffffffffu ? uint64_t(x) << 32 : uint64_t(x);
      break;
    case Type::I64:
      o.imm = hex && uint64_t(x) <= 0xffffffffu ? uint64_t(int64_t(int32_t(x))) : uint64_t(x);
      break;
    case Type::B64:
    case Type::U64:
      o.imm = uint64_t(x);
      break;
    case Type::KF32:
    case Type::KB32:
      o.imm = uint32_t(x) | uint64_t(uint32_t(x)) << 32;
      break;
    case Type::None:
      o.imm = uint64_t(x);
      break;
    default:
      o.imm = uint32_t(x);
    }
    return true;
  }
  if (s.find('.') == s.npos && s.find("e") == s.npos)
    return false;
  std::string text(s);
  char *end = nullptr;
  double d = std::strtod(text.c_str(), &end);
  if (!end || *end)
    return false;
  float f = float(d);
  bool inv_2pi = text.find("0.15915494") != text.npos;
  switch (t) {
  case Type::F64:
  case Type::B64:
  case Type::U64:
  case Type::I64:
    o.imm = inv_2pi ? 0x3fc45f306dc9c882ull : std::bit_cast<uint64_t>(d);
    break;
  case Type::F16:
  case Type::B16:
  case Type::U16:
  case Type::I16:
  case Type::KF16:
    o.imm = inv_2pi ? 0x3118 : to_f16(f);
    break;
  case Type::BF16:
  case Type::KBF16:
    o.imm = inv_2pi ? 0x3e22 : std::bit_cast<uint32_t>(f) >> 16;
    break;
  case Type::KF32:
  case Type::KB32: {
    uint32_t b = inv_2pi ? 0x3e22f983u : std::bit_cast<uint32_t>(f);
    o.imm = b | uint64_t(b) << 32;
    break;
  }
  default:
    o.imm = inv_2pi ? 0x3e22f983u : std::bit_cast<uint32_t>(f);
  }
  return true;
}

} // namespace

Line split_line(std::string_view text) {
  Line l;
  text = trim(text);
  size_t at = text.find_first_of(" \t");
  l.mnemonic = text.substr(0, at);
  if (at == text.npos)
    return l;
  std::vector<std::string_view> parts = split(text.substr(at), ',');
  // Modifiers follow the last operand, with blanks between.
  for (size_t k = 0; k < parts.size(); k++) {
    std::vector<std::string_view> words = split(parts[k], ' ');
    if (words.empty())
      continue;
    l.operands.push_back(words[0]);
    for (size_t m = 1; m < words.size(); m++)
      l.modifiers.words.push_back(words[m]);
  }
  // Instructions with no operands but modifiers ("buffer_inv sc1").
  if (l.operands.size() == 1 && !parts.empty()) {
    std::string_view only = l.operands[0];
    static constexpr std::array<std::string_view, 6> bare = {"sc0", "sc1", "nt",
                                                             "glc", "slc", "dlc"};
    if (std::find(bare.begin(), bare.end(), only) != bare.end() || only.starts_with("scope:"))
      l.modifiers.words.push_back(only), l.operands.clear();
  }
  // "ds_nop", "ds_append v0 offset:4" and "global_inv scope:SCOPE_DEV" need nothing more.
  return l;
}

bool parse_operand(std::string_view s, Type t, unsigned lanes, Operand &o) {
  // "lit(0x0)": encoded as a literal though it need not be.
  for (std::string_view literal : {"lit(", "lit64("})
    if (s.starts_with(literal) && s.ends_with(")"))
      s = s.substr(literal.size(), s.size() - literal.size() - 1);
  if (s.starts_with("sext(") && s.ends_with(")")) {
    o.mods |= kSext;
    s = s.substr(5, s.size() - 6);
  }
  if (s.starts_with("lit(") &&
      s.ends_with(")")) // a literal that an inline constant could have stood for
    s = s.substr(4, s.size() - 5);
  if (s.starts_with("neg(") && s.ends_with(")")) {
    o.mods |= kNeg;
    s = s.substr(4, s.size() - 5);
  }
  if (s.size() > 1 && s[0] == '-' &&
      (s[1] == '|' || s[1] == 'v' || s[1] == 's' || s[1] == 'a' || s[1] == 'm' || s[1] == 't' ||
       s[1] == 'e' || s[1] == 'n')) {
    o.mods |= kNeg;
    s.remove_prefix(1);
  }
  if (s.size() > 2 && s.front() == '|' && s.back() == '|') {
    o.mods |= kAbs;
    s = s.substr(1, s.size() - 2);
  }
  if (s.starts_with("abs(") && s.ends_with(")")) {
    o.mods |= kAbs;
    s = s.substr(4, s.size() - 5);
  }
  for (const Named &n : kNamed)
    if (s == n.name) {
      o.where = n.where;
      o.index = uint16_t(n.index);
      o.dwords = uint8_t(n.dwords ? n.dwords : dwords(t));
      return true;
    }
  if (parse_register(s, o))
    return true;
  return parse_constant(s, t, o);
}

bool Modifiers::has(std::string_view flag) const {
  return std::find(words.begin(), words.end(), flag) != words.end();
}

std::string_view Modifiers::value(std::string_view name) const {
  for (std::string_view w : words)
    if (w.size() > name.size() && w.starts_with(name) && w[name.size()] == ':')
      return w.substr(name.size() + 1);
  return {};
}

bool Modifiers::number(std::string_view name, int64_t &to) const {
  std::string_view v = value(name);
  return !v.empty() && integer(v, to);
}

bool Modifiers::list(std::string_view name, std::vector<unsigned> &to) const {
  to.clear();
  std::string_view v = value(name);
  if (v.size() < 2 || v.front() != '[')
    return false;
  for (std::string_view part : split(v.substr(1, v.size() - 2), ',')) {
    int64_t x;
    if (!integer(part, x))
      return false;
    to.push_back(unsigned(x));
  }
  return true;
}

bool Modifiers::dpp(Inst &i) const {
  struct Control {
    std::string_view name;
    unsigned code;
  };
  static constexpr Control controls[] = {{"row_shl", 0x100},      {"row_shr", 0x110},
                                         {"row_ror", 0x120},      {"row_share", 0x150},
                                         {"row_newbcast", 0x150}, {"row_xmask", 0x160}};
  std::vector<unsigned> l;
  int64_t x;
  i.fetch_inactive = has("fi:1");
  if (list("dpp8", l)) {
    if (l.size() != 8)
      return false;
    i.dpp = DppKind::Dpp8;
    for (unsigned k = 0; k < 8; k++)
      i.dpp8 |= (l[k] & 7) << (3 * k);
    // A lane may read a disabled one as zero; there is no way to leave a lane out.
    i.bound_ctrl = true;
    return true;
  }
  bool found = false;
  if (list("quad_perm", l)) {
    if (l.size() != 4)
      return false;
    i.dpp_ctrl = uint16_t(l[0] | l[1] << 2 | l[2] << 4 | l[3] << 6);
    found = true;
  }
  for (const Control &c : controls)
    if (number(c.name, x)) {
      i.dpp_ctrl = uint16_t(c.code + unsigned(x & 15));
      found = true;
    }
  auto fixed = [&](std::string_view word, unsigned code) {
    if (has(word))
      i.dpp_ctrl = uint16_t(code), found = true;
  };
  fixed("wave_shl:1", 0x130);
  fixed("wave_rol:1", 0x134);
  fixed("wave_shr:1", 0x138);
  fixed("wave_ror:1", 0x13c);
  fixed("row_mirror", 0x140);
  fixed("row_half_mirror", 0x141);
  fixed("row_bcast:15", 0x142);
  fixed("row_bcast:31", 0x143);
  if (number("row_mask", x))
    i.row_mask = uint8_t(x & 15);
  if (number("bank_mask", x))
    i.bank_mask = uint8_t(x & 15);
  bool masks = !value("row_mask").empty() || !value("bank_mask").empty();
  if (!found)
    return !masks;
  i.dpp = DppKind::Dpp16;
  i.bound_ctrl = has("bound_ctrl:1") || has("bound_ctrl:0");
  return true;
}

std::string Modifiers::first_unknown() const {
  static constexpr std::array<std::string_view, 24> flags = {"clamp",
                                                             "mul:2",
                                                             "mul:4",
                                                             "div:2",
                                                             "idxen",
                                                             "offen",
                                                             "glc",
                                                             "slc",
                                                             "dlc",
                                                             "sc0",
                                                             "sc1",
                                                             "nt",
                                                             "row_mirror",
                                                             "lds",
                                                             "scc",
                                                             "gds",
                                                             "tfe",
                                                             "high",
                                                             "row_half_mirror",
                                                             "nv",
                                                             "row_bcast:15",
                                                             "scal",
                                                             "wave_id",
                                                             "all"};
  static constexpr std::array<std::string_view, 28> values = {
      "offset",     "offset0",  "offset1",   "op_sel",       "op_sel_hi", "neg_lo",   "neg_hi",
      "dst_sel",    "src0_sel", "src1_sel",  "dst_unused",   "quad_perm", "dpp8",     "row_shl",
      "row_shr",    "row_ror",  "row_share", "row_newbcast", "row_xmask", "row_mask", "bank_mask",
      "bound_ctrl", "fi",       "th",        "scope",        "row_bcast", "wave_shr", "wave_ror"};
  static constexpr std::array<std::string_view, 8> more = {
      "wave_shl", "wave_rol", "byte_sel", "cbsz", "abid", "blgp", "neg", "index_key"};
  for (std::string_view w : words) {
    if (std::find(flags.begin(), flags.end(), w) != flags.end())
      continue;
    std::string_view name = w.substr(0, w.find(':'));
    if (name.size() < w.size() && (std::find(values.begin(), values.end(), name) != values.end() ||
                                   std::find(more.begin(), more.end(), name) != more.end()))
      continue;
    return std::string(w);
  }
  return {};
}

} // namespace w2w::emu::isa
