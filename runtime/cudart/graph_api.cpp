// Graphs and stream capture: the driver's, with the runtime's ways to name kernels, variables and
// copies.
// Source: CUDA Runtime API, "Graph Management", "Stream Management".
#include "runtime/cudart/copy_order.h"
#include "runtime/cudart/registry.h"

#include <cstring>

namespace {

cudaError_t to_driver(const cudaKernelNodeParams *p, CUDA_KERNEL_NODE_PARAMS &k) {
  if (!p)
    return cudaErrorInvalidValue;
  CUkernel kernel = nullptr;
  if (cudaError_t e = find_kernel(p->func, kernel))
    return e;
  k = {};
  k.kern = kernel;
  k.gridDimX = p->gridDim.x;
  k.gridDimY = p->gridDim.y;
  k.gridDimZ = p->gridDim.z;
  k.blockDimX = p->blockDim.x;
  k.blockDimY = p->blockDim.y;
  k.blockDimZ = p->blockDim.z;
  k.sharedMemBytes = p->sharedMemBytes;
  k.kernelParams = p->kernelParams;
  k.extra = p->extra;
  return cudaSuccess;
}

/// Runs `call(params)` with a kernel node's parameters as the driver has them.
template <class Call> cudaError_t with_kernel(const cudaKernelNodeParams *params, Call call) {
  return in_context([&]() -> cudaError_t {
    CUDA_KERNEL_NODE_PARAMS k;
    if (cudaError_t e = to_driver(params, k))
      return e;
    return to_error(call(&k));
  });
}

/// The same for a copy node, in the current context.
template <class Call> cudaError_t with_copy(const cudaMemcpy3DParms *params, Call call) {
  return in_context([&]() -> cudaError_t {
    if (!params)
      return cudaErrorInvalidValue;
    CUDA_MEMCPY3D c;
    if (cudaError_t e = to_driver(*params, c))
      return e;
    CUcontext context = nullptr;
    if (CUresult r = cuCtxGetCurrent(&context))
      return to_error(r);
    return to_error(call(&c, context));
  });
}

/// The same for a copy of `count` bytes.
template <class Call>
cudaError_t with_row(void *dst, const void *src, size_t count, int kind, Call call) {
  cudaMemcpy3DParms p = {};
  p.srcPtr = {const_cast<void *>(src), count, count, 1};
  p.dstPtr = {dst, count, count, 1};
  p.extent = {count, 1, 1};
  p.kind = static_cast<cudaMemcpyKind>(kind);
  return with_copy(&p, call);
}

/// The same for a copy to or from a variable.
template <class Call>
cudaError_t with_row_to(const void *symbol, const void *src, size_t count, size_t offset, int kind,
                        Call call) {
  void *address = nullptr;
  if (cudaError_t e = inside_variable(symbol, count, offset, &address))
    return record(e);
  return with_row(address, src, count, kind, call);
}
template <class Call>
cudaError_t with_row_from(void *dst, const void *symbol, size_t count, size_t offset, int kind,
                          Call call) {
  void *address = nullptr;
  if (cudaError_t e = inside_variable(symbol, count, offset, &address))
    return record(e);
  return with_row(dst, address, count, kind, call);
}

/// Runs `call(params)` with the parameters of a node of any type as the driver has them. Where an
/// allocation's address comes back, the program gets it.
template <class Call> cudaError_t with_node(cudaGraphNodeParams *p, Call call) {
  return in_context([&]() -> cudaError_t {
    if (!p)
      return cudaErrorInvalidValue;
    CUgraphNodeParams n = {};
    n.type = p->type;
    switch (p->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
      if (cudaError_t e = to_driver(&p->kernel, n.kernel))
        return e;
      break;
    case CU_GRAPH_NODE_TYPE_MEMCPY:
      if (cudaError_t e = to_driver(p->memcpy.copyParams, n.memcpy.copyParams))
        return e;
      break;
    default: // the layouts are the same
      std::memcpy(n.reserved1, p->reserved1, sizeof n.reserved1);
      if (p->type == CU_GRAPH_NODE_TYPE_MEMSET)
        n.memset.ctx = nullptr;
      break;
    }
    if (CUresult r = call(&n))
      return to_error(r);
    if (p->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC)
      p->alloc.dptr = n.alloc.dptr;
    return cudaSuccess;
  });
}

CUcontext current_context() {
  CUcontext context = nullptr;
  (void)cuCtxGetCurrent(&context);
  return context;
}

} // namespace

