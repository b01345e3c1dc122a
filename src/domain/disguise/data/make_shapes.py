"""Measures which Chinese characters look alike and writes the body of shapes.txt.

    pip install numpy pillow
    python make_shapes.py SANS_FONT SERIF_FONT >> shapes.txt

Any two free fonts with the Chinese characters U+4E00-9FFF will do (made with Noto Sans CJK and
Noto Serif CJK, NotoSansCJK-Regular.ttc and its sister; face 2 of each is the simplified Chinese
one). Every character is drawn, and the strokes of four directions in each cell of the picture are
compared with those of every common one: as a whole, by the part right of (or below) its widest
gap, and by whether one is a part of the other. Having a part in common by splits.txt helps too, and
being common: splits.txt stands roughly from the most to the least usual character. Pairs known to
be confused that differ more than that stand in HAND below. Takes about five minutes and 1 GB.
"""
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

DRAWN, CELLS, CHIEF = 64, 8, 0.46
FIRST, LAST = 0x4E00, 0x9FFF
# How alike (correlation, 0 to 1) two pictures must be to count at all: as wholes, by the chief
# part, one as a part of the other, and any part of the one as another part of the other; between
# two everyday characters and with a rare one.
EVERYDAY, RARE = (0.68, 0.87, 0.79, 0.94), (0.54, 0.84, 0.72, 0.86)
# What a common part and being usual add to that (which runs from 0, just alike, to 1, the same).
PARTS, USUAL = 0.8, 0.7
# How many look-alikes an everyday character gets among the everyday ones, and how many everyday
# characters another everyday one, a literary one and a rare one are listed for.
# In how many lines a character stands in the end: those of the characters that it is most like.
KEPT = 4
LIKE, STANDS_EVERYDAY, STANDS_LITERARY, STANDS_RARE = 8, 5, 12, 16

HAND = """
微 徽薇徵
人 入八
大 太犬丈
土 士
日 曰目
田 由甲申电
千 干于
天 夭无夫
王 玉主壬
木 本术禾朩
未 末
己 已巳
贝 见
乌 鸟
戊 戌戍戎
刀 刁力刃
免 兔
风 凤
侯 候
博 搏傅
晴 睛
洒 酒
拔 拨
折 拆析
徒 徙
慕 幕暮墓
辩 辨瓣辫
茶 荼
哀 衰衷
口 囗
上 丄
下 丅
丁 丅
了 孑
小 少
万 方
午 牛
白 自百
今 令
气 乞
我 找
没 设
话 活
外 处
买 卖
问 间闷
爪 瓜
住 往
待 侍
钱 线
特 持
"""


def level(first, last):
    """The characters of rows first to last of GB 2312."""
    for row in range(first, last):
        for cell in range(0xA1, 0xFF):
            try:
                yield bytes([row, cell]).decode("gb2312")
            except UnicodeDecodeError:
                pass


def draw(fonts, character):
    pictures = []
    for font in fonts:
        picture = Image.new("L", (DRAWN, DRAWN))
        ImageDraw.Draw(picture).text((0, DRAWN * 0.86), character, 255, font, anchor="ls")
        pictures.append(picture)
    return pictures


def pooling():
    """Weights that gather DRAWN pixels into CELLS overlapping, soft-edged cells."""
    centres = (np.arange(CELLS) + 0.5) * DRAWN / CELLS
    weights = np.exp(-(((np.arange(DRAWN) + 0.5)[None] - centres[:, None]) ** 2) / (2 * (0.75 * DRAWN / CELLS) ** 2))
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


POOL = pooling()


def strokes(picture):
    """How much of a stroke of each of four directions runs through each cell of a picture."""
    down, across = np.gradient(np.asarray(picture, dtype=np.float32) / 255)
    strength = np.sqrt(np.hypot(down, across))
    angle = np.arctan2(down, across) / np.pi * 4 % 4
    kinds = []
    for kind in range(4):
        off = np.abs(angle - kind)
        kinds.append(POOL @ (strength * np.clip(1 - np.minimum(off, 4 - off), 0, 1)) @ POOL.T)
    return np.sqrt(np.array(kinds).ravel())


def framed(picture):
    """The inked box of a picture stretched to the full square."""
    box = picture.getbbox() or (0, 0, 1, 1)
    if box[2] - box[0] < DRAWN // 6 or box[3] - box[1] < DRAWN // 6:  # a lone stroke: keep it thin
        box = (box[0] - 12, box[1] - 12, box[2] + 12, box[3] + 12)
    return picture.crop(box).resize((DRAWN, DRAWN), Image.BILINEAR)


def gap(ink, low, high):
    """Where between low and high (shares of the length) the least ink stands, nearest the middle of them."""
    low, high = int(low * len(ink)), int(high * len(ink))
    middle = (low + high) / 2
    return min(range(low, high), key=lambda at: (round(ink[at] / 255), abs(at - middle)))


def parts(pictures):
    """What stands right of, left of, below and above the gap; nothing of a part too small to matter."""
    ink = sum(np.asarray(picture, dtype=np.float32) for picture in pictures)
    across, down = gap(ink.sum(0), 0.22, 0.62), gap(ink.sum(1), 0.22, 0.66)
    for box in ((across, 0, DRAWN, DRAWN), (0, 0, across, DRAWN), (0, down, DRAWN, DRAWN), (0, 0, DRAWN, down)):
        large = min(box[2] - box[0], box[3] - box[1]) >= DRAWN * CHIEF
        yield [framed(picture.crop(box)) if large else None for picture in pictures]


