//! Reads a command from what somebody typed, forgiving spaces, full-width signs, Chinese numerals and a missing space.

mod remind;

use std::sync::Arc;

use jiff::Zoned;

use super::when::{for_ever, is_mark, prefix, unclear, when_at_end};
use super::{COMMANDS, CONFIRM, Command, CommandInfo, Name, Undo, When, Whom, number, when};
use crate::domain::chat::LONGEST_WORD;
use crate::domain::event::{Message, PLACEHOLDER, Segment};
use crate::domain::rules::stands_for_everybody;
use crate::domain::text::is_invisible;
use crate::fault::nearest;

/// More members than this are not dealt with by one command.
const MOST_MEMBERS: usize = 10;
/// More words than this are not added by one command.
const MOST_WORDS: usize = 50;
/// More of a name that is not understood is not repeated, in code points.
const LONGEST_SHOWN: usize = 16;
/// More of an id is not: a command must be able to say it.
const LONGEST_ID: usize = 64;
/// More ids of namesakes are not told.
const MOST_IDS: usize = 4;
/// The longest reason, in code points.
const LONGEST_REASON: usize = 60;

/// What was typed.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// A command, understood.
    Command(Command),
    /// A command whose words are not understood, and what is missing or wrong, in Chinese.
    Misused {
        /// Which.
        info: &'static CommandInfo,
        /// What is wrong.
        why: String,
    },
    /// No command is called so, but one nearly.
    Misspelt {
        /// What was typed.
        typed: String,
        /// What may be meant.
        near: &'static CommandInfo,
    },
    /// The bot was spoken to, and not in commands.
    Talk,
}

impl PartialEq for CommandInfo {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a command may refer to besides its own words.
pub struct Asked<'a> {
    /// The bot's own user id, if known: a mention of it begins a command.
    pub bot: Option<&'a str>,
    /// The author of the quoted message, whom a command without a name is about.
    pub quoted: Option<&'a str>,
    /// Why nobody is meant by a name in it, where names come as text.
    pub unmet: Option<&'a Unmet>,
    /// The time and the place of the clock that people mean.
    pub now: Zoned,
}

/// Why it is not known whom a command means, where `@Name` comes as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// It names nobody.
    Nobody,
    /// Several members are called so.
    Several {
        /// The name.
        name: Box<str>,
        /// Their ids.
        users: Vec<Arc<str>>,
    },
    /// Whoever was called so is not in the group any more.
    Left {
        /// The name, or the id.
        name: Box<str>,
    },
    /// Nobody is called so.
    Unknown {
        /// The name, or the id.
        name: Box<str>,
    },
    /// In this group nobody's name is known, only ids.
    Nameless {
        /// The name.
        name: Box<str>,
    },
}

impl Unmet {
    fn in_words(&self) -> String {
        match self {
            Unmet::Nobody => "没有说是谁：请写 @ 和他在群里的名字（从名单里选也行），或者 @ 和他的编号".to_owned(),
            Unmet::Several { name, users } => {
                let mut ids: Vec<String> = users.iter().take(MOST_IDS).map(|user| clip(user, LONGEST_ID)).collect();
                ids.extend((users.len() > MOST_IDS).then(|| "……".to_owned()));
                let (name, count, ids) = (clip(name, LONGEST_SHOWN), users.len(), ids.join("、"));
                format!(
                    "群里有 {count} 个人叫“{name}”，分不清是哪一个，谁也没有处理：请写 @ 和编号（{ids}），或者请其中一个先改群名片"
                )
            }
            Unmet::Left { name } => format!("“{}”已经不在群里了，没有处理", clip(name, LONGEST_SHOWN)),
            Unmet::Unknown { name } => {
                format!(
                    "群里没有叫“{}”的人，没有处理：名字要和群里显示的一样，也可以写 @ 和编号",
                    clip(name, LONGEST_SHOWN)
                )
            }
            Unmet::Nameless { name } => {
                format!(
                    "这个群只知道各人的编号，不知道谁叫“{}”，没有处理：请写 @ 和编号，如 @zhangsan",
                    clip(name, LONGEST_SHOWN)
                )
            }
        }
    }
}

/// More characters of a command are not read: what it may say is shorter, and times are looked for behind each sign of it.
const LONGEST_COMMAND: usize = 4_000;

