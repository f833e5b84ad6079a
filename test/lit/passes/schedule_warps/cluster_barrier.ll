; A cluster's arrivals with their waits right behind them become a barrier of the whole block, by a number that bar has not; others are
; counted in LDS by a scheduled kernel. A kernel with one that may never wait is refused.
; RUN: split-file %s %t
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/good.ll -o - | FileCheck %s
; RUN: not %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/bad.ll -o - 2>&1 | FileCheck %s --check-prefix=BAD
; CHECK: @together(
; CHECK-NOT: cluster
; CHECK: call void @w2w.barrier.sync(i32 16)
; CHECK-NEXT: ret void
; CHECK: @apart({{.*}} #[[A:[0-9]+]]
; CHECK-NOT: w2w.barrier.sync
; CHECK: cmpxchg ptr addrspace(3)
; CHECK: attributes #[[A]] = {{.*}}"w2w-scheduled"="threads do not wait where they arrive at the cluster's barrier"
; BAD: barrier.cluster.arrive behind which a thread may end in a kernel whose threads must be scheduled one by one ({{.*}}) is not supported; let every thread that arrives wait

;--- good.ll
declare void @w2w.barrier.cluster.arrive() convergent
declare void @w2w.barrier.cluster.wait() convergent
define amdgpu_kernel void @together(i32 %n) {
  call void @w2w.barrier.cluster.arrive()
  %m = add i32 %n, 1
  call void @w2w.barrier.cluster.wait()
  ret void
}
define amdgpu_kernel void @apart(ptr addrspace(1) %p) {
  call void @w2w.barrier.cluster.arrive()
  store i32 1, ptr addrspace(1) %p
  call void @w2w.barrier.cluster.wait()
  ret void
}
;--- bad.ll
declare void @w2w.barrier.cluster.arrive() convergent
declare void @w2w.barrier.cluster.wait() convergent
define amdgpu_kernel void @ends(i32 %n, ptr addrspace(1) %p) {
  call void @w2w.barrier.cluster.arrive()
  %c = icmp eq i32 %n, 0
  br i1 %c, label %end, label %wait
wait:
  call void @w2w.barrier.cluster.wait()
  br label %end
end:
  ret void
}
