"""Makes ordinary.bin: how usual each word of ordinary Chinese is, for telling a disguise from innocent text.

    python3 make_ordinary.py JIEBA/src/data/dict.txt COLD/COLDataset/train.csv ORDINARY ordinary.bin

JIEBA is the source of the crate jieba-rs 0.11.0 (MIT), whose dictionary gives words and how often they were counted. Kept:
words of up to two characters, and longer ones (to four) that were counted at least four times.

A dictionary does not say which characters stand side by side without being a word (要你, 去吃): that is counted in talk. COLD
is thu-coai/COLDataset (Apache-2.0), of which the comments that are labelled as safe are read; ORDINARY a folder of ordinary
messages as JSON Lines, of which `kdconv.jsonl` (KdConv, Apache-2.0) and `lccc_toy.jsonl` (CDial-GPT, MIT) are read, and of these
every other line: false alarms are counted on the others. A text is divided into words of the dictionary; two characters side
by side that are words of their own are taken for one word, if they are unusual enough to be mistaken for a disguise. Words cost no more
than they do there (闭嘴 is rare in what the dictionary was counted in).

Format, little endian: u32 n; n times u32, the words' hashes (as `hashed` makes them) in order; n times u8, what each costs in eighths
of a natural logarithm: -ln(count / total) * 8, the nearest even number for words, the nearest odd one for what only stands side by
side.
"""

import collections
import csv
import json
import math
import pathlib
import re
import struct
import sys

LONGEST = 4
UNKNOWN = 150
# What costs less by its characters is no disguise, however it is counted.
USUAL = 108
# A word that is more usual in talk than the dictionary has it was met there so often.
FEWEST = 3


def han(word):
    return all("\u3400" <= c <= "\u9fff" for c in word)


def hashed(word):
    value = 0x811C9DC5
    for char in word:
        value = (value ^ ord(char)) * 0x9E3779B1 & 0xFFFFFFFF
        value ^= value >> 15
    return value


def cost(count, total, odd=0):
    return min(254 - odd, 2 * round((-math.log(count / total) * 8 - odd) / 2) + odd)


def dictionary(source):
    words, total = {}, 0
    with open(source, encoding="utf-8") as lines:
        for line in lines:
            word, count, *_ = line.split(" ")
            count = int(count)
            total += count
            if count > 0 and han(word) and (len(word) <= 2 or len(word) <= LONGEST and count >= 4):
                words[word] = max(words.get(word, 0), count)
    return {word: cost(count, total) for word, count in words.items()}


def talk(cold, folder):
    with open(cold, encoding="utf-8-sig", newline="") as file:
        yield from (row["TEXT"] for row in csv.DictReader(file) if row["label"] == "0")
    lines = [(path.stem, line) for path in sorted(pathlib.Path(folder).glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    yield from (json.loads(line)["text"] for name, line in lines[::2] if name in ("kdconv", "lccc_toy"))


def divided(text, costs):
    """The cheapest division into words."""
    best = [(0, 0)] + [(math.inf, 0)] * len(text)
    for start in range(len(text)):
        for end in range(start + 1, min(start + LONGEST, len(text)) + 1):
            own = costs.get(text[start:end], UNKNOWN if end == start + 1 else math.inf)
            best[end] = min(best[end], (best[start][0] + own, start))
    words, end = [], len(text)
    while end > 0:
        start = best[end][1]
        words.append(text[start:end])
        end = start
    return words[::-1]


def counted(texts, costs):
    """What words and pairs of single characters cost in talk."""
    counts, total = collections.Counter(), 0
    for text in texts:
        for run in re.findall("[\u3400-\u9fff]+", text):
            words = divided(run, costs)
            total += len(words)
            counts.update(word for word in words if len(word) > 1)
            counts.update(one + other for one, other in zip(words, words[1:]) if len(one) == len(other) == 1)
    kept = {word: count for word, count in counts.items() if count >= FEWEST or word not in costs}
    return {word: cost(count, total, odd=0 if word in costs else 1) for word, count in kept.items()}


def main():
    source, cold, folder, target = sys.argv[1:]
    costs = dictionary(source)
    single = lambda c: costs.get(c, UNKNOWN)
    for word, own in counted(talk(cold, folder), costs).items():
        if word in costs or sum(map(single, word)) >= max(USUAL, own + 1):
            costs[word] = min(own, costs.get(word, own))
    keys = {}
    for word, own in sorted(costs.items()):
        key = hashed(word)
        keys[key] = min(own, keys.get(key, own))
    order = sorted(keys)
    with open(target, "wb") as out:
        out.write(struct.pack("<I", len(order)) + struct.pack(f"<{len(order)}I", *order))
        out.write(bytes(keys[key] for key in order))


main()
