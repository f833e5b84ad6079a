// Texture and surface references through libcuda.so.1: what can be set, what the getters answer,
// errors. References of no module serve: a module's differ only in where their descriptor lies.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

namespace {

void test_sampling(CUtexref r) {
  CUaddress_mode mode{};
  CHECK_CU(cuTexRefSetAddressMode(r, 2, CU_TR_ADDRESS_MODE_MIRROR));
  CHECK_CU(cuTexRefGetAddressMode(&mode, r, 2));
  CHECK(mode == CU_TR_ADDRESS_MODE_MIRROR);
  CHECK(cuTexRefSetAddressMode(r, 3, CU_TR_ADDRESS_MODE_WRAP) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexRefSetAddressMode(r, 0, static_cast<CUaddress_mode>(4)) == CUDA_ERROR_INVALID_VALUE);
  CUfilter_mode filter{};
  CHECK_CU(cuTexRefSetFilterMode(r, CU_TR_FILTER_MODE_LINEAR));
  CHECK_CU(cuTexRefGetFilterMode(&filter, r));
  CHECK(filter == CU_TR_FILTER_MODE_LINEAR);
  CHECK(cuTexRefSetFilterMode(r, static_cast<CUfilter_mode>(2)) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuTexRefSetMipmapFilterMode(r, CU_TR_FILTER_MODE_LINEAR));
  CHECK_CU(cuTexRefGetMipmapFilterMode(&filter, r));
  CHECK(filter == CU_TR_FILTER_MODE_LINEAR);
  float a = 0, b = 0;
  CHECK_CU(cuTexRefSetMipmapLevelBias(r, 1.5f));
  CHECK_CU(cuTexRefGetMipmapLevelBias(&a, r));
  CHECK(a == 1.5f);
  CHECK_CU(cuTexRefSetMipmapLevelClamp(r, 0.5f, 2.5f));
  CHECK_CU(cuTexRefGetMipmapLevelClamp(&a, &b, r));
  CHECK(a == 0.5f);
  CHECK(b == 2.5f);
  int anisotropy = 0;
  CHECK_CU(cuTexRefSetMaxAnisotropy(r, 8));
  CHECK_CU(cuTexRefGetMaxAnisotropy(&anisotropy, r));
  CHECK(anisotropy == 8);
  float colour[4] = {1, 2, 3, 4}, got[4] = {};
  CHECK_CU(cuTexRefSetBorderColor(r, colour));
  CHECK_CU(cuTexRefGetBorderColor(got, r));
  CHECK(got[0] == 1);
  CHECK(got[3] == 4);
  unsigned flags = 0;
  CHECK_CU(cuTexRefSetFlags(r, CU_TRSF_NORMALIZED_COORDINATES | CU_TRSF_READ_AS_INTEGER));
  CHECK_CU(cuTexRefGetFlags(&flags, r));
  CHECK(flags == (CU_TRSF_NORMALIZED_COORDINATES | CU_TRSF_READ_AS_INTEGER));
  CHECK(cuTexRefSetFlags(r, 0x100) == CUDA_ERROR_INVALID_VALUE);
}

void test_bindings(CUtexref r) {
  CUarray array = nullptr, bound = nullptr;
  CUmipmappedArray mips = nullptr, bound_mips = nullptr;
  const CUDA_ARRAY3D_DESCRIPTOR d{16, 16, 0, CU_AD_FORMAT_SIGNED_INT16, 2, 0};
  CHECK_CU(cuArray3DCreate_v2(&array, &d));
  CHECK_CU(cuMipmappedArrayCreate(&mips, &d, 3));
  CUdeviceptr memory = 0, address = 0;
  CHECK_CU(cuMemAlloc_v2(&memory, 1 << 16));

  CHECK(cuTexRefGetArray(&bound, r) == CUDA_ERROR_INVALID_VALUE); // nothing is
  CHECK(cuTexRefGetAddress_v2(&address, r) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexRefSetArray(r, array, 0) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexRefSetArray(r, nullptr, CU_TRSA_OVERRIDE_FORMAT) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuTexRefSetArray(r, array, CU_TRSA_OVERRIDE_FORMAT));
  CHECK_CU(cuTexRefGetArray(&bound, r));
  CHECK(bound == array);
  CUarray_format format{};
  int channels = 0;
  CHECK_CU(cuTexRefGetFormat(&format, &channels, r)); // the array's
  CHECK(format == CU_AD_FORMAT_SIGNED_INT16);
  CHECK(channels == 2);

  CHECK_CU(cuTexRefSetMipmappedArray(r, mips, CU_TRSA_OVERRIDE_FORMAT));
  CHECK_CU(cuTexRefGetMipmappedArray(&bound_mips, r));
  CHECK(bound_mips == mips);
  CHECK(cuTexRefGetArray(&bound, r) == CUDA_ERROR_INVALID_VALUE);

  CHECK(cuTexRefSetFormat(r, CU_AD_FORMAT_FLOAT, 3) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexRefSetFormat(r, CU_AD_FORMAT_BC1_UNORM, 4) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuTexRefSetFormat(r, CU_AD_FORMAT_FLOAT, 4));
  size_t offset = 1;
  CHECK_CU(cuTexRefSetAddress_v2(&offset, r, memory, 4096));
  CHECK(offset == 0);
  CHECK_CU(cuTexRefGetAddress_v2(&address, r));
  CHECK(address == memory);
  // Textures start at aligned addresses.
  CHECK_CU(cuTexRefSetAddress_v2(&offset, r, memory + 512 + 48, 4096));
  CHECK(offset == 48);
  CHECK_CU(cuTexRefGetAddress_v2(&address, r));
  CHECK(address == memory + 512);
  CHECK(cuTexRefSetAddress_v2(nullptr, r, memory + 48, 4096) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexRefSetAddress_v2(&offset, r, memory, 15) == CUDA_ERROR_INVALID_VALUE); // no texel

  CUDA_ARRAY_DESCRIPTOR flat{20, 10, CU_AD_FORMAT_UNSIGNED_INT8, 4};
  CHECK_CU(cuTexRefSetAddress2D_v3(r, &flat, memory, 96));
  CHECK_CU(cuTexRefGetAddress_v2(&address, r));
  CHECK(address == memory);
  CHECK(cuTexRefSetAddress2D_v3(r, &flat, memory + 16, 96) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexRefSetAddress2D_v3(r, &flat, memory, 84) == CUDA_ERROR_INVALID_VALUE);
  flat.Height = 65001;
  CHECK(cuTexRefSetAddress2D_v3(r, &flat, memory, 96) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuTexRefSetAddress_v2(nullptr, r, 0, 0)); // unbinds
  CHECK(cuTexRefGetAddress_v2(&address, r) == CUDA_ERROR_INVALID_VALUE);

  // It is no surface reference.
  CHECK(cuSurfRefSetArray(reinterpret_cast<CUsurfref>(r), array, 0) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuMemFree_v2(memory));
  CHECK_CU(cuMipmappedArrayDestroy(mips));
  CHECK_CU(cuArrayDestroy(array));
}

} // namespace

int main() {
  CUcontext context = nullptr;
  CUtexref reference = nullptr;
  CHECK_CU(cuInit(0));
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  CHECK_CU(cuTexRefCreate(&reference));
  test_sampling(reference);
  test_bindings(reference);
  CHECK_CU(cuTexRefDestroy(reference));
  CHECK(cuTexRefDestroy(reference) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexRefSetFlags(reference, 0) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuCtxDestroy_v2(context));
  if (failed_checks == 0)
    std::puts("texture_references: all checks passed");
  return failed_checks != 0;
}
