//! What the benches of the whole daemon share: messages, a light client, the daemon as a process, and the servers beside it.

#![allow(dead_code, unreachable_pub, reason = "each bench uses its part")]

pub mod client;
pub mod daemon;
pub mod engine;
pub mod messages;
pub mod proc;
pub mod servers;

use std::collections::BTreeSet;
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

/// The size of the database in a data directory, in 10⁹ bytes.
pub fn database_gb(data: &Path) -> f64 {
    std::fs::metadata(data.join("qunwei.db")).unwrap().len() as f64 / 1e9
}

/// Minimum, median and maximum.
pub fn spread(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    [at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1))]
}

/// The value that so many in a thousand are at most.
pub fn quantile(values: &[f64], of_thousand: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() * of_thousand / 1000).copied().unwrap_or(f64::NAN)
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

/// So many words of 3 to 6 characters out of 3,000, always the same.
pub fn words(count: u64) -> Vec<String> {
    let mut state = 7_u64;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut words = BTreeSet::new();
    while (words.len() as u64) < count {
        let length = 3 + draw(4);
        words.insert((0..length).filter_map(|_| char::from_u32(0x4e00 + draw(3000) as u32)).collect::<String>());
    }
    words.into_iter().collect()
}
