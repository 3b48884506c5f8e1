#!/usr/bin/env python3
"""The commands that work on a store, from outside: exit statuses, outputs, help. Prints TAP.

usage: commands.py BANDSTAND
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

SCHEMA = """[{:db/ident :person/name :db/valueType :db.type/string :db/cardinality
              :db.cardinality/one :db/unique :db.unique/identity}
             {:db/ident :person/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one}
             {:db/ident :person/born :db/valueType :db.type/instant
              :db/cardinality :db.cardinality/one}
             {:db/ident :person/kind :db/valueType :db.type/keyword
              :db/cardinality :db.cardinality/one}]"""
PEOPLE = """{:batch-ident {:load/id "people"}
             :data [{:person/name "Ann, \\"A\\"" :person/age 30 :person/born #inst "1990-01-02"
                     :person/kind :kind/one}
                    {:person/name "B\u00f6b" :person/age 4}]}"""
ALL = "[:find ?n ?a :where [?e :person/name ?n] [?e :person/age ?a] :order-by [?a]]"
COMMANDS = ["serve", "repl", "import", "transact", "q", "pull", "datoms", "call", "check",
            "backup", "restore", "export", "stats", "bench"]
ADDRESSES = [("--rpc", "foo", "tcp://HOST:PORT"), ("--rpc", "tcp://127.0.0.1", "tcp://HOST:PORT"),
             ("--http", "99", "HOST:PORT"), ("--http", "127.0.0.1:99999", "HOST:PORT")]


class Bench:
    """Runs the program in a folder; counts."""

    def __init__(self, program, folder):
        self.program = Path(program).resolve()
        self.folder = folder
        self.number = 0
        self.failed = 0

    def run(self, *arguments, stdin="", before=None):
        return subprocess.run([self.program, *arguments], input=stdin, cwd=self.folder, text=True,
                              capture_output=True, timeout=60, check=False, preexec_fn=before)

    def expect(self, name, done, status=0, stdout=None, stderr=None):
        """stdout is compared whole, or asked when it is a function; stderr must hold the text."""
        self.number += 1
        problems = []
        if done.returncode != status:
            problems.append(f"exit status {done.returncode}, not {status}")
        if callable(stdout) and not stdout(done.stdout):
            problems.append("stdout is not as expected")
        if isinstance(stdout, str) and done.stdout != stdout:
            problems.append(f"stdout is not {stdout!r}")
        if stderr is not None and stderr not in done.stderr:
            problems.append(f"stderr lacks {stderr!r}")
        print(f"{'not ok' if problems else 'ok'} {self.number} - {name}")
        if problems:
            self.failed += 1
            print(f"# {'; '.join(problems)}\n# stdout: {done.stdout!r}\n# stderr: {done.stderr!r}")


def usage(bench):
    bench.expect("no command is wrong usage", bench.run(), 2, "", "usage: bandstand")
    bench.expect("--version", bench.run("--version"), 0, lambda out: out.startswith("bandstand "))
    bench.expect("--help", bench.run("--help"), 0, lambda out: "commands:" in out)
    bench.expect("an unknown command", bench.run("transct"), 2, "", "did you mean transact?")
    for command in COMMANDS:
        done = bench.run(command, "--help")
        bench.expect(f"{command} --help", done, 0,
                     lambda out: "usage: bandstand" in out and "--help" in out)
        bench.expect(f"help {command} is the same", bench.run("help", command), 0, done.stdout)
        bench.expect(f"{command} --nope", bench.run(command, "--nope"), 2, "", "--nope")
    bench.expect("no database", bench.run("q", ALL), 2, "", "--db DIR or --memory")
    bench.expect("two databases", bench.run("q", "--memory", "--db", "x", ALL), 2, "", "one of")
    bench.expect("no query", bench.run("q", "--memory"), 2, "", "which query?")
    bench.expect("an unknown format", bench.run("q", "--memory", "--format", "xml", ALL), 2, "",
                 "expected edn, json, csv or table")
    bench.expect("pull without an entity", bench.run("pull", "--memory", "[*]"), 2, "",
                 "expected PATTERN and EID")
    bench.expect("datoms of no index", bench.run("datoms", "--memory"), 2, "", "which index?")
    for option, value, expected in ADDRESSES:
        bench.expect(f"serve {option} {value}",
                     bench.run("serve", "--db", "never", option, value), 2, "", expected)
    bench.expect("wrong addresses make no store", bench.run("check", "--db", "never"), 1, "",
                 ":store.error/not-found")
    bench.expect("serve with an unknown log level",
                 bench.run("serve", "--memory", "--log", "loud"), 2, "", "debug, info, warn")
    bench.expect("call with a deadline of no unit",
                 bench.run("call", "--deadline", "5", "a.B/C"), 2, "", "--deadline 5: expected")
    bench.expect("call with metadata of no value",
                 bench.run("call", "--metadata", "x", "a.B/C"), 2, "", "expected KEY=VALUE")
    bench.expect("call at no URL", bench.run("call", "http://x", "a.B/C"), 2, "", "tcp://HOST:PORT")
    bench.expect("call without a method", bench.run("call"), 2, "", "which method?")
    bench.expect("call where nobody listens",
                 bench.run("call", "tcp://127.0.0.1:1", "--list"), 1, "", '"UNAVAILABLE"')
    bench.expect("--connect waits", bench.run("q", "--connect", "tcp://127.0.0.1:1", ALL), 1, "",
                 ":db.error/unsupported")


def failures(bench):
    bench.expect("a store that is not there", bench.run("q", "--db", "nowhere", ALL), 1, "",
                 ":store.error/not-found")
    bench.expect("a query that is no EDN", bench.run("q", "--memory", "[:find"), 1, "", "line 1")
    bench.expect("a query that is none", bench.run("q", "--memory", "[:find ?x]"), 1, "",
                 ":db.error/invalid-query")
    bench.expect("an input that is missing",
                 bench.run("q", "--memory", "[:find ?e :in $ ?x :where [?e :db/ident ?x]]"), 1, "",
                 ":db.error/wrong-arity")
    bench.expect("an unknown attribute", bench.run("pull", "--memory", "[:db/idnt]", "0"), 1, "",
                 "did you mean :db/ident?")
    bench.expect("an unknown index", bench.run("datoms", "--memory", "eav"), 2, "", "eav")
    bench.expect("a transaction that is refused",
                 bench.run("transact", "--db", "s", stdin="[{:no/such 1}]"), 1, "",
                 ":db.error/not-an-attribute")


def no_more_threads():
    """Threads get stacks of this size, and no address space has room for one."""
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 46, resource.RLIM_INFINITY))


def load(bench):
    (Path(bench.folder) / "people.edn").write_text(PEOPLE, encoding="utf-8")
    bench.expect("transact from stdin", bench.run("transact", "--db", "s", stdin=SCHEMA), 0,
                 lambda out: out.startswith("{:db-before #db {:basis-t 72}") and
                 out.count("\n") == 1)
    bench.expect("import", bench.run("import", "--db", "s", "people.edn"), 0, None, None)
    bench.expect("import once more adds nothing", bench.run("import", "--db", "s", "people.edn"), 0)
    bench.expect("import without room for a thread",
                 bench.run("import", "--memory", "people.edn", before=no_more_threads), 1, "",
                 "the system gives the import no thread of its own: ")
    bench.expect("so there are two people",
                 bench.run("q", "--db", "s", "[:find (count ?e) . :where [?e :person/name]]"), 0,
                 "2\n")
    bench.expect("check", bench.run("check", "--db", "s"), 0)
    bench.expect("stats", bench.run("stats", "--db", "s"), 0,
                 lambda out: all(text in out for text in
                                 (":person/name", "health ", "epoch ", "free disk ", "write stall ",
                                  "values held ", "oldest held ")))


def formats(bench):
    rows = '[["Böb" 4] ["Ann, \\"A\\"" 30]]\n'
    bench.expect("q prints EDN where stdout is no terminal", bench.run("q", "--db", "s", ALL), 0,
                 rows)
    bench.expect("--format edn", bench.run("q", "--db", "s", "--format=edn", ALL), 0, rows)
    bench.expect("--format json", bench.run("q", "--db", "s", "--format", "json", ALL), 0,
                 lambda out: json.loads(out) == [["Böb", 4], ['Ann, "A"', 30]] and
                 out.count("\n") == 1)
    bench.expect("--format csv", bench.run("q", "--db", "s", "--format", "csv", ALL), 0,
                 '?n,?a\nBöb,4\n"Ann, ""A""",30\n')
    bench.expect("--format table", bench.run("q", "--db", "s", "--format", "table", ALL), 0,
                 '?n        ?a\n--------  --\nBöb        4\nAnn, "A"  30\n(2 rows)\n')
    one = "[:find (pull ?e [:person/kind :person/born :person/nope]) . :where [?e :person/age 30]]"
    bench.expect("an error inside a pull", bench.run("q", "--db", "s", one), 1, "",
                 ":person/nope")
    bench.expect("json of keywords and instants",
                 bench.run("q", "--db", "s", "--format", "json",
                           one.replace(" :person/nope", "")), 0,
                 '{"person/kind":"kind/one","person/born":"1990-01-02T00:00:00.000Z"}\n')
    literals = '[:find ?x . :in ?x]'
    value = '{1 [nil true 1.5M 2N \\a sym #{:k} #uuid "b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d"]}'
    bench.expect("json of everything else",
                 bench.run("q", "--memory", "--format", "json", literals, value), 0,
                 '{"1":[null,true,1.5,2,"a","sym",["k"],"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d"]}\n')
    nothing = '[:find [?a ?b] :where [?a :person/age 99] [?a :person/name ?b]]'
    bench.expect("nothing as csv", bench.run("q", "--db", "s", "--format", "csv", nothing), 0,
                 "?a,?b\n")
    bench.expect("nothing as json", bench.run("q", "--db", "s", "--format", "json", nothing), 0,
                 "null\n")
    keys = "[:find ?n ?a :keys name age :where [?e :person/name ?n] [?e :person/age ?a] " \
        "[(< ?a 10)]]"
    bench.expect(":keys as csv", bench.run("q", "--db", "s", "--format", "csv", keys), 0,
                 "name,age\nBöb,4\n")
    bench.expect("--explain", bench.run("q", "--db", "s", "--explain", ALL), 0,
                 lambda out: ":rows-out" in out and out.count("\n") == 1)


