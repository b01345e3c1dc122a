//! What the rules know of one word, in words: where it is written, in which ways it is found, how often ordinary language reads
//! like it, and what one text weighs as it.

use std::fmt::Write;

use crate::domain::disguise::{
    self, AMONG_OTHERS, Chance, ENOUGH, ENOUGH_BY_SOUND, Explained, SURE, SURE_BY_SOUND, SURE_LENGTH, View, Views,
    Weighed,
};
use crate::domain::event::{Message, Role, Segment};
use crate::domain::judge;
use crate::domain::lexicon::WordUse;
use crate::domain::policy::Settings;
use crate::domain::rules::{Hit, Ruleset, Scratch};
use crate::domain::text::{Text, slice};

/// More readings of a text are not told …
const READINGS: usize = 8;
/// … nor more exceptions.
const EXCEPTIONS: usize = 12;

/// All that is known of a word.
pub fn explain(settings: &Settings, word: &str) -> String {
    let mut fold = Text::default();
    fold.set(word);
    let folded = &fold.folded.text;
    let mut text = format!("{word}{}\n", if folded == word { String::new() } else { format!(" (folded: {folded})") });
    if folded.is_empty() {
        text += "  it is found nowhere: nothing is left of it when it is folded; it has no letter and no digit\n";
        return text;
    }
    lists(&settings.rules, word, folded, &mut text);
    plain(folded, &mut text);
    let known = disguise::explain(folded);
    characters(&known, &mut text);
    patterns(&known, &mut text);
    let odds = (f64::from(ENOUGH) / 8.0).exp().round();
    text += &format!(
        "\nwhat a match in disguise needs\n  \
         It is weighed: what the text costs as it stands (by how usual its words are) against what it costs with the word in \
         its place,\n  in eighths of a natural logarithm; less sure ways of writing are taken off. From {ENOUGH} on ({odds} to one), \
         and from {ENOUGH_BY_SOUND} on if only\n  sounds differ, it is found, and a person looks at it.\n  Surely meant is a word of \
         {SURE_LENGTH} characters or more from {SURE} on if pinyin, parts, symbols or letters are in it, \
         from {SURE_BY_SOUND} on if only\n  sounds or the order differ; never by near sounds, initials or look-alikes. Exceptions, and words as they stand, come first.\n  A word that counts only beside \
         others weighs {AMONG_OTHERS} more where much of the text is written otherwise.\n"
    );
    text
}

fn lists(rules: &Ruleset, word: &str, folded: &str, text: &mut String) {
    let uses = rules.uses_of(word);
    if uses.is_empty() {
        *text += "  in no list: what follows is what would hold if it were\n";
    }
    let mut told: Vec<String> = Vec::new();
    for one in &uses {
        let info = rules.infos().get(usize::from(one.list.0));
        let rule = info.map_or("", |info| &info.name);
        let what = if one.exception { "an exception of" } else { "in" };
        let apart = if one.apart { ", no hit by itself" } else { "" };
        let disguised = match (one.exception, one.disguised) {
            (true, _) => "",
            (false, true) => ", also in disguise",
            (false, false) => ", not in disguise",
        };
        let bound = if one.bound { ", only where it begins and ends where words do (`boundary`)" } else { "" };
        told.push(format!("  {what} {rule}{}{apart}{bound}{disguised}\n", place(one)));
    }
    told.dedup(); // a rule may have the same list in several of its groups
    *text += &told.concat();
    let exceptions = rules.exceptions_with(folded, &uses);
    for (one, phrase) in exceptions.iter().take(EXCEPTIONS) {
        let _ = writeln!(text, "  not inside {phrase}{}", place(one));
    }
    if exceptions.len() > EXCEPTIONS {
        let _ = writeln!(text, "  … nor inside {} phrases more", exceptions.len() - EXCEPTIONS);
    }
}

/// Where it is written, as short as the path can be: `config/../wordlists/a.txt` is `wordlists/a.txt`.
fn place(one: &WordUse) -> String {
    let Some((file, line)) = &one.place else { return String::new() };
    let mut parts: Vec<&str> = Vec::new();
    for part in file.split('/') {
        match part {
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | ".." | ".")) => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    format!(" ({}:{line})", parts.join("/"))
}

fn plain(folded: &str, text: &mut String) {
    let latin = folded.bytes().all(|byte| byte.is_ascii_alphanumeric());
    *text += "\nplain\n  as it stands, in any width, case, style of letters and script (traditional), with invisible and combining \
              characters,\n  and with white space and up to 12 signs between two characters; over the end of a clause only when \
              it is written\n  with something between all its characters and has three or more\n";
    if latin {
        *text += "  letters and digits alone: only where no other letter or digit goes on\n";
    }
}

fn characters(known: &Explained, text: &mut String) {
    *text += "\ncharacters: how each may be written\n";
    for one in &known.characters {
        let mut ways: Vec<String> = Vec::new();
        let mut add = |view: View, list: String| {
            if !list.is_empty() {
                let names: Views = [view].into_iter().collect();
                ways.push(format!("{}: {list}", names.names().collect::<String>()));
            }
        };
        add(View::Sound, one.sounds.join(", "));
        add(View::Near, one.near.join(", "));
        for (view, list) in &one.stands {
            add(*view, list.join(" "));
        }
        let _ = writeln!(text, "  {}  {}", one.c, ways.join("; "));
    }
    *text += "  between two of them, where all stand as they are: one filler (up to three letters or digits, 一, 了, 个, 丨, 口 …,\n  \
              up to ten characters in brackets)\n";
}

