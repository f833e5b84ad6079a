; A stack of each thread's own, in a region of its frame.
; RUN: %w2w-opt --passes=lower_stack -mcpu=gfx942 --abi=runtime %s | FileCheck %s
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

; Functions that stay have regions too.
; CHECK-LABEL: define i32 @recursive(
; CHECK: %stack = alloca [1024 x i8]
define i32 @recursive(i32 %n) {
  %a = alloca i8, i32 %n, align 8, addrspace(5)
  store volatile i32 1, ptr addrspace(5) %a
  %r = call i32 @recursive(i32 %n)
  ret i32 %r
}
