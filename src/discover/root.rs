//! Where the project lies: its root, the named paths, and the folder of its configuration.
use crate::config::Folder;
use crate::error::Error;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The named paths and the root above them, all absolute and without symbolic links.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The top of the work tree, else the current directory, else the common folder of the paths.
    pub root: PathBuf,
    /// The paths to analyse.
    pub paths: Vec<PathBuf>,
    /// The folder of the first path: the configuration is looked for from here upwards.
    pub first: PathBuf,
    /// The current directory.
    pub current: PathBuf,
}

/// Finds the root of the given paths. `beside` names what belongs to the project without being read from disk.
pub fn place(given: &[PathBuf], beside: Option<&Path>) -> Result<Place, Error> {
    let current = std::env::current_dir().and_then(|path| path.canonicalize());
    let current = current.map_err(|cause| Error::Read {
        path: ".".to_owned(),
        cause,
    })?;
    let paths = given.iter().map(|path| canonical(path));
    let paths = paths.collect::<Result<Vec<_>, _>>()?;
    let mut folders: Vec<PathBuf> = paths.iter().map(|path| folder_of(path)).collect();
    if let Some(beside) = beside {
        let file = plain(&current.join(beside));
        folders.extend(file.parent().map(Path::to_owned));
    }
    let first = folders.first().unwrap_or(&current).clone();
    let others = folders.iter().skip(1);
    let common = others.fold(first.clone(), |common, folder| shared(&common, folder));
    let work_tree = common
        .ancestors()
        .find(|folder| folder.join(".git").exists());
    let root = match work_tree {
        Some(top) => top.to_owned(),
        None if common.starts_with(&current) => current.clone(),
        None => common,
    };
    Ok(Place {
        root,
        paths,
        first,
        current,
    })
}

/// The name of the Python package that a folder is, with `/` for each dot.
pub(super) fn package(folder: &Path) -> Option<String> {
    let ancestors = folder.ancestors();
    let packages = ancestors.take_while(|folder| folder.join("__init__.py").is_file());
    let names = packages.map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let mut names: Vec<_> = names.collect::<Option<_>>()?;
    names.reverse();
    (!names.is_empty()).then(|| names.join("/"))
}

fn canonical(given: &Path) -> Result<PathBuf, Error> {
    given.canonicalize().map_err(|cause| {
        let path = given.to_string_lossy().into_owned();
        match cause.kind() {
            io::ErrorKind::NotFound => Error::Missing { path },
            _ => Error::Read { path, cause },
        }
    })
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !path.is_dir() => parent.to_owned(),
        _ => path.to_owned(),
    }
}

fn shared(left: &Path, right: &Path) -> PathBuf {
    let pairs = left.components().zip(right.components());
    pairs.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// The path without `.` and `..`, for names of files that need not exist.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            _ => out.push(component),
        }
    }
    out
}

impl Place {
    /// The path relative to the root, with `/`.
    pub fn relative(&self, path: &Path) -> String {
        let path = plain(path);
        slashed(path.strip_prefix(&self.root).unwrap_or(&path))
    }

    /// The path as a person in the current directory would write it.
    pub(super) fn shown(&self, path: &Path) -> String {
        slashed(path.strip_prefix(&self.current).unwrap_or(path))
    }

    /// How the folder of a configuration file lies to the root; `None` where it lies elsewhere.
    pub(super) fn config_folder(&self, file: &Path) -> Option<Folder> {
        let folder = file.parent()?.canonicalize().ok()?;
        if folder == self.root {
            return Some(Folder::Root);
        }
        if let Ok(above) = self.root.strip_prefix(&folder) {
            return Some(Folder::Above(slashed(above) + "/"));
        }
        let is_above_paths = self.first.starts_with(&folder);
        let below = folder
            .strip_prefix(&self.root)
            .ok()
            .filter(|_| is_above_paths)?;
        Some(Folder::Below(slashed(below) + "/"))
    }
}

fn slashed(path: &Path) -> String {
    let parts = path.components().map(|part| match part {
        Component::RootDir => String::new(),
        _ => part.as_os_str().to_string_lossy().into_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}
