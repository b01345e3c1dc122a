"""Makes docs/first-day.svg: the scene of the README as a terminal shows it.

    cargo build && python3 docs/picture.py

Every line is the program's own output. Two things are changed for room: long lines are wrapped, and of several findings in
one message the first is shown and the others are counted. Python's standard library is enough.
"""

import re
import subprocess
import unicodedata
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ["target/debug/qunwei", "replay", "--format", "human", "scenes/first-day.jsonl"]
SHOWN = "$ cargo run -- replay --format human scenes/first-day.jsonl"

CELLS = 104  # a line, counted in half-width characters
CELL, LINE, MARGIN, BAR = 8.0, 21, 22, 34  # pixels
FONT = (
    "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'Noto Sans Mono CJK SC', 'PingFang SC', "
    "'Microsoft YaHei', 'Noto Sans CJK SC', monospace"
)
# Its own background, so that it reads the same on a light page and on a dark one.
BACK, EDGE = "#10151c", "#39424e"
PLAIN, DIM, FOUND, CASE, DONE, DAY = "#e6edf3", "#8b96a3", "#f0b354", "#7cb7ff", "#7ee2a0", "#c9a6ff"


def cells(text: str) -> int:
    """How many half-width cells a terminal needs for it."""
    wide = lambda c: 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return sum(map(wide, text))


def wrap(text: str, room: int) -> list[str]:
    """Cut into pieces that fit; no piece begins with a closing mark."""
    pieces, piece = [], ""
    for c in text:
        if cells(piece + c) > room and c not in "，。；：、）”」":
            pieces, piece = [*pieces, piece], ""
        piece += c
    return [*pieces, piece]


def fewer(lines: list[str]) -> list[str]:
    """Of findings in a row, the first and how many more."""
    kept, more = [], 0
    for line in [*lines, ""]:
        if "⚑" in line and kept and "⚑" in kept[-1]:
            more += 1
            continue
        if more:
            kept.append(f"            … {more} more finding{'s' * (more > 1)}")
            more = 0
        kept.append(line)
    return kept[:-1]


def colour(line: str) -> str:
    if line.startswith("──"):
        return DAY
    body = line.strip()
    if body.startswith("⚑"):
        return FOUND
    if body.startswith("…"):
        return DIM
    if body.startswith(("案件", "并入案件")):
        return CASE
    return DONE if re.match(r"(\S+ +)?→", body) else PLAIN


def main() -> None:
    output = subprocess.run(COMMAND, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows, at = [(0, SHOWN, DIM)], 1.5
    for line in fewer(output.strip("\n").splitlines()):
        if not line:
            at += 0.4
            continue
        if re.match(r"\d\d:", line):
            at += 0.25
        indent = len(line) - len(line.lstrip())
        hang = 12 if "→" in line else 10
        clock = re.match(r"(\d\d:\d\d:\d\d)  ", line)
        if clock:  # a column of its own, whatever the widths of the font
            rows.append((at, clock[1], DIM))
            line, indent = " " * 10 + line[clock.end() :], 10
        for n, piece in enumerate(wrap(line.lstrip(), CELLS - max(indent, hang))):
            rows.append((at, " " * (hang if n else indent) + piece, colour(line)))
            at += 1
    width, height = round(2 * MARGIN + CELLS * CELL), round(BAR + MARGIN + at * LINE)
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="qunwei replay: one day in a group, from a first warning to a removal">',
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9" fill="{BACK}" stroke="{EDGE}"/>',
        *(f'<circle cx="{MARGIN + 16 * n}" cy="17" r="5" fill="{EDGE}"/>' for n in range(3)),
        f'<g font-family="{escape(FONT)}" font-size="13.3" xml:space="preserve">',
    ]
    for at, text, fill in rows:
        x, y = MARGIN + CELL * (len(text) - len(text.lstrip())), BAR + LINE * (at + 0.8)
        text = text.strip()
        # The length is fixed, so that a font without the right widths does not run over the edge.
        size = f'textLength="{cells(text) * CELL:g}" lengthAdjust="spacingAndGlyphs"'
        svg.append(f'<text x="{x:g}" y="{y:g}" fill="{fill}" {size}>{escape(text)}</text>')
    Path(ROOT, "docs/first-day.svg").write_text("\n".join([*svg, "</g>", "</svg>", ""]), encoding="utf-8")


main()
