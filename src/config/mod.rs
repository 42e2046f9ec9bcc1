//! `poolgate.toml`, or `[tool.poolgate]` of `pyproject.toml`, as a struct.
//!
//! In: the text. Out: a [`Config`], or the one line that says what is wrong, on which line, and which key was
//! meant. It does no IO and knows the rules only as the slice it is given.
mod patterns;
mod read;

pub use self::patterns::{Folder, Patterns};
pub(crate) use self::read::unknown_rule;
pub use self::read::{Form, parse};

use crate::finding::Level;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// The configuration of a run; its default is that of a project without a file.
#[derive(Debug, Default)]
pub struct Config {
    /// The file, as reports name it; empty without a file.
    pub path: String,
    /// The folder that its patterns start at.
    pub folder: Folder,
    /// `[database.NAME]`
    pub databases: BTreeMap<String, Database>,
    /// `[service.NAME]`
    pub services: BTreeMap<String, Service>,
    /// `[job.NAME]`
    pub jobs: BTreeMap<String, Job>,
    /// `[check]`
    pub check: Check,
    /// `[[library]]`, not looked into here.
    pub libraries: Vec<Library>,
    line_starts: Vec<usize>,
}

impl Config {
    /// The line, from 1, on which a value stands.
    pub fn line<T>(&self, value: &Spanned<T>) -> u32 {
        line_of(&self.line_starts, value.span().start)
    }

    /// Whether the configuration leaves a rule on.
    pub fn selects(&self, rule: &str, group: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == rule || name == group);
        let select = &self.check.select;
        (select.is_empty() || named(select)) && !named(&self.check.ignore)
    }

    /// Whether `[check.per-file-ignores]` silences a rule in a file.
    pub fn is_ignored_in(&self, path: &str, rule: &str, group: &str) -> bool {
        let Some(path) = self.folder.relative(path) else {
            return false;
        };
        self.check.per_file_ignores.iter().any(|(files, rules)| {
            rules.iter().any(|name| name == rule || name == group) && files.matches(&path)
        })
    }

    /// Whether `exclude` leaves a file or, with everything below it, a folder out.
    pub fn excludes(&self, path: &str) -> bool {
        let path = self.folder.relative(path);
        path.is_some_and(|path| self.check.exclude.matches(&path))
    }
}

/// A database server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Database {
    /// What it speaks.
    pub dialect: Option<Dialect>,
    /// The connections it accepts.
    pub max_connections: Option<Spanned<u32>>,
    /// The connections it keeps for itself.
    pub reserved: Option<Spanned<u32>>,
    /// Files and folders that say what its tables are.
    pub schema: Vec<Spanned<String>>,
    /// Rows per table.
    pub rows: BTreeMap<String, Spanned<u64>>,
}

/// A dialect of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `postgresql`
    Postgresql,
    /// `mysql`
    Mysql,
    /// `sqlite`
    Sqlite,
}

/// A deployed program.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Service {
    /// The folders of its code.
    pub paths: Vec<Spanned<String>>,
    /// How often it runs.
    pub instances: Option<Spanned<u32>>,
    /// Processes in each instance.
    pub processes: Option<Spanned<u32>>,
    /// How many instances more a deploy starts.
    pub rollout_surge: Option<Spanned<Surge>>,
}

/// A number of instances, or a share of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surge {
    /// So many.
    Instances(u32),
    /// So many in a hundred.
    Percent(u32),
}

/// A scheduled job.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Job {
    /// The file that it runs.
    pub runs: Option<Spanned<String>>,
    /// When.
    pub schedule: Option<Spanned<String>>,
    /// How long a run takes.
    pub seconds: Option<Spanned<f64>>,
    /// How many connections a run holds.
    pub connections: Option<Spanned<u32>>,
}

/// What the gate reports, and of which files.
#[derive(Debug, Default)]
pub struct Check {
    /// Rules and groups to report; empty: all.
    pub select: Vec<String>,
    /// Rules and groups not to report.
    pub ignore: Vec<String>,
    /// Files and folders not to read.
    pub exclude: Arc<Patterns>,
    /// Whether test code is analysed too.
    pub include_tests: bool,
    /// The lowest level that fails the gate.
    pub fail_on: Option<FailOn>,
    /// Rules and groups not to report, by file.
    pub per_file_ignores: Vec<(Patterns, Vec<String>)>,
}

/// The lowest level that fails the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors only.
    Error,
    /// Warnings and errors.
    Warning,
    /// Every finding.
    Note,
    /// Nothing.
    Never,
}

impl FailOn {
    /// Whether a finding of this level fails the gate.
    pub fn is_failed_by(self, level: Level) -> bool {
        match self {
            Self::Error => level >= Level::Error,
            Self::Warning => level >= Level::Warning,
            Self::Note => true,
            Self::Never => false,
        }
    }
}

/// A `[[library]]` table: the project's own wrappers, for the library loader.
#[derive(Clone, Debug)]
pub struct Library {
    /// The table as written.
    pub table: toml::Table,
    /// The line, from 1, on which it begins.
    pub line: u32,
}

fn line_of(line_starts: &[usize], offset: usize) -> u32 {
    let line = line_starts.partition_point(|start| *start <= offset);
    u32::try_from(line).unwrap_or(u32::MAX)
}
