#!/usr/bin/env python3
"""A server whose disk fails and heals, from outside: /readyz, /metrics and the log. Prints TAP.

usage: health.py BANDSTAND LIBFAULTS
"""

import errno
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ALL_WRITES = 1 | 2 | 4 | 8  # enum faults_kind
RULE = struct.Struct("Ii32sQQ?7xQQ")  # struct faults_rule


class Server:
    """A server under libfaults; `lines` is its log."""

    def __init__(self, program, faults, folder):
        self.program = program
        store = folder / "s"
        store.mkdir()
        with open(folder / "rule", "w+b") as file:
            file.write(bytes(RULE.size))
            file.flush()
            self.rule = mmap.mmap(file.fileno(), RULE.size)
        # an instrumented program wants its runtime before libfaults; it does without
        environment = dict(os.environ, LD_PRELOAD=faults, FAULTS_DIR=str(store),
                           FAULTS_RULE=str(folder / "rule"),
                           ASAN_OPTIONS="verify_asan_link_order=0")
        self.process = subprocess.Popen(
            [program, "serve", "--db", str(store), "--rpc", "tcp://127.0.0.1:0", "--http",
             "127.0.0.1:0", "--demo"],
            env=environment, text=True, stderr=subprocess.PIPE)
        self.lines = []
        self.thread = threading.Thread(target=self.read)
        self.thread.start()
        self.url = None
        wait(lambda: self.logged("ready http ") or self.process.poll() is not None)
        for line in self.logged("ready http "):
            self.url = line.split()[2]

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def logged(self, text):
        return [line for line in self.lines if text in line]

    def fail(self, error):
        self.rule[:] = RULE.pack(ALL_WRITES if error else 0, error, b"", 0, 0, False, 0, 0)

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def write(self):
        """A call that writes: a session is made."""
        request = urllib.request.Request(
            self.url + "/api/auth/login", method="POST",
            data=b'{"email":"owner@bandstand.example","password":"bandstand"}',
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            return answer.code

    def rpc_status(self):
        """What rpc.v1.HealthService says of the server as a whole."""
        url = self.logged("ready rpc ")[0].split()[2]
        done = subprocess.run([self.program, "call", url, "rpc.v1.HealthService/Check", "{}"],
                              text=True, capture_output=True, timeout=60, check=False)
        return done.stdout + done.stderr

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        self.thread.join()
        return status


def wait(condition):
    until = time.monotonic() + 40
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    return None


def main():
    number = failed = 0

    def check(name, holds, note=""):
        nonlocal number, failed
        number += 1
        failed += not holds
        print(f"{'ok' if holds else 'not ok'} {number} - {name}")
        if not holds:
            print(f"# {note!r}")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="bandstand-health-") as folder:
        server = Server(sys.argv[1], sys.argv[2], Path(folder))
        try:
            check("it is ready", server.url and server.get("/readyz") == (200, "ready\n"),
                  server.lines)
            check("over RPC too", '"SERVING"' in server.rpc_status(), server.rpc_status())
            check("a call writes", server.write() == 200)
            metrics = server.get("/metrics")[1]
            check("the store has not failed", "\nstore_failed 0\n" in metrics, metrics)
            check("its figures are there",
                  "\nstore_epoch 1\n" in metrics and "\nstore_values_held " in metrics
                  and "\nstore_free_bytes " in metrics, metrics)
            server.fail(errno.EIO)
            status = server.write()
            check("a write on a disk that fails is refused", status >= 500, status)
            answer = wait(lambda: [a for a in [server.get("/readyz")] if a[0] == 503])
            check("then it is not ready, and says why", answer and "store.error/" in answer[0][1],
                  answer)
            check("over RPC it serves not", '"NOT_SERVING"' in server.rpc_status(),
                  server.rpc_status())
            check("it is alive", server.get("/healthz")[0] == 200)
            check("the metrics say it", "\nstore_failed 1\n" in server.get("/metrics")[1])
            server.write()
            time.sleep(4.5)  # two more looks
            lines = server.logged("id=store-failed")
            check("it is logged once, with what to do", len(lines) == 1 and " do=" in lines[0],
                  server.lines)
            server.fail(0)
            check("healed it is ready again, without a write",
                  wait(lambda: server.get("/readyz")[0] == 200), server.lines)
            check("over RPC it serves again", '"SERVING"' in server.rpc_status(),
                  server.rpc_status())
            check("which is logged once", len(server.logged("id=store-recovered")) == 1,
                  server.lines)
            check("and calls write", server.write() == 200)
        finally:
            status = server.end()
        check("it ends well", status == 0, server.lines)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
