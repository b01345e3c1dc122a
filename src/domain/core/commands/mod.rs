//! Commands typed in the chat, carried out. Who may, is looked at here; what each does is in the files beside.

mod press;
mod private;
mod punish;
mod remind;
mod report;
mod show;
mod undo;
mod wanted;
mod words;

use std::sync::Arc;

pub(super) use self::punish::BY_HAND;
pub(super) use self::report::REPORTED;
pub use self::wanted::Wanted;

use super::message::Here;
use super::{Core, Loaded};
use crate::domain::action::{Action, Cause, Lane};
use crate::domain::case::ByWhom;
use crate::domain::change::{Change, Commanded, MemberRef};
use crate::domain::command::{self, Asked, Command, CommandInfo, Typed, Unmet};
use crate::domain::event::{Kind, Quote, Role};
use crate::domain::means::{MINUTE, Means};
use crate::domain::notices::Vars;
use crate::domain::policy::{Mode, Policy};
use crate::domain::time::Timestamp;

/// Answers to members in any minute; admins are always answered.
const REPLIES_A_MINUTE: usize = 6;

/// Whom a command comes from, what it may look at, and what it has answered so far.
pub(super) struct Desk<'a, 'b> {
    pub(super) here: &'a Here<'b>,
    pub(super) role: Role,
    /// What the engine read for this command.
    pub(super) loaded: Loaded,
    /// Numbers the actions of this input: each has an id of its own.
    pub(super) ordinal: u32,
    /// What is to be answered.
    pub(super) answer: String,
    /// The answer is for the asker alone, where the platform can.
    pub(super) alone: bool,
    /// What the asker is called, harmlessly.
    name: String,
}

impl Core {
    /// What was typed, if a message may be a command.
    pub(super) fn typed(&self, here: &Here<'_>) -> Option<Typed> {
        let bot = self.bot(&here.event.platform);
        if here.is_edit() || !command::looks_like_command(here.message, bot) {
            return None;
        }
        command::parse(here.message, &asked(here, bot, self.loaded.unmet.as_ref()))
    }

    /// The bot's own user id on a platform.
    pub(super) fn bot(&self, platform: &str) -> Option<&str> {
        self.settings.platforms.get(platform)?.bot_user.as_deref()
    }

    /// Carries out what was typed.
    pub(super) fn command(&mut self, here: &Here<'_>, role: Role, mut typed: Typed, out: &mut Vec<Change>) {
        let mut desk = self.desk(here, role);
        if let Typed::Command(command) = &mut typed {
            command.call_quoted(&desk.loaded.quoted_name);
        }
        let result = match &typed {
            Typed::Command(command) if !may(here.policy, role, command.name().info()) => {
                desk.answer = refusal(here.policy, command.name().info());
                "refused"
            }
            Typed::Command(command) => {
                self.carry_out(&mut desk, command, out);
                "done"
            }
            Typed::Misused { info, .. } if !may(here.policy, role, info) => {
                desk.answer = refusal(here.policy, info);
                "refused"
            }
            Typed::Misused { info, why } => {
                let vars = Vars { why: why.clone(), text: info.usage.to_owned(), ..Vars::default() };
                desk.answer = here.policy.notices.render("reply_misused", &vars);
                "misused"
            }
            Typed::Misspelt { near, .. } => {
                let vars = Vars { text: format!("/{}", near.names.first().unwrap_or(&"")), ..Vars::default() };
                desk.answer = here.policy.notices.render("reply_misspelt", &vars);
                "misused"
            }
            Typed::Talk => {
                desk.answer = here.policy.notices.render("reply_talk", &Vars::default());
                "misused"
            }
        };
        let key = match &typed {
            Typed::Command(command) => command.name().info().key,
            Typed::Misused { info, .. } | Typed::Misspelt { near: info, .. } => info.key,
            Typed::Talk => "talk",
        };
        self.record(here, key, result, out);
        self.answer(desk, out);
    }

