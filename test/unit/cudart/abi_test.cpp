// The runtime API's binary interface, and what the three libraries export.
#include <catch2/catch.hpp>

#include "test/unit/cudart/layouts.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>

#ifdef W2W_CUDART_FOLDER
namespace {

std::string output_of(const std::string &command) {
  std::unique_ptr<FILE, int (*)(FILE *)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string out;
  std::array<char, 4096> buffer;
  while (size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    out.append(buffer.data(), n);
  return out;
}

/// "name@version" of the functions a library exports.
std::set<std::string> exports(const std::string &library) {
  std::istringstream lines(output_of(std::string(W2W_NM) + " -D --defined-only " + library));
  std::set<std::string> out;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string address, type, name;
    words >> address >> type >> name;
    if (type != "T")
      continue;
    if (size_t at = name.find("@@"); at != std::string::npos)
      name.erase(at, 1);
    out.insert(name);
  }
  return out;
}

} // namespace
#endif

TEST_CASE("layouts and values are those of the toolkit", "[cudart][abi]") {
  auto ours = our_layouts(), theirs = toolkit_layouts();
  if (theirs.empty()) {
    WARN("skipped: no CUDA 13 toolkit");
    return;
  }
  REQUIRE(ours.size() == theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    INFO("entry " << i << ": " << theirs[i].what);
    CHECK(ours[i].value == theirs[i].value);
  }
}

#ifdef W2W_CUDART_FOLDER
TEST_CASE("every name is exported with its version", "[cudart][abi]") {
  const std::string folder = W2W_CUDART_FOLDER;
  // Counts of the dynamic symbol tables of 11.8, 12.9 and 13.0.
  const std::pair<const char *, size_t> libraries[] = {{"11.0", 395}, {"12", 435}, {"13", 422}};
  for (auto [version, count] : libraries) {
    INFO(version);
    auto names = exports(folder + "/libcudart.so." + version);
    CHECK(names.size() == count);
    for (const std::string &n : names)
      CHECK(n.ends_with("@libcudart.so." + std::string(version)));
  }
}

TEST_CASE("libcudart.so.13 exports what the toolkit's does", "[cudart][abi]") {
  const std::string theirs = "/usr/local/cuda/lib64/libcudart.so.13";
  if (!std::filesystem::exists(theirs)) {
    WARN("skipped: no CUDA 13 toolkit");
    return;
  }
  CHECK(exports(std::string(W2W_CUDART_FOLDER) + "/libcudart.so.13") == exports(theirs));
}
#endif
