//! What members wrote is sealed with an operator's key: everything works as ever, and no file of the data directory shows it.

use std::path::Path;
use std::process::Output;

use qunwei::app::keys::keyring;
use qunwei::config::Seal;
use qunwei::domain::secret::Key;
use qunwei::ports::{Row, Store};
use qunwei::serve::open_store;
use qunwei::store::Keyring;
use serde_json::Value;

use crate::member::{NAME, SAID, SPAM, USER, two_days};
use crate::support::daemon::{Home, qunwei, stderr};
use crate::support::{World, raw, until};

/// 32 bytes of 1, of 2 and of 3.
const FIRST: &str = "qwkey_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const SECOND: &str = "qwkey_AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const OTHER: &str = "qwkey_AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";

const ON: &str = "[daemon.seal]\nkey_env = \"SEAL\"\n";
const TURNING: &str = "[daemon.seal]\nkey_env = \"SEAL\"\nprevious_key_env = \"SEAL_BEFORE\"\n";

fn keys(of: &[&str]) -> Keyring {
    let keys = of.iter().map(|text| Key::parse(text).unwrap()).collect();
    keyring(&Seal::With(keys)).unwrap()
}

fn texts() -> impl Iterator<Item = &'static str> {
    // The words of a notice, of a card, of a command and of what others wrote are of them too.
    SAID.into_iter().chain([NAME, SPAM, "我同意", "第二天了", "abc98765", "abc12345", "薇信", "小9"])
}

/// In which files any of the texts stands.
fn shown(folder: &Path) -> Vec<(&'static str, Vec<String>)> {
    texts().map(|text| (text, raw::holding(folder, text))).filter(|(_, files)| !files.is_empty()).collect()
}

fn journal(data: &Path, keys: &Keyring) -> Vec<Row> {
    open_store(data, keys).unwrap().journal(0, 1_000_000).unwrap()
}

