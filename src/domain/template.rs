//! Texts that are said at a time: templates of their own, beside the notices.

use std::fmt;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::notices::check;

/// A text of its own, with [`TimeVars`].
pub struct Template(Environment<'static>);

/// What a text that is said at a time may name.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TimeVars {
    /// The day: 11月26日.
    pub date: String,
    /// The clock: 09:00.
    pub time: String,
    /// The day of the week: 周四.
    pub weekday: String,
    /// The group's name, if a file gives one.
    pub group: String,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        check(text, &["date", "time", "weekday", "group"], &TimeVars::default())?;
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_fuel(Some(10_000));
        env.add_template_owned("", text.to_owned()).map_err(|error| error.to_string())?;
        Ok(Self(env))
    }

    /// What is said. It was tried when it was read; should it fail all the same, it is said as it is written.
    pub fn render(&self, vars: &TimeVars) -> String {
        let Ok(template) = self.0.get_template("") else { return String::new() };
        template.render(Serde(vars)).unwrap_or_else(|_| template.source().to_owned())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").finish_non_exhaustive()
    }
}
