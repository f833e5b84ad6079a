// Warps told apart by their number, in the ways in which CUDA programs compute it and in ways that
// only look alike: which kernels need more than paired mode, and that each warp votes as a whole
// whatever the block's shape.
//   warp_numbers paired   on a device of 64-lane waves: the log is asked for the modes too
//   warp_numbers small    the results, in blocks of at most 512 threads
//   warp_numbers          the results alone
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/in_context.h"
#include "test/unit/cuda/log_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace {

using Shape = std::array<unsigned, 3>;
struct Thread {
  Shape block;
  unsigned x, y, z, most;
  unsigned number() const { return x + block[0] * (y + block[1] * z); }
};

/// `code` computes %w, and its lowest bit decides where the thread votes. It may use the registers
/// %x, %y, %z (%tid), %nx, %ny, %nz (%ntid), %l (the thread's number), %n (parameter:
/// how many threads stay), %a, %b, %q (64 bits), %p.
struct Idiom {
  const char *name, *required, *code;
  uint32_t (*value)(const Thread &);
  enum { Any, Rows, Never } same_in_warp;
};

const std::vector<Shape> kShapes = {{32, 4, 1}, {16, 16, 1}, {33, 3, 1},  {7, 9, 3},   {96, 1, 1},
                                    {5, 5, 5},  {64, 2, 2},  {250, 1, 1}, {1024, 1, 1}};

