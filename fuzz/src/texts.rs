//! What people write: texts, word lists against texts, patterns, commands, times, templates.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use qunwei::config::{self, Config};
use qunwei::domain::command::{self, Asked, Command, Remind, Typed};
use qunwei::domain::event::{Message, Person, Quote, Segment};
use qunwei::domain::lexicon::{LexiconBuilder, WordScratch};
use qunwei::domain::notices::{self, Notices, Vars};
use qunwei::domain::rules::{RuleId, Scratch};
use qunwei::domain::schedule::{QuietHours, Times};
use qunwei::domain::template::{Template, TimeVars};
use qunwei::domain::text::{Folded, Text};

use super::NOW;

/// Everything that is shipped, once.
pub(super) static SHIPPED: LazyLock<Config> = LazyLock::new(|| {
    let name = |path: &str| path.strip_prefix("config/").map_or_else(|| format!("../{path}"), str::to_owned);
    let files: Vec<(String, String)> =
        config::SHIPPED.iter().map(|(path, text)| (name(path), (*text).to_owned())).collect();
    config::from_files(Path::new("config"), &files, &|_| None).expect("what is shipped is sound")
});

/// Every place of a fold lies in its text, in order; and folding a text's beginning reads nothing behind it.
pub fn fold(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (mut whole, mut part) = (Folded::default(), Folded::default());
    whole.set(&text);
    sound(&whole, &text);
    // Some beginnings; all of them would make long texts quadratic.
    let length = text.chars().count();
    for at in [0, 1, 2, length / 3, length / 2, length.saturating_sub(1)] {
        let beginning: String = text.chars().take(at).collect();
        part.set(&beginning);
        sound(&part, &beginning);
        // The same memory used again is no other fold.
        let mut fresh = Folded::default();
        fresh.set(&beginning);
        assert_eq!((&part.text, part.places(), part.gaps().len()), (&fresh.text, fresh.places(), fresh.gaps().len()));
    }
}

fn sound(folded: &Folded, text: &str) {
    let length = text.chars().count() as u32;
    assert_eq!(folded.original_length(), length);
    let places = folded.places();
    assert!(places.is_sorted() && places.last().is_none_or(|last| *last < length), "{places:?} in {length}");
    for (at, _) in folded.text.char_indices() {
        let span = folded.span(at, folded.text.len());
        assert!(span.start <= span.end && span.end <= length, "{span:?} in {length}");
    }
    assert!(folded.gaps().iter().all(|gap| gap.at as usize <= folded.text.len()));
    let _ = (folded.kept(), folded.fingerprint(1));
}

/// The lines before the first empty one are a word list (`!` before an exception), the rest is a text.
pub fn matching(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (words, original) = data.split_once("\n\n").unwrap_or((&data, &data));
    let mut builder = LexiconBuilder::default();
    if words.lines().count() <= 4 {
        builder.disguise(RuleId(0)); // costs most of the time, and more with each word
    }
    let file = Arc::from("words.txt");
    for (number, line) in (1..).zip(words.lines()) {
        builder.at(&file, number);
        let _ = match line.strip_prefix('!') {
            Some(phrase) => builder.except(RuleId((number % 2) as u16), phrase),
            None => builder.add(RuleId((number % 2) as u16), line),
        };
    }
    let known = builder.len();
    let lexicon = builder.build();
    assert_eq!(lexicon.len(), known);
    let (mut text, mut scratch) = (Text::default(), WordScratch::default());
    text.set(original);
    let length = text.folded.original_length();
    let mut count = 0;
    lexicon.find(&text.folded, &mut scratch, |hit| {
        assert!(hit.start < hit.end && text.folded.text.get(hit.start..hit.end).is_some(), "{hit:?}");
        let span = text.folded.span(hit.start, hit.end);
        assert!(span.start < span.end && span.end <= length, "{hit:?} at {span:?} in {length}");
        count += 1;
    });
    lexicon.find_disguised(&text, &mut scratch, |hit| {
        assert!(hit.span.start < hit.span.end && hit.span.end <= length, "{:?} in {length}", hit.span);
        count += 1;
    });
    assert!(count <= 1000, "so many hits would make a long text costly: {count}");
    let _ = lexicon.spared(&text.folded);
}

/// The lines before the first empty one are patterns of a rule, the rest is a text.
pub fn regex(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (patterns, text) = data.split_once("\n\n").unwrap_or((&data, &data));
    let patterns: Vec<String> =
        patterns.lines().take(20).map(|line| serde_json::Value::from(line).to_string()).collect();
    for on in ["original", "folded"] {
        let toml = format!(
            "[[rule]]\nname = \"a\"\nkind = \"regex\"\ntitle = \"样子\"\non = \"{on}\"\npatterns = [{}]\n",
            patterns.join(",\n")
        );
        if let Ok(config) = config::from_files(Path::new("config"), &[("a.toml".to_owned(), toml)], &|_| None) {
            judged(&config, text);
        }
    }
}

