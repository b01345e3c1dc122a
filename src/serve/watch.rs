//! Watches the files of the configuration and asks for a reload when they change.
//!
//! Directories are watched, not files: editors and orchestrators replace a file (or a symbolic link) by another of the same
//! name. A change is taken up once nothing more has changed for a moment. Where the file system tells nothing (network
//! shares, a link's target elsewhere), its notes are compared every 30 seconds. This thread only asks; it reads no file.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::app::reload::{Cause, Reloader};
use crate::config::Seen;

/// A change is complete when nothing has changed for so long …
const QUIET: Duration = Duration::from_millis(500);
/// … or when changes have gone on for so long.
const LONGEST: Duration = Duration::from_secs(5);

/// What the thread is told.
enum Message {
    /// Something changed where the configuration is.
    Touched,
    /// The configuration was read: this was looked at, and whether to watch; `None`: as before.
    Read(Seen, Option<bool>),
    Stop,
}

/// The thread that watches.
pub(super) struct Watcher {
    messages: SyncSender<Message>,
}

impl Watcher {
    /// Starts it. It waits to be told what to look at.
    pub(super) fn start(reloader: Reloader, poll: Duration) -> std::io::Result<Self> {
        let (messages, arriving) = sync_channel(64);
        let scope = Arc::<RwLock<Scope>>::default();
        let mut thread = Thread {
            reloader,
            poll,
            notify: notifier(messages.clone(), scope.clone()),
            scope,
            watched: HashMap::new(),
            refused: HashSet::new(),
            seen: Seen::default(),
            on: false,
        };
        std::thread::Builder::new().name("watch".to_owned()).spawn(move || thread.run(&arriving))?;
        Ok(Self { messages })
    }

    /// The configuration was read, looking at this. `watch` is what it says of watching, if it could be read.
    pub(super) fn look_at(&self, seen: Seen, watch: Option<bool>) {
        self.messages.send(Message::Read(seen, watch)).ok(); // the thread ends only when told to
    }

    /// Ends it.
    pub(super) fn stop(&self) {
        self.messages.send(Message::Stop).ok();
    }
}

/// Which changes matter.
#[derive(Default)]
struct Scope {
    /// Whatever comes or goes below it, and what is written to its TOML files.
    below: PathBuf,
    /// Whatever comes or goes in them.
    within: HashSet<PathBuf>,
    /// Whatever happens to them.
    these: HashSet<PathBuf>,
}

impl Scope {
    fn matters(&self, event: &Event) -> bool {
        let moved = match event.kind {
            EventKind::Access(_) => return false,
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => true,
            EventKind::Any | EventKind::Other | EventKind::Modify(_) => false,
        };
        // Events were lost: anything may have changed.
        event.need_rescan() || event.paths.iter().any(|path| self.holds(path, moved))
    }

    fn holds(&self, path: &Path, moved: bool) -> bool {
        let toml = path.extension().is_some_and(|extension| extension == "toml");
        self.these.contains(path)
            || ((moved || toml) && path.starts_with(&self.below))
            || (moved && path.parent().is_some_and(|parent| self.within.contains(parent)))
    }
}

fn notifier(messages: SyncSender<Message>, scope: Arc<RwLock<Scope>>) -> Option<RecommendedWatcher> {
    let told = move |event: notify::Result<Event>| {
        let matters = match &event {
            Ok(event) => scope.read().unwrap_or_else(PoisonError::into_inner).matters(event),
            Err(_) => true,
        };
        if matters {
            messages.try_send(Message::Touched).ok(); // full: it is about to look anyway
        }
    };
    match notify::recommended_watcher(told) {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, "the system does not tell of changed files; they are only looked at now and then");
            None
        }
    }
}

/// A directory that is watched, and which it really was: another of the same name is watched anew.
type Really = Vec<(PathBuf, Option<(u64, u64)>)>;

struct Thread {
    reloader: Reloader,
    poll: Duration,
    notify: Option<RecommendedWatcher>,
    scope: Arc<RwLock<Scope>>,
    watched: HashMap<PathBuf, Really>,
    /// Directories that could not be watched, and were told of.
    refused: HashSet<PathBuf>,
    seen: Seen,
    on: bool,
}

