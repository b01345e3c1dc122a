//! The last lines of the log, kept in memory for a bug report. What goes to stderr goes here too, and nothing else does.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// So many bytes are kept, and one line more.
const MOST: usize = 256 << 10;

/// The lines. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct RecentLog(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<String>,
    bytes: usize,
}

impl RecentLog {
    /// All that is kept, oldest first, without colours.
    pub fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lines.iter().map(|line| plain(line)).collect()
    }

    fn add(&self, bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes).into_owned();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len();
        kept.lines.push_back(line);
        while kept.bytes > MOST && kept.lines.len() > 1 {
            kept.bytes -= kept.lines.pop_front().map_or(0, |line| line.len());
        }
    }
}

/// Writes to stderr, and keeps what it wrote.
#[derive(Debug)]
pub struct Tee(pub RecentLog);

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(bytes);
        io::stderr().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// A line without what gives it colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        text.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_without_colours_and_never_too_many() {
        let log = RecentLog::default();
        log.add(b"\x1b[2m10:00\x1b[0m \x1b[32m INFO\x1b[0m ready\n");
        assert_eq!(log.text(), "10:00  INFO ready\n");
        for n in 0..10_000 {
            log.add(format!("line {n:>5} {}\n", "x".repeat(50)).as_bytes());
        }
        let text = log.text();
        assert!(text.len() <= MOST && text.len() > MOST - 100, "{}", text.len());
        assert!(text.ends_with(&format!("line  9999 {}\n", "x".repeat(50))) && !text.contains("ready"));
    }
}
