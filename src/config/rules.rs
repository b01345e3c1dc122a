//! Reads `[[rule]]`: first the keys that every rule has, then, by the kind's own reader ([`super::draft`]), the others.

use std::collections::HashMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::draft;
use super::example::{self, Example};
use super::faults::{Faults, Place};
use super::files::Files;
use super::keys;
use super::section::{Number, Placed, Section, did_you_mean};
use super::tree::{Entries, RuleTable, entry};
use crate::domain::event::Role;
use crate::domain::lexicon::LexiconBuilder;
use crate::domain::policy::{Mode, Roles, RuleSetting, Severity, Verdict};
use crate::domain::rules::{Build, EXEMPT_ROLES, Excuse, Kind, Rule, RuleId, RuleInfo, Ruleset};
use crate::fault::Fault;

/// The keys that every rule has.
pub(super) fn common<'n>() -> impl Iterator<Item = &'n str> + Clone {
    keys::names(keys::EVERY_RULE).chain(keys::names(keys::SETTING))
}

/// No configuration has more rules.
const MOST_RULES: usize = 10_000;

pub(super) const CLAUSE: Number =
    Number { key: "clause", range: 1..=9999, unit: "(a number of the group's rules)", default: 1 };

/// The modes of a rule, a profile or a group.
pub(super) const MODES: [(&str, Mode); 3] = [("on", Mode::On), ("observe", Mode::Observe), ("off", Mode::Off)];
const SEVERITIES: [(&str, Severity); 3] =
    [("minor", Severity::Minor), ("serious", Severity::Serious), ("severe", Severity::Severe)];
const VERDICTS: [(&str, Verdict); 2] = [("violation", Verdict::Violation), ("review", Verdict::Review)];

/// All rules, in order.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) built: Vec<(RuleInfo, Box<dyn Rule>)>,
    pub(super) lexicon: LexiconBuilder,
    pub(super) examples: Vec<Examples>,
    /// What is to be warned of where a rule is not off.
    pub(super) where_on: Vec<(RuleId, Fault)>,
    /// What excuses the hits of rules.
    pub(super) excuses: Vec<Excuse>,
    /// Every name that is written, also of rules with faults, with its place.
    pub(super) names: HashMap<Arc<str>, (RuleId, Place)>,
}

/// What an admin says a rule finds and what it does not.
pub(super) struct Examples {
    pub(super) rule: RuleId,
    pub(super) at: Place,
    pub(super) hit: Vec<Placed<Example>>,
    pub(super) miss: Vec<Placed<Example>>,
}

/// Stands in for a rule with faults, so that all others are still tried.
struct Nothing;

impl Rule for Nothing {}

/// Reads all rules.
pub(super) fn read(tables: Vec<RuleTable<'_>>, kinds: &[Kind], files: &Files<'_>, faults: &Faults) -> Rules {
    let mut rules = Rules::default();
    if let Some(extra) = tables.get(MOST_RULES) {
        faults.add(faults.at(&extra.at, format!("there are more than {MOST_RULES} rules")));
    }
    for (no, table) in tables.into_iter().take(MOST_RULES).enumerate() {
        let id = RuleId(u16::try_from(no).unwrap_or(u16::MAX));
        rules.read_one(id, table, kinds, &Reader { files, faults });
    }
    rules
}

/// What is doubtful counts like everything else where nothing that is `on` doubts. Told once, at the first of these rules.
pub(super) fn warn_of_doubt_without_a_model(
    ruleset: &Ruleset,
    on: impl Fn(RuleId) -> bool,
    names: &HashMap<Arc<str>, (RuleId, Place)>,
    faults: &Faults,
) {
    if faults.errors() > 0 || ruleset.doubts() {
        return;
    }
    let doubtful = ruleset.infos().iter().filter(|info| info.doubtful);
    let mut doubtful = doubtful.filter_map(|info| names.get_key_value(&info.name)).filter(|(_, (id, _))| on(*id));
    let Some((name, (_, at))) = doubtful.next() else { return };
    let told = match doubtful.count() {
        0 => format!("`{name}` is doubtful, and no rule that is on doubts: all it finds counts"),
        more => format!("`{name}` and {more} more are doubtful, and no rule that is on doubts: all they find counts"),
    };
    let help = "write doubts = 15 in a rule of kind \"score\" that is on, or take doubtful out";
    faults.add(faults.at(at, told).help(help).warning());
}

