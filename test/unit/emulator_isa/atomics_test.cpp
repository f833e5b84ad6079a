// Atomics of global memory (global, flat, buffer instructions), LDS and scratch: each operation
// with and without the old value, on edge values; the order of compare-and-swap's operands;
// denormals and NaNs; all lanes on one address. Source: AMD ISA documents, FLAT, GLOBAL, MUBUF and
// DS atomics.
#include "memory_setup.h"

#include <algorithm>
#include <bit>
#include <cmath>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

struct Values {
  uint64_t m, d; ///< memory, data
  unsigned bits;
  int generation;
  int64_t sm() const { return bits == 32 ? int32_t(m) : int64_t(m); }
  int64_t sd() const { return bits == 32 ? int32_t(d) : int64_t(d); }
};
/// An operation and its names: `old_name` is gfx9's for global memory (with _x2 for 64 bits), null
/// if LDS alone has it; `name` and `type` are gfx11's, and LDS's everywhere.
struct Op {
  const char *old_name, *name, *type;
  unsigned bits;
  uint64_t (*want)(const Values &);
  bool lds = true;
};
#define INTEGER(BITS, U, I, B, X2)                                                                 \
  {"add" X2, "add", U, BITS, [](const Values &v) { return v.m + v.d; }},                           \
      {"sub" X2, "sub", U, BITS, [](const Values &v) { return v.m - v.d; }},                       \
      {nullptr, "rsub", U, BITS, [](const Values &v) { return v.d - v.m; }},                       \
      {"inc" X2, "inc", U, BITS, [](const Values &v) { return v.m >= v.d ? 0 : v.m + 1; }},        \
      {"dec" X2, "dec", U, BITS,                                                                   \
       [](const Values &v) { return v.m == 0 || v.m > v.d ? v.d : v.m - 1; }},                     \
      {"smin" X2, "min", I, BITS, [](const Values &v) { return v.sd() < v.sm() ? v.d : v.m; }},    \
      {"smax" X2, "max", I, BITS, [](const Values &v) { return v.sd() >= v.sm() ? v.d : v.m; }},   \
      {"umin" X2, "min", U, BITS, [](const Values &v) { return std::min(v.m, v.d); }},             \
      {"umax" X2, "max", U, BITS, [](const Values &v) { return std::max(v.m, v.d); }},             \
      {"and" X2, "and", B, BITS, [](const Values &v) { return v.m & v.d; }},                       \
      {"or" X2, "or", B, BITS, [](const Values &v) { return v.m | v.d; }},                         \
      {"xor" X2, "xor", B, BITS, [](const Values &v) { return v.m ^ v.d; }}, {                     \
    "swap" X2, "swap", B, BITS, [](const Values &v) { return v.d; }, false                         \
  }
