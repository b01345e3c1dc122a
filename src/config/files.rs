//! Where a configuration's files come from: a directory, or the copies that the store kept of one.
//!
//! A file's *name* is its path relative to the directory, normalised, with `/`: `rules/ads.toml`, `../wordlists/ads.txt`.
//! What is shown to people is a path they can open.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::seen::Seen;
use crate::domain::image::{self, Image};
use crate::fault::{Fault, Level, Source};

/// No file of a configuration is longer, in bytes: a wrong path must not fill the memory.
const LONGEST: u64 = 64 << 20;

/// More files and directories than this are not looked at: a wrong path must not take for ever.
const MOST_ENTRIES: usize = 20_000;

/// Where no file is one.
const MADE_UP: [&str; 2] = ["/proc", "/sys"];

/// A file that was written so shortly ago may not be written to its end.
const FRESH: Duration = Duration::from_millis(50);

/// The files of one configuration, and what was read of them.
pub(super) struct Files<'a> {
    dir: &'a Path,
    kept: Option<BTreeMap<String, String>>,
    /// Files with secrets are not looked for either.
    without_secrets: bool,
    read: RefCell<BTreeMap<String, Arc<str>>>,
    /// Images that were read, by name; what stands for each in `read` is a note of it.
    images: RefCell<BTreeMap<String, Image>>,
    /// What was found and read ahead of being asked for: the names of the TOML files, and texts by name.
    walked: RefCell<Option<(Vec<String>, Vec<Fault>)>>,
    ahead: RefCell<BTreeMap<String, Arc<str>>>,
    /// Whether everything was as it is now at one moment.
    steady: Cell<bool>,
    /// What was looked at on the disk.
    seen: RefCell<Seen>,
    begun: SystemTime,
}

impl<'a> Files<'a> {
    /// The files below a directory.
    pub(super) fn on_disk(dir: &'a Path) -> Self {
        Self {
            dir,
            kept: None,
            without_secrets: false,
            read: RefCell::default(),
            images: RefCell::default(),
            walked: RefCell::default(),
            ahead: RefCell::default(),
            steady: Cell::new(false),
            seen: RefCell::new(Seen::of(dir)),
            begun: SystemTime::now(),
        }
    }

    /// Copies of files that were below a directory. Only files with secrets are looked for in the directory.
    pub(super) fn kept(dir: &'a Path, files: &[(String, String)]) -> Self {
        Self { kept: Some(files.iter().cloned().collect()), ..Self::on_disk(dir) }
    }

