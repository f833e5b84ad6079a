#include "runtime/emulator/isa/parse.h"

#include "runtime/emulator/isa/opcodes.h"
#include "runtime/emulator/isa/text.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace w2w::emu::isa {

const uint32_t *ConstantRows::get(uint64_t value, unsigned lanes) {
  auto &p = rows[value];
  if (!p) {
    p = std::make_unique<Row>();
    for (unsigned l = 0; l < lanes; l++)
      p->r[l] = uint32_t(value), p->r[lanes + l] = uint32_t(value >> 32);
  }
  return p->r;
}

namespace {

struct Parser {
  std::string_view mnemonic;
  std::vector<std::string_view> operands;
  Modifiers mods;
  unsigned lanes;
  int generation;
  ConstantRows &constants;
  Parsed &out;
  std::string &error;
  const uint8_t *encoding;
  unsigned size;
  size_t next = 0;

  bool fail(std::string why) {
    error = std::move(why);
    return false;
  }
  bool more() const { return next < operands.size(); }

  void note_vgpr(const Operand &o) {
    if (o.where != Where::Vgpr)
      return;
    unsigned count = o.dwords ? o.dwords : 1;
    if (o.index >= kFirstAgprRow)
      out.agprs = std::max(out.agprs, o.index - kFirstAgprRow + count);
    else
      out.vgprs = std::max(out.vgprs, o.index + count);
  }

  /// Takes the next operand of the text as type `t`; with `registers`, it is so many that hold it.
  bool take(Operand &o, Type t, bool vector_source = false, unsigned registers = 0) {
    if (!more())
      return fail("an operand is missing");
    o = Operand();
    o.type = t;
    if (!parse_operand(operands[next], t, lanes, o))
      return fail("operand '" + std::string(operands[next]) + "' is not known");
    next++;
    unsigned want = registers ? registers : dwords(t);
    // The handlers touch as many rows as the type has.
    if (want && o.where == Where::Vgpr && o.dwords != want)
      return fail("operand '" + std::string(operands[next - 1]) +
                  "' has not the size that the opcode needs");
    if (o.where == Where::Imm || o.where >= Where::Scc)
      o.dwords = uint8_t(want ? want : 1);
    else if (want && o.where == Where::Sgpr && o.dwords != want && vector_source)
      o.dwords = uint8_t(want);
    if (o.where == Where::Vgpr)
      o.offset = o.index * lanes;
    if (o.where == Where::Imm)
      o.row = constants.get(o.imm, lanes);
    note_vgpr(o);
    return true;
  }
  bool destination(Operand &o, Type t) {
    if (!take(o, t))
      return false;
    if (o.where == Where::Off || (o.where == Where::Sgpr && o.index == kNull))
      o.where = Where::Sgpr, o.index = kTrash;
    return o.where == Where::Vgpr || o.where == Where::Sgpr ||
           fail("the destination is no register");
  }

