//! Warning, muting and removing by hand: a case like any other, decided by a person.

use std::time::Duration;

use super::Desk;
use crate::domain::action::{Lane, What};
use crate::domain::case::{Case, Finding};
use crate::domain::change::{Change, MemberRef};
use crate::domain::command::{Command, When, Whom};
use crate::domain::core::Core;
use crate::domain::ids::MemberKey;
use crate::domain::ladder;
use crate::domain::notices::Vars;
use crate::domain::penalty::{self, Offender};
use crate::domain::policy::Step;
use crate::domain::standing::{Standing, Strike};

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
            Command::Remove { whom, .. } => {
                let list = self.names(desk, whom);
                desk.answer = desk.render("reply_remove_unconfirmed", &Vars { list, ..Vars::default() });
                return;
            }
            _ => return,
        };
        let (mut done, mut protected) = (Vec::new(), Vec::new());
        for one in command.whom() {
            if self.is_protected(desk, &one.user) {
                protected.push(one.clone());
            } else {
                let no = self.by_hand(desk, one, step, reason, out);
                done.push(no.to_string());
            }
        }
        let mut answers = Vec::new();
        if !done.is_empty() {
            let (case, list) = (done.join("、"), done.first().cloned().unwrap_or_default());
            answers.push(desk.render("reply_punished", &Vars { case, list, ..Vars::default() }));
        }
        if !protected.is_empty() {
            let list = self.names(desk, &protected);
            answers.push(desk.render("reply_protected", &Vars { list, ..Vars::default() }));
        }
        desk.answer = answers.join("\n");
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

    fn is_protected(&mut self, desk: &Desk<'_, '_>, user: &str) -> bool {
        let (here, policy) = (desk.here, desk.here.policy);
        let known = self.state.member(MemberKey::new(&here.event.platform, &here.event.group, user)).role;
        let role = known.or_else(|| policy.roles.get(user).copied()).unwrap_or_default();
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
        let offender =
            Offender { user: &whom.user, case: no, mute: standing.mute, by_broken_mute: false, by_hand: true };
        let mut ledger = self.state.group(here.group_key()).ledger.clone();
        let from = out.len();
        let mut means = self.means_of(desk, step.name(), Some(no), out);
        let carried = penalty::carry_out(&mut means, &mut ledger, &offender, step, &vars);
        let (actions, ordinal) = (means.made, means.ordinal);
        desk.ordinal = ordinal;
        self.arm_timers(out, from);
        self.keep_ledger(&here.event.platform, &here.event.group, ledger, out);
        let told = carried.notice.is_some() || carried.held;
        let burst_end = (!told).then(|| here.now.plus(here.policy.burst));
        let strike = Strike { case: no, time: here.time, observe: false, notice: carried.notice, burst_end };
        let change = |standing: &mut Standing| {
            standing.strikes.push(strike);
            standing.strikes.sort_by_key(|strike| strike.time);
            if carried.mute.is_some() {
                standing.mute = carried.mute;
            }
        };
        self.change_standing(member, change, out);
        let quoted = here.message.quote.as_deref();
        let case = Case {
            no,
            platform: here.event.platform.clone(),
            group: (*here.event.group).into(),
            user: whom.user.clone(),
            name: whom.name.to_string(),
            message: quoted.and_then(|quote| quote.message.as_deref()).unwrap_or(&here.event.id).into(),
            time: here.time,
            opened: here.now,
            text: quoted.map(|quote| quote.text.to_string()).unwrap_or_default(),
            findings: vec![Finding::of_no_rule(BY_HAND, BY_HAND, false)],
            rules: here.settings.version.clone(),
            step: step.name().into(),
            strikes: u32::try_from(strikes).unwrap_or(u32::MAX),
            decided_by: (*here.message.sender.id).into(),
            reason: reason.to_owned(),
            observe: false,
            actions,
        };
        out.insert(from, Change::Case(Box::new(case)));
        no
    }

    /// Ends mutes early; what they were given for still counts.
    pub(super) fn unmute_by_hand(&mut self, desk: &mut Desk<'_, '_>, whom: &[Whom], out: &mut Vec<Change>) {
        let here = desk.here;
        for one in whom {
            let member = MemberRef::new(&here.event.platform, &here.event.group, &one.user);
            if self.state.member(member.key()).standing().mute.is_some() {
                self.change_standing(member, |standing| standing.mute = None, out);
            }
            // Whoever was muted by hand on the platform is helped too: it is harmless when nobody is.
            let mut means = self.means_of(desk, "unmute", None, out);
            if means.can(crate::domain::policy::Capability::Mute) {
                means.act(Lane::Undo, What::Unmute { user: one.user.clone() }, Vec::new());
            }
            desk.ordinal = means.ordinal;
        }
        let list = self.names(desk, whom);
        desk.answer = desk.render("reply_unmuted", &Vars { list, ..Vars::default() });
    }

    /// What members are called in an answer: harmless, like in a notice.
    fn names(&mut self, desk: &Desk<'_, '_>, whom: &[Whom]) -> String {
        let (policy, key) = (desk.here.policy, desk.here.group_key());
        let name = |one: &Whom| format!("@{}", self.harmless_name(policy, key, &one.name, &one.user));
        whom.iter().map(name).collect::<Vec<_>>().join("、")
    }
}
