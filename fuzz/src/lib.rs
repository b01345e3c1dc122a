//! The entries of the fuzzer: whatever bytes they are given, they return.
//!
//! One function for each reader of what comes from outside, listed in [`ENTRIES`]; its corpus is `fuzz/corpus/NAME`. The targets of
//! cargo-fuzz and `tests/it/fuzz.rs` call these. Here are those of WeCom; [`texts`] has what people write, [`files`] what is read from
//! files and over HTTP, [`heads`] what stands in the heads of requests, [`answers`] what is answered to us, [`kept`] what we wrote once.

pub mod answers;
pub mod files;
pub mod heads;
pub mod kept;
pub mod texts;

use std::sync::Arc;

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use data_encoding::BASE64;
use qunwei::adapters::inbound;
use qunwei::adapters::wecom::aibot::frame::Frame;
use qunwei::adapters::wecom::archive::page::{self, Opened};
use qunwei::adapters::wecom::archive::read::{Private, Read, Reader, unread};
use qunwei::adapters::wecom::callback::robot::Robot;
use qunwei::adapters::wecom::callback::{Channel, Query, envelope};
use qunwei::adapters::wecom::crypt::{Crypt, Signed};
use qunwei::adapters::wecom::xml;
use qunwei::domain::time::Timestamp;

/// Returns, whatever it is given.
pub type Entry = fn(&[u8]);

/// Every entry by its name.
pub const ENTRIES: [(&str, Entry); 33] = [
    ("xml", xml),
    ("json", json),
    ("sealed", sealed),
    ("query", query),
    ("archive", archive),
    ("frame", frame),
    ("fold", texts::fold),
    ("match", texts::matching),
    ("regex", texts::regex),
    ("shipped", texts::shipped),
    ("command", texts::command),
    ("schedule", texts::schedule),
    ("template", texts::template),
    ("bridge", files::bridge),
    ("playground", files::playground),
    ("config", files::config),
    ("wordlist", files::wordlist),
    ("lines", files::lines),
    ("transfer", files::transfer),
    ("backup", files::backup),
    ("picture", files::picture),
    ("answers", answers::answers),
    ("reply", answers::reply),
    ("signature", heads::signature),
    ("sources", heads::sources),
    ("page", heads::page),
    ("poll", heads::poll),
    ("key", kept::key),
    ("model", kept::model),
    ("image", kept::image),
    ("windows", kept::windows),
    ("habits", kept::habits),
    ("configs", kept::configs),
];

const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const NOW: Timestamp = Timestamp(1_795_312_800_000);

/// XML, as an envelope and as what apps and customer contact are told.
pub fn xml(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(node) = xml::parse(text)
    {
        let _ = node.json().to_string();
    }
    let _ = envelope(data);
    read(&Channel::App, data);
    read(&Channel::Customer, data);
}

/// JSON, as an envelope, as what a smart robot is told, and as what apps are told that want JSON.
pub fn json(data: &[u8]) {
    let _ = envelope(data);
    read(&Channel::Robot(Robot::default()), data);
    let (name, user) = (Some("群卫".into()), Some("guard".into()));
    let groups = [("wr1".into(), "g1".into())].into();
    let answered_at = Some("http://127.0.0.1/cgi-bin/aibot/response".into());
    read(&Channel::Robot(Robot { name, user, groups, archived: false, answered_at, connected: true }), data);
    read(&Channel::App, data);
}

/// Ciphertext, plaintext before its padding is stripped, and messages.
pub fn sealed(data: &[u8]) {
    for receiveid in ["", "ww5823bf96d3bd56c7"] {
        let crypt = Crypt::new("token", KEY, receiveid).expect("the sample key");
        open(&crypt, &BASE64.encode(data));
        open(&crypt, &String::from_utf8_lossy(data));
        open(&crypt, &as_ciphertext(data));
        let sealed = crypt.encrypt(data, [7; 16]);
        assert_eq!(open(&crypt, &sealed).as_deref(), Some(data), "what is sealed is opened");
    }
}

/// A message of the session archive, and the answer that messages come in.
pub fn archive(data: &[u8]) {
    let platform = Arc::from("corp");
    for private in [Private::Ignore, Private::Keep] {
        let reader = Reader { private, ..Reader::default() };
        let opened = Opened { seq: 7, msgid: "m".to_owned(), message: Ok(data.to_vec()) };
        let read = reader.read(&opened);
        assert_eq!(read, reader.read(&opened));
        if let Read::Event { json, .. } = read {
            let taken = inbound::one(&json, &platform, NOW);
            let kept = || match unread("m", 7, "no event", &json) {
                Read::Event { json, .. } => inbound::one(&json, &platform, NOW).is_ok(),
                Read::Private => false,
            };
            assert!(taken.is_ok() || kept(), "{taken:?}: {json}");
        }
    }
    let _ = page::envelopes(data, 0);
}

/// A frame of a smart robot's long connection, and what it brings.
pub fn frame(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(frame) = Frame::parse(&text) else { return };
    let _ = (frame.evicts(), frame.verdict());
    let robot = Robot { name: Some("群卫".into()), ..Robot::default() };
    let (reading, platform) = (robot.reading(&frame.body), Arc::from("corp"));
    for event in reading.iter().flat_map(|reading| &reading.events) {
        let _ = inbound::one(event, &platform, NOW);
    }
}

/// The query of a callback address.
pub fn query(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Query::parse(text);
    }
}

/// What a channel makes of a callback can be read as events, the same each time.
fn read(channel: &Channel, data: &[u8]) {
    let reading = channel.read(data);
    assert_eq!(reading, channel.read(data));
    let platform = Arc::from("corp");
    for event in &reading.events {
        let taken =
            inbound::one(event, &platform, NOW).or_else(|_| inbound::one(&channel.unread(data), &platform, NOW));
        assert!(taken.is_ok(), "{taken:?}: {event}");
    }
}

/// Opens what was signed by one who knows the token.
fn open(crypt: &Crypt, encrypted: &str) -> Option<Vec<u8>> {
    let signature = crypt.signature("1", "2", encrypted);
    crypt.open(Signed { signature: &signature, timestamp: "1", nonce: "2", encrypted }).ok()
}

/// Ciphertext that these bytes, up to whole blocks, come out of.
fn as_ciphertext(data: &[u8]) -> String {
    let key = BASE64.decode(format!("{}A=", KEY.trim_end_matches('C')).as_bytes()).expect("canonical");
    let mut plain = data.to_vec();
    plain.resize(data.len().next_multiple_of(16), 0);
    let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, &key[..16]).expect("32 bytes and 16");
    BASE64.encode(&cipher.encrypt_padded_vec::<NoPadding>(&plain))
}
