use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::tz::{Offset, TimeZone};

use super::*;
use crate::domain::action::{Action, Lane, Outcome, What};
use crate::domain::event::{Message, Segment};
use crate::domain::lexicon::LexiconBuilder;
use crate::domain::notices::Notices;
use crate::domain::policy::{
    Capabilities, Capability, DiskLimits, Mode, Platform, Policy, Retention, Roles, RuleSetting, RulesText, Severity,
    Step, Strangers, UnknownGroups, Verdict, Welcome,
};
use crate::domain::recent::Needs;
use crate::domain::reminder::Known;
use crate::domain::rules::{EXEMPT_ROLES, Rule, RuleId, RuleInfo, Ruleset};
use crate::domain::standing::Standing;
use crate::domain::state::Limits;
use crate::domain::subject::Subject;
use crate::domain::tasks::TaskPolicy;

mod alerts;
mod fallbacks;
mod limits;
mod names;
mod reminders;
mod reports;
mod rules_text;
mod steps;
mod tasks;
mod truth;
mod undo;
mod welcome;
mod windows;

/// 2026-11-23T09:00:00+08:00, a Monday.
const NOW: Timestamp = Timestamp(1_795_395_600_000);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// What rules there are: the word each finds, and what a hit means.
const RULES: [(&str, &str, Severity, Verdict, Mode); 5] = [
    ("ads.words", "坏话", Severity::Minor, Verdict::Violation, Mode::On),
    ("abuse.words", "重话", Severity::Serious, Verdict::Violation, Mode::On),
    ("fraud.words", "狠话", Severity::Severe, Verdict::Violation, Mode::On),
    ("links.other", "怪话", Severity::Minor, Verdict::Review, Mode::On),
    ("length.long", "长话", Severity::Minor, Verdict::Violation, Mode::Observe),
];

const BAD: &str = "一句坏话";

/// The lexicon finds the words; there is nothing else to find.
struct Words;

impl Rule for Words {
    fn needs(&self, needs: &mut Needs) {
        needs.times(MINUTE); // so that something is remembered
    }
}

/// A core in which one thing after another happens in the group `g1`.
struct Bed {
    core: Core,
    now: Timestamp,
    events: usize,
    out: Vec<Change>,
}

fn policy() -> Policy {
    let exempt: Roles = EXEMPT_ROLES.into_iter().collect();
    let setting = |severity, verdict, mode| RuleSetting { mode, severity, verdict, exempt, delete: true };
    Policy {
        profile: "default".into(),
        name: None,
        timezone: TimeZone::fixed(Offset::constant(8)),
        mode: Mode::On,
        rules: RULES.iter().map(|(_, _, severity, verdict, mode)| setting(*severity, *verdict, *mode)).collect(),
        ladder: [Step::WarnPrivate, Step::WarnPublic, Step::Mute(DAY), Step::Remove].into(),
        strike_life: 30 * DAY,
        burst: MINUTE,
        removals_per_hour: 5,
        mutes_per_hour: 20,
        notices_per_minute: 6,
        reports_per_hour: 5,
        allow: HashSet::from(["vip".into()]).into(),
        ignore_words: Default::default(),
        roles: HashMap::from([("named".into(), Role::Admin)]).into(),
        trial_admins: HashMap::from([("trial".into(), NOW.plus(DAY))]).into(),
        commands: crate::domain::command::default_roles(),
        notices: Notices::default().into(),
        welcome: Welcome { on: true, window: MINUTE, raid_joins: 20, names: 10, channels: Default::default() },
        rules_text: RulesText { short: "不发广告".into(), full: "一、不发广告".into() },
        reminders: Default::default(),
        // Most tests are about what follows at once.
        tasks: TaskPolicy { chases: 0, escalate: false, ..TaskPolicy::default() },
    }
}

impl Bed {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(edit: impl FnOnce(&mut Policy)) -> Self {
        Self::on(Capabilities::ALL, edit)
    }

    /// On a platform that can do everything but this.
    fn without(cannot: &[Capability]) -> Self {
        let can = Capability::ALL.iter().map(|(_, one)| *one).filter(|one| !cannot.contains(one));
        Self::on(can.collect(), |_| {})
    }

    fn on(capabilities: Capabilities, edit: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = policy();
        edit(&mut policy);
        let mut lexicon = LexiconBuilder::default();
        let mut rules: Vec<(RuleInfo, Box<dyn Rule>)> = Vec::new();
        for (at, (name, word, ..)) in RULES.into_iter().enumerate() {
            lexicon.add(RuleId(at as u16), word).expect("a sound word");
            let info = RuleInfo {
                name: name.into(),
                kind: "keywords",
                category: name.split('.').next().unwrap_or_default().into(),
                title: "违规内容".into(),
                clause: Some(2),
                doubtful: false,
                setting: policy.rules[at],
            };
            rules.push((info, Box::new(Words)));
        }
        let settings = Settings {
            version: "0123456789abcdef".into(),
            rules: Ruleset::new(rules, lexicon),
            default_policy: policy.into(),
            groups: HashMap::new(),
            unknown_groups: UnknownGroups::Default,
            platforms: HashMap::from([(
                "p".into(),
                Platform { capabilities, bot_user: Some("bot".into()), ..Platform::default() },
            )]),
            dedupe: DAY,
            company: None,
            reminders: Vec::new(),
            retention: Retention::default(),
            silence: None,
            disk: DiskLimits { ahead: Duration::ZERO, low: 0 },
            backup: None,
            pictures: None,
        };
        let mut core = Core::new(settings.into(), State::new(Limits::default()));
        let known = Known { platform: "p".into(), group: "g1".into(), since: NOW, seen: true };
        core.state.reminders.known.insert(GroupKey::new("p", "g1"), known);
        Self { core, now: NOW, events: 0, out: Vec::new() }
    }

