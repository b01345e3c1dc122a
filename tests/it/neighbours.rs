//! Bad neighbours: a bridge that floods, one that never answers, rules at their limits, a webhook that is sent garbage. The others
//! hardly notice: how long they wait is compared with how long they wait in calm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::overload::{Flood, Of};
use crate::soak::number;
use crate::support::daemon::{Daemon, Home, client, send, send_to};
use crate::support::sink::{Sink, black_hole, percentiles};
use crate::support::until_within;

const PATIENCE: Duration = Duration::from_secs(60);
/// The others wait at most so many times as long as in calm …
const TIMES: u32 = 10;
/// … or so long in the middle, and so long in one of twenty cases.
const WIDE: Took = (Duration::from_millis(500), Duration::from_secs(1));
/// A bridge that floods has them wait for what is in hand, and for what is handed out in turns with theirs: tens of messages that a build
/// for tests judges in some hundredths of a second each, on a machine that does other things too. A deed is three such turns.
const WIDE_IN_A_FLOOD: Took = (Duration::from_secs(2), Duration::from_secs(4));
const DEED: u32 = 3;
/// So many groups of the dead bridge, and so many violations in each.
const DEAD_GROUPS: u64 = 300;
const DEAD_EACH: u64 = 6;
const VIOLATION: &str = "兼职刷单日结，加薇信 abc12345";

fn bridges(dead: &str) -> String {
    let bridge = |name: &str, url: &str| {
        format!(
            "[bridge.{name}]\nsecret_env = \"QUNWEI_EXAMPLE_SECRET\"\nactions_url = \"{url}\"\n\
             capabilities = [\"send\", \"private\", \"delete\", \"mute\", \"remove\", \"task\", \"idempotent\"]\n"
        )
    };
    format!("{}{}", bridge("dead", dead), bridge("noisy", dead))
}

/// How long things take: the middle, and what only one in twenty exceeds.
type Took = (Duration, Duration);

/// Somebody's ordinary day: how long a message takes to be answered, and a violation to be acted on.
struct Quiet<'a> {
    daemon: &'a Daemon,
    sink: &'a Sink,
    sent: u64,
}

