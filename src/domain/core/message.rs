//! The path of a message through the core: judged, and when it violates, a case.

use std::sync::Arc;

use super::Core;
use super::Judged;
use super::alerts::Alert;
use super::commands::{BY_HAND, REPORTED};
use super::glance::Glance;
use super::{may_follow_its_edit, picture};
use crate::domain::action::{Cause, Lane, What};
use crate::domain::case::{Case, Evidence, Finding, MACHINE};
use crate::domain::change::{Change, MemberRef};
use crate::domain::chat::CHAT_WORDS;
use crate::domain::command;
use crate::domain::conceal::{Kept, conceal};
use crate::domain::event::{Event, Message, Role};
use crate::domain::ids::{self, GroupKey, MemberKey};
use crate::domain::judge::{self, Judgement, READ_IN_PART};
use crate::domain::ladder::{self, Decision};
use crate::domain::means::Means;
use crate::domain::notices::{self, Vars};
use crate::domain::penalty::{self, Offender};
use crate::domain::policy::{self, Capability, Mode, Policy, Settings, Step, Verdict};
use crate::domain::standing::{Standing, Strike};
use crate::domain::state::Memo;
use crate::domain::subject::Subject;
use crate::domain::time::Timestamp;

/// The pseudo rule that speaking during a mute breaks, where the platform cannot keep the mute.
const SPEAKING_WHILE_MUTED: &str = "mute.speaking";

/// A message, where and when it is, and what holds there.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) settings: &'a Settings,
    pub(super) policy: &'a Policy,
    pub(super) event: &'a Event,
    pub(super) message: &'a Message,
    /// The message's id; for an edit not the event's, for a name empty.
    pub(super) message_id: &'a str,
    pub(super) about: About,
    /// What was found before its turn, if anything was.
    pub(super) glance: Option<&'a Glance>,
    pub(super) time: Timestamp,
    pub(super) now: Timestamp,
}

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Message,
    /// The new text of a message that was sent before.
    Edit,
    /// What was read in a picture of a message that was sent before: in this segment of it.
    Picture(u32),
    /// What the sender calls themselves.
    Name,
}

impl Here<'_> {
    pub(super) fn is_edit(&self) -> bool {
        self.about == About::Edit
    }

    /// Whether it adds to a message that was judged before.
    fn adds(&self) -> bool {
        matches!(self.about, About::Edit | About::Picture(_))
    }

    /// Whether whoever said it can be answered alone.
    pub(super) fn can_answer_alone(&self) -> bool {
        let (platform, group) = (&self.event.platform, &self.event.group);
        let (can, strangers) = (self.settings.capabilities(platform, group), self.settings.strangers(platform));
        policy::can_tell(can, &strangers, &self.message.sender.id)
    }

    /// Whether one thing may be said in answer to it. What is read in a picture later, or changed, comes too late for that.
    pub(super) fn answerable(&self) -> bool {
        self.about == About::Message && self.message.answerable
    }

    /// Strikes of before this can count no more, however late a message comes.
    pub(super) fn dead(&self) -> Timestamp {
        self.now.minus(self.policy.strike_life).minus(self.settings.dedupe)
    }

    pub(super) fn group_key(&self) -> GroupKey {
        GroupKey::new(&self.event.platform, &self.event.group)
    }

    pub(super) fn member_key(&self) -> MemberKey {
        MemberKey::new(&self.event.platform, &self.event.group, &self.message.sender.id)
    }

    pub(super) fn member(&self) -> MemberRef {
        MemberRef::new(&self.event.platform, &self.event.group, &self.message.sender.id)
    }

    /// What the admins are to look at.
    fn subject(&self, text: &str) -> Subject {
        let said = match self.about {
            About::Name => "",
            About::Message | About::Edit => text,
            About::Picture(_) => &format!("［图片里］{text}"),
        };
        Subject::of(&self.message.sender.id, &self.message.sender.name, said)
    }

    pub(super) fn message_key(&self) -> u128 {
        message_key(&self.event.platform, &self.event.group, self.message_id)
    }

    fn cause(&self, case: Option<u64>, rule: &Arc<str>, step: &str) -> Cause {
        Cause {
            event: Some((*self.event.id).into()),
            case: case.map(|no| no.to_string()),
            rule: Some(rule.clone()),
            step: Some(step.into()),
            ..Cause::default()
        }
    }
}

