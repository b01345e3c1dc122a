//! Bad neighbours: a group that floods, a bridge that never answers, rules at their limits, a webhook that is sent garbage. The
//! others hardly notice: how long they wait is printed beside how long they wait in calm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::soak::number;
use crate::support::daemon::{Daemon, Home, client, send, send_to};
use crate::support::sink::{Sink, black_hole, percentiles};
use crate::support::until_within;

const PATIENCE: Duration = Duration::from_secs(20);

fn bridges(dead: &str) -> String {
    let bridge = |name: &str, url: &str| {
        format!(
            "[bridge.{name}]\nsecret_env = \"QUNWEI_EXAMPLE_SECRET\"\nactions_url = \"{url}\"\n\
             capabilities = [\"send\", \"private\", \"delete\", \"mute\", \"remove\", \"task\", \"idempotent\"]\n"
        )
    };
    format!("{}{}", bridge("dead", dead), bridge("noisy", dead))
}

/// Somebody's ordinary day: how long a message takes to be answered, and a violation to be acted on.
struct Quiet<'a> {
    daemon: &'a Daemon,
    sink: &'a Sink,
    sent: u64,
}

impl Quiet<'_> {
    /// The two, in the middle.
    async fn lives(&mut self, what: &str) -> (Duration, Duration) {
        let rounds = 40 * number("QUNWEI_SOAK_SECONDS").unwrap_or(4) / 4;
        let (http, mut answered, mut asked) = (client(), Vec::new(), Vec::new());
        for round in 0..rounds {
            self.sent += 1;
            let id = format!("q-{}", self.sent);
            let violates = round % 8 == 0;
            let text = if violates { "兼职刷单日结，加薇信 abc12345" } else { "今天天气不错" };
            let event = json!({"id": id, "type": "message", "group": format!("q{}", self.sent % 40), "sender": {"id": id}, "text": text});
            let began = Instant::now();
            let (status, answer) = send(&http, self.daemon.listen, &id, &event.to_string()).await.expect("an answer");
            assert_eq!(status, 200, "{what}: {answer}");
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
        (answered.0, acted.0)
    }
}

fn array(prefix: &str, group: &str, count: u64, text: impl Fn(u64) -> String) -> String {
    let event = |at: u64| json!({"id": format!("{prefix}-{at}"), "type": "message", "group": group, "sender": {"id": format!("{prefix}-{at}")}, "text": text(at)});
    Value::Array((0..count).map(event).collect()).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_others_hardly_notice() {
    let sink = Sink::start().await;
    let mut home = Home::light();
    home.actions_url = sink.url.clone();
    home.write("config/zz-bridges.toml", &bridges(&black_hole().await));
    home.edit("config/qunwei.toml", "actions_per_second = 20", "actions_per_second = 500");
    let daemon = home.start().await;
    let mut quiet = Quiet { daemon: &daemon, sink: &sink, sent: 0 };
    quiet.lives("at first").await;
    let calm = quiet.lives("calm").await;
    let mut all = Vec::new();

    let over = Arc::new(AtomicBool::new(false));
    let (listen, stop) = (daemon.listen, over.clone());
    let flooding = tokio::spawn(async move {
        let (http, mut round) = (client(), 0_u64);
        while !stop.load(Ordering::Relaxed) {
            round += 1;
            let body = array(&format!("f{round}"), "flooded", 50, |at| format!("第 {round} {at} 句"));
            send_to(&http, listen, "noisy", "flood", &body).await;
        }
        round * 50
    });
    all.push(("a group floods", quiet.lives("a group floods").await));
    over.store(true, Ordering::Relaxed);
    println!("{} messages of the flood were answered", flooding.await.unwrap());

    let violations = array("d", "silent", 300, |_| "兼职刷单日结，加薇信 abc12345".to_owned());
    assert_eq!(send_to(&client(), daemon.listen, "dead", "dead", &violations).await.unwrap().0, 200);
    all.push(("a bridge never answers", quiet.lives("a bridge never answers").await));

    let over = Arc::new(AtomicBool::new(false));
    let garbage = tokio::spawn(garbage(daemon.listen, over.clone()));
    all.push(("a webhook is sent garbage", quiet.lives("a webhook is sent garbage").await));
    over.store(true, Ordering::Relaxed);
    println!("{} requests of garbage", garbage.await.unwrap());

    let words: String = (0..40_000_u32).map(|at| format!("测{at}试词\n")).collect();
    home.write("wordlists/zz-many.txt", &words);
    home.write("config/zz-heavy.toml", HEAVY_RULES);
    let changed = || {
        let (_, metrics) =
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(daemon.admin("/metrics")));
        metrics
            .lines()
            .any(|line| {
                line.starts_with("qunwei_config_reloads_total{") && line.contains("changed") && !line.ends_with(" 0")
            })
            .then_some(())
    };
    until_within(Duration::from_secs(90), "the heavy rules are in force", changed).await;
    all.push(("rules at their limits", quiet.lives("rules at their limits").await));

    for (what, (answered, acted)) in all {
        let times = |now: Duration, then: Duration| now.as_secs_f64() / then.as_secs_f64().max(1e-6);
        println!(
            "{what}: {:.1} times as long to an answer, {:.1} to a deed",
            times(answered, calm.0),
            times(acted, calm.1)
        );
        assert!(answered < Duration::from_secs(3) && acted < Duration::from_secs(5), "{what}: {answered:?}, {acted:?}");
    }
    daemon.stop().await;
}

/// A pattern of nearly the size that is allowed, which matches nearly everywhere a little, and a long list.
const HEAVY_RULES: &str = r#"
[[rule]]
name = "heavy.pattern"
kind = "regex"
title = "很重的规则"
patterns = ['(?:[\p{Han}a-z0-9]{1,40}[^x]{0,40}){1,4}zzq']
hit = ["今天zzq"]
[[rule]]
name = "heavy.words"
kind = "keywords"
title = "很长的词表"
lists = ["../wordlists/zz-many.txt"]
hit = ["测17试词"]
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
