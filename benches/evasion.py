#!/usr/bin/env python3
"""Measures what disguises leave of what was caught: CNTP and ToxiCloakCN, with lists limited to the words that they disguise.

    python3 benches/evasion.py --qunwei target/release/qunwei --evasion FOLDER --ordinary FOLDER [--words FILE] [--output docs/evasion.md]

--evasion has the sets as JSON Lines: `cntp_base_toxic`, `cntp_homo`, … and `toxicloak_base`, `toxicloak_homo_keyword`, …
(`text`, `label`, `id`; CNTP also `original` and `entities`, the words that are disguised). --ordinary has files of ordinary
messages. Every other line of these is for choosing words, the rest for counting false alarms.

The words of CNTP are its `entities`. Those of ToxiCloakCN are read from --words, a word a line: the terms of the lexicons of ToxiCN
(`ToxiCN_ex/ToxiCN/lexicon/*.json`) and STATE-ToxiCN (`data/annotated lexicon.json`), in lower case, Latin ones of three letters and
more; without --words they are what its keyword sets write otherwise at least twice, which says little. A word that stands in more
than one of the ordinary messages for choosing is left out. Kept is the share of the messages whose original is caught that are caught
disguised too, with the same list as it stands (`disguised = false`) beside it; added are the false alarms that it has more.
"""
import argparse
import collections
import difflib
import json
import re
import subprocess
import tempfile
from pathlib import Path

CNTP = ["trad", "chaizi", "homo", "pinyin_full", "pinyin_init", "swap", "vsim", "emoji"]
TOXICLOAK = ["homo_keyword", "homo_full", "emoji_keyword", "emoji_full"]
HAN = re.compile(r"[\u4e00-\u9fff]{2,5}")
CARRIES = re.compile(r"[^\u3400-\u9fffa-z0-9]")


def rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def words_of_cntp(folder):
    words = {word.lower() for row in rows(folder / "cntp_base_toxic.jsonl") for word in row["entities"] or []}
    return [word for word in words if len(CARRIES.sub("", word)) >= 2 and "\n" not in word]


def words_of_file(path):
    words = {line.strip().lower() for line in path.read_text(encoding="utf-8").splitlines()}
    return [word for word in words if len(CARRIES.sub("", word)) >= (3 if word.isascii() else 2)]


def words_of_toxicloak(folder, base):
    counted = collections.Counter()
    for name in ("homo_keyword", "emoji_keyword"):
        for row in rows(folder / f"toxicloak_{name}.jsonl"):
            original = base.get(row["id"])
            if row["label"] == 1 and original:
                counted.update(word for word in changed(original, row["text"]) if HAN.fullmatch(word))
    return [word for word, count in counted.items() if count >= 2]


def changed(original, text):
    """The parts of the original that are written otherwise; one character between two of them belongs to both."""
    parts = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, original, text, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if parts and start - parts[-1][1] <= 1:
            parts[-1][1] = end
        else:
            parts.append([start, end])
    return [original[start:end] for start, end in parts]


class Lists:
    """One list, as a configuration with disguises and one without."""

    def __init__(self, qunwei, folder, words):
        self.qunwei, self.folder, self.words = qunwei, folder, words
        for name, more in (("disguised", ""), ("plain", "disguised = false\n")):
            config = folder / name
            config.mkdir(parents=True)
            (config / "words.txt").write_text("\n".join(sorted(words)) + "\n", encoding="utf-8")
            rule = '[[rule]]\nname = "measured.words"\nkind = "keywords"\ntitle = "words"\nlists = ["words.txt"]\n'
            (config / "rules.toml").write_text(rule + more, encoding="utf-8")

    def eval(self, name, messages):
        path = self.folder / "messages.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in messages), encoding="utf-8")
        command = [self.qunwei, "eval", "-q", "--config", self.folder / name, "--format", "json", path]
        return json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)

    def kept(self, name, pairs):
        messages = [
            {"text": text, "original": original, "label": 1, "source": "set"} for text, original in pairs if text != original
        ]
        return self.eval(name, messages)["pairs"]["set"]

    def false_alarms(self, ordinary):
        messages = [{"text": text, "label": 0} for text in ordinary]
        flagged = [self.eval(name, messages)["all"]["flagged"]["share"] for name in ("plain", "disguised")]
        return 100 * flagged[0], 100 * (flagged[1] - flagged[0])


