// Every special register of PTX ISA chapter 10, read by every thread of launches of several shapes
// and compared with what the launch says.
//   special_registers          whatever warp mode the kernel gets
//   special_registers small    no blocks of more than 512 threads (warp mode solo)
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace {

constexpr unsigned kStaticShared = 200; // bytes of the kernel's own

struct Shape {
  std::array<unsigned, 3> grid, block;
  unsigned dynamic_shared;
  bool names_cluster;
  unsigned threads() const { return block[0] * block[1] * block[2]; }
  unsigned blocks() const { return grid[0] * grid[1] * grid[2]; }
};

/// Where a thread is.
struct Place {
  const Shape &shape;
  std::array<unsigned, 3> block, thread;
  unsigned linear() const {
    return thread[0] + shape.block[0] * (thread[1] + shape.block[1] * thread[2]);
  }
  unsigned lane() const { return linear() % 32; }
  unsigned warps() const { return (shape.threads() + 31) / 32; }
};

using Value = std::function<uint64_t(const Place &)>;

/// How a value gets into the 64-bit register %d, and what it is.
struct Read {
  std::string name, code;
  Value want;
};

std::string wide(const std::string &name) {
  return "mov.u32 %r, %" + name + "; cvt.u64.u32 %d, %r;";
}
std::string whole(const std::string &name) {
  return "mov.u64 %d, %" + name + ";";
}

unsigned bits_below(unsigned lane) {
  return (1u << lane) - 1;
}
uint64_t total_shared(const Place &p) {
  return (kStaticShared + p.shape.dynamic_shared + 127) / 128 * 128; // PTX ISA 10.30
}

std::vector<Read> all_reads() {
  std::vector<Read> reads;
  auto add = [&](std::string name, std::string code, Value want) {
    reads.push_back({std::move(name), std::move(code), std::move(want)});
  };
  auto word = [&](const std::string &name, Value want) { add(name, wide(name), std::move(want)); };
  auto constant = [](uint64_t v) { return [v](const Place &) { return v; }; };
  const struct {
    const char *name;
    unsigned (*value)(const Place &, int);
  } vectors[] = {
      {"tid", [](const Place &p, int d) { return p.thread[d]; }},
      {"ntid", [](const Place &p, int d) { return p.shape.block[d]; }},
      {"ctaid", [](const Place &p, int d) { return p.block[d]; }},
      {"nctaid", [](const Place &p, int d) { return p.shape.grid[d]; }},
      // Every block is a cluster.
      {"clusterid", [](const Place &p, int d) { return p.block[d]; }},
      {"nclusterid", [](const Place &p, int d) { return p.shape.grid[d]; }},
      {"cluster_ctaid", [](const Place &, int) { return 0u; }},
      {"cluster_nctaid", [](const Place &, int) { return 1u; }},
  };
  for (const auto &v : vectors)
    for (int d = 0; d < 4; ++d) {
      auto want = [value = v.value, d](const Place &p) -> uint64_t {
        return d == 3 ? 0 : value(p, d);
      };
      const std::string name = v.name + std::string(".") + "xyzw"[d];
      word(name, want);
      if (!strstr(v.name, "cluster")) // for the sake of old code
        add(name + " as .u16", "mov.u16 %h, %" + name + "; cvt.u64.u16 %d, %h;", want);
      add(name + " by cvt", "cvt.u64.u32 %d, %" + name + ";", want);
      // The whole vector, PTX ISA 6.4.3 and 9.7.9.4.
      const std::string whole = std::string("%") + v.name, n = std::to_string(d);
      add(whole + " into a list",
          "mov.v4.u32 {%c0, %c1, %c2, %c3}, " + whole + "; cvt.u64.u32 %d, %c" + n + ";", want);
      add(whole + " into a vector",
          "mov.v4.b32 %v, " + whole + "; cvt.u64.u32 %d, %v." + "xyzw"[d] + ";", want);
      if (!strstr(v.name, "cluster"))
        add(whole + " as .v4.u16",
            "mov.v4.u16 {%h0, %h1, %h2, %h3}, " + whole + "; cvt.u64.u16 %d, %h" + n + ";", want);
      add(whole + " into 128 bits",
          "mov.b128 %q, " + whole +
              "; mov.b128 {%c0, %c1, %c2, %c3}, %q; "
              "cvt.u64.u32 %d, %c" +
              n + ";",
          want);
    }
  // Components in lists.
  auto pair = [](unsigned low, unsigned high) { return low | uint64_t{high} << 32; };
  auto tid_and_ctaid = [=](const Place &p) { return pair(p.thread[0], p.block[1]); };
  add("two packed", "mov.b64 %d, {%tid.x, %ctaid.y};", tid_and_ctaid);
  add("one packed with a register", "mov.u32 %r, %ctaid.y; mov.b64 %d, {%tid.x, %r};",
      tid_and_ctaid);
  add("two moved", "mov.v2.u32 {%r, %s}, {%tid.x, %ctaid.y}; mov.b64 %d, {%r, %s};", tid_and_ctaid);
  add("two exchanged",
      "mov.v2.u32 {%r, %s}, {%ctaid.y, %tid.x}; mov.v2.b32 {%r, %s}, {%s, %r}; "
      "mov.b64 %d, {%r, %s};",
      tid_and_ctaid);
  add("a vector packed", "mov.v2.u32 %w, {%tid.x, %ctaid.y}; mov.b64 %d, %w;", tid_and_ctaid);
  add("a vector unpacked",
      "mov.b64 %d, {%tid.x, %ctaid.y}; mov.b64 %w, %d; mov.v2.u32 {%r, %s}, %w; "
      "mov.b64 %d, {%r, %s};",
      tid_and_ctaid);
  add("two stored", "st.local.v2.u32 [spill], {%tid.x, %ctaid.y}; ld.local.b64 %d, [spill];",
      tid_and_ctaid);
  add("four stored as bytes",
      "st.local.v4.u8 [spill], {%tid.x, %tid.y, %ctaid.x, %ctaid.y}; ld.local.u32 %r, [spill]; "
      "cvt.u64.u32 %d, %r;",
      [](const Place &p) -> uint64_t {
        return (p.thread[0] & 255) | (p.thread[1] & 255) << 8 | (p.block[0] & 255) << 16 |
               (p.block[1] & 255) << 24;
      });
  add("one in a list",
      "st.local.u32 [spill], {%ntid.x}; ld.local.u32 %r, [spill]; cvt.u64.u32 %d, %r;",
      [](const Place &p) { return p.shape.block[0]; });
  add("unpacked", "mov.b32 {%h, _}, %ntid.x; cvt.u64.u16 %d, %h;",
      [](const Place &p) { return p.shape.block[0]; });
  // A guard.
  add("is_explicit_cluster as a guard", "mov.u64 %d, 3; @%is_explicit_cluster mov.u64 %d, 5;",
      [](const Place &p) { return p.shape.names_cluster ? 5 : 3; });
  add("is_explicit_cluster as a negated guard",
      "mov.u64 %d, 3; @!%is_explicit_cluster mov.u64 %d, 5;",
      [](const Place &p) { return p.shape.names_cluster ? 3 : 5; });
  add("is_explicit_cluster decides a branch",
      "mov.u64 %d, 3; @%is_explicit_cluster bra NAMED; mov.u64 %d, 5;\nNAMED:", [](const Place &p) {
        return p.shape.names_cluster ? 3 : 5;
      });
  word("laneid", [](const Place &p) { return p.lane(); });
  word("warpid", [](const Place &p) { return p.linear() / 32; });
  word("nwarpid", [](const Place &p) { return p.warps(); });
  word("lanemask_eq", [](const Place &p) { return 1u << p.lane(); });
  word("lanemask_lt", [](const Place &p) { return bits_below(p.lane()); });
  word("lanemask_le", [](const Place &p) { return bits_below(p.lane()) | 1u << p.lane(); });
  word("lanemask_ge", [](const Place &p) { return ~bits_below(p.lane()); });
  word("lanemask_gt", [](const Place &p) { return ~bits_below(p.lane()) & ~(1u << p.lane()); });
  word("cluster_ctarank", constant(0));
  word("cluster_nctarank", constant(1));
  add("is_explicit_cluster", "mov.pred %p, %is_explicit_cluster; selp.u64 %d, 1, 0, %p;",
      [](const Place &p) { return p.shape.names_cluster; });
  word("dynamic_smem_size", [](const Place &p) { return p.shape.dynamic_shared; });
  word("total_smem_size", total_shared);
  word("aggr_smem_size", total_shared); // nothing is reserved
  for (const char *part : {"begin", "end", "cap", "0", "1"})
    word(std::string("reserved_smem_offset_") + part, constant(0));
  add("current_graph_exec", whole("current_graph_exec"), constant(0));
  for (int i = 0; i < 32; ++i) // all but 1 and 2, of cooperative launches, are the driver's
    word("envreg" + std::to_string(i), constant(0));
  for (int i = 0; i < 8; ++i) { // nothing is monitored
    word("pm" + std::to_string(i), constant(0));
    add("pm_64", whole("pm" + std::to_string(i) + "_64"), constant(0));
  }
  // Facts about what a launch does not determine; each is 1.
  add("smid < nsmid",
      "mov.u32 %r, %smid; mov.u32 %s, %nsmid; setp.lt.u32 %p, %r, %s; "
      "selp.u64 %d, 1, 0, %p;",
      constant(1));
  add("gridid is 64 bits wide",
      "mov.u64 %d, %gridid; mov.u64 %e, %gridid; cvt.u32.u64 %r, %d; "
      "mov.u32 %s, %gridid; sub.u32 %r, %r, %s; sub.u64 %d, %d, %e; "
      "cvt.u64.u32 %e, %r; or.b64 %d, %d, %e;",
      constant(0));
  add("clock64 rises",
      "mov.u64 %e, %clock64; membar.gl; mov.u64 %d, %clock64; "
      "setp.gt.u64 %p, %d, %e; selp.u64 %d, 1, 0, %p;",
      constant(1));
  // The low half between two readings of the whole, modulo 2^32; likewise the high half.
  for (const auto &[low, high, all] :
       {std::tuple("clock", "clock_hi", "clock64"),
        std::tuple("globaltimer_lo", "globaltimer_hi", "globaltimer")}) {
    const std::string before = std::string("mov.u64 %e, %") + all + "; ";
    const std::string after = std::string("mov.u64 %d, %") + all + "; ";
    add(low,
        before + "mov.u32 %r, %" + low + "; " + after +
            "sub.u64 %d, %d, %e; cvt.u32.u64 %s, %e; sub.u32 %r, %r, %s; cvt.u64.u32 %e, %r; "
            "setp.le.u64 %p, %e, %d; selp.u64 %d, 1, 0, %p;",
        constant(1));
    add(high,
        before + "mov.u32 %r, %" + high + "; " + after +
            "shr.u64 %d, %d, 32; shr.u64 %e, %e, 32; cvt.u64.u32 %g, %r; setp.le.u64 %p, %e, "
            "%g; setp.le.and.u64 %p, %g, %d, %p; selp.u64 %d, 1, 0, %p;",
        constant(1));
  }
  add("globaltimer counts nanoseconds of a day or more",
      "mov.u64 %e, %globaltimer; "
      "nanosleep.u32 1000; mov.u64 %d, "
      "%globaltimer; setp.ge.u64 %p, %d, %e; "
      "selp.u64 %d, 1, 0, %p;",
      constant(1));
  return reads;
}

/// Kernel `name` writes out[linear block * threads + linear thread][read].
std::string kernel(const std::string &name, const std::string &directives,
                   const std::vector<Read> &reads) {
  std::string text = ".visible .entry " + name + "(.param .u64 out) " + directives + R"(
{
  .reg .pred %p;
  .reg .b16 %h;
  .reg .b32 %r, %s, %n, %t, %b;
  .reg .b64 %d, %e, %g, %o;
  .reg .b128 %q;
  .reg .b16 %h<4>;
  .reg .b32 %c<4>;
  .reg .v4 .b32 %v;
  .reg .v2 .b32 %w;
  .local .align 8 .b8 spill[8];
  .shared .align 4 .b8 own[)" +
                     std::to_string(kStaticShared) + R"(];
  ld.param.u64 %o, [out];
  mov.u32 %r, own;
  mov.u32 %s, %tid.x;
  st.shared.u32 [%r], %s;
  // The thread's number in the grid.
  mov.u32 %b, %ctaid.z;
)";
  constexpr const char *kDimensions[][2] = {{"%nctaid.y", "%ctaid.y"},
                                            {"%nctaid.x", "%ctaid.x"},
                                            {"%ntid.z", "%tid.z"},
                                            {"%ntid.y", "%tid.y"},
                                            {"%ntid.x", "%tid.x"}};
  for (const auto &[size, index] : kDimensions)
    text += std::string("  mov.u32 %n, ") + size + ";\n  mov.u32 %t, " + index +
            ";\n  mad.lo.u32 %b, %b, %n, %t;\n";
  text += R"(  mul.lo.u32 %b, %b, )" + std::to_string(reads.size() * 8) + R"(;
  cvt.u64.u32 %d, %b;
  add.u64 %o, %o, %d;
)";
  for (size_t i = 0; i < reads.size(); ++i)
    text += "  " + reads[i].code + "\n  st.global.u64 [%o+" + std::to_string(i * 8) + "], %d;\n";
  return text + "  ret;\n}\n";
}

