//! Markdown pages as test data: their fenced blocks with the heading above each.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read their pages from the file system"
)]
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A fenced block.
pub(crate) struct Block<'t> {
    /// The heading above it.
    pub(crate) heading: &'t str,
    /// The file it is, where the line above it says so: `` `app/db.ts`: ``.
    pub(crate) name: Option<&'t str>,
    /// The word behind the fence.
    pub(crate) language: &'t str,
    /// What stands between the fences.
    pub(crate) text: &'t str,
    /// Where that is in the page.
    pub(crate) range: Range<usize>,
}

/// All fenced blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let (mut heading, mut name, mut open, mut offset) = ("", None, None, 0);
    for line in page.split_inclusive('\n') {
        let (start, end) = (offset, offset + line.len());
        offset = end;
        let word = line.trim_end();
        match (word.strip_prefix("```"), open) {
            (Some(language), None) => open = Some((language, end)),
            (Some(""), Some((language, first))) => {
                blocks.push(Block {
                    heading,
                    name: name.take(),
                    language,
                    text: page.get(first..start).unwrap_or_default(),
                    range: first..start,
                });
                open = None;
            }
            (None, None) if word.starts_with('#') => heading = word.trim_start_matches(['#', ' ']),
            (None, None) if !word.is_empty() => name = file_named(word),
            _ => {}
        }
    }
    blocks
}

/// The path in a line like `` `app/db.ts`: ``.
fn file_named(line: &str) -> Option<&str> {
    line.strip_prefix('`')?.strip_suffix("`:")
}

/// The pages of a folder of this project, sorted by name; none where the folder does not exist.
pub(crate) fn pages(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut pages: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            Some((path, text))
        })
        .collect();
    pages.sort();
    pages
}

/// The name of a file that holds code in the language of a fence; `None` for other blocks.
pub(crate) fn file_name(language: &str) -> Option<String> {
    let extension = match language {
        "python" => "py",
        "javascript" => "js",
        "typescript" => "ts",
        "py" | "js" | "jsx" | "ts" | "tsx" => language,
        _ => return None,
    };
    Some(format!("example.{extension}"))
}
