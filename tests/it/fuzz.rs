//! The entries of `fuzz/`, thrown at with seeded mutations of their corpus: what a coverage-guided fuzzer does better, but with any
//! compiler and the same each time. `QUNWEI_FUZZ_SECONDS` says for how long; so many inputs where it is not set. `QUNWEI_FUZZ_ONLY`: only entries of
//! these names, `xml,json`.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::fuzz_entries::{ENTRIES, Entry};
use crate::support::dice::Dice;
use crate::support::root;

/// No input grows beyond this.
const LARGEST: usize = 16 << 10;

/// Rounds of an entry where no time is set: the same on every machine.
const ROUNDS: u64 = 2_000;

/// What readers of these formats stumble over.
const WORDS: [&str; 32] = [
    "<![CDATA[",
    "]]>",
    "</",
    "/>",
    "<xml>",
    "</xml>",
    "<!--",
    "<!DOCTYPE",
    "<?",
    "&#x0;",
    "&#xd800;",
    "&amp;",
    "&x;",
    "<Item>",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\ud800",
    "\\u0000",
    "null",
    "-0",
    "1e999",
    "18446744073709551616",
    "%",
    "%ff",
    "\u{feff}",
    "@",
];

#[test]
fn fuzz_no_bytes_make_a_reader_fall() {
    let seed = std::env::var("QUNWEI_SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_126);
    let time =
        std::env::var("QUNWEI_FUZZ_SECONDS").ok().map(|text| Duration::from_secs(text.parse().expect("whole seconds")));
    let only = std::env::var("QUNWEI_FUZZ_ONLY").unwrap_or_default();
    let only: Vec<&str> = only.split(',').filter(|name| !name.is_empty()).collect();
    let entries: Vec<_> = ENTRIES.iter().filter(|(name, _)| only.is_empty() || only.contains(name)).collect();
    assert!(only.is_empty() || entries.len() == only.len(), "some of {only:?} are no entries");
    println!("seed {seed}");
    // As many at a time as there are cores, so that each has its seconds to itself.
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|threads| {
        for _ in 0..cores {
            threads.spawn(|| {
                while let Some((name, entry)) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    throw(name, *entry, seed, time);
                }
            });
        }
    });
}

#[test]
fn every_entry_is_a_target_of_the_fuzzer_too() {
    let manifest: toml::Table = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap().parse().unwrap();
    let targets: Vec<&str> =
        manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap()).collect();
    let names = ENTRIES.map(|(name, _)| name);
    assert_eq!(BTreeSet::from_iter(targets), BTreeSet::from(names));
    for name in names {
        let target = std::fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains("qunwei_fuzz::"), "{target}");
    }
}

fn throw(name: &str, entry: Entry, seed: u64, time: Option<Duration>) {
    let corpus = corpus(name);
    corpus.iter().for_each(|data| try_one(name, entry, data));
    let (mut dice, start, mut rounds) = (Dice::new(seed), Instant::now(), 0);
    while time.map_or(rounds < ROUNDS, |time| start.elapsed() < time) {
        try_one(name, entry, &mutated(&corpus, &mut dice));
        rounds += 1;
    }
    println!("{name}: {rounds} inputs from {} in {:?}", corpus.len(), start.elapsed());
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn try_one(name: &str, entry: Entry, data: &[u8]) {
    if let Err(fall) = catch_unwind(AssertUnwindSafe(|| entry(data))) {
        let folder = root().join("target/fuzz");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!(
            "{name}-{:x}.bin",
            data.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte))
        ));
        std::fs::write(&path, data).unwrap();
        eprintln!("the entry {name} fell; the input is in {}", path.display());
        std::panic::resume_unwind(fall);
    }
}

/// One of the corpus with a few things changed.
fn mutated(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut data = corpus[at(dice, corpus.len())].clone();
    for _ in 0..=dice.below(6) {
        let (from, other) = (at(dice, data.len() + 1), &corpus[at(dice, corpus.len())]);
        let to = (from + at(dice, 40)).min(data.len());
        match dice.below(8) {
            0 if !data.is_empty() => {
                let (place, bit) = (at(dice, data.len()), dice.below(8));
                data[place] ^= 1 << bit;
            }
            1 if !data.is_empty() => {
                let place = at(dice, data.len());
                data[place] = dice.roll().to_le_bytes()[0];
            }
            2 => {
                data.drain(from..to);
            }
            3 => {
                let piece = data[from..to].repeat(at(dice, 20));
                data.splice(from..from, piece);
            }
            4 => {
                let start = at(dice, other.len() + 1);
                data.splice(from..to, other[start..].iter().copied().take(200));
            }
            5 => data.truncate(from),
            _ => {
                let word = WORDS[at(dice, WORDS.len())];
                let times = if dice.percent(10) { at(dice, 300) } else { 1 };
                data.splice(from..from, word.repeat(times).into_bytes());
            }
        }
        data.truncate(LARGEST);
    }
    data
}

fn at(dice: &mut Dice, below: usize) -> usize {
    usize::try_from(dice.below(below.max(1) as u64)).unwrap()
}
