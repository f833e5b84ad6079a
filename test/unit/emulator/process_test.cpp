// A process that uses the emulator must be able to end, and to fork, whatever runs. Prints nothing
// and returns 0 if all is well; ctest's time limit notices a hang.
#include "runtime/hip/hip_abi.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace w2w::hip {
#define HIP_FUNCTION(presence, result, name, parameters) extern "C" result name parameters;
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION
} // namespace w2w::hip

using namespace w2w::hip;

namespace {

void check(hipError_t error, const char *what) {
  if (error == hipSuccess)
    return;
  fprintf(stderr, "%s: %s\n", what, hipGetErrorName(error));
  _exit(1);
}

/// Starts kernels that never end, on two streams and enough workgroups for all threads.
void start_endless() {
  hipModule_t module = nullptr;
  hipFunction_t function = nullptr;
  hipStream_t stream = nullptr;
  void *flag = nullptr;
  check(hipModuleLoad(&module, KERNELS "gfx942.co"), "load");
  check(hipModuleGetFunction(&function, module, "endless"), "function");
  check(hipStreamCreate(&stream), "stream");
  check(hipMalloc(&flag, 4), "malloc");
  void *args[] = {&flag};
  check(hipModuleLaunchKernel(function, 1000, 1, 1, 256, 1, 1, 0, nullptr, args, nullptr),
        "launch");
  check(hipModuleLaunchKernel(function, 1, 1, 1, 64, 1, 1, 0, stream, args, nullptr), "launch");
  usleep(50000);
}

hipFunction_t function_of(const char *name) {
  hipModule_t module = nullptr;
  hipFunction_t function = nullptr;
  check(hipModuleLoad(&module, KERNELS "gfx942.co"), "load");
  check(hipModuleGetFunction(&function, module, name), "function");
  return function;
}

/// The order in which 400 workgroups came, more than the device holds at once.
std::vector<unsigned> arrivals(hipFunction_t function) {
  constexpr unsigned n = 400, kAllLds = 65536;
  std::vector<unsigned> order(n);
  void *counter = nullptr, *out = nullptr;
  check(hipMalloc(&counter, 4), "malloc");
  check(hipMalloc(&out, n * 4), "malloc");
  check(hipMemset(counter, 0, 4), "memset");
  void *args[] = {&counter, &out};
  check(hipModuleLaunchKernel(function, n, 1, 1, 64, 1, 1, kAllLds, nullptr, args, nullptr),
        "launch");
  check(hipMemcpyDtoH(order.data(), out, n * 4), "copy");
  return order;
}

/// The order of arrivals that another process with this seed sees, as text.
std::string arrivals_with(const char *seed) {
  std::string command = "W2W_CONFIG=emu-seed=" + std::string(seed) + " /proc/" +
                        std::to_string(getpid()) + "/exe arrivals",
              text;
  FILE *pipe = popen(command.c_str(), "r");
  for (int c; pipe && (c = fgetc(pipe)) != EOF;)
    text += static_cast<char>(c);
  return pipe && pclose(pipe) == 0 ? text : "";
}

int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

} // namespace

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  setenv("W2W_DEVICE", "emulator:gfx942", 1);
  if (!strcmp(mode, "exit")) {
    start_endless();
    return 0; // through exit() and all destructors
  }
  if (!strcmp(mode,
              "fork")) { // the child of a process that uses the device: refused there, and it ends
    start_endless();
    pid_t child = fork();
    if (child == 0) {
      void *p = nullptr;
      exit(hipMalloc(&p, 4) == hipErrorNotInitialized &&
                   hipDeviceSynchronize() == hipErrorNotInitialized
               ? 0
               : 1);
    }
    return wait_for(child);
  }
  if (!strcmp(mode, "fork_unused")) { // loaded, never used: the child may
    pid_t child = fork();
    if (child == 0) {
      void *p = nullptr;
      exit(hipMalloc(&p, 4) == hipSuccess && hipMemset(p, 0, 4) == hipSuccess ? 0 : 1);
    }
    return wait_for(child);
  }
  if (!strcmp(mode, "dlopen")) { // no LLVM symbol of ours is visible, and dlclose is harmless
    start_endless();
    void *self = dlopen("libw2w-hipemu.so", RTLD_NOW | RTLD_NOLOAD);
    if (self && (dlsym(self, "LLVMInitializeAMDGPUDisassembler") || dlsym(self, "_ZN4llvm4errsEv")))
      return 2;
    if (self) {
      dlclose(self);
      dlclose(self);
    }
    return 0;
  }
  if (!strcmp(mode, "hang")) { // a launch that gets nowhere is given up, where a limit is set
    setenv("W2W_CONFIG", "emu-hang=3", 1);
    hipFunction_t endless = function_of("endless");
    void *flag = nullptr;
    check(hipMalloc(&flag, 4), "malloc");
    void *args[] = {&flag};
    check(hipModuleLaunchKernel(endless, 3, 1, 1, 256, 1, 1, 0, nullptr, args, nullptr), "launch");
    return hipDeviceSynchronize() == hipErrorLaunchTimeOut ? 0 : 1;
  }
  if (!strcmp(mode, "seed")) { // shuffled, and the same way each time
    setenv("W2W_CONFIG", "emu-seed=7", 1);
    hipFunction_t arrival = function_of("arrival");
    std::vector<unsigned> first = arrivals(arrival), second = arrivals(arrival), sorted = first;
    std::sort(sorted.begin(), sorted.end());
    for (unsigned i = 0; i < sorted.size(); ++i)
      if (sorted[i] != i)
        return 2;
    return first == second && first != sorted ? 0 : 1;
  }
  if (!strcmp(mode, "arrivals")) {
    for (unsigned n : arrivals(function_of("arrival")))
      printf("%u ", n);
    return 0;
  }
  if (!strcmp(mode, "seeds")) { // a run is repeatable by its seed, and another seed is another run
    std::string one = arrivals_with("1"), again = arrivals_with("1"), two = arrivals_with("2");
    return !one.empty() && one == again && !two.empty() && one != two ? 0 : 1;
  }
  if (!strcmp(mode, "memory")) {
    setenv("W2W_CONFIG", "emu-memory=128,emu-threads=1", 1);
    size_t free = 0, total = 0;
    check(hipMemGetInfo(&free, &total), "hipMemGetInfo");
    void *p = nullptr;
    return total == size_t{128} << 20 && hipMalloc(&p, 129 << 20) == hipErrorOutOfMemory &&
                   arrivals(function_of("arrival"))[399] == 399
               ? 0
               : 1;
  }
  fprintf(stderr, "modes: exit fork fork_unused dlopen hang seed seeds arrivals memory\n");
  return 3;
}
