//! The configuration changes while the daemon runs: by every way in, whole or not at all, and without a message lost.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use qunwei::adapters::bridge::sign::{Secret, header_seconds, sign};
use qunwei::app::reload::{NotReloaded, Reloaded};
use qunwei::ports::{RowKind, Store};
use qunwei::serve::open_store;
use qunwei::store::Keyring;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::journal::{rules_of, run_again};
use crate::support::bot::Answer;
use crate::support::daemon::{Daemon, Home, client};
use crate::support::faulty::Fault;
use crate::support::{SECRET, World, dump, signed, until};

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";
const OTHER: &str = "whsec_b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIh";

/// A rule that finds one word.
fn rule(name: &str, word: &str) -> String {
    let innocent = "早上好";
    format!(
        "[[rule]]\nname = \"{name}\"\nkind = \"keywords\"\ntitle = \"测试\"\nwords = [\"{word}\"]\nhit = [\"{word}\"]\n\
         miss = [\"{innocent}\"]\n"
    )
}

async fn reload(world: &World) -> Reloaded {
    world.running().reloader.reload().await.unwrap_or_else(|why| panic!("{why:#?}"))
}

fn cases(data: &Path) -> Vec<Value> {
    let conn = Connection::open(data.join("qunwei.db")).unwrap();
    let mut read = conn.prepare("SELECT body FROM cases ORDER BY no").unwrap();
    let rows = read.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|body| serde_json::from_str(&body.unwrap()).unwrap()).collect()
}

