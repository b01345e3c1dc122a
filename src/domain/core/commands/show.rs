//! Commands that only tell: nothing changes.

use super::{Desk, is_private, may, refusal};
use crate::domain::action::{Action, ActionState, Outcome, What};
use crate::domain::case::{Case, CaseFile, Finding, MACHINE, TaskDecision};
use crate::domain::chat::{ChatChange, ChatWhat};
use crate::domain::command::{COMMANDS, CommandInfo};
use crate::domain::core::{Core, rules_text};
use crate::domain::event::{Message, Person, Role, Segment};
use crate::domain::judge;
use crate::domain::ladder::{self, Decision};
use crate::domain::lexicon::WordUse;
use crate::domain::notices::{Vars, mask, plain_name};
use crate::domain::penalty;
use crate::domain::policy::{Mode, Policy, Step, Verdict};
use crate::domain::rules::{Learned, RuleId, RuleInfo};

/// More of a list is only counted.
const MOST_SHOWN: usize = 10;

impl Core {
    pub(super) fn show_help(&mut self, desk: &mut Desk<'_, '_>, topic: Option<&'static CommandInfo>) {
        let policy = desk.here.policy;
        if let Some(info) = topic {
            // In a group it is known who asks, and whether they may.
            let barred = !is_private(desk.here) && !may(policy, desk.role, info);
            let refused =
                if barred { format!("。{}", refusal(policy, info).trim_end_matches('。')) } else { String::new() };
            let vars = Vars {
                text: info.usage.to_owned(),
                why: format!("{}{refused}", info.about),
                list: info.names.join("、"),
                ..Vars::default()
            };
            desk.answer = desk.render("reply_help_topic", &vars);
            return;
        }
        let mine = COMMANDS.iter().filter(|info| may(policy, desk.role, info));
        let lines: Vec<String> = mine.map(|info| format!("{} — {}", info.usage, info.about)).collect();
        desk.answer = desk.render("reply_help", &Vars { list: lines.join("\n"), ..Vars::default() });
    }

    /// The full rules, or where the admins wrote none, what the rules look for.
    pub(super) fn show_rules(&mut self, desk: &mut Desk<'_, '_>) {
        let written = rules_text(desk.here.policy);
        desk.answer = if written.is_empty() {
            let titles = self.rule_titles(desk.here.policy);
            desk.render("reply_rules", &Vars { list: titles.join("\n"), ..Vars::default() })
        } else {
            written
        };
    }

    /// What is held against whoever asks.
    pub(super) fn show_record(&mut self, desk: &mut Desk<'_, '_>) {
        let here = desk.here;
        desk.alone = true;
        let standing = self.state.member(here.member_key()).standing().clone();
        let live: Vec<_> = standing.live(here.now, here.policy.strike_life, false).cloned().collect();
        let mute = standing.mute.filter(|mute| mute.until > here.now);
        if live.is_empty() && mute.is_none() {
            desk.answer = desk.render("reply_record_clean", &Vars::default());
            return;
        }
        let line = |strike: &crate::domain::standing::Strike| {
            format!("案件 {}（{} 到期）", strike.case, desk.date(strike.time.plus(here.policy.strike_life)))
        };
        let list = shorten(live.iter().map(line).collect());
        let vars = Vars {
            list,
            more: live.len() as u32,
            until: mute.map(|mute| desk.date(mute.until)).unwrap_or_default(),
            next: penalty::next_in_words(here.policy, live.len()),
            appeal: desk.appeal(),
            ..Vars::default()
        };
        desk.answer = desk.render("reply_record", &vars);
    }

