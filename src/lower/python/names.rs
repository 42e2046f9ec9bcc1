//! Which names a function, class or module binds.
//!
//! Python decides that before it runs a body: a name assigned anywhere in a function is local in all of it.
use super::Lowering;
use super::notices::walk;
use crate::ir::{LocalId, LocalKind};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, add_parts, child, kind, parts};
use memchr::memmem;

const WORD: &[u8] = b"global";

/// Each lookup may pass over all statements of the module; beyond so many, one walk is cheaper.
const GLOBAL_LOOKUPS: u32 = 50;

/// The names bound in a body, in the order of the text.
#[derive(Default)]
struct Bound {
    names: Vec<Symbol>,
    globals: Vec<Symbol>,
    nonlocals: Vec<Symbol>,
}

impl<'t> Lowering<'t> {
    /// Declares the names that a body binds in the innermost scope.
    pub(super) fn declare_names(&mut self, body: Node<'t>) {
        let bound = self.bound_names(body);
        for name in bound.globals {
            let local = self.frames.resolve_global(name);
            self.frames.frame().bind(name, local);
        }
        for name in bound.nonlocals {
            if let Some(local) = self.frames.resolve_declared(name) {
                self.frames.frame().bind(name, local);
            }
        }
        for name in bound.names {
            self.frames.frame().declare(name, LocalKind::Variable, None);
        }
    }

    /// Declares the targets of a comprehension's loops in the innermost scope.
    pub(super) fn declare_targets(&mut self, target: Node<'t>) {
        let mut bound = Bound::default();
        self.collect_target(target, &mut bound);
        for name in bound.names {
            self.frames.frame().declare(name, LocalKind::Variable, None);
        }
    }

    /// Declares in the module what any function says is `global`, found by the text: walking the tree for so
    /// rare a statement would cost as much as lowering it.
    pub(super) fn declare_globals(&mut self, root: Node<'t>) {
        let text = self.source.text.as_bytes();
        let mut left = GLOBAL_LOOKUPS;
        for start in memmem::find_iter(text, WORD) {
            let end = start + WORD.len();
            let starts_statement = text.get(..start).is_some_and(starts_statement);
            let ends_word = text.get(end).is_some_and(u8::is_ascii_whitespace);
            if !starts_statement || !ends_word {
                continue;
            }
            if left == 0 {
                walk(root, |node| self.declare_global(node));
                return;
            }
            left -= 1;
            if let Some(node) = root.named_descendant_for_byte_range(start, end) {
                self.declare_global(node);
            }
        }
    }

    /// Says whether to look further within the node.
    fn declare_global(&mut self, node: Node<'t>) -> bool {
        if kind(node) != Kind::Global {
            return true;
        }
        for name in parts(node, &mut self.cursor) {
            let name = self.symbol(name);
            self.frames.frame().declare_outermost(name);
        }
        false
    }

    /// The variable that assigning to a name changes.
    pub(super) fn variable(&mut self, name: Symbol) -> LocalId {
        let frame = self.frames.frame();
        frame
            .binding(name)
            .unwrap_or_else(|| frame.declare_outermost(name))
    }

    fn bound_names(&mut self, body: Node<'t>) -> Bound {
        let mut bound = Bound::default();
        let mut pending = Vec::new();
        self.push_children(body, &mut pending);
        while let Some(node) = pending.pop() {
            let descends = self.collect(node, &mut bound);
            if descends {
                self.push_children(node, &mut pending);
            }
        }
        bound
    }

    /// Puts the children on the stack so that the first is visited first.
    fn push_children(&mut self, node: Node<'t>, pending: &mut Vec<Node<'t>>) {
        let first = pending.len();
        add_parts(node, &mut self.cursor, pending);
        if let Some(added) = pending.get_mut(first..) {
            added.reverse();
        }
    }

