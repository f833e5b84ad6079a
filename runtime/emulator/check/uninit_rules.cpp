#include "runtime/emulator/check/uninit_rules.h"

#include "runtime/emulator/isa/opcodes.h"

#include <string_view>
#include <vector>

namespace w2w::emu::check {

namespace {

struct NameRule {
  std::string_view name; ///< without v_ or s_; ends in '*': a prefix
  Rule rule;
};
// The first that fits.
constexpr NameRule kRules[] = {
    {"mov_b*", Rule::Move},
    {"movk_i32", Rule::Move},
    {"accvgpr_*", Rule::Move},
    {"not_b*", Rule::Not},
    {"and_or_b32", Rule::AndOr},
    {"and_b*", Rule::And},
    {"and_saveexec*", Rule::And},
    {"andn2_*", Rule::Andn2},
    {"andn1_*", Rule::Andn1},
    {"nand_*", Rule::And},
    {"or3_b32", Rule::Or3},
    {"or_b*", Rule::Or},
    {"or_saveexec*", Rule::Or},
    {"orn2_*", Rule::Orn2},
    {"orn1_*", Rule::Orn1},
    {"nor_*", Rule::Or},
    {"xor3_b32", Rule::Xor3},
    {"xor_*", Rule::Xor},
    {"xnor_*", Rule::Xor},
    {"bfi_b32", Rule::Bfi},
    {"perm_b32", Rule::Perm},
    {"alignbit_b32", Rule::AlignBit},
    {"alignbyte_b32", Rule::AlignByte},
    {"pk_mov_b32", Rule::MoveDwords},
    {"pack_*", Rule::PackHalves},
    {"cvt_pkrtz_f16_f32", Rule::PackHalves},
    {"cvt_pk_u16_u32", Rule::PackHalves},
    {"cvt_pk_i16_i32", Rule::PackHalves},
    {"cvt_pk_u16_f32", Rule::PackHalves},
    {"cvt_pk_i16_f32", Rule::PackHalves},
    {"cvt_f32_ubyte0", Rule::UByte0},
    {"cvt_f32_ubyte1", Rule::UByte1},
    {"cvt_f32_ubyte2", Rule::UByte2},
    {"cvt_f32_ubyte3", Rule::UByte3},
    {"mul_u32_u24", Rule::Low24},
    {"mul_i32_i24", Rule::Low24},
    {"mad_u32_u24", Rule::Low24},
    {"mad_i32_i24", Rule::Low24},
    {"mul_hi_*", Rule::Any},
    {"mul_lo_u*", Rule::Carry},
    {"mul_i32", Rule::Carry},
    {"mul_u64", Rule::Carry},
    {"mulk_i32", Rule::Carry},
    {"mad_u64_u32", Rule::Carry},
    {"mad_i64_i32", Rule::Carry},
    {"add_u*", Rule::Carry},
    {"add_i*", Rule::Carry},
    {"add_co_u32", Rule::Carry},
    {"addc_*", Rule::Carry},
    {"addk_i32", Rule::Carry},
    {"add3_u32", Rule::Carry},
    {"sub_u*", Rule::Carry},
    {"sub_i*", Rule::Carry},
    {"sub_co_u32", Rule::Carry},
    {"subrev_u*", Rule::Carry},
    {"subrev_co_u32", Rule::Carry},
    {"subb_*", Rule::Carry},
    {"subbrev_*", Rule::Carry},
    {"lshlrev_b*", Rule::ShiftLeftRev},
    {"lshrrev_b*", Rule::ShiftRightRev},
    {"ashrrev_i*", Rule::ShiftRightSignedRev},
    {"lshl_b*", Rule::ShiftLeft},
    {"lshr_b*", Rule::ShiftRight},
    {"ashr_i*", Rule::ShiftRightSigned},
    {"lshl_or_b32", Rule::ShiftLeftOr},
    {"lshl_add_*", Rule::Carry},
    {"add_lshl_u32", Rule::Carry},
    {"lshl1_add_u32", Rule::Carry},
    {"lshl2_add_u32", Rule::Carry},
    {"lshl3_add_u32", Rule::Carry},
    {"lshl4_add_u32", Rule::Carry},
    {"cmp*", Rule::Compare},
    {"readfirstlane*", Rule::None},
    {"permlane*", Rule::None},
    {"wmma*", Rule::None},
    {"swmmac*", Rule::None},
    {"mfma*", Rule::None},
    {"smfmac*", Rule::None},
};
constexpr NameRule kVectorRules[] = {{"bfe_u32", Rule::BfeUnsigned}, {"bfe_i32", Rule::BfeSigned}};
constexpr NameRule kScalarRules[] = {
    {"bfe_*", Rule::BfePacked}, {"getreg_b32", Rule::None},  {"getpc_b64", Rule::None},
    {"memtime", Rule::None},    {"memrealtime", Rule::None}, {"sendmsg*", Rule::None},
    {"movrel*", Rule::None},    {"barrier*", Rule::None},    {"sext_i32_i8", Rule::Any},
    {"cselect*", Rule::None},   {"cmov*", Rule::None}};

template <size_t N> bool look_up(const NameRule (&rules)[N], std::string_view name, Rule &out) {
  for (const NameRule &r : rules) {
    bool prefix = r.name.ends_with('*');
    std::string_view text = prefix ? r.name.substr(0, r.name.size() - 1) : r.name;
    if (prefix ? name.starts_with(text) : name == text)
      return out = r.rule, true;
  }
  return false;
}

Rule decide(const isa::Opcode &op) {
  std::string_view name = op.name;
  bool vector = name.starts_with("v_");
  if (!vector && !name.starts_with("s_"))
    return Rule::None;
  name.remove_prefix(2);
  Rule rule = Rule::Any;
  if (vector ? look_up(kVectorRules, name, rule) : look_up(kScalarRules, name, rule))
    return rule;
  if (look_up(kRules, name, rule))
    return rule;
  if (isa::is_packed16(op.dst))
    return Rule::Packed16;
  return Rule::Any;
}

uint64_t ones(unsigned width) {
  return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}
/// All bits from the lowest one up.
uint64_t up_from_lowest(uint64_t x) {
  return x ? ~((x & (~x + 1)) - 1) : 0;
}
uint64_t and_bits(const Bits &a, const Bits &b) {
  // A defined 0 on one side decides.
  return (a.undefined | b.undefined) & (a.value | a.undefined) & (b.value | b.undefined);
}
Bits inverse(const Bits &a) {
  return {~a.value, a.undefined};
}
uint64_t or_bits(const Bits &a, const Bits &b) {
  return and_bits(inverse(a), inverse(b));
}
uint64_t any(uint64_t undefined, unsigned width) {
  return undefined ? ones(width) : 0;
}
uint64_t sign_extended(uint64_t x, unsigned from) {
  uint64_t sign = uint64_t{1} << (from - 1);
  return from >= 64 ? x : ((x & ones(from)) ^ sign) - sign;
}
/// The undefined bits of a shifted value; `amount` counts modulo the width.
uint64_t shifted(const Bits &a, const Bits &amount, unsigned width, int way) {
  unsigned mask = width - 1;
  if (amount.undefined & mask)
    return a.value | a.undefined ? ones(width) : 0;
  unsigned by = static_cast<unsigned>(amount.value) & mask;
  if (way < 0)
    return a.undefined << by;
  uint64_t u = a.undefined & ones(width);
  return way == 0 ? u >> by
                  : static_cast<uint64_t>(static_cast<int64_t>(sign_extended(u, width)) >> by);
}
uint64_t field(const Bits &a, unsigned at, unsigned width, bool is_signed) {
  if (!width)
    return 0;
  uint64_t u = at < 64 ? a.undefined >> at & ones(width) : 0;
  return is_signed ? sign_extended(u, width) : u;
}
uint64_t perm(const Bits &a, const Bits &b, const Bits &select) {
  // Bytes 0 to 3 are those of b, 4 to 7 of a; 8 to 11 are signs, the rest constants.
  uint64_t bytes = (a.undefined & 0xffffffff) << 32 | (b.undefined & 0xffffffff), out = 0;
  for (unsigned k = 0; k < 4; ++k) {
    unsigned s = static_cast<unsigned>(select.value >> (8 * k)) & 0xff;
    uint64_t u = 0;
    if (select.undefined >> (8 * k) & 0xff)
      u = 0xff;
    else if (s < 8)
      u = bytes >> (8 * s) & 0xff;
    else if (s < 12)
      u = bytes >> (16 * (s - 8) + 15) & 1 ? 0xff : 0;
    out |= u << (8 * k);
  }
  return out;
}
uint64_t halves(uint64_t low, uint64_t high) {
  return any(low, 16) | any(high, 16) << 16;
}

} // namespace

Rule rule_of(const isa::Opcode &op) {
  static const std::vector<Rule> *rules = [] {
    auto *all = new std::vector<Rule>();
    for (const isa::Opcode &each : isa::all_opcodes())
      all->push_back(decide(each));
    return all;
  }();
  return (*rules)[static_cast<size_t>(&op - isa::all_opcodes().data())];
}

uint64_t apply(Rule rule, const Bits &a, const Bits &b, const Bits &c, unsigned width) {
  uint64_t all = a.undefined | b.undefined | c.undefined, out = 0;
  switch (rule) {
  case Rule::None:
    return 0;
  case Rule::Any:
  case Rule::Compare:
    return any(all, width);
  case Rule::Move:
  case Rule::Not:
    out = a.undefined;
    break;
  case Rule::And:
    out = and_bits(a, b);
    break;
  case Rule::Andn2:
    out = and_bits(a, inverse(b));
    break;
  case Rule::Andn1:
    out = and_bits(inverse(a), b);
    break;
  case Rule::Or:
    out = or_bits(a, b);
    break;
  case Rule::Orn2:
    out = or_bits(a, inverse(b));
    break;
  case Rule::Orn1:
    out = or_bits(inverse(a), b);
    break;
  case Rule::Xor:
  case Rule::Xor3:
    out = all;
    break;
  case Rule::AndOr:
    out = or_bits({a.value & b.value, and_bits(a, b)}, c);
    break;
  case Rule::Or3:
    out = or_bits({a.value | b.value, or_bits(a, b)}, c);
    break;
  case Rule::Bfi: // (a & b) | (~a & c)
    out = (~a.undefined & ((a.value & b.undefined) | (~a.value & c.undefined))) |
          (a.undefined & ((b.value ^ c.value) | b.undefined | c.undefined));
    break;
  case Rule::Carry:
    out = up_from_lowest(all);
    break;
  case Rule::ShiftLeft:
    out = shifted(a, b, width, -1);
    break;
  case Rule::ShiftRight:
    out = shifted(a, b, width, 0);
    break;
  case Rule::ShiftRightSigned:
    out = shifted(a, b, width, 1);
    break;
  case Rule::ShiftLeftRev:
    out = shifted(b, a, width, -1);
    break;
  case Rule::ShiftRightRev:
    out = shifted(b, a, width, 0);
    break;
  case Rule::ShiftRightSignedRev:
    out = shifted(b, a, width, 1);
    break;
  case Rule::ShiftLeftOr: {
    unsigned by = static_cast<unsigned>(b.value) & 31;
    out = or_bits({a.value << by, shifted(a, b, width, -1)}, c);
    break;
  }
  case Rule::BfeUnsigned:
  case Rule::BfeSigned:
    if ((b.undefined | c.undefined) & 31)
      return ones(width);
    out = field(a, b.value & 31, c.value & 31, rule == Rule::BfeSigned);
    break;
  case Rule::BfePacked:
    if (b.undefined)
      return ones(width);
    // A signed field's copies of its sign count as undefined only with the rest: coarse is fine.
    out = any(field(a, b.value & (width - 1), b.value >> 16 & 127, false), width);
    break;
  case Rule::Perm:
    out = perm(a, b, c);
    break;
  case Rule::AlignBit:
  case Rule::AlignByte: {
    unsigned mask = rule == Rule::AlignBit ? 31 : 3, unit = rule == Rule::AlignBit ? 1 : 8;
    if (c.undefined & mask)
      return ones(width);
    uint64_t both = (a.undefined & 0xffffffff) << 32 | (b.undefined & 0xffffffff);
    out = both >> ((c.value & mask) * unit);
    break;
  }
  case Rule::Packed16:
    out = halves(all & 0xffff, all & 0xffff0000u);
    break;
  case Rule::PackHalves:
    out = halves(a.undefined, b.undefined);
    break;
  case Rule::UByte0:
  case Rule::UByte1:
  case Rule::UByte2:
  case Rule::UByte3: {
    unsigned byte = static_cast<unsigned>(rule) - static_cast<unsigned>(Rule::UByte0);
    return any(a.undefined >> (8 * byte) & 0xff, width);
  }
  case Rule::Low24:
    out = up_from_lowest(((a.undefined | b.undefined) & 0xffffff) | c.undefined);
    break;
  case Rule::MoveDwords:
    out = (a.undefined & 0xffffffff) | b.undefined << 32;
    break;
  }
  return out & ones(width);
}

bool comparison_undefined(const isa::Opcode &op, const Bits &a, const Bits &b) {
  if (!(a.undefined | b.undefined))
    return false;
  std::string_view name = op.name;
  size_t last = name.rfind('_');
  std::string_view type = name.substr(last + 1);
  if (name.find("bitcmp") != name.npos) {
    unsigned mask = type == "b64" ? 63 : 31;
    return b.undefined & mask || (a.undefined >> (b.value & mask) & 1);
  }
  if (type.empty() || (type[0] != 'u' && type[0] != 'i') || name.find("class") != name.npos)
    return true;
  unsigned width = type == "u64" || type == "i64" ? 64 : type == "u16" || type == "i16" ? 16 : 32;
  uint64_t mask = ones(width), ua = a.undefined & mask, ub = b.undefined & mask;
  if (!(ua | ub))
    return false;
  size_t before = name.rfind('_', last - 1);
  std::string_view relation = name.substr(before + 1, last - before - 1);
  if (relation == "f" || relation == "t")
    return false;
  if (relation == "eq" || relation == "ne" || relation == "lg")
    return ((a.value ^ b.value) & ~(ua | ub) & mask) == 0; // no defined bit decides
  // The least and the greatest values that the operands may have.
  uint64_t flip = type[0] == 'i' ? uint64_t{1} << (width - 1) : 0;
  uint64_t va = (a.value ^ flip) & mask, vb = (b.value ^ flip) & mask;
  uint64_t least_a = va & ~ua, most_a = va | ua, least_b = vb & ~ub, most_b = vb | ub;
  if (relation == "lt" || relation == "ge")
    return !(most_a < least_b || least_a >= most_b);
  return !(least_a > most_b || most_a <= least_b); // gt, le
}

} // namespace w2w::emu::check
