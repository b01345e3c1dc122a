//! How long a year of reminders takes in `replay`, by their number.
//!
//! `cargo bench --bench schedule`

use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use qunwei::app::replay::{Actions, replay};
use qunwei::domain::image::Images;
use qunwei::domain::time::Timestamp;

const GROUPS: usize = 100;
/// 2027-01-01 in Shanghai, and a year later.
const FROM: &str = "2027-01-01T00:00:00+08:00";
const UNTIL: &str = "2028-01-01T00:00:00+08:00";
const ROUNDS: usize = 3;

/// Schedules as groups have them: so many an hour, a day, a week, a month.
const SETS: [(&str, &[&str]); 3] = [
    ("one a day", &["0 9 * * *"]),
    ("a usual set", &["0 9 * * MON-FRI", "30 20 * * *", "0 10 * * SAT,SUN", "30 20 * * MON#1", "0 18 L * *"]),
    ("every hour", &["0 * * * *"]),
];

fn config(crons: &[&str]) -> String {
    let mut toml = String::new();
    for group in 0..GROUPS {
        // Three zones, two of which put their clocks forward and back.
        let zone = ["Asia/Shanghai", "America/New_York", "Europe/Berlin"][group % 3];
        toml += &format!("[group.g{group}]\ntimezone = \"{zone}\"\n");
    }
    for (at, cron) in crons.iter().enumerate() {
        toml +=
            &format!("[[reminder]]\nname = \"r{at}\"\ntext = \"{{{{ date }}}} {{{{ time }}}}\"\ncron = \"{cron}\"\n");
    }
    toml
}

fn play(toml: &str) -> (Duration, u64) {
    let files = [("a.toml".to_owned(), toml.to_owned())];
    let config = qunwei::config::from_files(Path::new("."), &files, &|_| None).expect("it is sound");
    let first =
        format!(r#"{{"id":"m","type":"message","group":"g0","time":"{FROM}","sender":{{"id":"u"}},"text":"早"}}"#);
    let begun = Instant::now();
    let (settings, until) = (Arc::clone(&config.settings), Timestamp::parse(UNTIL));
    let mut audience = Actions(std::io::sink(), Images::default());
    let input = BufReader::new(first.as_bytes());
    let played = replay(settings, input, until, &mut audience, &mut std::io::stderr()).expect("it is played");
    (begun.elapsed(), played.actions)
}

fn main() {
    let mut out = std::io::stdout().lock();
    for (name, crons) in SETS {
        let toml = config(crons);
        let mut took: Vec<(Duration, u64)> = (0..ROUNDS).map(|_| play(&toml)).collect();
        took.sort();
        let (median, said) = took[ROUNDS / 2];
        let each = median.as_secs_f64() * 1e6 / said as f64;
        writeln!(
            out,
            "{name}: {GROUPS} groups, a year, {said} reminders: {:.2} s ({:.2}–{:.2}), {each:.1} µs each",
            median.as_secs_f64(),
            took[0].0.as_secs_f64(),
            took[ROUNDS - 1].0.as_secs_f64(),
        )
        .expect("stdout is there");
    }
}
