"""Whole modules: declarations, initialisers, function heads, directives, calls and branches, legal and illegal.

Each list holds texts that differ from a legal one in one thing. HEAD is put before a text that has no .version of its own.
"""
import combinations

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


LINKAGES = ("", ".visible ", ".weak ", ".extern ", ".common ")


def linkage():
    """Two declarations of a name, and aliases."""
    for first in LINKAGES:
        for second in LINKAGES:
            yield f"{first}.global .b32 x;\n{second}.global .b32 x;\n"
            yield f"{first}.global .b32 x[4];\n{second}.global .b32 x[4] = {{1}};\n"
            yield f"{first}.func f();\n{second}.func f() {{ ret; }}\n"
            yield f"{first}.func f() {{ ret; }}\n{second}.func f();\n"
            yield f"{first}.func f();\n{second}.func f();\n"
            yield f"{first}.entry f() {{ ret; }}\n{second}.func f();\n"
            yield f"{first}.entry f();\n{second}.entry f() {{ ret; }}\n"
            yield f"{first}.entry f() {{ ret; }}\n{second}.entry f();\n"
            yield f"{first}.shared .b32 x[4];\n{second}.shared .b32 x[4];\n{second}.shared .b32 y[4];\n"
        for space in ("global", "shared", "const"):
            yield f"{first}.{space} .b8 x[];\n"
            yield f"{first}.{space} .align 16 .b8 x[];\n{first}.{space} .align 16 .b8 x[];\n"
            yield f"{first}.{space} .b32 x;\n.func x();\n"
    for a, b in ((".b32 x", ".u32 x"), (".b32 x", ".f32 x"), (".b32 x", ".b64 x"), (".b32 x[]", ".b32 x[4]"), (".b32 x[4]", ".b32 x[8]"), (".b32 x[4]", ".b32 x"), (".align 4 .b8 x[4]", ".align 8 .b8 x[4]"),
                 (".v2 .b32 x", ".b64 x")):
        yield f".extern .global {a};\n.visible .global {b};\n"
        yield f".extern .global {a};\n.extern .global {b};\n"
        yield f".extern .shared {a};\n.extern .shared {b};\n"
    for a, b in (("()", "(.param .b32 a)"), ("(.param .b32 a)", "(.param .b32 b)"), ("(.param .b32 a)", "(.param .u32 a)"), ("(.param .b32 a)", "(.param .f32 a)"), ("(.param .b32 a)", "(.param .b64 a)"),
                 ("(.param .b32 a)", "(.reg .b32 a)"), ("(.param .b8 a[4])", "(.param .b8 a[8])"), ("(.param .align 4 .b8 a[4])", "(.param .align 8 .b8 a[4])"), ("(.param .b32 a)", "(.param .b8 a[4])")):
        yield f".func f{a};\n.func f{b} {{ ret; }}\n"
        yield f".func {a if a != '()' else ''} f();\n.func {b} f() {{ ret; }}\n"
        yield f".func f{a} {{ ret; }}\n.func g{b};\n.alias g, f;\n"
    for text in (".alias g, f;", ".alias f, g;", ".alias g, g;", ".alias g, f;\n.alias g, f;", ".alias g, f;\n.alias h, g;", ".alias h, g;\n.alias g, f;", ".alias g, h;\n.alias h, g;", ".alias g, e;",
                 ".alias e, f;", ".alias v, f;", ".alias g, v;", ".alias n, f;", ".alias g, n;", ".alias g f;", ".alias g, f", ".alias g;", ".alias g, f, h;", ".alias 1, f;", ".alias g, late;",
                 ".alias g, f;\n.func g() { ret; }", ".alias g, w;", ".alias w, f;", ".weak .alias g, f;", ".visible .func g2();\n.alias g2, f;", ".alias g, f;\n.entry u() { call g; ret; }"):
        for head in ("", ".version 6.2\n.target sm_70\n.address_size 64\n"):
            yield head + f".func f() {{ ret; }}\n.func g();\n.func h();\n.func late();\n.weak .func w() {{ ret; }}\n.entry e() {{ ret; }}\n.global .b32 v;\n{text}\n.func late() {{ ret; }}\n"


