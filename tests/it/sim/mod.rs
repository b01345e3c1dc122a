//! The whole daemon turned by one thread under one seed: its store and what the store does wrong, its platforms, its clock,
//! and `kill -9` in the middle of it all. What architecture.md promises is looked at after every step.
//!
//! `QUNWEI_SIM_SEEDS` says how many seeds are run, `QUNWEI_SIM_SEED` where they begin; `QUNWEI_SIM_STEPS` how long each run is.
//! `QUNWEI_SIM_TRACE=1` shows what happens in it, and keeps its data.

mod bot;
mod callers;
mod daemon;
mod locked;
mod office;
mod people;
mod progress;
mod rules;
mod watch;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::time::Instant;

use tokio::runtime::Builder;

use self::world::{Counts, World};

/// Seeds that found something once.
const KEPT: [u64; 5] = [1, 104, 109, 2010, 3036];

const STEPS: u64 = 500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// Says how to see it again, when a run fails.
struct Seed(u64, u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, steps) = self;
            eprintln!("QUNWEI_SIM_SEED={seed} QUNWEI_SIM_SEEDS=1 QUNWEI_SIM_STEPS={steps} shows it again");
        }
    }
}

fn run(seed: u64) -> Counts {
    let steps = number("QUNWEI_SIM_STEPS").unwrap_or(STEPS);
    let _shown = Seed(seed, steps);
    // Time goes on when it is told to, for what waits in the daemon as for its clock.
    let time = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let _inside = time.enter();
    World::new(seed, &time).run(steps)
}

#[test]
fn whatever_happens_the_promises_hold() {
    let seeds: Vec<u64> = match (number("QUNWEI_SIM_SEED"), number("QUNWEI_SIM_SEEDS")) {
        (None, None) => KEPT.into_iter().chain(100..103).collect(),
        (first, count) => {
            let first = first.unwrap_or(1000);
            (first..first + count.unwrap_or(1)).collect()
        }
    };
    rules::versions();
    let began = Instant::now();
    let mut all = Counts::default();
    let mut actions: BTreeMap<String, i64> = BTreeMap::new();
    for seed in &seeds {
        let counts = run(*seed);
        all.steps += counts.steps;
        all.answered += counts.answered;
        all.refused += counts.refused;
        all.kills += counts.kills;
        all.refusals_to_start += counts.refusals_to_start;
        all.failed_commits += counts.failed_commits;
        all.reloads += counts.reloads;
        all.cases += counts.cases;
        all.attempts += counts.attempts;
        all.compared += counts.compared;
        all.given_up += counts.given_up;
        all.forged += counts.forged;
        all.locked_out += counts.locked_out;
        all.keys += counts.keys;
        for (call, count) in counts.calls {
            *all.calls.entry(call).or_default() += count;
        }
        for (kind, count) in counts.inputs {
            *all.inputs.entry(kind).or_default() += count;
        }
        for (state, count) in counts.actions {
            *actions.entry(state).or_default() += count;
        }
    }
    all.actions = actions;
    println!("{} seeds from {} in {:.1} s: {all:?}", seeds.len(), seeds[0], began.elapsed().as_secs_f64());
    assert!(all.cases > 0 && all.kills > 0 && all.failed_commits > 0 && all.attempts > 0, "too little happened");
    if seeds.len() > KEPT.len() {
        assert!(all.forged > 0 && all.locked_out > 0 && all.keys > 0 && all.calls.len() > 9, "too little happened");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let (first, second) = (run(7), run(7));
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}
