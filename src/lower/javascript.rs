//! javascript to IR.
use super::frame::{Frames, site};
use crate::ir::Module;
use crate::source::{FileId, Source};
use crate::syntax;

/// Lowers one file.
pub(super) fn lower(file: FileId, source: &Source) -> Module {
    let tree = syntax::parse(source);
    let place = tree
        .as_ref()
        .map(|tree| site(tree.root_node()))
        .unwrap_or_default();
    Frames::<()>::new(file, place).finish()
}
