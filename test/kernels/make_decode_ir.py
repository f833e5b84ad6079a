#!/usr/bin/env python3
"""Prints LLVM IR that makes the AMDGPU back end use as many of its instructions as plain IR can: odd
integer widths, vectors of half and bfloat, atomics of every operation, scope and address space, calls,
dynamic allocas, and the amdgcn intrinsics of computation. Argument: the processor, for what not every
one has. decode_check.sh compiles it and has the emulator decode the result."""
import sys

cpu = sys.argv[1]
gfx9, gfx12 = cpu.startswith("gfx9"), cpu.startswith("gfx12")
gfx11_on = cpu.startswith(("gfx11", "gfx12"))
declared, count = set(), 0


def declare(name, ret, args):
    if name not in declared:
        declared.add(name)
        print(f"declare {ret} @{name}({', '.join(args)})")


def kernel(loads, body, result=None):
    """A kernel that loads %a0, %a1, ... of the given types, and stores %r of the type `result`."""
    global count
    count += 1
    args = [f"ptr addrspace(1) %p{k}" for k in range(len(loads))] + ["ptr addrspace(1) %out"]
    print(f"define amdgpu_kernel void @k{count}({', '.join(args)}) {{")
    print("  %id = call i32 @llvm.amdgcn.workitem.id.x()")
    for k, t in enumerate(loads):
        print(f"  %q{k} = getelementptr {t}, ptr addrspace(1) %p{k}, i32 %id")
        print(f"  %a{k} = load {t}, ptr addrspace(1) %q{k}")
    print(body)
    if result:
        print(f"  %qo = getelementptr {result}, ptr addrspace(1) %out, i32 %id")
        print(f"  store {result} %r, ptr addrspace(1) %qo")
    print("  ret void\n}")


def call(name, ret, types, extra="", loads=None):
    declare(name, ret, types + [e.split()[0] for e in extra.split(", ") if e])
    given = ", ".join(f"{t} %a{k}" for k, t in enumerate(types))
    both = ", ".join(x for x in (given, extra) if x)
    kernel(types, f"  %r = call {ret} @{name}({both})", ret)


print('target triple = "amdgcn-amd-amdhsa"')
declare("llvm.amdgcn.workitem.id.x", "i32", [])

integers = ["i8", "i16", "i32", "i64", "i128", "i17", "<2 x i16>", "<4 x i8>", "<3 x i32>", "<2 x i64>"]
suffix = {"<2 x i16>": "v2i16", "<4 x i8>": "v4i8", "<3 x i32>": "v3i32", "<2 x i64>": "v2i64",
          "<2 x half>": "v2f16", "<4 x half>": "v4f16", "<2 x bfloat>": "v2bf16", "<2 x float>": "v2f32",
          "half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64"}
for t in integers:
    name = suffix.get(t, t)
    for op in "add sub mul and or xor shl lshr ashr udiv sdiv urem srem".split():
        if op[1:] in ("div", "rem") and t in ("<4 x i8>", "<3 x i32>", "<2 x i64>", "i17"):
            continue
        kernel([t, t], f"  %r = {op} {t} %a0, %a1", t)
    for op in "smax smin umax umin uadd.sat usub.sat sadd.sat ssub.sat".split():
        call(f"llvm.{op}.{name}", t, [t, t])
    for op in "fshl fshr".split():
        call(f"llvm.{op}.{name}", t, [t, t, t])
    for op in ["ctpop", "bitreverse"] + (["bswap"] if t not in ("i8", "i17", "<4 x i8>") else []):
        call(f"llvm.{op}.{name}", t, [t])
    for op in ("ctlz", "cttz", "abs"):
        call(f"llvm.{op}.{name}", t, [t], "i1 false")
    kernel([t, t], f"  %c = icmp slt {t} %a0, %a1\n  %r = select " +
           (f"<{t[1]} x i1> %c" if t[0] == "<" else "i1 %c") + f", {t} %a0, {t} %a1", t)

