; RUN: %w2w-opt --passes=append_launch_block,lower_special_registers --abi=runtime -mcpu=gfx942 %s | FileCheck %s --check-prefix=RUNTIME
; RUN: %w2w-opt --passes=lower_special_registers -mcpu=gfx942 %s | FileCheck %s --check-prefix=V5
; RUN: %w2w-opt --passes=lower_special_registers --code-object-version=4 -mcpu=gfx942 %s | FileCheck %s --check-prefix=V4
declare i32 @w2w.sreg.ntid.y()
declare i32 @w2w.sreg.nctaid.x()
declare i32 @w2w.sreg.ctaid.z()
; RUNTIME-LABEL: @sizes
; RUNTIME: [[NTID:%.*]] = getelementptr inbounds i8, ptr addrspace(4) %launch_block, i64 20
; RUNTIME-NEXT: load i32, ptr addrspace(4) [[NTID]], {{.*}}!range
; RUNTIME: getelementptr inbounds i8, ptr addrspace(4) %launch_block, i64 28
; RUNTIME: [[ID:%.*]] = call i32 @llvm.amdgcn.workgroup.id.z()
; RUNTIME: getelementptr inbounds i8, ptr addrspace(4) %launch_block, i64 48
; RUNTIME: %ctaid = add i32 [[ID]]
; V5-LABEL: @sizes
; V5: [[ARGS:%.*]] = call ptr addrspace(4) @llvm.amdgcn.implicitarg.ptr()
; V5: getelementptr inbounds i8, ptr addrspace(4) [[ARGS]], i64 14
; V5-NEXT: load i16
; V4-LABEL: @sizes
; V4: [[PACKET:%.*]] = call ptr addrspace(4) @llvm.amdgcn.dispatch.ptr()
; V4: getelementptr inbounds i8, ptr addrspace(4) [[PACKET]], i64 6
; V4: %nctaid = udiv i32
define amdgpu_kernel void @sizes(ptr addrspace(1) %p) {
  %a = call i32 @w2w.sreg.ntid.y()
  %b = call i32 @w2w.sreg.nctaid.x()
  %c = call i32 @w2w.sreg.ctaid.z()
  %d = add i32 %a, %b
  %e = add i32 %d, %c
  store i32 %e, ptr addrspace(1) %p
  ret void
}
; .reqntid makes the size a constant.
; V5-LABEL: @required
; V5: store i32 4, ptr addrspace(1) %p
define amdgpu_kernel void @required(ptr addrspace(1) %p) "w2w-reqntid"="32,4,1" {
  %a = call i32 @w2w.sreg.ntid.y()
  store i32 %a, ptr addrspace(1) %p
  ret void
}