    pub(super) fn show_case(&mut self, desk: &mut Desk<'_, '_>, no: u64) {
        let here = desk.here;
        let ours = |file: &CaseFile| file.case.platform == here.event.platform && *file.case.group == *here.event.group;
        let Some(file) = desk.loaded.case.take().filter(ours) else {
            desk.answer = desk.render("reply_no_case", &Vars { case: no.to_string(), ..Vars::default() });
            return;
        };
        let case = &file.case;
        let findings = self.findings_in_words(case.findings.iter());
        let decided = |one: &TaskDecision| format!("{}：{}，{}", one.text, one.by.name, desk.date(one.by.at));
        // That a card was sent again is no deed of its own.
        let deeds = file.actions.iter().filter(|one| one.action.cause.task.is_none());
        let deeds = deeds.map(|one| deed(desk, &one.action, &one.state));
        let deeds: Vec<String> = file.decisions.iter().map(decided).chain(deeds).collect();
        let by =
            if *case.decided_by == *MACHINE { "机器".to_owned() } else { format!("管理员 {}", case.decided_by) };
        let undone = file.undone.as_ref().map(|by| format!("，{} 已由 {} 撤销", desk.date(by.at), by.name));
        let forgotten = case.forgotten.then_some("，原话和通知已过保存期，已经删除");
        let vars = Vars {
            case: case.no.to_string(),
            name: self.harmless_name(here.policy, here.group_key(), &case.name, &case.user),
            time: desk.date(case.time),
            rule: if case.reason.is_empty() { shorten(findings) } else { case.reason.clone() },
            by,
            more: file.evidence as u32,
            list: shorten(deeds),
            next: penalty::name_in_words(&case.step).to_owned(),
            why: undone.unwrap_or_default() + forgotten.unwrap_or_default(),
            ..Vars::default()
        };
        desk.answer = desk.render("reply_case", &vars);
    }

