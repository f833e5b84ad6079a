// What emit/ tells passes/ about arrivals at mbarrier objects.
#pragma once

namespace w2w {

/// Metadata of the atomic addition that is an arrival (mbarrier.arrive). The `and` behind it takes
/// the parity of the phase, which threads that arrive at an object together find the same: what PTX
/// defines leaves no phase complete before a thread has waited for it and arrives in the next.
inline constexpr char kMbarrierArrival[] = "w2w.mbarrier.arrival";

} // namespace w2w
