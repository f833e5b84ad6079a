; .maxnreg and .minnctapersm become LLVM's bounds, of the kernel and of what it may call.
; RUN: %w2w-opt --passes=bound_registers -mcpu=gfx942 %s | FileCheck %s --check-prefixes=CHECK,GFX942
; RUN: %w2w-opt --passes=bound_registers -mcpu=gfx908 %s | FileCheck %s --check-prefixes=CHECK,GFX908
; RUN: %w2w-opt --passes=bound_registers -mcpu=gfx1100 %s | FileCheck %s --check-prefixes=CHECK,GFX1100

declare void @outside(ptr)

define internal void @helper() noinline {
  ret void
}
define internal void @by_address() noinline {
  ret void
}
define internal void @other() noinline {
  ret void
}

; CHECK: define amdgpu_kernel void @few() #[[FEW:[0-9]+]]
define amdgpu_kernel void @few() "w2w-maxnreg"="40" {
  ret void
}
; CHECK: define amdgpu_kernel void @too_few() #[[TOO_FEW:[0-9]+]]
define amdgpu_kernel void @too_few() "w2w-maxnreg"="3" {
  ret void
}
; Functions take what the calling convention needs.
; CHECK: define amdgpu_kernel void @calls() #[[CALLS:[0-9]+]]
define amdgpu_kernel void @calls() "w2w-maxnreg"="40" {
  call void @helper()
  ret void
}
; CHECK: define amdgpu_kernel void @calls_more(ptr %f) #[[CALLS_MORE:[0-9]+]]
define amdgpu_kernel void @calls_more(ptr %f) "w2w-maxnreg"="128" {
  call void @outside(ptr @by_address)
  call void @helper()
  call void %f()
  ret void
}
; 4 blocks of 512 threads.
; CHECK: define amdgpu_kernel void @waves() #[[WAVES:[0-9]+]]
define amdgpu_kernel void @waves() "w2w-minnctapersm"="4" "w2w-maxntid"="512,1,1" "amdgpu-flat-work-group-size"="1,512" {
  call void @other()
  ret void
}
; 5 blocks of 512 threads are more than a compute unit holds, but on gfx908.
; CHECK: define amdgpu_kernel void @too_many() #[[TOO_MANY:[0-9]+]]
define amdgpu_kernel void @too_many() "w2w-minnctapersm"="5" "w2w-reqntid"="512,1,1" "amdgpu-flat-work-group-size"="512,512" {
  ret void
}
; CHECK: define amdgpu_kernel void @no_size() #[[NO_SIZE:[0-9]+]]
define amdgpu_kernel void @no_size() "w2w-minnctapersm"="2" "amdgpu-flat-work-group-size"="1,1024" {
  ret void
}

; GFX942-DAG: attributes #[[FEW]] = { "amdgpu-agpr-alloc"="0" "amdgpu-num-vgpr"="20" "w2w-maxnreg"="40" }
; GFX908-DAG: attributes #[[FEW]] = { "amdgpu-num-vgpr"="40" "w2w-maxnreg"="40" }
; GFX1100-DAG: attributes #[[FEW]] = { "amdgpu-num-vgpr"="40" "w2w-maxnreg"="40" }
; GFX942-DAG: attributes #[[TOO_FEW]] = { {{.*}}"amdgpu-num-vgpr"="12"
; GFX1100-DAG: attributes #[[TOO_FEW]] = { "amdgpu-num-vgpr"="24"
; GFX942-DAG: attributes #[[CALLS]] = { {{.*}}"amdgpu-num-vgpr"="32"
; GFX1100-DAG: attributes #[[CALLS]] = { "amdgpu-num-vgpr"="64"
; GFX1100-DAG: attributes #[[CALLS_MORE]] = { "amdgpu-num-vgpr"="128"
; GFX942-DAG: attributes #[[WAVES]] = { {{.*}}"amdgpu-waves-per-eu"="8"
; GFX908-DAG: attributes #[[WAVES]] = { {{.*}}"amdgpu-waves-per-eu"="8"
; GFX1100-DAG: attributes #[[WAVES]] = { {{.*}}"amdgpu-waves-per-eu"="16"
; GFX942-DAG: attributes #[[TOO_MANY]] = { "amdgpu-flat-work-group-size"="512,512" "w2w
; GFX908-DAG: attributes #[[TOO_MANY]] = { {{.*}}"amdgpu-waves-per-eu"="10"
; GFX1100-DAG: attributes #[[TOO_MANY]] = { "amdgpu-flat-work-group-size"="512,512" "w2w
; CHECK-DAG: attributes #[[NO_SIZE]] = { "amdgpu-flat-work-group-size"="1,1024" "w2w
