//! The way in: a bounded queue in front of the one consumer. A tenth of it is kept for what the daemon says to itself
//! (outcomes, attempts) and for admins, and that goes first: a flood of messages never keeps an unmute from being recorded, nor
//! an admin from stopping it. Who is not known to be an admin has little of it. The rest is everybody's in equal parts: when it is
//! full, whoever has most waiting makes room for who has less, and platforms are handed out in turns.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

pub use crate::adapters::inbound::Inbound;
use crate::app::glances::Glances;
use crate::domain::action::{Action, ActionId, Outcome};
use crate::domain::case::Halt;
use crate::domain::core::Word;
use crate::domain::ids::MemberKey;
use crate::domain::policy::Settings;
use crate::ports::{Erasure, Mark, PackedFiles, Person};

mod orders;
mod queue;

use queue::Queue;

/// What became of the events of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All durable.
    Durable {
        /// How many are new.
        accepted: usize,
        /// How many were there already.
        duplicates: usize,
    },
    /// None is durable; the same request may be sent again later.
    Unavailable {
        /// Why, for the operator.
        reason: String,
    },
    /// None is durable: the queue was full, and others who had less in it needed the room. It may be sent again later.
    Displaced,
}

/// Requests that were written, and what each is told once that is durable. They are told together, by a thread of those that
/// carry the requests: one is woken for all of them, and what it took from memory it gives back itself.
#[derive(Debug, Default)]
pub struct Answers {
    events: Vec<(oneshot::Sender<Answer>, Answer, Vec<Inbound>)>,
    late: Vec<(oneshot::Sender<Option<LateAcks>>, LateAcks)>,
}

impl Answers {
    /// Room for so many.
    pub fn with_capacity(requests: usize) -> Self {
        Self { events: Vec::with_capacity(requests), late: Vec::new() }
    }

    /// Adds a request with its events, which are not needed any more.
    pub fn push(&mut self, request: oneshot::Sender<Answer>, answer: Answer, events: Vec<Inbound>) {
        self.events.push((request, answer, events));
    }

    /// Adds a bot's late words.
    pub fn push_late(&mut self, request: oneshot::Sender<Option<LateAcks>>, answer: LateAcks) {
        self.late.push((request, answer));
    }

    /// Tells them all. Who asked may have gone: no matter.
    pub fn tell(self) {
        for (request, answer, _) in self.events {
            let _ = request.send(answer);
        }
        for (request, answer) in self.late {
            let _ = request.send(Some(answer));
        }
    }

    /// It is not known to be durable after all: they are told to come again.
    pub fn refuse(self, reason: &str) {
        for (request, ..) in self.events {
            let _ = request.send(Answer::Unavailable { reason: reason.to_owned() });
        }
        for (request, _) in self.late {
            let _ = request.send(None);
        }
    }
}

/// One piece of work for the consumer: stands or falls whole.
#[derive(Debug)]
pub enum Job {
    /// The events of one request.
    Events {
        /// At least one.
        events: Vec<Inbound>,
        /// Told after the commit.
        answer: oneshot::Sender<Answer>,
    },
    /// The events that a reader found, and how far it has come with them: both or neither.
    Marked {
        /// May be none.
        events: Vec<Inbound>,
        /// How far.
        mark: Mark,
        /// Told after the commit.
        answer: oneshot::Sender<Answer>,
    },
    /// A reader asks how far it has come; told nothing when that cannot be read now.
    Mark {
        /// Of which source.
        source: Arc<str>,
        /// Told at once.
        answer: oneshot::Sender<Option<String>>,
    },
    /// An action is about to be tried, with this body; told `true` when that is durable.
    Attempt {
        /// The action.
        action: Arc<Action>,
        /// Its JSON from here on.
        body: Arc<str>,
    },
    /// An action that was recorded as about to be tried was surely not done, and will be tried again.
    Untried {
        /// The action.
        action: Arc<Action>,
    },
    /// An operator stops everything, or lets it go on.
    Pause {
        /// Which of the two, who and when.
        halt: Halt,
        /// Told `true` when it is durable; `false` when it cannot be.
        answer: oneshot::Sender<bool>,
    },
    /// A picture was read, or will not be.
    Picture {
        /// Which.
        id: Arc<str>,
        /// The event that says what was read, where something was.
        read: Option<Box<Inbound>>,
    },
    /// People are to be told what came of a reload.
    Told(Box<Word>),
    /// An action has come to its end.
    Outcome {
        /// The action.
        action: Arc<Action>,
        /// How.
        outcome: Outcome,
    },
    /// What a bot says came of actions that are not in the outbox any more.
    Late {
        /// Its platform.
        platform: Arc<str>,
        /// The actions; `None` for one that was not done and was to be tried again.
        acks: Vec<(ActionId, Option<Outcome>)>,
        /// Told when it is durable; `None` when it cannot be made so.
        answer: oneshot::Sender<Option<LateAcks>>,
    },
    /// A person is to be erased from all that is kept.
    Erase {
        /// Who.
        person: Person,
        /// Who asked for it.
        by: String,
        /// Told when it has begun; else why that is not so.
        answer: oneshot::Sender<Result<Erasure, String>>,
    },
    /// How far that has come.
    Erasure {
        /// By its number.
        no: u64,
        /// Told at once; `None` when there is no such one, or it cannot be read now.
        answer: oneshot::Sender<Option<Erasure>>,
    },
    /// Another version of the rules from here on.
    Rules(NewRules),
}

