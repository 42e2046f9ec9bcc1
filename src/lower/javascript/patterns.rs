//! Patterns: `{ a, b: { c } = d, ...e }`, `[a, , b = c, ...d]`.
use super::assignments::Target;
use super::{Lowering, site};
use crate::ir::build::Lower;
use crate::ir::{Constant, LocalId, Test, Value};
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

impl<'tree> Lowering<'tree> {
    /// Gives a value to what a pattern names: a variable, a place, or the names of a nested pattern.
    pub(super) fn bind(&mut self, pattern: Node<'tree>, value: Value) {
        if self.is_too_deep(pattern) {
            return;
        }
        self.frames.depth += 1;
        let place = site(pattern);
        match self.kind(pattern) {
            Kind::ObjectPattern | Kind::ArrayPattern => {
                let value = self.put(None, value, place);
                self.destructure(pattern, value);
            }
            Kind::AssignmentPattern | Kind::ObjectAssignmentPattern | Kind::Assignment => {
                self.bind_with_default(pattern, value);
            }
            Kind::RestPattern => {
                if let Some(inner) = self.first(pattern) {
                    self.bind(inner, value);
                }
            }
            _ => match self.target(pattern) {
                Target::Variable(local) => self.builder().assign(local, value, place),
                target => {
                    let value = self.put(None, value, place);
                    self.write(target, value, place);
                }
            },
        }
        self.frames.depth -= 1;
    }

    /// `name = default`
    fn bind_with_default(&mut self, pattern: Node<'tree>, value: Value) {
        let fields = &self.grammar.fields;
        let (Some(left), Some(default)) = (
            pattern.child_by_field_id(fields.left),
            pattern.child_by_field_id(fields.right),
        ) else {
            return;
        };
        let is_name = matches!(
            self.kind(left),
            Kind::Identifier | Kind::ShorthandPropertyPattern
        );
        let name = self.symbol(left);
        let variable = is_name.then(|| self.frames.resolve(name)).flatten();
        let local = self.put(variable, value, site(left));
        self.default_to(local, default);
        if variable.is_none() {
            self.bind(left, Value::Local(local));
        }
    }

    /// Gives a variable its default where it is null.
    pub(super) fn default_to(&mut self, local: LocalId, default: Node<'tree>) {
        let (missing, join) = (self.builder().new_block(), self.builder().new_block());
        let place = site(default);
        self.builder()
            .split(Test::Null(local), missing, join, place);
        self.builder().switch_to(missing);
        let name = self.builder().local_mut(local).name;
        self.named(default, Some(local), name);
        self.builder().goto(join, place);
        self.builder().switch_to(join);
    }

    /// Takes a value apart.
    pub(super) fn destructure(&mut self, pattern: Node<'tree>, value: LocalId) {
        match self.kind(pattern) {
            Kind::ObjectPattern => {
                for part in self.children(pattern) {
                    self.destructure_property(part, value);
                }
            }
            Kind::ArrayPattern => self.destructure_items(pattern, value),
            _ => self.bind(pattern, Value::Local(value)),
        }
    }

    fn destructure_property(&mut self, part: Node<'tree>, value: LocalId) {
        let fields = &self.grammar.fields;
        match self.kind(part) {
            Kind::PairPattern => {
                let (Some(key), Some(inner)) = (
                    part.child_by_field_id(fields.key),
                    part.child_by_field_id(fields.value),
                ) else {
                    return;
                };
                let property = match self.static_key(key) {
                    Some(name) => Value::Field(value, name),
                    None => Value::Item(value, self.computed_key(key)),
                };
                self.bind(inner, property);
            }
            Kind::ShorthandPropertyPattern => {
                let name = self.symbol(part);
                self.bind(part, Value::Field(value, name));
            }
            Kind::ObjectAssignmentPattern => {
                if let Some(left) = part.child_by_field_id(fields.left) {
                    let name = self.symbol(left);
                    self.bind(part, Value::Field(value, name));
                }
            }
            _ => self.bind(part, Value::Opaque(vec![value])),
        }
    }

    fn destructure_items(&mut self, pattern: Node<'tree>, value: LocalId) {
        let mut position = 0;
        for part in self.tokens(pattern) {
            match self.kind(part) {
                Kind::CommaToken => position += 1,
                Kind::RestPattern => self.bind(part, Value::Opaque(vec![value])),
                _ if part.is_named() && !part.is_extra() => {
                    let key = Value::Constant(Constant::Integer(position));
                    let key = self.put(None, key, site(part));
                    self.bind(part, Value::Item(value, key));
                }
                _ => {}
            }
        }
    }
}
