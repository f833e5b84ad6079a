// What textures and surfaces have in common in emit/: geometry, handles, coordinates.
#pragma once

#include "lowering/devicelib/interface.h"
#include "lowering/emit/function_emitter.h"

#include <array>

namespace w2w::emit {

/// The geometry an instruction names.
struct ImageShape {
  devicelib::Shape shape;
  const char *name;    // in devicelib's function names
  unsigned dimensions; // coordinates besides the array's index
  bool array;
};
ImageShape image_shape(const Instruction &i);

/// The 64-bit handle that [texref], [param] or [register] names.
Value *image_handle(FunctionEmitter &e, const Operand &op);

/// An instruction's coordinates: the layer (0 if no array) and three values of `type` (Type::F32 or
/// Type::S32) as LLVM's float or i32, zero beyond the dimensions.
struct ImageCoordinates {
  Value *layer;
  std::array<Value *, 3> at;
};
ImageCoordinates image_coordinates(FunctionEmitter &e, const Operand &op, const ImageShape &shape,
                                   Type type);
/// Up to three elements of a list, zero beyond `count`.
std::array<Value *, 3> image_vector(FunctionEmitter &e, const Operand *op, unsigned count,
                                    Type type, unsigned first = 0);

} // namespace w2w::emit
