// Whole images: wrappers and other images in a program's memory, files, and containers inside host
// ELF files.
#include "runtime/fatbin/bytes.h"
#include "runtime/fatbin/fatbin.h"
#include "runtime/fatbin/format.h"

#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace w2w::fatbin {
namespace {

constexpr uint16_t kMachineCuda = 190; // EM_CUDA in the ELF registry

Bytes memory(const void *p, size_t size) {
  return {static_cast<const uint8_t *>(p), size};
}

/// Adds the container at the start of `bytes`.
std::optional<Error> add_container(Image &image, Bytes bytes, std::string where) {
  auto entries = read_container(bytes, where);
  if (!entries)
    return entries.error();
  for (Entry &e : *entries) {
    e.container = image.containers.size();
    image.entries.push_back(e);
  }
  image.containers.push_back(bytes.first(*container_size(bytes)));
  image.container_names.push_back(std::move(where));
  return std::nullopt;
}

/// The container a program points at: its own header tells how long it is.
std::optional<Error> add_container(Image &image, const void *p, std::string where) {
  format::ContainerHeader header;
  std::memcpy(&header, p, sizeof header);
  if (header.magic != format::kContainerMagic || header.size > (uint64_t{1} << 40))
    return Error{fmt::format("{}: no fatbinary where the wrapper points to (found {:#010x})", where,
                             header.magic)};
  return add_container(image, memory(p, header.header_size + header.size), std::move(where));
}

Image text_image(Bytes bytes) {
  Image image;
  image.format = Format::PtxText;
  Entry e;
  e.payload = bytes;
  e.uncompressed_size = bytes.size();
  // A text whose head cannot be read is still handed on: the parser has the better message.
  if (auto h = read_ptx_header({reinterpret_cast<const char *>(bytes.data()), bytes.size()})) {
    e.ptx_major = h->major;
    e.ptx_minor = h->minor;
    e.arch = h->arch;
    e.arch_suffix = h->arch_suffix;
  }
  image.entries.push_back(e);
  image.containers.push_back(bytes);
  image.container_names.push_back("PTX text");
  return image;
}

Image cubin_image(Bytes bytes, const Elf64_Ehdr &header) {
  Image image;
  image.format = Format::Cubin;
  Entry e;
  e.kind = Kind::Elf;
  e.payload = bytes;
  e.uncompressed_size = bytes.size();
  // The architecture's place in e_flags depends on the ABI version: bits 8..15 since 8 (CUDA 13),
  // bits 0..7 before.
  e.arch = header.e_ident[EI_ABIVERSION] >= 8 ? header.e_flags >> 8 & 0xff : header.e_flags & 0xff;
  image.entries.push_back(e);
  image.containers.push_back(bytes);
  image.container_names.push_back("cubin");
  return image;
}

/// End of an ELF image in memory as its headers tell it. Its section table is read if it lies at a
/// believable place.
uint64_t elf_extent(const Elf64_Ehdr &h, const uint8_t *base) {
  uint64_t end = sizeof(Elf64_Ehdr);
  if (h.e_shoff > kMaxUncompressed || h.e_phoff > kMaxUncompressed)
    return UINT64_MAX;
  end = std::max<uint64_t>(end, h.e_shoff + uint64_t{h.e_shnum} * h.e_shentsize);
  end = std::max<uint64_t>(end, h.e_phoff + uint64_t{h.e_phnum} * h.e_phentsize);
  if (h.e_shoff && h.e_shentsize == sizeof(Elf64_Shdr))
    for (unsigned i = 0; i < h.e_shnum; ++i) {
      Elf64_Shdr s;
      std::memcpy(&s, base + h.e_shoff + i * sizeof s, sizeof s);
      if (s.sh_type != SHT_NOBITS)
        end = std::max<uint64_t>(end, s.sh_offset + s.sh_size);
    }
  return end;
}

bool is_elf64(Bytes bytes, Elf64_Ehdr &header) {
  auto h = load<Elf64_Ehdr>(bytes, 0);
  if (!h || std::memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
    return false;
  header = *h;
  return true;
}

/// Containers of the sections that hold device code: .nv_fatbin (normal and device-linked) and
/// __nv_relfatbin (relocatable device code). They lie back to back, each at an 8-byte boundary,
/// with zeros between.
Result<Image> host_elf_image(Bytes bytes, const Elf64_Ehdr &h, std::string_view name) {
  auto damaged = [&](std::string_view what) {
    return Error{fmt::format("{}: damaged ELF file: {}", name, what)};
  };
  if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB)
    return Error{fmt::format("{}: only 64-bit little-endian ELF files are supported", name)};
  Image image;
  image.format = Format::HostElf;
  if (h.e_shoff == 0 || h.e_shnum == 0)
    return Error{fmt::format("{}: the file has no section table, so its device code cannot be "
                             "found; use the file as the linker wrote it",
                             name)};
  if (h.e_shentsize != sizeof(Elf64_Shdr))
    return damaged(fmt::format("section headers of {} bytes", h.e_shentsize));
  auto names = load<Elf64_Shdr>(bytes, h.e_shoff + uint64_t{h.e_shstrndx} * sizeof(Elf64_Shdr));
  if (!names || names->sh_offset > bytes.size() || names->sh_size > bytes.size() - names->sh_offset)
    return damaged("the section names lie outside the file");
  std::string_view strings(reinterpret_cast<const char *>(bytes.data()) + names->sh_offset,
                           names->sh_size);
  for (unsigned i = 0; i < h.e_shnum; ++i) {
    auto s = load<Elf64_Shdr>(bytes, h.e_shoff + uint64_t{i} * sizeof(Elf64_Shdr));
    if (!s)
      return damaged("the section table reaches past the end; truncated?");
    if (s->sh_name >= strings.size())
      continue;
    std::string_view section = strings.substr(s->sh_name);
    section = section.substr(0, section.find('\0'));
    if ((section != ".nv_fatbin" && section != "__nv_relfatbin") || s->sh_type == SHT_NOBITS)
      continue;
    if (s->sh_offset > bytes.size() || s->sh_size > bytes.size() - s->sh_offset)
      return damaged(fmt::format("section {} reaches past the end; truncated?", section));
    Bytes data = bytes.subspan(s->sh_offset, s->sh_size);
    for (uint64_t at = 0; at + sizeof(format::ContainerHeader) <= data.size();) {
      uint32_t magic;
      std::memcpy(&magic, data.data() + at, 4);
      if (magic == 0) {
        at += 8;
        continue;
      }
      std::string where = fmt::format("section {}, offset {:#x}", section, at);
      if (auto error = add_container(image, data.subspan(at), where))
        return Error{fmt::format("{}: {}", name, error->message)};
      at += (image.containers.back().size() + 7) & ~uint64_t{7};
    }
  }
  if (image.containers.empty())
    return Error{
        fmt::format("{}: no CUDA device code in this ELF file (no section .nv_fatbin)", name)};
  return image;
}

} // namespace

