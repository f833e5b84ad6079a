; Barriers in flow that may differ between the two warps of a wave64 wave need scheduled warps; what only looks like it does not. On wave32
; it is the threads of a warp that may not differ.
; RUN: split-file %s %t
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/bad.ll -o - | FileCheck %s --check-prefix=BAD
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %t/good.ll -o - | FileCheck %s --check-prefix=GOOD --implicit-check-not=w2w-scheduled
; BAD-DAG: @then_again({{.*}} #[[A:[0-9]+]]
; BAD-DAG: @both_sides({{.*}} #[[A]]
; BAD-DAG: @warp_id({{.*}} #[[A]]
; BAD-DAG: @loop({{.*}} #[[A]]
; BAD-DAG: attributes #[[A]] = {{.*}}"w2w-scheduled"="the warps of a wave may come to different barriers (branch)"
; GOOD-COUNT-6: call {{.*}}@w2w.barrier

;--- bad.ll
declare void @w2w.barrier.sync(i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
; One side has a barrier, and there is another after the sides meet.
define amdgpu_kernel void @then_again(i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %then, label %join
then:
  call void @w2w.barrier.sync(i32 0)
  br label %join
join:
  call void @w2w.barrier.sync(i32 0)
  ret void
}
define amdgpu_kernel void @both_sides(i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %then, label %else
then:
  call void @w2w.barrier.sync(i32 0)
  br label %join
else:
  call void @w2w.barrier.sync(i32 0)
  br label %join
join:
  ret void
}
; The number of the warp is the same in a warp, not in a wave.
define amdgpu_kernel void @warp_id() {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %w = lshr i32 %t, 5
  %c = icmp eq i32 %w, 0
  br i1 %c, label %then, label %else
then:
  call void @w2w.barrier.sync(i32 0)
  ret void
else:
  call void @w2w.barrier.sync(i32 1)
  ret void
}
; Threads leave the loop at different times and meet at another barrier.
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

;--- good.ll
declare void @w2w.barrier.sync(i32) convergent
declare i32 @llvm.amdgcn.workitem.id.x()
; The usual early return: those who leave do not count.
define amdgpu_kernel void @early_return(i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %work, label %out
out:
  ret void
work:
  call void @w2w.barrier.sync(i32 0)
  call void @w2w.barrier.sync(i32 0)
  ret void
}
; Divergent work between barriers, uniform loop around them.
define amdgpu_kernel void @reduction(i32 %n, ptr addrspace(3) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  br label %head
head:
  %s = phi i32 [ %n, %0 ], [ %half, %join ]
  %half = lshr i32 %s, 1
  %c = icmp ult i32 %t, %half
  br i1 %c, label %add, label %join
add:
  store i32 %t, ptr addrspace(3) %p
  br label %join
join:
  call void @w2w.barrier.sync(i32 0)
  %more = icmp ugt i32 %half, 1
  br i1 %more, label %head, label %done
done:
  ret void
}
; One warp pair is the same wave: tid >> 6 is uniform in it.
define amdgpu_kernel void @wave_id() "amdgpu-flat-work-group-size"="1,1024" {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %f = call i32 @llvm.amdgcn.readfirstlane.i32(i32 %t)
  %w = lshr i32 %f, 6
  %c = icmp eq i32 %w, 0
  br i1 %c, label %then, label %join
then:
  call void @w2w.barrier.sync(i32 0)
  br label %join
join:
  call void @w2w.barrier.sync(i32 0)
  ret void
}
; The result of a barrier's reduction is the same for the whole block, whatever goes in.
declare i1 @w2w.barrier.red.or(i32, i32, i1) convergent
define amdgpu_kernel void @reduced_loop() {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  br label %head
head:
  %i = phi i32 [ 0, %0 ], [ %next, %head ]
  %next = add i32 %i, 1
  %c = icmp ult i32 %next, %t
  %any = call i1 @w2w.barrier.red.or(i32 0, i32 0, i1 %c)
  br i1 %any, label %head, label %done
done:
  call void @w2w.barrier.sync(i32 0)
  ret void
}