    /// The notice that a message quotes is said to be a false alarm: undone by who may, else put before the admins.
    pub(super) fn false_alarm(&mut self, here: &Here<'_>, role: Role, out: &mut Vec<Change>) {
        let mut desk = self.desk(here, role);
        let info = command::Name::Undo.info();
        let many: Vec<String> = desk.loaded.quoted.iter().map(u64::to_string).collect();
        let Some(no) = desk.loaded.case.as_ref().map(|file| file.case.no) else {
            if may(here.policy, role, info) && many.len() > 1 {
                let (list, case) = (many.join("、"), many.first().cloned().unwrap_or_default());
                desk.answer = desk.render("reply_which_case", &Vars { list, case, ..Vars::default() });
                self.record(here, info.key, "misused", out);
                self.answer(desk, out);
            } else if may(here.policy, role, info) && many.is_empty() && self.learn_quoted(here, out) {
                desk.answer = desk.render("reply_taught", &Vars::default());
                self.record(here, info.key, "done", out);
                self.answer(desk, out);
            }
            return;
        };
        if may(here.policy, role, info) {
            self.undo_case(&mut desk, no, out);
            self.record(here, info.key, "done", out);
        } else {
            self.appeal(&mut desk, no, out);
            self.record(here, info.key, "refused", out);
        }
        self.answer(desk, out);
    }

    fn desk<'a, 'b>(&mut self, here: &'a Here<'b>, role: Role) -> Desk<'a, 'b> {
        let name = self.shown_name(here.policy, here.group_key(), &here.message.sender);
        let loaded = std::mem::take(&mut self.loaded);
        Desk { here, role, loaded, ordinal: 0, answer: String::new(), alone: false, name }
    }

    fn carry_out(&mut self, desk: &mut Desk<'_, '_>, command: &Command, out: &mut Vec<Change>) {
        match command {
            Command::Help(topic) => self.show_help(desk, *topic),
            Command::Rules => self.show_rules(desk),
            Command::Record => self.show_record(desk),
            Command::Report { whom, reason } => self.report(desk, whom, reason, out),
            Command::Case(no) => self.show_case(desk, *no),
            Command::Words(word) => self.show_words(desk, word.as_deref()),
            Command::Try(text) => self.try_text(desk, text),
            Command::Remind(remind) => self.remind(desk, remind, out),
            Command::Undo(command::Undo::Reminder(no)) => self.delete_reminder(desk, *no, out),
            Command::Status => self.show_status(desk),
            Command::Warn { .. } | Command::Mute { .. } | Command::Remove { .. } => self.punish(desk, command, out),
            Command::Unmute { whom } => self.unmute_by_hand(desk, whom, out),
            Command::Undo(command::Undo::Case(no)) => self.undo_case(desk, *no, out),
            Command::Undo(command::Undo::Change(no)) => self.undo_change(desk, *no, out),
            Command::AddWords(words) => self.add_words(desk, words, out),
            Command::DropWords(words) => self.drop_words(desk, words, out),
            Command::Stop => self.stop(desk, out),
            Command::Resume => self.resume(desk, out),
            Command::Reload => {
                out.push(Change::Reload { member: desk.here.member() });
                desk.answer = desk.render("reply_reloading", &Vars::default());
            }
        }
    }

    fn record(&mut self, here: &Here<'_>, key: &str, result: &str, out: &mut Vec<Change>) {
        out.push(Change::Commanded(Box::new(Commanded {
            member: here.member(),
            event: (*here.event.id).into(),
            at: here.now,
            command: key.into(),
            text: here.message.original(),
            result: result.into(),
        })));
    }

    /// Answers in the group, or alone where nothing can be said in the group. Members are answered so many times a minute,
    /// in a group all together, alone each by themselves.
    fn answer(&mut self, desk: Desk<'_, '_>, out: &mut Vec<Change>) {
        if desk.answer.is_empty() {
            return;
        }
        let here = desk.here;
        if is_private(here) {
            if !self.may_be_answered_alone(here, out) {
                return;
            }
        } else if matches!(desk.role, Role::Member | Role::Bot) {
            let mut ledger = self.state.group(here.group_key()).ledger.clone();
            ledger.replies.retain(|at| at.plus(MINUTE) > here.now);
            if ledger.replies.len() >= REPLIES_A_MINUTE {
                return;
            }
            ledger.replies.push(here.now);
            self.keep_ledger(&here.event.platform, &here.event.group, ledger, out);
        }
        let user: Arc<str> = (*here.message.sender.id).into();
        let text = desk.answer.clone();
        self.means_of(&desk, "command", None, out).answer(user, text, desk.alone);
    }

