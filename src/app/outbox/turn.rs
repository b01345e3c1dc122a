//! What happens as time goes on: who may go, who goes, and who does not any more.

use super::attempt::body;
use super::target::Admitted;
use super::*;

/// How long a platform wants an action to wait.
pub type Limits<'a> = dyn Fn(&Action) -> Option<Duration> + 'a;

/// What beginning with an action came to.
pub(super) enum Begun {
    Due(Due),
    /// It waits for its deadline, or for the pace of its group.
    Later,
    /// The platform's pace does not allow it yet.
    Paced,
}

impl Outbox {
    /// What to do at `now`, on platforms that have no limits of their own.
    pub fn step(&mut self, now: Timestamp) -> Vec<Due> {
        self.step_with(now, &|_| None)
    }

    /// What to do at `now`. `limits` says of an action how long its platform wants it to wait ([`Platform::wait`]).
    ///
    /// [`Platform::wait`]: crate::ports::Platform::wait
    pub fn step_with(&mut self, now: Timestamp, limits: &Limits<'_>) -> Vec<Due> {
        self.turn_clock(now);
        let mut due = Vec::new();
        let names: Vec<Arc<str>> = self.targets.keys().cloned().collect();
        for name in names {
            self.wake(&name, now);
            due.extend(self.end_leases(&name, now));
            due.extend(self.end_overdue(&name, now));
            if self.targets.get(&name).is_some_and(|target| target.pace.pulls) {
                self.look_whether_asked(&name, now);
                continue; // what may go waits to be fetched
            }
            while let Some(id) = self.next(&name) {
                match self.begin(&name, &id, now, limits) {
                    Begun::Due(what) => due.push(what),
                    Begun::Later => self.stand_aside(&id),
                    Begun::Paced => break, // the rest of this platform waits too
                }
            }
        }
        due
    }

    pub(super) fn turn_clock(&mut self, now: Timestamp) {
        self.clock.advance(now.since(self.turned_to));
        self.turned_to = self.turned_to.max(now);
    }

    /// Makes those ready whose wait is over. On a disabled platform everything waits for its deadline.
    pub(super) fn wake(&mut self, platform: &str, now: Timestamp) {
        let Some(target) = self.targets.get_mut(platform) else { return };
        while let Some((at, id)) = target.waiting.first().filter(|(at, _)| *at <= now).cloned() {
            target.waiting.remove(&(at, id.clone()));
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.state = State::Ready;
                target.ready.insert(&entry.action, entry.place(), entry.granted);
            }
        }
        target.ready.call_up_due(now);
    }

    pub(super) fn next(&self, platform: &str) -> Option<ActionId> {
        let target = self.targets.get(platform).filter(|target| !target.is_full())?;
        target.ready.first().cloned()
    }

    /// Those that come too late, wherever they stand: with a slow pace or a bot that fetches nothing, most are never the next.
    fn end_overdue(&mut self, platform: &str, now: Timestamp) -> Vec<Due> {
        let mut ended = Vec::new();
        while let Some(target) = self.targets.get_mut(platform)
            && let Some(entry) = target.ready.overdue(now).and_then(|id| self.entries.get_mut(id))
        {
            target.ready.remove(&entry.action, &entry.place());
            let outcome = too_late(entry, target.pace, now).unwrap_or(Outcome::Expired);
            entry.state = State::Ending;
            ended.push(Due::Tell(Job::Outcome { action: entry.action.clone(), outcome }));
        }
        ended
    }

    /// Begins with the first of a platform.
    pub(super) fn begin(&mut self, platform: &str, id: &ActionId, now: Timestamp, limits: &Limits<'_>) -> Begun {
        let (Some(target), Some(entry)) = (self.targets.get_mut(platform), self.entries.get_mut(id)) else {
            return Begun::Paced;
        };
        let (action, place) = (entry.action.clone(), entry.place());
        if let Some(outcome) = too_late(entry, target.pace, now) {
            target.ready.remove(&action, &place);
            entry.state = State::Ending;
            return Begun::Due(Due::Tell(Job::Outcome { action, outcome }));
        }
        if target.is_closed() {
            target.ready.remove(&action, &place);
            entry.state = State::Waiting(action.deadline);
            target.waiting.insert((action.deadline, id.clone()));
            return Begun::Later;
        }
        // Before it is recorded as tried, and before it takes anything from the pace: what waits was not tried.
        if let Some(wait) = limits(&action) {
            let until = now.plus(wait.max(Duration::from_millis(1))).min(action.deadline);
            target.ready.remove(&action, &place);
            entry.state = State::Waiting(until);
            target.waiting.insert((until, id.clone()));
            return Begun::Later;
        }
        // Likewise.
        match target.admit(&action.group, &mut entry.granted) {
            Admitted::Yes => target.ready.call_up(&action.group),
            Admitted::GroupWaits(wait) => {
                let until = now.plus(wait.max(Duration::from_millis(1)));
                target.ready.hold(&action.group, place, until);
                return Begun::Later;
            }
            Admitted::Waits => {
                target.paced = Some(now);
                return Begun::Paced;
            }
        }
        target.ready.remove(&action, &place);
        // A mute that is sent late names the seconds that remain, and then always the same; and where a repeated id is not
        // dropped, a restart must know that an attempt may have been made.
        if !entry.recorded && (matches!(action.what, What::Mute { .. }) || !entry.is_repeatable(target.pace)) {
            entry.state = State::Recording;
            let body = body(&action, now);
            return Begun::Due(Due::Tell(Job::Attempt { action, body }));
        }
        target.in_flight += 1;
        entry.granted = Granted::Nothing;
        entry.state = State::InFlight;
        let body = entry.body.get_or_insert_with(|| action.to_json().into()).clone();
        Begun::Due(Due::Perform { action, body })
    }
}

/// The end of an action that is not tried any more: nobody knows whether it was done, or it comes too late.
fn too_late(entry: &Entry, pace: Pace, now: Timestamp) -> Option<Outcome> {
    if entry.doubtful && !entry.is_repeatable(pace) {
        let error = match entry.attempts {
            0 => "the daemon stopped while it was being tried",
            _ => "an attempt was not answered, and the bridge does not drop a repeated id any more",
        };
        return Some(Outcome::Uncertain { error: error.to_owned() });
    }
    if now < entry.action.deadline {
        return None;
    }
    // Tried again and again, and never answered: what was not done is not known either.
    let error = "an attempt was not answered, and its time is over".to_owned();
    Some(if entry.doubtful && entry.attempts > 0 { Outcome::Uncertain { error } } else { Outcome::Expired })
}
