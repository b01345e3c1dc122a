//! What the source itself must keep to, and that `docs/security.md` names tests that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::root;

/// Every source file of the program, without its unit tests' files.
pub(super) fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    files.retain(|(path, _)| {
        !path.components().any(|part| part.as_os_str() == "tests")
            && path.file_name().is_some_and(|name| name != "tests.rs")
    });
    files
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push((path.clone(), std::fs::read_to_string(path).unwrap()));
        }
    }
}

/// The lines of a file before its unit tests, without comments.
pub(super) fn code(text: &str) -> impl Iterator<Item = &str> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap_or_default())
}

#[test]
fn secrets_are_compared_in_constant_time() {
    let secret = std::fs::read_to_string(root().join("src/domain/secret.rs")).unwrap();
    assert!(secret.contains("compared_in_constant_time!(Secret, Token, Hidden, Key);"));
    // `==` between what secrets are made of would not be; neither would a map or set of them.
    let bare = [
        "reveal() ==",
        "reveal() !=",
        "== secret",
        "== token",
        "== pass",
        "== expected",
        ".bytes() ==",
        "signature ==",
        "== signature",
        "HashSet<Token",
        "HashMap<Token",
    ];
    for (path, text) in sources() {
        for line in code(&text) {
            let found = bare.iter().find(|sign| line.contains(**sign));
            assert!(found.is_none(), "{}: {}", path.display(), line.trim());
        }
    }
    // Who checks what somebody else sends: each by `subtle`.
    for file in [
        "adapters/bridge/sign.rs",
        "adapters/wecom/crypt.rs",
        "web/hooks/pull.rs",
        "web/playground/guard.rs",
        "domain/secret.rs",
    ] {
        let text = std::fs::read_to_string(root().join("src").join(file)).unwrap();
        assert!(code(&text).any(|line| line.contains(".ct_eq(")), "{file}");
    }
}

#[test]
fn unsafe_code_is_in_one_small_file() {
    let mut with = Vec::new();
    for (path, text) in sources() {
        let words = |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        if code(&text).any(words) {
            with.push((path.strip_prefix(root()).unwrap().to_owned(), text.lines().count()));
        }
    }
    assert_eq!(with.len(), 1, "{with:?}");
    assert_eq!(with[0].0, Path::new("src/adapters/wecom/archive/library.rs"));
    assert!(with[0].1 < 400, "small enough to be reviewed in a sitting: {} lines", with[0].1);
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"deny\""), "the compiler keeps the rest free of it");
    // Each use says why it is sound.
    let library = std::fs::read_to_string(root().join(&with[0].0)).unwrap();
    let lines: Vec<&str> = library.lines().collect();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("unsafe {")) {
        let before = lines[at.saturating_sub(6)..at].join("\n");
        assert!(before.contains("SAFETY"), "line {}: {line}", at + 1);
    }
}

/// The names of the functions in a file that are run as tests.
fn tests(text: &str) -> Vec<&str> {
    let (mut names, mut is_test) = (Vec::new(), false);
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ") {
            names.extend(rest.split(['(', '<']).next().filter(|_| is_test));
            is_test = false;
        }
    }
    names
}

/// `tests` that are named in the last column of a table, by their function names.
#[test]
fn every_line_of_the_threat_model_names_tests_that_there_are() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    walk(&root().join("tests"), &mut files);
    let known: BTreeSet<&str> = files.iter().flat_map(|(_, text)| tests(text)).collect();
    assert!(known.len() > 500 && !known.contains("walk"), "{}", known.len());
    let (mut rows, mut missing) = (0, Vec::new());
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let last = cells.last().unwrap().trim();
        if matches!(last, "kept by" | "由此保证") {
            continue;
        }
        rows += 1;
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named: {row}");
        missing.extend(names.into_iter().filter(|name| !known.contains(name)));
    }
    assert!(rows >= 30, "the table of threats is there: {rows} rows");
    assert!(missing.is_empty(), "there are no such tests: {missing:?}");
}

/// What `.ci/licences.py` says of licences, this says of the lock files themselves: a package from elsewhere, or one whose bytes are
/// not fixed, fails here.
#[test]
fn every_dependency_is_locked_and_from_the_registry() {
    for file in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let lock: toml::Table = std::fs::read_to_string(root().join(file)).unwrap().parse().unwrap();
        let packages = lock["package"].as_array().unwrap();
        assert!(packages.len() > 50, "{file}");
        for package in packages {
            let name = package["name"].as_str().unwrap();
            match package.get("source").and_then(|source| source.as_str()) {
                None => assert!(["qunwei", "qunwei-fuzz"].contains(&name), "{file}: {name} is from a folder"),
                Some(source) => {
                    assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{file}: {name}");
                    assert_eq!(package["checksum"].as_str().unwrap().len(), 64, "{file}: {name}");
                }
            }
        }
    }
}
