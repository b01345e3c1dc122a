//! Secrets: of bridges by the convention of Standard Webhooks (`whsec_` and base64), tokens, what others gave us, and the key with
//! which stored texts are sealed.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use data_encoding::{BASE64, BASE64_NOPAD};
use subtle::ConstantTimeEq;

/// What every secret begins with.
pub const PREFIX: &str = "whsec_";

/// How many bytes a secret has, by the convention.
const LENGTH: RangeInclusive<usize> = 24..=64;

/// The bytes of a secret. Its `Debug` shows nothing of them, and comparing it takes a time that tells nothing of them.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Reads `whsec_` and base64 of 24 to 64 bytes, with or without its padding.
    ///
    /// # Errors
    /// What is wrong with it, without any of it.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let base64 = text.trim().strip_prefix(PREFIX).ok_or(BadSecret::Prefix)?.as_bytes();
        let bytes = BASE64.decode(base64).or_else(|_| BASE64_NOPAD.decode(base64)).map_err(|_| BadSecret::Base64)?;
        if LENGTH.contains(&bytes.len()) { Ok(Self(bytes.into())) } else { Err(BadSecret::Length) }
    }

    /// The key that signatures are made with.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a bot shows when it fetches its actions. Its `Debug` shows nothing of it; compared as [`Secret`] is.
#[derive(Clone)]
pub struct Token(Box<str>);

/// How many characters a token has.
const TOKEN_LENGTH: RangeInclusive<usize> = 16..=256;

impl Token {
    /// Reads 16 to 256 visible ASCII characters: what a header can carry and nobody guesses.
    ///
    /// # Errors
    /// What is wrong with it, without any of it.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        let text = text.trim();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadToken::Characters);
        }
        if TOKEN_LENGTH.contains(&text.len()) { Ok(Self(text.into())) } else { Err(BadToken::Length) }
    }

    /// What stands in the header after `Bearer`.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What another system gave us to show it, of whatever form: the secret of an app, a callback's token, a private key. Its
/// `Debug` shows nothing of it; compared as [`Secret`] is.
#[derive(Clone)]
pub struct Hidden(Arc<str>);

impl Hidden {
    /// Takes a text as it is.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text, for those who need it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

/// How a key begins.
pub const KEY_PREFIX: &str = "qwkey_";

/// The operator's key, with which stored texts are sealed. Its `Debug` shows nothing of it; compared as [`Secret`] is.
#[derive(Clone)]
pub struct Key(Box<[u8; 32]>);

impl Key {
    /// Reads `qwkey_` and base64 of 32 bytes, with or without its padding.
    ///
    /// # Errors
    /// What is wrong with it, without any of it.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let base64 = text.trim().strip_prefix(KEY_PREFIX).ok_or(BadKey::Prefix)?.as_bytes();
        let bytes = BASE64.decode(base64).or_else(|_| BASE64_NOPAD.decode(base64)).map_err(|_| BadKey::Base64)?;
        Ok(Self(Box::new(bytes.try_into().map_err(|_| BadKey::Length)?)))
    }

    /// One of these bytes, which must be random.
    pub fn of(bytes: [u8; 32]) -> Self {
        Self(Box::new(bytes))
    }

    /// What is sealed with.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Of two secrets only their lengths may be told by the time that comparing them takes. Written once here, so that nobody who
/// writes `==` between secrets has to remember.
macro_rules! compared_in_constant_time {
    ($($kind:ty),*) => { $(
        impl PartialEq for $kind {
            fn eq(&self, other: &Self) -> bool {
                let bytes: fn(&Self) -> &[u8] = |secret| (*secret.0).as_ref();
                bytes(self).ct_eq(bytes(other)).into()
            }
        }
        impl Eq for $kind {}
    )* };
}

compared_in_constant_time!(Secret, Token, Hidden, Key);

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It does not begin with `qwkey_`.
    #[error("it does not begin with `qwkey_`")]
    Prefix,
    /// The rest is not base64.
    #[error("what follows `qwkey_` is not base64")]
    Base64,
    /// It is too short or too long.
    #[error("it is not 32 bytes long")]
    Length,
}

/// Why a text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// A header cannot carry it.
    #[error("it has spaces or characters other than letters, digits and plain signs")]
    Characters,
    /// It is too short or too long.
    #[error("it is not 16 to 256 characters long")]
    Length,
}

/// Why a text is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// It does not begin with `whsec_`.
    #[error("it does not begin with `whsec_`")]
    Prefix,
    /// The rest is not base64.
    #[error("what follows `whsec_` is not base64")]
    Base64,
    /// It is too short or too long.
    #[error("it is not 24 to 64 bytes long")]
    Length,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_and_never_shown() {
        let token = Token::parse(" 0123456789abcdef\n").unwrap();
        assert_eq!((token.bytes(), format!("{token:?}")), (&b"0123456789abcdef"[..], "Token(…)".to_owned()));
        let rows = [
            ("0123456789abcde", BadToken::Length),
            ("0123456789 abcdef", BadToken::Characters),
            ("密钥密钥密钥密钥密钥密钥", BadToken::Characters),
        ];
        for (text, expected) in rows {
            assert_eq!(Token::parse(text), Err(expected), "{text}");
        }
        assert_eq!(Token::parse(&"x".repeat(257)), Err(BadToken::Length));
    }

    #[test]
    fn secrets_are_read_and_never_shown() {
        let sound = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
        let secret = Secret::parse(&format!("{sound}\n")).unwrap();
        assert_eq!(secret.bytes().len(), 32);
        assert_eq!(Secret::parse(sound.trim_end_matches('=')).as_ref(), Ok(&secret));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        let rows = [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", BadSecret::Prefix),
            ("whsec_密钥", BadSecret::Base64),
            ("whsec_MfKQ9", BadSecret::Base64),
            ("whsec_", BadSecret::Length),
            ("whsec_abcd", BadSecret::Length),
        ];
        for (text, expected) in rows {
            assert_eq!(Secret::parse(text), Err(expected), "{text}");
        }
        assert!(Secret::parse(&format!("whsec_{}", BASE64.encode(&[7; 64]))).is_ok());
        assert_eq!(Secret::parse(&format!("whsec_{}", BASE64.encode(&[7; 65]))), Err(BadSecret::Length));
    }

    #[test]
    fn keys_are_read_and_never_shown() {
        let text = format!("{KEY_PREFIX}{}", BASE64.encode(&[7; 32]));
        let key = Key::parse(&format!(" {text}\n")).unwrap();
        assert_eq!((key.bytes(), format!("{key:?}")), (&[7; 32], "Key(…)".to_owned()));
        assert_eq!(Key::parse(text.trim_end_matches('=')).as_ref(), Ok(&key));
        assert_ne!(Key::of([8; 32]), key);
        let short = format!("{KEY_PREFIX}{}", BASE64.encode(&[7; 31]));
        let rows = [
            ("whsec_AAAA", BadKey::Prefix),
            ("qwkey_密钥", BadKey::Base64),
            (&short, BadKey::Length),
            ("qwkey_", BadKey::Length),
        ];
        for (text, expected) in rows {
            assert_eq!(Key::parse(text), Err(expected), "{text}");
        }
    }
}
