#!/usr/bin/env python3
"""Compares rules and score with a classifier of character n-grams (TF-IDF, logistic regression) on labelled messages.

    python3 -m venv venv && venv/bin/pip install scikit-learn
    venv/bin/python benches/score_baseline.py --qunwei target/release/qunwei SET.jsonl ...

Of each file a fifth is held out, the same for both; what is nearly the same as something in the rest is left out of it. `+`
joins files to one set: fbs.jsonl+ordinary.jsonl. Ours is `qunwei train` on the rest, and `qunwei scan` by the shipped rules
with that model; told is what any rule finds or what has a score above a line. Both lines are drawn on the held-out part at
the same share of false alarms: 1 %, or where rules alone have more, what they have and half a percent.
"""
import argparse
import json
import re
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path

import numpy
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).resolve().parent.parent
HAN = re.compile(r"[\u3400-\u9fff]+")
RULE = """
[[rule]]
name = "score.measured"
kind = "score"
title = "score"
verdict = "review"
min_characters = 1
model = "measured.model"
"""


def key(text):
    han = "".join(HAN.findall(text))
    return han if len(han) >= 4 else text


def samples(text):
    """Twelve samples of the runs of three characters, three together: who shares one is nearly the same."""
    kept = re.sub(r"[^\u3400-\u9fffa-zA-Z]", "", text).lower()
    runs = {zlib.crc32(kept[at : at + 3].encode()) for at in range(max(1, len(kept) - 2))}
    least = [min((run * (2654435761 * (2 * n + 3) | 1) + 97 * n ^ run >> 13) & 0xFFFFFFFF for run in runs) for n in range(12)]
    return [(band, tuple(least[3 * band : 3 * band + 3])) for band in range(4)]


def split(rows):
    learnt, held, seen, known = [], [], set(), set()
    for row in rows:
        if row["text"] not in known:
            known.add(row["text"])
            (held if zlib.crc32(("s" + key(row["text"])).encode()) % 5 == 0 else learnt).append(row)
    for row in learnt:
        seen.update(samples(row["text"]))
    return learnt, [row for row in held if not any(one in seen for one in samples(row["text"]))]


def write(path, rows):
    path.write_text("".join(json.dumps({"text": r["text"], "label": r["label"]}, ensure_ascii=False) + "\n" for r in rows))


def ours(qunwei, learnt, held, folder):
    """For each held-out message whether rules find something, and its score."""
    write(folder / "learnt.jsonl", learnt)
    write(folder / "held.jsonl", held)
    config = folder / "config"
    shutil.copytree(HERE / "config", config)
    shutil.copytree(HERE / "wordlists", folder / "wordlists")
    (config / "rules/score.toml").unlink()
    (config / "rules/zz-measured.toml").write_text(RULE)
    model = config / "rules/measured.model"
    subprocess.run([qunwei, "train", folder / "learnt.jsonl", "--output", model], check=True, stdout=subprocess.DEVNULL)
    first, about, weights = model.read_text().split("\n", 2)
    about = json.loads(about)
    about["lines"] = [{"false_alarms": 5, "odds": -1000, "recall": 100}]  # a score for everything
    about["unit"] /= 8  # the same order, and no score is so near to 1 that it is written as 1
    about["bias"] /= 8
    model.write_text("\n".join([first, json.dumps(about), weights]))
    scan = [qunwei, "scan", "-q", "--config", config, folder / "held.jsonl"]
    found, scores = [], []
    for line in subprocess.run(scan, check=True, stdout=subprocess.PIPE).stdout.decode().split("\n")[:-1]:
        findings = json.loads(line)["findings"]
        found.append(any(one["rule"] != "score.measured" for one in findings))
        scores.append(max((one.get("score", 0) for one in findings), default=0))
    return numpy.array(found), numpy.array(scores)


def baseline(learnt, held):
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    texts = vectors.fit_transform(row["text"] for row in learnt)
    model = LogisticRegression(C=10, max_iter=1000).fit(texts, [row["label"] for row in learnt])
    return model.decision_function(vectors.transform(row["text"] for row in held))


def recall(scores, labels, rate, found=None):
    """The share of violations that is told when no more than this share of the others is, and the share of those."""
    found = numpy.zeros(len(scores), bool) if found is None else found
    ordinary = labels == 0
    allowed = int(round(rate * ordinary.sum())) - (found & ordinary).sum()
    lines = numpy.sort(scores[ordinary & ~found])[::-1]
    line = lines[max(allowed, 0)] if allowed < len(lines) else -numpy.inf
    told = found | (scores > line)
    return 100 * told[labels == 1].mean(), 100 * told[ordinary].mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--qunwei", default="target/release/qunwei")
    parser.add_argument("sets", nargs="+")
    args = parser.parse_args()
    print("| set | held out | rules alone: recall / false alarms | score alone at 1 % | n-grams at 1 % | both | n-grams at the same |")
    print("|---|---|---|---|---|---|---|")
    for name in args.sets:
        files = [Path(file) for file in name.split("+")]
        rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").split("\n") if line]
        learnt, held = split(rows)
        labels = numpy.array([row["label"] for row in held])
        with tempfile.TemporaryDirectory() as folder:
            found, scores = ours(args.qunwei, learnt, held, Path(folder))
        other = baseline(learnt, held)
        alone = 100 * found[labels == 1].mean(), 100 * found[labels == 0].mean()
        rate = 0.01 if alone[1] < 0.5 else alone[1] / 100 + 0.005
        both = recall(scores, labels, rate, found)
        print(
            f"| {files[0].stem} | {(labels == 1).sum()} / {(labels == 0).sum()} | {alone[0]:.1f} / {alone[1]:.1f} "
            f"| {recall(scores, labels, 0.01)[0]:.1f} | {recall(other, labels, 0.01)[0]:.1f} "
            f"| {both[0]:.1f} at {both[1]:.1f} % | {recall(other, labels, both[1] / 100)[0]:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
