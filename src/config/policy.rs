//! Profiles and groups: each key over the default profile's, compiled into shared policies.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::faults::{Faults, Place};
use super::ids;
use super::ladder;
use super::rules::{self, MODES};
use super::section::{Number, Placed, Section, did_you_mean};
use super::zone::timezone;
use super::{reminders, tasks, welcome};
use crate::domain::chat::fold;
use crate::domain::command::{self, COMMANDS};
use crate::domain::event::Role;
use crate::domain::notices::{self, Notices, check_template};
use crate::domain::policy::{Mode, Policy, Roles, RuleSetting, Step};
use crate::domain::reminder::ReminderPolicy;
use crate::domain::rules::{RuleId, Ruleset};
use crate::domain::tasks::TaskPolicy;
use crate::domain::time::Timestamp;
use crate::fault::nearest;

pub(super) const STRIKE_DAYS: Number = Number { key: "strike_days", range: 1..=3650, unit: "days", default: 30 };
pub(super) const BURST: Number = Number { key: "burst_seconds", range: 0..=86_400, unit: "seconds", default: 60 };
pub(super) const REMOVALS: Number =
    Number { key: "removals_per_hour", range: 0..=10_000, unit: "removals", default: 5 };
pub(super) const MUTES: Number = Number { key: "mutes_per_hour", range: 0..=10_000, unit: "mutes", default: 20 };
pub(super) const NOTICES_A_MINUTE: Number =
    Number { key: "notices_per_minute", range: 1..=600, unit: "notices", default: 6 };

pub(super) const REPORTS: Number = Number { key: "reports_per_hour", range: 0..=100, unit: "reports", default: 5 };

/// A policy while others are laid over it.
#[derive(Clone)]
struct Scope {
    policy: Arc<Policy>,
    /// The texts of notices that are not the shipped ones.
    texts: BTreeMap<String, String>,
}

/// What everything is laid over.
pub(super) struct Base {
    /// The daemon's mode: a group is never more than that.
    pub(super) mode: Mode,
    /// The daemon's time zone.
    pub(super) timezone: TimeZone,
    /// What each rule does where nobody says otherwise.
    pub(super) settings: Vec<RuleSetting>,
}

/// All policies.
pub(super) struct Policies {
    pub(super) default: Arc<Policy>,
    pub(super) groups: HashMap<Arc<str>, Arc<Policy>>,
    /// The profiles.
    pub(super) names: BTreeSet<String>,
    /// The words that some group or profile ignores.
    pub(super) ignored: Vec<Placed<String>>,
}

/// A word that no rule has needs not be ignored: it is probably misspelt.
pub(super) fn check_ignored(ignored: &[Placed<String>], rules: &Ruleset, faults: &Faults) {
    for word in ignored.iter().filter(|word| !rules.uses_of(&word.value).iter().any(|one| !one.exception)) {
        let fault = faults.at(&word.at, format!("no rule has the word `{}`, so it need not be ignored", word.value));
        faults.add(fault.help("write it as it is written in the word list, or take it out").warning());
    }
}

/// Reads `[notices]`, `[profile.…]` and `[group.…]`.
pub(super) fn read(
    top: &mut Section<'_>,
    base: Base,
    names: &HashMap<Arc<str>, (RuleId, Place)>,
    faults: &Faults,
) -> Policies {
    let mut reader = Reader { names, faults, mode: base.mode, notices: HashMap::new(), ignored: Vec::new() };
    let texts = top.section("notices", "[notices]").map(|section| reader.texts(section)).unwrap_or_default();
    let shipped = Scope { policy: Arc::new(reader.shipped(base, &texts)), texts };

    let mut written = top.sections("profile", |name| format!("[profile.{name}]"));
    let at = written.iter().position(|(name, _)| name.value == "default");
    let default = match at.map(|at| written.remove(at)) {
        Some((name, section)) => reader.profile(&name.value, section, &shipped),
        None => reader.renamed("default", &shipped),
    };
    let mut profiles = BTreeMap::new();
    let mut places = Vec::new();
    for (name, section) in written {
        let scope = reader.profile(&name.value, section, &default);
        places.push(name.clone());
        profiles.insert(name.value, scope);
    }
    profiles.insert("default".to_owned(), default.clone());

    let mut groups = HashMap::new();
    for (id, section) in top.sections("group", |id| format!("[group.\"{id}\"]")) {
        ids::check(&id, faults);
        let policy = reader.group(section, &profiles);
        groups.insert(Arc::from(id.value), policy);
    }
    let used = |name: &str| groups.values().any(|policy: &Arc<Policy>| *policy.profile == *name);
    let meant = |name: &str| name == "默认" || nearest(&name.to_lowercase(), ["default"]).is_some();
    for name in places.iter().filter(|name| meant(&name.value) && !used(&name.value)) {
        let fault = faults.at(&name.at, format!("no group uses the profile `{}`", name.value));
        faults.add(fault.help("did you mean `default`? What stands below it holds nowhere").warning());
    }
    let names = profiles.into_keys().collect();
    Policies { default: default.policy, groups, names, ignored: reader.ignored }
}

