// An ELF file looked at from outside: sections and symbols, every offset checked. libc only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <elf.h>

namespace w2w::preload {

/// Read-only view of a file's sections. Opening reads only the headers; symbols() maps the file.
class ElfImage {
public:
  ElfImage() = default;
  ~ElfImage();
  ElfImage(const ElfImage &) = delete;
  ElfImage &operator=(const ElfImage &) = delete;

  /// False if the file cannot be read or is no 64-bit x86-64 ELF file with sections.
  bool open(const char *path);

  /// The section of this name, or null.
  const Elf64_Shdr *section(const char *name) const;
  /// The first section of this type, or null.
  const Elf64_Shdr *section_of_type(uint32_t type) const;
  const Elf64_Shdr *section_at(unsigned index) const {
    return index < count_ ? &sections_[index] : nullptr;
  }

  struct Symbols {
    const Elf64_Sym *begin = nullptr;
    size_t count = 0;
    const char *strings = nullptr;
    size_t strings_size = 0; // the last byte of the strings is NUL

    const char *name(const Elf64_Sym &s) const {
      return s.st_name < strings_size ? strings + s.st_name : "";
    }
  };
  /// The symbols of a section (SHT_SYMTAB or SHT_DYNSYM); none if it is damaged.
  Symbols symbols(const Elf64_Shdr *table);

private:
  bool map();

  int fd_ = -1;
  uint64_t size_ = 0;
  Elf64_Shdr *sections_ = nullptr; // malloc'ed
  unsigned count_ = 0;
  char *names_ = nullptr; // malloc'ed, NUL-terminated
  size_t names_size_ = 0;
  const uint8_t *mapped_ = nullptr;
};

} // namespace w2w::preload
