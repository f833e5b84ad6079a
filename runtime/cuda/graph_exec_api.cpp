// The entry points that instantiate, launch and change executable graphs.
// Source: CUDA Driver API, "Graph Management".
#include "runtime/cuda/capture.h"
#include "runtime/cuda/graph_api.h"
#include "runtime/cuda/graph_exec.h"

#include <cstring>

namespace w2w::cuda {
namespace {

GraphExec *find_exec(CUgraphExec handle) {
  return driver().graph_execs.find(handle);
}

CUgraphNode handle(const GraphNode *node) {
  return reinterpret_cast<CUgraphNode>(const_cast<GraphNode *>(node));
}

CUresult instantiate(CUgraphExec *result, CUgraph graph_handle, unsigned long long flags,
                     CUgraphInstantiateResult &why, CUgraphNode &where) {
  constexpr unsigned long long kKnown =
      CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
      CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
  why = CUDA_GRAPH_INSTANTIATE_ERROR;
  where = nullptr;
  Graph *graph = find_graph(graph_handle);
  if (!result || !graph || graph->is_child || (flags & ~kKnown))
    return CUDA_ERROR_INVALID_VALUE;
  if (flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH)
    return not_supported("cuGraphInstantiate", "graphs launched by kernels");
  std::unique_ptr<GraphExec> exec;
  const GraphNode *node = nullptr;
  const CUresult created = GraphExec::create(*graph, flags, exec, why, node);
  where = handle(node);
  if (created == CUDA_SUCCESS)
    *result = reinterpret_cast<CUgraphExec>(exec.release());
  return created;
}

CUresult instantiate_with_log(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node, char *log,
                              size_t bytes) {
  CUgraphInstantiateResult why;
  CUgraphNode where = nullptr;
  const CUresult result = instantiate(exec, graph, 0, why, where);
  if (error_node)
    *error_node = where;
  if (log && bytes > 0) {
    const char *text = why == CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE
                           ? "the dependencies of the node form a cycle"
                           : "";
    std::strncpy(log, text, bytes - 1);
    log[bytes - 1] = 0;
  }
  return result;
}

/// The stream and its context, which need not be the calling thread's.
CUresult find_stream_for(CUstream handle, bool per_thread, Context *&context, Stream *&stream) {
  if (CUresult result = find_stream(handle, per_thread, context, stream))
    return result;
  context = stream->context;
  return use_context(*context);
}

CUresult launch(CUgraphExec exec_handle, CUstream handle, bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream_for(handle, per_thread, context, stream))
    return result;
  GraphExec *exec = find_exec(exec_handle);
  if (!exec)
    return CUDA_ERROR_INVALID_VALUE;
  bool capturing = false;
  if (CUresult result = enter_stream(*stream, capturing))
    return result;
  if (!capturing)
    return exec->launch(*stream, *context);
  ChildOperation child{exec->as_graph()};
  if (!child.graph || child.graph->handles_memory()) {
    (void)refuse_in_capture(*stream);
    return not_supported("cuGraphLaunch", "capturing graphs that allocate or free memory");
  }
  child.graph->is_child = true;
  return capture(*stream, std::move(child));
}

CUresult upload(CUgraphExec exec, CUstream handle, bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream_for(handle, per_thread, context, stream))
    return result;
  if (!find_exec(exec))
    return CUDA_ERROR_INVALID_VALUE;
  return refuse_in_capture(*stream); // code is on the device since the nodes were made
}

CUresult instantiate_with_params(CUgraphExec *exec, CUgraph graph,
                                 CUDA_GRAPH_INSTANTIATE_PARAMS *params, bool per_thread) {
  if (!params)
    return CUDA_ERROR_INVALID_VALUE;
  const CUresult result =
      instantiate(exec, graph, params->flags, params->result_out, params->hErrNode_out);
  if (result != CUDA_SUCCESS || !(params->flags & CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD))
    return result;
  return upload(*exec, params->hUploadStream, per_thread);
}

/// Replaces what a node of type T does; `make` fills the new operation.
template <class T, class Make>
CUresult change(CUgraphExec exec_handle, CUgraphNode node_handle, Make make) {
  GraphExec *exec = find_exec(exec_handle);
  const GraphNode *node = find_node(node_handle);
  if (!exec || !node || !std::holds_alternative<T>(node->operation))
    return CUDA_ERROR_INVALID_VALUE;
  Operation operation;
  if (CUresult result = make(operation.emplace<T>()))
    return result;
  return exec->set_operation(*node, std::move(operation));
}

