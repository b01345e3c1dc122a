//! Who may use the page. Without a token only this machine, by a name of its own (another name may be a foreign page's trick
//! to be taken for us); with a token whoever knows it. What changes something needs a header that a foreign page cannot send.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{PlaygroundState, page};
use crate::web::body::{self, NoBody};
use crate::web::host;

/// The header that only a page of ours sends: another origin's would have to ask first, and is not allowed to.
const OURS: &str = "x-qunwei";
/// The cookie of those who have given the token.
const NAME: &str = "qunwei_playground";
/// Tokens that may be tried in a minute, by everybody together.
const TRIES: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// The largest request, in bytes: a file of the configuration as JSON.
const LARGEST: usize = 4 << 20;
/// How long a request's body may take to arrive.
const WITHIN: Duration = Duration::from_secs(10);
/// Nothing from elsewhere, no script but ours, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Who may come in.
pub struct Guard {
    /// What the cookie of those who know the token holds.
    pass: Option<String>,
    tries: DefaultDirectRateLimiter,
}

impl Guard {
    /// Lets this machine in; with a token everybody who knows it, and nobody else.
    pub fn new(token: Option<&str>) -> Self {
        let pass = token.map(|token| data_encoding::HEXLOWER.encode(&Sha256::digest(format!("{NAME}:{token}"))[..]));
        Self { pass, tries: RateLimiter::direct(Quota::per_minute(TRIES)) }
    }

    /// Whether a request brings the cookie of those who have given the token, where there is one.
    pub fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(pass) = &self.pass else { return true };
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == NAME && bool::from(value.as_bytes().ct_eq(pass.as_bytes())))
    }

    fn is_host(&self, headers: &HeaderMap) -> bool {
        self.pass.is_some() || host::is_this_machine(headers)
    }
}

/// Whether a request comes from a page of ours: the header is there, and an `Origin` is the `Host`'s.
pub fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // An `Origin` that says no host, or in no text, is somebody's all the same.
    let host = text(&ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let same = !headers.contains_key(ORIGIN) || (host.is_some() && host == text(&HOST));
    headers.contains_key(OURS) && same
}

pub(super) async fn check(State(state): State<Arc<PlaygroundState>>, request: Request, next: Next) -> Response {
    let (guard, headers, path) = (&state.guard, request.headers(), request.uri().path());
    let open = matches!(path, "/style.css" | "/login.js" | "/login");
    let mut response = if !guard.is_host(headers) {
        (StatusCode::FORBIDDEN, "this page is only served as localhost or 127.0.0.1\n").into_response()
    } else if request.method() != Method::GET && request.method() != Method::HEAD && !is_ours(headers) {
        (StatusCode::FORBIDDEN, "this request does not come from the playground's page\n").into_response()
    } else if !open && !guard.knows(headers) {
        if matches!(path, "/" | "/en") {
            page::login(path == "/en")
        } else {
            (StatusCode::UNAUTHORIZED, "give the token first\n").into_response()
        }
    } else {
        match whole(request).await {
            Ok(request) => next.run(request).await,
            Err(none) => refused(none),
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A request with its body read: nobody holds a connection by sending one without end, or ever so slowly.
async fn whole(request: Request) -> Result<Request, NoBody> {
    let (parts, body) = request.into_parts();
    let body = body::read(body, &parts.headers, LARGEST, WITHIN).await?;
    Ok(Request::from_parts(parts, axum::body::Bytes::clone(&body).into()))
}

fn refused(none: NoBody) -> Response {
    (none.status(), format!("{none}\n")).into_response()
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// Takes the token, once; gives the cookie.
pub(super) async fn login(State(state): State<Arc<PlaygroundState>>, body: String) -> Response {
    let Some(pass) = &state.guard.pass else { return StatusCode::NO_CONTENT.into_response() };
    if state.guard.tries.check().is_err() {
        return (StatusCode::TOO_MANY_REQUESTS, "too many tries; wait a minute\n").into_response();
    }
    let Ok(Login { token }) = serde_json::from_str(&body) else {
        return (StatusCode::BAD_REQUEST, "no token\n").into_response();
    };
    let given = Guard::new(Some(&token)).pass.unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(pass.as_bytes())) {
        return (StatusCode::UNAUTHORIZED, "this is not the token\n").into_response();
    }
    let cookie = format!("{NAME}={pass}; HttpOnly; SameSite=Strict; Path=/");
    ([(SET_COOKIE, cookie)], StatusCode::NO_CONTENT).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_request_of_another_page_is_not_ours() {
        let host = ("host", "localhost:8787");
        assert!(is_ours(&headers(&[host, (OURS, "1"), ("origin", "http://localhost:8787")])));
        assert!(is_ours(&headers(&[host, (OURS, "1")])));
        assert!(!is_ours(&headers(&[host])));
        assert!(!is_ours(&headers(&[host, (OURS, "1"), ("origin", "http://evil.example")])));
        assert!(!is_ours(&headers(&[host, (OURS, "1"), ("origin", "null")])));
        assert!(
            !is_ours(&headers(&[(OURS, "1"), ("origin", "null")])),
            "neither says a host, which is not the same one"
        );
        let mut opaque = headers(&[host, (OURS, "1")]);
        opaque.insert(ORIGIN, HeaderValue::from_bytes("http://恶".as_bytes()).unwrap());
        assert!(!is_ours(&opaque));
    }

    #[test]
    fn a_token_opens_and_nothing_else_does() {
        let guard = Guard::new(Some("open sesame"));
        let pass = guard.pass.clone().unwrap();
        let cookie = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, value.parse().unwrap());
            headers
        };
        assert!(guard.knows(&cookie(&format!("a=b; {NAME}={pass}"))));
        for wrong in [format!("{NAME}=open sesame"), format!("{NAME}="), format!("other={pass}"), "x".to_owned()] {
            assert!(!guard.knows(&cookie(&wrong)), "{wrong}");
        }
        assert!(!guard.knows(&HeaderMap::new()));
        assert!(Guard::new(None).knows(&HeaderMap::new()));
        assert!(!pass.contains("sesame"));
    }
}