Result<Image> open_memory(const void *p) {
  if (!p)
    return Error{"the image pointer is null"};
  // Byte by byte: a text may be shorter than a magic number.
  auto begins_with = [&](uint32_t magic) {
    for (int i = 0; i < 4; ++i)
      if (static_cast<const uint8_t *>(p)[i] != static_cast<uint8_t>(magic >> (8 * i)))
        return false;
    return true;
  };
  if (begins_with(format::kWrapperMagic)) {
    format::Wrapper w;
    std::memcpy(&w, p, sizeof w);
    Image image;
    image.format = Format::Wrapper;
    image.wrapper_version = w.version;
    if (w.version != 1 && w.version != 2)
      return Error{
          fmt::format("fatbinary wrapper of version {}, only 1 and 2 are known", w.version)};
    if (!w.container)
      return Error{"fatbinary wrapper without a container"};
    if (auto e = add_container(image, w.container, "fatbinary"))
      return *e;
    if (w.version == 1) {
      if (w.extra)
        image.file_name = static_cast<const char *>(w.extra);
    } else if (w.extra) {
      const void *const *list = static_cast<const void *const *>(w.extra);
      for (size_t i = 0; list[i]; ++i)
        if (auto e = add_container(image, list[i], fmt::format("relocatable fatbinary {}", i)))
          return *e;
    }
    return image;
  }
  if (begins_with(format::kContainerMagic)) {
    Image image;
    image.format = Format::Container;
    if (auto e = add_container(image, p, "fatbinary"))
      return *e;
    return image;
  }
  if (begins_with(0x464c457f)) { // ELFMAG
    Elf64_Ehdr h;
    std::memcpy(&h, p, sizeof h);
    if (h.e_machine != kMachineCuda)
      return Error{
          fmt::format("the image is an ELF file for machine {}, not a cubin", h.e_machine)};
    const uint64_t extent = elf_extent(h, static_cast<const uint8_t *>(p));
    if (extent > kMaxUncompressed)
      return Error{"damaged cubin: its headers announce an impossible size"};
    return cubin_image(memory(p, extent), h);
  }
  const char *text = static_cast<const char *>(p);
  const auto first = static_cast<unsigned char>(*text);
  if (first == 0)
    return Error{"the image is empty"};
  if ((first < 0x20 && !isspace(first)) || first >= 0x7f)
    return Error{fmt::format(
        "the image is neither a fatbinary, a cubin nor PTX text (its first byte is {:#04x})",
        first)};
  const size_t length = std::strlen(text);
  return text_image(memory(text, length));
}