def headers():
    """The head of a module: its directives in other orders and numbers, on every version and target."""
    v, t, a, k = ".version 9.0\n", ".target sm_90\n", ".address_size 64\n", ".entry k() { ret; }\n"
    for parts in ((v, t, t, a, k), (v, t, a, a, k), (v, t, a, t, k), (v, t, k, t), (v, t, k, a), (v, a, t, k), (t, v, a, k), (v, v, t, a, k), (v, t, a, k, v), (v, k, t), (v, t, ".global .b32 x;\n", a, k),
                  (v, t, ".target texmode_independent\n", k), (v, ".target texmode_independent, sm_90\n", k), (v, ".target sm_90,\n", k), (v, ".target compute_90\n", k), (v, ".target sm_75, sm_75\n", k),
                  (v, ".target sm_90, texmode_independent, texmode_independent\n", k), (v, ".target sm_90, texmode_independent, texmode_unified\n", k), (".version 9.0;\n", t, k), (v, ".target sm_90;\n", k),
                  (v, t, ".address_size 64;\n", k), (".version\n9.0\n", t, k), (v, ".target\nsm_90\n", k), (v + t[:-1] + " " + a, k), (".version 9 .0\n", t, k)):
        yield "".join(parts)
    for target in ("sm_20", "sm_30", "sm_35", "sm_37", "sm_50", "sm_52", "sm_53", "sm_60", "sm_61", "sm_62", "sm_70", "sm_72", "sm_75", "sm_80", "sm_86", "sm_87", "sm_88", "sm_89", "sm_90", "sm_90a", "sm_100",
                   "sm_100a", "sm_100f", "sm_103", "sm_103a", "sm_103f", "sm_110", "sm_110a", "sm_110f", "sm_120", "sm_120a", "sm_120f", "sm_121", "sm_121a", "sm_121f"):
        for version in ("3.1", "4.0", "4.1", "4.2", "4.3", "5.0", "5.1", "6.0", "6.1", "6.3", "6.5", "7.0", "7.1", "7.3", "7.4", "7.7", "7.8", "8.0", "8.5", "8.6", "8.7", "8.8", "9.0"):
            yield f".version {version}\n.target {target}\n{k}"
    for version in ("1.4", "1.5", "1.6", "2.0", "2.4", "3.3", "4.4", "5.2", "6.6", "8.10", "9.1", "09.0", "9.", ".9", "9.0.0", "9.0a", "-9.0", "9e0"):
        yield f".version {version}\n.target sm_75\n{k}"


