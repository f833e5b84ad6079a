// A failed assertion, a trap, a block freed twice: the error that waiting gives, that it stays, and assert's line on
// standard error. Each in a process of its own, as the error ends a process's use of the device.
#include "program.h"

#include <cassert>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(__NVCC__) // the C library's assert calls a host function
#undef assert
#define assert(condition)                                                                          \
  ((condition) ? static_cast<void>(0)                                                              \
               : __assertfail(#condition, __FILE__, __LINE__, __func__, sizeof(char)))
#endif

#ifdef __clang__ // nvcc declares them itself
extern "C" __device__ void *malloc(size_t);
extern "C" __device__ void free(void *);
#endif

__global__ void asserts(int *out, int value) {
  value += static_cast<int>(threadIdx.x);
  assert(value < 100);
  out[threadIdx.x] = value;
}

__global__ void traps(int *out, int value) {
  value += static_cast<int>(threadIdx.x);
  if (value >= 100)
    asm volatile("trap;");
  out[threadIdx.x] = value;
}

__device__ void *blocks[32];
__global__ void frees_twice(int *out, int value) {
  value += static_cast<int>(threadIdx.x);
  blocks[threadIdx.x] = malloc(static_cast<size_t>(value));
  __threadfence(); // so that the compiler sees no pair to take out
  free(blocks[threadIdx.x]);
  __threadfence();
  if (value >= 100)
    free(blocks[threadIdx.x]);
  out[threadIdx.x] = value;
}

using Kernel = void (*)(int *, int);

int child(Kernel kernel, cudaError_t want) {
  Buffer<int> out(32);
  kernel<<<1, 32>>>(out.get(), 68); // the largest value is 99
  CUDA_LAUNCHED();
  std::vector<int> got = out.take();
  for (int i = 0; i < 32; ++i)
    EXPECT(got[i] == 68 + i);
  kernel<<<1, 32>>>(out.get(), 69);
  cudaError_t error = cudaDeviceSynchronize();
  if (error != want) {
    std::printf("FAIL waiting gave %d (%s), want %d\n", error, cudaGetErrorName(error), want);
    return 1;
  }
  void *memory = nullptr;
  EXPECT(cudaMalloc(&memory, 16) == want); // the error stays
  EXPECT(cudaDeviceSynchronize() == want);
  return 0;
}

/// Runs child() in a process of its own; returns what it wrote to standard error.
std::string run(Kernel kernel, cudaError_t want) {
  std::fflush(stdout);
  int ends[2];
  EXPECT(pipe(ends) == 0);
  pid_t pid = fork();
  EXPECT(pid >= 0);
  if (pid == 0) {
    dup2(ends[1], 2);
    close(ends[0]);
    close(ends[1]);
    std::exit(child(kernel, want));
  }
  close(ends[1]);
  std::string text;
  char part[512];
  for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;)
    text.append(part, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  EXPECT(waitpid(pid, &status, 0) == pid);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::printf("FAIL the process of a kernel that fails ended with status %d\n%s", status, text.c_str());
    std::exit(1);
  }
  return text;
}

int main() {
  std::string text = run(asserts, cudaErrorAssert);
  // CUDA C++ Programming Guide, "Assertion": file:line: function: block: [..], thread: [..] Assertion
  // `..` failed.
  EXPECT(text.find("traps.cu:") != std::string::npos);
  const char *line = ": block: [0,0,0], thread: [31,0,0] Assertion `value < 100` failed.\n";
  if (text.find(line) == std::string::npos) {
    std::printf("FAIL assert wrote\n%s", text.c_str());
    return 1;
  }
  run(traps, cudaErrorLaunchFailure);
  text = run(frees_twice, cudaErrorLaunchFailure);
  EXPECT(text.find(", which malloc did not give") != std::string::npos);
  return passed("traps", "assert, trap and free");
}
