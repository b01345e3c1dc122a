//! `qunwei health`: asks a running daemon whether it is ready, for containers without curl.

use std::io::Write;
use std::time::Duration;

use crate::adapters::http;

/// Where a daemon answers as shipped.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8081/readyz";

const TIMEOUT: Duration = Duration::from_secs(5);

/// How much of an answer is repeated.
const ANSWER_LIMIT: usize = 16 * 1024;

/// The exit code, 0 when the daemon at `url` is ready, else 1; reasons go to `errors`.
pub fn health(url: &str, errors: &mut dyn Write) -> u8 {
    match ask(url) {
        Ok(()) => 0,
        Err(reasons) => {
            // Nothing is left to tell it to.
            drop(writeln!(errors, "{}", reasons.trim_end()));
            1
        }
    }
}

fn ask(url: &str) -> Result<(), String> {
    let url = http::url(url).map_err(|error| error.to_string())?;
    let client = http::client(&url, TIMEOUT).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(async {
        let unreachable = |error: reqwest::Error| format!("no answer: {}", http::root_cause(&error));
        let mut response = client.get(url).send().await.map_err(unreachable)?;
        if response.status().is_success() {
            return Ok(());
        }
        let mut answer = Vec::new();
        while let (true, Ok(Some(chunk))) = (answer.len() < ANSWER_LIMIT, response.chunk().await) {
            answer.extend_from_slice(&chunk);
        }
        match String::from_utf8_lossy(&answer).trim() {
            "" => Err(format!("not ready: HTTP {}", response.status().as_u16())),
            reasons => Err(format!("not ready: {reasons}")),
        }
    })
}