def debugging():
    """.file, .loc, .section, .pragma, line marks."""
    for text in (".file 1 \"a.cu\"", ".file 1 \"a.cu\", 1", ".file 1 \"a.cu\", 1, 2, 3", ".file 0 \"a.cu\"", ".file -1 \"a.cu\"", ".file 1 a", ".file \"a.cu\"", ".file 1 \"a.cu\"\n.file 1 \"b.cu\"",
                 ".file 1 \"a.cu\";", "#line 1 \"a.cu\"", "# 1 \"a.cu\"", "# 1", "#line \"a.cu\"", "#pragma x", "  #line 1 \"a.cu\"", ".section .debug_abbrev { .b8 1 }", ".section .debug_abbrev\n{\n.b8 1, 2\n.b16 3\n}",
                 ".section .debug_str\n{\nL:\n.b8 97, 0\n}", ".section .debug_info { .b32 .debug_abbrev }", ".section .debug_info { .b64 k }", ".section .debug_loc { }", ".section .foo { .b8 1 }", ".section foo { .b8 1 }",
                 ".section .debug_info { .b8 300 }", ".section .debug_info { .f32 1 }", ".section .debug_info { .b8 }", ".section .debug_info { 1 }", ".section .debug_info", ".section .debug_info { .b32 L1-L2 }",
                 ".section .debug_info { L: .b32 L }", ".section .debug_info { .b32 .debug_str+4 }", ".pragma \"nounroll\";", ".pragma \"nounroll\"", ".pragma \"nounroll\", \"nounroll\";", ".pragma;", ".pragma nounroll;",
                 ".pragma \"\";", ".pragma \"used_bytes_mask 1\";", ".pragma \"enable_smem_spilling\";", ".pragma \"frequency 2\";", ".loc 1 2 3"):
        yield f".entry k() {{ ret; }}\n{text}\n"
        yield f".file 3 \"c.cu\"\n.entry k() {{ .reg .b32 a;\n{text}\nmov.b32 a, 1; ret; }}\n"
    for text in (".loc 1 2 3", ".loc 1 2", ".loc 1", ".loc", ".loc 1 2 3;", ".loc 9 2 3", ".loc 0 0 0", ".loc 1 -2 3", ".loc 1 2 x", ".loc 1, 2, 3", ".loc 1 2 3\n.loc 1 2 4, function_name L, inlined_at 1 2 3",
                 ".loc 1 2 3\n.loc 1 2 4, function_name L+4, inlined_at 1 2 3", ".loc 1 2 3\n.loc 1 2 4, inlined_at 1 2 3", ".loc 1 2 3\n.loc 1 2 4, function_name L", ".loc 1 2 3\n.loc 1 2 4, inlined_at 1 2 3, function_name L",
                 ".loc 1 2 4, function_name L, inlined_at 1 2 3", ".loc 1 2 3\n.loc 1 2 4, function_name L, inlined_at 1 2 9", ".loc 1 2 3\n.loc 1 2 4, foo", ".loc 1 2 3\n.loc 1 2 4, function_name 1, inlined_at 1 2 3",
                 ".loc 1 2 3\n.loc 1 2 4, function_name L, inlined_at 1 2"):
        yield f".file 1 \"a.cu\"\n.entry k() {{ .reg .b32 a;\n{text}\nmov.b32 a, 1; ret; }}\n.section .debug_str\n{{\nL:\n.b8 97, 0\n}}\n"


    for text in ("{ .b8 -1 }", "{ .b8 -128 }", "{ .b8 -129 }", "{ .b8 255 }", "{ .b8 256 }", "{ .b16 65535 }", "{ .b16 65536 }", "{ .b16 -32768 }", "{ .b16 -32769 }", "{ .b32 -1 }", "{ .b32 4294967296 }",
                 "{ .b64 18446744073709551615 }", "{ .b8 L }", "{ .b16 k }", "{ .b32 1, k }", "{ .b32 k, 1 }", "{ .b32 k-1 }", "{ .b64 k+4 }", "{ .b64 L1-L2, 3 }", "{ L: M: .b8 1 }", "{ L: }", "{ L }", "{ .b8 1, }",
                 "{ .b8 1 2 }", "{ .b8 0x10 }", "{ .b8 1+1 }", "{ .b8 1.0 }", "{ .b8 1; }", "{ .b32 (k) }", "{ .b128 1 }", "{ .u8 1 }", "{ .b64 .debug_line }", "{ .b8 .debug_line }", "{ .b64 $L__x_1 }", "{ .b32 ~1 }",
                 "{ .b32 -k }", "{ .b32 L1-L2-L3 }", "{ .b32 .debug_line-.debug_str }", "{ { } }"):
        for name in (".debug_info", ".debug_str", ".foo"):
            yield f".entry k() {{ ret; }}\n.section {name} {text}\n"


