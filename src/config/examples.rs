//! Tries the `hit` and `miss` examples that are written beside the rules.

use super::faults::Faults;
use super::rules::Examples;
use super::section::Placed;
use crate::domain::policy::Mode;
use crate::domain::recent::Needs;
use crate::domain::rules::{Hit, Rule, RuleInfo, Ruleset, Scratch};

/// Whether a rule looks at several messages, so that one example cannot show what it finds.
pub(super) fn needs_several(rule: &dyn Rule) -> bool {
    let mut needs = Needs::default();
    rule.needs(&mut needs);
    needs != Needs::default()
}

/// Tries all examples. `several` says for each rule whether it looks at several messages.
pub(super) fn check(examples: &[Examples], rules: &Ruleset, infos: &[RuleInfo], several: &[bool], faults: &Faults) {
    let mut bench = Bench { rules, infos, scratch: Scratch::default(), faults };
    for one in examples {
        let at = usize::from(one.rule.0);
        let (Some(info), Some(several)) = (infos.get(at), several.get(at)) else { continue };
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
    infos: &'a [RuleInfo],
    scratch: Scratch,
    faults: &'a Faults,
}

impl Bench<'_> {
    fn hit(&mut self, info: &RuleInfo, rule: &Examples, example: &Placed<String>) {
        self.rules.find_in_text(&example.value, &mut self.scratch);
        if self.scratch.hits.iter().any(|hit| hit.rule == rule.rule) {
            return;
        }
        let others: Vec<_> = self.scratch.hits.iter().map(|hit| self.describe(hit, &example.value)).collect();
        let found = if others.is_empty() { "nothing is found in it".to_owned() } else { others.join("; ") };
        let fault = self.faults.at(&example.at, format!("`{}` does not find this example: {found}", info.name));
        self.faults.add(fault.help("change the rule so that it finds it, or take the example out of `hit`"));
    }

    fn miss(&mut self, info: &RuleInfo, rule: &Examples, example: &Placed<String>) {
        self.rules.find_in_text(&example.value, &mut self.scratch);
        let Some(hit) = self.scratch.hits.iter().find(|hit| hit.rule == rule.rule) else { return };
        let found = self.describe(hit, &example.value);
        let message = format!("this example should be left alone: {found}");
        let help =
            format!("make `{}` narrower (a word list takes exceptions: `! …`), or take it out of `miss`", info.name);
        self.faults.add(self.faults.at(&example.at, message).help(help));
    }

    /// What a hit is, in words.
    fn describe(&self, hit: &Hit, text: &str) -> String {
        let rule = self.infos.get(usize::from(hit.rule.0)).map_or("", |info| &*info.name);
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
        let help = "hit = [\"a message that it must find\"], miss = [\"an innocent one that looks alike\"]";
        self.faults.add_missing(fault.help(help));
    }
}
