//! `qunwei pause` and `qunwei resume`: everything only observes from now on, or acts again. For an operator in a hurry: one
//! command, in force when it returns.

use std::io::Write;
use std::time::Duration;

use crate::adapters::http;
use crate::web::admin::OPERATOR;

/// Where a daemon answers as shipped.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8081";

/// Long enough for a slow disk.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The exit code: 0 when it is in force and recorded, else 1 and the reason on `errors`.
pub fn pause(url: &str, pause: bool, output: &mut dyn Write, errors: &mut dyn Write) -> u8 {
    let told = match ask(url, if pause { "pause" } else { "resume" }) {
        Ok(answer) => writeln!(output, "{answer}").map(|()| 0),
        Err(reason) => writeln!(errors, "error: {reason}").map(|()| 1),
    };
    told.unwrap_or(1) // when it cannot be told, the exit code still is
}

fn ask(base: &str, what: &str) -> Result<String, String> {
    let url = http::url(&format!("{}/{what}", base.trim_end_matches('/'))).map_err(|error| error.to_string())?;
    let client = http::client(&url, TIMEOUT).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(async {
        let user = std::env::var("USER").unwrap_or_default();
        let request =
            client.post(url).header(OPERATOR, user.chars().filter(char::is_ascii_graphic).collect::<String>());
        let unreachable = |error: reqwest::Error| format!("no answer: {}", http::root_cause(&error));
        let response = request.send().await.map_err(unreachable)?;
        let ok = response.status().is_success();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap_or_default();
        let text: String = text.trim().chars().take(500).collect();
        if ok { Ok(text) } else { Err(format!("the daemon answered HTTP {status}: {text}")) }
    })
}
