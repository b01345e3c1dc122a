"""Makes ordinary.bin: how usual each word of ordinary Chinese is, for telling a disguise from innocent text.

    python3 make_ordinary.py JIEBA/src/data/dict.txt ordinary.bin

JIEBA is the source of the crate jieba-rs 0.11.0 (MIT), whose dictionary gives words and how often they were counted. Kept:
words of up to two characters, and longer ones (to four) that were counted at least four times.

Format, little endian: u32 n; n times u32, the words' hashes (as `hashed` makes them) in order; n times u8, what each costs in eighths
of a natural logarithm: -ln(count / total) * 8.
"""

import math
import struct
import sys


def han(word):
    return all("\u3400" <= c <= "\u9fff" for c in word)


def hashed(word):
    value = 0x811C9DC5
    for char in word:
        value = (value ^ ord(char)) * 0x9E3779B1 & 0xFFFFFFFF
        value ^= value >> 15
    return value


def main():
    source, target = sys.argv[1:]
    words, total = {}, 0
    with open(source, encoding="utf-8") as lines:
        for line in lines:
            word, count, *_ = line.split(" ")
            count = int(count)
            total += count
            if count > 0 and han(word) and (len(word) <= 2 or len(word) <= 4 and count >= 4):
                key = hashed(word)
                words[key] = max(words.get(key, 0), count)
    keys = sorted(words)
    costs = bytes(min(255, round(-math.log(words[key] / total) * 8)) for key in keys)
    with open(target, "wb") as out:
        out.write(struct.pack("<I", len(keys)) + struct.pack(f"<{len(keys)}I", *keys) + costs)


main()
