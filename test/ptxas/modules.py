"""Whole modules: declarations, initialisers, function heads, directives, calls and branches, legal and illegal.

Each list holds texts that differ from a legal one in one thing. HEAD is put before a text that has no .version of its own.
"""
HEAD = ".version 9.0\n.target sm_90\n.address_size 64\n"
TYPES = ("pred b8 b16 b32 b64 b128 u8 u16 u32 u64 s8 s16 s32 s64 f16 f16x2 f32 f64 bf16 bf16x2 tf32 e4m3 e5m2 e4m3x2 u16x2 s16x2 f32x2 b1 u4 "
         "texref samplerref surfref").split()
SPACES = "reg sreg global const local shared param tex".split()
KERNEL = ".visible .entry k() {{ {} ret; }}\n"
FUNCTION = ".func f() {{ {} ret; }}\n"


def declarations():
    for space in SPACES:
        for type_ in TYPES:
            for shape in ("x", "x[4]", "x[]", "x[2][3]", "x<4>"):
                yield f".{space} .{type_} {shape};\n"
                yield KERNEL.format(f".{space} .{type_} {shape};")
        for vector in ("v2", "v3", "v4", "v8"):
            for type_ in ("b8", "b16", "u32", "f32", "b64", "f64", "b128", "pred", "f16x2"):
                yield KERNEL.format(f".{space} .{vector} .{type_} x;")
                yield f".{space} .{vector} .{type_} x;\n"
        for align in ("1", "2", "3", "4", "16", "128", "0", "-4", "4+4", "1.0", "256", "512", "65536"):
            yield f".{space} .align {align} .b8 x[16];\n"
            yield KERNEL.format(f".{space} .align {align} .b32 x[16];")
        for linkage in ("visible", "extern", "weak", "common"):
            for shape in ("x", "x[4]", "x[]", "x = 1"):
                yield f".{linkage} .{space} .b32 {shape};\n"
        yield KERNEL.format(f".{space} .b32 x; .{space} .b32 x;")
        yield KERNEL.format(f".{space} .b32 x; {{ .{space} .b32 x; }}")
        yield KERNEL.format(f"{{ .{space} .b32 x; }} .reg .u64 a; mov.u64 a, x;")
        yield f".{space} .b32 x;\n.{space} .b32 x;\n"
        yield f".extern .{space} .b32 x;\n.{space} .b32 x;\n"
        yield f".{space} .b32 .b32 x;\n"
        yield f".{space} .global .b32 x;\n"
        yield f".{space} x;\n"
        yield f".{space} .b32 ;\n"
        yield f".{space} .b32 x, y;\n"
        yield f".{space} .b32 x\n"
    for attribute in (".attribute(.managed)", ".attribute(.unified(1,2))", ".attribute(.foo)", ".attribute()", ".attribute(.managed, .unified(1,2))"):
        for space in ("global", "shared", "const"):
            yield f".{space} {attribute} .b32 x;\n"
    for bank in ("0", "1", "10", "11", "-1"):
        yield f".const[{bank}] .b32 x;\n"
        yield f".extern .const[{bank}] .b32 x[];\n"
    for name in ("x", "_x", "$x", "%x", "x$", "x%", "1x", "_", "$", "%", "x.y", "x-y", "add", "ret", "WARP_SZ", "%tid", "_1", "a" * 300):
        yield f".global .b32 {name};\n"
        yield KERNEL.format(f".reg .b32 {name}; mov.b32 {name}, 1;")


