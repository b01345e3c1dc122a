//! The client, in a process of its own so that its work is not counted as the server's: writes bytes made beforehand over
//! connections that stay open, and reads each answer until its body is whole.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Instant;

use qunwei::domain::time::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::messages::{self, Crowd};
use super::proc;

/// Threads that write and read.
const THREADS: usize = 2;

/// What a run over one server came to.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Run {
    /// Requests answered with 200 a second.
    pub per_second: f64,
    /// Half of them took at most so long, in milliseconds.
    pub p50: f64,
    /// 99 of 100 took at most so long, in milliseconds.
    pub p99: f64,
    /// The server's CPU time for each request, in microseconds.
    pub cpu: f64,
    /// Answers that were not 200, or broken connections.
    pub failed: usize,
}

/// A server to be measured.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Target {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its process.
    pub pid: u32,
}

/// One round: the same requests over each target in turn.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Round {
    /// In this order.
    pub targets: Vec<Target>,
    /// How many connections.
    pub connections: usize,
    /// The first request's number.
    pub from: u64,
    /// How many requests.
    pub count: u64,
    /// Messages in each.
    pub events: u64,
    /// See [`Crowd`].
    pub crowd: (u64, u64, u64, i64),
}

/// The client's process, as the bench sees it.
pub struct Client {
    child: Child,
    tell: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Client {
    /// Starts it.
    pub fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("client")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, hear) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, tell, hear }
    }

    /// Has it run a round; one result for each target.
    pub fn run(&mut self, round: &Round) -> Vec<Run> {
        writeln!(self.tell, "{}", serde_json::to_string(round).unwrap()).unwrap();
        let mut line = String::new();
        self.hear.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What the client's process does: a round a line.
pub fn main() {
    for line in std::io::stdin().lines() {
        let round: Round = serde_json::from_str(&line.unwrap()).unwrap();
        let (groups, members, violation_every, began) = round.crowd;
        let crowd = Crowd { groups, members, violation_every, began };
        let now = Timestamp(jiff::Timestamp::now().as_millisecond());
        let requests = Arc::new(messages::requests(&crowd, round.from, round.count, round.events, now));
        let runs: Vec<Run> = round.targets.iter().map(|target| drive(target, &requests, round.connections)).collect();
        println!("{}", serde_json::to_string(&runs).unwrap());
    }
}

fn drive(target: &Target, requests: &Arc<Vec<Vec<u8>>>, connections: usize) -> Run {
    let next = Arc::new(AtomicUsize::new(0));
    let barrier = Arc::new(Barrier::new(THREADS + 1));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (next, barrier, requests, addr) = (next.clone(), barrier.clone(), requests.clone(), target.addr);
            let mine = connections / THREADS + usize::from(thread < connections % THREADS);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
                runtime.block_on(thread_main(addr, mine, requests, next, barrier))
            })
        })
        .collect();
    barrier.wait(); // all are connected
    let (cpu, start) = (proc::cpu_us(target.pid), Instant::now());
    let mut took: Vec<u32> = Vec::with_capacity(requests.len());
    let mut failed = 0;
    for thread in threads {
        let (more, wrong) = thread.join().unwrap();
        took.extend(more);
        failed += wrong;
    }
    let (elapsed, cpu) = (start.elapsed().as_secs_f64(), proc::cpu_us(target.pid) - cpu);
    took.sort_unstable();
    let quantile =
        |of_hundred: usize| f64::from(took.get(took.len() * of_hundred / 100).copied().unwrap_or(0)) / 1000.0;
    let done = took.len() as f64;
    Run { per_second: done / elapsed, p50: quantile(50), p99: quantile(99), cpu: cpu / done, failed }
}

async fn thread_main(
    addr: SocketAddr,
    connections: usize,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
    barrier: Arc<Barrier>,
) -> (Vec<u32>, usize) {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    barrier.wait();
    let local = tokio::task::LocalSet::new();
    let tasks: Vec<_> = streams
        .into_iter()
        .map(|stream| local.spawn_local(connection(stream, requests.clone(), next.clone())))
        .collect();
    local
        .run_until(async {
            let (mut took, mut failed) = (Vec::new(), 0);
            for task in tasks {
                let (more, wrong) = task.await.unwrap();
                took.extend(more);
                failed += wrong;
            }
            (took, failed)
        })
        .await
}

async fn connection(mut stream: TcpStream, requests: Arc<Vec<Vec<u8>>>, next: Arc<AtomicUsize>) -> (Vec<u32>, usize) {
    let (mut took, mut failed) = (Vec::new(), 0);
    let mut buffer = vec![0; 4096];
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let start = Instant::now();
        if stream.write_all(request).await.is_err() {
            return (took, failed + 1);
        }
        let mut length = 0;
        let whole = loop {
            match stream.read(&mut buffer[length..]).await {
                Ok(0) | Err(_) => break false,
                Ok(more) => length += more,
            }
            if is_whole(&buffer[..length]) {
                break true;
            }
        };
        if !whole {
            return (took, failed + 1);
        }
        if buffer.starts_with(b"HTTP/1.1 200") {
            took.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            failed += 1;
        }
    }
    (took, failed)
}

/// Whether headers and body have arrived.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let name = b"content-length: ";
    let Some(at) = answer[..end].windows(name.len()).position(|part| part == name) else { return false };
    let digits = answer[at + name.len()..end].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    answer.len() >= end + 4 + length
}