struct Reader<'a> {
    files: &'a Files<'a>,
    faults: &'a Faults,
}

impl Rules {
    fn read_one(&mut self, id: RuleId, rule: RuleTable<'_>, kinds: &[Kind], reader: &Reader<'_>) {
        let RuleTable { at, mut table } = rule;
        let faults = reader.faults;
        let mut common = Section::new("this [[rule]]", at.clone(), take_common(&at, &mut table), faults);
        let name = self.name(id, &mut common, faults);
        let kind = kind(&mut common, kinds, faults);
        let title = common.text("title");
        if title.is_none() {
            common.missing("title", "say in plain words what members are told they did: title = \"广告\"");
        }
        let category = common.text("category").map(|category| Arc::from(category.value));
        let clause = common.number(&CLAUSE);
        let setting = setting(&mut common, faults, default_setting());
        let hit = example::list(&mut common, "hit", faults);
        let miss = example::list(&mut common, "miss", faults);
        let [unless, despite] = ["unless", "despite"].map(|key| spanned(common.texts(key)));
        let doubtful = common.flag("doubtful").unwrap_or(false);
        common.finish();

        let info = RuleInfo {
            category: category.unwrap_or_else(|| Arc::from(name.split('.').next().unwrap_or(&name))),
            name,
            kind: kind.map_or("", |kind| kind.name),
            title: title.map_or_else(|| Arc::from(""), |title| Arc::from(title.value)),
            clause,
            doubtful,
            setting,
        };
        let made = kind.and_then(|kind| self.build(id, kind, &at, table, [&unless, &despite], reader));
        if made.is_some() && !faults.is_broken(&at) {
            self.examples.push(Examples { rule: id, at, hit, miss });
        }
        self.built.push((info, made.unwrap_or_else(|| Box::new(Nothing))));
    }

    fn name(&mut self, id: RuleId, common: &mut Section<'_>, faults: &Faults) -> Arc<str> {
        let Some(name) = common.text("name") else {
            common.missing("name", "give each rule its own name: name = \"ads.contact\"");
            return Arc::from(format!("rule {}", id.0));
        };
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !name.value.chars().all(plain) || name.value.chars().count() > 64 {
            let fault = faults.at(&name.at, format!("`{}` cannot be a rule's name", name.value));
            faults.add(fault.help("use at most 64 letters, digits, `.`, `_` and `-`, such as ads.contact"));
        }
        common.name = format!("the rule `{}`", name.value);
        let value: Arc<str> = Arc::from(name.value);
        match self.names.get(&value) {
            Some((_, other)) => {
                let other = faults.whereabouts(other);
                let fault = faults.at(&name.at, format!("there is already a rule `{value}` at {other}"));
                faults.add(
                    fault.help(
                        "give each rule its own name; if its file is a copy of another, move it out of the folder",
                    ),
                );
            }
            None => {
                self.names.insert(value.clone(), (id, name.at));
            }
        }
        value
    }

