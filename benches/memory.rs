//! How much memory the real daemon takes, and how soon it is ready again after `kill -9`. `cargo bench --bench memory`; see
//! `benches/load/README.md`. Takes some minutes and 3 GB of disk, which it gives back.

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

use load::client::{Client, Round};
use load::daemon::Daemon;
use load::messages::Crowd;
use load::proc::status_mb;
use qunwei::domain::ids::SeenKey;
use qunwei::domain::time::Timestamp;
use qunwei::ports::{Change, MemberRef, Row, RowKind, Store, Unit};
use qunwei::store::{Durability, Options, SqliteStore};

const WORDS: u64 = 50_000;
const GROUPS: u64 = 10_000;
const MEMBERS: u64 = 200_000;
/// How often each member speaks: all of them together fill the windows.
const TIMES: u64 = 3;
const STORED: u64 = 5_000_000;
const PER_ARRAY: u64 = 500;
/// How often the daemon is killed.
const KILLS: usize = 3;
/// Nobody listens there: no message breaks a rule, so nothing is sent.
const NOWHERE: &str = "http://127.0.0.1:9/";

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("client") => return load::client::main(),
        Some("bare" | "sink") => return load::servers::main(),
        _ => {}
    }
    let config = load::scratch_dir();
    write_config(config.path());
    let config = config.path().join("config");

    println!("{WORDS} words, {GROUPS} groups, {MEMBERS} members who each spoke {TIMES} times (MB = 10⁶ bytes)");
    let empty = load::scratch_dir();
    let daemon = Daemon::start(&config, empty.path(), NOWHERE);
    tell("started on an empty store", &daemon);
    let small = speak(&daemon);
    daemon.kill();

    let data = load::scratch_dir();
    let began = Instant::now();
    store(data.path());
    println!("generated {STORED} memberships and {STORED} messages in {:.0} s", began.elapsed().as_secs_f64());
    let daemon = Daemon::start(&config, data.path(), NOWHERE);
    tell("started on the large store", &daemon);
    let large = speak(&daemon);
    println!("{STORED} stored memberships and messages add {:.1} MB", large - small);
    kills(daemon, &config, data.path());
}

/// The shipped configuration and one more rule with a list of many words, which is looked for and not told: of so many words
/// out of all characters some sound like anything.
fn write_config(dir: &Path) {
    load::copy(&load::root().join("config"), &dir.join("config"));
    load::copy(&load::root().join("wordlists"), &dir.join("wordlists"));
    std::fs::write(dir.join("wordlists/many.txt"), load::words(WORDS).join("\n")).unwrap();
    let rule = "[[rule]]\nname = \"bench.many\"\nkind = \"keywords\"\ntitle = \"很多词\"\nmode = \"off\"\nlists = [\"../wordlists/many.txt\"]\n";
    std::fs::write(dir.join("config/many.toml"), rule).unwrap();
}

fn crowd() -> Crowd {
    let began = jiff::Timestamp::now().as_millisecond();
    Crowd { groups: GROUPS, members: MEMBERS, violation_every: 0, began }
}

fn round(daemon: &Daemon, messages: u64) -> Round {
    let Crowd { groups, members, violation_every, began } = crowd();
    let crowd = (groups, members, violation_every, began);
    let count = messages / PER_ARRAY;
    Round { targets: vec![daemon.target], connections: 8, from: 0, count, events: PER_ARRAY, crowd }
}

/// Every member speaks; gives what the daemon then takes.
fn speak(daemon: &Daemon) -> f64 {
    let mut client = Client::start();
    let mut begun = round(daemon, MEMBERS);
    for turn in 1..=TIMES {
        let run = client.run(&begun)[0];
        begun.from += begun.count;
        let speed = run.per_second * PER_ARRAY as f64;
        assert_eq!(run.failed, 0, "some requests were refused");
        tell(&format!("each has spoken {turn} × ({speed:.0} messages/s)"), daemon);
    }
    std::thread::sleep(Duration::from_secs(3));
    tell("3 s later", daemon)
}

fn tell(when: &str, daemon: &Daemon) -> f64 {
    let field = |name| status_mb(daemon.target.pid, name);
    let rss = field("VmRSS");
    println!(
        "  {when:<44} {rss:>6.1} MB resident ({:.1} own, {:.1} of files), highest so far {:.1}; ready after {:.0} ms",
        field("RssAnon"),
        field("RssFile") + field("RssShmem"),
        field("VmHWM"),
        daemon.ready.as_secs_f64() * 1000.0
    );
    rss
}

/// Fills a store through its own interface, without waiting for the disk.
fn store(dir: &Path) {
    let options = Options { durability: Durability::Scratch, ..Options::default() };
    let mut store = SqliteStore::open(dir, options).unwrap();
    let platform: Arc<str> = "example".into();
    let per_group = STORED / GROUPS;
    let now = jiff::Timestamp::now().as_millisecond();
    for group in 0..GROUPS {
        let group: Arc<str> = format!("wrOgQhDgAA{group:06}").into();
        let change = |user: u64| {
            let member =
                MemberRef { platform: platform.clone(), group: group.clone(), user: format!("wmXx{user:08}").into() };
            let joined = Some(Timestamp(now - 86_400_000));
            Change::Membership { member, name: Some(format!("邻居{user}").into()), joined, left: None }
        };
        let changes = (0..per_group).map(change).collect();
        store.commit(&[Unit { changes, ..Unit::default() }]).unwrap();
    }
    // Half a day of messages, the last of them a minute ago.
    let crowd = Crowd { began: now - 43_200_000, ..crowd() };
    let apart = |seq: u64| Timestamp(now - 60_000 - ((STORED - seq) * 43_200_000 / STORED).cast_signed());
    for first in (1..=STORED).step_by(2000) {
        let mut unit = Unit::default();
        for seq in first..first + 2000 {
            let body = crowd.event(seq);
            unit.seen.push(SeenKey::new(&platform, &format!("m-{}-{seq}", crowd.began % 1_000_000_007), &body));
            let (platform, body) = (platform.clone(), body.into());
            unit.rows.push(Row { seq, at: apart(seq), kind: RowKind::Event, platform, time: None, body });
        }
        store.commit(&[unit]).unwrap();
    }
    let bytes = std::fs::metadata(dir.join("qunwei.db")).unwrap().len();
    println!("  the store has {:.2} GB", bytes as f64 / 1e9);
}

/// Kills the daemon while messages come in, and starts it again.
fn kills(mut daemon: Daemon, config: &Path, data: &Path) {
    for _ in 0..KILLS {
        let round = round(&daemon, 2 * MEMBERS);
        let client = std::thread::spawn(move || Client::start().run(&round)[0]);
        let accepted = daemon.metric("qunwei_events_total", "accepted");
        while daemon.metric("qunwei_events_total", "accepted") - accepted < (MEMBERS / 2) as f64 {
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon.kill();
        let run = client.join().unwrap();
        daemon = Daemon::start(config, data, NOWHERE);
        tell(&format!("killed with {} requests under way, started", run.failed), &daemon);
    }
}