const Op kInteger[] = {
    INTEGER(32, "u32", "i32", "b32", ""),
    INTEGER(64, "u64", "i64", "b64", "_x2"),
    {"csub", "csub", "u32", 32, [](const Values &v) { return v.m < v.d ? 0 : v.m - v.d; }, false},
    {"cond_sub", "cond_sub", "u32", 32,
     [](const Values &v) { return v.m >= v.d ? v.m - v.d : v.m; }},
    {"sub_clamp", "sub_clamp", "u32", 32,
     [](const Values &v) { return v.m < v.d ? 0 : v.m - v.d; }},
};
const std::vector<uint64_t> kEdges32 = {0,          1,          2,          5,         0x7fffffff,
                                        0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
const std::vector<uint64_t> kEdges64 = {0,
                                        1,
                                        5,
                                        0x7fffffffffffffff,
                                        0x8000000000000000,
                                        0xffffffff,
                                        0x100000000,
                                        0xfffffffffffffffe,
                                        0xffffffffffffffff};

/// The ways to an operation. Address: lane l's eight or four bytes at 4096 + 16 * l of its segment.
enum class Way { Global, GlobalBase, Flat, FlatLds, FlatScratch, Buffer, Lds };
constexpr Way kWays[] = {Way::Global,      Way::GlobalBase, Way::Flat, Way::FlatLds,
                         Way::FlatScratch, Way::Buffer,     Way::Lds};
bool in_lds(Way way) {
  return way == Way::Lds || way == Way::FlatLds;
}

std::string data_registers(unsigned first, unsigned bits) {
  return bits == 32
             ? "v" + std::to_string(first)
             : "v[" + std::to_string(first) + ":" + std::to_string(first + bits / 32 - 1) + "]";
}
/// The spellings of one instruction: gfx9's, then gfx11's. Old values go to v[20:21], or for
/// buffers over the data in v[8:11].
std::vector<std::string> spellings(const Machine &m, Way way, const char *old_name,
                                   const char *name, const char *type, unsigned bits,
                                   unsigned data_bits, bool rtn) {
  std::string result = rtn ? data_registers(20, bits) + ", " : "",
              data = data_registers(8, data_bits);
  std::vector<std::string> r;
  if (way == Way::Lds) {
    std::string n = std::string("ds_") + name + (rtn ? "_rtn_" : "_") + type;
    r.push_back(n + " " + result + "v4, " + data);
    return r;
  }
  std::vector<std::string> names;
  if (old_name)
    names.push_back(old_name);
  names.push_back(std::string(name) + "_" + type);
  for (const std::string &n : names) {
    std::string tail = rtn ? returning(m) : "";
    if (way == Way::Global)
      r.push_back("global_atomic_" + n + " " + result + "v[2:3], " + data + ", off" + tail);
    else if (way == Way::GlobalBase)
      r.push_back("global_atomic_" + n + " " + result + "v4, " + data + ", s[2:3]" + tail);
    else if (way == Way::Buffer)
      r.push_back(
          with_offset(m, "buffer_atomic_" + n + " " + data + ", v4, s[4:7], 0 offen" + tail));
    else
      r.push_back("flat_atomic_" + n + " " + result + "v[2:3], " + data + tail);
  }
  return r;
}
void point(Machine &m, Way way) {
  m.set_s64(2, uint64_t(m.global));
  m.set_s64(4, uint64_t(m.global));
  m.wave.s[6] = 65536;
  m.wave.s[7] = generation(m) == 9 ? 0x27000 : 0x31027000;
  for (unsigned l = 0; l < m.lanes; l++) {
    unsigned at =
        (way == Way::FlatScratch ? 64 : 4096) + 16 * (way == Way::FlatScratch ? l % 8 : l);
    uint64_t base = way == Way::FlatLds       ? m.group.shared_base
                    : way == Way::FlatScratch ? m.group.private_base
                                              : uint64_t(m.global);
    set_address(m, 2, l, base + at);
    m.v(4, l) = at;
  }
}
uint8_t *place(Machine &m, Way way, unsigned lane) {
  if (way == Way::FlatScratch)
    return scratch_byte(m, 64 + 16 * (lane % 8), lane);
  return (in_lds(way) ? m.lds.data() : m.global) + 4096 + 16 * lane;
}
void put(Machine &m, Way way, unsigned lane, unsigned bits, uint64_t x) {
  memcpy(place(m, way, lane), &x, bits / 8);
}
uint64_t get(Machine &m, Way way, unsigned lane, unsigned bits) {
  uint64_t x = 0;
  memcpy(&x, place(m, way, lane), bits / 8);
  return x;
}
uint64_t masked(uint64_t x, unsigned bits) {
  return bits == 32 ? uint32_t(x) : x;
}
uint64_t result_of(Machine &m, Way way, unsigned lane, unsigned bits) {
  unsigned r = way == Way::Buffer ? 8 : 20;
  return bits == 32 ? m.v(r, lane) : m.v64(r, lane);
}

struct Pair {
  uint64_t m, d;
};
/// Runs the instruction on lists of pairs, as many lanes at a time as there are, with one lane off.
/// `same` compares what is in memory. Adds to `ran`.
void check_pairs(Machine &m, Way way, const std::string &text, unsigned bits, bool rtn,
                 const std::vector<Pair> &pairs, const std::function<uint64_t(const Pair &)> &want,
                 bool &ran) {
  bool first = true;
  for (size_t from = 0; from < pairs.size(); from += m.lanes - 1) {
    m.wave.set_exec(m.wave.full_exec() & ~uint64_t(2));
    point(m, way);
    auto pair = [&](unsigned l) { return pairs[(from + l - (l > 1)) % pairs.size()]; };
    for (unsigned l = 0; l < m.lanes; l++) {
      put(m, way, l, bits, pair(l).m);
      m.v(8, l) = uint32_t(pair(l).d), m.v(9, l) = uint32_t(pair(l).d >> 32);
      m.v(20, l) = m.v(21, l) = 0x5a5a5a5a;
    }
    bool ok = first ? m.run(text) : m.again();
    first = false;
    if (!m.assembled)
      return;
    ran = true;
    INFO(text << " on " << m.cpu << " wave" << m.lanes << " " << m.stop.text);
    if (way == Way::FlatScratch && bits == 64) {
      CHECK(m.stop.kind == StopKind::Unsupported);
      return;
    }
    REQUIRE(ok);
    for (unsigned l = 0; l < m.lanes; l++) {
      Pair p = pair(l);
      uint64_t after = l == 1 ? p.m : want(p), got = get(m, way, l, bits);
      uint64_t kept = way == Way::Buffer ? p.d : 0x5a5a5a5a5a5a5a5a;
      uint64_t returned = masked(rtn && l != 1 ? p.m : kept, bits);
      if (got == masked(after, bits) && result_of(m, way, l, bits) == returned)
        continue;
      INFO("lane " << l << std::hex << " memory 0x" << p.m << " data 0x" << p.d << " got 0x" << got
                   << " want 0x" << after);
      CHECK(got == masked(after, bits));
      CHECK(result_of(m, way, l, bits) == returned);
    }
  }
}

} // namespace

