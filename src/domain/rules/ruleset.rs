//! All rules of a configuration, matched in one pass.

use std::fmt;
use std::sync::Arc;

use super::disguised;
use super::excuse::{Excuse, drop_excused};
use super::plainer::Used;
use super::scratch::{Scratch, Words};
use super::screen::Screen;
use super::{Found, Heard, Hit, Learned, Learnt, Look, Moment, Rule, RuleId, RuleInfo, Said, Word, personal_data};
use crate::domain::event::{Message, PLACEHOLDER, Segment};
use crate::domain::ids::MemberKey;
use crate::domain::lexicon::{Lexicon, LexiconBuilder, Spared, WordHit, WordUse};
use crate::domain::policy::{Mode, RuleSetting};
use crate::domain::recent::{Heat, MOST_MEASURES, Needs, Recent, Sighting};
use crate::domain::score::Taught;
use crate::domain::text::{LONGEST_READ, Text, first};

/// All rules of a configuration, matched in one pass.
#[derive(Default)]
pub struct Ruleset {
    infos: Vec<RuleInfo>,
    rules: Vec<Box<dyn Rule>>,
    /// The rules that look at each thing, by [`Look`].
    looking: [Vec<RuleId>; Look::ALL.len()],
    lexicon: Lexicon,
    screen: Screen,
    excuses: Vec<Excuse>,
    needs: Needs,
}

impl fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ruleset").field("rules", &self.infos.len()).field("words", &self.lexicon.len()).finish()
    }
}

/// Where hits in a name are.
const NAME: &str = "sender.name";

impl Ruleset {
    /// Puts rules together. The place of a rule is its [`RuleId`].
    pub fn new(rules: Vec<(RuleInfo, Box<dyn Rule>)>, lexicon: LexiconBuilder) -> Self {
        let (infos, rules): (Vec<_>, Vec<_>) = rules.into_iter().unzip();
        let mut needs = Needs::default();
        for rule in &rules {
            rule.needs(&mut needs);
            needs.pieces(rule.pieces());
        }
        let mut looking = Look::ALL.map(|look| {
            let all = rules.iter().map(|rule| &**rule).zip((0..).map(RuleId));
            all.filter(|(rule, _): &(&dyn Rule, RuleId)| rule.looks().contains(&look)).map(|(_, id)| id).collect()
        });
        // Those that look at texts and say what they need are tried where the screen says so, the others always.
        let in_texts: &mut Vec<RuleId> = &mut looking[Look::Text as usize];
        let needed = |id: &RuleId| Some((*id, rules.get(usize::from(id.0))?.needed()?));
        let screen = Screen::new(in_texts.iter().filter_map(needed));
        in_texts.retain(|id| !screen.has(*id));
        Self { infos, rules, looking, lexicon: lexicon.build(), screen, excuses: Vec::new(), needs }
    }

    /// The same with what excuses hits of its rules.
    #[must_use]
    pub fn excused_by(self, excuses: Vec<Excuse>) -> Self {
        Self { excuses, ..self }
    }

    /// The same, of which only these rules look at anything: what finds nothing that counts anywhere costs nothing.
    #[must_use]
    pub fn only(mut self, counts: impl Fn(RuleId) -> bool) -> Self {
        self.looking.iter_mut().for_each(|ids| ids.retain(|id| counts(*id)));
        self.screen.only(counts);
        self
    }

    /// The same, which has given back the memory that looking took: what tries the rules once is not what looks every day.
    #[must_use]
    pub fn cooled(mut self) -> Self {
        self.rules.iter_mut().for_each(|rule| rule.cool());
        self
    }

    /// The rules, by [`RuleId`].
    pub fn infos(&self) -> &[RuleInfo] {
        &self.infos
    }

    /// Where a word is written, in whatever disguise it is asked for.
    pub fn uses_of(&self, word: &str) -> Vec<WordUse> {
        let mut text = Text::default();
        text.set(word);
        self.lexicon.uses_of(&text.folded)
    }

    /// The exceptions in which a folded word stands, of the lists that use it.
    pub fn exceptions_with(&self, folded: &str, uses: &[WordUse]) -> Vec<(WordUse, Arc<str>)> {
        let lists: Vec<RuleId> = uses.iter().filter(|one| !one.exception).map(|one| one.list).collect();
        self.lexicon.exceptions_with(folded, &lists)
    }

    /// Whether what a rule finds is kept in no case as it was written.
    pub fn conceals(&self, rule: &str) -> bool {
        self.infos.iter().any(|info| *info.name == *rule && info.kind == personal_data::NAME)
    }

    /// Whether what a rule of this name finds is about several members, and not about who completes it.
    pub fn is_of_many(&self, rule: &str) -> bool {
        self.named(rule).is_some_and(Rule::asks_only)
    }

