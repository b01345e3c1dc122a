//! `qunwei check`: says everything that is wrong with a configuration, for people or as JSON. Starts nothing.

use std::fmt::Write;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};

use crate::config::{self, Config, Env, Size};
use crate::fault::{Fault, Level};

/// How faults are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With the offending line and a pointer into it.
    Human {
        /// With colours, for a terminal.
        colour: bool,
    },
    /// An array of `{file,line,column,level,message,help}`.
    Json,
}

/// Checks the directory: what to print, and the exit code (0: sound, 1: errors).
pub fn check(dir: &Path, format: Format, env: &Env<'_>) -> (String, u8) {
    let loaded = config::load(dir, env);
    let code = u8::from(loaded.is_err());
    let faults = match &loaded {
        Ok(config) => &config.warnings,
        Err(faults) => faults,
    };
    let text = match format {
        Format::Json => json(faults),
        Format::Human { colour } => human(faults, colour) + &summary(dir, loaded.as_ref().ok(), faults),
    };
    (text, code)
}

/// Faults as JSON, with a line end.
pub fn json(faults: &[Fault]) -> String {
    let each = faults.iter().map(|fault| {
        serde_json::json!({
            "file": &*fault.file,
            "line": fault.line,
            "column": fault.column,
            "level": fault.level.as_str(),
            "message": fault.message,
            "help": fault.help,
        })
    });
    let mut text = serde_json::Value::from_iter(each).to_string();
    text.push('\n');
    text
}

/// Faults for people, each with its line and a pointer into it.
pub fn human(faults: &[Fault], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for fault in faults {
        let level = match fault.level {
            Level::Error => Shown::ERROR,
            Level::Warning => Shown::WARNING,
        };
        let message = one_line(&fault.message);
        let annotation = AnnotationKind::Primary.span(pointed_at(fault));
        let snippet = Snippet::source(fault.excerpt.as_str())
            .line_start(fault.line as usize)
            .path(&*fault.file)
            .annotation(annotation);
        let mut group: Group<'_> = level.primary_title(message).element(snippet);
        if let Some(help) = &fault.help {
            group = group.element(Shown::HELP.message(one_line(help)));
        }
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text
}

/// The bytes of the excerpt that a fault means.
fn pointed_at(fault: &Fault) -> std::ops::Range<usize> {
    let byte = |column: usize| fault.excerpt.char_indices().nth(column).map_or(fault.excerpt.len(), |(at, _)| at);
    let start = (fault.column as usize).saturating_sub(1);
    byte(start)..byte(start + fault.width as usize)
}

/// What people typed may hold line ends and control characters; a terminal gets none of them.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn summary(dir: &Path, config: Option<&Config>, faults: &[Fault]) -> String {
    let errors = faults.iter().filter(|fault| fault.level == Level::Error).count();
    let warnings = faults.len() - errors;
    let dir = dir.display();
    let mut text = String::new();
    let Some(config) = config else {
        let _ = writeln!(text, "{dir}: {}, {}", count(errors, "error"), count(warnings, "warning"));
        return text;
    };
    for note in &config.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let Size { rules, profiles, groups, words } = config.size;
    let sizes =
        [count(rules, "rule"), count(profiles, "profile"), count(groups, "group"), count(words, "word")].join(", ");
    let warned = if warnings == 0 { String::new() } else { format!(" ({})", count(warnings, "warning")) };
    let _ = writeln!(text, "{dir}: sound{warned} – {sizes}");
    text
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
