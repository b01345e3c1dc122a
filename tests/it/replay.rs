//! `replay` and `scan` as people run them: the same bytes each time, and the same ids as the live daemon.

use std::io::Write;
use std::process::{Command, Stdio};

use qunwei::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::support::daemon::{qunwei, stderr};
use crate::support::{World, root};

const SCENE: &str = "scenes/first-day.jsonl";

/// What a command writes; it must succeed without a word on stderr.
fn written(mut command: Command, input: &str) -> String {
    command.current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().ok();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    String::from_utf8(output.stdout).unwrap()
}

fn run(args: &[&str], input: &str) -> String {
    let mut command = qunwei();
    command.args(args);
    written(command, input)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn scene() -> String {
    std::fs::read_to_string(root().join(SCENE)).unwrap()
}

#[test]
fn the_shipped_scene_gives_the_same_bytes_each_time() {
    for format in ["json", "human"] {
        let once = run(&["replay", "--format", format, SCENE], "");
        assert!(once.lines().count() > 8, "{once}");
        assert_eq!(once, run(&["replay", "--format", format, SCENE], ""));
        assert_eq!(once, run(&["replay", "--format", format, "-"], &scene()));
        let windows = scene().replace('\n', "\r\n\r\n");
        assert_eq!(once, run(&["replay", "--format", format], &windows), "line ends are no matter");
    }
    for action in lines(&run(&["replay", SCENE], "")) {
        assert!(action["time"].as_str().unwrap().ends_with("+08:00"), "the group's offset: {action}");
        assert!(action["cause"].is_object() && action["id"].as_str().unwrap().len() == 28, "{action}");
    }
}

#[test]
fn a_second_delivery_acts_once_and_unknown_types_are_nothing() {
    let once = run(&["replay", SCENE], "");
    let twice: String = scene().lines().flat_map(|line| [line, "\n", line, "\n"]).collect();
    assert_eq!(once, run(&["replay"], &twice));
    let odd = r#"{"id":"odd","type":"from_the_future","group":"g","time":"2026-11-23T09:00:00+08:00","x":[]}"#;
    assert_eq!(once, run(&["replay"], &format!("{odd}\n{}", scene())));
}

#[tokio::test]
async fn the_live_daemon_gives_its_actions_the_same_ids() {
    let events: Vec<Value> = lines(&scene())
        .into_iter()
        .map(|mut event| {
            event["platform"] = json!("example");
            event
        })
        .collect();
    let input: String = events.iter().map(|event| format!("{event}\n")).collect();
    let until = "2026-11-27T00:00:00+08:00";
    let played = lines(&run(&["replay", "--until", until], &input));

    let mut world = World::new().await;
    for event in &events {
        world.clock.set(Timestamp::parse(event["time"].as_str().unwrap()).unwrap());
        world.quiet().await; // the timers
        assert_eq!(world.post(event.to_string()).await.0, 200);
        world.settled().await;
    }
    world.clock.set(Timestamp::parse(until).unwrap());
    world.settled().await;
    let lived = world.bot.model().done.clone();
    let sorted = |actions: &[Value]| {
        let key =
            |action: &Value| [&action["id"], &action["type"], &action["text"], &action["until"]].map(Value::to_string);
        let mut keys: Vec<_> = actions.iter().map(key).collect();
        keys.sort();
        keys
    };
    assert_eq!(sorted(&played), sorted(&lived));
    world.next_kinds(lived.len()).await;
    world.finish().await;
}

/// A configuration of one rule and one step.
fn muting() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let toml = r#"
[profile.default]
ladder = ["mute 1h"]
[[rule]]
name = "ads.contact"
kind = "regex"
title = "广告"
patterns = ['加薇信']
hit = ["加薇信"]
"#;
    std::fs::write(folder.path().join("all.toml"), toml).unwrap();
    folder
}

fn said(id: &str, group: &str, user: &str, time: &str, text: &str) -> String {
    let sender = json!({"id": user, "name": user});
    json!({"id": id, "type": "message", "group": group, "sender": sender, "time": time, "text": text}).to_string()
        + "\n"
}

