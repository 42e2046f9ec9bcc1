//! Calls.
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{Argument, Call, CallKind, Callee, LocalId};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

impl<'t> Lowering<'t> {
    pub(super) fn call(
        &mut self,
        node: Node<'t>,
        wanted: Option<LocalId>,
        awaited: bool,
    ) -> LocalId {
        let parts = (child(node, Field::Function), child(node, Field::Arguments));
        let (Some(function), Some(list)) = parts else {
            return self.degrade(node, wanted);
        };
        let (callee, kind) = self.callee(function);
        let arguments = self.arguments(list);
        let result = wanted.unwrap_or_else(|| self.builder().temporary());
        let call = Call {
            callee,
            arguments,
            result,
            kind,
            awaited,
            is_detached: false,
            callee_site: site(function),
        };
        self.builder().call(call, site(node));
        result
    }

    fn callee(&mut self, function: Node<'t>) -> (Callee, CallKind) {
        let object = child(function, Field::Object);
        let (Some(object), Some(name), Kind::Attribute) =
            (object, child(function, Field::Attribute), kind(function))
        else {
            return (Callee::Local(self.expression(function)), CallKind::Plain);
        };
        let name = self.symbol(name);
        if let Some(receiver) = self.super_receiver(object) {
            return (Callee::Method(receiver, name), CallKind::Super);
        }
        (
            Callee::Method(self.expression(object), name),
            CallKind::Plain,
        )
    }

    /// The receiver that `super()` stands for.
    fn super_receiver(&mut self, object: Node<'t>) -> Option<LocalId> {
        if kind(object) != Kind::Call {
            return None;
        }
        let function = child(object, Field::Function)?;
        if kind(function) != Kind::Identifier || self.text(function) != "super" {
            return None;
        }
        if self.frames.resolve(Symbol::new("super")).is_some() {
            return None;
        }
        self.frames.receiver()
    }

    fn arguments(&mut self, list: Node<'t>) -> Vec<Argument> {
        if kind(list) == Kind::GeneratorExpression {
            let value = self.expression(list);
            return vec![positional(value)];
        }
        let parts = self.parts(list);
        let arguments = parts.into_iter().map(|part| self.argument(part));
        arguments.collect()
    }

    fn argument(&mut self, node: Node<'t>) -> Argument {
        match kind(node) {
            Kind::KeywordArgument => self.keyword_argument(node),
            Kind::ListSplat | Kind::DictionarySplat => Argument {
                is_spread: true,
                ..positional(self.expression(node))
            },
            _ => positional(self.expression(node)),
        }
    }

    fn keyword_argument(&mut self, node: Node<'t>) -> Argument {
        let name = child(node, Field::Name).map(|name| self.symbol(name));
        let value = match child(node, Field::Value) {
            Some(value) => self.expression(value),
            None => self.degrade(node, None),
        };
        Argument {
            name: name.unwrap_or_else(Symbol::empty),
            ..positional(value)
        }
    }
}

fn positional(value: LocalId) -> Argument {
    Argument {
        value,
        name: Symbol::empty(),
        is_spread: false,
    }
}
