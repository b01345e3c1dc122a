"""Makes edges.txt and pairs.txt: where a short word would be found in ordinary text without being said.

    python3 make_collisions.py JIEBA/src/data/dict.txt

JIEBA is the source of the crate jieba-rs 0.11.0 (MIT), whose dictionary gives words and how often they were counted.

edges.txt: a character, how many of a million words end with it, how many begin with it (both at least 20).
pairs.txt: two characters, in how many of a million words they stand side by side in the middle of something longer
(大麻 in 大麻烦), at least 3.
"""

import sys
from collections import Counter


def han(word):
    return all("\u3400" <= c <= "\u9fff" for c in word)


def main():
    ends, begins, pairs, total = Counter(), Counter(), Counter(), 0
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            word, count, *_ = line.split(" ")
            count = int(count)
            total += count
            if not han(word):
                continue
            begins[word[0]] += count
            ends[word[-1]] += count
            if len(word) > 2:
                for at in range(len(word) - 1):
                    pairs[word[at : at + 2]] += count
    million = lambda n: round(n * 1e6 / total)
    with open("edges.txt", "w", encoding="utf-8") as out:
        out.write("# A character; how many of a million words end with it; how many begin with it. Made by make_collisions.py.\n")
        for c in sorted(ends.keys() | begins.keys()):
            if million(ends[c]) >= 20 or million(begins[c]) >= 20:
                out.write(f"{c} {million(ends[c])} {million(begins[c])}\n")
    with open("pairs.txt", "w", encoding="utf-8") as out:
        out.write("# Two characters; in how many of a million words they stand inside. Made by make_collisions.py.\n")
        for pair in sorted(pairs):
            if million(pairs[pair]) >= 3:
                out.write(f"{pair} {million(pairs[pair])}\n")


main()