#[test]
fn timers_fire_in_order_before_what_comes_later_and_only_until_the_end() {
    let folder = muting();
    let config = folder.path().to_str().unwrap();
    let (nine, ten) = ("2026-11-23T09:00:00+08:00", "2026-11-23T10:00:00+08:00");
    let bad = |id, group, user| said(id, group, user, nine, "加薇信");
    let input = [bad("1", "g-b", "x"), bad("2", "g-a", "y"), bad("3", "g-a", "z"), bad("4", "g-c", "x")].concat();
    let kinds = |args: &[&str], input: &str| -> Vec<String> {
        let args = [&["replay", "--config", config], args].concat();
        let word =
            |action: &Value| format!("{} {} {}", action["type"], action["group"], action["user"]).replace('"', "");
        lines(&run(&args, input)).iter().filter(|action| action["type"] != "delete").map(word).collect()
    };
    let unmutes = |all: Vec<String>| all.into_iter().filter(|kind| kind.starts_with("unmute")).collect::<Vec<_>>();
    let in_order = ["unmute g-a y", "unmute g-a z", "unmute g-b x", "unmute g-c x"];
    assert!(unmutes(kinds(&[], &input)).is_empty(), "nothing fires after the last event");
    assert!(unmutes(kinds(&["--until", "2026-11-23T09:59:59+08:00"], &input)).is_empty());
    assert_eq!(unmutes(kinds(&["--until", ten], &input)), in_order);
    // Due at an event's time is before it; the clock does not go back for an event that is late.
    let late = said("6", "g-d", "w", nine, "加薇信");
    let more = said("5", "g-d", "v", ten, "加薇信");
    let all = kinds(&[], &format!("{input}{more}{late}"));
    let at = |what: &str| all.iter().position(|kind| kind == what).unwrap_or_else(|| panic!("{what} in {all:?}"));
    assert!(at("unmute g-c x") < at("mute g-d v"), "{all:?}");
    assert!(at("mute g-d v") < at("mute g-d w"), "{all:?}");
}

#[test]
fn under_observe_actions_are_written_and_marked() {
    let folder = muting();
    std::fs::write(folder.path().join("observe.toml"), "[group.g]\nmode = \"observe\"\n").unwrap();
    let config = folder.path().to_str().unwrap();
    let input = said("1", "g", "u", "2026-11-23T09:00:00+08:00", "加薇信");
    let args = ["replay", "--config", config, "--until", "2026-11-24T09:00:00+08:00"];
    let actions = lines(&run(&args, &input));
    assert_eq!(actions.len(), 3, "{actions:?}");
    assert!(actions.iter().all(|action| action["observe"] == true), "{actions:?}");
}

#[test]
fn what_scan_writes() {
    let contact = "加微信 abc12345";
    let rows = [
        (json!({"id": "1", "text": "今天天气不错"}), "今天天气不错".to_owned(), None),
        (json!({"id": "2", "text": contact}), contact.to_owned(), None),
        (json!({"id": "3", "text": format!("😀\u{200B}👨‍👩‍👧 {contact}！")}), format!("😀\u{200B}👨‍👩‍👧 {contact}！"), None),
        (
            json!({"id": "4", "content": [{"type": "mention", "user": "u"}, {"type": "text", "text": "请"},
                                          {"type": "image"}, {"type": "text", "text": contact}]}),
            format!("\u{FFFC}请\u{FFFC}{contact}"),
            None,
        ),
        (
            json!({"id": "5", "content": [{"type": "text", "text": "看"},
                                          {"type": "link", "url": "https://qq.com/a", "title": contact}]}),
            "看\u{FFFC}".to_owned(),
            Some("content[1].title"),
        ),
        (
            json!({"id": "6", "text": "看看 http://www.lingjiang-88.top/?id=3"}),
            "看看 http://www.lingjiang-88.top/?id=3".to_owned(),
            None,
        ),
    ];
    let input: String = rows.iter().map(|(line, ..)| format!("{line}\n")).collect();
    let out = lines(&run(&["scan"], &input));
    let verdicts: Vec<&str> = out.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["pass", "violation", "violation", "violation", "violation", "review"], "{out:#?}");
    for (line, (given, original, part)) in out.iter().zip(&rows) {
        assert_eq!(line["id"], given["id"]);
        let score = line["score"].as_f64().unwrap();
        assert_eq!(score > 0.0, line["verdict"] != "pass", "{line}");
        let findings = line["findings"].as_array().unwrap();
        assert_eq!(findings.is_empty(), line["verdict"] == "pass", "{line}");
        for finding in findings {
            assert!(finding["rule"].is_string() && finding["category"].is_string() && finding["severity"].is_string());
            assert_eq!(finding["part"].as_str(), *part, "{finding}");
            if part.is_none() {
                let [start, end] = ["start", "end"].map(|key| finding[key].as_u64().unwrap() as usize);
                let matched: String = original.chars().skip(start).take(end - start).collect();
                assert_eq!(finding["matched"].as_str().unwrap(), matched, "{finding} in {original}");
            }
        }
    }
    let explained = lines(&run(&["scan", "--explain"], "加 薇 信 abc12345\n"));
    assert!(explained[0]["folded"].is_string(), "{explained:?}");
    assert_eq!(
        lines(&run(&["scan"], "早\n\n晚\n")).iter().map(|line| line["id"].clone()).collect::<Vec<_>>(),
        ["1", "3"]
    );
}

#[test]
fn the_year_is_no_matter() {
    // A scene in the far past and one in the far future play alike but for their times.
    let at = |year: &str| run(&["replay"], &scene().replace("2026-11", &format!("{year}-11")));
    let plain = |text: String, year: &str| text.replace(&format!("{year}-11"), "2026-11");
    let now = lines(&run(&["replay", SCENE], ""));
    for year in ["1970", "2100"] {
        let then = lines(&plain(at(year), year));
        let kinds = |actions: &[Value]| actions.iter().map(|action| action["type"].clone()).collect::<Vec<_>>();
        assert_eq!(kinds(&then), kinds(&now), "{year}");
    }
}
