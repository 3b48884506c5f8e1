#!/usr/bin/env python3
"""Runs the examples of README.md and docs/*.md with the built program, as a reader would paste
them. Prints TAP: a line for each example.

What a fenced block is depends on its tag:

    ```console   commands after "$ " (more lines of one after "> "), what each prints below it
    ```sh        a script; what it prints is in the ```output block right after it, if there is one
    ```clojure   forms for the shell; a comment ";=> VALUE" has what the form above it prints
    ```c         C: a whole file when it has a line "}" at the margin, else the body of a function
    ```js, ```proto, ```text   are not run

A page's commands run in one bash, in an empty folder with tests/data in it; its forms in one
`bandstand repl --memory --batch`; its C is compiled without warnings. The ports 7400 and 7480
become free ones, folders below /var/lib and /mnt/backup come to stand in the page's own folder.

In what is expected "..." stands for any text of a line, and for any lines when it is alone in
one. A command or form whose output is not shown must not fail; one that fails on purpose shows
its error (a command: with "$ echo $?" after it).

Files, functions and pages that a page speaks of (`src/datom/datom.h`, `datom_db_get`, links) must
be there.

usage: docs.py [--page NAME]... BANDSTAND COMPILER...
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(os.environ["BANDSTAND_SOURCE"])
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`((?:[a-z_0-9-]+/)+[a-z_0-9.-]+\.\w+|[a-z_0-9]+\.(?:[ch]|def|proto|py|sh))`")
ROOMS = "bs|edn|datom|query|rpc|http|services|universe|bridge|shell"
NAME = re.compile(rf"`((?:{ROOMS})_[a-z0-9_]*[a-z0-9])(?:\(\))?`")
LINK = re.compile(r"\]\(([^)#:]+?)(?:#[^)]*)?\)")
TAGS = {"console", "sh", "output", "clojure", "c", "js", "proto", "text"}
WARNINGS = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-Wno-unused"]
INCLUDES = [f"-I{ROOT / folder}" for folder in ("src", "gen", "tests")]
MARK = "@@@ step"
PORTS = ("7400", "7480")
FOLDERS = ("/var/lib/", "/mnt/backup/")
# what the README's tour does to install and build has been done
BUILDS = re.compile(r"^(tools/setup|test -f build|ninja|export PATH).*\n", re.MULTILINE)


class Example:
    """A command, a form with those before it, or C. `expected` None: anything but a failure."""

    def __init__(self, line, source, expected=None):
        self.line = line
        self.source = source
        self.expected = expected
        self.may_fail = False


def examples_of_console(line, body):
    found = []
    for number, text in enumerate(body.splitlines(), line):
        if text.startswith("$ "):
            found.append(Example(number, text[2:], ""))
        elif text.startswith("> ") and found and not found[-1].expected:
            found[-1].source += "\n" + text[2:]
        elif found:
            found[-1].expected += text + "\n"
        else:
            raise SystemExit(f"line {number}: expected a command, \"$ ...\"")
    for before, after in zip(found, found[1:]):
        before.may_fail = after.source == "echo $?"
    return found


def examples_of_clojure(line, body):
    """Cut behind each ";=> VALUE", which may go on in lines that begin with ";   "."""
    found = [Example(line, "")]
    for number, text in enumerate(body.splitlines(), line):
        if text.startswith(";=> "):
            found[-1].expected = text[4:] + "\n"
            found.append(Example(number + 1, ""))
        elif text.startswith(";   ") and not found[-1].source.strip():
            found[-2].expected = found[-2].expected.rstrip("\n") + " " + text[4:].strip() + "\n"
        else:
            found[-1].source += text + "\n"
    return [example for example in found if example.source.strip()]


class Page:
    """The examples of a page, by what runs them."""

    def __init__(self, path):
        self.name = path.name
        self.commands, self.forms, self.code, self.problems = [], [], [], []
        text = path.read_text(encoding="utf-8")
        script_end = -1
        for fence in FENCE.finditer(text):
            tag, body = fence.groups()
            line = text.count("\n", 0, fence.start()) + 2
            if tag not in TAGS:
                self.problems.append(f"line {line}: ```{tag}: expected one of {sorted(TAGS)}")
            elif tag == "console":
                self.commands += examples_of_console(line, body)
            elif tag == "sh":
                self.commands.append(Example(line, f"set -e\n{BUILDS.sub('', body)}set +e"))
                script_end = fence.end()
            elif tag == "output":
                if script_end < 0 or text[script_end:fence.start()].strip():
                    self.problems.append(f"line {line}: ```output: expected ```sh right before it")
                else:
                    self.commands[-1].expected = body
            elif tag == "clojure":
                self.forms += examples_of_clojure(line, body)
            elif tag == "c":
                self.code.append(Example(line, body))
        self.problems += [f"linked page is not there: {target}" for target in LINK.findall(text)
                          if not (path.parent / target).exists()]
        self.files = set(FILE.findall(text))
        self.names = set(NAME.findall(text))


class Sources:
    """What files and names there are."""

    def __init__(self):
        paths = [path for room in ("src", "gen", "proto", "tools", "tests", "clients", "docs")
                 for path in (ROOT / room).rglob("*") if "node_modules" not in path.parts]
        self.files = [str(path.relative_to(ROOT)) for path in paths]
        self.names = set()
        for path in paths:
            if path.suffix in (".c", ".h", ".def", ".proto"):
                text = path.read_text(encoding="utf-8", errors="replace")
                self.names.update(re.findall(r"\w+", text))

    def missing(self, page):
        """Files and names that the page speaks of and that are not there."""
        files = [f"no such file: {name}" for name in sorted(page.files)
                 if not any(("/" + path).endswith("/" + name) for path in self.files)]
        return files + [f"nothing is called {name}" for name in sorted(page.names - self.names)]


def matches(expected, actual):
    """Whether a text is as expected, "..." being anything."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else ".*?".join(map(re.escape, line.split("..."))) + r"\n"
        for line in expected.splitlines())
    return re.fullmatch(pattern, actual if actual.endswith("\n") or not actual else actual + "\n")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def run(argv, **more):
    done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120, check=False, errors="replace", **more)
    return done.stdout