    /// The same, where no secret is looked for: those that files name are as variables that are not set.
    pub(super) fn without_secrets(files: &[(String, String)]) -> Files<'static> {
        Files { without_secrets: true, ..Files::kept(Path::new("."), files) }
    }

    /// The files below a directory, of which those that were looked at `before` are read at once: the shorter the time
    /// between the first and the last, the less can change meanwhile.
    pub(super) fn at_once(dir: &'a Path, before: &Seen) -> Self {
        let files = Self::on_disk(dir);
        let walked = files.walk();
        let before = before.files().map(|path| path.strip_prefix(dir).unwrap_or(path).to_string_lossy().into_owned());
        for name in walked.0.iter().cloned().chain(before) {
            let path = dir.join(&name);
            match files.look_and_read(&path) {
                Ok(text) => drop(files.ahead.borrow_mut().insert(name, Arc::from(text))),
                Err(_) => files.seen.borrow_mut().forget(&path), // it is told of if it is asked for
            }
        }
        files.walked.replace(Some(walked));
        files.steady.set(files.are_still());
        files
    }

    /// Whether nothing changed between the first file that was read and the last: what was read is whole.
    pub(super) fn are_steady(&self) -> bool {
        self.steady.get() || self.are_still()
    }

    /// Whether nothing has changed since it was looked at, nor just before: who writes into a file empties it first.
    fn are_still(&self) -> bool {
        let seen = self.seen.borrow();
        !seen.was_written_since(self.begun.checked_sub(FRESH).unwrap_or(self.begun)) && !seen.has_changed()
    }

    /// Every `*.toml`, by name in order; what could not be read is among the faults.
    pub(super) fn toml(&self) -> (Vec<Source>, Vec<Fault>) {
        let (names, mut faults): (Vec<String>, Vec<Fault>) = match &self.kept {
            Some(kept) => (kept.keys().filter(|name| is_toml_below(name)).cloned().collect(), Vec::new()),
            None => self.walked.take().unwrap_or_else(|| self.walk()),
        };
        let mut sources = Vec::new();
        for name in &names {
            if let Some(of) = copied_from(name, &names).filter(|_| self.kept.is_none()) {
                faults.push(self.copy(name, of));
                continue;
            }
            match self.open(name) {
                Ok(source) => sources.push(source),
                Err(why) => faults.push(why.fault(self.shown(name))),
            }
        }
        if sources.is_empty() && !faults.iter().any(|fault| fault.level == Level::Error) {
            let empty = Unreadable::new("there is no configuration here: no file ends in `.toml`");
            faults.push(empty.fault(Arc::from(self.dir.to_string_lossy())).help("see the shipped `config` directory"));
        }
        (sources, faults)
    }

    /// Says of a copy that it is not read.
    fn copy(&self, name: &str, of: &str) -> Fault {
        let fault = Unreadable::new(format!("this file is not read: by its name it is a copy of `{of}`"));
        fault.fault(self.shown(name)).warning().help("keep copies in another folder, or give it a name of its own")
    }

    /// Of the TOML files that were read, or of all others, those that are empty and have text `in_force`: half saved, more likely than
    /// meant.
    pub(super) fn emptied(&self, in_force: &[(String, String)], toml: bool) -> Vec<Fault> {
        let read = self.read.borrow();
        let had_text = in_force.iter().filter(|(name, text)| is_toml_below(name) == toml && !text.trim().is_empty());
        let emptied = had_text.filter(|(name, _)| read.get(name.as_str()).is_some_and(|text| text.trim().is_empty()));
        let fault = |(name, _): &(String, String)| {
            let fault =
                Unreadable::new("this file is empty, and what is in force has text in it: was it saved in part?");
            fault.fault(self.shown(name)).help("save it again; to empty it on purpose, write a comment line: # empty")
        };
        emptied.map(fault).collect()
    }

    /// Reads a file that a TOML file names; the path is relative to the file that names it. The error says where it was
    /// looked for.
    pub(super) fn named(&self, by: &Source, path: &str) -> Result<Source, String> {
        let name = self.resolve(by, path);
        self.open(&name).map_err(|why| format!("{}: {}", self.shown(&name), why.message))
    }

    /// Reads a file with a secret: always from the disk, and never kept. `None` where secrets are not asked for.
    pub(super) fn secret(&self, by: &Source, path: &str) -> Result<Option<String>, String> {
        if self.without_secrets {
            return Ok(None);
        }
        let name = self.resolve(by, path);
        if let Some(text) = self.ahead.borrow_mut().remove(&name) {
            return Ok(Some(text.to_string()));
        }
        self.steady.set(false);
        self.look_and_read(&self.dir.join(name)).map(Some).map_err(|why| why.message)
    }

    /// Reads an image that a TOML file names: PNG or JPEG. Its bytes are not kept, only what it was: one of kept files has bytes where the
    /// disk still has the same.
    pub(super) fn image(&self, by: &Source, path: &str) -> Result<Image, String> {
        let name = self.resolve(by, path);
        if let Some(image) = self.images.borrow().get(&name) {
            return Ok(image.clone());
        }
        let noted = self.kept.as_ref().and_then(|kept| Image::from_note(&name, kept.get(&name)?));
        let found =
            if self.without_secrets { Err("the file was not kept".to_owned()) } else { self.image_on_disk(&name) };
        let image = match (noted, found) {
            (Some(noted), Ok(found)) if noted.sha256 == found.sha256 => found,
            (Some(noted), _) => noted,
            (None, found) => found.map_err(|why| format!("{}: {why}", self.shown(&name)))?,
        };
        self.read.borrow_mut().insert(name.clone(), image.to_note().into());
        self.images.borrow_mut().insert(name, image.clone());
        Ok(image)
    }

    fn image_on_disk(&self, name: &str) -> Result<Image, String> {
        let path = self.dir.join(name);
        self.steady.set(false);
        self.seen.borrow_mut().file(&path);
        let bytes = bytes_from_disk(&path, image::LARGEST as u64).map_err(|why| why.message)?;
        Image::new(name, bytes).ok_or_else(|| "this is neither PNG nor JPEG, whatever it is called".to_owned())
    }

    /// Where a file is that a TOML file names, for others to read.
    pub(super) fn place(&self, by: &Source, path: &str) -> PathBuf {
        self.dir.join(self.resolve(by, path))
    }

    /// Everything that was read, by name, and everything that was looked at.
    pub(super) fn into_read(self) -> (Vec<(String, String)>, Seen) {
        let read = self.read.into_inner().into_iter().map(|(name, text)| (name, text.to_string())).collect();
        let mut seen = self.seen.into_inner();
        for name in self.ahead.into_inner().into_keys() {
            seen.forget(&self.dir.join(name)); // nobody asks for it any more
        }
        (read, seen)
    }

    /// Reads a file; what it was just before is noted, so that one that changes meanwhile is found out.
    fn look_and_read(&self, path: &Path) -> Result<String, Unreadable> {
        self.seen.borrow_mut().file(path);
        from_disk(path)
    }

    fn open(&self, name: &str) -> Result<Source, Unreadable> {
        let file = self.shown(name);
        if let Some(text) = self.read.borrow().get(name) {
            return Ok(Source { file, text: text.clone() });
        }
        let text: Arc<str> = match &self.kept {
            Some(kept) => Arc::from(kept.get(name).ok_or_else(|| Unreadable::new("the file was not kept"))?.as_str()),
            None => match self.ahead.borrow_mut().remove(name) {
                Some(text) => text,
                None => {
                    self.steady.set(false);
                    Arc::from(self.look_and_read(&self.dir.join(name))?)
                }
            },
        };
        self.read.borrow_mut().insert(name.to_owned(), text.clone());
        Ok(Source { file, text })
    }

    fn shown(&self, name: &str) -> Arc<str> {
        match self.kept {
            Some(_) => Arc::from(name),
            None => Arc::from(self.dir.join(name).to_string_lossy()),
        }
    }

    fn resolve(&self, by: &Source, path: &str) -> String {
        let by = Path::new(&*by.file);
        let name = if self.kept.is_some() { by } else { by.strip_prefix(self.dir).unwrap_or(by) };
        relative(&name.to_string_lossy(), path)
    }

    fn walk(&self) -> (Vec<String>, Vec<Fault>) {
        let mut looked_at = self.seen.borrow_mut();
        let (names, faults, seen) = Default::default();
        let mut walk = Walk { names, faults, seen, left: MOST_ENTRIES, looked_at: &mut looked_at };
        walk.directory(self.dir, "");
        if walk.left == 0 {
            let why = format!("there are more than {MOST_ENTRIES} files here, too many for a configuration");
            let fault = Unreadable::new(why).fault(Arc::from(self.dir.to_string_lossy()));
            walk.faults.push(fault.help("name the folder of the *.toml files alone: --config DIR"));
        }
        let Walk { mut names, faults, .. } = walk;
        names.sort();
        (names, faults)
    }
}

