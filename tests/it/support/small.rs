//! A disk that is soon full.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own, as large as is said; unmounted when dropped.
pub struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    /// `None` where mounting is not allowed.
    pub fn mount(at: &'a Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "qunwei-test"]).arg(at).output();
        let mounted = mounted.is_ok_and(|output| output.status.success()).then(|| Self(at));
        if mounted.is_none() {
            eprintln!("SKIPPED: a full disk needs the right to mount a small file system");
        }
        mounted
    }

    /// Leaves so much room, in bytes; what fills the rest is this file.
    pub fn fill(&self, room: usize) -> PathBuf {
        let (rest, spare) = (self.0.join("rest"), self.0.join("spare"));
        std::fs::write(&spare, vec![0; room]).unwrap();
        let mut file = std::fs::File::create(&rest).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
        std::fs::remove_file(spare).unwrap();
        rest
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0).status().ok();
    }
}