def judge(example, actual, has_failed):
    """What is wrong with an example's output, as lines; none when nothing is."""
    if example.expected is None:
        return actual.splitlines() or ["failed"] if has_failed else []
    if matches(example.expected, actual):
        return ["failed, which is not shown"] if has_failed and not example.may_fail else []
    return [f"expected: {line}" for line in example.expected.splitlines()] + \
        [f"printed:  {line}" for line in actual.splitlines()]


class Local:
    """Ports and folders of an example, replaced by those of this run."""

    def __init__(self, folder):
        self.pairs = [(port, free_port()) for port in PORTS] + \
            [(top, folder + top) for top in FOLDERS]
        for _, below in self.pairs[len(PORTS):]:
            os.makedirs(below)

    def take(self, text):
        for public, local in self.pairs:
            text = text.replace(public, local)
        return text

    def give(self, text):
        for public, local in self.pairs:
            text = text.replace(local, public)
        return text


def run_commands(examples, program, folder):
    local = Local(folder)
    script = f"export PATH='{program.parent}':$PATH\n"
    for example in examples:
        script += f"{local.take(example.source)}\n" \
            f"bs_status=$?; printf '\\n{MARK} %s\\n' $bs_status; (exit $bs_status)\n"
    output = run(["bash", "-c", script + "kill $(jobs -p) 2>/dev/null\nwait"], cwd=folder,
                 stdin=subprocess.DEVNULL)
    steps = re.findall(rf"(.*?)\n{MARK} (\d+)\n", local.give(output), re.DOTALL)
    for example, (printed, status) in zip(examples, steps):
        yield example, judge(example, printed, status != "0")
    for example in examples[len(steps):]:
        yield example, ["did not end", *output.splitlines()[-20:]]


def run_forms(examples, program, _):
    """A keyword, which prints itself, after each example."""
    script = "".join(f"{example.source}\n:step/end\n" for example in examples)
    output = run([program, "repl", "--memory", "--batch"], input=script)
    steps = output.split(":step/end\n")
    for example, printed in zip(examples, steps):
        lines = printed.splitlines(keepends=True)
        last = "".join(lines[-1:])
        problems = [line.rstrip("\n") for line in lines[:-1] if line.startswith("#error ")]
        yield example, problems + judge(example, last, example.expected is None and
                                        last.startswith("#error "))


def compile_code(examples, compiler, folder):
    for number, example in enumerate(examples):
        text = f'#line {example.line} "example"\n{example.source}'
        if not re.search(r"^}", example.source, re.MULTILINE):
            includes = "".join(re.findall(r"^#include.*\n", text, re.MULTILINE))
            body = re.sub(r"^#include.*$", "", text, flags=re.MULTILINE)
            text = f"{includes}#include <stdio.h>\nvoid example(void);\n" \
                f"void example(void)\n{{\n{body}}}\n"
        path = Path(folder) / f"example-{number}.c"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([*compiler, *WARNINGS, *INCLUDES, "-fsyntax-only", path],
                              capture_output=True, text=True, check=False)
        yield example, done.stderr.splitlines() if done.returncode else []


def results_of(page, program, compiler, sources):
    """(name, problems) of each example, and first of what the page speaks of."""
    yield page.name, page.problems + sources.missing(page)
    with tempfile.TemporaryDirectory(prefix="bandstand-docs-") as folder:
        os.makedirs(f"{folder}/tests")
        os.symlink(ROOT / "tests" / "data", f"{folder}/tests/data")
        for examples, runner, tool in [(page.commands, run_commands, program),
                                       (page.forms, run_forms, program),
                                       (page.code, compile_code, compiler)]:
            if examples:
                for example, problems in runner(examples, tool, folder):
                    yield f"{page.name}, line {example.line}", problems


def tell(results):
    """Prints names and their problems as TAP; the exit status."""
    number = failed = 0
    for name, problems in results:
        number += 1
        failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {number} - {name}")
        for problem in problems:
            print("# " + problem)
    print(f"1..{number}")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--page", action="append", default=[])
    parser.add_argument("program", type=Path)
    parser.add_argument("compiler", nargs="+")
    arguments = parser.parse_args()
    sources = Sources()
    results = (result for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
               if not arguments.page or path.name in arguments.page
               for result in results_of(Page(path), arguments.program.resolve(),
                                        arguments.compiler, sources))
    return tell(results)


if __name__ == "__main__":
    raise SystemExit(main())
