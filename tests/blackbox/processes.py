#!/usr/bin/env python3
"""Several processes on one store: one writes, others read beside it, follow it, and can't write; and
repairs and loads that were killed. Prints TAP.

usage: processes.py BANDSTAND
"""

import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from backup import COUNT, SCHEMA, Bench, Writer  # noqa: E402

KILLS = 6


def beside(bench):
    bench.run("transact", "--db", "s", stdin=SCHEMA)
    writer = Writer(bench, "s")
    writer.write(3)
    pid = f"pid {writer.process.pid}"
    for name, arguments, stdin in [("transact", (), "[{:n/number 77}]"), ("import", ("-",), "[]"),
                                   ("check", ("--rebuild",), "")]:
        done = bench.run(name, "--db", "s", *arguments, stdin=stdin)
        bench.check(f"{name} is refused, naming the writer",
                    done.returncode == 1 and pid in done.stderr
                    and ":store.error/locked" in done.stderr, done)
    bench.expect("q reads beside it", bench.run("q", "--db", "s", COUNT), 0, "^3$")
    bench.expect("datoms too", bench.run("datoms", "--db", "s", "aevt", ":n/number"), 0, "n/number")
    bench.expect("pull too", bench.run("pull", "--db", "s", "[:n/number]", "[:n/number 1]"), 0, "1")
    bench.expect("stats too", bench.run("stats", "--db", "s"), 0, "n/number")
    bench.expect("check too", bench.run("check", "--db", "s"), 0, "agrees with the log")
    bench.expect("export too", bench.run("export", "--db", "s"), 0, "n/number")
    follow(bench, writer)
    writer.close()


def follow(bench, writer):
    """A shell beside the writer: read-only, and it catches up when it is asked to."""
    reader = bench.start("repl", "--batch", "--db", "s")

    def ask(form):
        reader.stdin.write(form + "\n")
        reader.stdin.flush()
        return reader.stdout.readline()

    line = ask("(transact [{:n/number 99}])")
    bench.check("a shell beside it can't write", ":db.error/read-only" in line, line)
    before = int(ask("(basis-t db)"))
    writer.write(5)
    t = re.search(r":basis-t (\d+)", bench.run("stats", "--db", "s").stdout)
    writer.process.stdin.write("(basis-t db)\n")
    writer.process.stdin.flush()
    newest = int(writer.process.stdout.readline())
    bench.check("the writer is ahead", newest > before, (newest, before, t))
    line = ask(f"(basis-t (sync {newest}))")
    bench.check("it catches up when asked", line.strip() == str(newest), line)
    line = ask(f"(q {COUNT} (sync {newest}))")
    bench.check("and sees what was written", line.strip() == str(writer.acknowledged), line)
    reader.stdin.close()
    reader.wait(timeout=30)


def killed(bench):
    """Whenever they are killed, doing it again gives the store."""
    chance = random.Random(11)
    export = bench.run("export", "--db", "s").stdout
    (bench.folder / "s.edn").write_text(export)
    for i in range(KILLS):
        process = bench.start("check", "--rebuild", "--db", "s")
        time.sleep(chance.random() * 0.4)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = bench.run("q", "--db", "s", COUNT)
        bench.check(f"rebuild killed {i}: whole, or refused by name",
                    done.returncode == 0 or ":store.error/unfinished" in done.stderr, done)
    bench.expect("the rebuild made again", bench.run("check", "--rebuild", "--db", "s"), 0, "agrees")
    bench.check("the history is as it was", bench.run("export", "--db", "s").stdout == export)
    for i in range(KILLS):
        process = bench.start("import", "--db", "x", "s.edn")
        time.sleep(chance.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = bench.run("q", "--db", "x", COUNT)
        bench.check(f"load killed {i}: nothing, or all of it",
                    any(f":store.error/{n}" in done.stderr for n in ("not-found", "unfinished")) or done.stdout == "8\n", done)
    done = bench.run("import", "--db", "x", "s.edn")
    bench.check("the load made again", done.returncode == 0 or "not-empty" in done.stderr, done)
    bench.check("gives the same history", bench.run("export", "--db", "x").stdout == export)
    bench.expect("which checks", bench.run("check", "--db", "x"), 0, "agrees")


def main():
    with tempfile.TemporaryDirectory(prefix="bandstand-processes-") as folder:
        bench = Bench(sys.argv[1], folder)
        for part in (beside, killed):
            part(bench)
        print(f"1..{bench.number}")
        return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
