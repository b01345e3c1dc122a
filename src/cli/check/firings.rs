//! When the reminders of a configuration are next said, for people.

use std::fmt::Write;

use crate::domain::policy::{Mode, Policy, Settings};
use crate::domain::reminder::{Class, Reminder};
use crate::domain::time::Timestamp;

/// So many times of each are shown …
const SHOWN: usize = 5;
/// … in at most so many zones.
const ZONES: usize = 3;

/// The next times of each reminder, by the clocks of its groups.
pub(super) fn firings(settings: &Settings, now: Timestamp) -> String {
    let mut text = String::new();
    for reminder in &settings.reminders {
        let classes = classes(reminder, settings);
        let mode = match reminder.mode {
            Mode::On => "",
            Mode::Observe => " (only recorded)",
            Mode::Off => " (off)",
        };
        let _ = writeln!(text, "reminder {}{mode}, for {}:", reminder.name, whom(reminder));
        for class in classes.iter().take(ZONES) {
            of_class(reminder, class, now, &mut text);
        }
        if classes.len() > ZONES {
            let _ = writeln!(text, "  and as its groups' clocks show it in {} more places", classes.len() - ZONES);
        }
    }
    text
}

fn of_class(reminder: &Reminder, class: &Class, now: Timestamp, text: &mut String) {
    let zone = class.zone.iana_name().unwrap_or("UTC");
    let track = reminder.track(class);
    let mut any = false;
    for slot in track.firings(now).take(SHOWN) {
        any = true;
        let due = slot.due.zoned(&class.zone);
        let waits = match slot.due == slot.at {
            true => String::new(),
            false => format!("  ({} lies in quiet hours)", slot.at.zoned(&class.zone).strftime("%H:%M")),
        };
        let _ = writeln!(text, "  {} {zone}{waits}", due.strftime("%a %Y-%m-%d %H:%M:%S %:z"));
    }
    if !any {
        let _ = writeln!(text, "  never again ({zone})");
    }
}

/// What its times mean in the groups it is for.
fn classes(reminder: &Reminder, settings: &Settings) -> Vec<Class> {
    let mut groups: Vec<(&str, &Policy)> = settings.groups.iter().map(|(id, policy)| (&**id, &**policy)).collect();
    groups.sort_by_key(|(id, _)| *id);
    let unnamed = reminder.to.groups.iter().filter(|id| !settings.groups.contains_key(*id));
    groups.extend(unnamed.map(|id| (&**id, &*settings.default_policy)));
    let default = ("", &*settings.default_policy);
    let all = reminder.to.groups.is_empty() && reminder.to.has("", default.1);
    let mut classes: Vec<Class> = Vec::new();
    for (id, policy) in groups.into_iter().chain(all.then_some(default)) {
        let class = reminder.class(policy);
        if reminder.to.has(id, policy) && !classes.contains(&class) {
            classes.push(class);
        }
    }
    classes
}

fn whom(reminder: &Reminder) -> String {
    let list = |names: &std::collections::HashSet<std::sync::Arc<str>>| {
        let mut names: Vec<&str> = names.iter().map(|name| &**name).collect();
        names.sort_unstable();
        names.join(", ")
    };
    match (reminder.to.groups.is_empty(), reminder.to.profiles.is_empty()) {
        (true, true) => "all groups".to_owned(),
        (false, true) => format!("group {}", list(&reminder.to.groups)),
        (true, false) => format!("profile {}", list(&reminder.to.profiles)),
        (false, false) => format!("group {} and profile {}", list(&reminder.to.groups), list(&reminder.to.profiles)),
    }
}
