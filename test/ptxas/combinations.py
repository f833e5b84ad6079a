"""Whole modules made from products of lists: declarations, calls, branches, directives, each in every company.

Where modules.py varies one thing of a legal text, these vary several at once: a space with a type, a shape, an alignment and a
linkage; a parameter with what is passed for it, by each kind of call; two directives with values that agree or do not.
"""
import itertools

ENTRY = ".visible .entry k() {{ {} ret; }}\n"


def variables():
    """State space x linkage x alignment x type x shape x initialiser, in a module, a kernel and a block of one."""
    types = (".b8", ".u16", ".b32", ".f64", ".v2 .b32", ".v4 .f32", ".b128")
    shapes = (("x", "1"), ("x[3]", "{1, 2}"), ("x[]", "{1}"), ("x[2][2]", "{{1, 2}, {3}}"), ("x[1+1]", "{1, 2, 3}"))
    for space, linkage, align, type_, (shape, value) in itertools.product(
            (".global", ".const", ".shared", ".local", ".param", ".reg"), ("", ".extern ", ".visible ", ".weak ", ".common "), ("", ".align 2 ", ".align 16 "), types, shapes):
        if ".f" in type_:
            value = value.replace("1", "1.0").replace("2", "2.0").replace("3", "3.0")
        if type_.startswith(".v"):
            value = "{" + value + "}"
        base = f"{linkage}{space} {align}{type_} {shape}"
        yield base + ";\n"
        if space in (".global", ".const") and not (linkage and align):
            yield f"{base} = {value};\n"
        if not linkage:
            yield ENTRY.format(base + ";")
            if not align:
                yield ENTRY.format("{ " + base + "; }")
                yield f".func f() {{ {base}; ret; }}\n"


def initialisers():
    """Values of every kind in arrays of every depth; names of things of every space."""
    names = ".global .b32 g[4];\n.const .b32 c;\n.shared .b32 s;\n.extern .global .b32 e;\n.extern .shared .b8 d[];\n.func f() { ret; }\n.entry n() { ret; }\n"
    values = ["g", "g+4", "g+-4", "g[1]", "generic(g)", "generic(g+4)", "generic(g)+4", "c", "generic(c)", "s", "generic(s)", "e", "e+8", "generic(e)", "d", "f", "f+1", "generic(f)", "n", "x", "0", "y"]
    masks = ["0xff", "0xff00", "0xff0000", "0xff000000", "0xff00000000", "0xff00000000000000", "0xfff", "0xf", "0", "255", "0xFFFF", "-1"]
    for space in ("global", "const"):
        for type_ in ("u8", "b16", "u32", "b32", "u64", "b64", "s64", "f32", "f64"):
            for v in values:
                yield f"{names}.{space} .{type_} x = {v};\n"
                if type_ in ("u32", "u64", "b64"):
                    yield f"{names}.{space} .{type_} x[3] = {{0, {v}}};\n"
                    yield f"{names}.{space} .{type_} x[2][2] = {{{{{v}}}, {{1, {v}}}}};\n"
    for type_ in ("u8", "b8", "s8", "b16", "u32", "b64"):
        for mask in masks:
            for v in ("g", "g+4", "generic(g)", "f", "s", "1"):
                yield f"{names}.global .{type_} x[8] = {{{mask}({v}), 0xff00({v})}};\n"
    nested = ["{}", "{{}}", "{{}, {}}", "{1}", "{1, 2, 3, 4}", "{1, 2, 3, 4, 5}", "{{1}, {2}}", "{{1, 2}, {3, 4}}", "{{1, 2}, {3, 4}, {5}}", "{{1, 2, 3}}", "{{1}, 2}", "{1, {2}}", "{{{1}}}", "1", "{-1}",
              "{{1, 2}, 3, 4}", "{{1,}, {2}}", "{{1 2}}", "{{1}, {2}", "{1}}"]
    for shape in ("x[2][2]", "x[4]", "x[2][2][1]", "x[][2]", "x[2][]", "x[0]", "x[1]", "x"):
        for v in nested:
            for type_ in ("b32", "u8", "v2 .b32"):
                yield f".global .{type_} {shape} = {v};\n"


