//! Functions: declarations, expressions, arrows, methods, their parameters and bodies.
use super::super::frame::Declaration;
use super::{Lowering, is_function, site};
use crate::ir::build::{Jump, Lower};
use crate::ir::{
    Action, ClassId, Decorator, FunctionId, LocalId, LocalKind, Parameter, Site, Traits, Value,
};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// A class field that is given its value when an instance is made.
#[derive(Clone, Copy)]
pub(super) struct Initialiser<'tree> {
    pub(super) name: Symbol,
    pub(super) value: Node<'tree>,
    pub(super) place: Site,
}

/// A parameter as written.
#[derive(Clone, Copy)]
pub(super) struct Formal<'tree> {
    /// The whole, with modifiers, type and default.
    pub(super) node: Node<'tree>,
    /// What it binds, without `...`.
    pub(super) pattern: Node<'tree>,
    default: Option<Node<'tree>>,
    is_rest: bool,
    /// `private`, `readonly` and their like: the parameter is a field as well.
    pub(super) is_property: bool,
}

impl<'tree> Lowering<'tree> {
    /// A function or arrow written as an expression.
    pub(super) fn closure(
        &mut self,
        node: Node<'tree>,
        into: Option<LocalId>,
        name: Symbol,
    ) -> LocalId {
        let own_name = node.child_by_field_id(self.grammar.fields.name);
        let name = own_name.map_or(name, |own| self.symbol(own));
        let traits = Traits {
            is_closure: true,
            ..self.traits(node)
        };
        let declaration = self.declaration_of(node, name, traits);
        let function = self.function(node, declaration, &[]);
        self.put(into, Value::Closure(function), site(node))
    }

    /// `function name() {}`, whose value its block has from the start.
    pub(super) fn hoisted_function(&mut self, node: Node<'tree>) {
        let Some(name) = node.child_by_field_id(self.grammar.fields.name) else {
            return;
        };
        let local = self.variable(name);
        let name = self.symbol(name);
        let traits = self.traits(node);
        let declaration = self.declaration_of(node, name, traits);
        let function = self.function(node, declaration, &[]);
        self.put(Some(local), Value::Closure(function), site(node));
    }

    /// A method or accessor of a class or an object literal.
    pub(super) fn method(
        &mut self,
        node: Node<'tree>,
        name: Symbol,
        class: Option<ClassId>,
        decorators: Vec<Decorator>,
    ) -> FunctionId {
        let traits = self.traits(node);
        let declaration = Declaration {
            class,
            decorators,
            ..self.declaration_of(node, name, traits)
        };
        self.function(node, declaration, &[])
    }

    pub(super) fn declaration_of(
        &mut self,
        node: Node<'tree>,
        name: Symbol,
        traits: Traits,
    ) -> Declaration {
        let own_name = node.child_by_field_id(self.grammar.fields.name);
        let first = own_name.or_else(|| node.child(0)).unwrap_or(node);
        Declaration {
            name,
            class: None,
            traits,
            decorators: Vec::new(),
            site: site(node),
            name_site: site(first),
        }
    }

    /// What the words in front of a function's name say.
    pub(super) fn traits(&mut self, node: Node<'tree>) -> Traits {
        let kind = self.kind(node);
        let mut traits = Traits {
            is_generator: matches!(
                kind,
                Kind::GeneratorFunction | Kind::GeneratorFunctionDeclaration
            ),
            ..Traits::default()
        };
        if kind != Kind::MethodDefinition {
            let first = node.child(0).map(|first| self.kind(first));
            traits.is_async = first == Some(Kind::AsyncToken);
            return traits;
        }
        for token in self.tokens(node) {
            match self.kind(token) {
                Kind::AsyncToken => traits.is_async = true,
                Kind::StarToken => traits.is_generator = true,
                Kind::StaticToken => traits.is_static = true,
                Kind::GetToken => traits.is_getter = true,
                Kind::StaticGetToken => {
                    traits.is_static = true;
                    traits.is_getter = true;
                }
                Kind::StatementBlock => break,
                _ => {}
            }
        }
        traits
    }

