// Register layouts of matrix instructions. The formulas are those of AMD's matrix instruction
// calculator (github.com/ROCm/amd_matrix_instruction_calculator), regrouped.
#include "runtime/emulator/isa/matrix.h"

namespace w2w::emu::isa {

namespace {

struct Place {
  unsigned plane, lane;
};

/// gfx12, and gfx11 where everything is in one lane: `run` consecutive k are in one lane, the next
/// bits of k choose the lane with these weights, the others continue the planes.
struct Spread {
  unsigned lanes, bits, k;
  enum { Dense, Sparse, SparseB } what;
  unsigned run;
  unsigned step[2];
};
constexpr Spread kSpreads[] = {
    {32, 16, 16, Spread::Dense, 4, {16, 0}},   {32, 8, 16, Spread::Dense, 8, {16, 0}},
    {32, 4, 16, Spread::Dense, 8, {16, 0}},    {32, 4, 32, Spread::Dense, 16, {16, 0}},
    {64, 16, 16, Spread::Dense, 4, {16, 32}},  {64, 8, 16, Spread::Dense, 4, {32, 16}},
    {64, 4, 16, Spread::Dense, 8, {16, 0}},    {64, 4, 32, Spread::Dense, 8, {32, 16}},
    {32, 16, 32, Spread::Sparse, 8, {16, 0}},  {32, 8, 32, Spread::Sparse, 16, {16, 0}},
    {32, 4, 32, Spread::Sparse, 16, {16, 0}},  {32, 4, 64, Spread::Sparse, 32, {16, 0}},
    {64, 16, 32, Spread::Sparse, 8, {16, 32}}, {64, 8, 32, Spread::Sparse, 8, {32, 16}},
    {64, 4, 32, Spread::Sparse, 16, {16, 0}},  {64, 4, 64, Spread::Sparse, 16, {32, 16}},
    {64, 4, 32, Spread::SparseB, 8, {32, 16}}, // the one where A and B differ
};

Place spread(const Spread &s, unsigned run, unsigned k) {
  unsigned rest = k / run, lane = 0;
  for (unsigned step : s.step)
    if (step)
      lane += (rest & 1) * step, rest >>= 1;
  return {k % run + run * rest, lane};
}

const Spread *find_spread(unsigned lanes, unsigned bits, unsigned k, bool sparse, bool b) {
  for (auto what : {Spread::SparseB, sparse ? Spread::Sparse : Spread::Dense})
    for (const Spread &s : kSpreads)
      if (s.lanes == lanes && s.bits == bits && s.k == k && s.what == what &&
          (what != Spread::SparseB || (sparse && b)))
        return &s;
  return nullptr;
}

/// gfx9: the lanes are filled with all blocks' rows (or columns) for the first k, then the next.
Place gfx9_source(unsigned dim, unsigned k, unsigned blocks, unsigned block, unsigned at) {
  unsigned run = k / (64 / (dim * blocks));
  return {at % run, block * dim + at / run * dim * blocks};
}

} // namespace

bool plan_matrix(const Matrix &op, unsigned lanes, int generation, const MatrixModifiers &mods,
                 MatrixPlan &p, std::string &error) {
  auto fail = [&](const char *why) {
    error = why;
    return false;
  };
  p = {};
  p.op = &op;
  p.lanes = uint8_t(lanes);
  p.generation = uint8_t(generation);
  unsigned m = op.m, n = op.n, k = op.k, blocks = op.blocks, terms = op.terms();
  unsigned bits = bits_of(op.a), result = bits_of(op.c);
  bool sparse = op.sparse();
  auto dwords = [&](unsigned elements, unsigned size) {
    unsigned whole = elements * size / (32 * lanes);
    return uint8_t(whole ? whole : 1);
  };
  p.a_dwords = dwords(m * terms * blocks, bits);
  p.b_dwords = dwords(n * k * blocks, bits);
  p.d_dwords = dwords(m * n * blocks, result);

  if (generation == 9) {
    // ---- MFMA and SMFMAC
    unsigned receivers = 1u << (mods.cbsz & 7);
    if (!sparse && (receivers > blocks || mods.abid >= receivers))
      return fail("cbsz and abid name more blocks than there are");
    // What the calculator lists: gfx942 lost BLGP where a K is summed up over lanes, but for f32.
    bool blgp = op.family == MatrixFamily::Cdna2   ? op.a != Element::F64
                : op.family == MatrixFamily::Cdna3 ? op.a == Element::F32 || blocks > 1
                                                   : false;
    if (mods.blgp && (!blgp || op.a == Element::F64))
      return fail("blgp is not defined for this instruction");
    p.blgp = uint8_t(mods.blgp);
    // 16-bit data: four sets of 8 bits; 8-bit data: two of 16. CBSZ set: the first.
    unsigned set = sparse && !mods.cbsz ? mods.abid * (64 / bits) * 2 : 0;
    if (set >= 32)
      return fail("abid names an index set that does not exist");
    for (unsigned b = 0; b < blocks; b++) {
      unsigned from = b / receivers * receivers + mods.abid;
      for (unsigned t = 0; t < terms; t++) {
        Place a = gfx9_source(m, terms, blocks, sparse ? b : from, t);
        p.a[b * terms + t] = uint16_t(a.plane * lanes + a.lane);
        p.index_lane[t] = uint8_t(a.lane);
        p.index_bit[t] = uint8_t(set + 2 * a.plane);
      }
      for (unsigned t = 0; t < k; t++) {
        Place x = gfx9_source(n, k, blocks, b, t);
        p.b[b * k + t] = uint16_t(x.plane * lanes + x.lane);
      }
      // Results fill 64 / n groups of lanes with `tall` rows each before the next registers.
      unsigned tall = result == 64 ? 1 : 4, groups = 64 / n, size = m * n / tall;
      unsigned beside = (64 + size - 1) / size; // blocks that share a register
      for (unsigned i = 0; i < m; i++) {
        unsigned slot = b * (m * n / 64) + i / (tall * groups) * tall + i % tall;
        unsigned lane = b % beside * n + i / tall % groups * beside * n;
        p.d[b * m + i] = uint16_t(slot * (result / 32) * lanes + lane);
      }
    }
    return true;
  }

  // ---- WMMA and SWMMAC
  if (generation == 11) {
    p.a_dwords = p.b_dwords = uint8_t(k * bits / 32);
    p.d_dwords = uint8_t(m * n / lanes);
    for (unsigned t = 0; t < k; t++)
      p.a[t] = p.b[t] = uint16_t(t * lanes);
    for (unsigned i = 0; i < m; i++) {
      unsigned rows = lanes / 16, lane = i % rows * 16;
      p.d[i] = uint16_t(i / rows * lanes + lane);
      p.half[i] = mods.high_half;
      p.copy[i] = uint8_t(lane);
    }
    return true;
  }
  const Spread *of_a = find_spread(lanes, bits, k, sparse, false),
               *of_b = find_spread(lanes, bits, k, sparse, true);
  if (!of_a || !of_b)
    return fail("this generation has no such matrix instruction");
  unsigned a_run = of_a->run / (sparse ? 2 : 1);
  for (unsigned t = 0; t < terms; t++) {
    Place a = spread(*of_a, a_run, t);
    p.a[t] = uint16_t(a.plane * lanes + a.lane);
    p.index_lane[t] = uint8_t(a.lane);
    p.index_bit[t] = uint8_t(2 * a.plane);
  }
  if (sparse) {
    // The index register holds as many sets as fit.
    unsigned used = 2 * (p.a_dwords * 32 / bits);
    if (mods.index_key * used >= 32)
      return fail("index_key names an index set that does not exist");
    for (unsigned t = 0; t < terms; t++)
      p.index_bit[t] = uint8_t(p.index_bit[t] + mods.index_key * used);
  }
  for (unsigned t = 0; t < k; t++) {
    Place b = spread(*of_b, of_b->run, t);
    p.b[t] = uint16_t(b.plane * lanes + b.lane);
  }
  for (unsigned i = 0; i < m; i++) {
    unsigned rows = 256 / lanes; // of D in one lane
    unsigned slot = i % rows, lane = lanes == 32 ? i / 8 * 16 : i / 4 % 2 * 32 + i / 8 * 16;
    p.half[i] = result == 16 && (slot & 1);
    p.d[i] = uint16_t((result == 16 ? slot / 2 : slot) * lanes + lane);
  }
  return true;
}

} // namespace w2w::emu::isa
