//! What stands in the files of a data directory, byte by byte, whatever their tables say.

use std::path::{Path, PathBuf};

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

/// The files in which a text stands.
pub fn holding(folder: &Path, text: &str) -> Vec<String> {
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default(); // one that is gone holds nothing
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let names = files(folder).into_iter().filter(holds);
    names.map(|path| path.strip_prefix(folder).unwrap().display().to_string()).collect()
}
