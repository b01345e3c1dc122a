//! Reads `[daemon.pictures]`: whose pictures are fetched, and what is read in them.

use std::path::Path;
use std::time::Duration;

use reqwest::Url;

use super::faults::Faults;
use super::section::{Number, Placed, Section};
use crate::domain::picture::{PicturePlan, TextCommand};

pub(super) const BYTES: Number = Number { key: "max_kib", range: 16..=32_768, unit: "KiB", default: 4096 };
pub(super) const PIXELS: Number = Number { key: "max_megapixels", range: 1..=64, unit: "megapixels", default: 12 };
pub(super) const TIME: Number = Number { key: "timeout_seconds", range: 1..=60, unit: "seconds", default: 10 };
pub(super) const AT_ONCE: Number = Number { key: "at_once", range: 1..=16, unit: "pictures", default: 2 };
pub(super) const TEXT_TIME: Number = Number { key: "text_seconds", range: 1..=120, unit: "seconds", default: 20 };

/// More parts of a command are none that a person wrote.
const PARTS: usize = 32;

/// The plan; `None` where nothing is fetched.
pub(super) fn read(mut section: Section<'_>, faults: &Faults) -> Option<PicturePlan> {
    if !section.has("hosts") {
        let help = "name hosts: hosts = [\"img.example.com\"]; any that is public: [\"*\"]; none but your own: []";
        section.missing("hosts", help);
    }
    let hosts = checked(section.texts("hosts"), host, faults, "write a name alone: \"img.example.com\", or \"*\"");
    let help = "write how the addresses begin, up to a /: \"http://images.corp.example:8080/chat/\"";
    let internal = checked(section.texts("internal"), beginning, faults, help);
    let number = |section: &mut Section<'_>, number: &Number| section.number(number).unwrap_or(number.default);
    let [bytes, pixels, time, at_once] = [BYTES, PIXELS, TIME, AT_ONCE].map(|one| number(&mut section, &one));
    let argv = section.texts("text_command");
    let text_time = seconds(number(&mut section, &TEXT_TIME));
    section.finish();
    let text = argv.filter(|argv| !argv.is_empty()).and_then(|argv| command(&argv, faults));
    if hosts.is_empty() && internal.is_empty() {
        return None;
    }
    Some(PicturePlan {
        hosts,
        internal,
        most_bytes: bytes as usize * 1024,
        most_pixels: u64::from(pixels) * 1_000_000,
        time: seconds(time),
        at_once: at_once as usize,
        text: text.map(|argv| TextCommand { argv, time: text_time }),
    })
}

/// A host as it is compared: a name, or an address, perhaps with a port; `*` for any.
fn host(written: &str) -> Option<String> {
    if written == "*" {
        return Some(written.to_owned());
    }
    let port = written
        .rsplit_once(':')
        .filter(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        .map(|(_, port)| port);
    let name = port.map_or(written, |port| written.get(..written.len() - port.len() - 1).unwrap_or_default());
    let url = Url::parse(&format!("https://{written}/")).ok()?;
    let whole = url.path() == "/" && url.query().is_none() && url.username().is_empty() && url.fragment().is_none();
    let known = url
        .host_str()
        .filter(|host| whole && !name.is_empty() && (host.contains('.') || host.contains(':') || port.is_some()))?;
    Some(port.map_or_else(|| known.to_owned(), |port| format!("{known}:{port}")))
}

/// How addresses begin: scheme, host, port and folder, as the parser of addresses writes them.
fn beginning(written: &str) -> Option<String> {
    let url = Url::parse(written).ok()?;
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let sound = matches!(url.scheme(), "http" | "https") && url.has_host() && url.path().ends_with('/');
    (plain && sound).then(|| url.to_string())
}

/// Texts as they are compared; a fault for each that says nothing.
fn checked(
    texts: Option<Vec<Placed<String>>>,
    read: impl Fn(&str) -> Option<String>,
    faults: &Faults,
    help: &str,
) -> Vec<Box<str>> {
    let one = |text: &Placed<String>| {
        let read = read(text.value.trim());
        if read.is_none() {
            let message = format!("`{}` is no place that pictures come from", text.value);
            faults.add(faults.at(&text.at, message).help(help));
        }
        read.map(String::into_boxed_str)
    };
    texts.iter().flatten().filter_map(one).collect()
}

fn command(argv: &[Placed<String>], faults: &Faults) -> Option<Vec<Box<str>>> {
    let program = argv.first()?;
    let fault = |message: String, help: &str| faults.add(faults.at(&program.at, message).help(help));
    if !Path::new(&program.value).is_absolute() {
        fault(
            format!("`{}` does not begin at the root", program.value),
            "write the whole path of the program; no shell looks for it",
        );
        return None;
    }
    if argv.len() > PARTS || argv.iter().any(|part| part.value.contains('\0')) {
        fault(
            "`text_command` is no command".to_owned(),
            "write the program and what it is called with, each in quotes",
        );
        return None;
    }
    if !Path::new(&program.value).is_file() {
        let help = "pictures are read without it until it is there";
        faults.add(faults.at(&program.at, format!("there is no program `{}`", program.value)).help(help).warning());
    }
    Some(argv.iter().map(|part| part.value.as_str().into()).collect())
}

fn seconds(n: u32) -> Duration {
    Duration::from_secs(n.into())
}
