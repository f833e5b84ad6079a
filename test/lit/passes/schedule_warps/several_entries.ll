; Loops with two entries: a wave does not join the threads that come to them by different ones.
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx1100 %s -o - | FileCheck %s
; RUN: %w2w-opt --passes=schedule_warps --emit=llvm-opt -mcpu=gfx942 %s -o - | FileCheck %s
; CHECK-DAG: @vote({{.*}} #[[APART:[0-9]+]]
; CHECK-DAG: @barrier({{.*}} #[[APART]]
; CHECK-DAG: @wait({{.*}} #[[APART]]
; CHECK-DAG: @parted_within({{.*}} #[[APART]]
; CHECK-DAG: @plain({{.*}}) {
; CHECK-DAG: @together({{.*}}) {
; CHECK-DAG: @one_entry({{.*}}) {
; CHECK-DAG: attributes #[[APART]] = { "w2w-scheduled"="threads may be out of step in a loop with several entries (branch)" }
declare i32 @llvm.amdgcn.workitem.id.x()
declare i1 @w2w.vote.any(i1, i32)
declare void @w2w.barrier.sync(i32)

; The vote stands behind the place where the sides meet: `middle` follows `head` at once.
define amdgpu_kernel void @vote(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 7
  br i1 %c, label %head, label %middle
head:
  %x = phi i32 [ 0, %0 ], [ %next, %middle ]
  store i32 %x, ptr addrspace(1) %p
  br label %middle
middle:
  %i = phi i32 [ 0, %0 ], [ %x, %head ]
  %v = call i1 @w2w.vote.any(i1 %c, i32 -1)
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %n
  br i1 %more, label %head, label %done
done:
  ret void
}
define amdgpu_kernel void @barrier(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 7
  br i1 %c, label %head, label %middle
head:
  %x = phi i32 [ 0, %0 ], [ %next, %middle ]
  store i32 %x, ptr addrspace(1) %p
  br label %middle
middle:
  %i = phi i32 [ 0, %0 ], [ %x, %head ]
  call void @w2w.barrier.sync(i32 0)
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %n
  br i1 %more, label %head, label %done
done:
  ret void
}
; Waits for another thread, which may be one that has come to `head` first.
define amdgpu_kernel void @wait(ptr addrspace(1) %p) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 7
  br i1 %c, label %head, label %middle
head:
  store volatile i32 1, ptr addrspace(1) %p
  br label %middle
middle:
  %v = load volatile i32, ptr addrspace(1) %p
  %more = icmp eq i32 %v, 0
  br i1 %more, label %head, label %done
done:
  ret void
}
; All enter by the same entry, but go to different ones from within.
define amdgpu_kernel void @parted_within(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %u = icmp ult i32 %n, 7
  br i1 %u, label %head, label %middle
head:
  %x = phi i32 [ 0, %0 ], [ %i, %middle ]
  store i32 %x, ptr addrspace(1) %p
  br label %middle
middle:
  %i = phi i32 [ %n, %0 ], [ %next, %again ], [ %x, %head ]
  %next = add i32 %i, 1
  %c = icmp ult i32 %t, %next
  br i1 %c, label %head, label %again
again:
  %v = call i1 @w2w.vote.any(i1 %c, i32 -1)
  %more = icmp ult i32 %next, 100
  br i1 %more, label %middle, label %done
done:
  ret void
}
; Nobody waits.
define amdgpu_kernel void @plain(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 7
  br i1 %c, label %head, label %middle
head:
  %x = phi i32 [ 0, %0 ], [ %next, %middle ]
  store i32 %x, ptr addrspace(1) %p
  br label %middle
middle:
  %i = phi i32 [ 0, %0 ], [ %x, %head ]
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %n
  br i1 %more, label %head, label %done
done:
  ret void
}
; All threads take the same way.
define amdgpu_kernel void @together(ptr addrspace(1) %p, i32 %n) {
  %c = icmp ult i32 %n, 7
  br i1 %c, label %head, label %middle
head:
  %x = phi i32 [ 0, %0 ], [ %next, %middle ]
  store i32 %x, ptr addrspace(1) %p
  br label %middle
middle:
  %i = phi i32 [ 0, %0 ], [ %x, %head ]
  %v = call i1 @w2w.vote.any(i1 %c, i32 -1)
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %n
  br i1 %more, label %head, label %done
done:
  ret void
}
; The sides of the branch meet at the loop's one entry.
define amdgpu_kernel void @one_entry(ptr addrspace(1) %p, i32 %n) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 7
  br i1 %c, label %some, label %head
some:
  store i32 1, ptr addrspace(1) %p
  br label %head
head:
  %i = phi i32 [ 0, %0 ], [ 0, %some ], [ %next, %head ]
  %v = call i1 @w2w.vote.any(i1 %c, i32 -1)
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %n
  br i1 %more, label %head, label %done
done:
  ret void
}
