//! What the daemon watches besides its inputs: who is silent, the room on its disk, and its backups. What is worth an alarm is put before
//! the core as an input like any other, in the next turn; a store that is in trouble keeps it waiting, not lost.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use crate::app::backups::Backups;
use crate::app::disk::{self, Trend};
use crate::app::habits::Habits;
use crate::app::health::{self, Health};
use crate::app::intake::Job;
use crate::domain::alarm::{Alarm, Groups};
use crate::domain::core::Word;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;

/// How often it looks around.
const EVERY: Duration = Duration::from_secs(1);
/// So many looks in a row must agree that the disk will be full.
const AGREED: u32 = 3;
const MIB: u64 = 1 << 20;

/// What an engine watches when it has been told to.
pub(super) struct Lookout {
    habits: Habits,
    disk: Trend,
    backups: Backups,
    /// What operators know of the disk.
    told: DiskState,
    agreed: u32,
    health: Health,
    /// Bridges of whose silence there is a note.
    noted: Vec<Arc<str>>,
    looked: Option<Timestamp>,
    measured: Option<Timestamp>,
}

/// How the disk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum DiskState {
    #[default]
    Well,
    Filling,
    Low,
}

impl Engine {
    /// From now on it watches, and notes on `health` what it finds.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn keep_watch(&mut self, health: Health) -> Result<(), StoreError> {
        let mut habits = Habits::default();
        for piece in self.store.habits()? {
            habits.restore(&piece);
        }
        self.lookout = Some(Lookout {
            habits,
            disk: Trend::default(),
            backups: Backups::default(),
            told: DiskState::Well,
            agreed: 0,
            health,
            noted: Vec::new(),
            looked: None,
            measured: None,
        });
        Ok(())
    }

    /// Something came from a bridge.
    pub(super) fn heard(&mut self, bridge: &Arc<str>, group: &str, now: Timestamp) {
        if let Some(lookout) = &mut self.lookout {
            lookout.habits.note(bridge, group, now);
        }
    }

    /// Looks around, if it is time to.
    pub fn look_around(&mut self, now: Timestamp) {
        let Some(mut lookout) = self.lookout.take() else { return };
        let mut due = false;
        if !lookout.looked.is_some_and(|looked| now >= looked && now.since(looked) < EVERY) {
            lookout.looked = Some(now);
            self.look_for_silence(&mut lookout, now);
            self.look_at_disk(&mut lookout, now);
            self.look_after_backups(&mut lookout, now);
            due = true;
        }
        self.lookout = Some(lookout);
        self.tidy_now_and_then(now, due);
    }

    /// Writes all habits: for a stop.
    pub fn save_habits(&mut self) {
        if let Some(mut lookout) = self.lookout.take() {
            lookout.habits.write_all();
            while self.save_piece(&mut lookout) {}
            self.lookout = Some(lookout);
        }
    }

    fn look_for_silence(&mut self, lookout: &mut Lookout, now: Timestamp) {
        if self.trouble().is_some() {
            lookout.habits.deaf(); // it is we who refuse
            return;
        }
        for alarm in lookout.habits.turn(&self.core.settings, now) {
            log(&alarm);
            self.raise(alarm);
        }
        self.save_piece(lookout);
    }

    /// Writes the next piece of the habits; `false` when all are written, or one cannot be.
    fn save_piece(&mut self, lookout: &mut Lookout) -> bool {
        let Some((number, piece)) = lookout.habits.next_piece() else { return false };
        let saved = self.store.save_habits(number, &piece);
        if let Err(error) = &saved {
            tracing::warn!(%error, "the habits of groups were not written; they will be in an hour");
        }
        saved.is_ok()
    }

    fn look_at_disk(&mut self, lookout: &mut Lookout, now: Timestamp) {
        if lookout.measured.is_some_and(|measured| now >= measured && now.since(measured) < disk::EVERY) {
            return;
        }
        lookout.measured = Some(now);
        self.show_silences(lookout);
        let Some(free) = self.store.free_space() else { return };
        lookout.disk.add(now, free);
        let full_in = lookout.disk.full_in();
        if let Some(alarm) = self.judge_disk(lookout, free, full_in) {
            log(&alarm);
            self.raise(alarm);
        }
        self.metrics.disk(free, full_in);
    }

    /// Shows in metrics and notes who is silent now: also after a restart, and no longer when it is not configured any more.
    fn show_silences(&self, lookout: &mut Lookout) {
        let silences = lookout.habits.silences();
        self.metrics.silences(&silences);
        for bridge in lookout.noted.drain(..) {
            lookout.health.clear_note(&health::bridge(&bridge));
        }
        for silence in silences.into_iter().filter(|silence| silence.silent) {
            let note = format!("nothing has come since {}, far beyond its habit", silence.last);
            lookout.health.note(&health::bridge(&silence.bridge), note);
            lookout.noted.push(silence.bridge);
        }
    }

    /// Begins backups that are due; shows in metrics and notes how they stand.
    fn look_after_backups(&mut self, lookout: &mut Lookout, now: Timestamp) {
        for alarm in lookout.backups.turn(&self.core.settings, self.store.copier(), now) {
            log(&alarm);
            self.raise(alarm);
        }
        self.metrics.backups(lookout.backups.states());
        let mut notes = Vec::new();
        for one in lookout.backups.states() {
            notes.extend(one.wrong.as_ref().map(|why| format!("none was made in {}: {why}", one.folder)));
            notes.extend(one.left.as_ref().map(|why| format!("there are too many in {}: {why}", one.folder)));
        }
        match notes.is_empty() {
            true => lookout.health.clear_note(health::BACKUP),
            false => lookout.health.note(health::BACKUP, notes.join("; ")),
        }
    }

    /// What has become of the disk, if that is worth a word.
    fn judge_disk(&self, lookout: &mut Lookout, free: u64, full_in: Option<Duration>) -> Option<Alarm> {
        let limits = self.core.settings.disk;
        let mib = free / MIB;
        let soon = full_in.is_some_and(|time| time < limits.ahead);
        lookout.agreed = if soon { lookout.agreed + 1 } else { 0 };
        // It is well again only when there is clearly more room, so that nobody is told back and forth.
        let far = full_in.is_none_or(|time| time > 2 * limits.ahead);
        let state = match lookout.told {
            _ if mib < limits.low => DiskState::Low,
            DiskState::Low if mib < limits.low + limits.low / 4 => DiskState::Low,
            _ if lookout.agreed >= AGREED => DiskState::Filling,
            DiskState::Filling if !far => DiskState::Filling,
            _ => DiskState::Well,
        };
        let note = match (state, full_in) {
            (DiskState::Well, _) => None,
            (DiskState::Filling, Some(time)) if time < 2 * limits.ahead => {
                Some(format!("full in about {} minutes at this rate, {mib} MiB are free", time.as_secs() / 60))
            }
            (DiskState::Filling | DiskState::Low, _) => Some(format!("only {mib} MiB are free")),
        };
        match note {
            Some(note) => lookout.health.note(health::DISK, note),
            None => lookout.health.clear_note(health::DISK),
        }
        if std::mem::replace(&mut lookout.told, state) == state {
            return None;
        }
        Some(match state {
            DiskState::Well => Alarm::DiskWell { free: mib },
            DiskState::Filling => Alarm::DiskFilling { minutes: full_in.unwrap_or_default().as_secs() / 60, free: mib },
            DiskState::Low => Alarm::DiskLow { free: mib },
        })
    }

    fn raise(&mut self, alarm: Alarm) {
        self.deferred.push(Job::Told(Box::new(Word::Alarm(alarm))));
    }
}