CUresult launch(CUfunction function, const Shape &shape, CUdeviceptr out) {
  CUlaunchAttribute attribute{};
  attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attribute.value.clusterDim.x = attribute.value.clusterDim.y = attribute.value.clusterDim.z = 1;
  CUlaunchConfig config{};
  config.gridDimX = shape.grid[0], config.gridDimY = shape.grid[1], config.gridDimZ = shape.grid[2];
  config.blockDimX = shape.block[0], config.blockDimY = shape.block[1];
  config.blockDimZ = shape.block[2];
  config.sharedMemBytes = shape.dynamic_shared;
  config.attrs = &attribute;
  config.numAttrs = shape.names_cluster;
  void *arguments[] = {&out};
  return cuLaunchKernelEx(&config, function, arguments, nullptr);
}

void check(CUfunction function, const std::vector<Read> &reads, const Shape &shape) {
  const size_t threads = size_t{shape.threads()} * shape.blocks();
  std::vector<uint64_t> values(threads * reads.size(), 77);
  CUdeviceptr out = 0;
  CHECK_CU(cuMemAlloc_v2(&out, values.size() * 8));
  CHECK_CU(cuMemcpyHtoD_v2(out, values.data(), values.size() * 8));
  CHECK_CU(launch(function, shape, out));
  CHECK_CU(cuMemcpyDtoH_v2(values.data(), out, values.size() * 8));
  CHECK_CU(cuMemFree_v2(out));
  std::map<std::string, unsigned> wrong;
  size_t at = 0;
  Place p{shape, {}, {}};
  for (p.block[2] = 0; p.block[2] < shape.grid[2]; ++p.block[2])
    for (p.block[1] = 0; p.block[1] < shape.grid[1]; ++p.block[1])
      for (p.block[0] = 0; p.block[0] < shape.grid[0]; ++p.block[0])
        for (p.thread[2] = 0; p.thread[2] < shape.block[2]; ++p.thread[2])
          for (p.thread[1] = 0; p.thread[1] < shape.block[1]; ++p.thread[1])
            for (p.thread[0] = 0; p.thread[0] < shape.block[0]; ++p.thread[0])
              for (const Read &read : reads) {
                const uint64_t got = values[at++], want = read.want(p);
                if (got == want || wrong[read.name]++)
                  continue;
                ++failed_checks;
                std::fprintf(stderr,
                             "%s: %llu, not %llu, in thread %u of block (%u,%u,%u), grid "
                             "(%u,%u,%u), blocks of (%u,%u,%u)\n",
                             read.name.c_str(), (unsigned long long)got, (unsigned long long)want,
                             p.linear(), p.block[0], p.block[1], p.block[2], shape.grid[0],
                             shape.grid[1], shape.grid[2], shape.block[0], shape.block[1],
                             shape.block[2]);
              }
}