  bool vector(Inst &i, const Opcode &op);
  bool matrix(Inst &i, const Opcode &op);
  bool sources(Inst &i, const Opcode &op);
  bool modifiers(Inst &i, const Opcode &op);
  bool dot_modifiers(Inst &i, const Opcode &op);
  bool byte_select(Inst &i, const Opcode &op);
  bool scalar(Inst &i, const Opcode &op);
  bool scalar_modifiers(const Inst &i) {
    for (const Operand &o : i.src)
      if (o.mods && o.type != Type::F32)
        return fail("a source modifier is not expected");
    for (const char *name : {"clamp", "mul:2", "mul:4", "div:2"})
      if (mods.has(name))
        return fail(std::string(name) + " is not emulated here");
    return true;
  }
  bool memory(Inst &i, const Opcode &op);
  bool run(Inst &i, const Opcode &op, uint64_t pc);
};

unsigned source_count(const Opcode &op) {
  unsigned n = 0;
  while (n < 3 && op.src[n] != Type::None)
    n++;
  return n;
}

/// gfx9: which 16-bit results keep the register's other half (those that gained op_sel; LLVM
/// GCNSubtarget::zeroesHigh16BitsOfDest; AMD's text of v_madak_f16 and v_madmk_f16). Later
/// generations: all.
bool merges_half(const Opcode &op, int generation) {
  std::string_view n = op.name;
  if (!is16(op.dst))
    return false;
  if (generation >= 10 || n.find("mix") != n.npos)
    return true;
  if (n.starts_with("v_cvt_pk_fp8_f32") || n.starts_with("v_cvt_pk_bf8_f32"))
    return true;
  return n == "v_mad_f16" || n == "v_mad_u16" || n == "v_mad_i16" || n == "v_fma_f16" ||
         n == "v_div_fixup_f16";
}

bool Parser::sources(Inst &i, const Opcode &op) {
  unsigned n = source_count(op);
  if (op.form == Form::VAcc)
    n--;
  for (unsigned k = 0; k < n; k++)
    if (!take(i.src[k], op.src[k], true))
      return false;
  if (op.form == Form::VAcc) {
    i.src[n] = i.dst;
    i.src[n].mods = 0;
    i.src[n].type = op.src[n];
    n++;
  }
  i.sources = uint8_t(n);
  return true;
}

/// The f32 addend of a dot product: neg_lo negates it (LLVM sets neg_hi with it for
/// v_dot2_f32_f16).
bool Parser::dot_modifiers(Inst &i, const Opcode &op) {
  std::string_view name = op.name;
  bool of8 = name.starts_with("v_dot4_f32_");
  if (!of8 && !name.starts_with("v_dot2_f32_"))
    return true;
  if (of8 && ((i.neg_lo | i.neg_hi) & 3 || i.neg_hi))
    return fail("neg of 8-bit factors is not documented");
  if ((i.neg_hi & ~i.neg_lo) & 4)
    return fail("neg_hi alone of an addend is not documented");
  if (i.neg_lo & 4)
    i.src[2].mods |= kNeg;
  return true;
}

/// byte_sel, and gfx942's op_sel of v_cvt_sr_*: which byte is read or written.
bool Parser::byte_select(Inst &i, const Opcode &op) {
  int64_t byte = 0;
  bool given = mods.number("byte_sel", byte);
  if (byte < 0 || byte > 3)
    return fail("byte_sel is out of range");
  if (op.dst == Type::B8) {
    if (!given)
      byte = i.op_sel >> 2 & 3;
    i.dst_sel = Sel(byte);
    i.dst_unused = Unused::Preserve;
  } else if (given) {
    i.src[0].sel = Sel(byte);
  }
  return true;
}

bool Parser::modifiers(Inst &i, const Opcode &op) {
  i.clamp = mods.has("clamp");
  i.omod = mods.has("mul:2") ? 1 : mods.has("mul:4") ? 2 : mods.has("div:2") ? 3 : 0;
  unsigned n = i.sources;
  uint8_t all = uint8_t((1u << n) - 1);
  bool packed = is_packed16(op.src[0]) || op.src[0] == Type::KF32 || op.src[0] == Type::KB32;
  bool mix = op.src[0] == Type::Mix;
  i.op_sel_hi = packed ? all : 0;
  if (!mods.dpp(i))
    return fail("the DPP control is not known");
  std::vector<unsigned> list;
  auto bits = [&](const char *name, uint8_t &to) {
    if (!mods.list(name, list))
      return false;
    to = 0;
    for (size_t k = 0; k < list.size(); k++)
      to |= uint8_t((list[k] & 1) << k);
    return true;
  };
  bool op_sel = bits("op_sel", i.op_sel);
  size_t halves = list.size();
  bits("op_sel_hi", i.op_sel_hi);
  bits("neg_lo", i.neg_lo);
  bits("neg_hi", i.neg_hi);
  if (!dot_modifiers(i, op) || !byte_select(i, op))
    return false;
  if (op.form == Form::VAcc && packed)
    i.op_sel_hi |= uint8_t(1u << (n - 1)), i.op_sel &= uint8_t(~(1u << (n - 1)));
  if (mix) {
    for (unsigned k = 0; k < n; k++) {
      if (i.neg_lo >> k & 1)
        i.src[k].mods |= kNeg;
      if (i.neg_hi >> k & 1)
        i.src[k].mods |= kAbs;
    }
    if (std::string_view(op.name).find("mixhi") != std::string_view::npos)
      i.dst.sel = Sel::Word1;
  } else if (packed && is16(op.dst) && op_sel) {
    // v_dot2_f16_f16: op_sel is VOP3's, for the addend and the result.
    if (i.op_sel & 3)
      return fail("op_sel of this instruction's packed sources is not documented");
    if (i.op_sel & 4)
      i.src[2].sel = Sel::Word1;
    if (i.op_sel & 8)
      i.dst.sel = Sel::Word1;
    i.op_sel = 0;
  } else if (!packed && op_sel && i.dpp == DppKind::None) {
    std::string_view name = op.name;
    bool permlane = name.starts_with("v_permlane");
    if (permlane) {
      i.fetch_inactive = i.op_sel & 1;
      i.bound_ctrl = i.op_sel >> 1 & 1;
    } else {
      // 16-bit operands: which half. The text may say the same twice (v0.h and op_sel).
      for (unsigned k = 0; k < n; k++)
        if (is16(op.src[k]) && (i.op_sel >> k & 1))
          i.src[k].sel = Sel::Word1;
      size_t in_text = n - (op.form == Form::VAcc ? 1 : 0);
      if (is16(op.dst) && halves > in_text && (i.op_sel >> (halves - 1) & 1))
        i.dst.sel = Sel::Word1;
    }
  }
  // SDWA
  auto sel = [&](const char *name, Sel &to) {
    std::string_view v = mods.value(name);
    if (v.empty())
      return;
    static constexpr std::string_view names[] = {"BYTE_0", "BYTE_1", "BYTE_2", "BYTE_3",
                                                 "WORD_0", "WORD_1", "DWORD"};
    for (unsigned k = 0; k < 7; k++)
      if (v == names[k])
        to = Sel(k);
  };
  sel("dst_sel", i.dst_sel);
  sel("src0_sel", i.src[0].sel);
  sel("src1_sel", i.src[1].sel);
  std::string_view unused = mods.value("dst_unused");
  if (op.dst != Type::B8)
    i.dst_unused = unused == "UNUSED_PRESERVE" ? Unused::Preserve
                   : unused == "UNUSED_SEXT"   ? Unused::Sext
                                               : Unused::Pad;
  if (i.dpp != DppKind::None && generation >= 10 && i.dpp_ctrl >= 0x130 && i.dpp_ctrl < 0x140)
    return fail("wave shifts are no DPP control of this generation");
  bool upper = is16(op.dst) && i.dst.sel == Sel::Word1;
  i.merge16 = (merges_half(op, generation) || upper) && i.dst_sel == Sel::Dword;
  for (unsigned k = 0; k < n; k++)
    if (is_packed16(i.src[k].type) && i.src[k].mods)
      return fail("a source modifier of packed halves is not documented here");
  if (op.fn && (i.clamp || i.omod || i.dpp != DppKind::None || i.dst_sel != Sel::Dword))
    return fail("a modifier that this instruction has no emulation of");
  if (i.clamp && dwords(op.dst) == 2 && op.form == Form::VCarryOut && !is_float(op.dst))
    return fail("clamp of a 64-bit integer is not emulated");
  if (i.clamp && op.clamped && !is_float(op.dst))
    i.other = op.clamped;
  return true;
}

bool Parser::vector(Inst &i, const Opcode &op) {
  i.other = op.kernel;
  std::string_view full = op.name;
  bool eight_bit = full.starts_with("v_cvt_") &&
                   (full.find("fp8") != full.npos || full.find("bf8") != full.npos);
  if (eight_bit && generation == 9) {
    // gfx942's 8-bit formats are not OCP's.
    const Opcode *row = find_choice(op, "fnuz");
    if (!row)
      return fail("this conversion is not known");
    i.other = row->kernel;
  }
  if (std::string_view(op.name).find("_iu") != std::string_view::npos) {
    // neg_lo says which of the two factors are signed; each case is a row of its own.
    std::vector<unsigned> list;
    unsigned which = 0;
    if (mods.list("neg_lo", list))
      for (size_t k = 0; k < list.size() && k < 2; k++)
        which |= (list[k] & 1) << k;
    static constexpr const char *signs[4] = {"", "su", "us", "ss"};
    const Opcode *row = which ? find_choice(op, signs[which]) : &op;
    if (!row)
      return fail("this choice of signs is not known");
    i.other = mods.has("clamp") ? row->clamped : row->kernel;
    return destination(i.dst, op.dst) && sources(i, op);
  }
  switch (op.form) {
  case Form::V:
  case Form::VAcc:
    if (!destination(i.dst, op.dst) || !sources(i, op))
      return false;
    break;
  case Form::VSwap:
    if (!destination(i.dst, op.dst) || !sources(i, op))
      return false;
    break;
  case Form::VCmp:
    if (!destination(i.sdst, Type::None) || !sources(i, op))
      return false;
    break;
  case Form::VCmpx:
    // gfx9 writes a mask register too; later generations write EXEC alone.
    if (operands.size() > 2) {
      if (!destination(i.sdst, Type::None))
        return false;
    }
    if (!sources(i, op))
      return false;
    break;
  case Form::VCarryOut:
    if (!destination(i.dst, op.dst) || !destination(i.sdst, Type::None) || !sources(i, op))
      return false;
    break;
  case Form::VCarryInOut:
    if (!destination(i.dst, op.dst) || !destination(i.sdst, Type::None) ||
        !take(i.src[0], op.src[0], true) || !take(i.src[1], op.src[1], true) ||
        !take(i.src[3], Type::None))
      return false;
    i.sources = 2;
    break;
  case Form::VCndmask:
    if (!destination(i.dst, op.dst) || !take(i.src[0], op.src[0], true) ||
        !take(i.src[1], op.src[1], true))
      return false;
    i.sources = 2;
    if (more()) {
      if (!take(i.src[3], Type::None))
        return false;
    } else {
      i.src[3] = {.where = Where::Sgpr, .dwords = 2, .index = kVccLo};
    }
    break;
  case Form::VDivFmas:
    if (!destination(i.dst, op.dst) || !sources(i, op))
      return false;
    i.src[3] = {.where = Where::Sgpr, .dwords = 2, .index = kVccLo};
    break;
  case Form::VLaneRead:
    if (!destination(i.dst, op.dst) || !sources(i, op))
      return false;
    if (i.dst.where != Where::Sgpr)
      return fail("the destination is no scalar register");
    break;
  case Form::VLaneWrite:
    if (!destination(i.dst, op.dst) || !take(i.src[0], op.src[0]) || !take(i.src[1], op.src[1]))
      return false;
    break;
  default:
    return fail("form of the opcode is not known");
  }
  if (i.dst.where == Where::Sgpr && op.form != Form::VLaneRead)
    return fail("the destination is no vector register");
  return modifiers(i, op);
}

bool Parser::matrix(Inst &i, const Opcode &op) {
  const Matrix &m = kMatrices[op.extra];
  bool iu = m.family >= MatrixFamily::Wmma && m.rule == MatrixRule::Integer;
  MatrixModifiers x;
  auto number = [&](const char *name, unsigned &to) {
    int64_t n = 0;
    if (mods.number(name, n))
      to = unsigned(n);
  };
  number("cbsz", x.cbsz);
  number("abid", x.abid);
  number("blgp", x.blgp);
  number("index_key", x.index_key);
  // The lists have an element per source; neg is the name that f64 MFMA has for neg_lo.
  std::vector<unsigned> list;
  auto bits = [&](const char *name, uint8_t &to) {
    if (mods.list(name, list))
      for (size_t k = 0; k < list.size() && k < 3; k++)
        to |= uint8_t((list[k] & 1) << k);
  };
  bits("neg_lo", i.neg_lo);
  bits("neg", i.neg_lo);
  bits("neg_hi", i.neg_hi);
  bits("op_sel", i.op_sel);
  bool half = bits_of(m.c) == 16 && generation == 11;
  if (i.op_sel && (i.op_sel != 4 || !half))
    return fail("op_sel is not defined for this instruction");
  x.high_half = i.op_sel & 4;
  // Signs of integers, of 16-bit factors and of C; C's only if it is a source of its own.
  unsigned factors = iu || bits_of(m.a) == 16 || m.a == Element::F64 ? 3 : 0;
  unsigned addend = m.sparse() || m.c == Element::I32 ? 0 : 4;
  unsigned no_hi = iu || m.a == Element::F64 ? 7 : ~(factors | addend);
  if ((i.neg_lo & ~(factors | addend)) || (i.neg_hi & no_hi))
    return fail("a sign modifier is not defined for this instruction");
  i.clamp = mods.has("clamp");
  if (i.clamp && !iu)
    return fail("clamp is not defined for this instruction");
  out.matrix = std::make_unique<MatrixPlan>();
  if (!plan_matrix(m, lanes, generation, x, *out.matrix, error))
    return false;
  const MatrixPlan &p = *out.matrix;
  i.other = &p;
  Type c = m.c == Element::F64    ? Type::F64
           : m.c == Element::F16  ? Type::F16
           : m.c == Element::BF16 ? Type::BF16
           : m.c == Element::I32  ? Type::I32
                                  : Type::F32;
  if (!take(i.dst, Type::None, false, p.d_dwords) ||
      !take(i.src[0], Type::None, false, p.a_dwords) ||
      !take(i.src[1], Type::None, false, p.b_dwords) ||
      !take(i.src[2], m.sparse() ? Type::B32 : c, false, m.sparse() ? 1 : p.d_dwords))
    return false;
  i.sources = 3;
  for (const Operand *o : {&i.dst, &i.src[0], &i.src[1]})
    if (o->where != Where::Vgpr || o->mods)
      return fail("an operand is no vector register");
  if (i.src[2].mods ||
      (i.src[2].where != Where::Vgpr && (m.sparse() || i.src[2].where != Where::Imm)))
    return fail("the third source is neither a vector register nor a constant");
  return true;
}

bool Parser::scalar(Inst &i, const Opcode &op) {
  uint32_t word;
  std::memcpy(&word, encoding, 4);
  i.imm = word & 0xffff;
  switch (op.form) {
  case Form::Nop:
  case Form::Fence:
    next = operands.size();
    return true;
  case Form::S1:
    return destination(i.dst, op.dst) && take(i.src[0], op.src[0]);
  case Form::S1Src:
    return take(i.src[0], op.src[0]);
  case Form::S1Dst:
    return destination(i.dst, op.dst);
  case Form::S2:
    return destination(i.dst, op.dst) && take(i.src[0], op.src[0]) && take(i.src[1], op.src[1]);
  case Form::S3:
    return destination(i.dst, op.dst) && take(i.src[0], op.src[0]) && take(i.src[1], op.src[0]) &&
           take(i.src[2], op.src[0]);
  case Form::SCmp:
    i.dst = {.where = Where::Sgpr, .index = kTrash};
    return take(i.src[0], op.src[0]) && take(i.src[1], op.src[1]);
  case Form::SK: {
    // s_setreg_b32 has its scalar second.
    bool second = std::string_view(op.name) == "s_setreg_b32";
    next = second ? 1 : 0;
    bool ok = take(i.dst, op.dst == Type::None ? Type::B32 : op.dst);
    next = operands.size();
    if (ok && (i.dst.where != Where::Sgpr || i.dst.index >= kNull))
      return fail("the scalar register is missing");
    return ok;
  }
  case Form::SP:
    next = operands.size();
    if (op.dst != Type::None) {
      // s_sendmsg_rtn: SOP1, the message is the source field.
      next = 0;
      i.imm = word & 0xff;
      bool ok = destination(i.dst, op.dst);
      next = operands.size();
      return ok;
    }
    return true;
  case Form::Branch:
  case Form::Call:
    i.offset = int64_t(i.pc + 4 + int64_t(int16_t(word)) * 4);
    if (op.form == Form::Call && !destination(i.dst, op.dst))
      return false;
    next = operands.size();
    return true;
  case Form::GprIdx: {
    i.imm = word >> 8 & 0xf;
    bool ok = take(i.src[0], Type::B32);
    next = operands.size();
    return ok;
  }
  case Form::SetregImm: {
    uint32_t literal = 0;
    if (size >= 8)
      std::memcpy(&literal, encoding + 4, 4);
    i.src[0] = {.where = Where::Imm, .imm = literal};
    next = operands.size();
    return true;
  }
  case Form::Smem: {
    if (!destination(i.dst, op.dst) || !take(i.src[0], Type::None))
      return false;
    if (more()) {
      Operand o;
      if (!take(o, Type::I32))
        return false;
      if (o.where == Where::Imm)
        i.offset = int64_t(int32_t(o.imm));
      else
        i.src[1] = o;
    }
    if (more()) {
      Operand o;
      if (!take(o, Type::I32) || o.where != Where::Imm)
        return fail("the offset is not known");
      i.offset = int64_t(int32_t(o.imm));
    }
    int64_t plus;
    if (mods.number("offset", plus))
      i.offset += plus;
    i.returns = mods.has("glc");
    return true;
  }
  default:
    return fail("form of the opcode is not known");
  }
}

/// Whether a load or store of memory that others see is made coherent beyond the wave, which is how
/// LLVM compiles atomic and volatile ones (AMDGPUUsage, "Memory Model"): gfx940 sc bits, gfx12
/// scopes, before that glc without slc (with it: non-temporal), gfx11 dlc of volatile stores.
bool coherent(uint8_t policy, const Opcode &op) {
  if (op.extra != kLoad && op.extra != kStore)
    return false;
  uint8_t old = op.extra == kStore ? kGlc | kDlc : kGlc;
  return (policy & (kSc0 | kSc1)) || policy >> kScopeShift || (!(policy & kSlc) && (policy & old));
}

bool Parser::memory(Inst &i, const Opcode &op) {
  std::string_view name = op.name;
  mods.number("offset", i.offset);
  i.idxen = mods.has("idxen");
  i.offen = mods.has("offen");
  if (mods.has("tfe"))
    return fail("tfe is not emulated");
  Type data = op.dst;
  if (op.form == Form::Ds) {
    i.space = MemorySpace::Lds;
    if (mods.has("gds"))
      return fail("global data share is not emulated");
    uint32_t word;
    std::memcpy(&word, encoding, 4);
    bool pair = name.find("2_b") != name.npos || name.find("2st64") != name.npos ||
                op.extra == kDsExchange2;
    pair = pair && op.extra != kDsAtomic && op.extra != kDsAtomicRtn;
    bool wrxchg = name.find("wrxchg2") != name.npos;
    if ((name.find("read2") != name.npos || name.find("write2") != name.npos || wrxchg) &&
        (pair || wrxchg)) {
      unsigned unit = name.ends_with("b64") ? 8 : 4;
      if (name.find("st64") != name.npos)
        unit *= 64;
      i.offset = int64_t(word & 0xff) * unit;
      i.offset1 = (word >> 8 & 0xff) * unit;
    } else {
      i.offset = word & 0xffff;
    }
    bool result = op.extra == kDsLoad || op.extra == kDsAtomicRtn || op.extra == kDsAtomic2Rtn ||
                  op.extra == kDsExchange2 || op.extra == kDsPermute || op.extra == kDsAppend;
    if (result && !destination(i.dst, data))
      return false;
    if (op.extra != kDsAppend && op.extra != kDsData && !take(i.src[0], Type::B32))
      return false;
    bool has_data = op.extra != kDsLoad && op.extra != kDsAppend;
    if (has_data && !take(i.src[1], Type::None))
      return false;
    bool has_second = op.extra == kDsStore2 || op.extra == kDsAtomic2 ||
                      op.extra == kDsAtomic2Rtn || op.extra == kDsExchange2;
    if (has_second && !take(i.src[2], Type::None))
      return false;
    for (unsigned k = 0; k < 3; k++)
      if (i.src[k].where != Where::None && i.src[k].where != Where::Vgpr)
        return fail("an operand is no vector register");
    return true;
  }
  i.flat = name.starts_with("flat_");
  i.coherent = coherent(i.policy, op);
  i.space = name.starts_with("scratch_") ? MemorySpace::Scratch : MemorySpace::Global;
  // An atomic returns its old value if asked to: one operand more.
  unsigned plain = op.form == Form::Buffer ? 4 : i.flat ? 2 : 3;
  bool result = op.extra == kLoad ||
                (op.extra == kAtomic && op.form != Form::Buffer && operands.size() > plain);
  if (op.form == Form::Buffer) {
    if (op.extra == kLoadLds) {
      if (!take(i.src[0], Type::None) || (i.idxen || i.offen) != (i.src[0].where == Where::Vgpr))
        return fail("the address is not known");
      // Without index and offset the text may leave the address out.
      if (i.src[0].where == Where::Sgpr)
        i.src[2] = i.src[0], i.src[0] = {.where = Where::Off};
      else if (!take(i.src[2], Type::None))
        return false;
      return take(i.src[3], Type::B32);
    }
    // vdata (source and, with glc, destination), vaddr, srsrc, soffset
    Operand d;
    if (!take(d, Type::None) || !take(i.src[0], Type::None) || !take(i.src[2], Type::None) ||
        !take(i.src[3], Type::B32))
      return false;
    if (op.extra == kLoad)
      i.dst = d;
    else
      i.src[1] = d;
    if (op.extra == kAtomic &&
        (mods.has("glc") || mods.has("sc0") || mods.has("th:TH_ATOMIC_RETURN")))
      i.dst = d;
    if (i.src[0].where != Where::Vgpr)
      i.src[0].offset = 0;
    return true;
  }
  if (op.extra == kLoadTid || op.extra == kStoreTid) {
    bool load = op.extra == kLoadTid;
    if (load ? !destination(i.dst, op.dst) : !take(i.src[1], op.dst))
      return false;
    return take(i.src[2], Type::None) && ((load ? i.dst : i.src[1]).where == Where::Vgpr ||
                                          fail("the data is no vector register"));
  }
  if (result && !destination(i.dst, Type::None))
    return false;
  if (!take(i.src[0], Type::None))
    return false;
  if (op.extra == kLoadLds)
    return !more() || take(i.src[2], Type::None);
  if (op.extra != kLoad && !take(i.src[1], Type::None))
    return false;
  if (!i.flat && more()) {
    if (!take(i.src[2], Type::None))
      return false;
  }
  if (op.extra != kLoad && i.src[1].where != Where::Vgpr)
    return fail("the data is no vector register");
  return true;
}

uint8_t policy_of(const Modifiers &mods) {
  static constexpr std::pair<const char *, Policy> flags[] = {
      {"glc", kGlc}, {"slc", kSlc}, {"dlc", kDlc}, {"sc0", kSc0}, {"sc1", kSc1}, {"nt", kNt}};
  static constexpr std::array<std::string_view, 4> scopes = {"SCOPE_CU", "SCOPE_SE", "SCOPE_DEV",
                                                             "SCOPE_SYS"};
  unsigned policy = 0;
  for (auto [name, bit] : flags)
    if (mods.has(name))
      policy |= bit;
  auto scope = std::find(scopes.begin(), scopes.end(), mods.value("scope"));
  if (scope != scopes.end())
    policy |= unsigned(scope - scopes.begin()) << kScopeShift;
  return uint8_t(policy);
}

bool Parser::run(Inst &i, const Opcode &op, uint64_t pc) {
  i.opcode = &op;
  i.fn = op.fn;
  i.lanes = uint8_t(lanes);
  i.generation = uint8_t(generation);
  i.size = uint8_t(size);
  i.fp = op.fp;
  i.policy = policy_of(mods);
  i.pc = pc;
  bool ok;
  if (op.form >= Form::Flat)
    ok = memory(i, op);
  else if (op.form == Form::VMatrix)
    ok = matrix(i, op);
  else if (op.form >= Form::V)
    ok = vector(i, op);
  else
    ok = scalar(i, op) && scalar_modifiers(i);
  if (!ok)
    return false;
  if (more())
    return fail("operand '" + std::string(operands[next]) + "' is not expected");
  return true;
}

} // namespace

