//! Draws faults for people: each with its line and a pointer into it, for a terminal and for the log.

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Origin, Renderer, Snippet};

use crate::domain::text::is_invisible;
use crate::fault::{Fault, Level};

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
        let title = level.primary_title(message);
        let mut group: Group<'_> = if fault.excerpt.is_empty() {
            title.element(Origin::path(plain(&fault.file)))
        } else {
            let snippet =
                Snippet::source(fault.excerpt.as_str()).line_start(fault.line as usize).path(plain(&fault.file));
            title.element(snippet.annotation(AnnotationKind::Primary.span(pointed_at(fault))))
        };
        if let Some(help) = &fault.help {
            group = group.element(Shown::HELP.message(one_line(help)));
        }
        text.extend(renderer.render(&[group]).chars().map(|c| if is_left_over(c, colour) { '�' } else { c }));
        text.push_str("\n\n");
    }
    text
}

/// What a terminal might obey and the drawing leaves as it is: controls of the second kind, separators of lines. The escapes of
/// colours are its own.
fn is_left_over(c: char, colour: bool) -> bool {
    let own = c == '\n' || (colour && c == '\u{1b}');
    !own && (c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// The bytes of the excerpt that a fault means.
fn pointed_at(fault: &Fault) -> std::ops::Range<usize> {
    let byte = |column: usize| fault.excerpt.char_indices().nth(column).map_or(fault.excerpt.len(), |(at, _)| at);
    let start = (fault.column as usize).saturating_sub(1);
    byte(start)..byte(start + fault.width as usize)
}

/// A path as it can be shown: a file may be called anything.
pub fn plain(path: &str) -> String {
    let shown = |c: char| !c.is_control() && !is_invisible(c) && !matches!(c, '\u{2028}' | '\u{2029}');
    path.chars().map(|c| if shown(c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}

/// What people typed may hold line ends and control characters; a terminal gets none of them.
fn one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
