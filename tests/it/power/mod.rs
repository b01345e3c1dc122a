//! The power goes at any moment: what was not synced is lost, all of it or any sector of it, and what was answered is not.
//!
//! `shim.c` is loaded before the C library of a child process and plays the disk. `QUNWEI_SOAK_CUTS` says how often,
//! `QUNWEI_SOAK_SEED` repeats a run's moments.

mod days;
mod whole;

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::soak::{Scene, number, seed};
use crate::support::daemon::Daemon;
use crate::support::{raw, root};

const KILLED: Option<i32> = Some(9);
/// A daemon whose moment does not come is killed without a power cut.
const LONGEST: Duration = Duration::from_secs(4);

/// Compiles one of the C files beside this one.
fn compile(to: &Path, file: &str, flags: &[&str]) -> PathBuf {
    let built = to.join(file).with_extension("out");
    let mut cc = Command::new("cc");
    cc.args(["-O1", "-Wall"]).args(flags).arg("-o").arg(&built).arg(root().join("tests/it/power").join(file));
    assert!(cc.arg("-ldl").arg("-lpthread").status().expect("a C compiler").success());
    built
}

/// The shim, built.
pub struct Power {
    folder: TempDir,
    shim: PathBuf,
}

impl Power {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shim = compile(folder.path(), "shim.c", &["-shared", "-fPIC"]);
        Self { folder, shim }
    }

    /// The shim looks at what the command does to the directory.
    pub fn watches(&self, command: &mut Command, data: &Path) {
        std::fs::create_dir_all(data).unwrap();
        command.env("LD_PRELOAD", &self.shim).env("POWER_DIR", data.canonicalize().unwrap());
    }

    /// The same, where this file says how the disk is.
    pub fn spoils(&self, command: &mut Command, data: &Path, how: &Path) {
        self.watches(command, data);
        command.env("POWER_DISK", how);
    }

    /// The command loses its power at this operation on the directory; with `torn` any sector may be lost or not.
    fn goes(&self, command: &mut Command, data: &Path, at: u64, torn: Option<u64>) {
        self.watches(command, data);
        command.env("POWER_CUT", at.to_string());
        torn.map(|coin| command.env("POWER_TORN", coin.to_string()));
    }
}

/// Takes away what the shim itself keeps beside the files.
pub fn sweep(root: &Path) {
    for path in raw::files(root) {
        if path.display().to_string().contains(".power-") {
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn the_shim_loses_what_was_not_synced_and_nothing_else() {
    let power = Power::new();
    let probe = compile(power.folder.path(), "probe.c", &[]);
    for (at, expected) in [(1, None), (2, None), (3, None), (4, Some("kept")), (5, Some("kept")), (7, Some("kept"))] {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new(&probe);
        command.arg(data.path().canonicalize().unwrap());
        power.goes(&mut command, data.path(), at, None);
        assert_eq!(command.status().unwrap().signal(), KILLED, "at {at}");
        let found = std::fs::read_to_string(data.path().join("file")).ok();
        assert_eq!(found.as_deref(), expected, "at {at}");
        assert!(!data.path().join("made").exists(), "at {at}: its directory was not synced");
    }
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(&probe);
    power.goes(command.arg(data.path().canonicalize().unwrap()), data.path(), 99, None);
    assert!(command.status().unwrap().success(), "without a cut nothing is lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_outlives_a_power_cut() {
    cuts(false, 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_outlives_sectors_that_are_lost_in_any_order() {
    cuts(true, 12).await;
}

async fn cuts(torn: bool, cuts: u64) {
    let (asked, seed) = (number("QUNWEI_SOAK_CUTS"), seed());
    let cuts = asked.unwrap_or(cuts);
    println!("QUNWEI_SOAK_SEED={seed} QUNWEI_SOAK_CUTS={cuts}");
    let power = Power::new();
    let mut scene = Scene::new(seed, true).await;
    let (mut at_start, mut under_load, mut none) = (0, 0, 0);
    for _ in 0..cuts {
        // Early moments as often as late ones: a start writes little, and most of what can go wrong is there.
        let most = 1 << (2 + scene.dice.below(11));
        let at = 1 + scene.dice.below(most);
        let coin = torn.then(|| scene.dice.roll());
        let mut command = scene.home.serve();
        power.goes(&mut command, &scene.home.data(), at, coin);
        match Daemon::try_start(command, &scene.home.folder.path().join("stderr")).await {
            Err(line) => {
                assert_eq!(line, "", "it ended before it was ready");
                let log = std::fs::read_to_string(scene.home.folder.path().join("stderr")).unwrap();
                assert!(!log.contains("error: "), "it refused to start: {log}");
                at_start += 1;
            }
            Ok(mut daemon) => {
                scene.load.aim(Some(daemon.listen));
                let began = Instant::now();
                while daemon.ended().is_none() && began.elapsed() < LONGEST {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                match daemon.ended() {
                    Some(status) => {
                        assert_eq!(status.signal(), KILLED, "{}", daemon.log());
                        under_load += 1;
                    }
                    None => none += 1,
                }
                daemon.kill();
                scene.load.aim(None);
            }
        }
        remember(&scene);
    }
    println!(
        "the power went {at_start} times at a start, {under_load} times under load; {none} times it did not go in time"
    );
    scene.end(asked.is_some()).await;
}

/// What is recorded as done, looked at in a copy: whoever opens the store clears its log away, and the daemon shall find it as
/// the power cut left it.
fn remember(scene: &Scene) {
    let copy = tempfile::tempdir().unwrap();
    for file in ["qunwei.db", "qunwei.db-wal"] {
        let from = scene.home.data().join(file);
        if from.exists() {
            std::fs::copy(from, copy.path().join(file)).unwrap();
        }
    }
    let database = rusqlite::Connection::open(copy.path().join("qunwei.db")).unwrap();
    let migrated = database.query_row("SELECT 1 FROM sqlite_schema WHERE name = 'outbox'", [], |_| Ok(())).is_ok();
    if migrated {
        scene.sink.log().confirmed = crate::soak::check::ended(&database, &["done"]);
    }
}
