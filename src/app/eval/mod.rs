//! Measuring the rules on labelled messages: what is caught of the bad ones, what is flagged of the ordinary ones, and what of
//! the bad ones is still caught when its words are disguised ([`crate::app::attack`]). Starts nothing, stores nothing.

mod report;
mod share;
mod tally;

#[cfg(test)]
mod tests;

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::app::attack::{Class, Strength, Target, disguise};
use crate::app::lines::{Line, Lines};
use crate::app::scan;
use crate::domain::case::{Finding, Span};
use crate::domain::event::{Message, Role, Segment};
use crate::domain::judge::{Judgement, judge};
use crate::domain::policy::{Policy, Settings, Verdict};
use crate::domain::rules::Scratch;

pub use report::{human, json, markdown};
pub use share::Share;
pub use tally::{Counts, Disguised, Report, Rule, View};

/// How it is measured.
#[derive(Clone, Debug, Default)]
pub struct Eval {
    /// By this group's policy; else by the default profile.
    pub group: Option<String>,
    /// In which ways the words that were found are disguised.
    pub classes: Vec<Class>,
    /// How much of each.
    pub strengths: Vec<Strength>,
    /// Only every so many of the bad messages are disguised; 0 and 1: all.
    pub every: usize,
    /// The same seed makes the same disguises.
    pub seed: u64,
}

/// A labelled message.
#[derive(Debug, Deserialize)]
struct Row {
    text: String,
    label: Label,
    source: Option<String>,
    category: Option<String>,
    id: Option<serde_json::Value>,
    /// What it was before somebody disguised it.
    original: Option<String>,
}

/// 1 (or true) is bad, 0 (or false) is ordinary.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "serde_json::Value")]
struct Label(bool);

impl TryFrom<serde_json::Value> for Label {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match value.as_u64().or(value.as_bool().map(u64::from)).or(value.as_str().and_then(|text| text.parse().ok())) {
            Some(0) => Ok(Self(false)),
            Some(1) => Ok(Self(true)),
            _ => Err(format!("label: {value} is neither 0 (ordinary) nor 1 (bad)")),
        }
    }
}

/// Measures messages from several inputs, one after the other; only counts are remembered.
pub struct Evaluation<'a> {
    settings: &'a Settings,
    how: &'a Eval,
    scratch: Scratch,
    report: Report,
    bad: usize,
}

/// A message that was judged otherwise than it is labelled, or that a disguise let through.
#[derive(Serialize)]
struct Wrong<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a serde_json::Value>,
    text: &'a str,
    label: u8,
    verdict: &'static str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    /// The rules that found something.
    rules: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disguise: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strength: Option<&'static str>,
    /// Before it was disguised.
    #[serde(skip_serializing_if = "Option::is_none")]
    plain: Option<&'a str>,
}

impl Row {
    /// Writes what was judged otherwise than it should be, where somebody wants to read it.
    fn told(
        &self,
        source: &str,
        text: &str,
        judgement: &Judgement,
        by: Option<(Class, Strength)>,
        to: Option<&mut (dyn Write + '_)>,
    ) -> anyhow::Result<()> {
        let Some(to) = to else { return Ok(()) };
        let wrong = Wrong {
            id: self.id.as_ref(),
            text,
            label: u8::from(self.label.0),
            verdict: judgement.verdict().as_str(),
            source,
            category: self.category.as_deref(),
            rules: judgement.all().map(|finding| &*finding.rule).collect(),
            disguise: by.map(|(class, _)| class.name()),
            strength: by.map(|(_, strength)| strength.name()),
            plain: by.map(|_| &*self.text),
        };
        Ok(writeln!(to, "{}", serde_json::to_string(&wrong)?)?)
    }
}

impl<'a> Evaluation<'a> {
    /// With nothing measured yet.
    pub fn new(settings: &'a Settings, how: &'a Eval) -> Self {
        let report = Report::new(how);
        Self { settings, how, scratch: Scratch::default(), report, bad: 0 }
    }

