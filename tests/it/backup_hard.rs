//! Backups that go wrong: killed, in the way, damaged, of another version. Nothing is left half-way.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use qunwei::store::Keyring;
use serde_json::json;

use crate::backup::{backing_up, backup, restore, restoring, verify};
use crate::power::{Power, sweep};
use crate::support::daemon::{Home, client, qunwei, send, stderr};
use crate::support::{dump, tables};

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// A stopped daemon's data, with some cases in it.
async fn lived() -> Home {
    let home = Home::new();
    let daemon = home.start().await;
    let events: Vec<_> = (0..400)
        .map(|n| {
            let text = if n % 20 == 0 { SPAM.to_owned() } else { format!("今天第 {n} 次路过小区门口") };
            json!({"id": format!("e-{n}"), "type": "message", "group": "g1", "sender": {"id": format!("u{}", n % 30)}, "text": text})
        })
        .collect();
    let (status, _) = send(&client(), daemon.listen, "w", &json!(events).to_string()).await.unwrap();
    assert_eq!(status, 200);
    daemon.stop().await;
    home
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_that_is_killed_is_none_and_the_next_one_clears_up() {
    let home = lived().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut whole, mut none) = (0, 0);
    for round in 0..25_u64 {
        let file = folder.path().join(format!("{round}.tar.gz"));
        let mut command = qunwei();
        command.args(["backup", "--data"]).arg(home.data()).arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(round * 6)).await; // not a wait for anything: the moment itself
        child.kill().unwrap();
        child.wait().unwrap();
        if file.exists() {
            let (sound, said) = verify(&file);
            assert!(sound, "what has its name is whole: {said}");
            whole += 1;
        } else {
            none += 1;
        }
    }
    let output = backup(&home.data(), &folder.path().join("last.tar.gz"));
    assert!(output.status.success(), "{}", stderr(&output));
    let left: Vec<_> = names(folder.path()).into_iter().filter(|name| !name.ends_with(".tar.gz")).collect();
    // A folder that was killed before anything was in it is empty, and nobody's.
    for folder in left.iter().map(|name| folder.path().join(name)) {
        assert_eq!(names(&folder), Vec::<String>::new(), "{}", folder.display());
    }
    println!("killed 25 times: {whole} were finished before, {none} are none");
    assert!(none > 0);
}

/// A disk that fills while a backup is written, or unpacked: what is wrong is said, nothing half-way is left, and the daemon that
/// runs beside does not notice.
#[tokio::test]
async fn a_full_disk_leaves_no_backup_and_no_restored_data() {
    let (home, power) = (lived().await, Power::new());
    let folder = tempfile::tempdir().unwrap();
    let (place, how) = (folder.path().join("small"), folder.path().join("how"));
    let daemon = home.start().await;
    let whole = folder.path().join("whole.tar.gz");
    assert!(backup(&home.data(), &whole).status.success());
    let on_small = |mut command: Command| {
        power.spoils(&mut command, &place, &how);
        command.output().unwrap()
    };
    let (file, half) = (place.join("a.tar.gz"), place.join("data"));
    let packed = whole.metadata().unwrap().len();
    for room in [0, 4096, packed / 2, packed] {
        std::fs::write(&how, format!("f{room}")).unwrap();
        let output = on_small(backing_up(&home.data(), &file));
        let said = stderr(&output);
        let why = said.contains("No space left") || said.contains("is full");
        assert!(output.status.code() == Some(1) && why, "{room} bytes of room: {said}");
        assert_eq!(names(&place), Vec::<String>::new(), "{room} bytes of room: nothing half-way");
        let output = on_small(restoring(&whole, &half));
        let said = stderr(&output);
        assert!(output.status.code() == Some(1) && said.contains("No space left"), "{room} bytes of room: {said}");
        sweep(&place);
        let left = half.exists() && !names(&half).is_empty();
        assert!(room > 0 || !left, "where nothing can be written nothing is left: {said}");
        if left {
            let why = qunwei::serve::open_store(&half, &Keyring::none()).err().unwrap().to_string();
            assert!(why.contains("was cut off"), "nobody starts on half of it: {why}");
        }
        let id = format!("beside-{room}");
        let event = json!({"id": id, "type": "message", "group": "g1", "sender": {"id": "7"}, "text": "照常"});
        assert_eq!(daemon.post(&id, &event.to_string()).await.unwrap().0, 200, "the daemon goes on");
        std::fs::remove_dir_all(&half).ok();
    }
    std::fs::write(&how, "well").unwrap();
    let output = on_small(backing_up(&home.data(), &file));
    assert!(output.status.success(), "with room again: {}", stderr(&output));
    assert_eq!(names(&place), ["a.tar.gz"]);
    let output = on_small(restoring(&file, &half));
    assert!(output.status.success(), "with room again: {}", stderr(&output));
    daemon.stop().await;
}