TESTED_CASE("integer atomics on edge values") {
  for (const Op &op : kInteger) {
    std::vector<Pair> pairs;
    for (uint64_t a : op.bits == 32 ? kEdges32 : kEdges64)
      for (uint64_t b : op.bits == 32 ? kEdges32 : kEdges64)
        pairs.push_back({a, b});
    bool ran = false;
    for (const Model &model : models())
      for (Way way : kWays)
        for (bool rtn : {false, true}) {
          if (way == Way::Lds && !op.lds)
            continue;
          Machine m(model.cpu, model.lanes);
          for (const std::string &text :
               spellings(m, way, op.old_name, op.name, op.type, op.bits, op.bits, rtn))
            check_pairs(
                m, way, text, op.bits, rtn, pairs,
                [&](const Pair &p) { return op.want({p.m, p.d, op.bits, generation(m)}); }, ran);
        }
    INFO(op.name << " " << op.type);
    CHECK(ran);
  }
}

TESTED_CASE("exchange in LDS") {
  for (const Model &model : models())
    for (unsigned bits : {32u, 64u}) {
      Machine m(model.cpu, model.lanes);
      bool ran = false;
      check_pairs(
          m, Way::Lds,
          bits == 32 ? "ds_wrxchg_rtn_b32 v20, v4, v8" : "ds_wrxchg_rtn_b64 v[20:21], v4, v[8:9]",
          bits, true, {{1, 2}, {0xffffffffffffffff, 0x8000000000000001}, {0, 7}},
          [](const Pair &p) { return p.d; }, ran);
      CHECK(ran);
    }
}

