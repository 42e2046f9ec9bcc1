//! Import specifiers to files, as Python, Node.js and TypeScript look them up.
//!
//! In: the paths of all sources and the manifests (`package.json`, `tsconfig.json`). Out: [`Resolver`], which
//! answers what a specifier written in a file names.
use crate::source::{FileId, Manifest, Sources};
use crate::symbol::Symbol;
use memchr::memmem;
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::cell::RefCell;

/// What a specifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file of the project.
    File(FileId),
    /// A Python package directory without `__init__.py` of its own, or nothing in the project: a library.
    Outside,
}

/// Looks specifiers up.
#[derive(Debug)]
pub struct Resolver<'s> {
    sources: &'s Sources,
    /// Workspace packages by name: directory, manifest.
    packages: FxHashMap<String, (String, Value)>,
    /// `tsconfig.json` by directory: base folder and path patterns.
    configs: FxHashMap<String, PathConfig>,
    /// Answers so far, by the folder that specifiers start from.
    known: RefCell<FxHashMap<(Symbol, Symbol), Target>>,
    folders: Vec<Folder>,
}

/// Where the specifiers of a file start.
#[derive(Clone, Copy, Debug)]
struct Folder {
    /// Relative ones: the file's folder.
    own: Symbol,
    /// Absolute ones: the nearest folder on which their meaning depends, so that most of a project shares its answers.
    root: Symbol,
}

#[derive(Clone, Debug, Default)]
struct PathConfig {
    base: Option<String>,
    /// Folder that `paths` are relative to.
    anchor: String,
    paths: Vec<(String, Vec<String>)>,
}

const EXTENSIONS: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];

/// `tsconfig.json` files extending each other are followed this far.
const EXTENDS_LIMIT: usize = 8;

impl<'s> Resolver<'s> {
    /// Reads the manifests.
    pub fn new(sources: &'s Sources, manifests: &[Manifest]) -> Self {
        let mut resolver = Self {
            sources,
            packages: FxHashMap::default(),
            configs: FxHashMap::default(),
            known: RefCell::default(),
            folders: Vec::new(),
        };
        let texts: FxHashMap<&str, &str> = manifests
            .iter()
            .map(|manifest| (manifest.path.as_str(), manifest.text.as_str()))
            .collect();
        for manifest in manifests {
            let (folder, name) = split(&manifest.path);
            match name {
                "package.json" => resolver.add_package(folder, &manifest.text),
                "tsconfig.json" | "jsconfig.json" => {
                    let config = path_config(&texts, &manifest.path, EXTENDS_LIMIT);
                    resolver.configs.insert(folder.to_owned(), config);
                }
                _ => {}
            }
        }
        let mut roots = FxHashMap::default();
        let folders = sources.iter().map(|(_, source)| {
            let own = Symbol::new(split(&source.path).0);
            let is_python = source.language.is_python();
            let root = *roots
                .entry((own, is_python))
                .or_insert_with(|| resolver.root(own.text(), is_python));
            Folder { own, root }
        });
        resolver.folders = folders.collect();
        resolver
    }

    /// The nearest folder that decides what absolute specifiers name.
    fn root(&self, folder: &'static str, is_python: bool) -> Symbol {
        let decides = |folder: &&str| {
            if is_python {
                self.is_root(folder)
            } else {
                self.configs.contains_key(*folder)
            }
        };
        Symbol::new(ancestors(folder).find(decides).unwrap_or_default())
    }

    /// Whether absolute Python names start here: a folder that is a package is no such place.
    fn is_root(&self, folder: &str) -> bool {
        folder.is_empty()
            || self
                .sources
                .find(&format!("{folder}/__init__.py"))
                .is_none()
    }

    fn add_package(&mut self, folder: &str, text: &str) {
        let Ok(json) = serde_json::from_str::<Value>(text) else {
            return;
        };
        if let Some(name) = json.get("name").and_then(Value::as_str) {
            self.packages
                .insert(name.to_owned(), (folder.to_owned(), json));
        }
    }

    /// Whether the text of a file holds a name: where not, the file does not bind it.
    pub fn mentions(&self, file: FileId, name: &str) -> bool {
        let text = self.sources.get(file).text.as_bytes();
        let has = |word: &str| memmem::find(text, word.as_bytes()).is_some();
        has(name) || has("import *") || has("export *")
    }

