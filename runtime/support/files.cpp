#include "runtime/support/files.h"

#include <fmt/format.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace w2w {

void Descriptor::reset(int fd) {
  if (fd_ >= 0 && fd_ != fd)
    ::close(fd_);
  fd_ = fd;
}

Result<std::vector<uint8_t>> read_whole_file(const std::string &path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd)
    return Error{fmt::format("cannot open {}: {}", path, std::strerror(errno))};
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0)
    return Error{fmt::format("cannot read {}: {}", path, std::strerror(errno))};
  if (!S_ISREG(info.st_mode))
    return Error{fmt::format("{} is not a file", path)};
  std::vector<uint8_t> bytes(static_cast<size_t>(info.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return Error{fmt::format("cannot read {}: {}", path, std::strerror(errno))};
    if (n == 0)
      break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

bool write_file_atomically(const std::string &path, std::span<const uint8_t> bytes) {
  std::string temporary = path + ".XXXXXX";
  Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd)
    return false;
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    done += static_cast<size_t>(n);
  }
  if (done == bytes.size() && ::rename(temporary.c_str(), path.c_str()) == 0)
    return true;
  int error = errno;
  ::unlink(temporary.c_str());
  errno = error;
  return false;
}

bool make_folders(const std::string &path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return false;
    if (slash == std::string::npos)
      break;
  }
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string folder_of_code(const void *address) {
  Dl_info info{};
  if (!::dladdr(address, &info) || !info.dli_fname)
    return ".";
  char resolved[PATH_MAX];
  std::string path = ::realpath(info.dli_fname, resolved) ? resolved : info.dli_fname;
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::optional<std::string> elf_build_id(const std::string &path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Elf64_Ehdr header{};
  if (!fd || ::pread(fd.get(), &header, sizeof header, 0) != sizeof header ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phnum > 64)
    return std::nullopt;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (::pread(fd.get(), &segment, sizeof segment,
                static_cast<off_t>(header.e_phoff + i * sizeof segment)) != sizeof segment)
      return std::nullopt;
    if (segment.p_type != PT_NOTE || segment.p_filesz > 65536)
      continue;
    std::vector<uint8_t> notes(segment.p_filesz);
    if (::pread(fd.get(), notes.data(), notes.size(), static_cast<off_t>(segment.p_offset)) !=
        static_cast<ssize_t>(notes.size()))
      return std::nullopt;
    for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= notes.size();) {
      Elf64_Nhdr note{};
      std::memcpy(&note, notes.data() + at, sizeof note);
      size_t name = at + sizeof note;
      size_t content = name + ((note.n_namesz + size_t{3}) & ~size_t{3});
      size_t next = content + ((note.n_descsz + size_t{3}) & ~size_t{3});
      if (content + note.n_descsz > notes.size())
        break;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
          std::memcmp(notes.data() + name, "GNU", 4) == 0) {
        std::string hex;
        for (size_t k = 0; k < note.n_descsz; ++k)
          hex += fmt::format("{:02x}", notes[content + k]);
        return hex;
      }
      at = next;
    }
  }
  return std::nullopt;
}

} // namespace w2w