// Defines a function that the driver has with the same parameters.
#define W2W_SAME(name, parameters, call)                                                           \
  W2W_RT w2wrt_##name parameters {                                                                 \
    return in_context([=] { return call; });                                                       \
  }

// ---- capture -----------------------------------------------------------------------------------

W2W_SAME(cudaStreamBeginCapture, (cudaStream_t stream, CUstreamCaptureMode mode),
         cuStreamBeginCapture_v2(stream, mode))
W2W_SAME(cudaStreamBeginCaptureToGraph,
         (cudaStream_t stream, cudaGraph_t graph, const cudaGraphNode_t *dependencies,
          const CUgraphEdgeData *edges, size_t count, CUstreamCaptureMode mode),
         cuStreamBeginCaptureToGraph(stream, graph, dependencies, edges, count, mode))
W2W_SAME(cudaStreamEndCapture, (cudaStream_t stream, cudaGraph_t *graph),
         cuStreamEndCapture(stream, graph))
W2W_SAME(cudaStreamUpdateCaptureDependencies_11,
         (cudaStream_t stream, cudaGraphNode_t *dependencies, size_t count, unsigned flags),
         cuStreamUpdateCaptureDependencies(stream, dependencies, count, flags))
W2W_SAME(cudaStreamUpdateCaptureDependencies_13,
         (cudaStream_t stream, cudaGraphNode_t *dependencies, const CUgraphEdgeData *edges,
          size_t count, unsigned flags),
         cuStreamUpdateCaptureDependencies_v2(stream, dependencies, edges, count, flags))

// ---- graphs ------------------------------------------------------------------------------------

W2W_SAME(cudaGraphCreate, (cudaGraph_t * graph, unsigned flags), cuGraphCreate(graph, flags))
W2W_SAME(cudaGraphDestroy, (cudaGraph_t graph), cuGraphDestroy(graph))
W2W_SAME(cudaGraphClone, (cudaGraph_t * clone, cudaGraph_t graph), cuGraphClone(clone, graph))
W2W_SAME(cudaGraphDebugDotPrint, (cudaGraph_t graph, const char *path, unsigned flags),
         cuGraphDebugDotPrint(graph, path, flags))
W2W_SAME(cudaGraphNodeFindInClone,
         (cudaGraphNode_t * found, cudaGraphNode_t original, cudaGraph_t clone),
         cuGraphNodeFindInClone(found, original, clone))
W2W_SAME(cudaGraphNodeGetType, (cudaGraphNode_t node, CUgraphNodeType *type),
         cuGraphNodeGetType(node, type))
W2W_SAME(cudaGraphDestroyNode, (cudaGraphNode_t node), cuGraphDestroyNode(node))
W2W_SAME(cudaGraphGetNodes, (cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count),
         cuGraphGetNodes(graph, nodes, count))
W2W_SAME(cudaGraphGetRootNodes, (cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count),
         cuGraphGetRootNodes(graph, nodes, count))

// Dependencies: 13 and the _v2 functions of 12 have edge data.

W2W_SAME(cudaGraphGetEdges_11,
         (cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to, size_t *count),
         cuGraphGetEdges(graph, from, to, count))
W2W_SAME(cudaGraphGetEdges_13,
         (cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to, CUgraphEdgeData *edges,
          size_t *count),
         cuGraphGetEdges_v2(graph, from, to, edges, count))
W2W_SAME(cudaGraphNodeGetDependencies_11,
         (cudaGraphNode_t node, cudaGraphNode_t *nodes, size_t *count),
         cuGraphNodeGetDependencies(node, nodes, count))
W2W_SAME(cudaGraphNodeGetDependencies_13,
         (cudaGraphNode_t node, cudaGraphNode_t *nodes, CUgraphEdgeData *edges, size_t *count),
         cuGraphNodeGetDependencies_v2(node, nodes, edges, count))
W2W_SAME(cudaGraphNodeGetDependentNodes_11,
         (cudaGraphNode_t node, cudaGraphNode_t *nodes, size_t *count),
         cuGraphNodeGetDependentNodes(node, nodes, count))