impl Thread {
    fn run(&mut self, messages: &Receiver<Message>) {
        let mut touched: Option<(Instant, Instant)> = None; // the first and the last change
        loop {
            let wait = match touched {
                Some((first, last)) => (last + QUIET).min(first + LONGEST).saturating_duration_since(Instant::now()),
                None => self.poll,
            };
            match messages.recv_timeout(wait) {
                Ok(Message::Touched) if self.on => {
                    let now = Instant::now();
                    touched = Some((touched.map_or(now, |(first, _)| first), now));
                }
                Ok(Message::Touched) => {}
                Ok(Message::Read(seen, on)) => {
                    self.seen = seen;
                    self.on = on.unwrap_or(self.on);
                    self.watch();
                    // What changed between the reading and the watching told nobody.
                    if self.on && touched.is_none() && self.seen.has_changed() {
                        touched = Some((Instant::now(), Instant::now()));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    touched = None;
                    if self.on && self.seen.has_changed() {
                        self.reloader.request(Cause::Watch);
                    }
                    self.watch(); // what could not be watched may be there by now
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    /// Watches what was looked at, and nothing else.
    fn watch(&mut self) {
        let wanted = if self.on { self.wanted() } else { HashMap::new() };
        let Some(notify) = &mut self.notify else { return };
        self.watched.retain(|path, really| {
            let stays = wanted.get(path).is_some_and(|(_, now)| now == really);
            if !stays {
                notify.unwatch(path).ok(); // it may be gone
            }
            stays
        });
        self.refused.retain(|path| wanted.contains_key(path));
        for (path, (mode, really)) in wanted {
            if self.watched.contains_key(&path) {
                continue;
            }
            match notify.watch(&path, mode) {
                Ok(()) => {
                    self.refused.remove(&path);
                    self.watched.insert(path, really);
                }
                Err(error) if self.refused.insert(path.clone()) => {
                    let path = path.display();
                    tracing::warn!(%path, %error, "this directory cannot be watched; it is looked at now and then");
                }
                Err(_) => {}
            }
        }
    }

    /// The directory of the configuration with all below it, those of files outside of it, and what holds these: there it
    /// is seen that they are replaced, go and come back.
    fn wanted(&self) -> HashMap<PathBuf, (RecursiveMode, Really)> {
        let dir = absolute(self.seen.dir());
        let mut scope = Scope { below: dir.clone(), ..Scope::default() };
        let mut wanted = HashMap::new();
        for file in self.seen.files().map(absolute) {
            if let Some(parent) = file.parent().filter(|parent| !parent.starts_with(&dir)) {
                scope.within.insert(parent.to_owned());
            }
            scope.these.insert(file);
        }
        for held in scope.within.iter().chain([&dir]) {
            if let Some(parent) = held.parent() {
                scope.these.insert(held.clone());
                wanted.insert(parent.to_owned(), (RecursiveMode::NonRecursive, really(parent)));
            }
        }
        for directory in &scope.within {
            wanted.insert(directory.clone(), (RecursiveMode::NonRecursive, really(directory)));
        }
        wanted.insert(dir, (RecursiveMode::Recursive, self.seen.directories()));
        wanted.retain(|_, (_, really)| really.iter().any(|(_, there)| there.is_some()));
        *self.scope.write().unwrap_or_else(PoisonError::into_inner) = scope;
        wanted
    }
}

fn really(path: &Path) -> Really {
    use std::os::unix::fs::MetadataExt;
    vec![(path.to_owned(), std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino())))]
}

/// An absolute path without `..`, as events name it. Symbolic links stay: what they lead to may change.
fn absolute(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, DataChange, RemoveKind, RenameMode};

    use super::*;

    #[test]
    fn only_what_concerns_the_configuration_matters() {
        let scope = Scope {
            below: "/etc/q/config".into(),
            within: HashSet::from(["/etc/q/lists".into()]),
            these: HashSet::from(["/etc/q/config".into(), "/etc/q/lists/a.txt".into()]),
        };
        let (create, remove) = (EventKind::Create(CreateKind::File), EventKind::Remove(RemoveKind::Any));
        let write = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let rename = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        let rows = [
            (write, "/etc/q/config/rules/a.toml", true),
            (EventKind::Access(AccessKind::Any), "/etc/q/config/rules/a.toml", false),
            (write, "/etc/q/config/data/qunwei.db-wal", false),
            (rename, "/etc/q/config/..data", true),
            (remove, "/etc/q/config", true),
            (write, "/etc/q/lists/a.txt", true),
            (write, "/etc/q/lists/other.txt", false),
            (create, "/etc/q/lists/..data", true),
            (create, "/etc/q/stderr", false),
            (write, "/etc/q/stderr", false),
        ];
        for (kind, path, expected) in rows {
            let event = Event::new(kind).add_path(path.into());
            assert_eq!(scope.matters(&event), expected, "{event:?}");
        }
    }

    #[test]
    fn paths_are_told_apart_by_their_plain_form() {
        assert_eq!(absolute(Path::new("/a/config/../lists/./b.txt")), Path::new("/a/lists/b.txt"));
        assert!(absolute(Path::new("config")).is_absolute());
    }
}
