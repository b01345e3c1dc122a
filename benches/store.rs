//! How fast the store takes messages that break no rule, beside a bare table without event keys and beside itself with sealed texts
//! in the same run, and how fast it tells known events from new ones. `cargo bench --bench store [-- SECONDS]`; absolute figures mean little on a
//! busy machine, the ratios do.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program that measures and prints"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use qunwei::domain::ids::SeenKey;
use qunwei::domain::time::Timestamp;
use qunwei::ports::{Row, RowKind, Store, Unit};
use qunwei::store::{Keyring, Options, SqliteStore};
use rusqlite::{Connection, params};

const START: i64 = 1_800_000_000_000;

fn main() {
    let seconds: f64 = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1.0);
    let time = Duration::from_secs_f64(seconds);
    println!("rows/s, three rounds each, medians; a commit is durable when it returns");
    println!(
        "{:>8} {:>12} {:>12} {:>6} {:>14} {:>12} {:>13}",
        "rows", "store", "bare", "ratio", "store p99 µs", "sealed", "sealed/store"
    );
    for size in [1, 32, 256, 1024] {
        let mut rounds: Vec<(f64, f64, u128, f64)> = (0..3)
            .map(|_| {
                let (plain, p99) = with_dir(|dir| store(dir, size, time, Keyring::none()));
                let (bare, _) = with_dir(|dir| bare(dir, size, time));
                let (sealed, _) = with_dir(|dir| store(dir, size, time, Keyring::random().unwrap()));
                (plain, bare, p99, sealed)
            })
            .collect();
        rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (store, bare, p99, sealed) = rounds[1];
        let (ratio, cost) = (store / bare, sealed / store);
        println!("{size:>8} {store:>12.0} {bare:>12.0} {ratio:>6.2} {p99:>14} {sealed:>12.0} {cost:>13.2}");
    }
    with_dir(lookups);
}

fn with_dir<T>(run: impl FnOnce(&Path) -> T) -> T {
    let dir = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    run(dir.path())
}

fn unit(seq: u64) -> Unit {
    let text = "这是一条普通的群消息，没有违反任何规则。".repeat(2);
    let id = format!("m-{seq}");
    let body = format!(
        r#"{{"id":"{id}","type":"message","group":"g{}","sender":{{"id":"u{}"}},"text":"{text}"}}"#,
        seq % 200,
        seq % 20_000
    );
    let key = SeenKey::new("bridge", &id, &body);
    let platform: Arc<str> = "bridge".into();
    let at = Timestamp(START + (seq / 100).cast_signed());
    let row = Row { seq, at, kind: RowKind::Event, platform, time: None, body: body.into() };
    Unit { rows: vec![row], seen: vec![key], ..Unit::default() }
}

/// Rows per second of time spent in `commit`, and the 99th percentile of a commit in microseconds.
fn measure(size: u64, time: Duration, mut commit: impl FnMut(&[Unit])) -> (f64, u128) {
    let mut each = Vec::new();
    let mut seq = 0;
    while each.iter().sum::<Duration>() < time {
        let units: Vec<Unit> = (1..=size).map(|n| unit(seq + n)).collect();
        seq += size;
        let start = Instant::now();
        commit(&units);
        each.push(start.elapsed());
    }
    let total: Duration = each.iter().sum();
    each.sort();
    (seq as f64 / total.as_secs_f64(), each[each.len() * 99 / 100].as_micros())
}

fn store(dir: &Path, size: u64, time: Duration, keys: Keyring) -> (f64, u128) {
    let mut store = SqliteStore::open(dir, Options { keys, ..Options::default() }).unwrap();
    measure(size, time, |units| store.commit(units).unwrap())
}

fn bare(dir: &Path, size: u64, time: Duration) -> (f64, u128) {
    let mut conn = Connection::open(dir.join("bare.db")).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.pragma_update(None, "synchronous", "FULL").unwrap();
    let columns = "seq INTEGER PRIMARY KEY, at INTEGER, kind INTEGER, platform TEXT, time INTEGER, body TEXT";
    conn.execute_batch(&format!("CREATE TABLE t ({columns})")).unwrap();
    measure(size, time, |units| {
        let tx = conn.transaction().unwrap();
        {
            let mut insert = tx.prepare_cached("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6)").unwrap();
            for row in units.iter().flat_map(|unit| &unit.rows) {
                let values = params![row.seq.cast_signed(), row.at.0, 0, &*row.platform, None::<i64>, &*row.body];
                insert.execute(values).unwrap();
            }
        }
        tx.commit().unwrap();
    })
}

fn lookups(dir: &Path) {
    const KEYS: u64 = 3_000_000;
    let mut store = SqliteStore::open(dir, Options::default()).unwrap();
    let key = |n: u64| SeenKey::new("bridge", &format!("m-{n}"), "");
    for first in (0..KEYS).step_by(1000) {
        let seen = (first..first + 1000).map(key).collect();
        let platform: Arc<str> = "bridge".into();
        let at = Timestamp(START);
        let row = Row { seq: first + 1, at, kind: RowKind::Event, platform, time: None, body: "".into() };
        store.commit(&[Unit { rows: vec![row], seen, ..Unit::default() }]).unwrap();
    }
    let mut ask = |what: &str, first: u64, step: u64, found: bool| {
        const ASKED: u64 = 100_000;
        let keys: Vec<SeenKey> = (0..ASKED).map(|n| key(first + n * step)).collect();
        let start = Instant::now();
        let hits = keys.iter().filter(|key| store.seen(**key).unwrap().is_some()).count() as u64;
        assert_eq!(hits, if found { ASKED } else { 0 });
        println!("{what}: {:.2} µs each", start.elapsed().as_secs_f64() * 1e6 / ASKED as f64);
    };
    println!("asking whether an event was seen, {KEYS} keys in {} segments", KEYS / 114_000);
    ask("never seen", KEYS, 1, false);
    ask("seen at any time in the window", 0, KEYS / 100_000, true);
    ask("seen first of all", 0, 1, true);
}
