#pragma once

#include <string>
#include <vector>

struct Layout {
  std::string what;
  long value;
};

/// As runtime/cudart/cudart_abi.h has them.
std::vector<Layout> our_layouts();
/// As a toolkit's cuda_runtime_api.h has them; empty where none is installed.
std::vector<Layout> toolkit_layouts();
