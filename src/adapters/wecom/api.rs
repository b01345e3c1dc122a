//! Calls of WeCom's server interface: JSON over HTTPS, in which the `errcode` of the body decides, not the HTTP status.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Request, RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::errcode::{self, Class};
use super::token::Tokens;
use crate::adapters::http::{self, ClientError};
use crate::ports::Reply;

/// How long nothing is sent after "too often" (90454: a limit of a minute is lifted after a minute).
pub const TOO_OFTEN: Duration = Duration::from_secs(60);

/// The longest answer that is read, in bytes: a customer group of 500 members has about 150 kB.
const ANSWER_LIMIT: usize = 4 << 20;

/// How much of WeCom's own words is repeated in an error, in characters.
const SAID_LIMIT: usize = 120;

/// Why a call did not give what was asked for. It never shows an address, a token or what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// WeCom answered with an error code: the call was not carried out.
    Code {
        /// The `errcode`.
        code: i64,
        /// What WeCom said of it, shortened; only where the code alone says too little.
        said: String,
    },
    /// There was no connection: surely not carried out.
    NotSent(String),
    /// It was sent, and what came of it is not known.
    Unanswered(String),
    /// An answer without an error code, and not 200.
    Status(u16),
    /// It was not sent: a limit of WeCom's would have been passed.
    TooSoon(Duration),
    /// There is no access token, so it was not sent.
    NoToken {
        /// Why not.
        why: Box<ApiError>,
        /// When it is worth trying again.
        after: Duration,
    },
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiError::Code { code, said } => {
                write!(f, "errcode {code}")?;
                if let Some(row) = errcode::row(*code) {
                    write!(f, ": {}", row.meaning[0])?;
                }
                if !said.is_empty() {
                    write!(f, " ({said})")?;
                }
                match errcode::row(*code) {
                    Some(row) if row.class == Class::Operator => write!(f, "; to do: {}", row.advice[0]),
                    Some(_) | None => Ok(()),
                }
            }
            ApiError::NotSent(why) | ApiError::Unanswered(why) => f.write_str(why),
            ApiError::Status(status) => write!(f, "HTTP {status}"),
            ApiError::TooSoon(_) => f.write_str("as much was sent as WeCom allows in a minute"),
            ApiError::NoToken { why, .. } => write!(f, "no access token: {why}"),
        }
    }
}

impl std::error::Error for ApiError {}

impl ApiError {
    /// What an action's attempt that ended so came to. `repeatable`: doing it twice does no harm, so that an attempt whose
    /// outcome is not known is made again.
    pub fn reply(&self, repeatable: bool) -> Reply {
        let error = self.to_string();
        match self {
            ApiError::Code { code, .. } => match errcode::class(*code) {
                Class::Retry | Class::Token => Reply::Retry { after: None, error },
                Class::Pace => Reply::Retry { after: Some(TOO_OFTEN), error },
                Class::Final => Reply::Refused { error },
                Class::Operator => Reply::Broken { error },
            },
            ApiError::NotSent(_) => Reply::Retry { after: None, error },
            ApiError::TooSoon(wait) => Reply::Retry { after: Some(*wait), error },
            ApiError::Status(429) => Reply::Retry { after: Some(TOO_OFTEN), error },
            // A 503 says that the request was not handled; another 5xx may come after it was.
            ApiError::Status(408 | 503) => Reply::Retry { after: None, error },
            ApiError::Status(500..=599) | ApiError::Unanswered(_) => match repeatable {
                true => Reply::Retry { after: None, error },
                false => Reply::Unknown { error },
            },
            ApiError::Status(_) => Reply::Broken { error },
            ApiError::NoToken { why, after } => match why.reply(true) {
                Reply::Refused { .. } | Reply::Broken { .. } | Reply::Disabled => Reply::Broken { error },
                Reply::Retry { .. } | Reply::Unknown { .. } | Reply::Done { .. } => {
                    Reply::Retry { after: Some(*after), error }
                }
            },
        }
    }

    /// The error code, if WeCom gave one.
    pub fn code(&self) -> Option<i64> {
        match self {
            ApiError::Code { code, .. } => Some(*code),
            ApiError::NotSent(_)
            | ApiError::Unanswered(_)
            | ApiError::Status(_)
            | ApiError::TooSoon(_)
            | ApiError::NoToken { .. } => None,
        }
    }

    /// For something that is only read: whether asking again may help.
    pub fn may_pass(&self) -> bool {
        matches!(self.reply(true), Reply::Retry { .. })
    }

    /// For something that is only read: whether an operator must set something right first.
    pub fn needs_operator(&self) -> bool {
        matches!(self.reply(true), Reply::Broken { .. })
    }
}

