//! The power goes while days that are over move into files, and while a person is erased from the database and from such files: what
//! others said is there once, as it was, and the same again comes to its end.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::{Duration, Instant};

use qunwei::ports::{Clock, Row, Store};
use qunwei::serve::{SystemClock, open_store};
use qunwei::store::{Keyring, pack_files};

use super::whole::{NO_WINDOWS, journal, three_days, until_done};
use super::{KILLED, Power, sweep};
use crate::history::{files, past_days};
use crate::support::daemon::{Daemon, Home, qunwei};
use crate::support::{copy, raw};

/// A day is moved within it; a test's build on a busy machine takes a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until a daemon has moved these rows; `false` when it lost its power first.
async fn moves(daemon: &mut Daemon, home: &Home, rows: &[Row]) -> bool {
    let began = Instant::now();
    while daemon.ended().is_none() {
        assert!(began.elapsed() < PATIENCE, "the days do not move: {}", daemon.log());
        let left = format!("SELECT count(*) FROM journal WHERE seq <= {}", rows.len());
        let is_moved = files(&home.data()).len() == 3
            && home.database().query_row(&left, [], |row| row.get::<_, i64>(0)).is_ok_and(|left| left == 0);
        if is_moved {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

/// What was there before the daemon began is still what it was.
fn assert_there(data: &Path, rows: &[Row], when: &str) {
    let found = journal(data, &Keyring::none());
    assert_eq!(found.get(..rows.len()), Some(rows), "{when}: {} rows", found.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_whose_move_lost_its_power_are_in_one_place() {
    let (home, power) = (Home::light(), Power::new());
    let template = home.folder.path().join("template");
    let rows = past_days(&template, 3, 300);
    open_store(&template, &Keyring::none()).unwrap().save_windows(rows.len() as u64, 0, &NO_WINDOWS).unwrap();
    // A start by itself loses its power elsewhere: these are its last moments, and then one after the other.
    let (mut at, mut at_start, mut later) = (64, 0, 0);
    loop {
        if home.data().exists() {
            std::fs::remove_dir_all(home.data()).unwrap();
        }
        std::fs::create_dir(home.data()).unwrap();
        copy(&template, &home.data());
        let mut command = home.serve();
        power.goes(&mut command, &home.data(), at, ((at_start + later) % 2 == 1).then_some(at));
        let done = match Daemon::try_start(command, &home.folder.path().join("stderr")).await {
            Err(line) => {
                assert_eq!(line, "", "it ended before it was ready");
                at_start += 1;
                false
            }
            Ok(mut daemon) => {
                let done = moves(&mut daemon, &home, &rows).await;
                if !done {
                    assert_eq!(daemon.ended().unwrap().signal(), KILLED, "{}", daemon.log());
                    later += 1;
                }
                daemon.kill();
                done
            }
        };
        sweep(&home.data());
        assert_there(&home.data(), &rows, &format!("at {at}"));
        if done {
            break;
        }
        if later % 3 == 1 {
            let mut daemon = home.start().await;
            assert!(moves(&mut daemon, &home, &rows).await);
            daemon.kill();
            assert_there(&home.data(), &rows, &format!("at {at}, moved by the next"));
        }
        at += 1 + at / if later == 0 { 5 } else { 150 };
    }
    println!(
        "up to {at}: the power went {at_start} times before the daemon was ready, {later} times while the days moved"
    );
    assert!(later > 5, "{later}");
}

#[test]
fn an_erasure_that_lost_its_power_takes_nothing_of_others_and_goes_on() {
    let (_folder, root, rows) = three_days();
    let (data, config) = (root.join("data"), root.join("config"));
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("empty.toml"), "").unwrap();
    let files = [("empty.toml".to_owned(), String::new())];
    let mut store = open_store(&data, &Keyring::none()).unwrap();
    store.save_config("empty", &pack_files(&files).unwrap(), SystemClock.now()).unwrap();
    drop(store);
    let make = || {
        let mut command = qunwei();
        command.args(["member", "erase", "--platform", "example", "--user", "u7", "--config"]);
        command.arg(&config).arg("--data").arg(&data);
        command
    };
    let theirs = |row: &Row| row.body.contains(r#""id":"u7""#);
    let assert_others = || {
        let found = journal(&data, &Keyring::none());
        let others = |all: &[Row]| all.iter().filter(|row| row.seq % 50 != 7).cloned().collect::<Vec<_>>();
        assert_eq!(others(&found), others(&rows));
        found.iter().filter(|row| theirs(row)).count()
    };
    let mut half = 0;
    let cuts = until_done(&root, make, || {
        let left = assert_others();
        half += u64::from((1..18).contains(&left));
    });
    println!("the power went {cuts} times; {half} times the person was gone from some of it");
    assert_eq!(assert_others(), 0, "nothing is left of what they said");
    assert_eq!(raw::holding(&data, "第 7 句"), Vec::<String>::new());
    assert!(cuts > 5 && half > 0, "{cuts} cuts, {half} half-way");
}
