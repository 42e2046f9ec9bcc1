//! Paths to a [`Project`]: which files, with which text, under which root.
//!
//! In: what the command line names. Out: sources, manifests, and a notice for each file that could not be had.
//! Here and in `cli` is the only IO. Only a named path that does not exist is an error.
mod decode;
mod judge;
mod root;
mod walk;

pub use self::root::{Place, place};

use self::judge::Verdict;
use self::walk::{Found, Walk};
use crate::config::{Config, Folder, Form, parse};
use crate::error::Error;
use crate::finding::{Notice, RuleInfo};
use crate::progress::Progress;
use crate::source::{Counts, Language, Manifest, Source, Sources};
use rayon::prelude::*;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file larger than this is not read.
const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// What an analysis starts from.
#[derive(Debug, Default)]
pub struct Project {
    /// The folder that paths in reports are relative to: the top of the work tree, where there is one.
    pub root: PathBuf,
    /// The code.
    pub sources: Sources,
    /// What says how the code is put together, sorted by path.
    pub manifests: Vec<Manifest>,
    /// What could not be read, sorted.
    pub notices: Vec<Notice>,
    /// How much there is.
    pub counts: Counts,
}

/// A text that takes the place of the file of that name.
#[derive(Debug)]
pub struct Input {
    /// The name, relative to the current directory.
    pub name: PathBuf,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Reads the project below the paths of `place`.
pub fn project(
    place: &Place,
    config: &Config,
    input: Option<Input>,
    progress: &Progress,
) -> Project {
    let walk = Walk::of(place, config);
    progress.found(walk.files.len());
    let mut project = Project {
        root: place.root.clone(),
        counts: walk.counts,
        notices: walk.notices,
        ..Project::default()
    };
    let mut files = Vec::new();
    if let Some(input) = input {
        let path = place.relative(&place.current.join(&input.name));
        project.take(source(path, input.bytes, Named::Outright), &mut files);
    }
    let outcomes: Vec<Outcome> = walk
        .files
        .par_iter()
        .map(|found| {
            let outcome = outcome(place, found);
            progress.read_one();
            outcome
        })
        .collect();
    for outcome in outcomes {
        project.take(outcome, &mut files);
    }
    project.sources = Sources::new(files).within(root::package(&place.root));
    project.counts.files = project.sources.len();
    project.counts.bytes = project.sources.iter().map(|(_, it)| it.text.len()).sum();
    project.read_manifests(place, walk.manifests);
    project.notices.sort();
    project.notices.dedup();
    project
}

impl Project {
    fn take(&mut self, outcome: Outcome, files: &mut Vec<Source>) {
        match outcome {
            Outcome::Read(source, notice) => {
                files.push(source);
                self.notices.extend(notice);
            }
            Outcome::Skipped(Verdict::Generated) => self.counts.skipped_generated += 1,
            Outcome::Skipped(Verdict::Minified) => self.counts.skipped_minified += 1,
            Outcome::Skipped(Verdict::Own) => {}
            Outcome::Failed(notice) => self.notices.push(notice),
        }
    }

    fn read_manifests(&mut self, place: &Place, paths: Vec<PathBuf>) {
        for path in paths {
            let name = place.relative(&path);
            match read(&path, &name) {
                Ok(bytes) => {
                    let text = decode::decode(bytes, None).text;
                    self.manifests.push(Manifest { path: name, text });
                }
                Err(notice) => self.notices.push(notice),
            }
        }
        self.manifests.sort();
    }
}

/// Whether the command line names the very file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Outright,
    ByFolder,
}

enum Outcome {
    Read(Source, Option<Notice>),
    Skipped(Verdict),
    Failed(Notice),
}

fn outcome(place: &Place, found: &Found) -> Outcome {
    let path = place.relative(&found.path);
    match read(&found.path, &path) {
        Ok(bytes) => source(path, bytes, found.named),
        Err(notice) => Outcome::Failed(notice),
    }
}

fn source(path: String, bytes: Vec<u8>, named: Named) -> Outcome {
    let Some(language) = Language::of(&path) else {
        return Outcome::Failed(notice(&path, NOT_CODE));
    };
    let decoded = decode::decode(bytes, Some(language));
    if decoded.is_binary {
        let message = "is not text and was left out; add it to `exclude` under [check]";
        return Outcome::Failed(notice(&path, message));
    }
    let verdict = judge::content(&decoded.text, language);
    if named == Named::ByFolder && verdict != Verdict::Own {
        return Outcome::Skipped(verdict);
    }
    let notice = decoded.notice.map(|message| notice(&path, message));
    let source = Source {
        path,
        text: decoded.text,
        language,
        bom: decoded.bom,
        transcoded: decoded.transcoded,
    };
    Outcome::Read(source, notice)
}

const NOT_CODE: &str = "is neither Python, JavaScript nor TypeScript by its name and was left out; name code files or folders";

fn notice(path: &str, message: impl Into<String>) -> Notice {
    Notice {
        path: path.to_owned(),
        line: None,
        message: message.into(),
    }
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, Notice> {
    read_up_to(path, MAX_BYTES).map_err(|cause| notice(name, unreadable(&cause)))
}

fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    if size > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn unreadable(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => {
            "vanished while poolgate ran and was left out; run it again".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "may not be read and was left out; give the user that runs poolgate read permission"
                .to_owned()
        }
        io::ErrorKind::FileTooLarge => {
            "is larger than 10 MB and was left out; split it, or add it to `exclude` under [check]"
                .to_owned()
        }
        _ => format!("cannot be read ({cause}) and was left out; check the file"),
    }
}

/// The configuration of the run: the file given, or the first `poolgate.toml` or `pyproject.toml` with a
/// `[tool.poolgate]` table in the first path's folder or one above it.
pub fn config(place: &Place, given: Option<&Path>, rules: &[RuleInfo]) -> Result<Config, Error> {
    if let Some(given) = given {
        let path = given.to_string_lossy().into_owned();
        let file = std::path::absolute(given).unwrap_or_else(|_| given.to_owned());
        let text = config_text(&file, &path)?;
        let read = parse(&text, &path, form(&file), rules)?;
        let mut config = read.ok_or(Error::NoTable { path })?;
        config.folder = place.config_folder(&file).unwrap_or_default();
        return Ok(config);
    }
    for folder in place.first.ancestors() {
        for name in ["poolgate.toml", "pyproject.toml"] {
            let file = folder.join(name);
            if !file.is_file() {
                continue;
            }
            let path = place.shown(&file);
            let text = config_text(&file, &path)?;
            if let Some(mut config) = parse(&text, &path, form(&file), rules)? {
                config.folder = place.config_folder(&file).unwrap_or(Folder::Root);
                return Ok(config);
            }
        }
    }
    Ok(Config::default())
}

fn form(file: &Path) -> Form {
    match file.file_name() {
        Some(name) if name == "pyproject.toml" => Form::Pyproject,
        _ => Form::Own,
    }
}

fn config_text(file: &Path, shown: &str) -> Result<String, Error> {
    let bytes = read_up_to(file, MAX_BYTES).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => Error::Missing {
            path: shown.to_owned(),
        },
        _ => Error::Read {
            path: shown.to_owned(),
            cause,
        },
    })?;
    String::from_utf8(bytes).map_err(|cause| Error::Read {
        path: shown.to_owned(),
        cause: io::Error::new(io::ErrorKind::InvalidData, cause.utf8_error()),
    })
}

#[cfg(test)]
mod tests;
