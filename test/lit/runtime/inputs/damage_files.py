"""Overwrites bytes in the middle of every file of a folder: `damage_files.py FOLDER`. Fails if there is none."""

import os
import sys

files = [os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[1]) for name in names]
for path in files:
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"damaged")
sys.exit(0 if files else 1)
