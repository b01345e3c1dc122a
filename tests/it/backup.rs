//! Backups: taken while the daemon works and while it does not, each one checked, restored and compared.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use qunwei::ports::{Clock, Store};
use qunwei::serve::{SystemClock, open_store};
use qunwei::store::Keyring;
use serde_json::json;

use crate::support::daemon::{Daemon, Home, client, qunwei, send, stderr};
use crate::support::{World, tables, until};

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";
const DAY: Duration = Duration::from_secs(24 * 3600);

pub fn backing_up(data: &Path, file: &Path) -> Command {
    let mut command = qunwei();
    command.args(["backup", "--data"]).arg(data).arg(file);
    command
}

pub fn restoring(file: &Path, data: &Path) -> Command {
    let mut command = qunwei();
    command.arg("restore").arg(file).arg("--data").arg(data);
    command
}

pub fn backup(data: &Path, file: &Path) -> Output {
    backing_up(data, file).output().unwrap()
}

pub fn restore(file: &Path, data: &Path) -> Output {
    restoring(file, data).output().unwrap()
}

pub fn verify(what: &Path) -> (bool, String) {
    let output = qunwei().arg("verify").arg(what).output().unwrap();
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.success(), format!("{printed}{}", stderr(&output)))
}

fn assert_sound(what: &Path) -> String {
    let (sound, said) = verify(what);
    assert!(sound, "{}: {said}", what.display());
    said
}

/// What any machine without Qunwei makes of a backup.
fn untar(file: &Path, into: &Path) {
    let output = std::process::Command::new("tar").arg("-xzf").arg(file).arg("-C").arg(into).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let sums =
        std::process::Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(into).output().unwrap();
    assert!(sums.status.success(), "{}", stderr(&sums));
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Events that are sent without a pause, one connection each, and the longest that one was waited for.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    senders: Vec<tokio::task::JoinHandle<Duration>>,
}

impl Load {
    fn start(daemon: &Daemon) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let at = daemon.listen;
        let senders = (0..3).map(|sender| {
            let (stop, answered) = (stop.clone(), answered.clone());
            tokio::spawn(async move {
                let http = client();
                let (mut longest, mut count) = (Duration::ZERO, 0);
                while !stop.load(Ordering::Relaxed) {
                    count += 1;
                    let text = if count % 10 == 0 { SPAM } else { "今天第三次路过小区门口" };
                    let user = format!("u{sender}-{}", count % 40);
                    let event = json!({"id": format!("e-{sender}-{count}"), "type": "message", "group": format!("g{}", count % 5),
                                       "time": SystemClock.now().to_string(), "sender": {"id": user, "name": "小明"}, "text": text});
                    let begun = Instant::now();
                    let (status, _) = send(&http, at, &format!("w-{sender}-{count}"), &event.to_string()).await.unwrap();
                    assert_eq!(status, 200);
                    longest = longest.max(begun.elapsed());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                longest
            })
        });
        Self { senders: senders.collect(), stop, answered }
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    async fn end(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        let mut longest = Duration::ZERO;
        for sender in self.senders {
            longest = longest.max(sender.await.unwrap());
        }
        longest
    }
}

/// To SQLite a file of 0 bytes is a sound database.
#[tokio::test]
async fn an_empty_file_is_no_store_to_back_up_and_a_start_says_that_it_begins_one() {
    let home = Home::light();
    std::fs::create_dir(home.data()).unwrap();
    std::fs::write(home.data().join("qunwei.db"), "").unwrap();
    let file = home.folder.path().join("b.tar.gz");
    let output = backup(&home.data(), &file);
    let said = stderr(&output);
    assert!(!output.status.success() && said.contains("data/qunwei.db is damaged (it is empty"), "{said}");
    assert!(!file.exists());
    let (sound, said) = verify(&home.data());
    assert!(!sound && said.contains("FAIL  database: no store: it is empty"), "{said}");
    let daemon = home.start().await;
    assert!(daemon.log().contains("was there and empty: a new store begins in it"), "{}", daemon.log());
    daemon.stop().await;
    let daemon = home.start().await;
    assert!(!daemon.log().contains("there and empty"), "{}", daemon.log());
    daemon.stop().await;
}

/// Every folder and file below, with how it may be used.
#[cfg(unix)]
fn modes(folder: &Path) -> Vec<(String, u32)> {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| (path.display().to_string(), path.metadata().unwrap().permissions().mode() & 0o777);
    let mut modes = vec![mode(folder)];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { modes.extend(self::modes(&path)) } else { modes.push(mode(&path)) }
    }
    modes
}

