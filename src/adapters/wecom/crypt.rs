//! What callbacks are wrapped in: SHA-1 over sorted parts as a signature, AES-256 in CBC mode around the message (WeCom's
//! documents 90968 and 101033; vectors in `crypt/tests.rs`).
//!
//! ```text
//! padded    = 16 random bytes · length as u32, big endian · message · receiveid · n times the byte n, n in 1..=32
//! encrypted = base64( AES-256-CBC( key, iv = key[..16], padded ) )
//! signature = lower hex of SHA-1 over the sorted [token, timestamp, nonce, encrypted]
//! ```
//!
//! CBC without a MAC tells whoever can try many times what is in it, if told apart what is wrong with a try. So the signature
//! is compared first and in constant time, and all that can be wrong after it is one error ([`Rejected::Content`]); what
//! exactly it was is for the operator's log alone ([`Why`]).

use std::fmt;
use std::sync::LazyLock;

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use data_encoding::{BASE64, Encoding, HEXLOWER, Specification};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// An EncodingAESKey has so many characters.
const KEY_CHARACTERS: usize = 43;
/// Bytes before the message: 16 random ones and its length.
const HEAD: usize = 20;
/// The padding fills up to a multiple of this, twice the block of AES.
const PADDED_TO: usize = 32;
/// The block of AES.
const BLOCK: usize = 16;

/// 43 characters carry 258 bits, two more than a key has. WeCom draws all of them, so most keys are no canonical base64.
static KEY_BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut base64 = Specification::new();
    base64.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    base64.check_trailing_bits = false;
    base64.encoding().expect("64 different symbols")
});

/// What both sides of one callback address know. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Crypt {
    token: Box<str>,
    cipher: Aes256,
    iv: [u8; BLOCK],
    receiveid: Box<str>,
}

/// Why something is no token or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Anybody could sign.
    #[error("the token is empty")]
    Token,
    /// It was not copied whole, or is something else.
    #[error("the EncodingAESKey is not 43 letters and digits long; copy it from the page of the callback address")]
    AesKey,
}

/// The signed parts of a callback, as they stand in its (url-decoded) query and in its body.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// `msg_signature`
    pub signature: &'a str,
    /// `timestamp`
    pub timestamp: &'a str,
    /// `nonce`
    pub nonce: &'a str,
    /// `echostr`, or `Encrypt` of the body.
    pub encrypted: &'a str,
}

/// Why a callback is not taken for one of WeCom's to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It was not signed with our token.
    #[error("the signature is wrong")]
    Signature,
    /// It was, and yet is not for us. [`Why`] is not for the sender.
    #[error("it cannot be opened")]
    Content(Why),
}

/// What is wrong with a content whose signature is right, for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not base64 of whole blocks.
    Form,
    /// What comes out is not what goes in: most likely another EncodingAESKey.
    Key,
    /// It was meant for another receiver: most likely another corp id.
    Receiver,
}

impl Why {
    /// In words, with what to look at.
    pub fn words(self) -> &'static str {
        match self {
            Why::Form => "it is not base64 of whole AES blocks",
            Why::Key => "it does not decrypt; is the EncodingAESKey the one of this callback address?",
            Why::Receiver => {
                "it decrypts, and is meant for another receiver; is the corp id right (a smart robot's is empty)?"
            }
        }
    }
}

impl Crypt {
    /// Reads what the page of a callback address shows. `receiveid` is the corp id for apps and customer contact, empty for a
    /// smart robot (wecom.md §1.1).
    ///
    /// # Errors
    /// What is wrong with it, without any of it.
    pub fn new(token: &str, aes_key: &str, receiveid: &str) -> Result<Self, BadKey> {
        if token.is_empty() {
            return Err(BadKey::Token);
        }
        if aes_key.len() != KEY_CHARACTERS {
            return Err(BadKey::AesKey);
        }
        let key = KEY_BASE64.decode(aes_key.as_bytes()).map_err(|_| BadKey::AesKey)?;
        let cipher = Aes256::new_from_slice(&key).map_err(|_| BadKey::AesKey)?;
        let iv = key.first_chunk().copied().ok_or(BadKey::AesKey)?;
        Ok(Self { token: token.into(), cipher, iv, receiveid: receiveid.into() })
    }

