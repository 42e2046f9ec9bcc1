//! Who imports what, of the files that are not parsed.
//!
//! In: texts. Out: for each file those that import it, as far as a look at the text can tell: it finds every import
//! that lowering would find, and now and then one in a comment.
use crate::link::resolve::{Resolver, Target};
use crate::source::{FileId, Source, Sources};
use crate::symbol::Symbol;
use memchr::{memchr, memmem, memrchr};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// A module's name is not longer than this.
const NAME_LIMIT: usize = 512;

/// The files that import a file, by that file; in order.
#[derive(Debug, Default)]
pub(super) struct Importers {
    by_target: FxHashMap<FileId, Vec<FileId>>,
}

impl Importers {
    /// Reads the imports of the files.
    pub(super) fn new(sources: &Sources, resolver: &Resolver<'_>, files: &[FileId]) -> Self {
        let read = |file: &FileId| (*file, specifiers(sources.get(*file)));
        let read: Vec<_> = files.par_iter().map(read).collect();
        let mut importers = Self::default();
        for (file, specifiers) in read {
            for specifier in specifiers {
                if let Target::File(target) = resolver.resolve(file, specifier) {
                    let known = importers.by_target.entry(target).or_default();
                    if known.last() != Some(&file) {
                        known.push(file);
                    }
                }
            }
        }
        importers
    }

    /// The files that import this one.
    pub(super) fn of(&self, file: FileId) -> &[FileId] {
        self.by_target.get(&file).map_or(&[], Vec::as_slice)
    }
}

/// What the imports of a text may name, each once.
fn specifiers(source: &Source) -> Vec<Symbol> {
    let text = source.text.as_bytes();
    let mut found = Found::default();
    if source.language.is_python() {
        python(text, &mut found);
    } else {
        javascript(text, &mut found);
    }
    found.names
}

#[derive(Default)]
struct Found {
    names: Vec<Symbol>,
    known: FxHashSet<Symbol>,
}

impl Found {
    fn add(&mut self, name: &[u8]) {
        if let Ok(name) = std::str::from_utf8(name)
            && !name.is_empty()
            && name.len() < NAME_LIMIT
        {
            let name = Symbol::new(name);
            if self.known.insert(name) {
                self.names.push(name);
            }
        }
    }
}

/// `import a.b as c, d`, `from .a import b, c`
fn python(text: &[u8], found: &mut Found) {
    for start in memmem::find_iter(text, b"import") {
        let (before, after) = (&text[..start], &text[start + b"import".len()..]);
        if before.last().is_some_and(|byte| is_word(*byte))
            || after.first().is_none_or(|byte| is_word(*byte))
        {
            continue;
        }
        let line = logical_line(before);
        match from_module(line) {
            Some(module) => from_import(&module, after, found),
            None if matches!(line.trim_ascii().last(), None | Some(b';' | b':')) => {
                plain_import(after, found);
            }
            None => {}
        }
    }
}

/// What stands before on the same line, and on the lines before that a backslash continues.
fn logical_line(before: &[u8]) -> &[u8] {
    let mut end = before.len();
    while let Some(newline) = memrchr(b'\n', before.get(..end).unwrap_or_default()) {
        if !before[..newline].trim_ascii_end().ends_with(b"\\") {
            return &before[newline + 1..];
        }
        end = newline;
    }
    before
}

/// The module in `from module` before an `import`.
fn from_module(line: &[u8]) -> Option<Vec<u8>> {
    let start = memmem::rfind(line, b"from")?;
    let is_start = start
        .checked_sub(1)
        .is_none_or(|before| !is_word(line[before]));
    let mut module = line[start + b"from".len()..].to_vec();
    module.retain(|byte| !byte.is_ascii_whitespace() && *byte != b'\\');
    let is_dotted = module.iter().all(|byte| is_word(*byte) || *byte == b'.');
    (is_start && is_dotted && !module.is_empty()).then_some(module)
}

/// The module, and each imported name as a submodule of it.
fn from_import(module: &[u8], after: &[u8], found: &mut Found) {
    found.add(module);
    for name in listed(after) {
        let mut dotted = module.to_vec();
        if !module.ends_with(b".") {
            dotted.push(b'.');
        }
        dotted.extend(name);
        found.add(&dotted);
    }
}

