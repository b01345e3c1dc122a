//! What people write, in logs, in outgoing headers and on terminals.

use std::process::Stdio;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::is_trick;
use crate::support::daemon::{Daemon, Home, qunwei, stderr};
use crate::support::{World, root, signed, until};

/// What is written into every place that takes a text.
const EVIL: &str = "x\r\n2026-11-26T00:00:00Z ERROR qunwei: FORGED\u{1b}[2J\u{1b}]0;FORGED\u{7}\u{202e}\u{2028}\u{0}\u{9b}31m\r\nx-forged: FORGED";

/// Events with it in every field that names somebody or something.
fn events() -> Vec<Value> {
    let at = |id: &str| {
        json!({"id": format!("{EVIL}{id}"), "group": EVIL, "sender": {"id": EVIL, "name": EVIL}, "member": {"id": EVIL, "name": EVIL}, "members": [{"id": EVIL, "name": EVIL}],
        "user": EVIL, "task": EVIL, "choice": EVIL, "message": EVIL, "reason": EVIL, "channel": EVIL, "inviter": EVIL, "answer": EVIL, "name": EVIL, "ref": EVIL, "text": format!("兼职刷单日结，加薇信 abc12345 {EVIL}")})
    };
    let kinds = [
        "message",
        "message_edited",
        "private_message",
        "member_joined",
        "member_left",
        "message_recalled",
        "member_renamed",
        "join_request",
        "button",
        "track",
        EVIL,
    ];
    kinds
        .iter()
        .enumerate()
        .map(|(no, kind)| {
            let mut event = at(&no.to_string());
            event["type"] = json!(kind);
            event
        })
        .chain((0..3).map(|no| {
            let mut command = at(&format!("command {no}"));
            command["type"] = json!("message");
            command["text"] = json!(format!("{} {EVIL}", ["/帮助", "/提醒", "/禁言"][no]));
            command
        }))
        .collect()
}

#[tokio::test]
async fn no_line_of_the_log_can_be_forged() {
    for format in ["text", "json"] {
        let home = Home::new();
        home.edit("config/qunwei.toml", "log_format = \"text\"", &format!("log_format = \"{format}\""));
        let mut serve = home.serve();
        serve.env("RUST_LOG", "trace");
        let daemon = Daemon::start(serve, &home.folder.path().join("stderr")).await;
        for (no, event) in events().iter().enumerate() {
            let (status, answer) = daemon.post(&format!("msg_{no}"), &event.to_string()).await.unwrap();
            assert!([200, 400].contains(&status), "{answer}");
            assert!(!answer.to_string().contains("\u{1b}"), "{answer}");
        }
        // A broken configuration is shown with its lines.
        home.write(
            "config/zz.toml",
            &format!("[group.\"\u{202e}\u{1b}[2J\"]\n# {}\nstrike_dayz = 1\n", "\u{1b}[2J\u{202e}FORGED"),
        );
        assert!(
            std::process::Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap().success()
        );
        until("it is told", || daemon.log().contains("zz.toml").then_some(())).await;
        let (_, metrics) = daemon.admin("/metrics").await;
        let (_, ready) = daemon.admin("/readyz").await;
        let log = daemon.log();
        daemon.stop().await;
        assert!(!metrics.contains("FORGED") && !ready.contains("FORGED"), "{ready}{metrics}");
        for line in log.lines() {
            assert!(!line.chars().any(is_trick), "{format}: {line:?}");
            match format {
                "json" => {
                    assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line["level"].is_string()), "{line}")
                }
                // A record begins with its time; what belongs to it is indented. Faults shown at the start stand before the log.
                _ => assert!(
                    line.starts_with("20") && line.contains(" qunwei") || line.starts_with("    ") || line.is_empty(),
                    "{line}"
                ),
            }
            assert!(!line.trim_start().starts_with("2026-11-26T00:00:00Z"), "{line}");
        }
    }
}