/// A text before the shipped rules: contacts, links, numbers, words in disguise, names.
pub fn shipped(data: &[u8]) {
    judged(&SHIPPED, &String::from_utf8_lossy(data));
}

/// Every hit lies in what it was found in.
pub(super) fn judged(config: &Config, text: &str) {
    let mut content = Vec::new();
    for (no, part) in text.split('\u{fffc}').enumerate() {
        if no > 0 {
            content.push(match no % 4 {
                0 => Segment::Link { url: part.into(), title: Some(part.into()) },
                1 => Segment::Mention { user: part.into(), name: part.into() },
                2 => Segment::File { name: Some(part.into()), size: None },
                _ => Segment::Card { title: Some(part.into()) },
            });
        }
        content.push(Segment::Text(part.into()));
    }
    let sender = Person { id: "9".into(), name: text.chars().take(64).collect(), role: None };
    let message = Message { sender, content, ..Message::default() };
    let rules = &config.settings.rules;
    let mut scratch = Scratch::default();
    rules.find(&message, &mut scratch);
    rules.add_name(&message.sender.name, &mut scratch);
    let length = scratch.text.original.chars().count() as u32;
    for hit in &scratch.hits {
        let length = if hit.part.is_some() { u32::MAX } else { length };
        assert!(hit.span.start <= hit.span.end && hit.span.end <= length, "{hit:?} in {length}");
        let _ = rules.explain(hit, &scratch.text.original);
    }
    let _ = rules.spared(&scratch.text);
}

/// A message that may be a command; `@` begins a mention that ends at a space.
pub fn command(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut content = Vec::new();
    for (no, part) in text.split('\u{fffc}').enumerate() {
        if no > 0 {
            let name = part.split_whitespace().next().unwrap_or_default();
            content
                .push(Segment::Mention { user: if no == 1 { "bot".into() } else { name.into() }, name: name.into() });
        }
        content.push(Segment::Text(part.into()));
    }
    let quote = Quote { sender: Some("u7".into()), text: text.chars().take(50).collect(), ..Quote::default() };
    let now = NOW.zoned(&TimeZone::get("Asia/Shanghai").expect("it is bundled"));
    for quote in [None, Some(Box::new(quote))] {
        let message = Message { content: content.clone(), quote, ..Message::default() };
        let asked =
            Asked { bot: Some("bot"), quoted: message.quote.is_some().then_some("u7"), now: now.clone(), unmet: None };
        let _ = (command::looks_like_command(&message, asked.bot), command::is_false_alarm(&message));
        let typed = command::parse(&message, &asked);
        assert_eq!(typed, command::parse(&message, &asked));
        for typed in typed.into_iter().chain(command::parse_private(&message, &asked)) {
            match &typed {
                Typed::Command(Command::Remind(Remind::Set { rule, words, text, .. })) => {
                    let times = rule.times().expect("what was understood is a time");
                    fires(&times);
                    assert!(!words.is_empty() && !text.is_empty());
                }
                Typed::Misused { why, .. } => assert!(why.chars().count() < 400, "{why}"),
                _ => {}
            }
        }
    }
    let _ = command::when(&text, &now);
}

/// Cron expressions, quiet hours, moments.
pub fn schedule(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in text.lines().take(4) {
        if let Ok(times) = Times::cron(line) {
            fires(&times);
        }
        if let Some(quiet) = QuietHours::parse(line) {
            for zone in zones() {
                assert!(quiet.begin(NOW, &zone) > NOW && quiet.end(NOW, &zone) > NOW, "the next of each");
            }
        }
    }
}

/// Zones whose clocks change at odd times.
fn zones() -> impl Iterator<Item = TimeZone> {
    ["Asia/Shanghai", "Australia/Lord_Howe", "America/St_Johns"].iter().filter_map(|name| TimeZone::get(name).ok())
}

/// The next time is later, the last one is not, and neither takes for ever to be found.
fn fires(times: &Times) {
    for zone in zones() {
        if let Some(next) = times.after(NOW, &zone) {
            assert!(next > NOW, "{next:?}");
            assert!(times.after(next, &zone).is_none_or(|then| then > next));
        }
        assert!(times.last(NOW, &zone).is_none_or(|last| last <= NOW));
    }
}

/// A template of a file, filled with names that look like one.
pub fn template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let evil = "{{ 7*191 }}{% for x in y %}@所有人";
    let vars = Vars {
        name: notices::plain_name(evil, "9"),
        rule: evil.into(),
        case: "7".into(),
        list: evil.into(),
        ..Vars::default()
    };
    if notices::check_template(&text).is_ok() {
        let made = Notices::new([("warn_private", &*text)]).expect("it was tried");
        let said = made.render("warn_private", &vars);
        assert!(text.contains("1337") || !said.contains("1337"), "{said}");
    }
    if let Ok(template) = Template::new(&text) {
        let _ = template.render(&TimeVars { date: evil.into(), group: evil.into(), ..TimeVars::default() });
    }
}
