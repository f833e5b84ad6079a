// The bytes of a fatbinary, as measured on CUDA 13.0: shared by reader and writer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace w2w::fatbin::format {

inline constexpr uint32_t kWrapperMagic = 0x466243B1;
inline constexpr uint32_t kContainerMagic = 0xBA55ED50;

/// In .nvFatBinSegment, 24 bytes each.
struct Wrapper {
  uint32_t magic;
  uint32_t version;      // 1 normal, 2 relocatable device code
  const void *container; // in .nv_fatbin
  const void *extra;     // v1: file name or null; v2: null-terminated array of container pointers
};
static_assert(sizeof(Wrapper) == 24);

struct ContainerHeader {
  uint32_t magic;
  uint16_t version;     // 1
  uint16_t header_size; // 16
  uint64_t size;        // of everything after the header
};
static_assert(sizeof(ContainerHeader) == 16);

/// Entries lie back to back, each 8-byte aligned.
struct EntryHeader {
  uint16_t kind;
  uint16_t version; // 0x0101
  uint32_t header_size;
  uint64_t stored_size;     // payload in the file, padded to 8
  uint32_t compressed_size; // unpadded; 0 if not compressed
  uint32_t options_offset;  // from the header's start, of {u32 offset, u32 length}; 0 = none
  uint32_t kind_version;    // PTX: major << 16 | minor
  uint32_t arch;
  uint32_t name_offset; // of the source name, from the header's start
  uint32_t name_length;
  uint64_t flags;
  uint64_t hash;
  uint64_t uncompressed_size; // 0 if not compressed
};
static_assert(sizeof(EntryHeader) == 64);
static_assert(offsetof(EntryHeader, flags) == 0x28);

inline constexpr uint16_t kEntryVersion = 0x0101;
inline constexpr uint32_t kElfKindVersion = 0x10008;
inline constexpr uint32_t kLtoKindVersion = 0x10041;

} // namespace w2w::fatbin::format
