//! JavaScript, JSX, TypeScript and TSX to IR.
//!
//! One [`Lowering`] goes through the tree of one file. Statements and expressions are lowered in the order in
//! which they run; `a && b`, `a?.b`, `await` and `x.then(...)` are control flow. It deliberately knows no
//! library, `Promise` included: only that `then`, `catch` and `finally` with a callback wait.
mod assignments;
mod chains;
mod classes;
mod conditions;
mod declarations;
mod expressions;
mod functions;
mod jumps;
mod literals;
mod loops;
mod modules;
mod patterns;
mod promises;
mod statements;
mod types;

use super::frame::{DEPTH_LIMIT, Frames, site};
use crate::ir::build::{Builder, Lower, Way};
use crate::ir::{ClassId, Constant, FunctionId, LocalId, Module, Site, Value};
use crate::source::{FileId, Source};
use crate::symbol::Symbol;
use crate::syntax::javascript::{Grammar, Kind};
use crate::syntax::{self, Cursor, Node};
use jumps::Cleanup;
use memchr::memmem;
use rustc_hash::FxHashMap;

/// Lowers one file.
pub(super) fn lower(file: FileId, source: &Source) -> Module {
    let Some(tree) = syntax::parse(source) else {
        let mut frames = Frames::<()>::new(file, Site::default());
        let message = "file left out: its syntax is too tangled to read".to_owned();
        frames.module.notices.push((0, message));
        return frames.finish();
    };
    let root = tree.root_node();
    let mut lowering = Lowering {
        source,
        grammar: Grammar::of(source.language),
        frames: Frames::new(file, site(root)),
        cursor: root.walk(),
        names: FxHashMap::default(),
        has_var: memmem::find(source.text.as_bytes(), b"var").is_some(),
        cleanups: 0,
        copied: Copied::default(),
        namespaces: Vec::new(),
    };
    lowering.program(root);
    lowering.notices(root);
    lowering.comments(root);
    lowering.frames.finish()
}

/// The lowering of one file.
struct Lowering<'tree> {
    source: &'tree Source,
    grammar: &'static Grammar,
    frames: Frames<Cleanup<'tree>>,
    cursor: Cursor<'tree>,
    /// The symbols of this file's names, so that interning takes no lock.
    names: FxHashMap<&'tree str, Symbol>,
    /// Whether the word `var` occurs in the file.
    has_var: bool,
    /// How many cleanups are being copied, one within the other.
    cleanups: u32,
    copied: Copied,
    /// What the namespaces around export so far.
    namespaces: Vec<Vec<(Symbol, LocalId)>>,
}

/// What stands in a cleanup and must be one thing in all of its copies, by where it starts.
#[derive(Default)]
struct Copied {
    locals: FxHashMap<u32, LocalId>,
    functions: FxHashMap<u32, FunctionId>,
    classes: FxHashMap<u32, ClassId>,
}

impl<'tree> Lower for Lowering<'tree> {
    type Cleanup = Cleanup<'tree>;

    fn builder(&mut self) -> &mut Builder<Self::Cleanup> {
        &mut self.frames.frame().builder
    }

    fn clean_up(&mut self, cleanup: &Self::Cleanup, _: Way) {
        self.run_cleanup(cleanup);
    }
}

impl<'tree> Lowering<'tree> {
    fn kind(&self, node: Node<'tree>) -> Kind {
        self.grammar.kind(node)
    }

