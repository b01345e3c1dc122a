"""A group robot driven by the library pywgb: what it sends, and what comes of it, one JSON line each.

usage: robot.py BASE_URL KEY OTHER_KEY FOLDER
"""

import json
import pathlib
import sys

from pywgb import bot
from pywgb.bot._abstract import _Basic

base, key, other, folder = sys.argv[1:]
_Basic._API_BASE_URL = base  # never the real host
folder = pathlib.Path(folder)
(folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
(folder / "rules.txt").write_text("群规第一条", encoding="utf-8")

ARTICLE = {"title": "标题", "description": "说明", "url": "https://example.com", "picurl": "https://example.com/p.png"}
CARD = {
    "main_title": {"title": "周报", "desc": "第 47 周"},
    "horizontal_content_list": [{"keyname": "警告", "value": "3"}],
    "card_action": {"type": 1, "url": "https://example.com"},
}
SENDS = [
    ("text", bot.TextBot, ["请看群规"], {"mentioned_list": ["zhangsan", "@all"]}),
    ("markdown", bot.MarkdownBot, ["# 群规\n<@lisi>"], {}),
    ("markdown_v2", bot.MarkdownBotV2, ["| a | b |\n| - | - |\n| 1 | 2 |"], {}),
    ("image", bot.ImageBot, [], {"file_path": str(folder / "picture.png")}),
    ("file", bot.FileBot, [], {"file_path": str(folder / "rules.txt")}),
    ("news", bot.NewsBot, [], {"articles": [ARTICLE]}),
    ("text_notice", bot.TextCardBot, [], dict(CARD, sub_title_text="一切正常")),
    ("news_notice", bot.NewsCardBot, [], dict(CARD, card_image={"url": "https://example.com/p.png"})),
]


def attempt(kind, make, robot_key, arguments, named):
    try:
        result = make(robot_key).send(*arguments, **named)
    except (OSError, ValueError) as error:
        result = {"error": type(error).__name__}
    print(json.dumps({"kind": kind, "result": result}), flush=True)


for kind, make, arguments, named in SENDS:
    attempt(kind, make, key, arguments, named)
attempt("removed", bot.TextBot, other, ["好"], {})
