#include "lowering/passes/schedule_warps.h"

#include "lowering/passes/cluster_barrier.h"
#include "lowering/passes/spread_warps.h"
#include "lowering/passes/waiting_loops.h"
#include "lowering/passes/warp_flow.h"
#include "lowering/passes/warp_scheduler.h"

#include "llvm/IR/InstIterator.h"

namespace w2w {

using namespace llvm;

namespace {

/// Refuses a kernel of whose threads one cannot go on without the others for other reasons.
bool refused(Function &kernel, const SynchronisingFunctions &others, const FlowVerdict &verdict,
             PassEnv &env) {
  auto refuse = [&](const Instruction &at, const char *what, const char *remedy) {
    env.refuse(at, std::string(what) + " in a kernel whose threads must be scheduled one by one (" +
                       verdict.reason + ") is not supported; " + remedy);
    return true;
  };
  if (CallInst *arrival = arrival_before_end(kernel))
    return refuse(*arrival, "barrier.cluster.arrive behind which a thread may end",
                  "let every thread that arrives wait");
  for (Instruction &i : instructions(kernel)) {
    auto *call = dyn_cast<CallInst>(&i);
    if (call && call->getCalledFunction() && others.contains(*call->getCalledFunction()))
      return refuse(i, "a call of a recursive function that synchronises",
                    "let the kernel itself contain it");
  }
  return false;
}

} // namespace

bool schedule_warps(Module &module, ModuleAnalysisManager &analyses, PassEnv &env) {
  bool changed = join_cluster_barriers(module);
  SynchronisingFunctions others(module);
  std::vector<Function *> kernels;
  for (Function &f : module) {
    if (is_kernel(f)) {
      kernels.push_back(&f);
    } else if (!f.isDeclaration()) {
      // A function keeps no resume points: its callers' frames are the wave's. It is not known
      // either which threads of a wave call it together, to wait in a loop there.
      bool solo = env.paired() && env.warp_mode == WarpMode::Solo;
      FlowVerdict verdict = judge_flow(f, others, analyses, env, solo);
      if (!verdict.waiting_headers.empty())
        env.refuse(
            *verdict.waiting_headers.front()->getTerminator(),
            "a loop that waits for other threads, in a recursive function, is not supported; "
            "let the kernel itself contain it");
      else if (verdict.scheduled)
        env.refuse(f, verdict.reason + ", in a recursive function; "
                                       "let the kernel itself contain it");
    }
  }
  for (Function *kernel : kernels) {
    FlowVerdict verdict = judge_flow(*kernel, others, analyses, env);
    const bool solo = choose_solo(*kernel, others, analyses, env, verdict);
    if (env.warp_mode == WarpMode::Paired && verdict.scheduled) {
      env.refuse(*kernel, verdict.reason + ": not possible in warp mode 'paired'; use 'auto'");
      continue;
    }
    if (env.warp_mode == WarpMode::Scheduled && !verdict.scheduled) {
      verdict.scheduled = true;
      verdict.reason = "asked for";
    }
    changed |= solo;
    // The versions of a scheduled kernel rely on it too: where its warps are whole.
    if (verdict.assumes_rows)
      env.row_kernels.insert(kernel->getName().str());
    if (!verdict.scheduled) {
      changed |= pause_in_waiting_loops(verdict.waiting_headers);
      continue;
    }
    if (refused(*kernel, others, verdict, env))
      continue;
    kernel->addFnAttr("w2w-scheduled", verdict.reason);
    env.warp_modes[kernel->getName().str()] =
        (solo ? "solo, scheduled: " : "scheduled: ") + verdict.reason;
    WarpScheduler(*kernel, env, verdict).run();
    changed = true;
  }
  erase_unused_declarations(module, "w2w.barrier.");
  return changed;
}

} // namespace w2w
