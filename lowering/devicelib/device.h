// What the device library's files share. Device code: compiled by clang for amdgcn, for no
// processor and no wave size in particular.
#pragma once

#include <stdint.h>

#define GLOBAL __attribute__((address_space(1)))

/// A number of the thread in its block, in bits 0 to 29: no two threads of a wave have the same.
inline uint32_t thread_number() {
  return __builtin_amdgcn_workitem_id_x() | __builtin_amdgcn_workitem_id_y() << 10 |
         __builtin_amdgcn_workitem_id_z() << 20;
}

/// Spreads threads and blocks over 32 bits.
inline uint32_t thread_hash() {
  uint32_t h = thread_number() * 0x9e3779b1u + __builtin_amdgcn_workgroup_id_x() * 0x85ebca6bu;
  return h ^ (h >> 15);
}

/// Calls f for the threads of the wave that are here, one after the other.
template <typename F> void one_by_one(F f) {
  uint32_t waits = 1;
  do {
    if (thread_number() == uint32_t(__builtin_amdgcn_readfirstlane(int(thread_number())))) {
      f();
      waits = 0;
      // Who does not know that the loop ends here cannot take f out of it, where all threads would
      // come to it at once.
      asm volatile("" : "+v"(waits));
    }
  } while (waits);
}
