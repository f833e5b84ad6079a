#!/usr/bin/env python3
"""Writes docs/PTX-COVERAGE.md from the instruction table.

usage: ptx2hsaco --list-isa=json | docs/ptx_coverage.py > docs/PTX-COVERAGE.md
"""
import json
import sys


def requirement(form):
    parts = []
    if form["ptx"] != "0.0":
        parts.append("PTX " + form["ptx"])
    if form["sm"]:
        parts.append(f"sm_{form['sm']}")
    if form["arch"]:
        parts.append("/".join(form["arch"]))
    return ", ".join(parts)


def main():
    forms = json.load(sys.stdin)["forms"]
    done = sum(f["implemented"] for f in forms)
    print("# PTX ISA 9.0: what can be compiled\n")
    print("Generated from the instruction table: `ptx2hsaco --list-isa=json | docs/ptx_coverage.py > docs/PTX-COVERAGE.md`. Every form is parsed and")
    print("checked as ptxas does; whether it can be compiled follows from lowering's emitters. A kernel that uses another form is refused with the")
    print(f"form's name.\n\n{done} of {len(forms)} forms can be compiled.\n")
    print("| instruction | PTX ISA | forms | compiled |\n|---|---|---|---|")
    groups = {}
    for f in forms:
        groups.setdefault((f["opcode"], f["section"]), []).append(f)
    for (opcode, section), fs in groups.items():
        n = sum(f["implemented"] for f in fs)
        print(f"| `{opcode}` | {section} | {len(fs)} | {'all' if n == len(fs) else n if n else 'none'} |")
    print("\n## Forms that are refused\n")
    for (opcode, section), fs in groups.items():
        missing = [f for f in fs if not f["implemented"]]
        if missing:
            print(f"### {opcode} ({section})\n\n```")
            for f in missing:
                need = requirement(f)
                print(f["syntax"] + (f"    [{need}]" if need else ""))
            print("```\n")


if __name__ == "__main__":
    main()
