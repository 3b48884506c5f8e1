#!/usr/bin/env python3
"""Runs the scripts of tests/blackbox/shell through `bandstand repl --memory --batch` and compares
what they print with the .out beside each, after taking out what differs from run to run: the
instants of now. A script's line ";include FILE" is the text of that file. With BS_GOLDEN=update the
.out files are written instead. Prints TAP.

usage: shell.py BANDSTAND
"""

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(os.environ["BANDSTAND_SOURCE"]) / "tests" / "blackbox" / "shell"
NOW = re.compile(r'#inst (\\?)"20(?:2[4-9]|[3-9][0-9])-[0-9T:.-]+\1"')
UPDATE = os.environ.get("BS_GOLDEN") == "update"


def source_of(script):
    def included(match):
        return (SCRIPTS / match.group(1)).read_text(encoding="utf-8")
    text = script.read_text(encoding="utf-8")
    return re.sub(r"^;include (\S+)\n", included, text, flags=re.MULTILINE)


def run(program, script):
    done = subprocess.run([program, "repl", "--memory", "--batch"], input=source_of(script),
                          capture_output=True, text=True, timeout=60, check=False)
    failed = "#error {" in done.stdout
    if done.returncode != (1 if failed else 0) or done.stderr:
        return f"exit status {done.returncode}, stderr: {done.stderr}\n" + done.stdout
    return NOW.sub("#inst NOW", done.stdout)


def check(number, script, actual):
    golden = script.with_suffix(".out")
    if UPDATE:
        golden.write_text(actual, encoding="utf-8")
    expected = golden.read_text(encoding="utf-8") if golden.exists() else ""
    is_ok = actual == expected
    print(f"{'ok' if is_ok else 'not ok'} {number} - {script.stem}")
    for line in difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected",
                                     "actual", n=0, lineterm=""):
        print(f"# {line}")
    return is_ok


def main():
    scripts = sorted(SCRIPTS.glob("*.edn"))
    print(f"1..{len(scripts)}")
    results = [check(i, script, run(sys.argv[1], script)) for i, script in enumerate(scripts, 1)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main())