/// What became of a bot's late words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LateAcks {
    /// How many counted.
    pub accepted: usize,
    /// How many were about actions that had come to an end that stands.
    pub ended: usize,
    /// How many were about no action of this platform.
    pub unknown: usize,
}

/// Another version of the rules. What was queued before it is judged by the old one, what comes after by this one.
#[derive(Debug)]
pub struct NewRules {
    /// What messages are judged by.
    pub settings: Arc<Settings>,
    /// The files they were made of, to be kept under their version.
    pub files: PackedFiles,
    /// Told when the change is durable; else why it is not and the old rules still hold.
    pub answer: oneshot::Sender<Result<(), String>>,
}

impl Job {
    /// The action it is about, if one.
    pub fn action(&self) -> Option<&Arc<Action>> {
        match self {
            Job::Events { .. } | Job::Marked { .. } | Job::Mark { .. } | Job::Late { .. } => None,
            Job::Rules(_) | Job::Pause { .. } | Job::Told(_) | Job::Picture { .. } => None,
            Job::Erase { .. } | Job::Erasure { .. } => None,
            Job::Attempt { action, .. } | Job::Untried { action } | Job::Outcome { action, .. } => Some(action),
        }
    }

    /// How many inputs it is.
    pub fn len(&self) -> usize {
        match self {
            Job::Events { events, .. } => events.len(),
            Job::Marked { events, .. } => events.len().max(1),
            Job::Late { acks, .. } => acks.len().max(1),
            Job::Attempt { .. } | Job::Untried { .. } | Job::Outcome { .. } | Job::Mark { .. } => 1,
            Job::Rules(_) | Job::Pause { .. } | Job::Told(_) | Job::Picture { .. } => 1,
            Job::Erase { .. } | Job::Erasure { .. } => 1,
        }
    }

    /// How much of the queue it takes: the number of its inputs, large ones by their size.
    pub fn weight(&self) -> usize {
        match self {
            Job::Events { events, .. } | Job::Marked { events, .. } => weight(events).max(1),
            _ => self.len(),
        }
    }

    /// The platform whose it is, if it is of one.
    fn platform(&self) -> Option<&Arc<str>> {
        match self {
            Job::Events { events, .. } | Job::Marked { events, .. } => Some(&events.first()?.event.platform),
            _ => None,
        }
    }

    /// Whether the daemon says it to itself.
    fn is_own(&self) -> bool {
        match self {
            Job::Events { .. } | Job::Marked { .. } | Job::Mark { .. } | Job::Late { .. } => false,
            Job::Rules(_) | Job::Pause { .. } | Job::Told(_) | Job::Picture { .. } => true,
            Job::Erase { .. } | Job::Erasure { .. } => true,
            Job::Attempt { .. } | Job::Untried { .. } | Job::Outcome { .. } => true,
        }
    }

    /// It is not taken after all. Who cannot be told so hears nothing more, and asks again.
    fn displace(self) {
        if let Job::Events { answer, .. } | Job::Marked { answer, .. } = self {
            let _ = answer.send(Answer::Displaced); // who asked may have gone: no matter
        }
    }

    /// Whether it is no input at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An input takes one more place for each so many bytes, so that what waits is bounded in bytes too.
const PIECE: usize = 8 << 10;

/// How much of the queue these take.
fn weight(events: &[Inbound]) -> usize {
    events.iter().map(|incoming| 1 + incoming.raw.len() / PIECE).sum()
}

/// The queue is full, or the daemon is stopping.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

/// The queue. Clones share it.
#[derive(Clone)]
pub struct Intake {
    shared: Arc<Shared>,
    capacity: usize,
    /// Looks at messages while they wait.
    pub glances: Glances,
}

struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

impl Intake {
    /// A queue of at most `capacity` inputs (at least 10).
    pub fn new(capacity: usize) -> Self {
        let shared = Shared { queue: Mutex::default(), arrived: Condvar::new() };
        Self { shared: Arc::new(shared), capacity: capacity.max(10), glances: Glances::default() }
    }

    /// Hands in the events of one request; the receiver is told when they are durable.
    ///
    /// # Errors
    /// Nine tenths of the queue are taken (all of it, where the events are what admins ask for), and no other platform has much
    /// more of it than this one; or the daemon is stopping. An array larger than that still goes into an empty queue.
    pub fn submit(&self, mut events: Vec<Inbound>) -> Result<oneshot::Receiver<Answer>, Full> {
        self.look_ahead(&mut events)?;
        let (answer, answered) = oneshot::channel();
        self.offer(Job::Events { events, answer })?;
        Ok(answered)
    }

