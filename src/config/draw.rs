//! Draws faults for people: each with its line and a pointer into it, for a terminal and for the log.

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Origin, Renderer, Snippet};

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
            title.element(Origin::path(&*fault.file))
        } else {
            let snippet = Snippet::source(fault.excerpt.as_str()).line_start(fault.line as usize).path(&*fault.file);
            title.element(snippet.annotation(AnnotationKind::Primary.span(pointed_at(fault))))
        };
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
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
