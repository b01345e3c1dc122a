//! How many signed messages a second are accepted and durable over HTTP, beside a bare handler that reads the same bytes
//! in the same run. `cargo bench --bench ingest [-- ROUNDS]`; see `benches/load/README.md`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program that measures and prints"
)]

mod load;

use std::path::Path;

use load::client::{Client, Round, Run};
use load::daemon::Daemon;
use load::servers::Server;

const GROUPS: u64 = 200;
const MEMBERS: u64 = 20_000;
/// Requests of one message in one round.
const SINGLE: u64 = 40_000;
/// Requests of [`PER_ARRAY`] messages in one round.
const ARRAYS: u64 = 1000;
const PER_ARRAY: u64 = 100;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("client") => return load::client::main(),
        Some("bare" | "sink" | "slow") => return load::servers::main(),
        _ => {}
    }
    let rounds: usize = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(7);
    let only: Option<String> =
        std::env::args().skip(1).find(|arg| !arg.starts_with('-') && arg.parse::<u32>().is_err());
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    println!(
        "accepted, durable, signed messages over HTTP; {GROUPS} groups, {MEMBERS} members; {rounds} rounds, interleaved"
    );
    let config = load::root().join("config");
    for (name, connections, violation_every, sink) in [
        ("256 clean", 256, 0, "sink"),
        ("64 clean", 64, 0, "sink"),
        ("256 with 5 %", 256, 20, "sink"),
        ("64 with 5 %", 64, 20, "sink"),
        ("256 with 5 % and a platform that takes a second for each action", 256, 20, "slow"),
    ] {
        if wanted(name) {
            compare(name, &config, rounds, (connections, violation_every), sink);
        }
    }
    if wanted("arrays") {
        arrays(&config, rounds);
    }
}

/// The daemon beside the bare handler, one message a request; and beside another binary of it that `BENCH_BESIDE` names.
fn compare(name: &str, config: &Path, rounds: usize, (connections, violation_every): (usize, u64), sink: &str) {
    let (data, data_beside) = (load::scratch_dir(), load::scratch_dir());
    let (bare, sink, mut client) = (Server::start("bare"), Server::start(sink), Client::start());
    let actions_url = format!("http://{}/actions", sink.target.addr);
    let daemon = Daemon::start(config, data.path(), &actions_url);
    let beside = std::env::var_os("BENCH_BESIDE");
    let beside = beside.map(|binary| Daemon::of(binary.as_ref(), config, data_beside.path(), &actions_url));
    let mut targets = vec![bare.target, daemon.target];
    targets.extend(beside.iter().map(|beside| beside.target));
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); targets.len()];
    let mut round = round(&daemon, connections, violation_every);
    for turn in 0..rounds {
        let mut order: Vec<usize> = (0..targets.len()).collect();
        order.rotate_left(turn % targets.len()); // another one goes first each round
        round.targets = order.iter().map(|at| targets[*at]).collect();
        for (at, run) in order.into_iter().zip(client.run(&round)) {
            runs[at].push(run);
        }
        round.from += round.count;
    }
    println!("\n{name}: {connections} connections, one message a request");
    println!(
        "  {:<10} {:>22} {:>9} {:>9} {:>14} {:>7}",
        "", "req/s min|median|max", "p50 ms", "p99 ms", "CPU µs/request", "failed"
    );
    for (name, runs) in ["bare axum", "daemon", "beside"].iter().zip(&runs) {
        row(name, runs);
    }
    ratio("daemon to bare axum", &runs[1], &runs[0]);
    if let Some(beside) = runs.get(2) {
        ratio("daemon to the binary beside it", &runs[1], beside);
    }
    tell(&daemon, round.from);
}

fn ratio(name: &str, of: &[Run], to: &[Run]) {
    let ratios: Vec<f64> = of.iter().zip(to).map(|(of, to)| of.per_second / to.per_second).collect();
    let [least, median, most] = load::spread(&ratios);
    println!("  {name}, same round: min {least:.2}, median {median:.2}, max {most:.2}");
}

fn arrays(config: &Path, rounds: usize) {
    let data = load::scratch_dir();
    let (bare, sink, mut client) = (Server::start("bare"), Server::start("sink"), Client::start());
    let daemon = Daemon::start(config, data.path(), &format!("http://{}/actions", sink.target.addr));
    let mut round = round(&daemon, 16, 0);
    (round.targets, round.count, round.events) = (vec![bare.target, daemon.target], ARRAYS, PER_ARRAY);
    let (mut handled, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut run = client.run(&round).into_iter();
        handled.extend(run.next());
        runs.extend(run.next());
        round.from += round.count;
    }
    let events: Vec<f64> = runs.iter().map(|run| run.per_second * PER_ARRAY as f64).collect();
    let [least, median, most] = load::spread(&events);
    println!(
        "\narrays of {PER_ARRAY} messages, 16 connections: messages/s min {least:.0}, median {median:.0}, max {most:.0}"
    );
    ratio("daemon to bare axum", &runs, &handled);
    let [_, cpu, _] = load::spread(&runs.iter().map(|run| run.cpu / PER_ARRAY as f64).collect::<Vec<_>>());
    println!("  CPU µs/message {cpu:.1}, failed {}", runs.iter().map(|run| run.failed).sum::<usize>());
    tell(&daemon, round.from * PER_ARRAY);
}

fn round(daemon: &Daemon, connections: usize, violation_every: u64) -> Round {
    let began = jiff::Timestamp::now().as_millisecond();
    let crowd = (GROUPS, MEMBERS, violation_every, began);
    Round { targets: vec![daemon.target], connections, from: 0, count: SINGLE, events: 1, crowd }
}

fn row(name: &str, runs: &[Run]) {
    let spread = |of: fn(&Run) -> f64| load::spread(&runs.iter().map(of).collect::<Vec<_>>());
    let [least, median, most] = spread(|run| run.per_second);
    let (p50, p99, cpu) = (spread(|run| run.p50)[1], spread(|run| run.p99)[1], spread(|run| run.cpu)[1]);
    let failed: usize = runs.iter().map(|run| run.failed).sum();
    println!("  {name:<10} {least:>7.0}|{median:>6.0}|{most:>6.0} {p50:>9.2} {p99:>9.2} {cpu:>14.1} {failed:>7}");
}

/// What the daemon itself counted: all that was sent must be accepted.
fn tell(daemon: &Daemon, sent: u64) {
    let accepted = daemon.metric("qunwei_events_total", "outcome=\"accepted\"");
    let violations = daemon.metric("qunwei_verdicts_total", "violation");
    let reviews = daemon.metric("qunwei_verdicts_total", "review");
    let commits = daemon.metric("qunwei_commit_seconds_count", "");
    let took = daemon.metric("qunwei_commit_seconds_sum", "") / commits * 1000.0;
    let delivered = daemon.metric("qunwei_attempts_total", "reply=\"done\"") + 0.0;
    println!(
        "  sent {sent}, accepted {accepted:.0} in {commits:.0} commits of {took:.1} ms, violations {violations:.0}, reviews {reviews:.0}, \
         actions delivered {delivered:.0}; daemon {:.0} MB",
        load::proc::status_mb(daemon.target.pid, "VmRSS")
    );
}
