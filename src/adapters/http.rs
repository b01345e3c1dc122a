//! The one way to make a client for outgoing requests: what it may not do (follow redirects, use a proxy of the
//! environment, ask twice) is decided here, so that requests never leave the addresses that the configuration names.

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::{Client, ClientBuilder, Url, redirect, retry};

/// Servers close idle connections, many after 5 s; a request sent into that moment has an unknown outcome. So ours close
/// first.
const IDLE: Duration = Duration::from_secs(4);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one.
    #[error("the address is not a URL that begins with http:// or https://")]
    Url,
    /// The system's certificates cannot be read, or the like.
    #[error("no client can be made: {0}")]
    Client(String),
}

/// Reads an address. What is wrong is said without repeating it, because addresses may hold tokens.
///
/// # Errors
/// It is not `http://` or `https://` with a host.
pub fn url(address: &str) -> Result<Url, ClientError> {
    let url = Url::parse(address).map_err(|_| ClientError::Url)?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(ClientError::Url) }
}

/// A client for one address. Connecting takes at most half of `timeout`, all of a request at most `timeout`: so what was
/// surely not sent is told from what may have been.
///
/// # Errors
/// For `https` the system must have certificates of authorities.
pub fn client(url: &Url, timeout: Duration) -> Result<Client, ClientError> {
    client_keeping(url, timeout, 4)
}

/// The same, keeping up to `idle` connections while nothing is sent: for who is sent much at once.
///
/// # Errors
/// As [`client`].
pub fn client_keeping(url: &Url, timeout: Duration, idle: usize) -> Result<Client, ClientError> {
    made(builder(url, timeout / 2, idle).timeout(timeout))
}

/// A client for addresses like this one that somebody else names: it connects only to addresses that `names` gives. Who uses it looks
/// at addresses that are no names, and at how long it takes.
///
/// # Errors
/// As [`client`].
pub fn fenced(url: &Url, connect: Duration, names: impl Resolve + 'static) -> Result<Client, ClientError> {
    made(builder(url, connect, 0).dns_resolver(Arc::new(names)))
}

fn made(builder: ClientBuilder) -> Result<Client, ClientError> {
    builder.build().map_err(|error| ClientError::Client(root_cause(&error)))
}

fn builder(url: &Url, connect: Duration, idle: usize) -> ClientBuilder {
    // Fails when a provider is installed already, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut builder = Client::builder()
        .user_agent(concat!("qunwei/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(connect)
        .pool_max_idle_per_host(idle)
        .pool_idle_timeout(IDLE)
        .http1_only();
    if url.scheme() == "http" {
        builder = builder.tls_certs_only([]); // a container without certificates can still reach its neighbour
    }
    builder
}

/// The innermost cause of an error: the outer ones repeat the address.
pub fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
