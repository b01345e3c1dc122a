//! Carrying out a step of the ladder: what is done to whom, by which means, within the hourly limits.

use std::sync::Arc;
use std::time::Duration;

use super::action::{ActionId, Lane, What};
use super::choice::Choice;
use super::ladder;
use super::means::{Means, Said};
use super::notices::Vars;
use super::policy::{Capability, Policy, Step};
use super::standing::{Ledger, Mute};
use super::time::Timestamp;
use super::timer::TimerKind;

const HOUR: Duration = Duration::from_secs(3600);

/// Whom a case is about.
pub(super) struct Offender<'a> {
    pub(super) user: &'a Arc<str>,
    pub(super) case: u64,
    /// The mute that runs, if one.
    pub(super) mute: Option<Mute>,
    /// The removal was reached by speaking during a mute that the platform cannot keep: it waits for a person.
    pub(super) by_broken_mute: bool,
    /// A person decided it: the limits of what is done by machine do not hold.
    pub(super) by_hand: bool,
    /// It is about what they call themselves: they are asked to change it.
    pub(super) by_name: bool,
}

/// What carrying out a step leads to.
pub(super) struct Carried {
    /// The notice whose delivery starts the end of the burst.
    pub(super) notice: Option<ActionId>,
    /// The notice is held, to be merged; its id comes later.
    pub(super) held: bool,
    /// The mute from here on, if it changed.
    pub(super) mute: Option<Mute>,
}

impl Carried {
    fn told(notice: Option<ActionId>) -> Self {
        Self { notice, held: false, mute: None }
    }
}

/// Carries out a step.
pub(super) fn carry_out(
    means: &mut Means<'_>,
    ledger: &mut Ledger,
    offender: &Offender<'_>,
    step: Step,
    vars: &Vars,
) -> Carried {
    match step {
        Step::WarnPrivate => warn_private(means, ledger, offender, vars),
        Step::WarnPublic => warn_public(means, ledger, offender, vars),
        Step::Mute(duration) => mute(means, ledger, offender, vars, duration),
        Step::Remove => remove(means, ledger, offender, vars),
    }
}

fn warn_private(means: &mut Means<'_>, ledger: &mut Ledger, offender: &Offender<'_>, vars: &Vars) -> Carried {
    let notice = if offender.by_name { "warn_private_name" } else { "warn_private" };
    if means.can_tell(offender.user) {
        return Carried::told(Some(tell(means, offender, notice, vars)));
    }
    let carried = if means.can_speak() {
        in_group(means, ledger, offender, "warn_neutral", vars, "已提醒")
    } else {
        Carried::told(None)
    };
    let asked = asked(vars, "私下提醒", "本平台不能发送私信");
    ask(means, ledger, offender, &asked, Choice::Told);
    carried
}

fn warn_public(means: &mut Means<'_>, ledger: &mut Ledger, offender: &Offender<'_>, vars: &Vars) -> Carried {
    if means.can_speak() {
        let notice = if offender.by_name { "warn_public_name" } else { "warn_public" };
        return in_group(means, ledger, offender, notice, vars, "点名提醒");
    }
    let private = if offender.by_name { "warn_private_name" } else { "warn_private" };
    let notice = means.can_tell(offender.user).then(|| tell(means, offender, private, vars));
    let asked = asked(vars, "在群里点名提醒", "本平台不能在群里发言");
    ask(means, ledger, offender, &asked, Choice::Told);
    Carried::told(notice)
}

fn mute(
    means: &mut Means<'_>,
    ledger: &mut Ledger,
    offender: &Offender<'_>,
    vars: &Vars,
    duration: Duration,
) -> Carried {
    if !offender.by_hand && !within(means, &mut ledger.mutes, means.policy.mutes_per_hour) {
        let asked = asked(vars, &format!("禁言 {}", words(duration)), "本群一小时内的自动禁言已达上限");
        let choice = if means.can(Capability::Mute) { Choice::Mute(duration) } else { Choice::Muted };
        ask(means, ledger, offender, &asked, choice);
        return Carried::told(None);
    }
    let running = offender.mute.as_ref().map(|mute| mute.until).filter(|until| *until > means.now);
    let end = means.now.plus(duration);
    let until = running.map_or(end, |running| running.max(end)); // of overlapping mutes the later end wins
    let vars = Vars { until: date(until, means.policy, means.now), ..vars.clone() };
    let enforced = means.can(Capability::Mute);
    let deed = enforced.then(|| {
        // What this case alone asks for: that much is left of it when what made it longer is undone.
        let seconds = duration.as_secs();
        means.act(Lane::Penalty, What::Mute { user: offender.user.clone(), seconds, until }, Vec::new())
    });
    let notice = if enforced { "mute" } else { "mute_recorded" };
    let mut carried = if means.can_speak() {
        in_group(means, ledger, offender, notice, &vars, &format!("禁言至 {}", vars.until))
    } else {
        Carried::told(means.can_tell(offender.user).then(|| tell(means, offender, notice, &vars)))
    };
    match deed {
        Some(deed) => means.tells_of(&deed, carried.notice.clone()),
        None => {
            let asked = asked(&vars, &format!("禁言至 {}", vars.until), "本平台不能禁言，已记录");
            ask(means, ledger, offender, &asked, Choice::Muted);
        }
    }
    if !means.observe {
        let notice = carried.notice.clone();
        let running = offender.mute.clone().filter(|running| running.until > means.now);
        let before = running.map(|running| Box::new(Mute { before: None, ..running }));
        let own_end = (until > end).then_some(end);
        let case = offender.case;
        carried.mute = Some(Mute { case, until, enforced, notice, told: None, broken: false, own_end, before });
        let unmute = TimerKind::Unmute { user: offender.user.clone(), case: offender.case };
        means.set_timer(until, &format!("unmute:{}", offender.case), unmute);
    }
    carried
}

