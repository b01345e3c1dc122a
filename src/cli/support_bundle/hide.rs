//! What must not leave: the secrets that are configured, whatever place they turn up in, and parts of addresses that may be some.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use toml::Value;

mod written;

use self::written::{secrets_of_address, written};

/// What stands in place of what was hidden.
const HIDDEN: &str = "(hidden)";

/// Shorter values are no secrets, and would be found everywhere.
const SHORTEST: usize = 6;

/// Keys that name where a secret is.
const ENDS: [&str; 2] = ["_env", "_file"];

/// Words in the names of variables and keys of which the value is one.
const WORDS: [&str; 5] = ["secret", "token", "password", "key", "robot"];

static USER_IN_URL: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(https?://)[^/\s"'@]+@"#));
static QUERY: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(https?://[^\s"'?]+)\?[^\s"']*"#));
/// What begins as our secrets and keys do, in prose too; a dot or a bracket may stand behind it.
static MARKED: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(whsec_|qwkey_)[^\s"'`()\[\]{}<>]+"#));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("it is written here")
}

/// Knows the secrets.
pub(super) struct Hider {
    secrets: Vec<String>,
}

impl Hider {
    /// Of these files, and of all variables that sound like one.
    pub(super) fn new(tomls: &[(PathBuf, String)], variables: impl Iterator<Item = (String, String)>) -> Self {
        let variables: Vec<(String, String)> = variables.collect();
        let mut secrets = BTreeSet::new();
        for (name, value) in &variables {
            let name = name.to_ascii_lowercase();
            if WORDS.iter().any(|word| name.contains(word)) {
                secrets.insert(value.clone());
            }
        }
        for (path, text) in tomls {
            secrets.extend(written(text).into_iter().flat_map(|one| one.secrets));
            let folder = path.parent().unwrap_or(Path::new("."));
            if let Ok(table) = text.parse::<toml::Table>() {
                named(&Value::Table(table), folder, &variables, &mut secrets);
            }
        }
        let mut secrets: Vec<String> = secrets.into_iter().flat_map(forms).collect();
        secrets.retain(|secret| secret.len() >= SHORTEST);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len())); // the longer first: one may hold another
        Self { secrets }
    }

    /// A file of the configuration: also what was written where it must not be.
    pub(super) fn toml(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for one in written(text).into_iter().rev() {
            shown.replace_range(one.at, &one.shown);
        }
        shown
    }

    /// Any text.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret) {
                text = text.replace(secret, HIDDEN);
            }
        }
        let text = MARKED.replace_all(&text, format!("${{1}}{HIDDEN}"));
        let text = USER_IN_URL.replace_all(&text, format!("${{1}}{HIDDEN}@"));
        QUERY.replace_all(&text, format!("${{1}}?{HIDDEN}")).into_owned()
    }
}

/// A secret as it is, each of its lines (a private key has several), and what is secret in it where it is an address.
fn forms(secret: String) -> Vec<String> {
    let trimmed = secret.trim().to_owned();
    let lines = trimmed.lines().map(str::trim).filter(|line| !line.starts_with("-----")).map(str::to_owned);
    let mut forms: Vec<String> = lines.collect();
    forms.extend(["whsec_", "qwkey_"].into_iter().filter_map(|prefix| trimmed.strip_prefix(prefix)).map(str::to_owned));
    forms.extend(secrets_of_address(&trimmed));
    forms.push(trimmed);
    forms
}

/// What the keys of a table name.
fn named(value: &Value, folder: &Path, variables: &[(String, String)], secrets: &mut BTreeSet<String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let place = ENDS.iter().any(|end| key.ends_with(end));
                match value.as_str().filter(|_| place) {
                    Some(name) if key.ends_with("_file") => {
                        secrets.extend(std::fs::read_to_string(folder.join(name)).ok());
                    }
                    Some(name) => {
                        secrets
                            .extend(variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()));
                    }
                    None if key == "private_keys" => secrets.extend(private_keys(value, folder)),
                    None => named(value, folder, variables, secrets),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, folder, variables, secrets)),
        _ => {}
    }
}

