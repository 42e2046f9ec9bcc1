//! Source text to concrete syntax trees: the only module that names `tree_sitter`.
//!
//! In: a [`Source`]. Out: a [`Tree`] that always exists; where the text is not understood the tree says so in
//! error nodes. Parsers live per thread and are reused.
//! What a grammar is known to misread is mended first, without moving a byte.
pub mod javascript;
mod mend;
pub mod python;

use crate::source::{Language, Source};
use std::cell::RefCell;
use std::ops::ControlFlow;

/// A syntax tree.
pub type Tree = tree_sitter::Tree;
/// A node of a syntax tree.
pub type Node<'tree> = tree_sitter::Node<'tree>;
/// A cursor over a syntax tree.
pub type Cursor<'tree> = tree_sitter::TreeCursor<'tree>;

/// Parsing gives up on a file after this many progress reports without end: pathological input must not hang
/// the gate. One report comes about every hundred parser operations.
const PROGRESS_LIMIT: u32 = 4_000_000;

thread_local! {
    static PARSER: RefCell<tree_sitter::Parser> = RefCell::new(tree_sitter::Parser::new());
}

/// Parses a file. `None` only where the parser gave up.
pub fn parse(source: &Source) -> Option<Tree> {
    PARSER.with_borrow_mut(|parser| {
        parser.set_language(&grammar(source.language)).ok()?;
        parser.reset();
        let text = mend::mend(&source.text, source.language);
        let bytes = text.as_bytes();
        let mut reports = 0;
        let mut give_up = |_: &tree_sitter::ParseState| {
            reports += 1;
            if reports > PROGRESS_LIMIT {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let options = tree_sitter::ParseOptions::new().progress_callback(&mut give_up);
        let mut read = |offset: usize, _| bytes.get(offset..).unwrap_or_default();
        parser.parse_with_options(&mut read, None, Some(options))
    })
}

fn grammar(language: Language) -> tree_sitter::Language {
    match language {
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
    }
}
