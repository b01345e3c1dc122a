//! Each line of `docs/security.md`: what somebody may try, driven from outside.

mod bombs;
mod fenced;
mod impersonation;
mod injection;
mod pages;
mod paths;
mod secrets;
mod smuggling;
mod structure;
mod webhooks;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer is waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// Sends bytes as they are; what comes back until the connection ends.
async fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever refuses may hang up before all of it is there.
    stream.write_all(request).await.ok();
    ended(&mut stream).await
}

/// What comes until the other side closes.
async fn ended(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = async {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            answer.extend_from_slice(&piece[..read]);
        }
    };
    tokio::time::timeout(LIMIT, reading).await.expect("the connection is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer; 0 when there is none.
fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// What is not seen, or turns text round, or moves a cursor.
fn is_trick(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