template <class T> CUresult change_event(CUgraphExec exec, CUgraphNode node, CUevent event) {
  if (!driver().events.find(event))
    return CUDA_ERROR_INVALID_VALUE;
  return change<T>(exec, node, [&](T &changed) {
    changed.event = event;
    return CUDA_SUCCESS;
  });
}

bool is_one_row(const CUDA_MEMCPY3D &copy) {
  return copy.Height == 1 && copy.Depth == 1;
}

CUresult change_copy(CUgraphExec exec, CUgraphNode node_handle, const CUDA_MEMCPY3D *copy,
                     CUcontext ctx) {
  const GraphNode *node = find_node(node_handle);
  const auto *old = node ? std::get_if<CopyOperation>(&node->operation) : nullptr;
  if (!old || !copy || !is_one_row(old->copy) || !is_one_row(*copy))
    return CUDA_ERROR_INVALID_VALUE;
  return change<CopyOperation>(exec, node_handle,
                               [&](auto &changed) { return make_copy(copy, ctx, changed); });
}

CUresult change_child(CUgraphExec exec_handle, CUgraphNode node_handle, CUgraph child_handle) {
  GraphExec *exec = find_exec(exec_handle);
  const GraphNode *node = find_node(node_handle);
  const Graph *child = find_graph(child_handle);
  if (!exec || !node || !child || !std::holds_alternative<ChildOperation>(node->operation) ||
      exec->update_child(*node, *child) != CU_GRAPH_EXEC_UPDATE_SUCCESS)
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

CUresult update(CUgraphExec exec_handle, CUgraph graph_handle, CUgraphExecUpdateResultInfo &info) {
  GraphExec *exec = find_exec(exec_handle);
  const Graph *graph = find_graph(graph_handle);
  info = {CU_GRAPH_EXEC_UPDATE_ERROR, nullptr, nullptr};
  if (!exec || !graph || graph->capturing)
    return CUDA_ERROR_INVALID_VALUE;
  const GraphNode *node = nullptr, *dependency = nullptr;
  info.result = exec->update(*graph, node, dependency);
  info.errorNode = handle(node);
  info.errorFromNode = handle(dependency);
  return info.result == CU_GRAPH_EXEC_UPDATE_SUCCESS ? CUDA_SUCCESS
                                                     : CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuGraphInstantiate(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node, char *log,
                            size_t bytes) {
  W2W_ENTER(cuGraphInstantiate);
  return instantiate_with_log(exec, graph, error_node, log, bytes);
}
CUresult cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node, char *log,
                               size_t bytes) {
  W2W_ENTER(cuGraphInstantiate_v2);
  return instantiate_with_log(exec, graph, error_node, log, bytes);
}
CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
  W2W_ENTER(cuGraphInstantiateWithFlags);
  CUgraphInstantiateResult why;
  CUgraphNode where = nullptr;
  return flags & CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD ? CUDA_ERROR_INVALID_VALUE
                                                    : instantiate(exec, graph, flags, why, where);
}
W2W_TWIN(cuGraphInstantiateWithParams,
         (CUgraphExec * exec, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params),
         return instantiate_with_params(exec, graph, params, per_thread))
W2W_TWIN(cuGraphLaunch, (CUgraphExec exec, CUstream stream),
         return launch(exec, stream, per_thread))
W2W_TWIN(cuGraphUpload, (CUgraphExec exec, CUstream stream),
         return upload(exec, stream, per_thread))

CUresult cuGraphExecDestroy(CUgraphExec handle) {
  W2W_ENTER(cuGraphExecDestroy);
  GraphExec *exec = find_exec(handle);
  if (!exec)
    return CUDA_ERROR_INVALID_VALUE;
  delete exec;
  return CUDA_SUCCESS;
}

CUresult cuGraphExecGetFlags(CUgraphExec handle, cuuint64_t *flags) {
  W2W_ENTER(cuGraphExecGetFlags);
  const GraphExec *exec = find_exec(handle);
  if (!exec || !flags)
    return CUDA_ERROR_INVALID_VALUE;
  *flags = exec->flags();
  return CUDA_SUCCESS;
}

CUresult cuGraphExecUpdate_v2(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo *info) {
  W2W_ENTER(cuGraphExecUpdate_v2);
  return info ? update(exec, graph, *info) : CUDA_ERROR_INVALID_VALUE;
}
CUresult cuGraphExecUpdate(CUgraphExec exec, CUgraph graph, CUgraphNode *error_node,
                           CUgraphExecUpdateResult *update_result) {
  W2W_ENTER(cuGraphExecUpdate);
  CUgraphExecUpdateResultInfo info;
  const CUresult result = update(exec, graph, info);
  if (error_node)
    *error_node = info.errorNode;
  if (update_result)
    *update_result = info.result;
  return result;
}

CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                           const CUDA_KERNEL_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphExecKernelNodeSetParams_v2);
  return change<KernelOperation>(exec, node,
                                 [&](auto &changed) { return make_kernel(params, changed); });
}
CUresult cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_KERNEL_NODE_PARAMS_v1 *params) {
  if (!params)
    return CUDA_ERROR_INVALID_VALUE;
  const CUDA_KERNEL_NODE_PARAMS upgraded = upgrade(*params);
  return cuGraphExecKernelNodeSetParams_v2(exec, node, &upgraded);
}
CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_MEMCPY3D *copy, CUcontext ctx) {
  W2W_ENTER(cuGraphExecMemcpyNodeSetParams);
  return change_copy(exec, node, copy, ctx);
}
CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_MEMSET_NODE_PARAMS *params, CUcontext ctx) {
  W2W_ENTER(cuGraphExecMemsetNodeSetParams);
  return change<FillOperation>(exec, node,
                               [&](auto &changed) { return make_fill(params, ctx, changed); });
}
CUresult cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                      const CUDA_HOST_NODE_PARAMS *params) {
  W2W_ENTER(cuGraphExecHostNodeSetParams);
  return change<HostOperation>(exec, node,
                               [&](auto &changed) { return make_host(params, changed); });
}
CUresult cuGraphExecChildGraphNodeSetParams(CUgraphExec exec, CUgraphNode node, CUgraph child) {
  W2W_ENTER(cuGraphExecChildGraphNodeSetParams);
  return change_child(exec, node, child);
}
CUresult cuGraphExecEventRecordNodeSetEvent(CUgraphExec exec, CUgraphNode node, CUevent event) {
  W2W_ENTER(cuGraphExecEventRecordNodeSetEvent);
  return change_event<RecordOperation>(exec, node, event);
}
CUresult cuGraphExecEventWaitNodeSetEvent(CUgraphExec exec, CUgraphNode node, CUevent event) {
  W2W_ENTER(cuGraphExecEventWaitNodeSetEvent);
  return change_event<WaitOperation>(exec, node, event);
}

CUresult cuGraphExecNodeSetParams(CUgraphExec exec, CUgraphNode node, CUgraphNodeParams *params) {
  W2W_ENTER(cuGraphExecNodeSetParams);
  if (!params)
    return CUDA_ERROR_INVALID_VALUE;
  switch (params->type) {
  case CU_GRAPH_NODE_TYPE_KERNEL:
    return cuGraphExecKernelNodeSetParams_v2(exec, node, &params->kernel);
  case CU_GRAPH_NODE_TYPE_MEMCPY:
    return change_copy(exec, node, &params->memcpy.copyParams, params->memcpy.copyCtx);
  case CU_GRAPH_NODE_TYPE_MEMSET: {
    CUDA_MEMSET_NODE_PARAMS fill{};
    std::memcpy(&fill, &params->memset, sizeof fill);
    return cuGraphExecMemsetNodeSetParams(exec, node, &fill, params->memset.ctx);
  }
  case CU_GRAPH_NODE_TYPE_HOST:
    return cuGraphExecHostNodeSetParams(exec, node, &params->host);
  case CU_GRAPH_NODE_TYPE_GRAPH:
    return change_child(exec, node, params->graph.graph);
  case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
    return change_event<WaitOperation>(exec, node, params->eventWait.event);
  case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
    return change_event<RecordOperation>(exec, node, params->eventRecord.event);
  default:
    return CUDA_ERROR_NOT_SUPPORTED;
  }
}

CUresult cuGraphNodeSetEnabled(CUgraphExec exec_handle, CUgraphNode node_handle,
                               unsigned int enabled) {
  W2W_ENTER(cuGraphNodeSetEnabled);
  GraphExec *exec = find_exec(exec_handle);
  const GraphNode *node = find_node(node_handle);
  return exec && node ? exec->enable(*node, enabled != 0) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphNodeGetEnabled(CUgraphExec exec_handle, CUgraphNode node_handle,
                               unsigned int *enabled) {
  W2W_ENTER(cuGraphNodeGetEnabled);
  GraphExec *exec = find_exec(exec_handle);
  const GraphNode *node = find_node(node_handle);
  std::optional<bool> answer = exec && node && enabled ? exec->enabled(*node) : std::nullopt;
  if (!answer)
    return CUDA_ERROR_INVALID_VALUE;
  *enabled = *answer;
  return CUDA_SUCCESS;
}