Result<Image> open_bytes(Bytes bytes, std::string_view name) {
  auto magic = load<uint32_t>(bytes, 0);
  if (bytes.empty())
    return Error{fmt::format("{}: the file is empty", name)};
  if (magic && *magic == format::kContainerMagic) {
    Image image;
    image.format = Format::Container;
    if (auto e = add_container(image, bytes, std::string(name)))
      return *e;
    return image;
  }
  if (bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0) {
    Elf64_Ehdr h;
    if (!is_elf64(bytes, h))
      return Error{fmt::format("{}: damaged ELF file: {} bytes are too few for its header", name,
                               bytes.size())};
    if (h.e_machine == kMachineCuda)
      return cubin_image(bytes, h);
    return host_elf_image(bytes, h, name);
  }
  // PTX text, perhaps with trailing NULs; anything with other control bytes is not text.
  while (!bytes.empty() && bytes.back() == 0)
    bytes = bytes.first(bytes.size() - 1);
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 4096); ++i)
    if (bytes[i] < 0x20 && !isspace(bytes[i]))
      return Error{
          fmt::format("{}: not PTX text, a fatbinary or an ELF file (byte {:#04x} at offset {})",
                      name, bytes[i], i)};
  if (bytes.empty())
    return Error{fmt::format("{}: the file holds only NULs", name)};
  return text_image(bytes);
}

Result<std::vector<uint8_t>> read_file(const std::string &path) {
  auto fail = [&] { return Error{fmt::format("{}: cannot read: {}", path, std::strerror(errno))}; };
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail();
  struct stat st = {};
  if (::fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
    errno = EISDIR;
    ::close(fd);
    return fail();
  }
  std::vector<uint8_t> out;
  size_t used = 0;
  for (;;) {
    if (used == out.size())
      out.resize(std::max<size_t>(used * 2, st.st_size > 0 ? st.st_size + size_t{1} : 65536));
    ssize_t n = ::read(fd, out.data() + used, out.size() - used);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      Error e = fail();
      ::close(fd);
      return e;
    }
    if (n == 0)
      break;
    used += static_cast<size_t>(n);
  }
  out.resize(used);
  ::close(fd);
  return out;
}

} // namespace w2w::fatbin