impl Quiet<'_> {
    /// The two. Nothing of it is refused.
    async fn lives(&mut self, what: &str) -> (Took, Took) {
        let rounds = 36 * number("QUNWEI_SOAK_SECONDS").unwrap_or(4) / 4;
        let (http, mut answered, mut asked) = (client(), Vec::new(), Vec::new());
        for round in 0..rounds {
            let violates = round % 6 == 0;
            let text = match round % 6 {
                0 => VIOLATION.to_owned(),
                1 => "今天第7次经过小区门口的时候看见两只猫在晒太阳，".repeat(8), // long enough for any pattern
                _ => "今天天气不错".to_owned(),
            };
            let began = Instant::now();
            let id = self.says(&http, &text, what).await;
            answered.push(began.elapsed());
            if violates {
                asked.push((id, began));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let acted =
            || asked.iter().map(|(id, began)| Some(self.sink.came(id, "private")?.duration_since(*began))).collect();
        let acted: Vec<Duration> = until_within(PATIENCE, "violations are acted on", acted).await;
        let (answered, acted) = (percentiles(answered), percentiles(acted));
        println!("{what}: answered in {answered:?}, acted on in {acted:?} (middle, one in twenty)");
        (answered, acted)
    }

    /// Says one thing, which is taken; its id.
    async fn says(&mut self, http: &reqwest::Client, text: &str, what: &str) -> String {
        self.sent += 1;
        let id = format!("q-{}", self.sent);
        let group = format!("q{}", self.sent % 40);
        let event = json!({"id": id, "type": "message", "group": group, "sender": {"id": id}, "text": text});
        let (status, answer) = send(http, self.daemon.listen, &id, &event.to_string()).await.expect("an answer");
        assert_eq!(status, 200, "{what}: {answer}");
        id
    }
}

/// A number among the metrics.
async fn counted(daemon: &Daemon, line: &str) -> f64 {
    let (_, numbers) = daemon.admin("/metrics").await;
    let value = numbers.lines().find_map(|one| one.strip_prefix(line)?.trim().parse().ok());
    value.unwrap_or_default()
}

/// Waits until a number among the metrics is at least so much.
async fn reaches(daemon: &Daemon, line: &str, least: f64) {
    let (limit, began) = (Duration::from_secs(150), Instant::now());
    while counted(daemon, line).await < least {
        assert!(began.elapsed() < limit, "{line} does not reach {least}: {}", daemon.admin("/metrics").await.1);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What a bridge brings whose bot takes nothing any more: thousands of actions, of many groups.
async fn die(daemon: &Daemon) {
    let http = client();
    for round in 0..DEAD_EACH {
        for part in 0..DEAD_GROUPS / 25 {
            let event = |at: u64| {
                let (id, group) = (format!("d-{round}-{part}-{at}"), format!("d{}", part * 25 + at));
                json!({"id": id, "type": "message", "group": group, "sender": {"id": id}, "text": VIOLATION})
            };
            let body = Value::Array((0..25).map(event).collect()).to_string();
            assert_eq!(send_to(&http, daemon.listen, "dead", "dead", &body).await.unwrap().0, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_others_hardly_notice() {
    let sink = Sink::start().await;
    let mut home = Home::light();
    home.actions_url = sink.url.clone();
    home.write("config/zz-bridges.toml", &bridges(&black_hole().await));
    home.edit("config/qunwei.toml", "actions_per_second = 20", "actions_per_second = 500");
    home.edit("config/qunwei.toml", "queue = 16384", "queue = 64");
    let daemon = home.start().await;
    let mut quiet = Quiet { daemon: &daemon, sink: &sink, sent: 0 };
    quiet.lives("at first").await;
    let calm = quiet.lives("calm").await;
    let mut all = Vec::new();

    let flood = Flood::begin(&daemon, "noisy", Of::Chatter);
    flood.is_too_much().await;
    all.push(("a bridge floods", WIDE_IN_A_FLOOD, quiet.lives("a bridge floods").await));
    let (accepted, refused, _) = flood.end().await;
    println!("{accepted} requests of the flood were taken, {refused} refused");
    assert!(accepted > 0 && refused > accepted, "it was too much");

    die(&daemon).await;
    // Its actions are tried, in vain: the first of them have been given up.
    reaches(&daemon, AGAIN, 10.0).await;
    all.push(("a bridge never answers", WIDE, quiet.lives("a bridge never answers").await));
    let waiting = counted(&daemon, "qunwei_outbox_depth_actions").await;
    assert!(waiting > 1000.0, "{waiting} actions wait");

    let over = Arc::new(AtomicBool::new(false));
    let garbage = tokio::spawn(garbage(daemon.listen, over.clone()));
    all.push(("a webhook is sent garbage", WIDE, quiet.lives("a webhook is sent garbage").await));
    over.store(true, Ordering::Relaxed);
    println!("{} requests of garbage", garbage.await.unwrap());

    let words: String = (0..40_000_u32).map(|at| format!("今天天气{at}好\n")).collect();
    home.write("wordlists/zz-many.txt", &words);
    home.write("config/zz-heavy.toml", HEAVY_RULES);
    reaches(&daemon, RELOADS, 1.0).await;
    // They are really looked for, each of them.
    let matches = "门口的猫".repeat(40) + "12a";
    for text in ["今天天气17好", &*matches] {
        let id = quiet.says(&client(), text, "a heavy rule").await;
        until_within(PATIENCE, "a heavy rule finds it", || sink.came(&id, "private")).await;
    }
    all.push(("rules at their limits", WIDE, quiet.lives("rules at their limits").await));

    for (what, wide, (answered, acted)) in all {
        let times = |now: Took, then: Took| now.0.as_secs_f64() / then.0.as_secs_f64().max(1e-6);
        println!(
            "{what}: {:.1} times as long to an answer, {:.1} to a deed",
            times(answered, calm.0),
            times(acted, calm.1)
        );
        let bound = |calm: Took, turns| ((wide.0 * turns).max(calm.0 * TIMES), (wide.1 * turns).max(calm.1 * TIMES));
        for (deed, now, bound) in [("an answer", answered, bound(calm.0, 1)), ("a deed", acted, bound(calm.1, DEED))] {
            assert!(now.0 < bound.0 && now.1 < bound.1, "{what}: {now:?} to {deed}, at most {bound:?}");
        }
    }
    daemon.stop().await;
}

/// Changes of the rules that were taken.
const RELOADS: &str = "qunwei_config_reloads_total{outcome=\"changed\"}";
/// Attempts that were not the first: those of the dead bridge, whose first was given up.
const AGAIN: &str = "qunwei_retries_total";

/// A pattern of nearly the size that is allowed, which is tried on every text because no letter stands in all of its matches, and a
/// long list of words that begin as much that is said does.
const HEAVY_RULES: &str = r#"
[[rule]]
name = "heavy.pattern"
kind = "regex"
title = "很重的规则"
patterns = ['[一-龥a-z0-9].{60}[一-龥].{60}[0-9]{2}[a-f]']
[[rule]]
name = "heavy.words"
kind = "keywords"
title = "很长的词表"
lists = ["../wordlists/zz-many.txt"]
hit = ["今天天气17好"]
"#;

/// Bodies that are no JSON, no UTF-8, too large, unsigned, and connections that never say what they want.
async fn garbage(listen: std::net::SocketAddr, over: Arc<AtomicBool>) -> u64 {
    let (http, mut round, mut open) = (client(), 0_u64, Vec::new());
    while !over.load(Ordering::Relaxed) {
        round += 1;
        if round % 4 == 0 && open.len() < 200 {
            let mut stream = TcpStream::connect(listen).await.unwrap();
            stream.write_all(b"POST /hooks/bridge/noisy HTTP/1.1\r\ncontent-length: 9").await.ok();
            open.push(stream);
        }
        match round % 5 {
            0 => drop(send_to(&http, listen, "noisy", "x", &"[".repeat(100_000)).await),
            1 => drop(send_to(&http, listen, "noisy", "x", "{\"id\":").await),
            2 => drop(send_to(&http, listen, "noisy", "x", &"x".repeat(1 << 20)).await),
            3 => drop(http.post(format!("http://{listen}/hooks/bridge/noisy")).body(vec![0xff; 5000]).send().await),
            _ => drop(send_to(&http, listen, "noisy", "x", &format!("[{}]", "{},".repeat(5000))).await),
        }
    }
    round
}