    /// What a specifier names, written in this file.
    pub fn resolve(&self, from: FileId, specifier: Symbol) -> Target {
        let Folder { own, root } = self.folders[from.0 as usize];
        let folder = if specifier.starts_with('.') {
            own
        } else {
            root
        };
        if let Some(known) = self.known.borrow().get(&(folder, specifier)) {
            return *known;
        }
        let target = if self.sources.get(from).language.is_python() {
            self.python(folder.text(), &specifier)
        } else {
            self.javascript(folder.text(), &specifier)
        };
        self.known.borrow_mut().insert((folder, specifier), target);
        target
    }

    /// JavaScript and TypeScript, written in a file of this folder.
    fn javascript(&self, folder: &str, specifier: &str) -> Target {
        let found = if specifier.starts_with('.') {
            join(folder, specifier).and_then(|path| self.script(&path))
        } else {
            self.mapped(folder, specifier)
                .or_else(|| self.workspace(specifier))
        };
        found.map_or(Target::Outside, Target::File)
    }

    /// A file by its path without or with an extension, or a folder's index.
    fn script(&self, path: &str) -> Option<FileId> {
        if let Some(file) = self.sources.find(path) {
            return Some(file);
        }
        // TypeScript writes the extension of the compiled file.
        let stem = ["js", "jsx", "mjs", "cjs"]
            .iter()
            .find_map(|extension| path.strip_suffix(extension)?.strip_suffix('.'));
        let candidates = [
            Some(path.to_owned()),
            stem.map(str::to_owned),
            Some(format!("{path}/index")),
        ];
        candidates.into_iter().flatten().find_map(|stem| {
            EXTENSIONS
                .iter()
                .find_map(|extension| self.sources.find(&format!("{stem}.{extension}")))
        })
    }

    /// Through `paths` and `baseUrl` of the nearest `tsconfig.json`.
    fn mapped(&self, folder: &str, specifier: &str) -> Option<FileId> {
        let config = ancestors(folder).find_map(|folder| self.configs.get(folder))?;
        let by_pattern = config.paths.iter().find_map(|(pattern, targets)| {
            let rest = match pattern.split_once('*') {
                Some((before, after)) => specifier.strip_prefix(before)?.strip_suffix(after)?,
                None => (specifier == pattern).then_some("")?,
            };
            targets.iter().find_map(|target| {
                let path = join(&config.anchor, &target.replacen('*', rest, 1))?;
                self.script(&path)
            })
        });
        by_pattern.or_else(|| self.script(&join(config.base.as_deref()?, specifier)?))
    }

    /// A package of the same workspace: its entry, or the file of a subpath, in sources rather than output.
    fn workspace(&self, specifier: &str) -> Option<FileId> {
        let slash = specifier
            .char_indices()
            .filter(|(_, character)| *character == '/');
        let end = slash
            .map(|(position, _)| position)
            .nth(usize::from(specifier.starts_with('@')));
        let (name, subpath) = match end.and_then(|end| specifier.split_at_checked(end)) {
            Some((name, subpath)) => (name, subpath.trim_start_matches('/')),
            None => (specifier, ""),
        };
        let (folder, manifest) = self.packages.get(name)?;
        let mut candidates = entry_points(manifest, subpath);
        if subpath.is_empty() {
            candidates.extend(["src/index", "index", "lib/index", "src/main"].map(str::to_owned));
        } else {
            candidates.extend([
                subpath.to_owned(),
                format!("src/{subpath}"),
                format!("lib/{subpath}"),
            ]);
        }
        candidates
            .iter()
            .flat_map(|path| source_paths(path))
            .find_map(|path| join(folder, &path).and_then(|path| self.script(&path)))
    }

    /// Python, written in a file of this folder; leading dots are relative.
    fn python(&self, folder: &str, specifier: &str) -> Target {
        let name = specifier.trim_start_matches('.');
        let dots = specifier.len() - name.len();
        let path = name.replace('.', "/");
        let found = if dots > 0 {
            let base = ancestors(folder).nth(dots - 1);
            base.and_then(|base| self.python_module(base, &path))
        } else {
            let roots = ancestors(folder).filter(|base| self.is_root(base));
            let mut roots = roots.into_iter();
            let found = roots.find_map(|base| {
                let in_src = join(base, "src").and_then(|src| self.python_module(&src, &path));
                self.python_module(base, &path).or(in_src)
            });
            found.or_else(|| self.python_module("", self.sources.below_root(&path)?))
        };
        found.map_or(Target::Outside, Target::File)
    }