def measure(fonts, characters):
    """Of every character the strokes of the whole, of the whole framed and of the four parts framed."""
    found = [[] for _ in range(6)]
    for character in characters:
        pictures = draw(fonts, character)
        for kept, ones in zip(found, (pictures, list(map(framed, pictures)), *parts(pictures))):
            kept.append(np.concatenate([strokes(one) if one else np.zeros(4 * CELLS**2) for one in ones]))
    found = [np.array(kept, dtype=np.float32) for kept in found]
    for kept, mean in zip(found, [found[0].mean(0)] + 5 * [found[1].mean(0)]):
        kept -= mean * kept.any(1, keepdims=True)
        kept /= np.linalg.norm(kept, axis=1, keepdims=True) + 1e-6
    return found


def described(folder):
    """Of splits.txt the characters in their order with the parts of each; of sides.txt the side forms."""
    full = {}
    for line in (folder / "sides.txt").read_text("utf-8").splitlines():
        if line and line[0] != "#":
            side, *others = line.split()
            full[side] = {other for other in others if len(other) == 1}
    parts = {}
    for line in (folder / "splits.txt").read_text("utf-8").splitlines():
        if line and line[0] != "#":
            whole, *ways = line.split()
            found = set("".join(ways))
            parts[whole] = found.union(*(full.get(part, ()) for part in found))
    return parts, set(full) - set("王糸足户月卜火朩乂疋卩厶")


def common_part(one, other, parts, held_by):
    """How much two characters have in common by their parts, 0 to 1; a part that many have says little."""
    for part, whole in ((one, other), (other, one)):
        if part in parts.get(whole, ()):
            return min(1.0, 8 / held_by[part] ** 0.7)
    shared = parts.get(one, set()) & parts.get(other, set())
    return max((min(0.7, 3 / held_by[part] ** 0.7) for part in shared), default=0.0)


def main(paths):
    fonts = [ImageFont.truetype(path, DRAWN, index=2 if path.endswith(".ttc") else 0) for path in paths]
    parts, sides = described(Path(__file__).parent)
    held_by = Counter(part for held in parts.values() for part in held)
    first_level, literary = dict.fromkeys(level(0xB0, 0xD8)), set(level(0xD8, 0xF8))
    everyday = list(dict.fromkeys(list(parts)[:3600] + list(first_level)))
    everyday = [one for one in everyday if one not in sides and (one in literary or one in first_level)]
    usual = USUAL * (1 - np.arange(len(everyday), dtype=np.float32) / len(everyday))
    place = {one: at for at, one in enumerate(everyday)}
    characters = everyday + [c for c in map(chr, range(FIRST, LAST + 1)) if c not in place and c not in sides]
    wholes, squares, *pieces = measure(fonts, characters)
    many = len(everyday)

    listed = {one: {} for one in everyday}
    for start in range(0, len(characters), 200):
        rows = slice(start, min(start + 200, len(characters)))
        whole = wholes[rows] @ wholes[:many].T
        shared = max_of(pieces[i][rows] @ pieces[i][:many].T for i in (0, 2))
        inside = max_of(a[rows] @ b[:many].T for piece in pieces for a, b in ((squares, piece), (piece, squares)))
        moved = max_of(a[rows] @ b[:many].T for a in pieces for b in pieces if a is not b)
        for i, one in enumerate(characters[rows]):
            limits = EVERYDAY if one in place else RARE
            alike = max_of((got[i] - limit) / (1 - limit) for got, limit in zip((whole, shared, inside, moved), limits))
            found = []
            for j in np.nonzero(alike > (0 if one in place else -0.3))[0]:
                other = everyday[j]
                score = float(alike[j]) + PARTS * common_part(one, other, parts, held_by)
                if other != one and score > 0:
                    found.append((score, float(usual[j]), other))
            if one in place:
                for score, _, other in sorted(found, reverse=True)[:LIKE]:
                    listed[one][other] = score
            found.sort(key=lambda f: f[0] + f[1], reverse=True)
            stands = STANDS_EVERYDAY if one in place else STANDS_LITERARY if one in literary else STANDS_RARE
            for score, _, other in found[:stands]:
                listed[other][one] = score

    by_hand = {}
    for line in HAND.split("\n"):
        if line:
            ones = line.replace(" ", "")
            for one in ones:
                by_hand.setdefault(one, []).extend(o for o in ones if o != one and (one == ones[0] or o == ones[0]))
    lines, most_like = {}, {}
    for one, others in listed.items():
        ranked = sorted(others, key=others.get, reverse=True)
        line = by_hand.get(one, []) + [o for o in ranked if o in place] + [o for o in ranked if o not in place]
        lines[one] = list(dict.fromkeys(line))
        for at, other in enumerate(lines[one]):
            most_like.setdefault(other, []).append((at, len(lines), one))
    for one, line in lines.items():
        kept = [o for o in line if one in (ones[2] for ones in sorted(most_like[o])[:KEPT])]
        if kept:
            print(one, "".join(kept))


def max_of(arrays):
    arrays = iter(arrays)
    best = next(arrays)
    for array in arrays:
        best = np.maximum(best, array)
    return best


if __name__ == "__main__":
    main(sys.argv[1:])
