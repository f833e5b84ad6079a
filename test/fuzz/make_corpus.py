"""The seed corpus, made from the emulator's test kernels: make_corpus.py OUT CODE_OBJECT...

OUT/loader gets every code object behind the byte that chooses its model; OUT/execute the functions of its code, each behind three
bytes (model and wave size, registers, MODE). The bytes are those that fuzz_loader.cpp and fuzz_execute.cpp read."""

import os
import re
import struct
import sys

MODELS = ["gfx90a", "gfx942", "gfx1030", "gfx1100", "gfx1201"]  # the order of model.cpp
TARGETS = [(gfx, lanes) for gfx in MODELS for lanes in ((64,) if gfx.startswith("gfx9") else (64, 32))]
SECTION_SYMTAB, FUNCTION = 2, 2


def functions(elf):
    """(name, bytes) of every function of the symbol table."""
    section_offset, = struct.unpack_from("<Q", elf, 0x28)
    entry_size, count = struct.unpack_from("<HH", elf, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, section_offset + i * entry_size) for i in range(count)]
    for _, kind, _, _, offset, size, link, _, _, each in sections:
        if kind != SECTION_SYMTAB:
            continue
        names = sections[link][4]
        for at in range(offset, offset + size, each):
            name, info, _, index, value, length = struct.unpack_from("<IBBHQQ", elf, at)
            if info & 15 == FUNCTION and 0 < index < count:
                home = sections[index]
                start = home[4] + value - home[3]
                text = elf[names + name : elf.index(b"\0", names + name)].decode()
                yield text, elf[start : start + length]


def main(out, files):
    for folder in ("loader", "execute"):
        os.makedirs(os.path.join(out, folder), exist_ok=True)
    for path in files:
        name = os.path.basename(path).removesuffix(".co")
        gfx = re.search("gfx[0-9a-f]+", name)[0]
        elf = open(path, "rb").read()
        with open(os.path.join(out, "loader", name), "wb") as file:
            file.write(bytes([MODELS.index(gfx)]) + elf)
        if not elf.startswith(b"\x7fELF"):
            continue
        lanes = 64 if gfx.startswith("gfx9") or name.endswith("-w64") else 32
        for function, code in functions(elf):
            with open(os.path.join(out, "execute", f"{name}-{function}"), "wb") as file:
                file.write(bytes([TARGETS.index((gfx, lanes)), 2, 0xF0]) + code)


main(sys.argv[1], sys.argv[2:])
