//! What stands in the heads of requests, before anybody is known: signatures, whence, under which name, with which token.

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use qunwei::adapters::bridge::sign::{self, Headers, Secret};
use qunwei::domain::secret::Token;
use qunwei::domain::time::Timestamp;
use qunwei::web::hooks::{Asked, shows_one_of};
use qunwei::web::host;
use qunwei::web::playground::guard::{Guard, is_ours};
use qunwei::web::wecom::{Network, Sources};

use super::NOW;

/// The first lines, and what is left.
fn lines<const N: usize>(data: &[u8]) -> ([&[u8]; N], &[u8]) {
    let mut rest = data;
    let lines = std::array::from_fn(|_| {
        let at = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(at);
        rest = after.get(1..).unwrap_or_default();
        line
    });
    (lines, rest)
}

/// A signed request: its id, its time and its signatures, a line each, then the body. Only who knows a secret signs.
pub fn signature(data: &[u8]) {
    let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"];
    let secrets = secrets.map(|secret| Secret::parse(secret).expect("a secret"));
    let ([id, time, signature], body) = lines::<3>(data);
    let given = |bytes| Some(bytes).filter(|bytes: &&[u8]| !bytes.is_empty());
    let headers = Headers { id: given(id), timestamp: given(time), signature: given(signature) };
    let taken = sign::verify(&secrets, headers, body, NOW, sign::TOLERANCE);
    let Ok(id) = std::str::from_utf8(id) else { return };
    let known = |secret: &Secret| {
        let seconds: i64 = std::str::from_utf8(time).ok()?.parse().ok()?;
        let right = sign::sign(secret, id, Timestamp(seconds.checked_mul(1000)?), body);
        signature.windows(right.len()).any(|piece| piece == right.as_bytes()).then_some(())
    };
    // Times such as `007` are signed as they are written, so this looks at those alone that are written as we would.
    let usual = time.first().is_some_and(|digit| (b'1'..=b'9').contains(digit));
    assert!(taken.is_err() || !usual || secrets.iter().any(|secret| known(secret).is_some()), "nobody signed it");
    for secret in &secrets {
        let (seconds, right) = (sign::header_seconds(NOW).to_string(), sign::sign(secret, id, NOW, body));
        let listed = [signature, b" ", right.as_bytes()].concat();
        let id = id.as_bytes();
        let headers = Headers { id: Some(id), timestamp: Some(seconds.as_bytes()), signature: Some(&listed) };
        let taken = sign::verify(&secrets, headers, body, NOW, sign::TOLERANCE);
        assert_eq!(taken.is_ok(), !id.is_empty(), "{taken:?}");
    }
}

/// Whence a request comes, in lines of the proxy's header; and the networks that may call, each a line too.
pub fn sources(data: &[u8]) {
    let header = HeaderName::from_static("x-forwarded-for");
    let mut headers = HeaderMap::new();
    let mut sources = Sources { networks: Vec::new(), header: Some(header.clone()) };
    for line in data.split(|byte| *byte == b'\n').take(50) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(&header, value);
        }
        sources.networks.extend(std::str::from_utf8(line).ok().and_then(|line| Network::parse(line).ok()));
    }
    let caller = "10.0.0.1".parse().expect("an address");
    let from = sources.of(Some(caller), &headers).expect("a connection comes from somewhere");
    let _ = (sources.allow(from), sources.allow(caller), sources.of(None, &headers));
    let plain = Sources { header: None, ..sources };
    assert_eq!(plain.of(Some(caller), &headers), Some(caller), "a header that nobody asked for says nothing");
}

/// The host, the origin and the cookie of a request to a page of ours, a line each.
pub fn page(data: &[u8]) {
    let ([name, origin, cookie], _) = lines::<3>(data);
    let mut headers = HeaderMap::new();
    for (header, line) in [(HOST, name), (ORIGIN, origin), (COOKIE, cookie)] {
        if let Some(value) = HeaderValue::from_bytes(line).ok().filter(|value| !value.is_empty()) {
            headers.append(header, value);
        }
    }
    let here = host::is_this_machine(&headers);
    assert!(!here || host::is_no_site(&headers), "what is this machine is no foreign site");
    assert!(Guard::new(None).knows(&headers), "nobody is asked where there is no token");
    let hex = |cookie: &[u8]| cookie.iter().filter(|byte| byte.is_ascii_hexdigit()).count() >= 64;
    let knows = Guard::new(Some("a-token-of-tests-0123456789")).knows(&headers);
    assert!(!knows || hex(cookie), "not without what the cookie is made of");
    assert!(!is_ours(&headers), "a page of ours says so");
    headers.append("x-qunwei", HeaderValue::from_static("1"));
    let from_elsewhere =
        headers.get(ORIGIN).is_some_and(|origin| !origin.as_bytes().ends_with(name) || name.is_empty());
    assert!(!is_ours(&headers) || !from_elsewhere);
}

/// What a bot asks that fetches its actions: the query, then the header that shows its token.
pub fn poll(data: &[u8]) {
    let ([query, shown], _) = lines::<2>(data);
    if let Ok(query) = std::str::from_utf8(query)
        && let Ok(asked) = Asked::read(query)
    {
        assert!(asked.wait.as_secs() <= 60 && (1..=100).contains(&asked.most));
    }
    let token = "a-token-of-a-bot-0123456789";
    let tokens = [Token::parse(token).expect("a token")];
    if let Ok(value) = HeaderValue::from_bytes(shown) {
        let headers = HeaderMap::from_iter([(axum::http::header::AUTHORIZATION, value)]);
        let shown = shown.trim_ascii();
        assert!(!shows_one_of(&tokens, &headers) || shown.ends_with(token.as_bytes()), "{shown:?}");
    }
}