    /// Whether a person is asked about what a rule of this name finds also where the message is a violation by itself.
    pub fn asks_always(&self, rule: &str) -> bool {
        self.named(rule).is_some_and(Rule::asks_always)
    }

    fn named(&self, rule: &str) -> Option<&dyn Rule> {
        let at = self.infos.iter().position(|info| *info.name == *rule)?;
        self.rules.get(at).map(|rule| &**rule)
    }

    /// How many words a rule has that are hits by themselves, without exceptions.
    pub fn words_of(&self, rule: RuleId) -> usize {
        self.lexicon.words_in(rule)
    }

    /// What the rules need to have been remembered.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Folds a message into `scratch.text` and puts the hits of all rules that need one message into `scratch.hits`: those
    /// of its text by place, then those of its other parts.
    pub fn find(&self, message: &Message, scratch: &mut Scratch) {
        let Scratch { text, hits, read_in_part, heats, part, words, .. } = scratch;
        hits.clear();
        text.set_with(|original| {
            for segment in &message.content {
                match segment {
                    Segment::Text(part) | Segment::Qr(part) => original.push_str(part),
                    _ => original.push(PLACEHOLDER),
                }
            }
        });
        *read_in_part = is_read_in_part(message, text);
        self.in_text(text, words, hits);
        *heats = self.heats(message, &words.apart, hits);
        for (name, original) in parts(message) {
            let first = hits.len();
            part.set(original);
            self.in_text(part, words, hits);
            for hit in hits.iter_mut().skip(first) {
                hit.part = Some(name());
                hit.matched = Some(part.slice(hit.span).to_owned());
            }
        }
        if message.content.iter().any(|segment| !matches!(segment, Segment::Text(_))) {
            for (rule, id) in self.looking(Look::Message) {
                rule.in_message(message, &mut Found { rule: id, hits });
            }
        }
    }

    /// The same for a bare text, such as a nickname.
    pub fn find_in_text(&self, text: &str, scratch: &mut Scratch) {
        scratch.hits.clear();
        scratch.read_in_part = false;
        scratch.text.set(text);
        self.in_text(&scratch.text, &mut scratch.words, &mut scratch.hits);
    }

    /// Folds what a member calls themselves into `scratch.text` and puts what the rules about names find in it into
    /// `scratch.hits`.
    pub fn find_in_name(&self, name: &str, scratch: &mut Scratch) {
        let Scratch { text, hits, read_in_part, words, .. } = scratch;
        hits.clear();
        *read_in_part = false;
        text.set(name);
        self.in_name(text, words, hits);
    }

    /// Adds what the rules about names find in the sender's name. `scratch` is as [`Ruleset::find`] left it.
    pub fn add_name(&self, name: &str, scratch: &mut Scratch) {
        let Scratch { part, hits, words, .. } = scratch;
        part.set(name);
        self.in_name(part, words, hits);
    }

    /// Whether a rule about names applies under these settings.
    pub fn judges_names(&self, settings: &[RuleSetting]) -> bool {
        self.looking(Look::Name).any(|(_, id)| is_on(settings, id))
    }

    /// Adds the hits of the rules that look at when a message was sent, as far as they are on. `earlier` is what was said
    /// lately, this message included, and who says it; `scratch` is as [`Ruleset::find`] left it.
    pub fn find_at(
        &self,
        message: &Message,
        moment: Moment<'_>,
        earlier: Option<(&Recent, MemberKey)>,
        settings: &[RuleSetting],
        scratch: &mut Scratch,
    ) {
        let Scratch { text, hits, .. } = scratch;
        let said = Said { message, text, moment, earlier };
        for (rule, id) in self.looking(Look::Moment).filter(|(_, id)| is_on(settings, *id)) {
            rule.at_moment(&said, &mut Found { rule: id, hits });
        }
    }

    /// Takes out what is doubted, and adds the hits of the rules that learn, in the message's text and what can be read of its
    /// other parts. `scratch` is as [`Ruleset::find`] left it.
    pub fn find_learned(&self, message: &Message, learned: Learned<'_>, scratch: &mut Scratch) {
        let Scratch { text, hits, part, words, features, .. } = scratch;
        self.drop_doubted(text, features, learned, hits);
        for (rule, id) in self.looking(Look::Learned) {
            rule.by_learning(text, features, learned, &mut Found { rule: id, hits });
            for (name, original) in parts(message) {
                let first = hits.len();
                part.set(original);
                rule.by_learning(part, features, learned, &mut Found { rule: id, hits });
                for hit in hits.iter_mut().skip(first) {
                    hit.part = Some(name());
                    hit.matched = Some(part.slice(hit.span).to_owned());
                }
            }
        }
        self.find_plainer(text, learned, Used { part, words, features }, hits);
    }

