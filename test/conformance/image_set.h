// Images for conformance: seeded descriptors of every geometry, format and sampler state, on the
// host (for the reference) and on the device.
#pragma once

#include "lowering/abi/texture_descriptor.h"
#include "test/conformance/device.h"

#include <random>
#include <vector>

namespace w2w::conformance {

struct TestImage {
  abi::ImageDescriptor host; // level addresses point into `bytes`
  std::vector<uint8_t> bytes;
  uint64_t data = 0;   // on the device
  uint64_t handle = 0; // of the descriptor on the device

  bool gives_floats() const;
};

/// An image of the geometry with everything else drawn from `random`; surfaces have one level.
TestImage make_image(Device &device, abi::ImageGeometry geometry, abi::DescriptorKind kind,
                     std::mt19937_64 &random, bool wants_float);

} // namespace w2w::conformance
