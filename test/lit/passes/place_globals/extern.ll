; A variable that has no storage in this module is refused by name, in both ABIs.
; RUN: not %w2w-opt --passes=append_launch_block,place_globals --abi=runtime %s 2>&1 | FileCheck %s
; RUN: not %w2w-opt --passes=place_globals %s 2>&1 | FileCheck %s
; CHECK: external variable 'elsewhere' is not defined in this module
@elsewhere = external addrspace(1) global i32
define amdgpu_kernel void @k() {
  store i32 1, ptr addrspace(1) @elsewhere
  ret void
}