struct Reader<'a> {
    names: &'a HashMap<Arc<str>, (RuleId, Place)>,
    faults: &'a Faults,
    mode: Mode,
    /// Compiled texts, so that groups with the same texts share them.
    notices: HashMap<BTreeMap<String, String>, Arc<Notices>>,
    ignored: Vec<Placed<String>>,
}

impl Reader<'_> {
    /// The defaults of product.md C.
    fn shipped(&mut self, base: Base, texts: &BTreeMap<String, String>) -> Policy {
        Policy {
            profile: Arc::from("default"),
            name: None,
            timezone: base.timezone,
            mode: base.mode,
            rules: base.settings.into(),
            ladder: ladder::DEFAULT.into(),
            strike_life: days(STRIKE_DAYS.default),
            burst: Duration::from_secs(BURST.default.into()),
            removals_per_hour: REMOVALS.default,
            mutes_per_hour: MUTES.default,
            notices_per_minute: NOTICES_A_MINUTE.default,
            reports_per_hour: REPORTS.default,
            allow: Arc::default(),
            ignore_words: Arc::default(),
            roles: Arc::default(),
            trial_admins: Arc::default(),
            commands: command::default_roles(),
            notices: self.compiled(texts),
            welcome: welcome::default_welcome(),
            rules_text: welcome::default_rules(),
            reminders: ReminderPolicy::default(),
            tasks: TaskPolicy::default(),
        }
    }

    fn renamed(&self, name: &str, scope: &Scope) -> Scope {
        let policy = Policy { profile: Arc::from(name), ..Policy::clone(&scope.policy) };
        Scope { policy: Arc::new(policy), texts: scope.texts.clone() }
    }

    fn profile(&mut self, name: &str, mut section: Section<'_>, base: &Scope) -> Scope {
        let scope = self.overlay(&mut section, &self.renamed(name, base));
        section.finish();
        scope
    }

    fn group(&mut self, mut section: Section<'_>, profiles: &BTreeMap<String, Scope>) -> Arc<Policy> {
        let named = section.text("profile");
        let default = profiles.get("default").unwrap_or_else(|| unreachable!("the default profile always exists"));
        let base = named.as_ref().map_or(Some(default), |name| profiles.get(&name.value));
        if let (None, Some(name)) = (base, &named) {
            let fault = self.faults.at(&name.at, format!("there is no profile `{}`", name.value));
            self.faults.add_unnamed(fault.help(did_you_mean(&name.value, profiles.keys().map(String::as_str))));
        }
        let base = base.unwrap_or(default);
        if section.is_empty() {
            return base.policy.clone();
        }
        let scope = self.overlay(&mut section, base);
        let mut policy = Policy::clone(&scope.policy);
        let mut roles = HashMap::new();
        for admin in section.ids("admins").unwrap_or_default() {
            roles.insert(admin.value.into_boxed_str(), Role::Admin);
        }
        if let Some(owner) = section.id("owner") {
            roles.insert(owner.value.into_boxed_str(), Role::Owner);
        }
        if !roles.is_empty() {
            policy.roles = Arc::new(roles);
        }
        let heading = format!("{}.trial_admins]", section.name.trim_end_matches(']'));
        if let Some(trial) = section.section("trial_admins", heading) {
            trial.names().for_each(|user| ids::check(&user, self.faults));
            let until =
                |(user, day): (String, Placed<String>)| Some((user.into(), self.end_of(&day, &policy.timezone)?));
            policy.trial_admins = Arc::new(trial.into_texts().into_iter().filter_map(until).collect());
        }
        policy.name = section.text("name").map(|name| Arc::from(name.value.trim()));
        section.finish();
        Arc::new(policy)
    }

    /// The end of a day, in the group's time zone.
    fn end_of(&self, day: &Placed<String>, zone: &TimeZone) -> Option<Timestamp> {
        let date: Option<jiff::civil::Date> = day.value.trim().parse().ok();
        let end = date.and_then(|date| date.tomorrow().ok()?.to_zoned(zone.clone()).ok());
        if end.as_ref().is_some_and(|end| end.timestamp() <= jiff::Timestamp::now()) {
            let fault = self.faults.at(&day.at, "this day is past: who stands here is no trial admin any more");
            self.faults.add(fault.help("write a day to come, or take the line out").warning());
        }
        if end.is_none() {
            let fault = self.faults.at(&day.at, format!("`{}` is no day", day.value));
            self.faults.add(fault.help("write the last day as a text: \"2026-12-31\""));
        }
        end.map(|end| Timestamp(end.timestamp().as_millisecond()))
    }

    /// The keys that profiles and groups share, over those of `base`.
    fn overlay(&mut self, section: &mut Section<'_>, base: &Scope) -> Scope {
        let mut policy = Policy::clone(&base.policy);
        let mut texts = base.texts.clone();
        if let Some(mode) = section.word("mode", &MODES) {
            policy.mode = mode.max(self.mode);
        }
        if let Some(zone) = section.text("timezone") {
            policy.timezone = timezone(&zone, self.faults).unwrap_or(policy.timezone);
        }
        if let Some(ladder) = self.ladder(section) {
            policy.ladder = ladder.into();
        }
        if let Some(n) = section.number(&STRIKE_DAYS) {
            policy.strike_life = days(n);
        }
        if let Some(n) = section.number(&BURST) {
            policy.burst = Duration::from_secs(n.into());
        }
        policy.removals_per_hour = section.number(&REMOVALS).unwrap_or(policy.removals_per_hour);
        policy.mutes_per_hour = section.number(&MUTES).unwrap_or(policy.mutes_per_hour);
        policy.notices_per_minute = section.number(&NOTICES_A_MINUTE).unwrap_or(policy.notices_per_minute);
        policy.reports_per_hour = section.number(&REPORTS).unwrap_or(policy.reports_per_hour);
        if let Some(ids) = section.ids("allow") {
            let mut allow: HashSet<Box<str>> = HashSet::clone(&policy.allow);
            allow.extend(ids.into_iter().map(|id| id.value.into_boxed_str()));
            policy.allow = Arc::new(allow);
        }
        if let Some(words) = section.texts("ignore_words") {
            let mut folds: HashSet<Box<str>> = HashSet::clone(&policy.ignore_words);
            folds.extend(words.iter().map(|word| fold(&word.value)));
            policy.ignore_words = Arc::new(folds);
            self.ignored.extend(words);
        }
        self.overrides(section, &mut policy);
        let heading = |key: &str| format!("{}.{key}]", section.name.trim_end_matches(']'));
        let [notices, welcome, rules_text, commands, reminders, tasks] =
            ["notices", "welcome", "rules_text", "commands", "reminders", "tasks"].map(heading);
        if let Some(section) = section.section("commands", commands) {
            policy.commands = self.commands(section, &policy.commands);
        }
        if let Some(section) = section.section("welcome", welcome) {
            welcome::welcome(section, &mut policy.welcome, self.faults);
        }
        if let Some(section) = section.section("rules_text", rules_text) {
            welcome::rules_text(section, &mut policy.rules_text, self.faults);
        }
        if let Some(section) = section.section("reminders", reminders) {
            reminders::policy(section, &mut policy.reminders, self.faults);
        }
        if let Some(section) = section.section("tasks", tasks) {
            tasks::policy(section, &mut policy.tasks);
        }
        if let Some(section) = section.section("notices", notices) {
            texts.extend(self.texts(section));
            policy.notices = self.compiled(&texts);
        }
        Scope { policy: Arc::new(policy), texts }
    }

    /// `[profile.NAME.commands]`: who may use which command.
    fn commands(&self, mut section: Section<'_>, base: &[Roles]) -> Arc<[Roles]> {
        let mut roles = base.to_vec();
        for (info, roles) in COMMANDS.iter().zip(&mut roles) {
            if let Some(named) = section.texts(info.key) {
                *roles = rules::roles(&named, self.faults);
            }
        }
        section.finish();
        roles.into()
    }

    fn ladder(&self, section: &mut Section<'_>) -> Option<Vec<Step>> {
        if let Some(at) = section.value_place("ladder").filter(|_| section.has_empty_list("ladder")) {
            let fault = self.faults.at(&at, format!("the `ladder` of {} has no steps", section.name));
            self.faults.add(fault.help("ladder = [\"warn_private\", \"warn_public\", \"mute 24h\", \"remove\"]"));
        }
        let steps = section.texts("ladder")?;
        Some(ladder::read(&steps, self.faults)).filter(|steps| !steps.is_empty())
    }

    /// `[profile.NAME.rule."ads.contact"]`
    fn overrides(&self, section: &mut Section<'_>, policy: &mut Policy) {
        let heading = section.name.trim_end_matches(']').to_owned();
        let sections = section.sections("rule", |name| format!("{heading}.rule.\"{name}\"]"));
        if sections.is_empty() {
            return;
        }
        let mut settings = policy.rules.to_vec();
        for (name, mut section) in sections {
            let known = self.names.get(name.value.as_str());
            let Some((id, _)) = known else {
                self.unknown_rule(&name, section);
                continue;
            };
            if let Some(setting) = settings.get_mut(usize::from(id.0)) {
                *setting = rules::setting(&mut section, self.faults, *setting);
            }
            section.finish();
        }
        policy.rules = settings.into();
    }

    /// A setting for a rule that is not there: what it says is tried all the same.
    fn unknown_rule(&self, name: &Placed<String>, mut section: Section<'_>) {
        let heading = section.name.trim_end_matches(']').to_owned();
        let tables = section.tables(|key| format!("{heading}.{key}]")); // `ads.contact` without its quotes
        let near = |name: &str| nearest(name, self.names.keys().map(|name| &**name));
        let dotted = tables.iter().find_map(|(key, _)| near(&format!("{}.{key}", name.value)));
        let help = match (dotted, near(&name.value)) {
            (Some(dotted), _) => format!("a name with a dot needs quotes: \"{dotted}\""),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => "the name must be that of a [[rule]]".to_owned(),
        };
        self.faults.add_unnamed(self.faults.at(&name.at, format!("there is no rule `{}`", name.value)).help(help));
        for mut section in tables.into_iter().map(|(_, table)| table).chain([section]) {
            rules::setting(&mut section, self.faults, rules::default_setting());
            section.finish();
        }
    }

    /// The texts of a section of notices; those with faults are left out.
    fn texts(&self, mut section: Section<'_>) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for kind in notices::all() {
            let Some(text) = section.text(kind.name) else { continue };
            match check_template(&text.value) {
                Ok(()) => {
                    if let Some(written) = would_be_said(&text.value) {
                        let told = format!("`{written}` in `{}` is said as it is written here", kind.name);
                        let help = "a variable is {{ name }} in half width, a line break is \\n between double quotes";
                        self.faults.add(self.faults.at(&text.at, told).help(help).warning());
                    }
                    texts.insert(kind.name.to_owned(), text.value);
                }
                Err(error) => {
                    let fault = self.faults.at(&text.at, format!("`{}` is no sound template: {error}", kind.name));
                    self.faults
                        .add(fault.help(format!("`{}` is {}; as shipped: {}", kind.name, kind.about, kind.default)));
                }
            }
        }
        section.finish();
        texts
    }

    fn compiled(&mut self, texts: &BTreeMap<String, String>) -> Arc<Notices> {
        if let Some(notices) = self.notices.get(texts) {
            return notices.clone();
        }
        let each = texts.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        // each text was checked by itself, so that this cannot fail
        let notices = Arc::new(Notices::new(each).unwrap_or_default());
        self.notices.insert(texts.clone(), notices.clone());
        notices
    }
}

fn days(n: u32) -> Duration {
    Duration::from_secs(u64::from(n) * 86_400)
}

/// What stands in a notice that was surely meant as a variable or a line break, and is neither: members would read it.
fn would_be_said(text: &str) -> Option<String> {
    const SIGNS: [&str; 6] = ["｛｛", "｝｝", "{％", "％}", "｛%", "\\n"];
    let sign = SIGNS.into_iter().find(|sign| text.contains(sign)).map(str::to_owned);
    sign.or_else(|| {
        let rest = text.replace("{{", "").replace("}}", "");
        notices::VARIABLES.iter().map(|name| format!("{{{name}}}")).find(|written| rest.contains(written))
    })
}
