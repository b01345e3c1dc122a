//! Alarms of what the daemon watches: who is silent, and the room on its disk.

use std::time::{Duration, Instant};

use qunwei::app::health::Health;
use qunwei::app::intake::{Inbound, Job};
use qunwei::domain::event::Event;
use qunwei::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::support::engine::Bench;
use crate::support::faulty::Fault;
use crate::support::{MORNING, World};

/// The company's place.
const PLACE: &str = "[daemon.alerts]\nplatform = \"example\"\ngroup = \"hq\"\n";

const MIB: u64 = 1 << 20;

/// The shipped configuration with a place where alarms are told, and so much room on the disk, in MiB.
async fn world(free: u64) -> World {
    let world = World::with(PLACE).await;
    world.turn(Duration::from_secs(3600)); // what it saw of the real disk is forgotten
    look(&world, free).await;
    world
}

/// Half a minute goes by, with so much room on the disk, in MiB; waits until the daemon has looked.
async fn look(world: &World, free: u64) {
    world.faults.set_free(free * MIB);
    world.turn(Duration::from_secs(30));
    until_metric(world, "qunwei_disk_free_bytes", (free * MIB) as f64).await;
    world.settled().await;
}

/// Waits until a metric has a value.
async fn until_metric(world: &World, name: &str, value: f64) {
    let start = Instant::now();
    loop {
        let (_, metrics) = world.admin("/metrics").await;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        if line.is_some_and(|now| now.parse::<f64>().unwrap() == value) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain for {name} {value}: {metrics}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn told(world: &World) -> Vec<String> {
    std::iter::from_fn(|| world.bot.read()).map(|action| format!("{} {}", action["group"], action["text"])).collect()
}

#[tokio::test]
async fn a_disk_that_fills_is_told_an_hour_ahead_and_when_there_is_room_again() {
    let world = world(10_000).await;
    for step in 0..20 {
        look(&world, 10_000 - 20 * step).await; // 40 a minute: full in four hours
    }
    assert_eq!(told(&world), Vec::<String>::new());
    let mut free = 9_600;
    let words = loop {
        free -= 100; // 200 a minute
        look(&world, free).await;
        let words = told(&world);
        if !words.is_empty() || free < 3_000 {
            break words;
        }
    };
    assert!(free > 5_000, "well before it is full: {free}");
    assert!(matches!(&words[..], [filling] if filling.contains("分钟后写满")), "{words:?}");
    let (status, ready) = world.admin("/readyz").await;
    assert!(status == 200 && ready.starts_with("ready\nnote: disk: full in about "), "ready all the same: {ready}");
    let (_, metrics) = world.admin("/metrics").await;
    let full_in = metrics.lines().find_map(|line| line.strip_prefix("qunwei_disk_full_in_seconds ")).unwrap();
    assert!(full_in.parse::<f64>().unwrap() < 3_600.0, "{full_in}");
    for _ in 0..70 {
        look(&world, 20_000).await;
    }
    let (_, ready) = world.admin("/readyz").await;
    let words = told(&world);
    assert!(ready == "ready\n" && matches!(&words[..], [well] if well.contains("空间够了")), "{ready} {words:?}");
    world.finish().await;
}

#[tokio::test]
async fn the_words_of_a_disk() {
    let world = world(10_000).await;
    for step in 0..14 {
        look(&world, 10_000 - 300 * step).await;
    }
    let words = told(&world);
    let [filling] = &words[..] else { panic!("told once: {words:?}") };
    assert!(filling.contains("\"hq\"") && filling.contains("【急】") && filling.contains("分钟后写满"), "{filling}");
    look(&world, 300).await;
    let words = told(&world);
    assert!(matches!(&words[..], [low] if low.contains("只剩 300 MB")), "{words:?}");
    let (_, ready) = world.admin("/readyz").await;
    assert_eq!(ready, "ready\nnote: disk: only 300 MiB are free\n");
    look(&world, 550).await; // hardly more than the limit: nobody is told back and forth
    assert_eq!(told(&world), Vec::<String>::new());
    world.turn(Duration::from_secs(3600)); // the trend of before is over
    look(&world, 20_000).await;
    let words = told(&world);
    assert!(matches!(&words[..], [well] if well.contains("够了，还剩 19.5 GB")), "{words:?}");
    world.finish().await;
}

#[tokio::test]
async fn one_large_file_and_a_disk_that_is_not_watched() {
    let world = world(10_000).await;
    let text = std::fs::read_to_string(world.file("config/qunwei.toml")).unwrap();
    world.write("config/qunwei.toml", &text.replace("low_mib = 512", "low_mib = 0"));
    world.running().reloader.reload().await.expect("it is sound");
    world.settled().await;
    assert_eq!(told(&world).len(), 1, "that the settings changed");
    for step in 0..30 {
        look(&world, if step < 15 { 10_000 } else { 200 }).await;
    }
    assert_eq!(told(&world), Vec::<String>::new(), "a large file, and no limit");
    world.finish().await;
}

/// A day of 10-minute steps: what came, and what was told at the company's place.
struct Weeks {
    bench: Bench,
    health: Health,
    now: Timestamp,
    sent: u64,
}

impl Weeks {
    fn new() -> Self {
        let mut bench = Bench::with(PLACE);
        let health = Health::new();
        bench.engine.keep_watch(health.clone()).unwrap();
        Self { bench, health, now: MORNING, sent: 0 }
    }

    /// So many steps of ten minutes; in those between 8 and 13 something comes from each of these groups.
    fn live(&mut self, steps: usize, groups: &[&str]) -> Vec<String> {
        let mut words = Vec::new();
        for _ in 0..steps {
            let hour = self.now.0 / 3_600_000 + 8;
            let awake = (8..13).contains(&(hour % 24));
            let jobs = groups.iter().filter(|_| awake).map(|group| self.message(group)).collect();
            self.now = self.now.plus(Duration::from_secs(600));
            words.extend(self.turn(jobs));
        }
        words
    }

    fn turn(&mut self, jobs: Vec<Job>) -> Vec<String> {
        let mut effects = self.bench.engine.step(jobs, self.now);
        self.bench.engine.look_around(self.now);
        effects.append(self.bench.engine.step(Vec::new(), self.now));
        let said = |action: &Value| format!("{} {}", action["group"], action["text"]);
        effects.acts.iter().map(|action| said(&serde_json::from_str(&action.to_json()).unwrap())).collect()
    }

    fn message(&mut self, group: &str) -> Job {
        self.sent += 1;
        let raw = json!({"id": format!("m-{}", self.sent), "type": "message", "group": group, "time": self.now.to_string(),
                         "sender": {"id": format!("u{}", self.sent % 50)}, "text": format!("第 {} 句", self.sent)});
        let raw = raw.to_string();
        let mut event = Event::parse(&raw).unwrap();
        event.platform = "example".into();
        let incoming = Inbound { event, raw: raw.into(), given_time: None, glance: None };
        Job::Events { events: vec![incoming], answer: tokio::sync::oneshot::channel().0 }
    }
}

/// Steps of a day.
const DAY: usize = 144;

#[test]
fn a_group_and_then_the_bridge_fall_silent_and_speak_again() {
    let mut weeks = Weeks::new();
    let all = ["g1", "g2"];
    assert_eq!(weeks.live(15 * DAY, &all), Vec::<String>::new(), "two weeks as ever");
    let words = weeks.live(DAY, &["g1"]);
    let [silent] = &words[..] else { panic!("told once: {words:?}") };
    assert!(silent.starts_with("\"hq\"") && silent.contains("这些群安静得远远超过平时：g2（"), "{silent}");
    let words = weeks.live(1, &all);
    assert!(matches!(&words[..], [back] if back.contains("又有消息了：g2（")), "{words:?}");
    assert_eq!(weeks.live(DAY, &all), Vec::<String>::new());
    weeks.bench.faults.set([Fault::Full]);
    assert_eq!(weeks.live(3 * DAY, &[]), Vec::<String>::new(), "what cannot be stored is nobody's silence");
    weeks.bench.faults.set([]);
    weeks.live(2, &all);
    let words = weeks.live(2 * DAY, &[]);
    let [dead] = &words[..] else { panic!("told once, and not of its groups: {words:?}") };
    assert!(dead.contains("【急】机器人 example 已经") && dead.contains("没有送来任何消息"), "{dead}");
    let noted = weeks.health.notes();
    let note = noted.iter().find(|note| note.starts_with("bridge.example: nothing has come since 2026-12-"));
    assert!(note.is_some(), "{noted:?}");
    weeks.bench.faults.set([Fault::Full]);
    let words = weeks.live(1, &all);
    assert_eq!(words, Vec::<String>::new(), "the store cannot be written now");
    weeks.bench.faults.set([]);
    weeks.now = weeks.now.plus(Duration::from_secs(2));
    let words = weeks.live(1, &all);
    assert!(matches!(&words[..], [back] if back.contains("机器人 example 又有消息了")), "kept for later: {words:?}");
    assert!(!weeks.health.notes().iter().any(|note| note.starts_with("bridge")), "{:?}", weeks.health.notes());
    assert!(weeks.bench.metrics.text().contains("qunwei_bridge_silent{bridge=\"example\"} 0"));
}

#[tokio::test]
async fn what_was_learned_is_there_after_a_restart() {
    let mut world = World::new().await;
    world.say("u1", "早").await;
    world.quiet().await;
    world.restart().await;
    let last = "qunwei_bridge_last_event_timestamp_seconds{bridge=\"example\"}";
    until_metric(&world, last, (MORNING.0 / 1000) as f64).await;
    world.finish().await;
}
