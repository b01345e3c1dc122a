//! Reads a body within limits of size and time, without copying one that arrives in one piece.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use axum::body::{Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;

use super::{Limits, Refused};

pub(super) async fn read(
    body: impl HttpBody<Data = Bytes> + Unpin,
    headers: &HeaderMap,
    limits: &Limits,
) -> Result<Bytes, Refused> {
    let max_bytes = limits.max_bytes;
    let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|told| told > max_bytes as u64) {
        return Err(Refused::TooLarge { max_bytes });
    }
    let mut whole = pin!(collect(body, max_bytes));
    // Nearly always all of it came with the head, and nothing has to be timed.
    if let Poll::Ready(read) = poll_fn(|context| Poll::Ready(whole.as_mut().poll(context))).await {
        return read;
    }
    match tokio::time::timeout(limits.body_timeout, whole).await {
        Ok(read) => read,
        Err(_) => Err(Refused::TooSlow),
    }
}

async fn collect(mut body: impl HttpBody<Data = Bytes> + Unpin, max_bytes: usize) -> Result<Bytes, Refused> {
    let mut whole = Bytes::new();
    let mut pieces: Option<Vec<u8>> = None;
    while !body.is_end_stream() {
        let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else { break };
        let Ok(piece) = frame.map_err(|_| Refused::Broken)?.into_data() else { continue };
        let so_far = pieces.as_ref().map_or(whole.len(), Vec::len);
        if piece.len() > max_bytes - so_far {
            return Err(Refused::TooLarge { max_bytes });
        }
        match &mut pieces {
            None if whole.is_empty() => whole = piece,
            None => pieces = Some([&*whole, &*piece].concat()),
            Some(pieces) => pieces.extend_from_slice(&piece),
        }
    }
    Ok(pieces.map_or(whole, Bytes::from))
}
