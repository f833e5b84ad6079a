#include "lowering/abi/module_summary.h"

#include <cstring>
#include <type_traits>

namespace w2w::abi {
namespace {

// Layout: magic (8 bytes), version (u32), checksum of everything after it (u64), then the fields in
// declaration order. Numbers are little-endian; strings and lists start with their length as u64.
constexpr char kMagic[8] = {'w', '2', 'w', 's', 'u', 'm', 'm', '\n'};
constexpr uint32_t kVersion = 4;
constexpr size_t kHeader = sizeof(kMagic) + sizeof(uint32_t) + sizeof(uint64_t);

/// FNV-1a, 64 bits: finds damage, not malice.
uint64_t checksum(std::span<const uint8_t> bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (uint8_t byte : bytes)
    hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

class Writer {
public:
  template <typename T>
    requires(std::is_integral_v<T>)
  void operator()(const T &value) {
    auto bits = static_cast<uint64_t>(value);
    for (size_t i = 0; i < sizeof(T); ++i)
      bytes.push_back(static_cast<uint8_t>(bits >> (8 * i)));
  }
  void operator()(const std::string &s) {
    (*this)(uint64_t{s.size()});
    bytes.insert(bytes.end(), s.begin(), s.end());
  }
  void operator()(const std::vector<uint8_t> &v) {
    (*this)(uint64_t{v.size()});
    bytes.insert(bytes.end(), v.begin(), v.end());
  }
  template <typename T, size_t N> void operator()(const T (&array)[N]) {
    for (const T &element : array)
      (*this)(element);
  }
  template <typename T> void operator()(const std::vector<T> &list);
  template <typename T>
    requires(std::is_class_v<T>)
  void operator()(const T &record);

  std::vector<uint8_t> bytes;
};

class Reader {
public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

  template <typename T>
    requires(std::is_integral_v<T>)
  void operator()(T &value) {
    std::span<const uint8_t> raw = take(sizeof(T));
    uint64_t bits = 0;
    for (size_t i = 0; i < raw.size(); ++i)
      bits |= uint64_t{raw[i]} << (8 * i);
    value = static_cast<T>(bits);
  }
  void operator()(std::string &s) {
    std::span<const uint8_t> raw = take(length());
    s.assign(raw.begin(), raw.end());
  }
  void operator()(std::vector<uint8_t> &v) {
    std::span<const uint8_t> raw = take(length());
    v.assign(raw.begin(), raw.end());
  }
  template <typename T, size_t N> void operator()(T (&array)[N]) {
    for (T &element : array)
      (*this)(element);
  }
  template <typename T> void operator()(std::vector<T> &list);
  template <typename T>
    requires(std::is_class_v<T>)
  void operator()(T &record);

private:
  uint64_t length() {
    uint64_t n = 0;
    (*this)(n);
    return n;
  }
  std::span<const uint8_t> take(uint64_t n) {
    if (!ok_ || n > bytes_.size()) {
      ok_ = false;
      return {};
    }
    auto piece = bytes_.first(n);
    bytes_ = bytes_.subspan(n);
    return piece;
  }

  std::span<const uint8_t> bytes_;
  bool ok_ = true;
};

// The one list of fields of each record, for both directions.
template <typename Io, typename P> void fields_of(Io &io, P &r, const KernelParam *) {
  io(r.offset), io(r.size), io(r.align);
}
template <typename Io, typename K> void fields_of(Io &io, K &r, const KernelSummary *) {
  io(r.name), io(r.params), io(r.param_bytes), io(r.max_threads), io(r.req_threads);
  io(r.cluster), io(r.explicit_cluster), io(r.static_shared), io(r.const_bytes), io(r.error);
}
template <typename Io, typename V> void fields_of(Io &io, V &r, const VariableSummary *) {
  io(r.name), io(r.offset), io(r.size), io(r.align), io(r.is_const), io(r.is_managed),
      io(r.is_extern), io(r.opaque);
}
template <typename Io, typename R> void fields_of(Io &io, R &r, const ArenaRelocation *) {
  io(r.offset), io(r.width), io(r.shift), io(r.addend), io(r.managed);
}
template <typename Io, typename M> void fields_of(Io &io, M &r, const ModuleSummary *) {
  io(r.kernels), io(r.variables), io(r.arena_size), io(r.managed_begin), io(r.arena_align),
      io(r.arena_image);
  io(r.relocations), io(r.functions), io(r.ptx_version), io(r.sm), io(r.diagnostics);
  io(r.independent_textures), io(r.fatal);
}

template <typename T> void Writer::operator()(const std::vector<T> &list) {
  (*this)(uint64_t{list.size()});
  for (const T &element : list)
    (*this)(element);
}
template <typename T>
  requires(std::is_class_v<T>)
void Writer::operator()(const T &record) {
  fields_of(*this, record, static_cast<const T *>(nullptr));
}
template <typename T> void Reader::operator()(std::vector<T> &list) {
  uint64_t n = length();
  list.clear();
  // Elements are read one by one, so that a damaged length runs out of bytes before it can ask for
  // memory.
  for (uint64_t i = 0; i < n && ok_; ++i)
    (*this)(list.emplace_back());
}
template <typename T>
  requires(std::is_class_v<T>)
void Reader::operator()(T &record) {
  fields_of(*this, record, static_cast<const T *>(nullptr));
}

} // namespace

std::vector<uint8_t> serialise(const ModuleSummary &summary) {
  Writer body;
  body(summary);
  Writer out;
  for (char c : kMagic)
    out.bytes.push_back(static_cast<uint8_t>(c));
  out(kVersion);
  out(checksum(body.bytes));
  out.bytes.insert(out.bytes.end(), body.bytes.begin(), body.bytes.end());
  return std::move(out.bytes);
}

std::optional<ModuleSummary> deserialise_summary(std::span<const uint8_t> bytes) {
  if (bytes.size() < kHeader || std::memcmp(bytes.data(), kMagic, sizeof(kMagic)) != 0)
    return std::nullopt;
  Reader header(bytes.subspan(sizeof(kMagic), kHeader - sizeof(kMagic)));
  uint32_t version = 0;
  uint64_t sum = 0;
  header(version);
  header(sum);
  std::span<const uint8_t> body = bytes.subspan(kHeader);
  if (version != kVersion || checksum(body) != sum)
    return std::nullopt;
  Reader reader(body);
  ModuleSummary summary;
  reader(summary);
  if (!reader.ok() || !reader.at_end())
    return std::nullopt;
  return summary;
}

} // namespace w2w::abi
