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
            writeln!(errors, "{}", reasons.trim_end()).ok(); // when it cannot be told, the exit code still is
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn asked(url: &str) -> (u8, String) {
        let mut errors = Vec::new();
        let code = health(url, &mut errors);
        (code, String::from_utf8(errors).expect("it writes text"))
    }

    /// Answers one request with these bytes.
    fn daemon(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/readyz", listener.local_addr().expect("it is bound"));
        std::thread::spawn(move || {
            use std::io::Read;
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 1024];
            let read = stream.read(&mut request).expect("a request");
            assert!(request.get(..read).is_some_and(|request| request.starts_with(b"GET /readyz HTTP/1.1")));
            stream.write_all(answer.as_bytes()).expect("somebody listens");
        });
        url
    }

    #[test]
    fn ready_is_0_and_anything_else_is_1_with_the_reason() {
        let ok = daemon("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nready\n");
        assert_eq!(asked(&ok), (0, String::new()));
        let full = daemon("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 15\r\n\r\nstore: no room\n");
        assert_eq!(asked(&full), (1, "not ready: store: no room\n".to_owned()));
        let silent = daemon("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(asked(&silent), (1, "not ready: HTTP 500\n".to_owned()));
        let moved = daemon("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(asked(&moved), (1, "not ready: HTTP 302\n".to_owned()));
        let broken = daemon("what?\r\n\r\n");
        let (code, error) = asked(&broken);
        assert_eq!((code, error.starts_with("no answer: ")), (1, true), "{error}");
    }

    #[test]
    fn nobody_there_is_1() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/readyz", listener.local_addr().expect("it is bound"));
        drop(listener);
        let (code, error) = asked(&url);
        assert_eq!((code, error.to_lowercase().contains("refused")), (1, true), "{error}");
    }

    #[test]
    fn a_bad_address_is_1_and_no_panic() {
        for url in [
            "",
            "localhost",
            "127.0.0.1:8081",
            "ftp://127.0.0.1/",
            "http://",
            "http://[::1",
            "file:///etc/passwd",
            "健康",
        ] {
            let (code, error) = asked(url);
            assert_eq!((code, error.contains("http://")), (1, true), "{url}: {error}");
        }
    }
}