    /// 广告引流（命中“加＊＊”·同音“微＊”）: what is called the same is one, and nothing is said twice.
    fn findings_in_words<'a>(&self, findings: impl Iterator<Item = &'a Finding>) -> Vec<String> {
        let mut told: Vec<(String, Vec<String>)> = Vec::new();
        for finding in findings {
            let title = self.title(finding);
            let at = told.iter().position(|(other, _)| *other == title).unwrap_or(told.len());
            if at == told.len() {
                told.push((title, Vec::new()));
            }
            let views = finding.views.in_chat();
            let in_picture = finding.part.as_deref().is_some_and(|part| part.ends_with(".picture"));
            let place = if in_picture { "图片里的" } else { "" };
            let matched =
                format!("{place}“{}”{}{views}", mask(&finding.matched), if views.is_empty() { "" } else { "·" });
            match told.get_mut(at) {
                Some((_, all)) if !finding.matched.is_empty() && !all.contains(&matched) => all.push(matched),
                _ => {}
            }
        }
        let words = |(title, matched): (String, Vec<String>)| match matched.is_empty() {
            true => title,
            false => format!("{title}（命中{}）", matched.concat()),
        };
        told.into_iter().map(words).collect()
    }

    /// The words are written out only where the asker alone reads them.
    pub(super) fn show_words(&mut self, desk: &mut Desk<'_, '_>, word: Option<&str>) {
        let here = desk.here;
        desk.alone = here.can_answer_alone();
        let shown = if desk.alone { harmless } else { mask };
        let known = self.state.chat.get(&here.group_key());
        let told = |change: &ChatChange| in_words(change, &desk.date(change.at), shown);
        let Some(word) = word else {
            let changes = known.map(|known| known.changes()).unwrap_or_default();
            let lines: Vec<String> = changes.iter().rev().map(told).collect();
            let list = if lines.is_empty() { "无".to_owned() } else { shorten(lines) };
            let text = self.lists_in_words(here.policy).join("\n");
            desk.answer = desk.render("reply_words", &Vars { list, text, ..Vars::default() });
            return;
        };
        let changes = known.map(|known| [known.change_of(word, true), known.change_of(word, false)]);
        let mut from: Vec<String> = changes.into_iter().flatten().flatten().map(told).collect();
        from.extend(self.settings.rules.uses_of(word).iter().map(|one| self.place_in_words(one)));
        let list = if from.is_empty() { "哪里都没有这个词".to_owned() } else { shorten(from) };
        desk.answer = desk.render("reply_word", &Vars { text: shown(word), list, ..Vars::default() });
    }

    /// Judges a text as if a member had just said it. Nothing happens.
    pub(super) fn try_text(&mut self, desk: &mut Desk<'_, '_>, text: &str) {
        let here = desk.here;
        let sender = Person { id: "?".into(), ..Person::default() };
        let message = Message { sender, content: vec![Segment::Text(text.into())], ..Message::default() };
        here.settings.rules.find(&message, &mut self.scratch);
        let learned = Learned { lessons: Some(&self.state.lessons), group: Some(here.group_key()) };
        here.settings.rules.find_learned(&message, learned, &mut self.scratch);
        let mut judgement = judge::judge(here.settings, here.policy, Role::Member, &message, &self.scratch);
        self.chat_words(here, &message, Role::Member, &mut judgement);
        let findings = self.findings_in_words(judgement.all());
        let verdict = judgement.verdict();
        let first = judgement.all().next();
        let step = first.map(|finding| {
            match ladder::decide(&Default::default(), here.time, finding.severity, here.policy, false) {
                Decision::Opens { step, .. } => step,
                Decision::Joins { .. } => Step::WarnPrivate,
            }
        });
        let vars = Vars {
            list: shorten(findings),
            next: step.map(penalty::step_in_words).unwrap_or_default(),
            ..Vars::default()
        };
        let notice = match verdict {
            Verdict::Pass => "reply_try_pass",
            Verdict::Review => "reply_try_review",
            Verdict::Violation if judgement.violations.is_empty() => "reply_try_observed",
            Verdict::Violation => "reply_try_violation",
        };
        desk.answer = desk.render(notice, &vars);
    }

    pub(super) fn show_status(&mut self, desk: &mut Desk<'_, '_>) {
        let here = desk.here;
        let key = here.group_key();
        let mode = match (self.state.pause(key), here.settings.policy(&here.event.group).mode) {
            (Some(pause), _) => format!("停手，只看不做（{} 于 {} 停的）", pause.name, desk.date(pause.at)),
            (None, Mode::On) => "照规则处理".to_owned(),
            (None, Mode::Observe) => "只看不做（设置如此）".to_owned(),
            (None, Mode::Off) => "不管（设置如此）".to_owned(),
        };
        let rules = here.policy.rules.iter().filter(|rule| rule.mode == Mode::On).count();
        let known = self.state.chat.get(&key);
        let (added, dropped) = known.map_or((0, 0), |known| (known.added(), known.dropped()));
        let ladder: Vec<String> = here.policy.ladder.iter().map(|step| penalty::step_in_words(*step)).collect();
        let open = self.state.group(key).tasks.iter().filter(|task| task.is_open()).count();
        let waits = if open > 0 { format!("；{open} 件事等管理员处理") } else { String::new() };
        let archive = self.archive_in_words(desk);
        let (more, done) = self.observed(desk);
        let vars = Vars {
            text: mode,
            more,
            done,
            list: format!(
                "{rules} 条规则；群里加了 {added} 个词、去了 {dropped} 个词{}{waits}{archive}",
                self.learnt_in_words(here)
            ),
            next: ladder.join(" → "),
            why: here.settings.version.to_string(),
            ..Vars::default()
        };
        desk.answer = desk.render("reply_status", &vars);
    }

    /// Whose messages the archive keeps, where there is one.
    fn archive_in_words(&mut self, desk: &Desk<'_, '_>) -> String {
        let Some(archive) = self.state.group(desk.here.group_key()).ledger.archive else { return String::new() };
        let (count, more, hits) = (archive.employees, archive.missing, archive.outsiders);
        format!("；{}", desk.render("reply_status_archive", &Vars { count, more, hits, ..Vars::default() }))
    }

    /// What would have been done since the group was stopped: in how many cases, and the last of them.
    pub(super) fn observed(&mut self, desk: &Desk<'_, '_>) -> (u32, String) {
        let mut line = |case: &Case| {
            let name = self.harmless_name(desk.here.policy, desk.here.group_key(), &case.name, &case.user);
            format!("案件 {} {name} {}", case.no, penalty::name_in_words(&case.step))
        };
        let lines: Vec<String> = desk.loaded.observed.iter().map(&mut line).collect();
        (u32::try_from(lines.len()).unwrap_or(u32::MAX), shorten(lines))
    }

    /// The rules that hold in a group, in plain words, each once.
    fn rule_titles(&self, policy: &Policy) -> Vec<String> {
        let mut titles: Vec<String> = Vec::new();
        for (info, setting) in self.settings.rules.infos().iter().zip(policy.rules.iter()) {
            let counts = setting.mode == Mode::On && setting.verdict == Verdict::Violation;
            if counts && !titles.iter().any(|title| **title == *info.title) {
                titles.push(info.title.to_string());
            }
        }
        titles.iter().enumerate().map(|(at, title)| format!("{}. 不要{title}", at + 1)).collect()
    }

    /// How many words each keyword rule that holds here has, without those that only excuse or count together.
    fn lists_in_words(&self, policy: &Policy) -> Vec<String> {
        let rules = self.settings.rules.infos().iter().zip(policy.rules.iter()).zip((0..).map(RuleId));
        let held = rules.filter(|((_, setting), _)| setting.mode != Mode::Off);
        let counted = held.map(|((info, _), id)| (info, self.settings.rules.words_of(id)));
        let line = |(info, words): (&RuleInfo, usize)| format!("{}（{}）：{words} 个词", info.title, info.name);
        counted.filter(|(_, words)| *words > 0).map(line).collect()
    }

    /// 广告引流（ads.words），ads.txt 第 12 行
    fn place_in_words(&self, one: &WordUse) -> String {
        let info = self.settings.rules.infos().get(usize::from(one.list.0));
        let rule = info.map(|info| format!("{}（{}）", info.title, info.name)).unwrap_or_default();
        let kind = if one.exception { "的例外" } else { "" };
        let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let place = one.place.as_ref().map(|(path, line)| format!("，{} 第 {line} 行", file(path)));
        format!("{rule}{kind}{}", place.unwrap_or_default())
    }
}

