//! Reads `[[reminder]]`, and `[profile.X.reminders]`: when and how a group may be reminded.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::faults::{Faults, Place};
use super::files::Files;
use super::policy::Policies;
use super::rules::MODES;
use super::section::{Number, Placed, Section, did_you_mean};
use super::tree::{Entry, Value};
use super::zone;
use crate::domain::image::Image;
use crate::domain::policy::{Capabilities, Capability, Mode, Platform, Policy, UnknownGroups};
use crate::domain::reminder::{Reminder, ReminderPolicy, To};
use crate::domain::schedule::{InQuiet, QuietHours, Times, is_skipped};
use crate::domain::template::Template;
use crate::domain::time::Timestamp;

pub(super) const GRACE: Number = Number { key: "grace_minutes", range: 1..=1440, unit: "minutes", default: 10 };
pub(super) const LIMIT: Number = Number { key: "limit", range: 0..=500, unit: "reminders", default: 50 };
const IN_QUIET: [(&str, InQuiet); 3] = [("defer", InQuiet::Defer), ("skip", InQuiet::Skip), ("send", InQuiet::Send)];

/// Longer texts are not read (product.md B).
const LONG: usize = 300;
/// The longest text.
const LONGEST: usize = 2000;
/// A reminder is not sent more often than this …
const LEAST_BETWEEN: Duration = Duration::from_secs(60);
/// … looked at in so many of its next times.
const LOOKED_AT: usize = 70;

/// So many bots that cannot send pictures are named.
const SHOWN: usize = 5;

const CRON: &str = "minute hour day month weekday, e.g. \"0 9 * * MON-FRI\" (9:00 on workdays), \"30 20 * * MON#1\" (20:30 on the first Monday of the month), \"0 10 L * *\" (10:00 on its last day)";

/// The section `reminders` of a profile or group over what holds so far.
pub(super) fn policy(mut section: Section<'_>, reminders: &mut ReminderPolicy, faults: &Faults) {
    if let Some(text) = section.text("quiet_hours") {
        match QuietHours::parse(&text.value) {
            _ if text.value == "none" => reminders.quiet_hours = None,
            Some(quiet) => reminders.quiet_hours = Some(quiet),
            None => {
                let fault = faults.at(&text.at, format!("`{}` are no quiet hours", text.value));
                faults.add(fault.help("write quiet_hours = \"22:00-08:00\", or \"none\""));
            }
        }
    }
    if let Some(minutes) = section.number(&GRACE) {
        reminders.grace = minutes_of(minutes);
    }
    reminders.limit = section.number(&LIMIT).unwrap_or(reminders.limit);
    section.finish();
}

fn minutes_of(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

/// What reminders refer to.
pub(super) struct Around<'a> {
    pub(super) policies: &'a Policies,
    pub(super) unknown_groups: UnknownGroups,
    pub(super) platforms: &'a HashMap<Arc<str>, Platform>,
    pub(super) files: &'a Files<'a>,
    pub(super) faults: &'a Faults,
}

/// Reads every `[[reminder]]`.
pub(super) fn read(written: Vec<Entry>, around: &Around<'_>) -> Vec<Reminder> {
    let mut names: HashMap<Arc<str>, Place> = HashMap::new();
    let mut reminders = Vec::new();
    for entry in written {
        let Value::Table(entries) = entry.value else { continue };
        let section = Section::new("[[reminder]]", entry.at.clone(), entries, around.faults);
        reminders.extend(around.reminder(section, &mut names));
    }
    reminders
}