    fn python_module(&self, base: &str, path: &str) -> Option<FileId> {
        let stem = if path.is_empty() {
            base.to_owned()
        } else {
            join(base, path)?
        };
        let package = if stem.is_empty() {
            "__init__.py".to_owned()
        } else {
            format!("{stem}/__init__.py")
        };
        let names = [format!("{stem}.py"), package, format!("{stem}.pyi")];
        names.iter().find_map(|name| self.sources.find(name))
    }
}

/// The entry points a manifest names for a subpath, most source-like first.
fn entry_points(manifest: &Value, subpath: &str) -> Vec<String> {
    let key = if subpath.is_empty() {
        ".".to_owned()
    } else {
        format!("./{subpath}")
    };
    let mut found = Vec::new();
    match manifest.get("exports") {
        Some(Value::Object(exports)) if exports.keys().any(|name| name.starts_with('.')) => {
            if let Some(target) = exports.get(&key) {
                leaves(target, &mut found, 0);
            }
        }
        Some(target) if subpath.is_empty() => leaves(target, &mut found, 0),
        _ => {}
    }
    if subpath.is_empty() {
        let fields = ["source", "module", "main", "types"].iter();
        found.extend(
            fields
                .filter_map(|field| manifest.get(field)?.as_str())
                .map(str::to_owned),
        );
    }
    found
}

/// The strings in a conditional export.
fn leaves(value: &Value, found: &mut Vec<String>, depth: usize) {
    match value {
        Value::String(path) => found.push(path.clone()),
        Value::Object(conditions) if depth < 8 => {
            conditions
                .values()
                .for_each(|value| leaves(value, found, depth + 1));
        }
        _ => {}
    }
}

/// Where the source of a built file may be: itself, and with the output folder replaced.
fn source_paths(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("./");
    let mut paths = vec![path.to_owned()];
    for output in [
        "dist/",
        "build/",
        "lib/",
        "out/",
        "dist/src/",
        "dist/cjs/",
        "dist/esm/",
    ] {
        if let Some(rest) = path.strip_prefix(output) {
            let stem = rest.strip_suffix(".d.ts").unwrap_or(rest);
            paths.push(format!("src/{stem}"));
            paths.push(stem.to_owned());
        }
    }
    paths
}

fn path_config(texts: &FxHashMap<&str, &str>, path: &str, limit: usize) -> PathConfig {
    let (folder, _) = split(path);
    let json = texts
        .get(path)
        .and_then(|text| serde_json::from_str::<Value>(&plain_json(text)).ok());
    let Some(json) = json else {
        return PathConfig::default();
    };
    let mut config = match json.get("extends").and_then(Value::as_str) {
        Some(parent) if limit > 0 && parent.starts_with('.') => join(folder, parent)
            .map(|path| {
                if split(&path).1.contains('.') {
                    path
                } else {
                    format!("{path}.json")
                }
            })
            .map(|path| path_config(texts, &path, limit - 1))
            .unwrap_or_default(),
        _ => PathConfig::default(),
    };
    let options = json.get("compilerOptions");
    if let Some(base) = options
        .and_then(|options| options.get("baseUrl"))
        .and_then(Value::as_str)
    {
        config.base = join(folder, base);
        config.anchor = config.base.clone().unwrap_or_default();
    }
    if let Some(Value::Object(paths)) = options.and_then(|options| options.get("paths")) {
        config.anchor = config.base.clone().unwrap_or_else(|| folder.to_owned());
        config.paths = paths
            .iter()
            .map(|(pattern, targets)| (pattern.clone(), texts_of(targets)))
            .collect();
    }
    config
}

fn texts_of(value: &Value) -> Vec<String> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// JSON with comments and trailing commas, as TypeScript allows in its configuration, to plain JSON.
fn plain_json(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.chars().peekable());
    let mut in_string = false;
    while let Some(character) = rest.next() {
        match character {
            '"' => {
                in_string = !in_string;
                out.push(character);
            }
            '\\' if in_string => {
                out.push(character);
                out.extend(rest.next());
            }
            '/' if !in_string && rest.peek() == Some(&'/') => {
                while rest.peek().is_some_and(|next| *next != '\n') {
                    rest.next();
                }
            }
            '/' if !in_string && rest.peek() == Some(&'*') => {
                let mut last = ' ';
                for next in rest.by_ref() {
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
            }
            ']' | '}' if !in_string => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

/// Folder and file name of a path.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A folder and those above it, the empty path (the root) last.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| split(folder).0)
    })
}

