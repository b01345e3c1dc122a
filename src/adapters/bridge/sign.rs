//! Signatures of the bridge, by the Standard Webhooks convention: HMAC-SHA256 over `id.timestamp.body`.
//!
//! Written here and not taken from the `standardwebhooks` crate because that one reads the system clock (tests and the
//! simulation turn ours), knows one secret (a rotation needs two), and wants a map of owned headers. Each secret keeps
//! its HMAC key state, so that a request costs hashing and nothing else.

use std::fmt;
use std::time::Duration;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::secret::{self, BadSecret};
use crate::domain::time::Timestamp;

/// How far a request's timestamp may be from our clock, in either direction.
pub const TOLERANCE: Duration = Duration::from_secs(300);

const DIGEST: usize = 32;

/// What both sides know. Never shown: its `Debug` says nothing.
#[derive(Clone)]
pub struct Secret {
    /// The state after the key's two blocks: what is left is to hash the message.
    keyed: Hmac<Sha256>,
}

impl Secret {
    /// Reads `whsec_` and base64, as [`secret::Secret::parse`] does.
    ///
    /// # Errors
    /// Says what is wrong, without repeating any of it.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        secret::Secret::parse(text).map(|secret| Self::from_bytes(secret.bytes()))
    }

    /// A secret that is decoded already.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let keyed = Hmac::new_from_slice(bytes).expect("HMAC takes keys of any length");
        Self { keyed }
    }

    fn digest(&self, id: &[u8], timestamp: &[u8], body: &[u8]) -> [u8; DIGEST] {
        let mut mac = self.keyed.clone();
        for part in [id, b".", timestamp, b".", body] {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The three headers of a signed request, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    /// `webhook-id`
    pub id: Option<&'a [u8]>,
    /// `webhook-timestamp`: seconds since 1970.
    pub timestamp: Option<&'a [u8]>,
    /// `webhook-signature`: one or more, separated by spaces.
    pub signature: Option<&'a [u8]>,
}

/// Why a request is not taken for one of the bridge's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A header is missing.
    #[error("the header `{0}` is missing")]
    Missing(&'static str),
    /// The timestamp is not a number of seconds.
    #[error("the header `webhook-timestamp` is not a whole number of seconds since 1970")]
    Timestamp,
    /// The timestamp is too old.
    #[error("the header `webhook-timestamp` is more than 5 minutes old")]
    Old,
    /// The timestamp lies in the future.
    #[error("the header `webhook-timestamp` is more than 5 minutes ahead; are both clocks right?")]
    Ahead,
    /// There is no `v1` signature, or none by a secret that is valid.
    #[error("no `v1` signature in the header `webhook-signature` is valid")]
    Signature,
}

/// Whether a request comes from one who knows one of `secrets`, and lately.
///
/// # Errors
/// The first thing that is wrong, in words for the sender.
pub fn verify(
    secrets: &[Secret],
    headers: Headers<'_>,
    body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), Rejected> {
    let id = headers.id.filter(|id| !id.is_empty()).ok_or(Rejected::Missing("webhook-id"))?;
    let timestamp = headers.timestamp.ok_or(Rejected::Missing("webhook-timestamp"))?;
    let signatures = headers.signature.ok_or(Rejected::Missing("webhook-signature"))?;
    let sent = seconds(timestamp).ok_or(Rejected::Timestamp)?;
    if now.since(sent) > tolerance {
        return Err(Rejected::Old);
    }
    if sent.since(now) > tolerance {
        return Err(Rejected::Ahead);
    }
    for secret in secrets {
        let expected = secret.digest(id, timestamp, body);
        if signatures.split(|byte| *byte == b' ').filter_map(v1).any(|given| bool::from(given.ct_eq(&expected))) {
            return Ok(());
        }
    }
    Err(Rejected::Signature)
}

/// One entry of `webhook-signature` for a message sent at `timestamp` (its whole seconds count).
pub fn sign(secret: &Secret, id: &str, timestamp: Timestamp, body: &[u8]) -> String {
    let seconds = header_seconds(timestamp).to_string();
    let mut entry = String::from("v1,");
    BASE64.encode_append(&secret.digest(id.as_bytes(), seconds.as_bytes(), body), &mut entry);
    entry
}

/// What `webhook-timestamp` says for a point in time.
pub fn header_seconds(timestamp: Timestamp) -> i64 {
    timestamp.0.div_euclid(1000)
}

/// Digits only: `+5`, ` 5` and `5.0` are not what was signed by any library.
fn seconds(header: &[u8]) -> Option<Timestamp> {
    if !header.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds: i64 = std::str::from_utf8(header).ok()?.parse().ok()?;
    Some(Timestamp(seconds.saturating_mul(1000)))
}

/// The digest in a `v1` entry; other versions, and what is no digest at all, are passed over.
fn v1(entry: &[u8]) -> Option<[u8; DIGEST]> {
    let encoded = entry.strip_prefix(b"v1,")?;
    let mut decoded = [0; DIGEST + 1]; // 44 characters with padding may stand for 33 bytes
    if BASE64.decode_len(encoded.len()) != Ok(decoded.len()) {
        return None;
    }
    match BASE64.decode_mut(encoded, &mut decoded) {
        Ok(DIGEST) => decoded.first_chunk().copied(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