/// The message as signs of half width, each segment that is no text one [`PLACEHOLDER`], and who is mentioned by which.
struct Line {
    text: String,
    /// The same with signs as they were typed.
    typed: String,
    mentions: Vec<Option<Whom>>,
}

impl Line {
    fn of(message: &Message) -> Self {
        let (mut typed, mut mentions, mut room) = (String::new(), Vec::new(), LONGEST_COMMAND);
        for segment in &message.content {
            match segment {
                Segment::Text(part) => {
                    let before = typed.len();
                    typed.extend(part.chars().filter(|c| *c != PLACEHOLDER).take(room));
                    room -= typed.get(before..).map_or(0, |more| more.chars().count());
                }
                Segment::Mention { user, name } => {
                    typed.push(PLACEHOLDER);
                    mentions.push(Some(Whom { user: Arc::from(&**user), name: name.clone() }));
                }
                _ => {
                    typed.push(PLACEHOLDER);
                    mentions.push(None);
                }
            }
        }
        Self { text: typed.chars().map(half_width).collect(), typed, mentions }
    }
}

/// Full-width signs of ASCII and the wide space in their usual width.
fn half_width(c: char) -> char {
    match c {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// What the key of `/` gives while one writes Chinese.
const LIST_COMMA: char = '、';

/// Whether a message may be a command: a quick look that nearly every message fails.
pub fn looks_like_command(message: &Message, bot: Option<&str>) -> bool {
    let first = message.content.iter().find(|part| !matches!(part, Segment::Text(text) if text.trim().is_empty()));
    let stands_first = match first {
        Some(Segment::Text(text)) => text.trim_start().starts_with(['/', '／', LIST_COMMA]),
        Some(Segment::Mention { user, .. }) => bot.is_some_and(|bot| *bot == **user),
        _ => false,
    };
    stands_first || (message.quote.is_some() && calls(message, bot))
}

/// Whether the bot is mentioned anywhere.
fn calls(message: &Message, bot: Option<&str>) -> bool {
    let is_bot = |part: &Segment| matches!(part, Segment::Mention { user, .. } if bot == Some(&**user));
    message.content.iter().any(is_bot)
}

/// Whether a message quotes another and says 误判 and nothing else: if that is a notice, its case is undone.
pub fn is_false_alarm(message: &Message) -> bool {
    if message.quote.is_none() {
        return false; // as nearly every message
    }
    let line = Line::of(message);
    let said: String = line.text.chars().filter(|c| c.is_alphanumeric()).collect();
    matches!(&*said, "误判" | "误判了" | "这是误判" | "是误判" | "falsealarm")
}

/// Reads a message of a group; `None` when it is no command. A command stands at the message's beginning: what is quoted or
/// forwarded in it is none. What begins with a sign and is no command nor nearly one, is none either: people write /微笑.
pub fn parse(message: &Message, asked: &Asked<'_>) -> Option<Typed> {
    let mut line = Line::of(message);
    let mut rest = line.text.trim_start();
    let mut spoken_to = false;
    if let Some(after) = rest.strip_prefix(PLACEHOLDER)
        && let Some(Some(first)) = line.mentions.first()
        && asked.bot == Some(&*first.user)
    {
        spoken_to = true;
        line.mentions.remove(0);
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | ':' | '、'));
    }
    let meant = |rest: &str| named(rest.trim_start()).is_some();
    let slash = rest.starts_with('/') || rest.strip_prefix(LIST_COMMA).is_some_and(meant);
    if !slash && !spoken_to {
        // Who quotes a message and calls the bot means that message, wherever the call stands.
        let reports = quotes_another(message, asked) && calls(message, asked.bot) && !is_false_alarm(message);
        return reports.then(|| {
            let text = named(rest).filter(|(info, _)| info.name == Name::Report).map_or(rest, |(_, text)| text);
            let words = Words { text, typed: &line.typed, mentions: &line.mentions, asked };
            Typed::Command(words.report())
        });
    }
    let typed = rest.trim_start_matches(['/', LIST_COMMA]).trim_start();
    let confirms = prefix(typed, CONFIRM).is_some_and(|rest| !rest.starts_with(char::is_alphabetic));
    match named(typed).or_else(|| confirms.then(|| (Name::Remind.info(), typed))) {
        Some((info, words)) => {
            let words = Words { text: words, typed: &line.typed, mentions: &line.mentions, asked };
            Some(words.read(info).map_or_else(|why| Typed::Misused { info, why }, Typed::Command))
        }
        None => match unknown(typed, spoken_to) {
            // Who quotes a message and speaks to the bot means that message, not us.
            Some(Typed::Talk) if is_false_alarm(message) => None,
            Some(Typed::Talk) if quotes_another(message, asked) => {
                let words = Words { text: typed, typed: &line.typed, mentions: &line.mentions, asked };
                Some(Typed::Command(words.report()))
            }
            unknown => unknown,
        },
    }
}

