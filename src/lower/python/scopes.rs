//! `try` and `with`: what handles exceptions, and what must run on each way out.
use super::{Lowering, Protocol, is_async, kind, site};
use crate::ir::build::{Lower, Way};
use crate::ir::{BlockId, CallKind, LocalId, Site, Test, Value};
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

/// What must run when a scope is left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cleanup<'t> {
    /// The block of a `finally` clause.
    Finally(Node<'t>),
    /// Leaving the scope of a context manager.
    Exit(Exit),
}

/// How a context manager's scope is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exit {
    manager: LocalId,
    is_async: bool,
    swallows: Option<Swallows>,
    site: Site,
}

/// A context manager that ends exceptions.
#[derive(Clone, Copy, Debug)]
struct Swallows {
    /// Whichever they are.
    all: bool,
    /// Where control goes on: behind the manager's scope.
    after: BlockId,
}

impl<'t> Lowering<'t> {
    pub(super) fn run_cleanup(&mut self, cleanup: &Cleanup<'t>, way: Way) {
        match cleanup {
            Cleanup::Finally(block) => {
                self.copying += 1;
                self.block(*block);
                self.copying -= 1;
            }
            Cleanup::Exit(exit) => self.exit(exit, way),
        }
    }

    fn exit(&mut self, exit: &Exit, way: Way) {
        let call = Protocol {
            receiver: exit.manager,
            method: if exit.is_async {
                "__aexit__"
            } else {
                "__exit__"
            },
            kind: CallKind::Exit,
            is_async: exit.is_async,
        };
        let result = self.builder().temporary();
        self.protocol_call(call, result, exit.site);
        match exit.swallows.filter(|_| way == Way::Raised) {
            None => {}
            Some(Swallows { all: true, after }) => self.builder().goto(after, exit.site),
            Some(Swallows { after, .. }) => {
                let passes = self.builder().new_block();
                self.builder()
                    .split(Test::Unknown, after, passes, exit.site);
                self.builder().switch_to(passes);
            }
        }
    }

    pub(super) fn try_statement(&mut self, node: Node<'t>) {
        let parts = self.parts(node);
        let is_finally = |part: &&Node<'t>| kind(**part) == Kind::FinallyClause;
        let last = parts.iter().find(is_finally).copied();
        let Some(clause) = last else {
            self.try_handlers(node, &parts);
            return;
        };
        let blocks = self.parts(clause);
        let Some(block) = blocks.iter().find(|part| kind(**part) == Kind::Block) else {
            self.try_handlers(node, &parts);
            return;
        };
        self.context.finallys += 1;
        self.scoped(Cleanup::Finally(*block), site(clause), |lowering| {
            lowering.try_handlers(node, &parts);
        });
        self.context.finallys -= 1;
    }

