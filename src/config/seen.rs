//! What reading a configuration looked at on the disk: to find out that it has changed, and where to watch for it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Everything that was looked at, as it was just before it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    dir: PathBuf,
    /// What was not there is in it too: it may come.
    places: BTreeMap<PathBuf, Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    directory: bool,
    stamp: Option<Stamp>,
}

/// What changes whenever a file or directory does, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// `None` for what cannot be looked at. Symbolic links are followed.
fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some(Stamp {
        device: meta.dev(),
        inode: meta.ino(),
        length: meta.len(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}

impl Seen {
    /// Nothing yet, of the configuration in this directory.
    pub(super) fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), places: BTreeMap::new() }
    }

    /// Notes a file that is about to be read.
    pub(super) fn file(&mut self, path: &Path) {
        self.note(path, false);
    }

    /// Notes a directory that is about to be read.
    pub(super) fn directory(&mut self, path: &Path) {
        self.note(path, true);
    }

    /// The first look counts: what changed after it is not known to have been read.
    fn note(&mut self, path: &Path, directory: bool) {
        let place = || Place { directory, stamp: stamp(path) };
        self.places.entry(path.to_owned()).or_insert_with(place);
    }

    /// It does not count any more.
    pub(super) fn forget(&mut self, path: &Path) {
        self.places.remove(path);
    }

    /// The directory of the configuration.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The files, whether they are there or not.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.places.iter().filter(|(_, place)| !place.directory).map(|(path, _)| &**path)
    }

    /// Whether anything is not what it was. Reads nothing but the file system's own notes.
    pub fn has_changed(&self) -> bool {
        self.places.iter().any(|(path, place)| stamp(path) != place.stamp)
    }

    /// Whether a file was written after `then`. A time in the future is of another machine's clock and says nothing.
    pub(super) fn was_written_since(&self, then: SystemTime) -> bool {
        let millis = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let span = millis(then)..=millis(SystemTime::now());
        let files = self.places.values().filter(|place| !place.directory);
        files.filter_map(|place| place.stamp).any(|stamp| {
            let (seconds, nanos) = stamp.modified;
            span.contains(&seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000))
        })
    }

    /// The directories of the configuration and which they really were: a symbolic link that is turned elsewhere makes
    /// others of them.
    pub fn directories(&self) -> Vec<(PathBuf, Option<(u64, u64)>)> {
        let really = |place: &Place| place.stamp.map(|stamp| (stamp.device, stamp.inode));
        let directories = self.places.iter().filter(|(_, place)| place.directory);
        directories.map(|(path, place)| (path.clone(), really(place))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{load_again, load_with, tests::no_env};

    fn seen(dir: &Path) -> Seen {
        load_with(dir, &no_env).1
    }

    #[test]
    fn whatever_changes_is_noticed() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("config");
        fs::create_dir_all(dir.join("more")).unwrap();
        fs::write(dir.join("more/a.toml"), "[[rule]]\nname = \"a\"\nkind = \"keywords\"\nlists = [\"../../a.txt\"]")
            .unwrap();
        let changes: [(&str, &dyn Fn()); 7] = [
            ("a missing list comes", &|| fs::write(home.path().join("a.txt"), "新盘开售").unwrap()),
            ("it is written", &|| fs::write(home.path().join("a.txt"), "新盘开售\n内部认购").unwrap()),
            ("it is replaced by one alike", &|| {
                fs::write(home.path().join("b.txt"), "新盘开售\n内部认购").unwrap();
                fs::rename(home.path().join("b.txt"), home.path().join("a.txt")).unwrap();
            }),
            ("a file comes", &|| fs::write(dir.join("b.toml"), "").unwrap()),
            ("one goes", &|| fs::remove_file(dir.join("b.toml")).unwrap()),
            ("one comes deep down", &|| fs::write(dir.join("more/b.toml"), "").unwrap()),
            ("all goes", &|| fs::remove_dir_all(&dir).unwrap()),
        ];
        for (what, change) in changes {
            let before = seen(&dir);
            assert!(!before.has_changed(), "before {what}");
            change();
            assert!(before.has_changed(), "{what}");
            let mut readings = std::iter::repeat_with(|| load_again(&dir, &no_env, &before, &[])).take(1_000_000);
            let again = readings.find(|reading| reading.steady).expect("it is steady soon");
            assert_eq!(again.seen, seen(&dir), "{what}");
        }
        let gone = seen(&dir);
        fs::create_dir(&dir).unwrap();
        assert!(gone.has_changed(), "it comes back");
    }
}
