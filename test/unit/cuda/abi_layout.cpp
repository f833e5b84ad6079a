#include "test/unit/cuda/abi_layout.h"

#include "runtime/cuda/cuda_abi.h"

std::map<std::string, size_t> abi_layout() {
  std::map<std::string, size_t> ours;
#define W2W_SIZE(type) ours["sizeof " #type] = sizeof(type);
#define W2W_OFFSET(type, member) ours[#type "." #member] = offsetof(type, member);
#include "test/unit/cuda/abi_layout.def"
  return ours;
}