W2W_SAME(cudaGraphNodeGetDependentNodes_13,
         (cudaGraphNode_t node, cudaGraphNode_t *nodes, CUgraphEdgeData *edges, size_t *count),
         cuGraphNodeGetDependentNodes_v2(node, nodes, edges, count))
W2W_SAME(cudaGraphAddDependencies_11,
         (cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to, size_t count),
         cuGraphAddDependencies(graph, from, to, count))
W2W_SAME(cudaGraphAddDependencies_13,
         (cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to,
          const CUgraphEdgeData *edges, size_t count),
         cuGraphAddDependencies_v2(graph, from, to, edges, count))
W2W_SAME(cudaGraphRemoveDependencies_11,
         (cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to, size_t count),
         cuGraphRemoveDependencies(graph, from, to, count))
W2W_SAME(cudaGraphRemoveDependencies_13,
         (cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to,
          const CUgraphEdgeData *edges, size_t count),
         cuGraphRemoveDependencies_v2(graph, from, to, edges, count))

// ---- nodes -------------------------------------------------------------------------------------

// Defines a function that adds a node: `call` sees node, graph, dependencies and count.
#define W2W_ADD(name, call, ...)                                                                   \
  W2W_RT w2wrt_##name(cudaGraphNode_t *node, cudaGraph_t graph,                                    \
                      const cudaGraphNode_t *dependencies, size_t count, ##__VA_ARGS__) {          \
    return call;                                                                                   \
  }
// ... that the driver has with the same parameters.
#define W2W_ADD_SAME(name, call, ...) W2W_ADD(name, in_context([=] { return call; }), ##__VA_ARGS__)

W2W_ADD_SAME(cudaGraphAddEmptyNode, cuGraphAddEmptyNode(node, graph, dependencies, count))
W2W_ADD_SAME(cudaGraphAddHostNode, cuGraphAddHostNode(node, graph, dependencies, count, params),
             const CUDA_HOST_NODE_PARAMS *params)
W2W_ADD_SAME(cudaGraphAddMemsetNode,
             cuGraphAddMemsetNode(node, graph, dependencies, count, params, current_context()),
             const CUDA_MEMSET_NODE_PARAMS *params)
W2W_ADD_SAME(cudaGraphAddChildGraphNode,
             cuGraphAddChildGraphNode(node, graph, dependencies, count, child), cudaGraph_t child)
W2W_ADD_SAME(cudaGraphAddEventRecordNode,
             cuGraphAddEventRecordNode(node, graph, dependencies, count, event), cudaEvent_t event)
W2W_ADD_SAME(cudaGraphAddEventWaitNode,
             cuGraphAddEventWaitNode(node, graph, dependencies, count, event), cudaEvent_t event)
W2W_ADD_SAME(cudaGraphAddMemAllocNode,
             cuGraphAddMemAllocNode(node, graph, dependencies, count, params),
             CUDA_MEM_ALLOC_NODE_PARAMS *params)
W2W_ADD_SAME(cudaGraphAddMemFreeNode,
             cuGraphAddMemFreeNode(node, graph, dependencies, count, device_pointer(pointer)),
             void *pointer)
W2W_ADD(cudaGraphAddKernelNode,
        with_kernel(params,
                    [=](const CUDA_KERNEL_NODE_PARAMS *k) {
                      return cuGraphAddKernelNode_v2(node, graph, dependencies, count, k);
                    }),
        const cudaKernelNodeParams *params)

// Copy nodes: each function has twins that set an existing node's parameters, in a graph and in an
// executable graph. `with` passes the driver's parameters to `call`.
#define W2W_COPY_NODE(suffix, with, ...)                                                           \
  W2W_RT w2wrt_cudaGraphAddMemcpyNode##suffix(cudaGraphNode_t *node, cudaGraph_t graph,            \
                                              const cudaGraphNode_t *dependencies,                 \
                                              size_t dependency_count, __VA_ARGS__) {              \
    auto call = [=](const CUDA_MEMCPY3D *c, CUcontext context) {                                   \
      return cuGraphAddMemcpyNode(node, graph, dependencies, dependency_count, c, context);        \
    };                                                                                             \
    return with;                                                                                   \
  }                                                                                                \
  W2W_RT w2wrt_cudaGraphMemcpyNodeSetParams##suffix(cudaGraphNode_t node, __VA_ARGS__) {           \
    auto call = [=](const CUDA_MEMCPY3D *c, CUcontext) {                                           \
      return cuGraphMemcpyNodeSetParams(node, c);                                                  \
    };                                                                                             \
    return with;                                                                                   \
  }                                                                                                \
  W2W_RT w2wrt_cudaGraphExecMemcpyNodeSetParams##suffix(cudaGraphExec_t exec,                      \
                                                        cudaGraphNode_t node, __VA_ARGS__) {       \
    auto call = [=](const CUDA_MEMCPY3D *c, CUcontext context) {                                   \
      return cuGraphExecMemcpyNodeSetParams(exec, node, c, context);                               \
    };                                                                                             \
    return with;                                                                                   \
  }

