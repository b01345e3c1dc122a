//! The power goes while a backup, a restore or a sealing is made: what is there afterwards is whole, nothing is lost, and the same
//! again comes to its end.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use qunwei::domain::secret::Key;
use qunwei::ports::{Archived, Clock, Row, Store};
use qunwei::serve::{SystemClock, open_store};
use qunwei::store::Keyring;
use tempfile::TempDir;

use super::{KILLED, Power, sweep};
use crate::backup::backup;
use crate::history::{files, hot, past_days};
use crate::support::daemon::{qunwei, stderr};
use crate::support::{copy, raw};

const KEY: &str = "qwkey_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Windows in which nobody has said anything, as they are written.
pub(super) const NO_WINDOWS: [u8; 13] = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// A folder with a store of three days in `data`, two of them in files, and what is in it.
pub(super) fn three_days() -> (TempDir, PathBuf, Vec<Row>) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let data = root.join("data");
    let rows = past_days(&data, 3, 300);
    let mut store = open_store(&data, &Keyring::none()).unwrap();
    store.save_windows(rows.last().unwrap().seq, 0, &NO_WINDOWS).unwrap();
    let now = SystemClock.now().minus(Duration::from_secs(24 * 3600));
    let began = Instant::now();
    while store.archive(&TimeZone::UTC, now, 1000).unwrap() != Archived::Nothing {
        assert!(began.elapsed() < Duration::from_secs(60), "the days do not move");
        std::thread::yield_now();
    }
    drop(store);
    assert_eq!((files(&data).len(), hot(&data)), (2, 300));
    (folder, root, rows)
}

fn sealed() -> Keyring {
    Keyring::of(&[Key::parse(KEY).unwrap()])
}

/// What the store holds; of a copy, for whoever opens a store clears up in it.
pub(super) fn journal(data: &Path, keys: &Keyring) -> Vec<Row> {
    let aside = tempfile::tempdir().unwrap();
    copy(data, aside.path());
    open_store(aside.path(), keys).unwrap_or_else(|error| panic!("{error}")).journal(0, 100_000).unwrap()
}

/// Without judging everything anew: what is in it was never judged.
fn verify(what: &Path) -> (bool, String) {
    let output = qunwei().args(["verify", "--quick"]).arg(what).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command until the power goes, each time at a later moment, until it comes to its end; says how often it went.
pub(super) fn until_done(root: &Path, command: impl Fn() -> Command, mut look: impl FnMut()) -> u64 {
    let power = Power::new();
    let (mut at, mut cuts) = (1, 0);
    loop {
        let mut command = command();
        power.goes(&mut command, root, at, (cuts % 2 == 1).then_some(at));
        let output = command.output().unwrap();
        sweep(root);
        if output.status.success() {
            return cuts;
        }
        assert_eq!(output.status.signal(), KILLED, "at {at}: {}", stderr(&output));
        look();
        cuts += 1;
        at += 1 + at / 4;
    }
}

#[test]
fn a_backup_that_lost_its_power_is_whole_or_is_none() {
    let (_folder, root, rows) = three_days();
    let (data, place) = (root.join("data"), root.join("place"));
    std::fs::create_dir(&place).unwrap();
    let (first, file) = (place.join("first.tar.gz"), place.join("second.tar.gz"));
    assert!(backup(&data, &first).status.success());
    let make = || {
        let mut command = qunwei();
        command.args(["backup", "--data"]).arg(&data).arg(&file);
        command
    };
    let mut whole = 0;
    let cuts = until_done(&root, make, || {
        assert!(verify(&first).0, "the one that was there is there");
        if file.exists() {
            let (sound, said) = verify(&file);
            assert!(sound, "what has its name is whole: {said}");
            std::fs::remove_file(&file).unwrap();
            whole += 1;
        }
        assert_eq!(journal(&data, &Keyring::none()), rows, "it is only read");
    });
    println!("the power went {cuts} times; {whole} backups were whole by then");
    assert!(cuts > 5 && verify(&file).0);
    // A folder that lost its power before anything was in it is empty, and nobody's.
    assert_eq!(raw::files(&place).len(), 2, "what was half done is cleared away");
}

#[test]
fn a_restore_that_lost_its_power_is_refused_or_whole_and_done_again() {
    let (_folder, root, rows) = three_days();
    let (file, into) = (root.join("b.tar.gz"), root.join("into"));
    assert!(backup(&root.join("data"), &file).status.success());
    std::fs::create_dir(&into).unwrap();
    let make = || {
        let mut command = qunwei();
        command.arg("restore").arg(&file).arg("--data").arg(&into);
        command
    };
    let mut refused = 0;
    let cuts = until_done(&root, make, || {
        if into.join(".restoring").exists() {
            let error = open_store(&into, &Keyring::none()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("was cut off"), "half of one is not taken for a store: {error}");
            refused += 1;
        } else if into.join("qunwei.db").exists() {
            assert_eq!(journal(&into, &Keyring::none()), rows);
            std::fs::remove_dir_all(&into).unwrap();
            std::fs::create_dir(&into).unwrap();
        }
    });
    println!("the power went {cuts} times; {refused} times half of it was there");
    assert!(cuts > 5 && refused > 2);
    assert_eq!(journal(&into, &Keyring::none()), rows);
}

#[test]
fn a_sealing_that_lost_its_power_loses_nothing_and_goes_on() {
    let (_folder, root, rows) = three_days();
    let (data, config) = (root.join("data"), root.join("config"));
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("seal.toml"), "[daemon.seal]\nkey_env = \"SEAL\"\n").unwrap();
    let make = |open: bool| {
        let mut command = qunwei();
        command.arg("seal").arg("--config").arg(&config).arg("--data").arg(&data).env("SEAL", KEY);
        command.args(open.then_some("--open"));
        command
    };
    let cuts = until_done(&root, || make(false), || assert_eq!(journal(&data, &sealed()), rows));
    assert_eq!(raw::holding(&data, "第 7 句"), Vec::<String>::new(), "all of it is sealed");
    assert_eq!(journal(&data, &sealed()), rows);
    let opened = until_done(&root, || make(true), || assert_eq!(journal(&data, &sealed()), rows));
    assert_eq!(journal(&data, &Keyring::none()), rows, "without the key");
    println!("the power went {cuts} times while it was sealed, {opened} times while it was opened");
    assert!(cuts > 5 && opened > 5);
}
