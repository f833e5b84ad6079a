// w2w-compiler: the compiler process that libcuda and libcudart start on demand. Not meant to be
// run by hand.
#include "runtime/jit/supervisor.h"
#include "tools/w2w-compiler/service.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

int main(int argc, char **argv) {
  constexpr const char *kPrefix = "--socket=";
  if (argc != 2 || std::strncmp(argv[1], kPrefix, std::strlen(kPrefix)) != 0) {
    std::fprintf(stderr, "w2w-compiler is started by warp2wave's libraries; to compile PTX by hand "
                         "use ptx2hsaco\n");
    return 2;
  }
  return w2w::jit::supervise(std::atoi(argv[1] + std::strlen(kPrefix)), w2w::serve_compiler);
}
