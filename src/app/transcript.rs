//! A replay as people would have seen it: the group chat, and below each message what was found in it and what was done.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use crate::app::replay::Audience;
use crate::domain::action::{Action, What};
use crate::domain::case::{Case, Finding};
use crate::domain::change::Change;
use crate::domain::event::{Event, Kind, Message, Person, Segment};
use crate::domain::policy::Settings;
use crate::domain::time::Timestamp;

/// Writes a transcript.
pub struct Transcript<W> {
    output: W,
    settings: Arc<Settings>,
    names: HashMap<String, String>,
    day: String,
    group: String,
    /// When the last event came in.
    now: Timestamp,
}

impl<W: Write> Transcript<W> {
    /// A transcript to `output`; the settings give rules their plain names and groups their time zones.
    pub fn new(output: W, settings: Arc<Settings>) -> Self {
        Self {
            output,
            settings,
            names: HashMap::new(),
            day: String::new(),
            group: String::new(),
            now: Timestamp(i64::MIN),
        }
    }

    /// The time of day, after a heading when the day or the group is another.
    fn clock(&mut self, time: Timestamp, group: &str) -> io::Result<String> {
        let zoned = time.zoned(&self.settings.policy(group).timezone);
        let day = zoned.strftime("%Y-%m-%d").to_string();
        if day != self.day || group != self.group {
            writeln!(self.output, "\n── {day} · {} ──", plain(group))?;
            (self.day, self.group) = (day, group.to_owned());
        }
        Ok(zoned.strftime("%H:%M:%S").to_string())
    }

    fn name(&mut self, person: &Person) -> String {
        if !person.name.is_empty() {
            self.names.insert(person.id.to_string(), person.name.to_string());
        }
        self.known(&person.id)
    }

    fn known(&self, user: &str) -> String {
        self.names.get(user).cloned().unwrap_or_else(|| user.to_owned())
    }

    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        for finding in findings {
            let place = finding.part.as_deref().map(|part| format!("{part} ")).unwrap_or_default();
            let word = finding.word.as_deref().filter(|word| **word != *finding.matched);
            let word = word.map(|word| format!(" = {word}")).unwrap_or_default();
            let (rule, start, end) = (&finding.rule, finding.start, finding.end);
            let matched: String = plain(&finding.matched).chars().take(24).collect();
            writeln!(self.output, "          ⚑ {rule}: “{matched}”{word} ({place}{start}..{end})")?;
        }
        Ok(())
    }

    fn case(&mut self, case: &Case) -> io::Result<()> {
        self.findings(&case.findings)?;
        let observe = if case.observe { "（仅观察）" } else { "" };
        let (no, strikes, step) = (case.no, case.strikes, step(&case.step));
        writeln!(self.output, "          案件 {no}{observe}：第 {strikes} 次违规 → {step}")
    }

    fn action(&mut self, action: &Action) -> io::Result<()> {
        // What an event leads to at once stands below it; what comes later has its own time.
        if action.cause.event.is_none() || action.time > self.now {
            let time = self.clock(action.time, &action.group)?;
            write!(self.output, "{time}")?;
        } else {
            write!(self.output, "        ")?;
        }
        let done = match &action.what {
            What::Send { text, .. } => format!("群内：{text}"),
            What::Announce { text } => format!("群公告：{text}"),
            What::Image { image } => format!("群内：[图片 {}]", image.shown()),
            What::Private { user, text } => format!("私信 {}：{text}", self.known(user)),
            What::Mute { user, until, .. } => {
                let zone = &self.settings.policy(&action.group).timezone;
                format!("禁言 {} 至 {}", self.known(user), until.rfc3339(zone))
            }
            What::Unmute { user } => format!("解除禁言 {}", self.known(user)),
            What::Remove { user } => format!("移出 {}", self.known(user)),
            What::Delete { message } => format!("删除消息 {message}"),
            What::Task { text, buttons, .. } => {
                let buttons: Vec<&str> = buttons.iter().map(|button| button.text.as_str()).collect();
                format!("管理员任务：{text} [{}]", buttons.join("] ["))
            }
            What::TaskDone { text, .. } => format!("管理员任务已更新：{text}"),
        };
        let elsewhere = if *action.group == *self.group { String::new() } else { format!("（{}）", action.group) };
        let observe = if action.observe { "（仅观察，未执行）" } else { "" };
        writeln!(self.output, "  → {observe}{}", plain(&(elsewhere + &done)))
    }
}

