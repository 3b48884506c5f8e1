#!/usr/bin/env python3
"""Backups from outside: while another process writes, killed half-way, damaged, restored. Prints
TAP.

usage: backup.py BANDSTAND
"""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCHEMA = """[{:db/ident :n/number :db/valueType :db.type/long :db/cardinality :db.cardinality/one
              :db/unique :db.unique/identity}
             {:db/ident :n/text :db/valueType :db.type/string :db/cardinality
              :db.cardinality/one}]"""
COUNT = "[:find (count ?n) . :where [?e :n/number ?n]]"
KILLS = 20


class Bench:
    """Runs the program in a folder; counts."""

    def __init__(self, program, folder):
        self.program = Path(program).resolve()
        self.folder = Path(folder)
        self.number = 0
        self.failed = 0

    def run(self, *arguments, stdin=""):
        return subprocess.run([self.program, *arguments], input=stdin, cwd=self.folder, text=True,
                              capture_output=True, timeout=120, check=False)

    def start(self, *arguments):
        return subprocess.Popen([self.program, *arguments], cwd=self.folder, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def check(self, name, holds, note=""):
        self.number += 1
        print(f"{'ok' if holds else 'not ok'} {self.number} - {name}")
        if not holds:
            self.failed += 1
            print(f"# {note!r}")
        sys.stdout.flush()

    def expect(self, name, done, status=0, stdout="", stderr=""):
        """Both outputs must hold the text, or match when it is a pattern."""
        found = re.search(stdout, done.stdout) and stderr in done.stderr
        self.check(name, done.returncode == status and bool(found), done)

    def count(self, store):
        done = self.run("q", "--db", store, COUNT)
        return int(done.stdout) if done.returncode == 0 and done.stdout.strip() != "nil" else -1


class Writer:
    """A process that writes numbers; `acknowledged` of them are durable."""

    def __init__(self, bench, store, text_size=200):
        self.process = bench.start("repl", "--batch", "--db", store)
        self.random = random.Random(7)
        self.text_size = text_size
        self.acknowledged = max(bench.count(store), 0)

    def write(self, transactions=1):
        for _ in range(transactions):
            text = "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz0123456789",
                                               k=self.text_size))
            self.process.stdin.write(
                f'(transact [{{:n/number {self.acknowledged} :n/text "{text}"}}])\n')
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            assert line.startswith("{:db-before"), line
            self.acknowledged += 1

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


def restored(bench, name, backup, least):
    """A restored store checks and holds at least what was acknowledged."""
    store = f"{name}-store"
    done = bench.run("restore", "--db", store, backup)
    bench.expect(f"{name}: it is restored", done, 0, "generation")
    bench.expect(f"{name}: the restored store checks", bench.run("check", "--db", store), 0,
                 "agrees with the log")
    count = bench.count(store)
    bench.check(f"{name}: what was acknowledged is in it", count >= least, (count, least))
    return store


def idle(bench):
    bench.run("transact", "--db", "s", stdin=SCHEMA)
    writer = Writer(bench, "s")
    writer.write(50)
    writer.close()
    bench.expect("a first backup", bench.run("backup", "--db", "s", "b"), 0, "^generation 1, t ")
    store = restored(bench, "idle", "b", 50)
    done = bench.run("transact", "--db", store, stdin="[{:n/number 1000}]")
    bench.expect("the restored store can be written to", done, 0)
    bench.expect("--list names the generation", bench.run("backup", "--list", "b"), 0,
                 "^generation 1, .* t ")
    done = bench.run("backup", "--db", "s", "b")
    bench.expect("the same again copies no table", done, 0, "^generation 2")
    copied = int(re.search(r": (\d+) of", done.stdout).group(1))
    tables = len([f for f in os.listdir(bench.folder / "b" / "files") if ".sst-" in f])
    files = int(re.search(r"of (\d+) files", done.stdout).group(1))
    bench.check("only what is no table is copied again", copied <= files - tables, done.stdout)
    bench.expect("one generation is kept", bench.run("backup", "--list", "b"), 0, "^generation 2.*$")


