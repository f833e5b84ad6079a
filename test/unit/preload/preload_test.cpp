// Redirection of statically linked runtimes, on shared libraries made to look like them.
#include <catch2/catch.hpp>

#include "runtime/preload/elf_image.h"
#include "runtime/preload/names.h"
#include "runtime/preload/patch.h"

#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace w2w::preload;

namespace {

struct Call {
  long ints[8];
  double doubles[8];
} g_call;
std::vector<std::string> g_resolved;

/// Where redirected functions lead in this test: eight integers (two of them on the stack) and
/// eight doubles must arrive.
extern "C" long landing(long a, long b, long c, long d, long e, long f, long g, long h, double s,
                        double t, double u, double v, double w, double x, double y, double z) {
  g_call = {{a, b, c, d, e, f, g, h}, {s, t, u, v, w, x, y, z}};
  return 0x900d;
}

using Function = long (*)(long, long, long, long, long, long, long, long, double, double, double,
                          double, double, double, double, double);

long call(void *p) {
  g_call = {};
  return reinterpret_cast<Function>(p)(1, 2, 3, 4, 5, 6, 7, 8, .5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5,
                                       7.5);
}

std::string library(const std::string &name) {
  return std::string(W2W_FAKE_FOLDER) + "/libfake_" + name + ".so";
}

/// Loads a library and hands the loader's description of it to patch_object.
struct Loaded {
  explicit Loaded(const std::string &file) : path(file) {
    handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(handle);
    functions = static_cast<void **>(::dlsym(handle, "fake_functions"));
    ::dl_iterate_phdr(
        [](dl_phdr_info *info, size_t, void *data) {
          auto *self = static_cast<Loaded *>(data);
          if (self->path == info->dlpi_name)
            self->report = patch_object(info->dlpi_name, *info);
          return 0;
        },
        this);
  }
  ~Loaded() { ::dlclose(handle); }
  Loaded(const Loaded &) = delete;
  Loaded &operator=(const Loaded &) = delete;
  std::string path;
  void *handle = nullptr;
  void **functions = nullptr;
  Report report;
};

std::string read_all(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

namespace w2w::preload {
void *resolve_runtime_function(int major, const char *name) {
  g_resolved.push_back(std::to_string(major) + " " + name);
  return reinterpret_cast<void *>(&landing);
}
} // namespace w2w::preload

TEST_CASE("functions of a static runtime lead to ours", "[preload]") {
  g_resolved.clear();
  Loaded fake(library("13"));
  REQUIRE(fake.report.finding == Finding::Redirected);
  CHECK(fake.report.major == 13);
  CHECK(fake.report.redirected ==
        4); // __cudaRegisterFatBinary, cudaMalloc, cudaLaunchKernel, __cudaGetProcAddress
  CHECK(fake.report.no_room == 1); // cudaGetLastError
  CHECK(g_resolved.empty());       // nothing is loaded before the first call

  for (int i = 0; i < 3; ++i) {
    INFO("function " << i);
    CHECK(call(fake.functions[i]) == 0x900d);
    for (int k = 0; k < 8; ++k) {
      CHECK(g_call.ints[k] == k + 1);
      CHECK(g_call.doubles[k] == k + .5);
    }
  }
  CHECK(g_resolved == std::vector<std::string>{"13 cudaMalloc", "13 cudaLaunchKernel",
                                               "13 __cudaGetProcAddress"});
  CHECK(call(fake.functions[0]) == 0x900d); // now without the resolver
  CHECK(g_resolved.size() == 3);

  CHECK(call(fake.functions[3]) == 0xbad); // the program's own function with a similar name
  CHECK(call(fake.functions[4]) == 0);     // too short, and left as it was
  CHECK(call(fake.functions[5]) == 7);     // its neighbour is whole
}

TEST_CASE("the runtime's version", "[preload]") {
  CHECK(Loaded(library("12")).report.major == 12);
  CHECK(Loaded(library("11")).report.major == 11);
  CHECK(Loaded(library("11")).report.finding == Finding::Redirected);
}

TEST_CASE("a runtime in an object without device code", "[preload]") {
  Loaded fake(library("host_only"));
  CHECK(fake.report.finding == Finding::Redirected);
  CHECK(call(fake.functions[0]) == 0x900d);
  CHECK(Loaded(library("no_runtime")).report.finding == Finding::NoDeviceCode);
  CHECK(Loaded(W2W_FAKE_FOLDER "/libcudart.so.13").report.finding == Finding::NoDeviceCode);
}

TEST_CASE("what cannot or need not be redirected", "[preload]") {
  CHECK(Loaded(library("stripped")).report.finding == Finding::Stripped);
  // Functions with such names, but no runtime: a program that links it dynamically would import the
  // registration.
  CHECK(Loaded(library("unregistered")).report.finding == Finding::Stripped);
  dl_phdr_info none = {};
  CHECK(patch_object("/bin/sh", none).finding == Finding::NoDeviceCode);
  CHECK(patch_object("/nonexistent", none).finding == Finding::NoDeviceCode);
  CHECK(patch_object("/", none).finding == Finding::NoDeviceCode);
}

TEST_CASE("names come from the runtime's table", "[preload]") {
  CHECK(kRuntimeNames.size() > 400);
  // Different names, different hashes: names with several rows are the only repetitions.
  std::set<std::string> names;
  for (const char *n : {
#define W2W_RT(name, first, last, implementation) #name,
#define W2W_RT_STREAM(name, first, last, implementation, place) #name, #name "_ptsz",
#define W2W_RT_NONE(name, first, last) #name,
#include "runtime/cudart/functions.def"
#undef W2W_RT
#undef W2W_RT_STREAM
#undef W2W_RT_NONE
       }) {
    names.insert(n);
    CHECK(is_runtime_function(n));
  }
  CHECK(names.size() == std::set<uint64_t>(kRuntimeNames.begin(), kRuntimeNames.end()).size());
  CHECK(is_runtime_function("cudaMalloc"));
  CHECK(is_runtime_function("cudaLaunchKernel_ptsz"));
  CHECK(is_runtime_function("cudaMemcpy_ptds"));
  CHECK(is_runtime_function("__cudaRegisterFatBinary"));
  CHECK(is_runtime_function("cudaGraphCreate"));
  CHECK_FALSE(is_runtime_function("cudaMalloc2"));
  CHECK_FALSE(is_runtime_function("cudaMallo"));
  CHECK_FALSE(is_runtime_function("cuda"));
  CHECK_FALSE(is_runtime_function(""));
  CHECK_FALSE(is_runtime_function("malloc"));
}

TEST_CASE("damaged files are refused, not believed", "[preload]") {
  const std::string whole = read_all(library("13"));
  const std::string path = std::string(W2W_FAKE_FOLDER) + "/damaged-" + std::to_string(::getpid());
  auto look = [&](const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    ElfImage elf;
    unsigned found = 0;
    if (elf.open(path.c_str())) {
      elf.section(".nvFatBinSegment");
      for (uint32_t type : {uint32_t{SHT_SYMTAB}, uint32_t{SHT_DYNSYM}}) {
        ElfImage::Symbols s = elf.symbols(elf.section_of_type(type));
        for (size_t i = 0; i < s.count; ++i)
          found += is_runtime_function(s.name(s.begin[i]));
      }
    }
    return found;
  };
  CHECK(look(whole) >= 5);
  for (size_t n = 0; n < whole.size(); n += 1 + n / 64)
    look(whole.substr(0, n));
  std::mt19937 rng(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = whole;
    // Headers and the section table at the end are where it matters.
    for (int k = 0; k < 3; ++k) {
      size_t at =
          rng() % 2 ? rng() % 64 : bytes.size() - 1 - rng() % std::min<size_t>(bytes.size(), 2048);
      bytes[at] = static_cast<char>(rng() % 3 ? rng() : 0xff);
    }
    look(bytes);
  }
  ::unlink(path.c_str());
}
