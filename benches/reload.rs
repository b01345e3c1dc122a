//! What a reload costs: how long messages take to be judged while configurations with 50,000 other words are compiled and put in
//! force again and again, beside the same without; how long one takes, how much memory, and how soon the daemon is ready with so
//! many. `cargo bench --bench reload [-- start|memory|judging]`; see `benches/load/README.md`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program that measures and prints"
)]

mod load;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use load::daemon::Daemon;
use load::messages::Crowd;
use load::proc::{forget_peak, status_mb};
use qunwei::adapters::inbound;
use qunwei::app::health::Health;
use qunwei::app::intake::Intake;
use qunwei::app::metrics::Metrics;
use qunwei::app::outbox::Pace;
use qunwei::app::reload::Reloader;
use qunwei::app::turning::{Rules, Sizes, Turning};
use qunwei::config::{self, Seen};
use qunwei::ports::Clock;
use qunwei::serve::{SystemClock, apart};
use qunwei::store::{Durability, Options, SqliteStore, pack_files};

/// The daemon's, for what one thread takes another one gives back here too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WORDS: usize = 50_000;
/// Words of the list that are others in the next version.
const CHANGED: usize = 50;
/// Versions of the list.
const VERSIONS: usize = 20;
const CHARACTERS: usize = 30;
/// From one message to the next.
const EACH: Duration = Duration::from_millis(2);
/// Each half of a round, and how many rounds there are.
const ROUND: Duration = Duration::from_secs(8);
const ROUNDS: usize = 5;
/// How often the daemon in a process of its own is started, and how often it then reads its configuration again.
const STARTS: usize = 5;
const RELOADS: usize = 8;
/// After so long it rests.
const SETTLED: Duration = Duration::from_secs(2);
/// Nobody listens there: no message breaks a rule, so nothing is sent.
const NOWHERE: &str = "http://127.0.0.1:9/";

fn main() {
    let parts: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|name| name == part);
    let dir = load::scratch_dir();
    let (lists, config) = (Lists::write(dir.path()), dir.path().join("config"));
    println!("{WORDS} words looked for in disguise too, beside the shipped rules (MB = 10⁶ bytes)");
    if wanted("start") {
        starts(&config);
    }
    if wanted("memory") {
        memory(&lists, &config);
    }
    if wanted("judging") {
        judging(&lists, &config);
    }
}

/// The shipped configuration and one more rule with a list of many words, of which there are some versions. They are looked for and
/// not told: of so many words out of all characters some sound like anything.
struct Lists {
    file: PathBuf,
    words: Vec<String>,
    version: AtomicUsize,
}

impl Lists {
    fn write(dir: &Path) -> Self {
        load::copy(&load::root().join("config"), &dir.join("config"));
        load::copy(&load::root().join("wordlists"), &dir.join("wordlists"));
        let rule = "[[rule]]\nname = \"bench.many\"\nkind = \"keywords\"\ntitle = \"很多词\"\nmode = \"off\"\nlists = [\"../wordlists/many.txt\"]\n";
        std::fs::write(dir.join("config/many.toml"), rule).unwrap();
        let main = dir.join("config/qunwei.toml");
        let asked_only = std::fs::read_to_string(&main).unwrap().replace("watch = true", "watch = false");
        std::fs::write(main, asked_only).unwrap();
        let words = load::words((WORDS + CHANGED * VERSIONS) as u64);
        let lists = Self { file: dir.join("wordlists/many.txt"), words, version: AtomicUsize::new(0) };
        lists.change();
        lists
    }

    /// Puts another version in the place of the last.
    fn change(&self) {
        let from = self.version.fetch_add(1, Ordering::Relaxed) % VERSIONS * CHANGED;
        let aside = self.file.with_extension("new");
        std::fs::write(&aside, self.words[from..from + WORDS].join("\n")).unwrap();
        std::fs::rename(aside, &self.file).unwrap();
    }
}