    /// Measures the messages of an input. `source` is what messages are counted under that name none. What is wrong with a
    /// line goes to `errors`; what was judged otherwise than labelled to `wrong`, a line of JSON each.
    ///
    /// # Errors
    /// The input cannot be read, or what is wrong cannot be written.
    pub fn read(
        &mut self,
        source: &str,
        input: impl BufRead,
        errors: &mut dyn Write,
        mut wrong: Option<&mut (dyn Write + '_)>,
    ) -> anyhow::Result<()> {
        for line in Lines::new(input) {
            let Line { number, text } = line?;
            let row = text.and_then(|text| serde_json::from_str::<Row>(&text).map_err(|error| error.to_string()));
            match row {
                Ok(row) => self.row(source, &row, wrong.as_deref_mut())?,
                Err(what) => {
                    self.report.malformed += 1;
                    writeln!(errors, "{source}: line {number}: {what}")?;
                }
            }
        }
        Ok(())
    }

    /// What was measured.
    pub fn finish(self) -> Report {
        self.report
    }

    fn row(&mut self, input: &str, row: &Row, mut wrong: Option<&mut (dyn Write + '_)>) -> anyhow::Result<()> {
        let source = row.source.as_deref().unwrap_or(input);
        let judgement = self.judge(&row.text);
        let verdict = judgement.verdict();
        self.report.plain(source, row.category.as_deref(), row.label.0, &judgement);
        if row.label.0 == (verdict == Verdict::Pass) {
            row.told(source, &row.text, &judgement, None, wrong.as_deref_mut())?;
        }
        if let Some(original) = row.original.as_deref().filter(|_| row.label.0)
            && self.judge(original).verdict() != Verdict::Pass
        {
            self.report.pair(source, verdict);
        }
        if !row.label.0 || verdict == Verdict::Pass {
            return Ok(());
        }
        self.bad += 1;
        if self.how.every > 1 && !(self.bad - 1).is_multiple_of(self.how.every) {
            return Ok(());
        }
        let Some(targets) = targets(&row.text, &judgement) else { return Ok(()) };
        let how = self.how;
        for (class, strength) in how.classes.iter().flat_map(|class| how.strengths.iter().map(|it| (*class, *it))) {
            let Some(text) = disguise(&row.text, &targets, class, strength, how.seed) else {
                self.report.impossible(class, strength);
                continue;
            };
            let now = self.judge(&text);
            self.report.disguised(class, strength, verdict, &now);
            if now.verdict() == Verdict::Pass {
                row.told(source, &text, &now, Some((class, strength)), wrong.as_deref_mut())?;
            }
        }
        Ok(())
    }

    fn judge(&mut self, text: &str) -> Judgement {
        let policy: &Policy = self.settings.policy(self.how.group.as_deref().unwrap_or_default());
        let message = Message { content: vec![Segment::Text(text.into())], ..Message::default() };
        scan::find(self.settings, policy, &message, None, &mut self.scratch);
        judge(self.settings, policy, Role::Member, &message, &self.scratch)
    }
}

/// What of a message is to be disguised: everything that was found in it. `None` when nothing stands there plainly, or when
/// something was found that is no piece of the text, such as its length. What a model says is of the whole text: the pieces that
/// rules found are disguised all the same.
fn targets(text: &str, judgement: &Judgement) -> Option<Vec<Target>> {
    let whole = Span { start: 0, end: text.chars().count() as u32 };
    let piece = |finding: &&Finding| finding.word.is_some() || (finding.start, finding.end) != (whole.start, whole.end);
    let all: Vec<&Finding> = judgement.all().filter(|finding| finding.score.is_none()).collect();
    let plain = all.iter().any(|finding| finding.views.is_empty() && piece(finding));
    let sound = all.iter().all(|finding| finding.part.is_none() && piece(finding) && finding.start < finding.end);
    let target = |finding: &Finding| {
        let span = Span { start: finding.start, end: finding.end };
        let one_word = |word: &str| !word.contains(crate::domain::rules::TOGETHER);
        Target { span, word: finding.word.as_deref().is_some_and(one_word) }
    };
    (plain && sound).then(|| all.into_iter().map(target).collect())
}

/// The ways in which a finding's word is written, in one word: `plain`, `sound + symbol`; `pattern` where there is no word.
fn view(finding: &Finding) -> String {
    match (&finding.word, finding.views.is_empty()) {
        (Some(_), true) => "plain".to_owned(),
        (None, true) => "pattern".to_owned(),
        (_, false) => finding.views.names().collect::<Vec<_>>().join(" + "),
    }
}
