//! Annotations to types, as far as they name classes.
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{LocalId, Type, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

/// From where the names of a type are looked up, and whose locals they become.
#[derive(Clone, Copy)]
enum View {
    /// The current function, in its body.
    Body,
    /// Where the current function is written; captured in it.
    Declaration,
    /// Where the current function is written, as that function's locals.
    Enclosing,
}

impl<'t> Lowering<'t> {
    /// The type of a variable.
    pub(super) fn annotation(&mut self, node: Node<'t>) -> Type {
        self.typed(node, View::Body)
    }

    /// The type of a parameter or result of the current function.
    pub(super) fn declared_annotation(&mut self, node: Node<'t>) -> Type {
        self.typed(node, View::Declaration)
    }

    /// The type of a field that a method of the class declares.
    pub(super) fn enclosing_annotation(&mut self, node: Node<'t>) -> Type {
        self.typed(node, View::Enclosing)
    }

    fn typed(&mut self, node: Node<'t>, view: View) -> Type {
        let read = self.nested(node, |lowering| match kind(node) {
            Kind::Type | Kind::Parenthesized => match lowering.parts(node).first() {
                Some(inner) => lowering.typed(*inner, view),
                None => Type::Unknown,
            },
            Kind::Identifier | Kind::Attribute | Kind::MemberType | Kind::None => {
                lowering.named_type(node, view)
            }
            Kind::GenericType | Kind::Subscript => lowering.generic_type(node, view),
            Kind::UnionType | Kind::BinaryOperator => lowering.union_type(node, view),
            Kind::String => lowering.text_type(node, view),
            _ => Type::Unknown,
        });
        read.unwrap_or(Type::Unknown)
    }

    fn named_type(&mut self, node: Node<'t>, view: View) -> Type {
        let text = self.text(node);
        self.type_of_path(text.split('.').map(str::trim), view)
    }

    fn type_of_path<'s>(&mut self, path: impl Iterator<Item = &'s str>, view: View) -> Type {
        let path: Vec<_> = path.map(Symbol::new).collect();
        let is_name =
            |part: &Symbol| part.starts_with(|sign: char| sign.is_alphabetic() || sign == '_');
        match path.first() {
            Some(first) if path.iter().all(is_name) => {
                let local = self.seen(*first, view);
                Type::Name(local, path)
            }
            _ => Type::Unknown,
        }
    }

    fn seen(&mut self, name: Symbol, view: View) -> Option<LocalId> {
        match view {
            View::Body => self.frames.resolve(name),
            View::Declaration => self.frames.resolve_declared(name),
            View::Enclosing => self.frames.resolve_enclosing(name),
        }
    }

    fn generic_type(&mut self, node: Node<'t>, view: View) -> Type {
        let (base, arguments) = self.generic_parts(node);
        let Some(base) = base else {
            return Type::Unknown;
        };
        let is_literal = self.text(base).ends_with("Literal");
        let base = self.typed(base, view);
        let mut types = Vec::new();
        for argument in arguments {
            types.push(if is_literal {
                Type::Unknown
            } else {
                self.typed(argument, view)
            });
        }
        Type::Generic(Box::new(base), types)
    }

    /// `base[argument, ...]`
    fn generic_parts(&mut self, node: Node<'t>) -> (Option<Node<'t>>, Vec<Node<'t>>) {
        let mut parts = self.parts(node).into_iter();
        let base = parts.next();
        let mut arguments = Vec::new();
        for part in parts {
            match kind(part) {
                Kind::TypeParameter => arguments.extend(self.parts(part)),
                _ => arguments.push(part),
            }
        }
        (base, arguments)
    }

    /// `A | B | C`, which nests to the left.
    fn union_type(&mut self, node: Node<'t>, view: View) -> Type {
        let mut members = Vec::new();
        let mut left = node;
        loop {
            let inner = match kind(left) {
                Kind::Type => left.named_child(0).unwrap_or(left),
                _ => left,
            };
            let [next, right] = self.parts(inner)[..] else {
                members.push(inner);
                break;
            };
            let is_union = match kind(inner) {
                Kind::UnionType => true,
                Kind::BinaryOperator => child(inner, Field::Operator).map(kind) == Some(Kind::Pipe),
                _ => false,
            };
            if !is_union {
                members.push(inner);
                break;
            }
            members.push(right);
            left = next;
        }
        if members.len() < 2 {
            return Type::Unknown;
        }
        let members = members.into_iter().rev();
        Type::Union(members.map(|member| self.typed(member, view)).collect())
    }

    /// A type written as text: `"Session"`.
    fn text_type(&mut self, node: Node<'t>, view: View) -> Type {
        let Some(crate::ir::Constant::Text(text)) = self.constant(node) else {
            return Type::Unknown;
        };
        let mut rest = text.text();
        let read = self.union_text(node, &mut rest, view);
        if rest.trim().is_empty() {
            read
        } else {
            Type::Unknown
        }
    }

    fn union_text(&mut self, node: Node<'t>, rest: &mut &str, view: View) -> Type {
        let mut members = vec![self.generic_text(node, rest, view)];
        while let Some(next) = rest.trim_start().strip_prefix('|') {
            *rest = next;
            members.push(self.generic_text(node, rest, view));
        }
        match members.len() {
            1 => members.pop().unwrap_or(Type::Unknown),
            _ => Type::Union(members),
        }
    }

    fn generic_text(&mut self, node: Node<'t>, rest: &mut &str, view: View) -> Type {
        let text = rest.trim_start();
        let is_part = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '.');
        let end = text.find(|sign| !is_part(sign)).unwrap_or(text.len());
        let (path, after) = text.split_at_checked(end).unwrap_or((text, ""));
        *rest = after;
        let base = self.type_of_path(path.split('.'), view);
        let Some(inner) = rest.trim_start().strip_prefix('[') else {
            return base;
        };
        *rest = inner;
        let mut arguments = Vec::new();
        loop {
            let argument = self.nested(node, |lowering| lowering.union_text(node, rest, view));
            let Some(argument) = argument else {
                return Type::Unknown;
            };
            arguments.push(argument);
            let text = rest.trim_start();
            if let Some(next) = text.strip_prefix(',') {
                *rest = next;
            } else {
                *rest = text.strip_prefix(']').unwrap_or(text);
                return Type::Generic(Box::new(base), arguments);
            }
        }
    }

    /// What `Annotated[T, metadata...]` attaches to a parameter, evaluated here.
    pub(super) fn metadata(&mut self, node: Node<'t>) -> Vec<LocalId> {
        let inner = match kind(node) {
            Kind::Type => node.named_child(0).unwrap_or(node),
            _ => node,
        };
        if !matches!(kind(inner), Kind::GenericType | Kind::Subscript) {
            return Vec::new();
        }
        let (base, arguments) = self.generic_parts(inner);
        if !base.is_some_and(|base| self.text(base).ends_with("Annotated")) {
            return Vec::new();
        }
        let mut values = Vec::new();
        for argument in arguments.into_iter().skip(1) {
            let argument = match kind(argument) {
                Kind::Type => argument.named_child(0).unwrap_or(argument),
                _ => argument,
            };
            if matches!(
                kind(argument),
                Kind::Attribute | Kind::Call | Kind::Identifier
            ) {
                values.push(self.expression(argument));
            }
        }
        values
    }

    /// A type as a value: the right side of `type X = ...`.
    pub(super) fn type_value(&mut self, node: Node<'t>) -> LocalId {
        let lowered = self.nested(node, |lowering| match kind(node) {
            Kind::Type => match lowering.parts(node).first() {
                Some(inner) => lowering.type_value(*inner),
                None => lowering.degrade(node, None),
            },
            Kind::GenericType => {
                let (base, arguments) = lowering.generic_parts(node);
                let base = match base {
                    Some(base) => lowering.expression(base),
                    None => lowering.null(site(node)),
                };
                let values = arguments.into_iter();
                let values: Vec<_> = values.map(|part| lowering.type_value(part)).collect();
                let key = match values[..] {
                    [value] => value,
                    _ => lowering
                        .builder()
                        .value(Value::Sequence(values), site(node)),
                };
                lowering.builder().value(Value::Item(base, key), site(node))
            }
            _ => lowering.expression(node),
        });
        lowered.unwrap_or_else(|| self.null(site(node)))
    }
}
