// Fuzz target: any bytes are a module image in a file. Every entry that is found is described,
// unpacked and searched for kernels; images beyond 16 MB are only described.
#include "runtime/fatbin/fatbin.h"

#include <cstddef>
#include <cstdint>

using namespace w2w::fatbin;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr uint64_t kMost = uint64_t{16} << 20;
  const Bytes bytes(data, size);
  (void)container_size(bytes);
  (void)read_container(bytes);
  const Result<Image> image = open_bytes(bytes, "fuzz");
  if (!image)
    return 0;
  for (const uint32_t cc : {75u, 89u, 90u})
    (void)select_ptx(image->entries, cc);
  for (const Entry &e : image->entries) {
    (void)e.describe();
    if (e.uncompressed_size > kMost)
      continue;
    (void)unpack(e);
    (void)ptx_text(e);
    (void)kernel_names(e);
  }
  return 0;
}
