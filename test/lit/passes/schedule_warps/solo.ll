; The choice between scheduled and solo mode. Each kernel is a module of its own: the choice is made for kernels that are alone.
; RUN: split-file %s %t
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --small-blocks %t/warps.ll -o - | FileCheck %s --check-prefix=SOLO
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 %t/warps.ll -o - | FileCheck %s --check-prefix=LARGE
; RUN: sed 's/"w2w-reqntid"="512,1,1" "amdgpu-flat-work-group-size"="512,512"/"w2w-reqntid"="544,1,1" "amdgpu-flat-work-group-size"="544,544"/' %t/bounded.ll > %t/large.ll
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 %t/bounded.ll -o - | FileCheck %s --check-prefix=SOLO
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 %t/large.ll -o - | FileCheck %s --check-prefix=SCHEDULED
; RUN: not %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --warp-mode=solo %t/large.ll -o - 2>&1 | FileCheck %s --check-prefix=REFUSED
; RUN: %w2w-opt --passes=schedule_warps --abi=standalone -mcpu=gfx942 --small-blocks %t/warps.ll -o - | FileCheck %s --check-prefix=SCHEDULED
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --small-blocks --warp-mode=scheduled %t/warps.ll -o - | FileCheck %s --check-prefix=SCHEDULED
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx1100 --small-blocks %t/warps.ll -o - | FileCheck %s --check-prefix=NATIVE
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx1100 --warp-mode=solo %t/warps.ll -o - | FileCheck %s --check-prefix=NATIVE
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --small-blocks %t/spin.ll -o - | FileCheck %s --check-prefix=SOLO
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --small-blocks %t/lanes.ll -o - | FileCheck %s --check-prefix=SCHEDULED
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --warp-mode=solo %t/lanes.ll -o - | FileCheck %s --check-prefix=BOTH
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --small-blocks %t/plain.ll -o - | FileCheck %s --check-prefix=NATIVE
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --warp-mode=solo %t/plain.ll -o - | FileCheck %s --check-prefix=SOLO
; RUN: cat %t/warps.ll %t/another.ll > %t/two.ll
; RUN: %w2w-opt --passes=schedule_warps --abi=runtime -mcpu=gfx942 --small-blocks %t/two.ll -o - | FileCheck %s --check-prefix=SCHEDULED
; SOLO-NOT: w2w-scheduled
; SOLO: "w2w-solo"
; SOLO-NOT: w2w-scheduled
; SCHEDULED-NOT: w2w-solo
; SCHEDULED: "w2w-scheduled"=
; SCHEDULED-NOT: w2w-solo
; LARGE-NOT: w2w-solo
; LARGE: "w2w-scheduled"="the warps of a wave may come to different barriers{{.*}}; solo in blocks of at most 512 threads"
; BOTH-DAG: "w2w-scheduled"=
; BOTH-DAG: "w2w-solo"
; NATIVE-NOT: w2w-scheduled
; NATIVE-NOT: w2w-solo
; REFUSED: blocks of 544 threads (.reqntid) are not possible in warp mode 'solo', which serves at most 512; use 'auto'

;--- warps.ll
declare void @w2w.barrier.sync(i32) convergent
declare i32 @llvm.amdgcn.readfirstlane.i32(i32)
declare i32 @llvm.amdgcn.mbcnt.lo(i32, i32)
declare i32 @llvm.amdgcn.mbcnt.hi(i32, i32)
; By the half of the wave, as %warpid has it.
define amdgpu_kernel void @warps() {
  %low = call i32 @llvm.amdgcn.mbcnt.lo(i32 -1, i32 0)
  %lane = call i32 @llvm.amdgcn.mbcnt.hi(i32 -1, i32 %low)
  %half = lshr i32 %lane, 5
  %c = icmp eq i32 %half, 0
  br i1 %c, label %then, label %else
then:
  call void @w2w.barrier.sync(i32 0)
  ret void
else:
  call void @w2w.barrier.sync(i32 0)
  ret void
}

;--- another.ll
define amdgpu_kernel void @another() {
  ret void
}

;--- bounded.ll
declare void @w2w.barrier.sync(i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @bounded() "w2w-reqntid"="512,1,1" "amdgpu-flat-work-group-size"="512,512" {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %w = lshr i32 %t, 5
  %c = icmp eq i32 %w, 3
  br i1 %c, label %then, label %else
then:
  call void @w2w.barrier.sync(i32 0)
  ret void
else:
  call void @w2w.barrier.sync(i32 0)
  ret void
}

;--- spin.ll
declare i32 @llvm.amdgcn.workitem.id.x()
; A warp waits for another one of its wave.
define amdgpu_kernel void @spin(ptr addrspace(3) %p) "w2w-reqntid"="64,1,1" "amdgpu-flat-work-group-size"="64,64" {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 32
  br i1 %c, label %wait, label %tell
wait:
  %v = load volatile i32, ptr addrspace(3) %p
  %more = icmp eq i32 %v, 0
  br i1 %more, label %wait, label %done
tell:
  store volatile i32 1, ptr addrspace(3) %p
  br label %done
done:
  ret void
}

;--- lanes.ll
declare i32 @llvm.amdgcn.workitem.id.x()
; A thread waits for another one of its warp.
define amdgpu_kernel void @lanes(ptr addrspace(3) %p) "w2w-reqntid"="64,1,1" "amdgpu-flat-work-group-size"="64,64" {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 31
  br i1 %c, label %wait, label %tell
wait:
  %v = load volatile i32, ptr addrspace(3) %p
  %more = icmp eq i32 %v, 0
  br i1 %more, label %wait, label %done
tell:
  store volatile i32 1, ptr addrspace(3) %p
  br label %done
done:
  ret void
}

;--- plain.ll
declare void @w2w.barrier.sync(i32) convergent
define amdgpu_kernel void @plain() {
  call void @w2w.barrier.sync(i32 0)
  ret void
}
