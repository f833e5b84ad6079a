// The decoded form of an instruction, and the kinds of functions that execute it.
#pragma once

#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/isa/wave.h"

#include <cstdint>

namespace w2w::emu::isa {

struct Inst;
struct LaneAccesses; // observe.h

/// What a handler tells the run loop.
enum Next : int {
  kContinue = 0, ///< on to the next instruction of the block
  kBranch = 1,   ///< Wave::pc is set; leave the block
  kStop = 2,     ///< StopInfo is filled in, but for pc and instructions; Wave::pc is set unless the
                 ///< kind keeps pc
  kDone = 3,     ///< of WaveObserver::before() only: the observer has executed the instruction
};
using Handler = int (*)(Wave &, const Inst &, StopInfo &);

/// Row kernels get MODE in `m`, of which no generation's arithmetic looks at the highest four bits;
/// there it has the generation, 9 to 12.
constexpr uint32_t kGenerationShift = 28;

/// Row kernels compute all lanes of a vector operation: rows of n = 32 or 64 dwords, 64-bit values
/// as a low row and, n dwords on, a high row. d may be a, b or c or overlap them by whole rows.
/// `m`: MODE and the generation.
using RowFn = void (*)(uint32_t *d, const uint32_t *a, const uint32_t *b, const uint32_t *c,
                       unsigned n, uint32_t m);
/// One bit per lane.
using CmpFn = uint64_t (*)(const uint32_t *a, const uint32_t *b, unsigned n, uint32_t m);
/// Values and one bit in and out per lane.
using CarryFn = uint64_t (*)(uint32_t *d, const uint32_t *a, const uint32_t *b, const uint32_t *c,
                             uint64_t in, unsigned n, uint32_t m);

/// Operand value types: what a literal, an inline constant and a source modifier mean. K* are
/// packed.
enum class Type : uint8_t {
  None,
  B8,
  B16,
  I16,
  U16,
  F16,
  BF16,
  B32,
  I32,
  U32,
  F32,
  B64,
  I64,
  U64,
  F64,
  KI16, ///< two 16-bit integers
  KU16,
  KF16,
  KBF16,
  KF32, ///< two f32 in two registers
  KB32, ///< two b32 in two registers
  Mix,  ///< v_mad_mix: f32, or an f16 half, as op_sel_hi says
  B96,
  B128,
  B160,
  B192,
  B256,
  B512,
  B1024,
};
constexpr unsigned dwords(Type t) {
  switch (t) {
  case Type::None:
    return 0;
  case Type::B64:
  case Type::I64:
  case Type::U64:
  case Type::F64:
  case Type::KF32:
  case Type::KB32:
    return 2;
  case Type::B96:
    return 3;
  case Type::B128:
    return 4;
  case Type::B160:
    return 5;
  case Type::B192:
    return 6;
  case Type::B256:
    return 8;
  case Type::B512:
    return 16;
  case Type::B1024:
    return 32;
  default:
    return 1;
  }
}
constexpr bool is16(Type t) {
  return t == Type::B16 || t == Type::I16 || t == Type::U16 || t == Type::F16 || t == Type::BF16;
}
constexpr bool is_packed16(Type t) {
  return t == Type::KI16 || t == Type::KU16 || t == Type::KF16 || t == Type::KBF16;
}
constexpr bool is_float(Type t) {
  return t == Type::F16 || t == Type::BF16 || t == Type::F32 || t == Type::F64 || t == Type::KF16 ||
         t == Type::KBF16 || t == Type::KF32 || t == Type::Mix;
}

enum class Where : uint8_t {
  None,
  Vgpr,   ///< row index, AGPRs from kFirstAgprRow on
  Sgpr,   ///< index into Wave::s
  Imm,    ///< a constant
  Scc,    ///< 0 or 1
  Vccz,   ///< 0 or 1
  Execz,  ///< 0 or 1
  Shared, ///< flat aperture base of LDS
  SharedLimit,
  Private, ///< and of scratch
  PrivateLimit,
  Off, ///< "off" or "null" address
};

/// Source modifiers; Neg and Abs act on the sign bit of the operand's type.
enum Mod : uint8_t { kNeg = 1, kAbs = 2, kSext = 4 };

/// Which part of a dword is meant (SDWA's numbers; Word1 also is op_sel and .h).
enum class Sel : uint8_t { Byte0, Byte1, Byte2, Byte3, Word0, Word1, Dword };

struct Operand {
  Where where = Where::None;
  uint8_t dwords = 0;
  uint8_t mods = 0;
  Sel sel = Sel::Dword;
  Type type = Type::None;
  uint16_t index = 0;
  uint32_t offset = 0;           ///< Vgpr: index * lanes
  uint64_t imm = 0;              ///< Imm
  const uint32_t *row = nullptr; ///< Imm: the constant in every lane, rows as for RowFn; 2 rows
};

enum class DppKind : uint8_t { None, Dpp16, Dpp8 };
enum class Unused : uint8_t { Pad, Sext, Preserve };

/// The cache policy that a memory instruction or cache operation carries, as its text says it.
/// gfx9 and gfx10/11: glc, slc, dlc; gfx940: sc0, sc1, nt; gfx12: the two bits of the scope.
enum Policy : uint8_t {
  kGlc = 1,
  kSlc = 2,
  kDlc = 4,
  kSc0 = 8,
  kSc1 = 16,
  kNt = 32,
  kScopeShift = 6, ///< SCOPE_CU 0, SCOPE_SE 1, SCOPE_DEV 2, SCOPE_SYS 3
};

struct Inst {
  Handler fn = nullptr;
  Handler execute = nullptr; ///< watched code: what fn, observed(), calls (observe.h)
  union {
    RowFn row = nullptr;
    CmpFn cmp;
    CarryFn carry;
    const void *other;
  };
  uint8_t lanes = 64;
  uint8_t size = 4;       ///< bytes
  uint8_t sources = 0;    ///< how many of src are values
  uint8_t generation = 9; ///< 9, 10, 11, 12

