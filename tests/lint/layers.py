#!/usr/bin/env python3
"""Who may include whom (docs/architecture.md): an include that goes up the house fails.

usage: layers.py SOURCE_ROOT
"""

import re
import sys
from pathlib import Path

# For each room the rooms that its files may include, beside itself. gen stands for generated code.
BELOW = {
    "base": [],
    "edn": ["base"],
    "datom": ["base", "edn"],
    "query": ["base", "edn", "datom"],
    "rpc": ["base", "gen"],
    "http": ["base"],
    "services": ["base"],
    "universe": ["base", "edn", "datom", "query", "rpc", "services", "gen"],
    "procedures": ["base", "edn", "datom", "query", "rpc", "services", "universe", "gen"],
    "bridge": ["base", "rpc", "http", "gen"],
    "shell": ["base", "edn", "datom", "query", "rpc", "services", "universe", "gen"],
}
# The one header of a room for those outside, where a room has one beside its name's.
PUBLIC = {"rpc": None, "base": None, "gen": None}
# Internal headers that one other room may use, with the reason.
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def room_of(path, rooms, generated):
    head = path.split("/")[0]
    # gen/datom/v1 is the package datom.v1, not the room datom
    if head in rooms and not (generated / path).exists():
        return head
    return "gen" if "/" in path else None


def complaints(root):
    source = root / "src"
    rooms = set(BELOW)
    for file in sorted(source.rglob("*.[ch]")):
        room = file.relative_to(source).parts[0]
        if room not in BELOW:
            yield f"{file.relative_to(root)}: room {room} stands nowhere in the house"
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            other = room_of(match.group(1), rooms, root / "gen")
            if other is None or other == room:
                continue
            place = f"{file.relative_to(root)}:{number}: {room} includes {match.group(1)}"
            if other not in BELOW[room]:
                yield f"{place}: {room} may know {', '.join(BELOW[room]) or 'nobody'} only"
            elif other not in PUBLIC and match.group(1) != f"{other}/{other}.h":
                yield f"{place}: outside its room only {other}/{other}.h may be included"


def main():
    lines = list(complaints(Path(sys.argv[1])))
    print("\n".join(lines) or "every include goes down the house")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
