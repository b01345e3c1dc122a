//! Actions that a bot fetches because it cannot be sent to: handed out in their order, each to one at a time, for a while.
//!
//! A lease that is over without a word is an attempt of which nobody knows what came of it: where a repeated id is dropped, the
//! action is handed out again, else it is `uncertain`. What the bot says later counts all the same. Leases are not stored.
//! After a restart everything open is handed out again, except what was recorded as tried on a bot that does not drop a
//! repeated id: the bot may have it in hand, and has one lease's time to say so.

use super::*;

/// How long what was fetched is not given to anybody else.
pub const LEASE: Duration = Duration::from_secs(60);
/// So many images are handed out at once, for each may be megabytes.
const IMAGES: usize = 4;
/// Actions that wait for so long while nobody asks for any are an operator's business.
const UNASKED: Duration = Duration::from_secs(300);

/// What a bot fetched.
#[derive(Debug)]
pub struct Leased {
    /// The action.
    pub action: Arc<Action>,
    /// Its JSON.
    pub body: Arc<str>,
    place: Place,
}

impl Leased {
    /// Puts what was fetched in several goes into its order.
    pub fn sort(leased: &mut [Leased]) {
        leased.sort_by(|a, b| a.place.cmp(&b.place));
    }
}

/// What a bot's word about an action means.
#[derive(Debug)]
pub enum Acked {
    /// It counts; the engine is to be told if there is something to tell.
    Taken(Option<Box<Job>>),
    /// The same was said before and is being recorded.
    Ending,
    /// It is not here: it may have come to its end, or there never was such an action.
    NotHere,
}

impl Outbox {
    /// Hands out the next of a platform's actions, at most so many; with them what the engine is to be told. Those that
    /// are recorded first ([`Job::Attempt`]) can be had in a moment.
    pub fn lease(&mut self, platform: &str, most: usize, now: Timestamp) -> (Vec<Leased>, Vec<Job>) {
        self.turn_clock(now);
        self.asked(platform);
        self.wake(platform, now);
        let (mut leased, mut jobs) = (Vec::new(), Vec::new());
        let (mut begun, mut images) = (0, 0);
        while begun < most
            && images < IMAGES
            && let Some(id) = self.next(platform)
        {
            match self.begin(platform, &id, now, &|_| None) {
                Begun::Due(Due::Perform { action, body }) => {
                    begun += 1;
                    images += usize::from(matches!(action.what, What::Image { .. }));
                    leased.extend(self.hand_out(action, body, now));
                }
                Begun::Due(Due::Tell(job)) => {
                    begun += usize::from(matches!(job, Job::Attempt { .. }));
                    jobs.push(job);
                }
                Begun::Later => {}
                Begun::Paced => break,
            }
        }
        (leased, jobs)
    }

    fn hand_out(&mut self, action: Arc<Action>, body: Arc<str>, now: Timestamp) -> Option<Leased> {
        let entry = self.entries.get_mut(&action.id)?;
        let target = self.targets.get_mut(&action.platform)?;
        let until = now.plus(LEASE);
        entry.lease = Some(until);
        target.leases.insert((until, action.id.clone()));
        Some(Leased { place: entry.place(), action, body })
    }

    /// Takes back what was fetched and did not reach the bot: it is as if it had not been handed out.
    pub fn give_back(&mut self, leased: &[Leased], now: Timestamp) -> Vec<Job> {
        let mut jobs = Vec::new();
        for Leased { action, .. } in leased {
            let Some(entry) = self.entries.get_mut(&action.id) else { continue };
            if entry.state == State::Cancelled {
                let error = "it did not reach the bot".to_owned();
                jobs.extend(self.replied(&action.id, Reply::Retry { after: None, error }, now));
                continue;
            }
            let (State::InFlight, Some(until)) = (entry.state, entry.lease.take()) else { continue };
            (entry.state, entry.granted) = (State::Behind, Granted::Wholly);
            if let Some(target) = self.targets.get_mut(&action.platform) {
                target.leases.remove(&(until, action.id.clone()));
                target.in_flight = target.in_flight.saturating_sub(1);
            }
            self.make_ready(action.id.clone());
        }
        jobs
    }