    /// `try` without its `finally`. `else` runs outside of the handlers' protection.
    fn try_handlers(&mut self, node: Node<'t>, parts: &[Node<'t>]) {
        let of_kind = |wanted| {
            parts
                .iter()
                .copied()
                .filter(move |part| kind(*part) == wanted)
        };
        let handlers: Vec<_> = of_kind(Kind::ExceptClause).collect();
        if handlers.is_empty() {
            self.body(node, Field::Body);
            return;
        }
        let after = self.builder().new_block();
        self.guarded(
            site(node),
            |lowering| lowering.body(node, Field::Body),
            |lowering| lowering.handlers(node, &handlers, after),
        );
        for clause in of_kind(Kind::ElseClause) {
            self.body(clause, Field::Body);
        }
        self.builder().goto(after, site(node));
        self.builder().switch_to(after);
    }

    /// The clauses of a handler; where none is sure to match, the exception passes on.
    fn handlers(&mut self, node: Node<'t>, clauses: &[Node<'t>], after: BlockId) {
        let is_exhaustive = clauses
            .iter()
            .any(|clause| self.catches_everything(*clause));
        for (index, clause) in clauses.iter().enumerate() {
            let place = site(*clause);
            let is_sure = is_exhaustive && index + 1 == clauses.len();
            let next = (!is_sure).then(|| {
                let test = self.caught(*clause);
                let (chosen, next) = (self.builder().new_block(), self.builder().new_block());
                self.builder().split(test, chosen, next, place);
                self.builder().switch_to(chosen);
                next
            });
            self.handler(*clause);
            self.builder().goto(after, place);
            match next {
                Some(next) => self.builder().switch_to(next),
                None => return,
            }
        }
        self.builder().pass_on(site(node));
    }

    /// What decides whether a clause handles the exception: those of its types that something in the file binds.
    fn caught(&mut self, clause: Node<'t>) -> Test {
        let parts = self.parts(clause);
        let Some(types) = parts.iter().find(|part| kind(**part) != Kind::Block) else {
            return Test::Unknown;
        };
        let types = self.inner(*types);
        let names = match kind(types) {
            Kind::Tuple => self.parts(types),
            _ => vec![types],
        };
        let mut known = Vec::new();
        for name in names {
            if self.is_bound(name) {
                known.push(self.expression(name));
            }
        }
        match known.as_slice() {
            [] => Test::Unknown,
            [only] => Test::Caught(*only),
            _ => {
                let all = self.builder().value(Value::Sequence(known), site(types));
                Test::Caught(all)
            }
        }
    }

    /// Whether a dotted name begins with one that something in the file binds.
    fn is_bound(&mut self, name: Node<'t>) -> bool {
        let mut root = name;
        while kind(root) == Kind::Attribute {
            match child(root, Field::Object) {
                Some(object) => root = object,
                None => return false,
            }
        }
        kind(root) == Kind::Identifier && {
            let name = self.symbol(root);
            self.frames.resolve(name).is_some()
        }
    }

    fn handler(&mut self, clause: Node<'t>) {
        for part in self.parts(clause) {
            match kind(part) {
                Kind::Block => self.block(part),
                Kind::AsPattern => {
                    for target in self.parts(part) {
                        if kind(target) == Kind::AsPatternTarget {
                            self.assign_value(target, Value::Caught, site(part));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether `except` names no type, or one from which all others descend.
    fn catches_everything(&mut self, clause: Node<'t>) -> bool {
        let types = self.parts(clause);
        let types = types.iter().filter(|part| kind(**part) != Kind::Block);
        let mut is_bare = true;
        for part in types {
            is_bare = false;
            if self.is_base_exception(*part) {
                return true;
            }
        }
        is_bare
    }

    fn is_base_exception(&mut self, node: Node<'t>) -> bool {
        let types = self.inner(node);
        match kind(types) {
            Kind::Tuple => self
                .parts(types)
                .iter()
                .any(|part| self.is_base_name(*part)),
            _ => self.is_base_name(types),
        }
    }

    fn is_base_name(&self, node: Node<'t>) -> bool {
        matches!(kind(node), Kind::Identifier | Kind::Attribute)
            && matches!(
                self.text(node).trim_start_matches("builtins."),
                "Exception" | "BaseException"
            )
    }

    /// What stands within parentheses, or before `as`.
    fn inner(&mut self, node: Node<'t>) -> Node<'t> {
        let mut inner = node;
        while matches!(kind(inner), Kind::AsPattern | Kind::Parenthesized) {
            match self.parts(inner).first() {
                Some(part) => inner = *part,
                None => break,
            }
        }
        inner
    }

    pub(super) fn with_statement(&mut self, node: Node<'t>) {
        let mut items = Vec::new();
        for clause in self.parts(node) {
            if kind(clause) == Kind::WithClause {
                items = self.parts(clause);
            }
        }
        self.with_items(node, &items);
    }

    /// `with a, b: body` is `with a: with b: body`.
    fn with_items(&mut self, node: Node<'t>, items: &[Node<'t>]) {
        let Some((item, rest)) = items.split_first() else {
            self.body(node, Field::Body);
            return;
        };
        let (value, target) = self.item_parts(*item);
        self.nested(*item, |lowering| {
            let manager = lowering.manager(value, target);
            let exit = Exit {
                manager,
                is_async: is_async(node),
                swallows: lowering.swallows(value),
                site: site(value),
            };
            lowering.enter(&exit, target);
            lowering.scoped(Cleanup::Exit(exit), site(value), |lowering| {
                lowering.with_items(node, rest);
            });
            if let Some(Swallows { after, .. }) = exit.swallows {
                lowering.builder().goto(after, exit.site);
                lowering.builder().switch_to(after);
            }
        });
    }

    /// The expression and the target of `with expression as target`.
    fn item_parts(&mut self, item: Node<'t>) -> (Node<'t>, Option<Node<'t>>) {
        let mut value = child(item, Field::Value).unwrap_or(item);
        while kind(value) == Kind::Parenthesized {
            match self.parts(value).first() {
                Some(inner) => value = *inner,
                None => break,
            }
        }
        if kind(value) != Kind::AsPattern {
            return (value, None);
        }
        let target = child(value, Field::Alias);
        let inner = self.parts(value).first().copied();
        (inner.unwrap_or(value), target)
    }

    /// Evaluates a context manager. Its variable may be the target too, which then holds something else.
    fn manager(&mut self, value: Node<'t>, target: Option<Node<'t>>) -> LocalId {
        let manager = self.expression(value);
        let is_shared = target.is_some_and(|target| self.text(target) == self.text(value));
        if is_shared {
            self.builder().value(Value::Local(manager), site(value))
        } else {
            manager
        }
    }

    fn enter(&mut self, exit: &Exit, target: Option<Node<'t>>) {
        let name = target.and_then(|target| target.named_child(0));
        let name = name.filter(|name| kind(*name) == Kind::Identifier);
        let result = match name {
            Some(name) => {
                let name = self.symbol(name);
                self.variable(name)
            }
            None => self.builder().temporary(),
        };
        let call = Protocol {
            receiver: exit.manager,
            method: if exit.is_async {
                "__aenter__"
            } else {
                "__enter__"
            },
            kind: CallKind::Enter,
            is_async: exit.is_async,
        };
        self.protocol_call(call, result, exit.site);
        if let (Some(target), None) = (target, name) {
            self.assign(target, result, site(target));
        }
    }

    /// Only `contextlib.suppress` is known to end exceptions.
    fn swallows(&mut self, manager: Node<'t>) -> Option<Swallows> {
        let function = child(manager, Field::Function).map(|function| self.text(function));
        let arguments = child(manager, Field::Arguments)?;
        if !matches!(function, Some("suppress" | "contextlib.suppress")) {
            return None;
        }
        let types = self.parts(arguments);
        Some(Swallows {
            all: types.iter().any(|part| self.is_base_exception(*part)),
            after: self.builder().new_block(),
        })
    }
}
