//! Python to IR.
//!
//! In: a Python [`Source`]. Out: its [`Module`]. Each file here lowers one part of the language; all of them
//! are methods of [`Lowering`].
//!
//! Invariant: lowering never fails. A node whose kind no function expects is [degraded](Lowering::degrade): its
//! parts are lowered, and what they yield becomes [`Value::Opaque`].
mod calls;
mod comprehensions;
mod conditions;
mod definitions;
mod expressions;
mod imports;
mod loops;
mod matching;
mod names;
mod notices;
mod operators;
mod scopes;
mod statements;
mod targets;
mod text;
mod types;

use super::frame::{DEPTH_LIMIT, Frames, site};
use crate::ir::build::{Builder, Lower, Way};
use crate::ir::{
    Call, CallKind, Callee, ClassId, Constant, FunctionId, ImportId, LocalId, Module, Site, Value,
};
use crate::source::{FileId, Source};
use crate::symbol::Symbol;
use crate::syntax::python::{Kind, kind, parts};
use crate::syntax::{self, Cursor, Node};
use rustc_hash::FxHashMap;
use scopes::Cleanup;

/// Lowers one file.
pub(super) fn lower(file: FileId, source: &Source) -> Module {
    let Some(tree) = syntax::parse(source) else {
        let mut frames = Frames::<()>::new(file, Site::default());
        let message = "file not understood: parsing takes too long; left out".to_owned();
        frames.module.notices.push((0, message));
        return frames.finish();
    };
    let root = tree.root_node();
    let mut lowering = Lowering {
        source,
        frames: Frames::new(file, site(root)),
        cursor: root.walk(),
        context: Context::default(),
        known: Known::default(),
        copying: 0,
        has_walrus: contains(source, b":="),
        is_cut: false,
    };
    lowering.module(root);
    lowering.frames.finish()
}

fn contains(source: &Source, needle: &[u8]) -> bool {
    memchr::memmem::find(source.text.as_bytes(), needle).is_some()
}

/// The lowering of one file.
struct Lowering<'t> {
    source: &'t Source,
    frames: Frames<Cleanup<'t>>,
    cursor: Cursor<'t>,
    context: Context,
    known: Known,
    /// How many `finally` clauses enclose what is being lowered: each is lowered once per way out.
    copying: u32,
    /// Whether `:=` occurs, so that bound names hide in expressions.
    has_walrus: bool,
    /// Whether something was nested too deep.
    is_cut: bool,
}

/// What holds for the code directly in one function or class body.
#[derive(Default)]
struct Context {
    /// The class whose body this is.
    class: Option<ClassId>,
    /// How many `try` statements with `finally` enclose it in its function.
    finallys: u32,
}

/// What the first copy of a `finally` clause defined, by the place of its first byte; later copies share it.
#[derive(Default)]
struct Known {
    functions: FxHashMap<u32, FunctionId>,
    classes: FxHashMap<u32, ClassId>,
    imports: FxHashMap<u32, ImportId>,
}

impl<'t> Lower for Lowering<'t> {
    type Cleanup = Cleanup<'t>;

    fn builder(&mut self) -> &mut Builder<Cleanup<'t>> {
        &mut self.frames.frame().builder
    }

    fn clean_up(&mut self, cleanup: &Cleanup<'t>, way: Way) {
        self.run_cleanup(cleanup, way);
    }
}

impl<'t> Lowering<'t> {
    fn module(&mut self, root: Node<'t>) {
        if root.has_error() {
            self.report_errors(root);
        }
        if contains(self.source, b"poolgate:") {
            self.collect_comments(root);
        }
        self.declare_globals(root);
        self.declare_names(root);
        self.block(root);
    }

    /// The children that are not tokens or comments.
    fn parts(&mut self, node: Node<'t>) -> Vec<Node<'t>> {
        parts(node, &mut self.cursor)
    }

    fn text(&self, node: Node<'t>) -> &'t str {
        self.source.slice(node.byte_range())
    }

    fn symbol(&self, node: Node<'t>) -> Symbol {
        Symbol::new(self.text(node))
    }

    /// Goes one level deeper into the syntax, unless that is too deep.
    fn nested<T>(&mut self, node: Node<'t>, lower: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.frames.depth >= DEPTH_LIMIT {
            self.report_depth(node);
            return None;
        }
        self.frames.depth += 1;
        let result = lower(self);
        self.frames.depth -= 1;
        Some(result)
    }

    /// Puts a value where it is wanted, else into a new temporary.
    fn put(&mut self, value: Value, wanted: Option<LocalId>, site: Site) -> LocalId {
        let target = wanted.unwrap_or_else(|| self.builder().temporary());
        self.builder().assign(target, value, site);
        target
    }

    fn null(&mut self, site: Site) -> LocalId {
        self.builder().constant(Constant::Null, site)
    }

    /// Calls a method without arguments, as entering and leaving a scope do.
    fn protocol_call(&mut self, call: Protocol, result: LocalId, site: Site) {
        let call = Call {
            callee: Callee::Method(call.receiver, Symbol::new(call.method)),
            arguments: Vec::new(),
            result,
            kind: call.kind,
            awaited: call.is_async,
            is_detached: false,
            callee_site: site,
        };
        self.builder().call(call, site);
    }

    /// Lowers the parts of something not understood; what they yield may be kept or returned.
    fn degrade(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let mut values = Vec::new();
        for part in self.parts(node) {
            if kind(part).is_statement() {
                self.statement(part);
            } else {
                values.push(self.expression(part));
            }
        }
        self.put(Value::Opaque(values), wanted, site(node))
    }
}

/// A call that the language makes.
#[derive(Clone, Copy)]
struct Protocol {
    receiver: LocalId,
    method: &'static str,
    kind: CallKind,
    is_async: bool,
}

/// Whether a statement or comprehension starts with `async`.
fn is_async(node: Node<'_>) -> bool {
    node.child(0)
        .is_some_and(|token| kind(token) == Kind::Async)
}
