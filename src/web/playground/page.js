"use strict";
// The page of the playground. Whatever people wrote reaches it as text and is shown as text, never as markup.

const TEXTS = JSON.parse(document.getElementById("texts").textContent);
const LANG = document.documentElement.lang;
const BOT = "qunwei";
const $ = (id) => document.getElementById(id);

/** A text of the page, with {names} filled in. */
const t = (key, values = {}) =>
  (TEXTS[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** An element with classes and children; strings become text. */
function el(tag, classes = "", ...children) {
  const node = document.createElement(tag);
  if (classes) node.className = classes;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function button(text, onclick, classes = "") {
  const node = el("button", classes, text);
  node.type = "button";
  node.addEventListener("click", onclick);
  return node;
}

// ---- what is known ----

let zone = "Asia/Shanghai";
let skew = 0; // the playground's clock minus this machine's, in milliseconds
let ahead = 0; // how far the playground's clock was moved
let speaker = "wang";
let changing = false;
let alone = "wang"; // whose private words are shown
let selected = null; // the verdict that is explained
let pinned = false; // somebody chose it
let quoted = null;
const members = new Map();
const messages = new Map();
const verdicts = new Map();
const verdictOf = new Map(); // message id → verdict id
const threads = new Map(); // user → private items by id
const nodes = new Map(); // "kind id" → element of the stream

function forget() {
  for (const map of [members, messages, verdicts, verdictOf, threads, nodes]) map.clear();
  $("stream").replaceChildren();
  selected = null;
  pinned = false;
  quote(null);
}

// ---- times ----

const format = (options) => new Intl.DateTimeFormat(LANG, { timeZone: zone, hour12: false, ...options });
const hm = (ms) => format({ hour: "2-digit", minute: "2-digit" }).format(ms);
const day = (ms) => format({ month: "short", day: "numeric", weekday: "short" }).format(ms);
const now = () => Date.now() + skew;
const when = (ms) => (day(ms) === day(now()) ? hm(ms) : `${day(ms)} ${hm(ms)}`);

function span(seconds) {
  if (seconds > 86400 && seconds % 86400 === 0) return t("days", { n: seconds / 86400 });
  if (seconds % 3600 === 0) return t("hours", { n: seconds / 3600 });
  return t("minutes", { n: Math.round(seconds / 60) });
}

function tick() {
  $("now").textContent = hm(now());
  $("now").dateTime = new Date(now()).toISOString();
  $("today").textContent = `${day(now())} ${hm(now())}`;
}
setInterval(tick, 1000);

// ---- people ----

const nameOf = (id) => members.get(id)?.name ?? id;
const role = (id) => t(members.get(id)?.role ?? "member");

function face(id, name) {
  let sum = 0;
  for (const c of id) sum = (sum * 31 + c.codePointAt(0)) % 997;
  const first = [...name].find((c) => /[\p{L}\p{N}]/u.test(c)) ?? "·";
  const node = el("span", id === BOT ? "face bot" : `face face-${sum % 8}`, id === BOT ? "卫" : first);
  node.setAttribute("aria-hidden", "true");
  return node;
}

const name = (text) => {
  const node = el("bdi", "name", text);
  node.title = text;
  return node;
};

const muted = (member) => member?.muted_until && member.muted_until > now();

function drawPeople() {
  const all = [...members.values()].sort((a, b) => a.n - b.n);
  $("count").textContent = all.filter((one) => one.here).length;
  const list = [];
  for (const one of all) {
    const tags = el("span", "", name(one.name), el("span", `tag ${one.role}`, t(one.role)), el("br"));
    if (one.role === "member") tags.querySelector(".tag").remove();
    if (!one.here) tags.append(el("small", "", t("gone")));
    else if (muted(one)) tags.append(el("span", "tag muted", t("muted_until", { until: when(one.muted_until) })));
    else tags.lastChild.remove();
    const row = el("li", `${one.id === speaker ? "on" : ""} ${one.here ? "" : "gone"}`);
    const pick = button("", () => speakAs(one.id), "pick");
    pick.append(face(one.id, one.name), tags);
    pick.dataset.user = one.id;
    pick.disabled = one.id === BOT;
    pick.setAttribute("aria-pressed", String(one.id === speaker));
    row.append(pick);
    if (one.id === speaker) row.append(el("div", "acts", ...changes(one)));
    list.push(row);
  }
  $("members").replaceChildren(...list);
  const strip = all.filter((one) => one.id !== BOT).map((one) => {
    const node = button("", () => speakAs(one.id), one.here ? "" : "gone");
    node.append(face(one.id, one.name), name(one.name));
    node.dataset.user = one.id;
    node.setAttribute("aria-pressed", String(one.id === speaker));
    return node;
  });
  const add = button("", join, "add");
  add.append(el("span", "face", "＋"), el("span", "", t("join_short")));
  $("strip").replaceChildren(...strip, add);
  const me = members.get(speaker);
  $("strip-acts").replaceChildren(...(me && changing ? changes(me) : []));
  drawComposer();
}

/** What can be changed about whom one speaks as. */
const changes = (one) => [
  button(t("rename"), () => rename(one)),
  one.here ? button(t("leave"), () => act({ do: "leave", user: one.id })) : button(t("rejoin"), rejoin),
];

function speakAs(id) {
  changing = id === speaker && !changing; // on a phone, choosing somebody twice shows what can be changed
  [speaker, alone] = [id, id];
  drawPeople();
  drawOwn();
  drawThread();
}

function drawComposer() {
  const me = members.get(speaker);
  $("as").textContent = t("as", { name: nameOf(speaker) });
  const barred = me && !me.here ? t("barred_gone", { name: me.name })
    : muted(me) ? t("barred_muted", { name: me.name, until: when(me.muted_until) }) : "";
  $("barred").hidden = !barred;
  $("barred").firstChild.textContent = barred;
  $("rejoin").hidden = !me || me.here;
  $("text").disabled = Boolean(barred);
  $("say").querySelector("button").disabled = Boolean(barred);
}

async function rename(one) {
  const to = await ask(t("rename_ask"), one.name);
  if (to) act({ do: "rename", user: one.id, name: to });
}

const rejoin = () => act({ do: "join", names: [nameOf(speaker)], inviter: null });

$("rejoin").addEventListener("click", rejoin);
async function join() {
  const names = await ask(t("join_ask"), "");
  if (names) act({ do: "join", names: names.split(/[\s,，、]+/).filter(Boolean), inviter: null });
}
$("join").addEventListener("click", join);

// ---- the chat ----

/** Puts an item at its place; items come nearly in order. */
function place(list, key, n, node) {
  node.dataset.n = n;
  const before = nodes.get(key);
  if (before) before.replaceWith(node);
  else {
    node.classList.add("new");
    let after = list.lastElementChild;
    while (after && Number(after.dataset.n ?? Infinity) > n) after = after.previousElementSibling;
    if (after) after.after(node);
    else list.prepend(node);
  }
  nodes.set(key, node);
}

/** The hour between what was said at different times, as chats do. */
function drawTimes() {
  const list = $("stream");
  list.querySelectorAll(".time").forEach((node) => node.remove());
  let last = -Infinity;
  for (const node of [...list.children]) {
    const at = Number(node.dataset.at);
    if (at - last > 300000) {
      const text = day(at) === day(last === -Infinity ? at : last) && last !== -Infinity ? hm(at) : `${day(at)} ${hm(at)}`;
      const time = el("li", "time", text);
      time.dataset.n = Number(node.dataset.n) - 0.5;
      node.before(time);
    }
    last = at;
  }
}

/** What to try while nobody has spoken. */
function drawFirst() {
  const list = $("stream");
  const first = list.querySelector(".first");
  if (nodes.size) return first?.remove();
  if (first) return;
  const tries = ["try_ad", "try_fine", "try_help"].map((key) =>
    button(t(key), () => {
      $("text").value = t(key);
      $("text").focus();
    }));
  list.append(el("li", "empty first", el("p", "", t("first")), ...tries));
}

/** A text with the people it names marked. */
function withMentions(text, ids) {
  const names = ids.map(nameOf).filter(Boolean).sort((a, b) => b.length - a.length);
  const parts = [];
  let plain = "";
  for (let at = 0; at < text.length; ) {
    const meant = text[at] === "@" ? names.find((one) => text.startsWith(one, at + 1)) : undefined;
    if (meant === undefined) {
      plain += text[at++];
      continue;
    }
    if (plain) parts.push(plain);
    plain = "";
    parts.push(el("bdi", "at", `@${meant}`));
    at += meant.length + 1;
  }
  if (plain) parts.push(plain);
  return parts;
}

function drawMessage(id) {
  const data = messages.get(id);
  const node = el("li", `said ${data.user === BOT ? "from-bot" : ""} ${data.user === speaker ? "own" : ""} ${data.withdrawn ? "withdrawn" : ""}`);
  const bubble = el("div", "bubble");
  bubble.tabIndex = 0;
  bubble.setAttribute("role", "button");
  if (data.quote) bubble.append(el("span", "quoted", name(data.quote.name), "：", data.quote.text));
  bubble.append(...withMentions(data.text, data.mentions));
  const choose = () => select(verdictOf.get(id) ?? causeOf(id), true);
  bubble.addEventListener("click", choose);
  bubble.addEventListener("keydown", (event) => {
    if (event.target === bubble && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      choose();
    }
  });
  const who = el("span", "who", name(data.name));
  if (data.role !== "member") who.append(el("span", `tag ${data.role}`, t(data.role)));
  const body = el("div", "body", who, bubble);
  if (data.withdrawn) body.append(el("span", "note", t(`withdrawn_${data.withdrawn}`)));
  else if (data.edited) body.append(el("span", "note", t("edited")));
  body.append(flag(id));
  const acts = el("div", "acts");
  if (!data.withdrawn) acts.append(button(t("quote"), () => quote(id)));
  if (!data.withdrawn && data.user === speaker) {
    acts.append(button(t("edit"), () => edit(id)), button(t("recall"), () => act({ do: "recall", user: speaker, message: id })));
  }
  who.append(acts);
  node.append(face(data.user, data.name), body);
  node.dataset.id = id;
  node.dataset.at = data.at;
  if (selected && verdictOf.get(id) === selected) node.classList.add("selected");
  place($("stream"), `message ${id}`, data.n, node);
}

/** What became of a message, in a word below it. */
function flag(id) {
  const verdict = verdicts.get(verdictOf.get(id));
  if (!verdict) return "";
  const kind = shownVerdict(verdict);
  if (["pass", "stored", "command"].includes(kind)) return "";
  const parts = [t(`v_${kind}`)];
  if (verdict.case) {
    parts.push(t("case_no", { no: verdict.case.no }));
    if (verdict.case.undone) parts.push(t("undone"));
    else if (!verdict.case.joins) parts.push(step(verdict.case.ladder[verdict.case.step]));
  }
  return button(`⚑ ${parts.join(" · ")}`, () => select(verdict.id, true), `flag ${kind} ${verdict.case?.undone ? "undone" : ""}`);
}

const redraw = (id) => messages.has(id) && drawMessage(id);
const drawOwn = () => messages.forEach((_, id) => drawMessage(id));

async function edit(id) {
  const text = await ask(t("edit_ask"), messages.get(id).text);
  if (text) act({ do: "edit", user: speaker, message: id, text });
}

function quote(id) {
  quoted = id;
  $("quote").hidden = !id;
  const said = id && messages.get(id);
  $("quote").firstChild.textContent = said ? `${said.name}：${said.text}` : "";
  if (id) $("text").focus();
}
$("quote").querySelector("button").addEventListener("click", () => quote(null));

function drawLine(id, data) {
  let names = data.names.join("、");
  if (data.names.length > 4) names = t("people_more", { names: data.names.slice(0, 3).join("、"), count: data.names.length });
  const tone = { muted: "bad", removed: "bad", unmuted: "good" }[data.what] ?? "";
  const node = el("li", `line ${tone}`, el("bdi", "", t(data.what, { names, until: data.until && when(data.until) })));
  node.dataset.at = data.at;
  place($("stream"), `line ${id}`, data.n, node);
}

function drawTell(id, data) {
  const node = el("li", "tell", LANG === "en" ? data.words.en : data.words.zh);
  node.dataset.at = data.at;
  place($("stream"), `tell ${id}`, data.n, node);
}

function drawTask(id, data) {
  const node = el("li", "card", el("b", "", t("card")), " ", el("small", "", t("card_hint")), el("div", "", data.text));
  const row = el("div", "row");
  if (data.done) row.append(el("small", "", data.done));
  else if (data.pressed) row.append(el("small", "", t("pressed", { name: data.pressed[0], choice: data.pressed[1] })));
  else for (const one of data.buttons) {
    row.append(button(one.text, () => act({ do: "press", user: speaker, task: id, choice: one.choice })));
  }
  node.append(row);
  node.dataset.at = data.at;
  place($("stream"), `task ${id}`, data.n, node);
}

// ---- private words ----

function drawThread() {
  const list = $("thread");
  const said = [...(threads.get(alone)?.values() ?? [])].sort((a, b) => a.n - b.n);
  $("private-with").replaceChildren(t("private_with", { name: nameOf(alone) }));
  if (!said.length) return list.replaceChildren(el("li", "empty", t("private_empty", { name: nameOf(alone) })));
  let last = -Infinity;
  const shown = [];
  for (const one of said) {
    if (one.at - last > 300000) shown.push(el("li", "time", `${day(one.at)} ${hm(one.at)}`));
    last = one.at;
    const who = one.by_bot ? BOT : one.user;
    const bubble = el("div", "bubble", one.text);
    shown.push(el("li", `said ${one.by_bot ? "from-bot" : "own"}`, face(who, nameOf(who)), el("div", "body", bubble)));
  }
  list.replaceChildren(...shown);
  list.scrollTop = list.scrollHeight;
}

// ---- why ----

function shownVerdict(verdict) {
  if (verdict.kind === "timer") return "timer";
  if (!verdict.message) return verdict.verdict === "old" ? "old" : "event";
  if (verdict.verdict === "violation" && !verdict.findings.some((one) => one.verdict === "violation" && !one.why_not)) return "observed";
  return verdict.verdict;
}

function step(rung) {
  if (!rung) return "";
  return t(`s_${rung.step}`, { time: rung.seconds ? span(rung.seconds) : "" });
}

/** The verdict that led to something the bot said. */
function causeOf(message) {
  const said = messages.get(message);
  if (!said?.case) return null;
  for (const one of verdicts.values()) if (String(one.case?.no) === said.case) return one.id;
  return null;
}

function select(id, chosen) {
  if (!id || !verdicts.has(id)) return;
  const before = verdicts.get(selected)?.message;
  selected = id;
  pinned = chosen;
  redraw(before);
  redraw(verdicts.get(id).message);
  drawWhy();
  if (chosen) nodes.get(`message ${verdicts.get(id).message}`)?.scrollIntoView({ block: "nearest" });
  if (chosen && matchMedia("(max-width: 61.9rem)").matches) tab("explain");
}

/** The original with the matched characters marked; offsets count code points. */
function marked(verdict) {
  const points = [...verdict.text];
  const level = new Array(points.length).fill(0);
  for (const one of verdict.findings.filter((one) => !one.part)) {
    for (let at = one.start; at < Math.min(one.end, points.length); at++) level[at] = Math.max(level[at], one.why_not ? 1 : 2);
  }
  const parts = [];
  for (let at = 0; at < points.length; ) {
    let end = at;
    while (end < points.length && level[end] === level[at]) end++;
    const text = points.slice(at, end).join("").replaceAll("\uFFFC", "▢");
    parts.push(level[at] === 0 ? text : el("mark", level[at] === 1 ? "quiet" : "", text));
    at = end;
  }
  return parts;
}

function hit(one, verdict) {
  const node = el("li", one.why_not ? "off" : "", el("b", "", one.title), " ", el("small", "", [one.rule, one.kind].filter(Boolean).join(" · ")), el("br"));
  if (one.matched) node.append("“", el("bdi", "", one.matched.slice(0, 120)), "”");
  if (one.folded && one.folded !== one.matched) node.append(` ${t("hit_as")} `, el("code", "", one.folded.slice(0, 120)));
  if (one.word && one.word !== one.matched) node.append(` · ${t("hit_word")} `, el("code", "", one.word));
  if (one.views?.length) node.append(` (${one.views.map((view) => t(`view_${view}`)).join(" + ")})`);
  if (one.dropped) node.append(el("br"), el("small", "", t("hit_noise", { count: one.dropped })));
  if (one.part) node.append(el("br"), el("small", "", t("hit_part", { part: one.part })));
  if (one.why_not) node.append(el("br"), el("small", "", `→ ${t(`why_${one.why_not}`, { role: t(verdict.role ?? "member"), exception: one.exception })}`));
  return node;
}

function part(title, ...children) {
  return el("div", "", el("h3", "", title), ...children);
}

function drawWhy() {
  const verdict = verdicts.get(selected);
  if (!verdict) return $("why").replaceChildren(el("p", "empty", t("explain_empty")));
  const kind = shownVerdict(verdict);
  const head = el("div", `verdict ${kind}`, el("b", "", t(`v_${kind}`)));
  const who = verdict.user ? `${nameOf(verdict.user)} · ${role(verdict.user)} · ` : "";
  head.append(el("small", "", el("bdi", "", who), when(verdict.at)));
  const counts = verdict.findings.some((one) => !one.why_not);
  if (kind === "pass") head.append(el("span", "", t(verdict.findings.length ? "not_counted_why" : "pass_why")));
  if (kind === "review") head.append(el("span", "", t("review_why")));
  const parts = [head];
  if (verdict.text) parts.push(part(t("original"), el("div", "original", ...marked(verdict))));
  if (verdict.findings.length) {
    const sorted = [...verdict.findings].sort((a, b) => Boolean(a.why_not) - Boolean(b.why_not));
    parts.push(el("ul", `hits ${counts ? "" : "none"}`, ...sorted.map((one) => hit(one, verdict))));
  }
  if (verdict.case) parts.push(caseOf(verdict.case));
  if (verdict.actions.length) parts.push(part(t("done_title"), el("ul", "done", ...verdict.actions.map(done))));
  parts.push(details(verdict), lately());
  $("why").replaceChildren(...parts);
  $("why").scrollTop = 0;
}

function caseOf(data) {
  if (data.undone) return part(t("case_no", { no: data.no }), el("p", "undone", t("case_undone", { name: data.undone })));
  if (data.joins) return part(t("case_no", { no: data.no }), t("case_joins", { no: data.no }));
  const title = [t("case_no", { no: data.no }), t("case_strikes", { days: data.days, count: data.strikes })];
  if (data.observe) title.push(t("case_observe"));
  const rungs = data.ladder.map((rung, at) => {
    const place = at === data.step ? "here" : at < data.step ? "past" : at === data.next ? "next" : "";
    return el("li", place, step(rung));
  });
  return part(title.join(" · "), el("ol", "ladder", ...rungs), el("small", "", t("case_next", { step: step(data.ladder[data.next]) })));
}

const doneInWords = (one) =>
  t(`a_${one.what}`, { name: one.user ? nameOf(one.user) : "", until: one.until ? when(one.until) : "" });

function done(one) {
  return el("li", "", el("bdi", "", doneInWords(one)), el("span", `state ${one.state}`, t(`st_${one.state}`)));
}

function details(verdict) {
  const list = el("dl");
  const row = (key, value) => value && list.append(el("dt", "", t(key)), el("dd", "", el("code", "", value)));
  row("d_folded", verdict.folded);
  row("d_event", `${verdict.kind} ${verdict.id}`);
  row("d_version", verdict.version);
  const node = el("details", "details", el("summary", "", t("details")), list);
  return node;
}

function lately() {
  const last = [...verdicts.values()].filter((one) => one.message || one.actions.length).slice(-12).reverse();
  const rows = last.map((one) => {
    const kind = shownVerdict(one);
    const text = one.text ? `${one.user ? nameOf(one.user) : ""}：${one.text}`
      : one.actions.length ? doneInWords(one.actions[0]) : t(`v_${kind}`);
    const row = button("", () => select(one.id, true), kind);
    row.append(el("span", "", text.slice(0, 60)), el("span", "", one.case ? t("case_no", { no: one.case.no }) : t(`v_${kind}`)));
    return el("li", "", row);
  });
  return part(t("recent"), el("ul", "lately", ...rows));
}

// ---- what comes in ----

const take = {
  member(id, data) { members.set(id, data); },
  message(id, data) { messages.set(id, data); drawMessage(id); },
  line: drawLine,
  tell: drawTell,
  task: drawTask,
  private(id, data) {
    if (!threads.has(data.user)) threads.set(data.user, new Map());
    threads.get(data.user).set(id, data);
    if (playing) alone = data.user; // a scene shows what is said alone, too
    if (data.by_bot && live() && document.body.dataset.tab !== "private") $("dot-private").hidden = false;
  },
  verdict(id, data) {
    const fresh = !verdicts.has(id);
    verdicts.set(id, data);
    if (data.message) {
      verdictOf.set(data.message, id);
      redraw(data.message);
    }
    const worth = data.verdict === "violation" || data.verdict === "review";
    if (selected === id) drawWhy();
    else if (fresh && worth && (!pinned || playing)) {
      select(id, false);
      if (live() && document.body.dataset.tab !== "explain") $("dot-explain").hidden = false;
    } else if (fresh && !selected && data.message) select(id, false);
  },
  clock(_, data) { skew += data.ahead - ahead; ahead = data.ahead; tick(); drawPeople(); },
  platform(_, data) { $("modest").checked = data === "modest"; },
  scene(_, data) {
    playing = Boolean(data.name);
    $("progress").hidden = !playing;
    const title = playing && document.querySelector(`[data-scene="${CSS.escape(data.name)}"] b`);
    $("progress-text").textContent = title ? `${t("playing")}：${title.textContent}` : "";
    $("progress-bar").max = data.steps || 1;
    $("progress-bar").value = data.step;
  },
};
let playing = false;
let waiting = null;
let greeted = Infinity;
/** What comes right after the greeting happened earlier and needs no dot. */
const live = () => Date.now() - greeted > 1000;

/** Draws what several items changed together, once, and keeps the newest in sight unless somebody reads further up. */
function settle(atEnd) {
  if (waiting) return;
  waiting = requestAnimationFrame(() => {
    waiting = null;
    drawPeople();
    drawThread();
    drawTimes();
    drawFirst();
    if (atEnd) $("stream").scrollTop = $("stream").scrollHeight;
  });
}

function connect() {
  const feed = new EventSource("/api/feed");
  feed.addEventListener("hello", (event) => {
    const { now: theirs, ahead: moved, zone: named, fresh } = JSON.parse(event.data);
    if (fresh) forget();
    [skew, ahead, zone] = [theirs - Date.now(), moved, named];
    $("lost").hidden = true;
    greeted = Date.now();
    tick();
  });
  feed.addEventListener("message", (event) => {
    const list = $("stream");
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 160;
    const { kind, id, data } = JSON.parse(event.data);
    take[kind]?.(id, data);
    settle(atEnd);
  });
  feed.addEventListener("error", () => {
    $("lost").hidden = false;
    if (feed.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

// ---- what is done ----

async function call(what, body = {}) {
  try {
    const answer = await fetch(`/api/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-qunwei": "1" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    return { ok: answer.ok, ...(text.startsWith("{") ? JSON.parse(text) : { code: "other", error: text }) };
  } catch (error) {
    return { ok: false, code: "other", error: String(error) };
  }
}

function trouble(answer) {
  const until = answer.until && when(answer.until);
  const key = answer.code === "no_timer" ? "no_timer" : `r_${answer.code}`;
  const text = answer.ok ? "" : t(key in TEXTS ? key : "r_other", { until, most: answer.most, error: answer.error ?? answer.code });
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
  return answer.ok;
}

const act = async (deed) => trouble(await call("act", deed));

async function say(event) {
  event?.preventDefault();
  const text = $("text").value;
  if (!text.trim()) return;
  if (await act({ do: "say", user: speaker, text, quote: quoted })) {
    $("text").value = "";
    grow($("text"));
    quote(null);
    pinned = false;
    $("stream").scrollTop = $("stream").scrollHeight;
  }
}

async function whisper(event) {
  event?.preventDefault();
  const text = $("whisper-text").value;
  if (text.trim() && (await act({ do: "whisper", user: alone, text }))) $("whisper-text").value = "";
}

function grow(area) {
  area.rows = Math.min(6, area.value.split("\n").length);
}

for (const [form, area, send] of [[$("say"), $("text"), say], [$("whisper"), $("whisper-text"), whisper]]) {
  form.addEventListener("submit", send);
  area.addEventListener("input", () => grow(area));
  area.addEventListener("keydown", (event) => {
    // While a Chinese input method is at work, Enter belongs to it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  });
}

function ask(question, value) {
  $("question").textContent = question;
  $("answer").value = value;
  $("ask").returnValue = "";
  $("ask").showModal();
  $("answer").select();
  return new Promise((resolve) => {
    const ended = () => resolve($("ask").returnValue === "ok" ? $("answer").value.trim() : null);
    $("ask").addEventListener("close", ended, { once: true });
  });
}
$("cancel").addEventListener("click", () => $("ask").close(""));

function tab(name) {
  document.body.dataset.tab = name;
  for (const one of document.querySelectorAll(".tabs button")) one.setAttribute("aria-pressed", String(one.dataset.tab === name));
  if ($(`dot-${name}`)) $(`dot-${name}`).hidden = true;
  if (name === "settings" && !$("file").options.length) listFiles();
  if (name === "private") drawThread();
}
for (const one of document.querySelectorAll(".tabs button")) one.addEventListener("click", () => tab(one.dataset.tab));
if (!matchMedia("(max-width: 61.9rem)").matches) tab("explain");

// How long a step of a scene is looked at, in milliseconds: `/?pace=300`; readable when it is not said.
const pace = new URLSearchParams(location.search).has("pace") ? Number(new URLSearchParams(location.search).get("pace")) : null;
const close = () => document.querySelectorAll(".menu[open]").forEach((menu) => (menu.open = false));
document.addEventListener("click", (event) => event.target.closest(".menu") || close());
document.addEventListener("keydown", (event) => event.key === "Escape" && close());
for (const one of document.querySelectorAll("[data-scene]")) {
  one.addEventListener("click", () => { close(); tab(matchMedia("(max-width: 61.9rem)").matches ? "chat" : "explain"); call("scene", { name: one.dataset.scene, pace }).then(trouble); });
}
for (const one of document.querySelectorAll("[data-seconds]")) {
  one.addEventListener("click", () => call("clock", { seconds: Number(one.dataset.seconds) }).then(trouble));
}
$("next-timer").addEventListener("click", () => call("clock", "next_timer").then(trouble));
$("stop").addEventListener("click", () => call("stop"));
$("reset").addEventListener("click", () => { close(); call("reset"); });
$("modest").addEventListener("change", (event) => { close(); call("reset", { kind: event.target.checked ? "modest" : "full" }); });

// ---- settings ----

let loaded = "";

async function listFiles() {
  const { ok, files, version } = await call("config");
  if (!ok) return;
  const kept = $("file").value;
  $("version").textContent = version;
  $("file").replaceChildren(...files.map((file) => {
    const option = el("option", "", file);
    option.value = file;
    return option;
  }));
  $("file").value = files.includes(kept) ? kept : files.find((file) => file === "groups.toml") ?? files[0];
  if (kept !== $("file").value) openFile();
}

async function openFile() {
  const { ok, text, ...why } = await call("config-read", { name: $("file").value });
  loaded = ok ? text : "";
  $("config").value = loaded;
  report(ok ? "" : t(`r_${why.code}`, why), "bad", []);
}

/** Lines with their numbers; faults at theirs. */
function report(text, tone, faults) {
  $("verdict-config").textContent = text;
  $("verdict-config").className = `state ${tone}`;
  const here = faults.filter((fault) => fault.file === $("file").value);
  const lines = $("config").value.split("\n").map((_, at) => {
    const level = here.filter((fault) => fault.line === at + 1).map((fault) => fault.level).sort()[0];
    return el("b", level ?? "", String(at + 1));
  });
  $("lines").replaceChildren(...lines);
  $("lines").scrollTop = $("config").scrollTop;
  $("faults").replaceChildren(...faults.map((fault) => {
    const at = fault.file === $("file").value ? t("at_line", fault) : t("in_file", fault);
    const node = button("", () => goTo(fault));
    node.append(el("b", "", `${t(fault.level)} · ${at}`), el("span", "", fault.message));
    if (fault.help) node.append(el("small", "", fault.help));
    return el("li", fault.level, node);
  }));
}

function goTo(fault) {
  if (fault.file !== $("file").value) return;
  const area = $("config");
  const lines = area.value.split("\n");
  const points = [...(lines[fault.line - 1] ?? "")];
  const units = (count) => points.slice(0, count).join("").length;
  const start = lines.slice(0, fault.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  area.focus();
  area.setSelectionRange(start + units(fault.column - 1), start + units(fault.column - 1 + fault.width));
  area.scrollTop = (fault.line - 4) * (area.scrollHeight / lines.length);
}

async function judge(what) {
  const answer = await call(what, { name: $("file").value, text: $("config").value });
  const faults = answer.faults ?? [];
  const errors = faults.filter((fault) => fault.level === "error").length;
  if (!answer.ok && answer.code !== "faults") {
    const key = `r_${answer.code}`;
    return report(t(key in TEXTS ? key : "r_other", { error: answer.error ?? answer.code }), "bad", []);
  }
  if (errors) return report(t("checked_errors", { count: errors }), "bad", faults);
  const warned = faults.length ? t("checked_warnings", { count: faults.length }) : "";
  if (what === "config-check") return report(warned || t("checked_sound"), "good", faults);
  loaded = $("config").value;
  $("version").textContent = answer.version;
  report(`${t("saved")}${warned}`, "good", faults);
}

$("file").addEventListener("change", openFile);
$("check").addEventListener("click", () => judge("config-check"));
$("save").addEventListener("click", () => judge("config-save"));
$("config").addEventListener("scroll", () => ($("lines").scrollTop = $("config").scrollTop));
$("config").addEventListener("input", () => report($("config").value === loaded ? "" : t("unsaved"), "", []));

tick();
connect();