/// Whether a message quotes one that is not the bot's own, as far as is known.
fn quotes_another(message: &Message, asked: &Asked<'_>) -> bool {
    message.quote.as_deref().is_some_and(|quote| quote.sender.is_none() || quote.sender.as_deref() != asked.bot)
}

/// Reads what somebody wrote to the bot alone, where no sign is needed.
pub fn parse_private(message: &Message, asked: &Asked<'_>) -> Option<Typed> {
    if let Some(typed) = parse(message, asked) {
        return Some(typed);
    }
    let line = Line::of(message);
    let (info, words) = named(line.text.trim())?;
    let words = Words { text: words, typed: &line.typed, mentions: &line.mentions, asked };
    words.read(info).ok().map(Typed::Command)
}

/// The command that a text begins with, and the text behind its name. Of several names the longest.
fn named(text: &str) -> Option<(&'static CommandInfo, &str)> {
    let fits = |info: &'static CommandInfo, name: &'static str| {
        let head = text.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name))?;
        let rest = text.get(head.len()..)?;
        let goes_on = |c: char| match name.is_ascii() {
            true => c.is_ascii_alphanumeric() || c == '_',
            false => !info.takes_more && c.is_alphanumeric(),
        };
        (!rest.starts_with(goes_on)).then_some((name.len(), info, rest))
    };
    COMMANDS
        .iter()
        .flat_map(|info| info.names.iter().filter_map(move |name| fits(info, name)))
        .max_by_key(|(length, ..)| *length)
        .map(|(_, info, rest)| (info, rest))
}

fn unknown(typed: &str, spoken_to: bool) -> Option<Typed> {
    let ends = |c: char| c.is_whitespace() || c == PLACEHOLDER || c.is_ascii_digit();
    let word: String = typed.split(ends).next().unwrap_or_default().chars().take(16).collect();
    let lower = word.to_lowercase();
    let names = COMMANDS.iter().flat_map(|info| info.names).copied().filter(|name| name.chars().count() > 1);
    // 停一下 is 停 and more, and no other name that happens to be near.
    let begun = || begun_with(&lower);
    match begun().or_else(|| nearest(&lower, names).and_then(|near| named(near)).map(|(near, _)| near)) {
        Some(near) if !word.is_empty() => Some(Typed::Misspelt { typed: word, near }),
        _ => spoken_to.then_some(Typed::Talk),
    }
}

/// The command whose Chinese name a word begins with and goes on in a way that people speak: 停一下, 恢复吧.
fn begun_with(word: &str) -> Option<&'static CommandInfo> {
    let tails = ["一下", "一下吧", "吧", "了", "手", "用", "使用", "处理"];
    COMMANDS.iter().find(|info| {
        let mut rests = info.names.iter().filter_map(|name| word.strip_prefix(name));
        rests.any(|rest| tails.contains(&rest))
    })
}

/// What stands behind a command's name.
struct Words<'a> {
    text: &'a str,
    /// The whole message as it was typed; `text` is its end in half width.
    typed: &'a str,
    mentions: &'a [Option<Whom>],
    asked: &'a Asked<'a>,
}

