//! The binary as a process: exit codes, what goes to stdout and stderr, and what keeps it from starting.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::power::Power;
use crate::support::daemon::{Daemon, Home, qunwei, stderr};
use crate::support::{root, until};

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

fn message(id: &str, text: &str) -> String {
    json!({"id": id, "type": "message", "group": "g1", "sender": {"id": id}, "text": text}).to_string()
}

/// Does not start: exit code 1, nothing on stdout, and these words on stderr.
fn refuses(mut command: Command, words: &[&str]) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = stderr(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` in {text}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (option, key) in [("--listen", "listen"), ("--admin-listen", "admin_listen")] {
        let home = Home::new();
        let free = if option == "--listen" { "--admin-listen" } else { "--listen" };
        let mut command = qunwei();
        command.args(["serve", free, "127.0.0.1:0", option, &address]);
        command.arg("--config").arg(home.config()).arg("--data").arg(home.data());
        refuses(command, &["cannot listen on", &address, key]);
    }
}

#[tokio::test]
async fn a_data_directory_that_is_in_use_names_its_daemon() {
    let home = Home::new();
    let daemon = home.start().await;
    refuses(home.serve(), &["data", &format!("pid {}", daemon.pid())]);
    assert_eq!(daemon.admin("/readyz").await.0, 200, "the first goes on");
    daemon.stop().await;
}

#[test]
fn a_data_directory_that_cannot_be_one() {
    let home = Home::new();
    home.write("data", "a file");
    refuses(home.serve(), &["data"]);
    let home = Home::new();
    std::fs::create_dir(home.data()).unwrap();
    home.write("data/qunwei.db", &"not a database ".repeat(1000));
    refuses(home.serve(), &["qunwei.db"]);
    assert!(
        std::fs::read_to_string(home.data().join("qunwei.db")).unwrap().starts_with("not a database"),
        "left alone"
    );
    let mut command = qunwei();
    command.arg("serve").arg("--config").arg(home.config()).args(["--data", "/proc/nowhere/data"]);
    refuses(command, &["/proc/nowhere/data"]);
}

#[tokio::test]
async fn a_broken_configuration_with_and_without_an_earlier_one() {
    let home = Home::new();
    home.edit("config/groups.toml", "strike_days = 30", "strike_dayz = 30");
    refuses(home.serve(), &["groups.toml", "strike_dayz", "strike_days"]);
    home.edit("config/groups.toml", "strike_dayz = 30", "strike_days = 30");
    let daemon = home.start().await;
    assert_eq!(daemon.admin("/readyz").await, (200, "ready\n".to_owned()));
    daemon.stop().await;
    home.edit("config/groups.toml", "strike_days = 30", "strike_dayz = 30");
    let daemon = home.start().await;
    let (status, why) = daemon.admin("/readyz").await;
    assert!(status == 503 && why.starts_with("config: "), "{status} {why}");
    let (status, answer) = daemon.post("msg_1", &message("m-1", SPAM)).await.unwrap();
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "it judges by the last good one");
    let url = format!("http://{}/readyz", daemon.admin);
    assert_eq!(qunwei().args(["health", "--url", &url]).output().unwrap().status.code(), Some(1));
    assert!(daemon.log().contains("strike_dayz"), "{}", daemon.log());
    daemon.stop().await;
    let cases: i64 = home.database().query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).unwrap();
    assert_eq!(cases, 1);
}

#[test]
fn a_word_list_that_cannot_be_read() {
    for spoil in [
        |path: &Path| std::fs::remove_file(path).unwrap(),
        |path: &Path| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        },
        |path: &Path| std::fs::write(path, [b'a', 0xff, 0xfe, b'\n']).unwrap(),
    ] {
        let home = Home::new();
        spoil(&home.folder.path().join("wordlists/ads.txt"));
        refuses(home.serve(), &["ads.txt", "ads.toml"]);
        let mut check = qunwei();
        let output = check.arg("check").arg("--config").arg(home.config()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stdout).contains("ads.txt"), "{output:?}");
    }
}

#[tokio::test]
async fn a_bridge_without_its_secret_is_off_and_says_so() {
    let home = Home::new();
    let mut command = home.serve();
    command.env_remove("QUNWEI_EXAMPLE_SECRET");
    let daemon = crate::support::daemon::Daemon::start(command, &home.folder.path().join("stderr")).await;
    let (status, answer) = daemon.post("msg_1", &message("m-1", SPAM)).await.unwrap();
    assert_eq!(status, 503);
    assert!(answer["error"].as_str().unwrap().contains("QUNWEI_EXAMPLE_SECRET is not set"), "{answer}");
    assert!(daemon.log().contains("QUNWEI_EXAMPLE_SECRET is not set"), "{}", daemon.log());
    daemon.stop().await;
}

#[test]
fn wrong_usage_is_exit_code_two() {
    for args in
        [&["fly"][..], &["serve", "--listen", "here"], &["scan", "--colour"], &["replay", "--until", "soon"], &[]]
    {
        let output = qunwei().args(args).stdin(Stdio::null()).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {}", stderr(&output));
    }
}

fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = qunwei()
        .args(args)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    output
}

#[test]
fn malformed_lines_are_named_and_skipped() {
    let long = format!("{{\"text\":\"{}\"}}", "长".repeat(2 << 20));
    let scan = [
        "\u{FEFF}加微信 abc12345\r",
        "",
        "{\"id\":",
        "  ",
        "{\"id\":\"7\",\"text\":5}",
        "{\"id\":\"8\",\"text\":\"你好\"}",
        "{\"text\":\"\\ud800\"}",
        &long,
        "[1]",
    ];
    let mut input = scan.join("\n").into_bytes();
    input.extend(b"\nbad \xff utf8\nlast");
    let output = run(&["scan"], &input);
    let lines: Vec<Value> = json_lines(&output.stdout);
    let ids: Vec<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "8", "9", "11"], "{}", stderr(&output));
    assert_eq!(lines[0]["findings"][0]["start"], 0, "a byte order mark is no part of the text");
    let errors = stderr(&output);
    for line in ["line 3:", "line 5: text", "line 7:", "line 8:", "line 10:", "5 malformed"] {
        assert!(errors.contains(line), "{line} in {errors}");
    }
    assert!(errors.len() < 2000, "{errors}");
    assert_eq!(output.status.code(), Some(1));

    let event = |id: &str, time: &str| message(id, SPAM).replacen('{', &format!("{{\"time\":\"{time}\","), 1);
    let good = [event("a", "2026-11-23T09:00:00+08:00"), event("b", "2026-11-23T09:10:00+08:00")];
    let input = format!("{}\n\n{}\nnonsense\n{}\r\n", good[0], message("timeless", SPAM), good[1]);
    let output = run(&["replay"], input.as_bytes());
    let errors = stderr(&output);
    assert!(errors.contains("line 3: time: is missing") && errors.contains("line 4:"), "{errors}");
    assert_eq!((output.status.code(), json_lines(&output.stdout).len()), (Some(1), 4));
    let alone = run(&["replay"], format!("{}\n{}", good[0], good[1]).as_bytes());
    assert_eq!((alone.status.code(), alone.stdout, alone.stderr), (Some(0), output.stdout, Vec::new()));
}

fn json_lines(output: &[u8]) -> Vec<Value> {
    String::from_utf8(output.to_vec()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_reader_that_goes_away_is_no_error_worth_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let scans = folder.path().join("scans");
    std::fs::write(&scans, "加微信 abc12345\n".repeat(50_000)).unwrap();
    let event = |at: i64| {
        let time = qunwei::domain::time::Timestamp(1_795_395_600_000 + at * 120_000);
        message(&at.to_string(), SPAM).replacen('{', &format!("{{\"time\":\"{time}\","), 1)
    };
    let plays = folder.path().join("plays");
    std::fs::write(&plays, (0..1000).map(event).collect::<Vec<_>>().join("\n")).unwrap();
    for (command, file) in [("scan", &scans), ("replay", &plays), ("replay --format human", &plays)] {
        let line = format!("{} {command} --config config {} | head -n 1", env!("CARGO_BIN_EXE_qunwei"), file.display());
        let output = Command::new("sh").args(["-c", &line]).current_dir(root()).output().unwrap();
        assert_eq!(stderr(&output), "", "{command}");
        assert!(!output.stdout.is_empty());
    }
}

#[tokio::test]
async fn a_disk_that_is_full_and_then_is_not() {
    let (home, power) = (Home::new(), Power::new());
    let how = home.folder.path().join("how");
    std::fs::write(&how, format!("f{}", 4 << 20)).unwrap();
    let mut command = home.serve();
    power.spoils(&mut command, &home.data(), &how);
    let daemon = Daemon::start(command, &home.folder.path().join("stderr")).await;
    let mut answered = Vec::new();
    let mut refused = None;
    for at in 0..200 {
        let id = format!("m-{at}");
        let (status, _) = daemon.post(&id, &message(&id, &"很长的话".repeat(20_000))).await.unwrap();
        match status {
            200 => answered.push(id),
            503 => {
                refused = Some(id);
                break;
            }
            other => panic!("{other}"),
        }
    }
    let refused = refused.expect("the disk was full");
    let url = format!("http://{}/readyz", daemon.admin);
    let health = || qunwei().args(["health", "--url", &url]).output().unwrap();
    // What is left still takes a few small ones; then none for several probes.
    let mut since = Instant::now();
    while since.elapsed() < Duration::from_secs(3) {
        let id = format!("small-{}", answered.len());
        match daemon.post(&id, &message(&id, "短")).await.unwrap().0 {
            200 => {
                answered.push(id);
                since = Instant::now();
            }
            503 => assert!(answered.len() < 2000, "the disk is full"),
            other => panic!("{other}"),
        }
    }
    until("it is not ready", || (health().status.code() == Some(1)).then_some(())).await;
    let (status, why) = daemon.admin("/readyz").await;
    assert!(status == 503 && why.starts_with("store: ") && why.contains("full"), "{status} {why}");
    std::fs::write(&how, "well").unwrap();
    until("it is ready again", || (health().status.code() == Some(0)).then_some(())).await;
    assert_eq!(daemon.post("again", &message(&refused, "终于")).await.unwrap().0, 200);
    answered.push(refused);
    daemon.kill();
    let database = home.database();
    let mut read = database.prepare("SELECT body FROM journal WHERE kind = 0 ORDER BY seq").unwrap();
    let stored: Vec<String> = read
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .map(|body| serde_json::from_str::<Value>(&body.unwrap()).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(stored, answered, "what was answered, once, in order");
}

#[tokio::test]
async fn who_stopped_everything_is_said_until_somebody_has_it_go_on() {
    let home = Home::light();
    let daemon = home.start().await;
    let said = async |daemon: &Daemon, word: &str| {
        let url = format!("http://{}", daemon.admin);
        let output = qunwei().args([word, "--url", &url]).env("USER", "lili").output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    };
    let noted = async |daemon: &Daemon| {
        let began = Instant::now();
        loop {
            let (status, ready) = daemon.admin("/readyz").await;
            assert_eq!(status, 200, "it is as ready as before: {ready}");
            if ready.contains("note: pause: everything is paused, by lili since 20") {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{ready}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    said(&daemon, "pause").await;
    noted(&daemon).await;
    assert_eq!(daemon.log().matches("everything is paused").count(), 1, "{}", daemon.log());
    daemon.stop().await;
    let daemon = home.start().await;
    noted(&daemon).await;
    assert!(daemon.admin("/metrics").await.1.contains("\nqunwei_paused 1\n"));
    assert!(daemon.log().contains("WARN") && daemon.log().contains("everything is paused"), "{}", daemon.log());
    said(&daemon, "resume").await;
    until("the log says so", || daemon.log().contains("everything is resumed").then_some(())).await;
    assert!(daemon.admin("/metrics").await.1.contains("\nqunwei_paused 0\n"));
    assert_eq!(daemon.admin("/readyz").await, (200, "ready\n".to_owned()));
    daemon.stop().await;
}
