//! Folders to lists of files.
use super::judge::{self, Verdict, is_manifest};
use super::{NOT_CODE, Named, Place, notice};
use crate::config::{Config, Folder, Patterns};
use crate::finding::Notice;
use crate::source::{Counts, Language};
use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use walkdir::WalkDir;

/// A file to read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) named: Named,
}

/// What the walk met.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Code files, sorted by path.
    pub(super) files: Vec<Found>,
    /// Manifests, sorted by path.
    pub(super) manifests: Vec<PathBuf>,
    pub(super) counts: Counts,
    pub(super) notices: Vec<Notice>,
}

impl Walk {
    pub(super) fn of(place: &Place, config: &Config) -> Self {
        let mut walker = Walker {
            place,
            include_tests: config.check.include_tests,
            sieve: Sieve {
                root: place.root.clone(),
                folder: config.folder.clone(),
                exclude: config.check.exclude.clone(),
                vendored: Arc::default(),
            },
            taken: BTreeMap::new(),
            left: BTreeMap::new(),
            manifests: BTreeSet::new(),
            notices: Vec::new(),
        };
        for path in &place.paths {
            if path.is_dir() {
                walker.folder(path);
            } else {
                walker.named(path);
            }
            walker.manifests_above(path);
        }
        walker.finish()
    }
}

/// Why a file was left out without being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Test,
    Looks(Verdict),
}

struct Walker<'a> {
    place: &'a Place,
    include_tests: bool,
    sieve: Sieve,
    taken: BTreeMap<PathBuf, Named>,
    left: BTreeMap<PathBuf, Left>,
    manifests: BTreeSet<PathBuf>,
    notices: Vec<Notice>,
}

impl Walker<'_> {
    fn named(&mut self, path: &Path) {
        let name = self.place.relative(path);
        if Language::of(&name).is_some() {
            self.taken.insert(path.to_owned(), Named::Outright);
        } else if is_manifest(&name) {
            self.manifests.insert(path.to_owned());
        } else {
            self.notices.push(notice(&name, NOT_CODE));
        }
    }

    /// A folder that ignore files rule out is taken all the same when it is named: then they have no say
    /// in what lies below it.
    fn folder(&mut self, top: &Path) {
        let sieve = self.sieve.clone();
        if is_ignored(top, &self.place.root) {
            let admits = move |entry: &walkdir::DirEntry| {
                entry.depth() == 0
                    || !is_hidden(entry.path()) && sieve.admits(entry.path(), entry.file_type())
            };
            for entry in WalkDir::new(top).into_iter().filter_entry(admits) {
                match entry {
                    Ok(entry) => self.entry(top, entry.path(), entry.file_type()),
                    Err(error) => self.failed(error.path(), error.io_error()),
                }
            }
            return;
        }
        let admits = move |entry: &ignore::DirEntry| {
            let kind = entry.file_type();
            entry.depth() == 0 || kind.is_none_or(|kind| sieve.admits(entry.path(), kind))
        };
        let walk = WalkBuilder::new(top)
            .require_git(false)
            .filter_entry(admits)
            .build();
        for entry in walk {
            match entry {
                Ok(entry) => {
                    if let Some(kind) = entry.file_type() {
                        self.entry(top, entry.path(), kind);
                    }
                }
                Err(error) => self.failed(path_of(&error), error.io_error()),
            }
        }
    }

    fn entry(&mut self, top: &Path, path: &Path, kind: FileType) {
        let name = self.place.relative(path);
        if kind.is_symlink() {
            self.link(path, &name);
            return;
        }
        if !kind.is_file() {
            return;
        }
        if is_manifest(&name) {
            self.manifests.insert(path.to_owned());
        }
        let below = path.strip_prefix(top).unwrap_or(path);
        let Some(language) = Language::of(&name) else {
            return;
        };
        let verdict = judge::name(below);
        if !self.include_tests && judge::is_test(below, language) {
            self.left.insert(path.to_owned(), Left::Test);
        } else if verdict == Verdict::Own {
            let named = self.taken.entry(path.to_owned());
            named.or_insert(Named::ByFolder);
        } else {
            self.left.insert(path.to_owned(), Left::Looks(verdict));
        }
    }

    /// Links are not followed: what they lead to is analysed at its own place, where it lies inside the paths.
    fn link(&mut self, path: &Path, name: &str) {
        let message = match path.canonicalize() {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                "is a symbolic link to nothing and was left out; repair or remove it".to_owned()
            }
            Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => {
                "is a symbolic link that may not be followed; give read permission".to_owned()
            }
            // A link in a ring of links: the system has no stable error kind for it.
            Err(_) => "is a symbolic link in a loop of links and was left out; repair or remove it".to_owned(),
            Ok(target) if path.starts_with(&target) => {
                "is a symbolic link to a folder above itself and was not followed; remove it, or add it to `exclude`"
                    .to_owned()
            }
            Ok(target) => {
                let is_seen = self.place.paths.iter().any(|top| target.starts_with(top));
                let matters = target.is_dir() || Language::of(name).is_some();
                if is_seen || !matters {
                    return;
                }
                let target = self.place.relative(&target);
                format!("is a symbolic link to {target}, outside of the analysed paths, and was not followed; name that path too")
            }
        };
        self.notices.push(notice(name, message));
    }

    fn failed(&mut self, path: Option<&Path>, cause: Option<&io::Error>) {
        let name = path
            .map(|path| self.place.relative(path))
            .unwrap_or_default();
        let message = cause.map_or_else(
            || "cannot be walked; check the folder".to_owned(),
            super::unreadable,
        );
        self.notices.push(notice(&name, message));
    }

    /// A `tsconfig.json` at the top of a work tree speaks of the folder that is analysed, too.
    fn manifests_above(&mut self, path: &Path) {
        let above = path.ancestors().skip(1);
        for folder in above.take_while(|folder| folder.starts_with(&self.place.root)) {
            let Ok(entries) = folder.read_dir() else {
                continue;
            };
            for file in entries.flatten().map(|entry| entry.path()) {
                if is_manifest(&file.to_string_lossy()) && file.is_file() {
                    self.manifests.insert(file);
                }
            }
        }
    }

    fn finish(self) -> Walk {
        let mut counts = Counts::default();
        for (path, left) in &self.left {
            match left {
                _ if self.taken.contains_key(path) => {}
                Left::Test => counts.skipped_tests += 1,
                Left::Looks(Verdict::Minified) => counts.skipped_minified += 1,
                Left::Looks(_) => counts.skipped_generated += 1,
            }
        }
        let vendored = self
            .sieve
            .vendored
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        counts.skipped_vendored = vendored.len();
        let found = |(path, named)| Found { path, named };
        Walk {
            files: self.taken.into_iter().map(found).collect(),
            manifests: self.manifests.into_iter().collect(),
            counts,
            notices: self.notices,
        }
    }
}

