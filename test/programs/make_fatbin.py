"""Writes a fatbinary with one PTX image: `make_fatbin.py IN.ptx OUT.fatbin`.

The container is a 16-byte header (magic, version, header size, size of the rest) and one entry: a 64-byte header, then the PTX
text with its closing NUL, padded to 8 bytes. Kept apart from runtime/fatbin, so that the reader is tested on a file that its own
writer did not make.
"""

import re
import struct
import sys

CONTAINER_MAGIC, KIND_PTX, ENTRY_VERSION, FLAGS_64_BIT_LINUX = 0xBA55ED50, 1, 0x0101, 0x11


def fatbinary(ptx: bytes) -> bytes:
    major, minor = map(int, re.search(rb"^\s*\.version\s+(\d+)\.(\d+)", ptx, re.M).groups())
    arch = int(re.search(rb"^\s*\.target\s+sm_(\d+)", ptx, re.M)[1])
    payload = ptx + b"\0"
    payload += b"\0" * (-len(payload) % 8)
    entry = struct.pack("<HHIQIIIIIIQQQ", KIND_PTX, ENTRY_VERSION, 64, len(payload), 0, 0, major << 16 | minor, arch,
                        0, 0, FLAGS_64_BIT_LINUX, 0, 0)
    assert len(entry) == 64
    return struct.pack("<IHHQ", CONTAINER_MAGIC, 1, 16, len(entry) + len(payload)) + entry + payload


with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
    target.write(fatbinary(source.read()))