/// What is in the files of rows such as `1:PATH`.
fn private_keys(rows: &Value, folder: &Path) -> impl Iterator<Item = String> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str);
    rows.filter_map(|row| std::fs::read_to_string(folder.join(row.split_once(':')?.1.trim())).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_turn_up() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token.txt"), "file-token-0123456789\n").unwrap();
        let toml = "[bridge.a]\nsecret_env = \"A_NAME\"\ntoken_file = \"token.txt\"\nactions_url_env = \"WHERE\"\n# secret = \"whsec_written\"\n";
        let variables = [
            ("A_NAME", "whsec_abcdefghij"),
            ("WHERE", "https://bot.example/x?k=1"),
            ("MY_TOKEN", "other-token"),
            ("HOME", "/root"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let hider = Hider::new(&[(dir.path().join("a.toml"), toml.to_owned())], variables.into_iter());
        let text = "whsec_abcdefghij abcdefghij file-token-0123456789 other-token https://bot.example/x?k=1 /root \
                    https://me:pass@x.example/a?b=c https://y.example/";
        let hidden = hider.text(text);
        for secret in ["abcdefghij", "file-token", "other-token", "k=1", "me:pass", "b=c"] {
            assert!(!hidden.contains(secret), "{secret}: {hidden}");
        }
        assert!(hidden.contains("/root") && hidden.contains("https://y.example/"), "{hidden}");
        let shown = hider.toml(toml);
        assert!(!shown.contains("whsec_written") && shown.contains("secret_env = \"A_NAME\""), "{shown}");
    }

    /// Of each what is written, and what must not be in a bundle then, wherever it is repeated.
    const WRITTEN_SOMEHOW: [(&str, &str); 19] = [
        ("b = { secret = \"whsec_abcdefghij\" }", "abcdefghij"),
        ("b = { x = 1, 'token'='inline-token' }", "inline-token"),
        ("a.b.secret = \"dotted-secret\"", "dotted-secret"),
        ("[daemon.seal]\nkey = \"qwkey_abcdefghij\"", "abcdefghij"),
        ("token = \"\"\"\nlines-of\na-token\n\"\"\"", "a-token"),
        ("token = '''lines-of\na-token'''", "lines-of"),
        ("token = \"\"\"\nlines-of\na-token\n", "a-token"),
        ("secret = \"never-closed\nx = 1", "never-closed"),
        ("secret = never-quoted # no\n", "never-quoted"),
        ("a = { secret = never-quoted }", "never-quoted"),
        ("tokens = 1\ntoken = [\"in-a-list\", \"twice-in-it\"]", "twice-in-it"),
        ("[bridge.a]\nactions_url = \"https://bot.example/hook/path-is-a-token\"", "path-is-a-token"),
        ("actions_url = \"https://me:a-password@bot.example/\"", "a-password"),
        ("actions_url = \"https://me:pass/word@bot.example/\"", "word@"),
        ("x = [{ forward_url = 'http://bot.example/?k=in-a-query' }]", "in-a-query"),
        ("# actions_url = \"https://bot.example/hook/in-a-comment\"", "in-a-comment"),
        ("actions_url = \"https://bot.example/hook/never-closed-path\nx = 1", "never-closed-path"),
        ("secret_env = \"whsec_where-a-name-belongs\"", "where-a-name-belongs"),
        ("x = { token_env = \"aSecretPastedHere123\" }", "aSecretPastedHere123"),
    ];

    #[test]
    fn what_is_written_into_a_file_is_hidden_however_it_is_written() {
        for (toml, secret) in WRITTEN_SOMEHOW {
            let hider = Hider::new(&[(PathBuf::from("a.toml"), toml.to_owned())], std::iter::empty());
            let shown = hider.text(&hider.toml(toml));
            assert!(!shown.contains(secret) && shown.contains(HIDDEN), "{toml}: {shown}");
            let told = hider.text(&format!("said elsewhere: {secret}."));
            assert!(secret.contains('@') || !told.contains(secret), "{toml}: {told}");
        }
    }

    #[test]
    fn what_begins_as_a_secret_does_is_hidden_in_prose_too() {
        let hider = Hider::new(&[], std::iter::empty());
        for (prose, secret) in [
            ("# old secret whsec_T0xEabcd/+T0xF= until May", "T0x"),
            ("# 旧密钥是whsec_T0xEabcdT0xF，五月换的", "T0x"),
            ("note = \"was (qwkey_T0xEabcdT0xF)\"", "T0x"),
            ("# whsec_T0xE-T0xF: no more", "T0x"),
        ] {
            let shown = hider.text(&hider.toml(prose));
            assert!(!shown.contains(secret) && shown.contains(HIDDEN), "{prose}: {shown}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let toml = "[bridge.a]\nsecret_env = \"A_NAME\"\ntoken_file = \"token.txt\"\nactions_url_env = \"WHERE\"\n\
                    [wecom.a]\napi_url = \"https://qyapi.weixin.qq.com\"\nws_url = \"wss://openws.work.weixin.qq.com/\"\n\
                    keywords = [\"key\", \"secret = 密\"]\n# token = how it is written is in docs/config.md\n";
        let hider = Hider::new(&[(PathBuf::from("a.toml"), toml.to_owned())], std::iter::empty());
        let shown = hider.text(&hider.toml(toml));
        let kept = toml.lines().filter(|line| !line.starts_with('#') && !line.contains("keywords"));
        for line in kept {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        let shown = hider.toml("actions_url = \"https://bot.example/hook/path-is-a-token\"\n");
        assert_eq!(shown, "actions_url = \"https://bot.example/(hidden)\"\n", "where it goes may be known");
    }
}
