//! Assignments, and the places that can be assigned to.
use super::{Lowering, is_function, site};
use crate::ir::build::Lower;
use crate::ir::{Action, LocalId, Site, Test, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// What an assignment writes to.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Variable(LocalId),
    Field(LocalId, Symbol),
    Item(LocalId, LocalId),
    /// Nothing that can be written to; the value may be kept somewhere.
    Unknown,
}

impl Target {
    /// The name that a function assigned here gets.
    fn name(self) -> Symbol {
        match self {
            Self::Field(_, name) => name,
            _ => Symbol::new(""),
        }
    }
}

impl<'tree> Lowering<'tree> {
    /// Evaluates the place that an expression names, without reading it.
    pub(super) fn target(&mut self, node: Node<'tree>) -> Target {
        let node = self.bare(node);
        let fields = &self.grammar.fields;
        match self.kind(node) {
            Kind::Identifier | Kind::ShorthandPropertyPattern | Kind::ShorthandProperty => {
                let name = self.symbol(node);
                if let Some(local) = self.frames.resolve(name) {
                    return Target::Variable(local);
                }
                // A name that nobody declares is a property of the global object.
                let global = Value::Free(Symbol::new("globalThis"));
                Target::Field(self.put(None, global, site(node)), name)
            }
            Kind::Member | Kind::Subscript => {
                let Some(object) = node.child_by_field_id(fields.object) else {
                    return Target::Unknown;
                };
                let object = self.expression(object, None);
                if let Some(name) = self.property(node) {
                    return Target::Field(object, name);
                }
                match node.child_by_field_id(fields.index) {
                    Some(index) => Target::Item(object, self.expression(index, None)),
                    None => Target::Unknown,
                }
            }
            _ => {
                self.expression(node, None);
                Target::Unknown
            }
        }
    }

    /// Reads a place.
    fn read_target(&mut self, target: Target, place: Site) -> LocalId {
        match target {
            Target::Variable(local) => local,
            Target::Field(object, name) => self.put(None, Value::Field(object, name), place),
            Target::Item(object, key) => self.put(None, Value::Item(object, key), place),
            Target::Unknown => self.put(None, Value::Opaque(Vec::new()), place),
        }
    }

    /// Writes to a place.
    pub(super) fn write(&mut self, target: Target, value: LocalId, place: Site) {
        match target {
            Target::Variable(local) => {
                self.copy(Some(local), value, place);
            }
            Target::Field(object, name) => {
                self.builder()
                    .push(Action::SetField(object, name, value), place);
            }
            Target::Item(object, key) => {
                self.builder()
                    .push(Action::SetItem(object, key, value), place);
            }
            Target::Unknown => {
                self.put(None, Value::Opaque(vec![value]), place);
            }
        }
    }

    /// `target = value`
    pub(super) fn assignment(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let fields = &self.grammar.fields;
        let place = site(node);
        let (Some(left), Some(right)) = (
            node.child_by_field_id(fields.left),
            node.child_by_field_id(fields.right),
        ) else {
            return self.opaque(node, into);
        };
        let left = self.bare(left);
        if matches!(self.kind(left), Kind::ObjectPattern | Kind::ArrayPattern) {
            let value = self.expression(right, None);
            self.destructure(left, value);
            return self.copy(into, value, place);
        }
        let target = self.target(left);
        if let Target::Variable(local) = target {
            self.store(local, right);
            return self.copy(into, local, place);
        }
        let value = self.named(right, None, target.name());
        self.write(target, value, place);
        self.common_js_export(left, value);
        self.copy(into, value, place)
    }

    /// `variable = value`, where computing the value may read the variable.
    pub(super) fn store(&mut self, local: LocalId, value: Node<'tree>) {
        let name = self.builder().local_mut(local).name;
        let inner = self.bare(value);
        let kind = self.kind(inner);
        let is_written_last = is_function(kind)
            || matches!(
                kind,
                Kind::Call | Kind::New | Kind::Await | Kind::Member | Kind::Class
            )
            || self.constant(inner).is_some();
        if is_written_last {
            self.named(value, Some(local), name);
        } else {
            let value_local = self.expression(value, None);
            self.copy(Some(local), value_local, site(value));
        }
    }

    /// `x += value`, `x ||= value`
    pub(super) fn augmented_assignment(
        &mut self,
        node: Node<'tree>,
        into: Option<LocalId>,
    ) -> LocalId {
        let fields = &self.grammar.fields;
        let place = site(node);
        let (Some(left), Some(right)) = (
            node.child_by_field_id(fields.left),
            node.child_by_field_id(fields.right),
        ) else {
            return self.opaque(node, into);
        };
        let operator = self.operator(node);
        let target = self.target(left);
        let current = self.read_target(target, place);
        if matches!(operator, "&&=" | "||=" | "??=") {
            let value = self.logical_assignment(target, current, (operator, right), place);
            return self.copy(into, value, place);
        }
        let value = if operator == "+=" {
            self.appended(current, right, place)
        } else {
            let operand = self.expression(right, None);
            self.put(None, Value::Operation(vec![current, operand]), place)
        };
        self.write(target, value, place);
        self.copy(into, value, place)
    }

    /// `x ??= value`: the value is computed and written only where `x` is null.
    fn logical_assignment(
        &mut self,
        target: Target,
        current: LocalId,
        (operator, right): (&str, Node<'tree>),
        place: Site,
    ) -> LocalId {
        let (more, join) = (self.builder().new_block(), self.builder().new_block());
        let builder = self.builder();
        match operator {
            "&&=" => builder.split(Test::Truthy(current), more, join, place),
            "||=" => builder.split(Test::Truthy(current), join, more, place),
            _ => builder.split(Test::Null(current), more, join, place),
        }
        self.builder().switch_to(more);
        if let Target::Variable(local) = target {
            self.store(local, right);
        } else {
            self.named(right, Some(current), target.name());
            self.write(target, current, place);
        }
        self.builder().goto(join, place);
        self.builder().switch_to(join);
        current
    }

    /// `x++`, `--x`
    pub(super) fn update(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let place = site(node);
        let Some(argument) = node.child_by_field_id(self.grammar.fields.argument) else {
            return self.opaque(node, into);
        };
        let target = self.target(argument);
        let current = self.read_target(target, place);
        let value = self.put(None, Value::Operation(vec![current]), place);
        self.write(target, value, place);
        self.copy(into, value, place)
    }
}