/// What is not even looked into. The walkers ask it from inside, so it owns what it needs.
#[derive(Clone)]
struct Sieve {
    root: PathBuf,
    folder: Folder,
    exclude: Arc<Patterns>,
    vendored: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Sieve {
    fn admits(&self, path: &Path, kind: FileType) -> bool {
        let place = Place {
            root: self.root.clone(),
            ..Place::default()
        };
        let name = place.relative(path);
        let name = self.folder.relative(&name);
        if name.is_some_and(|name| self.exclude.matches(&name)) {
            return false;
        }
        let is_vendored = kind.is_dir() && judge::is_vendored(path);
        if is_vendored {
            let mut vendored = self.vendored.lock().unwrap_or_else(PoisonError::into_inner);
            vendored.insert(path.to_owned());
        }
        !is_vendored
    }
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

/// Whether the ignore files between the root and a folder rule the folder itself, or one above it, out.
fn is_ignored(folder: &Path, root: &Path) -> bool {
    let mut deciding = vec![GitignoreBuilder::new(root).build_global().0];
    let mut exclude = GitignoreBuilder::new(root);
    exclude.add(root.join(".git/info/exclude"));
    deciding.extend(exclude.build());
    let above: Vec<&Path> = folder
        .ancestors()
        .skip(1)
        .take_while(|above| above.starts_with(root))
        .collect();
    deciding.extend(above.into_iter().rev().filter_map(ignore_files));
    let verdicts = deciding.iter().rev().map(|files| {
        let is_below = folder.starts_with(files.path());
        is_below.then(|| files.matched_path_or_any_parents(folder, true))
    });
    let decided = verdicts.flatten().find(|verdict| !verdict.is_none());
    decided.is_some_and(|verdict| verdict.is_ignore())
}

fn ignore_files(folder: &Path) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(folder);
    builder.add(folder.join(".gitignore"));
    builder.add(folder.join(".ignore"));
    builder.build().ok()
}
