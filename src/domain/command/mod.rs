//! The command language of the chat: what people may type, and what it means.
//!
//! [`COMMANDS`] is the one table: the parser, the help, the documentation and who may do what are made from it. A command is
//! read by [`parse`](fn@parse) and carried out by the core (`domain/core/commands/`), so that a fresh run of the journal does
//! the same again.

mod number;
mod parse;
mod timing;
mod when;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use self::parse::{Asked, Typed, Unmet, is_false_alarm, looks_like_command, parse, parse_private};
pub use self::when::{When, when};
use super::event::Role;
use super::policy::Roles;
use super::reminder::Rule;

/// A command, by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "`COMMANDS` says what each does")]
pub enum Name {
    Help,
    Rules,
    Record,
    Report,
    Warn,
    Mute,
    Unmute,
    Remove,
    Case,
    Undo,
    AddWord,
    DropWord,
    Words,
    Try,
    Remind,
    Status,
    Stop,
    Resume,
    Reload,
}

/// What there is to know of a command.
#[derive(Debug)]
pub struct CommandInfo {
    /// Which.
    pub name: Name,
    /// Its key in TOML and in the record of commands.
    pub key: &'static str,
    /// What people may type; the first is the one shown. Chinese first, then English.
    pub names: &'static [&'static str],
    /// How it is written, for help.
    pub usage: &'static str,
    /// What it does, in one short sentence in Chinese.
    pub about: &'static str,
    /// The same in English, for the documentation.
    pub about_en: &'static str,
    /// Something directly behind its name belongs to it: 撤销12. Without, 停车场 is not 停.
    pub takes_more: bool,
    /// Who may use it where TOML does not say otherwise.
    pub roles: &'static [Role],
}

const EVERYBODY: &[Role] = &[Role::Owner, Role::Admin, Role::TrialAdmin, Role::Member];
/// What can be looked at, and what harms nobody or can be undone at once.
const TRIAL_ADMINS: &[Role] = &[Role::Owner, Role::Admin, Role::TrialAdmin];
const ADMINS: &[Role] = &[Role::Owner, Role::Admin];