def initialisers():
    for type_ in ("b8", "u8", "s8", "b16", "u16", "s16", "b32", "u32", "s32", "b64", "u64", "s64", "f16", "f32", "f64", "b128", "f16x2", "bf16"):
        for value in ("1", "-1", "0xff", "0377", "0b101", "256", "65536", "4294967296", "18446744073709551615", "18446744073709551616", "1U", "-1U", "1.5",
                      "1e10", "0f3F800000", "0d3FF0000000000000", "0f3F8", "(1+2)*3", "1<<4", "~0", "!1", "7/0", "7%0", "1?2:3", "1==1", "1.5+1", "1.5<<1",
                      "g", "g+4", "generic(g)", "generic(g)+4", "mask(g)", "0xff(g)", "0xff00(g)", "f", "g-4", "g+g", "-g", "WARP_SZ", "{1}", "x", "(s64)1", "(.s64)1",
                      "(.u64)-1", "(.f64)1", "sizeof(g)", "'a'", "\"abc\""):
            yield f".global .b32 g;\n.func f();\n.global .{type_} x = {value};\n"
        for shape, value in (("x[2]", "{1, 2}"), ("x[2]", "{1}"), ("x[2]", "{1, 2, 3}"), ("x[]", "{1, 2}"), ("x[2][2]", "{{1, 2}, {3, 4}}"), ("x[2][2]", "{1, 2, 3, 4}"),
                             ("x[2]", "{}"), ("x[2]", "1"), ("x[2]", "{{1}, {2}}"), ("x[2]", "{1, 2,}"), ("x[0]", "{}"), ("x[][2]", "{{1, 2}}"), ("x[2][]", "{{1}}")):
            yield f".global .{type_} {shape} = {value};\n"
    for space in ("global", "const", "shared", "local", "param"):
        yield f".{space} .b32 x = 1;\n"
        yield KERNEL.format(f".{space} .b32 x = 1;")
    yield ".extern .global .b32 x = 1;\n"
    yield ".common .global .b32 x = 1;\n"
    yield ".global .v2 .b32 x = {1, 2};\n"
    yield ".global .v4 .f32 x[2] = {{1.0, 2.0, 3.0, 4.0}, {5.0, 6.0, 7.0, 8.0}};\n"
    yield ".global .u64 x[2] = {g, 0};\n.global .b32 g;\n"
    yield ".extern .global .b32 g;\n.global .u64 x[2] = {g, 0};\n"
    yield ".shared .b32 g;\n.global .u64 x = g;\n"
    yield ".shared .b32 g;\n.global .u32 x = g;\n"
    yield ".global .texref x = {addr_mode_0 = wrap};\n"
    yield ".global .samplerref x = {addr_mode_0 = wrap, filter_mode = linear};\n"


def heads():
    for linkage in ("", ".visible ", ".weak ", ".extern ", ".common "):
        for head in (".entry k()", ".entry k", ".func k()", ".func k", ".func (.reg .b32 r) k()", ".func (.param .b32 r) k()", ".entry (.param .b32 r) k()"):
            yield f"{linkage}{head} {{ ret; }}\n"
            yield f"{linkage}{head};\n"
            yield f"{linkage}{head};\n{linkage}{head} {{ ret; }}\n"
            yield f"{linkage}{head} {{ ret; }}\n{linkage}{head} {{ ret; }}\n"
    for space in SPACES:
        for type_ in TYPES:
            yield f".entry k(.{space} .{type_} p) {{ ret; }}\n"
            yield f".func f(.{space} .{type_} p) {{ ret; }}\n"
    for parameter in (".param .b32 p[4]", ".param .b32 p[]", ".param .align 8 .b8 p[12]", ".param .align 3 .b8 p[12]", ".param .u64 .ptr p", ".param .u64 .ptr .global p",
                      ".param .u64 .ptr .global .align 16 p", ".param .u64 .ptr .align 16 p", ".param .u32 .ptr .shared p", ".param .u64 .ptr .reg p", ".param .f32 .ptr p",
                      ".param .v4 .f32 p", ".param .b32 p, .param .b32 p", ".param .b32 p, .param .b32 q", ".param .b32 p = 1", ".param .b32", ".param p", ".param .b8 p[4352]",
                      ".param .b8 p[4353]", ".param .b8 p[32764]", ".param .b8 p[32765]", ".param .align 256 .b8 p[12]", ".param .b32 p,", ".b32 p"):
        yield f".entry k({parameter}) {{ ret; }}\n"
        yield f".func f({parameter}) {{ ret; }}\n"
        yield f".func ({parameter}) f() {{ ret; }}\n"
    for directive in (".maxntid 1", ".maxntid 1, 2", ".maxntid 1, 2, 3", ".maxntid 1, 2, 3, 4", ".maxntid 0", ".maxntid 1024", ".maxntid 2048", ".maxntid -1", ".maxntid",
                      ".reqntid 32", ".reqntid 32, 2, 1", ".maxntid 32 .reqntid 32", ".minnctapersm 2", ".maxntid 32 .minnctapersm 2", ".maxnctapersm 2", ".maxnreg 32", ".maxnreg 0",
                      ".noreturn", ".maxclusterrank 8", ".reqnctapercluster 2", ".reqnctapercluster 2, 1, 1", ".explicitcluster", ".explicitcluster .reqnctapercluster 2",
                      ".blocksareclusters", ".reqntid 32 .reqnctapercluster 2 .blocksareclusters", ".pragma \"nounroll\";", ".abi_preserve 4", ".foo", ".maxntid 32 .maxntid 32"):
        yield f".entry k() {directive} {{ ret; }}\n"
        yield f".func f() {directive} {{ ret; }}\n"


