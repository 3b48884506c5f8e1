#!/usr/bin/env python3
"""Imports MusicBrainz with the program and asks ten queries of it; the answers are worked out from
the EDN text by loops over it. The part of the sample in tests/data always, the whole of it where it
is ($BANDSTAND_SHARED). Prints TAP.

usage: import.py BANDSTAND
"""

import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(os.environ["BANDSTAND_SOURCE"])
FILES = ["schema", "enums", "super-enums", "artists", "areleases", "areleases-artists", "labels",
         "releases", "releases-artists"]


def load_reader():
    path = str(ROOT / "tools" / "make-sample")
    loader = importlib.machinery.SourceFileLoader("make_sample", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_sample", loader))
    loader.exec_module(module)
    return module.Reader


def text_of(value):
    return json.loads(value)


class Facts:
    """What the EDN says, entity by entity, upserts merged."""

    def __init__(self, paths):
        reader = load_reader()
        self.by_gid = {}
        self.idents = {}
        self.batches = 0
        for path in paths:
            for batch in reader(path.read_text(encoding="utf-8")):
                self.batches += 1
                for entity in batch[":data"]:
                    self.take(entity)

    def take(self, entity):
        gid = next((v for k, v in entity.items() if k.endswith("/gid")), None)
        if gid is None:
            known = self.idents.setdefault(entity[":db/ident"], {})
        else:
            known = self.by_gid.setdefault(gid, {})
        for key, value in entity.items():
            values = value if isinstance(value, list) else [value]
            for item in values:
                if isinstance(item, dict):
                    self.take(item)
                    item = next(v for k, v in item.items() if k.endswith("/gid"))
                known.setdefault(key, [])
                if item not in known[key]:
                    known[key].append(item)

    def of(self, attribute):
        return [e for e in self.by_gid.values() if attribute in e]


def one(entity, attribute):
    return entity[attribute][0] if attribute in entity else None


def questions(facts):
    """(name, query, arguments, the answer that the EDN gives, in a form that compares)."""
    releases = facts.of(":release/gid")
    artists = facts.of(":artist/gid")
    labels = facts.of(":label/gid")
    countries = {i: text_of(one(e, ":country/name")) for i, e in facts.idents.items()
                 if ":country/name" in e}
    beatles = [g for g, e in facts.by_gid.items() if one(e, ":artist/name") == '"The Beatles"']
    by_country = Counter(countries[one(r, ":release/country")] for r in releases
                         if ":release/country" in r)
    years = [int(one(r, ":release/year")) for r in releases if ":release/year" in r]
    yield ("releases by country",
           "[:find ?n (count ?r) :where [?c :country/name ?n] [?r :release/country ?c]]", [],
           sorted([k, v] for k, v in by_country.items()))
    yield ("how many artists", "[:find (count ?a) . :where [?a :artist/gid]]", [], len(artists))
    yield ("British artists",
           "[:find (count ?a) . :where [?a :artist/country :country/GB]]", [],
           sum(one(a, ":artist/country") == ":country/GB" for a in artists) or None)
    yield ("releases of a year by a predicate",
           "[:find (count ?r) . :in $ ?from ?to :where [?r :release/year ?y] [(<= ?from ?y ?to)]]",
           ["1971", "1972"], sum(1971 <= y <= 1972 for y in years))
    yield ("names of the Beatles' releases",
           "[:find [?n ...] :where [?a :artist/name \"The Beatles\"] [?r :release/artists ?a]"
           " [?r :release/name ?n]]", [],
           sorted({text_of(one(r, ":release/name")) for r in releases
                   if set(r.get(":release/artists", [])) & set(beatles)}))
    yield ("labels by country code, through two references",
           "[:find ?code (count ?l) :where [?l :label/country ?c] [?c :country/code ?code]]", [],
           sorted([k, v] for k, v in Counter(
               text_of(one(facts.idents[one(l, ":label/country")], ":country/code"))
               for l in labels if ":label/country" in l).items()))
    yield ("groups without a country",
           "[:find (count ?a) . :where [?a :artist/type :artist.type/group]"
           " (not [?a :artist/country])]", [],
           sum(one(a, ":artist/type") == ":artist.type/group" and ":artist/country" not in a
               for a in artists) or None)
    yield ("official English or German releases",
           "[:find (count ?r) . :where [?r :release/status \"Official\"]"
           " (or [?r :release/language :language/eng] [?r :release/language :language/deu])]", [],
           sum(one(r, ":release/status") == '"Official"' and
               one(r, ":release/language") in (":language/eng", ":language/deu")
               for r in releases) or None)
    yield ("first and last year",
           "[:find [(min ?y) (max ?y)] :where [_ :release/year ?y]]", [],
           [min(years), max(years)])
    gid = sorted(g for g, e in facts.by_gid.items() if ":release/gid" in e)[0]
    yield ("a release by its identity",
           "[:find ?n . :in $ ?gid :where [?r :release/gid ?gid] [?r :release/name ?n]]", [gid],
           text_of(one(facts.by_gid[gid], ":release/name")))


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, condition, name, detail=""):
        self.count += 1
        self.failed += not condition
        print(f"{'ok' if condition else 'not ok'} {self.count} - {name}")
        if not condition:
            print("# " + str(detail)[:2000].replace("\n", "\n# "))

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")


def comparable(value):
    return sorted(value) if isinstance(value, list) and value and not isinstance(
        value[0], int) else value


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300,
                          check=False)


def import_and_ask(tap, program, name, paths):
    facts = Facts(paths)
    with tempfile.TemporaryDirectory(prefix="bandstand-import-") as folder:
        db = ["--db", folder + "/store"]
        first = run(program, "import", *db, *map(str, paths))
        expected = rf"{facts.batches} transactions, \d+ datoms in [\d.]+ s, \d+ datoms/s\n"
        tap.ok(first.returncode == 0 and re.fullmatch(expected, first.stdout),
               f"{name}: the import says what it did", first.stdout + first.stderr)
        stats = run(program, "stats", *db).stdout.splitlines()
        second = run(program, "import", *db, *map(str, paths))
        tap.ok(second.returncode == 0 and
               second.stdout.startswith("0 transactions, 0 datoms") and
               run(program, "stats", *db).stdout.splitlines()[:3] == stats[:3],
               f"{name}: a second import adds nothing", second.stdout + second.stderr)
        for question, query, arguments, answer in questions(facts):
            asked = run(program, "q", *db, "--format", "json", query, *arguments)
            try:
                is_right = comparable(json.loads(asked.stdout)) == answer
            except ValueError:
                is_right = False
            tap.ok(asked.returncode == 0 and is_right, f"{name}: {question}",
                   f"is {asked.stdout}{asked.stderr} should be {answer}")
        checked = run(program, "check", *db)
        tap.ok(checked.returncode == 0, f"{name}: check", checked.stdout + checked.stderr)


def main():
    tap = Tap()
    program = sys.argv[1]
    import_and_ask(tap, program, "part", [ROOT / "tests" / "data" / "mbrainz.edn"])
    whole = Path(os.environ.get("BANDSTAND_SHARED", "")) / "data" / "mbrainz"
    if whole.is_dir():
        import_and_ask(tap, program, "whole", [whole / (name + ".edn") for name in FILES])
    else:
        tap.skip("whole", "the sample is not here")
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