FORMALS = {  # a parameter or return value, and whether it may be a kernel's
    "b8": ".param .b8 {}", "u16": ".param .u16 {}", "b32": ".param .b32 {}", "f32": ".param .f32 {}", "b64": ".param .b64 {}", "f64": ".param .f64 {}", "b128": ".param .b128 {}",
    "array": ".param .b32 {}[2]", "bytes": ".param .b8 {}[8]", "aligned": ".param .align 8 .b8 {}[8]", "wide": ".param .align 16 .b8 {}[16]", "open": ".param .align 8 .b8 {}[]",
    "vector": ".param .v2 .b32 {}", "reg32": ".reg .b32 {}", "regf": ".reg .f32 {}", "reg64": ".reg .b64 {}", "reg16": ".reg .b16 {}", "pred": ".reg .pred {}", "regv": ".reg .v2 .b32 {}",
}
ACTUALS = ["s8", "s16", "s32", "sf", "s64", "sd", "s128", "sa", "sb", "sc", "sw", "so", "sv", "h", "r", "x", "d", "y", "q", "p", "v", "_", "1", "1.5", "-1", "s32+4", "gl", "%tid.x", "{r, r}"]
LOCALS = (".param .b8 s8; .param .u16 s16; .param .b32 s32; .param .f32 sf; .param .b64 s64; .param .f64 sd; .param .b128 s128; .param .b32 sa[2]; .param .b8 sb[8]; .param .align 8 .b8 sc[8]; "
          ".param .align 16 .b8 sw[16]; .param .align 8 .b8 so[24]; .param .v2 .b32 sv; .reg .b16 h; .reg .b32 r; .reg .f32 x; .reg .b64 d; .reg .f64 y; .reg .b128 q; .reg .pred p; .reg .v2 .b32 v;")


def calls():
    """What is passed for each parameter and return value, by direct calls, prototypes and lists of targets."""
    for formal in FORMALS.values():
        a, o = formal.format("a"), formal.format("o")
        yield f".func f({a}) {{ ret; }}\n"
        yield f".func ({o}) f() {{ ret; }}\n"
        yield f".entry f({a}) {{ ret; }}\n"
        yield f".extern .func ({o}) f({a});\n"
        for n, actual in enumerate(ACTUALS):
            head = f".global .b32 gl;\n.func f({a}) {{ ret; }}\n.func ({o}) g() {{ ret; }}\n"
            yield head + ENTRY.format(f"{LOCALS} call f, ({actual});")
            yield head + ENTRY.format(f"{LOCALS} call ({actual}), g;")
            yield head + ENTRY.format(f"{LOCALS} .reg .b64 t; P: .callprototype _ ({formal.format('_')}); call t, ({actual}), P;")
            yield head + ENTRY.format(f"{LOCALS} .reg .b64 t; P: .callprototype ({formal.format('_')}) _; call ({actual}), t, P;")
            if n % 3 == 0:
                yield head + ENTRY.format(f"{LOCALS} .reg .b64 t; T: .calltargets f; call t, ({actual}), T;")
                yield head + ENTRY.format(f"{LOCALS} .reg .b64 t; T: .calltargets g; call ({actual}), t, T;")
    # Targets of one list, and a prototype that agrees with the function or does not.
    for first, second in itertools.product(("b32", "f32", "b64", "aligned", "bytes", "reg32", "open"), repeat=2):
        head = f".func f({FORMALS[first].format('a')}) {{ ret; }}\n.func g({FORMALS[second].format('a')}) {{ ret; }}\n"
        yield head + ENTRY.format(f"{LOCALS} .reg .b64 t; T: .calltargets f, g; call t, (s32), T;")
        yield head + ENTRY.format(f"{LOCALS} .reg .b64 t; P: .callprototype _ ({FORMALS[first].format('_')}); T: .calltargets f, g; call t, (s64), P;")
        yield f".func f({FORMALS[first].format('a')});\n.func f({FORMALS[second].format('a')}) {{ ret; }}\n"
        yield f".func ({FORMALS[first].format('a')}) f();\n.func ({FORMALS[second].format('a')}) f() {{ ret; }}\n"
        yield f".func f({FORMALS[first].format('a')}) {{ ret; }}\n.func g({FORMALS[second].format('b')});\n.alias g, f;\n"
    # Attributes of functions and prototypes.
    for guard, uni, attribute, body in itertools.product(("", "@p ", "@!p "), ("", ".uni"), ("", ".noreturn", ".abi_preserve 4", ".abi_preserve_control 4", ".noreturn .noreturn"), ("ret;", "exit;", "trap;", "", "L: bra L;")):
        yield f".func f() {attribute} {{ {body} }}\n" + ENTRY.format(f".reg .pred p; {guard}call{uni} f;")
        yield f".func f() {{ {body} }}\n" + ENTRY.format(f".reg .pred p; .reg .b64 t; mov.b64 t, f; P: .callprototype _ () {attribute}; {guard}call{uni} t, P;")
    for n in range(4):
        for m in range(4):
            formals = ", ".join(f".param .b32 a{k}" for k in range(n))
            actuals = ", ".join("s32" for _ in range(m))
            for result in ("", "(.param .b32 o) "):
                for got in ("", "(s32), ", "(_), ", "(s32, s32), ", "(), "):
                    yield f".func {result}f({formals}) {{ ret; }}\n" + ENTRY.format(f"{LOCALS} call {got}f, ({actuals});")


