#!/usr/bin/env python3
"""The shell as a person sees it: on a pseudo-terminal. Waits for what must appear, never for time.
Prints TAP.

usage: terminal.py BANDSTAND
"""

import os
import pty
import re
import select
import signal
import sys
import tempfile
import termios
import time

LIMIT_S = 30
CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
# takes long enough to be interrupted: it waits for a transaction that nobody makes
LONG = "(sync 100000)"


class Terminal:
    """One run of the program; `seen` is what it showed since it was last waited for."""

    def __init__(self, program, home):
        self.seen = ""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update(XDG_STATE_HOME=home, HOME=home, TERM="xterm", LC_ALL="C.UTF-8")
            os.execv(program, [program, "repl", "--memory"])

    def read(self, deadline):
        """False at the end of the program's output."""
        ready, _, _ = select.select([self.file], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(f"only this was shown: {self.seen!r}")
        try:
            data = os.read(self.file, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += CODES.sub("", data.decode("utf-8", "replace"))
        return bool(data)

    def wait_for(self, text):
        deadline = time.monotonic() + LIMIT_S
        while text not in self.seen:
            if not self.read(deadline):
                raise EOFError(f"ended, having shown: {self.seen!r}")
        self.seen = self.seen[self.seen.index(text) + len(text):]

    def type(self, text):
        os.write(self.file, text.encode())

    def wait_for_line(self):
        """The prompt is shown just before the line editor takes the terminal over; in between, the
        terminal itself throws a line away at Ctrl-C and keeps Ctrl-D."""
        deadline = time.monotonic() + LIMIT_S
        while termios.tcgetattr(self.file)[3] & termios.ICANON:
            if time.monotonic() > deadline:
                raise TimeoutError("no line was asked for")
            os.sched_yield()

    def say(self, text, answer):
        self.wait_for_line()
        self.type(text)
        self.wait_for(answer)

    def interrupt(self, answer):
        """Ctrl-C while a form runs, or is about to."""
        self.type("\x03")
        self.wait_for(answer)

    def end(self):
        """Ctrl-D."""
        self.wait_for_line()
        self.type("\x04")
        try:
            while self.read(time.monotonic() + LIMIT_S):
                pass
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def forms(terminal):
    terminal.say("(count [1\r", "\n  ")
    terminal.say("2 3])\r", "\n3\n> ")
    terminal.say('"h\u00e9"\r', '\n"h\u00e9"\n> ')
    terminal.say("(def ann {:a 1}) (:a ann)\r", "\n{:a 1}\n1\n> ")


def errors(terminal):
    terminal.say("(cont [1])\r",
                 "\nerror: there is no function cont; did you mean count? "
                 "(:shell.error/unknown-name)\n> ")
    terminal.say("[1 }\r", "\nerror: line 1, column 4: } closes a vector: expected ]")
    terminal.wait_for("\n> ")


def completion(terminal):
    terminal.say("(hel\t", "p ")
    terminal.say("pul\t)\r", "(pull")
    terminal.wait_for("\n> ")
    terminal.say("an\t\r", "\n{:a 1}\n> ")
    terminal.say(":db/val\t\r", "\n:db/valueType\n> ")
    terminal.say(":db/i\t", ":db/ident")  # several: a list of them
    terminal.wait_for("> :db/i")
    terminal.say("\x03", "\n> ")


def cuts(terminal):
    terminal.say("(datoms db :eavt)\r", "; cut: the first 50 of ")
    terminal.wait_for("*1 holds them all\n> ")
    terminal.say("(help q)\r", "\n(q QUERY INPUT...)\n")
    terminal.wait_for("\n> ")


def interrupts(terminal):
    terminal.say("(count [1\r", "\n  ")
    terminal.say("\x03", "\n> ")
    terminal.say("(count [])\r", "\n0\n> ")
    terminal.say(f"{LONG}\r", "100000)\n")
    terminal.interrupt("(:rpc.error/cancelled)\n> ")
    terminal.say("(count [1])\r", "\n1\n> ")


def history(terminal):
    terminal.say("\x1b[A", "(count [1])")
    terminal.say("\r", "\n1\n> ")


PARTS = [("forms of one line and of many", forms), ("errors in one line", errors),
         ("completion", completion), ("results are cut with a note", cuts),
         ("Ctrl-C throws away a line, and ends a query", interrupts),
         ("what was typed comes back", history)]


def report(number, name, problem):
    print(f"{'not ok' if problem else 'ok'} {number} - {name}")
    if problem:
        print(f"# {problem}")
    return not problem


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except (TimeoutError, EOFError, OSError) as problem:
        return problem


def main():
    print(f"1..{len(PARTS) + 1}")
    with tempfile.TemporaryDirectory(prefix="bandstand-terminal-") as home:
        terminal = Terminal(os.path.abspath(sys.argv[1]), home)
        terminal.wait_for("> ")
        results = [report(number, name, attempt(part, terminal))
                   for number, (name, part) in enumerate(PARTS, 1)]
        status = attempt(terminal.end)
        kept = os.path.exists(os.path.join(home, "bandstand", "history"))
        results.append(report(len(PARTS) + 1, "Ctrl-D leaves, and the history is kept",
                              None if status == 0 and kept else f"{status}, history {kept}"))
    return 0 if all(results) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main())
