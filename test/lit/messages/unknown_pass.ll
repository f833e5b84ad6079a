; RUN: not %w2w-opt --passes=nonsense -mcpu=gfx942 %s -o - 2>&1 | FileCheck %s
; CHECK: unknown pass 'nonsense'; known passes:{{.*}} lower_warp_ops
define amdgpu_kernel void @k() {
  ret void
}
