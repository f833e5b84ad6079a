// ptx_verdict FILE.ptx...: "FILE accept" or "FILE reject MESSAGE", for comparison with ptxas
// (test/ptxas/compare.py).
#include "frontend/parse/parse.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    w2w::ptx::Diagnostics diags;
    const w2w::ptx::ParsedModule parsed = w2w::ptx::parse(argv[i], text, diags);
    const char *message = "";
    for (const w2w::ptx::Diagnostic &d : diags.list())
      if (d.severity == w2w::ptx::Severity::Error) {
        message = d.message.c_str();
        break;
      }
    std::printf("%s %s %s\n", argv[i], diags.has_errors() ? "reject" : "accept", message);
  }
  return 0;
}