const Idiom kIdioms[] = {
    {"number_shifted", "", "shr.u32 %w, %l, 5;", [](const Thread &t) { return t.number() / 32; },
     Idiom::Any},
    {"number_divided", "", "div.u32 %w, %l, 32;", [](const Thread &t) { return t.number() / 32; },
     Idiom::Any},
    {"number_divided_signed", "", "div.s32 %w, %l, 32;",
     [](const Thread &t) { return t.number() / 32; }, Idiom::Any},
    {"number_rounded_to_zero", "",
     "shr.s32 %a, %l, 31; shr.u32 %a, %a, 27; add.s32 %a, %l, %a; shr.s32 %w, %a, 5;",
     [](const Thread &t) { return t.number() / 32; }, Idiom::Any},
    {"number_masked", "", "and.b32 %a, %l, -32; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return t.number() / 32; }, Idiom::Any},
    {"number_compared", "", "setp.lt.u32 %p, %l, 32; selp.u32 %w, 1, 0, %p;",
     [](const Thread &t) { return t.number() < 32 ? 1u : 0u; }, Idiom::Any},
    {"number_above", "", "setp.gt.s32 %p, %l, 63; selp.u32 %w, 1, 0, %p;",
     [](const Thread &t) { return t.number() > 63 ? 1u : 0u; }, Idiom::Any},
    {"number_moved", "", "shl.b32 %a, %n, 5; add.u32 %a, %l, %a; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return t.number() / 32 + t.most; }, Idiom::Any},
    {"number_wide", "", "cvt.u64.u32 %q, %l; shr.u64 %q, %q, 5; cvt.u32.u64 %w, %q;",
     [](const Thread &t) { return t.number() / 32; }, Idiom::Any},
    {"number_otherwise", "",
     "mul.lo.u32 %a, %nx, %ny; mul.lo.u32 %a, %a, %z; mad.lo.u32 %b, %nx, %y, %a; "
     "add.u32 %b, %b, %x; shr.u32 %w, %b, 6;",
     [](const Thread &t) { return t.number() / 64; }, Idiom::Any},
    {"number_broadcast", "",
     "shr.u32 %a, %x, 1; add.u32 %a, %a, %y; "
     "shfl.sync.idx.b32 %w, %a, 0, 31, -1;",
     [](const Thread &t) {
       const unsigned first = t.number() / 32 * 32;
       return first % t.block[0] / 2 + first / t.block[0] % t.block[1];
     },
     Idiom::Any},
    {"rows_shifted", "", "shr.u32 %w, %x, 5;", [](const Thread &t) { return t.x / 32; },
     Idiom::Rows},
    {"rows_number", "", "mad.lo.u32 %a, %y, %nx, %x; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return (t.x + t.y * t.block[0]) / 32; }, Idiom::Rows},
    {"rows_y", "", "add.u32 %w, %y, %z;", [](const Thread &t) { return t.y + t.z; }, Idiom::Rows},
    {"known_shape", ".reqntid 16, 16", "shl.b32 %a, %y, 4; add.u32 %a, %a, %x; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return t.number() / 32; }, Idiom::Any},
    {"known_one_row", ".reqntid 250",
     "mad.lo.u32 %a, %z, 77, %x; mad.lo.u32 %a, %y, 3, %a; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return t.x / 32; }, Idiom::Any},
    {"known_grid", ".reqntid 96",
     "mov.u32 %a, %ctaid.x; mad.lo.u32 %a, %a, 96, %x; "
     "shr.u32 %w, %a, 5;",
     [](const Thread &t) { return t.x / 32; }, Idiom::Any},
    // Nothing that a warp has in common.
    {"wrong_order", "", "mad.lo.u32 %a, %x, %ny, %y; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return (t.x * t.block[1] + t.y) / 32; }, Idiom::Never},
    {"wrong_stride", "", "mad.lo.u32 %a, %y, %ny, %x; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return (t.x + t.y * t.block[1]) / 32; }, Idiom::Never},
    {"half_warps", "", "shr.u32 %w, %l, 4;", [](const Thread &t) { return t.number() / 16; },
     Idiom::Never},
    {"moved_by_half", "", "add.u32 %a, %l, 16; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return (t.number() + 16) / 32; }, Idiom::Never},
    {"scaled", "", "mad.lo.u32 %a, %l, 2, 0; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return t.number() / 16; }, Idiom::Never},
    {"compared_inside", "", "setp.lt.u32 %p, %l, 40; selp.u32 %w, 1, 0, %p;",
     [](const Thread &t) { return t.number() < 40 ? 1u : 0u; }, Idiom::Never},
    {"compared_beside", "", "setp.le.u32 %p, %l, 32; selp.u32 %w, 1, 0, %p;",
     [](const Thread &t) { return t.number() <= 32 ? 1u : 0u; }, Idiom::Never},
    {"divided_by_48", "", "div.u32 %w, %l, 48;", [](const Thread &t) { return t.number() / 48; },
     Idiom::Never},
    {"rounded_from_below", "", "sub.s32 %a, %l, 64; div.s32 %w, %a, 32;",
     [](const Thread &t) { return uint32_t((int(t.number()) - 64) / 32); }, Idiom::Never},
    {"grid_of_any_blocks", "",
     "mov.u32 %a, %ctaid.x; add.u32 %a, %a, 1; "
     "mad.lo.u32 %a, %a, %nx, %x; shr.u32 %w, %a, 5;",
     [](const Thread &t) { return (t.block[0] + t.x) / 32; }, Idiom::Never},
    {"known_odd_rows", ".reqntid 33, 3", "shr.u32 %w, %x, 5;",
     [](const Thread &t) { return t.x / 32; }, Idiom::Never},
    {"broadcast_in_halves", "", "shr.u32 %a, %l, 4; shfl.sync.idx.b32 %w, %a, 0, 4127, -1;",
     [](const Thread &t) { return t.number() / 16; }, Idiom::Never},
    {"broadcast_from_each", "",
     "shr.u32 %a, %l, 4; and.b32 %b, %l, 31; "
     "shfl.sync.idx.b32 %w, %a, %b, 31, -1;",
     [](const Thread &t) { return t.number() / 16; }, Idiom::Never},
    {"different_turns", "", R"(
  mov.u32 %a, 0;
TURN:
  shl.b32 %b, %a, 5; add.u32 %a, %a, 1;
  setp.lt.u32 %p, %a, %x; @%p bra TURN;
  add.u32 %b, %b, %l; shr.u32 %w, %b, 5;)",
     [](const Thread &t) { return t.number() / 32 + std::max(t.x, 1u) - 1; }, Idiom::Never},
    {"sides_meet", "", R"(
  mov.u32 %w, %n; setp.ge.u32 %p, %l, 40; @%p bra OTHER;
TURN:
  shr.u32 %w, %w, 1; setp.gt.u32 %p, %w, 1; @%p bra TURN;
OTHER:)",
     [](const Thread &t) { return t.number() < 40 ? 1u : t.most; }, Idiom::Never},
    {"votes_of_halves", "", R"(
  and.b32 %b, %l, 16; setp.ne.u32 %p, %b, 0; shl.b32 %a, 65535, %b;
  vote.sync.ballot.b32 %b, %p, %a;
  setp.ne.u32 %p, %b, 0; selp.u32 %w, 1, 0, %p;)",
     [](const Thread &t) { return t.number() / 16 % 2; }, Idiom::Never},
};

std::string kernel_text(const Idiom &idiom) {
  return std::string(".visible .entry ") + idiom.name + "(.param .u64 out, .param .u32 most) " +
         idiom.required + R"({
  .reg .pred %p;
  .reg .b32 %x, %y, %z, %nx, %ny, %l, %n, %a, %b, %w, %v;
  .reg .b64 %q, %o;
  mov.u32 %x, %tid.x;
  mov.u32 %y, %tid.y;
  mov.u32 %z, %tid.z;
  mov.u32 %nx, %ntid.x;
  mov.u32 %ny, %ntid.y;
  mad.lo.u32 %l, %z, %ny, %y;
  mad.lo.u32 %l, %l, %nx, %x;
  ld.param.u32 %n, [most];
  setp.ge.u32 %p, %l, %n;
  @%p bra END;
  {
)" + idiom.code +
         R"(
  }
  and.b32 %a, %w, 1;
  setp.eq.u32 %p, %a, 0;
  @%p bra EVEN;
  vote.sync.ballot.b32 %v, 1, -1;
  bra MEET;
EVEN:
  vote.sync.ballot.b32 %v, 1, -1;
MEET:
  ld.param.u64 %o, [out];
  mad.wide.u32 %o, %l, 8, %o;
  st.global.v2.u32 [%o], {%w, %v};
END:
  ret;
}
)";
}

/// The threads from number `most` on leave at once.
void launch(CUfunction function, const Idiom &idiom, const Shape &block, uint32_t most) {
  const unsigned threads = block[0] * block[1] * block[2];
  std::vector<std::array<uint32_t, 2>> got(threads);
  CUdeviceptr out = 0;
  CHECK_CU(cuMemAlloc_v2(&out, 8 * threads));
  void *parameters[] = {&out, &most};
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, block[0], block[1], block[2], 0, nullptr, parameters,
                          nullptr));
  CHECK_CU(cuCtxSynchronize());
  CHECK_CU(cuMemcpyDtoH_v2(got.data(), out, 8 * threads));
  CHECK_CU(cuMemFree_v2(out));
  unsigned wrong = 0;
  for (unsigned l = 0; l < std::min(threads, most); ++l) {
    const Thread thread{block, l % block[0], l / block[0] % block[1], l / block[0] / block[1],
                        most};
    const unsigned here = std::min(std::min(threads, most) - l / 32 * 32, 32u);
    const uint32_t votes = here == 32 ? ~0u : (1u << here) - 1;
    wrong += got[l][0] != idiom.value(thread) || got[l][1] != votes;
  }
  if (wrong)
    std::fprintf(stderr, "%s: %u of %u threads are wrong in blocks of %u,%u,%u\n", idiom.name,
                 wrong, threads, block[0], block[1], block[2]);
  CHECK(wrong == 0);
}

void run(bool paired, bool small, const LogFile &log) {
  std::string text = ".version 7.0\n.target sm_70\n.address_size 64\n";
  for (const Idiom &idiom : kIdioms)
    text += kernel_text(idiom);
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, text.c_str()));
  for (const Idiom &idiom : kIdioms) {
    CUfunction function = nullptr;
    CHECK_CU(cuModuleGetFunction(&function, module, idiom.name));
    auto needs_more = [&] {
      const std::string compiled = std::string("compiled ") + idiom.name + " ";
      size_t n = 0;
      const std::string all = log.text();
      for (size_t at = all.find(compiled); at != std::string::npos;
           at = all.find(compiled, at + 1)) {
        const std::string line = all.substr(at, all.find('\n', at) - at);
        n += line.find("mode scheduled") != std::string::npos ||
             line.find("mode solo") != std::string::npos;
      }
      return n != 0;
    };
    auto expect = [&](bool more) {
      if (!paired || needs_more() == more)
        return;
      std::fprintf(stderr, "%s: %s than paired mode\n", idiom.name, more ? "no more" : "more");
      CHECK(needs_more() == more);
    };
    // Blocks that are rows come first: their code might serve the others, or might not.
    for (bool rows : {true, false}) {
      bool launched = false;
      for (const Shape &block : kShapes) {
        const bool is_rows = block[0] % 32 == 0 || (block[1] == 1 && block[2] == 1);
        if (is_rows != rows || (small && block[0] * block[1] * block[2] > 512))
          continue;
        if (*idiom.required &&
            !std::strstr((std::string(idiom.required) + ", 1, 1,").c_str(),
                         (" " + std::to_string(block[0]) + ", " + std::to_string(block[1]) + ", " +
                          std::to_string(block[2]) + ",")
                             .c_str()))
          continue;
        for (uint32_t most : {1024u, block[0] * block[1] * block[2] - 7u, 40u})
          launch(function, idiom, block, most);
        launched = true;
      }
      if (launched)
        expect(idiom.same_in_warp == Idiom::Never || (idiom.same_in_warp == Idiom::Rows && !rows));
    }
  }
}

} // namespace

int main(int argc, char **argv) {
  ::setenv("CUDA_CACHE_DISABLE", "1", 1); // what is compiled is logged
  const LogFile log("warp_numbers", "info");
  const std::string mode = argc > 1 ? argv[1] : "";
  return run_in_context("warp_numbers", [&] { run(mode == "paired", mode == "small", log); });
}
