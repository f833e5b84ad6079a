"""Counts test results: `summary.py CTEST.xml LIT.xml CTEST_STATUS LIT_STATUS` (JUnit files of ctest and of lit).

Each Catch2 test case counts as a test of its own; a lit test, a program on a target and any other ctest entry count one each.
Prints failures and skipped tests with the reason, then `N passed, N failed, N skipped`.
"""

import os
import re
import sys
import xml.etree.ElementTree as xml

passed, failed, skipped = 0, [], []


def catch_cases(output):
    """(passed, failed) test cases of a Catch2 run, or None where the output is not Catch2's."""
    if match := re.search(r"All tests passed \(\d+ assertions? in (\d+) test cases?\)", output):
        return int(match[1]), 0
    if match := re.search(r"^test cases:\s*(\d+)(.*)$", output, re.M):
        bad = re.search(r"(\d+) failed", match[2])
        bad = int(bad[1]) if bad else 0
        return int(match[1]) - bad, bad
    return None


def reason(case, default):
    element = case.find("skipped")
    text = (element.get("message") if element is not None else None) or ""
    # ctest says only that a regular expression matched; the test's own words say why.
    said = re.search(r"^SKIP(?:PED)?:?\s*(.+)$", case.findtext("system-out") or "", re.M)
    return said[1] if said else text or default


for path, kind in ((sys.argv[1], "ctest"), (sys.argv[2], "lit")):
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        continue
    for case in xml.parse(path).iter("testcase"):
        name = case.get("name") if kind == "ctest" else f"{case.get('classname')}/{case.get('name')}"
        status = case.get("status", "run")
        if case.find("skipped") is not None or status in ("notrun", "disabled"):
            if status == "notrun" and "Unable to find executable" in xml.tostring(case, "unicode"):
                failed.append(name + " (not built)")
            else:
                skipped.append((name, reason(case, "no reason given")))
        elif case.find("failure") is not None or case.find("error") is not None or status == "fail":
            cases = catch_cases(case.findtext("system-out") or "") if kind == "ctest" else None
            passed += cases[0] if cases else 0
            failed += [name] * max(cases[1] if cases else 1, 1)
        else:
            cases = catch_cases(case.findtext("system-out") or "") if kind == "ctest" else None
            passed += cases[0] if cases else 1

print()
for name in failed:
    print(f"FAILED  {name}")
by_reason = {}
for name, why in skipped:
    by_reason.setdefault(why, []).append(name)
for why, names in by_reason.items():
    print(f"SKIPPED {len(names)}: {why} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})")
for tool, status in (("ctest", sys.argv[3]), ("lit", sys.argv[4])):
    if status != "0" and not failed:
        failed.append(tool)
        print(f"FAILED  {tool} itself ended with status {status}")
if passed + len(failed) == 0:
    print("FAILED  no test ran")
print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
sys.exit(1 if failed or passed == 0 else 0)
