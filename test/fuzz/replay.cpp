// Runs a fuzz target on files, without libFuzzer: the seeds and the inputs that once
// were crashes. Each argument is a file or a folder. Says how many inputs it ran; an input that the
// target does not survive ends the process.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **arguments) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (int i = 1; i < count; ++i) {
    if (!fs::is_directory(arguments[i])) {
      files.push_back(arguments[i]);
      continue;
    }
    for (const auto &entry : fs::recursive_directory_iterator(arguments[i]))
      if (entry.is_regular_file())
        files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path &path : files) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      fprintf(stderr, "%s: cannot be read\n", path.c_str());
      return 1;
    }
    std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(file)), {});
    fprintf(stderr, "%s (%zu bytes)\n", path.c_str(), bytes.size()); // the last one is the culprit
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  printf("%zu inputs\n", files.size());
  return files.empty(); // nothing run proves nothing
}