def directives():
    for text in (".file 1 \"a.cu\"", ".file 1 \"a.cu\", 1, 2", ".file a", ".pragma \"x\";", ".pragma x;", ".section .debug_str { .b8 1 }", ".alias f, g;", ".foo", ";", "ret;", "L:",
                 ".func g() { ret; }\n.func f();\n.alias f, g;", ".func g();\n.func f();\n.alias f, g;", ".visible .func g() { ret; }\n.visible .func f();\n.alias f, g;",
                 "// nothing", "/* nothing */", "/* open", "\"", "@", "\\", "#line 1", "`"):
        yield text + "\n"
    for address_size in ("32", "64", "16", "", "x"):
        yield f".version 9.0\n.target sm_90\n.address_size {address_size}\n.entry k() {{ ret; }}\n"
    for version in ("0.9", "1.0", "2.3", "3.2", "4.3", "5.0", "6.0", "6.5", "7.0", "7.8", "7.9", "8.0", "8.8", "8.9", "9.0", "9.1", "10.0", "9", "x", "", "9.00"):
        for target in ("sm_75", "sm_90", "sm_100a", "sm_52"):
            yield f".version {version}\n.target {target}\n.address_size 64\n.entry k() {{ ret; }}\n"
    for target in ("sm_10", "sm_20", "sm_52", "sm_53", "sm_60", "sm_61", "sm_62", "sm_70", "sm_72", "sm_75", "sm_80", "sm_86", "sm_87", "sm_88", "sm_89", "sm_90", "sm_90a", "sm_90f",
                   "sm_100", "sm_100a", "sm_100f", "sm_103", "sm_103a", "sm_103f", "sm_110", "sm_110a", "sm_110f", "sm_120", "sm_120a", "sm_120f", "sm_121", "sm_121a", "sm_121f",
                   "sm_89a", "sm_80f", "sm_75, debug", "sm_75, texmode_independent", "sm_75, texmode_unified", "sm_75, texmode_raw", "sm_75, map_f64_to_f32", "sm_75, sm_80",
                   "sm_75, foo", "debug"):
        yield f".version 9.0\n.target {target}\n.address_size 64\n.entry k() {{ ret; }}\n"
    yield ".target sm_90\n.address_size 64\n.entry k() { ret; }\n"
    yield ".version 9.0\n.address_size 64\n.entry k() { ret; }\n"
    yield ".version 9.0\n.target sm_90\n.entry k() { ret; }\n"
    yield ".version 9.0\n.version 9.0\n.target sm_90\n.entry k() { ret; }\n"
    yield ".version 9.0\n.target sm_75\n.target sm_75\n.entry k() { ret; }\n"
    yield ".version 9.0\n.target sm_90\n.address_size 64\n"
    yield "\n"


BODY = ".reg .pred p, q; .reg .b32 a, b; .reg .u64 d; .reg .f32 x; .param .b32 s; .param .b32 t; .param .align 8 .b8 w[8];"
CALLEES = (".func f();\n.func (.param .b32 r) g(.param .b32 a);\n.func (.reg .b32 r) h(.reg .b32 a, .reg .b32 b);\n.func v(.param .b32 a, .param .align 8 .b8 rest[]);\n"
           ".func (.param .align 8 .b8 r[8]) m(.param .align 8 .b8 a[8]);\n.entry e();\n")