def views(bench):
    age = '[:find ?a . :in $ ?n :where [?e :person/name ?n] [?e :person/age ?a]]'
    bench.run("transact", "--db", "s", stdin='[{:person/name "Böb" :person/age 5}]')
    bench.expect("q with an input", bench.run("q", "--db", "s", age, '"Böb"'), 0, "5\n")
    done = bench.run("q", "--db", "s", "[:find (max ?t) . :where [_ :person/age 4 ?t]]",
                     "--history")
    tx = done.stdout.strip()
    bench.expect("--history", done, 0, lambda out: out.strip().isdigit())
    before = str(int(tx) - 1)
    bench.expect("--as-of", bench.run("q", "--db", "s", "--as-of", before, age, '"Böb"'), 0, "4\n")
    bench.expect("--since", bench.run("q", "--db", "s", "--since", tx,
                                      "[:find ?a . :where [_ :person/age ?a]]"), 0, "nil\n")
    (Path(bench.folder) / "with.edn").write_text('[{:person/name "Böb" :person/age 6}]',
                                                 encoding="utf-8")
    bench.expect("--with", bench.run("q", "--db", "s", "--with", "with.edn", age, '"Böb"'), 0,
                 "6\n")
    bench.expect("--with keeps nothing", bench.run("q", "--db", "s", age, '"Böb"'), 0, "5\n")
    bench.expect("pull", bench.run("pull", "--db", "s", "[:person/age]",
                                   '[:person/name "Böb"]'), 0, "{:person/age 5}\n")
    bench.expect("pull of nothing", bench.run("pull", "--db", "s", "[:person/age]",
                                              '[:person/name "Eve"]'), 0, "nil\n")
    bench.expect("pull --as-of", bench.run("pull", "--db", "s", "--as-of", before,
                                           "[:person/age]", '[:person/name "Böb"]'), 0,
                 "{:person/age 4}\n")
    bench.expect("datoms", bench.run("datoms", "--db", "s", "avet", ":person/name", '"Böb"'), 0,
                 lambda out: out.count("\n") == 1 and ':person/name "Böb"' in out)
    bench.expect("datoms --history", bench.run("datoms", "--db", "s", "--history", "aevt",
                                               ":person/age"), 0,
                 lambda out: out.count("\n") == 4)
    bench.expect("datoms --limit", bench.run("datoms", "--db", "s", "--limit", "3", "log"), 0,
                 lambda out: out.count("\n") == 3)


