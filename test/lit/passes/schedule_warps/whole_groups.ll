; Where all of a warp or wave that have not ended come together, nobody asks who is missing; a kernel whose threads never wait apart is
; what it was, without a dispatch loop.
; RUN: split-file %s %t
; RUN: %w2w-opt --passes=schedule_warps --warp-mode=scheduled --emit=llvm-opt -mcpu=gfx942 %t/together.ll -o - | FileCheck %s --check-prefix=TOGETHER --implicit-check-not='= call i64 @llvm.amdgcn.ballot' --implicit-check-not=switch
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/warps.ll -o - | FileCheck %s --check-prefix=WARPS
; RUN: %w2w-opt --passes=schedule_warps,lower_special_registers --emit=llvm-opt -mcpu=gfx942 %t/gone.ll -o - | FileCheck %s --check-prefixes=GONE,GONE64
; RUN: %w2w-opt --passes=schedule_warps,lower_special_registers --emit=llvm-opt -mcpu=gfx1100 %t/gone.ll -o - | FileCheck %s --check-prefix=GONE --implicit-check-not=resume.gone

; Behind threads that have ended, in a loop that all take alike, behind a branch that threads part at.
; TOGETHER-LABEL: define amdgpu_kernel void @together(
; TOGETHER: start:
; TOGETHER: call i64 @llvm.amdgcn.ballot.i64(i1 true)
; TOGETHER: leave:
; TOGETHER-NEXT: ret void
; TOGETHER: [[LOOP:loop[0-9]*]]:
; TOGETHER: br i1 %{{.*}}, label %[[SOME:some[0-9]*]], label %[[ALL:all[0-9]*]]
; TOGETHER: [[ALL]]:
; TOGETHER-NEXT: call void @w2w.barrier.sync(i32 0)
; TOGETHER-NEXT: call i32 @w2w.vote.ballot(i1 true, i32 -1)
; TOGETHER: br i1 %{{.*}}, label %[[LOOP]], label %[[DONE:done[0-9]*]]
; TOGETHER: {{^}}[[DONE]]:
; TOGETHER: br label %leave

; Each of the warps of a wave is whole where they part. What one of them does before the other one comes is asked for; one question is
; enough for operations of the same mask.
; WARPS-LABEL: define amdgpu_kernel void @warps(
; WARPS: leave:
; WARPS: [[FIRST:first[0-9]+]]:
; WARPS-NEXT: %{{.*}} = call i32 @w2w.vote.ballot(i1 true, i32 -1)
; WARPS: odd{{[0-9]+}}:
; WARPS-NEXT: call i64 @llvm.amdgcn.ballot.i64(i1 true)
; WARPS-NEXT: icmp eq i64
; WARPS-NEXT: br i1 %{{.*}}, label %[[ONCE:at_once[0-9]*]], label
; WARPS: {{^}}resume{{[0-9]+}}: {{.*}} %[[ONCE]]{{$}}
; WARPS-NEXT: %{{.*}} = call i32 @w2w.vote.ballot(i1 false, i32 -1)
; WARPS-NEXT: br label

; At a counted barrier the wave tells of its warp that has ended, once; it does not go to the dispatch loop for that. On wave32 nobody is
; left to tell.
; GONE-LABEL: define amdgpu_kernel void @gone(
; GONE: leave:
; GONE64-NEXT: %[[TOLD:.*]] = load i32, ptr addrspace(5) %resume.gone
; GONE64-NEXT: icmp ne i32 %[[TOLD]], 0
; GONE64: %[[TOTAL:.*]] = sub i32
; GONE64: %warps = phi i32 [ %[[TOTAL]], %leave ]
; GONE: %[[HERE:.*]] = call i{{32|64}} @llvm.amdgcn.ballot.i{{32|64}}(i1 true)
; GONE-NEXT: br label %[[ONCE:at_once[0-9]*]]
; GONE64: warp_gone:
; GONE64: atomicrmw sub ptr addrspace(3) @w2w.barrier.live, i32 32
; GONE64: store i32 1, ptr addrspace(5) %resume.gone

;--- together.ll
declare void @w2w.barrier.sync(i32) convergent
declare i32 @w2w.vote.ballot(i1, i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @together(ptr addrspace(3) %p, i32 %n, i32 %times) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %stay, label %gone
gone:
  ret void
stay:
  br label %loop
loop:
  %i = phi i32 [ 0, %stay ], [ %next, %all ]
  %bit = trunc i32 %t to i1
  br i1 %bit, label %some, label %all
some:
  store i32 %t, ptr addrspace(3) %p
  br label %all
all:
  call void @w2w.barrier.sync(i32 0)
  %v = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  store i32 %v, ptr addrspace(3) %p
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %times
  br i1 %more, label %loop, label %done
done:
  ret void
}

;--- warps.ll
declare void @w2w.barrier.sync(i32) convergent
declare i32 @w2w.vote.ballot(i1, i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @warps(ptr addrspace(3) %p) "amdgpu-flat-work-group-size"="64,64" "w2w-reqntid"="64,1,1" {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %w = lshr i32 %t, 5
  %c = icmp eq i32 %w, 0
  br i1 %c, label %first, label %join
first:
  %a = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  store i32 %a, ptr addrspace(3) %p
  call void @w2w.barrier.sync(i32 0)
  br label %join
join:
  call void @w2w.barrier.sync(i32 0)
  %bit = trunc i32 %t to i1
  br i1 %bit, label %odd, label %even
odd:
  %b = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  %d = call i32 @w2w.vote.ballot(i1 false, i32 -1)
  br label %end
even:
  %e = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  br label %end
end:
  ret void
}

;--- gone.ll
declare void @w2w.barrier.sync(i32) convergent
declare void @w2w.barrier.sync.count(i32, i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @gone(i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %stay, label %end
end:
  ret void
stay:
  call void @w2w.barrier.sync.count(i32 1, i32 64)
  call void @w2w.barrier.sync(i32 1)
  ret void
}
