// Integer arithmetic of all widths against the CPU: division and remainder, high products, shifts, bit counts, permutes, carries.
#include "program.h"
#include <climits>

constexpr int results = 24;

__host__ __device__ inline int bit_count(unsigned x) {
  int n = 0;
  for (; x; x &= x - 1)
    ++n;
  return n;
}

// What both sides compute in plain C++.
__host__ __device__ inline void plain(unsigned a, unsigned b, unsigned long long c, unsigned long long d,
                                      unsigned long long *r) {
  int sa = static_cast<int>(a), sb = static_cast<int>(b);
  long long sc = static_cast<long long>(c), sd = static_cast<long long>(d);
  r[0] = b ? a / b : 1;
  r[1] = b ? a % b : 2;
  r[2] = static_cast<unsigned>(sb && !(sa == INT_MIN && sb == -1) ? sa / sb : 3);
  r[3] = static_cast<unsigned>(sb && !(sa == INT_MIN && sb == -1) ? sa % sb : 4);
  r[4] = d ? c / d : 5;
  r[5] = d ? c % d : 6;
  r[6] = static_cast<unsigned long long>(sd && !(sc == LLONG_MIN && sd == -1) ? sc / sd : 7);
  r[7] = static_cast<unsigned long long>(sd && !(sc == LLONG_MIN && sd == -1) ? sc % sd : 8);
  r[8] = c * d + a;
  r[9] = static_cast<unsigned>((1ull * a * b) >> 32);
  r[10] = static_cast<unsigned>((1ll * sa * sb) >> 32);
  r[11] = static_cast<unsigned>(sa >> (b & 31)) ^ (a << (b & 31));
  r[12] = (c >> (d & 63)) ^ static_cast<unsigned long long>(sc >> (d & 63));
  r[13] = static_cast<unsigned>(static_cast<short>(a) * static_cast<short>(b));
  r[14] = static_cast<unsigned>(static_cast<unsigned short>(a) / (static_cast<unsigned short>(b) | 1));
  r[15] = static_cast<unsigned>(bit_count(a));
  r[16] = c < d ? c - d : (sc < sd ? 11 : 12);
  r[17] = static_cast<unsigned long long>(static_cast<long long>(static_cast<signed char>(a)));
  r[18] = (a & b) | (~a & static_cast<unsigned>(d)) | (b ^ a) << 3;
}

__global__ void integers(const unsigned *a, const unsigned *b, const unsigned long long *c, const unsigned long long *d,
                         unsigned long long *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned long long *r = out + i * results;
  plain(a[i], b[i], c[i], d[i], r);
  r[19] = static_cast<unsigned>(__clz(static_cast<int>(a[i])) * 256 + __ffs(static_cast<int>(a[i])));
  r[20] = static_cast<unsigned long long>(__clzll(static_cast<long long>(c[i])) * 256 + __popcll(c[i]));
  r[21] = __brev(a[i]);
  r[22] = __umul64hi(c[i], d[i]);
  r[23] = __byte_perm(a[i], b[i], 0x6130);
}

static void intrinsics(unsigned a, unsigned b, unsigned long long c, unsigned long long d, unsigned long long *r) {
  r[19] = static_cast<unsigned>((a ? __builtin_clz(a) : 32) * 256 + __builtin_ffs(static_cast<int>(a)));
  r[20] = static_cast<unsigned long long>((c ? __builtin_clzll(c) : 64) * 256 + __builtin_popcountll(c));
  r[21] = 0;
  for (int bit = 0; bit < 32; ++bit)
    r[21] |= static_cast<unsigned long long>(a >> bit & 1) << (31 - bit);
  r[22] = static_cast<unsigned long long>((static_cast<unsigned __int128>(c) * d) >> 64);
  // __byte_perm: bytes 0 to 3 are those of a, 4 to 7 those of b; selector 0x6130 takes 0, 3, 1 and 6.
  r[23] = (a & 0xff) | (a >> 24) << 8 | (a >> 8 & 0xff) << 16 | static_cast<unsigned long long>(b >> 16 & 0xff) << 24;
}

int main() {
  const unsigned edges[] = {0, 1, 2, 3, 7, 31, 32, 255, 32767, 32768, 65535, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
  std::vector<unsigned> a, b;
  std::vector<unsigned long long> c, d;
  Random random(12);
  for (unsigned x : edges)
    for (unsigned y : edges) {
      a.push_back(x);
      b.push_back(y);
      c.push_back(static_cast<unsigned long long>(x) << (y & 63) | (y == 3 ? 1ull << 63 : 0));
      d.push_back(y == 7 ? x : ~static_cast<unsigned long long>(y) << (x & 31));
    }
  for (int i = 0; i < 400; ++i) {
    a.push_back(random.next() >> random.between(0, 31));
    b.push_back(random.next() >> random.between(0, 31));
    c.push_back((static_cast<unsigned long long>(random.next()) << 32 | random.next()) >> random.between(0, 63));
    d.push_back((static_cast<unsigned long long>(random.next()) << 32 | random.next()) >> random.between(0, 63));
  }
  int n = static_cast<int>(a.size());
  std::vector<unsigned long long> want(n * results);
  for (int i = 0; i < n; ++i) {
    plain(a[i], b[i], c[i], d[i], &want[i * results]);
    intrinsics(a[i], b[i], c[i], d[i], &want[i * results]);
  }
  Buffer<unsigned> da(a), db(b);
  Buffer<unsigned long long> dc(c), dd(d), out(want.size());
  integers<<<(n + 63) / 64, 64>>>(da.get(), db.get(), dc.get(), dd.get(), out.get(), n);
  CUDA_LAUNCHED();
  expect_equal("integers", out.take(), want);
  return passed("integer_math", "n=" + std::to_string(n));
}
