#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "runtime/cuda/entry_points.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

using namespace w2w::cuda;

TEST_CASE("the table is sorted and names each symbol once") {
  std::set<std::string_view> symbols;
  auto rows = entry_points();
  CHECK(rows.size() == 637);
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(symbols.insert(rows[i].symbol).second);
    CHECK(rows[i].symbol.starts_with(rows[i].base));
    CHECK(rows[i].address != nullptr);
    CHECK((rows[i].version >= 2000 && rows[i].version <= W2W_CUDA_VERSION));
    bool per_thread = rows[i].symbol.ends_with("_ptds") || rows[i].symbol.ends_with("_ptsz");
    CHECK(per_thread == (rows[i].variant == StreamVariant::PerThread));
    if (i > 0)
      CHECK(rows[i - 1].base <= rows[i].base);
  }
}

static void *find(const char *name, int version, bool per_thread = false) {
  void *address = nullptr;
  return find_entry_point(name, version, per_thread, address) == Lookup::Found ? address : nullptr;
}

template <class F> static void *as_pointer(F *f) {
  return reinterpret_cast<void *>(f);
}

TEST_CASE("names resolve to the newest variant not above the version") {
  CHECK(find("cuMemAlloc", 3020) == as_pointer(&cuMemAlloc_v2));
  CHECK(find("cuMemAlloc", 2000) != as_pointer(&cuMemAlloc_v2));
  CHECK(find("cuMemcpyHtoD", 13000) == as_pointer(&cuMemcpyHtoD_v2));
  CHECK(find("cuMemcpyHtoD", 13000, true) == as_pointer(&cuMemcpyHtoD_v2_ptds));
  CHECK(find("cuLaunchKernel", 13000, true) == as_pointer(&cuLaunchKernel_ptsz));
  CHECK(find("cuMemAlloc", 13000, true) == as_pointer(&cuMemAlloc_v2)); // no per-thread twin
  CHECK(find("cuCtxCreate", 4000) == as_pointer(&cuCtxCreate_v2));
  CHECK(find("cuCtxCreate", 11040) == as_pointer(&cuCtxCreate_v3));
  CHECK(find("cuCtxCreate", 13000) == as_pointer(&cuCtxCreate_v4));
  CHECK(find("cuGetProcAddress", 12000) == as_pointer(&cuGetProcAddress_v2));
  CHECK(find("cuDevicePrimaryCtxRelease", 7000) == as_pointer(&cuDevicePrimaryCtxRelease));
  CHECK(find("cuDevicePrimaryCtxRelease", 13000) == as_pointer(&cuDevicePrimaryCtxRelease_v2));
  void *address = nullptr;
  CHECK(find_entry_point("cuLibraryLoadData", 11000, false, address) == Lookup::VersionTooOld);
  CHECK(find_entry_point("cuNothing", 13000, false, address) == Lookup::UnknownName);
  CHECK(find_entry_point("", 0, false, address) == Lookup::UnknownName);
  // Versioned names are no base names.
  CHECK(find_entry_point("cuMemAlloc_v2", 13000, false, address) == Lookup::UnknownName);
}

TEST_CASE("cuGetProcAddress answers before cuInit and never crashes") {
  void *address = nullptr;
  CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
  CHECK(cuGetProcAddress_v2("", &address, 0, 0, &status) == CUDA_SUCCESS);
  CHECK(status == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
  CHECK(address == nullptr);
  CHECK(cuGetProcAddress_v2("cuInit", &address, 12000, 0, &status) == CUDA_SUCCESS);
  CHECK(status == CU_GET_PROC_ADDRESS_SUCCESS);
  CHECK(address == as_pointer(&cuInit));
  CHECK(cuGetProcAddress_v2("cuLibraryLoadData", &address, 11000, 0, &status) == CUDA_SUCCESS);
  CHECK(status == CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
  CHECK(cuGetProcAddress("cuNothing", &address, 12000, 0) == CUDA_ERROR_NOT_FOUND);
  CHECK(cuGetProcAddress(nullptr, &address, 12000, 0) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuGetProcAddress("cuInit", nullptr, 12000, 0) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuGetProcAddress("cuInit", &address, 99000, 0) == CUDA_ERROR_INVALID_VALUE);
}

TEST_CASE("what is not implemented says so") {
  auto *f = reinterpret_cast<CUresult (*)(void)>(find("cuGraphConditionalHandleCreate", 13000));
  REQUIRE(f);
  CHECK(f() == CUDA_ERROR_NOT_SUPPORTED);
  const void *table = &table;
  CUuuid id{};
  CHECK(cuGetExportTable(&table, &id) == CUDA_ERROR_NOT_SUPPORTED);
  CHECK(table == nullptr);
}

#ifdef W2W_CUDA_STUB
/// Names of the functions an ELF library defines for others.
static std::set<std::string> exported(const char *path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  REQUIRE(bytes.size() > sizeof(Elf64_Ehdr));
  auto *header = reinterpret_cast<const Elf64_Ehdr *>(bytes.data());
  auto *sections = reinterpret_cast<const Elf64_Shdr *>(bytes.data() + header->e_shoff);
  std::set<std::string> names;
  for (int i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_DYNSYM)
      continue;
    const char *strings = bytes.data() + sections[sections[i].sh_link].sh_offset;
    auto *symbols = reinterpret_cast<const Elf64_Sym *>(bytes.data() + sections[i].sh_offset);
    for (size_t k = 0; k < sections[i].sh_size / sizeof(Elf64_Sym); ++k)
      if (symbols[k].st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbols[k].st_info) == STT_FUNC)
        names.insert(strings + symbols[k].st_name);
  }
  return names;
}

TEST_CASE("the toolkit's stub library exports the same names") {
  std::set<std::string> ours;
  for (const EntryPoint &e : entry_points())
    ours.emplace(e.symbol);
  std::vector<std::string> missing;
  for (const std::string &name : exported(W2W_CUDA_STUB))
    if (name.starts_with("cu") && !ours.count(name))
      missing.push_back(name);
  CHECK(missing.empty());
}
#endif
