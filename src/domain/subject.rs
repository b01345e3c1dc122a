//! What a task is about, as those see it who are to do something about it: not masked, because they must find it. Members and
//! groups never read it ([`super::notices`] says what they do).

use serde::{Deserialize, Serialize};

use super::notices::plain_name;
use super::policy::Policy;

/// More of a message is not shown.
pub const LONGEST_SHOWN: usize = 200;

/// What a task is about. Nothing in it calls anybody or hides anything, and personal data are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What people call the group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// What the member is called; empty where it is about none, or nobody knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Who it is, by id; empty where it is about nobody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// What they said, at most [`LONGEST_SHOWN`] characters; empty where it is not about something said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Subject {
    /// A member, by id and name, and what they said, from which personal data were taken out.
    pub fn of(user: &str, name: &str, text: &str) -> Self {
        let name = if name.is_empty() { String::new() } else { plain_name(name, user) };
        Self { group: String::new(), name, user: user.to_owned(), text: plain_text(text, LONGEST_SHOWN) }
    }

    /// Whether there is nothing to be told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What people call a group: as a file names it, else as the platform does, else by its id.
pub fn group_name(policy: &Policy, known: Option<&str>, group: &str) -> String {
    plain_name(policy.name.as_deref().or(known).unwrap_or_default(), group)
}

/// What somebody wrote, on one line, calling nobody, hiding nothing, and no longer than so many characters.
pub fn plain_text(text: &str, longest: usize) -> String {
    let shown = |c: &char| {
        !c.is_control() && !super::text::is_invisible(*c) && !matches!(c, '@' | '＠' | '\u{2028}' | '\u{2029}')
    };
    let mut rest = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(shown);
    let mut kept: String = rest.by_ref().take(longest).collect();
    if rest.next().is_some() {
        kept.push('…');
    }
    kept.trim().to_owned()
}
