//! What was measured, for people, for programs, and as a page.

use std::fmt::Write;

use super::share::Share;
use super::tally::{Counts, Report};
use crate::app::attack::Class;

/// As JSON, with a line end.
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default(); // names and numbers: it cannot fail
    text.push('\n');
    text
}

/// As tables for a terminal.
pub fn human(report: &Report) -> String {
    tables(report).iter().map(Table::aligned).collect::<Vec<_>>().join("\n")
}

/// As tables in Markdown.
pub fn markdown(report: &Report) -> String {
    tables(report).iter().map(Table::markdown).collect::<Vec<_>>().join("\n")
}

/// A heading and rows; the first row is that of the names.
struct Table {
    title: &'static str,
    rows: Vec<Vec<String>>,
}

fn tables(report: &Report) -> Vec<Table> {
    let names = |first: &str, rest: &[&str]| [first].iter().chain(rest).map(|name| (*name).to_owned()).collect();
    let mut tables = Vec::new();
    let counted = ["bad", "caught", "as violation", "ordinary", "flagged", "as violation"];
    let mut by = |title, first: &str, rows: Vec<(&str, Counts)>| {
        let mut all = vec![names(first, &counted)];
        all.extend(rows.into_iter().map(|(name, counts)| row(name, counts)));
        tables.push(Table { title, rows: all });
    };
    let each = |map: &'_ std::collections::BTreeMap<String, Counts>| -> Vec<(String, Counts)> {
        map.iter().map(|(name, counts)| (name.clone(), *counts)).collect()
    };
    let sources = each(&report.sources);
    let sources = sources.iter().map(|(name, counts)| (name.as_str(), *counts));
    by("By source", "source", sources.chain([("all", report.all)]).collect());
    if !report.categories.is_empty() {
        let rows = each(&report.categories);
        by("By category", "category", rows.iter().map(|(name, counts)| (name.as_str(), *counts)).collect());
    }
    if !report.rules.is_empty() {
        let mut rows = vec![names("rule", &["in bad", "there alone", "in ordinary"])];
        for (name, rule) in &report.rules {
            rows.push(vec![name.clone(), rule.bad.to_string(), rule.alone.to_string(), rule.ordinary.to_string()]);
        }
        tables.push(Table { title: "By rule: messages in which it found something", rows });
        let mut rows = vec![names("written", &["in bad", "in ordinary"])];
        for (name, view) in &report.views {
            rows.push(vec![name.clone(), view.bad.to_string(), view.ordinary.to_string()]);
        }
        tables.push(Table { title: "By view: how what was found is written", rows });
    }
    if !report.pairs.is_empty() {
        let mut rows = vec![names("source", &["caught before", "still caught"])];
        rows.extend(
            report.pairs.iter().map(|(name, kept)| vec![name.clone(), kept.of.to_string(), with_interval(*kept)]),
        );
        tables.push(Table { title: "Pairs: of the bad messages whose original is caught, those still caught", rows });
    }
    if !report.disguises.is_empty() {
        tables.push(disguises(report));
    }
    tables
}

fn row(name: &str, counts: Counts) -> Vec<String> {
    let Counts { caught, caught_as_violation, flagged, flagged_as_violation } = counts;
    vec![
        name.to_owned(),
        caught.of.to_string(),
        with_interval(caught),
        percent(caught_as_violation.share()),
        flagged.of.to_string(),
        with_interval(flagged),
        percent(flagged_as_violation.share()),
    ]
}

/// A row for each class and strength, and one for the class as a whole where there are several strengths.
fn disguises(report: &Report) -> Table {
    let names = ["disguise", "strength", "tried", "still caught", "as violation", "to be", "not possible", "found as"];
    let mut rows = vec![names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    let mut last: Option<Class> = None;
    for one in &report.disguises {
        let class = one.class;
        let mut views: Vec<(&String, &u64)> = one.views.iter().collect();
        views.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let views: Vec<String> = views.iter().take(3).map(|(name, count)| format!("{name} {count}")).collect();
        let whole = with_interval(report.kept(class));
        let first = last != Some(class);
        rows.push(vec![
            if first { class.name().to_owned() } else { String::new() },
            one.strength.name().to_owned(),
            one.kept.of.to_string(),
            with_interval(one.kept),
            percent(one.kept_as_violation.share()),
            if first { format!("{} (is {whole})", percent(Some(class.target()))) } else { String::new() },
            one.impossible.to_string(),
            views.join(", "),
        ]);
        last = Some(class);
    }
    Table { title: "Disguised: of the bad messages that were caught, those still caught", rows }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

fn with_interval(share: Share) -> String {
    let Some((low, high)) = share.interval() else { return "–".to_owned() };
    format!("{} ({:.1}–{:.1})", percent(share.share()), low * 100.0, high * 100.0)
}

impl Table {
    fn aligned(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|at| widest(at).unwrap_or(0)).collect();
        let mut text = format!("{}\n", self.title);
        for row in &self.rows {
            let mut line = String::new();
            for (cell, wide) in row.iter().zip(&widths) {
                let _ = write!(line, "  {cell}{}", " ".repeat(wide - width(cell)));
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        for (at, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
            if at == 0 {
                let _ = writeln!(text, "|{}", "---|".repeat(row.len()));
            }
        }
        text
    }
}

/// How many columns a terminal needs: a Chinese character takes two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| if matches!(c, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{FFEF}' | '\u{1F300}'..) { 2 } else { 1 })
        .sum()
}
