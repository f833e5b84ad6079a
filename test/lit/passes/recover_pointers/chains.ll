; RUN: %w2w-opt --passes=recover_pointers %s | FileCheck %s
; RUN: %w2w-opt -mcpu=gfx942 -O3 --emit=asm %s | FileCheck %s --check-prefix=ASM
; A local array reached through integers ends in registers.
; ASM-LABEL: local:
; ASM-NOT: scratch_
; ASM: .private_seg_size, 0
; CHECK-LABEL: @local
; CHECK: [[A:%.*]] = alloca
; CHECK: [[F:%.*]] = addrspacecast ptr addrspace(5) [[A]] to ptr
; CHECK: [[G:%.*]] = getelementptr i8, ptr [[F]], i64 8
; CHECK: store i32 %v, ptr [[G]]
; CHECK-NOT: inttoptr
define i32 @local(i32 %v) {
  %a = alloca [16 x i8], align 4, addrspace(5)
  %f = addrspacecast ptr addrspace(5) %a to ptr
  %i = ptrtoint ptr %f to i64
  %j = add i64 %i, 8
  %p = inttoptr i64 %j to ptr
  store i32 %v, ptr %p
  %q = inttoptr i64 %j to ptr
  %r = load i32, ptr %q
  ret i32 %r
}
; Through a loop, in shared memory.
; CHECK-LABEL: @walk
; CHECK: phi ptr addrspace(3)
; CHECK-NOT: inttoptr
define void @walk(ptr addrspace(3) %s, i32 %n) {
  %b = ptrtoint ptr addrspace(3) %s to i32
  br label %head
head:
  %a = phi i32 [ %b, %0 ], [ %next, %head ]
  %k = phi i32 [ 0, %0 ], [ %k1, %head ]
  %p = inttoptr i32 %a to ptr addrspace(3)
  store i32 %k, ptr addrspace(3) %p
  %next = add i32 %a, 4
  %k1 = add i32 %k, 1
  %c = icmp ult i32 %k1, %n
  br i1 %c, label %head, label %out
out:
  ret void
}
; A difference of two addresses is left alone, and so is an address from nowhere.
; CHECK-LABEL: @left
; CHECK-COUNT-2: inttoptr
define void @left(ptr addrspace(1) %x, ptr addrspace(1) %y, i64 %z) {
  %a = ptrtoint ptr addrspace(1) %x to i64
  %b = ptrtoint ptr addrspace(1) %y to i64
  %s = add i64 %a, %b
  %p = inttoptr i64 %s to ptr addrspace(1)
  store i32 0, ptr addrspace(1) %p
  %q = inttoptr i64 %z to ptr addrspace(1)
  store i32 0, ptr addrspace(1) %q
  ret void
}
