//! What systemd is told of a daemon that it started (`Type=notify`, `WatchdogSec=`): that it is ready, that it stops, and as
//! long as its engine turns, that it is alive. Without systemd nobody is told anything.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::serve::Running;

/// Who started the daemon and wants to know how it is.
pub(super) struct Supervisor {
    watchdog: Option<Interval>,
    /// How often the engine had turned when this was last asked.
    turns: u64,
}

impl Supervisor {
    /// As the environment names it. A watchdog is told twice within the time after which it acts.
    pub(super) fn from_environment() -> Self {
        let period = sd_notify::watchdog_enabled().map(|limit| (limit / 2).max(Duration::from_millis(1)));
        let watchdog = period.map(|period| {
            let mut watchdog = interval(period);
            watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
            watchdog
        });
        Self { watchdog, turns: 0 }
    }

    /// It takes requests from now on.
    pub(super) fn ready(&self) {
        say(NotifyState::Ready);
    }

    /// It ends what is under way.
    pub(super) fn stopping(&self) {
        say(NotifyState::Stopping);
    }

    /// Comes back whenever the watchdog is to be told something; never when there is none.
    pub(super) async fn due(&mut self) {
        match &mut self.watchdog {
            Some(watchdog) => drop(watchdog.tick().await),
            None => std::future::pending().await,
        }
    }

    /// Tells the watchdog that the daemon is alive, if its engine has turned since the last time: one that fell or hangs
    /// answers nobody any more, and is to be started anew.
    pub(super) fn alive(&mut self, running: &Running) {
        let turns = running.pulse().turns();
        if turns != self.turns {
            self.turns = turns;
            say(NotifyState::Watchdog);
        }
    }
}

fn say(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "whoever started the daemon ($NOTIFY_SOCKET) could not be told how it is");
    }
}
