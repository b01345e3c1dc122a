//! Reads a body within limits of size and time, without copying one that arrives in one piece. Anybody may send one, before any
//! signature is looked at: so all that are large together hold a bounded part of memory.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

/// So much of a body, in bytes, costs nothing: nearly all are smaller.
const SMALL: usize = 16 << 10;

/// So much more, in KiB, all bodies together may hold that are being read or looked at.
const ROOM: usize = 64 << 10;

static FREE: Semaphore = Semaphore::const_new(ROOM);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoBody {
    /// It is larger than so many bytes.
    #[error("the body is larger than {max_bytes} bytes")]
    TooLarge { max_bytes: usize },
    /// It did not arrive in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke, or what came is no body.
    #[error("the body broke off")]
    Broken,
    /// It is compressed: a small one may become a very large one, so none is taken.
    #[error("the body has a `content-encoding`; send it as it is")]
    Encoded,
    /// It is not small, and too many others are that are being read.
    #[error("too many large bodies are being read")]
    NoRoom,
}

impl NoBody {
    /// What such a request is answered with.
    pub(super) fn status(self) -> StatusCode {
        match self {
            NoBody::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            NoBody::TooSlow => StatusCode::REQUEST_TIMEOUT,
            NoBody::Broken => StatusCode::BAD_REQUEST,
            NoBody::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            NoBody::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A body, with the room it takes.
#[derive(Debug, Default)]
pub(super) struct Whole {
    bytes: Bytes,
    room: Option<SemaphorePermit<'static>>,
}

impl Deref for Whole {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

impl Whole {
    /// Takes room for so many bytes.
    fn take_room(&mut self, bytes: usize) -> Result<(), NoBody> {
        let wanted = bytes.saturating_sub(SMALL).div_ceil(1024);
        let more = wanted.saturating_sub(self.room.as_ref().map_or(0, SemaphorePermit::num_permits));
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| NoBody::NoRoom)?;
        let more = FREE.try_acquire_many(more).map_err(|_| NoBody::NoRoom)?;
        match &mut self.room {
            Some(room) => room.merge(more),
            None => self.room = Some(more),
        }
        Ok(())
    }
}

/// The whole body, of at most `max_bytes`, which may take `within` to arrive.
pub(super) async fn read(
    body: impl HttpBody<Data = Bytes> + Unpin,
    headers: &HeaderMap,
    max_bytes: usize,
    within: Duration,
) -> Result<Whole, NoBody> {
    let encoded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(encoded) {
        return Err(NoBody::Encoded);
    }
    let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|told| told > max_bytes as u64) {
        return Err(NoBody::TooLarge { max_bytes });
    }
    let told = told.and_then(|told| usize::try_from(told).ok());
    let mut whole = pin!(collect(body, told.unwrap_or(max_bytes), max_bytes));
    // Nearly always all of it came with the head, and nothing has to be timed.
    if let Poll::Ready(read) = poll_fn(|context| Poll::Ready(whole.as_mut().poll(context))).await {
        return read;
    }
    match tokio::time::timeout(within, whole).await {
        Ok(read) => read,
        Err(_) => Err(NoBody::TooSlow),
    }
}

/// Collects a body that is likely to have so many bytes.
async fn collect(
    mut body: impl HttpBody<Data = Bytes> + Unpin,
    likely: usize,
    max_bytes: usize,
) -> Result<Whole, NoBody> {
    let mut whole = Whole::default();
    let mut pieces: Option<Vec<u8>> = None;
    while !body.is_end_stream() {
        let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else { break };
        let Ok(piece) = frame.map_err(|_| NoBody::Broken)?.into_data() else { continue };
        let so_far = pieces.as_ref().map_or(whole.len(), Vec::len);
        if piece.len() > max_bytes - so_far {
            return Err(NoBody::TooLarge { max_bytes });
        }
        let size = so_far + piece.len();
        if so_far == 0 {
            whole.take_room(size)?;
            whole.bytes = piece;
            continue;
        }
        let pieces = pieces.get_or_insert_with(Vec::new);
        if size > pieces.capacity() {
            let capacity = (2 * size).min(likely).max(size);
            whole.take_room(capacity)?;
            pieces.reserve_exact(capacity - pieces.len());
            pieces.extend_from_slice(&std::mem::take(&mut whole.bytes));
        }
        pieces.extend_from_slice(&piece);
    }
    if let Some(pieces) = pieces {
        whole.bytes = pieces.into();
    }
    Ok(whole)
}