/// Each module with the packages it is in.
fn plain_import(after: &[u8], found: &mut Found) {
    for name in listed(after) {
        let dots = memchr::memchr_iter(b'.', &name).map(|dot| &name[..dot]);
        dots.for_each(|package| found.add(package));
        found.add(&name);
    }
}

/// The dotted names of a list that ends with its line or parenthesis.
fn listed(after: &[u8]) -> Vec<Vec<u8>> {
    let after = after.trim_ascii_start();
    let is_enclosed = after.first() == Some(&b'(');
    let list = if is_enclosed {
        let end = memchr(b')', after).unwrap_or(after.len());
        &after[1..end]
    } else {
        &after[..list_end(after)]
    };
    let without_comments = list.split(|byte| *byte == b'\n').flat_map(|line| {
        let end = memchr(b'#', line).unwrap_or(line.len());
        line[..end].iter().chain(b" ")
    });
    let plain: Vec<u8> = without_comments.copied().collect();
    let items = plain.split(|byte| *byte == b',');
    items
        .map(|item| {
            let words = item.split(|byte| byte.is_ascii_whitespace() || *byte == b'\\');
            let mut words = words.filter(|word| !word.is_empty());
            let mut name = words.next().unwrap_or_default().to_vec();
            // `a . b` is a dotted name too.
            for word in words.take_while(|word| *word != b"as") {
                name.extend(word);
            }
            name
        })
        .filter(|name: &Vec<u8>| !name.is_empty())
        .collect()
}

/// Where the line ends that no backslash continues, or the statement.
fn list_end(after: &[u8]) -> usize {
    let ends = memchr::memchr2_iter(b'\n', b';', after);
    let mut ends =
        ends.filter(|end| after[*end] == b';' || !after[..*end].trim_ascii_end().ends_with(b"\\"));
    ends.next().unwrap_or(after.len())
}

/// `from "x"`, `import "x"`, `import("x")`, `require("x")`
fn javascript(text: &[u8], found: &mut Found) {
    for word in ["from", "import", "require"] {
        for start in memmem::find_iter(text, word) {
            let is_start = start
                .checked_sub(1)
                .is_none_or(|before| !is_word(text[before]) && text[before] != b'$');
            if is_start && let Some(name) = quoted(&text[start + word.len()..]) {
                found.add(name);
            }
        }
    }
}

/// The text in quotes that comes next, in a parenthesis or not.
fn quoted(after: &[u8]) -> Option<&[u8]> {
    let mut rest = blank_start(after);
    if let Some(inside) = rest.strip_prefix(b"(") {
        rest = blank_start(inside);
    }
    let (quote, rest) = rest.split_first()?;
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let end = memchr(*quote, rest.get(..rest.len().min(NAME_LIMIT))?)?;
    Some(&rest[..end])
}

/// What follows white space and comments.
fn blank_start(text: &[u8]) -> &[u8] {
    let mut rest = text.trim_ascii_start();
    loop {
        let end = if rest.starts_with(b"/*") {
            memmem::find(rest, b"*/").map(|end| end + 2)
        } else if rest.starts_with(b"//") {
            memchr(b'\n', rest)
        } else {
            return rest;
        };
        rest = rest
            .get(end.unwrap_or(rest.len())..)
            .unwrap_or_default()
            .trim_ascii_start();
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> Vec<&'static str> {
        let source = Source::new(path, text);
        let names = source.map(|source| specifiers(&source)).unwrap_or_default();
        names.into_iter().map(Symbol::text).collect()
    }

    #[test]
    fn python_imports_in_all_their_forms() {
        let text = "import a.b as c, d; import e\nfrom . import f\nfrom .g import (  # why\n    h as i,\n    j,\n)\n\
            if x: from k import *\nfrom l \\\n    import m, \\\n    n\nimportant = 1\nwe import nothing\n";
        let expected = [
            "a", "a.b", "d", "e", ".", ".f", ".g", ".g.h", ".g.j", "k", "k.*", "l", "l.m", "l.n",
        ];
        assert_eq!(names("x.py", text), expected);
    }

    #[test]
    fn javascript_imports_in_all_their_forms() {
        let text = "import a from './a'\nimport \"b\";export*from'c'\nconst d = require(/* no */ \"d\")\n\
            await import(\n  `e`)\nimport f = require('f')\nconst { from } = notrequire('g')\nfrom(x, 'h')\n";
        let expected = ["./a", "c", "b", "e", "d", "f"];
        assert_eq!(names("x.ts", text), expected);
    }
}
