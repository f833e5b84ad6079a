// A container with every way of storing an entry.
#pragma once

#include "runtime/fatbin/fatbin.h"

#include <string>
#include <vector>

inline const std::string kSamplePtx = "// a sample\n.version 8.3\n.target sm_80\n.address_size 64\n"
                                      ".visible .entry k(.param .u64 p)\n{\n"
                                      "  .reg .b64 %rd<3>;\n  .reg .b32 %r<3>;\n"
                                      "  ld.param.u64 %rd1, [p];\n  mov.u32 %r1, 1;\n"
                                      "  mov.u32 %r1, 1;\n  mov.u32 %r1, 1;\n  mov.u32 %r1, 1;\n"
                                      "  st.global.u32 [%rd1], %r1;\n  ret;\n}\n";

/// Four entries: plain PTX with options and name, LZ4 PTX, zstd PTX for sm_90a, SASS.
inline std::vector<uint8_t> sample_container() {
  using namespace w2w::fatbin;
  NewEntry plain;
  plain.arch = 80;
  plain.payload.assign(kSamplePtx.begin(), kSamplePtx.end());
  plain.options = "-maxrregcount=32 ";
  plain.source_name = "sample.cu";
  plain.extra_flags = kFlagDebug;
  NewEntry lz4 = plain;
  lz4.arch = 86;
  lz4.compression = Compression::Lz4;
  NewEntry zstd = plain;
  zstd.arch = 90;
  zstd.arch_suffix = 'a';
  zstd.compression = Compression::Zstd;
  NewEntry sass;
  sass.kind = Kind::Elf;
  sass.arch = 75;
  sass.payload.assign(104, 0x5a);
  const NewEntry all[] = {plain, lz4, zstd, sass};
  return *write_container(all);
}
