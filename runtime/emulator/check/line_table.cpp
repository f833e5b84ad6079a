#include "runtime/emulator/check/line_table.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace w2w::emu::check {

namespace {

// DWARF 5, section 6.2 and tables 7.23 to 7.28.
enum Form : uint64_t {
  kBlock = 0x09,
  kData2 = 0x05,
  kData4 = 0x06,
  kData8 = 0x07,
  kString = 0x08,
  kData1 = 0x0b,
  kStrp = 0x0e,
  kUdata = 0x0f,
  kData16 = 0x1e,
  kLineStrp = 0x1f,
};
enum Content : uint64_t { kPath = 1, kDirectoryIndex = 2 };
enum Standard : uint8_t {
  kCopy = 1,
  kAdvancePc = 2,
  kAdvanceLine = 3,
  kSetFile = 4,
  kConstAddPc = 8,
  kFixedAdvancePc = 9,
};
enum Extended : uint8_t { kEndSequence = 1, kSetAddress = 2 };

constexpr size_t kMostRows = 1 << 22;
constexpr size_t kMostFiles = 1 << 16;

/// Reads that stop at the end: `bad` is set and everything after is zero.
class Cursor {
public:
  explicit Cursor(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool bad = false;

  template <typename T> T fixed() {
    T value{};
    if (left() < sizeof value) {
      fail();
      return value;
    }
    memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  uint64_t uleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      uint8_t byte = fixed<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      if (bad || !(byte & 0x80))
        return value;
    }
    fail();
    return 0;
  }
  int64_t sleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64;) {
      uint8_t byte = fixed<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if (bad || byte & 0x80)
        continue;
      if (byte & 0x40 && shift < 64)
        value |= ~uint64_t{0} << shift;
      return static_cast<int64_t>(value);
    }
    fail();
    return 0;
  }
  std::string text() {
    const uint8_t *begin = bytes_.data() + at_;
    const void *end = left() ? memchr(begin, 0, left()) : nullptr;
    if (!end) {
      fail();
      return {};
    }
    std::string value(reinterpret_cast<const char *>(begin),
                      static_cast<size_t>(static_cast<const uint8_t *>(end) - begin));
    at_ += value.size() + 1;
    return value;
  }
  void skip(uint64_t n) {
    if (n > left())
      fail();
    else
      at_ += n;
  }
  std::span<const uint8_t> take(uint64_t n) {
    if (n > left()) {
      fail();
      return {};
    }
    auto part = bytes_.subspan(at_, n);
    at_ += n;
    return part;
  }
  size_t left() const { return bytes_.size() - at_; }

private:
  void fail() {
    bad = true;
    at_ = bytes_.size();
  }
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

} // namespace

/// One unit's header and program.
class LineReader {
public:
  LineReader(LineTable &table, std::span<const uint8_t> unit, std::span<const uint8_t> line_strings,
             std::span<const uint8_t> strings)
      : table_(table), in_(unit), line_strings_(line_strings), strings_(strings) {}

  void run() {
    if (header())
      program();
  }

private:
  struct Field {
    uint64_t content, form;
  };

  /// A value of the form; texts to `text`, numbers to `number`.
  bool value(uint64_t form, std::string &text, uint64_t &number) {
    auto from = [&](std::span<const uint8_t> section) {
      Cursor at(section);
      at.skip(in_.fixed<uint32_t>());
      text = at.text();
    };
    switch (form) {
    case kString:
      text = in_.text();
      break;
    case kLineStrp:
      from(line_strings_);
      break;
    case kStrp:
      from(strings_);
      break;
    case kUdata:
      number = in_.uleb();
      break;
    case kData1:
      number = in_.fixed<uint8_t>();
      break;
    case kData2:
      number = in_.fixed<uint16_t>();
      break;
    case kData4:
      number = in_.fixed<uint32_t>();
      break;
    case kData8:
      number = in_.fixed<uint64_t>();
      break;
    case kData16:
      in_.skip(16);
      break;
    case kBlock:
      in_.skip(in_.uleb());
      break;
    default:
      return false;
    }
    return !in_.bad;
  }

  template <typename F> bool entries(F each) {
    std::vector<Field> format(in_.fixed<uint8_t>());
    for (Field &field : format)
      field.content = in_.uleb(), field.form = in_.uleb();
    uint64_t count = in_.uleb();
    if (in_.bad || count > kMostFiles || (format.empty() && count))
      return false;
    for (uint64_t i = 0; i < count; ++i) {
      std::string path;
      uint64_t directory = 0;
      for (const Field &field : format) {
        std::string text;
        uint64_t number = 0;
        if (!value(field.form, text, number))
          return false;
        if (field.content == kPath)
          path = std::move(text);
        else if (field.content == kDirectoryIndex)
          directory = number;
      }
      each(std::move(path), directory);
    }
    return true;
  }

