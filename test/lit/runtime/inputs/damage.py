"""Two damaged copies of a program with a fatbinary: `damage.py PROGRAM WRONG-SIZE WRONG-MAGIC`."""

import os
import struct
import sys

program = open(sys.argv[1], "rb").read()
container = program.index(struct.pack("<I", 0xBA55ED50))
for path, offset, value in ((sys.argv[2], 8, struct.pack("<Q", 1 << 40)), (sys.argv[3], 0, struct.pack("<I", 0x12345678))):
    copy = bytearray(program)
    copy[container + offset : container + offset + len(value)] = value
    open(path, "wb").write(copy)
    os.chmod(path, 0o755)