def variadic():
    """Functions whose last parameter is an array without size, declared, defined and called."""
    for formal in (".param .b8 v[]", ".param .align 4 .b8 v[]", ".param .align 8 .b8 v[]", ".param .b32 v[]", ".param .b64 v[]", ".param .align 16 .b32 v[]"):
        for local in (".param .b8 p[8]", ".param .align 4 .b8 p[8]", ".param .align 8 .b8 p[8]", ".param .align 8 .b8 p[24]", ".param .b32 p", ".param .b32 p[2]", ".param .b64 p[2]", ".reg .b32 p", ".param .align 16 .b8 p[16]"):
            for head in (f".extern .func f(.param .b32 a, {formal})", f".func f({formal}, .param .b32 a)", f".func (.param .b32 o) f(.param .b32 a, {formal})"):
                result = "(a), " if "o)" in head else ""
                body = ";" if "extern" in head else " { ret; }"
                yield f"{head}{body}\n.entry k() {{ .param .b32 a; {local}; call {result}f, (a, p); ret; }}\n"
                yield f"{head}{body}\n.entry k() {{ .param .b32 a; {local}; call {result}f, (a); ret; }}\n"


def clusters():
    """Performance directives together, on targets that know them and that do not."""
    words = (".maxntid 32", ".reqntid 32", ".minnctapersm 2", ".maxnctapersm 2", ".maxnreg 32", ".maxclusterrank 8", ".reqnctapercluster 2", ".explicitcluster", ".blocksareclusters", ".noreturn",
             ".abi_preserve 4", ".abi_preserve_control 4", ".pragma \"nounroll\";")
    for a in words:
        for b in words:
            yield f".entry k() {a} {b} {{ ret; }}\n"
        for version, target in (("9.0", "sm_75"), ("9.0", "sm_80"), ("8.8", "sm_90"), ("7.8", "sm_90"), ("7.7", "sm_80"), ("6.3", "sm_70"), ("6.4", "sm_75"), ("6.0", "sm_60")):
            yield f".version {version}\n.target {target}\n.address_size 64\n.entry k() {a} {{ ret; }}\n"
            yield f".version {version}\n.target {target}\n.address_size 64\n.func f() {a} {{ ret; }}\n"
        yield f".func f() {a};\n"
        yield f".entry k() {{ {a} ret; }}\n"
    yield ".entry k() .reqntid 32 .reqnctapercluster 2 .blocksareclusters { ret; }\n"
    for word in (".maxntid", ".reqntid", ".minnctapersm", ".maxnreg", ".maxclusterrank", ".reqnctapercluster"):
        for value in ("0", "1", "1, 1", "1, 1, 1", "1, 1, 1, 1", "0, 1", "1, 0", "-1", "1.0", "x", "1+1", "(2)", "65536", "4294967296", "1 1", "1,"):
            yield f".entry k() {word} {value} {{ ret; }}\n"


