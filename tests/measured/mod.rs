//! What the oracles share: measured truths, and what the analyzer says of the same code.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files and stops at the first surprise"
)]
use poolgate::config::Config;
use poolgate::program::analyse;
use poolgate::progress::Progress;
use poolgate::source::{Source, Sources, Span};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io, iter, thread};

/// Lines of a file of the corpus, from 1, the last one included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) file: String,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Lines {
    /// Whether the other lines begin within these.
    pub(crate) fn hold(&self, other: &Self) -> bool {
        self.file == other.file && (self.first..=self.last).contains(&other.first)
    }
}

/// A finding of the analyzer.
pub(crate) struct Found {
    pub(crate) rule: &'static str,
    /// Its primary place, then its steps.
    pub(crate) places: Vec<Lines>,
    message: String,
}

impl Found {
    pub(crate) fn primary(&self) -> &Lines {
        &self.places[0]
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Lines { file, first, .. } = self.primary();
        write!(f, "{file}:{first}: {}: {}", self.rule, self.message)
    }
}

/// Where the oracles live.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle")
}

/// Runs both halves of an oracle, `NAME.py` and `NAME.mjs`, at once; gives the measured functions.
pub(crate) fn measure(name: &str) -> io::Result<Vec<Value>> {
    let python = format!("{name}.py");
    let node = format!("{name}.mjs");
    let interpreter = folder().join(".venv/bin/python");
    let (python, node) = thread::scope(|scope| {
        let python = scope.spawn(|| run(&interpreter, &python));
        (python.join(), run(Path::new("node"), &node))
    });
    let mut rows = python.unwrap()?;
    rows.extend(node?);
    Ok(rows)
}

fn run(program: &Path, script: &str) -> io::Result<Vec<Value>> {
    let output = Command::new(program)
        .arg(script)
        .current_dir(folder())
        .output()
        .map_err(|error| {
            io::Error::other(format!(
                "{}: {error}; run tests/oracle/setup.sh first",
                program.display()
            ))
        })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!(
            "{script} failed; was tests/oracle/setup.sh run?\n{text}"
        )));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The findings of some rules in some folders, each analysed as one project.
pub(crate) fn findings(corpus: &Path, projects: &[&str], rules: &[&str]) -> Vec<Found> {
    let mut found = Vec::new();
    for project in projects {
        let mut files = Vec::new();
        collect(&corpus.join(project), &mut files);
        let sources = files.iter().filter_map(|path| {
            let relative = path.strip_prefix(corpus).ok()?;
            let relative = relative.to_string_lossy().replace('\\', "/");
            Source::new(relative, fs::read_to_string(path).ok()?)
        });
        let sources = Sources::new(sources.collect());
        let analysis = analyse(sources, &[], &Config::default(), &Progress::default()).unwrap();
        let lines = |span: Span| lines(&analysis.sources, span);
        let chosen = analysis.findings.iter();
        let chosen = chosen.filter(|finding| rules.contains(&finding.rule));
        found.extend(chosen.map(|finding| {
            Found {
                rule: finding.rule,
                places: iter::once(finding.primary)
                    .chain(finding.steps.iter().map(|step| step.span))
                    .map(lines)
                    .collect(),
                message: finding.message.clone(),
            }
        }));
    }
    found
}

fn lines(sources: &Sources, span: Span) -> Lines {
    let line = |offset| sources.position(span.file, offset).line.into();
    Lines {
        file: sources.get(span.file).path.clone(),
        first: line(span.start),
        last: line(span.end),
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The known disagreements, each with its reason.
pub(crate) fn limits(file: &str) -> BTreeMap<String, String> {
    serde_json::from_str(&fs::read_to_string(folder().join(file)).unwrap()).unwrap()
}

/// A text of a measured row.
pub(crate) fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().to_owned()
}

/// The lines of a measured function.
pub(crate) fn function(row: &Value) -> Lines {
    Lines {
        file: text(row, "file"),
        first: row["line"].as_u64().unwrap(),
        last: row["endLine"].as_u64().unwrap(),
    }
}
