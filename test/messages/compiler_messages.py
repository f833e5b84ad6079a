#!/usr/bin/env python3
"""Fails where a message of the compiler (lowering/) is provoked by no test.

What messages there are is read from the sources: every string of two words or more. A message counts as tested where a
check line of a lit test, or a string of a unit test, holds it. unreachable.txt names the strings that no PTX text
provokes and those that are no messages, each group under its reason ("internal error" needs none); a line there that is tested, or no longer in the
sources, fails too. The frontend's messages are checked by test/unit/frontend/messages_test.cpp.
"""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOKEN = re.compile(r"""//[^\n]*|\#[^\n]*|'(?:\\.|[^'\\])'|"((?:\\.|[^"\\])*)"|\s+|.""", re.S)


def literals(path):
    """[(line, text)] of a C++ source, adjacent strings joined; comments and directives aside."""
    out, adjacent, line = [], False, 1
    for token in TOKEN.finditer(open(path).read()):
        if token[1] is not None:
            text = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), token[1])
            if adjacent:
                out[-1] = (out[-1][0], out[-1][1] + text)
            else:
                out.append((line, text))
            adjacent = True
        elif not token[0].isspace() and not token[0].startswith("//"):
            adjacent = False
        line += token[0].count("\n")
    return out


def is_message(text):
    """Two words or more, neither assembly nor an error of our own."""
    return " " in text.strip() and re.search("[a-z]", text) and not re.search(r"internal error|\$0|s_setreg", text)


def checks():
    """What the tests expect to be said, as one text."""
    out = []
    for path in glob.glob(os.path.join(ROOT, "test/lit/**/*"), recursive=True):
        if os.path.isfile(path):
            lines = open(path, errors="replace").read().splitlines()
            out += [line for line in lines if re.match(r"\s*(//|#|;)\s*[\w-]+(-NEXT|-SAME|-NOT|-DAG|-LABEL)?:", line)]
    for path in glob.glob(os.path.join(ROOT, "test/unit/**/*.cpp"), recursive=True):
        out += [text for _, text in literals(path)]
    return "\n".join(out)


def main():
    expected = checks()
    explained = [line for line in open(os.path.join(ROOT, "test/messages/unreachable.txt")).read().splitlines() if line and line[0] != "#"]
    seen, failures, count = set(), [], 0
    for path in sorted(glob.glob(os.path.join(ROOT, "lowering/**/*.cpp"), recursive=True)):
        if "/devicelib/" in path:
            continue
        for line, text in literals(path):
            if not is_message(text):
                continue
            count += 1
            tested = text.strip() in expected
            if text.strip() in explained:
                seen.add(text.strip())
                if tested:
                    failures.append(f"unreachable.txt: '{text.strip()}' is tested; remove the line")
            elif not tested:
                failures.append(f"{os.path.relpath(path, ROOT)}:{line}: no test provokes '{text.strip()}'")
    failures += [f"unreachable.txt: '{line}' is not in the sources" for line in explained if line not in seen]
    print("\n".join(failures) if failures else f"{count} strings, all tested or explained")
    return bool(failures) or count < 50


if __name__ == "__main__":
    sys.exit(main())