#[tokio::test]
async fn nothing_is_written_over_and_nothing_half_way_is_left() {
    let home = lived().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.tar.gz");
    assert!(backup(&home.data(), &file).status.success());
    let before = std::fs::read(&file).unwrap();
    let output = backup(&home.data(), &file);
    assert!(stderr(&output).contains("is there already and was left as it is"), "{}", stderr(&output));
    assert_eq!((output.status.code(), std::fs::read(&file).unwrap() == before), (Some(1), true));
    let nowhere = backup(&home.data(), &folder.path().join("no/such/a.tar.gz"));
    assert!(stderr(&nowhere).contains("No such file"), "{}", stderr(&nowhere));
    let no_store = backup(&folder.path().join("nothing"), &folder.path().join("b.tar.gz"));
    assert!(stderr(&no_store).contains("there is no store in"), "{}", stderr(&no_store));
    let output = backup(&home.data(), folder.path()); // a folder: it gets a name
    let named = String::from_utf8(output.stdout).unwrap();
    assert!(named.trim().ends_with("Z.tar.gz") && Path::new(named.trim()).is_file(), "{named}");

    let output = restore(&file, &home.data());
    assert!(stderr(&output).contains("is not empty: `qunwei.db` is in the way"), "{}", stderr(&output));
    let daemon = home.start().await;
    let output = restore(&file, &home.data());
    assert!(stderr(&output).contains("is in use by qunwei pid"), "{}", stderr(&output));
    daemon.stop().await;

    // Every way in which a file may be no backup, or not a whole one.
    let data = folder.path().join("data");
    let cut = |at: usize| before[..at].to_vec();
    let mut flipped = before.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("cut off early", cut(40)),
        ("cut off in the middle", cut(before.len() / 2)),
        ("cut off at its end", cut(before.len() - 3)),
        ("a bit turned", flipped),
        ("a text", b"not a backup".to_vec()),
        ("another tar", foreign(folder.path(), "notes.txt")),
        ("a tar with a path out of it", foreign(folder.path(), "../evil.db")),
    ];
    for (what, bytes) in rows {
        let broken = folder.path().join("broken.tar.gz");
        std::fs::write(&broken, bytes).unwrap();
        let output = restore(&broken, &data);
        let said = stderr(&output);
        assert!(said.contains("is no whole backup") && output.status.code() == Some(1), "{what}: {said}");
        assert!(!data.exists(), "{what}: nothing is left");
        let (sound, said) = verify(&broken);
        assert!(!sound && said.contains("FAIL  backup:"), "{what}: {said}");
    }
    let newer = repacked(folder.path(), &file, |head| head.replace("\"schema\":", "\"schema\":9"));
    let said = stderr(&restore(&newer, &data));
    assert!(said.contains("was made by a newer Qunwei 0.1.0 (schema 9"), "{said}");
    assert!(!data.exists());
    let missing = restore(&folder.path().join("no.tar.gz"), &data);
    assert!(stderr(&missing).contains("cannot read"), "{}", stderr(&missing));
}