floats = ["half", "bfloat", "float", "double", "<2 x half>", "<4 x half>", "<2 x bfloat>", "<2 x float>"]
for t in floats:
    name = suffix[t]
    lanes = f"<{t[1]} x i1>" if t[0] == "<" else "i1"
    for op in ("fadd", "fsub", "fmul", "fdiv", "fmul afn", "fdiv afn arcp"):
        kernel([t, t], f"  %r = {op} {t} %a0, %a1", t)
    kernel([t], f"  %r = fneg {t} %a0", t)
    call(f"llvm.fma.{name}", t, [t, t, t])
    for op in "minnum maxnum copysign".split() + (["minimum", "maximum"] if t != "double" else []):
        call(f"llvm.{op}.{name}", t, [t, t])
    for op in "fabs floor ceil trunc rint round roundeven sqrt canonicalize".split():
        call(f"llvm.{op}.{name}", t, [t])
    for op in ("exp2", "log2", "sin", "cos", "exp", "log"):
        if t in ("half", "float", "<2 x half>"):
            call(f"llvm.{op}.{name}", t, [t])
    for p in "olt oeq ogt une ord uno ult one".split():
        kernel([t, t], f"  %c = fcmp {p} {t} %a0, %a1\n  %r = select {lanes} %c, {t} %a0, {t} %a1", t)
scalars = ["half", "bfloat", "float", "double"]
for k, small in enumerate(scalars):
    for big in scalars[max(k + 1, 2):]:
        kernel([small], f"  %r = fpext {small} %a0 to {big}", big)
        kernel([big], f"  %r = fptrunc {big} %a0 to {small}", small)
    for i in ("i8", "i16", "i32", "i64"):
        for op in ("fptosi", "fptoui"):
            kernel([small], f"  %r = {op} {small} %a0 to {i}", i)
        for op in ("sitofp", "uitofp"):
            kernel([i], f"  %r = {op} {i} %a0 to {small}", small)
        for op in ("fptosi", "fptoui"):
            call(f"llvm.{op}.sat.{i}.{suffix[small]}", i, [small])

for op in "xchg add sub and nand or xor max min umax umin uinc_wrap udec_wrap usub_cond usub_sat fadd fmin fmax".split():
    for space in (0, 1, 3):
        for t in ("float", "double", "<2 x half>", "<2 x bfloat>") if op[0] == "f" else ("i32", "i64"):
            if t[0] == "<" and op != "fadd":
                continue
            if op in ("usub_cond", "usub_sat") and not gfx12:  # LLVM 22 cannot select them for LDS
                continue
            for scope in ("", 'syncscope("agent") ', 'syncscope("workgroup") ', 'syncscope("wavefront") '):
                if scope and not (op in ("add", "fadd") and t in ("i32", "float")):
                    continue
                for order in ("monotonic", "seq_cst") if op == "add" else ("monotonic",):
                    kernel([t], f"  %s = addrspacecast ptr addrspace(1) %out to ptr\n"
                           f"  %r = atomicrmw {op} ptr{'' if space == 0 else f' addrspace({space})'} "
                           f"{'%s' if space == 0 else '%out' if space == 1 else '@lds'}, {t} %a0 {scope}{order}", t)
print("@lds = internal addrspace(3) global [64 x i64] poison, align 16")
for t in ("i32", "i64"):
    for place in ("ptr addrspace(1) %out", "ptr addrspace(3) @lds"):
        kernel([t, t], f"  %x = cmpxchg {place}, {t} %a0, {t} %a1 acq_rel monotonic\n"
               f"  %r = extractvalue {{{t}, i1}} %x, 0", t)
for t in ("i8", "i16", "i32", "i64", "<3 x i32>", "<4 x i32>", "<2 x i16>", "<16 x i32>"):
    kernel([t], f"  %v = getelementptr {t}, ptr addrspace(3) @lds, i32 %id\n  store {t} %a0, ptr addrspace(3) %v\n"
           "  fence seq_cst\n  call void @llvm.amdgcn.s.barrier()\n"
           f"  %w = getelementptr {t}, ptr addrspace(3) %v, i32 3\n  %r = load {t}, ptr addrspace(3) %w", t)
declare("llvm.amdgcn.s.barrier", "void", [])