TESTED_CASE("compare and swap: which operand is compared") {
  for (const Model &model : models())
    for (unsigned bits : {32u, 64u})
      for (bool rtn : {false, true})
        for (Way way : kWays) {
          Machine m(model.cpu, model.lanes);
          auto fresh = [&](unsigned compare, unsigned with) {
            point(m, way);
            m.wave.set_exec(m.wave.full_exec() & ~uint64_t(2));
            for (unsigned l = 0; l < m.lanes; l++) {
              uint64_t x = 0x1111111122222222u + l;
              // Every other lane's comparison fails, in the upper half if there is one.
              uint64_t other = l % 2 && l != 1 ? x ^ (bits == 64 ? uint64_t(1) << 40 : 1) : x;
              put(m, way, l, bits, x);
              m.v(compare, l) = uint32_t(other);
              m.v(with, l) = 0x99;
              if (bits == 64)
                m.v(compare + 1, l) = uint32_t(other >> 32), m.v(with + 1, l) = 0x88;
              m.v(20, l) = m.v(21, l) = 0x5a5a5a5a;
            }
          };
          auto check = [&] {
            for (unsigned l = 0; l < m.lanes; l++) {
              uint64_t x = masked(0x1111111122222222u + l, bits);
              bool swapped = l % 2 == 0;
              CHECK_LANE(get(m, way, l, bits) == (swapped ? masked(0x8800000099, bits) : x));
              if (rtn && l != 1)
                CHECK_LANE(result_of(m, way, l, bits) == x);
            }
          };
          std::string b = bits == 32 ? "b32" : "b64",
                      pair = bits == 32 ? "v8, v9" : "v[8:9], v[10:11]";
          unsigned second = bits == 32 ? 9 : 10;
          std::string to = rtn ? data_registers(20, bits) + ", " : "";
          if (way == Way::Lds) {
            // ds_cmpst: compare, then new; ds_cmpstore of gfx11: new, then compare
            bool swapped = generation(m) >= 11;
            fresh(swapped ? second : 8, swapped ? 8 : second);
            std::string name = swapped ? "ds_cmpstore" : "ds_cmpst";
            std::string text = name + (rtn ? "_rtn_" : "_") + b + " " + to + "v4, " + pair;
            INFO(text << " on " << model.cpu);
            REQUIRE(m.run(text));
            check();
            continue;
          }
          // The new value in the low registers, what is compared in the high ones.
          for (const std::string &text : spellings(m, way, bits == 32 ? "cmpswap" : "cmpswap_x2",
                                                   "cmpswap", b.c_str(), bits, 2 * bits, rtn)) {
            fresh(second, 8);
            m.run(text);
            if (!m.assembled)
              continue;
            INFO(text << " on " << model.cpu << " " << m.stop.text);
            if (way == Way::FlatScratch && bits == 64) {
              CHECK(m.stop.kind == StopKind::Unsupported);
              continue;
            }
            REQUIRE(m.stop.kind == StopKind::EndProgram);
            check();
          }
        }
}

TESTED_CASE("LDS compare and swap of floats, masked or, wrap") {
  for (const Model &model : models())
    for (bool rtn : {false, true}) {
      Machine m(model.cpu, model.lanes);
      std::string r = rtn ? "_rtn_" : "_";
      bool swapped = generation(m) >= 11;
      auto run = [&](const std::string &name, unsigned bits, std::vector<uint64_t> memory,
                     std::vector<uint64_t> first, std::vector<uint64_t> second,
                     std::vector<uint64_t> want) {
        point(m, Way::Lds);
        unsigned two = bits == 32 ? 9 : 10;
        m.set(8, first, bits == 64);
        m.set(two, second, bits == 64);
        for (unsigned l = 0; l < m.lanes; l++)
          put(m, Way::Lds, l, bits, memory[l % memory.size()]);
        std::string text = name + " " + (rtn ? data_registers(20, bits) + ", " : "") + "v4, " +
                           data_registers(8, bits) + ", " + data_registers(two, bits);
        bool ok = m.run(text);
        if (!m.assembled)
          return false;
        INFO(text << " on " << model.cpu);
        REQUIRE(ok);
        for (unsigned l = 0; l < m.lanes; l++) {
          CHECK_LANE(get(m, Way::Lds, l, bits) == want[l % want.size()]);
          if (rtn)
            CHECK_LANE(result_of(m, Way::Lds, l, bits) == memory[l % memory.size()]);
        }
        return true;
      };
      // +0 equals -0, a NaN nothing
      std::vector<uint64_t> old = {0x80000000, 0x7fc00000, 0x3f800000, 0x3f800000},
                            compared = {0, 0x7fc00000, 0x3f800000, 0x40000000}, fresh = {5},
                            want = {5, 0x7fc00000, 5, 0x3f800000};
      CHECK(run((swapped ? "ds_cmpstore" : "ds_cmpst") + r + "f32", 32, old,
                swapped ? fresh : compared, swapped ? compared : fresh,
                want) == (generation(m) < 12));
      for (auto *list : {&old, &compared, &want})
        for (uint64_t &x : *list)
          x = x == 5 ? 0x0000000600000005 : d(double(std::bit_cast<float>(uint32_t(x))));
      fresh = {0x0000000600000005};
      CHECK(run((swapped ? "ds_cmpstore" : "ds_cmpst") + r + "f64", 64, old,
                swapped ? fresh : compared, swapped ? compared : fresh,
                want) == (generation(m) < 12));
      // (memory and not first) or second
      CHECK(run("ds_mskor" + r + "b32", 32, {0xffffffff, 0x12345678}, {0xff00, 0xffffffff}, {1, 2},
                {0xffff00ff, 2}));
      CHECK(run("ds_mskor" + r + "b64", 64, {0xffffffffffffffff}, {0xff0000000000ff00},
                {0x0100000000000000}, {0x01ffffffffff00ff}));
      // memory - first if that is not negative, else memory + second
      if (rtn) {
        bool has = run("ds_wrap_rtn_b32", 32, {9, 8, 7, 0, 0xffffffff}, {8}, {100},
                       {1, 0, 107, 100, 0xfffffff7});
        CHECK(has == (generation(m) < 12));
      }
    }
}

