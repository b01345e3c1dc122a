//! What the buttons of tasks mean: what a person says was done, or wants done.

use std::time::Duration;

use super::action::Button;
use super::command::Name;

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The member was removed by a person.
    Removed,
    /// The member was muted by a person.
    Muted,
    /// The member was spoken to by a person.
    Told,
    /// The member was invited again by a person.
    Invited,
    /// Somebody who asked to be let in was let in by a person.
    Admitted,
    /// Somebody who asked to be let in was turned away by a person.
    Declined,
    /// A person has seen to it.
    Handled,
    /// The platform is to remove the member.
    Remove,
    /// The platform is to mute the member for so long.
    Mute(Duration),
    /// Nothing is done; the case stands.
    Keep,
    /// The case is undone.
    Undo,
    /// Somebody said that it is a false alarm, and it is none.
    Uphold,
    /// It has to wait: the task stays open, and is sent again.
    Later,
}

/// What a mute's choice begins with; its seconds follow.
const MUTE: &str = "mute:";

const PLAIN: [(&str, Choice); 12] = [
    ("removed", Choice::Removed),
    ("muted", Choice::Muted),
    ("told", Choice::Told),
    ("invited", Choice::Invited),
    ("admitted", Choice::Admitted),
    ("declined", Choice::Declined),
    ("handled", Choice::Handled),
    ("remove", Choice::Remove),
    ("keep", Choice::Keep),
    ("undo", Choice::Undo),
    ("uphold", Choice::Uphold),
    ("later", Choice::Later),
];

impl Choice {
    /// Reads what a `button` event says.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(seconds) = text.strip_prefix(MUTE) {
            return seconds.parse().ok().map(|seconds| Choice::Mute(Duration::from_secs(seconds)));
        }
        PLAIN.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice)
    }

    /// The button, as a task has it.
    pub fn button(self) -> Button {
        let choice = match self {
            Choice::Mute(length) => format!("{MUTE}{}", length.as_secs()),
            plain => {
                PLAIN.iter().find(|(_, choice)| *choice == plain).map(|(word, _)| *word).unwrap_or_default().into()
            }
        };
        let text = match self {
            Choice::Removed => "已移出",
            Choice::Muted => "已禁言",
            Choice::Told => "已提醒",
            Choice::Invited => "已邀请",
            Choice::Admitted => "已通过",
            Choice::Declined => "已拒绝",
            Choice::Handled => "已处理",
            Choice::Remove => "移出",
            Choice::Mute(_) => "禁言",
            Choice::Keep => "不处理",
            Choice::Undo => "误判，撤销",
            Choice::Uphold => "维持",
            Choice::Later => "稍后",
        };
        Button { choice, text: text.to_owned() }
    }

    /// The command that comes to the same: whoever may give that may press this.
    pub fn command(self) -> Name {
        match self {
            Choice::Removed | Choice::Remove => Name::Remove,
            Choice::Muted | Choice::Mute(_) => Name::Mute,
            Choice::Told => Name::Warn,
            Choice::Handled | Choice::Later => Name::Case,
            Choice::Invited | Choice::Admitted | Choice::Declined | Choice::Keep | Choice::Undo | Choice::Uphold => {
                Name::Undo
            }
        }
    }

    /// Whether it says something of a penalty, which an undone case does not ask for any more.
    pub fn is_penal(self) -> bool {
        !matches!(self, Choice::Invited | Choice::Admitted | Choice::Declined | Choice::Handled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_button_says_is_read_back() {
        let mute = Choice::Mute(Duration::from_secs(86_400));
        for choice in PLAIN.iter().map(|(_, choice)| *choice).chain([mute]) {
            assert_eq!(Choice::parse(&choice.button().choice), Some(choice));
        }
        assert_eq!(mute.button().choice, "mute:86400");
        assert_eq!(["", "mute:", "mute:x", "sooner"].map(Choice::parse), [None; 4]);
    }
}
