//! A fresh run of the journal gives the same state (architecture.md, invariant 1).

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use qunwei::app::engine::{Effects, Engine, event_of};
use qunwei::app::intake::{Inbound, Job};
use qunwei::app::metrics::Metrics;
use qunwei::domain::action::{Action, Outcome};
use qunwei::domain::policy::Settings;
use qunwei::domain::state::Limits;
use qunwei::ports::{Row, RowKind, Store};
use qunwei::serve::open_store;
use qunwei::store::{Durability, Keyring, Options, SqliteStore};
use serde_json::{Value, json};

use crate::support::World;
use crate::support::bot::Answer;
use crate::support::dump;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

const CONFIG: &str = r#"
[profile.quick]
ladder = ["warn_public", "mute 10m", "remove"]
removals_per_hour = 1
[group.g1]
profile = "quick"
[daemon.alerts]
platform = "example"
group = "hq"
per_minute = 2
[profile.watched]
mode = "observe"
[group.g2]
profile = "watched"
"#;

/// Looks further back than the shipped rules, and at shorter texts; a group has its ladder changed under it.
const LONGER: &str = r#"
[[rule]]
name = "test.again"
kind = "repeat"
title = "刷屏"
min_characters = 2
by_member = { times = 4, seconds = 80000 }
[profile.late]
ladder = ["mute 20m", "remove"]
[group.g3]
profile = "late"
"#;

/// Finds what was innocent before.
const SHORTER: &str = r#"
[[rule]]
name = "test.word"
kind = "keywords"
title = "口头禅"
words = ["第 11 句", "晚安各位"]
hit = ["晚安各位"]
miss = ["晚安"]
"#;

async fn change_rules(world: &World, toml: &str) {
    world.write("config/zz-test.toml", toml);
    assert!(world.running().reloader.reload().await.unwrap().changed);
}

/// What the longer window finds, part of it said before the rule was there.
async fn again_and_again(world: &mut World) {
    for _ in 0..5 {
        world.quiet().await;
        world.turn(30 * MINUTE);
        world.say("60", "大家好").await;
        world.say("6", "大家好").await;
    }
    world.quiet().await;
}

#[tokio::test]
async fn a_fresh_run_of_the_journal_gives_the_same_state() {
    let mut world = World::with(CONFIG).await;
    a_morning(&mut world).await;
    newcomers(&mut world).await;
    change_rules(&world, &format!("{CONFIG}{LONGER}")).await;
    again_and_again(&mut world).await;
    world.restart().await;
    a_raid(&mut world).await;
    change_rules(&world, &format!("{CONFIG}{SHORTER}")).await;
    world.restart().await;
    commands(&mut world).await;
    world.restart().await;
    trouble(&mut world).await;
    until_all_is_over(&world).await;
    world.down().await;

    let settings = world.config().settings;
    let again = tempfile::tempdir().unwrap();
    let versions: HashSet<String> = rules_of(world.data.path()).into_iter().collect();
    assert_eq!(versions.len(), 3, "the rules changed twice");
    let kinds = run_again(&settings, world.data.path(), again.path());
    assert!(kinds.iter().all(|count| *count > 0), "a kind of input was not among them: {kinds:?}");
    let (lived, rerun) = (dump::state(world.data.path()), dump::state(again.path()));
    for table in [
        "undone",
        "chat",
        "commands",
        "cases",
        "evidence",
        "standings",
        "ledgers",
        "newcomers",
        "company",
        "members",
        "admins",
        "outbox",
    ] {
        assert!(!lived[table].is_empty(), "the day left {table} empty");
    }
    dump::assert_same(&lived, &rerun);
    assert_eq!(dump::journal(world.data.path()), dump::journal(again.path()));
    assert_eq!(world.bot.faults(), Vec::<String>::new());
}

/// Roles, names, comings and goings, edits, an alert to look at, the first violations.
async fn a_morning(world: &mut World) {
    let time = "2026-11-23T08:59:00+08:00";
    let joined = json!({"id": "e-1", "type": "member_joined", "group": "g1", "time": time,
                        "members": [{"id": "5", "name": "李姐", "role": "admin"}, {"id": "6", "name": "加微信"}]});
    let renamed = json!({"id": "e-2", "type": "member_renamed", "group": "g1", "time": time,
                         "member": {"id": "6", "name": "小六"}});
    let odd = json!({"id": "e-3", "type": "something_new", "group": "g1", "time": time, "what": [1, {"a": null}]});
    let private = json!({"id": "e-4", "type": "private_message", "time": time, "sender": {"id": "6"}, "text": "在吗"});
    let late = json!({"id": "e-5", "type": "message", "group": "g1", "time": "2026-11-01T00:00:00+08:00",
                      "sender": {"id": "6"}, "text": SPAM});
    let ahead = json!({"id": "e-6", "type": "message", "group": "g1", "time": "2027-01-01T00:00:00+08:00",
                       "sender": {"id": "6"}, "text": "你好"});
    let timeless = json!({"id": "e-7", "type": "message", "group": "g1", "sender": {"id": "6"}, "text": "大家好"});
    let all = Value::Array(vec![joined, renamed, odd, private, late, ahead, timeless]);
    assert_eq!(world.post(all.to_string()).await.0, 200);
    world.say("8", "今天天气不错").await;
    world.turn(SECOND);
    let edit = |id: &str, text: &str| {
        json!({"id": id, "type": "message_edited", "group": "g1", "time": "2026-11-23T09:00:01+08:00",
               "message": "m-2", "sender": {"id": "8", "name": "小8"}, "text": text})
    };
    assert_eq!(world.post(edit("e-8", "加微信 abc12345").to_string()).await.0, 200);
    world.settled().await;
    world.turn(2 * MINUTE);
    assert_eq!(world.post(edit("e-9", "加微信 abc12345，点 https://t.cn/A6abcdef").to_string()).await.0, 200);
    world.say("9", "看看 http://www.lingjiang-88.top/?id=3").await;
    for text in [SPAM, "有意加 V X：xiaomei520"] {
        world.say("9", text).await;
    }
    let mut observed = world.message("o-1", "9", SPAM);
    observed["group"] = json!("g2");
    assert_eq!(world.post(observed.to_string()).await.0, 200);
    world.settled().await;
}

