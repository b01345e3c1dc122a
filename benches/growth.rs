//! How the cost of a message grows with words, rules, groups and members: `cargo bench --bench growth [-- TABLE]`. Each row is a process
//! of its own, so that it begins with no memory of the one before; times are of this thread on its core, and beside each stands what
//! folding the same messages took then, so that rows say something about each other on a machine that others use too.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program that measures and prints"
)]

mod load;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use cpu_time::ThreadTime;
use load::messages::Crowd;
use load::proc::status_mb;
use qunwei::app::engine::Engine;
use qunwei::app::intake::{Inbound, Job};
use qunwei::app::metrics::Metrics;
use qunwei::domain::event::{Event, Kind, Message};
use qunwei::domain::rules::Scratch;
use qunwei::domain::state::Limits;
use qunwei::domain::text::Text;
use qunwei::domain::time::Timestamp;
use qunwei::store::{Durability, Options, SqliteStore};

/// Messages of one measurement, and in one commit.
const MESSAGES: u64 = 50_000;
const BATCH: u64 = 250;

/// One table: what grows, and its rows.
struct Table {
    name: &'static str,
    title: &'static str,
    rows: &'static [u64],
}

const TABLES: [Table; 5] = [
    Table {
        name: "words",
        title: "words of one list, found as they are written (`disguised = false`)",
        rows: &[1_000, 10_000, 100_000, 1_000_000],
    },
    Table {
        name: "disguised",
        title: "words of one list, found in disguise too",
        rows: &[1_000, 10_000, 50_000, 200_000],
    },
    Table {
        name: "rules",
        title: "rules beside those that are shipped, half lists of five words, half patterns",
        rows: &[0, 100, 1000],
    },
    Table {
        name: "groups",
        title: "groups in which 200,000 members speak, by the shipped rules",
        rows: &[10, 1_000, 10_000, 100_000],
    },
    Table {
        name: "members",
        title: "members of 1,000 groups, by the shipped rules",
        rows: &[1_000, 10_000, 100_000, 1_000_000],
    },
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if let [row, table, size] = &*args
        && row == "row"
    {
        return measure(table, size.parse().unwrap());
    }
    for table in TABLES.iter().filter(|table| args.is_empty() || args.iter().any(|name| *name == table.name)) {
        println!("\n{}", table.title);
        println!(
            "  {:>9} {:>12} {:>10} {:>12} {:>13} {:>13} {:>11}",
            table.name, "compiled in", "MB (rules)", "µs to find", "× folding it", "µs in engine", "MB (spoken)"
        );
        for size in table.rows {
            let done = Command::new(std::env::current_exe().unwrap())
                .args(["row", table.name, &size.to_string()])
                .status()
                .unwrap();
            assert!(done.success());
        }
    }
}

fn measure(table: &str, size: u64) {
    let dir = load::scratch_dir();
    write_config(dir.path(), table, size);
    let pid = std::process::id();
    let before = status_mb(pid, "RssAnon");
    let began = Instant::now();
    let config = qunwei::config::load(&dir.path().join("config"), &|_| None);
    let settings = config.unwrap_or_else(|faults| panic!("{:?}", faults.first())).settings;
    let (compiled, rules) = (began.elapsed().as_secs_f64(), status_mb(pid, "RssAnon") - before);
    let (groups, members) = match table {
        "groups" => (size, 200_000),
        "members" => (1_000, size),
        _ => (200, 20_000),
    };
    let crowd = Crowd { groups, members, violation_every: 0, began: 1_795_000_000_000 };
    let now = Timestamp(crowd.began);

    let messages: Vec<Message> = (0..MESSAGES / 5).map(|n| message(&crowd, n)).collect();
    let (fold, find) = find(&settings.rules, &messages);

    let store =
        SqliteStore::open(dir.path(), Options { durability: Durability::Scratch, ..Options::default() }).unwrap();
    let mut engine =
        Engine::new(settings.clone(), Box::new(store), Arc::new(Metrics::new()), Limits::default(), now).unwrap();
    engine.change_rules(settings, now).unwrap();
    // Everybody has spoken once before anything is measured.
    let warm = members.max(MESSAGES);
    speak(&mut engine, &crowd, 0..warm);
    let took = speak(&mut engine, &crowd, warm..warm + MESSAGES);
    assert_eq!(engine.trouble(), None);
    println!(
        "  {size:>9} {:>12} {rules:>10.1} {find:>12.2} {:>13.1} {took:>13.1} {:>11.1}",
        format!("{compiled:.2} s"),
        find / fold,
        status_mb(pid, "RssAnon")
    );
}

