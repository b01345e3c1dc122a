//! The fake's session archive: what people say is sealed into a folder from which a stand-in for WeCom's library reads it
//! (`archive/mock.c`), so that a rehearsal needs nothing of WeCom's.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::{BASE64, HEXLOWER};
use getrandom::SysRng;
use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};

/// The source of the library, in the repository.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fake-wecom/archive/mock.c");
/// What each message is sealed with.
const RANDOM_KEY: &str = "k3y-0f/th1s+m3ss4ge=";

/// An archive in a folder.
pub struct Vault {
    folder: PathBuf,
    key: PrivateKey,
    lines: String,
    seq: u64,
}

impl Vault {
    /// Makes one: the library, the private key of version 1, and no messages.
    ///
    /// # Errors
    /// The folder cannot be written, or there is no C compiler.
    pub fn make(folder: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder.join("media")).map_err(told)?;
        let folder = folder.canonicalize().map_err(told)?;
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(folder.join("libWeWorkFinanceSdk_C.so")).arg(SOURCE);
        let output = compiler.output().map_err(|error| format!("cc: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let key = PrivateKey::new(&mut SysRng, 2048).map_err(|error| error.to_string())?;
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?;
        fs::write(folder.join("private-1.pem"), pem.as_bytes()).map_err(|error| error.to_string())?;
        let vault = Self { folder, key, lines: String::new(), seq: 0 };
        vault.write().map_err(|error| error.to_string())?;
        Ok(vault)
    }

    /// What is configured as the archive's secret: it names the folder.
    pub fn secret(&self) -> String {
        format!("dir:{}", self.folder.display())
    }

    /// Where the library is.
    pub fn library(&self) -> PathBuf {
        self.folder.join("libWeWorkFinanceSdk_C.so")
    }

    /// Where the private key of version 1 is.
    pub fn private_key(&self) -> PathBuf {
        self.folder.join("private-1.pem")
    }

    /// Keeps a message.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn keep(&mut self, message: &Value) -> Result<(), String> {
        let public = self.key.as_public_key();
        let key = public.pkcs1v15_encrypt_with_rng(&mut SysRng, RANDOM_KEY.as_bytes());
        let key = key.map_err(|error| error.to_string())?;
        self.seq += 1;
        let rest = json!({
            "msgid": message["msgid"], "publickey_ver": 1, "encrypt_random_key": BASE64.encode(&key),
            "encrypt_chat_msg": seal(&message.to_string(), RANDOM_KEY),
        });
        // The library wants the number in front.
        writeln!(self.lines, "{{\"seq\":{},{}", self.seq, rest.to_string().trim_start_matches('{'))
            .map_err(|error| error.to_string())?;
        self.write().map_err(|error| error.to_string())
    }

    /// All at once, so that nobody reads half a line.
    fn write(&self) -> std::io::Result<()> {
        let aside = self.folder.join("aside");
        fs::write(&aside, &self.lines)?;
        fs::rename(aside, self.folder.join("messages.jsonl"))
    }
}

/// The library's toy cipher.
fn seal(text: &str, key: &str) -> String {
    let check = text.bytes().fold(2_166_136_261_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(16_777_619));
    let sealed: Vec<u8> = text.bytes().zip(key.bytes().cycle()).map(|(text, key)| text ^ key).collect();
    format!("toy:{check:08x}:{}", HEXLOWER.encode(&sealed))
}
