//! Gathers everything that is wrong, in all files, and keeps secrets out of what is shown.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};

use crate::fault::{Fault, Level, Source};

/// A range of bytes in one of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which of [`Faults::sources`].
    pub(super) file: usize,
    /// Bytes of its text.
    pub(super) span: Range<usize>,
}

/// All faults of a configuration.
pub(super) struct Faults {
    sources: Vec<Source>,
    list: RefCell<Vec<Fault>>,
    /// Lines that are no TOML: what else is said of them is noise.
    broken: RefCell<BTreeSet<(Arc<str>, u32)>>,
    incomplete: Cell<bool>,
}

impl Faults {
    pub(super) fn new(sources: Vec<Source>, list: Vec<Fault>) -> Self {
        let incomplete = Cell::new(list.iter().any(|fault| fault.level == Level::Error));
        Self { sources, list: RefCell::new(list), broken: RefCell::default(), incomplete }
    }

    /// The TOML files.
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The file of a place.
    pub(super) fn source(&self, place: &Place) -> &Source {
        self.sources.get(place.file).unwrap_or_else(|| unreachable!("places are only made for files that were read"))
    }

    /// A fault at a place, not yet added.
    pub(super) fn at(&self, place: &Place, message: impl Into<String>) -> Fault {
        self.source(place).fault(place.span.clone(), message)
    }

    /// Adds a fault.
    pub(super) fn add(&self, fault: Fault) {
        self.list.borrow_mut().push(fault);
    }

    /// Adds a fault that says a key is not there. In a file that is not all TOML, it may well be there.
    pub(super) fn add_missing(&self, fault: Fault) {
        if !self.broken.borrow().iter().any(|(file, _)| *file == fault.file) {
            self.add(fault);
        }
    }

    /// Adds a fault that says nothing has this name. Where any file could not be read whole, something may well have it.
    pub(super) fn add_unnamed(&self, fault: Fault) {
        if !self.incomplete.get() {
            self.add(fault);
        }
    }

    /// Whether the file of a place is not all TOML.
    pub(super) fn is_broken(&self, place: &Place) -> bool {
        let file = &self.source(place).file;
        self.broken.borrow().iter().any(|(broken, _)| broken == file)
    }

    /// Adds a fault of the TOML itself.
    pub(super) fn add_syntax(&self, fault: Fault) {
        self.incomplete.set(true);
        let first = self.broken.borrow_mut().insert((fault.file.clone(), fault.line));
        if first {
            self.add(fault);
        }
    }

    /// How many errors there are so far.
    pub(super) fn errors(&self) -> usize {
        self.list.borrow().iter().filter(|fault| fault.level == Level::Error).count()
    }

    /// `file:line` of a place, to point at it in words.
    pub(super) fn whereabouts(&self, place: &Place) -> String {
        let fault = self.at(place, "");
        format!("{}:{}", fault.file, fault.line)
    }

    /// All faults by file and line, each once, without secrets.
    pub(super) fn finish(self) -> Vec<Fault> {
        let order: BTreeMap<_, _> =
            self.sources.iter().enumerate().map(|(at, one)| (one.file.clone(), at + 1)).collect();
        let broken = self.broken.into_inner();
        let mut syntax = broken.clone();
        let mut list = self.list.into_inner();
        // the first fault of such a line is the syntax error: it is added while the file is parsed
        list.retain(|fault| {
            let line = (fault.file.clone(), fault.line);
            !broken.contains(&line) || syntax.remove(&line)
        });
        list.iter_mut().for_each(redact);
        list.sort_by_key(|fault| {
            let file = order.get(&fault.file).copied().unwrap_or_default();
            (file, fault.file.clone(), fault.line, fault.column)
        });
        list.dedup();
        list
    }
}

/// What looks like a secret, wherever it stands: of the bridge's convention, a robot's key in its address, a name and password in
/// an address, a private key. A prefix alone is none: messages name it.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"whsec_[A-Za-z0-9+/=_-]+|qwkey_[A-Za-z0-9+/=_-]+|[?&]?key=[A-Za-z0-9%_.-]+|://[^/"'\s@]*@|-----BEGIN[^"']*"#,
    )
});

