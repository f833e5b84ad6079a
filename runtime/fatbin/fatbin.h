// Reads and writes CUDA module images: fatbinary wrappers, containers, cubins, PTX text, and the
// containers inside ELF executables and shared libraries. No CUDA, no LLVM, nothing else of the
// runtime in here.
//
// Everything given as a span is untrusted: every offset and size is checked before use, and a
// damaged image ends in an Error that says where. Only open_memory() must believe what a program
// hands to the driver API, since a bare pointer carries no length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace w2w::fatbin {

/// What is wrong and where ("at offset 0x40 of section .nv_fatbin"), lower case, with the remedy if
/// there is one.
struct Error {
  std::string message;
};

/// A value or an Error.
template <class T> class Result {
public:
  Result(T value) : v_(std::move(value)) {}
  Result(Error error) : v_(std::move(error)) {}
  explicit operator bool() const { return v_.index() == 0; }
  T &operator*() { return std::get<0>(v_); }
  const T &operator*() const { return std::get<0>(v_); }
  T *operator->() { return &std::get<0>(v_); }
  const T *operator->() const { return &std::get<0>(v_); }
  const Error &error() const { return std::get<1>(v_); }

private:
  std::variant<T, Error> v_;
};

using Bytes = std::span<const uint8_t>;

enum class Kind : uint16_t {
  Ptx = 1,
  Elf = 2,  // cubin: SASS for one architecture
  LtoIr = 8 // NVVM bitcode for link-time optimisation
};

enum class Compression : uint8_t { None, Lz4, Zstd };

/// Entry flags, as found in the container.
enum Flag : uint64_t {
  kFlag64Bit = 0x1,
  kFlagDebug = 0x2,
  kFlagLinux = 0x10,
  kFlagLz4 = 0x2000,
  kFlagZstd = 0x8000,
  kFlagLto = 0x10000,
  kFlagArchSpecific = 0x100000,  // "a": sm_90a
  kFlagFamilySpecific = 0x200000 // "f": sm_100f
};

/// One entry of a container. All views point into the image that was read.
struct Entry {
  Kind kind = Kind::Ptx;
  uint32_t arch = 0;                     // 89 for sm_89
  char arch_suffix = 0;                  // 'a', 'f' or 0
  uint32_t ptx_major = 0, ptx_minor = 0; // PTX only
  uint64_t flags = 0;
  std::string_view options;     // the ptxas options given when the program was built; may be empty
  std::string_view source_name; // may be empty
  Compression compression = Compression::None;
  Bytes payload;                  // as stored: compressed or not, without padding
  uint64_t uncompressed_size = 0; // payload.size() if not compressed
  size_t offset = 0;              // of the entry's header in its container
  size_t container = 0;           // index of the container it came from

  /// "PTX 9.0 sm_90a", "SASS sm_75", "LTO-IR sm_80".
  std::string describe() const;
  /// "sm_90a".
  std::string arch_name() const;
};

/// Entries of one container that starts at bytes[0]. `where` names it in error messages.
Result<std::vector<Entry>> read_container(Bytes bytes, std::string_view where = "fatbinary");

/// Size of the container at the start of `bytes` as its header states it (header included), if
/// there is one and it fits.
std::optional<size_t> container_size(Bytes bytes);

/// The entry's payload, uncompressed. At most kMaxUncompressed bytes.
Result<std::vector<uint8_t>> unpack(const Entry &entry);
inline constexpr uint64_t kMaxUncompressed = uint64_t{1} << 30;

/// The PTX text of a PTX entry, uncompressed, without its trailing NULs.
Result<std::string> ptx_text(const Entry &entry);

/// Names of the entry's kernels: of PTX what follows `.entry`, of a cubin the kernels that have a
/// constant bank. Other kinds: none.
Result<std::vector<std::string>> kernel_names(const Entry &entry);

// --- whole images
// ----------------------------------------------------------------------------------------------------

enum class Format : uint8_t {
  Wrapper,   // fatbinary wrapper of .nvFatBinSegment (in memory only)
  Container, // raw fatbinary
  Cubin,     // ELF for NVIDIA's machine
  HostElf,   // executable, shared library or object file with containers inside (files only)
  PtxText,
};

/// An image with all its entries. Views point into the memory or bytes it was opened from.
struct Image {
  Format format = Format::PtxText;
  uint32_t wrapper_version =
      0; // 1 normal, 2 relocatable device code (entries are to be linked); 0: no wrapper
  std::string_view file_name; // the wrapper's, if it has one
  std::vector<Bytes>
      containers; // v2 wrapper: [0] holds what the device linker made, the rest one per object file
  std::vector<std::string>
      container_names;        // where each was found: "section .nv_fatbin, offset 0x10"
  std::vector<Entry> entries; // of all containers, in order
};

/// The image behind a pointer that a program gave to cuModuleLoadData, cuLibraryLoadData or
/// __cudaRegisterFatBinary: wrapper, container, cubin or NUL-terminated PTX text. The pointer is
/// trusted as far as the sizes in its headers go.
Result<Image> open_memory(const void *image);

/// The image in a file's bytes: container, cubin, PTX text, or an ELF file (executable, shared
/// library, object) with containers in the sections .nv_fatbin and __nv_relfatbin. `name` is used
/// in messages.
Result<Image> open_bytes(Bytes bytes, std::string_view name);

/// Reads a whole file. The error names it and says why.
Result<std::vector<uint8_t>> read_file(const std::string &path);

// --- choosing
// --------------------------------------------------------------------------------------------------------

/// Index of the PTX entry a device of compute capability `cc` (89 for 8.9) uses, among entries of
/// one container (or of all: give `container` to restrict). Rule: the highest architecture not
/// above cc; entries with an a/f suffix count only where the architecture is exactly cc; if there
/// is none, the lowest architecture above cc without suffix (its kernels are checked instruction by
/// instruction). The error lists what is there and says how to rebuild.
Result<size_t> select_ptx(std::span<const Entry> entries, uint32_t cc,
                          std::optional<size_t> container = std::nullopt);

// --- writing
// ---------------------------------------------------------------------------------------------------------

struct NewEntry {
  Kind kind = Kind::Ptx;
  uint32_t arch = 0;
  char arch_suffix = 0;
  uint32_t ptx_major = 0, ptx_minor = 0; // 0: taken from the text's .version
  uint64_t extra_flags = 0;              // besides 64-bit, Linux, suffix and compression
  Compression compression = Compression::None;
  std::string options, source_name;
  std::vector<uint8_t> payload; // uncompressed; a missing trailing NUL is added to PTX
};

/// One container with the entries in the order given.
Result<std::vector<uint8_t>> write_container(std::span<const NewEntry> entries);

/// The .version and .target of a PTX text ("sm_90a" -> 90, 'a'), as far as they can be found.
struct PtxHeader {
  uint32_t major = 0, minor = 0, arch = 0;
  char arch_suffix = 0;
};
std::optional<PtxHeader> read_ptx_header(std::string_view text);

/// "sm_90a", "compute_90a" or "90a" -> architecture and suffix.
bool parse_arch(std::string_view text, uint32_t &arch, char &suffix);

} // namespace w2w::fatbin