    /// The message in it, if it was signed by one who knows our token and is meant for us.
    ///
    /// # Errors
    /// It was not, or is not.
    pub fn open(&self, signed: Signed<'_>) -> Result<Vec<u8>, Rejected> {
        if !self.is_signed(signed) {
            return Err(Rejected::Signature);
        }
        self.decrypt(signed.encrypted).map_err(Rejected::Content)
    }

    /// Whether one who knows our token signed it.
    pub fn is_signed(&self, signed: Signed<'_>) -> bool {
        let expected = self.signature(signed.timestamp, signed.nonce, signed.encrypted);
        expected.as_bytes().ct_eq(signed.signature.as_bytes()).into()
    }

    /// The signature of these parts.
    pub fn signature(&self, timestamp: &str, nonce: &str, encrypted: &str) -> String {
        let mut parts = [&*self.token, timestamp, nonce, encrypted];
        parts.sort_unstable(); // by bytes, as `str` is ordered
        let mut sha = Sha1::new();
        for part in parts {
            sha.update(part);
        }
        HEXLOWER.encode(&sha.finalize())
    }

    /// A message as it is sent to us: for passive replies and for tests.
    pub fn encrypt(&self, message: &[u8], random: [u8; BLOCK]) -> String {
        let bare = HEAD + message.len() + self.receiveid.len();
        let padding = PADDED_TO - bare % PADDED_TO;
        let mut padded = Vec::with_capacity(bare + padding);
        padded.extend_from_slice(&random);
        padded.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
        padded.extend_from_slice(message);
        padded.extend_from_slice(self.receiveid.as_bytes());
        padded.resize(bare + padding, u8::try_from(padding).unwrap_or_default());
        let cbc = cbc::Encryptor::inner_iv_init(&self.cipher, &self.iv.into());
        let encrypted = cbc.encrypt_padded::<NoPadding>(&mut padded, bare + padding);
        BASE64.encode(encrypted.unwrap_or_default()) // whole blocks need no padding of the cipher's
    }

    fn decrypt(&self, encrypted: &str) -> Result<Vec<u8>, Why> {
        let mut bytes = BASE64.decode(encrypted.as_bytes()).map_err(|_| Why::Form)?;
        if bytes.is_empty() || !bytes.len().is_multiple_of(BLOCK) {
            return Err(Why::Form);
        }
        let cbc = cbc::Decryptor::inner_iv_init(&self.cipher, &self.iv.into());
        cbc.decrypt_padded::<NoPadding>(&mut bytes).map_err(|_| Why::Form)?;
        let message = message_of(&bytes, self.receiveid.as_bytes())?.len();
        bytes.drain(..HEAD);
        bytes.truncate(message);
        Ok(bytes)
    }
}

/// The message in what was decrypted, behind 20 bytes and before `receiveid` and padding. Some libraries pad to 16 instead of
/// 32, which is as good.
fn message_of<'a>(decrypted: &'a [u8], receiveid: &[u8]) -> Result<&'a [u8], Why> {
    let padding = usize::from(*decrypted.last().ok_or(Why::Key)?);
    if !(1..=PADDED_TO).contains(&padding) {
        return Err(Why::Key);
    }
    let bare = decrypted.len().checked_sub(padding).and_then(|end| decrypted.get(..end)).ok_or(Why::Key)?;
    let (head, rest) = bare.split_at_checked(HEAD).ok_or(Why::Key)?;
    let told = head.last_chunk().copied().map(u32::from_be_bytes).ok_or(Why::Key)?;
    let told = usize::try_from(told).map_err(|_| Why::Key)?;
    let (message, receiver) = rest.split_at_checked(told).ok_or(Why::Key)?;
    if bool::from(receiver.ct_eq(receiveid)) { Ok(message) } else { Err(Why::Receiver) }
}

impl fmt::Debug for Crypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crypt(…)")
    }
}

#[cfg(test)]
mod tests;
