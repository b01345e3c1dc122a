//! Callbacks as WeCom makes them: sealed, signed, posted, and posted again when nobody answers 200 within 5 s.
//!
//! Written from WeCom's documents (90238, 90968, 101033) and not from `src/`, with nothing of it in use, so that each checks the
//! other.

#![allow(dead_code, unreachable_pub, reason = "the command, the tests and a bench each use a part")]

use std::time::Duration;

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use data_encoding::{BASE64, HEXLOWER};
use sha1::{Digest, Sha1};

/// How the envelope of a callback is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For apps and customer contact.
    Xml,
    /// For apps that chose it.
    AppJson,
    /// For smart robots.
    RobotJson,
}

/// Where callbacks go, and what both sides know.
#[derive(Clone, Debug)]
pub struct Address {
    /// The callback address.
    pub url: String,
    /// Token.
    pub token: String,
    /// EncodingAESKey, 43 characters.
    pub aes_key: String,
    /// The corp id; empty for a smart robot.
    pub receiveid: String,
    /// How bodies are written.
    pub format: Format,
}

/// How callbacks are posted.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How long an answer may take.
    pub patience: Duration,
    /// How often in all a callback is posted that nobody answers with 200.
    pub tries: usize,
    /// How long to wait before it is posted again.
    pub pause: Duration,
    /// Whether it is then sealed and signed anew. The documents do not say what WeCom does.
    pub anew: bool,
    /// The time they are signed with, in seconds since 1970; the machine's where it is not said.
    pub at: Option<i64>,
}

impl Default for Manner {
    fn default() -> Self {
        Self { patience: Duration::from_secs(5), tries: 4, pause: Duration::ZERO, anew: false, at: None }
    }
}

/// One post and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Status, content type and body.
    Answered(u16, String, String),
    /// No answer, and why.
    Silent(String),
}

/// What came of a callback: each post of it. The last is the one that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome(pub Vec<Attempt>);

impl Outcome {
    /// Whether it was taken in the end.
    pub fn accepted(&self) -> bool {
        matches!(self.0.last(), Some(Attempt::Answered(200, ..)))
    }

    /// The statuses of all posts; 0 for one that nobody answered.
    pub fn statuses(&self) -> Vec<u16> {
        let status = |attempt: &Attempt| match attempt {
            Attempt::Answered(status, ..) => *status,
            Attempt::Silent(_) => 0,
        };
        self.0.iter().map(status).collect()
    }

    /// The body of the last answer.
    pub fn body(&self) -> &str {
        match self.0.last() {
            Some(Attempt::Answered(_, _, body)) => body,
            _ => "",
        }
    }
}

/// What happens to callbacks on their way, by their places among them.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// These never arrive.
    pub dropped: Vec<usize>,
    /// These arrive twice.
    pub duplicated: Vec<usize>,
    /// Each pair changes places, one after the other.
    pub swapped: Vec<(usize, usize)>,
}

impl Script {
    /// The places of callbacks in the order in which they arrive.
    pub fn order(&self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for (one, other) in &self.swapped {
            if *one < count && *other < count {
                order.swap(*one, *other);
            }
        }
        let arriving = order.into_iter().filter(|at| !self.dropped.contains(at));
        arriving.flat_map(|at| std::iter::repeat_n(at, if self.duplicated.contains(&at) { 2 } else { 1 })).collect()
    }
}

/// A callback ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What follows `?` in the address.
    pub query: String,
    /// The body.
    pub body: String,
    /// The content type.
    pub kind: &'static str,
}

impl Address {
    /// Seals a message now, with chance from the system.
    pub fn seal(&self, plaintext: &str) -> Sealed {
        self.seal_at(jiff::Timestamp::now().as_second(), plaintext)
    }

    /// Seals a message at a time in seconds since 1970, with chance from the system.
    pub fn seal_at(&self, at: i64, plaintext: &str) -> Sealed {
        let mut chance = [0; 24];
        getrandom::fill(&mut chance).expect("the system has chance");
        let nonce: u64 = chance.iter().skip(16).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let random = chance.first_chunk().copied().expect("24 bytes have 16");
        self.seal_with(plaintext.as_bytes(), random, &at.to_string(), &nonce.to_string())
    }

