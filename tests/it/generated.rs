//! What is made from the command line: completions, pages of the manual, and the examples of `--help`.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::daemon::{qunwei, stderr};

fn run(arguments: &[&str]) -> Output {
    let output = qunwei().args(arguments).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {}", stderr(&output));
    output
}

/// A program that may not be installed; where it is not, what it would show is not tried, except in CI, where it must be.
fn there_is(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("{program} is not installed: not tried");
    }
    found
}

fn commands() -> Vec<String> {
    qunwei::cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// What bash offers when `words` are typed and the last is to be completed, as it asks the script for it.
fn bash_offers(script: &Path, words: &[&str]) -> Vec<String> {
    let ask = r#"
        source "$1"; shift
        spec=$(complete -p qunwei); [[ $spec =~ -F\ ([^ ]+) ]] || exit 3
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        "${BASH_REMATCH[1]}" qunwei "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash").args(["--norc", "-c", ask, "bash"]).arg(script).args(words).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("qunwei.bash");
    std::fs::write(&script, run(&["completions", "bash"]).stdout).unwrap();
    let rows: &[(&[&str], &[&str])] = &[
        (&["qunwei", "ch"], &["check"]),
        (&["qunwei", "re"], &["replay", "resume"]),
        (&["qunwei", "serve", "--adm"], &["--admin-listen"]),
        (&["qunwei", "check", "--format", ""], &["human", "json"]),
        (&["qunwei", "completions", "f"], &["fish"]),
        (&["qunwei", "nonsense", "x"], &[]),
    ];
    for (words, expected) in rows {
        let offered = bash_offers(&script, words);
        let expected: Vec<_> = expected.iter().copied().map(str::to_owned).collect();
        assert!(expected.iter().all(|word| offered.contains(word)), "{words:?}: {offered:?}");
        assert!(!expected.is_empty() || offered.is_empty(), "{words:?}: {offered:?}");
    }
    let offered = bash_offers(&script, &["qunwei", ""]);
    assert!(commands().iter().all(|name| offered.contains(name)), "{offered:?}");
}

#[test]
fn other_shells_can_read_their_scripts() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["zsh", "fish"].into_iter().filter(|shell| there_is(shell)) {
        let script = dir.path().join(shell);
        std::fs::write(&script, run(&["completions", shell]).stdout).unwrap();
        let output = Command::new(shell).arg("-n").arg(&script).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {}", stderr(&output));
    }
    if there_is("fish") {
        let ask = format!("source {}; complete -C 'qunwei che'", dir.path().join("fish").display());
        let output = Command::new("fish").args(["--no-config", "-c", &ask]).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("check\t"), "{output:?}");
    }
    for shell in ["elvish", "powershell"] {
        assert!(!run(&["completions", shell]).stdout.is_empty());
    }
}

#[test]
fn the_manual_has_a_page_for_every_command_and_groff_has_nothing_to_complain_of() {
    let dir = tempfile::tempdir().unwrap();
    let man = dir.path().join("man/man1");
    run(&["man", "--to", man.to_str().unwrap()]);
    run(&["man", "--to", man.to_str().unwrap()]);
    let page = |name: &str| std::fs::read(man.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(run(&["man"]).stdout, page("qunwei.1"));
    let mut pages = vec!["qunwei.1".to_owned()];
    for command in qunwei::cli::command().get_subcommands() {
        let name = command.get_name();
        pages.push(format!("qunwei-{name}.1"));
        pages.extend(command.get_subcommands().map(|below| format!("qunwei-{name}-{}.1", below.get_name())));
    }
    for name in &pages {
        let text = String::from_utf8(page(name)).unwrap();
        assert!(text.contains(".TH qunwei"), "{text}");
        assert!(name == "qunwei.1" || text.contains(".SH EXAMPLES\n.nf\n"), "{text}");
        if there_is("groff") {
            let groff = ["-ww", "-b", "-z", "-K", "utf8", "-T", "utf8", "-man"];
            let output = Command::new("groff").args(groff).arg(man.join(name)).output().unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{name}: {}", stderr(&output));
        }
    }
    let serve = String::from_utf8(page("qunwei-serve.1")).unwrap();
    assert!(serve.contains("QUNWEI\\_LISTEN") || serve.contains("QUNWEI_LISTEN"), "{serve}");
    assert_eq!(std::fs::read_dir(&man).unwrap().count(), pages.len(), "no page of anything else");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = qunwei().args(["man", "--to"]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot write"), "{}", stderr(&output));
}

#[test]
fn every_command_shows_an_example_that_it_takes() {
    for command in qunwei::cli::command().get_subcommands() {
        shows_an_example(command, &[command.get_name()]);
        for below in command.get_subcommands() {
            shows_an_example(below, &[command.get_name(), below.get_name()]);
        }
    }
}

fn shows_an_example(command: &clap::Command, path: &[&str]) {
    let known = commands();
    let name = path.join(" ");
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (_, examples) = after.split_once("Example:\n").unwrap_or_else(|| panic!("{name} --help has no example"));
    let mut shown = false;
    for line in examples.lines().map(str::trim).filter(|line| !line.is_empty()) {
        for part in line.split("&&").flat_map(|part| part.split('|')) {
            let words = part.split_whitespace().skip_while(|word| *word != "qunwei");
            let words: Vec<&str> = words.take_while(|word| *word != ">").collect();
            let Some(first) = words.get(1) else { continue };
            assert!(known.iter().any(|name| name == first), "{line}");
            shown |= words[1..].starts_with(path);
            let read = qunwei::cli::command().try_get_matches_from(&words);
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
        }
    }
    assert!(shown, "the example of {name} does not use it: {after}");
}
