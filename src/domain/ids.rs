//! Keys made from the opaque names that platforms give.

use std::hash::Hasher;

use data_encoding::{BASE32_NOPAD, Encoding};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher13};

/// A group on a platform, as a 128-bit hash of both names (SipHash-1-3 with a fixed key: stable over restarts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupKey(pub u128);

/// A member of a group, as a 128-bit hash of platform, group and user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MemberKey(pub u128);

impl GroupKey {
    /// The key of a group.
    pub fn new(platform: &str, group: &str) -> Self {
        Self(hash(&[platform, group]))
    }
}

impl MemberKey {
    /// The key of a member.
    pub fn new(platform: &str, group: &str, user: &str) -> Self {
        Self(hash(&[platform, group, user]))
    }
}

/// What identifies an event for 24 hours: 96 bits for (platform, id) and 32 bits of its body, so that a second
/// delivery with another body can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeenKey {
    /// Hash of platform and event id; the low 32 bits are zero.
    pub id: u128,
    /// Hash of the body.
    pub body: u32,
}

impl SeenKey {
    /// The key of an event.
    pub fn new(platform: &str, id: &str, body: &str) -> Self {
        let body = hash(&[body]);
        Self { id: hash(&[platform, id]) >> 32 << 32, body: (body >> 96) as u32 }
    }
}

/// A 128-bit hash of a sequence of texts; their borders count.
pub fn hash(parts: &[&str]) -> u128 {
    let mut hasher = SipHasher13::new();
    for part in parts {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff); // never part of UTF-8
    }
    hasher.finish128().as_u128()
}

/// The id of an action: `a-` and 26 base32 characters of SHA-256 over what caused it. No clock, no randomness: the same
/// cause gives the same id through retries, restarts and replay (interfaces.md §2).
pub fn action_id(platform: &str, group: &str, cause: &str, case: Option<u64>, step: &str, ordinal: u32) -> String {
    const LOWER: Encoding = BASE32_NOPAD;
    let mut hasher = Sha256::new();
    let case = case.map(|no| no.to_string()).unwrap_or_default();
    for part in [platform, group, cause, &case, step, &ordinal.to_string()] {
        hasher.update(part.as_bytes());
        hasher.update([0xff]);
    }
    let digest = hasher.finalize();
    let mut id = String::from("a-");
    id.extend(LOWER.encode(&digest[..]).chars().take(26).map(|c| c.to_ascii_lowercase()));
    id
}