/// What is given to a key that is meant for a secret, unless it is plainly the name of a variable or a file.
static SECRET_KEY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)((?:(?:secret|token|password|aes_key|robot|webhook|forward_url|actions_url)[a-z_]*|(?:^|[\s{,.])(?:previous_)?key(?:_env|_file)?)["']?\s*=\s*)(.*)$"#,
    )
});

/// The name of a variable, and a path, as people write them.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^["'][A-Z][A-Z0-9_]*["']\s*(?:[,}#].*)?$"#));
static PATH: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^["'][^"':]*[./][^"':]*["']\s*(?:[,}#].*)?$"#));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("the pattern is a constant: {error}"))
}

fn stars(text: &str) -> String {
    text.chars().map(|_| '*').collect()
}

/// Takes secrets out of what a fault shows. Columns stay where they are.
fn redact(fault: &mut Fault) {
    let hide = |text: &str| SECRET.replace_all(text, |found: &Captures<'_>| stars(&found[0])).into_owned();
    fault.message = hide(&fault.message);
    fault.help = fault.help.as_deref().map(hide);
    let line = SECRET_KEY.replace(&fault.excerpt, |found: &Captures<'_>| {
        let (key, value) = (&found[1], &found[2]);
        let named = key.contains("_env") && VARIABLE.is_match(value);
        let shown =
            if named || key.contains("_file") && PATH.is_match(value) { value.to_owned() } else { stars(value) };
        format!("{key}{shown}")
    });
    fault.excerpt = hide(&line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_excerpt_shows_a_secret() {
        let rows = [
            (r#"secret = "abc""#, "secret = *****"),
            (r#"secret_env = "whsec_abcd+/==""#, "secret_env = ****************"),
            (r#"previous_secret_env = "QUNWEI_OLD" # 旧"#, r#"previous_secret_env = "QUNWEI_OLD" # 旧"#),
            (r#"secret_file = "../secrets/a.txt""#, r#"secret_file = "../secrets/a.txt""#),
            (r#"bridge.a = { secret = "x", bot_user = "b" }"#, "bridge.a = { secret = *********************"),
            (r#"x = "whsec_abc" y"#, r#"x = "*********" y"#),
            ("# begin it with `whsec_`", "# begin it with `whsec_`"),
            (r#"token="q"#, "token=**"),
            (r#"robot_env = "https://x.cn/send?key=a-1""#, "robot_env = ***************************"),
            (r#"robot_file = "https://x.cn/k""#, "robot_file = ****************"),
            (r#"robot_env = "ROBOT""#, r#"robot_env = "ROBOT""#),
            (r#"aes_key_env = "jWmYm7qr""#, "aes_key_env = **********"),
            (r#"forward_url = "http://u:p@x/""#, "forward_url = ***************"),
            (r#"actions_url = "http://x.cn/hook/abc""#, "actions_url = **********************"),
            (r#"actions_url_env = "A_URL""#, r#"actions_url_env = "A_URL""#),
            (r#"api_url = "http://u:p@x.cn/a""#, r#"api_url = "http*******x.cn/a""#),
            ("x = send?key=a-1&b=2", "x = send********&b=2"),
            (r#"key_env = "qwkey_abcd+/==""#, "key_env = ****************"),
            (r#"previous_key_file = "../secrets/old.key""#, r#"previous_key_file = "../secrets/old.key""#),
            (r#"seal = { key = "x" }"#, "seal = { key = *****"),
            (r#"keys = ["1:-----BEGIN K-----"]"#, r#"keys = ["1:*****************"]"#),
        ];
        for (line, expected) in rows {
            let source = Source { file: "a.toml".into(), text: line.into() };
            let mut fault = source.fault(0..1, format!("found {line}"));
            redact(&mut fault);
            assert_eq!(fault.excerpt, expected, "{line}");
            assert!(!fault.message.contains("whsec_a"), "{}", fault.message);
        }
    }
}
