//! Warning, muting and removing by hand: a case like any other, decided by a person.

use std::time::Duration;

use super::Desk;
use crate::domain::action::{Lane, What};
use crate::domain::case::{Case, Finding};
use crate::domain::change::{Change, MemberRef};
use crate::domain::command::{Command, When, Whom};
use crate::domain::core::Core;
use crate::domain::ladder;
use crate::domain::notices::Vars;
use crate::domain::penalty::{self, Offender};
use crate::domain::policy::{Capability, Step};
use crate::domain::standing::{Standing, Strike};
use crate::domain::subject::Subject;

/// The name that findings of cases decided by a person carry instead of a rule's.
pub(in crate::domain::core) const BY_HAND: &str = "manual";

/// The mute of a ladder that has none.
const USUAL_MUTE: Duration = Duration::from_secs(24 * 3600);

impl Core {
    /// A case for each of the members that a command names.
    pub(super) fn punish(&mut self, desk: &mut Desk<'_, '_>, command: &Command, out: &mut Vec<Change>) {
        let (step, reason) = match command {
            Command::Warn { reason, .. } => (Step::WarnPublic, reason),
            Command::Mute { end, reason, .. } => match self.length(desk, *end) {
                Some(length) => (Step::Mute(length), reason),
                None => {
                    desk.answer = desk.render("reply_mute_over", &Vars::default());
                    return;
                }
            },
            Command::Remove { reason, confirmed: true, .. } => (Step::Remove, reason),
            Command::Remove { whom, reason, .. } => {
                let text = [&self.called(desk, whom, " "), reason.as_str(), "确认"];
                let text = text.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
                let list = self.called(desk, whom, "、");
                desk.answer = desk.render("reply_remove_unconfirmed", &Vars { list, text, ..Vars::default() });
                return;
            }
            _ => return,
        };
        let (mut done, mut protected): (Vec<Done>, Vec<Whom>) = (Vec::new(), Vec::new());
        for one in command.whom() {
            if self.is_protected(desk, &one.user) {
                protected.push(one.clone());
            } else {
                let no = self.by_hand(desk, one, step, reason, out);
                let what = self.done_by_hand(desk, one, step);
                match done.iter_mut().find(|other| other.what == what) {
                    Some(same) => (same.whom.push(one.clone()), same.cases.push(no.to_string())).0,
                    None => done.push(Done { what, whom: vec![one.clone()], cases: vec![no.to_string()] }),
                }
            }
        }
        let mut answers = Vec::new();
        for Done { what, whom, cases } in done {
            let (name, case, list) = (self.called(desk, &whom, "、"), cases.join("、"), cases.join("、/撤销 "));
            answers.push(desk.render("reply_punished", &Vars { name, done: what, case, list, ..Vars::default() }));
        }
        if !protected.is_empty() {
            let list = self.called(desk, &protected, "、");
            answers.push(desk.render("reply_protected", &Vars { list, ..Vars::default() }));
        }
        desk.answer = answers.join("\n");
    }

    /// What a step by hand came to, in words.
    fn done_by_hand(&mut self, desk: &Desk<'_, '_>, whom: &Whom, step: Step) -> String {
        let here = desk.here;
        let (what, needed) = match step {
            Step::WarnPrivate | Step::WarnPublic => (penalty::step_in_words(step), Capability::Send),
            Step::Remove => (penalty::step_in_words(step), Capability::Remove),
            Step::Mute(length) => {
                let member = MemberRef::new(&here.event.platform, &here.event.group, &whom.user);
                let end = here.now.plus(length);
                let until = self.state.member(member.key()).standing().mute.as_ref().map_or(end, |mute| mute.until);
                let longer = if until > end {
                    "（原来的禁言更晚结束，照旧；要提前结束请发 /解禁）"
                } else {
                    ""
                };
                (format!("禁言到 {}{longer}", desk.date(until)), Capability::Mute)
            }
        };
        let can = here.settings.capabilities(&here.event.platform, &here.event.group).has(needed);
        if can { what } else { what + "（本平台做不到，已请管理员动手）" }
    }

    /// How long a mute lasts from now on; `None` when its end has passed.
    fn length(&self, desk: &Desk<'_, '_>, end: Option<When>) -> Option<Duration> {
        let of_ladder = desk.here.policy.ladder.iter().find_map(|step| match step {
            Step::Mute(length) => Some(*length),
            _ => None,
        });
        match end {
            None => Some(of_ladder.unwrap_or(USUAL_MUTE)),
            Some(When::For(length)) => Some(length),
            Some(When::Until(until)) => {
                let length = until.since(desk.here.now);
                (!length.is_zero()).then(|| length.min(crate::domain::command::LONGEST_MUTE))
            }
        }
    }

    pub(super) fn is_protected(&mut self, desk: &Desk<'_, '_>, user: &str) -> bool {
        let (here, policy) = (desk.here, desk.here.policy);
        let role = self.known_role(policy, here.event, user);
        ladder::is_protected(role) || self.bot(&here.event.platform) == Some(user)
    }

