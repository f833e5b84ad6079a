// Makes a failing program smaller.
#pragma once

#include "test/random/program.h"

#include <functional>

namespace w2w::random_programs {

/// Removes statements, flattens control flow and drops functions for as long as `fails` stays true.
/// `fails` is called at most `budget` times.
Program reduce(Program program, const std::function<bool(const Program &)> &fails, unsigned budget);

/// Statements of a program, nested ones and functions included.
size_t size(const Program &program);

} // namespace w2w::random_programs
