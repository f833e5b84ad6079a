; Loops that wait for memory, and loops that only look like it.
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx1100 %s -o - | FileCheck %s
; CHECK-DAG: @lock({{.*}} #[[WAITS:[0-9]+]]
; CHECK-DAG: @own_flag({{.*}} #[[WAITS]]
; CHECK-DAG: @one_waits({{.*}} #[[WAITS]]
; CHECK-DAG: @after_other_turns({{.*}} #[[WAITS]]
; CHECK-DAG: @others_act({{.*}} #[[WAITS]]
; CHECK-DAG: @others_act_behind({{.*}} #[[WAITS]]
; CHECK-DAG: @part_of_the_block({{.*}} #[[WAITS]]
; CHECK-DAG: @one_waits_before_barrier({{.*}}) {
; CHECK-DAG: @each_waits_before_barrier({{.*}}) {
; CHECK-DAG: @one_waits_before_warp_barrier({{.*}}) {
; CHECK-DAG: @flag({{.*}}) {
; CHECK-DAG: @flag_after_return({{.*}}) {
; CHECK-DAG: @lock_inside({{.*}} #[[WAITS]]
; CHECK-DAG: @retry({{.*}}) {
; CHECK-DAG: @ticket({{.*}}) {
; CHECK-DAG: @plain({{.*}}) {
; CHECK-DAG: attributes #[[WAITS]] = { "w2w-scheduled"="a loop waits for other threads" }

; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %s -o - | FileCheck %s --check-prefix=WAVE64
; WAVE64-DAG: @one_waits_before_barrier({{.*}}) {
; WAVE64-DAG: @one_waits_before_warp_barrier({{.*}} #[[WAITS64:[0-9]+]]
; WAVE64-DAG: attributes #[[WAITS64]] = { "w2w-scheduled"="a loop waits for other threads" }
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx1100 %s -o - | FileCheck %s --check-prefix=PAUSE
; PAUSE: void @flag_after_return
; PAUSE: wait:
; PAUSE-NEXT: call void @llvm.amdgcn.s.sleep(i32 1)
; PAUSE: void @flag_with_work
; PAUSE-NOT: s.sleep
; PAUSE: ret void

; A lock: what is expected does not come from memory.
define amdgpu_kernel void @lock(ptr addrspace(1) %p, ptr addrspace(1) %q) {
  br label %try
try:
  %r = cmpxchg ptr addrspace(1) %p, i32 0, i32 1 monotonic monotonic
  %old = extractvalue { i32, i1 } %r, 0
  %c = icmp eq i32 %old, 0
  br i1 %c, label %have, label %try
have:
  %v = load i32, ptr addrspace(1) %q
  %n = add i32 %v, 1
  store i32 %n, ptr addrspace(1) %q
  store atomic i32 0, ptr addrspace(1) %p release, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
; Each thread waits for a word of its own, and tells others when it has seen it.
define amdgpu_kernel void @own_flag(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %a = getelementptr i32, ptr addrspace(1) %p, i32 %t
  br label %wait
wait:
  %v = load volatile i32, ptr addrspace(1) %a
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %done
done:
  store volatile i32 1, ptr addrspace(1) %p
  ret void
}
; The others of the wave stand behind the branch, and may be the ones that it waits for.
define amdgpu_kernel void @one_waits(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %one = icmp eq i32 %t, 0
  br i1 %one, label %wait, label %done
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %done
done:
  store volatile i32 1, ptr addrspace(1) %p
  ret void
}
; Threads that are through with the outer loop wait behind it.
define amdgpu_kernel void @after_other_turns(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  br label %turn
turn:
  %i = phi i32 [ 0, %0 ], [ %next, %through ]
  br label %wait
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp ult i32 %v, %i
  br i1 %c, label %wait, label %through
through:
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %t
  br i1 %more, label %turn, label %done
done:
  store volatile i32 100, ptr addrspace(1) %p
  ret void
}
; The others stand at a barrier of the block, as in a barrier of the grid: nobody waits for them.
declare void @w2w.barrier.sync(i32) convergent
declare void @w2w.barrier.sync.count(i32, i32) convergent
declare void @w2w.bar.warp(i32) convergent
define amdgpu_kernel void @one_waits_before_barrier(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %one = icmp eq i32 %t, 0
  br i1 %one, label %arrive, label %meet
arrive:
  %n = atomicrmw add ptr addrspace(1) %p, i32 1 monotonic
  br label %wait
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %leave
leave:
  store volatile i32 1, ptr addrspace(1) %p
  br label %meet
meet:
  call void @w2w.barrier.sync(i32 0)
  store volatile i32 1, ptr addrspace(1) %p
  ret void
}
; The same with a barrier of the warp, which is a wave here, but not on gfx942.
define amdgpu_kernel void @one_waits_before_warp_barrier(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %one = icmp eq i32 %t, 0
  br i1 %one, label %wait, label %meet
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %meet
meet:
  call void @w2w.bar.warp(i32 -1)
  ret void
}
; So do those who leave the loop before the others.
define amdgpu_kernel void @each_waits_before_barrier(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %a = getelementptr i32, ptr addrspace(1) %p, i32 %t
  br label %wait
wait:
  %v = load volatile i32, ptr addrspace(1) %a
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %meet
meet:
  call void @w2w.barrier.sync(i32 0)
  ret void
}
; They act before the barrier, or the barrier is of fewer threads.
define amdgpu_kernel void @others_act(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %one = icmp eq i32 %t, 0
  br i1 %one, label %wait, label %act
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %meet
act:
  store i32 1, ptr addrspace(1) %p
  br label %meet
meet:
  call void @w2w.barrier.sync(i32 0)
  ret void
}
define amdgpu_kernel void @others_act_behind(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %one = icmp eq i32 %t, 0
  br i1 %one, label %wait, label %meet
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %meet
meet:
  store i32 1, ptr addrspace(1) %p
  call void @w2w.barrier.sync(i32 0)
  ret void
}
define amdgpu_kernel void @part_of_the_block(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %one = icmp eq i32 %t, 0
  br i1 %one, label %wait, label %meet
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %meet
meet:
  call void @w2w.barrier.sync.count(i32 1, i32 32)
  ret void
}
; The whole wave comes to the loop and leaves it: it waits for other waves, and lets them run.
define amdgpu_kernel void @flag_after_return(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %out = icmp uge i32 %t, %n
  br i1 %out, label %end, label %wait
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %done
done:
  store i32 %t, ptr addrspace(1) %p
  ret void
end:
  ret void
}
; Its turns do more than wait.
define amdgpu_kernel void @flag_with_work(ptr addrspace(1) %p, ptr addrspace(1) %q) {
  br label %wait
wait:
  store i32 1, ptr addrspace(1) %q
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %done
done:
  ret void
}
define amdgpu_kernel void @flag(ptr addrspace(1) %p) {
  br label %wait
wait:
  %v = load volatile i32, ptr addrspace(1) %p
  %c = icmp eq i32 %v, 0
  br i1 %c, label %wait, label %done
done:
  ret void
}
define amdgpu_kernel void @lock_inside(ptr addrspace(1) %p, ptr addrspace(1) %q) {
  br label %try
try:
  %old = atomicrmw xchg ptr addrspace(1) %p, i32 1 monotonic
  %c = icmp eq i32 %old, 0
  br i1 %c, label %have, label %next
have:
  store i32 7, ptr addrspace(1) %q
  store atomic i32 0, ptr addrspace(1) %p release, align 4
  br label %next
next:
  %done = phi i1 [ true, %have ], [ false, %try ]
  br i1 %done, label %out, label %try
out:
  ret void
}
; Tries again with what it has just seen: when it fails, another one has succeeded.
define amdgpu_kernel void @retry(ptr addrspace(1) %p, i32 %x) {
  %first = load i32, ptr addrspace(1) %p
  br label %try
try:
  %seen = phi i32 [ %first, %0 ], [ %now, %try ]
  %new = mul i32 %seen, %x
  %r = cmpxchg ptr addrspace(1) %p, i32 %seen, i32 %new monotonic monotonic
  %now = extractvalue { i32, i1 } %r, 0
  %c = icmp eq i32 %now, %seen
  br i1 %c, label %out, label %try
out:
  ret void
}
; Takes work until there is none left.
define amdgpu_kernel void @ticket(ptr addrspace(1) %p, i32 %n, ptr addrspace(1) %q) {
  br label %take
take:
  %i = atomicrmw add ptr addrspace(1) %p, i32 1 monotonic
  %c = icmp ult i32 %i, %n
  br i1 %c, label %work, label %out
work:
  store i32 %i, ptr addrspace(1) %q
  br label %take
out:
  ret void
}
; Atomics in a loop that ends by counting.
define amdgpu_kernel void @plain(ptr addrspace(1) %p, i32 %n) {
  br label %head
head:
  %i = phi i32 [ 0, %0 ], [ %next, %head ]
  %old = atomicrmw umax ptr addrspace(1) %p, i32 %i monotonic
  %next = add i32 %i, 1
  %c = icmp ult i32 %next, %n
  br i1 %c, label %head, label %out
out:
  ret void
}