/// The name of a file that the file `by` calls `path`.
fn relative(by: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = by.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_none_or(|last| *last == "..") => parts.push(".."),
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a file was probably meant to be read, but an editor gave it another name.
fn is_nearly_toml(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with(".toml") || name.ends_with(".toml.txt")
}

fn is_toml_below(name: &str) -> bool {
    name.ends_with(".toml") && !name.split('/').any(|part| part.is_empty() || part.starts_with('.'))
}

/// What systems call a copy, beside the name of its file.
const COPIES: [&str; 6] = ["副本", "的副本", "复件", "copy", "copyof", "bak"];

/// The file that another is a copy of by its name: `ads - 副本.toml` of `ads.toml`. Nothing else may be in the name: a `copyright.toml`
/// beside a `right.toml` is meant.
fn copied_from<'n>(name: &str, names: &'n [String]) -> Option<&'n str> {
    let (folder, own) = name.rsplit_once('/').unwrap_or(("", name));
    let own = own.strip_suffix(".toml")?.to_lowercase();
    if !COPIES.iter().any(|mark| own.contains(mark)) {
        return None;
    }
    let marked = |rest: &str, beside: Option<char>| {
        let letters: String = rest.chars().filter(|c| c.is_alphabetic()).collect();
        COPIES.contains(&&*letters) && !(letters.is_ascii() && beside.is_some_and(char::is_alphanumeric))
    };
    names.iter().map(String::as_str).find(|other| {
        let (beside, file) = other.rsplit_once('/').unwrap_or(("", other));
        let Some(of) = file.strip_suffix(".toml").map(str::to_lowercase) else { return false };
        let is_other = beside == folder && !of.is_empty() && of != own;
        let behind = own.strip_prefix(&*of).is_some_and(|rest| marked(rest, rest.chars().next()));
        is_other && (behind || own.strip_suffix(&*of).is_some_and(|rest| marked(rest, rest.chars().next_back())))
    })
}

