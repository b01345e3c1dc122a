//! Reminders of the files through the daemon: each time at most once in a group, through restarts, kills, reloads and clocks
//! that jump; what is late only within its grace, and never in bulk.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use qunwei::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::journal::run_again;
use crate::support::bot::Answer;
use crate::support::daemon::{qunwei, stderr};
use crate::support::faulty::Fault;
use crate::support::{World, dump, until};

const MINUTE: Duration = Duration::from_secs(60);

/// Every day at ten, in one group that a file names.
const DAILY: &str = r#"
[group.g1]
name = "读书群"
[[reminder]]
name = "早读"
text = "{{ group }}：{{ date }}（{{ weekday }}）{{ time }} 早读"
cron = "0 10 * * *"
groups = ["g1"]
"#;

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

impl World {
    /// The clock shows this, on the day the test begins, and what was due has happened.
    pub async fn clock_shows(&self, time: &str) {
        self.clock_is(&format!("2026-11-23T{time}+08:00")).await;
    }

    pub async fn clock_is(&self, time: &str) {
        self.clock.set(at(time));
        // The engine looks at its clock once more: what it finds due is queued or done then.
        self.woken().await;
    }

    /// The engine has looked at its clock after this.
    pub async fn woken(&self) {
        tokio::time::sleep(3 * Duration::from_millis(20)).await;
        self.quiet().await;
    }

    /// Ends the daemon as `kill -9` at this moment would, and starts another on what is on the disk.
    pub async fn killed(&mut self) {
        let disk = tempfile::tempdir().unwrap();
        for name in ["qunwei.db", "qunwei.db-wal"] {
            std::fs::copy(self.data.path().join(name), disk.path().join(name)).unwrap();
        }
        self.down().await; // what it still writes is lost
        self.data = disk;
        self.up().await;
    }

    /// The next action, which must be a reminder; its text.
    pub async fn reminded(&self) -> String {
        let action = self.next().await;
        assert_eq!(action["cause"]["step"], "reminder", "{action}");
        action["text"].as_str().unwrap().to_owned()
    }

    /// Nothing is said.
    pub async fn silent(&self) {
        self.settled().await;
        assert_eq!(self.bot.read(), None);
    }

    pub async fn reload(&self, toml: &str) -> String {
        self.write("config/zz-test.toml", toml);
        self.running().reloader.reload().await.unwrap().summary.line()
    }

