; Where an address comes from, and what is made of it.
; RUN: %w2w-opt --passes=mark_device_memory -mcpu=gfx90a --device-memory %s 2>%t.err | FileCheck %s
; RUN: FileCheck %s --check-prefix=ASSUMED --input-file=%t.err
; Without the promise the module's own variable and LDS remain.
; RUN: %w2w-opt --passes=mark_device_memory -mcpu=gfx90a %s 2>%t.err | FileCheck %s --check-prefix=SAFE
; RUN: count 0 < %t.err
; gfx942 has these instructions for all memory: nothing is assumed.
; RUN: %w2w-opt --passes=mark_device_memory -mcpu=gfx942 --device-memory %s 2>%t.err | FileCheck %s --check-prefix=GFX942
; RUN: count 0 < %t.err
; GFX942-NOT: amdgpu.no

; ASSUMED: arithmetic assumes device memory at parameter byte 8
; ASSUMED-NEXT: by_value assumes device memory at parameter byte 24
; ASSUMED-NEXT: by_value assumes device memory at parameter byte 40
; ASSUMED-NEXT: choice assumes device memory at parameter byte 0
; ASSUMED-NEXT: choice assumes device memory at parameter byte 8
; ASSUMED-NEXT: distances assumes device memory at parameter byte 0
; ASSUMED-NEXT: generic assumes device memory at parameter byte 0
; ASSUMED-NEXT: loop assumes device memory at parameter byte 8
; ASSUMED-NEXT: windows assumes device memory at parameter byte 0
; ASSUMED-NOT: assumes

@variable = addrspace(1) global i32 0, align 4
@elsewhere = external addrspace(1) global i32, align 4
@window = addrspace(3) global [64 x i32] poison, align 4

