//! What waits, and in which order it is handed out.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Job;
use crate::domain::ids::MemberKey;

/// So much that one member asks for waits ahead at most, while that is not known to be an admin: a person asks for one thing, then
/// for the next. The rest waits with the others.
const MOST_OF_ONE: usize = 2;

/// So many inputs of a platform are handed out before it is another's turn.
const TURN: isize = 64;

/// One job in its line.
struct Waiting {
    /// How many jobs had come before it.
    came: u64,
    inputs: usize,
    job: Job,
}

/// What waits of one platform, in its order.
struct Lane {
    platform: Arc<str>,
    jobs: VecDeque<Waiting>,
    inputs: usize,
    /// How many inputs it may hand out before it is another's turn; less than none after a large request.
    credit: isize,
}

impl Lane {
    /// How many of its inputs may be refused for one that has `own`. What came first stays.
    fn spare(&self, own: usize) -> usize {
        let first = self.jobs.front().map_or(0, |waiting| waiting.inputs);
        self.inputs.saturating_sub(own.max(first))
    }

    /// Whether its next came before this.
    fn is_before(&self, came: u64) -> bool {
        self.jobs.front().is_some_and(|waiting| waiting.came < came)
    }
}

/// Where the next job stands.
enum Next {
    First,
    Lane(usize),
    Rules,
}

#[derive(Default)]
pub(super) struct Queue {
    /// Those that go before the others, each with who asked for it and is not known to be an admin.
    first: VecDeque<(Job, Vec<MemberKey>)>,
    /// The others, by platform. One of which nothing waits keeps its place until another needs it.
    lanes: Vec<Lane>,
    /// Whose turn it is.
    turn: usize,
    /// How many jobs wait in lanes.
    waiting: usize,
    /// Other rules: handed out when all that came before them was, and before all that came after.
    rules: VecDeque<Waiting>,
    /// How many jobs have come.
    came: u64,
    /// The platform of what is of none.
    nobody: Arc<str>,
    /// How much of what waits ahead each of those asked for; nobody has 0.
    asking: HashMap<MemberKey, usize>,
    /// How much they all asked for.
    asked: usize,
    pub(super) inputs: usize,
    /// How many of them came from outside. What the daemon says to itself is never refused, and takes nobody's room.
    outside: usize,
    /// Inputs that were taken out last: done when the consumer comes for the next.
    pub(super) in_hand: usize,
    pub(super) closed: bool,
    /// Somebody has called the consumer since it last came.
    pub(super) called: bool,
}

impl Queue {
    /// Whether so many more may come in from outside, of at most `limit`; an empty queue takes any number.
    pub(super) fn has_room(&self, inputs: usize, limit: usize) -> bool {
        !self.closed && (self.outside == 0 || self.outside + inputs <= limit)
    }

    /// The same, or there would be room if those of whom more waits than of this platform made some.
    pub(super) fn may_have_room(&self, platform: &Arc<str>, inputs: usize, limit: usize) -> bool {
        self.has_room(inputs, limit)
            || !self.closed && {
                let own = self.own(platform, inputs);
                let spare: usize = self.lanes.iter().map(|lane| lane.spare(own)).sum();
                self.outside + inputs <= limit + spare
            }
    }

    /// Makes room for a job where other platforms have more waiting than its own: what came last of whoever has most is taken out,
    /// and to be refused. `None` where nobody has so much more.
    pub(super) fn make_room(&mut self, job: &Job, limit: usize) -> Option<Vec<Job>> {
        let (inputs, mut refused) = (job.weight(), Vec::new());
        if self.has_room(inputs, limit) {
            return Some(refused);
        }
        let platform = job.platform().unwrap_or(&self.nobody);
        if !self.may_have_room(platform, inputs, limit) {
            return None;
        }
        let own = self.own(platform, inputs);
        while !self.has_room(inputs, limit) {
            let longest = self.lanes.iter_mut().max_by_key(|lane| lane.spare(own))?;
            let last = longest.jobs.pop_back()?;
            longest.inputs -= last.inputs;
            self.inputs -= last.inputs;
            self.outside -= last.inputs;
            self.waiting -= 1;
            refused.push(last.job);
        }
        Some(refused)
    }

    /// How many inputs of a platform would wait with so many more.
    fn own(&self, platform: &Arc<str>, more: usize) -> usize {
        self.lane(platform).and_then(|lane| self.lanes.get(lane)).map_or(0, |lane| lane.inputs) + more
    }

    fn lane(&self, platform: &Arc<str>) -> Option<usize> {
        // Nearly always it is the same name in memory.
        self.lanes.iter().position(|lane| Arc::ptr_eq(&lane.platform, platform) || lane.platform == *platform)
    }

