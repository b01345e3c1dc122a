//! Judging messages from a file (interfaces.md §3): one verdict a line, in input order. Starts nothing, stores nothing.

use std::io::{BufRead, Write};

use serde::Serialize;

use crate::app::lines::{Line, Lines};
use crate::domain::case::Finding;
use crate::domain::disguise::Views;
use crate::domain::event::{self, Event, Message, Role, Segment};
use crate::domain::judge::{Judgement, judge};
use crate::domain::policy::{Policy, Settings, Verdict};
use crate::domain::rules::{Explanation, Hit, Learned, Moment, Ruleset, Scratch};
use crate::domain::score::Piece;
use crate::domain::time::Timestamp;

/// What a scan came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Messages judged.
    pub messages: u64,
    /// Lines that are no messages.
    pub malformed: u64,
}

/// How a scan judges.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan<'a> {
    /// By this group's policy; else by that of the message's own group, else by the default profile.
    pub group: Option<&'a str>,
    /// Also write the folded text and how each finding was reached.
    pub explain: bool,
}

/// Judges the messages of `input`, writes a verdict for each to `output`, and what is wrong with a line to `errors`.
///
/// # Errors
/// The input cannot be read or the output cannot be written.
pub fn scan(
    settings: &Settings,
    how: Scan<'_>,
    input: impl BufRead,
    output: &mut dyn Write,
    errors: &mut dyn Write,
) -> anyhow::Result<Scanned> {
    let mut scanned = Scanned::default();
    let mut scratch = Scratch::default();
    for line in Lines::new(input) {
        let Line { number, text } = line?;
        match text.and_then(|text| read(&text)) {
            Ok(event::Scanned { id, group, time, message }) => {
                let policy = settings.policy(how.group.or(group.as_deref()).unwrap_or_default());
                find(settings, policy, &message, time, &mut scratch);
                let named = policy.roles.get(&message.sender.id).copied();
                let role = message.sender.role.or(named).unwrap_or(Role::Member);
                let judgement = judge(settings, policy, role, &message, &scratch);
                let id = id.map_or_else(|| number.to_string(), String::from);
                let explained = how.explain.then_some((&settings.rules, &scratch));
                let written = Written::new(&id, &judgement, explained);
                serde_json::to_writer(&mut *output, &written)?;
                writeln!(output)?;
                scanned.messages += 1;
            }
            Err(what) => {
                scanned.malformed += 1;
                writeln!(errors, "line {number}: {what}")?;
            }
        }
    }
    output.flush()?;
    Ok(scanned)
}

/// All that can be found in one message by itself.
pub(super) fn find(
    settings: &Settings,
    policy: &Policy,
    message: &Message,
    time: Option<Timestamp>,
    scratch: &mut Scratch,
) {
    let rules = &settings.rules;
    rules.find(message, scratch);
    rules.find_learned(message, Learned::default(), scratch);
    if let Some(time) = time {
        let moment = Moment { time, zone: &policy.timezone, joined: None, edited: false };
        rules.find_at(message, moment, None, &policy.rules, scratch);
    }
    if !message.sender.name.is_empty() {
        rules.add_name(&message.sender.name, scratch);
    }
}

fn read(text: &str) -> Result<event::Scanned, String> {
    if text.starts_with('{') {
        return Event::parse_for_scan(text).map_err(|error| error.to_string());
    }
    let message = Message { content: vec![Segment::Text(text.into())], ..Message::default() };
    Ok(event::Scanned { id: None, group: None, time: None, message })
}

#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    verdict: &'static str,
    score: f64,
    findings: Vec<WrittenFinding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folded: Option<&'a str>,
}

#[derive(Serialize)]
struct WrittenFinding<'a> {
    rule: &'a str,
    category: &'a str,
    severity: &'static str,
    matched: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<&'a str>,
    start: u32,
    end: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a str>,
    /// Only where the word does not stand as it is.
    #[serde(skip_serializing_if = "Views::is_empty")]
    views: Views,
    /// Only when the finding alone means something else than the line's verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    observe: bool,
    /// The probability that a model gives, from 0 to 1, where one found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<How<'a>>,
}

/// The way a finding was reached.
#[derive(Serialize)]
struct How<'a> {
    kind: &'static str,
    /// `薇❤ = 微信 (sound + symbol)`, where there is a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<String>,
    /// By how much the text would be more usual with the word in its place, in eighths of a natural logarithm, where it is
    /// written otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<i32>,
    folded: String,
    dropped: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    /// What speaks most for it, where a model found it.
    #[serde(skip_serializing_if = "<[Piece]>::is_empty")]
    pieces: &'a [Piece],
}

/// What explains a line: the rules, and what they left of the message.
type Explained<'a> = (&'a Ruleset, &'a Scratch);

impl<'a> Written<'a> {
    fn new(id: &'a str, judgement: &'a Judgement, explained: Option<Explained<'a>>) -> Self {
        let verdict = judgement.verdict();
        let score = match verdict {
            Verdict::Pass => 0.0,
            Verdict::Review => 0.5,
            Verdict::Violation => 1.0,
        };
        let mut all: Vec<&Finding> = judgement.all().collect();
        all.sort_by(|a, b| (&a.part, a.start, a.end, &a.rule).cmp(&(&b.part, b.start, b.end, &b.rule)));
        let findings = all.into_iter().map(|finding| WrittenFinding::new(finding, verdict, explained)).collect();
        let folded = explained.map(|(_, scratch)| &*scratch.text.folded.text);
        Self { id, verdict: verdict.as_str(), score, findings, folded }
    }
}

impl<'a> WrittenFinding<'a> {
    fn new(finding: &'a Finding, verdict: Verdict, explained: Option<Explained<'_>>) -> Self {
        let scored = finding.score.as_deref();
        Self {
            rule: &finding.rule,
            category: &finding.category,
            severity: finding.severity.as_str(),
            matched: &finding.matched,
            word: finding.word.as_deref(),
            start: finding.start,
            end: finding.end,
            part: finding.part.as_deref(),
            views: finding.views,
            verdict: (finding.verdict != verdict).then(|| finding.verdict.as_str()),
            observe: finding.observe,
            score: scored.map(|scored| f64::from(scored.score) / 1e6),
            how: explained.and_then(|explained| how(finding, explained)),
        }
    }
}

/// How the hit behind a finding was reached.
fn how<'a>(finding: &'a Finding, (rules, scratch): Explained<'_>) -> Option<How<'a>> {
    let same = |hit: &&Hit| {
        let rule = rules.infos().get(usize::from(hit.rule.0)).map(|info| &info.name);
        (hit.span.start, hit.span.end, &hit.part) == (finding.start, finding.end, &finding.part)
            && rule == Some(&finding.rule)
    };
    let hit = scratch.hits.iter().find(same)?;
    let Explanation { kind, folded, dropped, limit } = rules.explain(hit, &scratch.text.original)?;
    let reading = finding.word.as_deref().map(|word| finding.views.reading(&finding.matched, word));
    let pieces = finding.score.as_ref().map_or(&[][..], |scored| &scored.pieces);
    let weight = hit.disguise.map(|disguise| disguise.weight);
    Some(How { kind, reading, weight, folded, dropped, limit, pieces })
}