    /// Who writes to the bot alone is answered so many times a minute: answers go before penalties, and nobody's questions
    /// may hold those up.
    fn may_be_answered_alone(&mut self, here: &Here<'_>, out: &mut Vec<Change>) -> bool {
        let member = MemberRef::new(&here.event.platform, "", &here.message.sender.id);
        let mut replies = self.state.member(member.key()).standing().replies.clone();
        replies.retain(|at| at.plus(MINUTE) > here.now);
        let may = replies.len() < REPLIES_A_MINUTE;
        if may {
            replies.push(here.now);
            self.change_standing(member, |standing| standing.replies = replies, out);
        }
        may
    }

    /// Means for what a command does: it is done whatever is only observed here.
    fn means_of<'a>(
        &mut self,
        desk: &Desk<'a, '_>,
        step: &str,
        case: Option<u64>,
        out: &'a mut Vec<Change>,
    ) -> Means<'a> {
        let cause = Cause {
            event: Some((*desk.here.event.id).into()),
            case: case.map(|no| no.to_string()),
            rule: None,
            step: Some(step.into()),
            ..Cause::default()
        };
        let here = desk.here;
        let mut means = if is_private(here) {
            // No group was loaded, and none may be taken for known.
            let group = (*here.event.group).into();
            let mut means = self.means_without_admins(here.policy, &here.event.platform, &group, here.now, out);
            (means.input, means.cause, means.answers) = ((*here.event.id).into(), cause, here.answerable());
            means
        } else {
            self.means(here, cause, case, false, out)
        };
        means.ordinal = desk.ordinal;
        means
    }

    fn stop(&mut self, desk: &mut Desk<'_, '_>, out: &mut Vec<Change>) {
        let here = desk.here;
        if let Some(pause) = self.state.pause(here.group_key()) {
            let vars = Vars { by: pause.name.clone(), time: desk.date(pause.at), ..Vars::default() };
            desk.answer = desk.render("reply_stopped_already", &vars);
            return;
        }
        self.pause_group(here, Some(desk.by()), out);
        let cancelled = self.cancel_unsent(here.now, desk.loaded.pending.as_slice(), out);
        let vars = Vars { by: desk.by().name, more: cancelled, ..Vars::default() };
        desk.answer = desk.render("reply_stopped", &vars);
    }

    /// What was decided and not sent is not done any more. What asks or tells the admins is no penalty: it goes out.
    pub(in crate::domain::core) fn cancel_unsent(
        &mut self,
        now: Timestamp,
        unsent: &[Arc<Action>],
        out: &mut Vec<Change>,
    ) -> u32 {
        let asks = |action: &Action| matches!(action.cause.step.as_deref(), Some("alert" | "review" | "task"));
        let mut cancelled = 0;
        let stops = |action: &Action| action.lane == Lane::Penalty && !asks(action) || is_reminder(action);
        for action in unsent.iter().filter(|action| stops(action)) {
            self.cancel(action, now, out);
            cancelled += 1;
        }
        cancelled
    }

    fn resume(&mut self, desk: &mut Desk<'_, '_>, out: &mut Vec<Change>) {
        let key = desk.here.group_key();
        let notice = if self.state.paused.contains_key(&key) {
            self.pause_group(desk.here, None, out);
            if self.state.paused_all.is_some() { "reply_still_stopped" } else { "reply_resumed" }
        } else if self.state.paused_all.is_some() {
            "reply_still_stopped"
        } else {
            "reply_not_stopped"
        };
        let (more, list) = self.observed(desk);
        let text = match desk.here.settings.policy(&desk.here.event.group).mode {
            Mode::On => "",
            Mode::Observe => "不过设置里写着只看不做，所以仍然不处罚",
            Mode::Off => "不过设置里写着不管这个群，所以仍然不判断",
        };
        desk.answer = desk.render(notice, &Vars { more, list, text: text.to_owned(), ..Vars::default() });
    }

    fn pause_group(&mut self, here: &Here<'_>, pause: Option<ByWhom>, out: &mut Vec<Change>) {
        let group: Arc<str> = (*here.event.group).into();
        out.push(Change::Pause { platform: here.event.platform.clone(), group, pause: pause.clone() });
        match pause {
            Some(pause) => drop(self.state.paused.insert(here.group_key(), pause)),
            None => drop(self.state.paused.remove(&here.group_key())),
        }
    }
}