/// Some who come, of whom one leaves; a restart in their window; more than a group welcomes; somebody who asks for the rules.
async fn newcomers(world: &mut World) {
    let came = |id: &str, user: &str| {
        let members = json!([{"id": user, "name": "加微信 abc12345"}, {"id": format!("{user}-2"), "name": "小二"}]);
        json!({"id": id, "type": "member_joined", "group": "g1", "members": members, "channel": "qr"})
    };
    assert_eq!(world.post(came("n-1", "n1").to_string()).await.0, 200);
    let left = json!({"id": "n-2", "type": "member_left", "group": "g1", "members": [{"id": "n1-2"}]});
    assert_eq!(world.post(left.to_string()).await.0, 200);
    world.turn(30 * SECOND);
    world.restart().await;
    assert_eq!(world.post(came("n-3", "n2").to_string()).await.0, 200);
    world.say("n2", "群规").await;
    world.turn(MINUTE);
    world.quiet().await;
    for at in 0..25 {
        let id = format!("r-{at}");
        assert_eq!(world.post(came(&id, &id).to_string()).await.0, 200);
    }
    world.turn(MINUTE);
    world.quiet().await;
}

/// Many at once: bursts, floods, merged notices, mutes, and the end of the mutes.
async fn a_raid(world: &mut World) {
    world.quiet().await;
    world.turn(5 * MINUTE);
    for user in 20..32 {
        world.say(&user.to_string(), SPAM).await;
        world.quiet().await;
        world.turn(SECOND);
    }
    world.turn(2 * MINUTE); // the merged notice
    world.quiet().await;
    world.turn(2 * MINUTE);
    for user in 20..24 {
        world.say(&user.to_string(), SPAM).await; // muted
    }
    for at in 0..12 {
        world.say("40", &format!("第 {at} 句")).await; // flooding
    }
    world.quiet().await;
    world.turn(11 * MINUTE); // the mutes end
    world.quiet().await;
    for user in 20..23 {
        world.say(&user.to_string(), SPAM).await; // one is removed, the others become tasks
    }
    world.quiet().await;
    world.turn(2 * MINUTE);
    world.quiet().await;
}

/// Admins at work: penalties by hand, undone cases, changed words, a stopped group and a stopped daemon.
async fn commands(world: &mut World) {
    let mut number = 0;
    for text in [
        "/警告 @33 刷屏",
        "/禁言 @33 到明天早上8点",
        "/撤销 1",
        "/撤销 1",
        "/加词 内部认购 学区房",
        "/删词 加微信",
        "/词表",
        "/撤销 改1",
        "/试 兼职刷单",
        "/案件 2",
        "/停",
        "/状态",
        "/恢复",
        "/解禁 @33",
        "/移出 @33 确认",
        "/重载",
        "/帮助",
        "@bot 你好",
    ] {
        number += 1;
        let mut event = world.message(&format!("k-{number}"), "5", text);
        if let Some((before, after)) = text.split_once("@33") {
            event["content"] = json!([{"type": "text", "text": before},
                                      {"type": "mention", "user": "33", "name": "小33"}, {"type": "text", "text": after}]);
        }
        assert_eq!(world.post(event.to_string()).await.0, 200);
        world.quiet().await;
        world.turn(SECOND);
    }
    let private = json!({"id": "k-p", "type": "private_message", "sender": {"id": "33"}, "text": "我的记录"});
    assert_eq!(world.post(private.to_string()).await.0, 200);
    for what in ["pause", "resume"] {
        let url = format!("http://{}/{what}", world.running().admin);
        let header = qunwei::web::admin::OPERATOR;
        let asked = reqwest::Client::new().post(url).header(header, "lili").send().await.unwrap();
        assert_eq!(asked.status().as_u16(), 200);
        world.say("34", SPAM).await;
        world.quiet().await;
    }
}

