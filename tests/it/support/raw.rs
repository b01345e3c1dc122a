//! What stands in the files of a data directory, byte by byte, whatever their tables say.

use std::path::{Path, PathBuf};
use std::process::Command;

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

/// The files in which a text stands. A program of its own reads them: a process that closes a file of a database gives up all
/// its locks on it (POSIX), and then whoever opens that database believes to be alone and cuts off the index which our daemon works in.
pub fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut grep = Command::new("grep");
    grep.args([
        "--recursive",
        "--files-with-matches",
        "--no-messages",
        "--text",
        "--fixed-strings",
        "--regexp",
        text,
        ".",
    ]);
    let output = grep.env("LC_ALL", "C").current_dir(folder).output().expect("grep is there");
    let names = String::from_utf8(output.stdout).expect("names are text");
    names.lines().map(|name| name.trim_start_matches("./").to_owned()).collect()
}
