#include "runtime/cuda/capture.h"

#include <algorithm>
#include <thread>

namespace w2w::cuda {

struct Capture {
  uint64_t id = 0;
  std::shared_ptr<Graph> graph;
  bool to_existing = false; // the program's own graph is captured to
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::thread::id thread;
  bool valid = true;
  Stream *origin = nullptr;
  /// The streams that take part, with what their next node depends on.
  std::map<Stream *, std::vector<GraphNode *>> next;
  /// Events recorded in it, with what was to be done before them.
  std::map<Event *, std::vector<GraphNode *>> events;
  std::vector<CUgraphEdgeData> edges; // zeros, for programs that ask
  std::vector<GraphNode *> orphans;   // that the next nodes of destroyed streams would depend on
};

namespace {

/// The captures of the process that have begun and not ended. One mutex guards all that belongs to
/// them: Stream::capture and Event::capture too.
struct Captures {
  std::mutex mutex;
  std::vector<std::shared_ptr<Capture>> active;
  std::atomic<size_t> count = 0; // asked without the mutex
};

Captures &captures() {
  static auto *c = new Captures;
  return *c;
}

std::atomic<uint64_t> next_capture_id = 1;
thread_local CUstreamCaptureMode thread_mode = CU_STREAM_CAPTURE_MODE_GLOBAL;

bool is_legacy(const Stream &stream) {
  return &stream == &stream.context->legacy;
}

/// Captures that the legacy stream of the context would wait for. The mutex is held.
std::vector<Capture *> blocking_captures(const Context &context) {
  std::vector<Capture *> found;
  for (const auto &capture : captures().active)
    if (std::ranges::any_of(capture->next, [&](const auto &entry) {
          return entry.first->context == &context && !(entry.first->flags & CU_STREAM_NON_BLOCKING);
        }))
      found.push_back(capture.get());
  return found;
}

CUresult invalidate(Capture &capture, CUresult why) {
  capture.valid = false;
  return why;
}

void unite(std::vector<GraphNode *> &nodes, const std::vector<GraphNode *> &more) {
  for (GraphNode *node : more)
    if (std::ranges::find(nodes, node) == nodes.end())
      nodes.push_back(node);
}

/// Ends the capture: its streams run their work again. Returns its graph. The mutex is held.
std::shared_ptr<Graph> end(const std::shared_ptr<Capture> &capture) {
  for (auto &[stream, nodes] : capture->next)
    stream->capture.reset();
  for (auto &[event, nodes] : capture->events)
    nodes.clear();
  capture->next.clear();
  capture->orphans.clear();
  capture->graph->capturing = false;
  std::erase(captures().active, capture);
  captures().count = captures().active.size();
  return std::move(capture->graph);
}

/// Whether everything captured in other streams comes before what the origin's next node would
/// wait for.
bool is_joined(const Capture &capture) {
  std::vector<const GraphNode *> left;
  std::unordered_set<const GraphNode *> before;
  auto reach = [&](const GraphNode *node) {
    if (before.insert(node).second)
      left.push_back(node);
  };
  for (const GraphNode *node : capture.next.at(capture.origin))
    reach(node);
  while (!left.empty()) {
    const GraphNode *node = left.back();
    left.pop_back();
    for (const GraphEdge &edge : node->dependencies)
      reach(edge.node);
  }
  auto comes_before = [&](const GraphNode *node) { return before.count(node) != 0; };
  return std::ranges::all_of(capture.orphans, comes_before) &&
         std::ranges::all_of(capture.next, [&](const auto &entry) {
           return std::ranges::all_of(entry.second, comes_before);
         });
}

CUresult begin_capture(Stream &stream, CUstreamCaptureMode mode, std::shared_ptr<Graph> graph,
                       std::vector<GraphNode *> dependencies) {
  if (is_legacy(stream))
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  std::lock_guard lock(captures().mutex);
  if (stream.capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  auto capture = std::make_shared<Capture>();
  capture->id = next_capture_id++;
  capture->to_existing = graph != nullptr;
  capture->graph = graph ? std::move(graph) : std::make_shared<Graph>();
  capture->graph->capturing = true;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->origin = &stream;
  capture->next[&stream] = std::move(dependencies);
  stream.capture = capture;
  captures().active.push_back(std::move(capture));
  captures().count = captures().active.size();
  return CUDA_SUCCESS;
}

CUresult end_capture(Stream &stream, CUgraph *result) {
  std::shared_ptr<Graph>
      graph; // ends after the lock: destructors of user objects are the program's
  std::lock_guard lock(captures().mutex);
  std::shared_ptr<Capture> capture = stream.capture;
  if (!capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  if (capture->origin != &stream) {
    capture->valid = false;
    return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  }
  if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
      capture->thread != std::this_thread::get_id())
    return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  CUresult why = !capture->valid        ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
                 : !is_joined(*capture) ? CUDA_ERROR_STREAM_CAPTURE_UNJOINED
                                        : CUDA_SUCCESS;
  graph = end(capture);
  *result = nullptr;
  if (why != CUDA_SUCCESS)
    return why;
  *result = reinterpret_cast<CUgraph>(capture->to_existing ? graph.get() : publish(graph));
  return CUDA_SUCCESS;
}

bool is_mode(CUstreamCaptureMode mode) {
  return mode >= CU_STREAM_CAPTURE_MODE_GLOBAL && mode <= CU_STREAM_CAPTURE_MODE_RELAXED;
}

CUresult begin(CUstream handle, CUstreamCaptureMode mode, bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream(handle, per_thread, context, stream))
    return result;
  if (!is_mode(mode))
    return CUDA_ERROR_INVALID_VALUE;
  return begin_capture(*stream, mode, nullptr, {});
}

CUresult begin_to_graph(CUstream handle, CUgraph graph_handle, const CUgraphNode *dependencies,
                        const CUgraphEdgeData *edges, size_t count, CUstreamCaptureMode mode,
                        bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream(handle, per_thread, context, stream))
    return result;
  std::shared_ptr<Graph> graph = owner_of(reinterpret_cast<Graph *>(graph_handle));
  if (!graph || graph->capturing || !is_mode(mode) || (count > 0 && !dependencies))
    return CUDA_ERROR_INVALID_VALUE;
  if (edges)
    for (size_t i = 0; i < count; ++i)
      if (edges[i].type != CU_GRAPH_DEPENDENCY_TYPE_DEFAULT)
        return not_supported("cuStreamBeginCaptureToGraph", "programmatic dependencies");
  std::vector<GraphNode *> nodes;
  for (size_t i = 0; i < count; ++i) {
    GraphNode *node = driver().graph_nodes.find(dependencies[i]);
    if (!node || node->graph != graph.get())
      return CUDA_ERROR_INVALID_VALUE;
    unite(nodes, {node});
  }
  return begin_capture(*stream, mode, std::move(graph), std::move(nodes));
}

CUresult finish(CUstream handle, CUgraph *graph, bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream(handle, per_thread, context, stream))
    return result;
  return graph ? end_capture(*stream, graph) : CUDA_ERROR_INVALID_VALUE;
}

