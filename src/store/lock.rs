//! The lock on a data directory: two daemons on one directory would each act on every message.
//!
//! The lock is the operating system's, on `DIR/lock`: it ends with the process however that ends. What the file says is only
//! for the second daemon's refusal.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use jiff::Timestamp;

use super::private;

/// Held for as long as it lives.
#[derive(Debug)]
pub(super) struct DirLock {
    file: File,
}

impl Drop for DirLock {
    /// Closing the file is not enough: a process that this one is just starting has it too, until it becomes another program.
    fn drop(&mut self) {
        self.file.unlock().ok(); // it ends with the last of them otherwise
    }
}

/// Why there is no lock.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Somebody else has it, as they describe themselves.
    Held(String),
    /// The file cannot be written.
    Io(io::Error),
}

impl Refusal {
    /// The same for who asks only whether there is a lock.
    pub(super) fn into_io(self) -> io::Error {
        match self {
            Refusal::Held(holder) => io::Error::new(io::ErrorKind::ResourceBusy, format!("it is in use by {holder}")),
            Refusal::Io(error) => error,
        }
    }
}

impl DirLock {
    /// Takes the lock, or says who has it. Never waits.
    pub(super) fn take(dir: &Path) -> Result<Self, Refusal> {
        let path = dir.join("lock");
        let open = private::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(Refusal::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Refusal::Held(holder(&file))),
            Err(TryLockError::Error(error)) => return Err(Refusal::Io(error)),
        }
        let since = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let text = format!("qunwei pid {} since {since}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).map_err(Refusal::Io)?;
        Ok(Self { file })
    }

    /// The same in a directory that is to be filled; where that fails, one that was `made` for it is not left behind.
    pub(super) fn take_to_fill(dir: &Path, made: bool) -> Result<Self, Refusal> {
        Self::take(dir).inspect_err(|refusal| {
            if made && matches!(refusal, Refusal::Io(_)) {
                fs::remove_file(dir.join("lock")).ok();
                fs::remove_dir(dir).ok(); // only if it is empty
            }
        })
    }
}

fn holder(file: &File) -> String {
    let mut text = String::new();
    let read = file.take(200).read_to_string(&mut text);
    let line = text.lines().next().unwrap_or_default().trim();
    // Empty when the other has just taken the lock and not yet written.
    if read.is_err() || line.is_empty() { "another process".to_owned() } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_though_a_process_that_is_being_started_has_the_file_too() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirLock::take(dir.path()).unwrap();
        let of_a_child = lock.file.try_clone().unwrap();
        assert!(matches!(DirLock::take(dir.path()), Err(Refusal::Held(_))));
        drop(lock);
        DirLock::take(dir.path()).unwrap();
        drop(of_a_child);
    }
}