    /// Whether what these ask for, who are not known to be admins, may go ahead in a queue of this capacity: little of each, and
    /// half of what is kept for all.
    pub(super) fn may_go_ahead(&self, askers: &[MemberKey], capacity: usize) -> bool {
        let of_one = |asker: &MemberKey| {
            let more = askers.iter().filter(|other| *other == asker).count();
            self.asking.get(asker).copied().unwrap_or_default() + more
        };
        let most = (capacity / 20).max(1);
        askers.is_empty()
            || self.asked + askers.len() <= most && askers.iter().all(|asker| of_one(asker) <= MOST_OF_ONE)
    }

    /// Queues a job before the others.
    pub(super) fn push_first(&mut self, job: Job, askers: Vec<MemberKey>) {
        self.inputs += job.weight();
        if !job.is_own() {
            self.outside += job.weight();
        }
        self.asked += askers.len();
        askers.iter().for_each(|asker| *self.asking.entry(*asker).or_default() += 1);
        self.first.push_back((job, askers));
    }

    /// Queues a job behind the others of its platform.
    pub(super) fn push(&mut self, job: Job) {
        let waiting = Waiting { came: self.came, inputs: job.weight(), job };
        self.came += 1;
        self.inputs += waiting.inputs;
        if let Job::Rules(_) = waiting.job {
            self.rules.push_back(waiting);
            return;
        }
        self.outside += waiting.inputs;
        let platform = waiting.job.platform().unwrap_or(&self.nobody);
        let at = match self.lane(platform) {
            Some(at) => at,
            None => self.open_lane(platform.clone()),
        };
        if let Some(lane) = self.lanes.get_mut(at) {
            lane.inputs += waiting.inputs;
            lane.jobs.push_back(waiting);
            self.waiting += 1;
        }
    }

    /// A lane for another platform, in the place of one of which nothing waits where there is such.
    fn open_lane(&mut self, platform: Arc<str>) -> usize {
        if let Some(at) = self.lanes.iter().position(|lane| lane.jobs.is_empty()) {
            if let Some(lane) = self.lanes.get_mut(at) {
                (lane.platform, lane.credit) = (platform, 0);
            }
            return at;
        }
        self.lanes.push(Lane { platform, jobs: VecDeque::new(), inputs: 0, credit: 0 });
        self.lanes.len() - 1
    }

    /// Takes out jobs of at most `limit` inputs; one job may be larger, unless there is no room at all.
    pub(super) fn hand_out(&mut self, limit: usize) -> Vec<Job> {
        let (mut taken, mut inputs) = (Vec::new(), 0);
        while let Some((next, more)) = self.next().filter(|_| limit > 0) {
            if !taken.is_empty() && inputs + more > limit {
                break;
            }
            inputs += more;
            taken.extend(self.pop(&next));
        }
        self.inputs -= inputs;
        self.in_hand += inputs;
        taken
    }

    /// Where the next job stands, and how many inputs it is.
    fn next(&mut self) -> Option<(Next, usize)> {
        if let Some((job, _)) = self.first.front() {
            return Some((Next::First, job.weight()));
        }
        // What came after other rules waits for them.
        let rules = self.rules.front().map(|rules| (rules.came, rules.inputs));
        let before = rules.map_or(u64::MAX, |(came, _)| came);
        if self.waiting == 0 || rules.is_some() && !self.lanes.iter().any(|lane| lane.is_before(before)) {
            return rules.map(|(_, inputs)| (Next::Rules, inputs));
        }
        loop {
            let lane = self.lanes.get_mut(self.turn);
            match lane {
                Some(lane) if lane.credit > 0 && lane.is_before(before) => {
                    let inputs = lane.jobs.front().map_or(0, |waiting| waiting.inputs);
                    return Some((Next::Lane(self.turn), inputs));
                }
                // Its turn is over; what it had too much it gives back, what it did not need is not kept for it.
                Some(lane) => lane.credit = (lane.credit + TURN).min(TURN),
                None => {}
            }
            self.turn = if self.turn + 1 < self.lanes.len() { self.turn + 1 } else { 0 };
        }
    }

    fn pop(&mut self, next: &Next) -> Option<Job> {
        match next {
            Next::First => self.next_first(),
            Next::Rules => self.rules.pop_front().map(|waiting| waiting.job),
            Next::Lane(at) => {
                let lane = self.lanes.get_mut(*at)?;
                let waiting = lane.jobs.pop_front()?;
                lane.inputs -= waiting.inputs;
                self.outside -= waiting.inputs;
                lane.credit -= isize::try_from(waiting.inputs).unwrap_or(isize::MAX);
                self.waiting -= 1;
                Some(waiting.job)
            }
        }
    }

    /// The next of those that go before the others.
    fn next_first(&mut self) -> Option<Job> {
        let (job, askers) = self.first.pop_front()?;
        self.asked -= askers.len();
        if !job.is_own() {
            self.outside -= job.weight();
        }
        for asker in askers {
            if let Some(count) = self.asking.get_mut(&asker) {
                *count -= 1;
                if *count == 0 {
                    self.asking.remove(&asker);
                }
            }
        }
        Some(job)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.waiting == 0 && self.rules.is_empty()
    }

    /// Drops all that waits.
    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.lanes.clear();
        self.rules.clear();
        self.waiting = 0;
    }
}
