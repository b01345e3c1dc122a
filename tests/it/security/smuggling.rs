//! Names, texts and arguments of commands that want to say something by the bot's mouth.

use std::time::Duration;

use serde_json::{Value, json};

use super::is_trick;
use crate::commands::SPAM;
use crate::support::daemon::qunwei;
use crate::support::{World, root};

/// Words behind which a sign calls everybody.
const EVERYBODY: [&str; 6] = ["所有人", "全体成员", "全体", "all", "everyone", "here"];

/// Whether a text would call everybody, for a program that is forgiving in what it reads.
fn calls_everybody(text: &str) -> bool {
    let seen: String = text
        .chars()
        .filter(|c| !is_trick(*c) && !matches!(c, '\u{301}' | '\u{fe0f}' | '\u{2060}' | '\u{ad}' | '\u{feff}'))
        .collect();
    seen.split(['@', '＠', '﹫']).skip(1).any(|after| {
        let after = after.trim_start().to_lowercase();
        EVERYBODY.iter().any(|word| {
            let goes_on = |rest: &str| word.is_ascii() && rest.starts_with(|c: char| c.is_ascii_alphanumeric());
            after.strip_prefix(word).is_some_and(|rest| !goes_on(rest))
        })
    })
}

/// What people write where something is wanted of them.
const EVIL: [&str; 14] = [
    "@所有人",
    "@all",
    "＠所有人 速看",
    "@ 所有人",
    "@\u{200b}所有人",
    "@所\u{200b}有人",
    "所有人",
    "All",
    "全体成员请注意",
    "<@all>",
    "@\u{202e}人有所",
    "x @所有人 y",
    "\u{feff}@Everyone",
    "@all\r\n【群公告】转账到 123",
];

fn message(world: &World, no: usize, user: &str, name: &str, content: Value) -> Value {
    json!({"id": format!("m-{no}"), "type": "message", "group": "g1", "time": world.clock_now().to_string(), "sender": {"id": user, "name": name}, "content": content})
}

fn text(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

/// Everything that can be said to or about the bot with one of `evils` in it, each in a group of its own; the actions that come of
/// each.
async fn all_said(evils: &[&str]) -> Vec<Vec<Value>> {
    let groups: String =
        (0..evils.len()).map(|at| format!("[group.g{at}]\nowner = \"chief\"\nadmins = [\"boss\"]\n")).collect();
    let mut world = World::with(&groups).await;
    let events: Vec<Vec<Value>> = evils.iter().map(|evil| said_of(&world, evil)).collect();
    for no in 0..events[0].len() {
        for (at, events) in events.iter().enumerate() {
            let mut event = events[no].clone();
            event["id"] = json!(format!("e-{at}-{no}"));
            event["group"] = json!(format!("g{at}"));
            event["time"] = json!(world.clock_now().to_string());
            let (status, answer) = world.post(event.to_string()).await;
            assert!(status == 200, "{answer}: {event}");
            world.turn(Duration::from_secs(2)); // a bridge is sent twenty actions a second
        }
        world.turn(Duration::from_secs(61));
        world.quiet().await;
    }
    // What is sent later: welcomes, reminders, what was merged.
    for _ in 0..4 {
        world.turn(Duration::from_secs(12 * 3600));
        for _ in 0..60 {
            world.quiet().await;
            world.turn(Duration::from_secs(5));
        }
    }
    world.settled().await;
    let mut actions = vec![Vec::new(); evils.len()];
    for action in std::iter::from_fn(|| world.bot.read()) {
        let group = action["group"].as_str().unwrap().trim_start_matches('g').parse::<usize>();
        actions[group.unwrap_or(0)].push(action);
    }
    world.finish_after_mutes().await;
    actions
}

/// What people do with `evil` in every place, in one group.
fn said_of(world: &World, evil: &str) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    let mention = |user: &str, name: &str| json!({"type": "mention", "user": user, "name": name});
    for (user, said) in [("9", SPAM.to_owned()), ("8", format!("{SPAM} {evil}")), ("7", format!("{evil}{SPAM}"))] {
        events.push(message(world, 0, user, evil, text(&said)));
    }
    events.push(json!({"type": "member_joined", "members": [{"id": "n1", "name": evil}, {"id": evil, "name": ""}], "inviter": evil, "channel": evil}));
    events.push(json!({"type": "join_request", "member": {"id": "n2", "name": evil}, "answer": evil, "inviter": evil}));
    events.push(json!({"type": "member_renamed", "member": {"id": "9", "name": format!("加微信 {evil}")}}));
    let quote = json!({"message": "m-q", "sender": "9", "text": format!("{SPAM} {evil}")});
    for (user, words) in COMMANDS {
        let content = json!([{"type": "text", "text": format!("{words} ")}, mention("9", evil), {"type": "text", "text": format!(" {evil}")}]);
        let mut event = message(world, 0, user, evil, content);
        event["quote"] = quote.clone();
        events.push(event);
    }
    let mut everybody = message(
        world,
        0,
        "boss",
        evil,
        json!([{"type": "text", "text": "/警告 "}, mention("@all", "所有人"), {"type": "text", "text": evil}]),
    );
    everybody["quote"] = Value::Null;
    events.push(everybody);
    let mut private = message(world, 0, "9", evil, text(&format!("我的记录 {evil}")));
    private["type"] = json!("private_message");
    events.push(private);
    events
}

