// Writes the seeds of fuzz_fatbin into a folder: containers with every way of storing an entry,
// whole and cut short, and PTX text.
#include "runtime/fatbin/fatbin.h"
#include "test/unit/fatbin/samples.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

void write(const std::filesystem::path &path, const std::vector<uint8_t> &bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fatbin_seeds FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  const std::vector<uint8_t> all = sample_container();
  write(folder / "container", all);
  for (const size_t n : {size_t{8}, size_t{40}, size_t{100}, all.size() / 2, all.size() - 1})
    write(folder / ("cut" + std::to_string(n)), {all.begin(), all.begin() + static_cast<long>(n)});
  std::vector<uint8_t> two = all;
  two.insert(two.end(), all.begin(), all.end());
  write(folder / "two", two);
  write(folder / "ptx", {kSamplePtx.begin(), kSamplePtx.end()});
  return 0;
}
