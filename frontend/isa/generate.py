#!/usr/bin/env python3
"""Turns the instruction table (*.isa) into C++: the enumerations and the rows of the table.

usage: generate.py OUTPUT_DIR TYPES_DEF FILE.isa...

Writes OUTPUT_DIR/isa_enums.inc (included by isa.h) and OUTPUT_DIR/isa_tables.inc (included by forms.cpp).
The grammar of the table is described in README.md beside this file.
"""
import os
import re
import sys

KEYWORDS = set(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const consteval
    constexpr constinit continue decltype default delete do double else enum explicit export extern false float for
    friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
    protected public register requires return short signed sizeof static struct switch template this throw true try
    typedef typeid typename union unsigned using virtual void volatile while xor xor_eq""".split()
)


class TableError(Exception):
    pass


def identifier(spelling):
    """C++ enumerator for a modifier or opcode: `::` becomes `_`, keywords get a trailing underscore."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", spelling)
    if name[0].isdigit():
        name = "_" + name
    return name + "_" if name in KEYWORDS else name


def read_types(path):
    """{spelling: enumerator} of types.def."""
    found = re.findall(r'^W2W_PTX_TYPE\((\w+), "(\w+)"', open(path).read(), re.M)
    return {spelling: name for name, spelling in found}


def expand_ranges(text):
    """`pm{0..7}` -> pm0 ... pm7; `m64n{8..256..8}k16` with a step."""
    m = re.search(r"\{(\d+)\.\.(\d+)(?:\.\.(\d+))?\}", text)
    if not m:
        return [text]
    out = []
    for i in range(int(m[1]), int(m[2]) + 1, int(m[3] or 1)):
        out += expand_ranges(text[: m.start()] + str(i) + text[m.end() :])
    return out


