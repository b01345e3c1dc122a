//! Files for a bot to send, uploaded in pieces over its long connection (doc 101463).

use data_encoding::{BASE64, HEXLOWER};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::speaker::{Failure, Speaker};

/// A piece has at most so many bytes.
const PIECE: usize = 512 << 10;
/// A file has at most so many pieces.
const PIECES: usize = 100;

/// What is uploaded; each kind has its own largest size, which WeCom checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At most 10 MB.
    Image,
    /// At most 2 MB.
    Voice,
    /// At most 10 MB.
    Video,
    /// At most 20 MB.
    File,
}

impl Kind {
    /// Its name and its largest size in bytes.
    fn about(self) -> (&'static str, usize) {
        match self {
            Kind::Image => ("image", 10 << 20),
            Kind::Voice => ("voice", 2 << 20),
            Kind::Video => ("video", 10 << 20),
            Kind::File => ("file", 20 << 20),
        }
    }
}

/// Why a file was not uploaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// It is empty or too large.
    #[error("{0} bytes are none or too many for this kind of file")]
    Size(usize),
    /// A request failed.
    #[error(transparent)]
    Request(#[from] Failure),
    /// An answer lacks an id.
    #[error("WeCom's answer has no `{0}`")]
    Answer(&'static str),
}

/// Whether the first piece has the number 1: WeCom's SDK counts from 0, and its comment says 1.
pub type FromOne = bool;

/// Uploads a file; gives its `media_id`, which is good for three days.
///
/// # Errors
/// A request was refused or lost. The upload can be begun again.
pub async fn upload(
    speaker: &Speaker,
    kind: Kind,
    name: &str,
    bytes: &[u8],
    from_one: FromOne,
) -> Result<String, UploadError> {
    let (word, largest) = kind.about();
    let pieces = bytes.len().div_ceil(PIECE);
    if bytes.is_empty() || bytes.len() > largest || pieces > PIECES {
        return Err(UploadError::Size(bytes.len()));
    }
    let md5 = HEXLOWER.encode(&Md5::digest(bytes));
    let begin = json!({"type": word, "filename": name, "total_size": bytes.len(), "total_chunks": pieces, "md5": md5});
    let begun = speaker.request("aibot_upload_media_init", &speaker.own_id(), &begin).await?;
    let upload = word_of(&begun, "upload_id")?;
    for (index, piece) in bytes.chunks(PIECE).enumerate() {
        let index = index + usize::from(from_one);
        let part = json!({"upload_id": upload, "chunk_index": index, "base64_data": BASE64.encode(piece)});
        speaker.request("aibot_upload_media_chunk", &speaker.own_id(), &part).await?;
    }
    let ended = speaker.request("aibot_upload_media_finish", &speaker.own_id(), &json!({"upload_id": upload})).await?;
    word_of(&ended, "media_id")
}

fn word_of(body: &Value, field: &'static str) -> Result<String, UploadError> {
    body[field].as_str().filter(|id| !id.is_empty()).map(str::to_owned).ok_or(UploadError::Answer(field))
}
