//! What is to be done gets its turn: as long as a platform is well, something of it is tried, whatever becomes of the others.

use std::collections::BTreeMap;
use std::time::Duration;

/// Longer than any wait before an action is tried again, whatever a platform asked for.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// So often the daemon may be looked at meanwhile, for it may have been killed before what it began was recorded.
const MOST_LOOKS: u32 = 16;

/// How long there was something to be tried and nothing was, by platform.
#[derive(Default)]
pub struct Progress {
    /// How much time went by, whatever the clock says.
    passed: Duration,
    turns: u64,
    waits: BTreeMap<&'static str, Wait>,
}

#[derive(Clone, Copy)]
struct Wait {
    since: Duration,
    looks: u32,
    /// At the last of them.
    turns: u64,
}

impl Progress {
    pub fn pass(&mut self, by: Duration) {
        self.passed += by;
    }

    pub fn turned(&mut self) {
        self.turns += 1;
    }

    /// Something of a platform was tried, or there is nothing, or it cannot be.
    pub fn goes_on(&mut self, platform: &str) {
        self.waits.remove(platform);
    }

    /// The clock was changed: what waits may have to wait anew.
    pub fn begin_anew(&mut self) {
        self.waits.clear();
    }

    /// Something of a platform could be tried, and was not; fails when that has been so for too long.
    pub fn waits(&mut self, platform: &'static str, what: &str) {
        let now = self.passed;
        let wait = self.waits.entry(platform).or_insert(Wait { since: now, looks: 0, turns: 0 });
        if wait.turns == self.turns {
            return; // nothing could have come of the last look
        }
        (wait.turns, wait.looks) = (self.turns, wait.looks + 1);
        let long = now - wait.since;
        let late = long > LONGEST_WAIT && wait.looks > MOST_LOOKS;
        assert!(!late, "{platform} is well, and {what} was not tried for {long:?} and {} looks", wait.looks);
    }
}
