// Files: whole reads, atomic writes, where our own libraries lie.
#pragma once

#include "runtime/support/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace w2w {

/// Closes a file descriptor at the end of its scope.
class Descriptor {
public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor &&other) noexcept : fd_(other.release()) {}
  Descriptor &operator=(Descriptor &&other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

private:
  int fd_;
};

/// The whole file, or why it could not be read.
Result<std::vector<uint8_t>> read_whole_file(const std::string &path);
/// Writes to a new file in the same folder and renames it over `path`: a reader sees the old
/// content or the new one, never a mixture. False (errno set) if anything failed; nothing is left
/// behind then.
bool write_file_atomically(const std::string &path, std::span<const uint8_t> bytes);
/// Creates the folder and its parents (mode 0700 for what is created).
bool make_folders(const std::string &path);

/// The folder of the shared object or executable that holds `address`; with symbolic links
/// resolved.
std::string folder_of_code(const void *address);
/// GNU build id of an ELF file in hexadecimal; nothing if it has none or cannot be read. Reads only
/// headers and notes.
std::optional<std::string> elf_build_id(const std::string &path);

} // namespace w2w
