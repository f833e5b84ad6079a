// What an ELF program is, as far as running it with warp2wave matters; and where our own libraries
// lie.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace w2w::tool {

/// How a program or shared library reaches the CUDA runtime.
enum class CudaUse {
  None,            // no sign of CUDA: perhaps a script interpreter whose libraries use it
  DynamicRuntime,  // needs libcudart.so.N
  StaticRuntime,   // the runtime is inside, its symbols are there: served by the preload library
  StrippedRuntime, // the runtime is inside, but no symbol table: cannot be served
  DriverOnly       // needs libcuda.so.1 alone
};

struct Program {
  std::string path;
  CudaUse use = CudaUse::None;
  std::string runtime_soname;      // DynamicRuntime: "libcudart.so.13"
  int runtime_major = 0;           // StaticRuntime: 11, 12 or 13
  unsigned runtime_symbols = 0;    // StaticRuntime: functions that would be redirected
  bool has_device_code = false;    // .nvFatBinSegment
  bool is_dynamic = false;         // has an interpreter: LD_PRELOAD works
  bool is_setuid = false;          // the loader ignores LD_PRELOAD
  std::vector<std::string> needed; // DT_NEEDED
};

/// Reads the program; false with a message if it is not a 64-bit x86-64 ELF file or cannot be read.
bool read_program(const std::string &path, Program &program, std::string &error);

/// The path a shell would run for `name` (PATH is searched if it holds no slash); empty if there is
/// none.
std::string find_executable(const std::string &name);

/// Folder of libcuda.so.1, libw2w-preload.so and the others: ../lib beside this executable. Ends in
/// no slash.
std::string library_folder();

/// The shared library's file in library_folder(), empty if it isn't there.
std::string library_path(std::string_view name);

} // namespace w2w::tool
