//! What is told about a file besides its code: syntax errors, nesting beyond the limit, comments for poolgate.
use super::{Lowering, site};
use crate::ir::Site;
use crate::syntax::Node;
use crate::syntax::python::{Kind, kind};

impl<'t> Lowering<'t> {
    /// One notice per region that the grammar does not understand; regions on one line are one.
    pub(super) fn report_errors(&mut self, root: Node<'t>) {
        let mut reported: Option<Site> = None;
        let is_error = |node: Node<'_>| node.is_error() || node.is_missing();
        walk(root, |node| {
            if !is_error(node) {
                return node.has_error();
            }
            let place = site(node);
            let between = reported.map(|last| last.end as usize..place.start as usize);
            let is_new = between.is_none_or(|gap| self.source.slice(gap).contains('\n'));
            if is_new {
                let message = "syntax not understood; left out".to_owned();
                self.frames.module.notices.push((place.start, message));
            }
            reported = Some(place);
            false
        });
    }

    /// One notice per file for nesting beyond the limit.
    pub(super) fn report_depth(&mut self, node: Node<'t>) {
        if !std::mem::replace(&mut self.is_cut, true) {
            let message = "nested too deep; left out".to_owned();
            let start = site(node).start;
            self.frames.module.notices.push((start, message));
        }
    }

    /// Collects the comments that speak to poolgate.
    pub(super) fn collect_comments(&mut self, root: Node<'t>) {
        walk(root, |node| {
            if kind(node) == Kind::Comment && self.text(node).contains("poolgate:") {
                self.frames.module.comments.push(site(node));
            }
            true
        });
    }
}

/// Visits nodes in the order of the text; `enter` says whether to descend. No recursion: trees can be deep.
pub(super) fn walk<'t>(root: Node<'t>, mut enter: impl FnMut(Node<'t>) -> bool) {
    let mut cursor = root.walk();
    loop {
        if enter(cursor.node()) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}
