#!/usr/bin/env python3
"""Installs into an empty folder and builds the example from there by pkg-config alone. Prints TAP.

usage: install.py MESON BUILD EXAMPLE.C
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

EXPECTED = 'now: "US"\nas of the first: "DE"\nwith: "FR"\n'
PREFIXES = ("bs_", "edn_", "datom_", "query_")


def run(command, **more):
    return subprocess.run(command, text=True, capture_output=True, check=False, **more)


class Tests:
    """Counts and prints."""

    def __init__(self):
        self.number = 0
        self.failed = 0

    def check(self, name, holds, note=""):
        self.number += 1
        print(f"{'ok' if holds else 'not ok'} {self.number} - {name}")
        if not holds:
            self.failed += 1
            print(f"# {note!r}")
        return holds


def flags(env, *arguments):
    done = run(["pkg-config", *arguments, "datom"], env=env)
    return shlex.split(done.stdout) if done.returncode == 0 else None


def exported(library):
    lines = run(["nm", "-D", "--defined-only", str(library)]).stdout.splitlines()
    return [line.split()[-1].split("@")[0] for line in lines]


def main():
    meson, build, example = sys.argv[1:4]
    tests = Tests()
    cc = shlex.split(os.environ.get("CC", "cc"))
    with tempfile.TemporaryDirectory(prefix="bandstand-install-") as root:
        done = run([*shlex.split(meson), "install", "--no-rebuild", "--destdir", root],
                   cwd=build)
        tests.check("it is installed", done.returncode == 0, done.stderr[-500:])
        pc = next(Path(root).rglob("datom.pc"), None)
        if not tests.check("datom.pc is there", pc is not None):
            return 1
        lib = pc.parent.parent
        env = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent), PKG_CONFIG_SYSROOT_DIR=root,
                   PKG_CONFIG_ALLOW_SYSTEM_CFLAGS="1", LD_LIBRARY_PATH=str(lib))
        shared = flags(env, "--cflags", "--libs")
        program = Path(root) / "example"
        done = run([*cc, "-Wall", "-Wextra", "-Werror", example, "-o", str(program), *shared])
        if not tests.check("the example builds with pkg-config's flags", done.returncode == 0,
                           done.stderr):
            return 1
        done = run([str(program), f"{root}/store"], env=env)
        tests.check("and runs", done.returncode == 0 and done.stdout == EXPECTED, done)

        # the same with the archives: what is ours from them, the rest as it comes
        static = [str(lib / f"lib{flag[2:]}.a") if flag in ("-ldatom", "-lbandstand-base") else flag
                  for flag in flags(env, "--static", "--libs")]
        done = run([*cc, *flags(env, "--cflags"), example, "-o", f"{program}-static", *static])
        if not tests.check("it builds with the static libraries", done.returncode == 0,
                           done.stderr):
            return 1
        done = run([f"{program}-static", f"{root}/store-static"],
                   env={k: v for k, v in env.items() if k != "LD_LIBRARY_PATH"})
        tests.check("and runs without the shared ones",
                    done.returncode == 0 and done.stdout == EXPECTED, done)

        names = exported(lib / "libdatom.so") + exported(lib / "libbandstand-base.so")
        strange = [name for name in names if not name.startswith(PREFIXES)]
        tests.check("only our own names are exported", names and not strange, strange[:10])
        tests.check("libdatom holds no copy of base",
                    not any(n.startswith("bs_") for n in exported(lib / "libdatom.so")))
        tests.check("the libraries have sonames", (lib / "libdatom.so.0").exists()
                    and (lib / "libbandstand-base.so.0").exists())
        tests.check("manuals are there", len(list(Path(root).rglob("datom.3"))) == 1
                    and len(list(Path(root).rglob("bandstand.1"))) == 1)
    print(f"1..{tests.number}")
    return 1 if tests.failed else 0


if __name__ == "__main__":
    sys.exit(main())
