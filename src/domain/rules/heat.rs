//! `heat`: a quarrel, or an outcry: how fast insults, negative words and answers pile up in a group. A person looks at it, once;
//! nobody is punished by it.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::crowd::{begins, different};
use super::keywords::{take_lists, take_words};
use super::{Build, Draft, Found, Heard, LONGEST_WINDOW, Look, Rule, RuleId, Said};
use crate::domain::event::Segment;
use crate::domain::ids::hash;
use crate::domain::recent::{Heat, Heated, Needs, Recent, Sighting};

/// The keys of a `heat` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Heats {
    /// From how much on it is told.
    heat: Spanned<i64>,
    /// Within how many seconds.
    seconds: Spanned<i64>,
    /// From how many members.
    members: Spanned<i64>,
    /// What the rules of these categories find is an insult.
    #[serde(default)]
    insults: Vec<Spanned<String>>,
    /// Negative words.
    #[serde(default)]
    words: Vec<Spanned<String>>,
    /// Lists of negative words.
    #[serde(default)]
    lists: Vec<Spanned<String>>,
}

/// What a message with an insult counts.
const INSULT: u8 = 2;
/// What one with a negative word counts.
const NEGATIVE: u8 = 1;

impl Draft for Heats {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let heat = build.number(&self.heat, "heat", 2..=500);
        let seconds = build.number(&self.seconds, "seconds", 1..=LONGEST_WINDOW / 2);
        let members = build.number(&self.members, "members", 2..=50);
        if self.insults.is_empty() && self.words.is_empty() && self.lists.is_empty() {
            let fault = build.source.fault(build.span.clone(), "a `heat` rule without words finds nothing");
            build.faults.push(fault.help("write e.g. insults = [\"abuse\"], words = [\"退款\", \"投诉\"]"));
        }
        let words = if self.words.is_empty() && self.lists.is_empty() { None } else { Some(build.list_apart()?) };
        if let Some(list) = words {
            take_lists(build, list, &self.lists);
            take_words(build, list, &self.words, &[]);
        }
        let insults: Vec<String> = self.insults.iter().map(|category| category.get_ref().clone()).collect();
        // The windows outlive a version of the rules: what measures the same has the same name in the next one.
        let texts = [&self.words, &self.lists].into_iter().flatten().map(|text| &**text.get_ref());
        let parts: Vec<&str> = ["heat"].into_iter().chain(insults.iter().map(String::as_str)).chain(texts).collect();
        let measure = Measure {
            by: hash(&parts) as u64,
            heat: heat?,
            within: Duration::from_secs(seconds?.into()),
            members: members? as usize,
            insults,
            words,
        };
        (build.errors() == before).then(|| Box::new(measure) as Box<dyn Rule>)
    }
}

struct Measure {
    by: u64,
    heat: u32,
    within: Duration,
    members: usize,
    insults: Vec<String>,
    words: Option<RuleId>,
}

impl Rule for Measure {
    fn looks(&self) -> &'static [Look] {
        &[Look::Heat, Look::Recent]
    }

    fn asks_only(&self) -> bool {
        true
    }

    /// What makes a quarrel is mostly a violation too.
    fn asks_always(&self) -> bool {
        true
    }

    fn needs(&self, needs: &mut Needs) {
        needs.heats(self.within * 2);
    }

    fn heat(&self, heard: &Heard<'_>) -> Option<Heat> {
        let insulting = heard.found.iter().any(|category| self.insults.iter().any(|insult| **insult == **category));
        let negative = heard.words.iter().any(|word| Some(word.list) == self.words);
        let mentions = |segment: &Segment| matches!(segment, Segment::Mention { .. });
        let answers = heard.message.quote.is_some() || heard.message.content.iter().any(mentions);
        let words = if insulting { INSULT } else { u8::from(negative) * NEGATIVE };
        (words > 0 || answers).then_some(Heat { by: self.by, words, answers })
    }

    fn in_recent(&self, recent: &Recent, sighting: &Sighting, said: &Said<'_>, found: &mut Found<'_>) {
        let Some(heat) = sighting.heats.iter().flatten().find(|heat| heat.by == self.by) else { return };
        let near: Vec<Heated> = recent.heat(self.by, sighting.group, sighting.time, self.within * 2).copied().collect();
        let mine = |one: &&Heated| {
            (one.user(), one.time, one.words, one.answers) == (sighting.user, sighting.time, heat.words, heat.answers)
        };
        let Some(this) = near.iter().find(mine) else { return };
        if begins(&near, this, |one| one.time, self.within, |window| self.is_enough(window)) {
            found.push(said.text.whole());
        }
    }

    fn limit(&self) -> Option<String> {
        Some(format!("heat {} by {} members within {} s", self.heat, self.members, self.within.as_secs()))
    }
}

impl Measure {
    /// Whether a window is so heated. Answers count, but no more than the words do: a lively talk is no quarrel.
    fn is_enough(&self, window: &[Heated]) -> bool {
        let words: u32 = window.iter().map(|one| u32::from(one.words)).sum();
        let answers = window.iter().filter(|one| one.answers).count() as u32;
        if words + answers.min(words) < self.heat {
            return false;
        }
        let heated = window.iter().filter(|one| one.words > 0);
        different(heated, |one| one.user(), self.members) >= self.members
    }
}
