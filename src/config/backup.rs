//! Reads `[daemon.backup]`: when backups are made, where, and how many are kept.

use std::path::Path;
use std::sync::Arc;

use super::faults::Faults;
use super::section::{Number, Section};
use crate::domain::policy::BackupPlan;
use crate::domain::schedule::Times;

/// When there is little to do.
const AT: &str = "10 4 * * *";
pub(super) const KEEP: Number = Number { key: "keep", range: 1..=1000, unit: "backups", default: 7 };

/// Two places are enough; a few more do no harm.
const FOLDERS: usize = 8;

/// The plan; `None` where there is a mistake in it.
pub(super) fn read(mut section: Section<'_>, faults: &Faults) -> Option<BackupPlan> {
    if !section.has("folders") {
        section.missing("folders", "name one or two: folders = [\"/mnt/nas/qunwei\", \"/backup/qunwei\"]");
    }
    let cron = section.text("cron");
    let times = Times::cron(cron.as_ref().map_or(AT, |text| &text.value));
    if let (Err(why), Some(text)) = (&times, &cron) {
        let help = "minute, hour, day, month, weekday: \"10 4 * * *\" is every day at 04:10";
        faults.add(faults.at(&text.at, format!("`cron` cannot be read: {why}")).help(help));
    }
    let mut folders: Vec<Arc<str>> = Vec::new();
    let named = section.texts("folders");
    for folder in named.iter().flatten() {
        let fault = |message: String, help: &str| faults.add(faults.at(&folder.at, message).help(help));
        if !Path::new(&folder.value).is_absolute() {
            fault(format!("`{}` does not begin at the root", folder.value), "write the whole path: \"/backup/qunwei\"");
        } else if folders.iter().any(|known| **known == *folder.value) {
            fault(format!("`{}` is named twice", folder.value), "two copies in one place are worth one");
        } else if folders.len() == FOLDERS {
            fault(format!("there are more than {FOLDERS} folders"), "leave the others out");
        }
        folders.push(Arc::from(folder.value.as_str()));
    }
    let keep = section.number(&KEEP).unwrap_or(KEEP.default) as usize;
    section.finish();
    named.filter(|named| !named.is_empty())?;
    Some(BackupPlan { times: times.ok()?, folders, keep })
}