# Stack, calls, switches
kernel(["i32"], """  %m = alloca [64 x i32], addrspace(5)
  %n = alloca i32, i32 %a0, addrspace(5)
  %x = getelementptr [64 x i32], ptr addrspace(5) %m, i32 0, i32 %a0
  store volatile i32 %id, ptr addrspace(5) %x
  store volatile i32 %a0, ptr addrspace(5) %n
  %r = load volatile i32, ptr addrspace(5) %x""", "i32")
print("""define i32 @callee(i32 %x, double %y) noinline { %z = fptosi double %y to i32
  %s = mul i32 %x, %z
  ret i32 %s }
@table = internal addrspace(4) constant [2 x ptr] [ptr @callee, ptr @callee]""")
kernel(["i32", "double"], """  %e = getelementptr [2 x ptr], ptr addrspace(4) @table, i32 0, i32 %a0
  %f = load ptr, ptr addrspace(4) %e
  %r = call i32 %f(i32 %a0, double %a1)""", "i32")
kernel(["i32"], """  switch i32 %a0, label %d [ i32 1, label %b1 i32 2, label %b2 i32 7, label %b3 i32 9, label %b4 ]
b1: br label %d
b2: br label %d
b3: call void @llvm.trap()
  br label %d
b4: call void @llvm.debugtrap()
  br label %d
d: %r = phi i32 [ 0, %0 ], [ 5, %b1 ], [ 6, %b2 ], [ 7, %b3 ], [ 8, %b4 ]""", "i32")
declare("llvm.trap", "void", [])
declare("llvm.debugtrap", "void", [])
kernel(["<32 x i32>", "i32"], "  %r = extractelement <32 x i32> %a0, i32 %a1", "i32")
kernel(["<32 x i32>", "i32"], "  %r = insertelement <32 x i32> %a0, i32 %a1, i32 %a1", "<32 x i32>")

# The amdgcn intrinsics of computation
A = "llvm.amdgcn."
for op, types in {"rcp": "f32 f16 f64", "rsq": "f32 f16 f64", "sqrt": "f32 f16 f64", "exp2": "f32 f16", "log": "f32 f16",
                  "sin": "f32 f16", "cos": "f32 f16", "fract": "f32 f16 f64", "frexp.mant": "f32 f16 f64"}.items():
    for n in types.split():
        t = {"f16": "half", "f32": "float", "f64": "double"}[n]
        call(f"{A}{op}.{n}", t, [t])
for op in "ubfe sbfe".split():
    call(f"{A}{op}.i32", "i32", ["i32"] * 3)
for op in "perm sad.u8 msad.u8 sad.hi.u8 sad.u16 lerp alignbyte".split():
    call(A + op, "i32", ["i32"] * 3)
call(A + "qsad.pk.u16.u8", "i64", ["i64", "i32", "i64"])
call(A + "mqsad.pk.u16.u8", "i64", ["i64", "i32", "i64"])
call(A + "mqsad.u32.u8", "<4 x i32>", ["i64", "i32", "<4 x i32>"])
call(A + "cvt.pkrtz", "<2 x half>", ["float", "float"])
call(A + "fmed3.f32", "float", ["float"] * 3)
call(A + "fmul.legacy", "float", ["float"] * 2)
call(A + "class.f32", "i1", ["float", "i32"])
call(A + "cvt.pk.u8.f32", "i32", ["float", "i32", "i32"])
call(A + "div.fixup.f32", "float", ["float"] * 3)
call(A + "trig.preop.f64", "double", ["double", "i32"])
call(A + "mbcnt.lo", "i32", ["i32"] * 2)
call(A + "mbcnt.hi", "i32", ["i32"] * 2)
call(A + "readfirstlane.i32", "i32", ["i32"])
call(A + "readlane.i32", "i32", ["i32", "i32"])
call(A + "writelane.i32", "i32", ["i32", "i32", "i32"])
call(A + "ds.bpermute", "i32", ["i32"] * 2)
call(A + "ds.permute", "i32", ["i32"] * 2)
call(A + "ds.swizzle", "i32", ["i32"], "i32 2049")
call(A + "update.dpp.i32", "i32", ["i32", "i32"], "i32 273, i32 15, i32 15, i1 false")
call(A + "mov.dpp8.i32" if not gfx9 else A + "mov.dpp.i32", "i32", ["i32"],
     "i32 123456" if not gfx9 else "i32 27, i32 15, i32 15, i1 true")
