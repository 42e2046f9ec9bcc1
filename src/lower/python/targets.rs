//! Assignment, to targets of every form.
use super::operators::Operand;
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{Action, Constant, LocalId, Site, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

/// Where an augmented assignment takes from and puts to.
#[derive(Clone, Copy)]
enum Slot {
    Variable,
    Field(LocalId, Symbol),
    Item(LocalId, LocalId),
}

impl<'t> Lowering<'t> {
    pub(super) fn assignment(&mut self, node: Node<'t>) {
        let mut targets = Vec::new();
        let mut rest = Some(node);
        let mut value = None;
        // `a = b = value` nests to the right.
        while let Some(assignment) = rest.take() {
            targets.extend(child(assignment, Field::Left));
            self.annotate(assignment);
            match child(assignment, Field::Right) {
                Some(right) if kind(right) == Kind::Assignment => rest = Some(right),
                right => value = right,
            }
        }
        let Some(value) = value else { return };
        if kind(value) == Kind::AugmentedAssignment {
            self.degrade(value, None);
            return;
        }
        if let [target] = targets[..] {
            self.assign_expression(target, value);
            return;
        }
        let value = self.expression(value);
        for target in targets {
            self.assign(target, value, site(node));
        }
    }

    /// `target = expression`
    fn assign_expression(&mut self, target: Node<'t>, value: Node<'t>) {
        if kind(target) == Kind::Identifier {
            let name = self.symbol(target);
            let local = self.variable(name);
            self.lower_expression(value, Some(local));
            return;
        }
        if self.assign_pairwise(target, value) {
            return;
        }
        let value = self.expression(value);
        self.assign(target, value, site(target));
    }

    /// `a, b = x, y`: each value goes to its target, once all are evaluated.
    fn assign_pairwise(&mut self, target: Node<'t>, value: Node<'t>) -> bool {
        let is_sequence = matches!(
            (kind(target), kind(value)),
            (
                Kind::PatternList | Kind::TuplePattern | Kind::ListPattern,
                Kind::ExpressionList | Kind::Tuple | Kind::List
            )
        );
        if !is_sequence {
            return false;
        }
        let (targets, values) = (self.parts(target), self.parts(value));
        let is_splat =
            |part: &Node<'t>| matches!(kind(*part), Kind::ListSplat | Kind::ListSplatPattern);
        if targets.len() != values.len() || targets.iter().chain(&values).any(is_splat) {
            return false;
        }
        let mut locals = Vec::new();
        for value in values {
            let local = self.expression(value);
            locals.push(if self.is_variable(local) {
                self.builder().value(Value::Local(local), site(value))
            } else {
                local
            });
        }
        for (target, local) in targets.into_iter().zip(locals) {
            self.assign(target, local, site(target));
        }
        true
    }

    /// Assigns a value that is not in a local yet.
    pub(super) fn assign_value(&mut self, target: Node<'t>, value: Value, place: Site) {
        let target = match kind(target) {
            Kind::AsPatternTarget => target.named_child(0).unwrap_or(target),
            _ => target,
        };
        if kind(target) == Kind::Identifier {
            let name = self.symbol(target);
            let local = self.variable(name);
            self.builder().assign(local, value, place);
        } else {
            let local = self.builder().value(value, place);
            self.assign(target, local, place);
        }
    }

    pub(super) fn assign(&mut self, target: Node<'t>, value: LocalId, place: Site) {
        self.nested(target, |lowering| match kind(target) {
            Kind::Identifier => {
                let name = lowering.symbol(target);
                let local = lowering.variable(name);
                lowering.builder().assign(local, Value::Local(value), place);
            }
            Kind::Attribute => lowering.assign_attribute(target, value, place),
            Kind::Subscript => {
                let (object, key) = lowering.subscript_parts(target);
                let action = Action::SetItem(object, key, value);
                lowering.builder().push(action, place);
            }
            Kind::Tuple
            | Kind::List
            | Kind::ExpressionList
            | Kind::PatternList
            | Kind::TuplePattern
            | Kind::ListPattern => lowering.destructure(target, value),
            Kind::Parenthesized | Kind::AsPatternTarget => {
                for part in lowering.parts(target) {
                    lowering.assign(part, value, place);
                }
            }
            Kind::ListSplat | Kind::ListSplatPattern => {
                let rest = lowering.builder().value(Value::Opaque(vec![value]), place);
                for part in lowering.parts(target) {
                    lowering.assign(part, rest, place);
                }
            }
            _ => {
                lowering.degrade(target, None);
            }
        });
    }

    fn assign_attribute(&mut self, target: Node<'t>, value: LocalId, place: Site) {
        let (Some(object), Some(name)) = (
            child(target, Field::Object),
            child(target, Field::Attribute),
        ) else {
            return;
        };
        let (object, name) = (self.expression(object), self.symbol(name));
        self.builder()
            .push(Action::SetField(object, name, value), place);
    }

    /// `a, *b, c = value`: positions behind the star count from the end.
    fn destructure(&mut self, target: Node<'t>, value: LocalId) {
        let targets = self.parts(target);
        let is_star =
            |part: &Node<'t>| matches!(kind(*part), Kind::ListSplat | Kind::ListSplatPattern);
        let star = targets.iter().position(is_star).unwrap_or(targets.len());
        for (index, part) in targets.iter().enumerate() {
            let place = site(*part);
            if index == star {
                self.assign(*part, value, place);
                continue;
            }
            let position = i64::try_from(index).unwrap_or(i64::MAX);
            let from_end = i64::try_from(targets.len() - index).unwrap_or(i64::MAX);
            let key = if index < star { position } else { -from_end };
            let key = self.builder().constant(Constant::Integer(key), place);
            self.assign_value(*part, Value::Item(value, key), place);
        }
    }

    pub(super) fn augmented_assignment(&mut self, node: Node<'t>) {
        let (Some(target), Some(right)) = (child(node, Field::Left), child(node, Field::Right))
        else {
            self.degrade(node, None);
            return;
        };
        let is_plus = child(node, Field::Operator).map(kind) == Some(Kind::PlusAssign);
        let place = site(node);
        let slot = self.slot(target);
        let left = match slot {
            Slot::Variable => self.expression(target),
            Slot::Field(object, name) => self.builder().value(Value::Field(object, name), place),
            Slot::Item(object, key) => self.builder().value(Value::Item(object, key), place),
        };
        let value = if is_plus {
            self.sum(&[Operand::Local(left), Operand::Syntax(right)])
        } else {
            Value::Operation(vec![left, self.expression(right)])
        };
        if let Slot::Variable = slot {
            self.assign_value(target, value, place);
            return;
        }
        let value = self.builder().value(value, place);
        let action = match slot {
            Slot::Field(object, name) => Action::SetField(object, name, value),
            Slot::Item(object, key) => Action::SetItem(object, key, value),
            Slot::Variable => return,
        };
        self.builder().push(action, place);
    }

    /// What an augmented assignment reads and writes; its parts are evaluated once.
    fn slot(&mut self, target: Node<'t>) -> Slot {
        let parts = (
            child(target, Field::Object),
            child(target, Field::Attribute),
        );
        match (kind(target), parts) {
            (Kind::Attribute, (Some(object), Some(name))) => {
                Slot::Field(self.expression(object), self.symbol(name))
            }
            (Kind::Subscript, _) => {
                let (object, key) = self.subscript_parts(target);
                Slot::Item(object, key)
            }
            _ => Slot::Variable,
        }
    }

    /// `x: T` and `x: T = value`: the type goes to the variable, and to the field of the class.
    fn annotate(&mut self, node: Node<'t>) {
        let Some(target) = child(node, Field::Left) else {
            return;
        };
        let annotation = child(node, Field::Type);
        match kind(target) {
            Kind::Identifier => {
                let name = self.symbol(target);
                let local = self.variable(name);
                let declared = annotation.map(|annotation| self.annotation(annotation));
                let has_value = child(node, Field::Right).is_some();
                if let Some(class) = self.context.class {
                    let value = has_value.then_some(local);
                    self.add_field(class, name, declared.clone(), value);
                }
                if declared.is_some() {
                    self.builder().local_mut(local).annotation = declared.map(Box::new);
                }
            }
            Kind::Attribute => {
                if let Some(annotation) = annotation {
                    self.annotate_attribute(target, annotation);
                }
            }
            _ => {}
        }
    }

    /// `self.x: T` in a method declares a field of its class.
    fn annotate_attribute(&mut self, target: Node<'t>, annotation: Node<'t>) {
        let (Some(object), Some(name)) = (
            child(target, Field::Object),
            child(target, Field::Attribute),
        ) else {
            return;
        };
        let object = self.symbol(object);
        let frame = self.frames.frame();
        let Some(class) = frame.declaration.class else {
            return;
        };
        if frame.receiver.is_some() && frame.receiver == frame.binding(object) {
            let name = self.symbol(name);
            let declared = self.enclosing_annotation(annotation);
            self.add_field(class, name, Some(declared), None);
        }
    }
}