impl<W: Write> Audience for Transcript<W> {
    fn event(&mut self, event: &Event, time: Timestamp) -> io::Result<()> {
        self.now = time;
        let clock = self.clock(event.time.unwrap_or(time), &event.group)?;
        let line = match &event.kind {
            Kind::Message(message) => format!("{}：{}", self.name(&message.sender), said(message)),
            Kind::Edited { now, .. } => format!("{}（编辑）：{}", self.name(&now.sender), said(now)),
            Kind::Private(message) => format!("{}（私信）：{}", self.name(&message.sender), said(message)),
            Kind::Picture { read, .. } => format!("（{} 的图片里）{}", self.name(&read.sender), said(read)),
            Kind::Recalled { message } => format!("（撤回消息 {message}）"),
            Kind::Joined { members, .. } => format!("（{} 加入）", self.all(members)),
            Kind::Left { members, .. } => format!("（{} 离开）", self.all(members)),
            Kind::Renamed { member } => format!("（{} 改名为 {}）", self.known(&member.id), self.name(member)),
            Kind::GroupUpdated { name: Some(name), .. } => format!("（群名：{name}）"),
            Kind::GroupUpdated { .. } => "（群的情况有变）".to_owned(),
            Kind::JoinRequest { member, .. } => format!("（{} 申请入群）", self.name(member)),
            Kind::Button { user, choice, .. } => format!("（{} 点击 {choice}）", self.known(user)),
            Kind::Track { member, name } => format!("（{} {name}）", self.name(member)),
            Kind::Other(kind) => format!("（{kind}）"),
        };
        writeln!(self.output, "{clock}  {}", plain(&line))
    }

    fn change(&mut self, change: &Change) -> io::Result<()> {
        match change {
            Change::Case(case) => self.case(case),
            Change::Evidence(evidence) => {
                self.findings(&evidence.findings)?;
                writeln!(self.output, "          并入案件 {}", evidence.case)
            }
            Change::Act(action) => self.action(action),
            _ => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<W: Write> Transcript<W> {
    fn all(&mut self, people: &[Person]) -> String {
        let names: Vec<String> = people.iter().map(|person| self.name(person)).collect();
        names.join("、")
    }
}

/// A step in words; a word of another version stays as it is.
fn step(name: &str) -> &str {
    match name {
        "warn_private" => "私下提醒",
        "warn_public" => "点名提醒",
        "mute" => "禁言",
        "remove" => "移出",
        other => other,
    }
}

/// What people wrote, on one line: a terminal gets none of their control characters, and nothing that turns text round.
fn plain(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '␤' } else { c }).collect()
}

fn said(message: &Message) -> String {
    let part = |segment: &Segment| match segment {
        Segment::Text(text) => text.to_string(),
        Segment::Mention { name, user } => format!("@{} ", if name.is_empty() { user } else { name }),
        Segment::Image { .. } => "[图片]".to_owned(),
        Segment::Link { url, title } => format!("[链接 {} {url}]", title.as_deref().unwrap_or_default()),
        Segment::Voice { text } => format!("[语音 {}]", text.as_deref().unwrap_or_default()),
        Segment::Video { .. } => "[视频]".to_owned(),
        Segment::File { name, .. } => format!("[文件 {}]", name.as_deref().unwrap_or_default()),
        Segment::Card { title } => format!("[卡片 {}]", title.as_deref().unwrap_or_default()),
        Segment::RedPacket => "[红包]".to_owned(),
        Segment::Qr(says) => format!("[二维码] {says}"),
        Segment::Other(kind) => format!("[{kind}]"),
    };
    message.content.iter().map(part).collect()
}