    /// What the rules that learn have learnt.
    pub fn learnt(&self, learned: Learned<'_>) -> impl Iterator<Item = (RuleId, Learnt)> {
        self.looking(Look::Learned).filter_map(move |(rule, id)| Some((id, rule.learnt(learned)?)))
    }

    /// What a person's decision about a text is to teach; `None` where no rule learns, or where rules that learn nothing find
    /// something in it too, as far as what was `found` goes.
    pub fn taught(&self, text: &str, learned: Learned<'_>, scratch: &mut Scratch) -> Option<Taught> {
        self.find_in_text(text, scratch);
        let Scratch { text, hits, features, .. } = scratch;
        self.drop_doubted(text, features, learned, hits);
        let mut taught = self.looking(Look::Learned).find_map(|(rule, _)| rule.taught(text, features, learned))?;
        taught.found = taught.found.filter(|_| hits.is_empty());
        Some(taught)
    }

    /// Adds the hits of the rules that look at what was said lately, this message included ([`Recent::note`] comes first).
    /// `scratch` is as [`Ruleset::find`] left it.
    pub fn find_recent(
        &self,
        recent: &Recent,
        sighting: &Sighting,
        message: &Message,
        moment: Moment<'_>,
        scratch: &mut Scratch,
    ) {
        let Scratch { text, hits, .. } = scratch;
        let said = Said { message, text, moment, earlier: Some((recent, sighting.member)) };
        for (rule, id) in self.looking(Look::Recent) {
            rule.in_recent(recent, sighting, &said, &mut Found { rule: id, hits });
        }
    }

    pub(super) fn rule(&self, rule: RuleId) -> Option<&dyn Rule> {
        self.rules.get(usize::from(rule.0)).map(|rule| &**rule)
    }

    /// How heated a message is by each rule that measures it.
    fn heats(&self, message: &Message, words: &[Word], hits: &[Hit]) -> [Option<Heat>; MOST_MEASURES] {
        let mut heats = [None; MOST_MEASURES];
        if self.needs.heats.is_zero() {
            return heats;
        }
        let sure = hits.iter().filter(|hit| hit.disguise.is_none_or(|disguise| disguise.sure));
        let infos = sure.filter_map(|hit| self.infos.get(usize::from(hit.rule.0)));
        let found: Vec<Arc<str>> = infos.map(|info| info.category.clone()).collect();
        let heard = Heard { message, words, found: &found };
        let mut all: Vec<Heat> = Vec::new();
        for heat in self.looking(Look::Heat).filter_map(|(rule, _)| rule.heat(&heard)) {
            if !all.iter().any(|other| other.by == heat.by) {
                all.push(heat);
            }
        }
        heats.iter_mut().zip(all).for_each(|(slot, heat)| *slot = Some(heat));
        heats
    }

    /// Whether what a rule finds is only ever looked at by a person.
    pub fn asks_only(&self, rule: RuleId) -> bool {
        self.rule(rule).is_some_and(Rule::asks_only)
    }

