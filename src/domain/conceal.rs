//! What is kept of a message in which somebody told what is nobody else's business: its text and findings without it.

use super::case::{Finding, Span};
use super::rules::Ruleset;
use super::text::slice;

/// What a case keeps of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The text.
    pub text: String,
    /// What was found in it, in the order it was given.
    pub findings: Vec<Finding>,
}

/// A text and what was found in it, without the personal data among it: of each piece the first character is left, ＊ stands
/// for each of the others, so that places stay what they are.
pub fn conceal(rules: &Ruleset, text: &str, findings: &[Finding]) -> Kept {
    let hidden: Vec<&Finding> = findings.iter().filter(|finding| rules.conceals(&finding.rule)).collect();
    if hidden.is_empty() {
        return Kept { text: text.to_owned(), findings: findings.to_vec() };
    }
    let spans = |part: &Option<String>| -> Vec<Span> {
        let here = hidden.iter().filter(|finding| finding.part == *part);
        here.map(|finding| Span { start: finding.start, end: finding.end }).collect()
    };
    let concealed = mask(text, 0, &spans(&None));
    let without = |finding: &Finding| {
        let mine = Span { start: finding.start, end: finding.end };
        let spans = spans(&finding.part);
        let matched = match &finding.part {
            None => slice(&concealed, mine).to_owned(),
            Some(_) => mask(&finding.matched, finding.start, &spans),
        };
        // What stands for the matched characters, such as a number's digits, would say what they are.
        let told = spans.iter().any(|span| span.start < mine.end && mine.start < span.end);
        let word = finding.word.clone().filter(|word| !told || !word.bytes().any(|b| b.is_ascii_digit()));
        Finding { matched, word, ..finding.clone() }
    };
    let findings = findings.iter().map(without).collect();
    Kept { text: concealed, findings }
}

/// A text of which the first code point is the `first` of the spans' text.
fn mask(text: &str, first: u32, spans: &[Span]) -> String {
    let one = |(at, c): (u32, char)| {
        let inside = spans.iter().any(|span| span.start < at && at < span.end);
        if inside && c.is_alphanumeric() { '＊' } else { c }
    };
    (first..).zip(text.chars()).map(one).collect()
}
