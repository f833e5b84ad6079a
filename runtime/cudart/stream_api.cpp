// Streams and events.
#include "runtime/cudart/core.h"

W2W_RT w2wrt_cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
  return in_context([=] { return cuStreamCreate(stream, flags); });
}
W2W_RT w2wrt_cudaStreamCreate(cudaStream_t *stream) {
  return w2wrt_cudaStreamCreateWithFlags(stream, 0);
}
W2W_RT w2wrt_cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority) {
  return in_context([=] { return cuStreamCreateWithPriority(stream, flags, priority); });
}
W2W_RT w2wrt_cudaStreamDestroy(cudaStream_t stream) {
  return in_context([=] { return cuStreamDestroy_v2(stream); });
}
W2W_RT w2wrt_cudaStreamGetPriority(cudaStream_t stream, int *priority) {
  return in_context([=] { return cuStreamGetPriority(stream, priority); });
}
W2W_RT w2wrt_cudaStreamGetFlags(cudaStream_t stream, unsigned *flags) {
  return in_context([=] { return cuStreamGetFlags(stream, flags); });
}
W2W_RT w2wrt_cudaStreamGetId(cudaStream_t stream, unsigned long long *id) {
  return in_context([=] { return cuStreamGetId(stream, id); });
}
W2W_RT w2wrt_cudaStreamGetDevice(cudaStream_t stream, int *device) {
  return in_context([=] { return cuStreamGetDevice(stream, device); });
}
W2W_RT w2wrt_cudaStreamCopyAttributes(cudaStream_t destination, cudaStream_t source) {
  return in_context([=] { return cuStreamCopyAttributes(destination, source); });
}
W2W_RT w2wrt_cudaStreamGetAttribute(cudaStream_t stream, CUstreamAttrID id,
                                    CUstreamAttrValue *value) {
  return in_context([=] { return cuStreamGetAttribute(stream, id, value); });
}
W2W_RT w2wrt_cudaStreamSetAttribute(cudaStream_t stream, CUstreamAttrID id,
                                    const CUstreamAttrValue *value) {
  return in_context([=] { return cuStreamSetAttribute(stream, id, value); });
}
W2W_RT w2wrt_cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  return in_context([=] { return cuStreamWaitEvent(stream, event, flags); });
}
W2W_RT w2wrt_cudaStreamAddCallback(cudaStream_t stream, CUstreamCallback callback, void *data,
                                   unsigned flags) {
  // cudaStreamCallback_t differs in the error's type alone, and the numbers agree.
  return in_context([=] { return cuStreamAddCallback(stream, callback, data, flags); });
}
W2W_RT w2wrt_cudaLaunchHostFunc(cudaStream_t stream, CUhostFn function, void *data) {
  return in_context([=] { return cuLaunchHostFunc(stream, function, data); });
}
W2W_RT w2wrt_cudaStreamAttachMemAsync(cudaStream_t stream, void *p, size_t length, unsigned flags) {
  return in_context(
      [=] { return cuStreamAttachMemAsync(stream, device_pointer(p), length, flags); });
}
W2W_RT w2wrt_cudaStreamQuery(cudaStream_t stream) {
  return in_context([=] { return cuStreamQuery(stream); });
}
W2W_RT w2wrt_cudaStreamSynchronize(cudaStream_t stream) {
  return in_context([=] { return cuStreamSynchronize(stream); });
}
W2W_RT w2wrt_cudaStreamIsCapturing(cudaStream_t stream, CUstreamCaptureStatus *status) {
  return in_context([=] { return cuStreamIsCapturing(stream, status); });
}
W2W_RT w2wrt_cudaStreamGetCaptureInfo_11(cudaStream_t stream, CUstreamCaptureStatus *status,
                                         unsigned long long *id) {
  return in_context([=] {
    cuuint64_t value = 0;
    CUresult r = cuStreamGetCaptureInfo(stream, status, &value);
    if (id)
      *id = value;
    return r;
  });
}
W2W_RT w2wrt_cudaStreamGetCaptureInfo_v2(cudaStream_t stream, CUstreamCaptureStatus *status,
                                         unsigned long long *id, CUgraph *graph,
                                         const CUgraphNode **dependencies, size_t *count) {
  return in_context([=] {
    return cuStreamGetCaptureInfo_v2(stream, status, reinterpret_cast<cuuint64_t *>(id), graph,
                                     dependencies, count);
  });
}
W2W_RT w2wrt_cudaStreamGetCaptureInfo_13(cudaStream_t stream, CUstreamCaptureStatus *status,
                                         unsigned long long *id, CUgraph *graph,
                                         const CUgraphNode **dependencies,
                                         const CUgraphEdgeData **edges, size_t *count) {
  return in_context([=] {
    return cuStreamGetCaptureInfo_v3(stream, status, reinterpret_cast<cuuint64_t *>(id), graph,
                                     dependencies, edges, count);
  });
}
W2W_RT w2wrt_cudaThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
  return initialised([=] { return cuThreadExchangeStreamCaptureMode(mode); });
}

W2W_RT w2wrt_cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
  return in_context([=] { return cuEventCreate(event, flags); });
}
W2W_RT w2wrt_cudaEventCreate(cudaEvent_t *event) {
  return w2wrt_cudaEventCreateWithFlags(event, 0);
}
W2W_RT w2wrt_cudaEventDestroy(cudaEvent_t event) {
  return in_context([=] { return cuEventDestroy_v2(event); });
}
W2W_RT w2wrt_cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return in_context([=] { return cuEventRecord(event, stream); });
}
W2W_RT w2wrt_cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  return in_context([=] { return cuEventRecordWithFlags(event, stream, flags); });
}
W2W_RT w2wrt_cudaEventQuery(cudaEvent_t event) {
  return in_context([=] { return cuEventQuery(event); });
}
W2W_RT w2wrt_cudaEventSynchronize(cudaEvent_t event) {
  return in_context([=] { return cuEventSynchronize(event); });
}
W2W_RT w2wrt_cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end) {
  return in_context([=] { return cuEventElapsedTime(ms, start, end); });
}
