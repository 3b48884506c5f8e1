#!/usr/bin/env python3
"""Runs the examples that the program's own help shows: those of each function of the shell, over
people, and those of the commands that work on a store, over the sample of MusicBrainz. None may
fail. Examples with "..." leave something out, and are not run. Prints TAP.

usage: help.py BANDSTAND
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from docs import ROOT, Example, run_commands, tell  # noqa: E402

COMMANDS = ["q", "pull", "datoms", "transact", "repl", "check", "export", "backup"]
# whom the shell's examples are about; the fork f, and a latest result
PEOPLE = """
(transact [{:db/ident :person/name :db/valueType :db.type/string :db/index true
            :db/cardinality :db.cardinality/one}
           {:db/ident :person/email :db/valueType :db.type/string :db/unique :db.unique/identity
            :db/cardinality :db.cardinality/one}
           {:db/ident :person/age :db/valueType :db.type/long :db/index true
            :db/cardinality :db.cardinality/one}
           {:db/ident :person/friend :db/valueType :db.type/ref
            :db/cardinality :db.cardinality/many}])
(transact [{:db/id "ada" :person/name "Ada L." :person/email "ada@example.com" :person/age 36}
           {:person/name "Bob" :person/email "a@b.c" :person/age 40 :person/friend "ada"}])
(def f (fork))
[1 2]
"""


def output_of(*argv, stdin=""):
    return subprocess.run(argv, input=stdin, text=True, capture_output=True, timeout=60,
                          check=False).stdout


def text_of(edn):
    """What an EDN string says."""
    return re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), edn[1:-1])


def functions_of(program):
    """Each function's name and the examples in its help."""
    listing = text_of(output_of(program, "repl", "--memory", "--batch", stdin="(help)").strip())
    for name in re.findall(r"^\((\S+?)[ )].*  ", listing, re.MULTILINE):
        if name.startswith(":"):
            continue
        page = text_of(output_of(program, "repl", "--memory", "--batch",
                                 stdin=f'(help "{name}")').strip())
        yield name, page.partition("\n\n")[2]


def shell(program):
    for name, examples in functions_of(program):
        printed = output_of(program, "repl", "--memory", "--batch", stdin=PEOPLE + examples)
        problems = [line for line in printed.splitlines() if line.startswith("#error ")]
        yield f"(help {name})", problems if examples else ["shows no example"]


def commands(program):
    for command in COMMANDS:
        page = output_of(program, "help", command)
        examples = re.findall(r"^    ((?:bandstand|echo) .*(?:\n {6,}.*)*)", page, re.MULTILINE)
        script = [Example(0, "bandstand import --db music tests/data/mbrainz.edn", "...")] + \
            [Example(1, example) for example in examples if "..." not in example]
        with tempfile.TemporaryDirectory(prefix="bandstand-help-") as folder:
            (Path(folder) / "tests").symlink_to(ROOT / "tests")
            problems = [problem for _, found in run_commands(script, program, folder)
                        for problem in found]
            yield f"help {command}", problems if len(script) > 1 else ["shows no example"]


def main():
    program = Path(sys.argv[1]).resolve()
    return tell(result for part in (shell, commands) for result in part(program))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main())
