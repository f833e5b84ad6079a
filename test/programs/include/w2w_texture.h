// Arrays, textures and surfaces as CUDA C++ has them, for w2w_cuda.h: the part that our test programs use. The device
// functions are PTX, one instruction each.
#pragma once

typedef struct CUarray_st *cudaArray_t;
typedef const struct CUarray_st *cudaArray_const_t;
typedef struct CUmipmappedArray_st *cudaMipmappedArray_t;
typedef unsigned long long cudaTextureObject_t;
typedef unsigned long long cudaSurfaceObject_t;

enum cudaChannelFormatKind { cudaChannelFormatKindSigned = 0, cudaChannelFormatKindUnsigned = 1, cudaChannelFormatKindFloat = 2 };
enum cudaTextureAddressMode { cudaAddressModeWrap, cudaAddressModeClamp, cudaAddressModeMirror, cudaAddressModeBorder };
enum cudaTextureFilterMode { cudaFilterModePoint, cudaFilterModeLinear };
enum cudaTextureReadMode { cudaReadModeElementType, cudaReadModeNormalizedFloat };
enum cudaResourceType { cudaResourceTypeArray, cudaResourceTypeMipmappedArray, cudaResourceTypeLinear, cudaResourceTypePitch2D };
enum : unsigned {
  cudaArrayDefault = 0,
  cudaArrayLayered = 1,
  cudaArraySurfaceLoadStore = 2,
  cudaArrayCubemap = 4,
  cudaArrayTextureGather = 8
};

struct cudaChannelFormatDesc {
  int x, y, z, w;
  cudaChannelFormatKind f;
};
struct cudaExtent {
  size_t width, height, depth;
};
struct cudaPos {
  size_t x, y, z;
};
struct cudaPitchedPtr {
  void *ptr;
  size_t pitch, xsize, ysize;
};
struct cudaMemcpy3DParms {
  cudaArray_t srcArray;
  cudaPos srcPos;
  cudaPitchedPtr srcPtr;
  cudaArray_t dstArray;
  cudaPos dstPos;
  cudaPitchedPtr dstPtr;
  cudaExtent extent;
  cudaMemcpyKind kind;
};
struct cudaResourceDesc {
  cudaResourceType resType;
  union {
    struct {
      cudaArray_t array;
    } array;
    struct {
      cudaMipmappedArray_t mipmap;
    } mipmap;
    struct {
      void *devPtr;
      cudaChannelFormatDesc desc;
      size_t sizeInBytes;
    } linear;
    struct {
      void *devPtr;
      cudaChannelFormatDesc desc;
      size_t width, height, pitchInBytes;
    } pitch2D;
    struct {
      int reserved[32];
    } reserved;
  } res;
  unsigned flags;
};
struct cudaTextureDesc {
  cudaTextureAddressMode addressMode[3];
  cudaTextureFilterMode filterMode;
  cudaTextureReadMode readMode;
  int sRGB;
  float borderColor[4];
  int normalizedCoords;
  unsigned maxAnisotropy;
  cudaTextureFilterMode mipmapFilterMode;
  float mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp;
  int disableTrilinearOptimization;
  int seamlessCubemap;
};
struct cudaResourceViewDesc;

extern "C" {
cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind f);
cudaError_t cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, size_t width, size_t height = 0,
                            unsigned flags = 0);
cudaError_t cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, cudaExtent extent, unsigned flags = 0);
cudaError_t cudaMallocMipmappedArray(cudaMipmappedArray_t *mips, const cudaChannelFormatDesc *desc, cudaExtent extent,
                                     unsigned levels, unsigned flags = 0);