    /// Opens a case that a person decided, and carries its step out. Gives its number.
    fn by_hand(
        &mut self,
        desk: &mut Desk<'_, '_>,
        whom: &Whom,
        step: Step,
        reason: &str,
        out: &mut Vec<Change>,
    ) -> u64 {
        let here = desk.here;
        self.state.last_case += 1;
        let no = self.state.last_case;
        let member = MemberRef::new(&here.event.platform, &here.event.group, &whom.user);
        let standing = self.state.member(member.key()).standing().clone();
        let strikes = standing.live(here.time, here.policy.strike_life, false).count() + 1;
        let rule = if reason.is_empty() { "违反群规".to_owned() } else { reason.to_owned() };
        let vars = Vars {
            name: self.harmless_name(here.policy, here.group_key(), &whom.name, &whom.user),
            rule,
            case: no.to_string(),
            next: penalty::next_in_words(here.policy, strikes),
            time: desk.date(here.time),
            appeal: desk.appeal(),
            days: here.policy.strike_life.as_secs() / 86_400,
            ..Vars::default()
        };
        let (user, mute) = (&whom.user, standing.mute);
        let offender = Offender { user, case: no, mute, by_broken_mute: false, by_hand: true, by_name: false };
        let mut ledger = self.state.group(here.group_key()).ledger.clone();
        let from = out.len();
        let quoted = here.message.quote.as_deref();
        let text = quoted.map(|quote| self.concealed(here.policy, &quote.text)).unwrap_or_default();
        let mut means = self.means_of(desk, step.name(), Some(no), out);
        means.subject = Subject::of(user, &whom.name, &text);
        let carried = penalty::carry_out(&mut means, &mut ledger, &offender, step, &vars);
        let (actions, ordinal) = (means.made, means.ordinal);
        desk.ordinal = ordinal;
        self.arm_timers(out, from);
        self.keep_ledger(&here.event.platform, &here.event.group, ledger, out);
        let told = carried.notice.is_some() || carried.held;
        let burst_end = (!told).then(|| here.now.plus(here.policy.burst));
        let strike = Strike { case: no, time: here.time, observe: false, notice: carried.notice, burst_end };
        let change = |standing: &mut Standing| {
            standing.strike(strike, here.dead());
            if carried.mute.is_some() {
                standing.mute = carried.mute;
            }
        };
        self.change_standing(member, change, out);
        let case = Case {
            no,
            platform: here.event.platform.clone(),
            group: (*here.event.group).into(),
            user: whom.user.clone(),
            name: whom.name.to_string(),
            message: quoted.and_then(|quote| quote.message.as_deref()).unwrap_or(&here.event.id).into(),
            time: here.time,
            opened: here.now,
            text,
            findings: vec![Finding::of_no_rule(BY_HAND, BY_HAND, false)],
            rules: here.settings.version.clone(),
            step: step.name().into(),
            strikes: u32::try_from(strikes).unwrap_or(u32::MAX),
            decided_by: (*here.message.sender.id).into(),
            reason: reason.to_owned(),
            observe: false,
            actions,
            forgotten: false,
        };
        self.learn_case(&case, true, out);
        out.insert(from, Change::Case(Box::new(case)));
        no
    }

    /// Ends mutes early; what they were given for still counts.
    pub(super) fn unmute_by_hand(&mut self, desk: &mut Desk<'_, '_>, whom: &[Whom], out: &mut Vec<Change>) {
        let here = desk.here;
        let can = here.settings.capabilities(&here.event.platform, &here.event.group).has(Capability::Mute);
        let (mut muted, mut free, mut cases): (Vec<Whom>, Vec<Whom>, Vec<String>) =
            (Vec::new(), Vec::new(), Vec::new());
        for one in whom {
            let member = MemberRef::new(&here.event.platform, &here.event.group, &one.user);
            let standing = self.state.member(member.key()).standing();
            match standing.mute.as_ref().map(|mute| (mute.until, mute.case)) {
                Some((until, case)) if until > here.now => {
                    muted.push(one.clone());
                    cases.push(case.to_string());
                    self.change_standing(member, |standing| standing.mute = None, out);
                }
                _ => free.push(one.clone()),
            }
            // Whoever was muted by hand on the platform is helped too: it is harmless when nobody is.
            let mut means = self.means_of(desk, "unmute", None, out);
            if means.can(Capability::Mute) {
                means.act(Lane::Undo, What::Unmute { user: one.user.clone() }, Vec::new());
            }
            desk.ordinal = means.ordinal;
        }
        let mut answers = Vec::new();
        if !muted.is_empty() {
            let vars =
                Vars { list: self.called(desk, &muted, "、"), case: cases.join("、/撤销 "), ..Vars::default() };
            answers.push(desk.render("reply_unmuted", &vars));
        }
        if !free.is_empty() {
            let done = if can { "解除".to_owned() } else { String::new() };
            let vars = Vars { list: self.called(desk, &free, "、"), done, ..Vars::default() };
            answers.push(desk.render("reply_not_muted", &vars));
        }
        desk.answer = answers.join("\n");
    }

    /// What members are called in an answer, which the whole group may read.
    fn called(&mut self, desk: &Desk<'_, '_>, whom: &[Whom], between: &str) -> String {
        let mut name = |one: &Whom| {
            format!("@{}", self.harmless_name(desk.here.policy, desk.here.group_key(), &one.name, &one.user))
        };
        whom.iter().map(&mut name).collect::<Vec<_>>().join(between)
    }
}

/// What was done to some members by one command.
struct Done {
    what: String,
    whom: Vec<Whom>,
    cases: Vec<String>,
}
