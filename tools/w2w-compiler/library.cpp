// libw2w-compiler.so: the compiler inside the application, for debugging (W2W_CONFIG=inprocess).
#include "tools/w2w-compiler/service.h"

extern "C" __attribute__((visibility("default"))) int w2w_compiler_serve(int socket) {
  return w2w::serve_compiler(socket);
}
