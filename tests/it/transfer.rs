//! State that was exported and imported is the state: a daemon started on it goes on where the other stopped.

use std::path::Path;
use std::time::Duration;

use qunwei::ports::Store;
use qunwei::serve::open_store;
use qunwei::store::Keyring;
use serde_json::json;

use crate::support::bot::Answer;
use crate::support::daemon::{Home, qunwei, stderr};
use crate::support::{World, dump};

const MINUTE: Duration = Duration::from_secs(60);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

fn export(data: &Path, file: &Path) -> String {
    let output = qunwei().args(["export", "--data"]).arg(data).arg("--state").arg(file).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

fn import(data: &Path, file: &Path) -> String {
    let output = qunwei().args(["import", "--data"]).arg(data).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

/// Moves the world's daemon to another data directory, by an export that is made while it runs.
async fn move_house(world: &mut World) {
    let file = tempfile::tempdir().unwrap();
    let file = file.path().join("state.jsonl");
    world.quiet().await;
    let said = export(world.data.path(), &file);
    world.down().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let heard = import(elsewhere.path(), &file);
    assert_eq!(said.split_once(": ").unwrap().1.lines().next(), heard.split_once(": ").unwrap().1.lines().next());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(elsewhere.path()));
    world.data = elsewhere;
    world.up().await;
}

/// What the bot says next to a person who asked.
async fn answered(world: &World) -> String {
    loop {
        let action = world.next().await;
        if let Some(text) = action["text"].as_str() {
            return text.to_owned();
        }
    }
}

#[tokio::test]
async fn a_daemon_on_the_imported_state_goes_on() {
    let mut world = World::with("").await;
    let joined = json!({"id": "e-1", "type": "member_joined", "group": "g1",
                        "members": [{"id": "5", "name": "李姐", "role": "admin"}]});
    assert_eq!(world.post(joined.to_string()).await.0, 200);
    world.say("5", "/加词 内部认购").await;
    world.say("9", SPAM).await;
    let kinds = world.next_kinds(3).await;
    assert!(kinds.iter().any(|(_, step)| step == "warn_private"), "{kinds:?}");
    world.settled().await;
    world.turn(2 * MINUTE);
    world.say("9", SPAM).await;
    world.settled().await;
    world.turn(2 * MINUTE);
    while world.bot.read().is_some() {}
    // The third is a mute; the bot is away, so it is still to be done.
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    let third = world.message("third", "9", SPAM).to_string();
    assert_eq!(world.post(third.clone()).await.0, 200);
    world.quiet().await;

    move_house(&mut world).await;
    world.bot.always(None);
    world.turn(MINUTE);
    world.settled().await;
    let mut kinds = Vec::new();
    while let Some(action) = world.bot.read() {
        kinds.push(action["type"].as_str().unwrap().to_owned());
    }
    kinds.sort();
    assert!(kinds.contains(&"mute".to_owned()) && kinds.contains(&"delete".to_owned()), "{kinds:?}");
    // What was sent before is known; the ladder goes on; the numbers go on; changed words hold.
    let (status, answer) = world.post(third).await;
    assert_eq!((status, answer), (200, json!({"accepted": 0, "duplicates": 1})));
    world.turn(2 * MINUTE);
    world.say("9", SPAM).await;
    let kinds = world.next_kinds(3).await;
    assert!(kinds.iter().any(|(kind, _)| kind == "remove"), "the fourth step: {kinds:?}");
    world.settled().await;
    while world.bot.read().is_some() {}
    world.say("7", "内部认购开始了").await;
    world.settled().await;
    while world.bot.read().is_some() {}
    world.say("5", "/案件 5").await;
    let answer = answered(&world).await;
    assert!(answer.starts_with("案件 5") && answer.contains("小7"), "{answer}");
    world.say("5", "/撤销 1").await;
    let answer = answered(&world).await;
    assert!(answer.contains("已撤销案件 1"), "{answer}");
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn messages_come_along_when_asked_for() {
    let mut world = World::with("").await;
    for n in 0..5 {
        world.say("8", &format!("今天说的第 {n} 句")).await;
    }
    world.quiet().await;
    world.turn(Duration::from_secs(31)); // the windows include them now
    world.quiet().await;
    world.down().await;
    let folder = tempfile::tempdir().unwrap();
    let mut counts = Vec::new();
    for (name, more) in [("with", Some("--with-messages")), ("without", None)] {
        let file = folder.path().join(format!("{name}.jsonl"));
        let mut command = qunwei();
        command.args(["export", "--data"]).arg(world.data.path()).arg("--state").arg(&file).args(more);
        assert!(command.output().unwrap().status.success());
        import(&folder.path().join(name), &file);
        counts.push(open_store(&folder.path().join(name), &Keyring::none()).unwrap().journal(0, 99).unwrap().len());
    }
    assert!(counts[0] >= 6 && counts[1] == 0, "{counts:?}");
}

#[test]
fn it_says_what_is_wrong_and_writes_over_nothing() {
    let home = Home::new();
    let run = |args: &[&str]| {
        let output = qunwei().args(args).current_dir(home.folder.path()).output().unwrap();
        (output.status.code().unwrap(), stderr(&output))
    };
    drop(open_store(&home.data(), &Keyring::none()).unwrap());
    assert_eq!(run(&["export", "--data", "data", "--state", "state.jsonl"]).0, 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(home.folder.path().join("state.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only its owner reads what people said");
    }
    let before = std::fs::read(home.folder.path().join("state.jsonl")).unwrap();
    for (args, code, expected) in [
        (&["export", "--data", "data", "--state", "state.jsonl"][..], 1, "cannot write state.jsonl: File exists"),
        (&["export", "--data", "nowhere", "--state", "new.jsonl"], 1, "there is no store in nowhere"),
        (&["export", "--data", "data"], 2, "required arguments were not provided"),
        (&["export", "--data", "data", "--to", "a", "--state", "b"], 2, "cannot be used with"),
        (&["export", "--data", "data", "--to", "a", "--with-messages"], 2, "--with-messages"),
        (&["import", "--data", "data", "state.jsonl"], 1, "is not empty: `qunwei.db` is in the way"),
        (&["import", "--data", "other", "nothing.jsonl"], 1, "cannot read nothing.jsonl"),
        (
            &["import", "--data", "other", "config/qunwei.toml"],
            1,
            "cannot import config/qunwei.toml: line 1: this is not what",
        ),
    ] {
        let (status, errors) = run(args);
        assert!(status == code && errors.contains(expected), "{args:?}: {status} {errors}");
    }
    assert_eq!(std::fs::read(home.folder.path().join("state.jsonl")).unwrap(), before);
    for left in ["new.jsonl", "other", "a", "b"] {
        assert!(!home.folder.path().join(left).exists(), "{left} was left");
    }
    let stdout = qunwei().args(["export", "--data"]).arg(home.data()).args(["--state", "-"]).output().unwrap().stdout;
    assert!(stdout.starts_with(b"{\"qunwei\":\"state\"") && stdout.ends_with(b"\"}}\n"));
}