struct Walk<'a> {
    names: Vec<String>,
    faults: Vec<Fault>,
    /// Directories by their true path: one that is met again (a loop of symbolic links) is not read again.
    seen: BTreeSet<PathBuf>,
    /// So many more files and directories are looked at.
    left: usize,
    looked_at: &'a mut Seen,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, prefix: &str) {
        self.looked_at.directory(path);
        let entries = fs::canonicalize(path).and_then(|place| Ok((fs::read_dir(path)?, place)));
        let entries = match entries {
            Ok((entries, place)) if self.seen.insert(place.clone()) => entries,
            Ok(_) => return,
            Err(error) => {
                let why = Unreadable::new(format!("the directory cannot be read: {error}"));
                let fault = why.fault(Arc::from(path.to_string_lossy()));
                let help = "name the folder of the *.toml files, and let this program's user read it: --config DIR";
                return self.faults.push(if prefix.is_empty() { fault.help(help) } else { fault });
            }
        };
        for entry in entries {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            match entry {
                Ok(entry) => self.entry(&entry.path(), prefix, &entry.file_name()),
                Err(error) => self.fault(path, &format!("the directory cannot be read: {error}")),
            }
        }
    }

    fn entry(&mut self, path: &Path, prefix: &str, name: &std::ffi::OsStr) {
        let toml = path.extension().is_some_and(|extension| extension == "toml");
        let Some(name) = name.to_str() else {
            if toml {
                self.fault(path, "the file's name is not UTF-8");
            }
            return;
        };
        if name.starts_with('.') {
            return;
        }
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.directory(path, &format!("{prefix}{name}/")),
            Ok(_) if toml => self.names.push(format!("{prefix}{name}")),
            Ok(_) if is_nearly_toml(name) => {
                let fault = Unreadable::new("this file is not read: its name does not end in `.toml`");
                let fault = fault.fault(Arc::from(path.to_string_lossy())).warning();
                let help =
                    "editors of Windows add `.txt` and hide it; a file that is not meant may be called anything else";
                self.faults.push(fault.help(help));
            }
            Err(error) if toml => self.fault(path, &format!("the file cannot be read: {error}")),
            Ok(_) | Err(_) => {}
        }
    }

    fn fault(&mut self, path: &Path, what: &str) {
        self.faults.push(Unreadable::new(what).fault(Arc::from(path.to_string_lossy())));
    }
}

/// Why a file cannot be used.
#[derive(Debug)]
struct Unreadable {
    message: String,
    /// What there is of the text, and the byte that is no text.
    at: Option<(String, usize)>,
}

impl Unreadable {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None }
    }

    fn fault(self, file: Arc<str>) -> Fault {
        let (text, at) = self.at.unwrap_or_default();
        Source { file, text: Arc::from(text) }.fault(at..at + 1, self.message)
    }
}

fn bytes_from_disk(path: &Path, longest: u64) -> Result<Vec<u8>, Unreadable> {
    let unreadable = |error: std::io::Error| Unreadable::new(format!("the file cannot be read: {error}"));
    let meta = fs::metadata(path).map_err(unreadable)?;
    if !meta.is_file() {
        return Err(Unreadable::new("this is not a file"));
    }
    // What the kernel makes up looks like a file, and may be endless, wait for ever, or show what no configuration may.
    if fs::canonicalize(path).is_ok_and(|place| MADE_UP.iter().any(|folder| place.starts_with(folder))) {
        return Err(Unreadable::new("this is not a file on a disk"));
    }
    let mut bytes = Vec::new();
    // Not by its length alone: it may grow meanwhile.
    let mut within = fs::File::open(path).map_err(unreadable)?.take(longest + 1);
    within.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > longest {
        return Err(Unreadable::new(format!("the file is longer than {} MiB", longest >> 20)));
    }
    Ok(bytes)
}

fn from_disk(path: &Path) -> Result<String, Unreadable> {
    let mut text = String::from_utf8(bytes_from_disk(path, LONGEST)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        let message = format!("line {line} is not UTF-8 text; save the file as UTF-8");
        Unreadable { message, at: Some((String::from_utf8_lossy(error.as_bytes()).into_owned(), at)) }
    })?;
    if text.starts_with('\u{FEFF}') {
        text.remove(0); // some editors begin a file with it; it would shift the columns of the first line
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn a_path_is_relative_to_the_file_that_names_it() {
        let rows = [
            ("rules/ads.toml", "../../wordlists/ads.txt", "../wordlists/ads.txt"),
            ("rules/ads.toml", "ads.txt", "rules/ads.txt"),
            ("rules/ads.toml", "./../x/../ads.txt", "ads.txt"),
            ("qunwei.toml", "../../a.txt", "../../a.txt"),
            ("qunwei.toml", "/lists/a.txt", "/lists/a.txt"),
        ];
        for (by, path, expected) in rows {
            assert_eq!(relative(by, path), expected, "{path} named by {by}");
        }
    }
}
