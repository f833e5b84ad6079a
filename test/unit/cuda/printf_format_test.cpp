#include "runtime/cuda/printf_format.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <vector>

namespace {

/// An argument block as vprintf's caller lays it out.
class Block {
public:
  template <class T> Block &add(T value) {
    while (bytes_.size() % sizeof(T))
      bytes_.push_back(0);
    size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
    return *this;
  }
  std::string print(std::string_view format) const {
    return w2w::cuda::format_printf(format, bytes_, [](uint64_t address) {
      return std::string(reinterpret_cast<const char *>(address));
    });
  }

private:
  std::vector<uint8_t> bytes_;
};

} // namespace

TEST_CASE("conversions and alignment") {
  CHECK(Block().print("plain 100%%\n") == "plain 100%\n");
  CHECK(Block().add(-5).add(7u).add(1.5).print("%d %u %.2f") == "-5 7 1.50");
  CHECK(Block().add(1).add(0x123456789abcll).add(2).print("%d %llx %d") == "1 123456789abc 2");
  CHECK(Block().add(int64_t{-1}).print("%ld") == "-1");
  CHECK(Block().add(6).add(3).add(3.14159).print("[%*.*f]") == "[ 3.142]");
  CHECK(Block().add(int{'x'}).print("%c") == "x");
  CHECK(Block().add("text").print("<%-6s>") == "<text  >");
  CHECK(Block().add(uint64_t{0}).print("%s") == "(null)");
  CHECK(Block().add(uint64_t{0x10}).print("%p") == "0x10");
  CHECK(Block().add(300).print("%hhd") == "44");
}

TEST_CASE("odd formats neither crash nor read past the block") {
  CHECK(Block().print("%d %d") == "0 0");
  CHECK(Block().print("%") == "%");
  CHECK(Block().print("%y") == "%y");
  CHECK(Block().add(1).print("%5") == "%5");
  CHECK(Block().add(2.0).print("%300.1f").size() == 300);
}
