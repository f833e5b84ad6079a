#pragma once
#include <cstddef>
#include <map>
#include <string>
/// Sizes and offsets of abi_layout.def as runtime/cuda/cuda_abi.h has them.
std::map<std::string, size_t> abi_layout();
