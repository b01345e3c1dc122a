//! What Qunwei sees and can do in each group of WeCom, in words: before it is tried.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use crate::config::{Config, Joins, Reach, Sees};
use crate::domain::policy::Capability;

/// What people would expect, each in words, with what it takes.
const ACTIONS: [(Capability, &str); 7] = [
    (Capability::Send, "speak"),
    (Capability::Private, "write to employees alone"),
    (Capability::Task, "put cards with buttons before employees"),
    (Capability::Mute, "mute"),
    (Capability::Remove, "remove"),
    (Capability::Delete, "take back what others said"),
    (Capability::Approve, "let people in"),
];

/// A line for each group that files name, and one for all others.
pub(super) fn reach(config: &Config) -> String {
    let mut text = String::new();
    for tenant in &config.daemon.wecom {
        let named = config.settings.groups.keys().filter(|group| group.starts_with("wr"));
        let groups: BTreeSet<&Arc<str>> = tenant.groups.keys().chain(named).collect();
        for group in groups {
            let name = config.settings.groups.get(group).and_then(|policy| policy.name.as_deref());
            let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
            let _ = writeln!(text, "in group {group}{name} of {}: {}", tenant.name, words(&tenant.reach(group)));
        }
        let _ = writeln!(text, "in other groups of {}: {}", tenant.name, words(&tenant.reach("")));
    }
    text
}

fn words(reach: &Reach) -> String {
    let messages = match reach.sees {
        Sees::Everything => "every message of those the archive is licensed for",
        Sees::ToBot => "only what mentions the bot",
        Sees::Nothing => "no message",
    };
    let members = match reach.joins {
        Joins::Told => "joins and leaves as they happen",
        Joins::Compared => "joins and leaves when the members are read",
        Joins::Unknown => "no joins and leaves",
    };
    let list = |can: bool| {
        // A card is how a person is asked: nobody is asked for one.
        let wanted = |capability| can || capability != Capability::Task;
        let some = ACTIONS.iter().filter(|(one, _)| reach.can.has(*one) == can && wanted(*one));
        some.map(|(_, words)| *words).collect::<Vec<_>>()
    };
    let mut can = list(true);
    if reach.answers {
        can.insert(0, "answer what is said to its bot (each message once)");
    }
    let can = if can.is_empty() { "nothing".to_owned() } else { can.join(", ") };
    let asked = reach.can.has(Capability::Task) || reach.can.has(Capability::Private);
    let rest = list(false).join(", ");
    let rest = if asked { format!("will ask a person to: {rest}") } else { format!("cannot: {rest}") };
    format!("sees {messages}, {members}; can: {can}; {rest}")
}

#[cfg(test)]
mod tests {
    use crate::config;

    #[test]
    fn each_group_is_told_of_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let text = "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.app.guard]\nagent_id = 1\nsecret_env = \"S\"\n\
                    [wecom.corp.group.wrB]\nkind = \"app\"\n[group.wrA]\nname = \"一号店\"\n";
        let text = text.to_owned()
            + "[wecom.corp.aibot.b]\nbot_id = \"b\"\ntoken_env = \"T\"\naes_key_env = \"K\"\n[wecom.corp.group.wrC]\n\
               aibot = \"b\"\n";
        std::fs::write(dir.path().join("a.toml"), text).unwrap();
        let env = |name: &str| match name {
            "S" | "T" => Some("0123456789".to_owned()),
            "K" => Some("k".repeat(42) + "A"),
            _ => None,
        };
        let told = super::reach(&config::load(dir.path(), &env).unwrap());
        let expected = "\
in group wrA (一号店) of corp: sees no message, no joins and leaves; can: answer what is said to its bot (each message once), write to employees alone; will ask a person to: \
speak, mute, remove, take back what others said, let people in
in group wrB of corp: sees no message, joins and leaves when the members are read; can: speak, write to employees alone, \
remove; will ask a person to: mute, take back what others said, let people in
in group wrC of corp: sees only what mentions the bot, no joins and leaves; can: answer what is said to its bot (each message \
once), write to employees alone; will ask a person to: speak, mute, remove, take back what others said, let people in
in other groups of corp: sees no message, no joins and leaves; can: answer what is said to its bot (each message once), write to employees alone; will ask a person to: speak, \
mute, remove, take back what others said, let people in
";
        assert_eq!(told, expected);
    }
}
