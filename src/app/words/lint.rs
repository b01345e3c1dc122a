//! What speaks against a word of somebody else's list. Public lists flag 2–20 % of ordinary talk: they hold words that people
//! say all day, and short ones that stand in other words.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::collisions::{across_words, inside_words};
use crate::config::SHIPPED;
use crate::domain::disguise;
use crate::domain::rules::list_entries;
use crate::domain::text::Text;

/// A word is everyday when it is said so often in a million words …
const EVERYDAY: f64 = 15.0;
/// … and stands in others too often when it does so this often: across a border …
const ACROSS: f64 = 1.0;
/// … or inside.
const INSIDE: f64 = 3.0;
/// Letters alone need so many …
const LETTERS: usize = 3;
/// … and digits alone so many.
const DIGITS: usize = 5;
/// What has more characters is a sentence: nobody says it twice.
const LONGEST: usize = 40;

/// Why a word is not taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// Folding leaves nothing of it.
    Empty,
    /// It folds to one character.
    OneCharacter,
    /// Few letters or digits and nothing else.
    ShortLatin,
    /// It is a sentence.
    Long,
    /// It begins with, or has behind a space, what is a mark in our lists.
    Marked,
    /// The same as this one, which came before.
    Same(Arc<str>),
    /// This shipped list has it.
    Shipped(&'static str),
    /// So often in a million words.
    Everyday(f64),
    /// It stands inside longer words, so often in a million.
    Inside(f64),
    /// It stands across the border of two words, so often in a million.
    Across(f64),
    /// Several words joined by `&`.
    Joined,
    /// A pattern that cannot be used, and why.
    Pattern(String),
}

impl Why {
    /// The kind of reason, in the words of a report.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "nothing is left of it when it is folded",
            Self::OneCharacter => "one character: it would be found everywhere",
            Self::ShortLatin => "few letters or digits alone",
            Self::Long => "a sentence, not a word",
            Self::Marked => "its # or ! means something else in our lists",
            Self::Same(_) => "the same as another one",
            Self::Shipped(_) => "in a shipped list already",
            Self::Everyday(_) => "everyday words",
            Self::Inside(_) => "stands inside longer everyday words",
            Self::Across(_) => "stands across the border of two words",
            Self::Joined => "several words joined by &: write a `combination` rule",
            Self::Pattern(_) => "patterns that cannot be used",
        }
    }

    /// What is to be said of this one word, beyond the kind.
    pub fn detail(&self) -> String {
        match self {
            Self::Same(other) => format!("as {other}"),
            Self::Shipped(list) => format!("in {list}"),
            Self::Everyday(often) | Self::Inside(often) | Self::Across(often) => {
                format!("about {} in a million words", often.round().max(1.0))
            }
            Self::Pattern(why) => why.clone(),
            Self::Empty | Self::OneCharacter | Self::ShortLatin | Self::Long | Self::Marked | Self::Joined => {
                String::new()
            }
        }
    }
}

/// The words of the shipped lists, folded, with the list.
static OURS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    // The words of parts count only together, so they may be wanted by themselves.
    let alone = |path: &str| path.ends_with(".txt") && !path.contains("/part_");
    let lists = SHIPPED.iter().filter(|(path, _)| alone(path));
    let mut fold = Text::default();
    let mut ours = HashMap::new();
    for (path, text) in lists {
        for (word, _) in list_entries(text).filter(|(_, exception)| !exception) {
            fold.set(word);
            ours.entry(fold.folded.text.clone()).or_insert(*path);
        }
    }
    ours
});

/// Looks at words one by one and remembers them.
#[derive(Default)]
pub struct Linter {
    text: Text,
    seen: HashMap<String, Arc<str>>,
}

impl Linter {
    /// What speaks against a word. It is remembered: the same one is not looked at twice.
    ///
    /// # Errors
    /// The first reason not to take it.
    pub fn check(&mut self, word: &str) -> Result<(), Why> {
        if word.starts_with(['#', '＃', '!', '！'])
            || word.contains([' ', '\u{3000}', '\t']) && word.contains(['#', '＃'])
        {
            return Err(Why::Marked);
        }
        self.text.set(word);
        let folded = &self.text.folded.text;
        form(folded)?;
        if let Some(other) = self.seen.get(folded) {
            return Err(Why::Same(other.clone()));
        }
        self.seen.insert(folded.clone(), word.into());
        match OURS.get(folded) {
            Some(list) => Err(Why::Shipped(list)),
            None => usual(folded),
        }
    }
}

fn form(folded: &str) -> Result<(), Why> {
    let length = folded.chars().count();
    let latin = folded.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let digits = folded.bytes().all(|byte| byte.is_ascii_digit());
    match length {
        0 => Err(Why::Empty),
        1 => Err(Why::OneCharacter),
        _ if length > LONGEST => Err(Why::Long),
        _ if latin && length < LETTERS || digits && length < DIGITS => Err(Why::ShortLatin),
        _ => Ok(()),
    }
}

fn usual(folded: &str) -> Result<(), Why> {
    let said = disguise::per_million(folded);
    if said >= EVERYDAY {
        return Err(Why::Everyday(said));
    }
    let (inside, across) = (inside_words(folded), across_words(folded));
    if inside >= INSIDE {
        return Err(Why::Inside(inside));
    }
    if across >= ACROSS { Err(Why::Across(across)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_found() {
        let mut linter = Linter::default();
        let mut kind = |word: &str| linter.check(word).map_err(|why| why.kind()).err();
        assert_eq!(kind("无痛割双眼皮"), None);
        let rows = [
            ("……", Why::Empty.kind()),
            ("赌", Why::OneCharacter.kind()),
            ("sm", Why::ShortLatin.kind()),
            ("8964", Why::ShortLatin.kind()),
            ("#话题", Why::Marked.kind()),
            ("手机", Why::Everyday(0.0).kind()),
            ("然后", Why::Everyday(0.0).kind()),
            ("他的", Why::Everyday(0.0).kind()),
            ("路口", Why::Inside(0.0).kind()),
            ("干你", Why::Across(0.0).kind()),
            ("无痛割雙眼皮", Why::Same("".into()).kind()),
        ];
        for (word, expected) in rows {
            assert_eq!(kind(word), Some(expected), "{word}");
        }
        let (word, list) = OURS.iter().min().map(|(word, list)| (word.clone(), *list)).unwrap();
        assert_eq!(linter.check(&word), Err(Why::Shipped(list)));
        assert_eq!(linter.check(&"很".repeat(41)), Err(Why::Long));
    }
}
