//! Requests that want more of the daemon than they are worth.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ended, raw, status};
use crate::overload::memory;
use crate::support::corp::{Corp, ROBOT};
use crate::support::daemon::{Daemon, Home};
use crate::support::playground::Play;
use crate::support::pull::fetching;
use crate::support::{TOKEN, World, signed, until};

/// Where requests with a body are taken: what it is, where, and the path.
struct Doors {
    world: World,
    corp: Corp,
    play: Play,
}

impl Doors {
    async fn open() -> Self {
        let world = World::with_only(&fetching(r#"["private","idempotent"]"#)).await;
        Self { world, corp: Corp::new().await, play: Play::start().await }
    }

    /// Each way in: its address, and the head of a request without the lines about its body.
    fn all(&self) -> Vec<(&'static str, SocketAddr, String)> {
        let bridge = self.world.running().listen;
        let wecom = self.corp.base.trim_start_matches("http://").parse().unwrap();
        let query = self.corp.address(ROBOT).seal("x").query;
        let token = format!("authorization: Bearer {TOKEN}\r\n");
        let post =
            |path: &str, more: &str| format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}");
        vec![
            ("bridge", bridge, post("/hooks/bridge/example", "")),
            ("acknowledgements", bridge, post("/hooks/bridge/example/actions/ack", &token)),
            ("callback", wecom, post(&format!("/hooks/wecom/{ROBOT}?{query}"), "")),
            ("playground", self.play.demo.listen, post("/api/act", "x-qunwei: 1\r\n")),
            ("login", self.play.demo.listen, post("/login", "x-qunwei: 1\r\n")),
        ]
    }

    /// Everything still works.
    async fn close(self) {
        let Self { mut world, corp, play } = self;
        world.say("9", "好消息").await;
        world.finish().await;
        assert_eq!(corp.post(ROBOT, &corp.spoken("M1", "群规")).await.0, 200);
        corp.world.settled().await;
        while corp.world.bot.read().is_some() {}
        corp.world.finish().await;
        play.say("wang", "好消息").await;
        play.stop().await;
    }
}

#[tokio::test]
async fn compressed_bodies_are_refused() {
    let doors = Doors::open().await;
    // A gigabyte of zeros would be a megabyte of this.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut gzip, &vec![b' '; 4 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 10_000);
    for (what, address, head) in doors.all() {
        for coding in ["gzip", "deflate", "br", "zstd", "x-gzip", "GZIP", "identity, gzip"] {
            let mut request =
                format!("{head}content-encoding: {coding}\r\ncontent-length: {}\r\n\r\n", bomb.len()).into_bytes();
            request.extend(&bomb);
            let answer = raw(address, &request).await;
            assert_eq!(status(&answer), 415, "{what} {coding}: {answer}");
            assert!(answer.contains("content-encoding"), "it says why: {answer}");
        }
        let plain =
            raw(address, format!("{head}content-encoding: identity\r\ncontent-length: 2\r\n\r\n{{}}").as_bytes()).await;
        assert!(![0, 415].contains(&status(&plain)), "{what}: {plain}");
    }
    doors.close().await;
}

#[tokio::test]
async fn bodies_that_are_too_large_or_too_deep_are_refused() {
    let doors = Doors::open().await;
    let deep = format!("{{\"do\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for (what, address, head) in doors.all() {
        let said = raw(address, format!("{head}content-length: 99999999999\r\n\r\n{{").as_bytes()).await;
        assert_eq!(status(&said), 413, "{what}: {said}");
        let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "[".repeat(1 << 20));
        let request = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(5));
        let streamed = raw(address, request.as_bytes()).await;
        assert!([0, 413].contains(&status(&streamed)), "{what}: {streamed}");
        let nested = raw(address, format!("{head}content-length: {}\r\n\r\n{deep}", deep.len()).as_bytes()).await;
        // Without a token there is nothing to be read at the login.
        let expected = if what == "login" { 204..=204 } else { 400..=401 };
        assert!(expected.contains(&status(&nested)), "{what}: {nested}");
        // Two lengths, and two ways to say where it ends: no request can hide in another's body.
        for lines in [
            "content-length: 2\r\ncontent-length: 3",
            "content-length: 2\r\ntransfer-encoding: chunked",
            "content-length: -1",
            "transfer-encoding: gzip, chunked, gzip",
        ] {
            let answer = raw(address, format!("{head}{lines}\r\n\r\n{{}}GET /x HTTP/1.1\r\n\r\n").as_bytes()).await;
            assert!(
                (status(&answer) >= 400 || what == "login") && answer.matches("HTTP/1.1 ").count() == 1,
                "{what} {lines}: {answer}"
            );
        }
    }
    doors.close().await;
}

#[tokio::test]
async fn heads_of_thousands_of_lines_are_refused() {
    let doors = Doors::open().await;
    let mut listeners = doors.all();
    let admin = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    listeners.push(("operators", doors.world.running().admin, admin("/metrics")));
    for (what, address, head) in listeners {
        let many: String = (0..5_000).map(|at| format!("x-{at}: y\r\n")).collect();
        let answer = raw(address, format!("{head}{many}\r\n").as_bytes()).await;
        assert!([0, 431].contains(&status(&answer)), "{what}: {answer}");
        let long = format!("{head}x: {}\r\n\r\n", "y".repeat(2 << 20));
        assert!([0, 431].contains(&status(&raw(address, long.as_bytes()).await)), "{what}");
        let wide = format!("{head}x: {}\r\n\r\n", "y".repeat(100_000));
        assert!([0, 431].contains(&status(&raw(address, wide.as_bytes()).await)), "{what}");
        let path = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "z".repeat(200_000));
        assert!([0, 404, 414, 431].contains(&status(&raw(address, path.as_bytes()).await)), "{what}");
        let twice = format!("{}host: evil.example\r\n\r\n", admin("/healthz"));
        let answer = raw(address, twice.as_bytes()).await;
        assert!((400..500).contains(&status(&answer)), "{what}, two hosts: {answer}");
    }
    doors.close().await;
}

