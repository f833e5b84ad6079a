// Containers and their entries.
#include "runtime/fatbin/bytes.h"
#include "runtime/fatbin/fatbin.h"
#include "runtime/fatbin/format.h"

#include <cstring>
#include <fmt/format.h>
#include <lz4.h>
#include <memory>
#include <zstd.h>

namespace w2w::fatbin {
namespace {

std::string_view as_text(Bytes bytes) {
  std::string_view s(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  return s.substr(0, s.find('\0'));
}

/// The entry whose header starts at `offset`; sets `next` to the offset of the one behind it.
Result<Entry> read_entry(Bytes bytes, uint64_t offset, std::string_view where, uint64_t &next) {
  auto fail = [&](std::string_view what) {
    return Error{fmt::format("damaged {}: entry at offset {:#x}: {}", where, offset, what)};
  };
  auto header = load<format::EntryHeader>(bytes, offset);
  if (!header)
    return fail("its header reaches past the end");
  if (header->header_size < sizeof(format::EntryHeader))
    return fail(fmt::format("header of {} bytes, at least {} expected", header->header_size,
                            sizeof(format::EntryHeader)));
  auto head = slice(bytes, offset, header->header_size);
  if (!head)
    return fail(fmt::format("header of {} bytes reaches past the end", header->header_size));
  auto stored = slice(bytes, offset + header->header_size, header->stored_size);
  if (!stored)
    return fail(fmt::format("payload of {} bytes reaches past the end, the file may be truncated",
                            header->stored_size));
  next = offset + header->header_size + header->stored_size;

  Entry e;
  e.kind = static_cast<Kind>(header->kind);
  e.arch = header->arch;
  e.flags = header->flags;
  e.offset = offset;
  e.arch_suffix = e.flags & kFlagArchSpecific ? 'a' : e.flags & kFlagFamilySpecific ? 'f' : 0;
  if (e.kind == Kind::Ptx) {
    e.ptx_major = header->kind_version >> 16;
    e.ptx_minor = header->kind_version & 0xffff;
  }
  if (header->options_offset) {
    auto place = load<uint32_t>(*head, header->options_offset);
    auto length = load<uint32_t>(*head, uint64_t{header->options_offset} + 4);
    auto text = place && length ? slice(*head, *place, *length) : std::nullopt;
    if (!text)
      return fail("its options lie outside its header");
    e.options = as_text(*text);
  }
  if (header->name_offset) {
    auto text = slice(*head, header->name_offset, header->name_length);
    if (!text)
      return fail("its source name lies outside its header");
    e.source_name = as_text(*text);
  }

  const bool lz4 = e.flags & kFlagLz4, zstd = e.flags & kFlagZstd;
  if (lz4 && zstd)
    return fail("marked as compressed in two ways");
  if (lz4 || zstd) {
    auto packed = slice(*stored, 0, header->compressed_size);
    if (!packed || packed->empty())
      return fail(fmt::format("compressed size {} does not fit the {} bytes stored",
                              header->compressed_size, header->stored_size));
    e.payload = *packed;
    e.compression = lz4 ? Compression::Lz4 : Compression::Zstd;
    e.uncompressed_size = header->uncompressed_size;
    if (e.uncompressed_size == 0 || e.uncompressed_size > kMaxUncompressed)
      return fail(fmt::format("uncompressed size of {} bytes, 1 to {} expected",
                              e.uncompressed_size, kMaxUncompressed));
  } else {
    e.payload = *stored;
    e.uncompressed_size = stored->size();
  }
  return e;
}

} // namespace

std::string Entry::arch_name() const {
  std::string s = fmt::format("sm_{}", arch);
  if (arch_suffix)
    s += arch_suffix;
  return s;
}

std::string Entry::describe() const {
  switch (kind) {
  case Kind::Ptx:
    return fmt::format("PTX {}.{} {}", ptx_major, ptx_minor, arch_name());
  case Kind::Elf:
    return "SASS " + arch_name();
  case Kind::LtoIr:
    return "LTO-IR " + arch_name();
  }
  return fmt::format("kind {} {}", static_cast<unsigned>(kind), arch_name());
}

std::optional<size_t> container_size(Bytes bytes) {
  auto header = load<format::ContainerHeader>(bytes, 0);
  if (!header || header->magic != format::kContainerMagic ||
      header->header_size < sizeof(format::ContainerHeader) || header->header_size > bytes.size() ||
      header->size > bytes.size() - header->header_size)
    return std::nullopt;
  return header->header_size + header->size;
}

Result<std::vector<Entry>> read_container(Bytes bytes, std::string_view where) {
  auto header = load<format::ContainerHeader>(bytes, 0);
  if (!header)
    return Error{fmt::format("damaged {}: {} bytes are too few for a fatbinary header of {}", where,
                             bytes.size(), sizeof(format::ContainerHeader))};
  if (header->magic != format::kContainerMagic)
    return Error{fmt::format("{} is not a fatbinary: it starts with {:#010x}, expected {:#010x}",
                             where, header->magic, format::kContainerMagic)};
  if (header->version != 1 || header->header_size < sizeof(format::ContainerHeader))
    return Error{fmt::format(
        "{}: fatbinary version {} (header of {} bytes) is not supported, only version 1 is", where,
        header->version, header->header_size)};
  auto size = container_size(bytes);
  if (!size)
    return Error{
        fmt::format("damaged {}: its header announces {} bytes, only {} are there; truncated?",
                    where, header->size, bytes.size() - sizeof(format::ContainerHeader))};

  bytes = bytes.first(*size);
  std::vector<Entry> entries;
  // Entries start at 8-byte boundaries; what remains of the last one is padding.
  for (uint64_t offset = header->header_size; offset < bytes.size();) {
    uint64_t next = 0;
    auto entry = read_entry(bytes, offset, where, next);
    if (!entry)
      return entry.error();
    entries.push_back(*entry);
    offset = (next + 7) & ~uint64_t{7};
  }
  return entries;
}

Result<std::vector<uint8_t>> unpack(const Entry &entry) {
  auto fail = [&](std::string_view what) {
    return Error{fmt::format("damaged fatbinary: {} at offset {:#x}: {}", entry.describe(),
                             entry.offset, what)};
  };
  if (entry.compression == Compression::None)
    return std::vector<uint8_t>(entry.payload.begin(), entry.payload.end());
  if (entry.uncompressed_size > kMaxUncompressed)
    return fail(fmt::format("{} bytes uncompressed are more than the {} allowed",
                            entry.uncompressed_size, kMaxUncompressed));

  if (entry.compression == Compression::Lz4) {
    // A block cannot grow more than 255-fold: a larger size is a lie that would only cost memory.
    if (entry.uncompressed_size / 256 > entry.payload.size() ||
        entry.payload.size() > LZ4_MAX_INPUT_SIZE)
      return fail("its uncompressed size is impossible");
    std::vector<uint8_t> out(entry.uncompressed_size);
    int n = LZ4_decompress_safe(
        reinterpret_cast<const char *>(entry.payload.data()), reinterpret_cast<char *>(out.data()),
        static_cast<int>(entry.payload.size()), static_cast<int>(out.size()));
    if (n < 0 || static_cast<size_t>(n) != out.size())
      return fail("LZ4 data is corrupt");
    return out;
  }

  unsigned long long announced =
      ZSTD_getFrameContentSize(entry.payload.data(), entry.payload.size());
  if (announced == ZSTD_CONTENTSIZE_ERROR)
    return fail("no zstd frame where one is announced");
  if (announced != ZSTD_CONTENTSIZE_UNKNOWN && announced != entry.uncompressed_size)
    return fail(fmt::format("its zstd frame holds {} bytes, its header announces {}", announced,
                            entry.uncompressed_size));
  std::vector<uint8_t> out(entry.uncompressed_size);
  size_t n = ZSTD_decompress(out.data(), out.size(), entry.payload.data(), entry.payload.size());
  if (ZSTD_isError(n) || n != out.size())
    return fail(fmt::format("zstd data is corrupt ({})",
                            ZSTD_isError(n) ? ZSTD_getErrorName(n) : "too short"));
  return out;
}

Result<std::string> ptx_text(const Entry &entry) {
  if (entry.kind != Kind::Ptx)
    return Error{fmt::format("{} holds no PTX text", entry.describe())};
  auto bytes = unpack(entry);
  if (!bytes)
    return bytes.error();
  std::string text(bytes->begin(), bytes->end());
  text.resize(text.find_last_not_of('\0') + 1); // npos + 1 is 0
  if (text.find('\0') != std::string::npos)
    return Error{fmt::format("damaged fatbinary: {} at offset {:#x}: NUL inside the PTX text",
                             entry.describe(), entry.offset)};
  return text;
}

} // namespace w2w::fatbin