impl Core {
    pub(super) fn message(&mut self, here: &Here<'_>, out: &mut Vec<Change>) -> Judged {
        if self.is_own(here.event, here.message) {
            return Judged::Stored;
        }
        let role = self.role(here.policy, here.event, &here.message.sender, out);
        let role = on_trial(here, role).unwrap_or(role);
        let typed = self.typed(here);
        // What admins try, add and take out is not said to the group; members' commands are judged like all they say.
        if let Some(typed) = typed.clone().filter(|_| role.is_obeyed()) {
            self.command(here, role, typed, out);
            return Judged::Command;
        }
        if here.message.judged_elsewhere {
            return self.heard_elsewhere(here, role, typed, out);
        }
        let name = self.name(here, role, out);
        self.find(here);
        let mut judgement = judge::judge(here.settings, here.policy, role, here.message, &self.scratch);
        self.chat_words(here, here.message, role, &mut judgement);
        if self.speaks_while_muted(here, role) {
            match here.policy.mode {
                Mode::On => judgement.violations.push(speaking_while_muted(false)),
                Mode::Observe => judgement.observed.push(speaking_while_muted(true)),
                Mode::Off => {}
            }
        }
        if judgement.verdict() == Verdict::Violation {
            let own = |finding: &&Finding| !here.settings.rules.is_of_many(&finding.rule);
            let findings: Vec<Finding> = judgement.all().filter(own).cloned().collect();
            self.violation(here, &findings, judgement.violations.is_empty(), out);
        }
        // What a person should look at is in the case of a violation, but for a quarrel, which is not about its sender.
        let alone = judgement.violations.is_empty();
        let rules = &here.settings.rules;
        let reviews = judgement.reviews.iter().filter(|finding| alone || rules.asks_always(&finding.rule));
        self.review(here, &reviews.cloned().collect::<Vec<_>>(), out);
        match typed {
            Some(typed) if judgement.violations.is_empty() => self.command(here, role, typed, out),
            None if !here.is_edit() && command::is_false_alarm(here.message) => self.false_alarm(here, role, out),
            None if judgement.violations.is_empty() => self.asked_for_rules(here, role, out),
            Some(_) | None => {}
        }
        judgement.take(name);
        Judged::Message(judgement)
    }

    /// The sender's role as it is known, without remembering a new one. The sender must be loaded.
    pub(super) fn role_here(&mut self, here: &Here<'_>) -> Role {
        let known = self.known_role(here.policy, here.event, &here.message.sender.id);
        let role = here.message.sender.role.unwrap_or(known);
        on_trial(here, role).unwrap_or(role)
    }

    /// A message that another way brings to be judged: here it is only obeyed and answered.
    fn heard_elsewhere(
        &mut self,
        here: &Here<'_>,
        role: Role,
        typed: Option<command::Typed>,
        out: &mut Vec<Change>,
    ) -> Judged {
        match typed {
            Some(typed) => self.command(here, role, typed, out),
            None if command::is_false_alarm(here.message) => self.false_alarm(here, role, out),
            None => return Judged::Stored,
        }
        Judged::Command
    }

    /// What the chat has changed: words that are added here, and words that do not count here.
    pub(super) fn chat_words(&mut self, here: &Here<'_>, message: &Message, role: Role, judgement: &mut Judgement) {
        let Some(chat) = self.state.chat.get_mut(&here.group_key()) else { return };
        judgement.retain(|finding| !chat.drops(finding));
        let spared = ladder::is_protected(role) || here.policy.allow.contains(&message.sender.id);
        match here.policy.mode {
            Mode::Off => {}
            _ if spared => {}
            Mode::On | Mode::Observe => {
                let observe = here.policy.mode == Mode::Observe;
                let all = chat.find(message, &self.scratch.text, observe);
                let (sure, doubtful): (Vec<_>, Vec<_>) =
                    all.into_iter().partition(|finding| finding.verdict == Verdict::Violation);
                judgement.reviews.extend(doubtful);
                if observe { &mut judgement.observed } else { &mut judgement.violations }.extend(sure);
            }
        }
    }