/// 改3：11月25日 10:00 小王 加了 加＊＊、刷＊
fn in_words(change: &ChatChange, date: &str, shown: fn(&str) -> String) -> String {
    let verb = match change.what {
        ChatWhat::Add(_) => "加了",
        ChatWhat::Drop(_) => "去了",
    };
    let words: Vec<String> = change.what.words().iter().map(|word| shown(word)).collect();
    format!("改{}：{date} {} {verb} {}", change.no, change.by_name, shorten_by(words, "、"))
}

fn shorten(lines: Vec<String>) -> String {
    shorten_by(lines, "；")
}

fn shorten_by(lines: Vec<String>, between: &str) -> String {
    let more = lines.len().saturating_sub(MOST_SHOWN);
    let shown: Vec<String> = lines.into_iter().take(MOST_SHOWN).collect();
    let rest = if more > 0 { format!("{between}另有 {more} 条") } else { String::new() };
    shown.join(between) + &rest
}

/// 禁言到 11月26日 10:00：已完成
fn deed(desk: &Desk<'_, '_>, action: &Action, state: &ActionState) -> String {
    let what = match (&action.what, action.cause.step.as_deref()) {
        (What::Mute { until, .. }, _) => format!("禁言到 {}", desk.date(*until)),
        (What::Send { .. } | What::Private { .. }, Some("undo")) => "告诉本人已撤销".to_owned(),
        (what, _) => crate::domain::core::after::in_words(what).to_owned(),
    };
    let became = match state {
        ActionState::Pending => "还没送出",
        ActionState::Observed => "只观察",
        ActionState::Ended { outcome, .. } => match outcome {
            Outcome::Done { .. } => "已完成",
            Outcome::Failed { .. } => "失败",
            Outcome::Expired => "过时未做",
            Outcome::Cancelled => "已取消",
            Outcome::Uncertain { .. } => "不确定是否做成",
        },
    };
    format!("{what}：{became}")
}

/// A word written out: like a name, it calls nobody and hides nothing.
fn harmless(word: &str) -> String {
    plain_name(word, "")
}
