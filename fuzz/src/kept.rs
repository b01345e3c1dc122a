//! What was written by us and comes back from a disk, a download or a form: damaged, changed, of another version.

use std::io::Write;
use std::sync::LazyLock;
use std::time::Duration;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use qunwei::adapters::wecom::archive::keys::Keys;
use qunwei::app::habits::Habits;
use qunwei::domain::image::{Image, Media};
use qunwei::domain::recent::{Needs, Recent};
use qunwei::domain::score::{Features, Model, VERSION};
use qunwei::domain::text::Text;
use qunwei::domain::time::Timestamp;
use qunwei::store::{pack_files, unpack_files};

use super::NOW;
use super::texts::SHIPPED;

/// The windows, as one piece of them is stored. What is read can be written and read again, and asked.
pub fn windows(data: &[u8]) {
    let Some(recent) = Recent::restore(data) else { return };
    let mut needs = Needs::default();
    needs.times(Duration::from_secs(3600));
    needs.texts(2, Duration::from_secs(3600));
    needs.pieces(Duration::from_secs(3600));
    for oldest in [Timestamp(i64::MIN), NOW, Timestamp(i64::MAX)] {
        let written = recent.snapshot(&needs, oldest);
        assert!(Recent::restore(&written).is_some(), "what is written is read");
    }
    let _ = (recent.shed(), recent.has_outlived(recent.place()));
}

/// When groups usually speak, as one piece of it is stored. Time goes on from there.
pub fn habits(data: &[u8]) {
    let mut habits = Habits::default();
    habits.restore(data);
    for minutes in [0, 1, 61, 60 * 24 * 8] {
        let _ = habits.turn(&SHIPPED.settings, NOW.plus(Duration::from_secs(60 * minutes)));
    }
    habits.note(&"bridge".into(), "g1", NOW.plus(Duration::from_secs(60 * 60 * 24 * 9)));
    let _ = habits.silences();
    habits.write_all();
    while let Some((_, piece)) = habits.next_piece() {
        Habits::default().restore(&piece);
    }
}

/// A model of scores; of the smallest size the weights are added where the text holds none.
pub fn model(data: &[u8]) {
    static WEIGHTS: LazyLock<String> = LazyLock::new(|| BASE64.encode(&[1; 1 << 10]));
    let text = String::from_utf8_lossy(data).replace("VERSION", &VERSION.to_string()).replace("WEIGHTS", &WEIGHTS);
    let Ok(model) = Model::read(&text) else { return };
    assert_eq!(Model::read(&model.write()).map(|again| again.id()), Ok(model.id()), "what is written is read");
    let (mut text, mut features) = (Text::default(), Features::default());
    text.set("兼职刷单日结，加薇信 abc12345");
    let _ = (model.odds(&text, &mut features, &()), model.why(&text, &mut features, &(), 3));
    let _ = (model.line(1), model.line(u32::MAX));
}

/// A version of the configuration, as it is stored and as it is once decompressed. What is read can be kept again.
pub fn configs(data: &[u8]) {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(data).expect("memory");
    for bytes in [data, &packed.finish().expect("memory")] {
        let Ok(files) = unpack_files(bytes) else { continue };
        let again = pack_files(&files).expect("it is no larger than it was");
        assert_eq!(unpack_files(&again.0).ok(), Some(files), "what is packed is unpacked");
    }
}

/// A picture of a reminder, and the line that stands for it in a kept configuration.
pub fn image(data: &[u8]) {
    assert_eq!(Image::new("poster.png", data.to_vec()).is_some(), Media::of(data).is_some());
    if let Some(image) = Image::from_note("poster.png", &String::from_utf8_lossy(data)) {
        assert_eq!(Image::from_note("poster.png", &image.to_note()), Some(image));
    }
}

/// A private key of the archive; behind an empty line, a message's key that was sealed for it.
pub fn key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pem, sealed) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut keys = Keys::default();
    if keys.add(1, pem).is_err() {
        return;
    }
    for sealed in [sealed.to_owned(), BASE64.encode(sealed.as_bytes())] {
        if let Ok(key) = keys.open(1, &sealed) {
            assert!(key.len() >= 16 && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
        }
    }
}
