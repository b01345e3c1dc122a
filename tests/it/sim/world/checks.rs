//! What is looked at after every step.

use qunwei::app::outbox::Wellness;
use qunwei::domain::action::Action;
use serde_json::Value;

use super::{SECOND, World};
use crate::sim::bot::Mood;
use crate::sim::callers::Door;
use crate::sim::daemon::SIZES;
use crate::sim::people::{Parcel, Way};
use crate::sim::rules::FETCH;

impl World<'_> {
    /// What is tried is to be done: nothing recorded says that it has come to its end.
    pub(super) fn check_attempt(&mut self, action: &Action) {
        self.progress.goes_on(&action.platform);
        let state = self.watch.as_ref().and_then(|watch| watch.state_of(&action.id));
        let state = state.unwrap_or_default();
        // While the store cannot be read nobody knows what was cancelled by a commit that is said to have failed; and what is
        // written of it is true when it is durable.
        let engine = self.daemon.as_ref().map(|daemon| &daemon.turning.engine);
        let unknown = engine.is_some_and(|engine| engine.trouble().is_some() || engine.is_unsettled());
        let expected = state == "pending" || (state == "cancelled" && unknown);
        assert!(!self.faults.is_unsynced(&action.id), "{} is tried and not durable", action.id);
        assert!(expected, "{} is tried and recorded as {state}: {action:?}", action.id);
    }

    /// As long as a platform is well, something of it is tried.
    pub(super) fn check_progress(&mut self, platform: &'static str) {
        let (Some(daemon), Some(watch)) = (&self.daemon, &self.watch) else { return };
        let wellness = daemon.turning.outbox.lock().wellness(platform);
        let well = self.moods[platform] == Mood::Well || platform == FETCH; // which asks, whatever its mood
        if !well || matches!(wellness, None | Some(Wellness::Disabled | Wellness::Absent)) {
            return self.progress.goes_on(platform);
        }
        let engine = &daemon.turning.engine;
        if engine.trouble().is_some() || engine.is_unsettled() || !self.faults.is_sound() {
            return; // nothing may come of it now
        }
        let model = self.bots.lock();
        let untried = watch.to_be_done(platform, self.now()).into_iter().find(|id| !model.was_tried(id));
        drop(model);
        match untried {
            Some(id) => self.progress.waits(platform, &id),
            None => self.progress.goes_on(platform),
        }
    }

    pub(super) fn look_at_requests(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        let answers = daemon.answers();
        self.watched();
        for (parcel, status, body) in answers {
            let forged = matches!(parcel.way, Way::Callback { door: Door::Forged, .. });
            match (status, &parcel.way) {
                (200, _) if !forged => self.check_taken(parcel, &body),
                (401, _) if forged => self.counts.forged += 1,
                (503, _) if !forged => {
                    let delay = SECOND + self.millis(9000);
                    self.send_later(parcel, delay);
                }
                _ => panic!("{status} to {}: {}", parcel.body(), String::from_utf8_lossy(&body)),
            }
        }
    }

    /// What was answered 200 is durable.
    fn check_taken(&mut self, parcel: Parcel, body: &[u8]) {
        if matches!(parcel.way, Way::Bridge) {
            let said: Value = serde_json::from_slice(body).unwrap();
            let count = said["accepted"].as_u64().unwrap() + said["duplicates"].as_u64().unwrap();
            assert_eq!(count, parcel.events.len() as u64);
        }
        let watch = self.watch.as_ref().unwrap();
        let lost: Vec<&str> = parcel.ids().filter(|id| !watch.has_judged(parcel.platform, id)).collect();
        assert!(lost.is_empty(), "answered 200 and not in the journal: {lost:?}");
        let unsynced: Vec<&str> = parcel.ids().filter(|id| self.faults.is_unsynced(id)).collect();
        assert!(unsynced.is_empty(), "answered 200 and not durable: {unsynced:?}");
        self.answered.push(parcel);
    }

    pub(super) fn watched(&mut self) {
        if let Some(watch) = &mut self.watch {
            let faults = watch.look(&self.touched);
            assert_eq!(faults, Vec::<String>::new());
        }
    }

    pub(super) fn check(&mut self) {
        self.watched();
        let mut faults = std::mem::take(&mut self.bots.lock().faults);
        faults.append(&mut self.office.lock().faults);
        assert_eq!(faults, Vec::<String>::new());
        let Some(daemon) = &self.daemon else { return };
        let held = daemon.turning.outbox.lock().len();
        let most = SIZES.outbox + SIZES.outbox / 4; // what is urgent has a quarter more room
        assert!(held <= most, "{held} actions in memory");
        assert!(daemon.attempts() <= most, "{} attempts", daemon.attempts());
        let depth = daemon.turning.intake.depth();
        assert!(depth <= SIZES.queue + 3 * most, "{depth} inputs are queued");
    }
}
