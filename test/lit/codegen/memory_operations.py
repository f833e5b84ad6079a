"""Reads a disassembly (llvm-objdump -d) and prints one line for each kernel: its memory operations, cache instructions and waits, from
the first memory operation on, with the bits that choose caches. Operands are left out, and what a name says of the width."""
import re
import sys

OPERATION = re.compile(r"\s+((?:global|flat|ds|buffer)_\w+|s_wait(?!_alu)\w+)(.*)")
BITS = re.compile(r"\b(?:glc|dlc|sc[01]|scope:\w+)(?!\w)")

name, row = None, []


def flush():
    if name:
        print(f"{name}: {'; '.join(row)}")


for line in sys.stdin:
    if begins := re.match(r"[0-9a-f]+ <(\w+)>:", line):
        flush()
        name, row = begins[1], []
    elif (operation := OPERATION.match(line.split("//")[0])) and (row or not operation[1].startswith("s_wait")):
        mnemonic, rest = operation[1], operation[2]
        if mnemonic.startswith("s_wait"):
            row.append(" ".join([mnemonic, rest.strip()]))
        else:
            row.append(" ".join([re.sub("^global_|_(dword|b32|u32)$", "", mnemonic), *BITS.findall(rest)]))
flush()