call(A + "fdot2", "float", ["<2 x half>", "<2 x half>", "float"], "i1 false")
if not gfx11_on:
    call(A + "sdot4", "i32", ["i32"] * 3, "i1 true")
    call(A + "sdot2", "i32", ["<2 x i16>", "<2 x i16>", "i32"], "i1 true")
call(A + "udot4", "i32", ["i32"] * 3, "i1 false")
call(A + "udot8", "i32", ["i32"] * 3, "i1 false")
if gfx11_on:
    for signs in ("i1 true, i32", "i1 false, i32"):
        kernel(["i32"] * 3, f"  %r = call i32 @{A}sudot4(i1 true, i32 %a0, {signs} %a1, i32 %a2, i1 false)", "i32")
    declare(A + "sudot4", "i32", ["i1", "i32", "i1", "i32", "i32", "i1"])
    call(A + "fdot2.f16.f16", "half", ["<2 x half>", "<2 x half>", "half"])
    call(A + "fdot2.bf16.bf16", "bfloat", ["<2 x bfloat>", "<2 x bfloat>", "bfloat"])
    call(A + "fdot2.f32.bf16", "float", ["<2 x bfloat>", "<2 x bfloat>", "float"], "i1 false")
    call(A + "permlane64.i32", "i32", ["i32"])
if not gfx9:
    call(A + "permlane16.i32", "i32", ["i32"] * 2, "i32 1985229328, i32 -19088744, i1 false, i1 false")
    call(A + "permlanex16.i32", "i32", ["i32"] * 2, "i32 1985229328, i32 -19088744, i1 true, i1 false")
if gfx12:
    call(A + "permlane16.var", "i32", ["i32"] * 3, "i1 false, i1 false")
    for a in ("fp8", "bf8"):
        for b in ("fp8", "bf8"):
            call(f"{A}dot4.f32.{a}.{b}", "float", ["i32", "i32", "float"])
if gfx12 or cpu == "gfx942":
    for f in ("fp8", "bf8"):
        for b in range(4):
            call(f"{A}cvt.f32.{f}", "float", ["i32"], f"i32 {b}")
            call(f"{A}cvt.sr.{f}.f32", "i32", ["float", "i32", "i32"], f"i32 {b}")
        for word in ("true", "false"):
            call(f"{A}cvt.pk.f32.{f}", "<2 x float>", ["i32"], f"i1 {word}")
            call(f"{A}cvt.pk.{f}.f32", "i32", ["float", "float", "i32"], f"i1 {word}")
for name, t in (("s.memtime" if not gfx11_on else "s.memrealtime" if not gfx12 else "s.memtime", "i64"),):
    if not gfx12 and not gfx11_on:
        call(A + name, t, [])
kernel(["i32"], f"  call void @{A}s.sleep(i32 3)\n  call void @{A}s.sendmsg(i32 1, i32 0)\n"
       f"  call void @{A}s.setprio(i16 1)\n  %r = call i32 @{A}s.getreg(i32 2049)", "i32")
declare(A + "s.sleep", "void", ["i32 immarg"])
declare(A + "s.sendmsg", "void", ["i32 immarg", "i32"])
declare(A + "s.setprio", "void", ["i16 immarg"])
declare(A + "s.getreg", "i32", ["i32 immarg"])
call("llvm.readcyclecounter", "i64", [])
call("llvm.readsteadycounter", "i64", [])
for t, n in (("i8", "i8"), ("i16", "i16"), ("i32", "i32"), ("<2 x i32>", "v2i32"), ("<4 x i32>", "v4i32")):
    call(f"{A}raw.ptr.buffer.load.{n}", t, ["ptr addrspace(8)", "i32"], "i32 0, i32 0")
    kernel([t, "ptr addrspace(8)", "i32"],
           f"  call void @{A}raw.ptr.buffer.store.{n}({t} %a0, ptr addrspace(8) %a1, i32 %a2, i32 16, i32 0)")
    declare(f"{A}raw.ptr.buffer.store.{n}", "void", [t, "ptr addrspace(8)", "i32", "i32", "i32"])
