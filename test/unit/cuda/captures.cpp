// Stream capture: what is captured, what it computes at each launch, and what breaks a capture.
#include "test/unit/cuda/graph_kernels.h"

#include <thread>

namespace {

CUgraphExec instantiate(CUgraph graph) {
  CUgraphExec exec = nullptr;
  CHECK_CU(cuGraphInstantiateWithFlags(&exec, graph, 0));
  return exec;
}

size_t node_count(CUgraph graph) {
  size_t count = 0;
  CHECK_CU(cuGraphGetNodes(graph, nullptr, &count));
  return count;
}

size_t edge_count(CUgraph graph) {
  size_t count = 0;
  CHECK_CU(cuGraphGetEdges(graph, nullptr, nullptr, &count));
  return count;
}

CUstreamCaptureStatus status_of(CUstream stream) {
  CUstreamCaptureStatus status{};
  CHECK_CU(cuStreamIsCapturing(stream, &status));
  return status;
}

/// Ends a capture that went wrong.
void end_invalid(CUstream stream) {
  CHECK(status_of(stream) == CU_STREAM_CAPTURE_STATUS_INVALIDATED);
  CUgraph graph = reinterpret_cast<CUgraph>(1);
  CHECK_ERROR(cuStreamEndCapture(stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  CHECK(!graph);
  CHECK(status_of(stream) == CU_STREAM_CAPTURE_STATUS_NONE);
}

void begin(CUstream stream, CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) {
  CHECK_CU(cuStreamBeginCapture_v2(stream, mode));
}

/// Copies and fills of every shape, kernels, a host function: in order.
void everything() {
  GraphTest t;
  unsigned in[16], out[16] = {};
  for (unsigned i = 0; i < 16; ++i)
    in[i] = 100 + i;
  static int calls = 0;
  begin(t.stream);
  CHECK_CU(cuMemcpyHtoDAsync_v2(t.word(0), in, 64, t.stream));
  CHECK_CU(cuMemsetD32Async(t.word(0), 7, 1, t.stream));
  CHECK_CU(cuMemsetD8Async(t.word(1), 1, 4, t.stream));
  CHECK_CU(cuMemsetD2D16Async(t.word(2), 8, 0x0203, 2, 3, t.stream)); // words 2, 4, 6
  CHECK_CU(launch_step(t.step, t.word(0), 1, t.stream));
  CHECK_CU(cuMemcpyDtoDAsync_v2(t.word(16), t.word(0), 64, t.stream));
  CUDA_MEMCPY2D rows{}; // the words at even places, close together
  rows.srcMemoryType = rows.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  rows.srcDevice = t.word(16);
  rows.srcPitch = 8;
  rows.dstDevice = t.word(32);
  rows.dstPitch = 4;
  rows.WidthInBytes = 4;
  rows.Height = 8;
  CHECK_CU(cuMemcpy2DAsync_v2(&rows, t.stream));
  CHECK_CU(cuMemcpyAsync(t.word(40), t.word(1), 4, t.stream));
  CHECK_CU(cuMemcpyDtoHAsync_v2(out, t.word(32), 36, t.stream));
  CHECK_CU(cuLaunchHostFunc(t.stream, [](void *p) { ++*static_cast<int *>(p); }, &calls));
  CHECK(status_of(t.stream) == CU_STREAM_CAPTURE_STATUS_ACTIVE);
  CUgraph graph = nullptr;
  CHECK_CU(cuStreamEndCapture(t.stream, &graph));
  CHECK(status_of(t.stream) == CU_STREAM_CAPTURE_STATUS_NONE);
  CHECK(node_count(graph) == 10 && edge_count(graph) == 9);
  CHECK_CU(cuStreamSynchronize(t.stream));
  CHECK(calls == 0 && out[0] == 0 && t.read(0) == 0); // nothing ran

  CUgraphExec exec = instantiate(graph);
  for (int i = 0; i < 2; ++i) {
    std::fill(std::begin(out), std::end(out), 0u);
    CHECK_CU(cuGraphLaunch(exec, t.stream));
    CHECK_CU(cuStreamSynchronize(t.stream));
    CHECK(out[0] == 22 && out[1] == 0x02030203 && out[2] == 0x02030203 && out[3] == 0x02030203);
    CHECK(out[4] == 108 && out[7] == 114 && out[8] == 0x01010101);
  }
  CHECK(calls == 2);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
}

/// Two streams: the second is drawn in by an event and must be joined again.
void fork_and_join() {
  GraphTest t;
  CUstream other = nullptr;
  CUevent fork = nullptr, join = nullptr;
  CHECK_CU(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
  CHECK_CU(cuEventCreate(&fork, CU_EVENT_DISABLE_TIMING));
  CHECK_CU(cuEventCreate(&join, CU_EVENT_DISABLE_TIMING));
  auto capture = [&](bool joined) {
    begin(t.stream);
    CHECK_CU(launch_step(t.step, t.word(0), 1, t.stream));
    CHECK_CU(cuEventRecord(fork, t.stream));
    CHECK_CU(cuStreamWaitEvent(other, fork, 0));
    CHECK(status_of(other) == CU_STREAM_CAPTURE_STATUS_ACTIVE);
    CHECK_CU(launch_step(t.slow, t.word(1), 2, other));
    CHECK_CU(launch_step(t.step, t.word(0), 3, t.stream));
    CHECK_CU(cuEventRecord(join, other));
    if (joined)
      CHECK_CU(cuStreamWaitEvent(t.stream, join, 0));
    CUdeviceptr a = t.word(0), b = t.word(1), sum = t.word(2);
    void *params[] = {&a, &b, &sum};
    CHECK_CU(cuLaunchKernel(t.join, 1, 1, 1, 1, 1, 1, 0, t.stream, params, nullptr));
  };
  capture(true);
  CUgraph graph = nullptr;
  CHECK_ERROR(cuStreamEndCapture(other, &graph), CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
  end_invalid(t.stream);
  capture(true);
  CHECK_CU(cuStreamEndCapture(t.stream, &graph));
  CHECK(status_of(other) == CU_STREAM_CAPTURE_STATUS_NONE);
  CHECK(node_count(graph) == 4 && edge_count(graph) == 4);
  CUgraphExec exec = instantiate(graph);
  unsigned a = 0, b = 0;
  for (int i = 0; i < 4; ++i) {
    CHECK_CU(cuGraphLaunch(exec, t.stream));
    a = (a * 3 + 1) * 3 + 3;
    b = b * 3 + 2;
  }
  CHECK_CU(cuStreamSynchronize(t.stream));
  CHECK(t.read(0) == a && t.read(1) == b && t.read(2) == a + b);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));

  // A stream that was drawn in may be destroyed; what it was given is joined or not.
  for (bool joined : {true, false}) {
    capture(joined);
    CHECK_CU(cuStreamDestroy_v2(other));
    CHECK_ERROR(cuStreamEndCapture(t.stream, &graph),
                joined ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
    CHECK_CU(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
    if (!joined)
      continue;
    CHECK(node_count(graph) == 4 && edge_count(graph) == 4);
    CHECK_CU(cuGraphDestroy(graph));
  }

  capture(false);
  CHECK_ERROR(cuStreamEndCapture(t.stream, &graph), CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
  CHECK(!graph && status_of(other) == CU_STREAM_CAPTURE_STATUS_NONE);
  // Events of a capture say nothing of the device until they are recorded again.
  CHECK_ERROR(cuEventQuery(join), CUDA_ERROR_CAPTURED_EVENT);
  CHECK_ERROR(cuStreamWaitEvent(t.stream, join, 0), CUDA_ERROR_CAPTURED_EVENT);
  CHECK_CU(cuEventRecord(join, t.stream));
  CHECK_CU(cuEventSynchronize(join));
  CHECK_CU(cuEventDestroy_v2(fork));
  CHECK_CU(cuEventDestroy_v2(join));
  CHECK_CU(cuStreamDestroy_v2(other));
}

void broken() {
  GraphTest t;
  CUgraph graph = nullptr;
  CHECK_ERROR(cuStreamEndCapture(t.stream, &graph), CUDA_ERROR_ILLEGAL_STATE);
  CHECK_ERROR(cuStreamBeginCapture_v2(nullptr, CU_STREAM_CAPTURE_MODE_RELAXED),
              CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  begin(t.stream);
  CHECK_ERROR(cuStreamBeginCapture_v2(t.stream, CU_STREAM_CAPTURE_MODE_RELAXED),
              CUDA_ERROR_ILLEGAL_STATE);
  CHECK_ERROR(cuStreamSynchronize(t.stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  CHECK_ERROR(launch_step(t.step, t.word(0), 1, t.stream), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  end_invalid(t.stream);
  begin(t.stream);
  CHECK_ERROR(cuStreamQuery(t.stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  end_invalid(t.stream);
  begin(t.stream);
  CHECK_ERROR(cuCtxSynchronize(), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  end_invalid(t.stream);
  begin(t.stream);
  CHECK_ERROR(cuStreamAddCallback(
                  t.stream, [](CUstream, CUresult, void *) {}, nullptr, 0),
              CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  end_invalid(t.stream);

  // A blocking stream in capture makes the legacy stream unusable.
  CUstream blocking = nullptr;
  CHECK_CU(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
  begin(blocking, CU_STREAM_CAPTURE_MODE_RELAXED);
  CUstreamCaptureStatus status{};
  CHECK_ERROR(cuStreamIsCapturing(nullptr, &status), CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
  CHECK(status_of(blocking) == CU_STREAM_CAPTURE_STATUS_ACTIVE);
  CHECK_ERROR(launch_step(t.step, t.word(0), 1, nullptr), CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
  end_invalid(blocking);
  CHECK_CU(cuStreamDestroy_v2(blocking));
  begin(t.stream, CU_STREAM_CAPTURE_MODE_RELAXED); // this one does not
  CHECK_CU(launch_step(t.step, t.word(9), 1, nullptr));
  CHECK_CU(cuStreamEndCapture(t.stream, &graph));
  CHECK(node_count(graph) == 0);
  CHECK_CU(cuGraphDestroy(graph));

  // Work outside of a capture can't be waited for in it, nor another capture's.
  CUstream other = nullptr;
  CUevent event = nullptr;
  CHECK_CU(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
  CHECK_CU(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
  begin(t.stream);
  CHECK_CU(cuStreamWaitEvent(t.stream, event, 0)); // was never recorded
  CHECK_CU(cuEventRecord(event, other));
  CHECK_ERROR(cuStreamWaitEvent(t.stream, event, 0), CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
  end_invalid(t.stream);
  begin(t.stream);
  begin(other);
  CHECK_CU(launch_step(t.step, t.word(0), 1, other));
  CHECK_CU(cuEventRecord(event, other));
  CHECK_ERROR(cuStreamWaitEvent(t.stream, event, 0), CUDA_ERROR_STREAM_CAPTURE_MERGE);
  end_invalid(t.stream);
  end_invalid(other);
  begin(t.stream);
  CHECK_CU(cuEventRecord(event, t.stream));
  CHECK_ERROR(cuEventQuery(event), CUDA_ERROR_CAPTURED_EVENT);
  end_invalid(t.stream);
  // A stream that is destroyed ends its capture.
  begin(other);
  CHECK_CU(launch_step(t.step, t.word(0), 1, other));
  CHECK_ERROR(cuStreamDestroy_v2(other), CUDA_SUCCESS);
  CHECK_CU(cuEventDestroy_v2(event));
  CHECK(t.read(0) == 0 && t.read(9) == 1);
}

/// Calls past streams, by the modes of captures and threads.
void modes() {
  GraphTest t;
  CUgraph graph = nullptr;
  CUdeviceptr memory = 0;
  CUstreamCaptureMode mode{};
  for (CUstreamCaptureMode strict :
       {CU_STREAM_CAPTURE_MODE_GLOBAL, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL}) {
    begin(t.stream, strict);
    CHECK_ERROR(cuMemAlloc_v2(&memory, 64), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    end_invalid(t.stream);
    // A thread may allow itself what it knows to be harmless.
    begin(t.stream, strict);
    mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    CHECK_CU(cuThreadExchangeStreamCaptureMode(&mode));
    CHECK(mode == CU_STREAM_CAPTURE_MODE_GLOBAL);
    CHECK_CU(cuMemAlloc_v2(&memory, 64));
    CHECK_CU(cuMemFree_v2(memory));
    CHECK_CU(cuThreadExchangeStreamCaptureMode(&mode));
    CHECK(mode == CU_STREAM_CAPTURE_MODE_RELAXED);
    CHECK_CU(cuStreamEndCapture(t.stream, &graph));
    CHECK_CU(cuGraphDestroy(graph));
  }
  begin(t.stream, CU_STREAM_CAPTURE_MODE_RELAXED);
  CHECK_CU(cuMemAlloc_v2(&memory, 64));
  CHECK_CU(cuMemFree_v2(memory));
  CHECK_CU(cuStreamEndCapture(t.stream, &graph));
  CHECK_CU(cuGraphDestroy(graph));

  CUcontext context = nullptr;
  CHECK_CU(cuCtxGetCurrent(&context));
  auto allocate_elsewhere = [&](CUresult want) {
    std::thread([&] {
      CHECK_CU(cuCtxSetCurrent(context));
      CUdeviceptr other = 0;
      const CUresult got = cuMemAlloc_v2(&other, 64);
      CHECK(got == want);
      if (got == CUDA_SUCCESS)
        CHECK_CU(cuMemFree_v2(other));
    }).join();
  };
  begin(t.stream, CU_STREAM_CAPTURE_MODE_GLOBAL);
  allocate_elsewhere(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  end_invalid(t.stream);
  begin(t.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
  allocate_elsewhere(CUDA_SUCCESS);
  std::thread([&] {
    CHECK_CU(cuCtxSetCurrent(context));
    CUgraph none = nullptr;
    CHECK_ERROR(cuStreamEndCapture(t.stream, &none), CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
  }).join();
  CHECK_CU(cuStreamEndCapture(t.stream, &graph));
  CHECK_CU(cuGraphDestroy(graph));
}

/// Looking into a capture, and steering what its next node waits for.
void dependencies() {
  GraphTest t;
  begin(t.stream);
  CHECK_CU(launch_step(t.step, t.word(0), 1, t.stream));
  CUstreamCaptureStatus status{};
  cuuint64_t id = 0;
  CUgraph graph = nullptr, ended = nullptr;
  const CUgraphNode *nodes = nullptr;
  size_t count = 0;
  CHECK_CU(cuStreamGetCaptureInfo_v2(t.stream, &status, &id, &graph, &nodes, &count));
  CHECK(status == CU_STREAM_CAPTURE_STATUS_ACTIVE && id != 0 && graph && count == 1);
  CUgraphNode first = nodes[0];
  CHECK_ERROR(cuGraphDestroy(graph), CUDA_ERROR_INVALID_VALUE);
  CHECK_ERROR(cuGraphDestroyNode(first), CUDA_ERROR_INVALID_VALUE);
  CUgraphExec exec = nullptr;
  CHECK_ERROR(cuGraphInstantiateWithFlags(&exec, graph, 0), CUDA_ERROR_ILLEGAL_STATE);
  // A node put in by hand, before the next one.
  CUDA_MEMSET_NODE_PARAMS fill{t.word(1), 0, 9, 4, 1, 1};
  CUgraphNode by_hand = nullptr;
  CHECK_CU(cuGraphAddMemsetNode(&by_hand, graph, nodes, count, &fill, nullptr));
  CHECK_CU(
      cuStreamUpdateCaptureDependencies(t.stream, &by_hand, 1, CU_STREAM_SET_CAPTURE_DEPENDENCIES));
  CHECK_CU(launch_step(t.step, t.word(1), 2, t.stream));
  const CUgraphEdgeData *edges = nullptr;
  CHECK_CU(cuStreamGetCaptureInfo_v3(t.stream, &status, &id, &graph, &nodes, &edges, &count));
  CHECK(count == 1 && nodes[0] != by_hand && edges && edges[0].type == 0);
  CHECK_CU(cuStreamEndCapture(t.stream, &ended));
  CHECK(ended == graph && node_count(graph) == 3);
  CHECK_ERROR(cuStreamUpdateCaptureDependencies(t.stream, &by_hand, 1, 0),
              CUDA_ERROR_ILLEGAL_STATE);

  // Into a graph that exists, behind one of its nodes.
  CHECK_CU(cuStreamBeginCaptureToGraph(t.stream, graph, &by_hand, nullptr, 1,
                                       CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  CHECK_CU(launch_step(t.step, t.word(2), 3, t.stream));
  CHECK_CU(cuStreamEndCapture(t.stream, &ended));
  CHECK(ended == graph && node_count(graph) == 4);
  exec = instantiate(graph);
  CHECK_CU(cuGraphLaunch(exec, t.stream));
  CHECK_CU(cuStreamSynchronize(t.stream));
  CHECK(t.read(0) == 1 && t.read(1) == 29 && t.read(2) == 3);

  // A graph launched in a capture becomes a child.
  begin(t.stream);
  CHECK_CU(cuGraphLaunch(exec, t.stream));
  CHECK_CU(launch_step(t.step, t.word(1), 1, t.stream));
  CUgraph outer = nullptr;
  CHECK_CU(cuStreamEndCapture(t.stream, &outer));
  CHECK(node_count(outer) == 2);
  CUgraphExec outer_exec = instantiate(outer);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_CU(cuGraphLaunch(outer_exec, t.stream));
  CHECK_CU(cuStreamSynchronize(t.stream));
  CHECK(t.read(0) == 4 && t.read(1) == 88 && t.read(2) == 12);
  CHECK_CU(cuGraphExecDestroy(outer_exec));
  CHECK_CU(cuGraphDestroy(outer));
}

/// Memory that the graph allocates, and events of the world outside.
void memory_and_events() {
  GraphTest t;
  CUdeviceptr memory = 0;
  unsigned out = 0;
  begin(t.stream);
  CHECK_CU(cuMemAllocAsync(&memory, 128, t.stream));
  CHECK_CU(cuMemsetD32Async(memory, 3, 32, t.stream));
  CHECK_CU(launch_step(t.step, memory, 1, t.stream));
  CHECK_CU(cuMemcpyDtoHAsync_v2(&out, memory, 4, t.stream));
  CHECK_CU(cuMemFreeAsync(memory, t.stream));
  CUgraph graph = nullptr;
  CHECK_CU(cuStreamEndCapture(t.stream, &graph));
  CHECK(node_count(graph) == 5);
  CUgraphExec exec = instantiate(graph);
  for (int i = 0; i < 2; ++i) {
    out = 0;
    CHECK_CU(cuGraphLaunch(exec, t.stream));
    CHECK_CU(cuStreamSynchronize(t.stream));
    CHECK(out == 10);
  }
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));

  CUevent from = nullptr, to = nullptr;
  CUstream other = nullptr;
  CHECK_CU(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
  CHECK_CU(cuEventCreate(&from, CU_EVENT_DISABLE_TIMING));
  CHECK_CU(cuEventCreate(&to, CU_EVENT_DISABLE_TIMING));
  CHECK_ERROR(cuEventRecordWithFlags(from, other, CU_EVENT_RECORD_EXTERNAL),
              CUDA_ERROR_ILLEGAL_STATE);
  begin(t.stream);
  CHECK_CU(cuStreamWaitEvent(t.stream, from, CU_EVENT_WAIT_EXTERNAL));
  CHECK_CU(launch_step(t.step, t.word(0), 1, t.stream));
  CHECK_CU(cuEventRecordWithFlags(to, t.stream, CU_EVENT_RECORD_EXTERNAL));
  CHECK_CU(cuStreamEndCapture(t.stream, &graph));
  CHECK(node_count(graph) == 3);
  exec = instantiate(graph);
  CHECK_CU(launch_step(t.slow, t.word(0), 4, other));
  CHECK_CU(cuEventRecord(from, other));
  CHECK_CU(cuGraphLaunch(exec, t.stream));
  CHECK_CU(cuEventSynchronize(to));
  CHECK(t.read(0) == 13);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_CU(cuEventDestroy_v2(from));
  CHECK_CU(cuEventDestroy_v2(to));
  CHECK_CU(cuStreamDestroy_v2(other));
}

/// The calling thread's own stream, and a cooperative launch.
void kinds_of_launches() {
  GraphTest t;
  begin(CU_STREAM_PER_THREAD);
  CUdeviceptr at = t.word(0);
  unsigned value = 5;
  void *params[] = {&at, &value};
  CHECK_CU(cuLaunchCooperativeKernel(t.step, 1, 1, 1, 1, 1, 1, 0, CU_STREAM_PER_THREAD, params));
  struct {
    CUdeviceptr at;
    unsigned value;
  } packed{t.word(0), 6};
  size_t bytes = 12;
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                   CU_LAUNCH_PARAM_END};
  CHECK_CU(cuLaunchKernel(t.step, 1, 1, 1, 1, 1, 1, 0, CU_STREAM_PER_THREAD, nullptr, extra));
  CUgraph graph = nullptr;
  CHECK_CU(cuStreamEndCapture(CU_STREAM_PER_THREAD, &graph));
  CUgraphNode nodes[2] = {};
  size_t count = 2;
  CHECK_CU(cuGraphGetNodes(graph, nodes, &count));
  CHECK(count == 2);
  CUkernelNodeAttrValue attribute{};
  CHECK_CU(cuGraphKernelNodeGetAttribute(nodes[0], CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &attribute));
  CHECK(attribute.cooperative == 1);
  CUgraphExec exec = instantiate(graph);
  CHECK_CU(cuGraphLaunch(exec, t.stream));
  CHECK_CU(cuStreamSynchronize(t.stream));
  CHECK(t.read(0) == 21);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
}

} // namespace

int main() {
  return run_in_context("captures", everything, fork_and_join, broken, modes, dependencies,
                        memory_and_events, kinds_of_launches);
}
