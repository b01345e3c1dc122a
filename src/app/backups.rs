//! Backups by the clock: when one is due in which folder, and what operators know of it. The copying is done by threads of their
//! own, one a folder, so that a folder that does not answer keeps none from the others.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use crate::domain::alarm::Alarm;
use crate::domain::policy::Settings;
use crate::domain::time::Timestamp;
use crate::ports::{Copied, Copier};

/// After a failure it is tried again this often.
const AGAIN: Duration = Duration::from_secs(15 * 60);
/// What takes longer than this hangs.
const HANGS: Duration = Duration::from_secs(6 * 3600);

/// What is known of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderState {
    /// Which.
    pub folder: Arc<str>,
    /// When the newest backup in it was made; `None` while that is not known.
    pub newest: Option<Timestamp>,
    /// Why there is none that is new enough.
    pub wrong: Option<String>,
    /// Why there are more than there should be: an old one could not be deleted.
    pub left: Option<String>,
    /// How many times it could not be made.
    pub failures: u64,
}

/// The folders.
#[derive(Default)]
pub struct Backups {
    folders: Vec<Folder>,
}

struct Folder {
    state: FolderState,
    under_way: Option<(Timestamp, Receiver<Result<Copied, String>>)>,
    again: Option<Timestamp>,
    /// Whether it was told that it hangs.
    hangs: bool,
}

impl Backups {
    /// Begins what is due and takes in what came to its end; says what operators should be told at once.
    pub fn turn(&mut self, settings: &Settings, copier: Option<Arc<dyn Copier>>, now: Timestamp) -> Vec<Alarm> {
        let (Some(plan), Some(copier)) = (&settings.backup, copier) else {
            self.folders.clear();
            return Vec::new();
        };
        self.folders.retain(|folder| plan.folders.contains(&folder.state.folder));
        for name in &plan.folders {
            if self.folders.iter().all(|folder| folder.state.folder != *name) {
                self.folders.push(Folder::new(name.clone()));
            }
        }
        let due = plan.times.last(now, &settings.default_policy.timezone);
        let mut alarms = Vec::new();
        for folder in &mut self.folders {
            alarms.extend(folder.take_in(now));
            if let Some(due) = due.filter(|due| folder.is_due(*due, now)) {
                folder.begin(due, plan.keep, &copier, now);
            }
        }
        alarms
    }

    /// What is known of each folder.
    pub fn states(&self) -> impl Iterator<Item = &FolderState> {
        self.folders.iter().map(|folder| &folder.state)
    }
}

impl Folder {
    fn new(folder: Arc<str>) -> Self {
        let state = FolderState { folder, newest: None, wrong: None, left: None, failures: 0 };
        Self { state, under_way: None, again: None, hangs: false }
    }

    fn is_due(&self, due: Timestamp, now: Timestamp) -> bool {
        let waits = self.again.is_some_and(|again| now < again && again.since(now) <= AGAIN);
        self.under_way.is_none() && !waits && self.state.newest.is_none_or(|newest| newest < due)
    }

    fn begin(&mut self, due: Timestamp, keep: usize, copier: &Arc<dyn Copier>, now: Timestamp) {
        let (tell, done) = channel();
        let (copier, folder) = (copier.clone(), PathBuf::from(&*self.state.folder));
        let copy = move || drop(tell.send(copier.keep_up(Path::new(&folder), due, keep, now))); // who asked may be gone
        match std::thread::Builder::new().name("backup".to_owned()).spawn(copy) {
            Ok(_) => self.under_way = Some((now, done)),
            Err(error) => drop(self.failed(format!("no thread can be started: {error}"), now)),
        }
    }

