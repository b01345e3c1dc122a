//! How long nobody is answered while a member is erased: `cargo bench --bench erase [-- MESSAGES]`, by default 2 million, which take
//! a minute and 1 GB of disk; all of it is given back.
//!
//! The engine as the daemon turns it, in this process, on a real store: a batch of messages, what is done beside them, the next
//! batch. What is shown is the longest time from handing messages in to having them durable, before the erasure and during it.

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
use qunwei::app::health::Health;
use qunwei::app::intake::Job;
use qunwei::app::jobs::Jobs;
use qunwei::app::metrics::Metrics;
use qunwei::config;
use qunwei::domain::state::Limits;
use qunwei::ports::{Clock, Person};
use qunwei::serve::{SystemClock, open_store};
use qunwei::store::Keyring;

/// Messages in one commit.
const BATCH: u64 = 32;
/// Messages that are judged first, of which every twentieth leaves a case.
const JUDGED: u64 = 64_000;
/// Commits before the erasure, for comparison.
const BEFORE: usize = 1000;
/// From one batch to the next.
const PAUSE: Duration = Duration::from_millis(5);
/// How long an erasure may take.
const PATIENCE: Duration = Duration::from_secs(900);

fn main() {
    let stored = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(2_000_000);
    let data = load::scratch_dir();
    fill(data.path(), stored);
    let mut side = Side::new(data.path());
    while side.next < JUDGED {
        side.turn(20);
    }
    let size = load::database_gb(data.path());
    println!(
        "{stored} messages of today in a database of {size:.2} GB, {JUDGED} more of which every twentieth broke a rule"
    );
    let mut waits = Vec::new();
    for _ in 0..BEFORE {
        waits.push(side.turn(0));
        std::thread::sleep(PAUSE);
    }
    show("before", &mut waits);

    let began = Instant::now();
    let (answer, mut answered) = tokio::sync::oneshot::channel();
    let person = Person { platform: "example".into(), user: "wmXk00007919".into() };
    drop(side.engine.step(vec![Job::Erase { person, by: "bench".to_owned(), answer }], SystemClock.now()));
    let erasure = answered.try_recv().unwrap().unwrap();
    let first = began.elapsed();
    waits.push(first.as_secs_f64() * 1000.0);
    let no = erasure.no;
    let done = loop {
        waits.push(side.turn(0));
        let state = side.engine.store().erasure(no).unwrap().unwrap();
        if state.done.is_some() {
            break state;
        }
        assert!(began.elapsed() < PATIENCE, "{state:?}");
        std::thread::sleep(PAUSE);
    };
    println!("  asking took {:.0} ms, all of it {:.1} s", first.as_secs_f64() * 1000.0, began.elapsed().as_secs_f64());
    show("during", &mut waits);
    println!("  {:?}", done.rows);
}

fn show(when: &str, waits: &mut Vec<f64>) {
    waits.sort_by(f64::total_cmp);
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
    let (count, longest) = (waits.len(), waits[waits.len() - 1]);
    println!(
        "  {when}: {count} commits of {BATCH}, median {:.1} ms, p99 {:.1} ms, longest {longest:.1} ms",
        at(50),
        at(99)
    );
    waits.clear();
}

struct Side {
    engine: Engine,
    jobs: Jobs,
    crowd: Crowd,
    next: u64,
}

impl Side {
    fn new(data: &Path) -> Self {
        let settings = config::load(&load::root().join("config"), &|_| None).unwrap().settings;
        let (metrics, now) = (Arc::new(Metrics::new()), SystemClock.now());
        let store = Box::new(open_store(data, &Keyring::none()).unwrap());
        let mut engine = Engine::new(settings.clone(), store, metrics.clone(), Limits::default(), now).unwrap();
        engine.change_rules(settings, now).unwrap();
        engine.keep_watch(Health::default()).unwrap();
        let crowd = Crowd { groups: 200, members: 20_000, violation_every: 0, began: now.0 };
        Self { engine, jobs: Jobs::new(metrics), crowd, next: 0 }
    }

    /// Milliseconds from handing a batch in to having it durable, with what is done between two batches.
    fn turn(&mut self, violation_every: u64) -> f64 {
        self.crowd.violation_every = violation_every;
        let batch = self.batch();
        let handed_in = Instant::now();
        drop(self.engine.step(batch, SystemClock.now()));
        self.engine.look_around(SystemClock.now());
        self.jobs.step(&mut self.engine, SystemClock.now());
        assert_eq!(self.engine.trouble(), None);
        handed_in.elapsed().as_secs_f64() * 1000.0
    }

    fn batch(&mut self) -> Vec<Job> {
        let first = self.next;
        self.next += BATCH;
        let events = (first..self.next).map(|n| inbound(&self.crowd, n));
        vec![Job::Events { events: events.collect(), answer: tokio::sync::oneshot::channel().0 }]
    }
}

/// A store with so many messages of today, written as fast as they can be.
fn fill(data: &Path, messages: u64) {
    let now = SystemClock.now().0;
    let crowd = Crowd { groups: 200, members: 20_000, violation_every: 0, began: now - 3_600_000 };
    load::engine::fill(data, messages, |seq| (now, crowd.event(seq)));
}