def table(title, lists, sets, ordinary, source=""):
    base, added = lists.false_alarms(ordinary)
    lines = [
        f"### {title}",
        "",
        f"{source + ' ' if source else ''}{len(lists.words)} words are left. Of {len(ordinary)} ordinary messages {base:.2f} % are flagged by the words as they stand; "
        f"disguises add {added:.2f} points.",
        "",
        "| set | caught before | still caught | without disguises |",
        "|---|---|---|---|",
    ]
    for name, pairs in sets:
        kept, plain = (lists.kept(which, pairs) for which in ("disguised", "plain"))
        share, low, high = (100 * kept[key] for key in ("share", "low", "high"))
        lines.append(f"| {name} | {kept['of']} | {share:.1f} % ({low:.1f}–{high:.1f}) | {100 * plain['share']:.1f} % |")
    return lines + [""]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--qunwei", required=True, type=Path)
    arguments.add_argument("--evasion", required=True, type=Path)
    arguments.add_argument("--ordinary", required=True, type=Path)
    arguments.add_argument("--words", type=Path, help="the words for ToxiCloakCN, one a line")
    arguments.add_argument("--output", type=Path, help="write the page into this file instead of stdout")
    given = arguments.parse_args()

    texts = [row["text"] for path in sorted(given.ordinary.glob("*.jsonl")) for row in rows(path)]
    choosing, ordinary = "\n".join(texts[::2]).lower(), texts[1::2]
    rare = lambda words: [word for word in words if choosing.count(word) <= 1]
    base = {row["id"]: row["text"] for row in rows(given.evasion / "toxicloak_base.jsonl") if row["label"] == 1}
    cntp = lambda name: [(row["text"], row["original"]) for row in rows(given.evasion / f"cntp_{name}.jsonl")]
    toxicloak = lambda name: [
        (row["text"], base[row["id"]]) for row in rows(given.evasion / f"toxicloak_{name}.jsonl") if row["id"] in base
    ]
    with tempfile.TemporaryDirectory() as folder:
        first = Lists(given.qunwei.resolve(), Path(folder) / "cntp", rare(words_of_cntp(given.evasion)))
        words = words_of_file(given.words) if given.words else words_of_toxicloak(given.evasion, base)
        second = Lists(given.qunwei.resolve(), Path(folder) / "toxicloak", rare(words))
        source = "The words are those of the lexicons of ToxiCN (537) and STATE-ToxiCN (818)." if given.words else ""
        lines = [
            "# What disguises leave of what was caught",
            "",
            "CNTP and ToxiCloakCN write the same sentences plainly and disguised. Their words are not ours to ship, so this is not "
            "measured with the shipped lists but with other people's words, less those that stand in ordinary talk: for CNTP those "
            "that it disguises, for ToxiCloakCN those of published lexicons. It says what the matcher makes of disguises that somebody "
            "else thought of. *Still caught* counts the messages whose plain sentence is caught; in brackets Wilson's interval at "
            "95 %; *without disguises* what the words as they stand still find in them. How the words are chosen, and what is "
            "counted: `benches/evasion.py`, which made this page.",
            "",
            *table("CNTP", first, [(name, cntp(name)) for name in CNTP], ordinary),
            *table("ToxiCloakCN", second, [(name, toxicloak(name)) for name in TOXICLOAK], ordinary, source),
        ]
    page = "\n".join(lines).rstrip() + "\n"
    if given.output:
        given.output.write_text(page, encoding="utf-8")
    else:
        print(page, end="")


if __name__ == "__main__":
    main()
