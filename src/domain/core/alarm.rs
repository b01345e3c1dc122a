//! What people are told that no event caused.

use serde::{Deserialize, Serialize};

use super::{Core, ReloadWord};
use crate::domain::alarm::{Alarm, Groups};
use crate::domain::change::Change;
use crate::domain::ids::GroupKey;
use crate::domain::notices::Vars;
use crate::domain::subject::group_name;
use crate::domain::time::Timestamp;

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Word {
    /// What came of a reload.
    Reload(ReloadWord),
    /// Operators should look at something, or need not any more.
    Alarm(Alarm),
}

impl Word {
    /// The groups that it names.
    pub fn groups(&self) -> Option<&Groups> {
        match self {
            Word::Alarm(Alarm::GroupsSilent(groups) | Alarm::GroupsSpeak(groups)) => Some(groups),
            Word::Alarm(_) | Word::Reload(_) => None,
        }
    }
}

impl Core {
    /// Tells who is to be told. `number` is the input's.
    pub fn tell(&mut self, word: &Word, number: u64, now: Timestamp, out: &mut Vec<Change>) {
        match word {
            Word::Reload(word) => self.tell_reload(word, number, now, out),
            Word::Alarm(alarm) => self.tell_alarm(alarm, now, out),
        }
    }

    /// Tells an alarm at the company's place, if there is one.
    fn tell_alarm(&mut self, alarm: &Alarm, now: Timestamp, out: &mut Vec<Change>) {
        let (notice, vars) = match alarm {
            Alarm::BridgeSilent { bridge, minutes } => ("bridge_silent", bridge_vars(bridge, *minutes)),
            Alarm::BridgeSpeaks { bridge, minutes } => ("bridge_speaks", bridge_vars(bridge, *minutes)),
            Alarm::GroupsSilent(groups) => ("groups_silent", self.group_vars(groups)),
            Alarm::GroupsSpeak(groups) => ("groups_speak", self.group_vars(groups)),
            Alarm::DiskFilling { minutes, free } => {
                ("disk_filling", Vars { text: duration(*minutes), what: size(*free), ..Vars::default() })
            }
            Alarm::DiskLow { free } => ("disk_low", Vars { what: size(*free), ..Vars::default() }),
            Alarm::BackupFailed { folder } => ("backup_failed", Vars { what: folder.to_string(), ..Vars::default() }),
            Alarm::BackupWell { folder } => ("backup_well", Vars { what: folder.to_string(), ..Vars::default() }),
            Alarm::DiskWell { free } => ("disk_well", Vars { what: size(*free), ..Vars::default() }),
        };
        let text = self.settings.default_policy.notices.render(notice, &vars);
        self.tell_company(&text, now, out);
    }

    fn group_vars(&mut self, groups: &Groups) -> Vars {
        let named = groups.groups.iter().map(|(group, hours)| {
            let known = self.state.name_of(GroupKey::new(&groups.bridge, group));
            let name = group_name(self.settings.policy(group), known.as_deref(), group);
            format!("{name}（{}）", duration(hours * 60))
        });
        let count = u32::try_from(groups.groups.len()).unwrap_or(u32::MAX).saturating_add(groups.more);
        let list = named.collect::<Vec<_>>().join("、");
        Vars { name: groups.bridge.to_string(), list, count, more: groups.more, ..Vars::default() }
    }
}

fn bridge_vars(bridge: &str, minutes: u64) -> Vars {
    Vars { name: bridge.to_owned(), text: duration(minutes), ..Vars::default() }
}

fn duration(minutes: u64) -> String {
    match minutes {
        0 => "不到 1 分钟".to_owned(),
        1..120 => format!("{minutes} 分钟"),
        120..2880 => format!("{} 小时", minutes / 60),
        _ => format!("{} 天", minutes / 1440),
    }
}

fn size(mib: u64) -> String {
    if mib < 1024 { format!("{mib} MB") } else { format!("{}.{} GB", mib / 1024, mib % 1024 * 10 / 1024) }
}
