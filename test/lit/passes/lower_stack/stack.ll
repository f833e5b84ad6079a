; A stack of each thread's own, in a region of its frame.
; RUN: %w2w-opt --passes=lower_stack -mcpu=gfx942 --abi=runtime %s | FileCheck %s
; RUN: %w2w-opt --passes=lower_stack -mcpu=gfx942 --abi=runtime --stack-bytes=32768 %s | FileCheck %s --check-prefix=LARGE
target datalayout = "A5"
target triple = "amdgcn-amd-amdhsa"
declare ptr addrspace(5) @llvm.stacksave.p5()
declare void @llvm.stackrestore.p5(ptr addrspace(5))

; CHECK-LABEL: define amdgpu_kernel void @dynamic(
; CHECK: %stack = alloca [4224 x i8], align 64, addrspace(5)
; CHECK: [[ALL:%.*]] = zext i32 4224 to i64
; CHECK: [[MORE:%.*]] = icmp ugt i64 %n, [[ALL]]
; CHECK: br i1 [[MORE]]
; CHECK: call void @w2w_record_failure(i32 9, i32 0, i64 %n,
; CHECK: call void @llvm.amdgcn.endpgm()
; CHECK: [[SIZE:%.*]] = trunc i64 %n to i32
; CHECK: [[END:%.*]] = sub i32 4224, [[SIZE]]
; CHECK: [[AT:%.*]] = and i32 [[END]], -64
; CHECK: %a = getelementptr inbounds i8, ptr addrspace(5) %stack, i32 [[AT]]
; CHECK: store volatile i32 1, ptr addrspace(5) %a
; CHECK: icmp ugt i64 100, {{%.*}}
; CHECK-NOT: alloca
; CHECK: ret void
define amdgpu_kernel void @dynamic(i64 %n) {
  %a = alloca i8, i64 %n, align 64, addrspace(5)
  store volatile i32 1, ptr addrspace(5) %a
  %b = alloca i8, i64 %n, align 8, addrspace(5)
  store volatile i32 2, ptr addrspace(5) %b
  %c = icmp eq i64 %n, 0
  br i1 %c, label %end, label %loop
loop:
  %s = call ptr addrspace(5) @llvm.stacksave.p5()
  %d = alloca i8, i64 100, align 8, addrspace(5)
  store volatile i32 3, ptr addrspace(5) %d
  call void @llvm.stackrestore.p5(ptr addrspace(5) %s)
  %again = load volatile i1, ptr addrspace(5) %d
  br i1 %again, label %loop, label %end
end:
  ret void
}

; Nothing that a thread comes to twice: arrays like others.
; CHECK-LABEL: define amdgpu_kernel void @fixed(
; CHECK-NEXT: %a = alloca [24 x i8], align 8, addrspace(5)
; CHECK-NOT: alloca
; CHECK-NOT: stack
; CHECK: ret void
define amdgpu_kernel void @fixed(i1 %c) {
  br i1 %c, label %some, label %end
some:
  %s = call ptr addrspace(5) @llvm.stacksave.p5()
  %a = alloca i8, i32 24, align 8, addrspace(5)
  store volatile i32 1, ptr addrspace(5) %a
  call void @llvm.stackrestore.p5(ptr addrspace(5) %s)
  br label %end
end:
  ret void
}

; One byte.
; CHECK-LABEL: define amdgpu_kernel void @one(
; CHECK: %stack = alloca [4112 x i8]
; CHECK-NOT: alloca
; CHECK: ret void
define amdgpu_kernel void @one(ptr addrspace(1) %p) {
  br label %loop
loop:
  %a = alloca i8, align 8, addrspace(5)
  store volatile ptr addrspace(5) %a, ptr addrspace(1) %p
  %again = load volatile i1, ptr addrspace(1) %p
  br i1 %again, label %loop, label %end
end:
  ret void
}

; A kernel without recursion has all that is asked for, and room for what is fixed.
; LARGE-LABEL: define amdgpu_kernel void @dynamic(
; LARGE: %stack = alloca [32896 x i8], align 64, addrspace(5)

; Functions that stay are passed the stack of the kernel, which leaves half of it for their frames, and has room for what they have in
; loops. What they took of it is free again behind the call.
; CHECK-LABEL: define amdgpu_kernel void @calls(
; CHECK-DAG: %stack = alloca [2176 x i8], align 32, addrspace(5)
; CHECK: [[OWN:%.*]] = and i32 {{%.*}}, -16
; CHECK: %r = call i32 @between(i32 %n, ptr addrspace(5) %stack, i32 [[OWN]])
; CHECK-NEXT: %q = call i32 @between(i32 %r, ptr addrspace(5) %stack, i32 [[OWN]])
; LARGE-LABEL: define amdgpu_kernel void @calls(
; LARGE: %stack = alloca [16512 x i8], align 32, addrspace(5)
define amdgpu_kernel void @calls(i32 %n) {
  %a = alloca i8, i32 %n, align 16, addrspace(5)
  store volatile i32 1, ptr addrspace(5) %a
  %r = call i32 @between(i32 %n)
  %q = call i32 @between(i32 %r)
  ret void
}

; A call that takes nothing of the stack.
; CHECK-LABEL: define i32 @other(i32 %n)
; CHECK-LABEL: define amdgpu_kernel void @without(
; CHECK-NOT: alloca
; CHECK: call i32 @other(i32 %n)
define i32 @other(i32 %n) {
  ret i32 %n
}
define amdgpu_kernel void @without(i32 %n) {
  %r = call i32 @other(i32 %n)
  ret void
}

; CHECK-LABEL: define i32 @recursive(i32 %n, ptr addrspace(5) %stack, i32 %stack.left)
; CHECK: icmp ugt i32 %n, %stack.left
; CHECK: call void @w2w_record_failure(i32 9, i32 0, i64 {{%.*}}, i64 {{%.*}}, i64 0, i64 0,
; CHECK: [[END:%.*]] = sub i32 %stack.left, %n
; CHECK: [[AT:%.*]] = and i32 [[END]], -32
; CHECK: %a = getelementptr inbounds i8, ptr addrspace(5) %stack, i32 [[AT]]
; CHECK: loop:
; CHECK: [[LEFT:%.*]] = phi i32 [ [[AT]], {{%.*}} ], [ [[LESS:%.*]], %{{.*}} ]
; CHECK: icmp ugt i32 100, [[LEFT]]
; CHECK: call i32 @between(i32 %n, ptr addrspace(5) %stack, i32 [[LESS]])
define i32 @recursive(i32 %n) {
  %a = alloca i8, i32 %n, align 32, addrspace(5)
  store volatile i32 1, ptr addrspace(5) %a
  br label %loop
loop:
  %b = alloca i8, i32 100, align 4, addrspace(5)
  store volatile i32 1, ptr addrspace(5) %b
  %r = call i32 @between(i32 %n)
  %c = icmp eq i32 %r, 0
  br i1 %c, label %loop, label %end
end:
  ret i32 %r
}


; CHECK-LABEL: define i32 @between(i32 %n, ptr addrspace(5) %stack, i32 %stack.left)
; CHECK-NEXT: %r = call i32 @recursive(i32 %n, ptr addrspace(5) %stack, i32 %stack.left)
define i32 @between(i32 %n) {
  %r = tail call i32 @recursive(i32 %n)
  ret i32 %r
}