    /// The bot's own messages are ignored.
    pub(super) fn is_own(&self, event: &Event, message: &Message) -> bool {
        let platform = self.settings.platforms.get(&event.platform);
        platform.and_then(|platform| platform.bot_user.as_deref()).is_some_and(|bot| *bot == *message.sender.id)
    }

    /// Where the platform cannot mute, speaking during a mute is one further violation, once: after its notice arrived and
    /// the burst is over, or the once would be spent on a message that joins the mute's own case.
    fn speaks_while_muted(&mut self, here: &Here<'_>, role: Role) -> bool {
        let Some(standing) = &self.state.member(here.member_key()).standing else { return false };
        let Some(mute) = &standing.mute else { return false };
        let told = mute.told.is_some_and(|told| told.plus(here.policy.burst) <= here.time);
        let punishable = !ladder::is_protected(role) && !here.policy.allow.contains(&here.message.sender.id);
        !mute.enforced && !mute.broken && told && here.time < mute.until && !here.is_edit() && punishable
    }

    pub(super) fn violation(&mut self, here: &Here<'_>, findings: &[Finding], observe: bool, out: &mut Vec<Change>) {
        let [leading, ..] = findings else { return };
        let mut kept = conceal(&here.settings.rules, &self.scratch.text.original, findings);
        if let About::Picture(segment) = here.about {
            kept.findings.iter_mut().for_each(|finding| finding.part = Some(picture::part(segment)));
        }
        // What was only observed does not shield a real violation.
        let asked = here.about != About::Name && (here.adds() || may_follow_its_edit(here.time, here.now));
        let known = if asked { self.state.message(here.message_key()) } else { None };
        let known = known.filter(|memo| observe || !memo.observe);
        if let Some(memo) = known {
            // One message is one case: an edit adds what is new to it, and nothing else.
            let new: Vec<&Finding> = findings.iter().filter(|finding| !memo.has(finding)).collect();
            let case = memo.case;
            memo.found.extend(new.iter().map(|finding| (finding.rule.clone(), finding.word.clone())));
            let new = findings.iter().zip(&kept.findings).filter(|(finding, _)| new.contains(finding));
            let kept = Kept { findings: new.map(|(_, kept)| kept.clone()).collect(), ..kept };
            self.joins(here, case, kept, observe, out);
            return;
        }
        let standing = self.state.member(here.member_key()).standing();
        match ladder::decide(standing, here.time, leading.severity, here.policy, observe) {
            Decision::Joins { case } => {
                self.remember(here, Memo::new(case, observe, findings));
                self.joins(here, case, kept, observe, out);
            }
            Decision::Opens { step, strikes } => {
                self.remember(here, Memo::new(self.state.last_case + 1, observe, findings));
                self.opens(here, kept, step, strikes, observe, out);
            }
        }
    }

    /// Remembers the case of a message, for edits.
    fn remember(&mut self, here: &Here<'_>, memo: Memo) {
        if here.about != About::Name {
            self.state.load_message(here.message_key(), memo);
        }
    }

    fn joins(&mut self, here: &Here<'_>, case: u64, kept: Kept, observe: bool, out: &mut Vec<Change>) {
        let Kept { text, findings } = kept;
        let Some(leading) = findings.first() else { return };
        let cause = here.cause(Some(case), &leading.rule, "delete");
        out.push(Change::Evidence(Box::new(Evidence {
            case,
            event: (*here.event.id).into(),
            message: here.message_id.into(),
            time: here.time,
            text,
            findings: findings.clone(),
        })));
        let mut means = self.means(here, cause, Some(case), observe, out);
        delete(&mut means, here, &findings);
    }

