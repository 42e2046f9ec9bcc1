//! Spans to lines and columns, for many spans of the same files.
use crate::source::{FileId, Lines, Position, Source, Sources, Span};
use std::cell::OnceCell;

/// A span as reports write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) start: Position,
    /// One past the last column.
    pub(super) end: Position,
}

/// Finds places; the lines of a file are counted once, when they are first asked for.
pub(super) struct Places<'a> {
    sources: &'a Sources,
    lines: Vec<OnceCell<Lines<'a>>>,
}

impl<'a> Places<'a> {
    pub(super) fn of(sources: &'a Sources) -> Self {
        let lines = sources.iter().map(|_| OnceCell::new()).collect();
        Self { sources, lines }
    }

    pub(super) fn source(&self, file: FileId) -> &'a Source {
        self.sources.get(file)
    }

    pub(super) fn lines(&self, file: FileId) -> &Lines<'a> {
        let source = self.source(file);
        self.lines[file.0 as usize].get_or_init(|| Lines::new(&source.text))
    }

    pub(super) fn place(&self, span: Span) -> Place<'a> {
        let lines = self.lines(span.file);
        Place {
            path: &self.source(span.file).path,
            start: lines.position(span.start),
            end: lines.position(span.end.max(span.start)),
        }
    }
}