/// Told what call was answered, and how: for whoever counts.
pub type Heard = Arc<dyn Fn(&str, Result<(), &ApiError>) + Send + Sync>;

/// Brings a request to WeCom, and back what is answered: the status and the body. A simulation has its own, without connections.
pub trait Carrier: Send + Sync {
    /// Once.
    ///
    /// # Errors
    /// It was not sent, or what came of it is not known; or a status without a body that could be read.
    fn carry(&self, request: Request) -> Carried;
}

/// What is answered, later.
pub type Carried = Pin<Box<dyn Future<Output = Result<(u16, Vec<u8>), ApiError>> + Send>>;

/// The server interface, without anybody's token. Clones share its connections.
#[derive(Clone)]
pub struct Endpoint {
    client: Client,
    base: Url,
    carrier: Arc<dyn Carrier>,
    heard: Option<Heard>,
}

impl Endpoint {
    /// Gets ready; sends nothing. `api_url` is what stands before `/cgi-bin/`; `timeout` is for one call.
    ///
    /// # Errors
    /// It is not an address, or there are no certificates for it.
    pub fn new(api_url: &str, timeout: Duration) -> Result<Self, ClientError> {
        let base = http::url(api_url)?;
        let client = http::client(&base, timeout)?;
        let carrier = Arc::new(Http { client: client.clone(), timeout });
        Ok(Self { client, base, carrier, heard: None })
    }

    /// The same, and somebody else carries what is sent.
    pub fn carried_by(self, carrier: Arc<dyn Carrier>) -> Self {
        Self { carrier, ..self }
    }

    /// The same, and each answer is told of.
    pub fn telling(self, heard: Heard) -> Self {
        Self { heard: Some(heard), ..self }
    }

    /// Where a call goes, without its query.
    pub fn address(&self, path: &str) -> String {
        self.url(path, &[]).into()
    }