W2W_COPY_NODE(, with_copy(params, call), const cudaMemcpy3DParms *params)
W2W_COPY_NODE(1D, with_row(dst, src, bytes, kind, call), void *dst, const void *src, size_t bytes,
              int kind)
W2W_COPY_NODE(ToSymbol, with_row_to(symbol, src, bytes, offset, kind, call), const void *symbol,
              const void *src, size_t bytes, size_t offset, int kind)
W2W_COPY_NODE(FromSymbol, with_row_from(dst, symbol, bytes, offset, kind, call), void *dst,
              const void *symbol, size_t bytes, size_t offset, int kind)

W2W_RT w2wrt_cudaGraphMemcpyNodeGetParams(cudaGraphNode_t node, cudaMemcpy3DParms *params) {
  return in_context([=]() -> cudaError_t {
    CUDA_MEMCPY3D c;
    if (!params)
      return cudaErrorInvalidValue;
    if (CUresult r = cuGraphMemcpyNodeGetParams(node, &c))
      return to_error(r);
    return to_runtime(c, *params);
  });
}

W2W_RT w2wrt_cudaGraphKernelNodeGetParams(cudaGraphNode_t node, cudaKernelNodeParams *params) {
  return in_context([=]() -> cudaError_t {
    CUDA_KERNEL_NODE_PARAMS k;
    if (!params)
      return cudaErrorInvalidValue;
    if (CUresult r = cuGraphKernelNodeGetParams_v2(node, &k))
      return to_error(r);
    *params = {name_of_kernel(reinterpret_cast<CUkernel>(k.func)),
               {k.gridDimX, k.gridDimY, k.gridDimZ},
               {k.blockDimX, k.blockDimY, k.blockDimZ},
               k.sharedMemBytes,
               k.kernelParams,
               k.extra};
    return cudaSuccess;
  });
}
W2W_RT w2wrt_cudaGraphKernelNodeSetParams(cudaGraphNode_t node,
                                          const cudaKernelNodeParams *params) {
  return with_kernel(params, [=](const CUDA_KERNEL_NODE_PARAMS *k) {
    return cuGraphKernelNodeSetParams_v2(node, k);
  });
}
W2W_RT w2wrt_cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                              const cudaKernelNodeParams *params) {
  return with_kernel(params, [=](const CUDA_KERNEL_NODE_PARAMS *k) {
    return cuGraphExecKernelNodeSetParams_v2(exec, node, k);
  });
}
W2W_SAME(cudaGraphKernelNodeCopyAttributes, (cudaGraphNode_t dst, cudaGraphNode_t src),
         cuGraphKernelNodeCopyAttributes(dst, src))
W2W_SAME(cudaGraphKernelNodeGetAttribute,
         (cudaGraphNode_t node, CUkernelNodeAttrID attr, CUkernelNodeAttrValue *value),
         cuGraphKernelNodeGetAttribute(node, attr, value))
W2W_SAME(cudaGraphKernelNodeSetAttribute,
         (cudaGraphNode_t node, CUkernelNodeAttrID attr, const CUkernelNodeAttrValue *value),
         cuGraphKernelNodeSetAttribute(node, attr, value))
W2W_SAME(cudaGraphMemsetNodeGetParams, (cudaGraphNode_t node, CUDA_MEMSET_NODE_PARAMS *params),
         cuGraphMemsetNodeGetParams(node, params))
W2W_SAME(cudaGraphMemsetNodeSetParams,
         (cudaGraphNode_t node, const CUDA_MEMSET_NODE_PARAMS *params),
         cuGraphMemsetNodeSetParams(node, params))
