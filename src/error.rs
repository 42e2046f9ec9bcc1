//! Why the gate could not do its work: each variant says what failed, where, and what to do.
//!
//! Broken input is no error: it ends in a [`Notice`](crate::finding::Notice) and the rest is analysed.
use std::io;

/// What ends a run with exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path of the command line that does not exist.
    #[error(
        "{path}: no such file or folder; check the spelling and the folder the command runs in"
    )]
    Missing {
        /// As given.
        path: String,
    },
    /// A path of the command line that cannot be looked at.
    #[error("{path}: cannot be read ({cause}); check its permissions")]
    Read {
        /// As given.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// A file that cannot be written.
    #[error("{path}: cannot be written ({cause}); choose a folder that exists and is writable")]
    Write {
        /// As given.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// Standard output that takes no more.
    #[error("standard output: cannot be written ({cause}); check the disk, or use --output FILE")]
    Output {
        /// What the system says.
        cause: io::Error,
    },
    /// A mistake in the configuration.
    #[error("{path}:{line}: {message}")]
    Config {
        /// The file.
        path: String,
        /// Line from 1.
        line: u32,
        /// What is wrong there and what would be right.
        message: String,
    },
    /// A file named by `--config` that is no configuration.
    #[error("{path}: has no [tool.poolgate] table; add one, or give the path of a poolgate.toml")]
    NoTable {
        /// As given.
        path: String,
    },
    /// Options that do not go together, or name what does not exist.
    #[error("{message}")]
    Usage {
        /// What is wrong and what would be right.
        message: String,
    },
    /// The threads did not start.
    #[error("cannot start the worker threads ({cause}); try a smaller --jobs")]
    Threads {
        /// What the thread pool says.
        cause: rayon::ThreadPoolBuildError,
    },
    /// A bug.
    #[error(
        "internal error: {cause}; this is a bug in poolgate, please report it at {}/issues",
        env!("CARGO_PKG_REPOSITORY")
    )]
    Internal {
        /// What broke and where.
        cause: String,
    },
}
