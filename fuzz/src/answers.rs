//! What is answered to us by bots that were sent actions.

use axum::http::{HeaderMap, HeaderValue};
use qunwei::adapters::bridge::push;

use super::NOW;

/// What a bot answers to an action: `Retry-After` in the first line, then the body.
pub fn reply(data: &[u8]) {
    let (head, body) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    if let Ok(value) = HeaderValue::from_bytes(head) {
        let headers = HeaderMap::from_iter([(axum::http::header::RETRY_AFTER, value)]);
        if let Some(wait) = push::retry_after(&headers, NOW) {
            assert!(NOW.plus(wait) >= NOW, "it is not tried before now");
        }
    }
    assert!(push::message_in(body).is_none_or(|id| !id.is_empty()));
}