W2W_SAME(cudaGraphHostNodeGetParams, (cudaGraphNode_t node, CUDA_HOST_NODE_PARAMS *params),
         cuGraphHostNodeGetParams(node, params))
W2W_SAME(cudaGraphHostNodeSetParams, (cudaGraphNode_t node, const CUDA_HOST_NODE_PARAMS *params),
         cuGraphHostNodeSetParams(node, params))
W2W_SAME(cudaGraphChildGraphNodeGetGraph, (cudaGraphNode_t node, cudaGraph_t *graph),
         cuGraphChildGraphNodeGetGraph(node, graph))
W2W_SAME(cudaGraphEventRecordNodeGetEvent, (cudaGraphNode_t node, cudaEvent_t *event),
         cuGraphEventRecordNodeGetEvent(node, event))
W2W_SAME(cudaGraphEventRecordNodeSetEvent, (cudaGraphNode_t node, cudaEvent_t event),
         cuGraphEventRecordNodeSetEvent(node, event))
W2W_SAME(cudaGraphEventWaitNodeGetEvent, (cudaGraphNode_t node, cudaEvent_t *event),
         cuGraphEventWaitNodeGetEvent(node, event))
W2W_SAME(cudaGraphEventWaitNodeSetEvent, (cudaGraphNode_t node, cudaEvent_t event),
         cuGraphEventWaitNodeSetEvent(node, event))
W2W_SAME(cudaGraphMemAllocNodeGetParams, (cudaGraphNode_t node, CUDA_MEM_ALLOC_NODE_PARAMS *params),
         cuGraphMemAllocNodeGetParams(node, params))
W2W_SAME(cudaGraphMemFreeNodeGetParams, (cudaGraphNode_t node, void *pointer),
         cuGraphMemFreeNodeGetParams(node, static_cast<CUdeviceptr *>(pointer)))

W2W_RT w2wrt_cudaGraphAddNode_12(cudaGraphNode_t *node, cudaGraph_t graph,
                                 const cudaGraphNode_t *dependencies, size_t count,
                                 cudaGraphNodeParams *params) {
  return with_node(params, [=](CUgraphNodeParams *n) {
    return cuGraphAddNode(node, graph, dependencies, count, n);
  });
}
W2W_RT w2wrt_cudaGraphAddNode_13(cudaGraphNode_t *node, cudaGraph_t graph,
                                 const cudaGraphNode_t *dependencies, const CUgraphEdgeData *edges,
                                 size_t count, cudaGraphNodeParams *params) {
  return with_node(params, [=](CUgraphNodeParams *n) {
    return cuGraphAddNode_v2(node, graph, dependencies, edges, count, n);
  });
}
W2W_RT w2wrt_cudaGraphNodeSetParams(cudaGraphNode_t node, cudaGraphNodeParams *params) {
  return with_node(params, [=](CUgraphNodeParams *n) { return cuGraphNodeSetParams(node, n); });
}

// ---- executable graphs -------------------------------------------------------------------------

W2W_SAME(cudaGraphInstantiate_11,
         (cudaGraphExec_t * exec, cudaGraph_t graph, cudaGraphNode_t *error_node, char *log,
          size_t bytes),
         cuGraphInstantiate_v2(exec, graph, error_node, log, bytes))
W2W_SAME(cudaGraphInstantiate,
         (cudaGraphExec_t * exec, cudaGraph_t graph, unsigned long long flags),
         cuGraphInstantiateWithFlags(exec, graph, flags))
W2W_SAME(cudaGraphInstantiateWithParams,
         (cudaGraphExec_t * exec, cudaGraph_t graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params),
         cuGraphInstantiateWithParams(exec, graph, params))
W2W_SAME(cudaGraphInstantiateWithParams_ptsz,
         (cudaGraphExec_t * exec, cudaGraph_t graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params),
         cuGraphInstantiateWithParams_ptsz(exec, graph, params))
