//! What people write to the bot alone. There no group is at hand: what is told is about the person, in all groups.

use super::{Core, Desk};
use crate::domain::change::Change;
use crate::domain::command::{self, Asked, COMMANDS, Command, Name, Typed};
use crate::domain::core::message::Here;
use crate::domain::event::Role;
use crate::domain::ids::GroupKey;
use crate::domain::notices::Vars;
use crate::domain::penalty;
use crate::domain::policy::Mode;
use crate::domain::subject::group_name;

/// What can be asked without a group.
const ALONE: [Name; 3] = [Name::Help, Name::Rules, Name::Record];

impl Core {
    /// Answers what somebody wrote to the bot alone, when it is a command.
    pub(in crate::domain::core) fn private(&mut self, here: &Here<'_>, out: &mut Vec<Change>) {
        let program = self.is_own(here.event, here.message) || here.message.sender.role == Some(Role::Bot);
        let elsewhere = !here.event.group.is_empty() && !here.settings.looks_after(&here.event.group);
        if program || elsewhere || here.policy.mode == Mode::Off {
            return;
        }
        let bot = self.bot(&here.event.platform);
        let asked = Asked { bot, quoted: None, unmet: None, now: here.now.zoned(&here.policy.timezone) };
        let Some(typed) = command::parse_private(here.message, &asked) else { return };
        let mut desk = self.desk(here, Role::Member);
        let (key, result) = match &typed {
            Typed::Command(Command::Help(None)) => {
                let mine = COMMANDS.iter().filter(|info| ALONE.contains(&info.name));
                let lines: Vec<String> = mine.map(|info| format!("{} — {}", info.usage, info.about)).collect();
                desk.answer = desk.render("reply_help", &Vars { list: lines.join("\n"), ..Vars::default() });
                ("help", "done")
            }
            Typed::Command(Command::Help(topic)) => {
                self.show_help(&mut desk, *topic);
                ("help", "done")
            }
            Typed::Command(Command::Rules) => {
                self.show_rules(&mut desk);
                ("rules", "done")
            }
            Typed::Command(Command::Record) => {
                self.show_records(&mut desk);
                ("record", "done")
            }
            Typed::Command(other) => {
                let text = other.name().info().usage.to_owned();
                desk.answer = desk.render("reply_in_group", &Vars { text, ..Vars::default() });
                (other.name().info().key, "refused")
            }
            Typed::Misused { info, .. } if !ALONE.contains(&info.name) => {
                let text = info.usage.to_owned();
                desk.answer = desk.render("reply_in_group", &Vars { text, ..Vars::default() });
                (info.key, "refused")
            }
            Typed::Misused { info, why } => {
                let vars = Vars { why: why.clone(), text: info.usage.to_owned(), ..Vars::default() };
                desk.answer = desk.render("reply_misused", &vars);
                (info.key, "misused")
            }
            Typed::Misspelt { near: info, .. } => {
                let text = format!("/{}", info.names.first().unwrap_or(&""));
                desk.answer = desk.render("reply_misspelt", &Vars { text, ..Vars::default() });
                (info.key, "misused")
            }
            Typed::Talk => {
                desk.answer = desk.render("reply_talk", &Vars::default());
                ("talk", "misused")
            }
        };
        self.record(here, key, result, out);
        desk.alone = true;
        self.answer(desk, out);
    }

    /// What is held against whoever asks, in every group.
    fn show_records(&mut self, desk: &mut Desk<'_, '_>) {
        let here = desk.here;
        let mut lines = Vec::new();
        for (group, standing) in std::mem::take(&mut desk.loaded.standings) {
            let policy = here.settings.policy(&group);
            let key = GroupKey::new(&here.event.platform, &group);
            let live: Vec<String> = standing
                .live(here.now, policy.strike_life, false)
                .map(|strike| {
                    format!("案件 {}（{} 到期）", strike.case, desk.date(strike.time.plus(policy.strike_life)))
                })
                .collect();
            let mute = standing.mute.as_ref().filter(|mute| mute.until > here.now);
            if !live.is_empty() || mute.is_some() {
                let vars = Vars {
                    text: group_name(policy, self.state.name_of(key).as_deref(), &group),
                    more: live.len() as u32,
                    next: penalty::next_in_words(policy, live.len()),
                    until: mute.map(|mute| desk.date(mute.until)).unwrap_or_default(),
                    list: live.join("；"),
                    ..Vars::default()
                };
                lines.push(desk.render("reply_record_of", &vars));
            }
        }
        if lines.is_empty() {
            desk.answer = desk.render("reply_record_clean", &Vars::default());
        } else {
            desk.answer = format!("{}\n{}", lines.join("\n"), desk.appeal());
        }
    }
}