namespace {
/// A floating-point operation on one pair, before denormals are looked at.
struct FloatOp {
  const char *old_name, *name, *type;
  unsigned bits;
};
const FloatOp kAdd32{"add_f32", "add", "f32", 32}, kAdd64{"add_f64", "add", "f64", 64},
    kMin32{"fmin", "min", "f32", 32}, kMax32{"fmax", "max", "f32", 32},
    kMin64{"min_f64", "min", "f64", 64}, kMax64{"max_f64", "max", "f64", 64};
struct FloatCase {
  uint64_t m, d, want;
  int since = 0, before = 99; ///< generations
};
void check_floats(const FloatOp &op, const std::vector<FloatCase> &cases,
                  const std::function<bool(const Machine &, Way)> &applies, uint32_t mode = 0xf0) {
  bool any = false;
  for (const Model &model : models())
    for (Way way : kWays)
      for (bool rtn : {false, true}) {
        Machine m(model.cpu, model.lanes);
        if (!applies(m, way))
          continue;
        m.wave.set_mode(mode);
        std::vector<Pair> pairs;
        std::vector<uint64_t> wants;
        for (const FloatCase &c : cases)
          if (generation(m) >= c.since && generation(m) < c.before)
            pairs.push_back({c.m, c.d}), wants.push_back(c.want);
        if (pairs.empty())
          continue;
        std::vector<std::string> texts =
            spellings(m, way, op.old_name, op.name, op.type, op.bits, op.bits, rtn);
        if (std::string_view(op.old_name).starts_with("f")) { // _x2; gfx12 says min_num
          if (way != Way::Lds)
            texts.push_back(spellings(m, way, (std::string(op.name) + "_num_f32").c_str(), op.name,
                                      op.type, op.bits, op.bits, rtn)[0]);
          else
            texts.push_back(spellings(m, way, nullptr, (std::string(op.name) + "_num").c_str(),
                                      op.type, op.bits, op.bits, rtn)[0]);
        } else if (op.bits == 64 && op.name[0] == 'm') {
          if (way == Way::Lds)
            texts.push_back(spellings(m, way, nullptr, (std::string(op.name) + "_num").c_str(),
                                      op.type, op.bits, op.bits, rtn)[0]);
          else
            texts.push_back(spellings(m, way, (std::string("f") + op.name + "_x2").c_str(), op.name,
                                      op.type, op.bits, op.bits, rtn)[0]);
        }
        for (const std::string &text : texts)
          check_pairs(
              m, way, text, op.bits, rtn, pairs,
              [&](const Pair &p) {
                for (size_t k = 0; k < pairs.size(); k++)
                  if (pairs[k].m == p.m && pairs[k].d == p.d)
                    return wants[k];
                return uint64_t(0);
              },
              any);
      }
  CHECK(any);
}
bool everywhere(const Machine &, Way) {
  return true;
}
bool lds_only(const Machine &, Way way) {
  return in_lds(way);
}
bool memory_only(const Machine &, Way way) {
  return !in_lds(way);
}
} // namespace