/// A command that finds the world's configuration and this environment.
fn run(world: &World, arguments: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = qunwei();
    command.args(arguments).arg("--config").arg(world.file("config"));
    command.envs(env.iter().copied()).output().unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn succeeded(output: Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
    assert!(output.status.success(), "{text}");
    text
}

fn refused(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_shows_what_was_said_and_everything_works() {
    let mut plain = World::with("").await;
    two_days(&mut plain).await;
    let there: Vec<&str> = shown(plain.data.path()).into_iter().map(|(text, _)| text).collect();
    assert_eq!(there, texts().collect::<Vec<_>>(), "without a key all of it can be read");
    plain.down().await;

    let mut world = World::with_env(ON, vec![("SEAL".to_owned(), FIRST.to_owned())]).await;
    two_days(&mut world).await;
    let data = world.data.path().to_owned();
    assert!(!raw::holding(&data, USER).is_empty(), "ids are not sealed");
    assert_eq!(shown(&data), [], "while it runs");
    let env = [("SEAL", FIRST)];
    let all = succeeded(run(
        &world,
        &["member", "export", "--platform", "example", "--user", USER, "--data", path(&data)],
        &env,
    ));
    let all: Value = serde_json::from_str(&all).unwrap();
    assert!(SAID.iter().all(|text| all["events"].to_string().contains(text)) && all["members"][0]["name"] == NAME);
    let aside = tempfile::tempdir().unwrap();
    let (backup, state) = (aside.path().join("b.tar.gz"), aside.path().join("state.jsonl"));
    succeeded(qunwei().args(["backup", "--data", path(&data), path(&backup)]).output().unwrap());
    succeeded(run(&world, &["export", "--data", path(&data), "--with-messages", "--state", path(&state)], &[]));

    world.restart().await;
    while world.bot.read().is_some() {}
    world.turn(std::time::Duration::from_secs(600));
    world.say("9", SPAM).await;
    let action = until("it acts", || world.bot.read()).await;
    assert_ne!(action["cause"]["step"], "warn_private", "it knows the strikes of before: {action}");
    world.settled().await;
    while world.bot.read().is_some() {}
    world.down().await;
    assert_eq!(shown(&data), [], "and after it has stopped");
    let said = succeeded(run(&world, &["verify", path(&data)], &env));
    assert!(said.contains("ok    seals:") && said.contains("comes to the same"), "{said}");
    let rows = journal(&data, &keys(&[FIRST]));
    assert!(rows.iter().any(|row| row.body.contains(SAID[0])));

    // What was copied shows nothing either, and is all there.
    let (restored, imported) = (aside.path().join("restored"), aside.path().join("imported"));
    succeeded(qunwei().args(["restore", path(&backup), "--data", path(&restored)]).output().unwrap());
    succeeded(qunwei().args(["import", path(&state), "--data", path(&imported)]).output().unwrap());
    assert_eq!(shown(aside.path()), []);
    let said = succeeded(run(&world, &["verify", path(&backup)], &env));
    assert!(said.contains("ok    seals:"), "{said}");
    for copy in [restored, imported] {
        let copied = journal(&copy, &keys(&[FIRST]));
        assert!(copied.len() > 20 && copied == rows[..copied.len()], "{} of {}", copied.len(), rows.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_comes_later_changes_and_goes_again() {
    let mut world = World::with("").await;
    two_days(&mut world).await;
    world.down().await;
    let data = world.data.path().to_owned();
    let before = journal(&data, &Keyring::none());

    // It comes: what is new is sealed at once, what was there by a command.
    world.write("config/zz-test.toml", ON);
    world.set_env(&[("SEAL", FIRST)]);
    world.up().await;
    world.say("7", "第一把钥匙以后").await;
    world.down().await;
    assert_eq!(raw::holding(&data, "第一把钥匙以后"), Vec::<String>::new());
    assert!(!shown(&data).is_empty(), "what was there is as it was");
    let said = succeeded(run(&world, &["verify", "--quick", path(&data)], &[("SEAL", FIRST)]));
    assert!(said.contains("note  seals:") && said.contains("not sealed: `qunwei seal`"), "{said}");
    let without = refused(run(&world, &["seal", "--data", path(&data)], &[]));
    assert!(without.contains("SEAL is not set; nothing was opened"), "{without}");
    let said = succeeded(run(&world, &["seal", "--data", path(&data)], &[("SEAL", FIRST)]));
    assert!(said.contains("and 1 files of the history"), "{said}");
    assert_eq!(shown(&data), []);
    let first = keys(&[FIRST]);
    assert_eq!(journal(&data, &first)[..before.len()], before);

    // It changes.
    world.write("config/zz-test.toml", TURNING);
    let both = [("SEAL", SECOND), ("SEAL_BEFORE", FIRST)];
    world.set_env(&both);
    world.up().await;
    world.say("7", "第二把钥匙以后").await;
    world.down().await;
    let said = succeeded(run(&world, &["verify", path(&data)], &both));
    assert_eq!(said.matches(" values with ").count(), 2, "{said}");
    let second = keys(&[SECOND]);
    let early = open_store(&data, &second).err().unwrap().to_string();
    assert!(early.contains("previous_key_file"), "{early}");
    succeeded(run(&world, &["seal", "--data", path(&data)], &both));
    assert_eq!(shown(&data), []);
    assert_eq!(journal(&data, &second)[..before.len()], before, "the old key is not needed");
    assert!(open_store(&data, &first).is_err(), "and opens nothing");

    // It goes.
    world.set_env(&[("SEAL", SECOND)]);
    world.write("config/zz-test.toml", ON);
    succeeded(run(&world, &["seal", "--open", "--data", path(&data)], &[("SEAL", SECOND)]));
    world.write("config/zz-test.toml", "# empty\n");
    world.up().await;
    world.say("7", "不要钥匙了").await;
    world.down().await;
    assert_eq!(shown(&data).len(), texts().count());
    assert_eq!(journal(&data, &Keyring::none())[..before.len()], before);
}

/// Sealed, what is left of somebody would not be seen: all is opened afterwards, and nothing of theirs is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_is_gone_from_what_two_keys_sealed() {
    let mut world = World::with_env(ON, vec![("SEAL".to_owned(), FIRST.to_owned())]).await;
    two_days(&mut world).await;
    world.down().await;
    world.write("config/zz-test.toml", TURNING);
    let both = [("SEAL", SECOND), ("SEAL_BEFORE", FIRST)];
    world.set_env(&both);
    world.up().await;
    world.turn(std::time::Duration::from_secs(600));
    let mut again = world.message("z-again", USER, SAID[1]);
    again["sender"]["name"] = NAME.into();
    assert_eq!(world.post(again.to_string()).await.0, 200);
    world.settled().await;
    while world.bot.read().is_some() {}
    world.down().await;
    let data = world.data.path().to_owned();
    let rows = journal(&data, &keys(&[SECOND, FIRST])).len();
    let of = ["--platform", "example", "--user", USER, "--data", path(&data)];
    let said = succeeded(run(&world, &[&["member", "erase"], &of[..]].concat(), &both));
    assert!(said.contains(" cases\n") && said.contains(" history\n"), "{said}");
    assert_eq!(raw::holding(&data, USER), Vec::<String>::new(), "ids are not sealed");
    let said = succeeded(run(&world, &["verify", path(&data)], &both));
    assert_eq!(said.matches(" values with ").count(), 2, "both keys are still needed: {said}");
    succeeded(run(&world, &["seal", "--open", "--data", path(&data)], &both));
    for text in SAID.into_iter().chain([NAME, USER]) {
        assert_eq!(raw::holding(&data, text), Vec::<String>::new(), "`{text}` was only sealed");
    }
    assert!(
        !raw::holding(&data, "我同意").is_empty() && !raw::holding(&data, "abc12345").is_empty(),
        "others' is there"
    );
    assert_eq!(journal(&data, &Keyring::none()).len(), rows, "numbers stay");
}

/// The program itself, with a file for the key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_or_missing_key_is_refused_and_nothing_is_lost() {
    let home = Home::light();
    home.write("config/seal.toml", "[daemon.seal]\nkey_file = \"../seal.key\"\n");
    home.write("seal.key", &format!("{FIRST}\n"));
    home.start().await.stop().await;
    let database = || std::fs::read(home.data().join("qunwei.db")).unwrap();
    let before = database();
    let check = || {
        let output = qunwei().arg("check").arg("--config").arg(home.config()).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let serve = || refused(home.serve().output().unwrap());
    assert!(check().0);

    home.write("seal.key", OTHER);
    let said = serve();
    assert!(said.contains("texts that are sealed with the key") && said.contains("left as it is"), "{said}");
    let file = home.folder.path().join("b.tar.gz");
    assert!(crate::backup::backup(&home.data(), &file).status.success());
    let said = refused(qunwei().arg("verify").arg(&file).arg("--config").arg(home.config()).output().unwrap());
    assert!(said.contains("b.tar.gz/qunwei.db has texts") && !said.contains(".qunwei-verify"), "{said}");
    home.write("seal.key", "qwkey_short");
    let (sound, said) = check();
    assert!(!sound && said.contains("the key in this file cannot be used") && said.contains("openssl rand"), "{said}");
    assert!(!said.contains("qwkey_short"), "{said}");
    serve();
    std::fs::remove_file(home.folder.path().join("seal.key")).unwrap();
    let (sound, said) = check();
    assert!(!sound && said.contains("seal.key") && said.contains("check the path"), "{said}");
    let said = serve();
    assert!(said.contains("seal.key") && said.contains("check the path"), "{said}");
    assert!(said.contains("texts in this store are sealed") && !said.contains("no key was given"), "{said}");
    home.write("config/seal.toml", "[daemon.seal]\nkey_env = \"SEAL\"\n");
    let (sound, said) = check();
    assert!(sound && said.contains("SEAL is not set: the daemon does not start"), "{said}");
    let said = serve();
    assert!(said.contains("SEAL is not set; nothing was opened or changed"), "{said}");
    home.write("config/seal.toml", "# empty\n");
    let said = serve();
    assert!(said.contains("no key was given") && said.contains("[daemon.seal]"), "{said}");
    assert!(database() == before, "nobody wrote to it");

    home.write("config/seal.toml", "[daemon.seal]\nkey_file = \"../seal.key\"\n");
    home.write("seal.key", FIRST);
    // A configuration that is broken for another reason: the last good one says where the key is.
    home.write("config/broken.toml", "[daemon]\nno_such_key = 1\n");
    home.start().await.stop().await;
}
