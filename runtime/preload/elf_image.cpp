#include "runtime/preload/elf_image.h"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace w2w::preload {
namespace {

bool read_exactly(int fd, void *to, size_t size, uint64_t offset) {
  return ::pread(fd, to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

} // namespace

ElfImage::~ElfImage() {
  if (mapped_)
    ::munmap(const_cast<uint8_t *>(mapped_), size_);
  if (fd_ >= 0)
    ::close(fd_);
  std::free(sections_);
  std::free(names_);
}

bool ElfImage::open(const char *path) {
  fd_ = ::open(path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (fd_ < 0 || ::fstat(fd_, &st) != 0 || !S_ISREG(st.st_mode))
    return false;
  size_ = static_cast<uint64_t>(st.st_size);
  Elf64_Ehdr h;
  if (!read_exactly(fd_, &h, sizeof h, 0) || std::memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
      h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_machine != EM_X86_64 ||
      h.e_shentsize != sizeof(Elf64_Shdr) || h.e_shnum == 0 || h.e_shstrndx >= h.e_shnum)
    return false;
  sections_ = static_cast<Elf64_Shdr *>(std::malloc(h.e_shnum * sizeof(Elf64_Shdr)));
  if (!sections_ || !read_exactly(fd_, sections_, h.e_shnum * sizeof(Elf64_Shdr), h.e_shoff))
    return false;
  count_ = h.e_shnum;
  const Elf64_Shdr &names = sections_[h.e_shstrndx];
  if (names.sh_size > size_)
    return false;
  names_size_ = names.sh_size;
  names_ = static_cast<char *>(std::malloc(names_size_ + 1));
  if (!names_ || !read_exactly(fd_, names_, names_size_, names.sh_offset))
    return false;
  names_[names_size_] = 0;
  return true;
}

const Elf64_Shdr *ElfImage::section(const char *name) const {
  for (unsigned i = 0; i < count_; ++i)
    if (sections_[i].sh_name < names_size_ && std::strcmp(names_ + sections_[i].sh_name, name) == 0)
      return &sections_[i];
  return nullptr;
}

const Elf64_Shdr *ElfImage::section_of_type(uint32_t type) const {
  for (unsigned i = 0; i < count_; ++i)
    if (sections_[i].sh_type == type)
      return &sections_[i];
  return nullptr;
}

bool ElfImage::map() {
  if (!mapped_) {
    void *p = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0);
    if (p != MAP_FAILED)
      mapped_ = static_cast<const uint8_t *>(p);
  }
  return mapped_ != nullptr;
}

ElfImage::Symbols ElfImage::symbols(const Elf64_Shdr *table) {
  Symbols out;
  const Elf64_Shdr *strings = table ? section_at(table->sh_link) : nullptr;
  auto inside = [&](const Elf64_Shdr *s) {
    return s->sh_offset <= size_ && s->sh_size <= size_ - s->sh_offset;
  };
  if (!strings || !inside(table) || !inside(strings) || strings->sh_size == 0 ||
      table->sh_offset % alignof(Elf64_Sym) != 0 || !map() ||
      mapped_[strings->sh_offset + strings->sh_size - 1] != 0)
    return out;
  out.begin = reinterpret_cast<const Elf64_Sym *>(mapped_ + table->sh_offset);
  out.count = table->sh_size / sizeof(Elf64_Sym);
  out.strings = reinterpret_cast<const char *>(mapped_ + strings->sh_offset);
  out.strings_size = strings->sh_size;
  return out;
}

} // namespace w2w::preload