fn rules_in(case: &Value) -> BTreeSet<&str> {
    case["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_word_added_to_a_list_counts_from_the_next_message_on() {
    let mut world = World::with("").await;
    world.say("1", "今晚有极光团购").await;
    let list = world.file("wordlists/ads.txt");
    let words = std::fs::read_to_string(&list).unwrap();
    world.write("wordlists/ads.txt", &format!("{words}\n极光团购\n"));
    let done = reload(&world).await;
    assert_eq!(done.line(), "word list wordlists/ads.txt changed (+1 −0)");
    assert_eq!(done.summary_zh(), "词表 wordlists/ads.txt：+1 −0");
    assert_ne!(done.from, done.to);
    world.say("2", "今晚有极光团购").await;
    world.next_kinds(2).await;
    let [case] = &cases(world.data.path())[..] else { panic!("one case") };
    assert_eq!((case["rules"].as_str(), case["user"].as_str()), (Some(&*done.to), Some("2")));
    let (_, metrics) = world.admin("/metrics").await;
    for line in [format!("config_info{{version=\"{}\"}} 1", done.to), "reloads_total{outcome=\"changed\"} 1".to_owned()]
    {
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    let same = reload(&world).await;
    assert!(!same.changed && same.from == same.to && same.to == done.to);
    until("the old rules are freed", || (world.rules.strong_count() == 0).then_some(())).await;
    world.finish().await;
}

#[tokio::test]
async fn a_broken_edit_is_kept_out_until_it_is_mended() {
    let mut world = World::with(&rule("test.a", "极光团购")).await;
    world.write("config/zz-test.toml", "[profile.default]\nstrike_dayz = 3\n[[rule]]\nname = \"x\"\n");
    let Err(NotReloaded::Broken(faults)) = world.running().reloader.reload().await else { panic!("it is broken") };
    assert!(faults.iter().any(|fault| fault.message.contains("strike_dayz") && fault.line == 2), "{faults:#?}");
    let told = NotReloaded::Broken(faults).summary_zh();
    assert!(told.contains("zz-test.toml 第 2 行") && told.contains("仍按原来的设置运行"), "{told}");
    let (status, why) = world.admin("/readyz").await;
    assert!(status == 503 && why.starts_with("config: ") && why.contains("zz-test.toml:2:1"), "{status} {why}");
    assert!(why.contains("faults") && why.contains("qunwei check"), "{why}");
    world.say("2", "今晚有极光团购").await;
    world.next_kinds(2).await;
    world.write("config/zz-test.toml", &rule("test.a", "晨曦团购"));
    assert_eq!(reload(&world).await.line(), "rule test.a changed (hit +1 −1, words +1 −1)");
    assert_eq!(world.admin("/readyz").await, (200, "ready\n".to_owned()));
    world.say("3", "今晚有极光团购").await;
    world.settled().await;
    let kept = store_files(&world);
    assert!(kept.contains("晨曦团购") && !kept.contains("strike_dayz"), "the store keeps the last good one");
    world.finish().await;
}

/// The files of the configuration that the store would start with.
fn store_files(world: &World) -> String {
    use std::io::Read;
    let conn = Connection::open(world.data.path().join("qunwei.db")).unwrap();
    let sql = "SELECT files FROM configs ORDER BY saved DESC LIMIT 1";
    let files: Vec<u8> = conn.query_row(sql, [], |row| row.get(0)).unwrap();
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&files[..]).read_to_string(&mut text).unwrap();
    text
}

/// The version that `/metrics` names.
async fn version(world: &World) -> String {
    let (_, metrics) = world.admin("/metrics").await;
    let line = metrics.lines().find(|line| line.starts_with("qunwei_config_info")).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

async fn until_version_is_not(world: &World, old: &str) -> String {
    let started = Instant::now();
    loop {
        let now = version(world).await;
        if now != old {
            return now;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "no other version");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn files_are_watched() {
    let mut world = World::with("").await;
    world.watch(true).await;
    let first = version(&world).await;
    // Written in place, in two pieces of which the first alone is broken.
    let (path, text) = (world.file("config/zz-test.toml"), rule("test.a", "极光团购"));
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    std::fs::write(&path, &text).unwrap();
    let second = until_version_is_not(&world, &first).await;
    world.say("1", "今晚有极光团购").await;
    world.next_kinds(2).await;
    // Moved over; a file in a new folder; a list outside.
    world.write("config/zz-test.toml", &rule("test.a", "晨曦团购"));
    let third = until_version_is_not(&world, &second).await;
    std::fs::create_dir(world.file("config/more")).unwrap();
    world.write("config/more/a.toml", &rule("test.b", "午后团购"));
    let fourth = until_version_is_not(&world, &third).await;
    let words = std::fs::read_to_string(world.file("wordlists/ads.txt")).unwrap();
    world.write("wordlists/ads.txt", &format!("{words}\n傍晚团购\n"));
    let fifth = until_version_is_not(&world, &fourth).await;
    // Gone, and back as a link to others.
    std::fs::rename(world.file("config"), world.file("old")).unwrap();
    until_ready(&world, false).await;
    crate::support::copy(&world.file("old"), &world.file("new"));
    std::fs::write(world.file("new/zz-test.toml"), rule("test.a", "深夜团购")).unwrap();
    symlink(world.file("new"), world.file("config")).unwrap();
    let sixth = until_version_is_not(&world, &fifth).await;
    until_ready(&world, true).await;
    // The link turned back, and what it leads to is watched as well.
    symlink(world.file("old"), world.file("link")).unwrap();
    std::fs::rename(world.file("link"), world.file("config")).unwrap();
    let seventh = until_version_is_not(&world, &sixth).await;
    assert_eq!(seventh, fifth);
    world.write("config/zz-test.toml", "# empty\n");
    until_version_is_not(&world, &seventh).await;
    world.finish().await;
}

async fn until_ready(world: &World, ready: bool) {
    let is = || (world.running().health.ready().is_ok() == ready).then_some(());
    until(if ready { "it is ready" } else { "it is not ready" }, is).await;
}

#[tokio::test]
async fn where_the_file_system_tells_nothing_the_files_are_looked_at() {
    let mut world = World::with("").await;
    world.poll = Duration::from_millis(50);
    world.watch(true).await;
    world.restart().await;
    let first = version(&world).await;
    let words = std::fs::read_to_string(world.file("wordlists/ads.txt")).unwrap();
    let elsewhere = world.file("elsewhere");
    std::fs::write(&elsewhere, format!("{words}\n极光团购\n")).unwrap();
    symlink(&elsewhere, world.file("link")).unwrap();
    std::fs::rename(world.file("link"), world.file("wordlists/ads.txt")).unwrap();
    let second = until_version_is_not(&world, &first).await;
    std::fs::write(&elsewhere, format!("{words}\n晨曦团购\n")).unwrap(); // not in a folder that is watched
    until_version_is_not(&world, &second).await;
    // With `watch = false` nothing is looked at any more, until somebody asks.
    world.watch(false).await;
    reload(&world).await; // what was noticed before is behind us
    let third = version(&world).await;
    world.write("config/zz-test.toml", &rule("test.a", "晨曦团购"));
    tokio::time::sleep(Duration::from_millis(1200)).await; // nothing to wait for: that nothing happens is the point
    assert_eq!(version(&world).await, third);
    reload(&world).await;
    world.finish().await;
}

/// Waits until the log has all of these.
async fn until_told(daemon: &Daemon, words: &[&str]) {
    let started = Instant::now();
    while !words.iter().all(|words| daemon.log().contains(words)) {
        assert!(started.elapsed() < Duration::from_secs(60), "{words:?} not in {}", daemon.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn hang_up(daemon: &Daemon) {
    assert!(Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap().success());
}

#[tokio::test]
async fn a_signal_reads_it_again_and_the_log_says_what_changed() {
    let home = Home::new();
    home.edit("config/qunwei.toml", "watch = true", "watch = false");
    let daemon = home.start().await;
    home.edit("config/qunwei.toml", "listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:8090\"");
    home.edit("config/groups.toml", "strike_days = 30", "strike_days = 7");
    hang_up(&daemon);
    let told = [
        "profile default changed (strike_days 30 → 7)",
        "listen 127.0.0.1:8080 → 127.0.0.1:8090 (takes effect at the next start)",
    ];
    until_told(&daemon, &told).await;
    home.edit("config/groups.toml", "strike_days = 7", "strike_dayz = 7");
    hang_up(&daemon);
    until_told(&daemon, &["did you mean `strike_days`?"]).await;
    let (status, why) = daemon.admin("/readyz").await;
    assert!(status == 503 && why.starts_with("config: "), "{status} {why}");
    daemon.stop().await;

    // It starts on the last good one; mended files are taken up by themselves.
    home.edit("config/qunwei.toml", "watch = false", "watch = true");
    let daemon = home.start().await;
    assert_eq!(daemon.admin("/readyz").await.0, 503);
    hang_up(&daemon); // the last good one says not to watch, and nobody knows better before the files are sound
    home.edit("config/groups.toml", "strike_dayz = 7", "strike_days = 8");
    hang_up(&daemon);
    until_told(&daemon, &["strike_days 7 → 8"]).await;
    assert_eq!(daemon.admin("/readyz").await.0, 200);
    home.edit("config/groups.toml", "strike_days = 8", "strike_days = 9");
    until_told(&daemon, &["strike_days 8 → 9"]).await;

    // Mended to what it was, there is nothing to tell but that.
    home.edit("config/groups.toml", "strike_days = 9", "strike_dayz = 9");
    until_told(&daemon, &["strike_dayz = 9"]).await;
    home.edit("config/groups.toml", "strike_dayz = 9", "strike_days = 9");
    until_told(&daemon, &["the configuration on disk is sound again"]).await;
    daemon.stop().await;
}

fn bridge(name: &str, secret: &str) -> String {
    let can = r#"capabilities = ["send", "private", "task", "delete", "idempotent"]"#;
    format!("[bridge.{name}]\n{secret}\nactions_url_env = \"QUNWEI_EXAMPLE_ACTIONS_URL\"\n{can}\n")
}

async fn post_as(world: &World, bridge: &str, secret: &str, id: &str) -> u16 {
    let body = world.message(id, "1", "早上好").to_string();
    let now = crate::support::now(world);
    let signature = sign(&Secret::parse(secret).unwrap(), id, now, body.as_bytes());
    let headers = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", header_seconds(now).to_string()),
        ("webhook-signature", signature),
    ];
    world.post_to(bridge, &headers, body.into_bytes()).await.0
}

#[tokio::test]
async fn a_secret_is_rotated_by_a_reload() {
    let quiet = "[daemon]\nwatch = false\n";
    let by_env = format!("{quiet}{}", bridge("example", "secret_env = \"QUNWEI_EXAMPLE_SECRET\""));
    let world = World::with_only(&by_env).await;
    assert_eq!(post_as(&world, "example", SECRET, "m-1").await, 200);
    world.write("secret", SECRET);
    let by_file = format!("{quiet}{}", bridge("example", "secret_file = \"../secret\""));
    world.write("config/test.toml", &by_file);
    let done = reload(&world).await;
    assert_eq!(done.line(), "bridge example changed (secret_env, secret_file)");
    assert_eq!(post_as(&world, "example", SECRET, "m-2").await, 200);
    // No file of the configuration changes: the version stays, the bridge does not.
    world.write("secret", OTHER);
    let done = reload(&world).await;
    assert_eq!((&done.from, done.line().as_str()), (&done.to, "bridge example changed (secret)"));
    assert_eq!(post_as(&world, "example", SECRET, "m-3").await, 401);
    assert_eq!(post_as(&world, "example", OTHER, "m-4").await, 200);
    world.finish().await;
}

#[tokio::test]
async fn bridges_come_and_go() {
    let example = bridge("example", "secret_env = \"QUNWEI_EXAMPLE_SECRET\"");
    let other = |secret: &str| bridge("other", &format!("secret_env = \"{secret}\""));
    let spam = format!("[daemon]\nwatch = false\n{}", rule("ads.x", "刷单日结"));
    let mut world = World::with_only(&format!("{spam}{example}")).await;
    assert_eq!(post_as(&world, "other", SECRET, "m-1").await, 404);
    world.write("config/test.toml", &format!("{spam}{example}{}", other("QUNWEI_EXAMPLE_SECRET")));
    assert_eq!(reload(&world).await.summary_zh(), "新增桥 other");
    assert_eq!(post_as(&world, "other", SECRET, "m-1").await, 200);
    world.write("config/test.toml", &format!("{spam}{example}{}", other("UNSET")));
    assert_eq!(reload(&world).await.line(), "bridge other changed (secret_env, secret, state on → off)");
    assert_eq!(post_as(&world, "other", SECRET, "m-2").await, 503);
    let (_, metrics) = world.admin("/metrics").await;
    assert!(metrics.contains(r#"bridge_state{bridge="other",state="off"} 1"#), "{metrics}");

    // What is to be done on a bridge that is taken out waits, and goes when it is back.
    world.bot.always(Some(Answer::Status(404, Vec::new())));
    world.say("9", SPAM).await;
    until("it is broken", || world.running().health.ready().is_err().then_some(())).await;
    world.write("config/test.toml", &spam);
    assert_eq!(reload(&world).await.line(), "bridge example removed; bridge other removed");
    assert_eq!(world.admin("/readyz").await.0, 200, "a bridge that is gone is not broken");
    assert_eq!(post_as(&world, "example", SECRET, "m-3").await, 404);
    assert!(!world.admin("/metrics").await.1.contains("bridge_state{"));
    world.bot.always(None);
    world.turn(Duration::from_secs(3600));
    world.quiet().await;
    assert!(world.bot.model().done.is_empty());
    world.write("config/test.toml", &format!("{spam}{example}"));
    reload(&world).await;
    let mut kinds: Vec<String> = world.next_kinds(2).await.into_iter().map(|(kind, _)| kind).collect();
    kinds.sort();
    assert_eq!(kinds, ["delete", "private"]);
    world.finish().await;
}

#[tokio::test]
async fn windows_standings_and_timers_outlive_it() {
    let mut world = World::with("").await;
    for at in 0..6 {
        world.say("7", &format!("第 {at} 句")).await;
    }
    let quick = "[profile.quick]\nladder = [\"mute 10m\", \"remove\"]\n[group.g1]\nprofile = \"quick\"\n";
    world.write("config/00-test.toml", &format!("{quick}{}", rule("aa.first", "极光团购")));
    reload(&world).await; // the rules have other numbers now, and the ladder is another
    for at in 6..9 {
        world.say("7", &format!("第 {at} 句")).await; // the ninth within ten seconds
    }
    world.next_kinds(3).await;
    let [case] = &cases(world.data.path())[..] else { panic!("one case") };
    assert_eq!(
        (rules_in(case).into_iter().collect::<Vec<_>>(), case["step"].as_str()),
        (vec!["flood.fast"], Some("mute"))
    );
    world.settled().await;
    world.write("config/00-test.toml", "# empty\n");
    reload(&world).await;
    world.turn(Duration::from_secs(600));
    assert_eq!(world.next().await["type"], "unmute");
    world.say("7", SPAM).await; // the second violation by the ladder that holds now
    let kinds = world.next_kinds(2).await;
    assert!(kinds.contains(&("send".to_owned(), "warn_public".to_owned())), "{kinds:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_store_that_cannot_be_written_keeps_the_old_rules_and_the_journal_true() {
    let mut world = World::with("[daemon]\n").await;
    let old = version(&world).await;
    for fault in [Fault::Full, Fault::FullFor(RowKind::Rules), Fault::Windows, Fault::Lies] {
        world.write("config/zz-test.toml", &format!("[daemon]\n{}", rule("test.a", "极光团购")));
        world.faults.set([fault.clone()]);
        let done = world.running().reloader.reload().await;
        assert!(matches!(done, Err(NotReloaded::Unavailable(_))), "{fault:?}: {done:?}");
        let (status, why) = world.admin("/readyz").await;
        assert!(status == 503 && why.contains("config: "), "{fault:?}: {status} {why}");
        world.write("config/zz-test.toml", "[daemon]\n");
        world.faults.set([]);
        world.turn(Duration::from_secs(2));
        until("it is written again", || {
            let ready = world.running().health.ready();
            ready.is_err_and(|why| why.iter().all(|why| !why.starts_with("store"))).then_some(())
        })
        .await;
        assert!(!reload(&world).await.changed);
        assert_eq!((version(&world).await, world.admin("/readyz").await.0), (old.clone(), 200));
        world.say(&format!("{fault:?}"), "今晚有极光团购").await; // innocent by the rules in force
    }
    world.write("config/zz-test.toml", &format!("[daemon]\n{}", rule("test.a", "极光团购")));
    reload(&world).await;
    world.say("1", "今晚有极光团购").await;
    world.next_kinds(2).await;
    world.settled().await;
    let settings = world.config().settings;
    world.down().await;
    let again = tempfile::tempdir().unwrap();
    run_again(&settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
    world.up().await;
    world.finish().await;
}

/// A reload every 100 ms under load, between two configurations of two files each that are changed together: no event is
/// lost or judged twice, and none by one file of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_without_end_under_load() {
    let mut world = World::with_only("[daemon]\nmode = \"observe\"\nwatch = false\n").await;
    let daemon = format!(
        "[daemon]\nmode = \"observe\"\nwatch = false\n{}",
        bridge("example", "secret_env = \"QUNWEI_EXAMPLE_SECRET\"")
    );
    for which in ["one", "two"] {
        let folder = world.file(which);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.toml"), format!("{daemon}{}", rule(&format!("a.{which}"), "极光团购"))).unwrap();
        std::fs::write(folder.join("b.toml"), rule(&format!("b.{which}"), "晨曦团购")).unwrap();
    }
    std::fs::rename(world.file("config"), world.file("zero")).unwrap();
    turn(&world, "one");
    reload(&world).await;

    let stop = Arc::new(AtomicBool::new(false));
    let loads: Vec<_> = (0..3).map(|client| tokio::spawn(load(world.running().listen, client, stop.clone()))).collect();
    let began = Instant::now();
    let (mut versions, mut changes) = (HashMap::new(), 0);
    let enough = |changes| changes > 15 && began.elapsed() > Duration::from_secs(5);
    while !enough(changes) && began.elapsed() < Duration::from_secs(60) {
        let which = if changes % 2 == 0 { "two" } else { "one" };
        turn(&world, which);
        let done = reload(&world).await;
        versions.insert(done.to.to_string(), which);
        changes += 1;
        tokio::time::sleep(Duration::from_millis(100)).await; // the pace of the test, not a wait
    }
    stop.store(true, Ordering::SeqCst);
    let mut answered = HashSet::new();
    for one in loads {
        answered.extend(one.await.unwrap());
    }
    world.settled().await;
    let settings = world.config().settings;
    world.down().await;
    println!("{} messages answered over {changes} reloads", answered.len());
    assert!(answered.len() > 200 && changes > 15, "too little to mean anything");
    check_load(world.data.path(), &answered, &versions);
    assert!(rules_of(world.data.path()).len() > changes);
    let again = tempfile::tempdir().unwrap();
    run_again(&settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
}

/// The folder `config` becomes another, at one moment.
fn turn(world: &World, which: &str) {
    symlink(world.file(which), world.file("link")).unwrap();
    std::fs::rename(world.file("link"), world.file("config")).unwrap();
}

/// Sends arrays of messages that both rules of both versions find, each by somebody else; the ids that were answered.
async fn load(to: std::net::SocketAddr, client_no: usize, stop: Arc<AtomicBool>) -> Vec<String> {
    let http = client();
    let mut answered = Vec::new();
    for round in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let ids: Vec<String> = (0..8).map(|at| format!("m-{client_no}-{round}-{at}")).collect();
        let time = crate::support::MORNING.to_string();
        let events: Vec<Value> = ids
            .iter()
            .map(|id| {
                json!({"id": id, "type": "message", "group": format!("g{client_no}"), "time": time,
                       "sender": {"id": id}, "text": "极光团购和晨曦团购"})
            })
            .collect();
        let body = Value::Array(events).to_string();
        let mut request = http.post(format!("http://{to}/hooks/bridge/example")).body(body.clone());
        for (name, value) in signed(&format!("msg-{client_no}-{round}"), crate::support::MORNING, body.as_bytes()) {
            request = request.header(name, value);
        }
        let status = request.send().await.unwrap().status().as_u16();
        assert_eq!(status, 200, "a reload refuses nobody");
        answered.extend(ids);
    }
    answered
}

fn check_load(data: &Path, answered: &HashSet<String>, versions: &HashMap<String, &str>) {
    let mut in_force = String::new();
    let mut judged_by = HashMap::new();
    for row in open_store(data, &Keyring::none()).unwrap().journal(0, 1_000_000).unwrap() {
        match row.kind {
            RowKind::Rules => in_force = row.body.to_string(),
            RowKind::Event => {
                let event: Value = serde_json::from_str(&row.body).unwrap();
                let twice = judged_by.insert(event["id"].as_str().unwrap().to_owned(), in_force.clone());
                assert_eq!(twice, None, "an event twice in the journal");
            }
            RowKind::Tick | RowKind::Attempt | RowKind::Outcome | RowKind::Pause | RowKind::Told => {}
        }
    }
    assert_eq!(
        &judged_by.keys().cloned().collect::<HashSet<_>>(),
        answered,
        "what was answered is stored, and no more"
    );
    let cases = cases(data);
    assert_eq!(cases.len(), answered.len(), "each is judged once");
    let mut by_version: HashMap<&str, usize> = HashMap::new();
    for case in &cases {
        let version = case["rules"].as_str().unwrap();
        assert_eq!(version, judged_by[case["message"].as_str().unwrap()], "the case names what the journal says");
        let which = versions[version];
        let expected = BTreeSet::from([format!("a.{which}"), format!("b.{which}")]);
        assert_eq!(rules_in(case), expected.iter().map(String::as_str).collect(), "half a configuration");
        *by_version.entry(which).or_default() += 1;
    }
    assert_eq!(by_version.len(), 2, "both versions judged: {by_version:?}");
}

/// The same with the real program and nobody but the signal and the clock to say when.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_every_hundred_milliseconds() {
    let home = Home::new();
    let daemon = home.start().await;
    let mut answered = Vec::new();
    let count = || daemon.log().matches("the configuration was reloaded").count();
    let began = Instant::now();
    for at in 0.. {
        if at % 2 == 0 && at >= 30 && count() > 2 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{} reloads: {}", count(), daemon.log());
        let (is, next) = if at % 2 == 0 { ("30", "29") } else { ("29", "30") };
        home.edit("config/groups.toml", &format!("strike_days = {is}"), &format!("strike_days = {next}"));
        hang_up(&daemon);
        let until_next = Instant::now() + Duration::from_millis(100);
        while Instant::now() < until_next {
            let id = format!("m-{}", answered.len());
            let body =
                json!({"id": id, "type": "message", "group": "g1", "sender": {"id": id}, "text": "早上好"}).to_string();
            let (status, answer) = daemon.post(&id, &body).await.unwrap();
            assert_eq!((status, &answer["accepted"]), (200, &json!(1)));
            answered.push(id);
        }
    }
    home.edit("config/groups.toml", "strike_days = 30", "strike_days = 28");
    hang_up(&daemon);
    until_told(&daemon, &["→ 28"]).await;
    assert_eq!(daemon.admin("/readyz").await.0, 200);
    daemon.stop().await;
    let mut store = open_store(&home.data(), &Keyring::none()).unwrap();
    let stored: Vec<String> = (store.journal(0, 1_000_000).unwrap().into_iter())
        .filter(|row| row.kind == RowKind::Event)
        .map(|row| serde_json::from_str::<Value>(&row.body).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(stored, answered);
}

#[tokio::test]
async fn an_admin_reloads_from_the_chat_and_the_company_is_told() {
    let mut world =
        World::with("[group.g1]\nadmins = [\"boss\"]\n[daemon.alerts]\nplatform = \"example\"\ngroup = \"hq\"\n").await;
    let ask = |world: &World, id: &str| {
        let event = world.message(id, "boss", "/重载");
        event.to_string()
    };
    let texts = |actions: [Value; 2]| {
        let mut all: Vec<_> = actions
            .iter()
            .map(|action| (action["group"].as_str().unwrap().to_owned(), action["text"].as_str().unwrap().to_owned()))
            .collect();
        all.sort();
        all
    };
    let body = ask(&world, "r-1");
    assert_eq!(world.post(body).await.0, 200);
    world.next().await; // it is being read
    let answer = world.next().await;
    assert!(answer["text"].as_str().unwrap().contains("没有变化"), "{answer}");
    let list = world.file("wordlists/ads.txt");
    let words = std::fs::read_to_string(&list).unwrap();
    world.write("wordlists/ads.txt", &format!("{words}\n极光团购\n"));
    let body = ask(&world, "r-2");
    assert_eq!(world.post(body).await.0, 200);
    world.next().await;
    let told = texts([world.next().await, world.next().await]);
    assert_eq!(told.iter().map(|(group, _)| group.as_str()).collect::<Vec<_>>(), ["g1", "hq"]);
    assert!(told.iter().all(|(_, text)| text.contains("wordlists/ads.txt：+1")), "{told:?}");
    world.write("config/broken.toml", "[profile.default]\nstrike_dayz = 3\n");
    let body = ask(&world, "r-3");
    assert_eq!(world.post(body).await.0, 200);
    world.next().await;
    let told = texts([world.next().await, world.next().await]);
    assert!(told.iter().all(|(_, text)| text.contains("1 处错误") && text.contains("broken.toml")), "{told:?}");
    world.finish().await;
}
