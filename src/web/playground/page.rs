//! The page itself, in Chinese and English: one template, its words, its script and its style, all from the binary.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};
use serde_json::{Value, json};

use super::PlaygroundState;

const PAGE: &str = include_str!("page.html");
const LOGIN: &str = include_str!("login.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");
const LOGIN_SCRIPT: &str = include_str!("login.js");
/// Every text of the page: `{"key": ["Chinese", "English"]}`.
const TEXTS: &str = include_str!("texts.json");

pub(super) async fn chinese(State(state): State<Arc<PlaygroundState>>) -> Response {
    page(&state, false)
}

pub(super) async fn english(State(state): State<Arc<PlaygroundState>>) -> Response {
    page(&state, true)
}

pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

pub(super) async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

pub(super) async fn login_script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], LOGIN_SCRIPT)
}

fn page(state: &PlaygroundState, english: bool) -> Response {
    let words = |words: &super::scenes::Words| if english { words.en.clone() } else { words.zh.clone() };
    let scenes: Vec<Value> = (state.player.scenes().iter())
        .map(|(name, scene)| json!({ "name": name, "title": words(&scene.title), "about": words(&scene.about) }))
        .collect();
    render(PAGE, english, json!(scenes))
}

/// Asks for the token.
pub(super) fn login(english: bool) -> Response {
    let mut response = render(LOGIN, english, json!([]));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response
}

fn render(template: &str, english: bool, scenes: Value) -> Response {
    let texts = texts(english);
    // In an element that is not run, `<` is the only character that could end it.
    let data = texts.to_string().replace('<', "\\u003c");
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    let lang = if english { "en" } else { "zh-CN" };
    let shown = env.render_str(template, context! { t => Serde(texts), data, lang, english, scenes => Serde(scenes) });
    match shown {
        Ok(html) => ([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "the page cannot be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The page's texts in one language.
fn texts(english: bool) -> Value {
    let all: Value = serde_json::from_str(TEXTS).unwrap_or_default(); // a test reads it
    let one = |both: &Value| both.get(usize::from(english)).cloned().unwrap_or_default();
    all.as_object().map(|all| all.iter().map(|(key, both)| (key.clone(), one(both))).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages() {
        let all: serde_json::Map<String, Value> = serde_json::from_str(TEXTS).unwrap();
        assert!(all.len() > 50);
        for (key, both) in &all {
            let both: Vec<&str> = both.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            assert!(both.len() == 2 && both.iter().all(|text| !text.is_empty()), "{key}");
        }
        let used = |pattern: &str, text: &'static str| -> Vec<&'static str> {
            let pattern = regex::Regex::new(pattern).unwrap();
            pattern.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
        };
        let template = r"\{\{ t\.([a-z_]+) \}\}";
        let everywhere = [used(template, PAGE), used(template, LOGIN), used(r#"\bt\("([a-z_]+)""#, SCRIPT)].concat();
        assert!(everywhere.len() > 60);
        for key in everywhere {
            assert!(all.contains_key(key), "{key}");
        }
    }
}