def bodies():
    for text in ("bra L; L:", "bra M;", "@p bra L; L:", "@!p bra L; L:", "@a bra L; L:", "@p ret;", "@p L: ret;", "L: L:", "L: ret; { L: ret; }", "{ L: } bra L;", "bra L; { L: }",
                 "{ bra L; } L:", "bra.uni L; L:", "bra.foo L; L:", "bra a;", "bra L, M; L: M:", "T: .branchtargets L, M; brx.idx a, T; L: M:", "T: .branchtargets L; brx.idx d, T; L:",
                 "T: .branchtargets N; brx.idx a, T;", "brx.idx a, T; T: .branchtargets L; L:", "brx.idx.uni a, T; L:", "T: .calltargets f; call d, T;", "T: .calltargets f; call (), d, (), T;",
                 "P: .callprototype _ (); call d, P;", "P: .callprototype (.param .b32 _) _ (.param .b32 _); call (s), d, (t), P;", "P: .callprototype _ (.param .b32 _); call d, (t), P;",
                 "P: .callprototype (.param .b32 r) _ (.param .b32 a); call (s), d, (t), P;", "P: .callprototype _ () .noreturn; call d, P;", "call a, P; P: .callprototype _ ();",
                 "call f;", "call f, ();", "call f();", "call f, (a);", "call (a), f;", "call.uni f;", "call (s), g, (t);", "call (s), g, (a);", "call (a), g, (b);", "call (a), g, (1);",
                 "call g, (t);", "call (s), g;", "call (s), g, (t, t);", "call (s, s), g, (t);", "call (x), g, (x);", "call (d), g, (a);", "call (w), g, (t);", "call (a), h, (a, b);",
                 "call (a), h, (a, 1);", "call (a), h, (a);", "call (s), h, (t, t);", "call v, (t);", "call v, (t, w);", "call v, (t, w, w);", "call (w), m, (w);", "call (w), m, (t);",
                 "call e;", "call nothing;", "call (_), g, (t);", "call d;", "call d, f;", "call f, P; P: .callprototype _ ();",
                 "ret", "ret a;", "exit;", "exit a;", "{", "}", "{ }", "{ { { ret; } } }", "{ .reg .b32 a; mov.b32 a, 1; }", "mov.b32 a, b", "mov.b32 a, b; ;", "a: mov.b32 a, b;",
                 ".pragma \"nounroll\";", ".pragma nounroll;", ".loc 1 2 3", ".loc 1 2 3, function_name L, inlined_at 1 2 3", ".foo;", ".global .b32 z;", ".const .b32 z;", ".shared .b32 z;",
                 ".local .b32 z; mov.u64 d, z;", ".param .b32 z; st.param.b32 [z], a; ld.param.b32 a, [z];", "ld.param.b32 a, [s+4];", "ld.param.b32 a, [w+4];", "ld.param.b32 a, [w+8];",
                 "mov.b32 a, undeclared;", "mov.b32 undeclared, a;", "mov.b32 a, %laneid;", "mov.u32 a, %tid;", "mov.u32 a, %tid.x;", "mov.u32 a, %tid.q;", "mov.u32 %tid.x, a;",
                 "mov.u32 a, %nothing;", "mov.u64 d, f;", "mov.u64 d, e;", "mov.u32 a, f;", "mov.b32 a, WARP_SZ;", "mov.b32 a, 0x1ffffffff;", "mov.b32 a, 1+2;", "mov.b32 a, (1+2);",
                 "mov.b32 a, 1 2;", "mov.b32 a b;", "mov.b32 a,, b;", "mov.b32 , b;", "mov.b32;", "mov.b32 a, b, ;", "mov .b32 a, b;", "mov. b32 a, b;", "mov.b32a, b;", "MOV.b32 a, b;",
                 "mov.B32 a, b;", "@ p mov.b32 a, b;", "@p @q mov.b32 a, b;", "@p { mov.b32 a, b; }", "mov.b32 a, 08;", "mov.b32 a, 0x;", "mov.b32 a, 0b2;", "mov.f32 x, 1.;", "mov.f32 x, .5;",
                 "mov.f32 x, 1e;", "mov.f32 x, 0f3F80000;", "mov.f32 x, 0f3F8000000;", "mov.f32 x, 0F3F800000;", "mov.f32 x, 0d3FF0000000000000;", "mov.f32 x, -1.5;", "mov.f32 x, 1.5f;",
                 "mov.b32 a, 'a';", "mov.b32 a, \"a\";", "mov.b32 a, b // comment", "mov.b32 a, b; // comment", "mov.b32 a, /* c */ b;"):
        yield CALLEES + KERNEL.format(BODY + " " + text + "\n")
        yield CALLEES + f".func z() {{ {BODY} {text}\n ret; }}\n"


def special_registers(names):
    """Every special register, read in every width, on an old and a new target."""
    for name, vector in names:
        component = ".x" if vector > 1 else ""
        for type_, register in (("u16", "h"), ("u32", "r"), ("u64", "d"), ("b32", "r"), ("f32", "f"), ("pred", "p"), ("s32", "r"), ("b64", "d")):
            for version, target in (("9.0", "sm_90"), ("6.3", "sm_70")):
                yield (f".version {version}\n.target {target}\n.address_size 64\n.entry k() {{ .reg .b16 h; .reg .b32 r; .reg .b64 d; .reg .f32 f; .reg .pred p; "
                       f"mov.{type_} {register}, %{name}{component}; ret; }}\n")
        yield HEAD + f".entry k() {{ .reg .b32 r; mov.b32 r, %{name}.y; ret; }}\n"
        yield HEAD + f".entry k() {{ .reg .b32 r; mov.b32 %{name}, r; ret; }}\n"


def all_modules(special):
    texts = []
    for source in (declarations(), initialisers(), heads(), directives(), bodies(), special_registers(special)):
        for text in source:
            texts.append(text if ".version" in text or not text.strip() else HEAD + text)
    return list(dict.fromkeys(texts))
