// The entry points that add nodes, and read and change what they do.
// Source: CUDA Driver API, "Graph Management".
#include "runtime/cuda/graph.h"
#include "runtime/cuda/graph_api.h"
#include "runtime/cuda/graph_memory.h"

#include <cstring>

namespace w2w::cuda {

Graph *find_graph(CUgraph handle) {
  return driver().graphs.find(handle);
}

GraphNode *find_node(CUgraphNode handle) {
  return driver().graph_nodes.find(handle);
}

CUDA_KERNEL_NODE_PARAMS upgrade(const CUDA_KERNEL_NODE_PARAMS_v1 &old) {
  CUDA_KERNEL_NODE_PARAMS params{};
  std::memcpy(&params, &old, sizeof old);
  return params;
}

CUresult make_child(CUgraph handle, bool move, ChildOperation &operation) {
  const Graph *child = find_graph(handle);
  if (!child || child->capturing)
    return CUDA_ERROR_INVALID_VALUE;
  if (move)
    return not_supported("cuGraphAddNode", "child graphs that are moved");
  if (child->handles_memory())
    return CUDA_ERROR_INVALID_VALUE;
  operation.graph = child->clone();
  operation.graph->is_child = true;
  return CUDA_SUCCESS;
}

CUresult make_operation(CUgraphNodeParams *p, Operation &operation) {
  if (!p)
    return CUDA_ERROR_INVALID_VALUE;
  switch (p->type) {
  case CU_GRAPH_NODE_TYPE_KERNEL:
    return make_kernel(&p->kernel, operation.emplace<KernelOperation>());
  case CU_GRAPH_NODE_TYPE_MEMCPY:
    return make_copy(&p->memcpy.copyParams, p->memcpy.copyCtx, operation.emplace<CopyOperation>());
  case CU_GRAPH_NODE_TYPE_MEMSET: {
    CUDA_MEMSET_NODE_PARAMS fill{};
    std::memcpy(&fill, &p->memset, sizeof fill);
    return make_fill(&fill, p->memset.ctx, operation.emplace<FillOperation>());
  }
  case CU_GRAPH_NODE_TYPE_HOST:
    return make_host(&p->host, operation.emplace<HostOperation>());
  case CU_GRAPH_NODE_TYPE_GRAPH:
    return make_child(p->graph.graph, p->graph.ownership != 0, operation.emplace<ChildOperation>());
  case CU_GRAPH_NODE_TYPE_EMPTY:
    operation = EmptyOperation{};
    return CUDA_SUCCESS;
  case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
    return make_event_operation<WaitOperation>(p->eventWait.event, operation);
  case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
    return make_event_operation<RecordOperation>(p->eventRecord.event, operation);
  case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
    return make_allocation(&p->alloc, operation.emplace<AllocateOperation>());
  case CU_GRAPH_NODE_TYPE_MEM_FREE:
    return make_free(p->free.dptr, operation.emplace<FreeOperation>());
  case CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL:
  case CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT:
    return not_supported("cuGraphAddNode", "external semaphores");
  case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
    return not_supported("cuGraphAddNode", "batches of memory operations");
  case CU_GRAPH_NODE_TYPE_CONDITIONAL:
    return not_supported("cuGraphAddNode", "conditional nodes");
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult make_allocation(CUDA_MEM_ALLOC_NODE_PARAMS *params, AllocateOperation &operation) {
  if (!params || params->bytesize == 0 ||
      params->poolProps.allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
      params->poolProps.location.type != CU_MEM_LOCATION_TYPE_DEVICE)
    return CUDA_ERROR_INVALID_VALUE;
  if (params->poolProps.handleTypes != CU_MEM_HANDLE_TYPE_NONE)
    return not_supported("cuGraphAddMemAllocNode", "memory shared between processes");
  Context *context = nullptr;
  if (CUresult result = enter_context(context))
    return result;
  Device *device = find_device(params->poolProps.location.id);
  if (!device)
    return CUDA_ERROR_INVALID_VALUE;
  if (device != context->device)
    context = primary_context(*device);
  CurrentContext current(*context);
  if (CUresult result = GraphMemory::create(*context, *params, operation.memory))
    return result;
  params->dptr = operation.memory->address();
  return CUDA_SUCCESS;
}

CUresult make_free(CUdeviceptr pointer, FreeOperation &operation) {
  operation.memory = GraphMemory::find(pointer);
  return operation.memory ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

namespace {

/// Where a node goes.
struct Place {
  CUgraphNode *node;
  CUgraph graph;
  const CUgraphNode *dependencies;
  const CUgraphEdgeData *edges;
  size_t count;
};

/// Adds a node; `make` fills its operation.
template <class Make> CUresult add(const Place &place, Make make) {
  Graph *graph = find_graph(place.graph);
  if (!place.node || !graph || (place.count > 0 && !place.dependencies))
    return CUDA_ERROR_INVALID_VALUE;
  Operation operation;
  if (CUresult result = make(operation))
    return result;
  GraphNode *node = nullptr;
  const std::span dependencies(reinterpret_cast<GraphNode *const *>(place.dependencies),
                               place.count);
  if (CUresult result = graph->add(std::move(operation), dependencies, place.edges, node))
    return result;
  *place.node = reinterpret_cast<CUgraphNode>(node);
  return CUDA_SUCCESS;
}

/// What a node of type T does; null if the handle is no such node.
template <class T> T *operation_of(CUgraphNode handle) {
  GraphNode *node = find_node(handle);
  return node ? std::get_if<T>(&node->operation) : nullptr;
}

/// Gives a part of a node's parameters to the program.
template <class T, class Out, class Read> CUresult read(CUgraphNode handle, Out *out, Read read) {
  const T *operation = operation_of<T>(handle);
  if (!operation || !out)
    return CUDA_ERROR_INVALID_VALUE;
  *out = read(*operation);
  return CUDA_SUCCESS;
}

/// Replaces what a node of type T does; `make` fills the new operation.
template <class T, class Make> CUresult change(CUgraphNode handle, Make make) {
  T *operation = operation_of<T>(handle);
  if (!operation)
    return CUDA_ERROR_INVALID_VALUE;
  T changed;
  if (CUresult result = make(changed))
    return result;
  if constexpr (std::is_same_v<T, KernelOperation>)
    changed.attributes = std::move(operation->attributes);
  *operation = std::move(changed);
  return CUDA_SUCCESS;
}

CUresult kernel_params(CUgraphNode handle, CUDA_KERNEL_NODE_PARAMS &params) {
  GraphNode *node = find_node(handle);
  auto *kernel = node ? std::get_if<KernelOperation>(&node->operation) : nullptr;
  if (!kernel)
    return CUDA_ERROR_INVALID_VALUE;
  if (!driver().functions.find(kernel->function))
    return CUDA_ERROR_INVALID_HANDLE; // its module is gone
  params = {};
  params.func = reinterpret_cast<CUfunction>(kernel->function);
  params.gridDimX = kernel->grid[0];
  params.gridDimY = kernel->grid[1];
  params.gridDimZ = kernel->grid[2];
  params.blockDimX = kernel->block[0];
  params.blockDimY = kernel->block[1];
  params.blockDimZ = kernel->block[2];
  params.sharedMemBytes = kernel->shared_bytes;
  params.ctx = reinterpret_cast<CUcontext>(kernel->context);
  node->argument_pointers.clear();
  const abi::ModuleSummary &module = kernel->function->module->program->summary();
  for (const abi::KernelParam &param : module.kernels[kernel->function->index].params)
    node->argument_pointers.push_back(kernel->parameters.data() + param.offset);
  params.kernelParams = node->argument_pointers.empty() ? nullptr : node->argument_pointers.data();
  return CUDA_SUCCESS;
}

bool is_node_attribute(CUkernelNodeAttrID id) {
  switch (id) {
  case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
  case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
  case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
  case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
  case CU_LAUNCH_ATTRIBUTE_PRIORITY:
  case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
  case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
  case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    return true;
  default:
    return false;
  }
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

// Defines an entry point that adds a node: `make` fills `operation`.
#define W2W_ADD(name, make, ...)                                                                   \
  CUresult name(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies, size_t count,   \
                ##__VA_ARGS__) {                                                                   \
    W2W_ENTER(name);                                                                               \
    return add({node, graph, dependencies, nullptr, count},                                        \
               [&](Operation &operation) -> CUresult { return make; });                            \
  }

W2W_ADD(cuGraphAddKernelNode_v2, make_kernel(params, operation.emplace<KernelOperation>()),
        const CUDA_KERNEL_NODE_PARAMS *params)
W2W_ADD(cuGraphAddMemcpyNode, make_copy(copy, ctx, operation.emplace<CopyOperation>()),
        const CUDA_MEMCPY3D *copy, CUcontext ctx)
W2W_ADD(cuGraphAddMemsetNode, make_fill(params, ctx, operation.emplace<FillOperation>()),
        const CUDA_MEMSET_NODE_PARAMS *params, CUcontext ctx)
W2W_ADD(cuGraphAddHostNode, make_host(params, operation.emplace<HostOperation>()),
        const CUDA_HOST_NODE_PARAMS *params)
W2W_ADD(cuGraphAddChildGraphNode, make_child(child, false, operation.emplace<ChildOperation>()),
        CUgraph child)
W2W_ADD(cuGraphAddEmptyNode, (operation = EmptyOperation{}, CUDA_SUCCESS))
W2W_ADD(cuGraphAddEventRecordNode, make_event_operation<RecordOperation>(event, operation),
        CUevent event)
W2W_ADD(cuGraphAddEventWaitNode, make_event_operation<WaitOperation>(event, operation),
        CUevent event)
W2W_ADD(cuGraphAddMemAllocNode, make_allocation(params, operation.emplace<AllocateOperation>()),
        CUDA_MEM_ALLOC_NODE_PARAMS *params)
W2W_ADD(cuGraphAddMemFreeNode, make_free(dptr, operation.emplace<FreeOperation>()),
        CUdeviceptr dptr)
W2W_ADD(cuGraphAddNode, make_operation(params, operation), CUgraphNodeParams *params)

CUresult cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                              size_t count, const CUDA_KERNEL_NODE_PARAMS_v1 *params) {
  if (!params)
    return CUDA_ERROR_INVALID_VALUE;
  const CUDA_KERNEL_NODE_PARAMS upgraded = upgrade(*params);
  return cuGraphAddKernelNode_v2(node, graph, dependencies, count, &upgraded);
}

CUresult cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                           const CUgraphEdgeData *edges, size_t count, CUgraphNodeParams *params) {
  W2W_ENTER(cuGraphAddNode_v2);
  return add({node, graph, dependencies, edges, count},
             [&](Operation &operation) { return make_operation(params, operation); });
}

CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphKernelNodeGetParams_v2);
  return params ? kernel_params(node, *params) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphKernelNodeGetParams(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS_v1 *params) {
  W2W_ENTER(cuGraphKernelNodeGetParams);
  if (!params)
    return CUDA_ERROR_INVALID_VALUE;
  CUDA_KERNEL_NODE_PARAMS full;
  if (CUresult result = kernel_params(node, full))
    return result;
  std::memcpy(params, &full, sizeof *params);
  return CUDA_SUCCESS;
}

CUresult cuGraphKernelNodeSetParams_v2(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphKernelNodeSetParams_v2);
  return change<KernelOperation>(node, [&](auto &changed) { return make_kernel(params, changed); });
}

CUresult cuGraphKernelNodeSetParams(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v1 *params) {
  if (!params)
    return CUDA_ERROR_INVALID_VALUE;
  const CUDA_KERNEL_NODE_PARAMS upgraded = upgrade(*params);
  return cuGraphKernelNodeSetParams_v2(node, &upgraded);
}

CUresult cuGraphKernelNodeCopyAttributes(CUgraphNode dst, CUgraphNode src) {
  W2W_ENTER(cuGraphKernelNodeCopyAttributes);
  auto *to = operation_of<KernelOperation>(dst), *from = operation_of<KernelOperation>(src);
  if (!to || !from)
    return CUDA_ERROR_INVALID_VALUE;
  to->attributes = from->attributes;
  return CUDA_SUCCESS;
}

CUresult cuGraphKernelNodeGetAttribute(CUgraphNode node, CUkernelNodeAttrID attr,
                                       CUkernelNodeAttrValue *value) {
  W2W_ENTER(cuGraphKernelNodeGetAttribute);
  const auto *kernel = operation_of<KernelOperation>(node);
  if (!kernel || !value || !is_node_attribute(attr))
    return CUDA_ERROR_INVALID_VALUE;
  const CUlaunchAttributeValue *set = kernel->attribute(attr);
  *value = set ? *set : CUlaunchAttributeValue{};
  return CUDA_SUCCESS;
}

CUresult cuGraphKernelNodeSetAttribute(CUgraphNode node, CUkernelNodeAttrID attr,
                                       const CUkernelNodeAttrValue *value) {
  W2W_ENTER(cuGraphKernelNodeSetAttribute);
  auto *kernel = operation_of<KernelOperation>(node);
  if (!kernel || !value || !is_node_attribute(attr))
    return CUDA_ERROR_INVALID_VALUE;
  const auto &dim = value->clusterDim;
  if (attr == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION && uint64_t{dim.x} * dim.y * dim.z > 1)
    return not_supported("cuGraphKernelNodeSetAttribute", "clusters of more than one block");
  kernel->set_attribute(attr, *value);
  return CUDA_SUCCESS;
}

CUresult cuGraphMemcpyNodeGetParams(CUgraphNode node, CUDA_MEMCPY3D *copy) {
  W2W_ENTER(cuGraphMemcpyNodeGetParams);
  return read<CopyOperation>(node, copy, [](const auto &o) { return o.copy; });
}

CUresult cuGraphMemcpyNodeSetParams(CUgraphNode node, const CUDA_MEMCPY3D *copy) {
  W2W_ENTER(cuGraphMemcpyNodeSetParams);
  return change<CopyOperation>(node, [&](auto &changed) {
    return make_copy(copy, reinterpret_cast<CUcontext>(operation_of<CopyOperation>(node)->context),
                     changed);
  });
}

CUresult cuGraphMemsetNodeGetParams(CUgraphNode node, CUDA_MEMSET_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphMemsetNodeGetParams);
  return read<FillOperation>(node, params, [](const auto &o) { return o.fill; });
}

CUresult cuGraphMemsetNodeSetParams(CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphMemsetNodeSetParams);
  return change<FillOperation>(node, [&](auto &changed) {
    return make_fill(
        params, reinterpret_cast<CUcontext>(operation_of<FillOperation>(node)->context), changed);
  });
}