def expressions():
    """Constants and offsets, as values of registers and in addresses and initialisers."""
    for value in ("1+2", "1-2", "2*3", "7/2", "7%2", "1<<4", "256>>4", "1<2", "1==1", "1!=1", "1&&0", "1||0", "1&3", "1|2", "1^3", "!0", "~0", "-1", "+1", "1?2:3", "0?2:3", "(1)", "((1))", "1+", "+", "(1", "1)",
                  "1 2", "0x10", "0X10", "017", "018", "0b11", "0B11", "0b2", "10U", "10u", "10L", "0x1U", "1.5", "1.", ".5", "1e3", "1.5e-3", "1.5+1", "1+1.5", "1.5+1.5", "1.5<2", "1.5<2.0", "1?2.0:3", "1?2.0:3.0",
                  "1.5?2:3", "-1.5", "!1.5", "~1.5", "1.5%2.0", "1.5<<1", "(.s64)1", "(.u64)1", "(.s32)1", "(.s64)1.5", "WARP_SZ", "WARP_SZ+1", "0f3F800000", "0F3f800000", "0f3F80000", "0d3FF0000000000000", "0f3F800000+1.0",
                  "1==1==1", "1<2<3", "1?2:3?4:5", "- -1", "--1", "1--1", "1+-1", "2**3", "1<<64", "1<<-1", "0x10000000000000000", "9223372036854775808", "-9223372036854775808", "1'000", "1_000"):
        for type_, register in (("b32", "r"), ("s64", "d"), ("f32", "f"), ("f64", "e"), ("b16", "h"), ("pred", "p")):
            yield f".entry k() {{ .reg .pred p; .reg .b16 h; .reg .b32 r; .reg .b64 d; .reg .f32 f; .reg .f64 e; mov.{type_} {register}, {value}; ret; }}\n"
        yield f".global .b8 x[{value}];\n"
        yield f".global .align {value} .b8 x[4];\n"
        yield f".entry k() {{ .reg .b32 r; .reg .b64 d; ld.global.b32 r, [d+{value}]; ret; }}\n"
        yield f".entry k() {{ .reg .b32 r<{value}>; ret; }}\n"
    for offset in ("+4", "-4", "+-4", "+(2-4)", "+4+4", "+4-4", "+4*2", "+1<<2", "+4|1", "++4", "-(4)", "+WARP_SZ", "+1.5", "+x", "[4]", "+", "+4.0", "+0x10", "+ 4", " + -4"):
        yield f".global .b32 g[9];\n.global .u64 x = g{offset};\n"
        yield f".global .b32 g[9];\n.global .u64 x = generic(g){offset};\n"
        yield f".global .b32 g[9];\n.global .u64 x = generic(g{offset});\n"
        yield f".global .b32 g[9];\n.global .u8 x[2] = {{0xff(g{offset}), 0xff00(generic(g){offset})}};\n"
        yield f".global .b32 g[9];\n.entry k() {{ .reg .b64 d; mov.b64 d, g{offset}; ret; }}\n"
        yield f".global .b32 g[9];\n.entry k() {{ .reg .b32 r; ld.global.b32 r, [g{offset}]; ret; }}\n"
        yield f".entry k() {{ .reg .b32 r; .reg .b64 d; ld.global.b32 r, [d{offset}]; ret; }}\n"
        yield f".entry k(.param .b32 p[9]) {{ .reg .b32 r; ld.param.b32 r, [p{offset}]; ret; }}\n"


