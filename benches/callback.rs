//! How many of WeCom's callbacks are verified, decrypted, read, judged and durable in a second on two threads, beside the same
//! callbacks without signature and cipher in the same run; and, at half that rate over HTTP, how long answers take.
//! `cargo bench --bench callback [-- ROUNDS [CALLBACKS]]`; absolute figures mean little on a busy machine, the ratio does.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program that measures and prints"
)]

#[path = "../examples/fake-wecom/callbacks.rs"]
mod fake_wecom;
mod load;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use qunwei::adapters::inbound;
use qunwei::adapters::wecom::callback::robot::Robot;
use qunwei::adapters::wecom::callback::{Channel, Query, envelope};
use qunwei::adapters::wecom::crypt::{Crypt, Signed};
use qunwei::app::engine::Engine;
use qunwei::app::intake::{Inbound, Intake, Job};
use qunwei::app::metrics::Metrics;
use qunwei::domain::state;
use qunwei::domain::time::Timestamp;
use qunwei::serve::{SystemClock, open_store};
use qunwei::store::Keyring;
use qunwei::web::hooks::Switch;
use qunwei::web::wecom::{DoorIn, Limits, WecomState, beside};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use fake_wecom::{Address, Format};
use load::messages::Crowd;

/// Callbacks of one round, where none are named.
const ROUND: u64 = 20_000;
/// The queue before the engine.
const QUEUE: usize = 10_000;
/// Connections of the second part, and for how long it goes on.
const CONNECTIONS: usize = 200;
const SECONDS: u64 = 10;
/// Milliseconds from one message to the next, so that nobody floods however fast they come.
const APART_MS: i64 = 2;

const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const PATH: &str = "/hooks/wecom/corp/aibot/guard";

fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse::<u64>().ok());
    let (rounds, count) = (numbers.next().unwrap_or(7), numbers.next().unwrap_or(ROUND));
    let per_second = throughput(rounds, count);
    latency(per_second / 2.0);
}

fn crowd() -> Crowd {
    let began = jiff::Timestamp::now().as_millisecond();
    Crowd { groups: 200, members: 20_000, violation_every: 0, began }
}

/// Message number `n` of a crowd, as a smart robot is told it.
fn told(crowd: &Crowd, n: u64) -> String {
    let event: Value = serde_json::from_str(&crowd.event(n)).unwrap();
    json!({"msgid": event["id"], "aibotid": "AIBOTID", "chatid": event["group"], "chattype": "group",
           "from": {"userid": event["sender"]["id"]}, "response_url": "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=x",
           "msgtype": "text", "text": {"content": format!("@群卫 {}", event["content"][0]["text"].as_str().unwrap())}})
    .to_string()
}

fn address() -> Address {
    Address {
        url: PATH.to_owned(),
        token: "QDG6eK".to_owned(),
        aes_key: KEY.to_owned(),
        receiveid: String::new(),
        format: Format::RobotJson,
    }
}

fn channel() -> Channel {
    Channel::Robot(Robot { name: Some("群卫".into()), user: Some("guard".into()), ..Robot::default() })
}

/// The engine over a store of its own, with the shipped rules.
fn engine(data: &std::path::Path) -> Engine {
    let config = qunwei::config::load(&load::root().join("config"), &|_| None).unwrap();
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    let store = Box::new(open_store(data, &Keyring::none()).unwrap());
    Engine::new(config.settings, store, Arc::new(Metrics::new()), state::Limits::default(), now).unwrap()
}

/// Callbacks a second, with cipher; prints them and the ratio to those without.
fn throughput(rounds: u64, count: u64) -> f64 {
    let (data, crowd, address) = (load::scratch_dir(), crowd(), address());
    let mut engine = engine(data.path());
    let crypt = Crypt::new(&address.token, &address.aes_key, &address.receiveid).unwrap();
    println!(
        "callbacks of a smart robot, durable; {count} a round, {rounds} rounds, interleaved; one thread opens and reads, one judges and stores"
    );
    let (mut with, mut without, mut crypto) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds * 2 {
        let plain: Vec<String> = (round * count..(round + 1) * count).map(|n| told(&crowd, n)).collect();
        if round % 2 == 0 {
            let sealed: Vec<_> = plain.iter().map(|plain| address.seal(plain)).collect();
            let start = Instant::now();
            sealed.iter().for_each(|one| drop(std::hint::black_box(opened(&crypt, &one.query, one.body.as_bytes()))));
            crypto.push(start.elapsed().as_secs_f64() * 1e6 / count as f64);
            let read = |at: usize| opened(&crypt, &sealed[at].query, sealed[at].body.as_bytes());
            with.push(run(&mut engine, round * count, count, read));
        } else {
            without.push(run(&mut engine, round * count, count, |at: usize| plain[at].clone().into_bytes()));
        }
    }
    let per_second = load::spread(&with);
    let ratios: Vec<f64> = with.iter().zip(&without).map(|(with, without)| with / without).collect();
    let row = |name: &str, [least, median, most]: [f64; 3]| {
        println!("  {name:<34} min {least:>8.2}, median {median:>8.2}, max {most:>8.2}")
    };
    row("callbacks/s", per_second);
    row("the same without crypto/s", load::spread(&without));
    row("ratio, same round", load::spread(&ratios));
    row("envelope, signature, cipher, µs", load::spread(&crypto));
    per_second[1]
}