    fn opens(&mut self, here: &Here<'_>, kept: Kept, step: Step, strikes: usize, observe: bool, out: &mut Vec<Change>) {
        let Kept { text, findings } = kept;
        let Some(leading) = findings.first() else { return };
        self.state.last_case += 1;
        let no = self.state.last_case;
        let user: Arc<str> = (*here.message.sender.id).into();
        let vars = self.vars(here, leading, Some(no), strikes);
        let offender = Offender {
            user: &user,
            case: no,
            mute: self.state.member(here.member_key()).standing().mute.clone(),
            by_broken_mute: findings.iter().any(|finding| &*finding.rule == SPEAKING_WHILE_MUTED),
            by_hand: false,
            by_name: here.about == About::Name,
        };
        let mut ledger = self.state.group(here.group_key()).ledger.clone();
        let from = out.len();
        let mut means = self.means(here, here.cause(Some(no), &leading.rule, step.name()), Some(no), observe, out);
        means.subject = here.subject(&text);
        delete(&mut means, here, &findings);
        let carried = penalty::carry_out(&mut means, &mut ledger, &offender, step, &vars);
        let actions = means.made;
        self.arm_timers(out, from);
        self.keep_ledger(&here.event.platform, &here.event.group, ledger, out);
        self.strike(here, &offender, observe, carried, out);
        let case = Case {
            no,
            platform: here.event.platform.clone(),
            group: (*here.event.group).into(),
            user,
            name: here.message.sender.name.to_string(),
            message: here.message_id.into(),
            time: here.time,
            opened: here.now,
            text,
            findings,
            rules: here.settings.version.clone(),
            step: step.name().into(),
            strikes: u32::try_from(strikes).unwrap_or(u32::MAX),
            decided_by: MACHINE.into(),
            reason: String::new(),
            observe,
            actions,
            forgotten: false,
        };
        out.insert(from, Change::Case(Box::new(case))); // a reader learns of the case before its actions
    }

    /// Counts the strike of a new case, and forgets those that can count no more.
    fn strike(
        &mut self,
        here: &Here<'_>,
        offender: &Offender<'_>,
        observe: bool,
        carried: penalty::Carried,
        out: &mut Vec<Change>,
    ) {
        let told = carried.notice.is_some() || carried.held;
        let burst_end = (observe || !told).then(|| here.now.plus(here.policy.burst));
        let dead = here.dead();
        let strike = Strike { case: offender.case, time: here.time, observe, notice: carried.notice, burst_end };
        let change = |standing: &mut Standing| {
            standing.strike(strike, dead);
            if let Some(mute) = standing.mute.as_mut().filter(|_| offender.by_broken_mute && !observe) {
                mute.broken = true;
            }
            if carried.mute.is_some() {
                standing.mute = carried.mute;
            }
        };
        self.change_standing(here.member(), change, out);
    }

    pub(super) fn review(&mut self, here: &Here<'_>, findings: &[Finding], out: &mut Vec<Change>) {
        let [leading, ..] = findings else { return };
        let alert = Alert {
            input: (*here.event.id).into(),
            cause: Cause { user: Some((*here.message.sender.id).into()), ..here.cause(None, &leading.rule, "review") },
            observe: leading.observe,
            notice: if here.about == About::Name { "review_name" } else { "review" },
            about: &here.message.sender.id,
            vars: self.vars(here, leading, None, 0),
            subject: here.subject(&conceal(&here.settings.rules, &self.scratch.text.original, findings).text),
        };
        self.alert(here.policy, &here.event.platform, &Arc::from(&*here.event.group), &alert, here.now, out);
    }