bool parse_instruction(std::string_view text, const uint8_t *encoding, unsigned size, uint64_t pc,
                       unsigned lanes, int generation, ConstantRows &constants, Parsed &out,
                       std::string &error) {
  auto one = [&](std::string_view line, Inst &i) {
    Line l = split_line(line);
    const Opcode *op = find_opcode(l.mnemonic, generation);
    if (op && l.modifiers.has("lds") && std::string_view(op->name).starts_with("buffer_load_"))
      op = find_choice(*op, "lds");
    if (op && perturbed())
      if (const Opcode *p = find_choice(*op, "perturbed"))
        op = p;
    if (!op) {
      error = "the opcode table has no " + std::string(l.mnemonic);
      return false;
    }
    Parser p{l.mnemonic, l.operands, l.modifiers, lanes,    generation,
             constants,  out,        error,       encoding, size};
    if (!p.run(i, *op, pc))
      return false;
    std::string unknown = l.modifiers.first_unknown();
    if (!unknown.empty() && op->form != Form::Nop) {
      error = "modifier '" + unknown + "' is not known";
      return false;
    }
    return true;
  };
  size_t dual = text.find(" :: ");
  if (dual != text.npos) {
    out.second = std::make_unique<Inst>();
    if (!one(text.substr(0, dual), out.inst) || !one(text.substr(dual + 4), *out.second))
      return false;
    out.inst.second = out.second.get();
    out.inst.fp = out.inst.fp ? out.inst.fp : out.second->fp;
  } else if (!one(text, out.inst)) {
    return false;
  }
  if (out.inst.opcode->form >= Form::V && out.inst.opcode->form < Form::Flat && !out.inst.fn)
    out.inst.fn = handlers().choose(out.inst);
  else if (out.second)
    out.inst.fn = handlers().choose(out.inst);
  Form f = out.inst.opcode->form;
  std::string_view name = out.inst.opcode->name;
  out.ends_block = f == Form::Branch || f == Form::Call || f == Form::SetregImm ||
                   name == "s_setpc_b64" || name == "s_swappc_b64" || name == "s_setreg_b32" ||
                   name.starts_with("s_endpgm") || name.starts_with("s_barrier") ||
                   name.starts_with("s_sleep") || name == "s_trap" || name == "s_round_mode" ||
                   name == "s_denorm_mode" || name == "s_code_end" ||
                   name.starts_with("s_set_gpr_idx");
  return true;
}

} // namespace w2w::emu::isa
