//! What is stored of one member: written out, erased so that no file has it, and what is deleted by age the same.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::backup::verify;
use crate::support::bot::Answer;
use crate::support::daemon::{qunwei, stderr};
use crate::support::{World, raw, tables, until};

const DAY: Duration = Duration::from_secs(24 * 3600);
pub const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// The member, and what only they are called and said.
pub const USER: &str = "wm-zhaoliu-77";
pub const NAME: &str = "赵六子丹";
pub const SAID: [&str; 5] =
    ["独一无二的早安", "独门兼职刷单日结，加薇信 abc98765", "专属私聊问题", "短句甲乙", "被引用的独白"];

fn erase(arguments: &[&str]) -> Output {
    qunwei().args(["member", "erase", "--platform", "example", "--user", USER]).args(arguments).output().unwrap()
}

fn export(data: &Path) -> Output {
    qunwei().args(["member", "export", "--platform", "example", "--user", USER, "--data"]).arg(data).output().unwrap()
}

fn named(world: &World, id: &str, text: &str) -> Value {
    let mut event = world.message(id, USER, text);
    event["sender"]["name"] = json!(NAME);
    event
}

async fn post(world: &mut World, event: Value) {
    let (status, answer) = world.post(event.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    world.quiet().await;
}

/// Two days in which the member comes, speaks, breaks rules, is quoted, mentioned, reported and punished, among others who do too.
pub async fn two_days(world: &mut World) {
    let person = json!({"id": USER, "name": NAME});
    let joined = json!({"id": "e-1", "type": "member_joined", "group": "g1", "members": [person, {"id": "5", "name": "李姐", "role": "admin"}]});
    post(world, joined).await;
    for day in 1..=2 {
        post(world, named(world, &format!("z-{day}-1"), SAID[0])).await;
        post(world, named(world, &format!("z-{day}-2"), SAID[1])).await;
        world.turn(Duration::from_secs(120));
        world.quiet().await;
        post(world, named(world, &format!("z-{day}-3"), SAID[3])).await;
        let private = json!({"id": format!("z-{day}-4"), "type": "private_message", "sender": person, "text": SAID[2]});
        post(world, private).await;
        post(world, named(world, &format!("z-{day}-5"), SAID[4])).await;
        let mut quoting = world.message(&format!("q-{day}"), "8", "我同意他的话");
        quoting["quote"] = json!({"message": format!("z-{day}-5"), "sender": USER, "text": SAID[4]});
        quoting["content"] = json!([{"type": "mention", "user": USER, "name": NAME}, {"type": "text", "text": format!("@{NAME} 我同意")}]);
        quoting.as_object_mut().unwrap().remove("text");
        post(world, quoting).await;
        let mut command = world.message(&format!("c-{day}"), "5", "/警告 ");
        command["content"] =
            json!([{"type": "text", "text": "/警告 "}, {"type": "mention", "user": USER, "name": NAME}]);
        command.as_object_mut().unwrap().remove("text");
        post(world, command).await;
        post(world, named(world, &format!("z-{day}-6"), "/我的记录")).await;
        world.say("9", SPAM).await;
        world.quiet().await;
        if day == 1 {
            world.turn(DAY);
            world.say("7", "第二天了").await;
            world.quiet().await;
            let data = world.data.path().to_owned();
            until("the day is in a file", || data.join("history/2026-11-23.db").exists().then_some(())).await;
        }
    }
    let data = world.data.path().to_owned();
    let conn = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    let named = || conn.query_row("SELECT count(*) FROM history", [], |row| row.get::<_, i64>(0)).unwrap();
    until("the file is named", || (named() == 1).then_some(())).await;
    world.settled().await;
    while world.bot.read().is_some() {}
}

/// The rows in which a text stands, for who has to find out.
fn rows_with(data: &Path, text: &str) -> Vec<String> {
    let tables = tables::all(&data.join("qunwei.db"));
    let rows = tables.into_iter().flat_map(|(table, rows)| rows.into_iter().map(move |row| format!("{table}: {row}")));
    rows.filter(|row| row.contains(text)).collect()
}

fn assert_gone(data: &Path) {
    for text in SAID.into_iter().chain([NAME, USER]) {
        assert_eq!(
            raw::holding(data, text),
            Vec::<String>::new(),
            "`{text}` is still there: {:?}",
            rows_with(data, text)
        );
    }
}

/// Turns the clock second by second until a thread is done.
async fn while_turning<T: Send + 'static>(world: &World, work: impl FnOnce() -> T + Send + 'static) -> T {
    let work = tokio::task::spawn_blocking(work);
    let start = Instant::now();
    while !work.is_finished() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not come to its end");
        world.turn(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    work.await.unwrap()
}

async fn until_done(world: &World) {
    let start = Instant::now();
    let conn = rusqlite::Connection::open(world.data.path().join("qunwei.db")).unwrap();
    let left = || {
        let open =
            conn.query_row("SELECT count(*) FROM erasures WHERE done IS NULL", [], |row| row.get::<_, i64>(0)).unwrap();
        open > 0 || !raw::holding(world.data.path(), USER).is_empty()
    };
    while left() {
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", raw::holding(world.data.path(), USER));
        world.turn(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_exported_and_erased_while_the_daemon_runs() {
    let mut world = World::with("").await;
    two_days(&mut world).await;
    let data = world.data.path().to_owned();
    for text in SAID.into_iter().chain([NAME, USER]) {
        assert!(!raw::holding(&data, text).is_empty(), "`{text}` is there to be erased");
    }
    let output = export(&data);
    assert!(output.status.success(), "{}", stderr(&output));
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    for text in SAID {
        assert!(all["events"].to_string().contains(text), "{text}");
    }
    assert_eq!(all["members"][0]["name"], NAME);
    for part in ["standing", "cases", "actions", "commands"] {
        assert!(!all[part].as_array().unwrap().is_empty(), "{part}: {all:#}");
    }
    assert!(!all["events"].to_string().contains("我同意他的话"), "what others said is not theirs");

    let cases = || {
        let conn = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
        let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        (count("SELECT count(*) FROM cases"), count("SELECT max(seq) FROM journal"))
    };
    let before = cases();
    let in_use = erase(&["--data", data.to_str().unwrap()]);
    assert!(stderr(&in_use).contains("is in use by qunwei pid"), "{}", stderr(&in_use));
    let url = format!("http://{}", world.running().admin);
    let output = while_turning(&world, move || erase(&["--url", &url])).await;
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success() && said.contains("erasure 1 of "), "{said}{}", stderr(&output));
    assert!(stderr(&output).contains("backups made before now"), "{}", stderr(&output));
    println!("{said}");
    until_done(&world).await;
    assert_gone(&data);
    let now = cases();
    assert!(now.0 == before.0 && now.1 >= before.1, "numbers stay: {before:?} {now:?}");
    assert!(
        !raw::holding(&data, "我同意").is_empty() && !raw::holding(&data, "abc12345").is_empty(),
        "others are there"
    );
    let nothing = export(&data);
    assert!(stderr(&nothing).contains("nothing is stored of"), "{}", stderr(&nothing));
    let conn = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    let rows: String = conn.query_row("SELECT rows FROM erasures", [], |row| row.get(0)).unwrap();
    let rows: Value = serde_json::from_str(&rows).unwrap();
    assert!(
        rows["history"].as_i64() >= Some(5) && rows["journal"].as_i64() >= Some(5) && rows["cases"].as_i64() >= Some(2),
        "{rows}"
    );
    drop(conn);

    // The daemon goes on, also with them.
    world.restart().await;
    while world.bot.read().is_some() {}
    let event = named(&world, "z-new", SAID[1]);
    post(&mut world, event).await;
    let action = world.next().await;
    assert_eq!(action["cause"]["step"], "warn_private", "as the first time: {action}");
    world.down().await;
    let (sound, said) = verify(&data);
    assert!(sound && said.contains("a member was erased"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_goes_on_after_a_restart_and_when_actions_have_come_to_their_end() {
    let mut world = World::with("").await;
    two_days(&mut world).await;
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.turn(Duration::from_secs(120));
    let event = named(&world, "z-9", SAID[1]);
    post(&mut world, event).await; // what is sent for it does not arrive yet
    let url = format!("http://{}/erase", world.running().admin);
    let body = json!({"platform": "example", "user": USER}).to_string();
    let http = reqwest::Client::new();
    let without = http.post(&url).body(body.clone()).send().await.unwrap();
    assert_eq!(without.status().as_u16(), 403, "a page of another origin cannot");
    let wrong = http.post(&url).header("x-qunwei-operator", "lili").body("{}").send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 400);
    let asked = http.post(&url).header("x-qunwei-operator", "lili").body(body).send().await.unwrap();
    let state: Value = serde_json::from_str(&asked.text().await.unwrap()).unwrap();
    assert_eq!((&state["by"], &state["files_left"]), (&json!("lili"), &json!(1)), "{state}");
    assert!(state["actions_left"].as_u64() >= Some(1), "{state}");
    world.restart().await; // in the middle of it
    world.bot.always(None);
    world.turn(Duration::from_secs(600));
    until_done(&world).await;
    world.settled().await;
    assert_gone(world.data.path());
    world.down().await;
    assert_gone(world.data.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_erased_from_the_data_of_a_daemon_that_is_stopped() {
    let mut world = World::with("").await;
    two_days(&mut world).await;
    world.down().await;
    let data = world.data.path().to_owned();
    let output = erase(&["--data", data.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(said.contains(" cases\n") && said.contains(" history\n"), "{said}");
    assert_gone(&data);
    let again = erase(&["--data", data.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing was stored of them"), "{again:?}");
    assert!(stderr(&again).contains("note: nobody with the id `"), "who mistypes a name is told: {again:?}");
    let nowhere = erase(&["--data", data.join("no").to_str().unwrap()]);
    assert!(stderr(&nowhere).contains("there is no store in"), "{}", stderr(&nowhere));
    let nobody = erase(&["--url", "http://127.0.0.1:9"]);
    assert!(stderr(&nobody).contains("is the daemon running?"), "{}", stderr(&nobody));
    world.up().await;
    world.say("7", "还在").await;
    world.down().await;
}

/// What is old enough is in no file any more: not in the database's free pages, not in its log, not in a day of the history.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deleted_by_age_is_in_no_file_any_more() {
    let (message, evidence) = (SAID[0], "abc98765");
    let mut world = World::with("").await;
    two_days(&mut world).await;
    let data = world.data.path().to_owned();
    let gone_after = |days: u32, text: &'static str| (days, text);
    let mut passed = 0;
    for (days, text) in [gone_after(32, message), gone_after(184, evidence)] {
        assert!(!raw::holding(&data, text).is_empty(), "`{text}` is there after {passed} days");
        world.turn(DAY * (days - passed));
        passed = days;
        world.say("7", &format!("又过了一阵，第 {days} 天")).await; // the clock is borne out
        world.quiet().await;
        let start = Instant::now();
        while !raw::holding(&data, text).is_empty() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "`{text}` is in {:?} after {days} days: {:?}",
                raw::holding(&data, text),
                rows_with(&data, text)
            );
            world.turn(Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    for text in SAID {
        assert_eq!(raw::holding(&data, text), Vec::<String>::new(), "`{text}`");
    }
    let conn = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    let cases: i64 = conn.query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).unwrap();
    assert!(cases >= 2, "cases are kept for longer, without what was said");
    drop(conn);
    world.down().await;
    for text in SAID {
        assert_eq!(raw::holding(&data, text), Vec::<String>::new(), "`{text}`");
    }
}
