//! Each kind of rule that needs more than a text, from a message over HTTP to the penalty; names; and that all of it comes out
//! the same from the journal and after a restart.

use std::time::Duration;

use qunwei::domain::standing::Standing;
use qunwei::serve::open_store;
use qunwei::store::Keyring;
use serde_json::{Value, json};

use crate::journal::run_again;
use crate::support::{World, combined_rules, dump};

const MINUTE: Duration = Duration::from_secs(60);

/// Rules that ship observing, asking a person or off, made to bite.
const STRICT: &str = r#"
[profile.strict]
burst_seconds = 0
[profile.strict.rule."concert.group"]
mode = "off"
[profile.strict.rule."concert.across_groups"]
mode = "off"
[group.g1]
profile = "strict"
[group.g1.rule."quiet_hours.all"]
mode = "on"
[group.g2]
profile = "strict"
[group.g2.rule."quiet_hours.loud"]
mode = "on"
"#;

/// The strict rules: all but those about quiet hours and about the form of names.
const BITING: [&str; 15] = [
    "fraud.job_offer",
    "pictures.one_message",
    "pictures.in_a_row",
    "mentions.everybody",
    "mentions.many",
    "files.programs",
    "files.disguised",
    "files.large",
    "cards.cards",
    "cards.red_packets",
    "newcomers.first_day",
    "newcomers.fast",
    "names.ads",
    "names.imitates",
    "pushing.group",
];

fn strict() -> String {
    let bites = |rule: &&str| format!("[profile.strict.rule.\"{rule}\"]\nmode = \"on\"\nverdict = \"violation\"\n");
    let off = |name: String| format!("[profile.strict.rule.{name}]\nmode = \"off\"\n");
    let others: String = combined_rules().into_iter().map(off).collect();
    format!("{STRICT}{}{others}", BITING.iter().map(bites).collect::<String>())
}

/// A message with this content.
fn said(world: &World, user: &str, content: Value) -> Value {
    let mut event = world.message(&format!("r-{}", world.sent()), user, "");
    event.as_object_mut().unwrap().remove("text");
    event["content"] = content;
    event
}

async fn post(world: &mut World, event: &Value) {
    let (status, answer) = world.post(event.to_string()).await;
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{event}");
    world.settled().await;
}

async fn joins(world: &mut World, user: &str, name: &str) {
    let event = json!({"id": format!("j-{}", world.sent()), "type": "member_joined", "group": "g1",
                       "time": world.clock_now().to_string(), "members": [{"id": user, "name": name}]});
    post(world, &event).await;
}

/// What the bot got since it was last read, as (type, step, rule).
fn got(world: &World) -> Vec<(String, String, String)> {
    let text = |action: &Value, key: &str| action["cause"][key].as_str().unwrap_or_default().to_owned();
    let one =
        |action: Value| (action["type"].as_str().unwrap().to_owned(), text(&action, "step"), text(&action, "rule"));
    let mut all: Vec<_> = std::iter::from_fn(|| world.bot.read()).map(one).collect();
    all.sort();
    all
}

fn warned(rule: &str) -> Vec<(String, String, String)> {
    vec![("private".to_owned(), "warn_private".to_owned(), rule.to_owned())]
}

fn images(count: usize) -> Value {
    json!(vec![json!({"type": "image"}); count])
}

