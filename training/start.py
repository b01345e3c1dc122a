#!/usr/bin/env python3
"""Writes what the starting model (config/models/start.model) is made from: our own sentences (beside this file; never those of
tests/data/accuracy, by which it is measured), advertisements put together from our own word lists, ordinary messages with numbers in them, and the ordinary rows of the sets that are named. The same
input gives the same output; from the folder of the repository:

    python3 training/start.py kdconv.jsonl lccc_toy.jsonl cold_dev.jsonl |
        qunwei train --bits 18 --rounds 40 --output config/models/start.model -

and the same with --pinyin makes config/models/pinyin.model.

The sets, as {"text": ..., "label": 0 or 1} a line: KdConv (Apache-2.0), CDial-GPT's toy set (MIT), COLD's development set
(Apache-2.0; of it what is not offensive).
"""
import json
import random
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LISTS = HERE.parent / "wordlists"
DICE = random.Random(20261126)

# What stands before and after the words of an advertisement. {c}: how to get in touch; {n}: a number.
CARRIERS = {
    "ads": [
        "{w}，{c}", "{w}，需要的{c}", "长期{w}，价格优惠，{c}", "专业{w}十年，{c}", "{w} 有意者{c}", "{w}！！{c}",
        "各位群友，{w}，欢迎咨询，{c}", "【{w}】{c}", "本人{w}，诚信第一，{c}", "厂家直供，{w}，{c}", "{w}、{v}，{c}",
    ],
    "fraud": [
        "{w}，{c}", "{w}，一天{n}，{c}", "{w}，不收任何费用，名额有限，{c}", "{w}、{v}，想做的{c}", "宝妈学生都可以，{w}，{c}",
        "您好，{w}，请尽快{c}", "内部消息，{w}，{c}", "{w}，当天结算，{c}", "{w}，秒到账，{c}",
    ],
    "gambling": [
        "{w}，注册送{n}，{c}", "{w}，{c}", "信誉平台，{w}，{v}，{c}", "{w}，首充送{n}，{c}", "{w}，带你回血，{c}", "{w} 上分{c}",
    ],
    "porn": [
        "{w}，{c}", "{w}，想看的{c}", "{w}，{v}，{c}", "同城{w}，{c}", "{w}，{n}一次，{c}", "福利，{w}，懂的{c}",
    ],
    "illegal_fundraising": [
        "{w}，{c}", "{w}，保本保息，{c}", "{w}，年化{n}，名额有限，{c}", "{w}，拉一个人返{n}，{c}", "{w}，{v}，{c}",
    ],
    "violence": ["{w}，{c}", "{w}，货到付款，{c}", "{w}，{v}，{c}"],
    "abuse": ["{w}", "你{w}", "{w}，滚出去", "就你{w}，{v}"],
}
CONTACTS = [
    "加微信 {id}", "加V：{id}", "薇芯 {id}", "➕v {id}", "加QQ {q}", "扣扣{q}", "私我", "私聊", "详情私信", "联系电话 {t}", "vx同号 {t}",
    "扫码进群", "加我", "滴滴我", "进群看", "点链接 http://{id}.top", "威信{id}", "看我头像", "飞机 @{id}", "主页看", "",
]

# Ordinary messages with numbers in them: what else the sets have too few of.
NUMBERS = [
    "{d}月{d}日 {h}:{m} 开会", "今天收了{i}件，明天还有{j}件", "{i}-{j}-{i}", "{i} {j} {k}", "1. {a}\n2. {b}\n3. {c}", "{a}{i}元，{b}{j}元，一共{k}元",
    "订单{o}已签收", "快递单号 SF{o}，到了帮我拿一下", "取件码 {d}-{d}-{j}，{a}在门口", "车牌{p}麻烦挪一下车", "{y}年{d}月{d}日收盘价{k}", "{a} {i}% {b} {j}%",
    "高{i}mm宽{j}mm", "{h}点{m}分到，{i}号车厢", "物业电话{t}", "保修打{t}", "{d}楼的{a}坏了，报修电话{t}", "def f(x): return x * {i} + {j}",
    "print({i} + {j})  # {k}", "| {a} | {i} |\n| {b} | {j} |", "x = {i}, y = {j}", "航班CA{j} {h}:{m} 起飞", "体温3{d}.{d}，吃了{d}粒药", "跑了{d}.{d}公里，配速{d}分{m}",
    "房间号{j}，密码{k}", "{a}：{i}分，{b}：{j}分", "会议号 {o}", "还有{i}天放假", "{y}年{d}月我们一共花了{k}", "{i}x{j}等于几", "总价{k}，打{d}折", "本月流量已用{i}.{d}GB，剩余{j}MB",
    "学号{o} {a} 作业已交", "{h}:{m}-{h}:{m} {a}课", "{i}人报名，{j}人到", "血压{i}/{j}", "{a}{i}斤 {b}{j}斤", "http://example.cn/doc/{o} 会议纪要在这里",
]
THINGS = "鸡蛋 牛奶 面包 苹果 白菜 土豆 水管 电梯 数学 语文 英语 体育 小明 小红 老师 收入 支出 面粉 大米 书包 铅笔 桌子 空调 热水 路灯".split()