fn opened(crypt: &Crypt, query: &str, body: &[u8]) -> Vec<u8> {
    let query = Query::parse(query).unwrap();
    let (_, encrypted) = envelope(body).unwrap();
    let (signature, timestamp, nonce) = (&*query.signature, &*query.timestamp, &*query.nonce);
    crypt.open(Signed { signature, timestamp, nonce, encrypted: &encrypted }).unwrap()
}

/// Callbacks a second through reading, judging and storing.
fn run(engine: &mut Engine, from: u64, count: u64, plain: impl Fn(usize) -> Vec<u8> + Sync) -> f64 {
    let (intake, channel, platform) = (Intake::new(QUEUE), channel(), Arc::from("example"));
    let began = Timestamp(jiff::Timestamp::now().as_millisecond() - 3_600_000);
    let start = Instant::now();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for at in 0..count as usize {
                let time = Timestamp(began.0 + (from + at as u64).cast_signed() * APART_MS);
                let reading = channel.read(&plain(at));
                let mut events: Vec<Inbound> =
                    reading.events.iter().map(|json| incoming(json, &platform, time)).collect();
                while let Err(_full) = intake.submit(std::mem::take(&mut events)) {
                    std::thread::yield_now();
                    events = reading.events.iter().map(|json| incoming(json, &platform, time)).collect();
                }
            }
            intake.close();
        });
        let mut done = 0;
        while done < count as usize {
            let jobs = intake.take(2048, Duration::from_millis(5));
            done += jobs.iter().map(Job::len).sum::<usize>();
            engine.step(jobs, Timestamp(began.0 + (from + done as u64).cast_signed() * APART_MS));
        }
    });
    count as f64 / start.elapsed().as_secs_f64()
}

fn incoming(json: &str, platform: &Arc<str>, now: Timestamp) -> Inbound {
    inbound::one(json, platform, now).unwrap()
}

/// What the process of the second part does: addresses before an engine, until it is killed.
fn serve() {
    let data = load::scratch_dir();
    let mut engine = engine(data.path());
    let intake = Intake::new(QUEUE);
    let taking = intake.clone();
    std::thread::spawn(move || {
        loop {
            let jobs = taking.take(2048, Duration::from_millis(5));
            engine.step(jobs, Timestamp(jiff::Timestamp::now().as_millisecond()));
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let state = WecomState::new(intake, Arc::new(SystemClock), Arc::new(Metrics::new()), CancellationToken::new());
        let door = DoorIn {
            platform: "example".into(),
            keys: vec![Crypt::new("QDG6eK", KEY, "").unwrap()],
            channel: channel(),
            limits: Limits::default(),
            sources: None,
            forward: None,
            on_hint: Arc::new(|_| {}),
            answers: None,
            state: Switch::On,
        };
        state.replace(HashMap::from([("corp/aibot/guard".to_owned(), door)]));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let others = hyper_util::service::TowerToHyperService::new(axum::Router::new());
        qunwei::web::serve_by(listener, beside(state, others), std::future::pending()).await.unwrap();
    });
}

/// How long answers take at this rate, from the moment that a callback was due.
fn latency(per_second: f64) {
    let mut server =
        Command::new(std::env::current_exe().unwrap()).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (addr, crowd, address) = (line.trim().to_owned(), crowd(), address());
    let count = (per_second * SECONDS as f64) as usize;
    let request = |n: usize| {
        let sealed = address.seal(&told(&crowd, n as u64));
        let (query, body) = (sealed.query, sealed.body);
        format!("POST {PATH}?{query} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let requests: Arc<Vec<Vec<u8>>> = Arc::new((0..count).map(request).collect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut took, refused) = runtime.block_on(async {
        let start = tokio::time::Instant::now() + Duration::from_millis(500);
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|place| tokio::spawn(connection(addr.clone(), place, requests.clone(), start, per_second)))
            .collect();
        let (mut took, mut refused) = (Vec::new(), 0);
        for task in tasks {
            let (more, wrong) = task.await.unwrap();
            took.extend(more);
            refused += wrong;
        }
        (took, refused)
    });
    server.kill().unwrap();
    server.wait().unwrap();
    took.sort();
    let at = |share: f64| {
        took.get(((took.len() as f64) * share) as usize)
            .or(took.last())
            .map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    };
    println!(
        "over HTTP at {per_second:.0}/s for {SECONDS} s, {CONNECTIONS} connections, {count} callbacks, {refused} not answered 200"
    );
    println!("  ms: p50 {:.1}, p99 {:.1}, p99.9 {:.1}, longest {:.1}", at(0.5), at(0.99), at(0.999), at(1.0));
}

/// Every so many-th callback, each sent when it is due and its predecessor is answered.
async fn connection(
    addr: String,
    place: usize,
    requests: Arc<Vec<Vec<u8>>>,
    start: tokio::time::Instant,
    per_second: f64,
) -> (Vec<Duration>, usize) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut took, mut refused, mut answer) = (Vec::new(), 0, vec![0; 4096]);
    for at in (place..requests.len()).step_by(CONNECTIONS) {
        let due = start + Duration::from_secs_f64(at as f64 / per_second);
        tokio::time::sleep_until(due).await;
        stream.write_all(&requests[at]).await.unwrap();
        let read = stream.read(&mut answer).await.unwrap(); // an empty 200 comes in one piece
        refused += usize::from(!answer[..read].starts_with(b"HTTP/1.1 200"));
        took.push(due.elapsed());
    }
    (took, refused)
}
