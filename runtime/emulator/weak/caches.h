// Caches as the weak mode has them: lines of 128 bytes in a direct-mapped table.
#pragma once

#include <cstdint>
#include <memory>

namespace w2w::emu::weak {

inline constexpr unsigned kLineBytes = 128;

struct Line {
  enum : uint8_t { kValid = 1, kDirty = 2 };
  alignas(64) uint8_t data[kLineBytes];
  uint8_t state[kLineBytes]; ///< of each byte; caches that are written through look at none
  uint64_t address;
};

class Cache {
public:
  explicit Cache(unsigned lines);
  /// Null if the line is not there.
  Line *find(uint64_t address);
  /// The line's place; it is given to `leaves` first if it holds another one. The bytes of a new
  /// line are neither valid nor dirty.
  template <class F> Line &place(uint64_t address, F leaves) {
    unsigned k = slot(address);
    if (tags_[k] != address) {
      if (tags_[k] != kNone)
        leaves(lines_[k]);
      reset(k, address);
    }
    return lines_[k];
  }
  void drop(uint64_t address);
  void drop_all();
  /// For each line that is there; f returns false for those that are to be dropped.
  template <class F> void each(F f) {
    for (unsigned k = 0; k < count_; k++)
      if (tags_[k] != kNone && !f(lines_[k]))
        tags_[k] = kNone;
  }
  /// The n-th place, if a line is there.
  Line *nth(unsigned n) { return tags_[n % count_] == kNone ? nullptr : &lines_[n % count_]; }
  void drop(const Line &line) { tags_[&line - lines_.get()] = kNone; }

private:
  static constexpr uint64_t kNone = 1; // no line's address
  void reset(unsigned k, uint64_t address);
  unsigned slot(uint64_t address) const {
    return unsigned((address / kLineBytes * 0x9e3779b97f4a7c15) >> 40) % count_;
  }
  unsigned count_;
  std::unique_ptr<uint64_t[]> tags_; ///< the lines' addresses; apart, so that emptying is quick
  std::unique_ptr<Line[]> lines_;
};

} // namespace w2w::emu::weak
