// Memory that a graph's nodes allocate: its address is fixed when the node is made, and the memory
// lies there as long as a node or an executable graph refers to it. Launches of allocation nodes
// and frees only say whether the program has it.
// Source: CUDA Driver API, cuGraphAddMemAllocNode.
#pragma once

#include "runtime/cuda/state.h"

namespace w2w::cuda {

class GraphMemory {
public:
  /// Allocates; the context must be the calling thread's.
  static CUresult create(Context &context, const CUDA_MEM_ALLOC_NODE_PARAMS &params,
                         std::shared_ptr<GraphMemory> &memory);
  /// What an allocation node of any graph gave out at that address; null if nothing did, or if the
  /// memory is no graph's any more.
  static std::shared_ptr<GraphMemory> find(CUdeviceptr address);
  /// Gives the memory back, or leaves it to the program if that has it.
  ~GraphMemory();

  CUdeviceptr address() const { return params_.dptr; }
  const CUDA_MEM_ALLOC_NODE_PARAMS &params() const { return params_; }
  const Device &device() const { return *device_; }

  /// Whether a launch has allocated it and nothing has freed it since.
  std::atomic<bool> allocated = false;
  /// What a launch of the allocation node does.
  void give();
  /// The graph in which a node frees it; null: none does.
  std::atomic<const Graph *> freed_in = nullptr;

private:
  GraphMemory() = default;
  const Device *device_ = nullptr;
  CUDA_MEM_ALLOC_NODE_PARAMS params_{};
};

/// CU_GRAPH_MEM_ATTR_*.
uint64_t graph_memory_attribute(const Device &device, CUgraphMem_attribute attribute);
void reset_graph_memory_peak(const Device &device, CUgraphMem_attribute attribute);

} // namespace w2w::cuda