    fn build(
        &mut self,
        id: RuleId,
        kind: &Kind,
        at: &Place,
        table: DeTable<'_>,
        [unless, despite]: [&[Spanned<String>]; 2],
        reader: &Reader<'_>,
    ) -> Option<Box<dyn Rule>> {
        let faults = reader.faults;
        let before = faults.errors();
        let (draft, whole) = draft::read(kind, at, table, faults)?;
        let source = faults.source(at);
        let (mut found, mut where_on) = (Vec::new(), Vec::new());
        let mut build = Build {
            id,
            source,
            span: at.span.clone(),
            read: &mut |path| reader.files.named(source, path),
            lexicon: &mut self.lexicon,
            faults: &mut found,
            where_on: &mut where_on,
        };
        let rule = draft.build(&mut build);
        self.excuses.extend(Excuse::build(&mut build, unless, despite));
        self.where_on.extend(where_on.into_iter().map(|fault| (id, fault)));
        // what a kind says of the rule as such is mostly that something is not there
        let heading = faults.at(at, "").line;
        for fault in found {
            let of_rule = fault.file == source.file && fault.line == heading;
            match (of_rule, whole) {
                (true, true) => faults.add_missing(fault),
                (true, false) => {}
                (false, _) => faults.add(fault),
            }
        }
        if !whole {
            return None;
        }
        if rule.is_none() && faults.errors() == before {
            faults.add_missing(faults.at(at, format!("this {} rule cannot be used", kind.name)));
        }
        rule
    }
}

/// Texts with their places in the file of their rule.
fn spanned(texts: Option<Vec<Placed<String>>>) -> Vec<Spanned<String>> {
    texts.unwrap_or_default().into_iter().map(|text| Spanned::new(text.at.span, text.value)).collect()
}

/// Takes the keys that every rule has out of its table.
fn take_common(at: &Place, table: &mut DeTable<'_>) -> Entries {
    let taken = common().filter_map(|name| {
        let (key, value) = table.remove_entry(name)?;
        Some((name.to_owned(), entry(at.file, key.span(), value)))
    });
    taken.collect()
}

fn kind<'k>(common: &mut Section<'_>, kinds: &'k [Kind], faults: &Faults) -> Option<&'k Kind> {
    let all = || kinds.iter().map(|kind| kind.name);
    let Some(name) = common.text("kind") else {
        let list: Vec<_> = kinds.iter().map(|kind| format!("`{}` ({})", kind.name, kind.about)).collect();
        common.missing("kind", format!("write kind = \"…\", one of {}", list.join(", ")));
        return None;
    };
    let kind = kinds.iter().find(|kind| kind.name == name.value);
    if kind.is_none() {
        let fault = faults.at(&name.at, format!("there is no kind of rule called `{}`", name.value));
        faults.add(fault.help(did_you_mean(&name.value, all().collect::<Vec<_>>())));
    }
    kind
}

/// What a rule does where nobody says otherwise.
pub(super) fn default_setting() -> RuleSetting {
    RuleSetting {
        mode: Mode::On,
        severity: Severity::Minor,
        verdict: Verdict::Violation,
        exempt: EXEMPT_ROLES.into_iter().collect(),
        delete: true,
    }
}

/// Reads what a rule does, over what it does otherwise.
pub(super) fn setting(section: &mut Section<'_>, faults: &Faults, base: RuleSetting) -> RuleSetting {
    RuleSetting {
        mode: section.word("mode", &MODES).unwrap_or(base.mode),
        severity: section.word("severity", &SEVERITIES).unwrap_or(base.severity),
        verdict: section.word("verdict", &VERDICTS).unwrap_or(base.verdict),
        exempt: section.texts("exempt_roles").map_or(base.exempt, |named| roles(&named, faults)),
        delete: section.flag("delete").unwrap_or(base.delete),
    }
}

/// Roles by their names.
pub(super) fn roles(named: &[Placed<String>], faults: &Faults) -> Roles {
    let role = |name: &Placed<String>| {
        let role = Role::parse_in_toml(&name.value);
        if role.is_none() {
            let fault = faults.at(&name.at, format!("there is no role `{}`", name.value));
            faults.add(fault.help(did_you_mean(&name.value, Role::NAMES_IN_TOML)));
        }
        role
    };
    named.iter().filter_map(role).collect()
}