int attribute_of(CUfunction function, CUfunction_attribute attribute) {
  int value = -1;
  CHECK_CU(cuFuncGetAttribute(&value, attribute, function));
  return value;
}

} // namespace

int main(int argc, char **argv) {
  const bool small = argc > 1 && !std::strcmp(argv[1], "small");
  CUdevice device = 0;
  CUcontext context = nullptr;
  CUmodule module = nullptr;
  CUfunction plain = nullptr, one_block = nullptr, named = nullptr;
  const std::vector<Read> reads = all_reads();
  const std::string text = ".version 9.0\n.target sm_90\n.address_size 64\n" +
                           kernel("plain", "", reads) +
                           kernel("one_block", ".reqnctapercluster 1", reads) +
                           kernel("named", ".explicitcluster", reads);
  CHECK_CU(cuInit(0));
  CHECK_CU(cuDeviceGet(&device, 0));
  CHECK_CU(cuCtxCreate_v2(&context, 0, device));
  CHECK_CU(cuModuleLoadData(&module, text.c_str()));
  CHECK_CU(cuModuleGetFunction(&plain, module, "plain"));
  CHECK_CU(cuModuleGetFunction(&one_block, module, "one_block"));
  CHECK_CU(cuModuleGetFunction(&named, module, "named"));

  std::vector<Shape> shapes = {{{1, 1, 1}, {1, 1, 1}, 0, false},
                               {{2, 1, 1}, {64, 1, 1}, 1000, false},
                               {{3, 2, 2}, {8, 4, 3}, 0, true},
                               {{1, 3, 2}, {5, 3, 7}, 56, false},
                               {{2, 1, 2}, {33, 2, 1}, 128, false}};
  if (!small)
    shapes.push_back({{1, 1, 2}, {16, 16, 4}, 40000, false});
  for (const Shape &shape : shapes)
    check(plain, reads, shape);
  // More than any LDS: the shared window lies in memory.
  CHECK_CU(cuFuncSetAttribute(plain, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 100000));
  check(plain, reads, {{2, 1, 1}, {32, 3, 1}, 100000, false});

  // .reqnctapercluster and .explicitcluster, PTX ISA 11.7.
  Shape shape{{2, 1, 1}, {40, 1, 1}, 0, true};
  CHECK(attribute_of(one_block, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH) == 1);
  CHECK(attribute_of(one_block, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH) == 1);
  CHECK(attribute_of(one_block, CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET) == 0);
  CHECK(attribute_of(plain, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH) == 0);
  CHECK(attribute_of(named, CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET) == 1);
  check(one_block, reads, shape);
  check(named, reads, shape);
  shape.names_cluster = false;
  CHECK(launch(named, shape, 0) == CUDA_ERROR_INVALID_CLUSTER_SIZE);

  CHECK_CU(cuModuleUnload(module));
  CHECK_CU(cuCtxDestroy_v2(context));
  if (!failed_checks)
    std::printf("PASS special_registers: %zu readings\n", reads.size());
  return failed_checks != 0;
}