fn log(alarm: &Alarm) {
    let groups = |groups: &Groups| {
        let named = groups.groups.iter().map(|(group, hours)| format!("{group} ({hours} h)"));
        named.chain((groups.more > 0).then(|| format!("{} more", groups.more))).collect::<Vec<_>>().join(", ")
    };
    match alarm {
        Alarm::BridgeSilent { bridge, minutes } => {
            tracing::error!(%bridge, minutes, "nothing has come from this bridge for far longer than usual; is its bot alive?");
        }
        Alarm::BridgeSpeaks { bridge, minutes } => tracing::info!(%bridge, minutes, "the bridge speaks again"),
        Alarm::GroupsSilent(silent) => {
            let (bridge, groups) = (&silent.bridge, groups(silent));
            tracing::warn!(%bridge, groups, "nothing has come from these groups for far longer than usual");
        }
        Alarm::GroupsSpeak(speak) => {
            tracing::info!(bridge = %speak.bridge, groups = groups(speak), "these groups speak again");
        }
        Alarm::DiskFilling { minutes, free } => {
            tracing::error!(minutes, free_mib = free, "the disk with the data will be full if it goes on like this");
        }
        Alarm::DiskLow { free } => tracing::error!(free_mib = free, "little is free on the disk with the data"),
        Alarm::BackupFailed { folder } => tracing::error!(%folder, "operators are told that there is no new backup"),
        Alarm::BackupWell { folder } => tracing::info!(%folder, "there is a new backup again"),
        Alarm::DiskWell { free } => tracing::info!(free_mib = free, "there is room enough on the disk again"),
    }
}
