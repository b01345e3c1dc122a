//! The configuration: as written (TOML, word lists) and as compiled (what the core and the daemon use).
//!
//! Every mistake of every file is found in one run. The steps, each a file: files → syntax → tree → section (reading keys) → rules,
//! draft, examples, policy, daemon, bridge.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::policy::{Mode, Policy, Settings};
use crate::domain::rules::{KINDS, Kind, Rule, RuleId, RuleInfo, Ruleset};
use crate::fault::{Fault, Level};

mod alarms;
mod backup;
mod bridge;
mod changes;
mod daemon;
mod draft;
mod draw;
mod example;
mod examples;
mod faults;
mod files;
mod help;
mod ids;
pub mod keys;
mod ladder;
mod pictures;
mod policy;
mod reminders;
mod rules;
mod seal;
mod secret;
mod section;
mod shipped;
mod seen;
mod syntax;
mod tasks;
mod tree;
mod wecom;
mod welcome;
mod zone;

#[cfg(test)]
mod tests;

pub use bridge::{Actions, Bridge, State};
pub use changes::{Summary, Written};
pub use daemon::{Daemon, LogFormat};
pub use draw::{human, plain};
pub use seal::Seal;
pub use seen::Seen;
pub use shipped::SHIPPED;
pub use wecom::{
    Aibot, AibotWay, App, Archive, BOT_USER, Callback, Customer, Forward, Group, GroupKind, Joins, Reach, Sees, Wecom,
};

use faults::{Faults, Place};
use files::Files;
use section::Section;
use tree::Tree;

/// Reads the environment: the content of a variable that is set.
pub type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A sound configuration, compiled.
pub struct Config {
    /// What messages are judged by.
    pub settings: Arc<Settings>,
    /// What the daemon needs besides.
    pub daemon: Daemon,
    /// Everything that was read, TOML and word lists, as (path relative to the directory, content), in order of paths; of images a
    /// note. [`from_files`] makes the same configuration of it. Files with secrets are not among them.
    pub files: Vec<(String, String)>,
    /// What is sound, but probably not meant.
    pub warnings: Vec<Fault>,
    /// What operators should know at the start: bridges that are off, and why.
    pub notes: Vec<String>,
    /// How much there is of everything.
    pub size: Size,
}

impl fmt::Debug for Config {
    /// Without the files: an address in them may hold a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Config");
        shown.field("settings", &self.settings).field("daemon", &self.daemon).field("notes", &self.notes);
        shown.field("size", &self.size).field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

/// How much a configuration holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Rules.
    pub rules: usize,
    /// Profiles, the default one included.
    pub profiles: usize,
    /// Groups that files name.
    pub groups: usize,
    /// Entries of word lists, without exceptions.
    pub words: usize,
}

/// Reads a directory.
///
/// # Errors
/// All mistakes of all files, warnings included, by file and line.
pub fn load(dir: &Path, env: &Env<'_>) -> Result<Config, Vec<Fault>> {
    load_with(dir, env).0
}

/// The same, and what was looked at, whether it is sound or not.
pub fn load_with(dir: &Path, env: &Env<'_>) -> (Result<Config, Vec<Fault>>, Seen) {
    let Reading { config, seen, .. } = build_with(Files::on_disk(dir), KINDS, env);
    (config, seen)
}

/// What came of reading a directory that may be written to meanwhile.
pub struct Reading {
    /// The configuration, or all its mistakes.
    pub config: Result<Config, Vec<Fault>>,
    /// What was looked at.
    pub seen: Seen,
    /// Whether nothing changed between the first file and the last. Else half of an edit may have been read.
    pub steady: bool,
}

/// Reads a directory anew in which this was looked at `before`. A file that is empty and has text `in_force` is a fault: who saves
/// a file empties it first.
pub fn load_again(dir: &Path, env: &Env<'_>, before: &Seen, in_force: &[(String, String)]) -> Reading {
    build_over(Files::at_once(dir, before), KINDS, env, in_force)
}

/// Makes a configuration of the files that [`Config::files`] gave for `dir`, where only files with secrets are read.
///
/// # Errors
/// As for [`load`].
pub fn from_files(dir: &Path, files: &[(String, String)], env: &Env<'_>) -> Result<Config, Vec<Fault>> {
    build(Files::kept(dir, files), KINDS, env)
}

/// Makes the settings of the files that [`Config::files`] gave, without any secret and wherever they came from: what messages were
/// judged by needs none.
///
/// # Errors
/// As for [`load`].
pub fn settings_from_files(files: &[(String, String)]) -> Result<Arc<Settings>, Vec<Fault>> {
    build(Files::without_secrets(files), KINDS, &|_| None).map(|config| config.settings)
}

/// Where a configuration that may be broken keeps its data: what `[daemon] data` says if it can be read, else `./data`.
pub fn data_dir(dir: &Path) -> PathBuf {
    let files = Files::on_disk(dir);
    let (sources, _) = files.toml();
    let said = sources.iter().find_map(|source| {
        let table: toml::Table = source.text.parse().ok()?;
        Some(table.get("daemon")?.get("data")?.as_str()?.to_owned())
    });
    PathBuf::from(said.unwrap_or_else(|| "./data".to_owned()))
}

fn build(files: Files<'_>, kinds: &[Kind], env: &Env<'_>) -> Result<Config, Vec<Fault>> {
    build_with(files, kinds, env).config
}

fn build_with(files: Files<'_>, kinds: &[Kind], env: &Env<'_>) -> Reading {
    build_over(files, kinds, env, &[])
}

