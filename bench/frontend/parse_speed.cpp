// How fast PTX is parsed and checked, and what memory it takes.
//
//   parse_speed [FILE.ptx...]     without files: a generated text of about 40 MB of typical kernel
//   code
#include "frontend/parse/parse.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/resource.h>

namespace {

/// Code in the manner of nvcc's output: address arithmetic, guarded loads, floating point,
/// shuffles, a loop a kernel.
std::string generate(size_t bytes) {
  std::string out = ".version 8.0\n.target sm_80\n.address_size 64\n\n";
  for (unsigned k = 0; out.size() < bytes; ++k) {
    const std::string name = "_Z6kernelILi" + std::to_string(k) + "EEvPKfPfi";
    out += ".visible .entry " + name + "(\n\t.param .u64 " + name + "_param_0,\n\t.param .u64 " +
           name + "_param_1,\n\t.param .u32 " + name +
           "_param_2\n)\n{\n\t.reg .pred \t%p<20>;\n\t.reg .f32 \t%f<200>;\n\t.reg .b32 "
           "\t%r<400>;\n\t.reg .b64 \t%rd<200>;\n\n";
    out += "\tld.param.u64 \t%rd1, [" + name + "_param_0];\n\tld.param.u64 \t%rd2, [" + name +
           "_param_1];\n";
    out += "\tmov.u32 \t%r1, %ctaid.x;\n\tmov.u32 \t%r2, %ntid.x;\n\tmov.u32 \t%r3, "
           "%tid.x;\n\tmad.lo.s32 \t%r4, %r1, %r2, %r3;\n";
    for (unsigned i = 10; i < 190; ++i) {
      const std::string n = std::to_string(i), m = std::to_string(i + 1);
      out +=
          "\tmul.wide.s32 \t%rd" + n + ", %r4, 4;\n\tadd.s64 \t%rd" + m + ", %rd1, %rd" + n + ";\n";
      out += "\tld.global.nc.f32 \t%f" + n + ", [%rd" + m + "+" + n + "0];\n\tfma.rn.f32 \t%f" + m +
             ", %f" + n + ", 0f3F800000, %f1;\n";
      out += "\tsetp.lt.s32 \t%p1, %r" + n + ", " + m + ";\n\tselp.b32 \t%r" + m + ", %r4, %r" + n +
             ", %p1;\n";
      if (i % 8 == 0)
        out += "\tshfl.sync.bfly.b32 \t%r" + m + "|%p2, %r" + n +
               ", 16, 31, -1;\n\t@%p1 bra \t$L__BB" + std::to_string(k) + "_" + n +
               ";\n\tst.global.f32 \t[%rd" + m + "], %f" + m + ";\n$L__BB" + std::to_string(k) +
               "_" + n + ":\n";
    }
    out += "\tret;\n\n}\n";
  }
  return out;
}

void measure(const char *name, const std::string &text) {
  double best = 1e30;
  size_t errors = 0;
  for (int i = 0; i < 5; ++i) {
    w2w::ptx::Diagnostics diags;
    const std::clock_t start =
        std::clock(); // processor time: one thread, and other programs do not count
    const w2w::ptx::ParsedModule parsed = w2w::ptx::parse(name, text, diags);
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    errors = diags.error_count();
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%s: %.1f MB in %.3f s = %.1f MB/s, peak memory %.1f times the text%s\n", name,
              text.size() / 1e6, best, text.size() / 1e6 / best,
              usage.ru_maxrss * 1024.0 / text.size(), errors ? " (with errors)" : "");
}

} // namespace

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    measure(argv[i], std::string{std::istreambuf_iterator<char>(file), {}});
  }
  if (argc == 1)
    measure("generated", generate(40u << 20));
  return 0;
}
