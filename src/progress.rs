//! How far the work is: counters that workers raise and whoever watches reads.
//!
//! Invariant: nothing here reaches a report.
use std::sync::atomic::{AtomicUsize, Ordering};

/// Shared counters of one run.
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicUsize,
    read: AtomicUsize,
    analysed: AtomicUsize,
}

impl Progress {
    /// So many files were found.
    pub fn found(&self, files: usize) {
        self.files.store(files, Ordering::Relaxed);
    }

    /// One more file is read.
    pub fn read_one(&self) {
        self.read.fetch_add(1, Ordering::Relaxed);
    }

    /// One more file is analysed.
    pub fn analysed_one(&self) {
        self.analysed.fetch_add(1, Ordering::Relaxed);
    }

    /// One line that says how far the work is.
    pub fn line(&self) -> String {
        let files = self.files.load(Ordering::Relaxed);
        let read = self.read.load(Ordering::Relaxed);
        if files == 0 {
            "looking for files".to_owned()
        } else if read < files {
            format!("reading {read}/{files} files")
        } else {
            let analysed = self.analysed.load(Ordering::Relaxed);
            format!("analysing {analysed}/{files} files")
        }
    }
}