  Operand dst;
  Operand sdst; ///< carry out, second result
  Operand src[4];

  // VALU modifiers
  bool clamp = false;
  uint8_t omod = 0; ///< 1: *2, 2: *4, 3: /2
  uint8_t op_sel = 0;
  uint8_t op_sel_hi = 0;
  uint8_t neg_lo = 0;
  uint8_t neg_hi = 0;
  bool merge16 = false; ///< a 16-bit result keeps the other half of the register
  DppKind dpp = DppKind::None;
  uint16_t dpp_ctrl = 0; ///< Dpp16
  uint32_t dpp8 = 0;     ///< 8 times 3 bits
  uint8_t row_mask = 0xf;
  uint8_t bank_mask = 0xf;
  bool bound_ctrl = false;
  bool fetch_inactive = false;
  Sel dst_sel = Sel::Dword;
  Unused dst_unused = Unused::Pad;

  // Memory and control
  int64_t offset = 0;
  uint32_t imm = 0; ///< SOPP/SOPK immediate and the like
  MemorySpace space = MemorySpace::Global;
  bool flat = false;       ///< the lanes' segments are found from their addresses
  uint32_t offset1 = 0;    ///< second address of ds_read2 and its like
  bool idxen = false;      ///< buffer: a VGPR holds the index
  bool offen = false;      ///< and a VGPR the offset
  bool returns = false;    ///< scalar atomic: the old value goes to the data registers
  bool flush_adds = false; ///< f32 additions to global memory flush denormals (gfx90a)
  bool own_memory = false; ///< an atomic operation that memory of the host or of peers lacks
  bool coherent = false; ///< a load or store that cache bits take past caches: atomic in the source
  uint8_t policy = 0;    ///< Policy
  uint8_t fp = 0;        ///< 0 none, 1 f32, 2 f64/f16: which half of MODE rules it
  uint16_t ordinal = 0;  ///< instructions of its block up to and with this one
  uint64_t pc = 0;
  const struct Opcode *opcode = nullptr;
  Inst *second = nullptr; ///< VOPD: the Y half; sources of both are read before either writes
};

/// Opcode::extra of memory opcodes: the operands in the text.
enum MemShape : uint32_t {
  kLoad,         ///< vdst, address
  kStore,        ///< address, data
  kAtomic,       ///< [vdst,] address, data
  kLoadLds,      ///< address; the data goes to LDS
  kLoadTid,      ///< vdst, scalar address
  kStoreTid,     ///< data, scalar address
  kDsLoad,       ///< vdst, address
  kDsStore,      ///< address, data
  kDsStore2,     ///< address, data, data
  kDsAtomic,     ///< address, data
  kDsAtomicRtn,  ///< vdst, address, data
  kDsAtomic2,    ///< address, data, data
  kDsAtomic2Rtn, ///< vdst, address, data, data
  kDsExchange2,  ///< vdst, address, data, data
  kDsPermute,    ///< vdst, address, data
  kDsAppend,     ///< vdst
  kDsData,       ///< data
};

/// Which fields of the assembler text an opcode has, in order; the decoder turns the text into Inst
/// by it.
enum class Form : uint8_t {
  None,
  Nop,   ///< does nothing: dropped
  Fence, ///< operands do not matter
  // SALU
  S1,     ///< sdst, ssrc
  S1Src,  ///< ssrc
  S1Dst,  ///< sdst
  S2,     ///< sdst, ssrc0, ssrc1
  S3,     ///< sdst, ssrc0, ssrc1, ssrc2 (one of them a literal)
  SCmp,   ///< ssrc0, ssrc1
  SK,     ///< sdst, simm16 (from the encoding)
  SP,     ///< simm16
  Branch, ///< simm16, relative
  Call,   ///< sdst, simm16
  SetregImm,
  GprIdx, ///< ssrc, 4 bits in the encoding
  Smem,   ///< sdst, sbase, offset
  // VALU
  V,    ///< vdst, src...
  VAcc, ///< vdst, src..., and vdst is the last source too
  VCmp, ///< sdst, src0, src1 [cmpx on gfx10+: no sdst]
  VCmpx,
  VCarryOut,   ///< vdst, sdst, src...
  VCarryInOut, ///< vdst, sdst, src0, src1, ssrc
  VCndmask,    ///< vdst, src0, src1, ssrc
  VDivFmas,    ///< vdst, src0, src1, src2; VCC
  VLaneRead,   ///< sdst, src...
  VLaneWrite,  ///< vdst, ssrc, lane
  VSwap,       ///< vdst, vdst1
  VMatrix,     ///< vdst, src0, src1, src2; the plan is Inst::other, the row extra (matrix.h)
  // memory
  Flat,
  Ds,
  Buffer,
};

/// The `m` of an instruction's kernel.
inline uint32_t kernel_mode(const Wave &w, const Inst &i) {
  return (w.mode & ((1u << kGenerationShift) - 1)) | uint32_t(i.generation) << kGenerationShift;
}

struct Opcode {
  const char *name;
  Form form;
  Handler fn;          ///< what executes it; for V* forms null: chosen by form and operands
  const void *kernel;  ///< RowFn, CmpFn or CarryFn
  const void *clamped; ///< kernel of the integer-saturating form
  Type dst;
  Type src[3];
  uint8_t fp;
  uint32_t extra; ///< meaning depends on the form
  /// Memory opcodes: bytes that a lane touches at one place, 0 if none; and whether there are two
  /// places, at Inst::offset and Inst::offset1.
  uint8_t bytes = 0;
  bool two_places = false;
};

} // namespace w2w::emu::isa