    /// Collects what the node itself binds; says whether to look into its children.
    fn collect(&mut self, node: Node<'t>, bound: &mut Bound) -> bool {
        match kind(node) {
            Kind::ExpressionStatement if !self.has_walrus && !node.has_error() => {
                self.collect_assignments(node, bound);
                false
            }
            Kind::Assignment | Kind::AugmentedAssignment | Kind::For => {
                self.collect_field(node, Field::Left, bound);
                true
            }
            Kind::TypeAlias => {
                self.collect_alias(node, bound);
                false
            }
            Kind::Function | Kind::Class => {
                self.collect_field(node, Field::Name, bound);
                false
            }
            Kind::NamedExpression => {
                self.collect_field(node, Field::Name, bound);
                true
            }
            Kind::Import | Kind::ImportFrom => {
                self.collect_imports(node, bound);
                false
            }
            Kind::Delete | Kind::AsPatternTarget => {
                self.collect_target(node, bound);
                false
            }
            Kind::ExceptClause => {
                self.collect_field(node, Field::Alias, bound);
                true
            }
            Kind::CasePattern => {
                self.collect_case(node, bound);
                false
            }
            Kind::Global => {
                self.collect_declared(node, &mut bound.globals);
                false
            }
            Kind::Nonlocal => {
                self.collect_declared(node, &mut bound.nonlocals);
                false
            }
            Kind::Lambda => false,
            other => self.has_walrus || holds_statements(other) || node.has_error(),
        }
    }

    /// The common case, quickly: a statement without `:=` binds only what it assigns.
    fn collect_assignments(&mut self, statement: Node<'t>, bound: &mut Bound) {
        let mut next = statement.named_child(0);
        while let Some(node) = next.take() {
            if matches!(kind(node), Kind::Assignment | Kind::AugmentedAssignment) {
                self.collect_field(node, Field::Left, bound);
                next = child(node, Field::Right);
            }
        }
    }

    /// `type Name[T] = ...`
    fn collect_alias(&mut self, node: Node<'t>, bound: &mut Bound) {
        let mut name = child(node, Field::Left);
        while let Some(inner) = name.and_then(|name| name.named_child(0)) {
            name = Some(inner);
        }
        bound.names.extend(name.map(|name| self.symbol(name)));
    }

    fn collect_field(&mut self, node: Node<'t>, field: Field, bound: &mut Bound) {
        if let Some(target) = child(node, field) {
            self.collect_target(target, bound);
        }
    }

    fn collect_declared(&mut self, node: Node<'t>, names: &mut Vec<Symbol>) {
        for name in parts(node, &mut self.cursor) {
            names.push(self.symbol(name));
        }
    }

    /// The names that a target binds; attributes and subscripts bind none.
    fn collect_target(&mut self, target: Node<'t>, bound: &mut Bound) {
        if kind(target) == Kind::Identifier {
            bound.names.push(self.symbol(target));
            return;
        }
        let mut pending = vec![target];
        while let Some(node) = pending.pop() {
            match kind(node) {
                Kind::Identifier => bound.names.push(self.symbol(node)),
                Kind::Attribute | Kind::Subscript | Kind::Call => {}
                _ => self.push_children(node, &mut pending),
            }
        }
    }

    fn collect_imports(&mut self, node: Node<'t>, bound: &mut Bound) {
        let module = child(node, Field::ModuleName);
        for part in parts(node, &mut self.cursor) {
            if Some(part) == module {
                continue;
            }
            let name = match kind(part) {
                Kind::AliasedImport => child(part, Field::Alias),
                Kind::DottedName => part.named_child(0),
                _ => None,
            };
            bound.names.extend(name.map(|name| self.symbol(name)));
        }
    }

    /// The names that the pattern of a `case` captures: single names, not dotted ones.
    fn collect_case(&mut self, pattern: Node<'t>, bound: &mut Bound) {
        let mut pending = vec![pattern];
        while let Some(node) = pending.pop() {
            match kind(node) {
                Kind::Identifier => bound.names.push(self.symbol(node)),
                Kind::DottedName if node.named_child_count() > 1 => {}
                Kind::ClassPattern | Kind::KeywordPattern => {
                    self.push_children(node, &mut pending);
                    pending.pop();
                }
                _ => self.push_children(node, &mut pending),
            }
        }
    }
}

/// Whether a statement may start behind this text.
fn starts_statement(before: &[u8]) -> bool {
    let last = before
        .iter()
        .rev()
        .find(|byte| !matches!(byte, b' ' | b'\t'));
    matches!(last, None | Some(b'\n' | b'\r' | b';' | b':'))
}

/// Whether statements can stand somewhere in it.
fn holds_statements(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Block
            | Kind::CaseClause
            | Kind::Decorated
            | Kind::ElifClause
            | Kind::ElseClause
            | Kind::ExpressionStatement
            | Kind::FinallyClause
            | Kind::If
            | Kind::Match
            | Kind::Try
            | Kind::While
            | Kind::With
            | Kind::WithClause
            | Kind::WithItem
            | Kind::AsPattern
            | Kind::Parenthesized
            | Kind::Error
    )
}
