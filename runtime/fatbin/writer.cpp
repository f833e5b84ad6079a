// Writes containers as nvcc's tools do, so that clang's -fcuda-include-gpubinary and our reader
// take them.
#include "runtime/fatbin/fatbin.h"
#include "runtime/fatbin/format.h"

#include <cstring>
#include <fmt/format.h>
#include <lz4.h>
#include <lz4hc.h>
#include <zstd.h>

namespace w2w::fatbin {
namespace {

void pad8(std::vector<uint8_t> &bytes) {
  bytes.resize((bytes.size() + 7) & ~size_t{7});
}

void append(std::vector<uint8_t> &to, const void *from, size_t size) {
  const auto *p = static_cast<const uint8_t *>(from);
  to.insert(to.end(), p, p + size);
}

Result<std::vector<uint8_t>> compress(const std::vector<uint8_t> &raw, Compression how) {
  if (raw.size() > LZ4_MAX_INPUT_SIZE)
    return Error{fmt::format("{} bytes are too many for one fatbinary entry", raw.size())};
  std::vector<uint8_t> out;
  if (how == Compression::Lz4) {
    out.resize(static_cast<size_t>(LZ4_compressBound(static_cast<int>(raw.size()))));
    int n = LZ4_compress_HC(reinterpret_cast<const char *>(raw.data()),
                            reinterpret_cast<char *>(out.data()), static_cast<int>(raw.size()),
                            static_cast<int>(out.size()), LZ4HC_CLEVEL_DEFAULT);
    if (n <= 0)
      return Error{"LZ4 compression failed"};
    out.resize(static_cast<size_t>(n));
  } else {
    out.resize(ZSTD_compressBound(raw.size()));
    size_t n = ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), ZSTD_CLEVEL_DEFAULT);
    if (ZSTD_isError(n))
      return Error{fmt::format("zstd compression failed: {}", ZSTD_getErrorName(n))};
    out.resize(n);
  }
  return out;
}

} // namespace

Result<std::vector<uint8_t>> write_container(std::span<const NewEntry> entries) {
  std::vector<uint8_t> out(sizeof(format::ContainerHeader));
  for (const NewEntry &e : entries) {
    std::vector<uint8_t> payload = e.payload;
    format::EntryHeader h = {};
    h.kind = static_cast<uint16_t>(e.kind);
    h.version = format::kEntryVersion;
    h.arch = e.arch;
    h.flags = kFlag64Bit | kFlagLinux | e.extra_flags;
    if (e.arch_suffix)
      h.flags |= e.arch_suffix == 'a' ? kFlagArchSpecific : kFlagFamilySpecific;
    switch (e.kind) {
    case Kind::Ptx: {
      if (payload.empty() || payload.back() != 0)
        payload.push_back(0);
      uint32_t major = e.ptx_major, minor = e.ptx_minor;
      if (!major) {
        auto header =
            read_ptx_header({reinterpret_cast<const char *>(payload.data()), payload.size() - 1});
        if (!header)
          return Error{"PTX text without .version and .target at its start"};
        major = header->major;
        minor = header->minor;
      }
      h.kind_version = major << 16 | minor;
      break;
    }
    case Kind::Elf:
      h.kind_version = format::kElfKindVersion;
      break;
    case Kind::LtoIr:
      h.kind_version = format::kLtoKindVersion;
      h.flags |= kFlagLto;
      break;
    }

    if (e.compression != Compression::None) {
      auto packed = compress(payload, e.compression);
      if (!packed)
        return packed.error();
      h.flags |= e.compression == Compression::Lz4 ? kFlagLz4 : kFlagZstd;
      h.uncompressed_size = payload.size();
      h.compressed_size = static_cast<uint32_t>(packed->size());
      payload = std::move(*packed);
    }
    pad8(payload);
    h.stored_size = payload.size();

    // Behind the fixed header: the source name, then the options block and its bytes.
    std::vector<uint8_t> tail;
    if (!e.source_name.empty()) {
      h.name_offset = static_cast<uint32_t>(sizeof h + tail.size());
      h.name_length = static_cast<uint32_t>(e.source_name.size());
      append(tail, e.source_name.c_str(), e.source_name.size() + 1);
      pad8(tail);
    }
    if (!e.options.empty()) {
      h.options_offset = static_cast<uint32_t>(sizeof h + tail.size());
      const uint32_t place[2] = {static_cast<uint32_t>(h.options_offset + 8),
                                 static_cast<uint32_t>(e.options.size() + 1)};
      append(tail, place, sizeof place);
      append(tail, e.options.c_str(), e.options.size() + 1);
      pad8(tail);
    }
    h.header_size = static_cast<uint32_t>(sizeof h + tail.size());
    append(out, &h, sizeof h);
    append(out, tail.data(), tail.size());
    append(out, payload.data(), payload.size());
  }
  format::ContainerHeader header = {format::kContainerMagic, 1, sizeof(format::ContainerHeader),
                                    out.size() - sizeof(format::ContainerHeader)};
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

} // namespace w2w::fatbin
