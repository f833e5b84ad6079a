// Our own declarations: sizes that must not change by accident, error names and texts.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <string>

TEST_CASE("structures have CUDA's sizes") {
  CHECK(sizeof(CUDA_MEMCPY2D) == 128);
  CHECK(sizeof(CUDA_MEMCPY3D) == 200);
  CHECK(sizeof(CUlaunchConfig) == 56);
  CHECK(sizeof(CUlaunchAttribute) == 72);
  CHECK(sizeof(CUmemPoolProps) == 88);
}

TEST_CASE("every error has a name and a text") {
  const char *text = nullptr;
  CHECK(cuGetErrorName(CUDA_ERROR_INVALID_VALUE, &text) == CUDA_SUCCESS);
  CHECK(std::string(text) == "CUDA_ERROR_INVALID_VALUE");
  CHECK(cuGetErrorString(CUDA_ERROR_INVALID_VALUE, &text) == CUDA_SUCCESS);
  CHECK(std::string(text) == "invalid argument");
  CHECK(cuGetErrorString(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, &text) == CUDA_SUCCESS);
  CHECK(std::string(text) == "peer access not enabled");
  CHECK(cuGetErrorName(CUDA_ERROR_UNKNOWN, &text) == CUDA_SUCCESS);
  CHECK(cuGetErrorName(static_cast<CUresult>(12345), &text) == CUDA_ERROR_INVALID_VALUE);
  CHECK(text == nullptr);
  CHECK(cuGetErrorName(CUDA_SUCCESS, nullptr) == CUDA_ERROR_INVALID_VALUE);
}

TEST_CASE("before cuInit nothing but queries works") {
  int value = 0;
  CHECK(cuDriverGetVersion(&value) == CUDA_SUCCESS);
  CHECK(value == 13000);
  CHECK(cuDeviceGetCount(&value) == CUDA_ERROR_NOT_INITIALIZED);
  CHECK(cuInit(1) == CUDA_ERROR_INVALID_VALUE);
  CUdeviceptr pointer = 0;
  CHECK(cuMemAlloc_v2(&pointer, 4) == CUDA_ERROR_NOT_INITIALIZED);
  CHECK(cuCtxSynchronize() == CUDA_ERROR_NOT_INITIALIZED);
}
