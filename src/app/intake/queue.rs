//! What waits, and in which order it is handed out.

use std::collections::{HashMap, VecDeque};

use super::Job;
use crate::domain::ids::MemberKey;

/// So much that one member asks for waits ahead at most, while that is not known to be an admin: a person asks for one thing, then
/// for the next. The rest waits with the others.
const MOST_OF_ONE: usize = 2;

#[derive(Default)]
pub(super) struct Queue {
    /// Those that go before the others, each with who asked for it and is not known to be an admin.
    first: VecDeque<(Job, Vec<MemberKey>)>,
    jobs: VecDeque<Job>,
    /// How much of what waits ahead each of those asked for; nobody has 0.
    asking: HashMap<MemberKey, usize>,
    /// How much they all asked for.
    asked: usize,
    pub(super) inputs: usize,
    /// Inputs that were taken out last: done when the consumer comes for the next.
    pub(super) in_hand: usize,
    pub(super) closed: bool,
    /// Somebody has called the consumer since it last came.
    pub(super) called: bool,
}

impl Queue {
    /// Whether so many more may come in, of at most `limit`; an empty queue takes any number.
    pub(super) fn has_room(&self, inputs: usize, limit: usize) -> bool {
        !self.closed && (self.inputs == 0 || self.inputs + inputs <= limit)
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
        self.inputs += job.len();
        self.asked += askers.len();
        askers.iter().for_each(|asker| *self.asking.entry(*asker).or_default() += 1);
        self.first.push_back((job, askers));
    }

    /// Queues a job behind the others.
    pub(super) fn push(&mut self, job: Job) {
        self.inputs += job.len();
        self.jobs.push_back(job);
    }

    /// Takes out jobs of at most `limit` inputs; one job may be larger, unless there is no room at all.
    pub(super) fn hand_out(&mut self, limit: usize) -> Vec<Job> {
        let (mut taken, mut inputs) = (Vec::new(), 0);
        loop {
            let next = self.first.front().map(|(job, _)| job).or_else(|| self.jobs.front());
            let Some(next) = next else { break };
            if limit == 0 || (!taken.is_empty() && inputs + next.len() > limit) {
                break;
            }
            inputs += next.len();
            taken.extend(self.next_first().or_else(|| self.jobs.pop_front()));
        }
        self.inputs -= inputs;
        self.in_hand += inputs;
        taken
    }

    /// The next of those that go before the others.
    fn next_first(&mut self) -> Option<Job> {
        let (job, askers) = self.first.pop_front()?;
        self.asked -= askers.len();
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
        self.first.is_empty() && self.jobs.is_empty()
    }

    /// Drops all that waits.
    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.jobs.clear();
    }
}
