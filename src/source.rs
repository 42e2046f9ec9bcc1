//! Files under analysis and places in them.
//!
//! In: paths and texts. Out: [`Span`]s (file and byte range) and, only here, lines and columns.
use memchr::memchr_iter;
use std::ops::Range;

/// The language a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// `.py`, `.pyi`
    Python,
    /// `.js`, `.jsx`, `.mjs`, `.cjs`
    JavaScript,
    /// `.ts`, `.mts`, `.cts`
    TypeScript,
    /// `.tsx`
    Tsx,
}

impl Language {
    /// The language of a path, by its extension; `None` for files poolgate does not read as code.
    pub fn of(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        Some(match extension {
            "py" | "pyi" => Self::Python,
            "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            _ => return None,
        })
    }

    /// Whether the file is Python; every other language here is of the JavaScript family.
    pub fn is_python(self) -> bool {
        self == Self::Python
    }
}

/// A file, by its position in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A half-open byte range of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The byte range, for slicing the file's text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as people count: line and column from 1; columns in UTF-16 code units, as SARIF and editors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in UTF-16 code units, from 1.
    pub column: u32,
}

/// One file under analysis.
#[derive(Debug)]
pub struct Source {
    /// Path relative to the project root, with `/`.
    pub path: String,
    /// The text, without a byte-order mark.
    pub text: String,
    /// The language.
    pub language: Language,
    /// Byte length of the byte-order mark that `text` leaves out (0 or 3).
    pub bom: u32,
    /// Whether the file was not UTF-8, so that `text` has other bytes than the file.
    pub transcoded: bool,
}

impl Source {
    /// A source from its path and text; `None` where the path names no known language.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Option<Self> {
        let (path, text) = (path.into(), text.into());
        let language = Language::of(&path)?;
        Some(Self {
            path,
            text,
            language,
            bom: 0,
            transcoded: false,
        })
    }

    /// The text of a byte range; empty where the range does not lie on character boundaries.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }
}

/// All files under analysis, sorted by path.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    /// Where the root is itself a Python package: its name, with `/` for each dot.
    package: Option<String>,
}

impl Sources {
    /// Takes the files, sorted by path so that ids do not depend on the order of discovery.
    pub fn new(mut files: Vec<Source>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Self {
            files,
            package: None,
        }
    }

    /// The root is itself a Python package of this name, with `/` for each dot.
    #[must_use]
    pub fn within(mut self, package: Option<String>) -> Self {
        self.package = package;
        self
    }

    /// The path below the root of a Python module of the package that the root itself is.
    pub fn below_root<'m>(&self, module: &'m str) -> Option<&'m str> {
        let rest = module.strip_prefix(self.package.as_deref()?)?;
        rest.strip_prefix('/').or(rest.is_empty().then_some(rest))
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files with their ids, in order of path.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0u32..).map(FileId).zip(&self.files)
    }

    /// The file with this id.
    pub fn get(&self, file: FileId) -> &Source {
        &self.files[file.0 as usize]
    }

    /// The file at this path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        let index = self
            .files
            .binary_search_by(|source| source.path.as_str().cmp(path))
            .ok()?;
        u32::try_from(index).ok().map(FileId)
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).slice(span.range())
    }

    /// Where a byte of a file stands, in lines and UTF-16 columns.
    pub fn position(&self, file: FileId, offset: u32) -> Position {
        position(&self.get(file).text, offset as usize)
    }
}

fn position(text: &str, offset: usize) -> Position {
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let before = &text.as_bytes()[..offset];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let line = memchr_iter(b'\n', before).count() + 1;
    on_line(text, line, line_start..offset)
}

fn on_line(text: &str, line: usize, before: Range<usize>) -> Position {
    let before = text.get(before).unwrap_or_default();
    let column: usize = before.chars().map(char::len_utf16).sum();
    Position {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column + 1).unwrap_or(u32::MAX),
    }
}

/// Where the lines of one text begin, for who asks about many places of it.
#[derive(Debug)]
pub struct Lines<'text> {
    text: &'text str,
    starts: Vec<usize>,
}

impl<'text> Lines<'text> {
    /// The lines of a text.
    pub fn new(text: &'text str) -> Self {
        let after = memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1);
        let starts = std::iter::once(0).chain(after).collect();
        Self { text, starts }
    }

    /// The same as [`Sources::position`], in logarithmic time.
    pub fn position(&self, offset: u32) -> Position {
        let offset = self.text.floor_char_boundary(offset as usize);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.wrapping_sub(1)).copied();
        on_line(self.text, line, start.unwrap_or_default()..offset)
    }

    /// The bytes of a line, counted from 1, without its line break.
    pub fn range(&self, line: u32) -> Range<usize> {
        let line = line as usize;
        let end = self.text.len();
        let start = self
            .starts
            .get(line.wrapping_sub(1))
            .copied()
            .unwrap_or(end);
        let next = self.starts.get(line).copied();
        let content = self
            .text
            .get(start..next.unwrap_or(end))
            .unwrap_or_default();
        start..start + content.trim_end_matches(['\r', '\n']).len()
    }

    /// The text of a line, counted from 1, without its line break.
    pub fn text(&self, line: u32) -> &'text str {
        self.text.get(self.range(line)).unwrap_or_default()
    }

    /// The number of lines; a text without any is one empty line.
    pub fn count(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }
}

/// A file beside the code that says how the code is put together (`package.json`, `tsconfig.json`,
/// `pyproject.toml`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Manifest {
    /// Path relative to the project root, with `/`.
    pub path: String,
    /// The text.
    pub text: String,
}

/// What discovery met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files analysed.
    pub files: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Files left out because a program wrote them.
    pub skipped_generated: usize,
    /// Files left out because they are minified or bundled.
    pub skipped_minified: usize,
    /// Folders of other people's code left out (`node_modules`, a virtual environment).
    pub skipped_vendored: usize,
    /// Test files left out.
    pub skipped_tests: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_code_units() {
        let text = "a\n😀é x";
        assert_eq!(position(text, 0), Position { line: 1, column: 1 });
        assert_eq!(position(text, 2 + 4), Position { line: 2, column: 3 });
        assert_eq!(position(text, 2 + 4 + 2), Position { line: 2, column: 4 });
        assert_eq!(position(text, 999), Position { line: 2, column: 6 });
    }

    #[test]
    fn lines_and_positions_agree() {
        let text = "a\r\n😀é x\n\nlast";
        let lines = Lines::new(text);
        for offset in 0..=20 {
            assert_eq!(lines.position(offset), position(text, offset as usize));
        }
        assert_eq!(lines.text(1), "a");
        assert_eq!(lines.text(2), "😀é x");
        assert_eq!(lines.text(3), "");
        assert_eq!(lines.text(4), "last");
        assert_eq!(lines.text(5), "");
        assert_eq!(lines.count(), 4);
    }

    #[test]
    fn files_are_found_by_path_whatever_the_order() {
        let sources = Sources::new(
            ["b.py", "a.ts"]
                .map(|path| Source::new(path, "").unwrap())
                .into(),
        );
        assert_eq!(sources.find("a.ts"), Some(FileId(0)));
        assert_eq!(sources.find("c.py"), None);
    }
}