TESTED_CASE("floating-point atomics: numbers, zeros, infinities, NaNs") {
  check_floats(kAdd32,
               {
                   {f(1), f(2), f(3)},
                   {f(1), 0x33800000, f(1)}, // half way: even
                   {0x3f800001, 0x33800000, 0x3f800002},
                   {0x80000000, 0x80000000, 0x80000000},
                   {0x80000000, 0, 0},
                   {0x7f7fffff, 0x7f7fffff, kInf},
                   {kInf, kMinusInf, kNan},
                   {f(1), 0x7f800001, 0x7fc00001},
                   {0xffc12345, f(1), 0xffc12345},
               },
               everywhere);
  check_floats(kAdd64,
               {
                   {d(1), d(2), d(3)},
                   {d(1), 0x3ca0000000000000, d(1)},
                   {0x3ff0000000000001, 0x3ca0000000000000, 0x3ff0000000000002},
                   {1, 1, 2},
                   {0x7ff0000000000001, d(1), 0x7ff8000000000001},
               },
               everywhere);
  // Before gfx12: the data if it compares less (greater), else memory as it was.
  check_floats(kMin32,
               {
                   {f(2), f(1), f(1)},
                   {f(1), f(2), f(1)},
                   {kMinusInf, f(1), kMinusInf},
                   {0, 0x80000000, 0, 0, 12},
                   {0, 0x80000000, 0x80000000, 12},
                   {0x80000000, 0, 0x80000000},
                   {kNan, f(1), kNan, 0, 12},
                   {kNan, f(1), f(1), 12},
                   {f(1), kNan, f(1)},
                   {0x7f800001, 0x7f800002, 0x7f800001, 0, 12},
                   {0x7f800001, 0x7f800002, 0x7fc00002, 12},
                   {2, 1, 1},
               },
               everywhere);
  check_floats(kMax32,
               {
                   {f(1), f(2), f(2)},
                   {f(2), f(1), f(2)},
                   {0x80000000, 0, 0x80000000, 0, 12},
                   {0x80000000, 0, 0, 12},
                   {0, 0x80000000, 0},
                   {kNan, f(1), kNan, 0, 12},
                   {kNan, f(1), f(1), 12},
                   {f(1), 0x7f800001, f(1)},
                   {1, 2, 2},
               },
               everywhere);
  check_floats(kMin64,
               {
                   {d(2), d(1), d(1)},
                   {d(1), d(2), d(1)},
                   {0, 0x8000000000000000, 0, 0, 12},
                   {0, 0x8000000000000000, 0x8000000000000000, 12},
                   {0x7ff8000000000000, d(1), 0x7ff8000000000000, 0, 12},
                   {0x7ff8000000000000, d(1), d(1), 12},
                   {d(1), 0x7ff8000000000000, d(1)},
                   {2, 1, 1},
               },
               everywhere);
  check_floats(kMax64,
               {
                   {d(1), d(2), d(2)},
                   {d(2), d(1), d(2)},
                   {0x8000000000000000, 0, 0, 12},
                   {0x7ff8000000000000, d(1), 0x7ff8000000000000, 0, 12},
                   {d(1), 0x7ff0000000000001, d(1)},
                   {1, 2, 2},
               },
               everywhere);
}

TESTED_CASE("floating-point atomics: denormals and rounding") {
  auto gfx90a = [](const Machine &m, Way way) {
    return memory_only(m, way) && is_gfx(m, "gfx90a");
  };
  auto others = [](const Machine &m, Way way) {
    return memory_only(m, way) && !is_gfx(m, "gfx90a");
  };
  const std::vector<FloatCase> kept = {
      {1, 1, 2}, {0x00800001, 0x80800000, 1}, {0x80000001, 0, 0x80000001}};
  const std::vector<FloatCase> flushed = {
      {1, 1, 0}, {0x00800001, 0x80800000, 0}, {0x80000001, 0x80000000, 0x80000000}};
  // Memory: gfx90a flushes f32 sums whatever MODE says, the others never.
  for (uint32_t mode : {0xf0u, 0xc0u}) {
    check_floats(kAdd32, flushed, gfx90a, mode);
    check_floats(kAdd32, kept, others, mode);
    check_floats(kAdd64, {{1, 1, 2}}, everywhere, mode & 0x30);
    check_floats(kMin32, {{2, 1, 1}}, memory_only, mode);
  }
  // LDS follows MODE: sources and results apart.
  check_floats(kAdd32, kept, lds_only, 0xf0);
  check_floats(kAdd32, flushed, lds_only, 0xc0);
  check_floats(kAdd32, {{1, 1, 0}, {0x007fffff, 1, 0x00800000}}, lds_only, 0xd0);
  check_floats(kAdd32, {{0x00800000, 1, 0x00800000}, {0x00800001, 0x80800000, 1}}, lds_only, 0xe0);
  check_floats(kMin32, {{2, 1, 0}, {f(1), 1, 0}}, lds_only, 0xc0);
  check_floats(kMax32, {{0x80000001, kMinusInf, 0x80000000}}, lds_only, 0xc0);
  check_floats(kMin64, {{2, 1, 0}}, lds_only, 0x30);
  // To nearest even, whatever MODE says.
  for (uint32_t mode : {0xf1u, 0xf6u, 0xffu}) {
    check_floats(kAdd32, {{f(1), 0x33800000, f(1)}, {f(1), 0x33800001, 0x3f800001}}, everywhere,
                 mode);
    check_floats(kAdd64, {{d(1), 0x3ca0000000000000, d(1)}}, everywhere, mode);
  }
}