/// How soon the daemon is ready on an empty store, and again on what it left.
fn starts(config: &Path) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let data = load::scratch_dir();
        for ready in [&mut first, &mut second] {
            let began = Instant::now();
            let daemon = Daemon::start(config, data.path(), NOWHERE);
            while !daemon.is_ready() {
                std::thread::sleep(Duration::from_millis(1));
            }
            ready.push(began.elapsed().as_secs_f64() * 1e3);
            daemon.kill();
        }
    }
    for (when, ready) in [("on an empty store", first), ("on what it left", second)] {
        let [least, median, most] = load::spread(&ready);
        println!(
            "  started {when:<17} /readyz says 200 after {least:.0}|{median:.0}|{most:.0} ms (min|median|max of {STARTS})"
        );
    }
}

/// By how much a reload raises the memory of the daemon at rest, and how long it takes from the signal until its rules are in force.
fn memory(lists: &Lists, config: &Path) {
    let data = load::scratch_dir();
    let daemon = Daemon::start(config, data.path(), NOWHERE);
    let own = |field| status_mb(daemon.target.pid, field);
    let changed = || daemon.metric("qunwei_config_reloads_total", "changed");
    std::thread::sleep(SETTLED);
    let rest = own("VmRSS");
    let (mut took, mut rise) = (Vec::new(), Vec::new());
    for _ in 0..RELOADS {
        lists.change();
        std::thread::sleep(SETTLED); // what was written just now would be read twice
        forget_peak(daemon.target.pid);
        let (before, began) = (changed(), Instant::now());
        daemon.hang_up();
        while changed() == before {
            std::thread::sleep(Duration::from_millis(2));
        }
        took.push(began.elapsed().as_secs_f64() * 1e3);
        rise.push(own("VmHWM") - rest);
    }
    let [least, median, most] = load::spread(&took);
    println!(
        "  read again with other words, in force after {least:.0}|{median:.0}|{most:.0} ms (min|median|max of {RELOADS})"
    );
    std::thread::sleep(SETTLED);
    let ([_, median, most], after) = (load::spread(&rise), own("VmRSS"));
    println!(
        "  at rest {rest:.1} MB resident; highest while it is read again {median:.1} more (median; max {most:.1}); at rest after {RELOADS} times {after:.1}"
    );
}

/// What messages took, in microseconds.
#[derive(Default)]
struct Took {
    /// To be looked at, as the threads that bring messages do.
    looked: Vec<f64>,
    /// That, and the engine's turn.
    judged: Vec<f64>,
    /// From when it was due until it was judged: it may have waited for a core, and for new rules to be taken.
    waited: Vec<f64>,
}

fn judging(lists: &Lists, config: &Path) {
    let data = load::scratch_dir();
    let mut judge = Judge::begin(config, data.path());
    judge.speak(ROUND, || false);
    let (mut without, mut with, mut compiled) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        without.push(judge.speak(ROUND, || false));
        let (stop, intake) = (AtomicBool::new(false), judge.turning.intake.clone());
        std::thread::scope(|scope| {
            let reloads = scope.spawn(|| reload(lists, config, &intake, &stop));
            with.push(judge.speak(ROUND, || {
                stop.store(true, Ordering::Relaxed);
                !reloads.is_finished()
            }));
            compiled.extend(reloads.join().unwrap());
        });
        assert_eq!(judge.turning.engine.trouble(), None, "in round {round}");
    }
    let [least, median, most] = load::spread(&compiled);
    println!(
        "\nmessages of {CHARACTERS} characters, one each {} ms; {ROUNDS} rounds of {} s without reloads and as long with one after the other,",
        EACH.as_millis(),
        ROUND.as_secs()
    );
    println!("{} in all, each compiled in {least:.2}|{median:.2}|{most:.2} s (min|median|max)", compiled.len());
    println!(
        "  {:<28} {:>24} {:>24}  p99 with to without, same round: min|median|max",
        "µs, p50|p99|p99.9", "without", "with reloads"
    );
    tell("looking at it alone", &without, &with, |took| &took.looked);
    tell("all of judging", &without, &with, |took| &took.judged);
    tell("from when it was due", &without, &with, |took| &took.waited);
}

