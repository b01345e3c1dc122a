//! Fetches a picture: from addresses that were looked up and admitted, without redirects, so many bytes, so long.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Client, StatusCode, Url};

use super::Unread;
use super::fence::{self, Way};
use crate::adapters::http;
use crate::domain::picture::PicturePlan;

/// A connection is there within this.
const CONNECT: Duration = Duration::from_secs(10);

/// Clients for pictures, made when they are first needed.
#[derive(Default)]
pub struct Clients(Mutex<HashMap<(Way, bool), Client>>);

/// Looks names up for a client. What leads to an address that is not admitted leads nowhere: the connection is made to these very
/// addresses, so that a name which means another the next time gains nothing.
struct Fence(Way);

/// A name leads to an address that is not fetched from.
#[derive(Debug)]
struct NotAdmitted;

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to an address that pictures are not fetched from")
    }
}

impl std::error::Error for NotAdmitted {}

impl Resolve for Fence {
    fn resolve(&self, name: Name) -> Resolving {
        let way = self.0;
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().all(|address| way.leads_to(address.ip())) {
                Ok(Box::new(found.into_iter()) as Addrs)
            } else {
                Err(NotAdmitted.into())
            }
        })
    }
}

impl Clients {
    /// The bytes of a picture.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn fetch(&self, plan: &PicturePlan, address: &str) -> Result<Vec<u8>, Unread> {
        let (url, way) = fence::admit(plan, address).map_err(Unread::Refused)?;
        // An address that is written as one is not looked up.
        let written =
            url.host_str().map(|host| host.trim_matches(['[', ']'])).and_then(|host| host.parse::<IpAddr>().ok());
        if written.is_some_and(|address| !way.leads_to(address)) {
            return Err(Unread::Address);
        }
        let client = self.client(way, &url)?;
        let fetched = tokio::time::timeout(plan.time, download(&client, url, plan.most_bytes));
        fetched.await.unwrap_or(Err(Unread::TooSlow))
    }

    fn client(&self, way: Way, url: &Url) -> Result<Client, Unread> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (way, url.scheme() == "https");
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = http::fenced(url, CONNECT, Fence(way)).map_err(|error| {
            tracing::error!(%error, "pictures cannot be fetched");
            Unread::Unreachable
        })?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

async fn download(client: &Client, url: Url, most: usize) -> Result<Vec<u8>, Unread> {
    let request = client.get(url).header(ACCEPT, HeaderValue::from_static("image/*"));
    let mut response = request.send().await.map_err(|error| why(&error))?;
    match response.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => return Err(Unread::Redirect),
        _ => return Err(Unread::Status),
    }
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(Unread::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(Unread::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn why(error: &reqwest::Error) -> Unread {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<NotAdmitted>() {
            return Unread::Address;
        }
        cause = inner.source();
    }
    if error.is_timeout() { Unread::TooSlow } else { Unread::Unreachable }
}