#[test]
#[cfg(unix)]
fn what_a_restore_or_an_import_makes_is_its_owners_alone_whatever_the_umask() {
    let home = Home::light();
    let at = |name: &str| home.folder.path().join(name);
    drop(open_store(&home.data(), &Keyring::none()).unwrap());
    let run = |arguments: &str| {
        let line = format!("umask 000; exec {} {arguments}", env!("CARGO_BIN_EXE_qunwei"));
        let output = Command::new("sh").args(["-c", &line]).current_dir(home.folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments}: {}", stderr(&output));
    };
    run("backup --data data b.tar.gz");
    run("restore b.tar.gz --data restored");
    run("export --data data --state state.jsonl");
    run("import --data imported state.jsonl");
    for folder in ["restored", "imported"] {
        for (path, mode) in modes(&at(folder)) {
            assert_eq!(mode, if Path::new(&path).is_dir() { 0o700 } else { 0o600 }, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_daemon_at_work_is_one_moment_of_it_and_comes_back_as_it_was() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let daemon = home.start().await;
    let load = Load::start(&daemon);
    let mut files = Vec::new();
    for round in 0..3 {
        let goal = load.answered() + 400;
        until("events are answered", || (load.answered() >= goal).then_some(())).await;
        let (data, file) = (home.data(), folder.path().join(format!("{round}.tar.gz")));
        let before = load.answered();
        let to = file.clone();
        let output = tokio::task::spawn_blocking(move || backup(&data, &to)).await.unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        files.push((before, load.answered(), file));
    }
    let longest = load.end().await;
    daemon.stop().await;
    let events = |data: &Path| {
        let conn = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
        conn.query_row("SELECT count(*) FROM journal WHERE kind = 0", [], |row| row.get::<_, i64>(0)).unwrap() as usize
    };
    for (before, after, file) in &files {
        let said = assert_sound(file);
        assert!(said.contains("ok    state: a fresh run of"), "the state is that of its inputs: {said}");
        let (plain, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        untar(file, plain.path());
        let output = restore(file, restored.path());
        assert!(output.status.success(), "{}", stderr(&output));
        tables::assert_same(
            &tables::all(&plain.path().join("qunwei.db")),
            &tables::all(&restored.path().join("qunwei.db")),
        );
        let there = events(restored.path());
        // Those of three senders under way when it was counted may be in it.
        assert!((*before..=after + 3).contains(&there), "{there} of {before} to {after}");
        println!(
            "{before} events answered before, {there} in the backup, {after} after it: {} bytes",
            file.metadata().unwrap().len()
        );
    }
    println!("the longest answer while three backups were made: {longest:?}");
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    assert_eq!(names(folder.path()), ["0.tar.gz", "1.tar.gz", "2.tar.gz"], "nothing else is left");
}

#[tokio::test]
async fn a_daemon_goes_on_from_a_restored_backup_with_its_history() {
    let mut world = World::with("").await;
    let joined = json!({"id": "e-1", "type": "member_joined", "group": "g1",
                        "members": [{"id": "5", "name": "李姐", "role": "admin"}]});
    assert_eq!(world.post(joined.to_string()).await.0, 200);
    for day in 1..=2 {
        world.say("5", "/加词 内部认购").await;
        world.say("9", SPAM).await;
        world.quiet().await;
        world.turn(DAY);
        world.say("7", &format!("早上好，第 {day} 天")).await;
        world.quiet().await;
        let data = world.data.path().to_owned();
        until("the day is in a file", || (names(&data.join("history")).len() == day).then_some(())).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("running.tar.gz");
    let data = world.data.path().to_owned();
    let conn = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let left = "SELECT count(*) FROM journal WHERE seq <= (SELECT max(last) FROM history)";
    let moved = || number("SELECT count(*) FROM history") == 2 && number(left) == 0;
    until("what was moved is deleted", || moved().then_some(())).await;
    let output = backup(&data, &file);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("with 2 days of history"), "{}", stderr(&output));
    world.down().await;
    let stopped = folder.path().join("stopped.tar.gz");
    assert!(backup(&data, &stopped).status.success());
    let said = assert_sound(&stopped);
    assert_eq!(said.matches("ok    history/2026-11-2").count(), 2, "{said}");

    let restored = tempfile::tempdir().unwrap();
    let output = restore(&stopped, &restored.path().join("a/new/folder"));
    assert!(output.status.success(), "{}", stderr(&output));
    let restored_data = restored.path().join("a/new/folder");
    tables::assert_same(&tables::all(&data.join("qunwei.db")), &tables::all(&restored_data.join("qunwei.db")));
    for day in names(&data.join("history")) {
        let of = |data: &Path| std::fs::read(data.join("history").join(&day)).unwrap();
        assert!(of(&data) == of(&restored_data), "{day}");
    }
    assert_eq!(names(&restored_data), ["history", "lock", "qunwei.db"]);
    let journal = |data: &Path| open_store(data, &Keyring::none()).unwrap().journal(0, 100_000).unwrap();
    assert_eq!(journal(&data), journal(&restored_data));

    world.data = tempfile::tempdir().unwrap();
    assert!(restore(&file, world.data.path()).status.success());
    world.up().await;
    while world.bot.read().is_some() {}
    world.say("8", "这里有内部认购").await;
    let action = world.next().await;
    assert_eq!(action["cause"]["step"], "warn_private", "what was changed in the chat is in force: {action}");
    world.down().await;
}

/// The names of the backups in a folder.
fn kept(folder: &Path) -> Vec<String> {
    names(folder).into_iter().filter(|name| name.starts_with("qunwei-")).collect()
}

/// What the company's place is told next; its clock is turned until then, for the daemon looks around by it.
async fn told_next(world: &World) -> serde_json::Value {
    let start = Instant::now();
    loop {
        if let Some(action) = world.bot.read() {
            return action;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "nobody is told");
        world.turn(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Turns the clock until it is so.
async fn turned_until(world: &World, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain");
        world.turn(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn backups_by_the_clock_are_made_in_two_places_and_only_so_many_are_kept() {
    let place = tempfile::tempdir().unwrap();
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    std::fs::create_dir(&one).unwrap();
    let config = format!(
        "[daemon.alerts]\nplatform = \"example\"\ngroup = \"hq\"\n[daemon.backup]\nfolders = [{:?}, {:?}]\nkeep = 2\n",
        one, two
    );
    let mut world = World::with(&config).await;
    // The first is made at once, for none is there; the other folder is missing, which is told once.
    let made: Vec<String> = until("the first is made", || Some(kept(&one)).filter(|kept| kept.len() == 1)).await;
    assert_eq!(made, ["qunwei-20261123T010000Z.tar.gz"]);
    assert_sound(&one.join(&made[0]));
    let told = told_next(&world).await;
    assert!(told["text"].as_str().unwrap().contains("没能备份到"), "{told}");
    let (status, ready) = world.admin("/readyz").await;
    assert!(status == 200 && ready.contains("note: backup: none was made in ") && ready.contains("/two"), "{ready}");
    std::fs::create_dir(&two).unwrap();
    world.turn(Duration::from_secs(16 * 60));
    until("it is made there too", || (kept(&two).len() == 1).then_some(())).await;
    let told = told_next(&world).await;
    assert!(told["text"].as_str().unwrap().contains("备份好了"), "{told}");
    std::fs::write(one.join("qunwei-notes.txt"), "not ours").unwrap();
    for day in 0..3 {
        world.turn(DAY);
        world.say("7", &format!("早上好 {day}")).await;
        let today = format!("qunwei-202611{}T", 24 + day);
        let made = || [&one, &two].iter().all(|place| kept(place).iter().any(|name| name.starts_with(&today)));
        turned_until(&world, made).await;
    }
    turned_until(&world, || kept(&two).len() == 2 && kept(&one).len() == 3).await;
    for place in [&one, &two] {
        let days: Vec<String> = kept(place).iter().map(|name| name.chars().take(15).collect()).collect();
        assert_eq!(&days[..2], ["qunwei-20261125", "qunwei-20261126"], "the oldest go");
    }
    assert!(one.join("qunwei-notes.txt").is_file(), "only backups are deleted");
    let metric = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with("qunwei_backup_last_timestamp_seconds{") && line.contains("/two"));
        line.map_or(-1, |line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap())
    };
    let newest = kept(&two).pop().unwrap();
    let newest = newest.strip_prefix("qunwei-").unwrap().strip_suffix(".tar.gz").unwrap();
    let newest = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", newest).unwrap();
    let now = newest.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second();
    let start = Instant::now();
    while metric(&world.admin("/metrics").await.1) != now {
        assert!(start.elapsed() < Duration::from_secs(20), "the metric says when the newest was made");
        world.turn(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!world.admin("/readyz").await.1.contains("backup"));
    // A restart finds that there is one that is new enough.
    let before = (kept(&one), kept(&two));
    world.restart().await;
    world.turn(Duration::from_secs(60));
    world.say("7", "又来了").await;
    let start = Instant::now();
    while metric(&world.admin("/metrics").await.1) != now {
        assert!(start.elapsed() < Duration::from_secs(20), "what is there is found");
        world.turn(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((kept(&one), kept(&two)), before);
    world.down().await;
    for (place, names) in [(&one, &before.0[..2]), (&two, &before.1[..])] {
        assert_come_back(place, names, world.data.path());
    }
}

/// Each of these backups is restored, and is what any machine makes of it, and how the store began.
fn assert_come_back(place: &Path, names: &[String], data: &Path) {
    let journal = |data: &Path| open_store(data, &Keyring::none()).unwrap().journal(0, 100_000).unwrap();
    let (all, mut lengths) = (journal(data), Vec::new());
    for name in names {
        let (plain, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = place.join(name);
        assert_sound(&file);
        untar(&file, plain.path());
        let output = restore(&file, restored.path());
        assert!(output.status.success(), "{}", stderr(&output));
        let of = |data: &Path| tables::all(&data.join("qunwei.db"));
        tables::assert_same(&of(plain.path()), &of(restored.path()));
        assert_eq!(days_in(plain.path()), days_in(restored.path()), "{name}");
        let rows = journal(restored.path());
        assert!(!rows.is_empty() && rows[..] == all[..rows.len()], "{name}: {} of {}", rows.len(), all.len());
        lengths.push(rows.len());
    }
    // What is said on a day comes before its backup or behind it.
    assert!(lengths.is_sorted() && lengths.last() < Some(&all.len()), "{lengths:?}");
}

/// The files of the history, with what is in them.
fn days_in(data: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = data.join("history");
    names(&folder).into_iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}
