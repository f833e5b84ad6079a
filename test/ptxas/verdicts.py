#!/usr/bin/env python3
"""Records ptxas' verdicts on a corpus of small PTX programs, for machines without ptxas.

usage: verdicts.py [--count N] [--only OPCODE] [--all] [--output FILE] [--jobs N]

The corpus (corpus.py, modules.py, combinations.py) follows from the instruction table. Without --all, a sample of N instruction cases is taken:
every spelling of every form, every constant at a border, a share of the lists and of the operands of each matrix and
asynchronous instruction, then what a hash puts first, so that the sample hardly changes when the table grows. All module cases are taken. Writes FILE (default: verdicts.zst beside this script), which ptx_replay compares with our frontend.
Needs a CUDA toolkit and zstd; says so and succeeds where there is no ptxas.
"""
import argparse
import os
import subprocess
import sys

import corpus
import modules
import oracle

# Hundreds of forms that differ in shapes and types only would crowd out the rest: of their operands and foreign suffixes, a
# share for each opcode; all of it with --all.
SHARES = {"mma": 1100, "wmma": 900, "wgmma": 1100, "tcgen05": 1600, "cp": 1600, "mbarrier": 1000, "ldmatrix": 600, "stmatrix": 400, "tensormap": 500}
LISTS = 3000  # of the cases that vary all of a list
SPECIALS = 3000  # of those with special registers and vectors, besides mov's
HERE = os.path.dirname(os.path.abspath(__file__))


def write(cases, module_texts):
    """The text that ptx_replay reads; cases: {case: verdict}, module_texts: {text: verdict}."""
    out = ["%header"] + corpus.HEADER.format(version="@V", target="@T").splitlines()
    for version in (0, 83):
        out += [f"%function {version // 10}.{version % 10}", corpus.function("k", "@I", version).rstrip("\n")]
    group = None
    for version, target, text in sorted(cases):
        if (version, target) != group:
            group = (version, target)
            out.append(f"%cases {version // 10}.{version % 10} {target}")
        out.append(("+" if cases[version, target, text] else "-") + text)
    out.append("%modules")
    for text, accepted in module_texts.items():
        out.append(("+" if accepted else "-") + text.replace("\n", "\\n"))
    return "\n".join(out) + "\n"


def sample(made, count):
    """Every spelling, then what the hash of the case puts first."""
    first, rest, lists, specials = [], [], [], []
    shares = {opcode: [] for opcode in SHARES}
    for case, (syntax, kind) in made.cases.items():
        opcode = syntax.split(".")[0]
        if kind in ("spelling", "guard", "border"):
            first.append(case)
        elif kind == "list":
            lists.append(case)
        elif kind == "special" and opcode != "mov":
            specials.append(case)
        elif kind == "special":
            first.append(case)
        elif kind in ("operand", "foreign") and opcode in shares:
            shares[opcode].append(case)
        else:
            rest.append(case)
    for opcode, cases in shares.items():
        first += sorted(cases, key=corpus.rank)[: SHARES[opcode]]
    first += sorted(lists, key=corpus.rank)[:LISTS]
    first += sorted(specials, key=corpus.rank)[:SPECIALS]
    return first + sorted(rest, key=corpus.rank)[: max(0, count - len(first))]


class Progress:
    """A line on stderr for every thousand cases."""

    def __init__(self):
        self.said = 0

    def __call__(self, done, total, what):
        if done == total or done // 1000 != self.said:
            self.said = done // 1000
            print(f"{done} of {total} {what}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=39000)
    parser.add_argument("--only")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--output", default=os.path.join(HERE, "verdicts.zst"))
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    ptxas = oracle.find()
    if not ptxas:
        print("ptxas is not installed: nothing recorded")
        return 0
    made = corpus.Corpus(args.only)
    cases = list(made.cases) if args.all else sample(made, args.count)
    judge = oracle.Oracle(ptxas)
    verdicts = {c: v[0] for c, v in judge.instructions(cases, args.jobs, progress=Progress()).items() if v}
    texts = [] if args.only else modules.all_modules([(s[0], s[2]) for s in made.table.sregs])
    whole = {t: v[0] for t, v in zip(texts, judge.modules(texts, args.jobs, Progress())) if v}
    data = write(verdicts, whole)
    if args.output.endswith(".zst"):
        subprocess.run(["zstd", "-q", "-f", "-19", "--ultra", "-22", "--content-size", "-o", args.output], input=data.encode(), check=True)
    else:
        with open(args.output, "w") as f:
            f.write(data)
    for what, asked, got in (("instructions", cases, verdicts), ("modules", texts, whole)):
        accepted = sum(got.values())
        print(f"{what}: {len(got)} of {len(asked)} have a verdict; ptxas accepts {accepted} and rejects {len(got) - accepted}")
    print(f"{judge.runs} runs of ptxas; {args.output} has {os.path.getsize(args.output)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