def control():
    """Labels, branch targets, prototypes, empty statements, registers that hide special ones."""
    for text in ("T: .branchtargets A, B; brx.idx r, T;", "T: .branchtargets A; brx.idx r, T;", "T: .branchtargets; brx.idx r, T;", "T: .branchtargets A, A; brx.idx r, T;", "T: .branchtargets N<3>; brx.idx r, T; N0: N1: N2:",
                 "T: .branchtargets N<3>; brx.idx r, T; N0: N1:", "T: .branchtargets A, B brx.idx r, T;", "brx.idx r, A;", "brx.idx.uni r, T; T: .branchtargets A;", "T: .branchtargets A; brx.idx 1, T;",
                 "T: .branchtargets A; @p brx.idx r, T;", "T: .branchtargets A; @r brx.idx r, T;", "T: .branchtargets f; brx.idx r, T;", ".branchtargets A;", "T: .branchtargets A; T: .branchtargets A;",
                 "T: .calltargets f; call d, T;", "T: .calltargets f, f; call d, T;", "T: .calltargets g; call d, T;", "T: .calltargets e; call d, T;", "T: .calltargets A; call d, T;", "T: .calltargets; call d, T;",
                 "P: .callprototype _; call d, P;", "P: .callprototype _ (); call d, P;", "P: .callprototype () _ (); call d, P;", "P: .callprototype (.reg .b32 x) _ (.reg .b32 y); call (r), d, (r), P;",
                 "P: .callprototype (.param .b32 x) _; call (s), d, P;", "P: .callprototype _ (.param .b32 x, .param .b32 x); call d, (s, s), P;", "P: .callprototype f (); call d, P;", "P: .callprototype _ () .noreturn; call d, P;",
                 "P: .callprototype _ () .foo; call d, P;", "P: .callprototype _ () .abi_preserve 4; call d, P;", ".callprototype _ ();", "P: .callprototype _ (.param .b32 x[]); call d, (s), P;",
                 "P: .callprototype _ (.param .align 8 .b8 x[]); call d, (w), P;", "P: .callprototype _ (.param .v2 .b32 x); call d, (s), P;", "P: .callprototype _ (.param .u64 .ptr x); call d, (s), P;",
                 "call (s), f;", "call f, (s);", "call g, (s);", "call g, (r);", "call g, (s), P;", "call.uni g, (s);", "@p call f;", "@!p call f;", "call (_), g2, (s);", "call g2, (s);", "call (s), g2, (s);",
                 "A2:; ", ";", ";;", "{ };", "{ }", "{ ; }", "{ { ret; }; }", "{ A: }", "bra A;", "bra.uni A;", "@p bra A;", "@p bra.uni A;", "bra A, B;", "bra 1;", "bra f;", "bra d;", "A: ret;", "%L: ret;", "$L: bra $L;",
                 "_L: bra _L;", "L.x: ret;", "ret.uni;", "exit.uni;", "@p exit;", "trap;", "trap 1;", "brkpt;", "@p trap;", ".unreachable;", "unreachable;", ".noreturn;", "nanosleep.u32 1;", "nanosleep.u32 r;",
                 ".reg .b32 %tid; mov.u32 r, %tid.x;", ".reg .b32 %tid<4>; mov.u32 r, %tid.x;", ".reg .v4 .b32 %tid; mov.u32 r, %tid.x;", ".reg .b32 %laneid; mov.u32 r, %laneid;", ".reg .b32 %laneid; mov.u32 %laneid, r;",
                 ".reg .b32 %tid; mov.u32 r, %tid;", ".reg .b32 x; mov.b32 x.x, r;", ".reg .v2 .b32 x; mov.b32 x.x, r;", ".reg .v2 .b32 x; mov.b32 x.z, r;", ".reg .v2 .b32 x; mov.b32 x, r;", ".reg .v2 .b32 x; mov.v2.b32 x, {r, r};",
                 ".reg .b32 x<2>; mov.b32 x1, r;", ".reg .b32 x<2>; mov.b32 x2, r;", ".reg .b32 x<2>; mov.b32 x01, r;", ".reg .b32 x<2>; mov.b32 x, r;", ".reg .b32 x<0>;", ".reg .b32 x<2>, y<3>; mov.b32 y2, x1;",
                 ".reg .b32 x<2>; .reg .b32 x1;", ".reg .b32 x1; .reg .b32 x<2>;", ".reg .b32 x, x;", "{ .reg .b32 x; } mov.b32 x, r;", "{ .reg .b64 r; mov.b64 r, d; } mov.b32 r, 1;", ".reg .b32 A;", ".reg .b32 f; mov.b32 f, r;",
                 ".param .b32 x; st.param.b32 [x], r;", ".param .f16x2 x;", ".param .v2 .b32 x[2];", ".param .align 128 .b8 x[4];", ".param .align 256 .b8 x[4];", ".param .b8 x[];", ".param .bf16 x[2];", ".param .pred x;", ".param .texref x;"):
        for scope in ("A: {} B:", "{} A: B:", "A: B: {{ {} }}"):
            yield (f".func f() {{ ret; }}\n.func g(.param .b32 a) {{ ret; }}\n.func (.param .b32 o) g2(.param .b32 a) {{ ret; }}\n.entry e() {{ ret; }}\n.entry k() {{ .reg .pred p; .reg .b32 r; .reg .b64 d; .param .b32 s; .param .align 8 .b8 w[8]; "
                   + scope.format(text) + " ret; }\n")


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
    for source in (declarations(), initialisers(), heads(), directives(), bodies(), linkage(), headers(), debugging(), variadic(), clusters(), expressions(), control(), special_registers(special), combinations.all_modules()):
        for text in source:
            texts.append(text if ".version" in text or not text.strip() else HEAD + text)
    return list(dict.fromkeys(texts))
