// Damaged images: cut at every byte, and with bytes changed by a seeded generator. Reading must end
// in entries or in an Error, never in a crash; the images lie at the end of a page before an
// inaccessible one, so that a read past the end is a crash.
#include <catch2/catch.hpp>

#include "test/unit/fatbin/samples.h"

#include <cstring>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace w2w::fatbin;

namespace {

/// Memory whose last byte is followed by an inaccessible page.
class Guarded {
public:
  explicit Guarded(size_t size) {
    page_ = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    span_ = (size + page_ - 1) / page_ * page_ + page_;
    base_ = static_cast<uint8_t *>(
        ::mmap(nullptr, span_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(base_ != MAP_FAILED);
    REQUIRE(::mprotect(base_ + span_ - page_, page_, PROT_NONE) == 0);
  }
  ~Guarded() { ::munmap(base_, span_); }
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;

  /// The bytes, copied so that they end at the inaccessible page.
  Bytes hold(Bytes bytes) {
    uint8_t *p = base_ + span_ - page_ - bytes.size();
    if (!bytes.empty())
      std::memcpy(p, bytes.data(), bytes.size());
    return {p, bytes.size()};
  }

private:
  uint8_t *base_ = nullptr;
  size_t page_ = 0, span_ = 0;
};

/// Reads everything there is to read; true if all of it was sound.
bool read_all(Bytes bytes) {
  auto image = open_bytes(bytes, "damaged");
  if (!image) {
    CHECK_FALSE(image.error().message.empty());
    return false;
  }
  bool sound = true;
  for (const Entry &e : image->entries) {
    e.describe();
    auto text = e.kind == Kind::Ptx ? ptx_text(e).operator bool() : unpack(e).operator bool();
    sound &= text;
  }
  return sound;
}

} // namespace

TEST_CASE("a container cut at any byte is refused", "[fatbin][damage]") {
  auto whole = sample_container();
  Guarded memory(whole.size());
  REQUIRE(read_all(memory.hold(whole)));
  for (size_t n = 0; n < whole.size(); ++n) {
    auto r = read_container(memory.hold(Bytes(whole).first(n)));
    INFO("cut to " << n << " bytes");
    REQUIRE_FALSE(r);
    read_all(memory.hold(Bytes(whole).first(n)));
  }
}

TEST_CASE("changed bytes never crash the reader", "[fatbin][damage]") {
  const auto whole = sample_container();
  Guarded memory(whole.size());
  std::mt19937 rng(20241);
  unsigned refused = 0;
  const unsigned rounds = 20000;
  for (unsigned round = 0; round < rounds; ++round) {
    auto bytes = whole;
    for (unsigned k = 1 + rng() % 4; k; --k) {
      size_t at = rng() % bytes.size();
      // Sizes and offsets are where the danger lies: extreme values as well as flipped bits.
      switch (rng() % 4) {
      case 0:
        bytes[at] ^= static_cast<uint8_t>(1u << rng() % 8);
        break;
      case 1:
        bytes[at] = static_cast<uint8_t>(rng());
        break;
      case 2:
        bytes[at] = 0xff;
        break;
      case 3: {
        const uint32_t extreme[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8};
        at &= ~size_t{3};
        std::memcpy(&bytes[at], &extreme[rng() % 6], std::min<size_t>(4, bytes.size() - at));
        break;
      }
      }
    }
    refused += !read_all(memory.hold(bytes));
  }
  // Most changes hit a payload of text and stay readable; a good part must be noticed.
  CHECK(refused > rounds / 10);
  CHECK(refused < rounds);
}

TEST_CASE("sizes that lie cost no memory", "[fatbin][damage]") {
  // LZ4 entry claiming 1 GiB from a few bytes.
  NewEntry e;
  e.arch = 80;
  e.compression = Compression::Lz4;
  e.payload.assign(kSamplePtx.begin(), kSamplePtx.end());
  auto bytes = *write_container({&e, 1});
  const uint64_t huge = kMaxUncompressed;
  std::memcpy(bytes.data() + 16 + 0x38, &huge, 8);
  auto entries = read_container(bytes);
  REQUIRE(entries);
  auto r = unpack((*entries)[0]);
  REQUIRE_FALSE(r);
  CHECK_THAT(r.error().message, Catch::Contains("impossible"));

  const uint64_t more = huge + 1;
  std::memcpy(bytes.data() + 16 + 0x38, &more, 8);
  CHECK_FALSE(read_container(bytes));
}
