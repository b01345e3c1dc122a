//! A corp's session archive in a folder: messages sealed with a key of their own, that key sealed with the corp's public one, as
//! `archive/mock.c` gives them out in place of WeCom's library.
//!
//! Written from WeCom's document 91774 and not from `src/`, with nothing of it in use, so that each checks the other. Only the
//! cipher of messages is a toy: WeCom's is not documented.

#![allow(dead_code, unreachable_pub, reason = "the command and the tests each use a part")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use getrandom::SysRng;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::{PrivateKey, PublicKey};
use serde_json::{Value, json};

/// The toy cipher.
pub fn seal(text: &str, key: &str) -> String {
    let check = text.bytes().fold(2_166_136_261_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(16_777_619));
    let sealed: Vec<u8> = text.bytes().zip(key.bytes().cycle()).map(|(text, key)| text ^ key).collect();
    format!("toy:{check:08x}:{}", HEXLOWER.encode(&sealed))
}

/// A sealed message as a line of `messages.jsonl`.
pub fn line(seq: u64, msgid: &str, version: u64, public: &PublicKey, message: &str) -> Result<String, String> {
    let mut drawn = [0; 24];
    getrandom::fill(&mut drawn).map_err(|error| error.to_string())?;
    let key = BASE64.encode(&drawn);
    let opened = public.pkcs1v15_encrypt_with_rng(&mut SysRng, key.as_bytes()).map_err(|error| error.to_string())?;
    let rest = json!({"msgid": msgid, "publickey_ver": version, "encrypt_random_key": BASE64.encode(&opened),
                      "encrypt_chat_msg": seal(message, &key)});
    Ok(format!("{{\"seq\":{seq},{}\n", rest.to_string().trim_start_matches('{')))
}

/// A folder that is written to.
pub struct Folder {
    folder: PathBuf,
    public: PublicKey,
    seq: u64,
}

impl Folder {
    /// Goes on with a folder, or makes it: with a key pair of version 1, whose private half is `key-1.pem`.
    ///
    /// # Errors
    /// It cannot be written, or its key is none.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder.join("media")).map_err(told)?;
        let pem = folder.join("key-1.pem");
        let private = if pem.exists() {
            let text = fs::read_to_string(&pem).map_err(told)?;
            PrivateKey::from_pkcs8_pem(&text).map_err(|error| error.to_string())?
        } else {
            let private = PrivateKey::new(&mut SysRng, 2048).map_err(|error| error.to_string())?;
            let text = private.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?;
            fs::write(&pem, text.as_bytes()).map_err(told)?;
            private
        };
        let messages = fs::read_to_string(folder.join("messages.jsonl")).unwrap_or_default();
        let seq = messages.lines().count() as u64;
        Ok(Self { folder: folder.to_owned(), public: private.as_public_key().clone(), seq })
    }

    /// Puts a message behind the others.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&mut self, message: &Value) -> Result<(), String> {
        let line =
            line(self.seq + 1, message["msgid"].as_str().unwrap_or_default(), 1, &self.public, &message.to_string())?;
        let file = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("messages.jsonl"));
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(|error| error.to_string())?;
        self.seq += 1;
        Ok(())
    }

    /// The secret that leads the library to it.
    pub fn secret(&self) -> String {
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        format!("dir:{}", folder.display())
    }

    /// Where its private key is.
    pub fn key(&self) -> PathBuf {
        self.folder.join("key-1.pem")
    }
}
