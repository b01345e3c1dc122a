//! What the benches of the whole daemon share: messages, a light client, the daemon as a process, and the servers beside it.

#![allow(dead_code, unreachable_pub, reason = "each bench uses its part")]

pub mod client;
pub mod daemon;
pub mod messages;
pub mod proc;
pub mod servers;

use std::path::Path;

/// A directory on the disk the repository is on (`/tmp` may be in memory), deleted when dropped.
pub fn scratch_dir() -> tempfile::TempDir {
    let parent = std::env::var_os("BENCH_DIR").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into());
    std::fs::create_dir_all(&parent).unwrap();
    tempfile::tempdir_in(parent).unwrap()
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Minimum, median and maximum.
pub fn spread(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    [at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1))]
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { std::fs::copy(&path, &target).map(drop).unwrap() }
    }
}
