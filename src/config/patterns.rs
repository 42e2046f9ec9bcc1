//! Globs as `.gitignore` reads them, and the folder they start at.
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::borrow::Cow;

/// Patterns of files: `vendor/**`, `*.gen.py`, `legacy/`.
#[derive(Debug, Default)]
pub struct Patterns(Option<Gitignore>);

impl Patterns {
    /// Reads patterns; the error is the index of the one that is none, and why.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, String)> {
        let mut builder = GitignoreBuilder::new("");
        let mut is_empty = true;
        for (index, pattern) in patterns.into_iter().enumerate() {
            is_empty = false;
            let added = builder.add_line(None, pattern);
            added.map_err(|cause| (index, cause.to_string()))?;
        }
        let built = builder.build().map_err(|cause| (0, cause.to_string()))?;
        Ok(Self((!is_empty).then_some(built)))
    }

    /// Whether a path, relative and with `/`, or a folder above it matches.
    pub fn matches(&self, path: &str) -> bool {
        let Some(patterns) = &self.0 else {
            return false;
        };
        let is_inside = !path.is_empty() && !path.starts_with('/');
        is_inside
            && (patterns.matched(path, true).is_ignore()
                || patterns
                    .matched_path_or_any_parents(path, false)
                    .is_ignore())
    }
}

/// The folder of the configuration, as it lies to the project root: paths in reports are relative to the root,
/// patterns to this folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Folder {
    /// The root itself.
    #[default]
    Root,
    /// A folder below the root: this prefix, with `/` at its end, is not part of patterns.
    Below(String),
    /// A folder above the root: patterns see this prefix, with `/` at its end, before each path.
    Above(String),
}

impl Folder {
    /// A path relative to the project root, seen from the folder; `None` outside of it.
    pub fn relative<'a>(&self, path: &'a str) -> Option<Cow<'a, str>> {
        match self {
            Self::Root => Some(Cow::Borrowed(path)),
            Self::Below(prefix) => path.strip_prefix(prefix.as_str()).map(Cow::Borrowed),
            Self::Above(prefix) => Some(Cow::Owned(format!("{prefix}{path}"))),
        }
    }

    /// A path as the configuration writes it, relative to the project root; `None` outside of it.
    pub fn absolute<'a>(&self, written: &'a str) -> Option<Cow<'a, str>> {
        match self {
            Self::Root => Some(Cow::Borrowed(written)),
            Self::Below(prefix) => Some(Cow::Owned(format!("{prefix}{written}"))),
            Self::Above(prefix) => written.strip_prefix(prefix.as_str()).map(Cow::Borrowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_as_gitignore_does() {
        let patterns = Patterns::new(["vendor/**", "*.gen.py", "legacy/", "/top.ts"]).unwrap();
        for path in [
            "vendor/a/b.js",
            "a/b.gen.py",
            "x/legacy/y.py",
            "legacy",
            "top.ts",
        ] {
            assert!(patterns.matches(path), "{path}");
        }
        for path in ["src/vendor/a.js", "a/top.ts", "gen.py", "", "/abs.gen.py"] {
            assert!(!patterns.matches(path), "{path}");
        }
        assert!(!Patterns::default().matches("a.py"));
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let (index, cause) = Patterns::new(["a", "[z-a]", "c"]).unwrap_err();
        assert_eq!(index, 1);
        assert!(cause.contains("[z-a]"), "{cause}");
    }

    #[test]
    fn folders_translate_both_ways() {
        let below = Folder::Below("services/api/".into());
        assert_eq!(below.relative("services/api/a.py").as_deref(), Some("a.py"));
        assert_eq!(below.relative("other/a.py"), None);
        assert_eq!(below.absolute("a.py").as_deref(), Some("services/api/a.py"));
        let above = Folder::Above("src/".into());
        assert_eq!(above.relative("a.py").as_deref(), Some("src/a.py"));
        assert_eq!(above.absolute("src/a.py").as_deref(), Some("a.py"));
        assert_eq!(above.absolute("db/x.sql"), None);
    }
}
