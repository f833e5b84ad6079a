#include "lowering/codegen/link.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

namespace w2w {
namespace {

/// lld reads and writes files by name; both live in the system's temporary directory and go when
/// this returns.
bool link_with_lld(std::span<const uint8_t> object, std::vector<uint8_t> &code_object,
                   std::string &error) {
  static std::mutex one_link_at_a_time;
  static bool usable = true; // false once lld has said that it can't run again in this process
  std::lock_guard lock(one_link_at_a_time);
  if (!usable) {
    error = "the linker can't be used again in this process after an internal error";
    return false;
  }

  llvm::SmallString<128> input_path, output_path;
  int fd = -1;
  if (std::error_code ec = llvm::sys::fs::createTemporaryFile("w2w", "o", fd, input_path)) {
    error = "can't make a temporary file for the linker: " + ec.message();
    return false;
  }
  llvm::FileRemover remove_input(input_path);
  {
    llvm::raw_fd_ostream out(fd, /*shouldClose=*/true);
    out.write(reinterpret_cast<const char *>(object.data()), object.size());
    out.close();
    if (out.has_error()) {
      error = "can't write " + std::string(input_path) + ": " + out.error().message();
      out.clear_error();
      return false;
    }
  }
  output_path = input_path;
  output_path += ".hsaco";
  llvm::FileRemover remove_output(output_path);

  const char *args[] = {"ld.lld", "-shared",           "--no-undefined",  "--threads=1",
                        "-o",     output_path.c_str(), input_path.c_str()};
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result = lld::lldMain(args, stream, stream, {{lld::Gnu, &lld::elf::link}});
  usable = result.canRunAgain;
  if (result.retCode != 0) {
    error = messages;
    return false;
  }
  auto buffer = llvm::MemoryBuffer::getFile(output_path, false, false);
  if (!buffer) {
    error = "can't read the linker's output: " + buffer.getError().message();
    return false;
  }
  code_object.assign((*buffer)->getBufferStart(), (*buffer)->getBufferEnd());
  return true;
}

} // namespace

bool link_code_object(std::span<const uint8_t> object, Linker linker, const std::string &mcpu,
                      std::vector<uint8_t> &code_object, std::string &error) {
  switch (linker) {
  case Linker::Lld:
    return link_with_lld(object, code_object, error);
  case Linker::Comgr:
    return link_with_comgr(object, mcpu, code_object, error);
  }
  return false;
}

} // namespace w2w