impl Words<'_> {
    fn read(&self, info: &'static CommandInfo) -> Result<Command, String> {
        Ok(match info.name {
            Name::Help => self.help()?,
            Name::Rules => Command::Rules,
            Name::Record => Command::Record,
            Name::Report => self.report(),
            Name::Warn => Command::Warn { whom: self.whom()?, reason: reason(&self.said()) },
            Name::Mute => self.mute()?,
            Name::Unmute => Command::Unmute { whom: self.whom()? },
            Name::Remove => self.remove()?,
            Name::Case => Command::Case(self.number("案件的编号")?),
            Name::Undo => self.undo()?,
            Name::AddWord => Command::AddWords(self.list()?),
            Name::DropWord => Command::DropWords(self.list()?),
            Name::Words => {
                Command::Words(Some(self.said().trim_matches(is_mark).to_owned()).filter(|said| !said.is_empty()))
            }
            Name::Try => Command::Try(self.tried()?),
            Name::Remind => Command::Remind(self.remind()?),
            Name::Status => Command::Status,
            Name::Stop => Command::Stop,
            Name::Resume => Command::Resume,
            Name::Reload => Command::Reload,
        })
    }

    /// The words without the mentions and what is not seen, spaces made one.
    fn said(&self) -> String {
        let text = self.seen();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The words as people see them: what turns a line round or hides in it would do so in the answer too.
    fn seen(&self) -> String {
        let shown = |c: &char| c.is_whitespace() || !(c.is_control() || is_invisible(*c));
        self.text.replace(PLACEHOLDER, " ").chars().filter(shown).collect()
    }

    /// The author of the quoted message, whom nobody needs to name.
    fn report(&self) -> Command {
        let author = self.asked.quoted.map(|user| Whom { user: user.into(), name: Box::default() });
        Command::Report { whom: author.into_iter().collect(), reason: reason(&self.said()) }
    }

    fn help(&self) -> Result<Command, String> {
        let said = self.said();
        let topic = said.trim_matches(is_mark).trim_start_matches('/');
        if topic.is_empty() {
            return Ok(Command::Help(None));
        }
        let (info, _) = named(topic).ok_or_else(|| format!("没有“{}”这个命令", clip(topic, 12)))?;
        Ok(Command::Help(Some(info)))
    }

    /// Those mentioned, else the author of the quoted message.
    fn whom(&self) -> Result<Vec<Whom>, String> {
        match self.asked.unmet {
            Some(Unmet::Nobody) | None => {}
            Some(unmet) => return Err(unmet.in_words()),
        }
        let mut whom: Vec<Whom> = Vec::new();
        let bot = |one: &&Whom| self.asked.bot == Some(&*one.user);
        if self.mentions.iter().flatten().any(|one| stands_for_everybody(&one.user)) {
            return Err("这个命令不能对所有人用".to_owned());
        }
        for one in self.mentions.iter().flatten().filter(|one| !bot(one)) {
            if whom.iter().all(|other| other.user != one.user) {
                whom.push(one.clone());
            }
        }
        if whom.is_empty() {
            whom.extend(self.asked.quoted.map(|user| Whom { user: user.into(), name: Box::default() }));
        }
        match whom.len() {
            0 if self.mentions.iter().flatten().any(|one| bot(&one)) => Err("这个命令不能对我用".to_owned()),
            0 => Err(match self.asked.unmet {
                Some(unmet) => unmet.in_words(),
                None => "没有说是谁：请用 @ 选一个成员，或者引用他的消息".to_owned(),
            }),
            1..=MOST_MEMBERS => Ok(whom),
            _ => Err(format!("一次最多 {MOST_MEMBERS} 个人")),
        }
    }

    fn mute(&self) -> Result<Command, String> {
        let whom = self.whom()?;
        let said = self.said();
        let said = said.trim_start_matches(is_mark);
        let now = &self.asked.now;
        let (end, rest) = if for_ever(said) {
            return Err("禁言最长 365 天，请写上多久".to_owned());
        } else if let Some((end, rest)) = when(said, now) {
            (Some(end), rest)
        } else if let Some(word) = unclear(said) {
            return Err(format!("没看懂“{}”是多久", clip(word, 12)));
        } else if let Some((end, rest)) = when_at_end(said, now) {
            (Some(end), rest)
        } else {
            (None, said)
        };
        match end {
            Some(When::For(length)) if length < super::SHORTEST_MUTE => Err("禁言至少 1 分钟".to_owned()),
            Some(When::For(length)) if length > super::LONGEST_MUTE => Err("禁言最长 365 天".to_owned()),
            _ => Ok(Command::Mute { whom, end, reason: reason(rest) }),
        }
    }

    fn remove(&self) -> Result<Command, String> {
        let whom = self.whom()?;
        let said = self.said();
        let confirmed = said.split_whitespace().any(is_confirmation);
        let rest: Vec<&str> = said.split_whitespace().filter(|word| !is_confirmation(word)).collect();
        Ok(Command::Remove { whom, reason: reason(&rest.join(" ")), confirmed })
    }

    fn undo(&self) -> Result<Command, String> {
        let said = self.said();
        let change = prefix(&said, &["改动", "改", "change", "c"]);
        let reminder = prefix(&said, &["提醒", "reminder"]);
        let number = reminder.or(change).unwrap_or(&said);
        let words = Words { text: number, typed: "", mentions: &[], asked: self.asked };
        let number = words.number("编号")?;
        Ok(Command::Undo(match (reminder, change) {
            (Some(_), _) => Undo::Reminder(number),
            (None, Some(_)) => Undo::Change(number),
            (None, None) => Undo::Case(number),
        }))
    }

    /// 12, 案件12, #12, 十二号.
    fn number(&self, of: &str) -> Result<u64, String> {
        let said = self.said();
        let text = said.trim_start_matches(['#', '第', '号', ' ', ':']);
        let text = text.strip_prefix("案件").unwrap_or(text).trim_start();
        match number::whole(text) {
            Some((number, bytes)) => {
                let rest = text.get(bytes..).unwrap_or_default();
                let rest = rest.strip_prefix('号').unwrap_or(rest);
                if rest.starts_with(|c: char| c.is_alphanumeric()) {
                    return Err(format!("“{}”不是{of}", clip(&said, 12)));
                }
                // Of several numbers none may be passed over in silence.
                if rest.contains(|c: char| c.is_ascii_digit()) {
                    return Err(format!("一次只能写一个编号，“{}”里不止一个", clip(&said, 12)));
                }
                Ok(number)
            }
            None if said.is_empty() => Err(format!("没有写{of}")),
            None => Err(format!("“{}”不是{of}", clip(&said, 12))),
        }
    }

    /// Words between spaces and commas; in quotes one word may have spaces.
    fn list(&self) -> Result<Vec<String>, String> {
        let text = self.seen();
        let mut words: Vec<String> = Vec::new();
        let quotes = |c: char| matches!(c, '"' | '“' | '”' | '「' | '」');
        for (at, part) in text.split(quotes).enumerate() {
            let separate = |c: char| c.is_whitespace() || matches!(c, ',' | '、' | '，' | ';' | '；');
            if at % 2 == 1 {
                words.push(part.trim().to_owned()); // in quotes
            } else {
                words.extend(part.split(separate).map(str::to_owned));
            }
        }
        words.retain(|word| !word.is_empty());
        if let Some(long) = words.iter().find(|word| word.chars().count() > LONGEST_WORD) {
            return Err(format!("“{}”太长，一个词语最多 {LONGEST_WORD} 个字", clip(long, 12)));
        }
        match words.len() {
            0 => Err("没有写词语".to_owned()),
            1..=MOST_WORDS => Ok(words),
            _ => Err(format!("一次最多 {MOST_WORDS} 个词语")),
        }
    }

    /// As it was typed, but in half width; mentions are names.
    fn tried(&self) -> Result<String, String> {
        let text = self.text.replace(PLACEHOLDER, " ");
        let text = text.trim();
        if text.is_empty() { Err("没有写要试的话".to_owned()) } else { Ok(text.to_owned()) }
    }
}

fn is_confirmation(word: &str) -> bool {
    matches!(word.trim_matches(is_mark).to_lowercase().as_str(), "确认" | "确定" | "yes" | "confirm")
}

/// The words of a reason without 因为 before them and signs around them; signs alone are none.
fn reason(text: &str) -> String {
    let text = text.trim_matches(is_mark);
    let text = text.strip_prefix("因为").or_else(|| text.strip_prefix("原因:")).unwrap_or(text).trim_matches(is_mark);
    if text.chars().any(char::is_alphanumeric) { clip(text, LONGEST_REASON) } else { String::new() }
}

/// For an answer, where `@` would call people.
fn clip(text: &str, length: usize) -> String {
    let mut rest = text.chars().filter(|c| !matches!(c, '@' | '＠'));
    let mut clipped: String = rest.by_ref().take(length).collect();
    if rest.next().is_some() {
        clipped.push('…');
    }
    clipped
}