/// The same, where these files are in force.
fn build_over(files: Files<'_>, kinds: &[Kind], env: &Env<'_>, in_force: &[(String, String)]) -> Reading {
    let (sources, mut unreadable) = files.toml();
    unreadable.extend(files.emptied(in_force, true));
    let faults = Faults::new(sources, unreadable);
    let compiled = compile(&files, kinds, env, &faults);
    files.emptied(in_force, false).into_iter().for_each(|fault| faults.add(fault));
    let list = faults.finish();
    let steady = files.are_steady();
    let (files, seen) = files.into_read();
    if list.iter().any(|fault| fault.level == Level::Error) {
        return Reading { config: Err(list), seen, steady };
    }
    let Compiled { mut settings, daemon, notes, size } = compiled;
    settings.version = version(&files);
    let size = Size { words: words(&files), ..size };
    let config = Config { settings: Arc::new(settings), daemon, files, warnings: list, notes, size };
    Reading { config: Ok(config), seen, steady }
}

/// Told where no bot and no company is written down.
const UNHEARD: &str =
    "there is no [bridge.NAME] and no [wecom.NAME]: nobody delivers messages, so no group is looked after";

struct Compiled {
    settings: Settings,
    daemon: Daemon,
    notes: Vec<String>,
    size: Size,
}

fn compile(files: &Files<'_>, kinds: &[Kind], env: &Env<'_>, faults: &Faults) -> Compiled {
    let texts = syntax::mend(faults);
    let tree = Tree::parse(&texts, faults);
    let mut notes = Vec::new();
    let mut top = Section::new(help::TOP, Place { file: 0, span: 0..0 }, tree.top, faults);
    // The tree keeps these apart; here their names only become known.
    top.take("rule");
    top.take("reminder");

    let section = top.section("daemon", "[daemon]");
    let outside = secret::Outside { files, env, faults };
    let (mut daemon, mut everywhere) = daemon::read(section, &outside);
    let (bridges, mut platforms) = bridge::read(&mut top, &outside, &mut notes);
    daemon.bridges = bridges;
    let mut taken = wecom::Taken::by(daemon.listen, daemon.admin_listen);
    daemon.wecom = wecom::read(&mut top, &outside, &mut notes, &mut platforms, &mut taken);
    if daemon.bridges.is_empty() && daemon.wecom.is_empty() {
        notes.push(UNHEARD.to_owned());
    }
    let company = everywhere.company.take().and_then(|place| daemon::company(place, &platforms, faults));

    let rules::Rules { built, lexicon, examples, where_on, excuses, names } =
        rules::read(tree.rules, kinds, files, faults);
    let infos: Vec<RuleInfo> = built.iter().map(|(info, _)| info.clone()).collect();
    let base = policy::Base {
        mode: everywhere.mode,
        timezone: everywhere.timezone,
        settings: infos.iter().map(|info| info.setting).collect(),
    };
    let policies = policy::read(&mut top, base, &names, faults);
    top.finish();
    wecom::name_groups(&mut daemon.wecom, &policies.groups, everywhere.unknown_groups);

    let around = reminders::Around {
        policies: &policies,
        unknown_groups: everywhere.unknown_groups,
        platforms: &platforms,
        files,
        faults,
    };
    let reminders = reminders::read(tree.reminders, &around);
    let several: Vec<bool> =
        built.iter().map(|(_, rule): &(_, Box<dyn Rule>)| examples::needs_several(&**rule)).collect();
    let ruleset = Ruleset::new(built, lexicon).excused_by(excuses);
    policy::check_ignored(&policies.ignored, &ruleset, faults);
    examples::check(&examples, &ruleset, kinds, &several, faults);
    let is_on = |policy: &Policy, id: RuleId| {
        policy.rules.get(usize::from(id.0)).is_some_and(|setting| setting.mode != Mode::Off)
    };
    let in_force = std::iter::once(&policies.default).chain(policies.groups.values());
    let somewhere = |id| in_force.clone().any(|policy| is_on(policy, id));
    where_on.into_iter().filter(|(id, _)| somewhere(*id)).for_each(|(_, fault)| faults.add(fault));
    let ruleset = ruleset.cooled().only(somewhere);
    rules::warn_of_doubt_without_a_model(&ruleset, somewhere, &names, faults);

    let size = Size { rules: infos.len(), profiles: policies.names.len(), groups: policies.groups.len(), words: 0 };
    let settings = Settings {
        version: Arc::from(""),
        rules: ruleset,
        default_policy: policies.default,
        groups: policies.groups,
        unknown_groups: everywhere.unknown_groups,
        platforms,
        dedupe: everywhere.dedupe,
        company,
        reminders,
        retention: everywhere.retention,
        silence: everywhere.silence,
        disk: everywhere.disk,
        backup: everywhere.backup,
        pictures: everywhere.pictures,
    };
    Compiled { settings, daemon, notes, size }
}

/// The first 16 hexadecimal digits of SHA-256 over all files in order of their paths.
fn version(files: &[(String, String)]) -> Arc<str> {
    let mut hasher = Sha256::new();
    for text in files.iter().flat_map(|(name, text)| [name, text]) {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    let digest = data_encoding::HEXLOWER.encode(&hasher.finalize()[..]);
    Arc::from(digest.get(..16).unwrap_or_default())
}

/// Entries of the word lists among the files, without comments and exceptions.
fn words(files: &[(String, String)]) -> usize {
    let lists = files.iter().filter(|(name, _)| !name.ends_with(".toml"));
    let lines = lists.flat_map(|(_, text)| text.lines()).map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '＃', '!', '！'])).count()
}