/// The head of a request has its own time: `a_head_that_does_not_arrive_is_given_up`.
#[tokio::test]
async fn bodies_that_come_byte_by_byte_are_given_up_everywhere() {
    let doors = Doors::open().await;
    let all = doors.all().into_iter().map(|(what, address, head)| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{head}content-length: 1000\r\n\r\n{{").as_bytes()).await.unwrap();
        let (mut reading, mut writing) = stream.into_split();
        let drip = tokio::spawn(async move {
            while writing.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        let begun = Instant::now();
        let mut answer = vec![0; 12];
        reading.read_exact(&mut answer).await.unwrap();
        drip.abort();
        (what, String::from_utf8(answer).unwrap(), begun.elapsed())
    });
    let all: Vec<_> = all.map(tokio::spawn).collect();
    for one in all {
        let (what, answer, took) = one.await.unwrap();
        assert_eq!(status(&format!("{answer} ")), 408, "{what}: {answer}");
        assert!(took < Duration::from_secs(15), "{what}: {took:?}");
    }
    doors.close().await;
}

/// A daemon that may have so many files open.
async fn with_files(home: &Home, files: u32) -> Daemon {
    let serve = home.serve();
    let mut limited = std::process::Command::new("sh");
    let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
    limited.args(["-c", &script]).arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.current_dir(home.folder.path());
    Daemon::start(limited, &home.folder.path().join("stderr")).await
}

/// Who cannot sign anything sends nearly all of very many large bodies at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_large_bodies_at_once_take_little_memory() {
    let home = Home::light();
    let daemon = with_files(&home, 8192).await;
    let before = memory(&daemon).0;
    let (listen, refused) = (daemon.listen, Arc::<AtomicU64>::default());
    let send = move |refused: Arc<AtomicU64>| async move {
        let (mut read, mut write) = TcpStream::connect(listen).await.unwrap().into_split();
        let head = "POST /hooks/bridge/example HTTP/1.1\r\nhost: x\r\ncontent-length: 1048576\r\n\r\n";
        write.write_all(head.as_bytes()).await.unwrap();
        // Who is refused is hung up on.
        write.write_all(&vec![b' '; (1 << 20) - 1]).await.ok();
        let mut answer = vec![0; 12];
        if read.read_exact(&mut answer).await.is_ok() && answer.ends_with(b"503") {
            refused.fetch_add(1, Ordering::Relaxed);
        }
    };
    let sent: Vec<_> = (0..300).map(|_| tokio::spawn(send(refused.clone()))).collect();
    until("some are to come again", || (refused.load(Ordering::Relaxed) > 0).then_some(())).await;
    let event = |id: &str, text: &str| {
        json!({"id": id, "type": "message", "group": "g1", "sender": {"id": "9"}, "text": text}).to_string()
    };
    let small = daemon.post("msg_1", &event("m-1", "早")).await.expect("an answer");
    assert_eq!(small.0, 200, "small ones are taken meanwhile");
    for one in sent {
        one.await.unwrap();
    }
    let most = memory(&daemon).0;
    println!("{before} MiB before, at most {most} MiB; {} were refused", refused.load(Ordering::Relaxed));
    assert!(most < before + 150, "{before} MiB before, {most} MiB");
    let large = daemon.post("msg_2", &event("m-2", &"早".repeat(60_000))).await.expect("an answer");
    assert_eq!(large.0, 200, "there is room again");
    daemon.stop().await;
}

/// So many files as a small container has; the test's own connections stay below its own limit.
#[tokio::test]
async fn connections_without_a_request_do_not_shut_others_out() {
    let home = Home::new();
    let daemon = with_files(&home, 400).await;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(TcpStream::connect(daemon.listen).await.unwrap());
    }
    // Operators have a port of their own.
    assert_eq!(daemon.admin("/readyz").await, (200, "ready\n".to_owned()));
    // The bot gets through while the others still hold what they got.
    let body = json!({"id": "m-1", "type": "message", "group": "g1", "sender": {"id": "9"}, "text": "早"}).to_string();
    let begun = Instant::now();
    loop {
        if let Some((200, answer)) = daemon.post("msg_1", &body).await {
            assert_eq!(answer["accepted"].as_u64().unwrap() + answer["duplicates"].as_u64().unwrap(), 1);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "shut out: {}", daemon.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(daemon.log().contains("too many connections"), "{}", daemon.log());
    assert_eq!(daemon.log().matches("too many connections").count(), 1, "told once, not 200 times");
    drop(held);
    daemon.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_closed() {
    let world = World::new().await;
    for address in [world.running().listen, world.running().admin] {
        for bytes in [
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            b"SSH-2.0-x\r\n",
            b"GET\r\n\r\n",
            b"\0\0\0\0",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
            let answer = raw(address, bytes).await;
            assert!([0, 400, 404, 505].contains(&status(&answer)), "{answer}");
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await.unwrap();
        assert!(ended(&mut stream).await.starts_with("HTTP/1.0 "));
    }
    let body = world.message("m-1", "9", "早").to_string().into_bytes();
    assert_eq!(world.post_with(&signed("msg_1", crate::support::now(&world), &body), body).await.0, 200);
    world.finish().await;
}
