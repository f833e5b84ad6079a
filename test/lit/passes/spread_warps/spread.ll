; One warp a wave: what the threads of a kernel are numbered by, who is no thread, and the size of the workgroup.
; RUN: %w2w-opt --passes=append_launch_block,spread_warps --abi=runtime -mcpu=gfx942 %s -o - | FileCheck %s
declare i32 @llvm.amdgcn.workitem.id.x()
declare i32 @llvm.amdgcn.workitem.id.y()
declare i32 @llvm.amdgcn.workitem.id.z()
declare i32 @llvm.amdgcn.mbcnt.lo(i32, i32)
declare i32 @llvm.amdgcn.mbcnt.hi(i32, i32)

; Functions that are called count in the same way.
; CHECK-LABEL: define i32 @callee
; CHECK: call i32 @w2w.sreg.ntid.x()
; CHECK: urem
define i32 @callee() {
  %x = call i32 @llvm.amdgcn.workitem.id.x()
  ret i32 %x
}

; CHECK: define amdgpu_kernel void @any_shape({{.*}}, ptr addrspace(4) {{.*}} %solo_launch_block) #[[ANY:[0-9]+]]
; CHECK: spread:
; CHECK: %array = alloca
; CHECK: [[ITEM:%.*]] = call i32 @llvm.amdgcn.workitem.id.x()
; CHECK: [[HALF:%.*]] = lshr i32 [[ITEM]], 1
; CHECK: [[WARP:%.*]] = and i32 [[HALF]], -32
; CHECK: [[LANE:%.*]] = and i32 [[ITEM]], 31
; CHECK: [[THREAD:%thread.*]] = or i32 [[WARP]], [[LANE]]
; CHECK: [[UPPER:%.*]] = and i32 [[ITEM]], 32
; CHECK: %in_lower_half = icmp eq i32 [[UPPER]], 0
; CHECK: [[IN:%.*]] = icmp ult i32 [[THREAD]], %threads
; CHECK: [[ADMITTED:%.*]] = and i1 %in_lower_half, [[IN]]
; CHECK: br i1 [[ADMITTED]], label %[[BODY:.*]], label %no_thread
; CHECK: [[BODY]]:
; CHECK: [[X:%.*]] = urem i32 [[T:%.*]], [[NX:%.*]]
; CHECK: [[ROW:%.*]] = udiv i32 [[T]], [[NX]]
; CHECK: [[Y:%.*]] = urem i32 [[ROW]], [[NY:%.*]]
; CHECK: [[Z:%.*]] = udiv i32 [[ROW]], [[NY]]
; CHECK-NOT: workitem.id
; CHECK: store volatile i32 [[X]]
; CHECK: store volatile i32 [[Y]]
; CHECK: store volatile i32 [[Z]]
; CHECK: no_thread:
; CHECK-NEXT: ret void
define amdgpu_kernel void @any_shape(ptr addrspace(1) %p) "w2w-solo" "amdgpu-flat-work-group-size"="1,1024" {
  %array = alloca i32, addrspace(5)
  %x = call i32 @llvm.amdgcn.workitem.id.x()
  %y = call i32 @llvm.amdgcn.workitem.id.y()
  %z = call i32 @llvm.amdgcn.workitem.id.z()
  store i32 %x, ptr addrspace(5) %array
  store volatile i32 %x, ptr addrspace(1) %p
  store volatile i32 %y, ptr addrspace(1) %p
  store volatile i32 %z, ptr addrspace(1) %p
  ret void
}

; One row of whole warps: no division, and nobody in the lower half is surplus. The lane is what mbcnt.lo counts.
; CHECK: define amdgpu_kernel void @row({{.*}}) #[[ROW:[0-9]+]]
; CHECK: br i1 %in_lower_half
; CHECK-NOT: udiv
; CHECK-NOT: urem
; CHECK: [[LANE:%.*]] = call range(i32 0, 32) i32 @llvm.amdgcn.mbcnt.lo(i32 -1, i32 0)
; CHECK-NOT: mbcnt.hi
; CHECK: and i32 [[LANE]], 31
define amdgpu_kernel void @row(ptr addrspace(1) %p) "w2w-solo" "w2w-reqntid"="256,1,1" "amdgpu-flat-work-group-size"="256,256" {
  %x = call i32 @llvm.amdgcn.workitem.id.x()
  %low = call i32 @llvm.amdgcn.mbcnt.lo(i32 -1, i32 0)
  %lane = call i32 @llvm.amdgcn.mbcnt.hi(i32 -1, i32 %low)
  %l = and i32 %lane, 31
  %v = add i32 %x, %l
  store i32 %v, ptr addrspace(1) %p
  ret void
}

; A kernel in another mode is left alone.
; CHECK: define amdgpu_kernel void @other({{.*}} %launch_block) #[[OTHER:[0-9]+]]
; CHECK-NEXT: call i32 @llvm.amdgcn.workitem.id.y()
; CHECK-NOT: no_thread
define amdgpu_kernel void @other(ptr addrspace(1) %p) "amdgpu-flat-work-group-size"="1,1024" {
  %y = call i32 @llvm.amdgcn.workitem.id.y()
  store i32 %y, ptr addrspace(1) %p
  ret void
}
; CHECK-DAG: attributes #[[ANY]] = {{.*}}"amdgpu-flat-work-group-size"="64,1024"
; CHECK-DAG: attributes #[[ROW]] = {{.*}}"amdgpu-flat-work-group-size"="512,512"
; CHECK-DAG: attributes #[[OTHER]] = {{.*}}"amdgpu-flat-work-group-size"="1,1024"
