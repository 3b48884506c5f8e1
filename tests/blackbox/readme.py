#!/usr/bin/env python3
"""Runs the README's tour as it is pasted, with the built program and on free ports; and looks
whether the files that it and the pages of docs/ link to are there. Prints TAP.

usage: readme.py BANDSTAND
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(os.environ["BANDSTAND_SOURCE"])
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+?)(?:#[^)]*)?\)")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def tour(readme, program):
    """The blocks as one script; what installs and builds has been done."""
    script = "\n".join(BLOCK.findall(readme))
    assert "7400" in script and "7480" in script
    script = script.replace("7400", free_port()).replace("7480", free_port())
    built = [line for line in script.splitlines()
             if not re.match(r"tools/setup|test -f build|ninja|export PATH", line)]
    return f'set -euo pipefail\nexport PATH="{Path(program).resolve().parent}:$PATH"\n' + \
        "\n".join(built)


def missing_links():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [f"{page.name}: {target}" for page in pages
            for target in LINK.findall(page.read_text(encoding="utf-8"))
            if not (page.parent / target).exists()]


def main():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    print("1..2")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="bandstand-readme-") as folder:
        os.symlink(ROOT / "tests", Path(folder) / "tests")
        done = subprocess.run(["bash", "-c", tour(readme, sys.argv[1])], cwd=folder, timeout=120,
                              capture_output=True, text=True, check=False)
        # what the tour promises to show
        promised = ["batches were in already", "every index agrees with the log", "Nick Drake",
                    "bandstand.v1.ArtistService/SearchArtists", "The Beatles"]
        lacking = [text for text in promised if text not in done.stdout]
        is_ok = done.returncode == 0 and not lacking and "#error" not in done.stdout
        failed += not is_ok
        print(f"{'ok' if is_ok else 'not ok'} 1 - the tour works when pasted")
        if not is_ok:
            print(f"# exit {done.returncode}, lacking {lacking}")
            print("# " + (done.stdout + done.stderr)[-3000:].replace("\n", "\n# "))
    links = missing_links()
    failed += bool(links)
    print(f"{'not ok' if links else 'ok'} 2 - linked pages are there")
    for link in links:
        print("# " + link)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