struct CaptureInfo {
  CUstreamCaptureStatus *status;
  cuuint64_t *id = nullptr;
  CUgraph *graph = nullptr;
  const CUgraphNode **dependencies = nullptr;
  const CUgraphEdgeData **edges = nullptr;
  size_t *count = nullptr;
};

CUresult info(CUstream handle, bool per_thread, const CaptureInfo &out) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream(handle, per_thread, context, stream))
    return result;
  if (!out.status || (out.edges && !out.dependencies))
    return CUDA_ERROR_INVALID_VALUE;
  std::lock_guard lock(captures().mutex);
  if (is_legacy(*stream) && !blocking_captures(*stream->context).empty())
    return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  Capture *capture = stream->capture.get();
  *out.status = !capture          ? CU_STREAM_CAPTURE_STATUS_NONE
                : !capture->valid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                  : CU_STREAM_CAPTURE_STATUS_ACTIVE;
  if (out.id)
    *out.id = capture ? capture->id : 0;
  if (!capture || !capture->valid)
    return CUDA_SUCCESS;
  const std::vector<GraphNode *> &nodes = capture->next.at(stream);
  if (out.graph)
    *out.graph = reinterpret_cast<CUgraph>(capture->graph.get());
  if (out.dependencies)
    *out.dependencies = reinterpret_cast<const CUgraphNode *>(nodes.data());
  if (out.edges) {
    capture->edges.resize(std::max(capture->edges.size(), nodes.size()));
    *out.edges = capture->edges.data();
  }
  if (out.count)
    *out.count = nodes.size();
  return CUDA_SUCCESS;
}

