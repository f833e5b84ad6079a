; What the launch block points to in device memory, in a kernel and in a function.
; RUN: %w2w-opt --passes=append_launch_block,mark_device_memory -mcpu=gfx90a --abi=runtime %s | FileCheck %s
declare ptr addrspace(4) @llvm.amdgcn.implicitarg.ptr()

; The arena, the shared slab, the heap and the locks lie there. Shared memory keeps subnormals: no instruction for it.
; CHECK-LABEL: define void @function(
; CHECK: atomicrmw umax ptr addrspace(1) %arena, {{.*}}!amdgpu.no.remote.memory
; CHECK: atomicrmw fadd ptr addrspace(1) %arena, {{.*}}!amdgpu.ignore.denormal.mode
; CHECK: atomicrmw umax ptr addrspace(1) %slab, {{.*}}!amdgpu.no.remote.memory
; CHECK: atomicrmw fadd ptr addrspace(1) %slab, {{.*}} align 4{{$}}
; CHECK: atomicrmw umax ptr addrspace(1) %heap, {{.*}}!amdgpu.no.remote.memory
; printf's FIFO lies in memory of the host.
; CHECK: atomicrmw umax ptr addrspace(1) %fifo, {{.*}} align 4{{$}}
define void @function() {
  %end = call ptr addrspace(4) @llvm.amdgcn.implicitarg.ptr()
  %slot = getelementptr i8, ptr addrspace(4) %end, i64 -8
  %block = load ptr addrspace(4), ptr addrspace(4) %slot
  %a = getelementptr i8, ptr addrspace(4) %block, i64 8
  %arena = load ptr addrspace(1), ptr addrspace(4) %a
  %1 = atomicrmw umax ptr addrspace(1) %arena, i32 1 syncscope("agent") monotonic, align 4
  %2 = atomicrmw fadd ptr addrspace(1) %arena, float 1.0 syncscope("agent") monotonic, align 4
  %s = getelementptr i8, ptr addrspace(4) %block, i64 96
  %slab = load ptr addrspace(1), ptr addrspace(4) %s
  %3 = atomicrmw umax ptr addrspace(1) %slab, i32 1 syncscope("agent") monotonic, align 4
  %4 = atomicrmw fadd ptr addrspace(1) %slab, float 1.0 syncscope("agent") monotonic, align 4
  %h = getelementptr i8, ptr addrspace(4) %block, i64 80
  %heap = load ptr addrspace(1), ptr addrspace(4) %h
  %5 = atomicrmw umax ptr addrspace(1) %heap, i32 1 syncscope("agent") monotonic, align 4
  %f = getelementptr i8, ptr addrspace(4) %block, i64 72
  %fifo = load ptr addrspace(1), ptr addrspace(4) %f
  %6 = atomicrmw umax ptr addrspace(1) %fifo, i32 1 syncscope("agent") monotonic, align 4
  ret void
}

; Another argument's memory is not the launch block's.
; CHECK-LABEL: define amdgpu_kernel void @kernel(
; CHECK: atomicrmw umax ptr addrspace(1) %at, {{.*}} align 4{{$}}
define amdgpu_kernel void @kernel(ptr addrspace(4) %p) {
  %a = getelementptr i8, ptr addrspace(4) %p, i64 8
  %at = load ptr addrspace(1), ptr addrspace(4) %a
  %1 = atomicrmw umax ptr addrspace(1) %at, i32 1 syncscope("agent") monotonic, align 4
  ret void
}
