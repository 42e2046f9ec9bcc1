//! Statements: the dispatch, and the ones that need no file of their own.
use super::{Kind, Lowering, kind, site};
use crate::ir::build::{Jump, Lower};
use crate::ir::{Constant, LocalId, Value};
use crate::syntax::Node;
use crate::syntax::python::{Field, child};

impl<'t> Lowering<'t> {
    pub(super) fn block(&mut self, node: Node<'t>) {
        for statement in self.parts(node) {
            self.statement(statement);
        }
    }

    pub(super) fn body(&mut self, node: Node<'t>, field: Field) {
        if let Some(block) = child(node, field) {
            self.block(block);
        }
    }

    pub(super) fn statement(&mut self, node: Node<'t>) {
        let kind = kind(node);
        let is_definition = matches!(kind, Kind::Class | Kind::Decorated | Kind::Function);
        if self.builder().is_full() && !is_definition {
            return;
        }
        self.nested(node, |lowering| {
            if node.has_error() && !matches!(kind, Kind::Block | Kind::Function) {
                lowering.salvage(node);
            }
            if is_compound(kind) {
                lowering.compound_statement(node, kind);
            } else {
                lowering.simple_statement(node, kind);
            }
        });
    }

    /// Lowers what the grammar did not understand directly within a statement.
    pub(super) fn salvage(&mut self, node: Node<'t>) {
        for part in self.parts(node) {
            if part.is_error() {
                self.degrade(part, None);
            }
        }
    }

    fn compound_statement(&mut self, node: Node<'t>, kind: Kind) {
        match kind {
            Kind::Block => self.block(node),
            Kind::If => self.if_statement(node),
            Kind::For => self.for_statement(node),
            Kind::While => self.while_statement(node),
            Kind::Try => self.try_statement(node),
            Kind::With => self.with_statement(node),
            Kind::Match => self.match_statement(node),
            Kind::Function => self.function_definition(node, &[]),
            Kind::Class => self.class_definition(node, &[]),
            _ => self.decorated_definition(node),
        }
    }

    fn simple_statement(&mut self, node: Node<'t>, kind: Kind) {
        match kind {
            Kind::ExpressionStatement => self.expression_statement(node),
            Kind::Assignment => self.assignment(node),
            Kind::AugmentedAssignment => self.augmented_assignment(node),
            Kind::Return => self.return_statement(node),
            Kind::Raise => self.raise_statement(node),
            Kind::Assert => self.assert_statement(node),
            Kind::Delete => self.delete_statement(node),
            Kind::Import => self.import_statement(node),
            Kind::ImportFrom => self.import_from_statement(node),
            Kind::TypeAlias => self.type_alias_statement(node),
            Kind::Break => self.leave(Jump::Break(None), site(node)),
            Kind::Continue => self.leave(Jump::Continue(None), site(node)),
            Kind::Pass | Kind::Global | Kind::Nonlocal | Kind::FutureImport => {}
            _ => {
                self.expression(node);
            }
        }
    }

    fn expression_statement(&mut self, node: Node<'t>) {
        for part in self.parts(node) {
            match kind(part) {
                // A docstring, or a constant that does nothing.
                Kind::String if !self.has_holes(part) => {}
                Kind::Ellipsis | Kind::Integer | Kind::None => {}
                Kind::Assignment => self.assignment(part),
                Kind::AugmentedAssignment => self.augmented_assignment(part),
                _ => {
                    self.expression(part);
                }
            }
        }
    }

    fn return_statement(&mut self, node: Node<'t>) {
        let place = site(node);
        let part = self.parts(node).first().copied();
        let mut value = match part {
            Some(part) => self.expression(part),
            None => self.null(place),
        };
        // The value is fixed before `finally` runs, which may assign the variable.
        if self.context.finallys > 0 && self.is_variable(value) {
            value = self.builder().value(Value::Local(value), place);
        }
        self.leave(Jump::Return(value), place);
    }

    fn raise_statement(&mut self, node: Node<'t>) {
        let place = site(node);
        let mut values = Vec::new();
        for part in self.parts(node) {
            values.push(self.expression(part));
        }
        let value = match values.first() {
            Some(value) => *value,
            None => self.builder().value(Value::Caught, place),
        };
        self.builder().raise(value, place);
    }

    fn assert_statement(&mut self, node: Node<'t>) {
        let place = site(node);
        let parts = self.parts(node);
        let Some((test, message)) = parts.split_first() else {
            return;
        };
        let (holds, fails) = (self.builder().new_block(), self.builder().new_block());
        self.condition(*test, holds, fails);
        self.builder().switch_to(fails);
        let mut values = Vec::new();
        for part in message {
            values.push(self.expression(*part));
        }
        let error = self.builder().value(Value::Opaque(values), place);
        self.builder().raise(error, place);
        self.builder().switch_to(holds);
    }

    fn delete_statement(&mut self, node: Node<'t>) {
        let place = site(node);
        let mut pending = self.parts(node);
        pending.reverse();
        while let Some(target) = pending.pop() {
            if matches!(
                kind(target),
                Kind::Identifier | Kind::Attribute | Kind::Subscript
            ) {
                self.assign_value(target, Value::Constant(Constant::Null), place);
            } else {
                let first = pending.len();
                pending.extend(self.parts(target));
                if let Some(added) = pending.get_mut(first..) {
                    added.reverse();
                }
            }
        }
    }

    fn type_alias_statement(&mut self, node: Node<'t>) {
        let (Some(left), Some(right)) = (child(node, Field::Left), child(node, Field::Right))
        else {
            return;
        };
        let value = self.type_value(right);
        let name = if kind(left) == Kind::Type {
            left.named_child(0)
        } else {
            Some(left)
        };
        let name = match name {
            Some(generic) if kind(generic) == Kind::GenericType => generic.named_child(0),
            other => other,
        };
        if let Some(name) = name {
            self.assign(name, value, site(node));
        }
    }

    fn if_statement(&mut self, node: Node<'t>) {
        let after = self.builder().new_block();
        self.if_clause(node, after);
        for part in self.parts(node) {
            match kind(part) {
                Kind::ElifClause => self.if_clause(part, after),
                Kind::ElseClause => self.body(part, Field::Body),
                _ => {}
            }
        }
        self.builder().goto(after, site(node));
        self.builder().switch_to(after);
    }

    /// `if` or `elif` alone: goes on where the condition does not hold.
    fn if_clause(&mut self, node: Node<'t>, after: crate::ir::BlockId) {
        let (yes, no) = (self.builder().new_block(), self.builder().new_block());
        if let Some(test) = child(node, Field::Condition) {
            self.condition(test, yes, no);
        }
        self.builder().switch_to(yes);
        self.body(node, Field::Consequence);
        self.builder().goto(after, site(node));
        self.builder().switch_to(no);
    }

    /// Whether a local can be assigned by other code than what made it.
    pub(super) fn is_variable(&mut self, local: LocalId) -> bool {
        self.builder().local_mut(local).kind != crate::ir::LocalKind::Temporary
    }
}

fn is_compound(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Block
            | Kind::Class
            | Kind::Decorated
            | Kind::For
            | Kind::Function
            | Kind::If
            | Kind::Match
            | Kind::Try
            | Kind::While
            | Kind::With
    )
}