/// Every command there is.
pub static COMMANDS: &[CommandInfo] = &[
    CommandInfo {
        name: Name::Help,
        key: "help",
        names: &["帮助", "命令", "怎么用", "help"],
        usage: "/帮助 [命令]",
        about: "看有哪些命令，或者一个命令怎么用",
        about_en: "lists the commands, or shows how one is used",
        takes_more: true,
        roles: EVERYBODY,
    },
    CommandInfo {
        name: Name::Rules,
        key: "rules",
        names: &["群规", "群規", "规则", "rules"],
        usage: "/群规",
        about: "看群规全文",
        about_en: "shows the full rules of the group",
        takes_more: false,
        roles: EVERYBODY,
    },
    CommandInfo {
        name: Name::Record,
        key: "record",
        names: &["我的记录", "记录", "record"],
        usage: "/我的记录",
        about: "看自己还有几次违规记着、什么时候到期",
        about_en: "shows what is held against oneself and until when",
        takes_more: false,
        roles: EVERYBODY,
    },
    CommandInfo {
        name: Name::Report,
        key: "report",
        names: &["举报", "舉報", "report"],
        usage: "/举报 [为什么]（先引用那条消息）",
        about: "请管理员看一下引用的那条消息；不会在群里说是谁举报的。引用以后只 @机器人也可以",
        about_en: "puts the quoted message before the admins; the group is not told who reported. Quoting it and mentioning the bot does the same",
        takes_more: true,
        roles: EVERYBODY,
    },
    CommandInfo {
        name: Name::Warn,
        key: "warn",
        names: &["警告", "warn"],
        usage: "/警告 @某人 [原因]",
        about: "在群里点名提醒一个成员，记一次违规",
        about_en: "names a member in the group; counts as a strike",
        takes_more: true,
        roles: TRIAL_ADMINS,
    },
    CommandInfo {
        name: Name::Mute,
        key: "mute",
        names: &["禁言", "静音", "mute"],
        usage: "/禁言 @某人 [2小时] [原因]",
        about: "禁言一个成员，记一次违规；不写多久就按阶梯里的时长",
        about_en: "mutes a member; counts as a strike",
        takes_more: true,
        roles: ADMINS,
    },
    CommandInfo {
        name: Name::Unmute,
        key: "unmute",
        names: &["解禁", "解除禁言", "取消禁言", "解除静音", "unmute"],
        usage: "/解禁 @某人",
        about: "提前结束一个成员的禁言；违规仍然记着",
        about_en: "ends a member's mute; the strike stays",
        takes_more: true,
        roles: ADMINS,
    },
    CommandInfo {
        name: Name::Remove,
        key: "remove",
        names: &["移出", "移除", "踢出", "踢人", "踢", "拉黑", "remove", "kick"],
        usage: "/移出 @某人 [原因] 确认",
        about: "把一个成员移出本群；不能自动请回来，所以要写上“确认”",
        about_en: "removes a member; cannot be taken back, so it asks for 确认",
        takes_more: true,
        roles: ADMINS,
    },
    CommandInfo {
        name: Name::Case,
        key: "case",
        names: &["案件", "case"],
        usage: "/案件 12",
        about: "看一个案件：谁、什么时候、违反了什么、做了什么",
        about_en: "shows a case: who, when, which rule, what was done",
        takes_more: true,
        roles: TRIAL_ADMINS,
    },
    CommandInfo {
        name: Name::Undo,
        key: "undo",
        names: &["撤销", "撤回", "undo"],
        usage: "/撤销 12（案件）或 /撤销 改3（改动）",
        about: "撤销一个案件的处罚，或者在群里做的一个改动；引用通知回复“误判”也可以",
        about_en: "undoes a case's penalties, or a change made in the chat",
        takes_more: true,
        roles: ADMINS,
    },
    CommandInfo {
        name: Name::AddWord,
        key: "add_word",
        names: &["加词", "添加词", "addword"],
        usage: "/加词 词语 [词语…]",
        about: "给本群加违规词，立即生效",
        about_en: "adds words for this group, in force at once",
        takes_more: true,
        roles: ADMINS,
    },
    CommandInfo {
        name: Name::DropWord,
        key: "drop_word",
        names: &["删词", "去词", "dropword"],
        usage: "/删词 词语",
        about: "让一个违规词在本群不再算，不管它是在群里加的还是词表里的",
        about_en: "lets a word no longer count in this group, wherever it comes from",
        takes_more: true,
        roles: ADMINS,
    },
    CommandInfo {
        name: Name::Words,
        key: "words",
        names: &["词表", "词库", "words"],
        usage: "/词表 [词语]",
        about: "看本群加了、去了哪些词，或者一个词是从哪里来的",
        about_en: "lists the words changed in this group, or where one comes from",
        takes_more: true,
        roles: TRIAL_ADMINS,
    },
    CommandInfo {
        name: Name::Try,
        key: "try",
        names: &["试", "试一下", "try"],
        usage: "/试 一句话",
        about: "看一句话会怎么判，为什么；什么都不会发生",
        about_en: "shows how a text would be judged and why; nothing happens",
        takes_more: true,
        roles: TRIAL_ADMINS,
    },
    CommandInfo {
        name: Name::Remind,
        key: "remind",
        names: &["提醒", "remind"],
        usage: "/提醒 什么时候 什么事；/提醒 列表；/提醒 删除 3",
        about: "到时候在群里说一句，也可以每天、每周、每月重复；先念一遍，回复“/确认 编号”才定下",
        about_en: "says something in the group at a time, once or again and again; read back first, set by /确认 and its number",
        takes_more: true,
        roles: ADMINS,
    },
    CommandInfo {
        name: Name::Status,
        key: "status",
        names: &["状态", "status"],
        usage: "/状态",
        about: "看本群现在怎么管、设置是哪一版",
        about_en: "shows how the group is looked after and by which configuration",
        takes_more: false,
        roles: TRIAL_ADMINS,
    },
    CommandInfo {
        name: Name::Stop,
        key: "stop",
        names: &["停", "停止", "stop"],
        usage: "/停",
        about: "立刻停手：照常判断和记录，什么都不做，还没送出的处罚也取消",
        about_en: "observe only from now on; unsent penalties are cancelled",
        takes_more: false,
        roles: TRIAL_ADMINS,
    },
    CommandInfo {
        name: Name::Resume,
        key: "resume",
        names: &["恢复", "继续", "resume"],
        usage: "/恢复",
        about: "停手以后重新开始处理",
        about_en: "acts again after /停",
        takes_more: false,
        roles: ADMINS,
    },
    CommandInfo {
        name: Name::Reload,
        key: "reload",
        names: &["重载", "重新加载", "reload"],
        usage: "/重载",
        about: "重新读一遍设置文件；有错就继续用原来的",
        about_en: "reads the configuration again; a broken one is not used",
        takes_more: false,
        roles: ADMINS,
    },
];