/// A tar with one file of this name, as whoever likes can make one.
fn foreign(folder: &Path, name: &str) -> Vec<u8> {
    let work = tempfile::tempdir_in(folder).unwrap();
    std::fs::write(work.path().join("x"), "x").unwrap();
    let rename = format!("s|^x$|{name}|");
    let mut command = std::process::Command::new("tar");
    let output = command.args(["-czPf", "-", "--transform", &rename, "x"]).current_dir(work.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    output.stdout
}

/// The same backup with another head.
fn repacked(folder: &Path, file: &Path, change: impl Fn(&str) -> String) -> std::path::PathBuf {
    let work = tempfile::tempdir_in(folder).unwrap();
    let tar = |arguments: &[&str]| {
        let output = std::process::Command::new("tar").args(arguments).current_dir(work.path()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    };
    tar(&["-xzf", file.to_str().unwrap()]);
    let head = work.path().join("backup.json");
    std::fs::write(&head, change(&std::fs::read_to_string(&head).unwrap())).unwrap();
    let to = folder.join("repacked.tar.gz");
    tar(&["-czf", to.to_str().unwrap(), "backup.json", "qunwei.db", "SHA256SUMS"]);
    to
}

#[tokio::test]
async fn a_restore_that_was_killed_is_refused_and_done_again() {
    let home = lived().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.tar.gz");
    assert!(backup(&home.data(), &file).status.success());
    let data = folder.path().join("data");
    let mut cut_off = 0;
    for round in 0..25_u64 {
        let mut command = qunwei();
        command.arg("restore").arg(&file).arg("--data").arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(round * 4)).await; // not a wait for anything: the moment itself
        child.kill().unwrap();
        child.wait().unwrap();
        if data.join(".restoring").exists() {
            let refused = qunwei::serve::open_store(&data, &Keyring::none()).err().unwrap().to_string();
            assert!(refused.contains("was cut off"), "{refused}");
            cut_off += 1;
        } else if data.join("qunwei.db").exists() {
            std::fs::remove_dir_all(&data).unwrap();
        }
    }
    // What a kill between the two names leaves.
    std::fs::create_dir_all(data.join(".restoring/history")).unwrap();
    std::fs::create_dir_all(data.join("history")).unwrap();
    std::fs::write(data.join("history/half.db"), "half").unwrap();
    let refused = qunwei::serve::open_store(&data, &Keyring::none()).err().unwrap().to_string();
    assert!(refused.contains("was cut off; run `qunwei restore` into it again"), "{refused}");
    let output = restore(&file, &data);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(&data), ["lock", "qunwei.db"]);
    tables::assert_same(&tables::all(&home.data().join("qunwei.db")), &tables::all(&data.join("qunwei.db")));
    dump::assert_same(&dump::state(&home.data()), &dump::state(&data));
    println!("{cut_off} of 25 restores were cut off");
}

#[tokio::test]
async fn verify_finds_what_is_wrong() {
    type Break<'a> = &'a dyn Fn(&rusqlite::Connection, &Path);
    let sql = |sql: &'static str| move |conn: &rusqlite::Connection, _: &Path| conn.execute_batch(sql).unwrap();
    let (gap, lost, body, ghost, strike) = (
        sql("DELETE FROM journal WHERE seq = 40"),
        sql(
            "INSERT INTO history (first, last, rows, oldest, newest, bytes, file) VALUES (0, 0, 1, 0, 0, 0, '2026-01-01.db')",
        ),
        sql("UPDATE cases SET body = '{\"no\":1' WHERE no = 1"),
        sql("INSERT INTO evidence (case_no, body) SELECT 999, body FROM evidence LIMIT 1"),
        sql("UPDATE standings SET standing = replace(standing, '\"observe\":false', '\"observe\":true')"),
    );
    let rows: [(&str, Break<'_>, &str); 5] = [
        ("a gap", &gap, "FAIL  journal: its numbers have gaps"),
        ("a file that is gone", &lost, "FAIL  history/2026-01-01.db: named, but not there"),
        ("a value", &body, "FAIL  rows: cannot be read: 1 of cases"),
        ("a case that is not there", &ghost, "FAIL  references: 1 of evidence"),
        ("a state that nothing explains", &strike, "FAIL  state: a fresh run comes to another: standings:"),
    ];
    let home = lived().await;
    let (sound, said) = verify(&home.data());
    assert!(sound && said.contains("ok    state: a fresh run of"), "{said}");
    for (what, wrong, expected) in rows {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(home.data().join("qunwei.db"), copy.path().join("qunwei.db")).unwrap();
        let conn = rusqlite::Connection::open(copy.path().join("qunwei.db")).unwrap();
        wrong(&conn, copy.path());
        drop(conn);
        let (sound, said) = verify(copy.path());
        assert!(!sound && said.contains(expected), "{what}: {said}");
        assert!(said.contains("error: ") && said.contains(" is not sound: "), "{what}: {said}");
    }
    let copy = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(home.data().join("qunwei.db")).unwrap();
    let page = bytes.len() / 2 / 4096 * 4096;
    bytes[page..page + 4096].fill(0xee);
    std::fs::write(copy.path().join("qunwei.db"), bytes).unwrap();
    let (sound, said) = verify(copy.path());
    assert!(!sound && said.contains("FAIL  database: "), "{said}");
    let refused = backup(copy.path(), &copy.path().join("b.tar.gz"));
    assert!(!refused.status.success() && !copy.path().join("b.tar.gz").exists(), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("damaged"), "{}", stderr(&refused));
}