impl Desk<'_, '_> {
    pub(super) fn render(&self, notice: &str, vars: &Vars) -> String {
        self.here.policy.notices.render(notice, vars)
    }

    /// Who gives the command, and when.
    pub(super) fn by(&self) -> ByWhom {
        ByWhom { by: (*self.here.message.sender.id).into(), name: self.name.clone(), at: self.here.now }
    }

    pub(super) fn date(&self, time: crate::domain::time::Timestamp) -> String {
        crate::domain::penalty::date(time, self.here.policy, self.here.now)
    }

    pub(super) fn appeal(&self) -> String {
        self.render("appeal", &Vars::default())
    }
}

/// What a command refers to besides its own words.
fn asked<'a>(here: &'a Here<'_>, bot: Option<&'a str>, unmet: Option<&'a Unmet>) -> Asked<'a> {
    let quoted = here.message.quote.as_deref().and_then(|quote| quote.sender.as_deref());
    Asked { bot, quoted: quoted.filter(|user| bot != Some(*user)), unmet, now: here.now.zoned(&here.policy.timezone) }
}

/// Whether an action is what a reminder says.
fn is_reminder(action: &Action) -> bool {
    action.cause.step.as_deref() == Some("reminder")
}

/// Whether it was written to the bot alone.
fn is_private(here: &Here<'_>) -> bool {
    matches!(here.event.kind, Kind::Private(_))
}

/// Whether a role may use a command in a group.
pub(super) fn may(policy: &Policy, role: Role, info: &CommandInfo) -> bool {
    policy.commands.get(info.name as usize).is_some_and(|roles| roles.contains(role))
}

fn refusal(policy: &Policy, info: &CommandInfo) -> String {
    let names = [(Role::Owner, "群主"), (Role::Admin, "管理员"), (Role::Member, "成员")];
    let roles = policy.commands.get(info.name as usize).copied().unwrap_or_default();
    let list: Vec<&str> = names.iter().filter(|(role, _)| roles.contains(*role)).map(|(_, name)| *name).collect();
    let list = match (list.is_empty(), roles.contains(Role::TrialAdmin)) {
        (true, true) => "只有实习管理员".to_owned(),
        (true, false) => "在本群没有人".to_owned(),
        (false, true) => format!("只有{}（包括实习管理员）", list.join("和")),
        (false, false) => format!("只有{}", list.join("和")),
    };
    let text = format!("/{}", info.names.first().unwrap_or(&""));
    policy.notices.render("reply_refused", &Vars { text, list, ..Vars::default() })
}

/// The numbers of the cases that a quoted notice of ours names, each once; one for most. Whose words it is must be known:
/// anybody can write 案件 12, and names in notices cannot ([`crate::domain::notices::plain_name`]).
pub fn quoted_cases(quote: &Quote, bot: Option<&str>) -> Vec<u64> {
    let mut cases = Vec::new();
    if quote.sender.as_deref().is_none_or(|sender| bot != Some(sender)) {
        return cases;
    }
    for sign in ["案件", "编号"] {
        for rest in quote.text.split(sign).skip(1).map(str::trim_start) {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '、').unwrap_or(rest.len());
            let numbers = rest.get(..end).unwrap_or_default().split('、'); // 案件 3、4
            for number in numbers.filter_map(|number| number.parse().ok()) {
                if !cases.contains(&number) {
                    cases.push(number);
                }
            }
        }
    }
    cases
}