/// Who may use which command where TOML does not say otherwise, in the order of [`COMMANDS`].
pub fn default_roles() -> Arc<[Roles]> {
    COMMANDS.iter().map(|info| info.roles.iter().copied().collect()).collect()
}

impl Name {
    /// What there is to know of it.
    pub fn info(self) -> &'static CommandInfo {
        // Every variant has its row: a test looks.
        COMMANDS.iter().find(|info| info.name == self).unwrap_or_else(|| unreachable!("{self:?} is not in COMMANDS"))
    }
}

/// A member whom a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whom {
    /// The platform's id.
    pub user: Arc<str>,
    /// As the message calls them; may be empty.
    pub name: Box<str>,
}

/// A command, understood.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "`COMMANDS` says what each does")]
pub enum Command {
    /// Of all commands, or of one.
    Help(Option<&'static CommandInfo>),
    Rules,
    Record,
    /// The author of the quoted message, if the platform says.
    Report {
        whom: Vec<Whom>,
        reason: String,
    },
    Warn {
        whom: Vec<Whom>,
        reason: String,
    },
    /// Without an end: as long as the ladder's mute.
    Mute {
        whom: Vec<Whom>,
        end: Option<When>,
        reason: String,
    },
    Unmute {
        whom: Vec<Whom>,
    },
    Remove {
        whom: Vec<Whom>,
        reason: String,
        confirmed: bool,
    },
    Case(u64),
    Undo(Undo),
    AddWords(Vec<String>),
    DropWords(Vec<String>),
    /// All, or where one comes from.
    Words(Option<String>),
    Try(String),
    Remind(Remind),
    Status,
    Stop,
    Resume,
    Reload,
}

/// What is to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// A case, by its number.
    Case(u64),
    /// A change made in the chat, by its number: 改3.
    Change(u64),
    /// A reminder set in the chat, by its number: 提醒3.
    Reminder(u64),
}

/// What is to be done about reminders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remind {
    /// One is to be set.
    Set {
        /// When.
        rule: Rule,
        /// The same in words that can be typed again.
        words: String,
        /// What is to be said.
        text: String,
        /// Those mentioned in it.
        mentions: Vec<Arc<str>>,
        /// In quiet hours too.
        punctual: bool,
    },
    /// One that was read back is right; without a number the asker's last.
    Confirm(Option<u64>),
    /// Which there are.
    List,
    /// One is not wanted any more.
    Delete(u64),
}

/// What can be typed before the number of a reminder that was read back.
pub(super) const CONFIRM: &[&str] = &["确认", "confirm"];

impl Command {
    /// Which it is.
    pub fn name(&self) -> Name {
        match self {
            Command::Help(_) => Name::Help,
            Command::Rules => Name::Rules,
            Command::Record => Name::Record,
            Command::Report { .. } => Name::Report,
            Command::Warn { .. } => Name::Warn,
            Command::Mute { .. } => Name::Mute,
            Command::Unmute { .. } => Name::Unmute,
            Command::Remove { .. } => Name::Remove,
            Command::Case(_) => Name::Case,
            Command::Undo(_) => Name::Undo,
            Command::AddWords(_) => Name::AddWord,
            Command::DropWords(_) => Name::DropWord,
            Command::Words(_) => Name::Words,
            Command::Try(_) => Name::Try,
            Command::Remind(_) => Name::Remind,
            Command::Status => Name::Status,
            Command::Stop => Name::Stop,
            Command::Resume => Name::Resume,
            Command::Reload => Name::Reload,
        }
    }

    /// Gives a name to whoever it is about by a quote alone.
    pub fn call_quoted(&mut self, name: &str) {
        if let Command::Report { whom, .. }
        | Command::Warn { whom, .. }
        | Command::Mute { whom, .. }
        | Command::Unmute { whom }
        | Command::Remove { whom, .. } = self
        {
            whom.iter_mut().filter(|one| one.name.is_empty()).for_each(|one| one.name = name.into());
        }
    }

    /// The members it is about.
    pub fn whom(&self) -> &[Whom] {
        match self {
            Command::Report { whom, .. }
            | Command::Warn { whom, .. }
            | Command::Mute { whom, .. }
            | Command::Unmute { whom }
            | Command::Remove { whom, .. } => whom,
            _ => &[],
        }
    }
}

/// The longest mute that a command may give.
pub const LONGEST_MUTE: Duration = Duration::from_secs(365 * 86_400);
/// The shortest.
pub const SHORTEST_MUTE: Duration = Duration::from_secs(60);
