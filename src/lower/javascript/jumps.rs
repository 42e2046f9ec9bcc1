//! Ways out: `try`, `using`, labels, `break`, `continue`, and the cleanups that run on them.
use super::{Lowering, site};
use crate::ir::build::{Jump, Lower};
use crate::ir::{Call, CallKind, Callee, LocalId, Site, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// How many labels one statement may have.
const MOST_LABELS: usize = 16;

/// What runs when a scope is left. `depth` is the number of block scopes where it is written.
#[derive(Clone, Copy)]
pub(super) enum Cleanup<'tree> {
    /// The block of a `finally`.
    Finally { block: Node<'tree>, depth: usize },
    /// The end of the scope of a `using` declaration.
    Dispose {
        resource: LocalId,
        is_async: bool,
        place: Site,
    },
    /// The callback of `promise.finally(callback)`.
    Callback {
        callback: Node<'tree>,
        call: Node<'tree>,
        depth: usize,
    },
}

impl<'tree> Lowering<'tree> {
    /// Lowers one copy of a cleanup.
    pub(super) fn run_cleanup(&mut self, cleanup: &Cleanup<'tree>) {
        self.cleanups += 1;
        match *cleanup {
            Cleanup::Finally { block, depth } => {
                let hidden = self.frames.frame().hide_scopes(depth);
                self.block(block);
                self.frames.frame().restore_scopes(hidden);
            }
            Cleanup::Dispose {
                resource,
                is_async,
                place,
            } => self.dispose(resource, is_async, place),
            Cleanup::Callback {
                callback,
                call,
                depth,
            } => {
                let hidden = self.frames.frame().hide_scopes(depth);
                self.callback(callback, None, call, None);
                self.frames.frame().restore_scopes(hidden);
            }
        }
        self.cleanups -= 1;
    }

    /// `try {} catch {} finally {}`
    pub(super) fn try_statement(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let finalizer = node.child_by_field_id(fields.finalizer);
        match finalizer.and_then(|clause| clause.child_by_field_id(fields.body)) {
            Some(block) => {
                let depth = self.frames.frame().scope_depth();
                let cleanup = Cleanup::Finally { block, depth };
                self.scoped(cleanup, site(node), |lowering| lowering.try_catch(node));
            }
            None => self.try_catch(node),
        }
    }

    fn try_catch(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let Some(body) = node.child_by_field_id(fields.body) else {
            return;
        };
        match node.child_by_field_id(fields.handler) {
            Some(handler) => self.guarded(
                site(node),
                |lowering| lowering.block(body),
                |lowering| lowering.catch_clause(handler),
            ),
            None => self.block(body),
        }
    }

    /// `catch (error) {}`, `catch ({ code }) {}`, `catch {}`
    fn catch_clause(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        self.scope(|lowering| {
            if let Some(parameter) = node.child_by_field_id(fields.parameter) {
                lowering.declare_pattern(parameter);
                lowering.bind(parameter, Value::Caught);
            }
            if let Some(body) = node.child_by_field_id(fields.body) {
                lowering.block(body);
            }
        });
    }

    /// Whether a statement is a `using` declaration, and then whether an `await using`. In TypeScript its tree is
    /// that of a `const` declaration, see `syntax::mend`.
    pub(super) fn using(&self, node: Node<'tree>) -> Option<bool> {
        match self.kind(node) {
            Kind::UsingDeclaration => Some(self.text(node).starts_with("await")),
            Kind::LexicalDeclaration => self.mended_using(node),
            _ => None,
        }
    }

    /// The same for the `const` that a `using` was mended to.
    pub(super) fn mended_using(&self, node: Node<'tree>) -> Option<bool> {
        if !self.text(node).starts_with("using") {
            return None;
        }
        let before = self.source.slice(0..node.start_byte());
        Some(before.trim_end().ends_with("await"))
    }

    /// `using a = x, b = y; rest`
    pub(super) fn using_declaration(
        &mut self,
        declarators: &[Node<'tree>],
        is_async: bool,
        rest: &[Node<'tree>],
    ) {
        let Some((first, others)) = declarators.split_first() else {
            return self.statements(rest);
        };
        if self.is_too_deep(*first) {
            return;
        }
        self.declarator(*first, Self::initialise);
        let name = first.child_by_field_id(self.grammar.fields.name);
        let resource = name.map(|name| self.variable(name));
        self.frames.depth += 1;
        self.disposed(resource, is_async, site(*first), |lowering| {
            lowering.using_declaration(others, is_async, rest);
        });
        self.frames.depth -= 1;
    }

    /// Runs `body` and disposes of the resource on each way out.
    pub(super) fn disposed(
        &mut self,
        resource: Option<LocalId>,
        is_async: bool,
        place: Site,
        body: impl FnOnce(&mut Self),
    ) {
        let Some(resource) = resource else {
            return body(self);
        };
        let cleanup = Cleanup::Dispose {
            resource,
            is_async,
            place,
        };
        self.scoped(cleanup, place, body);
    }

    fn dispose(&mut self, resource: LocalId, is_async: bool, place: Site) {
        let name = if is_async {
            "Symbol.asyncDispose"
        } else {
            "Symbol.dispose"
        };
        let result = self.builder().temporary();
        let call = Call {
            callee: Callee::Method(resource, Symbol::new(name)),
            arguments: Vec::new(),
            result,
            kind: CallKind::Exit,
            awaited: is_async,
            is_detached: false,
            callee_site: place,
        };
        self.builder().call(call, place);
    }

    /// `break label`, `continue`
    pub(super) fn jump(&mut self, node: Node<'tree>, jump: fn(Option<Symbol>) -> Jump) {
        let label = node.child_by_field_id(self.grammar.fields.label);
        let label = label.map(|label| self.symbol(label));
        self.leave(jump(label), site(node));
    }

    /// A loop, a switch or any other statement, with the labels in front of it.
    pub(super) fn labelled(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let (mut labels, mut body) = (Vec::new(), node);
        while self.kind(body) == Kind::Labeled {
            // Each label is a scope around the next; nobody writes many.
            if let Some(label) = body.child_by_field_id(fields.label)
                && labels.len() < MOST_LABELS
            {
                labels.push(self.symbol(label));
            }
            let Some(inner) = body.child_by_field_id(fields.body) else {
                return;
            };
            body = inner;
        }
        match self.kind(body) {
            Kind::For => self.for_loop(body, &labels),
            Kind::ForIn => self.for_in_loop(body, &labels),
            Kind::While => self.while_loop(body, &labels),
            Kind::Do => self.do_loop(body, &labels),
            Kind::Switch if labels.is_empty() => self.switch_statement(body),
            _ => {
                let done = self.builder().new_block();
                self.within(&labels, done, &mut |lowering| {
                    if lowering.kind(body) == Kind::Switch {
                        lowering.switch_statement(body);
                    } else {
                        lowering.statement(body);
                    }
                });
                self.builder().goto(done, site(node));
                self.builder().switch_to(done);
            }
        }
    }

    /// Runs `body` with the labels of a statement that is no loop.
    fn within(
        &mut self,
        labels: &[Symbol],
        done: crate::ir::BlockId,
        body: &mut dyn FnMut(&mut Self),
    ) {
        match labels.split_first() {
            Some((label, others)) => self.within_loop(Some(*label), done, None, |lowering| {
                lowering.within(others, done, body);
            }),
            None => body(self),
        }
    }
}