CUresult update_dependencies(CUstream handle, const CUgraphNode *dependencies,
                             const CUgraphEdgeData *edges, size_t count, unsigned flags,
                             bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream(handle, per_thread, context, stream))
    return result;
  if (flags > CU_STREAM_SET_CAPTURE_DEPENDENCIES || (count > 0 && !dependencies))
    return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; edges && i < count; ++i)
    if (edges[i].type != CU_GRAPH_DEPENDENCY_TYPE_DEFAULT)
      return not_supported("cuStreamUpdateCaptureDependencies", "programmatic dependencies");
  std::lock_guard lock(captures().mutex);
  Capture *capture = stream->capture.get();
  if (!capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  if (!capture->valid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  std::vector<GraphNode *> nodes;
  for (size_t i = 0; i < count; ++i) {
    GraphNode *node = driver().graph_nodes.find(dependencies[i]);
    if (!node || node->graph != capture->graph.get())
      return CUDA_ERROR_INVALID_VALUE;
    unite(nodes, {node});
  }
  std::vector<GraphNode *> &next = capture->next.at(stream);
  if (flags == CU_STREAM_SET_CAPTURE_DEPENDENCIES)
    next = std::move(nodes);
  else
    unite(next, nodes);
  return CUDA_SUCCESS;
}

} // namespace

CUresult enter_stream(Stream &stream, bool &capturing) {
  capturing = false;
  if (captures().count == 0)
    return CUDA_SUCCESS;
  std::lock_guard lock(captures().mutex);
  if (is_legacy(stream)) {
    std::vector<Capture *> waited_for = blocking_captures(*stream.context);
    for (Capture *capture : waited_for)
      capture->valid = false;
    return waited_for.empty() ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  }
  if (!stream.capture)
    return CUDA_SUCCESS;
  capturing = true;
  return stream.capture->valid ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
}

