// Matrix products by tensor-core instructions, as libraries write them: tiles in shared memory, ldmatrix (B's transposed), mma of f16 with
// f32 sums; and mma of bytes. The factors are whole numbers, so the sums are exact.
#include "program.h"

constexpr int rows = 64, columns = 32, depth = 64, threads = 2 * rows; // a warp for each 16 rows
constexpr int pad = 8; // elements behind each row, against bank conflicts

__device__ unsigned shared_address(const void *p) {
  unsigned r;
  asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(r) : "l"(p));
  return r;
}

__global__ void halves(const unsigned short *a, const unsigned short *b, float *c) {
  __shared__ alignas(16) unsigned short tile_a[rows][depth + pad];
  __shared__ alignas(16) unsigned short tile_b[depth][columns + pad];
  for (int i = threadIdx.x; i < rows * depth; i += threads)
    tile_a[i / depth][i % depth] = a[i];
  for (int i = threadIdx.x; i < depth * columns; i += threads)
    tile_b[i / columns][i % columns] = b[i];
  __syncthreads();
  const int lane = threadIdx.x % 32, first_row = threadIdx.x / 32 * 16;
  for (int n = 0; n < columns; n += 8) {
    float s[4] = {0, 0, 0, 0};
    for (int k = 0; k < depth; k += 16) {
      unsigned fa[4], fb[2];
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(fa[0]), "=r"(fa[1]), "=r"(fa[2]), "=r"(fa[3])
                   : "r"(shared_address(&tile_a[first_row + lane % 16][k + lane / 16 * 8]))
                   : "memory");
      asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                   : "=r"(fb[0]), "=r"(fb[1])
                   : "r"(shared_address(&tile_b[k + lane % 16][n]))
                   : "memory");
      asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                   : "+f"(s[0]), "+f"(s[1]), "+f"(s[2]), "+f"(s[3])
                   : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]), "r"(fb[1]));
    }
    for (int i = 0; i < 4; ++i)
      c[(first_row + lane / 4 + i / 2 * 8) * columns + n + lane % 4 * 2 + i % 2] = s[i];
  }
}

// A by rows, B by columns, a row or column of 32 bytes; every warp the same product plus its number.
__global__ void bytes(const unsigned *a, const unsigned *b, int *c) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, word = lane % 4;
  int s[4] = {warp, warp, warp, warp};
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+r"(s[0]), "+r"(s[1]), "+r"(s[2]), "+r"(s[3])
               : "r"(a[group * 8 + word]), "r"(a[(group + 8) * 8 + word]), "r"(a[group * 8 + word + 4]),
                 "r"(a[(group + 8) * 8 + word + 4]), "r"(b[group * 8 + word]), "r"(b[group * 8 + word + 4]));
  for (int i = 0; i < 4; ++i)
    c[warp * 128 + (group + i / 2 * 8) * 8 + word * 2 + i % 2] = s[i];
}

// A small whole number as f16.
unsigned short half_of(int v) {
  if (v == 0)
    return 0;
  int magnitude = v < 0 ? -v : v, exponent = 0;
  while (magnitude >> (exponent + 1))
    ++exponent;
  return static_cast<unsigned short>((v < 0 ? 0x8000 : 0) | (exponent + 15) << 10 | ((magnitude << (10 - exponent)) & 0x3ff));
}

int main() {
  std::vector<int> a(rows * depth), b(depth * columns);
  std::vector<unsigned short> half_a, half_b;
  for (size_t i = 0; i < a.size(); ++i)
    half_a.push_back(half_of(a[i] = static_cast<int>(i * 7 + i / 11) % 23 - 11));
  for (size_t i = 0; i < b.size(); ++i)
    half_b.push_back(half_of(b[i] = static_cast<int>(i * 5 + i / 13) % 19 - 9));
  Buffer<unsigned short> device_a(half_a), device_b(half_b);
  Buffer<float> device_c(rows * columns);
  halves<<<1, threads>>>(device_a.get(), device_b.get(), device_c.get());
  CUDA_LAUNCHED();
  const std::vector<float> c = device_c.take();
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) {
      int sum = 0;
      for (int k = 0; k < depth; ++k)
        sum += a[i * depth + k] * b[k * columns + j];
      EXPECT(c[i * columns + j] == static_cast<float>(sum));
    }

  std::vector<unsigned> bytes_a(16 * 8), bytes_b(8 * 8);
  for (size_t i = 0; i < bytes_a.size(); ++i)
    bytes_a[i] = static_cast<unsigned>(i + 1) * 2654435761u;
  for (size_t i = 0; i < bytes_b.size(); ++i)
    bytes_b[i] = static_cast<unsigned>(i + 7) * 2246822519u;
  Buffer<unsigned> device_bytes_a(bytes_a), device_bytes_b(bytes_b);
  constexpr int warps = 3;
  Buffer<int> device_sums(warps * 128);
  bytes<<<1, 32 * warps>>>(device_bytes_a.get(), device_bytes_b.get(), device_sums.get());
  CUDA_LAUNCHED();
  const std::vector<int> sums = device_sums.take();
  for (int i = 0; i < warps * 128; ++i) {
    int sum = i / 128;
    for (int k = 0; k < 32; ++k)
      sum += static_cast<signed char>(bytes_a[i % 128 / 8 * 8 + k / 4] >> k % 4 * 8) *
             static_cast<unsigned char>(bytes_b[i % 8 * 8 + k / 4] >> k % 4 * 8);
    EXPECT(sums[i] == sum);
  }
  std::printf("PASS tensor_cores %dx%dx%d halves, %d warps of bytes\n", rows, columns, depth, warps);
}
