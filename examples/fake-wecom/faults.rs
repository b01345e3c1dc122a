//! What the fake WeCom can be told to do wrong: at which call, what, and how often.

use std::time::Duration;

use serde_json::Value;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is done, but the answer takes so long.
    Slow(Duration),
    /// Nothing is done, and the answer has this HTTP status and no JSON.
    Status(u16),
    /// It is done, and the answer has this HTTP status and no JSON.
    DoneStatus(u16),
    /// Nothing is done, and this error code is answered.
    Code(i64),
    /// Nothing is done, and the connection is cut.
    Cut,
    /// It is done, and the connection is cut before the answer.
    DoneCut,
    /// All tokens end, before the call is looked at.
    Revoke,
    /// It is done, and the answer is this text.
    Says(String),
}

/// What goes wrong, where and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path below `/cgi-bin/`; `*` for all.
    pub path: String,
    /// What.
    pub wrong: Wrong,
    /// How many calls go right before.
    pub after: usize,
    /// How many calls it lasts.
    pub times: usize,
}

impl Fault {
    /// The next `times` calls of a path go wrong.
    pub fn next(path: &str, wrong: Wrong, times: usize) -> Self {
        Self { path: path.to_owned(), wrong, after: 0, times }
    }

    /// As the control interface writes it: `{"path":"webhook/send","wrong":"code","value":45009,"times":2,"after":0}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(body: &Value) -> Result<Self, String> {
        let value = body.get("value");
        let number = || value.and_then(Value::as_i64).ok_or("`value` must be a number");
        let status = || number().and_then(|code| u16::try_from(code).map_err(|_| "`value` must be an HTTP status"));
        let wrong = match body.get("wrong").and_then(Value::as_str) {
            Some("slow") => Wrong::Slow(Duration::from_millis(number()?.unsigned_abs())),
            Some("status") => Wrong::Status(status()?),
            Some("done_status") => Wrong::DoneStatus(status()?),
            Some("code") => Wrong::Code(number()?),
            Some("cut") => Wrong::Cut,
            Some("done_cut") => Wrong::DoneCut,
            Some("revoke") => Wrong::Revoke,
            Some("says") => Wrong::Says(value.and_then(Value::as_str).unwrap_or_default().to_owned()),
            _ => return Err("`wrong` is slow, status, done_status, code, cut, done_cut, revoke or says".to_owned()),
        };
        let count = |key: &str, usual: usize| match body.get(key) {
            None => Ok(usual),
            Some(value) => {
                value.as_u64().and_then(|value| usize::try_from(value).ok()).ok_or(format!("`{key}` is a count"))
            }
        };
        let path = body.get("path").and_then(Value::as_str).unwrap_or("*").to_owned();
        Ok(Self { path, wrong, after: count("after", 0)?, times: count("times", 1)? })
    }
}

/// What goes wrong with this call, if anything does; that is then used up.
pub fn take(faults: &mut Vec<Fault>, path: &str) -> Option<Wrong> {
    let fault = faults.iter_mut().find(|fault| fault.path == path || fault.path == "*")?;
    if fault.after > 0 {
        fault.after -= 1;
        return None;
    }
    let wrong = fault.wrong.clone();
    fault.times = fault.times.saturating_sub(1);
    faults.retain(|fault| fault.times > 0);
    Some(wrong)
}