/// A bot that answers badly: retries, a late mute, refusals, and the alerts that follow.
async fn trouble(world: &mut World) {
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.say("24", SPAM).await; // a mute that is late
    world.quiet().await;
    world.turn(4 * MINUTE);
    world.quiet().await;
    world.bot.always(Some(Answer::Status(400, Vec::new())));
    world.say("25", SPAM).await;
    world.quiet().await;
    world.turn(6 * MINUTE);
    world.quiet().await;
    world.bot.always(None);
    world.quiet().await;
    world.turn(6 * MINUTE);
    world.say("50", SPAM).await;
    let left = json!({"id": "e-90", "type": "member_left", "group": "g1", "members": [{"id": "50"}], "reason": "quit"});
    assert_eq!(world.post(left.to_string()).await.0, 200);
}

async fn until_all_is_over(world: &World) {
    for _ in 0..10 {
        world.quiet().await;
        world.turn(5 * MINUTE);
    }
    world.settled().await;
}

/// Puts the rows of one store through a new engine over another; how many there were of each kind.
pub(crate) fn run_again(settings: &Arc<Settings>, from: &Path, to: &Path) -> [usize; 7] {
    run_again_knowing([settings.clone()], from, to)
}

/// The same. Versions of the rules that are not among those `known` are made of the files that the store kept.
pub(crate) fn run_again_knowing(known: impl IntoIterator<Item = Arc<Settings>>, from: &Path, to: &Path) -> [usize; 7] {
    let rows = open_store(from, &Keyring::none()).unwrap().journal(0, 1_000_000).unwrap();
    let scratch = Options { durability: Durability::Scratch, ..Options::default() };
    let store = Box::new(SqliteStore::open(to, scratch).unwrap());
    let metrics = Arc::new(Metrics::new());
    let kept = open_store(from, &Keyring::none()).unwrap();
    let mut versions: HashMap<Arc<str>, Arc<Settings>> =
        known.into_iter().map(|settings| (settings.version.clone(), settings)).collect();
    let settings = versions.values().next().unwrap().clone(); // until the first row says which
    let mut engine = Engine::new(settings, store, metrics, Limits::default(), rows[0].at).unwrap();
    let mut actions: HashMap<Arc<str>, Arc<Action>> = HashMap::new();
    let mut kinds = [0; 7];
    for row in &rows {
        kinds[row.kind as usize] += 1;
        match row.kind {
            RowKind::Rules => {
                let rules = versions.entry(row.body.clone()).or_insert_with(|| rules(&kept, &row.body));
                engine.change_rules(rules.clone(), row.at).unwrap();
            }
            RowKind::Tick => engine.apply_due(row.at).unwrap(),
            RowKind::Event | RowKind::Attempt | RowKind::Outcome | RowKind::Pause | RowKind::Told => {
                engine.apply(job(row, &actions), row.at).unwrap()
            }
        }
        let Effects { acts, .. } = engine.commit().unwrap();
        actions.extend(acts.into_iter().map(|action| (action.id.clone(), action)));
    }
    kinds
}

/// A version of the rules, of the files that the store kept.
fn rules(store: &SqliteStore, version: &str) -> Arc<Settings> {
    let files = store.config(version).unwrap().unwrap_or_else(|| panic!("{version} was not kept"));
    let config = qunwei::config::from_files(Path::new("."), &files, &|_| None);
    config.unwrap_or_else(|faults| panic!("{faults:#?}")).settings
}

/// The versions that the journal names, in order.
pub(crate) fn rules_of(data: &Path) -> Vec<String> {
    let rows = open_store(data, &Keyring::none()).unwrap().journal(0, 1_000_000).unwrap();
    rows.into_iter().filter(|row| row.kind == RowKind::Rules).map(|row| row.body.to_string()).collect()
}

fn job(row: &Row, actions: &HashMap<Arc<str>, Arc<Action>>) -> Job {
    let body: Value = serde_json::from_str(&row.body).unwrap();
    let action = |key: &str| {
        let known = actions.get(body[key].as_str().unwrap());
        known
            .unwrap_or_else(|| panic!("input {} is about an action that was never decided: {}", row.seq, row.body))
            .clone()
    };
    match row.kind {
        RowKind::Attempt => Job::Attempt { action: action("id"), body: row.body.clone() },
        RowKind::Outcome => {
            let outcome: Outcome = serde_json::from_value(body["outcome"].clone()).unwrap();
            Job::Outcome { action: action("action"), outcome }
        }
        RowKind::Told => Job::Told(serde_json::from_value(body).unwrap()),
        RowKind::Pause => {
            let halt = serde_json::from_value(body).unwrap();
            Job::Pause { halt, answer: tokio::sync::oneshot::channel().0 }
        }
        RowKind::Event | RowKind::Tick | RowKind::Rules => {
            let event = event_of(row).unwrap();
            let incoming = Inbound { event, raw: row.body.clone(), given_time: row.time, glance: None };
            Job::Events { events: vec![incoming], answer: tokio::sync::oneshot::channel().0 }
        }
    }
}
