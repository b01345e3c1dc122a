//! What a hit is to people: what it means where it was found, what it is called, how it was reached.

use super::{Hit, Rule, Ruleset, keywords};
use crate::domain::case::Finding;
use crate::domain::disguise::Views;
use crate::domain::policy::{Mode, RuleSetting, Verdict};
use crate::domain::text::{Text, slice};

/// How a hit was reached, for `scan --explain`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The kind of its rule.
    pub kind: &'static str,
    /// The matched characters, folded.
    pub folded: String,
    /// How many characters among them were dropped as noise, seen or unseen.
    pub dropped: usize,
    /// The limit that is exceeded, where there is one.
    pub limit: Option<String>,
}

impl Ruleset {
    /// What a hit means under a setting. `original` is the text it was found in.
    pub fn finding(&self, hit: &Hit, original: &str, setting: &RuleSetting) -> Option<Finding> {
        let info = self.infos().get(usize::from(hit.rule.0))?;
        let doubtful = hit.disguise.is_some_and(|disguise| !disguise.sure);
        let strict = hit.scored.as_ref().is_some_and(|scored| scored.strict);
        let verdict = match setting.verdict {
            verdict if doubtful || self.asks_only(hit.rule) => verdict.min(Verdict::Review),
            Verdict::Review if strict => Verdict::Violation,
            verdict => verdict,
        };
        let liked = hit.scored.as_ref().filter(|scored| !scored.category.is_empty());
        Some(Finding {
            rule: info.name.clone(),
            category: liked.map_or_else(|| info.category.clone(), |scored| scored.category.as_str().into()),
            severity: setting.severity,
            matched: matched(hit, original).to_owned(),
            word: hit.word.clone(),
            start: hit.span.start,
            end: hit.span.end,
            part: hit.part.clone(),
            views: hit.disguise.map_or_else(Views::default, |disguise| disguise.views),
            score: hit.scored.clone(),
            verdict,
            observe: setting.mode == Mode::Observe,
            delete: setting.delete,
        })
    }

    /// What a finding is called in plain words: by its rule; what a model found by what it is like. `None` where there is no such rule.
    pub fn title(&self, finding: &Finding) -> Option<String> {
        let info = self.infos().iter().find(|info| info.name == finding.rule)?;
        let liked = finding.score.as_ref().filter(|scored| !scored.category.is_empty());
        let of_words = |category: &str| {
            let like = self.infos().iter().find(|info| info.kind == keywords::NAME && *info.category == *category)?;
            Some(format!("很像{}", like.title.trim_start_matches("疑似")))
        };
        liked.and_then(|scored| of_words(&scored.category)).or_else(|| Some(info.title.to_string()))
    }

    /// How a hit was reached. `original` is the text it was found in.
    pub fn explain(&self, hit: &Hit, original: &str) -> Option<Explanation> {
        let info = self.infos().get(usize::from(hit.rule.0))?;
        let matched = matched(hit, original);
        let mut text = Text::default();
        text.set(matched);
        let kept = text.folded.kept();
        let dropped = matched.chars().count().saturating_sub(kept);
        let limit = self.rule(hit.rule).and_then(Rule::limit);
        Some(Explanation { kind: info.kind, folded: text.folded.text, dropped, limit })
    }
}

/// The characters of a hit.
fn matched<'a>(hit: &'a Hit, original: &'a str) -> &'a str {
    hit.matched.as_deref().unwrap_or_else(|| slice(original, hit.span))
}
