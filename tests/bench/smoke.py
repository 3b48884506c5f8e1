#!/usr/bin/env python3
"""bandstand bench runs and says what the contract says; the figures themselves mean nothing here.

usage: smoke.py BANDSTAND
"""

import json
import os
import subprocess
import sys
import tempfile

KEYS = ["name", "unit", "ours", "peer", "theirs", "ratio", "bar", "holds", "runs"]
GROUPS = {"store", "query", "rpc", "http", "universe", "memory"}


def bench(program, *arguments, status=0):
    environment = dict(os.environ, BANDSTAND_BENCH_SCALE="0.002")
    done = subprocess.run(
        [program, "bench", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=100,
    )
    assert done.returncode == status, (arguments, done.returncode, done.stderr)
    return done.stdout if status == 0 else done.stderr


def main():
    program = sys.argv[1]
    names = [line.split()[0] for line in bench(program, "--list").splitlines()]
    assert "store.import" in names and len(names) == len(set(names)), names
    assert {name.split(".")[0] for name in names} <= GROUPS, names
    assert "store.imprt" in bench(program, "store.imprt", status=2)
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(os.environ["BANDSTAND_SOURCE"], "tests", "data", "mbrainz.edn")
        tiny = ["--runs", "1", "--dir", folder, "--data", data]
        asked = ["store.transact.1", "store.fork"]
        lines = bench(program, "--json", *tiny, *asked).splitlines()
        rows = {row["name"]: row for row in map(json.loads, lines)}
        # a name is a row or a group: "store.fork" has more
        assert set(asked) <= set(rows) <= set(names), rows
        assert all(list(row) == KEYS for row in rows.values()), rows
        for row in map(rows.get, asked):
            assert row["ours"] > 0 and row["theirs"] > 0 and row["runs"] == 1, row
            assert abs(row["ratio"] - row["ours"] / row["theirs"]) < 0.01 * row["ratio"], row
        for row in rows.values():
            assert row["holds"] in ((True, False) if row["bar"] else (None,)), row
        assert rows["store.fork"]["bar"] == "ratio<=3", rows
        # a long row is listed, and only its whole name means it
        meant = bench(program, "--list", "store")
        assert "store.growth" in names and "store.growth" not in meant, meant
        grown = json.loads(bench(program, "--json", *tiny, "store.growth"))
        assert grown["ours"] > 0 and grown["theirs"] > 0, grown
        assert grown["bar"] == "ours>=0.7 or ratio>=0.9", grown
        assert grown["holds"] == (grown["ours"] >= 0.7 or grown["ratio"] >= 0.9), grown
        # SQLite is measured where this was built with it
        lines = bench(program, "--json", *tiny, "store.sqlite").splitlines()
        assert len(lines) == sum(name.startswith("store.sqlite.") for name in names) > 0, lines
        for row in map(json.loads, lines):
            assert row["ours"] > 0 and (row["theirs"] is None or row["theirs"] > 0), row
        idle = json.loads(bench(program, "--json", *tiny, "memory.idle"))
        assert idle["ours"] > 1 and idle["peer"] is None and idle["ratio"] is None, idle
        table = bench(program, *tiny, "universe.fork").splitlines()
        assert len(table) == 2 and table[0].startswith("name"), table
        table = bench(program, "--markdown", *tiny, "store.fork.siblings").splitlines()
        assert len(table) == 3 and table[0].startswith("| name |"), table
        assert all(line.count("|") == 9 for line in table), table
        assert "--markdown" in bench(program, "--json", "--markdown", status=2)
        assert os.listdir(folder) == [], os.listdir(folder)


main()