# Lists of people: who takes part, how many, what marks. Their names have no sense, and read like anything.
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文"
GIVEN = "芳伟敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂文辉玲梅雪婷浩宇欣怡子轩佳慧建国志华红燕斌鹏飞俊峰莉萍波云琳晨阳梓涵博思雨嘉瑞凯乐诗琪雅倩楠帆蕾瑶璐琴兰英凤荣福海龙昊天泽睿皓铭逸思源若曦语桐一诺"
ROWS_OF_PEOPLE = [
    ("接龙\n", "{i}. {n} {d}份", "\n"), ("", "{i}. {n}", "\n"), ("团购接龙：\n", "{i}、{n} {t}+{d}", "\n"), ("", "{n} {m}", "\n"),
    ("", "{n}：{m}分", "，"), ("名单：", "{n}", "、"), ("", "{n}", "\n"), ("", "@{n}", " "), ("今天值班：", "{n}", " "), ("", "{n}，已接种", "\n"),
    ("报名：", "{i} {n}", " "), ("", "{h}号楼{n}{d}份", "\n"), ("收到请回复\n", "{n}收到", "\n"), ("", "{n} 男 {d}", "\n"),
]


def people():
    name = lambda: DICE.choice(SURNAMES) + "".join(DICE.choice(GIVEN) for _ in range(DICE.choice([1, 2, 2])))
    pick = lambda least, most: DICE.randint(least, most)
    head, row, between = DICE.choice(ROWS_OF_PEOPLE)
    numbers = range(1, pick(4, 14) + 1)
    fields = [dict(i=i, n=name(), d=pick(1, 9), m=pick(50, 150), h=pick(1, 30), t=DICE.choice(THINGS)) for i in numbers]
    return head + between.join(row.format(**one) for one in fields)


def ordinary(pattern):
    pick = lambda least, most: str(DICE.randint(least, most))
    digits = lambda count: "".join(DICE.choice("0123456789") for _ in range(count))
    return pattern.format(
        a=DICE.choice(THINGS), b=DICE.choice(THINGS), c=DICE.choice(THINGS), d=pick(1, 12), h=pick(0, 23), m=pick(10, 59),
        i=pick(1, 300), j=pick(10, 5000), k=pick(100, 99999), y=pick(1990, 2030), o=digits(DICE.randint(6, 12)), p="京A" + digits(5),
        t="0" + pick(10, 999) + "-" + digits(8),
    )


def contact():
    letters = "".join(DICE.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(DICE.randint(3, 6)))
    name = letters + str(DICE.randint(10, 99999))
    number = str(DICE.randint(10**6, 10**10 - 1))
    telephone = "1" + DICE.choice("3578") + "".join(DICE.choice("0123456789") for _ in range(9))
    return DICE.choice(CONTACTS).format(id=name, q=number, t=telephone)


def words(name):
    for line in (LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        word = re.split(r"(?:^|\s)[#＃]", line)[0].strip()
        if word and word[0] not in "!！":
            yield word


# Lists of which there are too few sentences for a category of their own.
LIKE = {"illegal_fundraising": "fraud", "violence": "ads"}


def write(text, source, category=None):
    """An ordinary message, or a violation of a category."""
    # How people set a comma says nothing about them.
    text = text.replace("，", DICE.choice(["，", "，", ",", " ", ""]))
    row = {"text": text, "label": 0 if category is None else 1, "source": source}
    if category is not None:
        row["category"] = LIKE.get(category, category)
    print(json.dumps(row, ensure_ascii=False))


def main():
    for file in sorted((HERE / "sentences").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            write(row["text"], "sentences", row["category"] if row["label"] == 1 else None)
    for name, carriers in CARRIERS.items():
        listed = list(words(name))
        for word in listed:
            number = f"{DICE.randint(1, 99) * DICE.choice([1, 10, 100])}{DICE.choice(['', '元', '块', 'u', '%'])}"
            text = DICE.choice(carriers).format(w=word, v=DICE.choice(listed), c=contact(), n=number)
            write(text.rstrip("，、 "), "word lists", name)
    for _ in range(30):
        for pattern in NUMBERS:
            write(ordinary(pattern), "numbers")
    for _ in range(600):
        write(people(), "lists of people")
    for file in map(Path, sys.argv[1:]):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["label"] == 0:
                write(row["text"], file.stem)


if __name__ == "__main__":
    main()
