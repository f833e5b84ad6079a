// The second object file of relocatable.cu.
__device__ int value = 37;
static __device__ int own = 100;
static __device__ __noinline__ int add(int x) {
  return x + own;
}
__device__ int twice(int x) {
  return add(2 * x);
}
