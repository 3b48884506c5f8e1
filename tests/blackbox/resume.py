#!/usr/bin/env python3
"""An import of plain files that is killed again and again goes on where it stopped.

usage: resume.py BANDSTAND
"""

import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCHEMA = """; a comment first
[{:db/ident :x/n :db/valueType :db.type/long :db/cardinality :db.cardinality/one}]
"""
FORMS = 4000
QUERY = "[:find (count ?e) (count-distinct ?n) (min ?n) (max ?n) :where [?e :x/n ?n]]"


class Tap:
    """Counts results."""

    def __init__(self):
        self.number = 0
        self.failed = 0

    def ok(self, is_good, name, detail=""):
        self.number += 1
        self.failed += not is_good
        print(f"{'ok' if is_good else 'not ok'} {self.number} - {name}")
        if not is_good:
            print("\n".join("# " + line for line in str(detail).splitlines()))


def run(program, *arguments):
    return subprocess.run([program, *arguments], text=True, capture_output=True, timeout=120,
                          check=False)


def count(program, store):
    done = run(program, "q", "--db", store, QUERY)
    return [int(number) for number in re.findall(r"\d+", done.stdout)] or done.stderr


def kill_until_done(program, store, paths, seed):
    """Kills imports until one has done a part and been killed three times; then one may end."""
    chance = random.Random(seed)
    kills = 0
    for _ in range(100):
        process = subprocess.Popen([program, "import", "--db", store, *paths],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if kills < 3:
            time.sleep(chance.uniform(0.03, 0.25))
            kills += process.poll() is None
            process.kill()
        out, err = process.communicate(timeout=120)
        if process.returncode == 0:
            return kills, out
        if process.returncode > 0:
            return kills, err
    return kills, "never came to its end"


def main():
    program = str(Path(sys.argv[1]).resolve())
    tap = Tap()
    seed = random.randrange(1 << 30)
    print(f"# seed {seed}")
    with tempfile.TemporaryDirectory(prefix="bandstand-resume-") as folder:
        schema, data, store = (str(Path(folder) / name) for name in ("s.edn", "d.edn", "store"))
        Path(schema).write_text(SCHEMA, encoding="utf-8")
        forms = "\n".join(f"[{{:x/n {n}}}] ; B\u00f6b" for n in range(FORMS))
        Path(data).write_text(forms + " #_[{:x/n -1}] ; the end\n", encoding="utf-8")
        kills, said = kill_until_done(program, store, [schema, data], seed)
        tap.ok("transactions" in said, f"an import comes to its end after {kills} kills", said)
        whole = [FORMS, FORMS, 0, FORMS - 1]
        tap.ok(count(program, store) == whole, "nothing is in twice, nothing is missing",
               count(program, store))
        tap.ok(run(program, "check", "--db", store).returncode == 0, "the store is whole")

        again = run(program, "import", "--db", store, schema, data)
        tap.ok(again.stdout.startswith(f"{FORMS + 1} transactions") and
               count(program, store) == [2 * FORMS, FORMS, 0, FORMS - 1],
               "texts that came to their end are imported anew", again.stdout + again.stderr)

        # a form that fails cuts an import off too; the transaction before it is not made again
        bad = Path(folder) / "bad.edn"
        bad.write_text("[{:x/n 7000}]\n[{:x/m 1}]\n", encoding="utf-8")
        for _ in range(2):
            failed = run(program, "import", "--db", store, str(bad))
            tap.ok(failed.returncode == 1 and "bad.edn: the form that ends at line 2" in failed.stderr,
                   "a form that fails is named by its line", failed.stderr)
        tap.ok(count(program, store) == [2 * FORMS + 1, FORMS + 1, 0, 7000],
               "what stands before it is in once", count(program, store))
        cause = Path(folder) / "cause.edn"
        cause.write_text(SCHEMA.replace(":x/n", ":x/m"), encoding="utf-8")
        run(program, "import", "--db", store, str(cause))
        done = run(program, "import", "--db", store, str(bad))
        tap.ok(done.stdout.startswith("1 transactions") and "went on after byte 13" in done.stdout,
               "once its cause is gone, the import goes on with it", done.stdout + done.stderr)
    print(f"1..{tap.number}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
