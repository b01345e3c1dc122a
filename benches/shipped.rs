//! What judging costs with the rules that are shipped, part by part, in ns a message on one core, and in ratios to folding
//! the same message in the same round. `cargo bench --bench shipped`; the messages are those of the load tests.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod load;

use std::hint::black_box;

use cpu_time::ThreadTime;
use load::messages::Crowd;
use qunwei::domain::event::{Event, Kind, Message, Segment};
use qunwei::domain::ids::{GroupKey, MemberKey};
use qunwei::domain::recent::{Piece, Recent, Sighting};
use qunwei::domain::rules::{Learned, Moment, Scratch, link_keys, sketch, thing_keys};
use qunwei::domain::text::Text;
use qunwei::domain::time::Timestamp;

/// Messages of one round, and rounds.
const ROUND: usize = 1_000;
const ROUNDS: usize = 60;
const MESSAGES: usize = ROUND * ROUNDS;

fn main() {
    let config = qunwei::config::load(&load::root().join("config"), &|_| None).unwrap();
    let (rules, policy) = (&config.settings.rules, &config.settings.default_policy);
    let crowd = Crowd { groups: 200, members: 20_000, violation_every: 0, began: 1_795_000_000_000 };
    let platform: std::sync::Arc<str> = "example".into();
    let now = Timestamp(crowd.began);
    let events: Vec<Event> = (0..MESSAGES as u64)
        .map(|n| qunwei::adapters::inbound::one(&crowd.event(n), &platform, now).unwrap().event)
        .collect();
    let messages: Vec<(&Event, &Message)> = events
        .iter()
        .map(|event| match &event.kind {
            Kind::Message(message) => (event, message),
            other => unreachable!("the crowd only speaks: {other:?}"),
        })
        .collect();
    let texts: Vec<String> = messages.iter().map(|(_, message)| said(message)).collect();
    let characters: usize = texts.iter().map(|text| text.chars().count()).sum::<usize>() / texts.len();
    let (mut scratch, mut text, mut recent) = (Scratch::default(), Text::default(), Recent::default());
    let needs = rules.needs();
    let mut parts =
        ["fold", "rules of one message", "learned score", "noting", "rules of a moment", "rules of what was said"]
            .map(|name| (name, Vec::new()));
    let mut found = 0;
    for round in 0..ROUNDS {
        let first = round * ROUND;
        let mut times = [0_u64; 6];
        for n in first..first + ROUND {
            let (event, message) = messages[n];
            let clock = event.time.unwrap();
            let mut took = [0; 7];
            let begin = ThreadTime::now();
            let mut lap = |at: usize| took[at] = begin.elapsed().as_nanos() as u64;
            text.set(&texts[n]);
            black_box(&text.folded);
            lap(1);
            rules.find(message, &mut scratch);
            lap(2);
            rules.find_learned(message, Learned { lessons: None, group: None }, &mut scratch);
            lap(3);
            let user = qunwei::domain::ids::hash(&[&event.platform, &message.sender.id]) as u64;
            let folded = &scratch.text;
            let sighting = Sighting {
                group: GroupKey::new(&event.platform, &event.group),
                member: MemberKey::new(&event.platform, &event.group, &message.sender.id),
                user,
                time: clock,
                piece: Piece::of(&folded.original).filter(|_| !needs.pieces.is_zero()),
                text: needs.shortest_text.and_then(|shortest| folded.folded.fingerprint(shortest)),
                images: 0,
                videos: 0,
                links: if needs.links { link_keys(message, folded) } else { Default::default() },
                sketch: needs.shortest_sketch.and_then(|shortest| sketch(folded, shortest)),
                things: if !needs.things.is_zero() { thing_keys(message, folded) } else { Default::default() },
                heats: scratch.heats,
            };
            recent.note(needs, &sighting);
            lap(4);
            let moment = Moment { time: clock, zone: &policy.timezone, joined: None, edited: false };
            rules.find_at(message, moment, Some((&recent, sighting.member)), &policy.rules, &mut scratch);
            lap(5);
            rules.find_recent(&recent, &sighting, message, moment, &mut scratch);
            lap(6);
            found += scratch.hits.len();
            took.windows(2).zip(&mut times).for_each(|(lap, sum)| *sum += lap[1] - lap[0]);
        }
        parts.iter_mut().zip(times).for_each(|((_, all), sum)| all.push(sum as f64 / ROUND as f64));
    }
    println!(
        "shipped rules, messages of {characters} characters, {found} hits in {} messages; ns a message",
        ROUNDS * ROUND
    );
    let folds = parts[0].1.clone();
    let mut whole = vec![0.0; ROUNDS];
    for (name, all) in &parts {
        row(name, all, &folds);
        whole.iter_mut().zip(all).for_each(|(sum, one)| *sum += one);
    }
    row("all together", &whole, &folds);
}

fn row(name: &str, all: &[f64], folds: &[f64]) {
    let [least, median, most] = load::spread(all);
    let ratios: Vec<f64> = all.iter().zip(folds).map(|(one, fold)| one / fold).collect();
    let [_, ratio, _] = load::spread(&ratios);
    println!("  {name:<24} min {least:>8.0}, median {median:>8.0}, max {most:>8.0}; {ratio:>6.1} times folding");
}

/// The text of a message.
fn said(message: &Message) -> String {
    let texts = message.content.iter().filter_map(|segment| match segment {
        Segment::Text(text) => Some(&**text),
        _ => None,
    });
    texts.collect()
}