TESTED_CASE("atomic sums of pairs of f16 and bf16") {
  const FloatOp f16{"pk_add_f16", "pk_add", "f16", 32}, bf16{"pk_add_bf16", "pk_add", "bf16", 32};
  check_floats(f16,
               {
                   {0x40003c00, 0x42004000, 0x45004200}, // 1 + 2, 2 + 3
                   {0x7bff3c00, 0x4c001000, 0x7c003c00}, // overflow; half way
                   {0x7d01fc00, 0x3c007c00, 0x7f017e00},
                   {0x80008000, 0x00008000, 0x00008000},
                   {0x00018001, 0x00018001, 0x00028002},
               },
               everywhere);
  check_floats(f16, {{0x00018001, 0x00018001, 0x00008000}}, lds_only, 0x30);
  check_floats(f16, {{0x00018001, 0x00018001, 0x00028002}}, memory_only, 0x30);
  check_floats(bf16,
               {
                   {0x40003f80, 0x40404000, 0x40a04040},
                   {0x3f803f81, 0x3b803b80, 0x3f803f82}, // half way: even
                   {0x7f7fff80, 0x7f7f7f80, 0x7f807fc0},
                   {0x7f813f80, 0x3f803f80, 0x7fc14000},
               },
               everywhere);
}

TEST_CASE("all lanes on one address: exact totals, every old value once") {
  for (const Model &model : models())
    for (Way way : {Way::Global, Way::Flat, Way::FlatLds, Way::Buffer, Way::Lds})
      for (const char *kind : {"add", "inc", "swap"}) {
        Machine m(model.cpu, model.lanes);
        point(m, way);
        for (unsigned l = 0; l < m.lanes; l++) {
          m.v(2, l) = m.v(2, 0), m.v(3, l) = m.v(3, 0), m.v(4, l) = m.v(4, 0);
          m.v(8, l) = *kind == 's' ? 1000 + l : *kind == 'i' ? 0xffffffff : 3;
        }
        put(m, way, 0, 32, 500);
        const char *type = *kind == 's' ? "b32" : "u32";
        bool ran = false;
        std::string name = kind;
        if (way == Way::Lds && *kind == 's')
          name = "wrxchg";
        for (const std::string &text : spellings(m, way, kind, name.c_str(), type, 32, 32, true)) {
          if (ran)
            break;
          bool ok = m.run(text);
          if (!m.assembled)
            continue;
          ran = true;
          INFO(text << " on " << model.cpu << " wave" << model.lanes);
          REQUIRE(ok);
          std::vector<uint64_t> seen;
          for (unsigned l = 0; l < m.lanes; l++)
            seen.push_back(result_of(m, way, l, 32));
          if (*kind == 's')
            seen.push_back(get(m, way, 0, 32));
          std::sort(seen.begin(), seen.end());
          for (unsigned k = 0; k < seen.size(); k++)
            CHECK(seen[k] == (*kind == 'a'   ? 500 + 3 * k
                              : *kind == 'i' ? 500 + k
                              : k == 0       ? 500
                                             : 1000 + k - 1));
          if (*kind != 's')
            CHECK_LANE(get(m, way, 0, 32) == 500 + (*kind == 'a' ? 3 : 1) * m.lanes);
        }
        CHECK(ran);
      }
}