    fn take_in(&mut self, now: Timestamp) -> Option<Alarm> {
        let (since, done) = self.under_way.as_ref()?;
        let since = *since;
        let result = match done.try_recv() {
            Ok(result) => result,
            Err(TryRecvError::Empty) => {
                if self.hangs || now.since(since) <= HANGS {
                    return None;
                }
                self.hangs = true;
                return self.told(format!("it has been under way since {since}; does the folder answer?"));
            }
            Err(TryRecvError::Disconnected) => Err("it fell over a fault of the program".to_owned()),
        };
        (self.under_way, self.hangs) = (None, false);
        match result {
            Ok(Copied { newest, made, left }) => {
                if let Some(bytes) = made {
                    tracing::info!(folder = %self.state.folder, bytes, "a backup was made and checked");
                    if let Some(why) = &left {
                        tracing::error!(folder = %self.state.folder, why, "an old backup stays; the next backup tries it again");
                    }
                    self.state.left = left;
                }
                self.state.newest = Some(newest);
                self.again = None;
                self.state.wrong.take().map(|_| Alarm::BackupWell { folder: self.state.folder.clone() })
            }
            Err(why) => self.failed(why, now),
        }
    }

    fn failed(&mut self, why: String, now: Timestamp) -> Option<Alarm> {
        self.again = Some(now.plus(AGAIN));
        self.told(why)
    }

    /// Told once, until it is well again.
    fn told(&mut self, why: String) -> Option<Alarm> {
        tracing::error!(folder = %self.state.folder, why, "no backup was made; it is tried again in a quarter of an hour");
        self.state.failures += 1;
        let first = self.state.wrong.replace(why).is_none();
        first.then(|| Alarm::BackupFailed { folder: self.state.folder.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::config;

    /// Gives what it is told to, and counts how often it was asked.
    struct Told(Mutex<(Result<Copied, String>, usize)>);

    impl Copier for Told {
        fn keep_up(&self, _: &Path, _: Timestamp, _: usize, now: Timestamp) -> Result<Copied, String> {
            let mut told = self.0.lock().unwrap();
            told.1 += 1;
            told.0.clone().map(|copied| Copied { newest: now, ..copied })
        }
    }

    #[test]
    fn an_old_one_that_stays_is_no_backup_that_failed() {
        let toml = "[daemon.backup]\nfolders = [\"/backup\"]\n".to_owned();
        let config = config::from_files(Path::new("config"), &[("a.toml".to_owned(), toml)], &|_| None).unwrap();
        let mut backups = Backups::default();
        let left = Some("/backup/qunwei-20261101T000000Z.tar.gz cannot be deleted: Permission denied".to_owned());
        let copied = Copied { newest: Timestamp(0), made: Some(7), left: left.clone() };
        let copier = Arc::new(Told(Mutex::new((Ok(copied.clone()), 0))));
        let mut now = Timestamp(1_795_395_600_000);
        let mut turn = |copier: &Arc<Told>, times: usize, later: Duration| {
            now = now.plus(later);
            let began = std::time::Instant::now();
            loop {
                let alarms = backups.turn(&config.settings, Some(copier.clone()), now);
                let state = backups.states().next().unwrap().clone();
                if copier.0.lock().unwrap().1 == times && (state.newest == Some(now) || state.wrong.is_some()) {
                    return (alarms, state);
                }
                assert!(began.elapsed() < Duration::from_secs(20), "{state:?}");
            }
        };
        let (alarms, state) = turn(&copier, 1, Duration::ZERO);
        assert_eq!((alarms, state.wrong, state.left, state.failures), (Vec::new(), None, left.clone(), 0));
        // It is not tried again in a quarter of an hour, for there is a backup.
        let (alarms, state) = turn(&copier, 2, Duration::from_secs(24 * 3600));
        assert_eq!((alarms, state.left), (Vec::new(), left));
        copier.0.lock().unwrap().0 = Ok(Copied { left: None, ..copied });
        let (alarms, state) = turn(&copier, 3, Duration::from_secs(24 * 3600));
        assert_eq!((alarms, state.left), (Vec::new(), None), "it is well again, and nobody was told that it was not");
    }
}