def branches():
    """Guards on every kind of control flow; labels and lists of targets before, behind, inside and outside."""
    regs = ".reg .pred p; .reg .v2 .pred pv; .reg .b32 r; .reg .b16 h; .reg .u32 u; .reg .s32 s; .reg .f32 x; .reg .b64 d; "
    for function in (".entry k()", ".func k()", ".func (.param .b32 o) k()"):
        for guard in ("", "@p ", "@!p ", "@r ", "@x ", "@1 ", "@!!p ", "@q ", "@%tid.x ", "@pv ", "@pv.x ", "@p|p ", "@WARP_SZ "):
            for text in ("bra A;", "bra.uni A;", "ret;", "ret.uni;", "exit;", "trap;", "brkpt;", "call f;", "brx.idx r, T;", "brx.idx.uni r, T;", "bra B;", "{ bra A; }", "B: ret;", ";", "mov.b32 r, 1;"):
                yield f".func f() {{ ret; }}\n{function} {{ {regs}T: .branchtargets A, A; {guard}{text} A: ret; }}\n"
    for index in ("r", "h", "u", "s", "x", "d", "p", "1", "0", "%tid.x", "_", "-r", "r, r"):
        for targets in ("A", "A, B", "A, A", "N<2>", "N<3>", "A, N<2>", "N<2>, A", "N<0>", "Z", "", "f", "1", "A B", "A,", "N"):
            yield f".func f() {{ ret; }}\n.entry k() {{ {regs}T: .branchtargets {targets}; brx.idx {index}, T; A: B: N0: N1: ret; }}\n"
    # Where a label may be seen from.
    for place in ("{0} {1}", "{1} {0}", "{{ {0} }} {1}", "{0} {{ {1} }}", "{{ {0} {{ {1} }} }}", "{{ {0} }} {{ {1} }}", "{{ {{ {0} }} {1} }}", "{{ {1} {0} }}", "{1} {{ {0} }}", "{{ {1} }} {0}", "{1} {1} {0}", "{{ {1} {0} }} {1}"):
        for use in ("bra A;", "@p bra A;", "T: .branchtargets A; brx.idx r, T;", "T: .branchtargets A, A;", "mov.b64 d, A;", "call A;", "T: .calltargets A;", ".loc 1 2 3, function_name A, inlined_at 1 2 3"):
            for label in ("A:", "A: ret;", "A: B:", ".reg .b32 A;", "A: A:"):
                yield f".file 1 \"a.cu\"\n.entry k() {{ {regs}" + place.format(use, label) + " ret; }\n"


