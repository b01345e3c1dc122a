//! Why something happened, in parts that a page can show: the playground's panel. Words are left to the page, for it speaks
//! several languages.

use std::sync::Arc;

use serde::Serialize;

use crate::app::engine::Sight;
use crate::domain::action::{Action, Outcome, What};
use crate::domain::case::{Case, Evidence, Finding, Span};
use crate::domain::change::Change;
use crate::domain::core::{Judged, pseudo_title};
use crate::domain::event::{Event, Kind, Message, Role};
use crate::domain::judge::{self, Judgement};
use crate::domain::ladder;
use crate::domain::policy::{Mode, Policy, Settings, Step, Verdict};
use crate::domain::rules::{Explanation as How, Hit, RuleId, Scratch};
use crate::domain::time::Timestamp;

/// An input, what was made of it, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The event's id; for what happens by itself, the first action's.
    pub id: String,
    /// The type of the event; `timer` for what happens by itself.
    pub kind: String,
    /// The message it is about.
    pub message: Option<String>,
    /// Who sent it.
    pub user: Option<String>,
    /// When it was judged.
    pub at: Timestamp,
    /// The role of the sender.
    pub role: Option<Role>,
    /// The original text that the findings point into; every part that is not text is one U+FFFC.
    pub text: String,
    /// The same, folded.
    pub folded: String,
    /// `pass`, `review` or `violation`; `command` for what is carried out, `stored` for what is not judged, `old` for what came
    /// too late.
    pub verdict: &'static str,
    /// What counts and what does not.
    pub findings: Vec<Found>,
    /// The case, if there is one.
    pub case: Option<CaseShown>,
    /// What is done about it.
    pub actions: Vec<Done>,
    /// The version of the rules.
    pub version: Arc<str>,
}

/// One hit, and what it means here.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The finding as `scan` writes it.
    #[serde(flatten)]
    pub finding: Finding,
    /// The rule in plain words.
    pub title: Arc<str>,
    /// The kind of rule; empty for what no rule of the configuration finds.
    pub kind: &'static str,
    /// The matched characters, folded.
    pub folded: String,
    /// How many characters of noise were skipped.
    pub dropped: usize,
    /// What it alone amounts to.
    pub verdict: &'static str,
    /// Why it does not count, if it does not: `group_off`, `allowed`, `rule_off`, `exempt`, `protected`, `observe`, `exception`.
    pub why_not: Option<&'static str>,
    /// The exception that spared it.
    pub exception: Option<Arc<str>>,
}

/// A case as the panel shows it.
#[derive(Clone, Debug, Serialize)]
pub struct CaseShown {
    /// Its number.
    pub no: u64,
    /// The message only joins it, and adds no strike.
    pub joins: bool,
    /// Only observed.
    pub observe: bool,
    /// Live strikes, this one included; a message that joins a case does not change them.
    pub strikes: Option<usize>,
    /// How long a strike lives, in days.
    pub days: u64,
    /// The group's ladder.
    pub ladder: Vec<Rung>,
    /// The step that was taken, from 0.
    pub step: Option<usize>,
    /// Who has undone it.
    pub undone: Option<String>,
    /// The step that the next violation takes.
    pub next: Option<usize>,
}

/// A step of the ladder.
#[derive(Clone, Debug, Serialize)]
pub struct Rung {
    /// Its name.
    pub step: &'static str,
    /// For a mute, how long.
    pub seconds: Option<u64>,
}

/// Something that is done.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// The action's id.
    pub id: Arc<str>,
    /// The action's type.
    pub what: &'static str,
    /// To whom.
    pub user: Option<Arc<str>>,
    /// The ladder's step, or `unmute`, `welcome` …
    pub step: Option<Arc<str>>,
    /// The end of a mute.
    pub until: Option<Timestamp>,
    /// What became of it; `pending` as long as nobody knows, `observed` when it is only recorded.
    pub state: &'static str,
}

