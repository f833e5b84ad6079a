; The launch block is one more explicit argument at the next 8-byte boundary; AMD's hidden arguments go.
; RUN: %w2w-opt --passes=append_launch_block --abi=runtime %s | FileCheck %s
; RUN: %w2w-opt --passes=append_launch_block %s | FileCheck %s --check-prefix=STANDALONE
; CHECK: define amdgpu_kernel void @k(i32 %a, ptr addrspace(4) byref([12 x i8]) align 4 %b, ptr addrspace(4) noalias noundef readonly align 8 dereferenceable(136) %launch_block) #[[A:[0-9]+]]
; CHECK: attributes #[[A]] = {{.*}}"amdgpu-implicitarg-num-bytes"="0"
; STANDALONE: define amdgpu_kernel void @k(i32 %a, ptr addrspace(4) byref([12 x i8]) align 4 %b) {
define amdgpu_kernel void @k(i32 %a, ptr addrspace(4) byref([12 x i8]) align 4 %b) {
  ret void
}