; CHECK-LABEL: define amdgpu_kernel void @variables(
; CHECK: atomicrmw umax ptr addrspace(1) @variable, {{.*}}!amdgpu.no.fine.grained.memory ![[#]], !amdgpu.no.remote.memory ![[#]]{{$}}
; CHECK: atomicrmw umax ptr addrspace(1) getelementptr {{.*}}!amdgpu.no.remote.memory
; CHECK: atomicrmw umax ptr addrspace(1) @elsewhere, {{.*}} align 4{{$}}
; SAFE-LABEL: define amdgpu_kernel void @variables(
; SAFE: atomicrmw umax ptr addrspace(1) @variable, {{.*}}!amdgpu.no.remote.memory
; SAFE: atomicrmw umax ptr addrspace(1) getelementptr {{.*}}!amdgpu.no.remote.memory
; SAFE: atomicrmw umax ptr addrspace(1) @elsewhere, {{.*}} align 4{{$}}
define amdgpu_kernel void @variables(i32 %v) {
  %1 = atomicrmw umax ptr addrspace(1) @variable, i32 %v syncscope("agent") monotonic, align 4
  %2 = atomicrmw umax ptr addrspace(1) getelementptr (i8, ptr addrspace(1) @variable, i64 4), i32 %v syncscope("agent") monotonic, align 4
  %3 = atomicrmw umax ptr addrspace(1) @elsewhere, i32 %v syncscope("agent") monotonic, align 4
  ret void
}

; A pointer that walks through a loop.
; CHECK-LABEL: define amdgpu_kernel void @loop(
; CHECK: atomicrmw umax ptr addrspace(1) %at, {{.*}}!amdgpu.no.remote.memory
; SAFE-LABEL: define amdgpu_kernel void @loop(
; SAFE: atomicrmw umax ptr addrspace(1) %at, {{.*}} align 4{{$}}
define amdgpu_kernel void @loop(i32 %n, i64 %p) {
entry:
  %generic = inttoptr i64 %p to ptr
  %begin = addrspacecast ptr %generic to ptr addrspace(1)
  br label %next
next:
  %at = phi ptr addrspace(1) [ %begin, %entry ], [ %further, %next ]
  %i = phi i32 [ 0, %entry ], [ %more, %next ]
  %old = atomicrmw umax ptr addrspace(1) %at, i32 %i syncscope("agent") monotonic, align 4
  %further = getelementptr i8, ptr addrspace(1) %at, i64 128
  %more = add i32 %i, 1
  %end = icmp eq i32 %more, %n
  br i1 %end, label %done, label %next
done:
  ret void
}

; CHECK-LABEL: define amdgpu_kernel void @choice(
; CHECK: atomicrmw umin ptr addrspace(1) %at, {{.*}}!amdgpu.no.remote.memory
define amdgpu_kernel void @choice(i64 %p, i64 %q, i1 %c) {
  %either = select i1 %c, i64 %p, i64 %q
  %at = inttoptr i64 %either to ptr addrspace(1)
  %old = atomicrmw umin ptr addrspace(1) %at, i32 1 syncscope("agent") monotonic, align 4
  ret void
}

; One of the two may be anything: nothing is done, or assumed.
; CHECK-LABEL: define amdgpu_kernel void @choice_of_unknown(
; CHECK: atomicrmw umin ptr addrspace(1) %at, {{.*}} align 4{{$}}
define amdgpu_kernel void @choice_of_unknown(i64 %p, ptr addrspace(1) %q, i1 %c) {
  %loaded = load i64, ptr addrspace(1) %q
  %either = select i1 %c, i64 %p, i64 %loaded
  %at = inttoptr i64 %either to ptr addrspace(1)
  %old = atomicrmw umin ptr addrspace(1) %at, i32 1 syncscope("agent") monotonic, align 4
  ret void
}

; What surely is a distance may be added; the sum or difference of two possible pointers is none.
; CHECK-LABEL: define amdgpu_kernel void @arithmetic(
; CHECK: atomicrmw xor ptr addrspace(1) %a, {{.*}}!amdgpu.no.remote.memory
; CHECK: atomicrmw xor ptr addrspace(1) %b, {{.*}} align 4{{$}}
; CHECK: atomicrmw xor ptr addrspace(1) %c, {{.*}} align 4{{$}}
; CHECK: atomicrmw xor ptr addrspace(1) %d, {{.*}} align 4{{$}}
define amdgpu_kernel void @arithmetic(i64 %n, i64 %p, i64 %q, ptr addrspace(1) %r) {
  %scaled = shl i64 %n, 2
  %sum = add i64 %scaled, %p
  %a = inttoptr i64 %sum to ptr addrspace(1)
  %1 = atomicrmw xor ptr addrspace(1) %a, i32 1 syncscope("agent") monotonic, align 4
  %both = add i64 %n, %p
  %b = inttoptr i64 %both to ptr addrspace(1)
  %2 = atomicrmw xor ptr addrspace(1) %b, i32 1 syncscope("agent") monotonic, align 4
  %difference = sub i64 %q, %p
  %base = inttoptr i64 %p to ptr addrspace(1)
  %c = getelementptr i8, ptr addrspace(1) %base, i64 %difference
  %3 = atomicrmw xor ptr addrspace(1) %c, i32 1 syncscope("agent") monotonic, align 4
  %distance = load i64, ptr addrspace(1) %r
  %d = getelementptr i8, ptr addrspace(1) %base, i64 %distance
  %4 = atomicrmw xor ptr addrspace(1) %d, i32 1 syncscope("agent") monotonic, align 4
  ret void
}

; A distance in a loop is one if all that goes into it is.
; CHECK-LABEL: define amdgpu_kernel void @distances(
; CHECK: atomicrmw xor ptr addrspace(1) %a, {{.*}}!amdgpu.no.remote.memory
; CHECK: atomicrmw xor ptr addrspace(1) %b, {{.*}} align 4{{$}}
; CHECK: atomicrmw xor ptr addrspace(1) %c, {{.*}} align 4{{$}}
define amdgpu_kernel void @distances(i64 %p, ptr addrspace(1) %r, i1 %x) {
entry:
  %base = inttoptr i64 %p to ptr addrspace(1)
  br label %loop
loop:
  %good = phi i64 [ 0, %entry ], [ %step, %loop ], [ %step, %other ]
  %bad = phi i64 [ 0, %entry ], [ %sum, %loop ], [ %loaded, %other ]
  %a = getelementptr i8, ptr addrspace(1) %base, i64 %good
  %1 = atomicrmw xor ptr addrspace(1) %a, i32 1 syncscope("agent") monotonic, align 4
  %b = getelementptr i8, ptr addrspace(1) %base, i64 %bad
  %2 = atomicrmw xor ptr addrspace(1) %b, i32 1 syncscope("agent") monotonic, align 4
  %step = add i64 %good, 8
  %sum = add i64 %bad, 8
  %c = getelementptr i8, ptr addrspace(1) %base, i64 %sum
  %3 = atomicrmw xor ptr addrspace(1) %c, i32 1 syncscope("agent") monotonic, align 4
  br i1 %x, label %loop, label %other
other:
  %loaded = load i64, ptr addrspace(1) %r
  br label %loop
}

; Pointers in a structure passed by value; which one, must be known.
; CHECK-LABEL: define amdgpu_kernel void @by_value(
; CHECK: atomicrmw and ptr addrspace(1) %a, {{.*}}!amdgpu.no.remote.memory
; CHECK: atomicrmw and ptr addrspace(1) %b, {{.*}}!amdgpu.no.remote.memory
; CHECK: atomicrmw and ptr addrspace(1) %c, {{.*}} align 4{{$}}
define amdgpu_kernel void @by_value(i32 %i, ptr addrspace(4) byref([48 x i8]) align 16 %s) {
  %field = getelementptr i8, ptr addrspace(4) %s, i64 8
  %p = load i64, ptr addrspace(4) %field
  %a = inttoptr i64 %p to ptr addrspace(1)
  %1 = atomicrmw and ptr addrspace(1) %a, i32 1 syncscope("agent") monotonic, align 4
  %pair = getelementptr i8, ptr addrspace(4) %s, i64 16
  %two = load <2 x i64>, ptr addrspace(4) %pair
  %second = extractelement <2 x i64> %two, i64 1
  %b = inttoptr i64 %second to ptr addrspace(1)
  %2 = atomicrmw and ptr addrspace(1) %b, i32 1 syncscope("agent") monotonic, align 4
  %any = getelementptr i64, ptr addrspace(4) %s, i32 %i
  %chosen = load i64, ptr addrspace(4) %any
  %c = inttoptr i64 %chosen to ptr addrspace(1)
  %3 = atomicrmw and ptr addrspace(1) %c, i32 1 syncscope("agent") monotonic, align 4
  ret void
}

; A generic address that is global becomes one. gfx90a's sum of f32 flushes subnormals, as PTX allows for global memory.
; CHECK-LABEL: define amdgpu_kernel void @generic(
; CHECK: %[[G:.*]] = addrspacecast ptr %at to ptr addrspace(1)
; CHECK-NEXT: atomicrmw fadd ptr addrspace(1) %[[G]], float {{.*}}!amdgpu.no.fine.grained.memory ![[#]], !amdgpu.no.remote.memory ![[#]], !amdgpu.ignore.denormal.mode ![[#]]{{$}}
; CHECK: atomicrmw fadd ptr addrspace(1) {{.*}}, double {{.*}}!amdgpu.no.remote.memory ![[#]]{{$}}
; No instruction for bf16, none at all for the system's scope: as they were.
; CHECK: atomicrmw fadd ptr %at, bfloat {{.*}} align 2{{$}}
; CHECK: atomicrmw umax ptr %at, i32 {{.*}} monotonic, align 4{{$}}
define amdgpu_kernel void @generic(i64 %p) {
  %at = inttoptr i64 %p to ptr
  %1 = atomicrmw fadd ptr %at, float 1.0 syncscope("agent") monotonic, align 4
  %2 = atomicrmw fadd ptr %at, double 1.0 syncscope("agent") monotonic, align 8
  %3 = atomicrmw fadd ptr %at, bfloat 1.0 syncscope("agent") monotonic, align 2
  %4 = atomicrmw umax ptr %at, i32 1 monotonic, align 4
  ret void
}

; It may mean LDS too, whose sums of f32 keep subnormals: no instruction does both on gfx90a.
; CHECK-LABEL: define amdgpu_kernel void @windows(
; CHECK: atomicrmw umax ptr %at, {{.*}}!amdgpu.no.remote.memory
; CHECK: atomicrmw fadd ptr %at, float {{.*}} align 4{{$}}
define amdgpu_kernel void @windows(i64 %p, i1 %c) {
  %global = inttoptr i64 %p to ptr
  %lds = addrspacecast ptr addrspace(3) @window to ptr
  %at = select i1 %c, ptr %global, ptr %lds
  %1 = atomicrmw umax ptr %at, i32 1 syncscope("agent") monotonic, align 4
  %2 = atomicrmw fadd ptr %at, float 1.0 syncscope("agent") monotonic, align 4
  ret void
}

; An argument of a function that is no kernel may be anything.
; CHECK-LABEL: define void @function(
; CHECK: atomicrmw umax ptr addrspace(1) %at, {{.*}} align 4{{$}}
define void @function(i64 %p) {
  %at = inttoptr i64 %p to ptr addrspace(1)
  %1 = atomicrmw umax ptr addrspace(1) %at, i32 1 syncscope("agent") monotonic, align 4
  ret void
}