    /// Seals a message with what is by chance otherwise.
    pub fn seal_with(&self, plaintext: &[u8], random: [u8; 16], timestamp: &str, nonce: &str) -> Sealed {
        let encrypted = encrypt(&self.aes_key, &self.receiveid, plaintext, random);
        let signature = sign(&self.token, timestamp, nonce, &encrypted);
        let query = format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}");
        let (body, kind) = match self.format {
            Format::Xml => (
                format!(
                    "<xml><ToUserName><![CDATA[{}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>\
                     <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>",
                    self.receiveid
                ),
                "text/xml",
            ),
            Format::AppJson => {
                let body =
                    serde_json::json!({"ToUserName": self.receiveid, "AgentID": "1000002", "Encrypt": encrypted});
                (body.to_string(), "application/json")
            }
            Format::RobotJson => (serde_json::json!({ "encrypt": encrypted }).to_string(), "application/json"),
        };
        Sealed { query, body, kind }
    }

    /// Posts a message as WeCom does.
    pub async fn post(&self, client: &reqwest::Client, manner: Manner, plaintext: &str) -> Outcome {
        let seal = || manner.at.map_or_else(|| self.seal(plaintext), |at| self.seal_at(at, plaintext));
        let mut sealed = seal();
        let mut attempts = Vec::new();
        for turn in 0..manner.tries.max(1) {
            if turn > 0 {
                tokio::time::sleep(manner.pause).await;
                if manner.anew {
                    sealed = seal();
                }
            }
            let attempt = self.send(client, manner.patience, &sealed).await;
            let taken = matches!(attempt, Attempt::Answered(200, ..));
            attempts.push(attempt);
            if taken {
                break;
            }
        }
        Outcome(attempts)
    }

    /// Posts messages one after the other, as the script has it.
    pub async fn post_all(
        &self,
        client: &reqwest::Client,
        manner: Manner,
        script: &Script,
        plaintexts: &[String],
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for plaintext in script.order(plaintexts.len()).into_iter().filter_map(|at| plaintexts.get(at)) {
            outcomes.push(self.post(client, manner, plaintext).await);
        }
        outcomes
    }

    /// Posts what is sealed once.
    pub async fn send(&self, client: &reqwest::Client, patience: Duration, sealed: &Sealed) -> Attempt {
        let url = format!("{}?{}", self.url, sealed.query);
        let request = client.post(url).header("content-type", sealed.kind).body(sealed.body.clone()).timeout(patience);
        answer(request).await
    }

    /// Verifies the address as the admin's page does when it is saved.
    ///
    /// # Errors
    /// What the answer was instead.
    pub async fn verify(&self, client: &reqwest::Client) -> Result<(), String> {
        let mut chance = [0; 16];
        getrandom::fill(&mut chance).expect("the system has chance");
        let (word, now) = (HEXLOWER.encode(&chance), jiff::Timestamp::now().as_second().to_string());
        let encrypted = encrypt(&self.aes_key, &self.receiveid, word.as_bytes(), chance);
        let signature = sign(&self.token, &now, "263014780", &encrypted);
        let echostr = percent(&encrypted);
        let url = format!("{}?msg_signature={signature}&timestamp={now}&nonce=263014780&echostr={echostr}", self.url);
        match answer(client.get(url).timeout(Duration::from_secs(1))).await {
            Attempt::Answered(200, _, body) if body == word => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    /// What a bot replied to a callback, opened.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(&self, timestamp: &str, nonce: &str, signature: &str, encrypted: &str) -> Result<String, String> {
        if sign(&self.token, timestamp, nonce, encrypted) != signature {
            return Err("the signature is wrong".to_owned());
        }
        decrypt(&self.aes_key, &self.receiveid, encrypted)
    }
}

/// Posts one message as WeCom does, to an address whose parts are at hand.
pub async fn post(
    client: &reqwest::Client,
    url: &str,
    token: &str,
    aes_key: &str,
    receiveid: &str,
    format: Format,
    plaintext: &str,
) -> Outcome {
    let (url, token, aes_key, receiveid) = (url.to_owned(), token.to_owned(), aes_key.to_owned(), receiveid.to_owned());
    Address { url, token, aes_key, receiveid, format }.post(client, Manner::default(), plaintext).await
}

async fn answer(request: reqwest::RequestBuilder) -> Attempt {
    let answered = async {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        Ok::<_, reqwest::Error>(Attempt::Answered(status, kind, response.text().await?))
    };
    answered.await.unwrap_or_else(|error| Attempt::Silent(error.without_url().to_string()))
}

/// Everything but what never needs it.
pub fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// SHA-1 over the sorted parts, in lower hex.
pub fn sign(token: &str, timestamp: &str, nonce: &str, encrypted: &str) -> String {
    let mut parts = [token.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), encrypted.as_bytes()];
    parts.sort();
    HEXLOWER.encode(&Sha1::digest(parts.concat()))
}

/// The 32 bytes that 43 characters stand for: the last two bits are nobody's.
fn key(aes_key: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for byte in aes_key.bytes() {
        (bits, held) = ((bits << 6 | value(byte)) & 0xffff, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    bytes.truncate(32);
    bytes
}

/// AES-256-CBC around chance, length, message and receiver, padded to 32.
pub fn encrypt(aes_key: &str, receiveid: &str, message: &[u8], random: [u8; 16]) -> String {
    let key = key(aes_key);
    let length = u32::try_from(message.len()).expect("a message is small");
    let mut plain = [&random[..], &length.to_be_bytes(), message, receiveid.as_bytes()].concat();
    let padding = 32 - plain.len() % 32;
    plain.extend(vec![u8::try_from(padding).expect("at most 32"); padding]);
    let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, &key[..16]).expect("32 bytes and 16");
    BASE64.encode(&cipher.encrypt_padded_vec::<NoPadding>(&plain))
}

/// What is in it, if it is for this receiver.
///
/// # Errors
/// What is wrong with it.
pub fn decrypt(aes_key: &str, receiveid: &str, encrypted: &str) -> Result<String, String> {
    let key = key(aes_key);
    let bytes = BASE64.decode(encrypted.as_bytes()).map_err(|error| error.to_string())?;
    let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(&key, &key[..16]).expect("32 bytes and 16");
    let plain = cipher.decrypt_padded_vec::<NoPadding>(&bytes).map_err(|error| error.to_string())?;
    let padding = usize::from(*plain.last().ok_or("nothing is in it")?);
    let whole = plain.get(..plain.len().saturating_sub(padding)).ok_or("the padding is wrong")?;
    let length =
        whole.get(16..20).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes).ok_or("too short")?;
    let end = 20 + length as usize;
    let message = whole.get(20..end).ok_or("the length is wrong")?;
    if whole.get(end..) != Some(receiveid.as_bytes()) {
        return Err("it is for another receiver".to_owned());
    }
    String::from_utf8(message.to_vec()).map_err(|error| error.to_string())
}