fn tell(what: &str, without: &[Took], with: &[Took], which: impl Fn(&Took) -> &Vec<f64>) {
    let all = |rounds: &[Took]| {
        let values: Vec<f64> = rounds.iter().flat_map(|round| which(round).iter().copied()).collect();
        [500, 990, 999].map(|part| format!("{:.0}", load::quantile(&values, part))).join("|")
    };
    let p99 = |took: &Took| load::quantile(which(took), 990);
    let ratios: Vec<f64> = without.iter().zip(with).map(|(without, with)| p99(with) / p99(without)).collect();
    let [least, median, most] = load::spread(&ratios);
    println!("  {what:<28} {:>24} {:>24}  {least:.2}|{median:.2}|{most:.2}", all(without), all(with));
}

/// Compiles one version after the other and puts it in force, until it is told to stop; how long each was compiled, in seconds.
fn reload(lists: &Lists, config: &Path, intake: &Intake, stop: &AtomicBool) -> Vec<f64> {
    let mut compiled = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        lists.change();
        let began = Instant::now();
        let path = config.to_owned();
        let read = apart(move || config::load_again(&path, &|_| None, &Seen::default(), &[])).blocking_recv().unwrap();
        compiled.push(began.elapsed().as_secs_f64());
        let Ok(config) = read.config else { panic!("the configuration is sound") };
        let changed = intake.change_rules(config.settings, pack_files(&config.files).unwrap()).unwrap();
        changed.blocking_recv().unwrap().unwrap();
    }
    compiled
}

/// The daemon's engine, turned by this thread, and messages that come to it.
struct Judge {
    turning: Turning,
    crowd: Crowd,
    platform: Arc<str>,
    next: u64,
}

impl Judge {
    fn begin(config: &Path, data: &Path) -> Self {
        let config = config::load(config, &|_| None).unwrap_or_else(|faults| panic!("{:?}", faults.first()));
        let store = SqliteStore::open(data, Options { durability: Durability::Scratch, ..Options::default() }).unwrap();
        let platform: Arc<str> = "example".into();
        let pace = Pace { idempotent: true, per_second: 10.0, per_group: None, pulls: false };
        let paces = HashMap::from([(platform.clone(), pace)]);
        let rules = Rules { settings: config.settings, files: &config.files, paces };
        let known = (Arc::new(Metrics::new()), Health::new(), Reloader::new().0);
        let turning = Turning::begin(rules, store, Sizes::with_queue(1000), Arc::new(SystemClock), known).unwrap();
        // Each message's time is about the one at which it comes.
        let began = SystemClock.now().0 + load::messages::SINCE_MS;
        Self { turning, crowd: Crowd { groups: 200, members: 20_000, violation_every: 0, began }, platform, next: 0 }
    }

    /// Messages come one by one at a steady pace for a while, and for as long after it as there is `more`.
    fn speak(&mut self, how_long: Duration, mut more: impl FnMut() -> bool) -> Took {
        let (mut took, mut due) = (Took::default(), Instant::now());
        let until = due + how_long;
        while due < until || more() {
            due += EACH;
            let json = self.crowd.event_of_length(self.next, CHARACTERS);
            self.next += 1;
            let event = inbound::one(&json, &self.platform, SystemClock.now()).unwrap();
            // As the daemon's engine waits: for the next message, or for new rules.
            while let Some(wait) = due.checked_duration_since(Instant::now()) {
                self.turning.turn(wait);
            }
            let began = Instant::now();
            let answer = self.turning.intake.submit(vec![event]).unwrap();
            let looked = began.elapsed();
            self.turning.turn(Duration::ZERO);
            let judged = began.elapsed();
            let waited = due.elapsed();
            answer.blocking_recv().unwrap();
            let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
            took.looked.push(micros(looked));
            took.judged.push(micros(judged));
            took.waited.push(micros(waited));
        }
        took
    }
}
