//! Reminders set in the chat as `[[reminder]]`s. They are written switched off: those in the chat go on, and would be said
//! beside them.

use std::fmt::Write as _;

use super::{Writer, array, one_line, quoted, who};
use crate::domain::reminder::{ChatReminder, Rule};

const HEAD: &str = "# 群里设的提醒，由 qunwei export 写出。\n\
# 群里的提醒还在，所以这里都先关着（mode = \"off\"），不然会说两遍。要改由文件来管：在群里发 /提醒 删除 编号，再把 mode 那一行删掉。\n";

/// The file; `None` without any reminder.
pub(super) fn written(writer: &Writer, reminders: &[ChatReminder]) -> Option<String> {
    let set: Vec<&ChatReminder> = reminders.iter().filter(|one| one.since.is_some()).collect();
    let mut toml = HEAD.to_owned();
    for one in &set {
        let by = who(&one.by, &one.by_name);
        let (no, when, words) = (one.no, writer.date(one.at, &one.group), one_line(&one.words));
        let _ = write!(
            toml,
            "\n# 提醒 {no}：{words}，{by}于 {when} 设\n[[reminder]]\nname = \"群提醒 {no}\"\ntext = {}\n{}\ngroups = {}\n",
            quoted(&plain(&one.text)),
            times(one),
            array(&[&*one.group]),
        );
        if one.punctual {
            toml += "in_quiet_hours = \"send\"\n";
        }
        let grace = writer.settings.as_ref().map(|settings| settings.policy(&one.group).reminders.grace);
        if let Some(minutes) = grace.map(|grace| grace.as_secs() / 60).filter(|minutes| *minutes != 10) {
            let _ = writeln!(toml, "grace_minutes = {minutes}");
        }
        toml += "mode = \"off\"\n";
    }
    (!set.is_empty()).then_some(toml)
}

fn times(one: &ChatReminder) -> String {
    match &one.rule {
        Rule::At(at) => format!("at = {}", quoted(&at.to_string())),
        Rule::Cron(cron) => format!("cron = {}", quoted(cron)),
    }
}

/// As a template that says just this.
fn plain(text: &str) -> String {
    match ["{{", "{%", "{#"].iter().any(|sign| text.contains(sign)) {
        true => text.replace('{', "{{ '{' }}"),
        false => text.to_owned(),
    }
}