TEST_CASE("misaligned atomics fault") {
  for (const Model &model : models())
    for (Way way : kWays) {
      Machine m(model.cpu, model.lanes);
      point(m, way);
      for (unsigned l = 0; l < m.lanes; l++)
        m.v(2, l) += 2, m.v(4, l) += 2;
      bool ran = false;
      for (const std::string &text : spellings(m, way, "add", "add", "u32", 32, 32, false)) {
        m.run(text);
        if (!m.assembled)
          continue;
        ran = true;
        INFO(text << " on " << model.cpu << " wave" << model.lanes);
        CHECK(m.stop.kind == StopKind::MemoryFault);
        CHECK(m.stop.access == MemoryAccess::Atomic);
        CHECK(m.stop.lane == 0);
      }
      CHECK(ran);
    }
}

/// Memory that lies elsewhere, as that of the host: PCIe has additions, exchanges and
/// compare-and-swaps of integers; the others work there on gfx942 and gfx12 alone, below system
/// scope (LLVM SITargetLowering::shouldExpandAtomicRMWInIR).
TEST_CASE("atomics on memory of the host") {
  enum Works { kAnywhere, kBelowSystem, kOnDevice };
  static const struct {
    const char *text, *only;
    Works works;
  } kCases[] = {
      {"global_atomic_add v[2:3], v8, off", "gfx", kAnywhere},
      {"global_atomic_add_u64 v[2:3], v[8:9], off", "gfx1", kAnywhere},
      {"global_atomic_swap v[2:3], v8, off", "gfx", kAnywhere},
      {"global_atomic_cmpswap_x2 v[2:3], v[8:11], off", "gfx", kAnywhere},
      {"flat_atomic_cmpswap_b32 v[2:3], v[8:9]", "gfx1", kAnywhere},
      {"global_atomic_umax v[2:3], v8, off", "gfx9", kBelowSystem},
      {"global_atomic_umax v[2:3], v8, off", "gfx1030", kOnDevice},
      {"global_atomic_max_u32 v[2:3], v8, off", "gfx1100", kOnDevice},
      {"global_atomic_max_u32 v[2:3], v8, off", "gfx1201", kBelowSystem},
      {"global_atomic_max_u32 v[2:3], v8, off scope:SCOPE_DEV", "gfx1201", kBelowSystem},
      {"global_atomic_max_u32 v[2:3], v8, off scope:SCOPE_SYS", "gfx1201", kOnDevice},
      {"global_atomic_umax v[2:3], v8, off sc1", "gfx942", kOnDevice},
      {"global_atomic_sub v[2:3], v8, off", "gfx1030", kOnDevice},
      {"flat_atomic_or v[2:3], v8", "gfx90a", kOnDevice},
      {"flat_atomic_or v[2:3], v8", "gfx942", kBelowSystem},
      {"global_atomic_inc_x2 v[2:3], v[8:9], off", "gfx90a", kOnDevice},
      {"global_atomic_add_f32 v[2:3], v8, off", "gfx90a", kOnDevice},
      {"global_atomic_add_f32 v[2:3], v8, off", "gfx942", kBelowSystem},
      {"global_atomic_add_f32 v[2:3], v8, off sc1", "gfx942", kOnDevice},
      {"global_atomic_add_f32 v[2:3], v8, off", "gfx1100", kOnDevice},
      {"global_atomic_pk_add_f16 v[2:3], v8, off", "gfx90a", kOnDevice},
  };
  unsigned ran = 0;
  for (const auto &test : kCases)
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      if (!is_gfx(m, test.only))
        continue;
      INFO(test.text << " on " << model.cpu);
      const auto base = uint64_t(m.global);
      bool works = test.works == kAnywhere || (test.works == kBelowSystem && !is_gfx(m, "gfx90a"));
      auto start = [&] {
        point(m, Way::Global);
        fill_memory(m);
        for (unsigned r = 8; r < 12; r++)
          m.set(r, {0x3f800000});
        return m.run(test.text);
      };
      bool ok = start();
      if (!m.assembled)
        continue;
      ++ran;
      CHECK(ok); // the device's own memory
      REQUIRE(m.memory.remove(base));
      REQUIRE(m.memory.add(base, base + 65536, true, Place::Elsewhere));
      CHECK(start() == works);
      if (works)
        continue;
      CHECK(m.stop.kind == StopKind::MemoryFault);
      CHECK(m.stop.access == MemoryAccess::OwnAtomic);
      CHECK(m.stop.address == base + 4096);
      for (unsigned k = 4096; k < 4104; k++)
        CHECK(m.global[k] == byte_at(k)); // and nothing is changed
    }
  CHECK(ran >= std::size(kCases));
}