/// Explains what was seen; `None` when there is nothing to tell: an action ended well and nothing followed.
pub fn explain(sight: &Sight) -> Option<Explanation> {
    let acts: Vec<&Arc<Action>> = acts(&sight.changes).collect();
    let actions: Vec<Done> = acts.iter().map(|action| Done::new(action)).collect();
    let settings = &sight.settings;
    let mut explanation = Explanation {
        id: acts.first().map(|action| action.id.to_string()).unwrap_or_default(),
        kind: "timer".to_owned(),
        message: None,
        user: None,
        at: sight.at,
        role: None,
        text: String::new(),
        folded: String::new(),
        verdict: "stored",
        findings: Vec::new(),
        case: None,
        actions,
        version: settings.version.clone(),
    };
    let Some((event, judged)) = &sight.event else {
        return (!acts.is_empty()).then_some(explanation);
    };
    explanation.id = event.id.to_string();
    kind_of(event).clone_into(&mut explanation.kind);
    match judged {
        Judged::Stored => {}
        Judged::TooOld => explanation.verdict = "old",
        Judged::Message(judgement) => {
            let (id, message) = message_of(event)?;
            explanation.said(sight, event, id, message);
            explanation.judged(sight, event, message, judgement);
        }
        Judged::Command => {
            let (id, message) = message_of(event)?;
            explanation.said(sight, event, id, message);
            explanation.verdict = "command";
            explanation.text = message.original();
            explanation.case = case_of(sight, settings.policy(&event.group), 0);
        }
    }
    Some(explanation)
}

impl Explanation {
    fn said(&mut self, sight: &Sight, event: &Event, id: &str, message: &Message) {
        let named = sight.settings.policy(&event.group).roles.get(&message.sender.id).copied();
        self.message = Some(id.to_owned());
        self.user = Some(message.sender.id.to_string());
        self.role = message.sender.role.or(named).or(Some(Role::Member));
    }

    fn judged(&mut self, sight: &Sight, event: &Event, message: &Message, judgement: &Judgement) {
        let settings = &*sight.settings;
        let policy = settings.policy(&event.group);
        let role = self.role.unwrap_or_default();
        let mut scratch = Scratch::default();
        settings.rules.find(message, &mut scratch);
        self.verdict = judgement.verdict().as_str();
        self.findings =
            judgement.all().map(|finding| found(settings, finding.clone(), why_not(finding, role))).collect();
        for hit in &scratch.hits {
            if let Some(passed) = passed_over(settings, policy, role, message, hit, &scratch.text.original) {
                self.findings.push(passed);
            }
        }
        for (hit, exception) in settings.rules.spared(&scratch.text) {
            let setting = policy.rules.get(usize::from(hit.rule.0));
            let finding = setting.and_then(|it| settings.rules.finding(&hit, &scratch.text.original, it));
            let spared = finding.map(|finding| found(settings, finding, Some("exception")));
            self.findings.extend(spared.map(|spared| Found { exception: Some(exception), ..spared }));
        }
        self.text = std::mem::take(&mut scratch.text.original);
        self.folded = std::mem::take(&mut scratch.text.folded.text);
        let offset = judgement.all().next().map_or(0, |leading| leading.severity.offset());
        self.case = case_of(sight, policy, offset);
    }

    /// Takes in that a case was undone; whether it is this one.
    pub fn undone(&mut self, case: u64, by: &str) -> bool {
        let shown = self.case.as_mut().filter(|shown| shown.no == case);
        shown.map(|shown| shown.undone = Some(by.to_owned())).is_some()
    }

    /// Takes in how an action ended; whether it is one of these.
    pub fn ended(&mut self, id: &str, outcome: &Outcome) -> bool {
        let action = self.actions.iter_mut().find(|action| *action.id == *id);
        action.map(|action| action.state = outcome.state()).is_some()
    }
}

impl Done {
    fn new(action: &Action) -> Self {
        let until = match &action.what {
            What::Mute { until, .. } => Some(*until),
            _ => None,
        };
        Self {
            id: action.id.clone(),
            what: action.what.name(),
            user: action.what.user().cloned(),
            step: action.cause.step.clone(),
            until,
            state: if action.observe { "observed" } else { "pending" },
        }
    }
}

fn acts(changes: &[Change]) -> impl Iterator<Item = &Arc<Action>> {
    changes.iter().filter_map(|change| match change {
        Change::Act(action) => Some(action),
        _ => None,
    })
}

fn kind_of(event: &Event) -> &str {
    match &event.kind {
        Kind::Message(_) => "message",
        Kind::Edited { .. } => "message_edited",
        Kind::Recalled { .. } => "message_recalled",
        Kind::Picture { .. } => "picture",
        Kind::Private(_) => "private_message",
        Kind::Joined { .. } => "member_joined",
        Kind::Left { .. } => "member_left",
        Kind::Renamed { .. } => "member_renamed",
        Kind::GroupUpdated { .. } => "group_updated",
        Kind::JoinRequest { .. } => "join_request",
        Kind::Button { .. } => "button",
        Kind::Track { .. } => "track",
        Kind::Other(name) => name,
    }
}

