#include "machine.h"

#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;
