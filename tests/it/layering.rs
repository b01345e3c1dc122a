//! The layers of `src/`, checked. A row may use itself and what it lists; it may list only rows above it, so there can be no
//! cycle. Two conventions make it exact: one `use crate::<module>` a line, and no `super::super`.

use std::fs;
use std::path::{Path, PathBuf};

const MAY_USE: &[(&str, &[&str])] = &[
    ("fault", &[]),
    ("domain", &["fault"]),
    ("ports", &["domain"]),
    ("adapters", &["fault", "domain", "ports"]),
    ("store", &["fault", "domain", "ports"]),
    ("config", &["fault", "domain", "ports"]),
    ("app", &["fault", "domain", "ports", "adapters", "store", "config"]),
    ("web", &["fault", "domain", "ports", "adapters", "store", "config", "app"]),
    ("serve", &["fault", "domain", "ports", "adapters", "store", "config", "app", "web"]),
    ("cli", &["fault", "domain", "ports", "adapters", "store", "config", "app", "web", "serve"]),
];

/// The longest file, in lines; what a person reads in one sitting.
const LONGEST_FILE: usize = 520;

#[test]
fn modules_use_only_the_layers_below_them() {
    let mut faults = Vec::new();
    for (row, (module, used)) in MAY_USE.iter().enumerate() {
        for name in *used {
            if !MAY_USE[..row].iter().any(|(above, _)| above == name) {
                faults.push(format!("{module} lists {name}, which is not above it"));
            }
        }
    }
    for (path, text) in sources() {
        let top = path.iter().next().expect("a path has a first part").to_string_lossy();
        let module = top.trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("src/{}: {module} has no row", path.display()));
            continue;
        };
        for (at, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let mut fault = |why: String| faults.push(format!("src/{}:{}: {why}", path.display(), at + 1));
            if code.contains("super::super") {
                fault("write `crate::…` for what is above the parent".to_owned());
            }
            if module == "domain" && (code.contains("async fn") || code.contains(".await")) {
                fault("the core is not async".to_owned());
            }
            for (start, _) in code.match_indices("crate::") {
                let after = code.get(start + "crate::".len()..).unwrap_or_default();
                let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name.is_empty() {
                    fault("one `use crate::<module>` a line".to_owned());
                } else if name != module && !may_use.contains(&name.as_str()) {
                    fault(format!("{module} may not use {name}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn files_say_what_they_are_for_and_can_be_read_in_one_sitting() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if path.iter().any(|part| part.to_string_lossy().starts_with("tests")) {
            continue;
        }
        if !text.starts_with("//!") {
            faults.push(format!("src/{} does not open with //!", path.display()));
        }
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            faults.push(format!("src/{} has {lines} lines", path.display()));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Every source file below `src`, by its path there.
fn sources() -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path.strip_prefix(&src).expect("below src").to_path_buf(), text));
            }
        }
    }
    assert!(found.len() > 30, "the test looks at the sources");
    found
}