fn message_of(event: &Event) -> Option<(&str, &Message)> {
    match &event.kind {
        Kind::Message(message) => Some((&event.id, message)),
        Kind::Edited { message, now } => Some((message, now)),
        Kind::Picture { message, read, .. } => Some((message, read)),
        _ => None,
    }
}

/// Why a finding that was told does not lead to anything.
fn why_not(finding: &Finding, role: Role) -> Option<&'static str> {
    if finding.observe {
        return Some("observe");
    }
    (finding.verdict == Verdict::Violation && ladder::is_protected(role)).then_some("protected")
}

/// A hit that the judgement says nothing of, and why.
fn passed_over(
    settings: &Settings,
    policy: &Policy,
    role: Role,
    message: &Message,
    hit: &Hit,
    original: &str,
) -> Option<Found> {
    let setting = policy.rules.get(usize::from(hit.rule.0))?;
    let why = if policy.mode == Mode::Off {
        "group_off"
    } else if policy.allow.contains(&message.sender.id) {
        "allowed"
    } else if setting.mode == Mode::Off {
        "rule_off"
    } else if judge::finding(&settings.rules, policy, role, hit, original).is_none() {
        "exempt"
    } else {
        return None;
    };
    Some(found(settings, settings.rules.finding(hit, original, setting)?, Some(why)))
}

fn found(settings: &Settings, finding: Finding, why_not: Option<&'static str>) -> Found {
    let place = settings.rules.infos().iter().position(|info| info.name == finding.rule);
    let how = place.and_then(|at| {
        let rule = RuleId(u16::try_from(at).ok()?);
        let span = Span { start: finding.start, end: finding.end };
        let (part, matched) = (finding.part.clone(), Some(finding.matched.clone()));
        settings
            .rules
            .explain(&Hit { rule, span, word: finding.word.clone(), part, matched, disguise: None, scored: None }, "")
    });
    let How { kind, folded, dropped, .. } = how.unwrap_or_default();
    let title = settings.rules.title(&finding).map_or_else(|| Arc::from(pseudo_title(&finding.rule)), Arc::from);
    let verdict = finding.verdict.as_str();
    Found { finding, title, kind, folded, dropped, verdict, why_not, exception: None }
}

/// The case that an input opened or joined; `offset` is the severity's.
fn case_of(sight: &Sight, policy: &Policy, offset: usize) -> Option<CaseShown> {
    let opened = sight.changes.iter().find_map(|change| match change {
        Change::Case(case) => Some(&**case),
        _ => None,
    });
    let joined = sight.changes.iter().find_map(|change| match change {
        Change::Evidence(evidence) => Some(&**evidence),
        _ => None,
    });
    let (no, strikes) = match (opened, joined) {
        (Some(Case { no, strikes, .. }), _) => (*no, Some(*strikes as usize)),
        (None, Some(Evidence { case, .. })) => (*case, None),
        (None, None) => return None,
    };
    let rung = |strikes: usize| strikes.saturating_sub(1).min(policy.ladder.len().saturating_sub(1));
    let is_step =
        |at: &usize| opened.is_some_and(|case| policy.ladder.get(*at).is_some_and(|it| it.name() == &*case.step));
    let step = strikes.map(|strikes| rung(strikes + offset));
    // An admin may take any step by hand.
    let step = step.filter(is_step).or_else(|| (0..policy.ladder.len()).find(is_step));
    let mut ladder: Vec<Rung> = policy.ladder.iter().map(|step| Rung::new(*step)).collect();
    // … and mute for as long as they like: the step says what was done.
    let muted = sight.changes.iter().find_map(|change| match change {
        Change::Act(action) => match &action.what {
            What::Mute { seconds, .. } if opened.is_some() => Some(*seconds),
            _ => None,
        },
        _ => None,
    });
    if let (Some(rung), Some(_)) = (step.and_then(|at| ladder.get_mut(at)), muted) {
        rung.seconds = muted;
    }
    Some(CaseShown {
        no,
        joins: opened.is_none(),
        observe: opened.is_some_and(|case| case.observe),
        strikes,
        days: policy.strike_life.as_secs() / 86_400,
        ladder,
        step,
        undone: None,
        next: strikes.map(|strikes| rung(strikes + offset + 1)),
    })
}

impl Rung {
    fn new(step: Step) -> Self {
        let seconds = match step {
            Step::Mute(duration) => Some(duration.as_secs()),
            Step::WarnPrivate | Step::WarnPublic | Step::Remove => None,
        };
        Self { step: step.name(), seconds }
    }
}
