//! The log on stderr, and what a fault of the program says: neither shows message text or secrets, and nobody who is quoted in
//! them can forge a line.

use std::any::Any;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::recent_log::{RecentLog, Tee};
use crate::config::LogFormat;
use crate::domain::text::is_invisible;

/// Logs go to stderr, and the last of them are kept; `RUST_LOG` says more than `-v` can, of this program: what libraries tell below a warning holds frames,
/// headers and addresses, and with them secrets and what people wrote.
pub(super) fn begin(format: LogFormat, verbosity: i16) -> RecentLog {
    let recent = RecentLog::default();
    let kept = recent.clone();
    let level = match verbosity {
        ..=-2 => "error",
        -1 => "warn",
        0 => "info",
        1 => "debug",
        2.. => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("qunwei={level},warn")));
    let ours = filter_fn(|meta| is_ours(meta.target()) || *meta.level() <= LevelFilter::WARN);
    let log = tracing_subscriber::registry().with(filter).with(ours);
    let layer = tracing_subscriber::fmt::layer().with_writer(move || OneLine(Tee(kept.clone())));
    match format {
        LogFormat::Text => log.with(layer.with_ansi(io::stderr().is_terminal())).init(),
        LogFormat::Json => log.with(layer.json()).init(),
    }
    recent
}

fn is_ours(target: &str) -> bool {
    target == "qunwei" || target.starts_with("qunwei::")
}

/// Says of a fault of the program where it is, and of its words only the beginning: behind it stand values.
pub(super) fn say_no_values_when_falling() {
    std::panic::set_hook(Box::new(|fallen: &PanicHookInfo<'_>| {
        let thread = std::thread::current();
        let (name, place) = (thread.name().unwrap_or("?"), fallen.location().map(ToString::to_string));
        let place = place.unwrap_or_else(|| "an unknown place".to_owned());
        let line = format!("thread '{name}' panicked at {place}: {}\n", without_values(fallen.payload()));
        drop(io::stderr().write_all(line.as_bytes()));
    }));
}

/// What a fault says up to the first sign behind which a value may stand; a text that the program itself holds is shown whole.
fn without_values(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => {
            let ends = ["\n", ": ", "; ", "\"", "'", "“"].iter().filter_map(|sign| text.find(sign));
            ends.min().and_then(|end| text.get(..end)).unwrap_or(text)
        }
        (None, None) => "",
    }
}

/// Writes one record at a time, so that nothing in it looks like another: lines after the first are indented, and what would
/// move the cursor, hide or turn text round is written out.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// The log hands over whole records.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        match text.chars().any(is_unsafe) || text.trim_end_matches('\n').contains('\n') {
            false => self.0.write_all(record)?,
            true => self.0.write_all(written_out(&text).as_bytes())?,
        }
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Colours are made of ESC; the ones in values are written out by the log itself.
fn is_unsafe(c: char) -> bool {
    let own = matches!(c, '\n' | '\t' | '\u{1b}');
    !own && (c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}'))
}

fn written_out(text: &str) -> String {
    let record = text.strip_suffix('\n').unwrap_or(text);
    let mut line = String::with_capacity(text.len() + 16);
    for c in record.chars() {
        match c {
            '\n' => line.push_str("\n    "),
            c if is_unsafe(c) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| line.push_str(&format!("\\u{unit:04x}")));
            }
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(record: &str) -> String {
        let mut log = Vec::new();
        OneLine(&mut log).write_all(record.as_bytes()).unwrap();
        String::from_utf8(log).unwrap()
    }

    #[test]
    fn nothing_in_a_record_looks_like_another() {
        let rows = [
            ("plain 普通\n", "plain 普通\n"),
            ("a\n2026-11-26 ERROR forged\n", "a\n    2026-11-26 ERROR forged\n"),
            ("a\rb\u{0}c\td\n", "a\\u000db\\u0000c\td\n"),
            ("\u{202e}evol\u{200b}\u{2028}x\u{9b}1m\n", "\\u202eevol\\u200b\\u2028x\\u009b1m\n"),
            ("\u{1b}[32m INFO\u{1b}[0m\n", "\u{1b}[32m INFO\u{1b}[0m\n"),
        ];
        for (record, expected) in rows {
            assert_eq!(logged(record), expected);
        }
    }

    #[test]
    fn a_fault_shows_no_values() {
        let formatted = |text: &str| without_values(&text.to_owned()).to_owned();
        assert_eq!(
            formatted("byte index 5 is not a char boundary; it is inside '微' of `加微信`"),
            "byte index 5 is not a char boundary"
        );
        assert_eq!(
            formatted("called `Result::unwrap()` on an `Err` value: \"whsec_x\""),
            "called `Result::unwrap()` on an `Err` value"
        );
        assert_eq!(formatted("assertion `left == right` failed\n  left: 加\n"), "assertion `left == right` failed");
        let own: Box<dyn Any + Send> = Box::new("a group: is loaded");
        assert_eq!(without_values(&*own), "a group: is loaded");
    }
}