    /// The rules that look at something.
    pub(super) fn looking(&self, look: Look) -> impl Iterator<Item = (&dyn Rule, RuleId)> {
        let ids = self.looking.get(look as usize).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| Some((self.rule(*id)?, *id)))
    }

    pub(super) fn in_text(&self, text: &Text, words: &mut Words, hits: &mut Vec<Hit>) {
        let first = hits.len();
        self.find_words(text, words, hits);
        for (rule, id) in self.looking(Look::Text) {
            rule.in_text(text, &mut Found { rule: id, hits });
        }
        for id in self.screen.to_be_tried(text) {
            if let Some(rule) = self.rule(id) {
                rule.in_text(text, &mut Found { rule: id, hits });
            }
        }
        let apart = &mut words.apart;
        if !apart.is_empty() {
            apart.sort_by_key(|word| (word.list, word.span.start));
            // A rule finds nothing without a word of its own.
            let has_own = |id: RuleId| apart.iter().any(|word| self.lexicon.owner(word.list) == id);
            for (rule, id) in self.looking(Look::Words).filter(|(_, id)| has_own(*id)) {
                rule.in_words(text, apart, &mut Found { rule: id, hits });
            }
            drop_excused(&self.excuses, text, apart, first, hits);
        }
        if let Some(new) = hits.get_mut(first..) {
            new.sort_by_key(|hit| (hit.span.start, std::cmp::Reverse(hit.span.end), hit.rule));
        }
    }

    /// Adds the words of lists that are in a text, plain and disguised; those that rules look at themselves stand apart.
    pub(super) fn find_words(&self, text: &Text, words: &mut Words, hits: &mut Vec<Hit>) {
        let Words { scratch, apart } = words;
        let first = hits.len();
        apart.clear();
        self.lexicon.find(&text.folded, scratch, |hit| {
            if self.lexicon.is_apart(hit.list) {
                apart.push(word(text, &hit));
                return;
            }
            let span = text.folded.span(hit.start, hit.end);
            hits.push(Hit {
                rule: hit.list,
                span,
                word: Some(hit.word.clone()),
                part: None,
                matched: None,
                disguise: None,
                scored: None,
            });
        });
        self.lexicon.find_disguised(text, scratch, |hit| {
            let (word, disguise) = (hit.word.clone(), Some(hit.disguise));
            if self.lexicon.is_apart(hit.list) {
                apart.push(Word { list: hit.list, span: hit.span, word, disguise });
                return;
            }
            let word = Some(word);
            hits.push(Hit { rule: hit.list, span: hit.span, word, part: None, matched: None, disguise, scored: None });
        });
        disguised::weigh_together(text, apart, hits, first);
    }

    fn in_name(&self, name: &Text, words: &mut Words, hits: &mut Vec<Hit>) {
        let (first, Words { scratch, apart }) = (hits.len(), words);
        apart.clear();
        self.lexicon.find(&name.folded, scratch, |hit| {
            if self.lexicon.is_apart(hit.list) {
                apart.push(word(name, &hit));
            }
        });
        self.lexicon.find_disguised(name, scratch, |hit| {
            if self.lexicon.is_apart(hit.list) {
                let (word, disguise) = (hit.word.clone(), Some(hit.disguise));
                apart.push(Word { list: hit.list, span: hit.span, word, disguise });
            }
        });
        for (rule, id) in self.looking(Look::Name) {
            rule.in_name(name, apart, &mut Found { rule: id, hits });
        }
        for hit in hits.iter_mut().skip(first) {
            hit.part = Some(NAME.to_owned());
            hit.matched = Some(name.slice(hit.span).to_owned());
        }
    }

    /// The words of a text that exceptions spared, each with its exception.
    pub fn spared(&self, text: &Text) -> Vec<(Hit, Arc<str>)> {
        let hit = |one: &Spared<'_>| {
            let span = text.folded.span(one.hit.start, one.hit.end);
            Hit {
                rule: one.hit.list,
                span,
                word: Some(one.hit.word.clone()),
                part: None,
                matched: None,
                disguise: None,
                scored: None,
            }
        };
        let own = |one: &&Spared<'_>| !self.lexicon.is_apart(one.hit.list);
        self.lexicon.spared(&text.folded).iter().filter(own).map(|one| (hit(one), one.by.clone())).collect()
    }
}

fn word(text: &Text, hit: &WordHit<'_>) -> Word {
    Word { list: hit.list, span: text.folded.span(hit.start, hit.end), word: hit.word.clone(), disguise: None }
}

fn is_on(settings: &[RuleSetting], rule: RuleId) -> bool {
    settings.get(usize::from(rule.0)).is_some_and(|setting| setting.mode != Mode::Off)
}

/// What is read of a message beside its own text, and what gives its place's name: `content[1].title`. Together not more than of
/// one text.
pub fn parts(message: &Message) -> impl Iterator<Item = (impl Fn() -> String, &str)> {
    let mut room = LONGEST_READ;
    message.content.iter().enumerate().filter_map(move |(index, segment)| {
        let (name, original) = readable_part(segment)?;
        let (read, _) = first(original, room);
        room -= read.chars().count();
        (room > 0 || !read.is_empty()).then_some((move || format!("content[{index}].{name}"), read))
    })
}

/// Whether a message is longer than what is read of it. `text` is its own text, folded.
fn is_read_in_part(message: &Message, text: &Text) -> bool {
    let parts = message.content.iter().filter_map(readable_part);
    text.folded.unread() > 0 || parts.map(|(_, part)| part.chars().count()).sum::<usize>() > LONGEST_READ
}

/// What can be read of a segment that is not part of the text.
fn readable_part(segment: &Segment) -> Option<(&'static str, &str)> {
    let (name, text) = match segment {
        Segment::Link { title, .. } | Segment::Card { title } => ("title", title),
        Segment::File { name, .. } => ("name", name),
        Segment::Voice { text } => ("text", text),
        Segment::Text(_)
        | Segment::Mention { .. }
        | Segment::Image { .. }
        | Segment::Video { .. }
        | Segment::RedPacket
        | Segment::Qr(_)
        | Segment::Other(_) => return None,
    };
    text.as_deref().map(|text| (name, text))
}
