//! What people are told when the configuration was read again: who asked for it, else the company's place.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Core;
use crate::domain::action::Cause;
use crate::domain::change::{Change, MemberRef};
use crate::domain::notices::Vars;
use crate::domain::time::Timestamp;

/// What came of a reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadWord {
    /// Who asked for it by a command; `None` when it came of itself, or an operator asked.
    pub to: Option<MemberRef>,
    /// Whether the files are in force.
    pub in_force: bool,
    /// What changed, or what is wrong, in Chinese.
    pub text: Arc<str>,
}

impl Core {
    /// Tells who asked, where they asked; else the company's place. `number` is the input's: each word has an id of its own.
    pub(super) fn tell_reload(&mut self, word: &ReloadWord, number: u64, now: Timestamp, out: &mut Vec<Change>) {
        let settings = self.settings.clone();
        let notice = if word.in_force { "reloaded" } else { "not_reloaded" };
        let vars = Vars { text: word.text.to_string(), ..Vars::default() };
        let Some(member) = &word.to else {
            let text = settings.default_policy.notices.render(notice, &vars);
            self.tell_company(&text, now, out);
            return;
        };
        let policy = settings.policy(&member.group).clone();
        let mut means = self.means_later(&policy, &member.platform, &member.group, now, out);
        means.input = format!("reload:{number}").into();
        means.cause = Cause { step: Some("command".into()), ..Cause::default() };
        let text = policy.notices.render(notice, &vars);
        means.answer(member.user.clone(), text, false);
    }
}
