// What the entry points for graphs and for executable graphs share: handles, and operations from
// parameters.
#pragma once

#include "runtime/cuda/graph.h"

namespace w2w::cuda {

/// Null if the handle is none.
Graph *find_graph(CUgraph handle);
GraphNode *find_node(CUgraphNode handle);

CUDA_KERNEL_NODE_PARAMS upgrade(const CUDA_KERNEL_NODE_PARAMS_v1 &old);

/// The operation of a node with these parameters, of any type. An allocation's address is written
/// to them.
CUresult make_operation(CUgraphNodeParams *params, Operation &operation);
/// Clones the child, or takes it over from the program.
CUresult make_child(CUgraph child, bool move, ChildOperation &operation);
CUresult make_allocation(CUDA_MEM_ALLOC_NODE_PARAMS *params, AllocateOperation &operation);
CUresult make_free(CUdeviceptr pointer, FreeOperation &operation);

template <class T> CUresult make_event_operation(CUevent event, Operation &operation) {
  if (!driver().events.find(event))
    return CUDA_ERROR_INVALID_VALUE;
  operation = T{event};
  return CUDA_SUCCESS;
}

} // namespace w2w::cuda
