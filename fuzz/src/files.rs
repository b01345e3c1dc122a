//! What is read from files and over HTTP: configurations, word lists, lines of messages and events, exported state, requests.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use qunwei::adapters::pictures::codes_in;
use qunwei::adapters::playground::{Deed, Playground};
use qunwei::adapters::{bridge, inbound};
use qunwei::app::eval::{Eval, Evaluation};
use qunwei::app::replay::{Actions, replay};
use qunwei::app::scan::{Scan, scan};
use qunwei::app::train::Examples;
use qunwei::app::words::import::Importer;
use qunwei::config;
use qunwei::domain::event::Event;
use qunwei::domain::image::Images;
use qunwei::domain::rules::list_entries;
use qunwei::domain::time::Timestamp;
use qunwei::ports::Clock;
use qunwei::store::{import_state, unpack};

use super::NOW;
use super::texts::{SHIPPED, judged};

/// What a bridge's bot posts: events, and what came of actions.
pub fn bridge(data: &[u8]) {
    let platform = Arc::from("bridge");
    if let Ok(batch) = inbound::read(data, &platform, NOW, 100) {
        assert!(!batch.events.is_empty() && batch.events.len() <= 100);
        assert!(batch.events.iter().all(|one| one.event.platform == platform && one.event.time.is_some()));
    }
    let _ = bridge::acks::read(data);
}

/// What the playground's page asks.
pub fn playground(data: &[u8]) {
    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            NOW
        }
    }
    let (playground, _follow) = Playground::new(Arc::new(Still));
    let platform = Arc::from("playground");
    for line in String::from_utf8_lossy(data).lines().take(50) {
        let Ok(deed) = serde_json::from_str::<Deed>(line) else { continue };
        if let Ok(event) = playground.act(&deed) {
            let read = inbound::one(&event.to_string(), &platform, NOW);
            assert!(read.is_ok(), "what the page does can be read as an event: {event}");
        }
    }
    let _ = playground.news(0, 0);
}

/// A whole configuration of one file, with a word list beside it.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let lines = text.lines().count() as u32 + 1;
    let files = [("a.toml".to_owned(), text), ("words.txt".to_owned(), "加微信\n办证\n!加微信群\n".to_owned())];
    let env = |name: &str| name.ends_with("SECRET").then(|| "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    match config::from_files(Path::new("config"), &files, &env) {
        Ok(config) => {
            judged(&config, "加微信 abc123，办证 13812345678 https://a.example/x");
            let _ = config::human(&config.warnings, false);
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| fault.line <= lines.max(4) && !fault.message.is_empty()), "{faults:?}");
            let _ = config::human(&faults, true);
        }
    }
}

/// A word list of ours, and one of other people's.
pub fn wordlist(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let _ = list_entries(&text).count();
    let rule =
        "[[rule]]\nname = \"a\"\nkind = \"keywords\"\ntitle = \"词\"\nlists = [\"words.txt\"]\ndisguised = false\n";
    let files = [("a.toml".to_owned(), rule.to_owned()), ("words.txt".to_owned(), text)];
    if let Ok(config) = config::from_files(Path::new("config"), &files, &|_| None) {
        judged(&config, &files[1].1);
    }
    if let Ok(imported) = Importer::default().import("words", data) {
        let _ = imported.told();
        let files: Vec<(String, String)> = imported.files;
        // What is written is sound, whatever was read.
        if files.iter().any(|(name, _)| name.ends_with(".toml")) {
            let taken = config::from_files(Path::new("config"), &files, &|_| None);
            assert!(taken.is_ok(), "{taken:?}");
        }
    }
}

/// Lines of messages to scan, to measure and to learn from, and of events to replay.
pub fn lines(data: &[u8]) {
    let settings = &SHIPPED.settings;
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let scanned =
        scan(settings, Scan { explain: true, ..Scan::default() }, data, &mut output, &mut errors).expect("memory");
    assert_eq!(output.iter().filter(|byte| **byte == b'\n').count() as u64, scanned.messages);
    let how = Eval::default();
    let mut measured = Evaluation::new(settings, &how);
    let _ = measured.read("lines", data, &mut Vec::new(), None);
    let _ = measured.finish();
    Examples::default().read("lines", data, &mut Vec::new()).expect("memory");
    for line in String::from_utf8_lossy(data).lines() {
        let _ = (Event::parse(line), Event::parse_for_scan(line));
    }
    let mut audience = Actions(Vec::new(), Images::default());
    replay(settings.clone(), data, None, &mut audience, &mut Vec::new()).expect("room for a replay");
}

/// Exported state, into a folder of its own: all of it or nothing.
pub fn transfer(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("data");
    if import_state(&dir, &mut &*data).is_err() {
        let left = std::fs::read_dir(&dir).map_or(0, Iterator::count);
        assert_eq!(left, 0, "nothing is left of what was refused");
    }
}

/// A backup, as it is on the disk and as it is once decompressed: nothing of it is written elsewhere than into its folder.
pub fn backup(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, into) = (folder.path().join("backup"), folder.path().join("deep/in/here"));
    std::fs::create_dir_all(&into).expect("a folder");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(data).expect("memory");
    for bytes in [data, &packed.finish().expect("memory")] {
        std::fs::write(&file, bytes).expect("room for a file");
        let _ = unpack(&file, &into);
    }
    let strangers = std::fs::read_dir(folder.path()).expect("the folder").count()
        + std::fs::read_dir(folder.path().join("deep/in")).expect("the folder").count();
    assert_eq!(strangers, 3, "the file and the folder, and nothing beside it");
}

/// A picture that a member sent.
pub fn picture(data: &[u8]) {
    let _ = codes_in(data, 100_000);
}
