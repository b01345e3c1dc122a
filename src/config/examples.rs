//! Tries the `hit` and `miss` examples that are written beside the rules.

use jiff::tz::TimeZone;

use super::example::Example;
use super::faults::Faults;
use super::rules::{Examples, default_setting};
use super::section::Placed;
use crate::domain::policy::{Mode, RuleSetting};
use crate::domain::recent::Needs;
use crate::domain::rules::{Hit, Kind, Learned, Moment, Rule, RuleInfo, Ruleset, Scratch};

/// Whether a rule looks at several messages, so that one example cannot show what it finds.
pub(super) fn needs_several(rule: &dyn Rule) -> bool {
    let mut needs = Needs::default();
    rule.needs(&mut needs);
    needs != Needs::default()
}

/// Tries all examples. `several` says for each rule whether it looks at several messages.
pub(super) fn check(examples: &[Examples], rules: &Ruleset, kinds: &[Kind], several: &[bool], faults: &Faults) {
    let settings = vec![default_setting(); rules.infos().len()];
    let mut bench = Bench { rules, kinds, settings, scratch: Scratch::default(), faults };
    for one in examples {
        let at = usize::from(one.rule.0);
        let (Some(info), Some(several)) = (rules.infos().get(at), several.get(at)) else { continue };
        if *several {
            for example in one.hit.iter().chain(&one.miss) {
                let fault = faults.at(&example.at, format!("a {} rule looks at several messages", info.kind));
                faults.add(fault.help("take the example out: one message cannot show what it finds"));
            }
            continue;
        }
        one.hit.iter().for_each(|example| bench.hit(info, one, example));
        one.miss.iter().for_each(|example| bench.miss(info, one, example));
        bench.wanting(info, one);
    }
}

struct Bench<'a> {
    rules: &'a Ruleset,
    kinds: &'a [Kind],
    /// On, whatever they are: also a rule that is off is tried.
    settings: Vec<RuleSetting>,
    scratch: Scratch,
    faults: &'a Faults,
}

impl Bench<'_> {
    fn find(&mut self, example: &Example) {
        let Example { message, at, joined } = example;
        self.rules.find(message, &mut self.scratch);
        self.rules.find_learned(message, Learned::default(), &mut self.scratch);
        if let Some(time) = *at {
            let moment = Moment { time, zone: &TimeZone::UTC, joined: *joined, edited: false };
            self.rules.find_at(message, moment, None, &self.settings, &mut self.scratch);
        }
        if !message.sender.name.is_empty() {
            self.rules.add_name(&message.sender.name, &mut self.scratch);
        }
    }

    fn hit(&mut self, info: &RuleInfo, rule: &Examples, example: &Placed<Example>) {
        self.find(&example.value);
        if self.scratch.hits.iter().any(|hit| hit.rule == rule.rule) {
            return;
        }
        let others: Vec<_> = self.scratch.hits.iter().map(|hit| self.describe(hit)).collect();
        let found = match others.is_empty() {
            true if info.kind == "keywords" && self.rules.words_of(rule.rule) == 0 => {
                "its lists have no words".to_owned()
            }
            true => "nothing is found in it".to_owned(),
            false => others.join("; "),
        };
        let fault = self.faults.at(&example.at, format!("`{}` does not find this example: {found}", info.name));
        let help = "change the rule so that it finds it, or take the example out of `hit`";
        self.faults.add(match self.shown_by(info) {
            "" => fault.help(help),
            table => fault.help(format!("{help}; an example for this kind is e.g. {table}")),
        });
    }

    fn miss(&mut self, info: &RuleInfo, rule: &Examples, example: &Placed<Example>) {
        self.find(&example.value);
        let Some(hit) = self.scratch.hits.iter().find(|hit| hit.rule == rule.rule) else { return };
        let found = self.describe(hit);
        let message = format!("this example should be left alone: {found}");
        let help =
            format!("make `{}` narrower (a word list takes exceptions: `! …`), or take it out of `miss`", info.name);
        self.faults.add(self.faults.at(&example.at, message).help(help));
    }

    /// What a hit is, in words.
    fn describe(&self, hit: &Hit) -> String {
        let text = &self.scratch.text.original;
        let rule = self.rules.infos().get(usize::from(hit.rule.0)).map_or("", |info| &*info.name);
        let (start, end) = (hit.span.start as usize, hit.span.end as usize);
        let inside = || text.chars().skip(start).take(end.saturating_sub(start)).collect();
        let matched: String = hit.matched.clone().unwrap_or_else(inside);
        let word = hit.word.as_ref().map(|word| format!(" by its entry `{word}`")).unwrap_or_default();
        format!("`{rule}` finds `{matched}` at {start}..{end}{word}")
    }

    /// A rule without examples is probably not tried.
    fn wanting(&self, info: &RuleInfo, rule: &Examples) {
        let wanting = match (rule.hit.is_empty(), rule.miss.is_empty()) {
            _ if info.setting.mode == Mode::Off => return,
            (false, false) => return,
            (true, true) => "`hit` and no `miss`",
            (true, false) => "`hit`",
            (false, true) => "`miss`",
        };
        let fault = self.faults.at(&rule.at, format!("the rule `{}` has no {wanting} examples", info.name)).warning();
        let help = match self.shown_by(info) {
            "" => "hit = [\"a message that it must find\"], miss = [\"an innocent one that looks alike\"]".to_owned(),
            table => format!("hit = [{table}], and in miss = […] an innocent one that looks alike"),
        };
        self.faults.add_missing(fault.help(help));
    }

    /// How an example for a kind is written, where a text cannot show what it finds.
    fn shown_by(&self, info: &RuleInfo) -> &'static str {
        self.kinds.iter().find(|kind| kind.name == info.kind).map_or("", |kind| kind.example)
    }
}