def refusals(bench):
    bench.expect("no store", bench.run("backup", "--db", "nowhere", "b2"), 1, "",
                 ":store.error/not-found")
    bench.expect("no folder", bench.run("backup", "--db", "s"), 2, "", "expected DIR")
    bench.expect("no --db", bench.run("backup", "b"), 2, "", "expected --db STORE")
    bench.expect("verify looks at the folder alone", bench.run("backup", "--verify", "--db", "s",
                                                               "b"), 2, "", "no --db")
    bench.expect("no backup there", bench.run("backup", "--verify", "nowhere"), 1, "",
                 ":store.error/not-found")
    bench.expect("a folder that is not empty", bench.run("restore", "--db", "s", "b"), 1, "",
                 "is not empty")
    bench.expect("a generation that is gone",
                 bench.run("restore", "--db", "new", "--generation", "1", "b"), 1, "",
                 "no generation 1: its newest is 2")
    bench.check("it left nothing", not (bench.folder / "new").exists())
    (bench.folder / "other").mkdir()
    (bench.folder / "other" / "letter.txt").write_text("mine")
    bench.expect("a folder with other things", bench.run("backup", "--db", "s", "other"), 1, "",
                 "letter.txt")
    bench.run("transact", "--db", "t", stdin=SCHEMA)
    bench.expect("the backup of another store", bench.run("backup", "--db", "t", "b"), 1, "",
                 "another store")


def damage(bench):
    bench.expect("a whole backup verifies", bench.run("backup", "--verify", "b"), 0, "every byte")
    folder = bench.folder / "b" / "files"
    for name in sorted(os.listdir(folder)) + ["../" + n for n in os.listdir(bench.folder / "b")
                                              if n.endswith(".edn")]:
        path = (folder / name).resolve()
        whole = path.read_bytes()
        if not whole:
            continue
        flipped = bytearray(whole)
        flipped[len(flipped) // 2] ^= 1
        for what, content in [("a flipped bit", bytes(flipped)), ("a missing end", whole[:-1]),
                              ("nothing", None)]:
            if content is None:
                path.unlink()
                if name.startswith("../"):
                    path.write_bytes(whole)
                    continue
            else:
                path.write_bytes(content)
            for command in [("backup", "--verify", "b"), ("restore", "--db", "x", "b")]:
                done = bench.run(*command)
                bench.check(f"{what} in {path.name[:20]}: {command[0]} names it",
                            done.returncode == 1 and path.name in done.stderr
                            and ":store.error/corrupt" in done.stderr
                            and not (bench.folder / "x").exists(), done)
            path.write_bytes(whole)
    bench.expect("as it was, it verifies", bench.run("backup", "--verify", "b"), 0, "every byte")


def while_written(bench):
    """The writer's texts fill its write buffers, so tables come and go during backups."""
    bench.run("transact", "--db", "w", stdin=SCHEMA)
    writer = Writer(bench, "w", text_size=300_000)
    for i in range(4):
        writer.write(25)
        acknowledged = writer.acknowledged
        backup = bench.start("backup", "--db", "w", "--keep", "2", "wb")
        while backup.poll() is None:
            writer.write()
        bench.check(f"backup {i} beside a writer", backup.returncode == 0,
                    backup.stderr.read() if backup.returncode else "")
        backup.communicate()
        restored(bench, f"written-{i}", "wb", acknowledged)
    done = bench.run("backup", "--list", "wb")
    bench.expect("two generations are kept", done, 0, r"^generation 3.*\ngeneration 4")
    writer.close()
    left = [n for n in os.listdir(bench.folder / "w") if n.endswith(".tmp")]
    bench.check("nothing is left in the store's folder", not left, left)


def killed(bench):
    """The last backup is good whenever the next one was killed."""
    seed = int(os.environ.get("BANDSTAND_SEED", time.time_ns() % 1_000_000))
    print(f"# seed {seed}")
    chance = random.Random(seed)
    writer = Writer(bench, "w", text_size=300_000)
    for i in range(KILLS):
        writer.write(3)
        backup = bench.start("backup", "--db", "w", "wb")
        time.sleep(chance.random() * 0.15)
        backup.send_signal(signal.SIGKILL)
        backup.communicate()
        done = bench.run("backup", "--verify", "wb")
        bench.expect(f"killed {i}: the last backup is whole", done, 0, "every byte")
    acknowledged = writer.acknowledged
    bench.expect("the next backup is made", bench.run("backup", "--db", "w", "wb"), 0)
    left = [n for n in os.listdir(bench.folder / "w") if n.endswith(".tmp")]
    bench.check("and tidies the store's folder up", not left, left)
    left = [n for n in os.listdir(bench.folder / "wb" / "files") if n.endswith(".tmp")]
    bench.check("and its own", not left, left)
    restored(bench, "killed", "wb", acknowledged)
    writer.close()


def main():
    with tempfile.TemporaryDirectory(prefix="bandstand-backup-") as folder:
        bench = Bench(sys.argv[1], folder)
        for part in (idle, refusals, damage, while_written, killed):
            part(bench)
        print(f"1..{bench.number}")
        return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