    /// Lowers a function; within copies of a cleanup, once.
    pub(super) fn function(
        &mut self,
        node: Node<'tree>,
        declaration: Declaration,
        initialisers: &[Initialiser<'tree>],
    ) -> FunctionId {
        let start = site(node).start;
        if self.cleanups > 0
            && let Some(known) = self.copied.functions.get(&start)
        {
            return *known;
        }
        if self.is_too_deep(node) {
            let function = self.frames.enter(declaration);
            self.frames.leave();
            return function;
        }
        self.frames.depth += 1;
        let formals = self.formals(node);
        let decorators: Vec<_> = formals
            .iter()
            .map(|formal| self.parameter_decorators(*formal))
            .collect();
        let traits = declaration.traits;
        let has_receiver = self.kind(node) != Kind::ArrowFunction;
        let function = self.frames.enter(declaration);
        if self.cleanups > 0 {
            self.copied.functions.insert(start, function);
        }
        if has_receiver {
            self.declare_receiver();
        }
        self.own_name(node, function, traits);
        self.frames.frame().returns = self.return_type(node);
        self.parameters(&formals, decorators);
        self.parameter_fields(&formals);
        self.initialise_fields(initialisers);
        self.body(node);
        self.frames.leave();
        self.frames.depth -= 1;
        function
    }

    pub(super) fn declare_receiver(&mut self) {
        let this = Symbol::new("this");
        let receiver = self.builder().local(this, LocalKind::Receiver, None);
        self.frames.frame().receiver = Some(receiver);
    }

    /// The name by which a function expression knows itself.
    fn own_name(&mut self, node: Node<'tree>, function: FunctionId, traits: Traits) {
        let own_name = node.child_by_field_id(self.grammar.fields.name);
        if let Some(name) = own_name.filter(|_| traits.is_closure) {
            let symbol = self.symbol(name);
            let frame = self.frames.frame();
            let local = frame.declare(symbol, LocalKind::Variable, None);
            frame.open_scope();
            self.put(Some(local), Value::Closure(function), site(name));
        }
    }

    pub(super) fn formals(&mut self, node: Node<'tree>) -> Vec<Formal<'tree>> {
        let fields = &self.grammar.fields;
        if let Some(parameters) = node.child_by_field_id(fields.parameters) {
            let mut formals = Vec::new();
            for parameter in self.children(parameters) {
                formals.extend(self.formal(parameter));
            }
            return formals;
        }
        let parameter = node.child_by_field_id(fields.parameter);
        let formal = parameter.and_then(|parameter| self.formal(parameter));
        formal.into_iter().collect()
    }

    fn formal(&mut self, node: Node<'tree>) -> Option<Formal<'tree>> {
        let fields = &self.grammar.fields;
        let (pattern, default, is_property) = match self.kind(node) {
            Kind::RequiredParameter | Kind::OptionalParameter => (
                node.child_by_field_id(fields.pattern)?,
                node.child_by_field_id(fields.value),
                self.is_property(node),
            ),
            Kind::AssignmentPattern => (
                node.child_by_field_id(fields.left)?,
                node.child_by_field_id(fields.right),
                false,
            ),
            Kind::Error | Kind::Decorator => return None,
            _ => (node, None, false),
        };
        let is_rest = self.kind(pattern) == Kind::RestPattern;
        let pattern = if is_rest {
            self.first(pattern)?
        } else {
            pattern
        };
        Some(Formal {
            node,
            pattern,
            default,
            is_rest,
            is_property,
        })
    }

    fn is_property(&mut self, node: Node<'tree>) -> bool {
        let is_modifier = |kind| {
            matches!(
                kind,
                Kind::AccessibilityModifier | Kind::OverrideModifier | Kind::ReadonlyToken
            )
        };
        // Modifiers come first, behind decorators.
        let first = node.child(0).map(|first| self.kind(first));
        match first {
            Some(Kind::Decorator) => self
                .tokens(node)
                .iter()
                .any(|token| is_modifier(self.kind(*token))),
            Some(kind) => is_modifier(kind),
            None => false,
        }
    }

    /// Decorators of a parameter run where the class is made.
    fn parameter_decorators(&mut self, formal: Formal<'tree>) -> Vec<LocalId> {
        let first = formal.node.child(0);
        if first.is_none_or(|first| self.kind(first) != Kind::Decorator) {
            return Vec::new();
        }
        let decorators = self.in_field(formal.node, self.grammar.fields.decorator);
        decorators
            .into_iter()
            .map(|decorator| self.decorator(decorator).value)
            .collect()
    }

    fn parameters(&mut self, formals: &[Formal<'tree>], decorators: Vec<Vec<LocalId>>) {
        let mut bound = Vec::new();
        for (formal, decorators) in formals.iter().zip(decorators) {
            if self.kind(formal.pattern) == Kind::This {
                let annotation = self.annotation(formal.node);
                if let Some(receiver) = self.frames.frame().receiver {
                    self.builder().local_mut(receiver).annotation = annotation.map(Box::new);
                }
                continue;
            }
            bound.push((*formal, self.parameter(*formal, decorators)));
        }
        for (formal, local) in bound {
            if let Some(default) = formal.default {
                self.default_to(local, default);
            }
            if self.kind(formal.pattern) != Kind::Identifier {
                self.destructure(formal.pattern, local);
            }
        }
    }

    fn parameter(&mut self, formal: Formal<'tree>, decorators: Vec<LocalId>) -> LocalId {
        let annotation = self.annotation(formal.node);
        let position = u32::try_from(self.frames.frame().parameters.len()).unwrap_or(u32::MAX);
        let kind = LocalKind::Parameter(position);
        let (name, local) = if self.kind(formal.pattern) == Kind::Identifier {
            let name = self.symbol(formal.pattern);
            let frame = self.frames.frame();
            (name, frame.declare(name, kind, annotation.clone()))
        } else {
            let name = Symbol::new("");
            let local = self.builder().local(name, kind, annotation.clone());
            self.declare_pattern(formal.pattern);
            (name, local)
        };
        self.frames.frame().parameters.push(Parameter {
            name,
            local,
            annotation,
            // A default is computed in each call, within the function.
            default: None,
            constant: None,
            is_rest: formal.is_rest,
            decorators,
        });
        local
    }

    /// `constructor(private pool: Pool)`: `this.pool = pool`
    fn parameter_fields(&mut self, formals: &[Formal<'tree>]) {
        for formal in formals.iter().filter(|formal| formal.is_property) {
            let local = self.variable(formal.pattern);
            let name = self.symbol(formal.pattern);
            self.set_own_field(name, local, site(formal.node));
        }
    }

    /// `class { name = value }`: `this.name = value` at the start of the constructor.
    pub(super) fn initialise_fields(&mut self, initialisers: &[Initialiser<'tree>]) {
        for initialiser in initialisers {
            let value = self.named(initialiser.value, None, initialiser.name);
            self.set_own_field(initialiser.name, value, initialiser.place);
        }
    }

    fn set_own_field(&mut self, name: Symbol, value: LocalId, place: Site) {
        if let Some(receiver) = self.frames.frame().receiver {
            self.builder()
                .push(Action::SetField(receiver, name, value), place);
        }
    }

    fn body(&mut self, node: Node<'tree>) {
        let Some(body) = node.child_by_field_id(self.grammar.fields.body) else {
            return;
        };
        if self.kind(body) == Kind::StatementBlock {
            let statements = self.children(body);
            self.declare_body(&statements);
            self.statements(&statements);
        } else if is_function(self.kind(node)) {
            let value = self.expression(body, None);
            self.leave(Jump::Return(value), site(body));
        }
    }
}
