//! How a daemon of a simulation ends and begins again, and what is left when all is over.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{Coming, MINUTE, SECOND, World};
use crate::journal::run_again_knowing;
use crate::sim::bot::Mood;
use crate::sim::daemon::{Daemon, Down};
use crate::sim::locked::Handled;
use crate::sim::rules::versions;
use crate::sim::watch::Watch;
use crate::support::dump;

impl World<'_> {
    /// Drops everything that is not on the disk.
    pub(super) fn killed(&mut self, when: &str) {
        let Some(daemon) = self.daemon.take() else { return };
        self.say(format_args!("killed {when}"));
        self.counts.kills += 1;
        let Daemon { requests, turning, health, .. } = daemon;
        for (parcel, answering) in requests {
            drop(answering);
            if self.dice.percent(90) {
                let delay = self.millis(20_000);
                self.send_later(parcel, delay);
            }
        }
        drop((turning, health));
        self.forget_attempts();
        self.watched();
        if self.dice.percent(12) || self.told {
            self.compare();
        }
    }

    /// Who made attempts is gone.
    fn forget_attempts(&self) {
        let mut model = self.bots.lock();
        model.flying.clear();
        model.begun.clear();
        self.office.lock().calls.clear();
    }

    /// Before a start: with a wrong key or none it does not start, and nothing is changed; the key is changed now and then.
    fn handle_keys(&mut self) {
        let coin = self.dice.roll();
        match self.locks.handle(self.data.path(), coin) {
            Handled::Nothing => return,
            Handled::LockedOut => self.counts.locked_out += 1,
            Handled::Changed => self.counts.keys += 1,
        }
        self.say(format_args!("the key was handled"));
    }

    pub(super) fn start(&mut self) {
        self.handle_keys();
        let (place, keys) = (self.data.path(), self.locks.keys());
        let outside = (&self.bots, &self.office);
        match Daemon::start((place, &keys), self.rules, self.clock.clone(), outside, &self.faults) {
            Ok(daemon) => {
                let rules = self.rules;
                self.say(format_args!("started under {rules}"));
                self.daemon = Some(daemon);
                self.watch.get_or_insert_with(|| Watch::of(self.data.path(), &self.locks.all()));
            }
            Err(Down::Killed) => {
                self.say(format_args!("killed at its start"));
                self.counts.kills += 1;
                self.forget_attempts();
            }
            Err(Down::Refused(why)) => {
                self.say(format_args!("does not start: {why}"));
                self.counts.refusals_to_start += 1;
                self.pass(SECOND);
                if self.dice.percent(20) {
                    self.faults.set([]);
                }
            }
        }
    }

    /// Nothing fails any more; until all is done.
    pub(super) fn calm(&mut self) {
        self.say(format_args!("calm"));
        self.faults.set([]);
        self.moods.values_mut().for_each(|mood| *mood = Mood::Well);
        self.killed("for the last time");
        self.start();
        for round in 0..4000_u32 {
            self.turn();
            self.settle();
            self.deliver();
            self.fetch_all();
            self.happen();
            self.check();
            let pending = self.watch.as_ref().unwrap().states().get("pending").copied().unwrap_or(0);
            let open = self.daemon.as_ref().unwrap().requests.len();
            let sending = self.coming.values().any(|coming| matches!(coming, Coming::Sent(_)));
            if pending == 0 && open == 0 && !sending && self.overdue_none() {
                return;
            }
            let by = if round % 4 == 3 { 5 * MINUTE } else { Duration::from_millis(300) };
            self.pass(by);
        }
        let states = self.watch.as_ref().unwrap().states();
        panic!("it does not come to rest: {states:?}");
    }

    fn overdue_none(&self) -> bool {
        self.watch.as_ref().unwrap().overdue(self.now()) == 0
    }

    fn fetch_all(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        for leased in daemon.fetch(20) {
            let mut model = self.bots.lock();
            model.came(&leased.action, &leased.body);
            model.carry_out(&leased.action);
            let reply = model.said(&leased.action);
            drop(model);
            daemon.ack(&leased.action.id, reply);
        }
    }

    /// A fresh run of the journal gives the same state.
    pub(super) fn compare(&mut self) {
        if self.daemon.take().is_some() {
            self.forget_attempts();
        }
        let Some(watch) = &self.watch else { return };
        if watch.inputs.is_empty() {
            return;
        }
        self.counts.compared += 1;
        let known = versions().iter().map(|version| version.settings.clone());
        let again = tempfile::tempdir_in(self.data.path().parent().unwrap()).unwrap();
        let opened = self.locks.opened(self.data.path());
        let data = opened.as_ref().map_or(self.data.path(), TempDir::path);
        run_again_knowing(known, data, again.path());
        dump::assert_same(&state(data), &state(again.path()));
    }

    /// What is recorded of the actions is what the bots know.
    pub(super) fn check_ends(&mut self) {
        let model = self.bots.lock();
        for [id, state, error] in self.watch.as_ref().unwrap().actions() {
            let done = model.done.get(&*id).copied().unwrap_or(0);
            match state.as_str() {
                "done" => assert!(model.said.contains(&*id), "{id} is recorded as done and was never said to be"),
                "failed" | "expired" | "cancelled" | "observed" => {}
                "uncertain" => assert!(!error.is_empty(), "{id} is uncertain for no reason"),
                _ => panic!("{id} is {state} in the end"),
            }
            if state == "observed" {
                assert_eq!(done, 0, "{id} was only to be observed");
            }
        }
    }
}

/// The state, without what the journal does not say: that an attempt which was about to be made was surely not.
fn state(data: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let mut state = dump::state(data);
    for row in state.get_mut("outbox").unwrap() {
        let columns: Vec<&str> = row.splitn(6, " | ").collect();
        if columns[3] != "done" {
            *row = [&columns[..4], &columns[5..]].concat().join(" | ");
        }
    }
    state
}
