// Stream capture: work given to a stream becomes nodes of a graph. Every function that puts work
// into a stream, waits for one, or is unsafe while a capture goes on asks here first.
// Source: CUDA Driver API, "Stream Management" (cuStreamBeginCapture,
// cuThreadExchangeStreamCaptureMode).
#pragma once

#include "runtime/cuda/graph.h"

namespace w2w::cuda {

/// From cuStreamBeginCapture to cuStreamEndCapture.
struct Capture;

/// Before work is put into a stream: whether it goes to a graph instead. Fails if the stream's
/// capture is invalid, or if the stream is the legacy one and waits for a stream in capture.
CUresult enter_stream(Stream &stream, bool &capturing);

/// Adds what a capturing stream was given to its graph.
CUresult capture(Stream &stream, Operation operation);

/// For functions that a stream in capture has no answer to, such as waiting for it: an error that
/// invalidates the capture, if the stream is in one.
CUresult refuse_in_capture(Stream &stream);
/// The same for functions that concern all streams of a context.
CUresult refuse_in_capture(Context &context);

/// Before a function that works past streams: an error, and the end of the capture, if the calling
/// thread's mode and the captures' forbid it.
CUresult refuse_unsafe();

/// Events. Each is false, or leaves everything to the caller, if no capture is concerned.
CUresult capture_record(Event &event, Stream &stream, unsigned flags, bool &captured);
CUresult capture_wait(Stream &stream, Event &event, unsigned flags, bool &captured);
/// For functions that ask the device about an event.
CUresult refuse_captured(Event &event);

/// What a destroyed stream or event leaves behind.
void forget_capture(Stream &stream);
void forget_capture(Event &event);

} // namespace w2w::cuda
