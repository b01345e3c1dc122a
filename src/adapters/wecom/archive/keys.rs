//! The corp's RSA keys. Each message is sealed with a key of its own, and that one for the public key that was the corp's at
//! the time; so old private keys stay needed (doc 91774).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use data_encoding::{BASE64, BASE64_NOPAD};
use getrandom::SysRng;
use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;

/// How long the key of a message can be, in bytes; WeCom's have some dozens. What implicit rejection gives for a key that
/// was sealed for another has any length, and when that is two, one in seven looks printable; of sixteen, one in nine
/// million.
const LENGTHS: RangeInclusive<usize> = 16..=1024;

/// Private keys by their version.
#[derive(Clone, Default)]
pub struct Keys(BTreeMap<u64, PrivateKey>);

/// Why a text is no private key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It has not the form of one.
    #[error(
        "this is no private key in PEM form: it must begin with `-----BEGIN PRIVATE KEY-----` or `-----BEGIN RSA PRIVATE KEY-----`"
    )]
    Form,
    /// It is the other half.
    #[error("this is a public key: the private one of the same pair is needed")]
    Public,
    /// It has a password.
    #[error("this private key has a password: take it off with `openssl pkey -in KEY -out KEY.pem`")]
    Encrypted,
    /// Its inside is damaged.
    #[error("this private key is damaged: {0}")]
    Damaged(String),
}

/// Why the key of a message was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// There is no private key of this version.
    NoVersion,
    /// It is no base64.
    Damaged,
    /// What came out is no key of a message: it was sealed for another key, or damaged.
    Implausible,
}

impl Keys {
    /// Adds a key, PKCS#1 or PKCS#8, under its version; one that was there is replaced.
    ///
    /// # Errors
    /// It is none.
    pub fn add(&mut self, version: u64, pem: &str) -> Result<(), BadKey> {
        let pem = pem.trim_start_matches('\u{feff}').trim();
        let label = pem.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----")).map(|(label, _)| label);
        let damaged = |error: String| BadKey::Damaged(error);
        let key = match label {
            Some("RSA PRIVATE KEY") if pem.contains("ENCRYPTED") => return Err(BadKey::Encrypted),
            Some("RSA PRIVATE KEY") => PrivateKey::from_pkcs1_pem(pem).map_err(|error| damaged(error.to_string()))?,
            Some("PRIVATE KEY") => PrivateKey::from_pkcs8_pem(pem).map_err(|error| damaged(error.to_string()))?,
            Some("ENCRYPTED PRIVATE KEY") => return Err(BadKey::Encrypted),
            Some(label) if label.ends_with("PUBLIC KEY") => return Err(BadKey::Public),
            _ => return Err(BadKey::Form),
        };
        self.0.insert(version, key);
        Ok(())
    }

    /// The versions there are.
    pub fn versions(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }

    /// Opens the key of a message.
    ///
    /// # Errors
    /// The version is missing, the key damaged or another's. A wrong padding is not told from a right one (implicit
    /// rejection gives other bytes instead), so it is told by what a message's key looks like: printable ASCII, because the
    /// library takes it as a C text, and no shorter than a key is.
    pub fn open(&self, version: u64, sealed: &str) -> Result<String, KeyError> {
        let key = self.0.get(&version).ok_or(KeyError::NoVersion)?;
        let sealed = sealed.trim();
        let bytes = BASE64.decode(sealed.as_bytes()).or_else(|_| BASE64_NOPAD.decode(sealed.as_bytes()));
        let bytes = bytes.map_err(|_| KeyError::Damaged)?;
        // What is refused has not this key's length or is not below its modulus: it was sealed for another.
        let opened = key.pkcs1v15_decrypt_with_rng(&mut SysRng, &bytes).map_err(|_| KeyError::Implausible)?;
        let plausible = LENGTHS.contains(&opened.len()) && opened.iter().all(u8::is_ascii_graphic);
        if !plausible {
            return Err(KeyError::Implausible);
        }
        String::from_utf8(opened).map_err(|_| KeyError::Implausible)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
    use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};

    use super::*;

    static PAIR: LazyLock<[PrivateKey; 2]> =
        LazyLock::new(|| [(), ()].map(|()| PrivateKey::new(&mut SysRng, 1024).expect("a key")));

    fn seal(key: &PrivateKey, text: &str) -> String {
        let sealed = key.as_public_key().pkcs1v15_encrypt_with_rng(&mut SysRng, text.as_bytes()).expect("sealed");
        BASE64.encode(&sealed)
    }

    #[test]
    fn both_forms_of_a_key_open_what_was_sealed_for_it() {
        let [one, two] = &*PAIR;
        let mut keys = Keys::default();
        keys.add(3, &one.to_pkcs1_pem(LineEnding::LF).expect("PEM")).expect("PKCS#1");
        keys.add(4, &format!("\u{feff}\r\n{}\n", &*two.to_pkcs8_pem(LineEnding::CRLF).expect("PEM"))).expect("PKCS#8");
        assert_eq!(keys.versions().collect::<Vec<_>>(), [3, 4]);
        let (first, second) = ("k3y-0f/th1s+m3ss4ge=", "4n0ther/key+of/them=");
        assert_eq!(keys.open(3, &seal(one, first)), Ok(first.to_owned()));
        assert_eq!(keys.open(4, &seal(two, second)), Ok(second.to_owned()));
        assert_eq!(keys.open(5, &seal(two, second)), Err(KeyError::NoVersion));
        // Both ways: whichever key has the greater modulus, sealed numbers above the other's are among these.
        for _ in 0..16 {
            assert_eq!(keys.open(3, &seal(two, second)), Err(KeyError::Implausible));
            assert_eq!(keys.open(4, &seal(one, first)), Err(KeyError::Implausible));
        }
        assert_eq!(keys.open(3, &BASE64.encode(&[0xff; 128])), Err(KeyError::Implausible), "above every modulus");
        assert_eq!(keys.open(3, "%%%"), Err(KeyError::Damaged));
        assert_eq!(keys.open(3, "AAAA"), Err(KeyError::Implausible), "of another length");
        assert_eq!(keys.open(3, &seal(one, "k3y-0f/\0h1s+m3ss4ge=")), Err(KeyError::Implausible), "no C text");
        assert_eq!(
            keys.open(3, &seal(one, "9(")),
            Err(KeyError::Implausible),
            "as implicit rejection gives now and then"
        );
        assert_eq!(format!("{keys:?}"), "Keys([3, 4])");
    }

    #[test]
    fn what_is_no_private_key_is_told_apart() {
        let [one, _] = &*PAIR;
        let mut keys = Keys::default();
        let public = one.as_public_key().to_public_key_pem(LineEnding::LF).expect("PEM");
        assert_eq!(keys.add(1, &public), Err(BadKey::Public));
        assert_eq!(keys.add(1, "hello"), Err(BadKey::Form));
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
        assert_eq!(keys.add(1, encrypted), Err(BadKey::Encrypted));
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        assert_eq!(keys.add(1, old), Err(BadKey::Encrypted));
        let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        assert!(matches!(keys.add(1, damaged), Err(BadKey::Damaged(_))));
        assert_eq!(keys.versions().count(), 0);
    }
}