    /// A request without a body.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        self.client.get(self.url(path, query))
    }

    /// A request with a JSON body.
    pub(super) fn post(&self, path: &str, query: &[(&str, &str)], body: &Value) -> RequestBuilder {
        let request = self.client.post(self.url(path, query));
        request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_string())
    }

    /// A request that carries a file in the field `media`.
    pub(super) fn upload(&self, path: &str, query: &[(&str, &str)], name: &str, bytes: Vec<u8>) -> RequestBuilder {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        // WeCom shows the name as it stands in `filename`, and does not know `filename*`.
        let form = reqwest::multipart::Form::new().percent_encode_noop().part("media", part);
        self.client.post(self.url(path, query)).multipart(form)
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// Anything but an answer with `errcode` 0. What WeCom says is not repeated where it holds one of the `secrets`.
    pub(super) async fn send(&self, request: RequestBuilder, secrets: &[&str]) -> Result<Value, ApiError> {
        let request = request.build().map_err(|_| ApiError::NotSent("the request cannot be made".to_owned()))?;
        let path = request.url().path().to_owned();
        let result = self.carrier.carry(request).await.and_then(|(status, body)| understand(status, &body, secrets));
        if let Some(heard) = &self.heard {
            heard(path.rsplit("/cgi-bin/").next().unwrap_or_default(), result.as_ref().map(drop));
        }
        result
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/cgi-bin/{path}", self.base.path().trim_end_matches('/')));
        url.set_query(None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// What an answer says: an answer with `errcode` 0, or without one.
fn understand(status: u16, body: &[u8], secrets: &[&str]) -> Result<Value, ApiError> {
    let answer: Option<Value> = serde_json::from_slice(body).ok().filter(Value::is_object);
    let code = answer.as_ref().and_then(|answer| answer.get("errcode")).and_then(Value::as_i64);
    match (answer, code) {
        (Some(answer), Some(0)) if status == 200 => Ok(answer),
        (Some(answer), None) if status == 200 && answer.get("errcode").is_none() => Ok(answer),
        (Some(answer), Some(code)) if code != 0 => {
            let said = answer.get("errmsg").and_then(Value::as_str).unwrap_or_default();
            Err(ApiError::Code { code, said: repeatable_words(code, said, secrets) })
        }
        _ if status == 200 => Err(ApiError::Unanswered("the answer is not WeCom's".to_owned())),
        _ => Err(ApiError::Status(status)),
    }
}

/// Over connections.
#[derive(Clone)]
struct Http {
    client: Client,
    timeout: Duration,
}

impl Carrier for Http {
    fn carry(&self, request: Request) -> Carried {
        let http = self.clone();
        Box::pin(async move { http.exchange(request).await })
    }
}

impl Http {
    async fn exchange(&self, request: Request) -> Result<(u16, Vec<u8>), ApiError> {
        let mut response = self.client.execute(request).await.map_err(|error| self.failed(&error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_LIMIT => {
                    return Err(ApiError::Unanswered("the answer is too long".to_owned()));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok((status, body)),
                Err(_) if status != 200 => return Err(ApiError::Status(status)),
                Err(error) => return Err(self.failed(&error)),
            }
        }
    }

    /// Without a connection nothing was sent. Afterwards, nobody knows.
    fn failed(&self, error: &reqwest::Error) -> ApiError {
        if error.is_builder() {
            return ApiError::NotSent("the request cannot be made".to_owned());
        }
        if error.is_connect() {
            return ApiError::NotSent(format!("no connection: {}", http::root_cause(error)));
        }
        if error.is_timeout() {
            return ApiError::Unanswered(format!("no answer within {} s", self.timeout.as_secs_f32()));
        }
        ApiError::Unanswered("the connection broke before the answer".to_owned())
    }
}

/// What WeCom said, where the code alone says too little (which parameter is wrong; a code that the table does not have),
/// without its reference number and never with a secret.
fn repeatable_words(code: i64, said: &str, secrets: &[&str]) -> String {
    let known = errcode::row(code).is_some() && !matches!(code, 40035 | 40058 | 40063);
    // As it would be shown: a secret with a control character in it is one without it.
    let said: String = said.chars().filter(|letter| !letter.is_control()).collect();
    if known || secrets.iter().any(|secret| !secret.is_empty() && said.contains(secret)) {
        return String::new();
    }
    let said = said.split(", hint:").next().unwrap_or_default();
    said.chars().take(SAID_LIMIT).collect::<String>().trim().to_owned()
}

/// The server interface as one app (or 客户联系, or the archive) may use it. Clones share the token.
#[derive(Clone)]
pub struct Api {
    endpoint: Endpoint,
    tokens: Arc<Tokens>,
}

impl Api {
    /// With the access token of one secret.
    pub fn new(endpoint: Endpoint, tokens: Arc<Tokens>) -> Self {
        Self { endpoint, tokens }
    }

    /// `POST /cgi-bin/{path}` with a JSON body.
    ///
    /// # Errors
    /// It was not carried out, or that is not known, or the answer is not a `T`.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ApiError> {
        let make = |token: &str| self.endpoint.post(path, &[("access_token", token)], body);
        read(self.call(make).await?)
    }

    /// `GET /cgi-bin/{path}`.
    ///
    /// # Errors
    /// As [`Api::post`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, ApiError> {
        let make = |token: &str| {
            let query: Vec<_> = std::iter::once(("access_token", token)).chain(query.iter().copied()).collect();
            self.endpoint.get(path, &query)
        };
        read(self.call(make).await?)
    }

    /// Uploads a picture; gives its `media_id`, which is good for three days (90253).
    ///
    /// # Errors
    /// It was not taken, or that is not known: nobody sees an upload, so it may be done again.
    pub async fn upload_image(&self, name: &str, bytes: &[u8]) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            media_id: String,
        }
        let make = |token: &str| {
            self.endpoint.upload("media/upload", &[("access_token", token), ("type", "image")], name, bytes.to_vec())
        };
        let answer: Answer = read(self.call(make).await?)?;
        Ok(answer.media_id)
    }

    /// Once, and once again with another token when this one turns out to be of no use: so a token that is revoked while
    /// calls are under way costs none of them.
    async fn call(&self, make: impl Fn(&str) -> RequestBuilder) -> Result<Value, ApiError> {
        let token = self.tokens.get().await?;
        let first = self.endpoint.send(make(token.reveal()), &[token.reveal()]).await;
        match &first {
            Err(ApiError::Code { code, .. }) if errcode::class(*code) == Class::Token => {
                self.tokens.useless(&token).await;
                let token = self.tokens.get().await?;
                self.endpoint.send(make(token.reveal()), &[token.reveal()]).await
            }
            Ok(_) | Err(_) => first,
        }
    }
}

/// An answer as a `T`. The call was carried out, whatever is missing in the answer: but what is not known of it is not
/// invented, and what stands in it is not repeated.
fn read<T: DeserializeOwned>(answer: Value) -> Result<T, ApiError> {
    T::deserialize(answer).map_err(|error| {
        let why = error.to_string();
        let why = match (why.split_once('"'), why.rsplit_once('"')) {
            (Some((before, _)), Some((_, after))) => format!("{before}…{after}"),
            _ => why,
        };
        let why: String = why.chars().take(SAID_LIMIT).collect();
        ApiError::Unanswered(format!("the answer is not as documented: {why}"))
    })
}

#[cfg(test)]
mod tests;