fn remove(means: &mut Means<'_>, ledger: &mut Ledger, offender: &Offender<'_>, vars: &Vars) -> Carried {
    let why = if offender.by_broken_mute {
        Some("因禁言期间发言而到移出这一步，须由人决定")
    } else if !means.can(Capability::Remove) {
        Some("本平台不能移出成员")
    } else if !offender.by_hand && !within(means, &mut ledger.removals, means.policy.removals_per_hour) {
        Some("本群一小时内的自动移出已达上限")
    } else {
        None
    };
    if let Some(why) = why {
        let choice = if means.can(Capability::Remove) { Choice::Remove } else { Choice::Removed };
        ask(means, ledger, offender, &asked(vars, "移出本群", why), choice);
        return Carried::told(None);
    }
    // Told before, for afterwards the platform may not let us.
    let told = means.can_tell(offender.user).then(|| tell(means, offender, "remove_private", vars));
    let deed = means.act(Lane::Penalty, What::Remove { user: offender.user.clone() }, Vec::new());
    if means.can_speak() {
        let carried = in_group(means, ledger, offender, "remove", vars, "移出本群");
        means.tells_of(&deed, carried.notice.clone());
        return Carried { notice: told.or(carried.notice), ..carried };
    }
    Carried::told(told)
}

/// Tells the member alone.
fn tell(means: &mut Means<'_>, offender: &Offender<'_>, notice: &str, vars: &Vars) -> ActionId {
    let text = means.notices().render(notice, vars);
    let what = What::Private { user: offender.user.clone(), text };
    means.act(Lane::Penalty, what, vec![(offender.user.clone(), offender.case)])
}

fn in_group(
    means: &mut Means<'_>,
    ledger: &mut Ledger,
    offender: &Offender<'_>,
    notice: &str,
    vars: &Vars,
    done: &str,
) -> Carried {
    let vars = Vars { done: done.to_owned(), ..vars.clone() };
    match means.group_notice(ledger, offender.user, notice, &vars) {
        Said::Now(notice) => Carried::told(Some(notice)),
        Said::Held => Carried { held: true, notice: None, mute: None },
        Said::Counted => Carried::told(None),
    }
}

/// A task about a penalty: it was done or is to be done, it has to wait, nothing is done, or the case is undone.
fn ask(means: &mut Means<'_>, ledger: &mut Ledger, offender: &Offender<'_>, vars: &Vars, choice: Choice) {
    means.cause.user = Some(offender.user.clone());
    means.ask(ledger, "task", "task", vars, &[choice, Choice::Later, Choice::Keep, Choice::Undo]);
    means.cause.user = None;
}

fn asked(vars: &Vars, wanted: &str, why: &str) -> Vars {
    Vars { wanted: wanted.to_owned(), why: why.to_owned(), ..vars.clone() }
}

/// Whether one more is within the hourly limit; if so it is counted. What is only observed is neither limited nor counted.
fn within(means: &Means<'_>, done: &mut Vec<Timestamp>, limit: u32) -> bool {
    if means.observe {
        return true;
    }
    done.retain(|at| at.plus(HOUR) > means.now);
    let within = done.len() < limit as usize;
    if within {
        done.push(means.now);
    }
    within
}

/// What the next violation brings, in words: 禁言 24 小时.
pub(super) fn next_in_words(policy: &Policy, strikes: usize) -> String {
    step_in_words(ladder::step(policy, strikes + 1))
}

/// A step of the ladder in words.
pub(super) fn step_in_words(step: Step) -> String {
    let name = name_in_words(step.name());
    match step {
        Step::Mute(duration) => format!("{name} {}", words(duration)),
        Step::WarnPrivate | Step::WarnPublic | Step::Remove => name.to_owned(),
    }
}

/// A step by its name in cases.
pub(super) fn name_in_words(step: &str) -> &'static str {
    match step {
        "warn_private" => "私下提醒",
        "warn_public" => "在群内点名提醒",
        "mute" => "禁言",
        "remove" => "移出本群",
        "report" => "只请管理员看，没有处罚",
        _ => "其他",
    }
}

/// A duration in Chinese, in the largest unit that is exact.
pub(super) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        s if s % 86_400 == 0 && s > 86_400 => format!("{} 天", s / 86_400),
        s if s % 3600 == 0 => format!("{} 小时", s / 3600),
        s if s % 60 == 0 => format!("{} 分钟", s / 60),
        s => format!("{s} 秒"),
    }
}

/// A point in time as a notice says it: 11月23日 10:00; with its year when that is not the year of `now`.
pub(super) fn date(time: Timestamp, policy: &Policy, now: Timestamp) -> String {
    let zoned = time.zoned(&policy.timezone);
    let this_year = zoned.year() == now.zoned(&policy.timezone).year();
    zoned.strftime(if this_year { "%-m月%-d日 %H:%M" } else { "%Y年%-m月%-d日 %H:%M" }).to_string()
}
