//! Images that are sent to groups. What is decided, stored and undone names an image; its bytes are those that the running
//! configuration has when it is sent, so that no row holds megabytes and a start need not read any.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::action::{Action, What};
use super::policy::Settings;

/// The largest image, in bytes: WeCom's robots take no more (91770).
pub const LARGEST: usize = 2 << 20;

/// Why an image was not sent.
pub const GONE: &str = "its picture is not in the configuration any more, or the file is gone or broken";

/// What an image is, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Media {
    /// PNG
    #[serde(rename = "image/png")]
    Png,
    /// JPEG
    #[serde(rename = "image/jpeg")]
    Jpeg,
}

impl Media {
    /// Each with its name in JSON and how its files begin.
    const ALL: [(Media, &'static str, &'static [u8]); 2] =
        [(Media::Png, "image/png", b"\x89PNG\r\n\x1a\n"), (Media::Jpeg, "image/jpeg", b"\xff\xd8\xff")];

    /// What a file is; `None`: neither.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Self::ALL.iter().find(|(.., begins)| bytes.starts_with(begins)).map(|(media, ..)| *media)
    }

    /// What a file of it may be called.
    pub fn file_name(self) -> &'static str {
        match self {
            Media::Png => "image.png",
            Media::Jpeg => "image.jpg",
        }
    }

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Media::Png => "image/png",
            Media::Jpeg => "image/jpeg",
        }
    }
}

/// An image that a file of the configuration names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The file, relative to the configuration's folder.
    pub name: Arc<str>,
    /// What it is.
    pub media: Media,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: Arc<str>,
    /// Its bytes, where they are at hand; never stored.
    #[serde(skip)]
    pub bytes: Option<Arc<[u8]>>,
}

impl Image {
    /// The image in a file of this name; `None`: it is neither PNG nor JPEG.
    pub fn new(name: &str, bytes: Vec<u8>) -> Option<Self> {
        let media = Media::of(&bytes)?;
        let sha256 = HEXLOWER.encode(&Sha256::digest(&bytes)[..]).into();
        Some(Self { name: name.into(), media, sha256, bytes: Some(bytes.into()) })
    }

    /// What is decided and stored of it.
    pub fn named(&self) -> Self {
        Self { bytes: None, ..self.clone() }
    }

    /// What people call it: its name without folders.
    pub fn shown(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// The line that stands for it among the kept files of a configuration.
    pub fn to_note(&self) -> String {
        format!("# {} {}\n", self.media.as_str(), self.sha256)
    }

    /// Reads such a line.
    pub fn from_note(name: &str, note: &str) -> Option<Self> {
        let (media, sha256) = note.strip_prefix("# ")?.trim_end().split_once(' ')?;
        let (media, ..) = Media::ALL.iter().find(|(_, word, _)| *word == media)?;
        let sound = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        sound.then(|| Self { name: name.into(), media: *media, sha256: sha256.into(), bytes: None })
    }
}

impl fmt::Debug for Image {
    /// Without the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.bytes.as_ref().map(|bytes| bytes.len());
        f.debug_struct("Image").field("name", &self.name).field("sha256", &self.sha256).field("size", &size).finish()
    }
}

/// The images of one version of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Images {
    /// The version.
    pub version: Arc<str>,
    all: Vec<Image>,
}

impl Images {
    /// Those that its reminders name.
    pub fn of(settings: &Settings) -> Self {
        let all = settings.reminders.iter().filter_map(|reminder| reminder.image.clone()).collect();
        Self { version: settings.version.clone(), all }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|image| &*image.name)
    }

    /// An action as it goes out: with the bytes of its image.
    ///
    /// # Errors
    /// The image is not there ([`GONE`]).
    pub fn complete(&self, action: &Arc<Action>) -> Result<Arc<Action>, &'static str> {
        let What::Image { image } = &action.what else { return Ok(action.clone()) };
        let image = self.find(image).ok_or(GONE)?.clone();
        Ok(Arc::new(Action { what: What::Image { image }, ..Action::clone(action) }))
    }

    /// What has the name now, whatever it was; else the same under another name.
    fn find(&self, wanted: &Image) -> Option<&Image> {
        let mut here = self.all.iter().filter(|image| image.bytes.is_some());
        let of_name = here.clone().find(|image| image.name == wanted.name);
        of_name.or_else(|| here.find(|image| image.sha256 == wanted.sha256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n, the rest";

    #[test]
    fn what_a_file_is_shows_in_its_first_bytes() {
        let rows: [(&[u8], Option<Media>); 6] = [
            (PNG, Some(Media::Png)),
            (b"\xff\xd8\xff\xe0", Some(Media::Jpeg)),
            (b"GIF89a", None),
            (b"\x89PNG", None),
            (b"RIFF....WEBP", None),
            (b"", None),
        ];
        for (bytes, media) in rows {
            assert_eq!(Media::of(bytes), media, "{bytes:?}");
        }
    }

    #[test]
    fn a_note_says_all_but_the_bytes_and_what_is_stored_has_none() {
        let image = Image::new("../art/poster.png", PNG.to_vec()).unwrap();
        assert_eq!((image.shown(), image.bytes.as_deref()), ("poster.png", Some(PNG)));
        assert_eq!(Image::from_note("../art/poster.png", &image.to_note()), Some(image.named()));
        let stored = serde_json::to_string(&image).unwrap();
        assert!(stored.len() < 200 && stored.contains("\"image/png\""), "{stored}");
        assert_eq!(serde_json::from_str::<Image>(&stored).unwrap(), image.named());
        for note in ["", "# image/gif 00", "# image/png 00", "image/png"] {
            assert_eq!(Image::from_note("a.png", note), None, "{note}");
        }
    }

    #[test]
    fn what_has_the_name_is_sent_else_the_same_under_another_else_nothing() {
        let image = |name: &str, rest: &[u8]| Image::new(name, [PNG, rest].concat()).unwrap();
        let wanted = image("a.png", b"1").named();
        let found = |all: Vec<Image>| Images { all, ..Images::default() }.find(&wanted).cloned();
        let (same, changed, renamed) = (image("a.png", b"1"), image("a.png", b"2"), image("b.png", b"1"));
        assert_eq!(found(vec![renamed.clone(), same.clone()]), Some(same.clone()));
        assert_eq!(found(vec![renamed.clone(), changed.clone()]), Some(changed));
        assert_eq!(found(vec![image("c.png", b"3"), renamed.clone()]), Some(renamed));
        assert_eq!(found(vec![same.named(), image("c.png", b"3")]), None, "its file could not be read");
    }
}