W2W_SAME(cudaGraphLaunch, (cudaGraphExec_t exec, cudaStream_t stream), cuGraphLaunch(exec, stream))
W2W_SAME(cudaGraphUpload, (cudaGraphExec_t exec, cudaStream_t stream), cuGraphUpload(exec, stream))
W2W_SAME(cudaGraphExecDestroy, (cudaGraphExec_t exec), cuGraphExecDestroy(exec))
W2W_SAME(cudaGraphExecGetFlags, (cudaGraphExec_t exec, unsigned long long *flags),
         cuGraphExecGetFlags(exec, reinterpret_cast<cuuint64_t *>(flags)))
W2W_SAME(cudaGraphExecUpdate_11,
         (cudaGraphExec_t exec, cudaGraph_t graph, cudaGraphNode_t *error_node,
          CUgraphExecUpdateResult *result),
         cuGraphExecUpdate(exec, graph, error_node, result))
W2W_SAME(cudaGraphExecUpdate,
         (cudaGraphExec_t exec, cudaGraph_t graph, CUgraphExecUpdateResultInfo *info),
         cuGraphExecUpdate_v2(exec, graph, info))
W2W_SAME(cudaGraphExecMemsetNodeSetParams,
         (cudaGraphExec_t exec, cudaGraphNode_t node, const CUDA_MEMSET_NODE_PARAMS *params),
         cuGraphExecMemsetNodeSetParams(exec, node, params, current_context()))
W2W_SAME(cudaGraphExecHostNodeSetParams,
         (cudaGraphExec_t exec, cudaGraphNode_t node, const CUDA_HOST_NODE_PARAMS *params),
         cuGraphExecHostNodeSetParams(exec, node, params))
W2W_SAME(cudaGraphExecChildGraphNodeSetParams,
         (cudaGraphExec_t exec, cudaGraphNode_t node, cudaGraph_t child),
         cuGraphExecChildGraphNodeSetParams(exec, node, child))
W2W_SAME(cudaGraphExecEventRecordNodeSetEvent,
         (cudaGraphExec_t exec, cudaGraphNode_t node, cudaEvent_t event),
         cuGraphExecEventRecordNodeSetEvent(exec, node, event))
W2W_SAME(cudaGraphExecEventWaitNodeSetEvent,
         (cudaGraphExec_t exec, cudaGraphNode_t node, cudaEvent_t event),
         cuGraphExecEventWaitNodeSetEvent(exec, node, event))
W2W_SAME(cudaGraphNodeSetEnabled, (cudaGraphExec_t exec, cudaGraphNode_t node, unsigned enabled),
         cuGraphNodeSetEnabled(exec, node, enabled))
W2W_SAME(cudaGraphNodeGetEnabled, (cudaGraphExec_t exec, cudaGraphNode_t node, unsigned *enabled),
         cuGraphNodeGetEnabled(exec, node, enabled))
W2W_RT w2wrt_cudaGraphExecNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                        cudaGraphNodeParams *params) {
  return with_node(params,
                   [=](CUgraphNodeParams *n) { return cuGraphExecNodeSetParams(exec, node, n); });
}

// ---- user objects, memory of graphs ------------------------------------------------------------

W2W_SAME(cudaUserObjectCreate,
         (cudaUserObject_t * object, void *pointer, CUhostFn destroy, unsigned references,
          unsigned flags),
         cuUserObjectCreate(object, pointer, destroy, references, flags))
W2W_SAME(cudaUserObjectRetain, (cudaUserObject_t object, unsigned count),
         cuUserObjectRetain(object, count))
W2W_SAME(cudaUserObjectRelease, (cudaUserObject_t object, unsigned count),
         cuUserObjectRelease(object, count))
W2W_SAME(cudaGraphRetainUserObject,
         (cudaGraph_t graph, cudaUserObject_t object, unsigned count, unsigned flags),
         cuGraphRetainUserObject(graph, object, count, flags))
W2W_SAME(cudaGraphReleaseUserObject, (cudaGraph_t graph, cudaUserObject_t object, unsigned count),
         cuGraphReleaseUserObject(graph, object, count))
W2W_SAME(cudaDeviceGetGraphMemAttribute, (int device, CUgraphMem_attribute attr, void *value),
         cuDeviceGetGraphMemAttribute(device, attr, value))
W2W_SAME(cudaDeviceSetGraphMemAttribute, (int device, CUgraphMem_attribute attr, void *value),
         cuDeviceSetGraphMemAttribute(device, attr, value))
W2W_SAME(cudaDeviceGraphMemTrim, (int device), cuDeviceGraphMemTrim(device))