/// Who gives which.
const COMMANDS: [(&str, &str); 23] = [
    ("6", "/举报"),
    ("6", "/帮助"),
    ("6", "/提醒 明天9点"),
    ("6", "/试"),
    ("6", "/案件"),
    ("6", "/词表"),
    ("5", "/禁言"),
    ("boss", "/警告"),
    ("boss", "/禁言"),
    ("boss", "/移出"),
    ("boss", "/解禁"),
    ("boss", "/撤销"),
    ("boss", "/加词"),
    ("boss", "/词表"),
    ("boss", "/删词"),
    ("boss", "/试"),
    ("boss", "/案件 1"),
    ("boss", "/词表 全体成员请注意"),
    ("boss", "/状态"),
    ("boss", "/停"),
    ("boss", "/状态"),
    ("boss", "/恢复"),
    ("boss", "/提醒 列表"),
];

/// What an action says, the buttons of its card included.
fn texts(action: &Value) -> Vec<String> {
    let buttons = action["buttons"].as_array().into_iter().flatten().map(|button| &button["text"]);
    buttons.chain([&action["text"]]).filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn nobody_calls_everybody_by_the_bots_mouth() {
    for (evil, actions) in EVIL.iter().zip(all_said(&EVIL).await) {
        assert!(actions.len() > 20, "{evil}: {}", actions.len());
        for action in &actions {
            for text in texts(action) {
                assert!(!calls_everybody(&text), "{evil:?} in {action}");
                assert!(!text.chars().any(is_trick), "{evil:?} in {action}");
                assert!(!text.contains("\n【群公告】"), "a line of its own: {action}");
            }
            for user in action["mentions"].as_array().into_iter().flatten() {
                assert!(!matches!(user.as_str().unwrap(), "@all" | "all" | "All" | "@所有人" | "所有人"), "{action}");
            }
        }
    }
}

#[tokio::test]
async fn what_people_write_is_no_template() {
    let evils = [
        "{{ 7*191 }}",
        "{% for x in range(9999999) %}x{% endfor %}",
        "{{ appeal }}{{ name }}",
        "{# x #}{{",
        "{{ ''.join(['1','337']) }}",
        "{% raw %}{{ case }}",
        "${7*191}",
        "#{7*191}",
    ];
    for (evil, actions) in evils.iter().zip(all_said(&evils).await) {
        assert!(actions.len() > 20, "{evil}: {}", actions.len());
        let said: Vec<String> = actions.iter().flat_map(texts).collect();
        assert!(said.iter().any(|text| text.contains(&evil[..4])), "{evil} is repeated as it is somewhere: {said:#?}");
        for text in said {
            assert!(!text.contains("1337"), "{evil} was reckoned: {text}");
            assert!(text.chars().count() < 2000, "{evil} made a long text");
        }
    }
}

/// An admin may say what an admin may; a template of a file may hold it. So a reminder of an admin's is theirs, and a member's is not.
#[tokio::test]
async fn a_members_reminder_calls_nobody() {
    for (user, calls) in [("boss", true), ("6", false)] {
        let mut world = World::with("[profile.open.commands]\nremind = [\"owner\", \"admin\", \"member\"]\n[group.g1]\nprofile = \"open\"\nadmins = [\"boss\"]\n").await;
        for words in ["/提醒 半小时后 @所有人 开会", "/确认"] {
            let event = message(&world, world.sent() as usize, user, "小王", text(words));
            assert_eq!(world.post(event.to_string()).await.0, 200);
            world.settled().await;
            while world.bot.read().is_some() {}
        }
        world.turn(Duration::from_secs(1801));
        world.quiet().await;
        world.settled().await;
        let said: Vec<String> = std::iter::from_fn(|| world.bot.read()).flat_map(|action| texts(&action)).collect();
        assert!(said.iter().any(|text| text.contains("开会")), "{user}: {said:?}");
        assert_eq!(said.iter().any(|text| calls_everybody(text)), calls, "{user}: {said:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn exports_hold_no_tricks_and_say_the_same() {
    let mut world = World::with("[group.g1]\nadmins = [\"boss\"]\n").await;
    let evil = "{{ 7*191 }}\"\"\"\\ '''\u{202e}\u{200b}# [group.x]";
    for words in
        [format!("/加词 “{evil}”"), format!("/提醒 明天9点 {evil}"), "/确认".to_owned(), "/删词 兼职刷单".to_owned()]
    {
        let event = message(&world, world.sent() as usize, "boss", evil, text(&words));
        assert_eq!(world.post(event.to_string()).await.0, 200);
        world.settled().await;
        while world.bot.read().is_some() {}
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    crate::support::copy(&root().join("config"), &config);
    crate::support::copy(&root().join("wordlists"), &folder.path().join("wordlists"));
    let to = config.join("chat");
    let output = qunwei().args(["export", "--data"]).arg(world.data.path()).arg("--to").arg(&to).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut files = 0;
    for entry in std::fs::read_dir(&to).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.chars().any(is_trick), "{}: {text:?}", path.display());
        files += 1;
    }
    assert!(files >= 2, "{files} files");
    let check = qunwei().args(["check", "--config"]).arg(&config).output().unwrap();
    let shown = String::from_utf8_lossy(&check.stdout).into_owned() + &*String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success(), "what is exported is sound: {shown}");
    assert!(!shown.contains("1337"));
    world.finish().await;
}
