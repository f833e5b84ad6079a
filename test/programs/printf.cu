// Device printf: what kernels print is on standard output after the next wait, formatted as the C
// library formats it. The program redirects its standard output into a file and reads it back.
#include "program.h"

#include <algorithm>
#include <unistd.h>

__device__ const char kWord[] = "word in memory";
__device__ char changed_text[] = "0 of a variable";

__global__ void one_thread(int i, unsigned u, long long l, double d, float f, const void *p) {
  printf("plain\n");
  printf("%d %i %u %x %X %o %c %%\n", i, -i, u, u, u, u, 'w');
  printf("%lld %llu %llx %ld\n", l, static_cast<unsigned long long>(-1), static_cast<unsigned long long>(l), -5l);
  printf("%hhd %hd\n", static_cast<signed char>(-3), static_cast<short>(-300));
  printf("%f %.3f %12.4e %-10g| %a %+.2f\n", d, d, d, d, d, f);
  printf("[%8d] [%-8d] [%08d] [%+d] [%*d] [%.*f]\n", i, i, i, i, 6, i, 2, d);
  changed_text[0] = '1';
  printf("%s, %20s, %-6s|, %.3s, %s\n", "literal", kWord, "left", "truncated", changed_text);
  printf("%p\n", p);
  int written = printf("");
  printf("%d\n", written);
}

__global__ void many_threads() {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i % 3 != 1)
    printf("thread %u of block %u: %lld %f\n", threadIdx.x, blockIdx.x, static_cast<long long>(i) << 33, i / 8.0);
}

/// Runs and returns what arrived on standard output.
template <class Work> std::string captured(Work work) {
  std::fflush(stdout);
  FILE *file = std::tmpfile();
  EXPECT(file);
  int saved = dup(1);
  dup2(fileno(file), 1);
  work();
  cudaError_t error = cudaDeviceSynchronize();
  std::fflush(stdout);
  dup2(saved, 1);
  close(saved);
  CUDA_OK(error);
  CUDA_OK(cudaGetLastError());
  std::string text;
  std::rewind(file);
  char part[4096];
  for (size_t n; (n = std::fread(part, 1, sizeof part, file)) > 0;)
    text.append(part, n);
  std::fclose(file);
  return text;
}

template <class... T> std::string format(const char *format, T... values) {
  char line[512];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

std::vector<std::string> sorted_lines(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

int main() {
  int i = 42;
  unsigned u = 0xdeadbeef;
  long long l = -0x123456789abcdefll;
  double d = 3.14159265358979;
  float f = 2.5f;
  const void *p = reinterpret_cast<const void *>(0x7f00dead1230ull);
  std::string got = captured([&] { one_thread<<<1, 1>>>(i, u, l, d, f, p); });
  std::string want = "plain\n";
  want += format("%d %i %u %x %X %o %c %%\n", i, -i, u, u, u, u, 'w');
  want += format("%lld %llu %llx %ld\n", l, static_cast<unsigned long long>(-1), static_cast<unsigned long long>(l), -5l);
  want += format("%hhd %hd\n", static_cast<signed char>(-3), static_cast<short>(-300));
  want += format("%f %.3f %12.4e %-10g| %a %+.2f\n", d, d, d, d, d, f);
  want += format("[%8d] [%-8d] [%08d] [%+d] [%*d] [%.*f]\n", i, i, i, i, 6, i, 2, d);
  want += format("%s, %20s, %-6s|, %.3s, %s\n", "literal", "word in memory", "left", "truncated", "1 of a variable");
  want += format("%p\n", p);
  want += "0\n";
  if (got != want) {
    std::printf("FAIL one thread printed\n%sinstead of\n%s", got.c_str(), want.c_str());
    return 1;
  }

  // Lines of many threads come in any order, each whole.
  const unsigned kBlocks = 5, kThreads = 70;
  got = captured([&] { many_threads<<<kBlocks, kThreads>>>(); });
  want.clear();
  for (unsigned t = 0; t < kBlocks * kThreads; ++t)
    if (t % 3 != 1)
      want += format("thread %u of block %u: %lld %f\n", t % kThreads, t / kThreads, static_cast<long long>(t) << 33, t / 8.0);
  EXPECT(sorted_lines(got) == sorted_lines(want));

  // Nothing is printed twice.
  EXPECT(captured([] {}).empty());
  return passed("printf", "formats, strings, lines of many threads");
}
