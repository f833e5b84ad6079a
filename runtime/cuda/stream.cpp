// Streams and events.
// Source: CUDA Driver API, "Stream Management", "Event Management", cuLaunchHostFunc of "Execution
// Control".
#include "runtime/cuda/capture.h"

#include <algorithm>
#include <cstring>

namespace w2w::cuda {
namespace {

std::atomic<uint64_t> next_stream_id = 16; // the implicit streams have 1 and 2

CUresult create_stream(CUstream *result, unsigned flags, int priority) {
  Context *context = nullptr;
  if (CUresult entered = enter_context(context))
    return entered;
  if (!result || (flags & ~static_cast<unsigned>(CU_STREAM_NON_BLOCKING)))
    return CUDA_ERROR_INVALID_VALUE;
  const hip::Api &api = hip::api();
  int least = 0, greatest = 0;
  if (hip::hipError_t error = api.hipDeviceGetStreamPriorityRange(&least, &greatest);
      error != hip::hipSuccess)
    return to_cuda(error);
  auto stream = std::make_unique<Stream>();
  stream->context = context;
  stream->flags = flags;
  // Out-of-range priorities are clamped; smaller numbers come first.
  stream->priority = std::clamp(priority, std::min(least, greatest), std::max(least, greatest));
  stream->id = next_stream_id++;
  unsigned hip_flags = flags & CU_STREAM_NON_BLOCKING ? hip::kStreamNonBlocking : 0;
  hip::hipError_t error =
      api.hipStreamCreateWithPriority(&stream->hip, hip_flags, stream->priority);
  if (error != hip::hipSuccess)
    return to_cuda(error);
  driver().streams.add(stream.get());
  *result = reinterpret_cast<CUstream>(stream.release());
  return CUDA_SUCCESS;
}

#define W2W_STREAM(handle, per_thread)                                                             \
  Context *context = nullptr;                                                                      \
  Stream *stream = nullptr;                                                                        \
  if (CUresult begun = find_stream(handle, per_thread, context, stream))                           \
  return begun

// In functions that a stream in capture, or the calling thread during one, must not call.
#define W2W_OUTSIDE_CAPTURE(stream)                                                                \
  if (CUresult refused = refuse_in_capture(stream))                                                \
    return refused;                                                                                \
  if (CUresult refused = refuse_unsafe())                                                          \
  return refused

CUresult wait_event(CUstream handle, CUevent event_handle, unsigned flags, bool per_thread) {
  W2W_STREAM(handle, per_thread);
  Event *event = driver().events.find(event_handle);
  if (!event)
    return CUDA_ERROR_INVALID_HANDLE;
  if (flags > CU_EVENT_WAIT_EXTERNAL)
    return CUDA_ERROR_INVALID_VALUE;
  bool captured = false;
  if (CUresult result = capture_wait(*stream, *event, flags, captured); result || captured)
    return result;
  if (!event->recorded)
    return CUDA_SUCCESS; // nothing to wait for
  return to_cuda(hip::api().hipStreamWaitEvent(stream->hip, event->hip, 0), *context);
}

CUresult query(CUstream handle, bool per_thread) {
  W2W_STREAM(handle, per_thread);
  W2W_OUTSIDE_CAPTURE(*stream);
  hip::hipError_t error = hip::api().hipStreamQuery(stream->hip);
  if (error == hip::hipErrorNotReady)
    return CUDA_ERROR_NOT_READY;
  return after_wait(*context, error);
}

CUresult synchronise(CUstream handle, bool per_thread) {
  W2W_STREAM(handle, per_thread);
  W2W_OUTSIDE_CAPTURE(*stream);
  return after_wait(*context, hip::api().hipStreamSynchronize(stream->hip));
}

/// What a host function's trampoline needs; freed by it.
struct HostCall {
  CUhostFn function = nullptr;
  CUstreamCallback callback = nullptr;
  CUstream stream = nullptr;
  Context *context = nullptr;
  void *user_data = nullptr;