impl Around<'_> {
    /// One; `None` when it has faults.
    fn reminder(&self, mut section: Section<'_>, names: &mut HashMap<Arc<str>, Place>) -> Option<Reminder> {
        let name = section.text("name");
        if name.is_none() {
            section.missing("name", "give it a name of its own: name = \"晨会\"");
        }
        if let Some(name) = &name {
            section.name = format!("the reminder `{}`", name.value);
            if let Some(other) = names.insert(Arc::from(&*name.value), name.at.clone()) {
                let message =
                    format!("there is a reminder `{}` already, at {}", name.value, self.faults.whereabouts(&other));
                self.faults.add(self.faults.at(&name.at, message).help("give each a name of its own"));
            }
        }
        let shows = section.has("image");
        let image = section.text("image");
        let text = self.text(&mut section, shows);
        let shown = image.as_ref().map_or(Some(None), |image| self.image(image).map(Some));
        let zone = section.text("timezone").map(|zone| zone::timezone(&zone, self.faults));
        let to = self.to(&mut section);
        let in_quiet = section.word("in_quiet_hours", &IN_QUIET).unwrap_or_default();
        let grace = minutes_of(section.number(&GRACE).unwrap_or(GRACE.default));
        let mode = section.word("mode", &MODES).unwrap_or_default();
        let announce = section.flag("announce").unwrap_or(false);
        let times = self.times(&mut section);
        section.finish();
        let (name, (times, said, at), timezone) = (name?, times?, zone.map_or(Some(None), |zone| zone.map(Some))?);
        let zone = timezone.as_ref().map_or_else(String::new, |zone| zone.iana_name().unwrap_or_default().to_owned());
        let listed = |names: &HashSet<Arc<str>>| names.iter().cloned().collect::<BTreeSet<_>>();
        let written = format!("{said} {zone} {:?} {:?}", listed(&to.groups), listed(&to.profiles));
        let reminder = Reminder {
            name: Arc::from(name.value),
            text: text?,
            image: shown?,
            times,
            written: written.into(),
            timezone,
            to,
            in_quiet,
            grace,
            mode,
            announce,
        };
        self.check_times(&reminder, &at);
        if let Some(image) = image.filter(|_| reminder.mode != Mode::Off) {
            self.check_means(&reminder, &image.at);
        }
        Some(reminder)
    }

    /// What is said; where only an image is shown, nothing need be.
    fn text(&self, section: &mut Section<'_>, image: bool) -> Option<Option<Template>> {
        if image && (!section.has("text") || section.place_of_text("text", "").is_some()) {
            section.take("text");
            return Some(None);
        }
        let Some(text) = section.text("text") else {
            section.missing("text", "say what is to be said: text = \"10 点开晨会\"");
            return None;
        };
        let length = text.value.chars().count();
        if length > LONGEST {
            let fault = self.faults.at(&text.at, format!("`text` has {length} characters, more than {LONGEST}"));
            self.faults.add(fault.help("say it shorter"));
        } else if length > LONG {
            let fault = self.faults.at(&text.at, format!("`text` has {length} characters, more than {LONG}"));
            self.faults.add(fault.help("longer texts are not read; say it shorter").warning());
        }
        let template = Template::new(text.value.trim());
        template
            .map_err(|error| {
                let fault = self.faults.at(&text.at, format!("`text` is no sound template: {error}"));
                self.faults
                    .add(fault.help("write it plainly, or with {{ date }}, {{ time }}, {{ weekday }}, {{ group }}"));
            })
            .ok()
            .map(Some)
    }

    /// The image in a file; `None` when it cannot be used.
    fn image(&self, path: &Placed<String>) -> Option<Image> {
        let image = self.files.image(self.faults.source(&path.at), &path.value);
        image
            .map_err(|why| {
                let fault = self.faults.at(&path.at, format!("the picture cannot be used: {why}"));
                self.faults.add(
                    fault.help(
                        "name a PNG or JPEG file of at most 2 MiB; its path is relative to the folder of this file",
                    ),
                );
            })
            .ok()
    }

    /// Whether its image can be sent wherever it is for. Groups of WeCom show pictures by whatever way they speak.
    fn check_means(&self, reminder: &Reminder, at: &Place) {
        let apart = |id: &Arc<str>| self.platforms.values().any(|platform| platform.groups.contains_key(id));
        if !reminder.to.groups.is_empty() && reminder.to.groups.iter().all(apart) {
            return;
        }
        let speaks = |can: Capabilities| can.has(Capability::Send) || can.has(Capability::Announce);
        let text_alone = |can: Capabilities| speaks(can) && !can.has(Capability::Image);
        let platforms = self.platforms.iter().filter(|(_, platform)| text_alone(platform.capabilities));
        let cannot: BTreeSet<String> = platforms.map(|(name, _)| format!("`{name}`")).collect();
        if cannot.is_empty() {
            return;
        }
        let more = cannot.len().saturating_sub(SHOWN);
        let mut whose = cannot.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
        if more > 0 {
            whose += &format!(" and {more} more");
        }
        let fault = self.faults.at(at, format!("this group's bot cannot send pictures: the bot {whose}"));
        let help = "there the text goes out alone; a bridge says it can with \"image\" in its `capabilities`";
        self.faults.add(fault.help(help).warning());
    }

    /// `groups` and `profiles`.
    fn to(&self, section: &mut Section<'_>) -> To {
        for key in ["groups", "profiles"] {
            if let Some(at) = section.value_place(key).filter(|_| section.has_empty_list(key)) {
                let fault = self.faults.at(&at, format!("`{key}` of {} names none", section.name));
                self.faults.add(fault.help("name some, or take the line out: then it is for all groups"));
            }
        }
        let groups = section.ids("groups").unwrap_or_default();
        for group in &groups {
            let known = self.policies.groups.contains_key(group.value.as_str());
            if !known && self.unknown_groups == UnknownGroups::Ignore {
                let message = format!("the group `{}` is not looked after: no [group.\"…\"] names it", group.value);
                let help = did_you_mean(&group.value, self.policies.groups.keys().map(|id| &**id).collect::<Vec<_>>());
                self.faults.add_unnamed(self.faults.at(&group.at, message).help(help));
            } else if !known {
                self.warn_of_name(group);
            }
        }
        let profiles = section.texts("profiles").unwrap_or_default();
        for profile in profiles.iter().filter(|one| !self.policies.names.contains(&one.value)) {
            let fault = self.faults.at(&profile.at, format!("there is no profile `{}`", profile.value));
            let help = did_you_mean(&profile.value, self.policies.names.iter().map(String::as_str).collect::<Vec<_>>());
            self.faults.add_unnamed(fault.help(help));
        }
        let set = |names: Vec<Placed<String>>| names.into_iter().map(|name| Arc::from(name.value)).collect();
        To { groups: set(groups), profiles: set(profiles) }
    }

    /// A group is meant by its id: nothing would be said in one that is called so.
    fn warn_of_name(&self, group: &Placed<String>) {
        let called = |policy: &Policy| policy.name.as_deref() == Some(group.value.trim());
        let Some((id, _)) = self.policies.groups.iter().find(|(_, policy)| called(policy)) else { return };
        let fault = self.faults.at(&group.at, format!("`{}` is what the group is called, and not its id", group.value));
        self.faults.add(fault.help(format!("write \"{id}\"")).warning());
    }

    /// `at` or `cron`, as it is written, and where.
    fn times(&self, section: &mut Section<'_>) -> Option<(Times, String, Place)> {
        let both = section.has("at") && section.has("cron");
        let nothing = !section.has("at") && !section.has("cron");
        let (at, cron) = (section.text("at"), section.text("cron"));
        if both {
            if let Some(cron) = &cron {
                let fault = self.faults.at(&cron.at, format!("{} has both `at` and `cron`", section.name));
                self.faults.add(fault.help("`at` is for once, `cron` for again and again: keep one"));
            }
            return None;
        }
        if nothing {
            section.missing("at", "once: at = \"2026-12-01 09:00\"; again and again: cron = \"0 9 * * MON-FRI\"");
        }
        match (at, cron) {
            (Some(text), None) => {
                let times = point(&text.value);
                if times.is_none() {
                    let fault = self.faults.at(&text.at, format!("`{}` is no day and time", text.value));
                    self.faults.add(fault.help("write at = \"2026-12-01 09:00\""));
                }
                Some((times?, text.value, text.at))
            }
            (None, Some(text)) => match Times::cron(&text.value) {
                Ok(times) => Some((times, text.value, text.at)),
                Err(error) => {
                    let fault = self.faults.at(&text.at, format!("`{}` is no cron expression: {error}", text.value));
                    self.faults.add(fault.help(format!("write {CRON}")));
                    None
                }
            },
            _ => None,
        }
    }

    /// What is sound and will not happen, or too often.
    fn check_times(&self, reminder: &Reminder, at: &Place) {
        let policies = self.policies.groups.iter().map(|(id, policy)| (Some(id), &**policy));
        let mut policies = policies.chain([(None, &*self.policies.default)]);
        let is_for = |(id, policy): &(Option<&Arc<str>>, &Policy)| reminder.to.has(id.map_or("", |id| id), policy);
        let class = policies.find(is_for).map(|(_, policy)| reminder.class(policy));
        let class = class.unwrap_or_else(|| reminder.class(&self.policies.default));
        let (zone, now) = (&class.zone, Timestamp(jiff::Timestamp::now().as_millisecond()));
        let track = reminder.track(&class);
        if let Times::Once(civil) = &reminder.times
            && is_skipped(*civil, zone)
        {
            let fault = self.faults.at(at, "the clocks skip this time, for they are put forward");
            self.faults.add(fault.help("it is said at the moment they are put forward; write another time").warning());
        }
        let Some(first) = reminder.times.after(now, zone) else {
            if reminder.times.repeats() {
                let fault = self.faults.at(at, "there is no such time: it would never be said");
                self.faults.add(fault.help(format!("look at day, month and year; {CRON}")));
            } else {
                let fault = self.faults.at(at, "this time is past: it will not be said");
                self.faults.add(fault.help("write a time to come, or take the reminder out").warning());
            }
            return;
        };
        if let Some(between) = shortest(&reminder.times, first, zone)
            && between < LEAST_BETWEEN
        {
            let fault = self.faults.at(at, format!("it would be said every {} seconds", between.as_secs()));
            let help = "once a minute is the most; with six fields the first is the second: \"0 0 9 * * *\" is 9:00:00";
            self.faults.add(fault.help(help));
        } else if track.next_slot(now).is_none() {
            let fault = self.faults.at(at, "all its times lie in quiet hours and are left out: it will not be said");
            self.faults.add(fault.help("write in_quiet_hours = \"send\" or \"defer\"").warning());
        }
    }
}

/// The shortest time between two of the next.
fn shortest(times: &Times, first: Timestamp, zone: &TimeZone) -> Option<Duration> {
    let all: Vec<Timestamp> = std::iter::successors(Some(first), |at| times.after(*at, zone)).take(LOOKED_AT).collect();
    all.iter().zip(all.iter().skip(1)).map(|(one, next)| next.since(*one)).min()
}

/// `2026-12-01 09:00` by the group's clocks, or with an offset of its own.
fn point(text: &str) -> Option<Times> {
    if let Some(at) = Timestamp::parse(text) {
        return Some(Times::At(at));
    }
    text.contains(':').then_some(())?;
    let civil: DateTime = text.trim().parse().ok()?;
    Some(Times::Once(civil))
}