CUresult cuGraphHostNodeGetParams(CUgraphNode node, CUDA_HOST_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphHostNodeGetParams);
  return read<HostOperation>(
      node, params, [](const auto &o) { return CUDA_HOST_NODE_PARAMS{o.function, o.user_data}; });
}

CUresult cuGraphHostNodeSetParams(CUgraphNode node, const CUDA_HOST_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphHostNodeSetParams);
  return change<HostOperation>(node, [&](auto &changed) { return make_host(params, changed); });
}

CUresult cuGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *graph) {
  W2W_ENTER(cuGraphChildGraphNodeGetGraph);
  return read<ChildOperation>(
      node, graph, [](const auto &o) { return reinterpret_cast<CUgraph>(o.graph.get()); });
}

CUresult cuGraphEventRecordNodeGetEvent(CUgraphNode node, CUevent *event) {
  W2W_ENTER(cuGraphEventRecordNodeGetEvent);
  return read<RecordOperation>(node, event, [](const auto &o) { return o.event; });
}

CUresult cuGraphEventRecordNodeSetEvent(CUgraphNode node, CUevent event) {
  W2W_ENTER(cuGraphEventRecordNodeSetEvent);
  auto *operation = operation_of<RecordOperation>(node);
  if (!operation || !driver().events.find(event))
    return CUDA_ERROR_INVALID_VALUE;
  operation->event = event;
  return CUDA_SUCCESS;
}

