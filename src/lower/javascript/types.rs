//! Declared types, as far as they name classes.
use super::{DEPTH_LIMIT, Lowering, site};
use crate::ir::build::Lower;
use crate::ir::{Class, Type};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

impl<'tree> Lowering<'tree> {
    /// The type declared for a variable, parameter or field, where it names anything.
    pub(super) fn annotation(&mut self, node: Node<'tree>) -> Option<Type> {
        if self.grammar.annotation == 0 {
            return None;
        }
        let annotation = node.child_by_field_id(self.grammar.annotation)?;
        self.declared(annotation)
    }

    pub(super) fn return_type(&mut self, node: Node<'tree>) -> Option<Type> {
        let annotation = node.child_by_field_id(self.grammar.fields.return_type)?;
        self.declared(annotation)
    }

    fn declared(&mut self, annotation: Node<'tree>) -> Option<Type> {
        let kind = self.first(annotation)?;
        Some(self.type_of(kind)).filter(|kind| *kind != Type::Unknown)
    }

    pub(super) fn type_of(&mut self, node: Node<'tree>) -> Type {
        if self.frames.depth >= DEPTH_LIMIT {
            return Type::Unknown;
        }
        self.frames.depth += 1;
        let kind = match self.kind(node) {
            Kind::TypeIdentifier | Kind::Identifier => {
                let name = self.symbol(node);
                Type::Name(self.frames.resolve(name), vec![name])
            }
            Kind::NestedTypeIdentifier => self.dotted(node),
            // `typeof db`, `typeof this.db`: a variable is as good as the type it has.
            Kind::TypeQuery => match self.first(node) {
                Some(named) if self.kind(named) == Kind::Identifier => self.type_of(named),
                _ => Type::Unknown,
            },
            Kind::ObjectType => self.object_type(node),
            Kind::GenericType => self.generic(node),
            Kind::UnionType | Kind::IntersectionType => self.alternatives(node),
            Kind::ArrayType => {
                let element = self.first(node);
                let element = element.map_or(Type::Unknown, |element| self.type_of(element));
                let array = Type::Name(None, vec![Symbol::new("Array")]);
                Type::Generic(Box::new(array), vec![element])
            }
            Kind::ReadonlyType | Kind::ParenthesizedType | Kind::TypeAnnotation => {
                let inner = self.first(node);
                inner.map_or(Type::Unknown, |inner| self.type_of(inner))
            }
            _ => Type::Unknown,
        };
        self.frames.depth -= 1;
        kind
    }

    /// `{ prisma: PrismaClient }`: a class without a name, where a field's type names anything.
    fn object_type(&mut self, node: Node<'tree>) -> Type {
        let fields = self.signatures(node);
        if fields.is_empty() {
            return Type::Unknown;
        }
        let class = Class {
            name: Symbol::empty(),
            parent: self.frames.frame().id,
            bases: Vec::new(),
            decorators: Vec::new(),
            methods: Vec::new(),
            fields,
            site: site(node),
        };
        Type::Name(Some(self.put_class(None, class)), vec![Symbol::empty()])
    }

    /// `type Name = Type`: a variable of that type; a declaration that names it has what the variable has.
    pub(super) fn type_alias(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let name = node.child_by_field_id(fields.name);
        let value = node.child_by_field_id(fields.value);
        let Some((name, value)) = name.zip(value) else {
            return;
        };
        let annotation = self.type_of(value);
        if annotation == Type::Unknown {
            return;
        }
        let local = self.variable(name);
        self.builder().local_mut(local).annotation = Some(Box::new(annotation));
    }

    /// `pg.PoolClient`
    fn dotted(&mut self, node: Node<'tree>) -> Type {
        let text = self.text(node);
        let path: Vec<_> = text
            .split('.')
            .map(|part| Symbol::new(part.trim()))
            .collect();
        let root = path.first().and_then(|root| self.frames.resolve(*root));
        Type::Name(root, path)
    }

    fn generic(&mut self, node: Node<'tree>) -> Type {
        let fields = &self.grammar.fields;
        let base = node.child_by_field_id(fields.name);
        let base = base.map_or(Type::Unknown, |base| self.type_of(base));
        let mut parameters = Vec::new();
        if let Some(list) = node.child_by_field_id(fields.type_arguments) {
            for parameter in self.children(list) {
                parameters.push(self.type_of(parameter));
            }
        }
        Type::Generic(Box::new(base), parameters)
    }

    /// `A | B`, `A & B`: what of it is known. The trees of long unions lean to the left.
    fn alternatives(&mut self, node: Node<'tree>) -> Type {
        let mut members = Vec::new();
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            if matches!(self.kind(node), Kind::UnionType | Kind::IntersectionType) {
                stack.extend(self.children(node).into_iter().rev());
            } else {
                let member = self.type_of(node);
                if member != Type::Unknown {
                    members.push(member);
                }
            }
        }
        match members.len() {
            0 => Type::Unknown,
            1 => members.pop().unwrap_or(Type::Unknown),
            _ => Type::Union(members),
        }
    }
}