#[tokio::test]
async fn each_kind_leads_to_its_penalty_and_to_the_same_from_the_journal() {
    let mut world = World::with(&strict()).await;
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let mentions: Vec<Value> = (0..11).map(|n| json!({"type": "mention", "user": format!("m{n}")})).collect();
    let rows = [
        ("fraud.job_offer", text("招聘兼职，日*结，感兴趣的私聊")),
        ("pictures.one_message", images(4)),
        ("mentions.everybody", json!([{"type": "mention", "user": "all"}, {"type": "text", "text": "看"}])),
        ("mentions.many", json!(mentions)),
        ("files.programs", json!([{"type": "file", "name": "助手．APK.1"}])),
        ("files.disguised", json!([{"type": "file", "name": "合同\u{202E}fdp.doc"}])),
        ("files.large", json!([{"type": "file", "name": "a.mp4", "size": 500 << 20}])),
        ("cards.cards", json!([{"type": "card", "title": "领券"}])),
        ("cards.red_packets", json!([{"type": "red_packet"}])),
    ];
    for (rule, content) in rows {
        let event = said(&world, rule, content);
        post(&mut world, &event).await;
        let mut expected = warned(rule);
        if rule.starts_with("files.") && rule != "files.large" || rule == "fraud.job_offer" {
            expected.insert(0, ("delete".to_owned(), "warn_private".to_owned(), rule.to_owned()));
        }
        assert_eq!(got(&world), expected);
    }
    at_night(&mut world).await;
    windows_live_through_a_restart(&mut world).await;
    names(&mut world).await;
    world.turn(10 * MINUTE);
    world.quiet().await;
    world.settled().await;
    got(&world); // the welcomes
    world.down().await;

    let settings = world.config().settings;
    let again = tempfile::tempdir().unwrap();
    run_again(&settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
    assert_eq!(world.bot.faults(), Vec::<String>::new());
}

/// Messages of last night, told this morning: the platform's time counts.
async fn at_night(world: &mut World) {
    for (group, rule, time, hit) in [
        ("g1", "quiet_hours.all", "2026-11-23T07:59:59+08:00", true),
        ("g1", "quiet_hours.all", "2026-11-23T08:00:00+08:00", false),
        ("g2", "quiet_hours.loud", "2026-11-22T22:00:00+08:00", true),
        ("g2", "quiet_hours.loud", "2026-11-22T21:59:59+08:00", false),
    ] {
        let mut event = said(world, &format!("{rule} {hit}"), images(1));
        event["time"] = json!(time);
        event["group"] = json!(group);
        post(world, &event).await;
        assert_eq!(got(world), if hit { warned(rule) } else { Vec::new() }, "{rule} {time}");
    }
}

async fn windows_live_through_a_restart(world: &mut World) {
    let link = "https://www.bilibili.com/video/BV1xx411c7mD?from=";
    joins(world, "new", "小新").await;
    joins(world, "fast", "小快").await;
    for at in 0..4 {
        let pictures = said(world, "shows", images(2));
        post(world, &pictures).await;
        let pushed = said(world, &format!("push{at}"), json!([{"type": "text", "text": format!("看{link}{at}")}]));
        post(world, &pushed).await;
    }
    for at in 0..5 {
        let chat = said(world, "fast", json!([{"type": "text", "text": format!("第{at}句")}]));
        post(world, &chat).await;
    }
    assert_eq!(got(world), []);
    world.restart().await;
    let pictures = said(world, "shows", images(2));
    post(world, &pictures).await;
    assert_eq!(got(world), warned("pictures.in_a_row"));
    let pushed = said(world, "push4", json!([{"type": "link", "url": link, "title": "好看"}]));
    post(world, &pushed).await;
    assert_eq!(got(world), warned("pushing.group"));
    let chat = said(world, "fast", json!([{"type": "text", "text": "还有一句"}]));
    post(world, &chat).await;
    assert_eq!(got(world), warned("newcomers.fast"));
    let file = said(world, "new", json!([{"type": "file", "name": "a.pdf"}]));
    post(world, &file).await;
    assert_eq!(got(world), warned("newcomers.first_day"));
    // Nobody knows when this one came.
    let file = said(world, "old", json!([{"type": "file", "name": "a.pdf"}]));
    post(world, &file).await;
    assert_eq!(got(world), []);
}

/// At coming, at speaking and when renamed: each name once, and never written out.
async fn names(world: &mut World) {
    let bad = "加微信 lily2020";
    joins(world, "9", bad).await;
    let warning = world.next().await;
    let text = warning["text"].as_str().unwrap();
    assert_eq!((&warning["type"], &warning["cause"]["rule"]), (&json!("private"), &json!("names.ads")));
    assert!(text.contains("请改一下群昵称") && !text.contains("微信") && !text.contains("lily"), "{text}");
    let speak = |world: &World, name: &str, text: &str| {
        let mut event = said(world, "9", json!([{"type": "text", "text": text}]));
        event["sender"]["name"] = json!(name);
        event
    };
    let rename = |world: &World, name: &str| {
        json!({"id": format!("n-{}", world.sent()), "type": "member_renamed", "group": "g1",
               "time": world.clock_now().to_string(), "member": {"id": "9", "name": name}})
    };
    world.turn(2 * MINUTE);
    world.settled().await;
    got(world); // the welcomes
    for round in 0..2 {
        let event = speak(world, bad, &format!("大家好 {round}"));
        post(world, &event).await;
        let event = rename(world, bad);
        post(world, &event).await;
        assert_eq!(got(world), [], "the same name is held against nobody twice");
        world.restart().await;
    }
    let event = rename(world, "小丽");
    post(world, &event).await;
    assert_eq!(got(world), []);
    // Another bad name, met when its owner speaks: the message itself stays.
    let event = speak(world, "官方客服", "你好");
    post(world, &event).await;
    let expected = ("send".to_owned(), "warn_public".to_owned(), "names.imitates".to_owned());
    assert_eq!(got(world), [expected]);
}

#[tokio::test]
async fn a_name_that_must_have_a_form_is_not_asked_for_at_the_door() {
    let mut world = World::with("[profile.default.rule.\"names.form\"]\nmode = \"on\"\n").await;
    joins(&mut world, "9", "小王").await;
    world.turn(2 * MINUTE);
    world.settled().await;
    let welcome = world.next().await;
    assert!(welcome["text"].as_str().unwrap().contains("小王"), "it is no name to be hidden: {welcome}");
    let mut event = said(&world, "9", json!([{"type": "text", "text": "你好"}]));
    event["sender"]["name"] = json!("小王");
    post(&mut world, &event).await;
    let warning = world.next().await;
    let text = warning["text"].as_str().unwrap();
    assert!(text.starts_with("小王，您好。您的群昵称不合群规：「群昵称请写成 姓名-部门」"), "{text}");
    event["id"] = json!("form-2");
    event["sender"]["name"] = json!("王芳-前台");
    post(&mut world, &event).await;
    // A command undoes the case of a name like any other, and it is not opened again.
    let mut command = said(&world, "1", json!([{"type": "text", "text": "/撤销 1"}]));
    command["sender"]["role"] = json!("owner");
    command["sender"]["name"] = json!("群主");
    post(&mut world, &command).await;
    assert!(world.next().await["text"].as_str().unwrap().contains("已撤销"));
    while world.bot.read().is_some() {}
    event["id"] = json!("form-3");
    event["sender"]["name"] = json!("小王");
    post(&mut world, &event).await;
    world.finish().await;
}

#[tokio::test]
async fn a_name_that_asks_for_a_look_is_put_before_the_admins_once() {
    let mut world = World::new().await;
    let mut event = said(&world, "9", json!([{"type": "text", "text": "你好"}]));
    event["sender"]["name"] = json!("人工客服");
    for id in ["a", "b"] {
        event["id"] = json!(id);
        post(&mut world, &event).await;
    }
    let alert = world.next().await;
    let text = alert["text"].as_str().unwrap();
    assert!(text.contains("群昵称") && !text.contains("客服小") && !text.contains("人工客服"), "{text}");
    world.down().await;
    let mut store = open_store(world.data.path(), &Keyring::none()).unwrap();
    use qunwei::ports::{MemberRef, Store};
    let stored = store.member(&MemberRef::new(&"example".into(), "g1", "9")).unwrap();
    assert_eq!(Standing { name: None, ..stored.standing.clone() }, Standing::default());
    assert!(stored.standing.name.is_some_and(|name| !name.observe));
    drop(store);
    world.up().await;
    world.finish().await;
}

#[tokio::test]
async fn a_word_said_over_several_messages_is_found_and_the_same_from_the_journal() {
    let mut world = World::with(&strict()).await;
    for text in ["加", "微", "信"] {
        let event = said(&world, "9", json!([{"type": "text", "text": text}]));
        post(&mut world, &event).await;
        world.turn(Duration::from_secs(3));
    }
    let kinds: Vec<_> = got(&world).into_iter().map(|(kind, step, _)| (kind, step)).collect();
    // in three messages it is not by chance
    let expected = [("delete", "warn_private"), ("private", "warn_private")];
    assert_eq!(kinds, expected.map(|(kind, step)| (kind.to_owned(), step.to_owned())));
    let settings = world.config().settings;
    world.down().await;
    let again = tempfile::tempdir().unwrap();
    run_again(&settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
}

#[tokio::test]
async fn a_word_that_does_not_count_takes_its_combinations_along() {
    let text = "招聘兼职，日结，感兴趣的私聊";
    let mut world = World::with(&strict()).await;
    let mut command = said(&world, "1", json!([{"type": "text", "text": "/删词 日结"}]));
    command["sender"]["role"] = json!("owner");
    post(&mut world, &command).await;
    assert!(world.next().await["text"].as_str().unwrap().contains("不再算违规"));
    let event = said(&world, "9", json!([{"type": "text", "text": text}]));
    post(&mut world, &event).await;
    let about = |rule: &str| got(&world).iter().filter(|(.., of)| of == rule).count();
    assert_eq!(about("fraud.job_offer"), 0);
    // In a group where it counts, the same is found.
    let mut event = said(&world, "8", json!([{"type": "text", "text": text}]));
    event["group"] = json!("g2");
    post(&mut world, &event).await;
    let about = |rule: &str| got(&world).iter().filter(|(.., of)| of == rule).count();
    assert_eq!(about("fraud.job_offer"), 2, "taken down and warned");
    world.down().await;
}

#[tokio::test]
async fn an_edit_that_turns_a_message_into_a_forbidden_one_is_found() {
    let mut world = World::with(&strict()).await;
    joins(&mut world, "9", "小九").await;
    let event = said(&world, "9", json!([{"type": "text", "text": "大家好"}]));
    let id = event["id"].clone();
    post(&mut world, &event).await;
    let edit = json!({"id": "e-1", "type": "message_edited", "group": "g1", "message": id,
                      "time": world.clock_now().to_string(), "sender": {"id": "9", "name": "小九"},
                      "text": "看 www.bilibili.com/video/BV1，@所有人"});
    post(&mut world, &edit).await;
    let kinds = got(&world);
    assert_eq!(kinds.len(), 1, "{kinds:?}");
    assert_eq!((&*kinds[0].0, &*kinds[0].1), ("private", "warn_private"));
    world.turn(2 * MINUTE);
    world.settled().await;
    assert_eq!(world.next_kinds(1).await, [("send".to_owned(), "welcome".to_owned())]);
    world.finish().await;
}

/// Three people who say the same.
const SAME: &str = r#"
[bridge.example]
secret_env = "QUNWEI_EXAMPLE_SECRET"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = ["send", "private", "idempotent"]
[[rule]]
name = "repeat.many"
kind = "repeat"
title = "重复"
min_characters = 6
by_members = { members = 3, seconds = 600 }
[group.g1]
admins = ["named"]
"#;

#[tokio::test]
async fn a_start_remembers_nothing_of_what_admins_typed_as_commands() {
    let mut world = World::with_only(SAME).await;
    let text = json!([{"type": "text", "text": "/帮助 怎么警告一个成员"}]);
    let mut seen = said(&world, "seen", json!([{"type": "text", "text": "早"}]));
    seen["sender"]["role"] = json!("admin");
    post(&mut world, &seen).await;
    for user in ["named", "seen", "9"] {
        let event = said(&world, user, text.clone());
        post(&mut world, &event).await;
    }
    world.killed().await;
    let event = said(&world, "8", text);
    post(&mut world, &event).await;
    let steps: Vec<String> = got(&world).into_iter().map(|(_, step, _)| step).collect();
    assert_eq!(steps, ["command"; 4], "two members said it");
    world.finish().await;
}