  bool header() {
    if (in_.fixed<uint16_t>() != 5 || in_.fixed<uint8_t>() != 8 || in_.fixed<uint8_t>() != 0)
      return false;
    uint32_t length = in_.fixed<uint32_t>();
    if (in_.bad || length > in_.left())
      return false;
    size_t after = in_.left() - length; // what is left when the program starts
    step_ = in_.fixed<uint8_t>();
    in_.skip(1); // operations per instruction: 1 on machines that are no VLIW
    in_.skip(1); // default_is_stmt
    line_base_ = static_cast<int8_t>(in_.fixed<uint8_t>());
    line_range_ = in_.fixed<uint8_t>();
    opcode_base_ = in_.fixed<uint8_t>();
    if (in_.bad || !line_range_ || !opcode_base_)
      return false;
    for (unsigned i = 1; i < opcode_base_; ++i)
      operands_[i] = in_.fixed<uint8_t>();
    first_file_ = static_cast<uint32_t>(table_.files_.size());
    if (!entries([](std::string, uint64_t) {}) ||
        !entries([this](std::string path, uint64_t) { table_.files_.push_back(std::move(path)); }))
      return false;
    files_ = static_cast<uint32_t>(table_.files_.size()) - first_file_;
    if (in_.bad || in_.left() < after)
      return false;
    in_.skip(in_.left() - after);
    return true;
  }

  void program() {
    start();
    while (in_.left() && table_.rows_.size() < kMostRows) {
      uint8_t op = in_.fixed<uint8_t>();
      if (op >= opcode_base_) {
        unsigned adjusted = op - opcode_base_;
        address_ += uint64_t{adjusted / line_range_} * step_;
        line_ += line_base_ + static_cast<int64_t>(adjusted % line_range_);
        row(line_);
        continue;
      }
      switch (op) {
      case 0: {
        Cursor extended(in_.take(in_.uleb()));
        uint8_t kind = extended.fixed<uint8_t>();
        if (kind == kEndSequence && !extended.bad) {
          table_.rows_.push_back({address_, LineTable::kEnd, 0, order()});
          start();
        } else if (kind == kSetAddress) {
          address_ = extended.fixed<uint64_t>();
        }
        break;
      }
      case kCopy:
        row(line_);
        break;
      case kAdvancePc:
        address_ += in_.uleb() * step_;
        break;
      case kAdvanceLine:
        line_ += in_.sleb();
        break;
      case kSetFile:
        file_ = in_.uleb();
        break;
      case kConstAddPc:
        address_ += uint64_t{(255u - opcode_base_) / line_range_} * step_;
        break;
      case kFixedAdvancePc:
        address_ += in_.fixed<uint16_t>();
        break;
      default:
        for (unsigned i = 0; i < operands_[op]; ++i)
          in_.uleb();
      }
      if (in_.bad)
        return;
    }
  }

  void start() {
    address_ = 0;
    line_ = 1;
    file_ = 1; // DWARF 5 numbers files from 0, but the register starts at 1 (section 6.2.2)
  }
  uint32_t order() const { return static_cast<uint32_t>(table_.rows_.size()); }
  void row(int64_t line) {
    bool good = line > 0 && line <= INT32_MAX && file_ < files_;
    table_.rows_.push_back({address_, good ? first_file_ + static_cast<uint32_t>(file_) : 0,
                            good ? static_cast<uint32_t>(line) : 0, order()});
  }

  LineTable &table_;
  Cursor in_;
  std::span<const uint8_t> line_strings_, strings_;
  uint8_t step_ = 1, line_range_ = 1, opcode_base_ = 1;
  int8_t line_base_ = 0;
  uint8_t operands_[256] = {};
  uint32_t first_file_ = 0, files_ = 0;
  uint64_t address_ = 0, file_ = 1;
  int64_t line_ = 1;
};

LineTable::LineTable(std::span<const uint8_t> lines, std::span<const uint8_t> line_strings,
                     std::span<const uint8_t> strings) {
  Cursor in(lines);
  while (in.left() && rows_.size() < kMostRows && files_.size() < kMostFiles) {
    uint32_t length = in.fixed<uint32_t>(); // 0xffffffff (64-bit DWARF) is longer than any section
    auto unit = in.take(length);
    if (in.bad)
      break;
    LineReader(*this, unit, line_strings, strings).run();
  }
  std::sort(rows_.begin(), rows_.end(), [](const Row &a, const Row &b) {
    bool a_ends = a.file == kEnd, b_ends = b.file == kEnd;
    if (a.address != b.address)
      return a.address < b.address;
    return a_ends != b_ends ? a_ends : a.order < b.order;
  });
}

std::string LineTable::find(uint64_t address) const {
  auto above = std::upper_bound(rows_.begin(), rows_.end(), address,
                                [](uint64_t a, const Row &r) { return a < r.address; });
  // Line 0 is code of the compiler's own; the row before it tells where it belongs to.
  while (above != rows_.begin()) {
    const Row &row = *--above;
    if (row.line)
      return fmt::format("{}:{}", files_[row.file], row.line);
    if (row.file == kEnd)
      break;
  }
  return {};
}

} // namespace w2w::emu::check