cudaError_t cudaGetMipmappedArrayLevel(cudaArray_t *level, cudaMipmappedArray_t mips, unsigned number);
cudaError_t cudaFreeArray(cudaArray_t array);
cudaError_t cudaFreeMipmappedArray(cudaMipmappedArray_t mips);
cudaError_t cudaArrayGetInfo(cudaChannelFormatDesc *desc, cudaExtent *extent, unsigned *flags, cudaArray_t array);
cudaError_t cudaGetChannelDesc(cudaChannelFormatDesc *desc, cudaArray_const_t array);
cudaError_t cudaMemcpy2DToArray(cudaArray_t dst, size_t x, size_t y, const void *src, size_t pitch, size_t width,
                                size_t height, cudaMemcpyKind kind);
cudaError_t cudaMemcpy2DFromArray(void *dst, size_t pitch, cudaArray_const_t src, size_t x, size_t y, size_t width,
                                  size_t height, cudaMemcpyKind kind);
cudaError_t cudaMemcpy2DArrayToArray(cudaArray_t dst, size_t dst_x, size_t dst_y, cudaArray_const_t src, size_t src_x,
                                     size_t src_y, size_t width, size_t height, cudaMemcpyKind kind = cudaMemcpyDeviceToDevice);
cudaError_t cudaMemcpy2DToArrayAsync(cudaArray_t dst, size_t x, size_t y, const void *src, size_t pitch, size_t width,
                                     size_t height, cudaMemcpyKind kind, cudaStream_t stream = nullptr);
cudaError_t cudaMemcpy2DFromArrayAsync(void *dst, size_t pitch, cudaArray_const_t src, size_t x, size_t y, size_t width,
                                       size_t height, cudaMemcpyKind kind, cudaStream_t stream = nullptr);
cudaError_t cudaMemcpyToArray(cudaArray_t dst, size_t x, size_t y, const void *src, size_t count, cudaMemcpyKind kind);
cudaError_t cudaMemcpyFromArray(void *dst, cudaArray_const_t src, size_t x, size_t y, size_t count, cudaMemcpyKind kind);
cudaError_t cudaMemcpyArrayToArray(cudaArray_t dst, size_t dst_x, size_t dst_y, cudaArray_const_t src, size_t src_x,
                                   size_t src_y, size_t count, cudaMemcpyKind kind = cudaMemcpyDeviceToDevice);
cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms *parameters);
cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms *parameters, cudaStream_t stream = nullptr);
cudaError_t cudaCreateTextureObject(cudaTextureObject_t *texture, const cudaResourceDesc *resource,
                                    const cudaTextureDesc *sampling, const cudaResourceViewDesc *view);
cudaError_t cudaDestroyTextureObject(cudaTextureObject_t texture);
cudaError_t cudaGetTextureObjectResourceDesc(cudaResourceDesc *resource, cudaTextureObject_t texture);
cudaError_t cudaGetTextureObjectTextureDesc(cudaTextureDesc *sampling, cudaTextureObject_t texture);
cudaError_t cudaCreateSurfaceObject(cudaSurfaceObject_t *surface, const cudaResourceDesc *resource);
cudaError_t cudaDestroySurfaceObject(cudaSurfaceObject_t surface);
}

