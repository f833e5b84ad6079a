"""ptxas' verdicts: many cases a run, because ptxas names the line of every error it finds."""
import concurrent.futures
import os
import re
import resource
import shutil
import subprocess
import tempfile

import corpus

# Messages that name "<builtin>" come from the expansion of an instruction and carry no line of the file.
# Said of a text without errors: what it declares and does not define is for the linker.
LINKER = ("Unresolved extern", "Cannot take address of function")
ERROR = re.compile(r"^ptxas /\S+, line (\d+); (?:error|fatal)\s*: (.*)$", re.M)


def find():
    """Path of ptxas, or None."""
    path = shutil.which("ptxas") or "/usr/local/cuda/bin/ptxas"
    return path if os.path.exists(path) else None


def limit():
    """ptxas takes gigabytes for some texts of one line; such a text gets no verdict."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))


class Oracle:
    def __init__(self, ptxas):
        self.ptxas = ptxas
        self.folder = tempfile.mkdtemp()
        self.runs = 0

    def run(self, text, target):
        """(accepted, [(line, message)], everything said)"""
        self.runs += 1
        # ptxas 13 generates code for sm_75 and later only; it judges earlier targets' text all the same.
        sm = int(re.sub(r"\D", "", target))
        arch = "sm_75" if sm < 75 else target
        fd, path = tempfile.mkstemp(".ptx", dir=self.folder)
        with os.fdopen(fd, "w") as f:
            f.write(text)
        try:
            r = subprocess.run(["nice", "-n", "10", self.ptxas, "-w", "-arch=" + arch, "-O0", path, "-o", "/dev/null"],
                               capture_output=True, text=True, errors="replace", timeout=60, preexec_fn=limit)
            said, ok = r.stdout + r.stderr, r.returncode == 0
        except subprocess.TimeoutExpired:
            said, ok = "", False
        os.unlink(path)
        errors = [(int(l), m) for l, m in ERROR.findall(said)]
        if not errors and said and all(any(l in line for l in LINKER) for line in said.strip().splitlines()):
            ok = True
        return ok, errors, said.strip()

    def batch(self, version, target, instructions):
        """Verdicts of instruction cases of one version and target: [(accepted, message) or None]."""
        verdicts = [None] * len(instructions)
        left = list(range(len(instructions)))
        head = corpus.header(version, target)
        offset = head.count("\n")
        while left:
            text = head + "".join(corpus.function(f"k{i}", instructions[i], version) for i in left)
            ok, errors, said = self.run(text, target)
            if ok:
                for i in left:
                    verdicts[i] = (True, "")
                break
            bad = {}
            for line, message in errors:
                index = line - 1 - offset
                if 0 <= index < len(left):
                    bad.setdefault(left[index], message)
            if not bad:
                # An error without a line: halve until one case is left.
                if len(left) == 1:
                    # No message: ptxas crashed or ran out of memory or registers, and there is no verdict.
                    told = [l for l in said.splitlines() if "error" in l or "fatal" in l]
                    verdicts[left[0]] = (False, told[0]) if told and "memory" not in said and "Register allocation" not in said else None
                else:
                    middle = len(left) // 2
                    for part in (left[:middle], left[middle:]):
                        for i, v in zip(part, self.batch(version, target, [instructions[i] for i in part])):
                            verdicts[i] = v
                break
            for i, message in bad.items():
                verdicts[i] = (False, message)
            left = [i for i in left if i not in bad]
        return verdicts

    def instructions(self, cases, jobs=1, size=150, progress=None):
        """{case: (accepted, message)} for (version, target, instruction) cases."""
        groups = {}
        for c in cases:
            groups.setdefault(c[:2], []).append(c)
        batches = [g[i : i + size] for g in groups.values() for i in range(0, len(g), size)]
        out = {}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for batch, verdicts in zip(batches, pool.map(lambda b: self.batch(b[0][0], b[0][1], [c[2] for c in b]), batches)):
                out.update(zip(batch, verdicts))
                if progress:
                    progress(len(out), len(cases), "instructions")
        return out

    def modules(self, texts, jobs=1, progress=None):
        """[(accepted, message)] for whole texts; each has its own .target line."""
        def one(text):
            m = re.search(r"\.target\s+(sm_\w+)", text)
            ok, errors, said = self.run(text, m[1] if m else "sm_90")
            return None if not ok and not said else (ok, errors[0][1] if errors else said.splitlines()[0] if said and not ok else "")

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            out = []
            for verdict in pool.map(one, texts):
                out.append(verdict)
                if progress:
                    progress(len(out), len(texts), "modules")
            return out