CUresult cuGraphEventWaitNodeGetEvent(CUgraphNode node, CUevent *event) {
  W2W_ENTER(cuGraphEventWaitNodeGetEvent);
  return read<WaitOperation>(node, event, [](const auto &o) { return o.event; });
}

CUresult cuGraphEventWaitNodeSetEvent(CUgraphNode node, CUevent event) {
  W2W_ENTER(cuGraphEventWaitNodeSetEvent);
  auto *operation = operation_of<WaitOperation>(node);
  if (!operation || !driver().events.find(event))
    return CUDA_ERROR_INVALID_VALUE;
  operation->event = event;
  return CUDA_SUCCESS;
}

CUresult cuGraphMemAllocNodeGetParams(CUgraphNode node, CUDA_MEM_ALLOC_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphMemAllocNodeGetParams);
  return read<AllocateOperation>(node, params, [](const auto &o) { return o.memory->params(); });
}

CUresult cuGraphMemFreeNodeGetParams(CUgraphNode node, CUdeviceptr *dptr) {
  W2W_ENTER(cuGraphMemFreeNodeGetParams);
  return read<FreeOperation>(node, dptr, [](const auto &o) { return o.memory->address(); });
}

CUresult cuGraphNodeSetParams(CUgraphNode handle, CUgraphNodeParams *params) {
  W2W_ENTER(cuGraphNodeSetParams);
  GraphNode *node = find_node(handle);
  if (!node || !params || params->type != type_of(node->operation))
    return CUDA_ERROR_INVALID_VALUE;
  if (handles_memory(node->operation))
    return CUDA_ERROR_NOT_SUPPORTED;
  Operation operation;
  if (CUresult result = make_operation(params, operation))
    return result;
  if (auto *kernel = std::get_if<KernelOperation>(&operation))
    kernel->attributes = std::get<KernelOperation>(node->operation).attributes;
  node->operation = std::move(operation);
  return CUDA_SUCCESS;
}
