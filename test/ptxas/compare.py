#!/usr/bin/env python3
"""Compares our verdict with ptxas' on one-instruction modules derived from the instruction table.

usage: compare.py --verdict build/bin/ptx_verdict [--ptxas ptxas] [--only OPCODE] [--keep DIR] [--jobs N]

For every form of frontend/isa/*.isa: the instruction with each type once, each optional modifier alone, each operand as
register of every declared type, as constant, as `_`, one operand too few and one too many. Prints every module on which
ptxas and our frontend disagree and a summary by opcode. Exit status 0 if all agree or differ as expected.txt says.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "frontend", "isa"))
import generate  # noqa: E402

REGISTERS = {  # type: register
    "pred": "%p1", "b16": "%h1", "u16": "%uh1", "s16": "%sh1", "f16": "%hf1", "b32": "%r1", "u32": "%ur1", "s32": "%sr1",
    "f32": "%f1", "f16x2": "%hx1", "b64": "%rd1", "u64": "%ud1", "s64": "%sd1", "f64": "%fd1", "b128": "%q1", "b8": "%b1",
}
PROLOGUE = """.version 9.0
.target {target}
.address_size 64
.global .align 16 .b8 gv[1024];
.const .align 16 .b8 cv[1024];
.global .texref tv;
.global .surfref fv;
.visible .entry k(.param .align 16 .b8 pv[64])
{{
.reg .pred %p<9>; .reg .b8 %b<9>; .reg .b16 %h<9>; .reg .u16 %uh<9>; .reg .s16 %sh<9>; .reg .f16 %hf<9>;
.reg .b32 %r<9>; .reg .u32 %ur<9>; .reg .s32 %sr<9>; .reg .f32 %f<9>; .reg .f16x2 %hx<9>;
.reg .b64 %rd<9>; .reg .u64 %ud<9>; .reg .s64 %sd<9>; .reg .f64 %fd<9>; .reg .b128 %q<9>;
.shared .align 16 .b8 sv[1024];
.local .align 16 .b8 lv[64];
{instruction}
L:
ret;
}}
"""
WIDE = {"u16": "u32", "s16": "s32", "u32": "u64", "s32": "s64"}


def natural_register(spelling, bits):
    """Register that an operand of this type wants."""
    if spelling in REGISTERS and spelling != "b8":
        return REGISTERS[spelling]
    if bits <= 16:
        return "%h1"
    return {32: "%r1", 64: "%rd1", 128: "%q1"}[bits]


class Corpus:
    def __init__(self, only):
        types = generate.read_types(os.path.join(ROOT, "frontend/isa/types.def"))
        text = open(os.path.join(ROOT, "frontend/isa/types.def")).read()
        self.bits = {s: int(b) for s, b in re.findall(r'W2W_PTX_TYPE\(\w+, "(\w+)", (\d+)', text)}
        self.spelling = {v: k for k, v in types.items()}
        self.table = generate.Table(types)
        folder = os.path.join(ROOT, "frontend/isa")
        for f in sorted(os.listdir(folder)):
            if f.endswith(".isa"):
                self.table.read(os.path.join(folder, f))
        self.modules = {}  # (target, instruction) -> form's syntax
        for form in self.table.forms:
            if form["opcode"] in ("call", "bra", "brx") or (only and form["opcode"] != only):
                continue
            self.form(form)

    def target(self, form):
        archs = form["requirement"].arch + [a for _, r in form["needs"] for a in r.arch]
        sm = max([form["requirement"].sm] + [r.sm for _, r in form["needs"]])
        if form["requirement"].until_sm:
            return None
        if archs:
            return "sm_" + archs[0].replace("f", "a")
        return "sm_100" if sm > 90 else "sm_90" if sm > 89 else "sm_89"

    def add(self, target, instruction, form):
        self.modules.setdefault((target, instruction + ";"), form["syntax"])

    def mnemonic(self, form, choice):
        return ".".join([form["opcode"]] + [c for c in choice if c])

    def form(self, form):
        target = self.target(form)
        if not target:
            return
        base = [None if s["optional"] else s["spellings"][0] for s in form["slots"]]
        variants = [base]
        for i, slot in enumerate(form["slots"]):
            for s in slot["spellings"][:48]:
                if s != base[i]:
                    variants.append(base[:i] + [s] + base[i + 1 :])
        for choice in variants:
            operands = self.operands(form, choice)
            if operands is not None:
                self.add(target, self.text(form, choice, operands), form)
        # one required suffix missing
        for i, slot in enumerate(form["slots"]):
            if not slot["optional"]:
                operands = self.operands(form, base)
                if operands is not None:
                    self.add(target, self.text(form, base[:i] + [None] + base[i + 1 :], operands), form)
        # operands: other registers and constants, for the first and the last choice of types
        last = [None if s["optional"] else s["spellings"][-1 if s["is_type"] else 0] for s in form["slots"]]
        for choice in (base, last):
            operands = self.operands(form, choice)
            if operands is None:
                continue
            for i in range(len(operands)):
                alternatives = list(REGISTERS.values()) + ["_", "1", "1.5", "0f3F800000", "%tid.x", "gv", "!%p1", "{%r1, %r1}", "[%rd1]", "[sv]", "[gv+4]", "[gv+3]", "-1", "300"]
                for a in alternatives:
                    self.add(target, self.text(form, choice, operands[:i] + [a] + operands[i + 1 :]), form)
            if operands:
                self.add(target, self.text(form, choice, operands[:-1]), form)
            self.add(target, self.text(form, choice, operands + ["%r2"]), form)

    def text(self, form, choice, operands):
        m = self.mnemonic(form, choice)
        return m + (" " + ", ".join(operands) if operands else "")

    def type_of(self, reference, types):
        kind, index, fixed = re.fullmatch(r"\{TypeRef::Kind::(\w+), (\d+), Type::(\w+)\}", reference).groups()
        if kind == "Slot":
            return types[int(index)] or "b32"
        if kind == "SlotWide":
            return WIDE.get(types[int(index)], "u64")
        if kind == "Fixed":
            return self.spelling[fixed]
        return "u64" if kind == "Pointer" else "b32"

    def operands(self, form, choice):
        types = [c for c, s in zip(choice, form["slots"]) if s["is_type"]]
        written = {generate.identifier(c) for c in choice if c}
        out = []
        for o in form["operands"]:
            if o["optional"] or (o["condition"] and o["condition"] not in written):
                continue
            type_ = self.type_of(o["type"], types) if o["type"] != "{}" else "b32"
            register = natural_register(type_, self.bits[type_])
            shape, vector = o["shape"], o["vector"]
            if vector == "OperandSpec::kByModifier":
                n = next((int(v[1]) for v in ("v2", "v4", "v8") if v in written), 0)
                text = "{" + ", ".join([register] * n) + "}" if n else register
            elif vector == "OperandSpec::kPack":
                half = {16: "%b1", 32: "%h1", 64: "%r1", 128: "%rd1"}[self.bits[type_]]
                text = "{%s, %s}" % (half, half[:-1] + "2")
            elif vector == "OperandSpec::kAnyLength":
                return None
            elif vector:
                text = "{" + ", ".join([register] * vector) + "}"
            elif shape == "Immediate":
                text = str(max(o["low"], 1) if o["high"] != 0 or o["low"] == 0 and o["high"] == 0 else 0)
                if o["high"] and o["low"] == o["high"]:
                    text = str(o["low"])
            elif shape == "Address":
                space = o["space"] or next((w for w in ("shared", "global", "local", "const_", "param") if w in written), "")
                text = {"shared": "[sv]", "global": "[gv]", "local": "[lv]", "const_": "[cv]", "param": "[pv]"}.get(space, "[%rd1]")
                if any(w.startswith("shared") for w in written) and not o["space"]:
                    text = "[sv]"
            elif shape in ("Texture", "Surface", "Tensor", "Query", "Coordinates", "Label", "Targets", "CallOperands"):
                return None
            else:
                text = register
            if shape == "Pair":
                second = self.type_of(o["type2"], types)
                text += "|" + natural_register(second, self.bits[second]).replace("1", "2")
            out.append(text)
        return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verdict", required=True)
    parser.add_argument("--ptxas", default=shutil.which("ptxas") or "/usr/local/cuda/bin/ptxas")
    parser.add_argument("--only")
    parser.add_argument("--keep")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="stop after so many modules, taken evenly")
    args = parser.parse_args()
    if not os.path.exists(args.ptxas):
        print("ptxas is not installed: nothing to compare with, skipped")
        return 0
    corpus = Corpus(args.only)
    modules = list(corpus.modules.items())
    if args.limit and len(modules) > args.limit:
        step = len(modules) / args.limit
        modules = [modules[int(i * step)] for i in range(args.limit)]
    folder = args.keep or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    paths = []
    for i, ((target, instruction), _) in enumerate(modules):
        paths.append(os.path.join(folder, f"{i}.ptx"))
        with open(paths[-1], "w") as f:
            f.write(PROLOGUE.format(target=target, instruction=instruction))

    def ptxas(i):
        target = modules[i][0][0]
        r = subprocess.run([args.ptxas, "-arch=" + target, "-O0", paths[i], "-o", "/dev/null"], capture_output=True, text=True)
        message = [l.split("error   :")[-1].strip() for l in r.stderr.splitlines() if "error" in l]
        return r.returncode == 0, message[0] if message else ""

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        theirs = list(pool.map(ptxas, range(len(modules))))
    ours = []
    for start in range(0, len(paths), 500):
        r = subprocess.run([args.verdict] + paths[start : start + 500], capture_output=True, text=True)
        for line in r.stdout.splitlines():
            _, verdict, message = (line + "  ").split(" ", 2)
            ours.append((verdict == "accept", message.strip()))
    assert len(ours) == len(paths), "the verdict tool stopped early"
    differences = 0
    for ((target, instruction), syntax), (ok, why), (our_ok, our_why) in zip(modules, theirs, ours):
        if ok != our_ok:
            differences += 1
            print(f"{'ptxas accepts, we reject' if ok else 'ptxas rejects, we accept'}: {target} {instruction}\n    form {syntax}\n    {our_why if ok else why}")
    accepted = sum(ok for ok, _ in theirs)
    print(f"{len(modules)} modules, ptxas accepts {accepted}: {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
