; The shared window in a slab of global memory: what it was in LDS becomes an offset, and an address where memory is accessed.
; RUN: %w2w-opt --passes=append_launch_block,move_shared_window --abi=runtime --shared-in-memory -mcpu=gfx942 %s | FileCheck %s
; RUN: %w2w-opt --passes=append_launch_block,move_shared_window --abi=runtime -mcpu=gfx942 %s | FileCheck %s --check-prefix=STAYS
; RUN: not %w2w-opt --passes=append_launch_block,move_shared_window --abi=runtime --shared-in-memory -mcpu=gfx942 %S/unknown.txt 2>&1 | FileCheck %s --check-prefix=UNKNOWN

; CHECK-NOT: addrspace(3)
; STAYS: @bytes = internal addrspace(3) global
@bytes = internal addrspace(3) global [5 x i8] poison, align 1
@words = internal addrspace(3) global [4 x i32] poison, align 8
@dynamic = external addrspace(3) global [0 x i8], align 4

declare i1 @llvm.amdgcn.is.shared(ptr)
declare i32 @w2w.sreg.total_smem_size()

; Addresses wrap at 32 bits, as in LDS. Plain loads are relaxed atomic, piece by piece.
; CHECK-LABEL: define i64 @registers(i32 %at)
; CHECK: [[SUM:%.*]] = add i32 %at, -16
; CHECK: [[WIDE:%.*]] = zext i32 [[SUM]] to i64
; CHECK: [[P:%.*]] = getelementptr i8, ptr addrspace(1) %shared.window, i64 [[WIDE]]
; CHECK: [[P0:%.*]] = getelementptr i8, ptr addrspace(1) [[P]], i64 0
; CHECK: load atomic i64, ptr addrspace(1) [[P0]] syncscope("wavefront") monotonic, align 8
; CHECK: [[Q:%.*]] = getelementptr i8, ptr addrspace(1) [[P]], i64 8
; CHECK: load atomic i64, ptr addrspace(1) [[Q]] syncscope("wavefront") monotonic, align 8
define i64 @registers(i32 %at) {
  %base = inttoptr i32 %at to ptr addrspace(3)
  %p = getelementptr i8, ptr addrspace(3) %base, i64 -16
  %v = load <2 x i64>, ptr addrspace(3) %p, align 16
  %x = extractelement <2 x i64> %v, i32 1
  ret i64 %x
}

; cvta.shared and cvta.to.shared; isspacep.shared is "within the window".
; CHECK-LABEL: define i32 @generic(i32 %at, ptr %p)
; CHECK: [[TO:%.*]] = getelementptr i8, ptr addrspace(1) %shared.window, i64 %{{.*}}
; CHECK: [[FLAT:%.*]] = addrspacecast ptr addrspace(1) [[TO]] to ptr
; CHECK: load atomic i8, ptr [[FLAT]] syncscope("wavefront") monotonic, align 1
; CHECK: store i8
; CHECK: [[BITS:%.*]] = ptrtoint ptr %p to i64
; CHECK: [[WINDOW:%.*]] = ptrtoint ptr addrspace(1) %shared.window to i64
; CHECK: [[DIFFERENCE:%.*]] = sub i64 [[BITS]], [[WINDOW]]
; CHECK: [[OFFSET:%.*]] = trunc i64 [[DIFFERENCE]] to i32
; CHECK: %in_window = icmp ult i64 %{{.*}}, %shared.stride
; CHECK: select i1 %in_window, i32 [[OFFSET]], i32 -1
define i32 @generic(i32 %at, ptr %p) {
  %shared = inttoptr i32 %at to ptr addrspace(3)
  %flat = addrspacecast ptr addrspace(3) %shared to ptr
  %byte = load i8, ptr %flat, align 1
  store i8 %byte, ptr %flat
  %back = addrspacecast ptr %p to ptr addrspace(3)
  %offset = ptrtoint ptr addrspace(3) %back to i32
  %is = call i1 @llvm.amdgcn.is.shared(ptr %p)
  %r = select i1 %is, i32 %offset, i32 -1
  ret i32 %r
}

; CHECK-LABEL: define i32 @size()
; CHECK: [[SIZE:%.*]] = call i32 @w2w.sreg.dynamic_smem_size()
; CHECK: add i32 [[SIZE]], 32
define i32 @size() {
  %all = call i32 @w2w.sreg.total_smem_size()
  ret i32 %all
}

; append_launch_block puts the kernel last. @words lies at 8, dynamic memory at 32 (its alignment is at least 16).
; CHECK-LABEL: define amdgpu_kernel void @accesses(
; CHECK: %shared.slot = add i32
; CHECK: [[SLAB_AT:%.*]] = getelementptr inbounds i8, ptr addrspace(4) %launch_block, i64 96
; CHECK: %shared.slab = load ptr addrspace(1), ptr addrspace(4) [[SLAB_AT]], align 8, !invariant.load
; CHECK: [[SLOT:%.*]] = zext i32 %shared.slot to i64
; CHECK: [[START:%.*]] = mul i64 [[SLOT]], %shared.stride
; CHECK: %shared.window = getelementptr i8, ptr addrspace(1) %shared.slab, i64 [[START]]
; CHECK: [[WORDS:%.*]] = getelementptr i8, ptr addrspace(1) %shared.window, i64 8
; CHECK: store i32 1, ptr addrspace(1) [[WORDS]], align 4
; CHECK: [[DYNAMIC:%.*]] = getelementptr i8, ptr addrspace(1) %shared.window, i64 32
; CHECK: atomicrmw add ptr addrspace(1) [[DYNAMIC]], i32 2 syncscope("agent") monotonic
; CHECK: store i32 32, ptr addrspace(1) %out
define amdgpu_kernel void @accesses(ptr addrspace(1) %out) {
  store i32 1, ptr addrspace(3) @words, align 4
  %old = atomicrmw add ptr addrspace(3) @dynamic, i32 2 syncscope("agent") monotonic, align 4
  %address = ptrtoint ptr addrspace(3) @dynamic to i32
  store i32 %address, ptr addrspace(1) %out
  store i8 3, ptr addrspace(3) @bytes
  ret void
}

; UNKNOWN: internal error: a shared address in an instruction 'icmp'