inline cudaExtent make_cudaExtent(size_t width, size_t height, size_t depth) { return {width, height, depth}; }
inline cudaPos make_cudaPos(size_t x, size_t y, size_t z) { return {x, y, z}; }
inline cudaPitchedPtr make_cudaPitchedPtr(void *ptr, size_t pitch, size_t xsize, size_t ysize) {
  return {ptr, pitch, xsize, ysize};
}
template <class T> cudaChannelFormatDesc cudaCreateChannelDesc();
#define W2W_CHANNELS(T, x, y, z, w, kind)                                                                               \
  template <> inline cudaChannelFormatDesc cudaCreateChannelDesc<T>() {                                                 \
    return {x, y, z, w, cudaChannelFormatKind##kind};                                                                   \
  }
W2W_CHANNELS(float, 32, 0, 0, 0, Float)
W2W_CHANNELS(float4, 32, 32, 32, 32, Float)
W2W_CHANNELS(int, 32, 0, 0, 0, Signed)
W2W_CHANNELS(unsigned, 32, 0, 0, 0, Unsigned)
W2W_CHANNELS(uchar4, 8, 8, 8, 8, Unsigned)
#undef W2W_CHANNELS

// ---- textures: four channels come back, of which the type asked for takes its own
namespace w2w_texture {
template <class T> struct Result;
#define W2W_RESULT(T, component, expression)                                                                            \
  template <> struct Result<T> {                                                                                        \
    using Component = component;                                                                                        \
    static __device__ T of(component x, component y, component z, component w) { return expression; }                   \
  };
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-parameter"
W2W_RESULT(float, float, x)
W2W_RESULT(float4, float, (float4{x, y, z, w}))
W2W_RESULT(int, int, x)
W2W_RESULT(unsigned, unsigned, x)
W2W_RESULT(uchar4, unsigned,
           (uchar4{static_cast<unsigned char>(x), static_cast<unsigned char>(y), static_cast<unsigned char>(z),
                   static_cast<unsigned char>(w)}))
#pragma clang diagnostic pop
#undef W2W_RESULT
} // namespace w2w_texture

// One function for the three types of components; `coordinates` is the operand in braces, `...` its values.
#define W2W_FETCH(component, letter, type, instruction, coordinate_type, coordinates, ...)                              \
  if constexpr (__is_same(typename w2w_texture::Result<T>::Component, component)) {                                     \
    component x, y, z, w;                                                                                               \
    asm volatile(instruction ".v4." type "." coordinate_type " {%0, %1, %2, %3}, [%4, " coordinates ";"                 \
                 : "=" letter(x), "=" letter(y), "=" letter(z), "=" letter(w)                                           \
                 : "l"(texture), __VA_ARGS__);                                                                          \
    return w2w_texture::Result<T>::of(x, y, z, w);                                                                      \
  }
#define W2W_TEXTURE(name, parameters, instruction, coordinate_type, coordinates, ...)                                   \
  template <class T> static inline __device__ T name parameters {                                                       \
    W2W_FETCH(float, "f", "f32", instruction, coordinate_type, coordinates, __VA_ARGS__)                                \
    W2W_FETCH(int, "r", "s32", instruction, coordinate_type, coordinates, __VA_ARGS__)                                  \
    W2W_FETCH(unsigned, "r", "u32", instruction, coordinate_type, coordinates, __VA_ARGS__)                             \
  }
W2W_TEXTURE(tex1Dfetch, (cudaTextureObject_t texture, int i), "tex.1d", "s32", "{%5}]", "r"(i))
W2W_TEXTURE(tex1D, (cudaTextureObject_t texture, float u), "tex.1d", "f32", "{%5}]", "f"(u))
W2W_TEXTURE(tex2D, (cudaTextureObject_t texture, float u, float v), "tex.2d", "f32", "{%5, %6}]", "f"(u), "f"(v))
W2W_TEXTURE(tex3D, (cudaTextureObject_t texture, float u, float v, float s), "tex.3d", "f32", "{%5, %6, %7, %7}]", "f"(u),
            "f"(v), "f"(s))
W2W_TEXTURE(tex1DLayered, (cudaTextureObject_t texture, float u, int layer), "tex.a1d", "f32", "{%5, %6}]", "r"(layer),
            "f"(u))
W2W_TEXTURE(tex2DLayered, (cudaTextureObject_t texture, float u, float v, int layer), "tex.a2d", "f32",
            "{%5, %6, %7, %7}]", "r"(layer), "f"(u), "f"(v))
W2W_TEXTURE(texCubemap, (cudaTextureObject_t texture, float u, float v, float s), "tex.cube", "f32", "{%5, %6, %7, %7}]",
            "f"(u), "f"(v), "f"(s))
W2W_TEXTURE(tex2DLod, (cudaTextureObject_t texture, float u, float v, float level), "tex.level.2d", "f32",
            "{%5, %6}], %7", "f"(u), "f"(v), "f"(level))
#undef W2W_TEXTURE
#undef W2W_FETCH

/// The four texels that a linear filter would use, of the red channel.
template <class T> static inline __device__ T tex2Dgather(cudaTextureObject_t texture, float u, float v) {
  static_assert(__is_same(T, float4));
  float4 r;
  asm volatile("tld4.r.2d.v4.f32.f32 {%0, %1, %2, %3}, [%4, {%5, %6}];"
               : "=f"(r.x), "=f"(r.y), "=f"(r.z), "=f"(r.w)
               : "l"(texture), "f"(u), "f"(v));
  return r;
}

// ---- surfaces: texels of 4 and 16 bytes; x counts bytes
namespace w2w_texture {
template <class To, class From> static inline __device__ To same_bits(const From &from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}
} // namespace w2w_texture

// `c1` and `c4`: the coordinates where one and where four registers of data stand in front of the handle.
#define W2W_SURFACE(name, geometry, parameters, c1, c4, ...)                                                            \
  template <class T> static inline __device__ T name##read(cudaSurfaceObject_t surface, W2W_LIST parameters) {          \
    if constexpr (sizeof(T) == 4) {                                                                                     \
      unsigned v;                                                                                                       \
      asm volatile("suld.b." geometry ".b32.trap {%0}, [%1, " c1 "];"                                                   \
                   : "=r"(v)                                                                                            \
                   : "l"(surface), __VA_ARGS__                                                                          \
                   : "memory");                                                                                         \
      return w2w_texture::same_bits<T>(v);                                                                              \
    } else {                                                                                                            \
      uint4 v;                                                                                                          \
      asm volatile("suld.b." geometry ".v4.b32.trap {%0, %1, %2, %3}, [%4, " c4 "];"                                    \
                   : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)                                                         \
                   : "l"(surface), __VA_ARGS__                                                                          \
                   : "memory");                                                                                         \
      return w2w_texture::same_bits<T>(v);                                                                              \
    }                                                                                                                   \
  }                                                                                                                     \
  template <class T> static inline __device__ void name##write(T value, cudaSurfaceObject_t surface,                    \
                                                               W2W_LIST parameters) {                                   \
    if constexpr (sizeof(T) == 4) {                                                                                     \
      asm volatile("sust.b." geometry ".b32.trap [%1, " c1 "], {%0};" ::"r"(w2w_texture::same_bits<unsigned>(value)),   \
                   "l"(surface), __VA_ARGS__                                                                            \
                   : "memory");                                                                                         \
    } else {                                                                                                            \
      const uint4 v = w2w_texture::same_bits<uint4>(value);                                                             \
      asm volatile("sust.b." geometry ".v4.b32.trap [%4, " c4 "], {%0, %1, %2, %3};" ::"r"(v.x), "r"(v.y), "r"(v.z),    \
                   "r"(v.w), "l"(surface), __VA_ARGS__                                                                  \
                   : "memory");                                                                                         \
    }                                                                                                                   \
  }
#define W2W_LIST(...) __VA_ARGS__
W2W_SURFACE(surf1D, "1d", (int x), "{%2}", "{%5}", "r"(x))
W2W_SURFACE(surf2D, "2d", (int x, int y), "{%2, %3}", "{%5, %6}", "r"(x), "r"(y))
W2W_SURFACE(surf3D, "3d", (int x, int y, int z), "{%2, %3, %4, %4}", "{%5, %6, %7, %7}", "r"(x), "r"(y), "r"(z))
W2W_SURFACE(surf2DLayered, "a2d", (int x, int y, int layer), "{%2, %3, %4, %4}", "{%5, %6, %7, %7}", "r"(layer), "r"(x),
            "r"(y))
#undef W2W_LIST
#undef W2W_SURFACE
