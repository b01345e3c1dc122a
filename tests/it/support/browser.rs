//! Debian's Chromium without a screen, driven by the WebDriver protocol.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::extensions::query::ElementQueryable;
use thirtyfour::{By, Capabilities, WebDriver, WebElement};

use super::LIMIT;

/// A browser window; its processes end with it.
pub struct Browser {
    pub page: WebDriver,
    driver: Child,
    _profile: TempDir,
}

/// How large a window is, and whether it is a phone's.
#[derive(Clone, Copy)]
pub struct Window {
    pub width: u32,
    pub height: u32,
    pub phone: bool,
}

pub const PHONE: Window = Window { width: 390, height: 844, phone: true };
pub const DESKTOP: Window = Window { width: 1280, height: 800, phone: false };

/// Where a program is.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

impl Browser {
    /// `None` where there is no browser, which only CI may not be without.
    pub async fn open(window: Window) -> Option<Self> {
        let (Some(chromium), Some(driver)) = (find("chromium"), find("chromedriver")) else {
            assert!(std::env::var_os("CI").is_none(), "CI has no chromium and chromedriver: see .ci/run");
            eprintln!(
                "NOT RUN: the page was not tried, for there is no browser; apt-get install chromium chromium-driver fonts-noto-cjk"
            );
            return None;
        };
        let mut driver =
            Command::new(driver).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            while said.read_line(&mut line).unwrap() > 0 {
                if let Some((_, port)) = line.rsplit_once("on port ")
                    && let Ok(port) = port.trim().trim_end_matches('.').parse::<u16>()
                    && port != 0
                {
                    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
                    return port;
                }
                line.clear();
            }
            panic!("chromedriver did not start");
        })
        .await
        .unwrap();
        let profile = tempfile::tempdir().unwrap();
        rustls::crypto::ring::default_provider().install_default().ok(); // only the first call installs it
        let capabilities = capabilities(window, &chromium, profile.path());
        let page = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
        Some(Self { page, driver, _profile: profile })
    }

    /// The element of a CSS selector, waited for.
    pub async fn element(&self, css: &str) -> WebElement {
        let found = self.page.query(By::Css(css)).wait(LIMIT, Duration::from_millis(20)).first().await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub async fn click(&self, css: &str) {
        self.element(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Writes into a field, in place of what is there, as typing or pasting would.
    pub async fn write(&self, css: &str, text: &str) {
        let set = "const f = document.querySelector(arguments[0]); f.value = arguments[1]; \
                   f.dispatchEvent(new Event('input', { bubbles: true }));";
        self.element(css).await;
        self.run(set, vec![json!(css), json!(text)]).await;
    }

    /// The visible text of an element.
    pub async fn text(&self, css: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        self.run(script, vec![json!(css)]).await.as_str().unwrap_or_default().to_owned()
    }

    pub async fn run(&self, script: &str, args: Vec<Value>) -> Value {
        let returned = self.page.execute(script, args).await.unwrap_or_else(|error| panic!("{script}: {error}"));
        returned.json().clone()
    }

    /// Waits until an expression over the page is true.
    pub async fn until(&self, what: &str, expression: &str) {
        let script = format!("return Boolean({expression})");
        let begun = std::time::Instant::now();
        while self.run(&script, vec![]).await != json!(true) {
            if begun.elapsed() > LIMIT {
                panic!("waited in vain: {what}\n{}", self.text("body").await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until an element's text holds something.
    pub async fn shows(&self, css: &str, text: &str) {
        let text = json!(text);
        self.until(
            &format!("{css} shows {text}"),
            &format!("document.querySelector({:?})?.innerText.includes({text})", css),
        )
        .await;
    }

    /// A picture of the window, kept when QUNWEI_PICTURES says where.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("QUNWEI_PICTURES") else { return };
        let picture = self.page.screenshot_as_png().await.unwrap();
        std::fs::write(Path::new(&folder).join(name), picture).unwrap();
    }

    pub async fn close(self) {
        self.page.clone().quit().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

fn capabilities(window: Window, chromium: &Path, profile: &Path) -> Capabilities {
    let Window { width, height, phone } = window;
    let metrics = json!({ "width": width, "height": height, "pixelRatio": if phone { 2 } else { 1 }, "mobile": phone, "touch": phone });
    let wanted = json!({
        "goog:chromeOptions": {
            "binary": chromium,
            "mobileEmulation": { "deviceMetrics": metrics },
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
                format!("--user-data-dir={}", profile.display()), format!("--window-size={width},{height}"),
            ],
        },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    serde_json::from_value(wanted).unwrap()
}