  void run() {
    if (function)
      function(user_data);
    else
      callback(stream, static_cast<CUresult>(context->sticky.load()), user_data);
  }
};

void run_host_call(void *pointer) {
  std::unique_ptr<HostCall>(static_cast<HostCall *>(pointer))->run();
}
void run_host_callback(hip::hipStream_t, hip::hipError_t, void *pointer) {
  run_host_call(pointer);
}

CUresult enqueue(Stream &stream, Context &context, HostCall call) {
  const hip::Api &api = hip::api();
  auto owned = std::make_unique<HostCall>(call);
  // Without hipLaunchHostFunc (HIP 5.2), a stream callback does the same but for the status
  // argument.
  hip::hipError_t error =
      api.hipLaunchHostFunc
          ? api.hipLaunchHostFunc(stream.hip, run_host_call, owned.get())
          : api.hipStreamAddCallback(stream.hip, run_host_callback, owned.get(), 0);
  if (error == hip::hipSuccess)
    owned.release();
  return to_cuda(error, context);
}

CUresult host_function(CUstream handle, CUhostFn function, void *user_data, bool per_thread) {
  W2W_STREAM(handle, per_thread);
  if (!function)
    return CUDA_ERROR_INVALID_VALUE;
  bool capturing = false;
  if (CUresult result = enter_stream(*stream, capturing))
    return result;
  if (capturing)
    return capture(*stream, HostOperation{function, user_data});
  HostCall call;
  call.function = function;
  call.user_data = user_data;
  return enqueue(*stream, *context, call);
}

CUresult callback(CUstream handle, CUstreamCallback function, void *user_data, unsigned flags,
                  bool per_thread) {
  W2W_STREAM(handle, per_thread);
  if (!function || flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (CUresult result = refuse_in_capture(*stream))
    return result;
  HostCall call;
  call.callback = function;
  call.stream = handle;
  call.context = context;
  call.user_data = user_data;
  return enqueue(*stream, *context, call);
}

CUresult record(CUevent event_handle, CUstream handle, unsigned flags, bool per_thread) {
  W2W_STREAM(handle, per_thread);
  Event *event = driver().events.find(event_handle);
  if (!event)
    return CUDA_ERROR_INVALID_HANDLE;
  if (flags > CU_EVENT_RECORD_EXTERNAL)
    return CUDA_ERROR_INVALID_VALUE;
  if (event->context->device != stream->context->device)
    return CUDA_ERROR_INVALID_HANDLE;
  bool captured = false;
  if (CUresult result = capture_record(*event, *stream, flags, captured); result || captured)
    return result;
  CUresult result = to_cuda(hip::api().hipEventRecord(event->hip, stream->hip), *context);
  if (result == CUDA_SUCCESS)
    event->recorded = true;
  return result;
}

CUresult get_attribute(CUstream handle, CUstreamAttrID attr, CUstreamAttrValue *value,
                       bool per_thread) {
  W2W_STREAM(handle, per_thread);
  if (!value)
    return CUDA_ERROR_INVALID_VALUE;
  std::memset(value, 0, sizeof *value);
  switch (attr) {
  case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    value->priority = stream->priority;
    return CUDA_SUCCESS;
  case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
    value->syncPolicy = CU_SYNC_POLICY_AUTO;
    return CUDA_SUCCESS;
  case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
  case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
  case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    return CUDA_SUCCESS; // zeros: no window, the default domain
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult set_attribute(CUstream handle, CUstreamAttrID attr, const CUstreamAttrValue *value,
                       bool per_thread) {
  W2W_STREAM(handle, per_thread);
  if (!value)
    return CUDA_ERROR_INVALID_VALUE;
  switch (attr) {
  case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
  case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
  case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
  case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    return CUDA_SUCCESS; // hints about caches and waiting, without effect here
  case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    return value->priority == stream->priority
               ? CUDA_SUCCESS
               : not_supported("cuStreamSetAttribute", "changing a stream's priority");
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

/// Attributes that can differ between streams are fixed at creation: there is nothing to copy.
CUresult copy_attributes(CUstream dst, CUstream src, bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult begun = find_stream(dst, per_thread, context, stream))
    return begun;
  return find_stream(src, per_thread, context, stream);
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuStreamCreate(CUstream *stream, unsigned int flags) {
  W2W_ENTER(cuStreamCreate);
  return create_stream(stream, flags, 0);
}

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority) {
  W2W_ENTER(cuStreamCreateWithPriority);
  return create_stream(stream, flags, priority);
}

CUresult cuStreamDestroy_v2(CUstream handle) {
  W2W_ENTER_CONTEXT(cuStreamDestroy);
  Stream *stream = driver().streams.find(handle);
  if (!stream || stream->implicit)
    return CUDA_ERROR_INVALID_HANDLE;
  forget_capture(*stream);
  driver().streams.remove(stream);
  // CUDA lets the stream's work finish by itself; its launch blocks must stay until then.
  hip::hipError_t error = hip::api().hipStreamSynchronize(stream->hip);
  CUresult result = after_wait(*context, error);
  stream->destroy_launch_memory();
  (void)hip::api().hipStreamDestroy(stream->hip);
  delete stream;
  return result;
}

CUresult cuStreamDestroy(CUstream handle) {
  return cuStreamDestroy_v2(handle);
}

// A getter: `expression` sees `stream`, the result goes to `out`.
#define W2W_GETTER(name, type, expression)                                                         \
  W2W_TWIN(name, (CUstream handle, type * out), {                                                  \
    W2W_STREAM(handle, per_thread);                                                                \
    if (!out)                                                                                      \
      return CUDA_ERROR_INVALID_VALUE;                                                             \
    *out = expression;                                                                             \
    return CUDA_SUCCESS;                                                                           \
  })

W2W_GETTER(cuStreamGetPriority, int, stream->priority)
W2W_GETTER(cuStreamGetFlags, unsigned int, stream->flags)
W2W_GETTER(cuStreamGetDevice, CUdevice, stream->context->device->ordinal)
W2W_GETTER(cuStreamGetCtx, CUcontext, reinterpret_cast<CUcontext>(stream->context))
// Ids are unique over contexts and threads; the implicit streams get theirs from their address.
W2W_GETTER(cuStreamGetId, unsigned long long,
           stream->implicit ? reinterpret_cast<uint64_t>(stream) : stream->id)
W2W_TWIN(cuStreamGetCtx_v2, (CUstream handle, CUcontext *ctx, CUgreenCtx *green), {
  W2W_STREAM(handle, per_thread);
  if (!ctx)
    return CUDA_ERROR_INVALID_VALUE;
  *ctx = reinterpret_cast<CUcontext>(stream->context);
  if (green)
    *green = nullptr;
  return CUDA_SUCCESS;
})
W2W_TWIN(cuStreamWaitEvent, (CUstream handle, CUevent event, unsigned int flags),
         return wait_event(handle, event, flags, per_thread))
W2W_TWIN(cuStreamQuery, (CUstream handle), return query(handle, per_thread))
W2W_TWIN(cuStreamSynchronize, (CUstream handle), return synchronise(handle, per_thread))
W2W_TWIN(cuStreamAddCallback,
         (CUstream handle, CUstreamCallback function, void *user_data, unsigned int flags),
         return callback(handle, function, user_data, flags, per_thread))
W2W_TWIN(cuLaunchHostFunc, (CUstream handle, CUhostFn function, void *user_data),
         return host_function(handle, function, user_data, per_thread))
W2W_TWIN(cuStreamCopyAttributes, (CUstream dst, CUstream src),
         return copy_attributes(dst, src, per_thread))
W2W_TWIN(cuStreamGetAttribute, (CUstream handle, CUstreamAttrID attr, CUstreamAttrValue *value),
         return get_attribute(handle, attr, value, per_thread))
W2W_TWIN(cuStreamSetAttribute,
         (CUstream handle, CUstreamAttrID attr, const CUstreamAttrValue *value),
         return set_attribute(handle, attr, value, per_thread))
// ---- events
// --------------------------------------------------------------------------------------

CUresult cuEventCreate(CUevent *result, unsigned int flags) {
  W2W_ENTER_CONTEXT(cuEventCreate);
  constexpr unsigned kKnown =
      CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS;
  if (!result || (flags & ~kKnown) ||
      ((flags & CU_EVENT_INTERPROCESS) && !(flags & CU_EVENT_DISABLE_TIMING)))
    return CUDA_ERROR_INVALID_VALUE;
  if (flags & CU_EVENT_INTERPROCESS)
    return not_supported("cuEventCreate", "CU_EVENT_INTERPROCESS");
  unsigned hip_flags = (flags & CU_EVENT_BLOCKING_SYNC ? hip::kEventBlockingSync : 0) |
                       (flags & CU_EVENT_DISABLE_TIMING ? hip::kEventDisableTiming : 0);
  auto event = std::make_unique<Event>();
  event->context = context;
  event->flags = flags;
  hip::hipError_t error = hip::api().hipEventCreateWithFlags(&event->hip, hip_flags);
  if (error != hip::hipSuccess)
    return to_cuda(error);
  driver().events.add(event.get());
  *result = reinterpret_cast<CUevent>(event.release());
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent handle) {
  W2W_ENTER_CONTEXT(cuEventDestroy);
  Event *event = driver().events.find(handle);
  if (!event)
    return CUDA_ERROR_INVALID_HANDLE;
  forget_capture(*event);
  driver().events.remove(event);
  hip::hipError_t error = hip::api().hipEventDestroy(event->hip);
  delete event;
  return to_cuda(error);
}

CUresult cuEventDestroy(CUevent handle) {
  return cuEventDestroy_v2(handle);
}

W2W_TWIN(cuEventRecord, (CUevent event, CUstream handle),
         return record(event, handle, 0, per_thread))
W2W_TWIN(cuEventRecordWithFlags, (CUevent event, CUstream handle, unsigned int flags),
         return record(event, handle, flags, per_thread))

CUresult cuEventQuery(CUevent handle) {
  W2W_ENTER_CONTEXT(cuEventQuery);
  Event *event = driver().events.find(handle);
  if (!event)
    return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult result = refuse_captured(*event))
    return result;
  if (CUresult result = refuse_unsafe())
    return result;
  if (!event->recorded)
    return CUDA_SUCCESS;
  hip::hipError_t error = hip::api().hipEventQuery(event->hip);
  if (error == hip::hipErrorNotReady)
    return CUDA_ERROR_NOT_READY;
  return after_wait(*context, error);
}

CUresult cuEventSynchronize(CUevent handle) {
  W2W_ENTER_CONTEXT(cuEventSynchronize);
  Event *event = driver().events.find(handle);
  if (!event)
    return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult result = refuse_captured(*event))
    return result;
  if (CUresult result = refuse_unsafe())
    return result;
  if (!event->recorded)
    return CUDA_SUCCESS;
  return after_wait(*context, hip::api().hipEventSynchronize(event->hip));
}

CUresult cuEventElapsedTime_v2(float *ms, CUevent start, CUevent end) {
  W2W_ENTER_CONTEXT(cuEventElapsedTime);
  if (!ms)
    return CUDA_ERROR_INVALID_VALUE;
  Event *from = driver().events.find(start), *to = driver().events.find(end);
  if (!from || !to || !from->recorded || !to->recorded ||
      ((from->flags | to->flags) & CU_EVENT_DISABLE_TIMING))
    return CUDA_ERROR_INVALID_HANDLE;
  for (Event *event : {from, to})
    if (CUresult result = refuse_captured(*event))
      return result;
  hip::hipError_t error = hip::api().hipEventElapsedTime(ms, from->hip, to->hip);
  return error == hip::hipErrorNotReady ? CUDA_ERROR_NOT_READY : to_cuda(error, *context);
}

CUresult cuEventElapsedTime(float *ms, CUevent start, CUevent end) {
  return cuEventElapsedTime_v2(ms, start, end);
}
