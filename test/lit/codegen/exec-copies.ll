; Behind the switch over %y, lanes with a value of ds_bpermute meet others (a copy for a phi), and those meet lanes that
; keep %x (exec is widened, another copy). LLVM 22's machine-cp makes one copy of the two, for the lanes that have come back
; as well (docs/AMDGPU-NOTES.md): both must be there.
; RUN: %w2w-opt -mcpu=gfx1100 -O0 --emit=asm %s -o - | FileCheck %s
; CHECK-LABEL: k:
; CHECK: ds_bpermute_b32 [[M:v[0-9]+]]
; CHECK: v_mov_b32_e32 [[X:v[0-9]+]], [[M]]
; CHECK: s_or_b32 exec_lo, exec_lo
; CHECK: v_mov_b32_e32 {{v[0-9]+}}, [[X]]{{$}}
; CHECK: .end_amdhsa_kernel
target triple = "amdgcn-amd-amdhsa"
define amdgpu_kernel void @k(i64 %rows, i32 %n, i1 %more, i1 %c1, i1 %c2, i1 %c3, i1 %c4) {
start:
  %id = call i32 @llvm.amdgcn.workitem.id.x()
  %id64 = zext i32 %id to i64
  %offset = mul nuw nsw i64 %id64, 192
  %address = add i64 %offset, %rows
  %row = inttoptr i64 %address to ptr addrspace(1)
  %at = getelementptr i8, ptr addrspace(1) %row, i64 96
  %x = load i32, ptr addrspace(1) %at
  %kind = urem i32 %n, 5
  switch i32 %kind, label %other [
    i32 0, label %done
    i32 1, label %join
    i32 2, label %done
    i32 3, label %third
  ]
dispatch:
  %b = phi i32 [ 0, %join ], [ 0, %not.c3 ], [ 0, %not.c1 ], [ 0, %not.c4 ], [ 0, %y3 ], [ %x, %switch ]
  br label %loop
loop:
  %votes = phi i32 [ 0, %dispatch ], [ 0, %once ], [ %t, %again ]
  br i1 %more, label %once, label %again
done:
  ret void
third:
  %y = and i32 %x, 3
  br i1 %c1, label %if.c1, label %not.c1
never:
  unreachable
y1:
  %m = call i32 @llvm.amdgcn.ds.bpermute(i32 0, i32 %x)
  br label %join
y3:
  br label %dispatch
other:
  br i1 %c2, label %if.c2, label %join
if.c2:
  br label %join
join:
  %r = phi i32 [ %x, %switch ], [ 0, %start ], [ %x, %if.c2 ], [ %m, %y1 ], [ 0, %other ]
  store i32 %r, ptr addrspace(1) null
  br label %dispatch
once:
  store i32 %votes, ptr addrspace(1) null
  br label %loop
if.c1:
  br i1 %c3, label %if.c3, label %not.c3
not.c1:
  br label %dispatch
if.c3:
  br i1 %c4, label %switch, label %not.c4
not.c3:
  br label %dispatch
switch:
  switch i32 %y, label %never [
    i32 3, label %y3
    i32 1, label %y1
    i32 2, label %join
    i32 0, label %dispatch
  ]
not.c4:
  br label %dispatch
again:
  %bit = trunc i32 %b to i1
  %all = call i32 @llvm.amdgcn.ballot.i32(i1 %bit)
  %first = and i32 %all, 1
  %none = icmp eq i32 %first, 0
  %t = zext i1 %none to i32
  br label %loop
}