    /// Hands in what a reader found (it may be nothing), with how far it has come; the receiver is told when both are durable.
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub fn submit_marked(&self, mut events: Vec<Inbound>, mark: Mark) -> Result<oneshot::Receiver<Answer>, Full> {
        self.look_ahead(&mut events)?;
        let (answer, answered) = oneshot::channel();
        self.offer(Job::Marked { events, mark, answer })?;
        Ok(answered)
    }

    /// Asks how far the reader of a source has come. The receiver is told nothing (its sender is dropped) while the store
    /// cannot be read: then ask again.
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub fn mark(&self, source: Arc<str>) -> Result<oneshot::Receiver<Option<String>>, Full> {
        let (answer, answered) = oneshot::channel();
        self.offer(Job::Mark { source, answer })?;
        Ok(answered)
    }

    /// Hands in what a bot says came of actions that are not in the outbox any more; the receiver is told when it is durable.
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub fn late(
        &self,
        platform: Arc<str>,
        acks: Vec<(ActionId, Option<Outcome>)>,
    ) -> Result<oneshot::Receiver<Option<LateAcks>>, Full> {
        let (answer, answered) = oneshot::channel();
        self.offer(Job::Late { platform, acks, answer })?;
        Ok(answered)
    }

    /// Hands in another version of the rules; the receiver is told when it is durable.
    ///
    /// # Errors
    /// The daemon is stopping, or its engine has fallen.
    pub fn change_rules(
        &self,
        settings: Arc<Settings>,
        files: PackedFiles,
    ) -> Result<oneshot::Receiver<Result<(), String>>, Full> {
        let (answer, answered) = oneshot::channel();
        let mut queue = self.lock();
        if queue.closed {
            return Err(Full);
        }
        self.put(&mut queue, Job::Rules(NewRules { settings, files, answer }), None);
        Ok(answered)
    }

    /// Hands in what the daemon says to itself. Never refused: there is at most one such job for each action in flight,
    /// and those are bounded.
    pub fn tell(&self, job: Job) {
        let mut queue = self.lock();
        self.put(&mut queue, job, Some(Vec::new()));
    }

    /// Has the consumer look around, if it waits for jobs.
    pub fn call(&self) {
        self.lock().called = true;
        self.shared.arrived.notify_one();
    }

    /// How many inputs wait or are being worked on.
    pub fn depth(&self) -> usize {
        let queue = self.lock();
        queue.inputs + queue.in_hand
    }

    /// Takes no more events; what is queued is still handed out.
    pub fn close(&self) {
        self.lock().closed = true;
        self.shared.arrived.notify_all();
    }

    /// Takes no more events and drops what is queued, so that nobody waits for an answer that cannot come.
    pub fn abandon(&self) {
        self.close();
        let mut queue = self.lock();
        queue.clear();
    }

    /// Takes out jobs of at most `limit` inputs (one job may be larger), waiting up to `wait` for the first. Those taken
    /// before count as done.
    pub fn take(&self, limit: usize, wait: Duration) -> Vec<Job> {
        let mut queue = self.lock();
        queue.in_hand = 0;
        let called = std::mem::take(&mut queue.called);
        if queue.is_empty() && !called && !wait.is_zero() {
            let waited = self.shared.arrived.wait_timeout(queue, wait);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.called = false;
        }
        queue.hand_out(limit)
    }

    /// Takes out more jobs of at most `limit` inputs, without waiting, to be done together with those taken before.
    pub fn take_more(&self, limit: usize) -> Vec<Job> {
        self.lock().hand_out(limit)
    }

    /// Looks at events before they are queued, unless the queue is so full that they will hardly be.
    fn look_ahead(&self, events: &mut [Inbound]) -> Result<(), Full> {
        let Some(first) = events.first() else { return Ok(()) };
        if !self.lock().may_have_room(&first.event.platform, weight(events), self.capacity) {
            return Err(Full);
        }
        self.glances.look(events);
        Ok(())
    }

    /// Queues a job from outside, if there is room for it.
    fn offer(&self, job: Job) -> Result<(), Full> {
        let askers = match &job {
            Job::Events { events, .. } => orders::of(events, &self.glances),
            Job::Late { .. } => Some(Vec::new()), // what bots say of actions
            _ => None,
        };
        let mut queue = self.lock();
        let ahead = askers.filter(|askers| {
            let kept = if askers.is_empty() { 0 } else { self.capacity / 20 };
            queue.may_go_ahead(askers, self.capacity) && queue.has_room(job.weight(), self.capacity - kept)
        });
        if ahead.is_some() {
            self.put(&mut queue, job, ahead);
            return Ok(());
        }
        let displaced = queue.make_room(&job, self.capacity - self.capacity / 10).ok_or(Full)?;
        self.put(&mut queue, job, None);
        drop(queue);
        displaced.into_iter().for_each(Job::displace);
        Ok(())
    }

    /// Queues a job; where somebody's are given, before the others.
    fn put(&self, queue: &mut Queue, job: Job, ahead: Option<Vec<MemberKey>>) {
        let was_empty = queue.is_empty();
        match ahead {
            Some(askers) => queue.push_first(job, askers),
            None => queue.push(job),
        }
        if was_empty {
            self.shared.arrived.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic while the lock is held cannot leave the queue half changed in a way that matters.
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
