; The two versions of a scheduled kernel: the common one runs without the dispatch loop for as long as all that wait for each other come
; together, the other one in pieces. Loops around places to wait stay whole in the common version; loops that wait for memory don't.
; RUN: split-file %s %t
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/loop.ll -o - | FileCheck %s --check-prefix=LOOP --implicit-check-not=w2w.barrier.words
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx1100 %t/lock.ll -o - | FileCheck %s --check-prefix=LOCK
; RUN: %w2w-opt --passes=schedule_warps,lower_special_registers --emit=llvm-opt -mcpu=gfx942 %t/mixed.ll -o - | FileCheck %s --check-prefix=MIXED
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/left.ll -o - | FileCheck %s --check-prefix=GONE

; A barrier of the whole block stays the hardware's: where the whole wave has come to it together, in either version,
; and in one place for threads that come one after the other.
; LOOP-LABEL: define amdgpu_kernel void @loop(
; LOOP: start:
; LOOP: %[[ALIVE:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; LOOP: leave:
; LOOP-NEXT: call void asm sideeffect "; to the dispatch loop", ""()
; LOOP-NEXT: br label %dispatch
; LOOP: dispatch:
; LOOP: %[[LEFT:.*]] = call i64 @llvm.amdgcn.ballot.i64(
; The common version's loop: its back edge goes to its head.
; LOOP: [[HEAD:head[0-9]+]]:
; LOOP: %[[HERE:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; LOOP-NEXT: %[[ALL:.*]] = icmp eq i64 %[[HERE]], %[[ALIVE]]
; LOOP-NEXT: br i1 %[[ALL]], label %at_once, label %wait
; LOOP: resume{{[0-9]*}}:
; LOOP: br i1 %{{.*}}, label %[[HEAD]], label
; LOOP: at_once:
; LOOP-NEXT: call void @w2w.barrier.sync(i32 0)
; LOOP-NEXT: br label %resume
; LOOP: wait:
; LOOP: br label %leave
; LOOP: {{^}}w2w.barrier.sync:
; LOOP-NEXT: call void @w2w.barrier.sync(i32 0)
; LOOP: at_once{{[0-9]+}}:
; LOOP-NEXT: call void @w2w.barrier.sync(i32 0)
; The hardware's barrier waits for all lanes of the wave, not for those of one half.
; LOOP: pick:
; LOOP: select i1 %{{.*}}, i64 -1, i64

; Who does not get the lock leaves; who gets it goes on.
; LOCK-LABEL: define amdgpu_kernel void @lock(
; LOCK: [[TRY:try[0-9]+]]:
; LOCK-NEXT: cmpxchg
; LOCK: br i1 %{{.*}}, label %have{{[0-9]+}}, label %[[CUT:cut[0-9]*]]
; LOCK: {{^}}[[CUT]]:
; LOCK-NEXT: store i32 0, ptr addrspace(5) %resume.point
; LOCK-NEXT: br label %leave

; A barrier of some warps counts in LDS. A wave that is there as a whole asks until one of its warps may go on, without the loop; the
; barrier of the block, by another number, is the hardware's still.
; MIXED-LABEL: define amdgpu_kernel void @mixed(
; MIXED: barrier.again:
; MIXED-NEXT: call void @llvm.amdgcn.s.sleep(i32 1)
; MIXED-NEXT: br label %barrier.ask
; MIXED: barrier.poll:
; MIXED: load atomic i32, ptr addrspace(3)
; MIXED: %[[OVER:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 %over{{[0-9]*}})
; MIXED-NEXT: icmp eq i64 %[[OVER]], 0
; MIXED: barrier.sleep:
; MIXED-NEXT: call void @llvm.amdgcn.s.sleep(i32 1)
; MIXED-NEXT: br label %barrier.poll
; MIXED: barrier.some:
; MIXED-NEXT: icmp eq i64 %[[OVER]], %{{.*}}
; MIXED: {{^}}w2w.barrier.sync:
; MIXED-NEXT: call void @w2w.barrier.sync(i32 0)

; Nobody waits for threads that have left by a branch which the whole wave has come to; but who acts before the end has not left yet, and
; behind a loop from which some go to the dispatch loop first, those who are missing may still come.
; GONE-LABEL: define amdgpu_kernel void @left(
; GONE: [[STAY:stay[0-9]+]]:
; GONE-NEXT: %[[LEFT:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; GONE: odd{{[0-9]+}}:
; GONE-NEXT: %[[HERE:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; GONE-NEXT: icmp eq i64 %[[HERE]], %[[LEFT]]
; GONE-LABEL: define amdgpu_kernel void @acts(
; GONE: start:
; GONE: %[[ALIVE:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; GONE: odd{{[0-9]+}}:
; GONE-NEXT: %[[HERE:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; GONE-NEXT: icmp eq i64 %[[HERE]], %[[ALIVE]]
; GONE-LABEL: define amdgpu_kernel void @lock_first(
; GONE: try{{[0-9]+}}:
; GONE-NEXT: %[[ALIVE:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; GONE-NEXT: cmpxchg
; GONE: odd{{[0-9]+}}:
; GONE-NEXT: %[[HERE:.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; GONE-NEXT: icmp eq i64 %[[HERE]], %[[ALIVE]]

;--- loop.ll
declare void @w2w.barrier.sync(i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @loop() {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  br label %head
head:
  %i = phi i32 [ 0, %0 ], [ %next, %head ]
  call void @w2w.barrier.sync(i32 0)
  %next = add i32 %i, 1
  %c = icmp ult i32 %next, %t
  br i1 %c, label %head, label %done
done:
  call void @w2w.barrier.sync(i32 0)
  ret void
}

;--- lock.ll
define amdgpu_kernel void @lock(ptr addrspace(1) %p, ptr addrspace(1) %q) {
  br label %try
try:
  %r = cmpxchg ptr addrspace(1) %p, i32 0, i32 1 monotonic monotonic
  %old = extractvalue { i32, i1 } %r, 0
  %c = icmp eq i32 %old, 0
  br i1 %c, label %have, label %try
have:
  store i32 1, ptr addrspace(1) %q
  store atomic i32 0, ptr addrspace(1) %p release, align 4
  ret void
}

;--- mixed.ll
declare void @w2w.barrier.sync(i32) convergent
declare void @w2w.barrier.sync.count(i32, i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @mixed() {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %w = lshr i32 %t, 5
  %c = icmp eq i32 %w, 0
  br i1 %c, label %part, label %join
part:
  call void @w2w.barrier.sync.count(i32 1, i32 64)
  br label %join
join:
  call void @w2w.barrier.sync(i32 0)
  ret void
}

;--- left.ll
declare i32 @w2w.vote.ballot(i1, i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @left(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %stay, label %gone
gone:
  ret void
stay:
  %bit = trunc i32 %t to i1
  br i1 %bit, label %odd, label %even
odd:
  %a = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  br label %join
even:
  %b = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  br label %join
join:
  %r = phi i32 [ %a, %odd ], [ %b, %even ]
  store i32 %r, ptr addrspace(1) %p
  ret void
}
define amdgpu_kernel void @acts(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %stay, label %gone
gone:
  store i32 0, ptr addrspace(1) %p
  ret void
stay:
  %bit = trunc i32 %t to i1
  br i1 %bit, label %odd, label %even
odd:
  %a = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  br label %join
even:
  %b = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  br label %join
join:
  %r = phi i32 [ %a, %odd ], [ %b, %even ]
  store i32 %r, ptr addrspace(1) %p
  ret void
}
define amdgpu_kernel void @lock_first(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  br label %try
try:
  %swap = cmpxchg ptr addrspace(1) %p, i32 0, i32 1 monotonic monotonic
  %got = extractvalue { i32, i1 } %swap, 1
  br i1 %got, label %have, label %try
have:
  store atomic i32 0, ptr addrspace(1) %p monotonic, align 4
  %c = icmp ult i32 %t, %n
  br i1 %c, label %stay, label %gone
gone:
  ret void
stay:
  %bit = trunc i32 %t to i1
  br i1 %bit, label %odd, label %even
odd:
  %a = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  br label %join
even:
  %b = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  br label %join
join:
  %r = phi i32 [ %a, %odd ], [ %b, %even ]
  store i32 %r, ptr addrspace(1) %p
  ret void
}
