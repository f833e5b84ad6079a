; Operations of the warp in flow in which its threads may part, and in flow in which they may not.
; RUN: split-file %s %t
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/parted.ll -o - | FileCheck %s --check-prefix=PARTED
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/together.ll -o - | FileCheck %s --check-prefix=TOGETHER --implicit-check-not=w2w-scheduled
; The shape of the dispatch loop: who is left, who goes next, under their mask a switch over the resume points; the operation itself once
; where it stands and once for threads that waited for it.
; PARTED-LABEL: @arms(
; PARTED: dispatch:
; PARTED: call i64 @llvm.amdgcn.ballot.i64
; PARTED: at_once:
; PARTED: call i32 @w2w.vote.ballot(i1 true, i32 -1)
; PARTED: w2w.vote.ballot:
; PARTED: call i32 @w2w.vote.ballot(i1 %{{.*}}, i32 %{{.*}})
; PARTED: pick:
; PARTED: call i32 @llvm.amdgcn.readlane.i32
; PARTED: enter:
; PARTED: call i32 @llvm.amdgcn.readfirstlane.i32
; PARTED-NEXT: switch i32
; PARTED: attributes {{.*}}"w2w-scheduled"="threads of a warp may meet at different instructions (branch)"
; TOGETHER-COUNT-7: call i32 @w2w.vote.ballot

;--- parted.ll
declare i32 @w2w.vote.ballot(i1, i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @arms(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
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

;--- together.ll
declare i32 @w2w.vote.ballot(i1, i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
; The first warp of a block whose warps are rows, then all of them.
define amdgpu_kernel void @first_warp(ptr addrspace(1) %p) "w2w-reqntid"="128,1,1" {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 32
  br i1 %c, label %first, label %join
first:
  %a = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  br label %join
join:
  %b = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  store i32 %b, ptr addrspace(1) %p
  ret void
}
; One side only, and nothing behind: whoever the mask names and is not here has ended, or PTX leaves the result open.
define amdgpu_kernel void @one_side(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %work, label %out
work:
  %a = call i32 @w2w.vote.ballot(i1 true, i32 -1)
  store i32 %a, ptr addrspace(1) %p
  br label %out
out:
  ret void
}
; Masks that a vote has given for just the arm they are used in.
define amdgpu_kernel void @voted(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  %not = xor i1 %c, true
  %mask = call i32 @w2w.vote.ballot(i1 %c, i32 -1)
  %other = call i32 @w2w.vote.ballot(i1 %not, i32 -1)
  br i1 %c, label %then, label %else
then:
  %a = call i32 @w2w.vote.ballot(i1 true, i32 %mask)
  br label %join
else:
  %b = call i32 @w2w.vote.ballot(i1 true, i32 %other)
  br label %join
join:
  %r = phi i32 [ %a, %then ], [ %b, %else ]
  store i32 %r, ptr addrspace(1) %p
  ret void
}