fn patterns(known: &Explained, text: &mut String) {
    *text +=
        "\npatterns: how often a million words of ordinary talk read so and do not mean it; how often when weighed\n";
    for pattern in &known.patterns {
        let Chance { per_million, believed_per_million, likeliest, weight, taken } = &pattern.chance;
        let _ = writeln!(text, "  {} ({})", pattern.written, pattern.what);
        let _ =
            write!(text, "    {} before, {} after it is weighed", often(*per_million), often(*believed_per_million));
        let judged = match taken {
            (false, _) => "left alone",
            (true, false) => "found, a person looks at it",
            (true, true) => "found, surely meant",
        };
        let _ = match likeliest {
            Some(likeliest) => writeln!(text, "; likeliest {likeliest}, weighs {weight}: {judged}"),
            None if *per_million > 0.0 => writeln!(text, "; by itself it weighs {weight}: {judged}"),
            None => writeln!(text, "; no usual text sounds so"),
        };
    }
    for what in &known.never {
        let _ = writeln!(text, "  never {what}");
    }
}

fn often(per_million: f64) -> String {
    match per_million {
        often if often >= 10.0 => format!("{often:.0}"),
        often if often >= 0.01 => format!("{often:.2}"),
        often if often > 0.0 => "less than 0.01".to_owned(),
        _ => "0".to_owned(),
    }
}

/// What a text weighs as a word, and what becomes of it.
pub fn weigh(settings: &Settings, word: &str, original: &str) -> String {
    let mut fold = Text::default();
    fold.set(word);
    let folded = fold.folded.text.clone();
    let mut scratch = Scratch::default();
    let message = Message { content: vec![Segment::Text(original.into())], ..Message::default() };
    settings.rules.find(&message, &mut scratch);
    let mut text = format!("\ntext: {original}\n");
    let mine: Vec<&Hit> = scratch.hits.iter().filter(|hit| is_word(hit, &folded)).collect();
    for hit in &mine {
        let _ = writeln!(text, "  found: {}", found(settings, hit, original));
    }
    for (hit, exception) in settings.rules.spared(&scratch.text).iter().filter(|(hit, _)| is_word(hit, &folded)) {
        let _ = writeln!(text, "  spared: {} stands inside the exception {exception}", slice(original, hit.span));
    }
    if mine.is_empty() && scratch.text.folded.text.contains(&folded) {
        text += "  it stands in the folded text, but not as a word of a list: no list has it, an exception or a longer word covers \
                 it,\n  a clause ends or too much stands between its characters, or a Latin word goes on\n";
    }
    let readings = disguise::weighed(&folded, original);
    if readings.is_empty() {
        text += "  nothing in it can be read as the word in disguise\n";
    }
    for one in readings.iter().take(READINGS) {
        let _ = writeln!(text, "  {}: {}", reading(original, one, word), fate(one, &mine, &scratch));
    }
    if readings.len() > READINGS {
        let _ = writeln!(text, "  … and {} readings that weigh less", readings.len() - READINGS);
    }
    text
}

fn is_word(hit: &Hit, folded: &str) -> bool {
    let mut fold = Text::default();
    fold.set(hit.word.as_deref().unwrap_or_default());
    hit.part.is_none() && fold.folded.text == folded
}

/// A hit and what it means by the default profile.
fn found(settings: &Settings, hit: &Hit, original: &str) -> String {
    let policy = settings.policy("");
    let rule = settings.rules.infos().get(usize::from(hit.rule.0)).map_or("", |info| &info.name);
    let views = hit.disguise.map(|disguise| disguise.views).unwrap_or_default();
    let shown = views.reading(slice(original, hit.span), hit.word.as_deref().unwrap_or_default());
    let finding = judge::finding(&settings.rules, policy, Role::Member, hit, original);
    let verdict = finding.map_or("it does not count here", |finding| finding.verdict.as_str());
    format!("{shown}, {rule}: {verdict}")
}

fn reading(original: &str, one: &Weighed, word: &str) -> String {
    let shown = one.disguise.views.reading(slice(original, one.span), word);
    format!("{shown} weighs {}", one.weight)
}

/// Why a reading was taken, or was not.
fn fate(one: &Weighed, mine: &[&Hit], scratch: &Scratch) -> String {
    let same = |hit: &&Hit| hit.span == one.span && hit.disguise.is_some();
    let overlaps = |hit: &&Hit| hit.span.start < one.span.end && one.span.start < hit.span.end && hit.word.is_some();
    let not_taken = match (mine.iter().any(same), one.disguise.sure) {
        (true, true) => return "taken, surely meant".to_owned(),
        (true, false) => return "taken, a person should look".to_owned(),
        (false, _) if !one.disguise.is_meant() => "what stands there is usual enough as it is".to_owned(),
        (false, _) => match scratch.hits.iter().find(overlaps) {
            Some(hit) => {
                let views = hit.disguise.map(|disguise| disguise.views).unwrap_or_default();
                let found = slice(&scratch.text.original, hit.span);
                let shown = views.reading(found, hit.word.as_deref().unwrap_or_default());
                format!("{shown} was found there, which weighs more or stands as it is")
            }
            None => "no list looks for it in disguise, or an exception covers it".to_owned(),
        },
    };
    format!("not taken: {not_taken}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_as_short_as_they_can_be() {
        let shown = |file: &str| {
            place(&WordUse {
                list: crate::domain::rules::RuleId(0),
                exception: false,
                bound: false,
                apart: false,
                disguised: false,
                place: Some((file.into(), 3)),
            })
        };
        assert_eq!(shown("./config/../wordlists/ads.txt"), " (wordlists/ads.txt:3)");
        assert_eq!(shown("/srv/../a.txt"), " (/a.txt:3)");
        assert_eq!(shown("../a.txt"), " (../a.txt:3)");
    }
}
