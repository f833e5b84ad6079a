#include "runtime/cuda/graph_exec.h"

#include "runtime/cuda/graph_memory.h"

#include <algorithm>

namespace w2w::cuda {
namespace {

std::atomic<unsigned> next_exec_id = 1;

/// Streams for independent nodes of one context: as many as HIP gives hardware queues.
constexpr size_t kMostLanes = 4;

CUresult make_event(hip::hipEvent_t &event, Context &context) {
  return event ? CUDA_SUCCESS
               : to_cuda(hip::api().hipEventCreateWithFlags(&event, hip::kEventDisableTiming),
                         context);
}

/// A stream that nobody else uses, until it is given back.
CUresult take_lane(Context &context, Stream *&stream) {
  {
    std::lock_guard lock(context.mutex);
    if (!context.idle_lanes.empty()) {
      stream = context.idle_lanes.back();
      context.idle_lanes.pop_back();
      return CUDA_SUCCESS;
    }
  }
  CurrentContext current(context);
  auto fresh = std::make_unique<Stream>();
  fresh->context = &context;
  fresh->implicit = true; // the program can't destroy it
  fresh->flags = CU_STREAM_NON_BLOCKING;
  if (hip::hipError_t error =
          hip::api().hipStreamCreateWithFlags(&fresh->hip, hip::kStreamNonBlocking);
      error != hip::hipSuccess)
    return to_cuda(error, context);
  stream = fresh.release();
  driver().streams.add(stream);
  return CUDA_SUCCESS;
}

void give_lane_back(Stream &stream) {
  Context &context = *stream.context;
  std::lock_guard lock(context.mutex);
  context.idle_lanes.push_back(&stream);
}

CUresult record(hip::hipEvent_t event, Stream &stream) {
  return to_cuda(hip::api().hipEventRecord(event, stream.hip), *stream.context);
}

CUresult wait(Stream &stream, hip::hipEvent_t event) {
  return to_cuda(hip::api().hipStreamWaitEvent(stream.hip, event, 0), *stream.context);
}

} // namespace

CUresult GraphExec::create(Graph &graph, unsigned long long flags,
                           std::unique_ptr<GraphExec> &result, CUgraphInstantiateResult &why,
                           const GraphNode *&where) {
  why = CUDA_GRAPH_INSTANTIATE_ERROR;
  where = nullptr;
  Context *context = nullptr;
  if (CUresult entered = enter_context(context))
    return entered;
  if (graph.capturing)
    return CUDA_ERROR_ILLEGAL_STATE;
  std::unique_ptr<GraphExec> exec(new GraphExec);
  exec->flags_ = flags & ~static_cast<unsigned long long>(CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD);
  exec->id_ = next_exec_id++;
  std::vector<FlatNode> flat;
  if (!flatten(graph, flat, where)) {
    why = CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE;
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (graph.handles_memory()) {
    unsigned none = 0;
    if (!graph.instantiations->compare_exchange_strong(none, 1))
      return CUDA_ERROR_NOT_SUPPORTED; // the first must be destroyed before
    exec->counted_ = graph.instantiations;
  }
  exec->nodes_.resize(flat.size());
  for (uint32_t i = 0; i < flat.size(); ++i) {
    Context *its = context_of(flat[i].operation, context);
    if (!driver().contexts.find(its) || !its->alive) {
      where = flat[i].node;
      return CUDA_ERROR_INVALID_CONTEXT; // destroyed since the node was made
    }
    exec->index_[flat[i].serial] = i;
    exec->nodes_[i].flat = std::move(flat[i]);
  }
  exec->objects_ = std::make_unique<UserObjects>(graph.objects);
  if (CUresult assigned = exec->assign_lanes(*context))
    return assigned;
  driver().graph_execs.add(exec.get());
  result = std::move(exec);
  why = CUDA_GRAPH_INSTANTIATE_SUCCESS;
  return CUDA_SUCCESS;
}

GraphExec::~GraphExec() {
  driver().graph_execs.remove(this);
  const hip::Api &api = hip::api();
  auto drop = [&](hip::hipEvent_t event) {
    if (event)
      (void)api.hipEventDestroy(event);
  };
  for (Lane &lane : lanes_) {
    if (lane.stream)
      give_lane_back(*lane.stream);
    drop(lane.done);
  }
  for (Node &node : nodes_)
    drop(node.done);
  for (auto &[context, ends] : ends_) {
    drop(ends.begun);
    drop(ends.ended);
  }
  if (counted_)
    --*counted_;
}

/// A node goes behind one of those it waits for, if that is the last in its stream; else to a new
/// stream, or to the one with the fewest nodes when there are many.
CUresult GraphExec::assign_lanes(Context &first) {
  lanes_.push_back({&first, nullptr, nullptr});
  std::vector<uint32_t> last(1, UINT32_MAX), length(1, 0); // of each lane
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    Node &node = nodes_[i];
    // What says no context of its own stays where it is.
    Context *context = context_of(node.flat.operation, nullptr);
    auto fits = [&](uint32_t lane) { return !context || lanes_[lane].context == context; };
    std::optional<uint32_t> chosen;
    for (uint32_t dependency : node.flat.dependencies) {
      const uint32_t lane = nodes_[dependency].lane;
      if (fits(lane) && last[lane] == dependency && (!chosen || lane < *chosen))
        chosen = lane;
    }
    if (!chosen && fits(0) && length[0] == 0)
      chosen = 0;
    if (!chosen) {
      if (!context)
        context = node.flat.dependencies.empty()
                      ? &first
                      : lanes_[nodes_[node.flat.dependencies[0]].lane].context;
      const auto same = std::ranges::count(lanes_, context, &Lane::context);
      if (static_cast<size_t>(same) < kMostLanes) {
        chosen = static_cast<uint32_t>(lanes_.size());
        Lane lane{context, nullptr, nullptr};
        if (CUresult result = take_lane(*context, lane.stream))
          return result;
        lanes_.push_back(lane);
        last.push_back(UINT32_MAX);
        length.push_back(0);
      } else {
        for (uint32_t lane = 0; lane < lanes_.size(); ++lane)
          if (lanes_[lane].context == context && (!chosen || length[lane] < length[*chosen]))
            chosen = lane;
      }
    }
    node.lane = *chosen;
    last[*chosen] = i;
    ++length[*chosen];
    for (uint32_t dependency : node.flat.dependencies) {
      Node &before = nodes_[dependency];
      if (before.lane == node.lane)
        continue;
      Context &its = *lanes_[before.lane].context;
      CurrentContext current(its);
      if (CUresult result = make_event(before.done, its))
        return result;
    }
  }
  for (uint32_t i = 1; i < lanes_.size(); ++i) {
    CurrentContext current(*lanes_[i].context);
    if (CUresult result = make_event(lanes_[i].done, *lanes_[i].context))
      return result;
  }
  return CUDA_SUCCESS;
}

CUresult GraphExec::launch(Stream &stream, Context &context) {
  std::lock_guard lock(mutex_);
  for (const Node &node : nodes_)
    if (const auto *allocate = std::get_if<AllocateOperation>(&node.flat.operation))
      if (allocate->memory->allocated &&
          !(flags_ & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH))
        return CUDA_ERROR_INVALID_VALUE;
  CurrentContext current(context);
  if (latest_)
    if (CUresult result = wait(stream, latest_))
      return result;
  // The first lane is the launch's stream, unless its nodes are another context's.
  Lane &first = lanes_.front();
  std::vector<Stream *> streams;
  if (first.context != &context && !first.stream) {
    if (CUresult result = take_lane(*first.context, first.stream))
      return result;
    CurrentContext its(*first.context);
    if (CUresult result = make_event(first.done, *first.context))
      return result;
  }
  for (const Lane &lane : lanes_)
    streams.push_back(&lane == &first && first.context == &context ? &stream : lane.stream);
  Ends &ends = ends_[&context];
  for (hip::hipEvent_t *event : {&ends.begun, &ends.ended})
    if (CUresult result = make_event(*event, context))
      return result;
  const bool forks = std::ranges::any_of(streams, [&](Stream *s) { return s != &stream; });
  if (forks) {
    if (CUresult result = cuda::record(ends.begun, stream))
      return result;
    for (Stream *lane : streams)
      if (lane != &stream)
        if (CUresult result = wait(*lane, ends.begun))
          return result;
  }
  CUresult result = put(streams);
  // Streams join even after a failure: what was put into them is part of the launch.
  for (size_t i = 0; i < lanes_.size(); ++i)
    if (streams[i] != &stream) {
      CurrentContext its(*lanes_[i].context);
      CUresult joined = cuda::record(lanes_[i].done, *streams[i]);
      if (joined == CUDA_SUCCESS)
        joined = wait(stream, lanes_[i].done);
      if (result == CUDA_SUCCESS)
        result = joined;
    }
  activate(*context.device);
  CUresult ended = cuda::record(ends.ended, stream);
  latest_ = ends.ended;
  return result != CUDA_SUCCESS ? result : ended;
}

/// Puts the nodes into their lanes' streams.
CUresult GraphExec::put(std::span<Stream *const> streams) {
  for (Node &node : nodes_) {
    Stream &stream = *streams[node.lane];
    CurrentContext current(*lanes_[node.lane].context);
    for (uint32_t dependency : node.flat.dependencies)
      if (nodes_[dependency].lane != node.lane)
        if (CUresult result = wait(stream, nodes_[dependency].done))
          return result;
    if (node.enabled)
      if (CUresult result = enqueue(node.flat.operation, stream))
        return result;
    if (const auto *allocate = std::get_if<AllocateOperation>(&node.flat.operation))
      allocate->memory->give();
    if (const auto *free = std::get_if<FreeOperation>(&node.flat.operation))
      free->memory->allocated = false;
    if (node.done)
      if (CUresult result = cuda::record(node.done, stream))
        return result;
  }
  return CUDA_SUCCESS;
}

CUgraphExecUpdateResult GraphExec::update(const Graph &graph, const GraphNode *&node,
                                          const GraphNode *&dependency) {
  std::lock_guard lock(mutex_);
  return update_range(0, static_cast<uint32_t>(nodes_.size()), graph, node, dependency);
}

CUgraphExecUpdateResult GraphExec::update_child(const GraphNode &node, const Graph &child) {
  std::lock_guard lock(mutex_);
  auto it = index_.find(node.serial);
  if (it == index_.end())
    return CU_GRAPH_EXEC_UPDATE_ERROR;
  const GraphNode *at = nullptr, *dependency = nullptr;
  return update_range(it->second + 1, nodes_[it->second].flat.inner, child, at, dependency);
}

/// Nodes are paired in the order of their creation, as far as their dependencies let them run in
/// it.
CUgraphExecUpdateResult GraphExec::update_range(uint32_t first, uint32_t count, const Graph &graph,
                                                const GraphNode *&node,
                                                const GraphNode *&dependency) {
  std::vector<FlatNode> flat;
  node = dependency = nullptr;
  if (!flatten(graph, flat, node))
    return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  if (flat.size() != count)
    return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  for (uint32_t i = 0; i < count; ++i) {
    const FlatNode &old = nodes_[first + i].flat;
    node = flat[i].node;
    // A child's first nodes wait for its own node, which `graph` does not have.
    std::vector<uint32_t> before;
    for (uint32_t d : old.dependencies)
      if (d >= first)
        before.push_back(d - first);
    if (before.size() != flat[i].dependencies.size() || old.inner != flat[i].inner)
      return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    for (size_t d = 0; d < before.size(); ++d)
      if (before[d] != flat[i].dependencies[d]) {
        dependency = flat[flat[i].dependencies[d]].node;
        return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
      }
    if (CUgraphExecUpdateResult result = may_become(old.operation, flat[i].operation))
      return result;
  }
  node = nullptr;
  for (uint32_t i = 0; i < count; ++i)
    nodes_[first + i].flat.operation = std::move(flat[i].operation);
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

CUresult GraphExec::set_operation(const GraphNode &node, Operation operation) {
  std::lock_guard lock(mutex_);
  Node *found = find(node);
  if (!found)
    return CUDA_ERROR_INVALID_VALUE;
  // Attributes are the node's, not among its parameters.
  const auto *old = std::get_if<KernelOperation>(&found->flat.operation);
  if (auto *kernel = std::get_if<KernelOperation>(&operation); kernel && old)
    kernel->attributes = old->attributes;
  if (may_become(found->flat.operation, operation) != CU_GRAPH_EXEC_UPDATE_SUCCESS)
    return CUDA_ERROR_INVALID_VALUE;
  found->flat.operation = std::move(operation);
  return CUDA_SUCCESS;
}

GraphExec::Node *GraphExec::find(const GraphNode &node) {
  auto it = index_.find(node.serial);
  return it == index_.end() ? nullptr : &nodes_[it->second];
}

/// The node, if it is one that can be switched off.
GraphExec::Node *GraphExec::find_switchable(const GraphNode &node) {
  Node *found = find(node);
  if (!found)
    return nullptr;
  switch (type_of(node.operation)) {
  case CU_GRAPH_NODE_TYPE_KERNEL:
  case CU_GRAPH_NODE_TYPE_MEMCPY:
  case CU_GRAPH_NODE_TYPE_MEMSET:
    return found;
  default:
    return nullptr;
  }
}

CUresult GraphExec::enable(const GraphNode &node, bool enabled) {
  std::lock_guard lock(mutex_);
  Node *found = find_switchable(node);
  if (!found)
    return CUDA_ERROR_INVALID_VALUE;
  found->enabled = enabled;
  return CUDA_SUCCESS;
}

std::optional<bool> GraphExec::enabled(const GraphNode &node) {
  std::lock_guard lock(mutex_);
  const Node *found = find_switchable(node);
  return found ? std::optional(found->enabled) : std::nullopt;
}

std::shared_ptr<Graph> GraphExec::as_graph() const {
  auto graph = std::make_shared<Graph>();
  std::vector<GraphNode *> made;
  for (const Node &node : nodes_) {
    std::vector<GraphNode *> dependencies;
    for (uint32_t dependency : node.flat.dependencies)
      dependencies.push_back(made[dependency]);
    Operation operation = node.enabled ? node.flat.operation : EmptyOperation{};
    if (graph->add(std::move(operation), dependencies, nullptr, made.emplace_back()) !=
        CUDA_SUCCESS)
      return nullptr;
  }
  return graph;
}

bool GraphExec::uses(const Context &context) const {
  return ends_.count(const_cast<Context *>(&context)) ||
         std::ranges::any_of(lanes_, [&](const Lane &lane) { return lane.context == &context; });
}

} // namespace w2w::cuda
