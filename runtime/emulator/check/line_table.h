// Source lines of machine code: the DWARF 5 line tables that our compiler (rows name PTX lines) and
// clang -g write. Code objects are untrusted: every read is bounded, and a table that is damaged
// ends there.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace w2w::emu::check {

class LineTable {
public:
  /// The sections .debug_line, .debug_line_str and .debug_str; the bytes are not kept.
  LineTable(std::span<const uint8_t> lines, std::span<const uint8_t> line_strings,
            std::span<const uint8_t> strings);

  /// "file:line" of the instruction at the file's virtual address; empty if not known.
  std::string find(uint64_t address) const;
  size_t rows() const { return rows_.size(); }

private:
  friend class LineReader;
  static constexpr uint32_t kEnd = UINT32_MAX;
  struct Row {
    uint64_t address;
    uint32_t file;  ///< index into files_; kEnd: no code of this sequence from here on
    uint32_t line;  ///< 0: none
    uint32_t order; ///< in the table
  };
  std::vector<std::string> files_;
  std::vector<Row> rows_; ///< sorted by address
};

} // namespace w2w::emu::check
