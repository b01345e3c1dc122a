"""Makes usual.txt: the characters of ordinary Chinese talk, the most usual first.

    python3 make_usual.py kdconv.jsonl lccc_toy.jsonl cold_dev.jsonl usual.txt

Counted in KdConv (Apache-2.0), the toy set of CDial-GPT (MIT) and the development part of COLD (Apache-2.0), all as JSON
Lines with a `text`. Kept are characters that were seen at least three times.
"""

import json
import sys
from collections import Counter


def main():
    *sources, target = sys.argv[1:]
    counts = Counter()
    for source in sources:
        with open(source, encoding="utf-8") as lines:
            for line in lines:
                counts.update(c for c in json.loads(line)["text"] if "\u4e00" <= c <= "\u9fff")
    kept = sorted((c for c, n in counts.items() if n >= 3), key=lambda c: (-counts[c], c))
    with open(target, "w", encoding="utf-8") as out:
        out.write("# Characters of ordinary talk, the most usual first. Made by make_usual.py, which says from what.\n")
        for start in range(0, len(kept), 60):
            out.write("".join(kept[start : start + 60]) + "\n")


main()