/// The path of `relative` seen from `folder`, without `.` and `..`; `None` where it leaves the root.
fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn sources(files: &[&str]) -> Sources {
        let sources = files.iter().filter_map(|path| Source::new(*path, ""));
        Sources::new(sources.collect())
    }

    fn resolved(
        files: &[&str],
        manifests: &[(&str, &str)],
        from: &str,
        specifier: &str,
    ) -> Option<String> {
        resolved_in(&sources(files), manifests, from, specifier)
    }

    fn resolved_in(
        sources: &Sources,
        manifests: &[(&str, &str)],
        from: &str,
        specifier: &str,
    ) -> Option<String> {
        let manifests: Vec<_> = manifests
            .iter()
            .map(|(path, text)| Manifest {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        let from = sources.find(from)?;
        let resolver = Resolver::new(sources, &manifests);
        let target = resolver.resolve(from, Symbol::new(specifier));
        match target {
            Target::File(file) => Some(sources.get(file).path.clone()),
            Target::Outside => None,
        }
    }

    #[test]
    fn a_python_package_analysed_from_within() {
        let files = ["__init__.py", "db.py", "web/__init__.py", "web/views.py"];
        let sources = sources(&files).within(Some("shop/core".to_owned()));
        let resolved = |specifier| resolved_in(&sources, &[], "web/views.py", specifier);
        assert_eq!(resolved("shop.core.db").as_deref(), Some("db.py"));
        assert_eq!(resolved("shop.core").as_deref(), Some("__init__.py"));
        assert_eq!(resolved("django.db"), None);
        assert_eq!(resolved("shop.corefile"), None);
    }

    #[test]
    fn python_absolute_relative_and_src_layout() {
        let files = [
            "src/app/db/__init__.py",
            "src/app/web/views.py",
            "src/app/web/__init__.py",
            "run.py",
        ];
        let views = "src/app/web/views.py";
        assert_eq!(
            resolved(&files, &[], views, "app.db").as_deref(),
            Some(files[0])
        );
        assert_eq!(
            resolved(&files, &[], views, "..db").as_deref(),
            Some(files[0])
        );
        assert_eq!(resolved(&files, &[], views, ".").as_deref(), Some(files[2]));
        assert_eq!(
            resolved(&files, &[], "run.py", "app.db").as_deref(),
            Some(files[0])
        );
        assert_eq!(resolved(&files, &[], views, "sqlalchemy.orm"), None);
    }

    #[test]
    fn a_module_beside_a_package_file_does_not_shadow_a_library() {
        let files = [
            "app/migrations/__init__.py",
            "app/migrations/alembic.py",
            "app/migrations/one.py",
        ];
        assert_eq!(resolved(&files, &[], files[2], "alembic"), None);
        assert_eq!(
            resolved(&files, &[], files[2], ".alembic").as_deref(),
            Some(files[1])
        );
    }

    #[test]
    fn javascript_extensions_indexes_paths_and_workspaces() {
        let files = [
            "web/src/db/index.ts",
            "web/src/a.ts",
            "packages/store/src/index.ts",
        ];
        let config = r#"{ // comment
            "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["src/*"], }, } }"#;
        let package = r#"{ "name": "@acme/store", "main": "dist/index.js" }"#;
        let manifests = [
            ("web/tsconfig.json", config),
            ("packages/store/package.json", package),
        ];
        let from = "web/src/a.ts";
        assert_eq!(
            resolved(&files, &manifests, from, "./db").as_deref(),
            Some(files[0])
        );
        assert_eq!(
            resolved(&files, &manifests, from, "./db/index.js").as_deref(),
            Some(files[0])
        );
        assert_eq!(
            resolved(&files, &manifests, from, "@/db").as_deref(),
            Some(files[0])
        );
        assert_eq!(
            resolved(&files, &manifests, from, "@acme/store").as_deref(),
            Some(files[2])
        );
        assert_eq!(resolved(&files, &manifests, from, "pg"), None);
    }
}
