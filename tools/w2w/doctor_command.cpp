// w2w doctor: whether and how a program would run.
#include "runtime/fatbin/fatbin.h"
#include "tools/w2w/commands.h"
#include "tools/w2w/program.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <fmt/format.h>
#include <set>
#include <unistd.h>

namespace w2w::tool {
namespace {

constexpr std::string_view kVerb = "doctor";
constexpr uint32_t kComputeCapability = 89; // what our driver reports unless told otherwise

void line(std::string_view mark, std::string_view text) {
  fmt::print("  {:<5} {}\n", mark, text);
}

/// Our libraries; returns false if one is missing.
bool check_libraries() {
  fmt::print("libraries in {}\n", library_folder());
  bool all = true;
  for (std::string_view name :
       {"libcuda.so.1", "libcudart.so.11.0", "libcudart.so.12", "libcudart.so.13",
        "libw2w-preload.so", "libw2w-audit.so", "libw2w-hipemu.so"}) {
    const bool found = !library_path(name).empty();
    line(found ? "ok" : "MISSING", name);
    all &= found;
  }
  return all;
}

/// Asks our driver library, as the program would.
bool check_device() {
  const char *asked = std::getenv("W2W_DEVICE");
  fmt::print("device (W2W_DEVICE={})\n", asked && *asked ? asked : "auto");
  void *lib = ::dlopen(library_path("libcuda.so.1").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!lib) {
    line("FAIL", fmt::format("libcuda.so.1 cannot be loaded: {}", ::dlerror()));
    return false;
  }
  auto init = reinterpret_cast<int (*)(unsigned)>(::dlsym(lib, "cuInit"));
  auto count = reinterpret_cast<int (*)(int *)>(::dlsym(lib, "cuDeviceGetCount"));
  auto name = reinterpret_cast<int (*)(char *, int, int)>(::dlsym(lib, "cuDeviceGetName"));
  auto attribute = reinterpret_cast<int (*)(int *, int, int)>(::dlsym(lib, "cuDeviceGetAttribute"));
  if (!init || !count || !name || !attribute) {
    line("FAIL", "libcuda.so.1 lacks a basic function; it is not warp2wave's, or damaged");
    return false;
  }
  int n = 0, rc = init(0);
  if (rc != 0 || count(&n) != 0 || n == 0) {
    line("FAIL", fmt::format("no usable device (cuInit gave {}); W2W_LOG=info says why", rc));
    return false;
  }
  for (int d = 0; d < n; ++d) {
    char text[256] = "?";
    int major = 0, minor = 0;
    name(text, sizeof text, d);
    attribute(&major, 75, d); // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR
    attribute(&minor, 76, d);
    line("ok", fmt::format("{}: {}, compute capability {}.{}", d, text, major, minor));
  }
  return true;
}

/// The device code inside; returns false if there is some, but no PTX.
bool check_device_code(const Program &p) {
  if (!p.has_device_code)
    return true;
  auto bytes = fatbin::read_file(p.path);
  if (!bytes) {
    line("FAIL", bytes.error().message);
    return false;
  }
  auto image = fatbin::open_bytes(*bytes, p.path);
  if (!image) {
    line("FAIL", image.error().message);
    return false;
  }
  // A kernel is served if the PTX chosen from some container has it. Containers without PTX may be
  // the device linker's, whose kernels are in the PTX of others.
  std::set<std::string> served, all;
  bool good = true;
  for (size_t c = 0; c < image->containers.size(); ++c) {
    const auto chosen = fatbin::select_ptx(image->entries, kComputeCapability, c);
    for (size_t i = 0; i < image->entries.size(); ++i) {
      const fatbin::Entry &e = image->entries[i];
      if (e.container != c)
        continue;
      auto kernels = fatbin::kernel_names(e);
      if (!kernels) {
        line("FAIL", kernels.error().message);
        good = false;
        continue;
      }
      all.insert(kernels->begin(), kernels->end());
      if (!chosen || *chosen != i)
        continue;
      served.insert(kernels->begin(), kernels->end());
      line("ok", fmt::format("device code in {}: {} would be used ({} kernels)",
                             image->container_names[c], e.describe(), kernels->size()));
    }
  }
  std::vector<std::string> missing;
  std::set_difference(all.begin(), all.end(), served.begin(), served.end(),
                      std::back_inserter(missing));
  if (!missing.empty()) {
    std::string found;
    for (const fatbin::Entry &e : image->entries)
      if (found.find(e.describe()) == std::string::npos)
        found += (found.empty() ? "" : ", ") + e.describe();
    line("FAIL",
         fmt::format("{} of {} kernels have no usable PTX ({}{}); found {}; rebuild with PTX in "
                     "it, e.g. nvcc -gencode arch=compute_{},code=compute_{}",
                     missing.size(), all.size(), missing[0], missing.size() > 1 ? ", ..." : "",
                     found, kComputeCapability, kComputeCapability));
    good = false;
  }
  return good;
}

bool check_program(const Program &p) {
  fmt::print("program {}\n", p.path);
  bool good = true;
  switch (p.use) {
  case CudaUse::DynamicRuntime: {
    const bool ours = !library_path(p.runtime_soname).empty();
    line(ours ? "ok" : "FAIL",
         fmt::format("uses the CUDA runtime as a shared library ({}){}", p.runtime_soname,
                     ours ? "" : ": this version is not served, only 11.0, 12 and 13 are"));
    good &= ours;
    break;
  }
  case CudaUse::StaticRuntime:
    line("ok", fmt::format("has the CUDA {}.x runtime linked in statically ({} functions in the "
                           "symbol table): libw2w-preload.so redirects them; use `w2w run`",
                           p.runtime_major, p.runtime_symbols));
    break;
  case CudaUse::StrippedRuntime:
    line("FAIL", "has device code, but neither a shared CUDA runtime nor a symbol table: link it "
                 "with `-cudart shared`, or do not strip it");
    good = false;
    break;
  case CudaUse::DriverOnly:
    line("ok", "uses the driver API alone (libcuda.so.1)");
    break;
  case CudaUse::None:
    line("note", "shows no use of CUDA itself; libraries it loads are looked at when they are "
                 "loaded (e.g. an interpreter's extension modules)");
    break;
  }
  if (p.is_setuid) {
    line("FAIL", "is set-user-ID or set-group-ID: the loader ignores LD_PRELOAD and LD_AUDIT");
    good = false;
  }
  if (!p.is_dynamic) {
    line("FAIL", "is linked wholly statically, no library can be put in; link it without -static");
    good = false;
  }
  return check_device_code(p) && good;
}

bool is_script(const std::string &path) {
  auto bytes = fatbin::read_file(path);
  return bytes && bytes->size() > 2 && (*bytes)[0] == '#' && (*bytes)[1] == '!';
}

} // namespace

int doctor_command(const Args &args) {
  if (args.size() != 2)
    return misuse(kVerb, args.size() < 2 ? "no program given" : "one program expected");
  std::string path = find_executable(args[1]);
  if (path.empty() && ::access(args[1].c_str(), F_OK) == 0)
    path = args[1]; // a shared library need not be executable, nor a file here be on PATH
  if (path.empty())
    return fail(kVerb, fmt::format("{}: not found", args[1]));
  Program p;
  std::string error;
  bool good = true;
  if (is_script(path)) {
    fmt::print("program {}\n", path);
    line("note",
         "is a script; the programs and libraries it uses are looked at when they are loaded");
  } else if (read_program(path, p, error)) {
    good = check_program(p);
  } else {
    return fail(kVerb, error);
  }
  good &= check_libraries();
  good &= check_device();
  fmt::print("{}\n", good ? "would run: w2w run " + args[1] : "would NOT run, see above");
  return good ? 0 : 1;
}

} // namespace w2w::tool
