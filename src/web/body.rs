//! Reads a body within limits of size and time, without copying one that arrives in one piece.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};

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
}

impl NoBody {
    /// What such a request is answered with.
    pub(super) fn status(self) -> StatusCode {
        match self {
            NoBody::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            NoBody::TooSlow => StatusCode::REQUEST_TIMEOUT,
            NoBody::Broken => StatusCode::BAD_REQUEST,
            NoBody::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

/// The whole body, of at most `max_bytes`, which may take `within` to arrive.
pub(super) async fn read(
    body: impl HttpBody<Data = Bytes> + Unpin,
    headers: &HeaderMap,
    max_bytes: usize,
    within: Duration,
) -> Result<Bytes, NoBody> {
    let encoded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(encoded) {
        return Err(NoBody::Encoded);
    }
    let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|told| told > max_bytes as u64) {
        return Err(NoBody::TooLarge { max_bytes });
    }
    let mut whole = pin!(collect(body, max_bytes));
    // Nearly always all of it came with the head, and nothing has to be timed.
    if let Poll::Ready(read) = poll_fn(|context| Poll::Ready(whole.as_mut().poll(context))).await {
        return read;
    }
    match tokio::time::timeout(within, whole).await {
        Ok(read) => read,
        Err(_) => Err(NoBody::TooSlow),
    }
}

async fn collect(mut body: impl HttpBody<Data = Bytes> + Unpin, max_bytes: usize) -> Result<Bytes, NoBody> {
    let mut whole = Bytes::new();
    let mut pieces: Option<Vec<u8>> = None;
    while !body.is_end_stream() {
        let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else { break };
        let Ok(piece) = frame.map_err(|_| NoBody::Broken)?.into_data() else { continue };
        let so_far = pieces.as_ref().map_or(whole.len(), Vec::len);
        if piece.len() > max_bytes - so_far {
            return Err(NoBody::TooLarge { max_bytes });
        }
        match &mut pieces {
            None if whole.is_empty() => whole = piece,
            None => pieces = Some([&*whole, &*piece].concat()),
            Some(pieces) => pieces.extend_from_slice(&piece),
        }
    }
    Ok(pieces.map_or(whole, Bytes::from))
}