    fn text(&self, node: Node<'tree>) -> &'tree str {
        self.source.slice(node.byte_range())
    }

    fn symbol(&mut self, node: Node<'tree>) -> Symbol {
        let text = self.text(node);
        *self.names.entry(text).or_insert_with(|| Symbol::new(text))
    }

    /// The named children, comments left out.
    fn children(&mut self, node: Node<'tree>) -> Vec<Node<'tree>> {
        let grammar = self.grammar;
        node.named_children(&mut self.cursor)
            .filter(|child| !is_comment(grammar.kind(*child)))
            .collect()
    }

    /// The children, tokens among them.
    fn tokens(&mut self, node: Node<'tree>) -> Vec<Node<'tree>> {
        node.children(&mut self.cursor).collect()
    }

    /// The children in a field.
    fn in_field(&mut self, node: Node<'tree>, field: u16) -> Vec<Node<'tree>> {
        if field == 0 {
            return Vec::new();
        }
        let mut found = Vec::new();
        self.cursor.reset(node);
        let mut more = self.cursor.goto_first_child();
        while more {
            if self.cursor.field_id().is_some_and(|id| id.get() == field) {
                found.push(self.cursor.node());
            }
            more = self.cursor.goto_next_sibling();
        }
        found
    }

    /// The first named child that is no comment.
    fn first(&mut self, node: Node<'tree>) -> Option<Node<'tree>> {
        let grammar = self.grammar;
        node.named_children(&mut self.cursor)
            .find(|child| !is_comment(grammar.kind(*child)))
    }

    /// The expression inside of parentheses, casts and `!`.
    fn bare(&mut self, node: Node<'tree>) -> Node<'tree> {
        let mut node = node;
        loop {
            let inner = match self.kind(node) {
                Kind::Parenthesized
                | Kind::AsExpression
                | Kind::SatisfiesExpression
                | Kind::NonNull
                | Kind::Instantiation => self.first(node),
                Kind::TypeAssertion => self.children(node).pop(),
                _ => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => return node,
            }
        }
    }

    /// The value in the local asked for, or in a new temporary.
    fn put(&mut self, into: Option<LocalId>, value: Value, place: Site) -> LocalId {
        let target = into.unwrap_or_else(|| self.builder().temporary());
        self.builder().assign(target, value, place);
        target
    }

    /// A local's value, in the local asked for.
    fn copy(&mut self, into: Option<LocalId>, value: LocalId, place: Site) -> LocalId {
        match into {
            Some(target) if target != value => {
                self.builder().assign(target, Value::Local(value), place);
                target
            }
            _ => value,
        }
    }

    fn null(&mut self, into: Option<LocalId>, place: Site) -> LocalId {
        self.put(into, Value::Constant(Constant::Null), place)
    }

    fn notice(&mut self, node: Node<'tree>, message: &str) {
        let start = site(node).start;
        self.frames.module.notices.push((start, message.to_owned()));
    }

    /// Whether syntax is nested too deep to be followed further; says so once per place.
    fn is_too_deep(&mut self, node: Node<'tree>) -> bool {
        if self.frames.depth < DEPTH_LIMIT {
            return false;
        }
        self.notice(node, "nested too deep; left out");
        true
    }

    /// One notice for each outermost region that the parser did not understand.
    fn notices(&mut self, root: Node<'tree>) {
        if root.has_error() {
            self.cursor.reset(root);
            loop {
                let node = self.cursor.node();
                let is_region = node.is_error() || node.is_missing();
                if is_region {
                    self.notice(node, "syntax not understood; left out");
                }
                let descends = !is_region && node.has_error() && self.cursor.goto_first_child();
                if descends {
                    continue;
                }
                while !self.cursor.goto_next_sibling() {
                    if !self.cursor.goto_parent() {
                        self.sort_notices();
                        return;
                    }
                }
            }
        }
        self.sort_notices();
    }

    /// A cleanup is lowered once per way out, and says the same each time.
    fn sort_notices(&mut self) {
        self.frames.module.notices.sort();
        self.frames.module.notices.dedup();
    }

    fn comments(&mut self, root: Node<'tree>) {
        for position in memmem::find_iter(self.source.text.as_bytes(), b"poolgate:") {
            let Some(node) = root.descendant_for_byte_range(position, position) else {
                continue;
            };
            let place = site(node);
            if is_comment(self.kind(node)) && self.frames.module.comments.last() != Some(&place) {
                self.frames.module.comments.push(place);
            }
        }
    }
}

fn is_comment(kind: Kind) -> bool {
    matches!(kind, Kind::Comment | Kind::HtmlComment | Kind::HashBang)
}

/// Whether a node is a function written in place.
fn is_function(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ArrowFunction | Kind::FunctionExpression | Kind::GeneratorFunction
    )
}
