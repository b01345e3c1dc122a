//! The form of a backup: entries, one behind the other, each with its sum.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::{BackupError, FORMAT, Head};
use crate::store::schema;

const HEAD: &str = "backup.json";
const SUMS: &str = "SHA256SUMS";
/// Bytes that are written before they are brought to the disk: many at once would hold up a daemon's own syncing.
const PIECE: usize = 4 << 20;
/// A head, or sums, are no longer than this.
const SHORT: u64 = 1 << 20;
/// The longest a writer rests after one piece.
const REST: Duration = Duration::from_millis(500);

/// Writes a file piece by piece, each brought to the disk, and rests as long as each took: others want the disk too.
struct Gentle {
    file: File,
    unsynced: usize,
    since: Instant,
}

impl Write for Gentle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written;
        if self.unsynced >= PIECE {
            self.file.sync_data()?;
            thread::sleep(self.since.elapsed().min(REST));
            (self.unsynced, self.since) = (0, Instant::now());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A backup that is being written.
pub(in crate::store) struct Writer {
    tar: tar::Builder<GzEncoder<BufWriter<Gentle>>>,
    sums: String,
}

impl Writer {
    pub(in crate::store) fn new(file: File, head: &Head) -> io::Result<Self> {
        let gentle = Gentle { file, unsynced: 0, since: Instant::now() };
        // The fastest level: text shrinks to a quarter, and a better one costs four times the time.
        let packed = GzEncoder::new(BufWriter::with_capacity(1 << 16, gentle), Compression::fast());
        let mut writer = Self { tar: tar::Builder::new(packed), sums: String::new() };
        let head = serde_json::to_vec(head)?;
        writer.add(HEAD, head.len() as u64, &*head)?;
        Ok(writer)
    }

    /// Adds an entry of exactly so many bytes.
    pub(super) fn add(&mut self, name: &str, size: u64, from: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_entry_type(tar::EntryType::Regular);
        let mut hashed = Hashed { from: from.take(size), hash: Sha256::new(), read: 0 };
        self.tar.append_data(&mut header, name, &mut hashed)?;
        if hashed.read != size {
            return Err(io::Error::other(format!("{name} became shorter while it was read")));
        }
        self.sums.push_str(&format!("{}  {name}\n", HEXLOWER.encode(&hashed.hash.finalize()[..])));
        Ok(())
    }

    /// Writes the sums and brings all of it to the disk; says what the sums are.
    pub(in crate::store) fn finish(mut self) -> io::Result<String> {
        let sums = std::mem::take(&mut self.sums);
        self.add(SUMS, sums.len() as u64, sums.as_bytes())?;
        let file = self.tar.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.file.sync_all()?;
        Ok(sums)
    }
}

struct Hashed<R> {
    from: R,
    hash: Sha256,
    read: u64,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        self.read += read as u64;
        Ok(read)
    }
}

/// Reads a backup from its first byte to its last and compares every sum. `take` is given each file in it, by its name in the
/// data directory. Says what stands in its head, and its sums.
pub(super) fn read(
    file: &Path,
    mut take: impl FnMut(&str, &mut dyn Read) -> io::Result<()>,
) -> Result<(Head, String), BackupError> {
    let not_whole = |why: String| BackupError::NotWhole { file: file.to_owned(), why };
    let opened = File::open(file).map_err(BackupError::io(format!("cannot read {}", file.display())))?;
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::with_capacity(1 << 16, opened)));
    let mut head = None;
    let (mut sums, mut said) = (String::new(), None);
    // What goes wrong while it is read is the file's fault, unless it is where it is unpacked.
    let broken = |error: io::Error| not_whole(format!("{error}; it was cut off or changed"));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        if said.is_some() {
            return Err(not_whole(format!("there is `{name}` behind its end")));
        }
        let mut hashed = Hashed { from: &mut entry, hash: Sha256::new(), read: 0 };
        match name.as_str() {
            SUMS => {
                let mut text = String::new();
                (&mut hashed).take(SHORT).read_to_string(&mut text).map_err(broken)?;
                said = Some(text);
                continue;
            }
            HEAD => {
                let mut text = Vec::new();
                (&mut hashed).take(SHORT).read_to_end(&mut text).map_err(broken)?;
                head = Some(read_head(file, &text)?);
            }
            _ if head.is_none() => return Err(not_whole(format!("it begins with `{name}`, not with `{HEAD}`"))),
            _ if is_ours(&name) => {
                let mut source = Source { from: &mut hashed, failed: false };
                let taken = take(&name, &mut source);
                let failed = source.failed;
                taken.map_err(|error| if failed { broken(error) } else { BackupError::io(name.clone())(error) })?;
            }
            _ => return Err(not_whole(format!("there is `{name}` in it, which no backup has"))),
        }
        sums.push_str(&format!("{}  {name}\n", HEXLOWER.encode(&hashed.hash.finalize()[..])));
    }
    // Behind the last entry: its own checksum is compared when it is read to the end.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
    let Some(head) = head else { return Err(not_whole("it is empty".to_owned())) };
    match said {
        None => Err(not_whole(format!("it has no `{SUMS}`: it was cut off"))),
        Some(said) if said != sums => Err(not_whole(format!("its files are not those of its `{SUMS}`"))),
        Some(_) => Ok((head, sums)),
    }
}

/// Knows whether it was the reading that failed, not what was done with what was read.
struct Source<'a> {
    from: &'a mut dyn Read,
    failed: bool,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.from.read(buffer).inspect_err(|_| self.failed = true)
    }
}

/// The database, or a file directly in the folder of the history.
fn is_ours(name: &str) -> bool {
    let plain = |file: &str| file.ends_with(".db") && !file.starts_with('.') && !file.contains(['/', '\\', '\0']);
    name == crate::store::open::FILE || name.strip_prefix("history/").is_some_and(plain)
}

fn read_head(file: &Path, text: &[u8]) -> Result<Head, BackupError> {
    let not_ours = || BackupError::NotWhole {
        file: file.to_owned(),
        why: "its first entry is not what `qunwei backup` writes".to_owned(),
    };
    // The version is looked at first: a later one may have another head.
    let value: serde_json::Value = serde_json::from_slice(text).map_err(|_| not_ours())?;
    let number = |key: &str| value.get(key)?.as_u64().and_then(|number| u32::try_from(number).ok());
    let word = |key: &str| value.get(key)?.as_str();
    let (Some("backup"), Some(format), Some(schema)) = (word("qunwei"), number("format"), number("schema")) else {
        return Err(not_ours());
    };
    let known = u32::try_from(schema::MIGRATIONS.len()).unwrap_or(u32::MAX);
    for (what, found, known) in [("format", format, FORMAT), ("schema", schema, known)] {
        if found > known {
            let version = word("version").unwrap_or("?").chars().take(32).collect();
            return Err(BackupError::Newer { file: file.to_owned(), version, what, found, known });
        }
    }
    serde_json::from_value(value).map_err(|_| not_ours())
}
