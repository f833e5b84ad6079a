"""The corpus of small PTX programs on which ptxas and our frontend are asked for a verdict.

An instruction case is one instruction inside a standard function (see function()); a module case is a whole text. Both
come from the instruction table (frontend/isa/*.isa) and from lists of declarations in modules.py, so the corpus grows with
the table. It is wide rather than deep: what is varied, is varied alone, from a base that should be legal.
"""
import os
import re
import sys
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "frontend", "isa"))
import generate  # noqa: E402

REGISTERS = {  # type: register
    "pred": "%p1", "b16": "%h1", "u16": "%uh1", "s16": "%sh1", "f16": "%hf1", "b32": "%r1", "u32": "%ur1", "s32": "%sr1",
    "f32": "%f1", "f16x2": "%hx1", "b64": "%rd1", "u64": "%ud1", "s64": "%sd1", "f64": "%fd1", "b128": "%q1", "b8": "%b1",
}
HEADER = """.version {version}
.target {target}
.address_size 64
.global .align 16 .b8 gv[1024];
.const .align 16 .b8 cv[1024];
.global .texref tv;
.global .surfref fv;
.shared .align 16 .b8 sv[1024];
"""
DECLARATIONS = (
    ".reg .pred %p<9>; .reg .b8 %b<9>; .reg .b16 %h<9>; .reg .u16 %uh<9>; .reg .s16 %sh<9>; .reg .f16 %hf<9>; "
    ".reg .b32 %r<9>; .reg .u32 %ur<9>; .reg .s32 %sr<9>; .reg .f32 %f<9>; .reg .f16x2 %hx<9>; "
    ".reg .b64 %rd<9>; .reg .u64 %ud<9>; .reg .s64 %sd<9>; .reg .f64 %fd<9>; "
    ".reg .v2 .b32 %vd<3>; .reg .v4 .b32 %vq<3>; .reg .v2 .f32 %vf<3>; .reg .v4 .u16 %vh<3>; "
)
FAMILIES = {  # of registers of one width
    "%b": ["%b"], **{r: ["%h", "%uh", "%sh", "%hf"] for r in ("%h", "%uh", "%sh", "%hf")}, **{r: ["%r", "%ur", "%sr", "%f", "%hx"] for r in ("%r", "%ur", "%sr", "%f", "%hx")},
    **{r: ["%rd", "%ud", "%sd", "%fd"] for r in ("%rd", "%ud", "%sd", "%fd")}, "%q": ["%q"], "%p": ["%p"],
}
WIDE = {"u16": "u32", "s16": "s32", "u32": "u64", "s32": "s64"}
COORDINATES = {"1d": 1, "2d": 2, "3d": 3, "4d": 4, "5d": 5, "a1d": 2, "a2d": 4, "cube": 4, "acube": 4, "2dms": 4, "a2dms": 4}
OTHER_OPERANDS = [
    "_", "1", "1.5", "0f3F800000", "-1", "300", "%tid.x", "%clock64", "gv", "gv+4", "sv", "!%p1", "-%r1", "{%r1, %r2}", "{%r1}",
    "[%rd1]", "[%r1]", "[sv]", "[gv+4]", "[gv+3]", "[%rd1+8]", "[%f1]", "[16]", "%r1|%p1", "%p1|%p2", "%r1.b0", "%r1.h1", "(%r1)",
]
# Each with the first PTX version that knows it.
TARGETS = {
    "sm_60": 50, "sm_61": 50, "sm_70": 60, "sm_72": 61, "sm_75": 63, "sm_80": 70, "sm_86": 71, "sm_87": 74, "sm_89": 78, "sm_90": 78,
    "sm_90a": 80, "sm_100": 86, "sm_100a": 86, "sm_100f": 88, "sm_103": 88, "sm_103a": 88, "sm_103f": 88, "sm_110": 90, "sm_110a": 90,
    "sm_110f": 90, "sm_120": 87, "sm_120a": 87, "sm_120f": 88, "sm_121": 88, "sm_121a": 88, "sm_121f": 88,
}
VERSIONS = [60, 61, 62, 63, 64, 65, 70, 71, 72, 73, 74, 75, 76, 77, 78, 80, 81, 82, 83, 84, 85, 86, 87, 88, 90]