fn message(crowd: &Crowd, n: u64) -> Message {
    match event(crowd, n).event.kind {
        Kind::Message(message) => message,
        other => unreachable!("the crowd only speaks: {other:?}"),
    }
}

fn event(crowd: &Crowd, n: u64) -> Inbound {
    let raw: Arc<str> = crowd.event(n).into();
    let mut event = Event::parse(&raw).unwrap();
    event.platform = "example".into();
    Inbound { event, raw, given_time: None, glance: None }
}

/// Microseconds a message: folding it, and finding what is in it.
fn find(rules: &qunwei::domain::rules::Ruleset, messages: &[Message]) -> (f64, f64) {
    let (mut scratch, mut text) = (Scratch::default(), Text::default());
    let (mut fold, mut find) = (Vec::new(), Vec::new());
    for some in messages.chunks(1000) {
        let began = ThreadTime::now();
        some.iter().for_each(|message| text.set(&message.original()));
        fold.push(began.elapsed().as_nanos() as f64 / 1000.0 / some.len() as f64);
        let began = ThreadTime::now();
        some.iter().for_each(|message| rules.find(message, &mut scratch));
        find.push(began.elapsed().as_nanos() as f64 / 1000.0 / some.len() as f64);
    }
    (load::spread(&fold)[1], load::spread(&find)[1])
}

/// Hands these messages in; the median of the microseconds that one takes in the engine, commit included.
fn speak(engine: &mut Engine, crowd: &Crowd, which: std::ops::Range<u64>) -> f64 {
    let mut took = Vec::new();
    for first in which.step_by(BATCH as usize) {
        let jobs = (first..first + BATCH)
            .map(|n| Job::Events { events: vec![event(crowd, n)], answer: tokio::sync::oneshot::channel().0 });
        let jobs: Vec<Job> = jobs.collect();
        // A message comes when it was sent.
        let now = match &jobs[0] {
            Job::Events { events, .. } => events[0].event.time.unwrap(),
            _ => unreachable!(),
        };
        let began = ThreadTime::now();
        drop(engine.step(jobs, now));
        took.push(began.elapsed().as_nanos() as f64 / 1000.0 / BATCH as f64);
    }
    load::spread(&took)[1]
}

/// The shipped configuration with what grows; for lists of words nothing but them.
fn write_config(dir: &Path, table: &str, size: u64) {
    let (config, lists) = (dir.join("config"), dir.join("wordlists"));
    if matches!(table, "words" | "disguised") {
        std::fs::create_dir_all(&config).unwrap();
        std::fs::create_dir_all(&lists).unwrap();
        std::fs::write(lists.join("many.txt"), load::words(size).join("\n")).unwrap();
        let disguised = table == "disguised";
        let rule = format!(
            "[[rule]]\nname = \"many\"\nkind = \"keywords\"\ntitle = \"很多词\"\nverdict = \"review\"\nmode = \"observe\"\n\
             disguised = {disguised}\nlists = [\"../wordlists/many.txt\"]\n"
        );
        std::fs::write(config.join("rules.toml"), rule).unwrap();
        return;
    }
    load::copy(&load::root().join("config"), &config);
    load::copy(&load::root().join("wordlists"), &lists);
    if table == "rules" {
        let words = load::words(size * 5);
        let rules = (0..size).map(|n| {
            let own = &words[n as usize * 5..n as usize * 5 + 5];
            let of = match n % 2 {
                0 => format!("kind = \"keywords\"\nwords = {own:?}"),
                _ => format!("kind = \"regex\"\npatterns = ['{}.{{0,6}}[0-9]{{5,}}']", own[0]),
            };
            format!("[[rule]]\nname = \"more.r{n}\"\ntitle = \"更多\"\nmode = \"observe\"\n{of}\n")
        });
        std::fs::write(config.join("more.toml"), rules.collect::<String>()).unwrap();
    }
}
