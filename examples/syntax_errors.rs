//! Counts the files that the parser does not fully understand: `cargo run --example syntax_errors -- FOLDER...`.
//! Prints one line per such file with its first error, then the counts per language.
#![expect(clippy::print_stdout, reason = "a report for the terminal")]
#![expect(clippy::disallowed_methods, reason = "reads what it reports on")]
use poolgate::source::{FileId, Language, Source};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn main() {
    let mut counts: BTreeMap<Language, (usize, usize)> = BTreeMap::new();
    for folder in std::env::args().skip(1) {
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let Ok(entry) = entry else { continue };
            if let Some((language, line)) = examine(entry.path()) {
                let (files, broken) = counts.entry(language).or_default();
                *files += 1;
                if let Some(line) = line {
                    *broken += 1;
                    println!("{}:{line}", entry.path().display());
                }
            }
        }
    }
    for (language, (files, broken)) in counts {
        println!("{language:?}: {broken} of {files} files");
    }
}

/// The language of a file, and the place and line of its first error.
fn examine(path: &Path) -> Option<(Language, Option<String>)> {
    let name = path.to_str()?;
    let language = Language::of(name)?;
    let text = String::from_utf8(fs::read(path).ok()?).ok()?;
    let source = Source::new(name, text)?;
    let module = poolgate::lower::lower(FileId(0), &source);
    let first = module.notices.first().map(|(offset, message)| {
        let before = source.slice(0..*offset as usize);
        let line = before.lines().count().max(1);
        let text = source.text.lines().nth(line - 1).unwrap_or_default();
        let text: String = text.trim().chars().take(120).collect();
        format!("{line}: {message}: {text}")
    });
    Some((language, first))
}