    async fn metric(&self, outcome: &str) -> u64 {
        let (_, text) = self.admin("/metrics").await;
        let name = format!("qunwei_reminders_total{{outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn a_group_that_a_file_names_is_reminded_at_its_time_each_day() {
    let world = World::with(DAILY).await;
    world.clock_shows("09:59:59").await;
    world.silent().await;
    world.clock_shows("10:00:00").await;
    let action = world.next().await;
    assert_eq!((&action["type"], &action["group"]), (&json!("send"), &json!("g1")));
    assert_eq!(action["cause"], json!({"step": "reminder", "reminder": "早读"}));
    assert_eq!(action["text"], "读书群：11月23日（周一）10:00 早读");
    assert_eq!(action["mentions"], json!([]));
    world.clock_shows("23:59:59").await;
    world.silent().await;
    world.clock_is("2026-11-24T10:00:00+08:00").await;
    assert_eq!(world.reminded().await, "读书群：11月24日（周二）10:00 早读");
    assert_eq!((world.metric("sent").await, world.metric("missed").await), (2, 0));
    world.finish().await;
}

#[tokio::test]
async fn restarts_and_kills_around_the_time_repeat_nothing_and_lose_nothing() {
    let mut world = World::with(DAILY).await;
    world.clock_shows("09:59:59").await;
    world.killed().await;
    world.clock_shows("10:00:00").await;
    world.reminded().await;
    world.restart().await;
    world.woken().await;
    world.killed().await;
    world.clock_shows("10:05:00").await;
    world.restart().await;
    world.silent().await;
    // Decided, and the bot is down: it goes out under the same id when the bot is back.
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.clock_is("2026-11-24T10:00:00+08:00").await;
    until("it is tried", || (world.bot.model().attempts.len() > 1).then_some(())).await;
    world.quiet().await;
    world.killed().await;
    world.bot.always(None);
    world.turn(2 * MINUTE);
    assert!(world.reminded().await.contains("11月24日"));
    world.finish().await;
}

#[tokio::test]
async fn where_the_bot_can_only_write_privately_the_admins_that_were_seen_are_asked() {
    let bridge = r#"
[bridge.example]
secret_env = "QUNWEI_EXAMPLE_SECRET"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = ["private", "idempotent"]
"#;
    let mut world = World::with_only(&format!("{bridge}{DAILY}")).await;
    let mut event = world.message("m-seen", "seen", "早");
    event["sender"]["role"] = json!("admin");
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.restart().await; // nothing of the group is in memory
    world.clock_shows("10:00:00").await;
    let action = world.next().await;
    assert_eq!((&action["type"], &action["user"]), (&json!("private"), &json!("seen")));
    assert_eq!(action["text"], "【读书群】请把这条提醒发到群里：读书群：11月23日（周一）10:00 早读");
    world.finish().await;
}

#[tokio::test]
async fn what_is_missed_is_said_late_within_its_grace_alone_and_of_several_the_last() {
    let often = DAILY.replace("0 10 * * *", "*/5 10-11 * * *");
    let mut world = World::with(&often).await;
    world.clock_shows("09:58:00").await;
    world.down().await;
    world.clock_shows_down("10:28:00");
    world.up().await;
    let text = world.reminded().await;
    assert!(text.contains("10:25") && text.ends_with("（原定 11月23日 10:25，发晚了）"), "{text}");
    world.clock_shows("10:30:00").await;
    assert!(world.reminded().await.ends_with("10:30 早读"), "on time");
    world.down().await;
    world.clock_shows_down("12:06:00"); // 11:55 was the last
    world.up().await;
    world.woken().await;
    world.silent().await;
    assert_eq!((world.metric("sent").await, world.metric("missed").await), (0, 1), "since this start");
    world.restart().await;
    world.woken().await;
    assert_eq!(world.metric("missed").await, 0, "it is counted once");
    world.finish().await;
}

impl World {
    fn clock_shows_down(&self, time: &str) {
        self.clock.set(at(&format!("2026-11-23T{time}+08:00")));
    }
}

#[tokio::test]
async fn what_the_bot_does_not_take_within_the_grace_expires() {
    let world = World::with(DAILY).await;
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.clock_shows("10:00:00").await;
    until("it is tried", || (!world.bot.model().attempts.is_empty()).then_some(())).await;
    world.quiet().await;
    world.clock_shows("10:10:01").await;
    world.bot.always(None);
    world.turn(10 * MINUTE);
    world.settled().await;
    assert_eq!((world.metric("sent").await, world.metric("expired").await), (1, 1));
    let alert = world.next().await;
    assert_eq!(alert["cause"]["step"], "alert", "the admins are told: {alert}");
    world.finish().await;
}

#[tokio::test]
async fn a_clock_that_jumps_repeats_nothing_and_loses_nothing_within_the_grace() {
    let toml =
        format!("{DAILY}[[reminder]]\nname = \"半点\"\ntext = \"半点了\"\ncron = \"30 * * * *\"\ngroups = [\"g1\"]\n");
    let world = World::with(&toml).await;
    world.clock_shows("09:05:00").await;
    world.clock_shows("10:05:00").await; // an hour ahead: 9:30 is missed, 10:00 is late
    assert!(world.reminded().await.ends_with("（原定 11月23日 10:00，发晚了）"));
    assert_eq!(world.metric("missed").await, 1);
    world.clock_shows("09:06:00").await; // and back
    world.silent().await;
    world.clock_shows("09:30:00").await;
    assert_eq!(world.reminded().await, "半点了", "it was missed only by a clock that was wrong");
    world.clock_shows("10:00:00").await;
    world.silent().await; // said once already
    world.clock_shows("10:30:00").await;
    assert_eq!(world.reminded().await, "半点了");
    world.clock_shows("09:40:00").await; // an hour back
    world.clock_shows("10:31:00").await;
    world.silent().await;
    world.clock_shows("11:30:00").await;
    assert_eq!(world.reminded().await, "半点了");
    // Far ahead by mistake, and what is remembered is not forgotten by it.
    world.clock_is("2027-11-23T11:30:00+08:00").await;
    assert_eq!(world.reminded().await, "半点了");
    world.clock_shows("11:35:00").await;
    world.finish().await;
}

#[tokio::test]
async fn a_reload_takes_effect_at_once_and_says_nothing_of_what_was_before() {
    let world = World::with(DAILY).await;
    world.clock_shows("10:00:00").await;
    world.reminded().await;
    world.clock_shows("10:06:00").await;
    let changed = DAILY.replace("早读\"\ncron = \"0 10", "早读了\"\ncron = \"5 10");
    let told = world.reload(&changed).await;
    assert_eq!(told, "reminder 早读 changed (cron 0 10 * * * → 5 10 * * *, text)");
    world.woken().await;
    world.silent().await; // 10:05 is before the change
    let more = format!("{changed}[[reminder]]\nname = \"新的\"\ntext = \"一会儿开会\"\nat = \"2026-11-23 10:20\"\n");
    assert_eq!(world.reload(&more).await, "reminder 新的 added");
    world.clock_shows("10:20:00").await;
    assert_eq!(world.reminded().await, "一会儿开会");
    assert_eq!(world.reload("[group.g1]\nname = \"读书群\"\n").await, "reminder 新的 removed; reminder 早读 removed");
    world.clock_is("2026-11-24T10:06:00+08:00").await;
    world.silent().await;
    // The same again within the grace of a time that was said is not said twice.
    world.reload(&changed).await;
    world.clock_is("2026-11-25T10:05:00+08:00").await;
    assert!(world.reminded().await.ends_with("早读了"));
    world.reload("# empty").await;
    world.reload(&changed).await;
    world.woken().await;
    world.finish().await;
}

#[tokio::test]
async fn all_groups_that_are_known_are_reminded_and_those_of_a_profile_alone_if_it_says_so() {
    let toml = r#"
[bridge.example]
bot_user = "bot"
[profile.shop]
[group.g2]
profile = "shop"
[group.g3]
mode = "off"
[group.g4]
mode = "observe"
[[reminder]]
name = "全体"
text = "大家好"
cron = "0 10 * * *"
[[reminder]]
name = "店里"
text = "开门了"
cron = "0 11 * * *"
profiles = ["shop"]
announce = true
"#;
    let mut world = World::with(toml).await;
    for group in ["g5", "g3", "g4"] {
        let mut event = world.message(&format!("m-{group}"), "u1", "早");
        event["group"] = json!(group);
        assert_eq!(world.post(event.to_string()).await.0, 200);
    }
    world.clock_shows("10:00:00").await;
    let mut groups = Vec::new();
    for _ in 0..2 {
        groups.push(world.next().await["group"].as_str().unwrap().to_owned());
    }
    groups.sort();
    assert_eq!(groups, ["g2", "g5"], "g3 is off, g4 only observed");
    world.clock_shows("11:00:00").await;
    let action = world.next().await;
    assert_eq!(
        (&action["type"], &action["group"], &action["text"]),
        (&json!("announce"), &json!("g2"), &json!("开门了"))
    );
    // Nobody speaks in a group that the bot was taken out of.
    let left = json!({"id": "e-left", "type": "member_left", "group": "g5", "members": [{"id": "bot"}]});
    assert_eq!(world.post(left.to_string()).await.0, 200);
    world.clock_is("2026-11-24T10:00:00+08:00").await;
    assert_eq!(world.next().await["group"], json!("g2"));
    // Who comes into sight after the time is not told of it.
    let mut event = world.message("m-g6", "u1", "早");
    event["group"] = json!("g6");
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.woken().await;
    world.finish().await;
}

#[tokio::test]
async fn in_quiet_hours_nobody_is_disturbed() {
    let toml = r#"
[group.g1.reminders]
quiet_hours = "12:00-14:00"
[[reminder]]
name = "等"
text = "等到两点"
cron = "*/20 12,13 * * *"
[[reminder]]
name = "略"
text = "略过"
cron = "30 12 * * *"
in_quiet_hours = "skip"
[[reminder]]
name = "照说"
text = "照说"
cron = "30 13 * * *"
in_quiet_hours = "send"
"#;
    let mut world = World::with(toml).await;
    for time in ["12:00:00", "12:30:00", "13:00:00"] {
        world.clock_shows(time).await;
        world.silent().await;
    }
    world.restart().await;
    world.clock_shows("13:30:00").await;
    assert_eq!(world.reminded().await, "照说");
    world.clock_shows("14:00:00").await;
    assert_eq!(world.reminded().await, "等到两点", "once, on time for the end of the quiet hours");
    world.finish().await;
}

#[tokio::test]
async fn a_group_that_was_stopped_is_not_reminded() {
    let mut world = World::with(
        &format!("{DAILY}[group.g1.trial_admins]\n")
            .replace("name = \"读书群\"", "name = \"读书群\"\nadmins = [\"boss\"]"),
    )
    .await;
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.clock_shows("10:00:00").await;
    until("it is tried", || (!world.bot.model().attempts.is_empty()).then_some(())).await;
    world.quiet().await;
    world.bot.always(None);
    world.say("boss", "/停").await;
    let answer = world.next().await;
    assert!(answer["text"].as_str().unwrap().contains("1 个动作已取消"), "{answer}");
    world.turn(2 * MINUTE);
    world.silent().await;
    world.clock_is("2026-11-24T10:00:00+08:00").await;
    world.silent().await;
    world.say("boss", "/恢复").await;
    world.next().await;
    world.woken().await;
    world.silent().await; // that time is over
    world.clock_is("2026-11-25T10:00:00+08:00").await;
    world.reminded().await;
    world.finish().await;
}

#[tokio::test]
async fn a_store_that_cannot_be_written_at_the_time_delays_the_reminder() {
    for fault in [Fault::Full, Fault::Lies] {
        let world = World::with(DAILY).await;
        world.clock_shows("09:59:00").await;
        world.faults.set([fault.clone()]);
        world.clock.set(at("2026-11-23T10:00:00+08:00"));
        until("it fails", || (world.faults.failed() > 0).then_some(())).await;
        world.faults.set([]);
        world.turn(5 * MINUTE);
        let text = world.reminded().await;
        assert!(text.starts_with("读书群：11月23日（周一）10:00 早读"), "{fault:?}: {text}");
        world.woken().await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_fresh_run_of_the_journal_sends_the_same() {
    let toml = format!("{DAILY}[[reminder]]\nname = \"半点\"\ntext = \"半点了\"\ncron = \"*/30 * * * *\"\n");
    let mut world = World::with(&toml).await;
    world.say("u1", "早").await;
    for time in ["09:30:00", "10:05:00", "09:20:00", "09:30:00", "10:30:00"] {
        world.clock_shows(time).await;
        world.settled().await;
    }
    world.restart().await;
    world.clock_shows("11:00:00").await;
    world.settled().await;
    world.reload(&toml.replace("*/30", "*/20")).await;
    let mut event = world.message("m-x", "u1", "早");
    event["group"] = json!("g7");
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.faults.set([Fault::Full]);
    world.clock.set(at("2026-11-23T11:20:00+08:00"));
    until("it fails", || (world.faults.failed() > 0).then_some(())).await;
    world.faults.set([]);
    world.clock_shows("11:22:00").await;
    world.settled().await;
    world.down().await;
    world.clock_shows_down("22:10:00");
    world.up().await;
    world.woken().await;
    world.clock_is("2026-11-24T08:00:00+08:00").await;
    world.settled().await;
    world.down().await;
    let again = tempfile::tempdir().unwrap();
    run_again(&world.config().settings, world.data.path(), again.path());
    let (lived, rerun) = (dump::state(world.data.path()), dump::state(again.path()));
    for table in ["known", "schedules", "reminded"] {
        assert!(!lived[table].is_empty(), "{table}");
    }
    dump::assert_same(&lived, &rerun);
    // Of the day before the lived one may have been moved into a file by now.
    let (lived, rerun) = (dump::journal(world.data.path()), dump::journal(again.path()));
    assert!(!lived.is_empty() && rerun.ends_with(&lived), "{lived:?} {rerun:?}");
}

#[tokio::test]
async fn many_groups_are_reminded_in_several_commits_each_once() {
    const GROUPS: usize = 1200;
    let named: String = (0..GROUPS).map(|at| format!("[group.n{at}]\n")).collect();
    let toml = format!("{named}[[reminder]]\nname = \"全体\"\ntext = \"大家好\"\ncron = \"0 10 * * *\"\n");
    let world = World::with(&toml).await;
    world.clock_shows("10:00:00").await;
    assert_eq!(world.metric("sent").await, GROUPS as u64);
    while !world.running().is_idle(world.clock_now()) {
        world.turn(Duration::from_secs(1)); // so many a second
        world.quiet().await;
    }
    let mut groups: Vec<String> = Vec::new();
    while let Some(action) = world.bot.read() {
        groups.push(action["group"].as_str().unwrap().to_owned());
    }
    groups.sort();
    groups.dedup();
    assert_eq!(groups.len(), GROUPS);
    world.finish().await;
}

fn replay(config: &Path, input: &str, until: Option<&str>) -> Output {
    let scene = config.join("scene.jsonl");
    std::fs::write(&scene, input).unwrap();
    let mut command = qunwei();
    command.arg("replay").arg("--config").arg(config);
    if let Some(until) = until {
        command.arg("--until").arg(until);
    }
    command.arg(scene).output().unwrap()
}

fn actions(output: &Output) -> Vec<Value> {
    assert_eq!((output.status.code(), stderr(output)), (Some(0), String::new()));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn said(id: &str, group: &str, time: &str) -> String {
    json!({"id": id, "type": "message", "group": group, "time": time, "sender": {"id": "u1"}, "text": "早"}).to_string()
        + "\n"
}

#[test]
fn replay_reminds_groups_that_are_configured_or_seen_each_by_its_clocks() {
    let toml = r#"
[group.ny]
timezone = "America/New_York"
[group.berlin]
timezone = "Europe/Berlin"
[[reminder]]
name = "夜里"
text = "{{ time }}"
cron = "30 2 * * *"
in_quiet_hours = "send"
"#;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.toml"), toml).unwrap();
    // Shanghai 02:30 is the time of the first event: the group of that event is not known before it.
    let input =
        format!("{}{}", said("m-1", "sh", "2027-03-13T02:30:00+08:00"), said("m-2", "sh", "2027-03-15T12:00:00+08:00"));
    let first = replay(dir.path(), &input, None);
    let shown: Vec<(String, String)> = actions(&first)
        .iter()
        .map(|one| (one["group"].as_str().unwrap().to_owned(), one["time"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ("berlin", "2027-03-13T02:30:00+01:00"),
        ("ny", "2027-03-13T02:30:00-05:00"),
        ("sh", "2027-03-14T02:30:00+08:00"),
        ("berlin", "2027-03-14T02:30:00+01:00"),
        ("ny", "2027-03-14T03:00:00-04:00"), // the clocks skip 02:30
        ("sh", "2027-03-15T02:30:00+08:00"),
        ("berlin", "2027-03-15T02:30:00+01:00"),
    ];
    assert_eq!(shown.iter().map(|(a, b)| (&**a, &**b)).collect::<Vec<_>>(), expected, "nothing after the last event");
    assert_eq!(first.stdout, replay(dir.path(), &input, None).stdout, "byte for byte");
    let later = actions(&replay(dir.path(), &input, Some("2027-03-16T12:00:00+08:00")));
    assert_eq!(later.len(), expected.len() + 3, "New York is behind: its 15th at 02:30 comes later");
    // In November the clocks of New York show 01:30 twice.
    std::fs::write(dir.path().join("a.toml"), toml.replace("30 2", "30 1")).unwrap();
    let input = said("m-1", "x", "2027-11-06T12:00:00-04:00");
    let autumn = actions(&replay(dir.path(), &input, Some("2027-11-08T00:00:00-05:00")));
    let of_ny: Vec<&str> =
        autumn.iter().filter(|one| one["group"] == "ny").map(|one| one["time"].as_str().unwrap()).collect();
    assert_eq!(of_ny, ["2027-11-07T01:30:00-04:00"]);
}

#[test]
fn check_shows_the_next_five_times() {
    let toml = r#"
[group.sh]
[group.ny]
timezone = "America/New_York"
[[reminder]]
name = "月初"
text = "例会"
cron = "30 20 * * MON#1"
groups = ["sh"]
[[reminder]]
name = "夜里"
text = "打烊"
cron = "0 23 * * *"
"#;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.toml"), toml).unwrap();
    let check = |format: &str| {
        let output = qunwei().args(["check", "--format", format, "--config"]).arg(dir.path()).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(check("json"), "[]\n");
    let text = check("human");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("note: ")).collect();
    assert_eq!(lines[0], "reminder 月初, for group sh:", "{text}");
    assert!(
        lines[1..6].iter().all(|line| line.starts_with("  Mon 20") && line.contains("20:30:00 +08:00 Asia/Shanghai")),
        "{text}"
    );
    assert_eq!(lines[6], "reminder 夜里, for all groups:", "{text}");
    assert!(
        lines[7..].iter().any(|line| line.contains("08:00:00 +08:00 Asia/Shanghai  (23:00 lies in quiet hours)")),
        "{text}"
    );
    assert!(lines[7..].iter().any(|line| line.contains("America/New_York")), "{text}");
}