def shell(bench):
    bench.expect("repl of nothing", bench.run("repl", "--memory"), 0, "")
    bench.expect("repl prints a line a form", bench.run("repl", "--memory", stdin="1 2\n[3\n4]"), 0,
                 "1\n2\n[3 4]\n")
    bench.expect("repl goes on after an error, and fails",
                 bench.run("repl", "--memory", "--batch", stdin="(nope)\n1\n"), 1,
                 lambda out: out.startswith("#error {:code :shell.error/unknown-name, "
                                            ":category :incorrect, :message") and
                 out.endswith("}\n1\n"))
    bench.expect("repl on a store", bench.run("repl", "--db", "s", stdin="(count (datoms db "
                                              ":aevt :person/name))"), 0, "2\n")
    bench.expect("repl takes no arguments", bench.run("repl", "--memory", "x"), 2, "", "x")


def beside_a_writer(bench):
    with subprocess.Popen([bench.program, "repl", "--db", "s"], cwd=bench.folder, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdin.write('(def n (count (datoms db :aevt :person/name)))\n')
        writer.stdin.flush()
        answer = writer.stdout.readline()  # printed before the input ends
        bench.expect("a form's line comes at once", bench.run("--version"), 0,
                     lambda _: answer == "2\n")
        bench.expect("reading beside a writer",
                     bench.run("q", "--db", "s", "[:find (count ?e) . :where [?e :person/name]]"),
                     0, "2\n")
        bench.expect("writing beside a writer", bench.run("transact", "--db", "s", stdin="[]"), 1,
                     "", f"{writer.pid}")
        bench.expect("a shell beside a writer reads",
                     bench.run("repl", "--db", "s", stdin="(count (datoms db :aevt :person/name))\n"
                               "(:code (transact []))"), 1,
                     lambda out: out.startswith("2\n#error {:code :db.error/read-only"),
                     "opened read-only")
        writer.stdin.close()


def main():
    with tempfile.TemporaryDirectory(prefix="bandstand-commands-") as folder:
        bench = Bench(sys.argv[1], folder)
        for part in (usage, failures, load, formats, views, shell, beside_a_writer):
            part(bench)
    print(f"1..{bench.number}")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main())