    fn event(&mut self, kind: Kind, time: Timestamp) -> Vec<Change> {
        self.events += 1;
        let id = format!("e-{}", self.events).into();
        let event = Event { id, platform: "p".into(), group: "g1".into(), time: Some(time), kind };
        self.core.event(&event, self.now, &mut self.out);
        std::mem::take(&mut self.out)
    }

    fn say_as(&mut self, sender: Person, text: &str) -> Vec<Change> {
        let time = self.now;
        self.event(
            Kind::Message(Message { sender, content: vec![Segment::Text(text.into())], ..Message::default() }),
            time,
        )
    }

    fn say(&mut self, user: &str, text: &str) -> Vec<Change> {
        self.say_as(person(user), text)
    }

    /// Sent at that time, arriving now.
    fn say_at(&mut self, user: &str, text: &str, time: Timestamp) -> Vec<Change> {
        self.event(
            Kind::Message(Message {
                sender: person(user),
                content: vec![Segment::Text(text.into())],
                ..Message::default()
            }),
            time,
        )
    }

    /// An admin warns somebody by hand.
    fn warn(&mut self, user: &str) -> Vec<Change> {
        let whom = Segment::Mention { user: user.into(), name: format!("小{user}").into() };
        let (sender, content) = (with_role("boss", Role::Admin), vec![Segment::Text("/警告 ".into()), whom]);
        self.event(Kind::Message(Message { sender, content, ..Message::default() }), self.now)
    }

    fn end(&mut self, action: &Action, outcome: &Outcome) -> Vec<Change> {
        self.core.outcome(action, outcome, self.now, &mut self.out);
        std::mem::take(&mut self.out)
    }

    /// Every action among the changes is done at once.
    fn deliver(&mut self, changes: &[Change]) {
        for action in acts(changes).into_iter().filter(|action| !action.observe) {
            let more = self.end(&action, &Outcome::Done { message: None });
            let update = |action: &Arc<Action>| matches!(action.what, What::TaskDone { .. });
            assert!(acts(&more).iter().all(update), "what is done leads to nothing: {more:?}");
        }
    }

    /// Somebody breaks a rule, all is delivered, and two minutes pass.
    fn offend(&mut self, user: &str, text: &str) -> Vec<Change> {
        let changes = self.say(user, text);
        self.deliver(&changes);
        self.pass(2 * MINUTE);
        changes
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    fn tick(&mut self) -> Vec<Change> {
        self.core.tick(self.now, &mut self.out);
        std::mem::take(&mut self.out)
    }

    fn standing(&mut self, user: &str) -> Standing {
        self.core.state.member(MemberKey::new("p", "g1", user)).standing().clone()
    }

    fn mode(&mut self, mode: Mode) {
        let old = std::sync::Arc::get_mut(&mut self.core.settings).expect("only the core has it");
        let mut policy = (*old.default_policy).clone();
        policy.mode = mode;
        old.default_policy = policy.into();
    }
}

fn person(user: &str) -> Person {
    Person { id: user.into(), name: format!("小{user}").into(), role: None }
}

fn with_role(user: &str, role: Role) -> Person {
    Person { role: Some(role), ..person(user) }
}

fn acts(changes: &[Change]) -> Vec<Arc<Action>> {
    let act = |change: &Change| match change {
        Change::Act(action) => Some(action.clone()),
        _ => None,
    };
    changes.iter().filter_map(act).collect()
}

/// The actions in words: type, step, and `?` when it is only observed.
fn said(changes: &[Change]) -> Vec<String> {
    let word = |action: &Arc<Action>| {
        let step = action.cause.step.clone().unwrap_or_default();
        let observe = if action.observe { "?" } else { "" };
        format!("{} {step}{observe}", action.what.name())
    };
    acts(changes).iter().map(word).collect()
}

fn cases(changes: &[Change]) -> Vec<(u64, String, u32)> {
    let case = |change: &Change| match change {
        Change::Case(case) => Some((case.no, case.step.to_string(), case.strikes)),
        _ => None,
    };
    changes.iter().filter_map(case).collect()
}

fn evidence(changes: &[Change]) -> Vec<u64> {
    let evidence = |change: &Change| match change {
        Change::Evidence(evidence) => Some(evidence.case),
        _ => None,
    };
    changes.iter().filter_map(evidence).collect()
}

/// What people would read.
fn texts(changes: &[Change]) -> Vec<String> {
    let text = |action: &Arc<Action>| match &action.what {
        What::Send { text, .. }
        | What::Private { text, .. }
        | What::Task { text, .. }
        | What::TaskDone { text, .. }
        | What::Announce { text } => Some(text.clone()),
        What::Mute { .. } | What::Unmute { .. } | What::Remove { .. } | What::Delete { .. } | What::Image { .. } => {
            None
        }
    };
    acts(changes).iter().filter_map(text).collect()
}
