//! The audit chain: what was decided cannot be changed by hand without `qunwei verify` saying so, and what is erased or deleted on purpose leaves it
//! whole.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::backup::{backup, restore};
use crate::member::{USER, two_days};
use crate::support::daemon::{qunwei, stderr};
use crate::support::{World, copy, tables};

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";
const MINUTE: Duration = Duration::from_secs(60);

/// Whether all is sound, and what was said.
fn verify(what: &Path, arguments: &[&str]) -> (bool, String) {
    let output = qunwei().arg("verify").arg(what).args(arguments).output().unwrap();
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.success(), format!("{printed}{}", stderr(&output)))
}

/// The newest link of a chain that is whole.
fn link(data: &Path) -> String {
    let (sound, said) = verify(data, &["--quick"]);
    assert!(sound && said.contains("rows follow from each other"), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("ok    audit: the newest link"), "what keeps it takes the last line: {said}");
    let (_, link) = said.split_once("to be kept elsewhere for --since: ").unwrap();
    link.lines().next().unwrap().to_owned()
}

fn database(data: &Path) -> Connection {
    Connection::open(data.join("qunwei.db")).unwrap()
}

fn number(data: &Path, sql: &str) -> i64 {
    database(data).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// An admin comes; a member breaks a rule twice in a burst and once later, and another one; the admin changes words and changes them back, undoes a case,
/// stops the group and has it go on, warns somebody.
async fn decided(world: &mut World) {
    let joined = json!({"id": "e-1", "type": "member_joined", "group": "g1",
                        "members": [{"id": "5", "name": "李姐", "role": "admin"}]});
    assert_eq!(world.post(joined.to_string()).await.0, 200);
    more(world).await;
}

async fn more(world: &mut World) {
    for (user, text) in [
        ("9", SPAM),
        ("9", SPAM),
        ("8", SPAM),
        ("5", "/加词 内部认购"),
        ("5", "/撤销 改1"),
        ("5", "/撤销 1"),
        ("5", "/停"),
        ("5", "/恢复"),
    ] {
        world.say(user, text).await;
        world.settled().await;
    }
    world.turn(2 * MINUTE);
    world.say("9", SPAM).await;
    world.settled().await;
    world.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_by_hand_is_found_and_where() {
    let mut world = World::with("").await;
    world.say("7", "今天第三次路过小区门口").await;
    world.say("7", "/群规").await;
    world.quiet().await;
    let data = world.data.path().to_owned();
    assert_eq!(number(&data, "SELECT count(*) FROM audit"), 0, "what breaks no rule and changes nothing has no row");
    decided(&mut world).await;
    world.down().await;
    let (sound, said) = verify(&data, &[]);
    assert!(sound && said.contains("ok    state: a fresh run of"), "{said}");
    let kept = link(&data);
    let (sound, said) = verify(&data, &["--quick", "--since", &kept]);
    let all = number(&data, "SELECT count(*) FROM audit");
    assert!(sound && said.contains(&format!("nothing up to row {all} was written anew")), "{said}");
    for kind in ["case", "evidence", "undone", "change", "change undone", "command", "pause"] {
        let sql = format!("SELECT count(*) FROM audit WHERE kind = '{kind}'");
        assert!(number(&data, &sql) > 0, "no {kind}: {:#?}", tables::rows(&database(&data), "SELECT * FROM audit"));
    }
    let changes: &[(&str, &str)] = &[
        ("UPDATE cases SET body = replace(body, '日结', '周结') WHERE no = 1", "case 1 is not what row 1 covers"),
        (
            "UPDATE cases SET body = replace(body, '\"strikes\":1', '\"strikes\":0') WHERE no = 2",
            "case 2 is not what row",
        ),
        ("UPDATE cases SET salt = NULL WHERE no = 1", "case 1 has lost its salt"),
        ("UPDATE cases SET salt = randomblob(16) WHERE no = 1", "case 1 is not what row 1 covers"),
        ("DELETE FROM cases WHERE no = 1", "case 1 is missing: it was removed after row"),
        (
            "INSERT INTO cases (no, group_id, body) SELECT 99, group_id, json_set(body, '$.no', 99) FROM cases WHERE no = 1",
            "case 99 has no row: it was put in",
        ),
        ("UPDATE evidence SET body = replace(body, '日结', '周结')", "evidence 1 is not what row"),
        ("DELETE FROM evidence WHERE id = 1", "evidence 1 is missing"),
        ("UPDATE undone SET by = replace(by, '5', '6')", "undone 1 is not what row"),
        ("DELETE FROM undone", "undone 1 is missing"),
        ("UPDATE chat_changes SET change = replace(change, '认购', '认筹')", "change 1 is not what row"),
        ("UPDATE chat_changes SET undone = NULL", "change undone 1 is missing"),
        ("UPDATE commands SET user = '6' WHERE command = 'stop'", "is not what row"),
        ("DELETE FROM commands WHERE command = 'undo'", "is missing"),
        ("UPDATE audit SET at = at + 1 WHERE no = 3", "it breaks at row 3, which does not follow from row 2"),
        (
            "UPDATE audit SET key = key + 1 WHERE no = 1",
            "it breaks at row 1, which does not follow from what was there before",
        ),
        ("UPDATE audit SET case_no = NULL WHERE no = 1", "it breaks at row 1"),
        ("UPDATE audit SET kind = 'evidence' WHERE no = 1", "it breaks at row 1"),
        ("UPDATE audit SET link = randomblob(32) WHERE no = 2", "it breaks at row 2"),
        ("DELETE FROM audit WHERE no = 3", "row 4 follows row 2: the rows between were removed"),
        ("DELETE FROM audit WHERE no = (SELECT max(no) FROM audit)", "has no row: it was put in"),
        (
            "INSERT INTO audit SELECT (SELECT max(no) + 1 FROM audit), at, kind, what, key, case_no, digest, link FROM audit WHERE no = 2",
            "it breaks at row",
        ),
        ("UPDATE audit SET no = no + 1000 WHERE no > 3", "row 1004 follows row 3: the rows between were removed"),
        (
            "INSERT INTO audit_before VALUES ('case', 99)",
            "it breaks at row 1, which does not follow from what was there before",
        ),
        (
            "INSERT INTO audit SELECT max(no) + 1, at, 'evidence', 'aged', 99, NULL, x'', link FROM audit; UPDATE cases SET salt = NULL",
            "it breaks at row",
        ),
    ];
    let by_hand = copied(&data);
    database(by_hand.path()).execute_batch("DELETE FROM journal WHERE seq = 1").unwrap();
    let (_, said) = verify(by_hand.path(), &["--quick"]);
    assert!(said.contains("the audit chain does not say what became of the inputs before"), "{said}");
    for (change, expected) in changes {
        let by_hand = copied(&data);
        database(by_hand.path()).execute_batch(change).unwrap();
        let (sound, said) = verify(by_hand.path(), &["--quick"]);
        assert!(
            !sound && said.contains("FAIL  audit: ") && said.contains(expected),
            "{change}: {said}, not {expected}"
        );
    }
}

/// A copy of a data directory.
fn copied(data: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(data, folder.path());
    folder
}

/// Who can write the store can write the whole chain anew. What an operator kept elsewhere tells it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_is_written_anew_is_told_from_the_one_whose_link_was_kept() {
    let mut world = World::with("").await;
    decided(&mut world).await;
    world.down().await;
    let (before, data) = (copied(world.data.path()), world.data.path().to_owned());
    let (kept, rows) = (link(&data), number(&data, "SELECT count(*) FROM audit"));
    database(&data)
        .execute_batch(
            "DELETE FROM audit; INSERT INTO audit_before VALUES ('case', 9), ('evidence', 9), ('undone', 9), ('change', 9),
                                                               ('change undone', 9), ('command', 99);
             UPDATE cases SET body = replace(body, '日结', '周结')",
        )
        .unwrap();
    let (sound, said) = verify(&data, &["--quick"]);
    assert!(sound, "that is all that can be seen here: {said}");
    let (sound, said) = verify(&data, &["--quick", "--since", &kept]);
    let expected = format!("it ends at row 0, and the link of row {rows} was kept");
    assert!(!sound && said.contains(&expected), "{said}");
    // With as many rows as before.
    world.up().await;
    while number(&data, "SELECT count(*) FROM audit") <= rows {
        more(&mut world).await;
    }
    world.down().await;
    let (sound, said) = verify(&data, &["--quick", "--since", &kept]);
    let expected = format!("row {rows} has another link than the one that was kept");
    assert!(!sound && said.contains(&expected), "{said}");

    // What comes later does not matter; an older state is told.
    world.data = before;
    world.up().await;
    more(&mut world).await;
    world.down().await;
    let data = world.data.path();
    assert!(verify(data, &["--quick", "--since", &kept]).0);
    let newer = link(data);
    database(data).execute_batch(&format!("DELETE FROM audit WHERE no > {rows}")).unwrap();
    let (sound, said) = verify(data, &["--quick", "--since", &newer]);
    assert!(!sound && said.contains(&format!("it ends at row {rows}, and the link of row")), "{said}");
    for wrong in ["", "1", "0:00", "1:00", "x:y"] {
        let (sound, said) = verify(data, &[&format!("--since={wrong}")]);
        assert!(
            !sound && (said.contains("NUMBER:LINK as `qunwei verify` prints it") || wrong.is_empty()),
            "{wrong}: {said}"
        );
    }
}

/// Erased and deleted by age, backed up and moved to another machine: the chain is whole, and a link that was kept before still holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_outlives_what_is_erased_and_goes_where_the_store_goes() {
    let mut world = World::with("").await;
    two_days(&mut world).await;
    world.turn(24 * 60 * MINUTE);
    for _ in 0..2 {
        world.say(USER, SPAM).await; // the second one is evidence of the first one's case
        world.quiet().await;
    }
    decided(&mut world).await;
    world.down().await;
    let data = world.data.path().to_owned();
    let kept = link(&data);
    let folder = tempfile::tempdir().unwrap();
    let (file, state) = (folder.path().join("b.tar.gz"), folder.path().join("state.jsonl"));
    let (restored, imported) = (folder.path().join("restored"), folder.path().join("imported"));
    assert!(backup(&data, &file).status.success() && restore(&file, &restored).status.success());
    let export = qunwei().args(["export", "--data"]).arg(&data).arg("--state").arg(&state).output().unwrap();
    let import = qunwei().args(["import", "--data"]).arg(&imported).arg(&state).output().unwrap();
    assert!(export.status.success() && import.status.success(), "{}{}", stderr(&export), stderr(&import));
    for place in [&file, &restored, &imported] {
        let (sound, said) = verify(place, &["--quick", "--since", &kept]);
        assert!(sound && said.contains("nothing up to row"), "{}: {said}", place.display());
    }

    let cases = number(&data, "SELECT count(*) FROM cases");
    let theirs = format!("SELECT count(*) FROM cases WHERE json_extract(body, '$.user') = '{USER}'");
    let evidence =
        "SELECT count(*) FROM evidence JOIN cases ON no = case_no WHERE json_extract(cases.body, '$.user') = ";
    assert!(number(&data, &theirs) > 0 && number(&data, &format!("{evidence}'{USER}'")) > 0);
    let erased = ["member", "erase", "--platform", "example", "--user", USER, "--data"];
    let erased = qunwei().args(erased).arg(&data).output().unwrap();
    assert!(erased.status.success(), "{}", stderr(&erased));
    assert_eq!((number(&data, &theirs), number(&data, "SELECT count(*) FROM cases")), (0, cases));
    let (sound, said) = verify(&data, &["--quick", "--since", &kept]);
    assert!(sound && said.contains("nothing up to row"), "{said}");
    for (kind, what) in [("erasure", "written"), ("case", "rewritten"), ("evidence", "deleted")] {
        let sql = format!("SELECT count(*) FROM audit WHERE kind = '{kind}' AND what = '{what}'");
        assert!(number(&data, &sql) > 0, "{kind} {what}");
    }
    let by_hand = copied(&data);
    let change = "UPDATE cases SET body = replace(body, 'erased-', 'erased+') WHERE body LIKE '%erased-%'";
    database(by_hand.path()).execute_batch(change).unwrap();
    let (sound, said) = verify(by_hand.path(), &["--quick"]);
    assert!(!sound && said.contains(" is not what row "), "what is left of them is covered too: {said}");

    // Days pass until what was said is deleted, then the cases themselves.
    world.up().await;
    let left = |sql: &str| number(&data, sql);
    for (days, old) in [
        (190, "SELECT count(*) FROM cases WHERE salt IS NOT NULL AND no < (SELECT max(no) FROM cases)"),
        (800, "SELECT count(*) FROM cases WHERE no < 3"),
    ] {
        world.turn(Duration::from_secs(days * 24 * 3600));
        world.say("7", &format!("又过了一阵，{days} 天")).await; // the clock is borne out
        world.quiet().await;
        let began = std::time::Instant::now();
        while left(old) > 0 {
            assert!(began.elapsed() < MINUTE, "{old}: {}", left(old));
            world.turn(MINUTE);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (sound, said) = verify(&data, &["--quick", "--since", &kept]);
        assert!(sound && said.contains("nothing up to row"), "after {days} days: {said}");
    }
    world.down().await;
    assert!(left("SELECT count(*) FROM audit WHERE what = 'aged'") >= 3, "evidence, commands, journal, cases");
    let (sound, said) = verify(&data, &["--quick", "--since", &kept]);
    assert!(sound, "{said}");

    // What is left of the inputs begins where deleting by age has come to.
    for (change, expected) in [
        ("DELETE FROM journal WHERE seq = (SELECT min(seq) FROM journal)", "those between were removed"),
        ("DELETE FROM journal", "those between were removed"),
        (
            "INSERT INTO journal SELECT min(seq) - 1, at, kind, platform, time, body FROM journal",
            "deleted by age: they were put back",
        ),
    ] {
        let by_hand = copied(&data);
        database(by_hand.path()).execute_batch(&format!("DELETE FROM history; {change}")).unwrap();
        let (sound, said) = verify(by_hand.path(), &["--quick"]);
        assert!(!sound && said.contains("FAIL  journal: it begins with input ") && said.contains(expected), "{said}");
    }
}

/// With a key, what the chain covers and the salts are sealed; whether it is whole can be seen by who has the key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_store_is_covered_as_any_other() {
    const KEY: &str = "qwkey_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let mut world = World::with("").await;
    decided(&mut world).await;
    world.down().await;
    let data = world.data.path().to_owned();
    let kept = link(&data);
    world.write("config/seal.toml", "[daemon.seal]\nkey_env = \"SEAL\"\n");
    world.set_env(&[("SEAL", KEY)]);
    let config = world.file("config");
    let run = |arguments: &[&str]| {
        let mut command = qunwei();
        command.args(arguments).arg("--config").arg(&config).env("SEAL", KEY);
        let output = command.output().unwrap();
        (output.status.success(), format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output)))
    };
    let folder = data.to_str().unwrap();
    let (sealed, said) = run(&["seal", "--data", folder]);
    assert!(sealed, "{said}");
    assert_eq!(number(&data, "SELECT count(*) FROM cases WHERE CAST(salt AS TEXT) NOT LIKE 'sealed:%'"), 0);
    world.up().await;
    more(&mut world).await;
    world.down().await;
    let (sound, said) = run(&["verify", "--quick", folder, "--since", &kept]);
    assert!(sound && said.contains("nothing up to row"), "{said}");
    database(&data)
        .execute_batch("UPDATE cases SET salt = (SELECT salt FROM cases WHERE no = 2) WHERE no = 1")
        .unwrap();
    let (sound, said) = run(&["verify", "--quick", folder]);
    assert!(!sound && said.contains("FAIL  audit: case 1 "), "{said}");
}

/// Who stops a group in the chat, or everything from the operators' port, and who has it go on, is recorded and covered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_something_and_has_it_go_on_is_recorded() {
    let mut world = World::with("").await;
    decided(&mut world).await;
    for what in ["pause", "resume"] {
        let url = format!("http://{}/{what}", world.running().admin);
        let asked = reqwest::Client::new().post(url).header(qunwei::web::admin::OPERATOR, "lili").send().await.unwrap();
        assert_eq!(asked.status().as_u16(), 200);
    }
    world.down().await;
    let data = world.data.path();
    let sql = "SELECT group_concat(command || ' ' || user || ' ' || text, ', ') FROM
               (SELECT * FROM commands WHERE command IN ('stop', 'resume') ORDER BY id)";
    let said: String = database(data).query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(said, "stop 5 /停, resume 5 /恢复, stop operator lili, resume operator lili");
    let (sound, said) = verify(data, &[]);
    assert!(sound && said.contains("comes to the same"), "{said}");
    database(data).execute_batch("UPDATE commands SET text = 'nobody' WHERE user = 'operator'").unwrap();
    let (sound, said) = verify(data, &["--quick"]);
    assert!(!sound && said.contains("is not what row"), "{said}");
}
