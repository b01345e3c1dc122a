//! Connecting to WeCom's end of a long connection.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::frame;
use crate::adapters::http::root_cause;

/// A connection.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects within `patience`. What is wrong is said in a line, without the address.
///
/// # Errors
/// Nobody answers there, or not as a WebSocket.
pub(super) async fn connect(url: &str, patience: Duration) -> Result<Socket, String> {
    // Fails when a provider is installed already, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    let connecting = connect_async_with_config(url, Some(frame::config()), true);
    match tokio::time::timeout(patience, connecting).await {
        Err(_) => Err(format!("no connection within {} s", patience.as_secs())),
        Ok(Err(Error::Http(answer))) => Err(format!("the other end answers HTTP {}", answer.status().as_u16())),
        Ok(Err(error)) => Err(root_cause(&error)),
        Ok(Ok((socket, _))) => Ok(socket),
    }
}

/// Whether a text is an address of a WebSocket.
pub(super) fn is_url(url: &str) -> bool {
    let rest = url.strip_prefix("ws://").or_else(|| url.strip_prefix("wss://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}
