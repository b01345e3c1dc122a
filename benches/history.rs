//! What many stored messages, and moving them into files of a day each, cost the messages that come: `cargo bench --bench history
//! [-- MESSAGES [ROUNDS]]`, by default 2 million, which take a minute and 1 GB of disk; 50 million take 15 GB. All of it is given
//! back.
//!
//! The engine as the daemon turns it, in this process, on real stores. In each round an empty store and the full one take the same
//! number of messages, in turns; only figures of the same run say something about each other.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program that measures and prints"
)]

mod load;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use load::engine::inbound;
use load::messages::Crowd;
use qunwei::app::engine::Engine;
use qunwei::app::intake::Job;
use qunwei::app::jobs::Jobs;
use qunwei::app::metrics::Metrics;
use qunwei::domain::policy::Settings;
use qunwei::domain::state::Limits;
use qunwei::ports::Clock;
use qunwei::serve::{SystemClock, open_store};
use qunwei::store::Keyring;

/// The days before today over which the stored messages are spread.
const DAYS: u64 = 20;
/// Messages in one commit: what 256 connections have waiting.
const BATCH: u64 = 256;
/// Commits in one round.
const COMMITS: u64 = 200;
/// How long days are moved at most.
const PATIENCE: Duration = Duration::from_secs(600);

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let (stored, rounds) = (numbers.first().copied().unwrap_or(2_000_000), numbers.get(1).copied().unwrap_or(7));
    let settings = qunwei::config::load(&load::root().join("config"), &|_| None).unwrap().settings;
    let (small, large) = (load::scratch_dir(), load::scratch_dir());
    let began = Instant::now();
    fill(large.path(), stored);
    println!(
        "{stored} messages of {DAYS} days in one database of {:.1} GB, made in {:.0} s; {rounds} rounds of {} messages, {BATCH} in a commit",
        load::database_gb(large.path()),
        began.elapsed().as_secs_f64(),
        COMMITS * BATCH
    );
    let mut empty = Side::new(&settings, small.path(), 1);
    let mut full = Side::new(&settings, large.path(), 2);

    let (mut of_empty, mut of_full) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        in_turns(round, || of_empty.push(empty.round(false)), || of_full.push(full.round(false)));
    }
    println!("\nnothing is moved");
    row("empty", &of_empty);
    row("full", &of_full);
    ratio(&of_full, &of_empty);

    let (mut beside, mut moving) = (Vec::new(), Vec::new());
    let began = Instant::now();
    let mut round = 0;
    while round < rounds || (full.files() == 0 && began.elapsed() < PATIENCE) {
        in_turns(round, || beside.push(empty.round(false)), || moving.push(full.round(true)));
        round += 1;
    }
    println!("\ndays are moved out of the full store meanwhile, {round} rounds");
    row("empty", &beside);
    row("full", &moving);
    ratio(&moving, &beside);
    let history = full.engine.store().history();
    println!(
        "  {} messages moved into {} files ({:.2} GB) in {:.0} s; the database has {:.1} GB",
        history.rows,
        history.files,
        history.bytes as f64 / 1e9,
        began.elapsed().as_secs_f64(),
        load::database_gb(large.path())
    );
    let worst = |rounds: &[Round]| rounds.iter().map(|round| round.longest).fold(0.0, f64::max);
    println!(
        "  longest wait for a commit: {:.1} ms while days are moved, {:.1} ms without, {:.1} ms on the empty store beside",
        worst(&moving),
        worst(&of_full),
        worst(&beside)
    );
}

/// Another one goes first each round.
fn in_turns(round: u64, one: impl FnOnce(), other: impl FnOnce()) {
    if round.is_multiple_of(2) {
        one();
        other();
    } else {
        other();
        one();
    }
}

struct Round {
    per_second: f64,
    /// Milliseconds between handing messages in and having them durable.
    p99: f64,
    longest: f64,
}

struct Side {
    engine: Engine,
    jobs: Jobs,
    crowd: Crowd,
    next: u64,
}

impl Side {
    fn new(settings: &Arc<Settings>, data: &Path, number: i64) -> Self {
        let (metrics, now) = (Arc::new(Metrics::new()), SystemClock.now());
        let store = Box::new(open_store(data, &Keyring::none()).unwrap());
        let mut engine = Engine::new(settings.clone(), store, metrics.clone(), Limits::default(), now).unwrap();
        engine.change_rules(settings.clone(), now).unwrap();
        let crowd = Crowd { groups: 200, members: 20_000, violation_every: 0, began: now.0 + number };
        Self { engine, jobs: Jobs::new(metrics), crowd, next: 0 }
    }

    fn files(&mut self) -> usize {
        self.engine.store().history().files
    }

    /// Commits one after the other, as under load; with the jobs between them, or without.
    fn round(&mut self, jobs: bool) -> Round {
        let mut batches: Vec<Vec<Job>> = (0..COMMITS).map(|_| self.batch()).collect();
        let mut waits = Vec::new();
        for batch in batches.drain(..) {
            // Who came while a slice was under way waited for it too.
            let handed_in = Instant::now();
            if jobs {
                self.jobs.step(&mut self.engine, SystemClock.now());
            }
            drop(self.engine.step(batch, SystemClock.now()));
            waits.push(handed_in.elapsed().as_secs_f64() * 1000.0);
        }
        assert_eq!(self.engine.trouble(), None);
        let per_second = (COMMITS * BATCH) as f64 * 1000.0 / waits.iter().sum::<f64>();
        waits.sort_by(f64::total_cmp);
        Round { per_second, p99: waits[waits.len() * 99 / 100], longest: *waits.last().unwrap() }
    }

    fn batch(&mut self) -> Vec<Job> {
        let first = self.next;
        self.next += BATCH;
        (first..self.next)
            .map(|n| {
                let events = vec![inbound(&self.crowd, n)];
                Job::Events { events, answer: tokio::sync::oneshot::channel().0 }
            })
            .collect()
    }
}

/// A store with so many messages on the days before today, written as fast as they can be.
fn fill(data: &Path, messages: u64) {
    let today = SystemClock.now().0;
    let crowd = Crowd { groups: 200, members: 20_000, violation_every: 0, began: today - 24 * 3600 * 1000 };
    let span = (DAYS * 24 * 3600 * 1000) as f64;
    // Making texts takes longer than writing them: a million different ones are enough.
    let texts: Vec<String> = (0..messages.min(1_000_000)).map(|n| crowd.event(n)).collect();
    load::engine::fill(data, messages, |seq| {
        let back = span * (1.0 - seq as f64 / messages as f64);
        (today - 24 * 3600 * 1000 - back as i64, &texts[(seq % texts.len() as u64) as usize])
    });
}

fn row(name: &str, rounds: &[Round]) {
    let spread = |of: fn(&Round) -> f64| load::spread(&rounds.iter().map(of).collect::<Vec<_>>());
    let [least, median, most] = spread(|round| round.per_second);
    let ([_, p99, _], [_, _, longest]) = (spread(|round| round.p99), spread(|round| round.longest));
    println!(
        "  {name:<6} messages/s min {least:>7.0}, median {median:>7.0}, max {most:>7.0}; p99 {p99:>6.2} ms, longest {longest:>6.1} ms"
    );
}

fn ratio(of: &[Round], to: &[Round]) {
    let ratios: Vec<f64> = of.iter().zip(to).map(|(of, to)| of.per_second / to.per_second).collect();
    let [least, median, most] = load::spread(&ratios);
    println!("  full to empty, same round: min {least:.2}, median {median:.2}, max {most:.2}");
}
