//! Mending of text that the grammars misread, before it is parsed.
//!
//! In: a file's text. Out: the same text, byte for byte in the same places, with some words blanked out or
//! replaced. A lowering reads names and literals from the source, never from the mended text; it only sees trees
//! without the errors. What is mended:
//!
//! | text | mended to | why |
//! | --- | --- | --- |
//! | `` sql<Row[]>`...` `` | `` sql       `...` `` | read as a comparison, or as an error |
//! | `f<typeof import("x")>()` | `f ()` | an error |
//! | `import("x").Type<T>` as a type | `Type<T>` | an error |
//! | `using x = f()`, `await using x = f()` | `const x = f()` | an error in loops, with types, with several names |
//! | `export type * from "x"` | `export * from "x"` | an error |
//! | `export * from "x" with { ... }` | `export * from "x"` | an error |
//! | `static accessor x`, `private accessor x` | `static x`, `private x` | an error |
//! | `interface A<in out T>` | `interface A<T>` | an error |
//! | `import defer * as x from "y"` | `import * as x from "y"` | an error |
//! | `export { a as catch }`, `import { delete as b }` | `Catch`, `Delete` | an error |
//! | a signature on the line after one without `;` | `;` before its `<T>(` | one type with arguments |
//! | `<a href="?a=1&b=2">x & y</a>` | `<a href="?a=1_b=2">x _ y</a>` | an entity, and then an error |
mod rules;
mod scanner;
#[cfg(test)]
mod tests;

use crate::source::Language;
use aho_corasick::AhoCorasick;
use scanner::Scanner;
use std::borrow::Cow;
use std::sync::LazyLock;

/// One of these occurs in a TypeScript file where anything but JSX is to be mended.
const TYPESCRIPT: &[&str] = &[
    ">`",
    "> `",
    "import(",
    "using ",
    "export type *",
    "with {",
    "with{",
    "accessor ",
    "<in ",
    "<out ",
    ", in ",
    " out ",
    "import defer ",
    "delete as ",
    "catch as ",
    "finally as ",
    "import as ",
    "if as ",
    "for as ",
];

/// Signatures that begin a line, where there is no JSX.
const SIGNATURES: &[&str] = &["\n<", "  <", "\t<"];

/// Names of exports that the grammar of JavaScript takes for keywords.
const ALIASES: &[&str] = &[
    " as break",
    " as catch",
    " as delete",
    " as do",
    " as else",
    " as enum",
    " as finally",
    " as for",
    " as function",
    " as if",
    " as in",
    " as new",
    " as null",
    " as return",
    " as switch",
    " as throw",
    " as true",
    " as false",
    " as try",
    " as typeof",
    " as var",
    " as void",
    " as while",
    " as with",
    " as yield",
    "delete as ",
    "catch as ",
    "with {",
    "import defer ",
];

/// The text as the grammar should read it.
pub(super) fn mend(text: &str, language: Language) -> Cow<'_, str> {
    if !may_matter(text, language) {
        return Cow::Borrowed(text);
    }
    match Scanner::new(text, language).run() {
        Some(bytes) => String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned),
        None => Cow::Borrowed(text),
    }
}

/// Whether anything that is mended may occur.
fn may_matter(text: &str, language: Language) -> bool {
    static TYPES: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(TYPESCRIPT).ok());
    static LINES: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(SIGNATURES).ok());
    static NAMES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(ALIASES).ok());
    let any = |words: &Option<AhoCorasick>| {
        let words = words.as_ref();
        words.is_some_and(|words| words.is_match(text))
    };
    match language {
        Language::Python => false,
        Language::TypeScript => any(&TYPES) || any(&LINES),
        Language::Tsx => any(&TYPES) || has_entity(text),
        Language::JavaScript => any(&NAMES) || has_entity(text),
    }
}

/// Whether there is an `&` that may stand in an attribute or a text of JSX.
fn has_entity(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_tag = |tag: &[u8]| memchr::memmem::find(bytes, tag).is_some();
    let is_double = |position: usize| {
        bytes.get(position + 1) == Some(&b'&')
            || position.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'&')
    };
    (has_tag(b"/>") || has_tag(b"</"))
        && memchr::memchr_iter(b'&', bytes).any(|position| !is_double(position))
}