CUresult capture(Stream &stream, Operation operation) {
  std::lock_guard lock(captures().mutex);
  Capture *capture = stream.capture.get();
  if (!capture || !capture->valid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  std::vector<GraphNode *> &next = capture->next.at(&stream);
  GraphNode *node = nullptr;
  if (CUresult result = capture->graph->add(std::move(operation), next, nullptr, node))
    return invalidate(*capture, result);
  next = {node};
  return CUDA_SUCCESS;
}

CUresult refuse_in_capture(Stream &stream) {
  bool capturing = false;
  CUresult result = enter_stream(stream, capturing);
  if (result != CUDA_SUCCESS || !capturing)
    return result;
  std::lock_guard lock(captures().mutex);
  return stream.capture ? invalidate(*stream.capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED)
                        : CUDA_SUCCESS;
}

CUresult refuse_in_capture(Context &context) {
  if (captures().count == 0)
    return CUDA_SUCCESS;
  std::lock_guard lock(captures().mutex);
  CUresult result = CUDA_SUCCESS;
  for (const auto &capture : captures().active)
    if (std::ranges::any_of(capture->next,
                            [&](const auto &entry) { return entry.first->context == &context; }))
      result = invalidate(*capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  return result;
}

CUresult refuse_unsafe() {
  if (captures().count == 0 || thread_mode == CU_STREAM_CAPTURE_MODE_RELAXED)
    return CUDA_SUCCESS;
  std::lock_guard lock(captures().mutex);
  CUresult result = CUDA_SUCCESS;
  for (const auto &capture : captures().active) {
    const bool own = capture->thread == std::this_thread::get_id();
    const bool forbids = own ? capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED
                             : capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL &&
                                   thread_mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
    if (forbids)
      result = invalidate(*capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  }
  return result;
}

CUresult capture_record(Event &event, Stream &stream, unsigned flags, bool &captured) {
  if (CUresult result = enter_stream(stream, captured))
    return result;
  if (!captured) {
    if (flags & CU_EVENT_RECORD_EXTERNAL)
      return CUDA_ERROR_ILLEGAL_STATE;
    forget_capture(event);
    return CUDA_SUCCESS;
  }
  if (flags & CU_EVENT_RECORD_EXTERNAL)
    return capture(stream, RecordOperation{reinterpret_cast<CUevent>(&event)});
  forget_capture(event);
  std::lock_guard lock(captures().mutex);
  if (!stream.capture) // another thread has ended it
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  event.captured = true;
  event.capture = stream.capture;
  event.capture->events[&event] = event.capture->next.at(&stream);
  return CUDA_SUCCESS;
}

CUresult capture_wait(Stream &stream, Event &event, unsigned flags, bool &captured) {
  if (CUresult result = enter_stream(stream, captured))
    return result;
  if (!captured && (flags & CU_EVENT_WAIT_EXTERNAL))
    return CUDA_ERROR_ILLEGAL_STATE;
  if (captured && (flags & CU_EVENT_WAIT_EXTERNAL))
    return capture(stream, WaitOperation{reinterpret_cast<CUevent>(&event)});
  if (!captured && !event.captured)
    return CUDA_SUCCESS;
  std::lock_guard lock(captures().mutex);
  const std::shared_ptr<Capture> &from = event.capture;
  if (!from) {
    if (!captured || !event.recorded)
      return CUDA_SUCCESS;
    return invalidate(*stream.capture, CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
  }
  if (from->next.empty()) // it has ended
    return captured ? invalidate(*stream.capture, CUDA_ERROR_STREAM_CAPTURE_ISOLATION)
                    : CUDA_ERROR_CAPTURED_EVENT;
  if (!from->valid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (captured && stream.capture != from) {
    stream.capture->valid = false;
    return invalidate(*from, CUDA_ERROR_STREAM_CAPTURE_MERGE);
  }
  if (!captured && is_legacy(stream))
    return invalidate(*from, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
  stream.capture = from;
  unite(from->next[&stream], from->events.at(&event));
  captured = true;
  return CUDA_SUCCESS;
}

CUresult refuse_captured(Event &event) {
  if (!event.captured)
    return CUDA_SUCCESS;
  std::lock_guard lock(captures().mutex);
  return event.capture ? invalidate(*event.capture, CUDA_ERROR_CAPTURED_EVENT) : CUDA_SUCCESS;
}

void forget_capture(Stream &stream) {
  std::shared_ptr<Graph> graph; // ends after the lock
  std::lock_guard lock(captures().mutex);
  std::shared_ptr<Capture> capture = stream.capture;
  if (!capture)
    return;
  if (capture->origin == &stream) {
    graph = end(capture); // nobody can end it any more
    return;
  }
  unite(capture->orphans, capture->next.at(&stream)); // they must be joined all the same
  capture->next.erase(&stream);
  stream.capture.reset();
}

void forget_capture(Event &event) {
  if (!event.captured)
    return;
  std::lock_guard lock(captures().mutex);
  if (event.capture)
    event.capture->events.erase(&event);
  event.capture.reset();
  event.captured = false;
}

} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

W2W_TWIN(cuStreamBeginCapture, (CUstream stream),
         return begin(stream, CU_STREAM_CAPTURE_MODE_GLOBAL, per_thread))
W2W_TWIN(cuStreamBeginCapture_v2, (CUstream stream, CUstreamCaptureMode mode),
         return begin(stream, mode, per_thread))
W2W_TWIN(cuStreamBeginCaptureToGraph,
         (CUstream stream, CUgraph graph, const CUgraphNode *dependencies,
          const CUgraphEdgeData *edges, size_t count, CUstreamCaptureMode mode),
         return begin_to_graph(stream, graph, dependencies, edges, count, mode, per_thread))
W2W_TWIN(cuStreamEndCapture, (CUstream stream, CUgraph *graph),
         return finish(stream, graph, per_thread))
W2W_TWIN(cuStreamIsCapturing, (CUstream stream, CUstreamCaptureStatus *status),
         return info(stream, per_thread, {status}))
W2W_TWIN(cuStreamGetCaptureInfo, (CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id),
         return info(stream, per_thread, {status, id}))
W2W_TWIN(cuStreamGetCaptureInfo_v2,
         (CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *graph,
          const CUgraphNode **dependencies, size_t *count),
         return info(stream, per_thread, {status, id, graph, dependencies, nullptr, count}))
W2W_TWIN(cuStreamGetCaptureInfo_v3,
         (CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *graph,
          const CUgraphNode **dependencies, const CUgraphEdgeData **edges, size_t *count),
         return info(stream, per_thread, {status, id, graph, dependencies, edges, count}))
W2W_TWIN(cuStreamUpdateCaptureDependencies,
         (CUstream stream, CUgraphNode *dependencies, size_t count, unsigned int flags),
         return update_dependencies(stream, dependencies, nullptr, count, flags, per_thread))
W2W_TWIN(cuStreamUpdateCaptureDependencies_v2,
         (CUstream stream, CUgraphNode *dependencies, const CUgraphEdgeData *edges, size_t count,
          unsigned int flags),
         return update_dependencies(stream, dependencies, edges, count, flags, per_thread))

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
  W2W_ENTER(cuThreadExchangeStreamCaptureMode);
  if (!mode || !is_mode(*mode))
    return CUDA_ERROR_INVALID_VALUE;
  std::swap(thread_mode, *mode);
  return CUDA_SUCCESS;
}
