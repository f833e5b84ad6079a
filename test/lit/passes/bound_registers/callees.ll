; What a kernel may call is bound with it: directly, and by address if it calls through a pointer. Of two kernels the
; stricter one counts.
; RUN: %w2w-opt --passes=bound_registers -mcpu=gfx1100 %s | FileCheck %s
declare void @outside(ptr)

; CHECK: define internal void @helper() #[[HELPER:[0-9]+]]
define internal void @helper() noinline {
  call void @deeper()
  ret void
}
; CHECK: define internal void @deeper() #[[HELPER]]
define internal void @deeper() noinline {
  ret void
}
; CHECK: define internal void @by_address() #[[BY_ADDRESS:[0-9]+]]
define internal void @by_address() noinline {
  ret void
}
; CHECK: define internal void @free() #[[FREE:[0-9]+]]
define internal void @free() noinline {
  ret void
}
define amdgpu_kernel void @strict() "w2w-maxnreg"="70" {
  call void @helper()
  ret void
}
define amdgpu_kernel void @lenient(ptr %f) "w2w-maxnreg"="128" {
  call void @helper()
  call void %f()
  ret void
}
define amdgpu_kernel void @unbound() {
  call void @outside(ptr @by_address)
  call void @free()
  ret void
}
; CHECK-DAG: attributes #[[HELPER]] = { noinline "amdgpu-num-vgpr"="70" }
; CHECK-DAG: attributes #[[BY_ADDRESS]] = { noinline "amdgpu-num-vgpr"="128" }
; CHECK-DAG: attributes #[[FREE]] = { noinline }
