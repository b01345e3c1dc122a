#!/usr/bin/env python3
"""Takes the figures of docs/performance.md: `just bench`, or `.ci/bench.py NAME…` for some of them.

Runs each bench and puts what it prints between the two marks of its name in that document.
"""

import datetime
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"


def machine() -> str:
    """What the figures were taken on."""
    info = pathlib.Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    model = re.search(r"model name\s*:\s*(.*)", text)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    load = os.getloadavg()[1]
    today = datetime.date.today().isoformat()
    name = model.group(1).strip() if model else "an unknown processor"
    return f"{today}, {os.cpu_count()} cores of {name}, at {commit.stdout.strip()}; load of the five minutes before: {load:.1f}"


def measure(name: str, arguments: list[str]) -> str:
    """What a bench prints."""
    print(f"cargo bench --bench {name} {' '.join(arguments)}", flush=True)
    taken = machine()
    command = ["cargo", "bench", "--quiet", "--bench", name, "--", *arguments]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    print(output, flush=True)
    return f"{taken}\n\n```text\n{output.strip(chr(10))}\n```\n"


def main() -> None:
    """Replaces the figures of the benches that are named, or of all."""
    marks = re.findall(r"<!-- bench (\w+)((?: [\w%]+)*) -->\n", DOCUMENT.read_text())
    wanted = sys.argv[1:] or [name for name, _ in marks]
    unknown = [name for name in wanted if name not in {name for name, _ in marks}]
    if unknown:
        sys.exit(f"docs/performance.md has no figures of {unknown[0]!r}; it has {', '.join(name for name, _ in marks)}")
    for name, arguments in marks:
        if name in wanted:
            figures = measure(name, arguments.split())
            block = re.compile(rf"(<!-- bench {name}(?: [\w%]+)* -->\n).*?(<!-- end -->)", re.DOTALL)
            text = DOCUMENT.read_text()
            DOCUMENT.write_text(block.sub(lambda found: found[1] + figures + found[2], text, count=1))


if __name__ == "__main__":
    main()