def split_top(text, separator):
    """Splits at separators outside brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        if c in "([{<":
            depth += 1
        elif c in ")]}>":
            depth -= 1
        elif c == separator and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return parts


class Requirement:
    """ptx 8.0 sm 90 | ptx 8.0 arch 90a 100f | until-sm 70 | ptx 8.1 sm 89 or ptx 7.8 sm 90"""

    def __init__(self, text=""):
        self.ptx, self.sm, self.until_sm, self.arch = 0, 0, 0, []
        text, _, earlier = text.partition(" or ")
        self.earlier = Requirement(earlier) if earlier else None
        words = text.split()
        i = 0
        while i < len(words):
            if words[i] == "ptx":
                major, minor = words[i + 1].split(".")
                self.ptx = int(major) * 10 + int(minor)
                i += 2
            elif words[i] == "sm":
                self.sm = int(words[i + 1])
                i += 2
            elif words[i] == "until-sm":
                self.until_sm = int(words[i + 1])
                i += 2
            elif words[i] == "arch":
                i += 1
                while i < len(words) and re.fullmatch(r"\d+[af]", words[i]):
                    self.arch.append(words[i])
                    i += 1
            else:
                raise TableError(f"unknown requirement '{words[i]}'")

    def cpp(self):
        arch = ", ".join("{%s, '%s'}" % (a[:-1], a[-1]) for a in self.arch)
        if len(self.arch) > 4:
            raise TableError("more than four architectures in one requirement")
        earlier = (self.earlier.ptx, self.earlier.sm) if self.earlier else (0, 0)
        return "{%d, %d, %d, {%s}, %d, %d}" % (self.ptx, self.sm, self.until_sm, arch, *earlier)


class Table:
    def __init__(self, types):
        self.types = types
        self.opcodes, self.mods, self.sregs = {}, {}, []
        self.forms = []  # dictionaries
        self.sections = {}

    # -- parsing of the text -------------------------------------------------------------------------------------
    def read(self, path):
        self.lets, self.needs, self.rules, self.section = {}, [], [], ""
        for number, line in enumerate(open(path), 1):
            line = line.split("#!")[0].rstrip()
            if re.match(r"\s*#", line) or not line.strip():
                continue
            try:
                self.line(line.strip())
            except (TableError, IndexError, ValueError) as e:
                sys.exit(f"{path}:{number}: {e}: {line}")

    def line(self, text):
        m = re.match(r"let\s+(\w+)\s*=\s*(\S+)$", text)
        if m:
            self.lets[m[1]] = self.substitute(m[2])
        elif text.startswith("section "):
            self.section = text.split()[1]
            self.needs, self.rules = [], []
        elif text.startswith("needs "):
            _, names, requirement = text.split(None, 2)
            for when in self.conjunctions(names):
                self.needs.append((when, Requirement(requirement)))
        elif text.startswith("rule "):
            _, names, verb, others = text.split()
            if verb not in ("needs", "forbids"):
                raise TableError(f"unknown verb '{verb}'")
            what = [t for w in self.conjunctions(others) for t in w]
            self.rules += [(when, verb == "needs", what) for when in self.conjunctions(names)]
        elif text.startswith("sreg "):
            self.special_register(text)
        else:
            self.form(text)

    def substitute(self, text):
        def value(m):
            if m[1] not in self.lets:
                raise TableError(f"${m[1]} is not defined")
            return self.lets[m[1]]

        return re.sub(r"\$(\w+)", value, text)

    def conjunctions(self, text):
        """`a|b&c` -> [[a], [b, c]]; ranges expanded."""
        return [n.split("&") for name in self.substitute(text).split("|") for n in expand_ranges(name)]

    def terms(self, names, slots):
        """Terms of a row as C++; None if the row has no such modifier or type. `T2:f32` is a type in the second slot."""
        types = [s for s in slots if s["is_type"]]
        out = []
        for name in names:
            m = re.fullmatch(r"T(\d):(\w+)", name)
            if m:
                if int(m[1]) > len(types) or m[2] not in types[int(m[1]) - 1]["spellings"]:
                    return None
                out.append("{kNoMod, Type::%s, %d}" % (self.types[m[2]], int(m[1]) - 1))
            elif name in self.types:
                if not any(name in s["spellings"] for s in types):
                    return None
                out.append("{kNoMod, Type::%s, Term::kAnySlot}" % self.types[name])
            else:
                # The spelling, or the enumerator where a spelling occurs twice.
                mods = [n for s in slots for n, spelling in s["mods"] if name == n] or [n for s in slots for n, spelling in s["mods"] if name == spelling]
                if not mods:
                    return None
                out.append("{Mod::%s, Type::None, Term::kAnySlot}" % mods[0])
        return out

    def special_register(self, text):
        body, _, requirement = text.partition(";")
        words = body.split()
        for name in expand_ranges(words[1]):
            self.sregs.append((name, self.types[words[2]], 4 if "v4" in words else 1, Requirement(requirement), self.section))

    def form(self, text):
        body, _, requirement = text.partition(";")
        words = body.split(None, 1)
        pattern = self.substitute(words[0])
        operands = words[1].strip() if len(words) > 1 else ""
        parts = split_top(pattern, ".")
        opcode = parts[0]
        self.opcodes.setdefault(opcode, identifier(opcode))
        slots = [self.slot(p) for p in parts[1:]]
        needs = [(n, r) for n, r in self.needs if self.terms(n, slots)]
        rules = [(w, n, [t for t in o if self.terms([t], slots)]) for w, n, o in self.rules if self.terms(w, slots)]
        specs = [self.operand(o.strip(), slots) for o in split_top(operands, ",")] if operands else []
        self.forms.append(
            dict(
                opcode=opcode,
                syntax=re.sub("[!~]", "", pattern) + (" " + re.sub(r"\s+", " ", operands) if operands else ""),
                section=self.section,
                slots=slots,
                operands=specs,
                requirement=Requirement(requirement),
                needs=needs,
                rules=[r for r in rules if r[2]],
            )
        )

    def slot(self, text):
        pinned = {"!": "All", "~": "Next"}.get(text[-1], "None")
        if pinned != "None":
            text = text[:-1]
        optional = text.endswith("?")
        if optional:
            text = text[:-1]
        if text.startswith("("):
            text = text[1:-1]
        alternatives = [e for a in text.split("|") for e in expand_ranges(a)]
        is_type = [a in self.types for a in alternatives]
        if any(is_type) and not all(is_type):
            raise TableError(f"types and modifiers mixed in '{text}'")
        mods = []
        for a in alternatives:
            name, _, spelling = a.rpartition("=")
            if not all(is_type):
                mods.append((name or identifier(spelling), spelling))
                self.mods.setdefault(mods[-1][0], spelling)
        return dict(optional=optional, pinned=pinned, is_type=all(is_type), mods=mods, spellings=[a.rpartition("=")[2] for a in alternatives])

    def type_reference(self, text, slots):
        """T, T2, T*2, ptr or the spelling of a type."""
        m = re.fullmatch(r"T(\d?)(\*2)?", text)
        if m:
            index = int(m[1] or 1) - 1
            if index >= sum(s["is_type"] for s in slots):
                raise TableError(f"no type slot for '{text}'")
            return "{TypeRef::Kind::%s, %d, Type::None}" % ("SlotWide" if m[2] else "Slot", index)
        if text == "ptr":
            return "{TypeRef::Kind::Pointer, 0, Type::None}"
        if text in self.types:
            return "{TypeRef::Kind::Fixed, 0, Type::%s}" % self.types[text]
        raise TableError(f"unknown type '{text}'")

    def operand(self, text, slots):
        """See README.md: =dest, source, %register, #immediate, !pred, [space], TYPE{n}, a|b, <keyword>, ?, @modifier, _ ."""
        o = dict(shape="Source", dest=False, optional=False, sink=False, second="", second_optional=False, second_sink=False,
                 vector=0, type="{}", type2="{}", condition="", space="", ranged=False, low=0, high=0, multiple=0, one_of=0, power_of_two=False, relation="None", negatable=False, selector=False, exact=False)
        whole = text
        if text.startswith("="):
            o["dest"], text, o["shape"] = True, text[1:], "Register"
        m = re.fullmatch(r"(.*)@([\w:]+)", text)
        if m:
            text, o["condition"] = m[1], identifier(m[2])
            if o["condition"] not in self.mods:
                raise TableError(f"condition on unknown modifier '{m[2]}'")
        if "|" in text:
            text, second = text.split("|")
            o["shape"] = "Pair"
            if second.endswith("?"):
                o["second_optional"], second = True, second[:-1]
            if second.endswith("_"):
                o["second_sink"], second = True, second[:-1]
            o["type2"] = self.type_reference(second, slots)
        if text.endswith("?"):
            o["optional"], text = True, text[:-1]
        m = re.fullmatch(r"<(\w+)(?::(.*))?>", text)
        if m:
            o["shape"] = "".join(w.capitalize() for w in m[1].split("_"))
            if o["shape"] == "ScaleSelector":  # of a or b
                o["shape"] += m[2].upper()
            elif m[2]:
                o["type"] = self.type_reference(m[2], slots)
            return o
        if text.endswith(".sel"):
            o["selector"], text = True, text[:-4]
        if text.startswith("-"):
            o["negatable"], text = True, text[1:]
        if text == "_":
            o["shape"] = "Sink"
            return o
        m = re.fullmatch(r"\[(%?)(\w*)\]", text)
        if m:
            o["shape"] = "TensorMemory" if m[2] == "tmem" else "RegisterAddress" if m[1] else "Address"
            o["space"] = identifier(m[2]) if m[2] and m[2] != "tmem" else ""
            return o
        if text.endswith("_"):
            o["sink"], text = True, text[:-1]
        if text.startswith("%"):
            o["shape"], text = "Register", text[1:]
        elif text.startswith("!"):
            o["negatable"], text = True, text[1:]
            o["shape"] = "Register" if text.startswith("%") else "Source"
            text = text.lstrip("%")
        elif text.startswith("#"):
            o["shape"], text = "Immediate", text[1:]
        if text.endswith("!"):
            o["exact"], text = True, text[:-1]
        m = re.fullmatch(r"([\w{}*]+)\((.*)\)", text)
        if m:
            text = m[1]
            self.constraint(o, m[2])
        m = re.fullmatch(r"(.*)\{(\w+|\*)\}", text)
        if m:
            o["vector"] = {"v": "OperandSpec::kByModifier", "pack": "OperandSpec::kPack", "*": "OperandSpec::kAnyLength"}.get(m[2])
            if o["vector"] is None:
                o["vector"] = int(m[2])
            text = m[1]
        o["type"] = self.type_reference(text, slots)
        return o

    @staticmethod
    def constraint(o, text):
        """lo..hi, *n, lo..hi*n, ^ (a power of two), a/b/c (one of these), ..prev, prev.. (the constant before)."""
        if text in ("..prev", "prev.."):
            o["relation"] = "AtMost" if text == "..prev" else "AtLeast"
            return
        if re.fullmatch(r"-?\d+(/-?\d+)+", text):
            values = [int(v) for v in text.split("/")]
            o["ranged"], o["low"], o["high"] = True, min(values), max(values)
            o["one_of"] = sum(1 << (v - min(values)) for v in values)
            return
        m = re.fullmatch(r"(?:(-?\d+)\.\.(-?\d+))?(?:\*(\d+))?(\^)?", text)
        if not m or not text:
            raise TableError(f"unknown constraint '{text}'")
        if m[1]:
            o["ranged"], o["low"], o["high"] = True, int(m[1]), int(m[2])
        o["multiple"], o["power_of_two"] = int(m[3] or 0), bool(m[4])

    # -- output --------------------------------------------------------------------------------------------------
    def write_enums(self, path):
        def enum(name, items, last):
            return f"enum class {name} : uint16_t {{\n" + "".join(f"  {i},\n" for i in items) + f"}};\ninline constexpr unsigned {last} = {len(items)};\n\n"

        out = "// Generated by frontend/isa/generate.py from *.isa. Do not edit.\n#include <cstdint>\n\nnamespace w2w::ptx::isa {\n\n"
        out += enum("Opcode", [self.opcodes[o] for o in sorted(self.opcodes)], "kOpcodeCount")
        out += enum("Mod", sorted(self.mods), "kModCount")
        out += enum("SpecialRegister", [s[0] for s in self.sregs], "kSpecialRegisterCount")
        write_if_changed(path, out + "} // namespace w2w::ptx::isa\n")

    def write_tables(self, path):
        out = ["// Generated by frontend/isa/generate.py from *.isa. Do not edit.\n"]
        out.append("constexpr std::string_view kOpcodeSpelling[] = {" + ", ".join(f'"{o}"' for o in sorted(self.opcodes)) + "};\n")
        out.append("constexpr std::string_view kModSpelling[] = {" + ", ".join(f'"{self.mods[m]}"' for m in sorted(self.mods)) + "};\n")
        rows = ",\n  ".join('{"%%%s", Type::%s, %d, %s, "%s"}' % (n, t, v, r.cpp(), s) for n, t, v, r, s in self.sregs)
        out.append("constexpr SpecialRegisterInfo kSpecialRegisters[] = {\n  " + rows + "};\n")
        forms = sorted(enumerate(self.forms), key=lambda f: (f[1]["opcode"], f[0]))
        starts, previous = {}, None
        shared = {}  # array text -> name, so that equal lists are stored once

        def array(type_name, items):
            if not items:
                return "{}"
            text = ", ".join(items)
            key = (type_name, text)
            if key not in shared:
                shared[key] = f"k{type_name}List{len(shared)}"
                out.append(f"constexpr {type_name} {shared[key]}[] = {{{text}}};\n")
            return shared[key]

        rows = []
        for index, (_, f) in enumerate(forms):
            starts.setdefault(f["opcode"], index)
            slots = []
            for s in f["slots"]:
                if s["is_type"]:
                    slots.append("{true, %s, Slot::Before::None, {}, %s}" % (str(s["optional"]).lower(), array("Type", ["Type::" + self.types[t] for t in s["spellings"]])))
                else:
                    slots.append("{false, %s, Slot::Before::%s, %s, {}}" % (str(s["optional"]).lower(), s["pinned"], array("Mod", ["Mod::" + n for n, _ in s["mods"]])))
            operands = []
            for o in f["operands"]:
                flags = [o["dest"], o["optional"], o["sink"], o["second_optional"], o["second_sink"], o["negatable"], o["selector"], o["exact"]]
                operands.append(
                    "{OperandSpec::Shape::%s, %s, %s, %s, %s, %s, %s, %s, %d, %d, %d, %d, %s, OperandSpec::Relation::%s}"
                    % (o["shape"], ", ".join(str(x).lower() for x in flags), o["type"], o["type2"], o["vector"],
                       "Mod::" + o["condition"] if o["condition"] else "kNoMod", "Mod::" + o["space"] if o["space"] else "kNoMod", str(o["ranged"]).lower(), o["low"], o["high"], o["multiple"], o["one_of"], str(o["power_of_two"]).lower(), o["relation"])
                )
            needs = ["{%s, %s}" % (array("Term", self.terms(when, f["slots"])), r.cpp()) for when, r in f["needs"]]
            rules = []
            for when, wanted, what in f["rules"]:
                others = [self.terms([t], f["slots"])[0] for t in what]
                rules.append("{%s, %s, %s}" % (array("Term", self.terms(when, f["slots"])), array("Term", others), str(wanted).lower()))
            rows.append(
                '{Opcode::%s, %d, "%s", "%s", %s, %s, %s, %s, %s}'
                % (self.opcodes[f["opcode"]], index, f["syntax"], f["section"], array("Slot", slots), array("OperandSpec", operands),
                   f["requirement"].cpp(), array("ConditionalRequirement", needs), array("Rule", rules))
            )
        out.append("constexpr Form kForms[] = {\n  " + ",\n  ".join(rows) + "};\n")
        firsts = [starts[o] for o in sorted(self.opcodes)] + [len(forms)]
        out.append("constexpr uint16_t kFirstForm[] = {" + ", ".join(map(str, firsts)) + "};\n")
        write_if_changed(path, "".join(out))


def write_if_changed(path, text):
    if not os.path.exists(path) or open(path).read() != text:
        with open(path, "w") as f:
            f.write(text)


def main():
    output, types_def, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    table = Table(read_types(types_def))
    for path in sorted(files):
        table.read(path)
    os.makedirs(output, exist_ok=True)
    table.write_enums(os.path.join(output, "isa_enums.inc"))
    table.write_tables(os.path.join(output, "isa_tables.inc"))


if __name__ == "__main__":
    main()