def header(version, target):
    return HEADER.format(version=f"{version // 10}.{version % 10}", target=target)


def function(name, instruction, version):
    """One line: errors that ptxas reports for it name the line."""
    wide = ".reg .b128 %q<9>; " if version >= 83 else ""
    return f".visible .entry {name}(.param .align 16 .b8 pv[64]) {{ {DECLARATIONS}{wide}.local .align 16 .b8 lv[64]; {instruction} L: ret; }}\n"


def natural_register(spelling, bits):
    """Register that an operand of this type wants."""
    if spelling in REGISTERS and spelling != "b8":
        return REGISTERS[spelling]
    if bits <= 16:
        return "%h1"
    return {32: "%r1", 64: "%rd1", 128: "%q1"}[bits]


def number(register, n):
    """%r1 -> %r<n>; there are nine of each."""
    return re.sub(r"1$", str(n % 9), register)


class Corpus:
    """cases: {(version, target, instruction): form's syntax}, in the order of the table."""

    def __init__(self, only=None):
        types = generate.read_types(os.path.join(ROOT, "frontend/isa/types.def"))
        text = open(os.path.join(ROOT, "frontend/isa/types.def")).read()
        self.bits = {s: int(b) for s, b in re.findall(r'W2W_PTX_TYPE\(\w+, "(\w+)", (\d+)', text)}
        self.spelling = {v: k for k, v in types.items()}
        self.table = generate.Table(types)
        folder = os.path.join(ROOT, "frontend/isa")
        for f in sorted(os.listdir(folder)):
            if f.endswith(".isa"):
                self.table.read(os.path.join(folder, f))
        self.suffixes = {}  # opcode -> every modifier that some form of it has
        for form in self.table.forms:
            for slot in form["slots"]:
                if not slot["is_type"]:
                    self.suffixes.setdefault(form["opcode"], {}).update(dict.fromkeys(slot["spellings"]))
        self.cases = {}
        self.kind = ""
        for form in self.table.forms:
            if form["opcode"] not in ("call", "bra", "brx") and (not only or form["opcode"] == only):
                self.form(form)

    def target(self, form):
        archs = form["requirement"].arch + [a for _, r in form["needs"] for a in r.arch]
        sm = max([form["requirement"].sm] + [r.sm for _, r in form["needs"]])
        if form["requirement"].until_sm:
            return "sm_60"
        if archs:
            return "sm_" + archs[0].replace("f", "a")
        return "sm_100" if sm > 90 else "sm_90" if sm > 89 else "sm_89"

    def add(self, form, suffixes, operands, version=90, target=None):
        if form["opcode"] == "wmma" and version < 63 and rank((form["syntax"], version)) % 2:
            suffixes = [s for s in suffixes if s != "aligned"]  # required since PTX ISA 6.3 only
        text = ".".join([form["opcode"]] + [s for s in suffixes if s])
        if operands:
            text += " " + ", ".join(operands)
        self.cases.setdefault((version, target or self.target(form), text + ";"), (form["syntax"], self.kind))

    def form(self, form):
        slots = form["slots"]
        base = [None if s["optional"] else s["spellings"][0] for s in slots]
        last = [None if s["optional"] else s["spellings"][-1] for s in slots]
        good = self.operands(form, base)
        self.kind = "spelling"
        self.add(form, base, good)
        for i, slot in enumerate(slots):
            for s in slot["spellings"][:48]:
                choice = base[:i] + [s] + base[i + 1 :]
                self.add(form, choice, self.operands(form, choice))
        # two optional or required choices together
        self.kind = "pair"
        for i, a in enumerate(slots):
            for j in range(i + 1, len(slots)):
                b = slots[j]
                for s in a["spellings"][:12]:
                    for t in b["spellings"][:12]:
                        choice = list(base)
                        choice[i], choice[j] = s, t
                        self.add(form, choice, self.operands(form, choice))
        # suffixes that are missing, foreign, double, or in another order
        self.kind = "foreign"
        for i, slot in enumerate(slots):
            if not slot["optional"]:
                self.add(form, base[:i] + [None] + base[i + 1 :], good)
            if slot["is_type"]:
                for t in self.bits:
                    choice = base[:i] + [t] + base[i + 1 :]
                    self.add(form, choice, self.operands(form, choice))
        first_type = next((i for i, s in enumerate(slots) if s["is_type"]), len(slots))
        for s in list(self.suffixes.get(form["opcode"], ())) + ["ftz", "sat", "uni", "v2", "rn", "global", "noftz"]:
            if s not in base:
                self.add(form, base[:first_type] + [s] + base[first_type:], good)
        full = [s["spellings"][0] for s in slots]
        for choice in (base, full):
            written = [c for c in choice if c]
            operands = self.operands(form, choice)
            for i in range(len(written) - 1):
                self.add(form, written[:i] + [written[i + 1], written[i]] + written[i + 2 :], operands)
            if written:
                self.add(form, written[::-1], operands)
                self.add(form, written[:1] + written, operands)
                self.add(form, written + written[-1:], operands)
        # operands: other registers and constants, for the first and the last choice of types
        self.kind = "operand"
        for choice in (base, last):
            operands = self.operands(form, choice)
            for i in range(len(operands)):
                for a in list(REGISTERS.values()) + OTHER_OPERANDS:
                    self.add(form, choice, operands[:i] + [a] + operands[i + 1 :])
                if operands[i].startswith("{"):
                    elements = operands[i][1:-1].split(", ")
                    for e in (elements[:-1], elements + elements[-1:], ["_"] + elements[1:], ["1"] + elements[1:], ["%f1"] + elements[1:], ["%fd1"] + elements[1:], ["%h1"] + elements[1:]):
                        self.add(form, choice, operands[:i] + ["{" + ", ".join(e) + "}"] + operands[i + 1 :])
                self.constants(form, choice, operands, i)
                for a in self.tensors(operands[i]):
                    self.add(form, choice, operands[:i] + [a] + operands[i + 1 :])
                if operands[i].startswith("["):
                    for a in ("[lv]", "[cv]", "[pv]", "[tv]", "[fv]", "[%rd1], 1", "[%ud1]", "[%sd1]", "[%fd1]", "[gv+-4]", "[L]"):
                        self.add(form, choice, operands[:i] + [a] + operands[i + 1 :])
            if operands:
                self.add(form, choice, operands[:-1])
            for extra in ("%r2", "%rd2", "%p2", "1", "{%r1, %r2}"):
                self.add(form, choice, operands + [extra])
            if operands:
                self.add(form, choice, operands[1:] + operands[:1])
        # lists: registers of one width and of several classes, constants or `_` alone
        self.kind = "list"
        for choice in (base, last):
            operands = self.operands(form, choice)
            for i, operand in enumerate(operands):
                for e in self.lists(operand):
                    self.add(form, choice, operands[:i] + ["{" + ", ".join(e) + "}"] + operands[i + 1 :])
        # special registers in lists, and vectors for lists and registers
        self.kind = "special"
        for choice in (base, last):
            operands = self.operands(form, choice)
            for i, operand in enumerate(operands):
                for e in self.specials(operand):
                    self.add(form, choice, operands[:i] + [e] + operands[i + 1 :])
        # operands that may be left out
        if any(o["optional"] for o in form["operands"]):
            self.kind = "operand"
            for choice in (base, last):
                operands = self.operands(form, choice, True)
                self.add(form, choice, operands)
                for i in range(len(operands)):
                    for a in list(REGISTERS.values()) + OTHER_OPERANDS:
                        self.add(form, choice, operands[:i] + [a] + operands[i + 1 :])
                    self.constants(form, choice, operands, i, True)
        self.kind = "guard"
        text = ".".join([form["opcode"]] + [s for s in base if s]) + (" " + ", ".join(good) if good else "") + ";"
        for guard in ("@%p3", "@!%p3", "@%r3", "@p3", "@!%f1", "@%is_explicit_cluster", "@!%is_explicit_cluster", "@%laneid", "@%tid.x"):
            if guard == "@%p3" or rank((guard, text)) % 8 == 0:
                self.cases.setdefault((90, self.target(form), f"{guard} {text}"), (form["syntax"], self.kind))
        self.requirements(form, base)

    def constants(self, form, choice, operands, i, optional=False):
        """Constants around the borders of the i-th operand, and around the constant before it."""
        written = {generate.identifier(c) for c in choice if c}
        specs = [o for o in form["operands"] if (optional or not o["optional"]) and (not o["condition"] or o["condition"] in written)]
        spec, kind, self.kind = specs[i], self.kind, "border"
        numbers = []
        if spec["one_of"]:
            numbers += range(spec["low"] - 1, spec["high"] + 2)
        elif spec["ranged"]:
            step = spec["multiple"] or 1
            numbers += [spec["low"] - step, spec["low"] - 1, spec["low"], spec["high"], spec["high"] + 1, spec["high"] + step]
        if spec["multiple"]:
            numbers += [0, spec["multiple"], 2 * spec["multiple"], spec["multiple"] + 1, spec["multiple"] // 2]
        if spec["power_of_two"]:
            numbers += [-8, 0, 1, 2, 3, 4, 6, 8, 24, 4096]
        for n in numbers:
            self.add(form, choice, operands[:i] + [str(n)] + operands[i + 1 :])
        if spec["ranged"]:
            for a in ("0.5", "1.5", "0.0", "-0.5", "2.0"):
                self.add(form, choice, operands[:i] + [a] + operands[i + 1 :])
        if spec["relation"] != "None":
            for before, n in ((16, 15), (16, 16), (16, 17), (16, 0), (16, -1), (8, 9), (4, 4), (4, 5)):
                self.add(form, choice, operands[: i - 1] + [str(before), str(n)] + operands[i + 1 :])
        self.kind = kind

    @staticmethod
    def lists(operand):
        """Variations of a list that concern all of its elements."""
        m = re.fullmatch(r"\{(%[a-z]+)\d(, %[a-z]+\d)*\}", operand)
        if not m:
            return
        n = operand.count(",") + 1
        family = FAMILIES[m[1]]
        of = lambda prefix, k: f"{prefix}{(k + 1) % 9}"
        for a in family:
            yield [of(a, k) for k in range(n)]
        for a in family:
            for b in family:
                if n > 1 and a != b:
                    yield [of(a, 0)] + [of(b, k) for k in range(1, n)]
        for a in ("_", "1", "1.5", "0f3F800000"):
            yield [a] * n
        for a in ("1", "1.5", "0f3F800000", "%b1", "%h1", "%r1", "%rd1", "_"):
            for b in family[:4]:
                if n > 1:
                    yield [of(b, k) for k in range(n - 1)] + [a]

    @staticmethod
    def specials(operand):
        """Lists with special registers, and vectors by themselves, instead of a list, a coordinate or a register of mov."""
        m = re.fullmatch(r"(?:(\[\S+, ))?\{(%[a-z]+\d(?:, %[a-z]+\d)*)\}\]?", operand)
        if not m:
            if operand in ("%h1", "%r1", "%rd1", "%q1"):
                yield from ("%vd1", "%vq1", "%vd1.x", "%vd1.z", "%tid", "-%r1", operand + ".x")
            return
        elements = m[2].split(", ")
        whole = (lambda e: f"{m[1]}{e}]") if m[1] else (lambda e: e)
        for s in ("%tid.x", "%clock64", "%is_explicit_cluster", "%tid", "%envreg1", "-%r1", "!%r1", "%r1.x", "%r1.b0", "%vd1", "%vd1.y", "%vd1.z"):
            yield whole("{" + ", ".join([s] + elements[1:]) + "}")
            yield whole("{" + ", ".join([s] * len(elements)) + "}")
        yield whole("{" + ", ".join(["1"] + elements[2:] + ["%tid.x"]) + "}")
        yield from map(whole, ("%vd1", "%vq1", "%vf1", "%vh1", "%vd1.x", "%tid", "%ctaid", "%tid.x", "%clusterid"))

    @staticmethod
    def tensors(operand):
        """Variations of a texture, surface or tensor map and its coordinates."""
        tensor = re.fullmatch(r"\[(\S+), \{(.*)\}\]", operand)
        if tensor:
            name, at = tensor[1], tensor[2].split(", ")
            for other in (at[:-1], at + at[-1:], ["%f1"] + at[1:], ["%rd1"] + at[1:], ["%h1"] + at[1:], ["%ur1"] + at[1:], ["%sr1"] + at[1:], ["7"] + at[1:], ["1.5"] + at[1:],
                          ["_"] + at[1:], ["%p1"] + at[1:], ["%tid.x"] + at[1:], []):
                yield f"[{name}, {{{', '.join(other)}}}]"
            for base in ("%r1", "%ud1", "%fd1", "%h1", "gv", "sv", "cv", "pv", "tv", "fv", "16", "%rd1+8"):
                yield f"[{base}, {{{', '.join(at)}}}]"
            yield f"[{name}]"
            yield f"[{name}, {at[0]}]"
            yield f"[{name}, {{{', '.join(at)}}}, {{{', '.join(at)}}}]"

    def requirements(self, form, base):
        """The form, and each suffix that has a requirement of its own, on every target and around its first version."""
        self.kind = "requirement"
        choices = [base]
        def bare(terms):
            return {re.sub(r"^T\d:", "", t) for t in terms}

        needs = {t for n, _ in form["needs"] for t in bare(n)}
        for i, slot in enumerate(form["slots"]):
            choices += [base[:i] + [s] + base[i + 1 :] for s in slot["spellings"] if s in needs and s != base[i]]
        for choice in choices:
            operands = self.operands(form, choice)
            for target in TARGETS:
                self.add(form, choice, operands, 90, target)
            first = max([form["requirement"].ptx] + [r.ptx for n, r in form["needs"] if bare(n) <= set(choice)])
            sm = max([form["requirement"].sm] + [r.sm for n, r in form["needs"] if bare(n) <= set(choice)])
            archs = form["requirement"].arch + [a for n, r in form["needs"] if bare(n) <= set(choice) for a in r.arch]
            if form["requirement"].earlier:
                earlier = form["requirement"].earlier
                for v in VERSIONS:
                    if earlier.ptx - 4 <= v <= first + 1:
                        self.add(form, choice, operands, v, f"sm_{earlier.sm}")
            target = "sm_" + archs[0] if archs else next(t for t in TARGETS if int(re.sub(r"\D", "", t)) >= sm)
            if form["requirement"].until_sm:
                target = "sm_60"
            for v in VERSIONS:
                if v >= TARGETS[target] and (first - 4 <= v <= first + 2 or v in (60, 70, 80)):
                    self.add(form, choice, operands, v, target)

    def type_of(self, reference, types):
        kind, index, fixed = re.fullmatch(r"\{TypeRef::Kind::(\w+), (\d+), Type::(\w+)\}", reference).groups()
        if kind == "Slot":
            return (types[int(index)] if int(index) < len(types) else None) or "b32"
        if kind == "SlotWide":
            return WIDE.get(types[int(index)], "u64")
        if kind == "Fixed":
            return self.spelling[fixed]
        return "u64" if kind == "Pointer" else "b32"

    def any_length(self, form, choice, index):
        """Registers of a list whose length the shape decides."""
        written = [c for c in choice if c]
        if form["opcode"] == "wgmma":
            n = next(int(re.match(r"m64n(\d+)", c)[1]) for c in written if c.startswith("m64n"))
            return "%f1" if "f32" in written else "%r1", n // 4 if "f16" in written and "f32" not in written else n // 2
        if "x1" in written or any(re.fullmatch(r"x\d+", c) for c in written):
            n = next(int(c[1:]) for c in written if re.fullmatch(r"x\d+", c))
            per = {"16x128b": 2, "16x256b": 4}.get(next((c for c in written if re.fullmatch(r"\d+x\d+bx?2?", c)), ""), 1)
            return "%f1" if "f32" in written else "%r1", n * per
        return "%r1", 8 if "cta_group::2" in written else 4

    def operands(self, form, choice, optional=False):
        types = [c for c, s in zip(choice, form["slots"]) if s["is_type"]]
        written = {generate.identifier(c) for c in choice if c}
        out = []
        for position, o in enumerate(form["operands"]):
            if (o["optional"] and not optional) or (o["condition"] and o["condition"] not in written):
                continue
            type_ = self.type_of(o["type"], types) if o["type"] != "{}" else "b32"
            register = natural_register(type_, self.bits[type_])
            shape, vector = o["shape"], o["vector"]
            if vector == "OperandSpec::kByModifier":
                n = next((int(v[1]) for v in ("v2", "v4", "v8") if v in written), 0)
                text = "{" + ", ".join(number(register, k + 1) for k in range(n)) + "}" if n else register
            elif vector == "OperandSpec::kPack":
                half = {8: "%b1", 16: "%b1", 32: "%h1", 64: "%r1", 128: "%rd1"}.get(self.bits[type_], "%r1")
                text = "{%s, %s}" % (half, number(half, 2))
            elif vector == "OperandSpec::kAnyLength":
                register, n = self.any_length(form, choice, position)
                text = "{" + ", ".join(number(register, k + 1) for k in range(n)) + "}"
            elif vector:
                text = "{" + ", ".join(number(register, k + 1) for k in range(vector)) + "}"
            elif shape == "Immediate":
                text = str(max(o["low"], 1) if o["high"] != 0 or o["low"] == 0 and o["high"] == 0 else 0)
                if o["high"] and o["low"] == o["high"]:
                    text = str(o["low"])
            elif shape == "RegisterAddress":
                text = "[%rd1]"
            elif shape == "Address":
                space = o["space"] or next((w for w in ("shared", "global", "local", "const_", "param") if w in written), "")
                text = {"shared": "[sv]", "global": "[gv]", "local": "[lv]", "const_": "[cv]", "param": "[pv]"}.get(space, "[%rd1]")
                if any(w.startswith("shared") for w in written) and not o["space"]:
                    text = "[sv]"
                if any(w.startswith("param") for w in written) and not o["space"]:
                    text = "[pv]"
            elif shape in ("Texture", "Surface", "Tensor"):
                n = next((COORDINATES[c] for c in choice if c in COORDINATES), 1)
                if {"tile_gather4", "tile_scatter4"} & written:
                    n = 5
                if shape == "Tensor" and "3d" in choice:
                    n = 3
                kind = "%f" if shape == "Texture" and types[-1:] == ["f32"] else "%r"
                coordinates = "{" + ", ".join(f"{kind}{k + 1}" for k in range(n)) + "}"
                text = "[%s, %s]" % ({"Texture": "tv", "Surface": "fv", "Tensor": "%rd1"}[shape], coordinates)
            elif shape == "Query":
                text = "[fv]" if form["opcode"] == "suq" else "[tv]"
            elif shape == "Coordinates":
                n = {"1d": 1, "a1d": 1, "2d": 2, "a2d": 2}.get(next((c for c in choice if c in COORDINATES), ""), 4)
                if form["opcode"] == "cp":  # offsets of im2col copies
                    n = COORDINATES[next(c for c in choice if c in COORDINATES)] - 2 if "im2col" in choice else 2
                    n = max(n, 1)
                text = "{" + ", ".join(number(register, k + 1) for k in range(n)) + "}" if n > 1 or form["opcode"] == "cp" else register
            elif shape in ("Label", "Targets", "CallOperands"):
                text = "L"
            elif shape == "Sink":
                text = "_"
            elif shape.startswith("ScaleSelector"):
                text = "{%uh1, %uh2}"
            else:
                text = register
            if shape == "Pair":
                second = self.type_of(o["type2"], types)
                text += "|" + number(natural_register(second, self.bits[second]), 2)
            out.append(text)
        return out


def rank(case):
    """A number that does not depend on the order of the table, for samples."""
    return zlib.crc32(repr(case).encode())