    /// Takes in what a bot says came of an action of its platform, whether or not its lease is over: it is the truth.
    pub fn acked(&mut self, platform: &str, id: &ActionId, reply: Reply, now: Timestamp) -> Acked {
        let Some(entry) = self.entries.get(id).filter(|entry| *entry.action.platform == *platform) else {
            return Acked::NotHere;
        };
        match (entry.state, &reply) {
            (State::Ending, _) => Acked::Ending,
            (State::InFlight | State::Cancelled, _) => Acked::Taken(self.replied(id, reply, now).map(Box::new)),
            // It was to be tried again anyway.
            (_, Reply::Retry { .. }) => Acked::Taken(None),
            (State::Behind | State::Ready | State::Waiting(_) | State::Recording, _) => {
                self.take_out(id);
                Acked::Taken(self.replied(id, reply, now).map(Box::new))
            }
        }
    }

    /// As if an attempt at it were under way.
    fn take_out(&mut self, id: &ActionId) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let Some(target) = self.targets.get_mut(&entry.action.platform) else { return };
        match entry.state {
            State::Waiting(at) => drop(target.waiting.remove(&(at, id.clone()))),
            _ => target.ready.remove(&entry.action, &entry.place()),
        }
        target.in_flight += 1;
        entry.state = State::InFlight;
    }

    /// Whether an action's end was told to the engine, which has not recorded it yet.
    pub fn is_ending(&self, id: &ActionId) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.state == State::Ending)
    }

    /// Whether the engine was asked to record that an action is about to be tried, and has not yet.
    pub fn is_recording(&self, id: &ActionId) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.state == State::Recording)
    }

    /// A bot asks for actions, whether or not there are any. Gives whether its platform was thought to be neglected.
    pub fn asked(&mut self, platform: &str) -> bool {
        let Some(target) = self.targets.get_mut(platform) else { return false };
        target.unasked = None;
        let neglected = target.wellness == Wellness::Unpolled;
        if neglected {
            target.wellness = Wellness::Well;
        }
        neglected
    }

    /// Platforms whose actions are fetched.
    pub fn fetched(&self) -> impl Iterator<Item = (&Arc<str>, Wellness)> {
        self.targets.iter().filter(|(_, target)| target.pace.pulls).map(|(name, target)| (name, target.wellness))
    }

    /// Leases that are over without a word.
    pub(super) fn end_leases(&mut self, platform: &str, now: Timestamp) -> Vec<Due> {
        let mut ended = Vec::new();
        while let Some(target) = self.targets.get_mut(platform)
            && let Some((until, id)) = target.leases.first().filter(|(until, _)| *until <= now).cloned()
        {
            target.leases.remove(&(until, id.clone()));
            let error = format!("the bot fetched it and did not say within {} s what came of it", LEASE.as_secs());
            ended.extend(self.replied(&id, Reply::Unknown { error }, now).map(Due::Tell));
        }
        ended
    }

    /// What a start finds recorded as tried on a bot that does not drop a repeated id: it may have it in hand.
    pub(super) fn lease_anew(entry: &mut Entry, target: &mut Target, now: Timestamp) {
        let until = now.plus(LEASE);
        entry.lease = Some(until);
        entry.state = State::InFlight;
        target.leases.insert((until, entry.action.id.clone()));
        target.in_flight += 1;
    }

    pub(super) fn look_whether_asked(&mut self, platform: &str, now: Timestamp) {
        let Some(target) = self.targets.get_mut(platform) else { return };
        if target.ready.is_empty() {
            target.unasked = None;
        } else if now.since(*target.unasked.get_or_insert(now)) >= UNASKED && target.wellness == Wellness::Well {
            target.wellness = Wellness::Unpolled;
        }
    }
}