    pub(super) fn means<'a>(
        &mut self,
        here: &Here<'a>,
        cause: Cause,
        case: Option<u64>,
        observe: bool,
        out: &'a mut Vec<Change>,
    ) -> Means<'a> {
        let group = self.state.group(here.group_key());
        Means {
            policy: here.policy,
            can: here.settings.capabilities(&here.event.platform, &here.event.group),
            strangers: here.settings.strangers(&here.event.platform),
            platform: here.event.platform.clone(),
            group: (*here.event.group).into(),
            admins: admins(here.policy, &group.admins),
            now: here.now,
            input: (*here.event.id).into(),
            cause,
            case,
            subject: Subject::default(),
            observe,
            answers: here.answerable(),
            deadline: None,
            ordinal: 0,
            made: Vec::new(),
            out,
        }
    }

    /// What a notice about a finding may say.
    fn vars(&mut self, here: &Here<'_>, leading: &Finding, case: Option<u64>, strikes: usize) -> Vars {
        let info = here.settings.rules.infos().iter().find(|info| info.name == leading.rule);
        // Masked, a word still says which; flooding, repetition or an address says nothing.
        let tells =
            info.map_or(&*leading.rule == CHAT_WORDS, |info| matches!(info.kind, "keywords" | "combination" | "regex"));
        Vars {
            name: self.shown_name(here.policy, here.group_key(), &here.message.sender),
            rule: self.title(leading),
            clause: info.and_then(|info| info.clause),
            case: case.map(|no| no.to_string()).unwrap_or_default(),
            matched: if tells { notices::mask(&leading.matched) } else { String::new() },
            next: penalty::next_in_words(here.policy, strikes + leading.severity.offset()),
            time: penalty::date(here.time, here.policy, here.now),
            appeal: here.policy.notices.render("appeal", &Vars::default()),
            days: here.policy.strike_life.as_secs() / 86_400,
            ..Vars::default()
        }
    }

    /// A text that somebody quotes, without the personal data in it.
    pub(super) fn concealed(&mut self, policy: &Policy, text: &str) -> String {
        let rules = &self.settings.rules;
        rules.find_in_text(text, &mut self.name_scratch);
        let hits = self.name_scratch.hits.iter();
        let findings: Vec<_> = hits.filter_map(|hit| judge::finding(rules, policy, Role::Member, hit, text)).collect();
        conceal(rules, text, &findings).text
    }

    /// A finding in plain words.
    pub(super) fn title(&self, finding: &Finding) -> String {
        self.settings.rules.title(finding).unwrap_or_else(|| pseudo_title(&finding.rule).to_owned())
    }
}

/// The role of a member whom TOML has made a trial admin, until their last day is over.
pub(super) fn on_trial(here: &Here<'_>, role: Role) -> Option<Role> {
    let until = here.policy.trial_admins.get(&here.message.sender.id)?;
    (role == Role::Member && here.time < *until).then_some(Role::TrialAdmin)
}

/// In plain words, what is found by no rule of the configuration.
pub fn pseudo_title(rule: &str) -> &'static str {
    match rule {
        SPEAKING_WHILE_MUTED => "禁言期间发言",
        CHAT_WORDS => "本群的违规词",
        BY_HAND => "管理员认定的违规",
        REPORTED => "成员举报",
        READ_IN_PART => "消息太长，只看了前一部分",
        _ => "违反群规",
    }
}

/// The key of a message in the core's state.
pub fn message_key(platform: &str, group: &str, message: &str) -> u128 {
    ids::hash(&["message", platform, group, message])
}

/// Owner and admins: those seen, and those TOML names; sorted, so that the same input gives the same bytes.
pub(super) fn admins(policy: &Policy, seen: &[Arc<str>]) -> Vec<Arc<str>> {
    let named = policy.roles.iter().filter(|(_, role)| role.is_admin()).map(|(user, _)| Arc::from(&**user));
    let mut admins: Vec<Arc<str>> = seen.iter().cloned().chain(named).collect();
    admins.sort();
    admins.dedup();
    admins
}

fn delete(means: &mut Means<'_>, here: &Here<'_>, findings: &[Finding]) {
    let deletes = |finding: &Finding| {
        finding.delete && finding.verdict == Verdict::Violation && (means.observe || !finding.observe)
    };
    if findings.iter().any(deletes) && means.can(Capability::Delete) {
        means.act(Lane::Penalty, What::Delete { message: here.message_id.into() }, Vec::new());
    }
}

fn speaking_while_muted(observe: bool) -> Finding {
    Finding::of_no_rule(SPEAKING_WHILE_MUTED, "mute", observe)
}
