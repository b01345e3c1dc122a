//! `personal_data`: numbers of identity and bank cards, telephone numbers, addresses of homes. What it finds is kept in no
//! case as it was written ([`crate::domain::conceal`]).

use std::collections::HashSet;
use std::sync::LazyLock;

use ::regex::Regex;
use serde::Deserialize;
use toml::Spanned;

use super::contacts::{Allowed, allowed, bank_cards, identity_cards, marks, may_have_number, phones, without_signs};
use super::regex::{Compiled, On};
use super::{Build, Draft, Found, Look, MOST_HITS, Rule};
use crate::domain::case::Span;
use crate::domain::text::Text;

/// The name of this kind.
pub(super) const NAME: &str = "personal_data";

/// The keys of a `personal_data` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonalData {
    /// What is looked for.
    kinds: Spanned<Vec<Kind>>,
    /// Numbers that anybody may know.
    #[serde(default)]
    allow: Vec<Spanned<String>>,
}

/// What is nobody else's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// 18 characters with a sound province, date of birth and check character (GB 11643).
    IdCard,
    /// 16–19 digits of a known issuer with a sound check digit (Luhn).
    BankCard,
    Phone,
    /// Where somebody lives, down to the house or the room.
    Address,
}

/// An address in the fold: a place, a street or an estate in it, a number, and a door or a house.
static ADDRESSES: LazyLock<Option<Compiled>> = LazyLock::new(|| {
    let number = r"[0-9a-z一二三四五六七八九十]{1,5}";
    let patterns = [
        format!(
            r"\p{{Han}}{{2,8}}(?:省|市|区|县|旗|镇|乡)\p{{Han}}{{1,24}}(?:路|街|大道|巷|弄|胡同|村|小区|花园|家园|公寓|新村|苑|庭|府|城|湾|里)(?:{number}(?:号院|号楼|号|弄|支弄|期|区|组))?{{1,3}}\p{{Han}}{{0,10}}{number}(?:号楼|栋|幢|座|单元|室|户|楼)"
        ),
        format!(
            r"\p{{Han}}{{2,16}}(?:路|街|大道|巷|弄|胡同|村|小区|花园|家园|公寓|新村|苑)(?:{number}(?:号|弄))?(?:{number}(?:号楼|栋|幢|座))(?:{number}单元)?{number}(?:室|户)"
        ),
    ];
    let patterns = patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect();
    Compiled::new(patterns, On::Folded).ok()
});

impl Draft for PersonalData {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let kinds: HashSet<Kind> = self.kinds.get_ref().iter().copied().collect();
        if kinds.is_empty() {
            let fault = build.source.fault(self.kinds.span(), "a `personal_data` rule without `kinds` finds nothing");
            build.faults.push(fault.help("e.g. kinds = [\"id_card\", \"bank_card\"]"));
        }
        let allow = self.allow.iter().filter_map(|one| allowed(one, build)).collect();
        (build.errors() == before).then(|| Box::new(Private { kinds, allow }) as Box<dyn Rule>)
    }
}

struct Private {
    kinds: HashSet<Kind>,
    allow: Vec<Allowed>,
}

impl Rule for Private {
    fn looks(&self) -> &'static [Look] {
        &[Look::Text]
    }

    fn in_text(&self, text: &Text, found: &mut Found<'_>) {
        if !may_have_number(&text.folded.text) {
            return;
        }
        let marks = without_signs(&marks(&text.original));
        let mut spans: Vec<Span> = Vec::new();
        let numbers =
            [(Kind::IdCard, identity_cards as fn(&_) -> _), (Kind::BankCard, bank_cards), (Kind::Phone, phones)];
        for (_, find) in numbers.into_iter().filter(|(kind, _)| self.kinds.contains(kind)) {
            let known = |digits: &str| self.allow.iter().any(|allowed| allowed.is(digits));
            spans.extend(find(&marks).into_iter().filter(|number| !known(&number.digits)).map(|number| number.span));
        }
        if let (true, Some(patterns)) = (self.kinds.contains(&Kind::Address), &*ADDRESSES) {
            spans.extend(patterns.spans(text));
        }
        spans.sort_by_key(|span| span.start);
        spans.into_iter().take(MOST_HITS).for_each(|span| found.push(span));
    }
}