def performance():
    """Launch bounds and clusters: values around their limits, together, repeated, on kernels, functions and declarations."""
    bounds = {
        ".maxntid": ("1", "32", "1024", "1025", "32, 32", "32, 33", "1, 1, 64", "1, 1, 65", "1024, 1, 1", "0, 1, 1"),
        ".reqntid": ("1", "32", "1024", "1025", "32, 32", "32, 33", "1, 1, 64", "16, 2, 1"),
        ".minnctapersm": ("0", "1", "32", "33"), ".maxnctapersm": ("1", "32"), ".maxnreg": ("0", "1", "15", "16", "255", "256"),
        ".reqnctapercluster": ("1", "8", "9", "16", "17", "2, 2, 2", "2, 2, 4", "3"), ".maxclusterrank": ("0", "1", "8", "16", "17"),
        ".explicitcluster": ("",), ".blocksareclusters": ("",), ".noreturn": ("",), ".abi_preserve": ("0", "8", "256"), ".abi_preserve_control": ("0", "8"), '.pragma "nounroll";': ("",),
    }
    every = [f"{word} {v}".strip() for word, values in bounds.items() for v in values]
    for a in every:
        for head in (".entry k()", ".visible .entry k(.param .b32 a)", ".func f()", ".func (.param .b32 o) f()"):
            yield f"{head} {a} {{ ret; }}\n"
        yield f".entry k() {a};\n"
        yield f".extern .entry k() {a};\n.entry k() {a} {{ ret; }}\n"
        yield f".func f() {a};\n.func f() {{ ret; }}\n"
        yield f".version 9.0\n.target sm_80\n.address_size 64\n.entry k() {a} {{ ret; }}\n"
    few = [f"{word} {values[min(1, len(values) - 1)]}".strip() for word, values in bounds.items()] + [".reqntid 16", ".reqnctapercluster 2, 1, 1", ".maxntid 64", ".maxclusterrank 2", ".reqntid 64, 2"]
    for a, b in itertools.product(few, repeat=2):
        yield f".entry k() {a}\n{b} {{ ret; }}\n"
    for a, b, c in itertools.combinations([w for w in few if w.split()[0] in (".maxntid", ".reqntid", ".minnctapersm", ".reqnctapercluster", ".maxclusterrank", ".explicitcluster", ".blocksareclusters", ".maxnreg")], 3):
        yield f".entry k() {a} {b} {c} {{ ret; }}\n"


def linkage():
    """Aliases of functions of every linkage, defined and not, in either order; functions declared several times."""
    words = ("", ".visible ", ".weak ", ".extern ")
    for a, b, defined, order, kinds in itertools.product(words, words, ((1, 1), (1, 0), (0, 1), (0, 0)), range(3), ((".func", ".func"), (".entry", ".func"), (".func", ".entry"))):
        first = f"{a}{kinds[0]} f()" + (" { ret; }\n" if defined[0] else ";\n")
        second = f"{b}{kinds[1]} g()" + (" { ret; }\n" if defined[1] else ";\n")
        alias = ".alias g, f;\n"
        yield (first + second + alias, second + first + alias, first + alias + second)[order]
    for a, b, c in itertools.product(words, repeat=3):
        yield f"{a}.func f();\n{b}.func f();\n{c}.func f() {{ ret; }}\n"
        yield f"{a}.global .b32 x;\n{b}.global .b32 x;\n{c}.global .b32 x;\n"
        yield f"{a}.func f();\n{b}.func f() {{ ret; }}\n{c}.func f();\n" + ENTRY.format("call f;")


def all_modules():
    for source in (variables(), initialisers(), calls(), branches(), performance(), linkage()):
        yield from source
