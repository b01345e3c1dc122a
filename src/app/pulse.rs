//! Whether the daemon is at work or waits for its clock: for those who move the clock, and for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use crate::app::deliver::SharedOutbox;
use crate::app::intake::Intake;
use crate::app::pictures::Pictures;
use crate::domain::time::Timestamp;

/// What tells whether something is going on. Clones share it.
#[derive(Clone)]
pub struct Pulse {
    intake: Intake,
    outbox: SharedOutbox,
    pictures: Pictures,
    next_timer: Arc<AtomicI64>,
    turns: Arc<AtomicU64>,
    unsettled: Arc<AtomicBool>,
}

impl Pulse {
    /// Of the daemon with this intake, this outbox and these pictures.
    pub fn new(intake: Intake, outbox: SharedOutbox, pictures: Pictures) -> Self {
        let next_timer = Arc::new(AtomicI64::new(i64::MIN));
        Self { intake, outbox, pictures, next_timer, turns: Arc::default(), unsettled: Arc::default() }
    }

    /// How often the engine has turned; it does so many times a second, also when there is nothing to do.
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// The engine has turned once, and says when its next timer is due and whether what it wrote is not durable yet.
    pub fn turned(&self, due: Option<Timestamp>, unsettled: bool) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        self.unsettled.store(unsettled, Ordering::SeqCst);
        self.next_timer.store(due.map_or(i64::MAX, |due| due.0), Ordering::SeqCst);
    }

    /// When the next timer is due, as far as the engine has said.
    pub fn next_timer(&self) -> Option<Timestamp> {
        let due = self.next_timer.load(Ordering::SeqCst);
        (due != i64::MAX && due != i64::MIN).then_some(Timestamp(due))
    }

    /// Whether nothing happens before the clock is later than `now`: no input is queued or waits for the disk, no timer is due, no
    /// action can go out, no picture is being read.
    pub fn only_waits(&self, now: Timestamp) -> bool {
        // In this order: what is taken from the queue is unsettled from then on, and what was read in a picture is queued before the
        // picture is done with; one that was asked for waits before what asked for it is settled.
        let read = self.pictures.is_empty();
        let at_rest = read && self.intake.depth() == 0 && !self.unsettled.load(Ordering::SeqCst);
        let at_rest = at_rest && self.pictures.is_empty();
        at_rest && self.next_timer.load(Ordering::SeqCst) > now.0 && self.outbox.lock().only_waits(now)
    }

    /// Whether there is also nothing left to be sent.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.only_waits(now) && self.outbox.lock().is_empty()
    }
}