#[tokio::test]
async fn what_goes_out_has_our_headers_and_no_others() {
    let (heard, mut headers) = tokio::sync::mpsc::unbounded_channel::<(HeaderMap, Value)>();
    let router = axum::Router::new().fallback(move |headers: HeaderMap, body: String| {
        heard.send((headers, serde_json::from_str(&body).unwrap())).ok();
        async { "{}" }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut home = Home::new();
    home.actions_url = format!("http://{}/actions", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let daemon = home.start().await;
    for (no, event) in events().iter().enumerate() {
        daemon.post(&format!("msg_{no}"), &event.to_string()).await.unwrap();
    }
    let mut count = 0;
    while let Ok(Some((headers, action))) =
        tokio::time::timeout(std::time::Duration::from_secs(3), headers.recv()).await
    {
        count += 1;
        let ours = [
            "accept",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "webhook-id",
            "webhook-signature",
            "webhook-timestamp",
        ];
        let names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
        assert!(names.iter().all(|name| ours.contains(name)), "{names:?}");
        let id = headers["webhook-id"].to_str().unwrap();
        assert!(id.starts_with("a-") && id.len() == 28 && Some(id) == action["id"].as_str(), "{id}");
        assert_eq!(headers["content-type"], "application/json");
    }
    assert!(count >= 3, "what was said led to something: {count}");
    daemon.stop().await;
}

/// Names of robots' files stand in a header of an upload: `its_other_messages_are_as_wecom_takes_them`.
#[test]
fn terminals_are_sent_no_commands() {
    let folder = tempfile::tempdir().unwrap();
    let toml = format!("# {EVIL}\nstrike_dayz = \"{}\"\n", "\\u001b[2J\u{202e}");
    std::fs::write(folder.path().join("a\u{1b}[2J\n\u{202e}b.toml"), toml.replace('\0', "").replace("\r\n", "\n# "))
        .unwrap();
    for format in ["human", "json"] {
        let output = qunwei().args(["check", "--format", format, "--config"]).arg(folder.path()).output().unwrap();
        let shown = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(shown.contains("strike_dayz"), "{shown}");
        assert!(!shown.chars().any(is_trick) || format == "json" && !shown.contains('\u{1b}'), "{shown:?}");
        assert!(!stderr(&output).chars().any(is_trick));
    }
    let text = events().into_iter().map(|mut event| {
        event["time"] = json!("2026-11-23T09:00:00+08:00");
        event.to_string()
    });
    let lines: Vec<String> = text.chain([format!("not JSON {EVIL}").replace("\r\n", " ")]).collect();
    for args in [&["replay", "--format", "human"][..], &["scan"], &["replay"]] {
        let mut child = qunwei();
        child.args(args).args(["--config", "config"]).current_dir(root());
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let text = lines.join("\n");
        let writing = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, text.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap().unwrap();
        let shown = String::from_utf8(output.stdout.clone()).unwrap();
        // Of JSON only what a terminal obeys: programs read the rest as it was written.
        let bad = |c: char| if args.contains(&"human") { is_trick(c) } else { c.is_ascii_control() && c != '\n' };
        assert!(shown.len() > 100 && !shown.chars().any(bad), "{args:?}: {shown:?}");
        assert!(!stderr(&output).chars().any(is_trick), "{args:?}: {:?}", stderr(&output));
    }
    for args in [
        &["words", "explain", "加\u{1b}[2J\u{202e}微信"][..],
        &["serve", "--config", "/nowhere\u{1b}[2J"],
        &["scan", "/nowhere\u{1b}[2J\n"],
        &["\u{1b}[2Jx"],
    ] {
        let output = qunwei().args(args).current_dir(root()).output().unwrap();
        assert!(!String::from_utf8_lossy(&output.stdout).contains('\u{1b}'), "{args:?}: {output:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains('\u{1b}'), "{args:?}: {output:?}");
    }
}

/// The names of headers that a proxy or a bot sends us are not ours to repeat.
#[tokio::test]
async fn answers_repeat_no_header_of_a_request() {
    let world = World::new().await;
    let body = world.message("m-1", "9", "早").to_string().into_bytes();
    let mut headers = signed("msg_1\u{20}FORGED", world.clock_now(), &body).to_vec();
    headers.push(("x-forged", "FORGED".to_owned()));
    headers.push(("origin", "http://evil.example".to_owned()));
    let client = crate::support::daemon::client();
    let mut request = client.post(format!("http://{}/hooks/bridge/example", world.running().listen)).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    assert!(
        !format!("{:?}", response.headers()).contains("FORGED")
            && !response.headers().contains_key("access-control-allow-origin")
    );
    assert!(!response.text().await.unwrap().contains("FORGED"));
    world.finish().await;
}
