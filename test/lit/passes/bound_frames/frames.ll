; The arrays of a function, together.
; RUN: not %w2w-opt --passes=bound_frames -mcpu=gfx942 %s 2>&1 >/dev/null | FileCheck %s
; RUN: %w2w-opt --passes=bound_frames -mcpu=gfx1201 %s | FileCheck %s --check-prefix=FITS
; CHECK-NOT: fits
; CHECK: 140000 bytes of local memory a thread are more than the 131056 that gfx942 has
; CHECK-NOT: bytes of local memory
; FITS: define amdgpu_kernel void @together
target datalayout = "A5"
target triple = "amdgcn-amd-amdhsa"
define amdgpu_kernel void @fits(ptr addrspace(1) %p) {
  %a = alloca [131056 x i8], addrspace(5)
  ret void
}
define amdgpu_kernel void @together(ptr addrspace(1) %p) {
  %a = alloca [70000 x i8], addrspace(5)
  %b = alloca [70000 x i8], addrspace(5)
  ret void
}
