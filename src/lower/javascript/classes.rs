//! Classes and enumerations.
use super::super::frame::Declaration;
use super::functions::Initialiser;
use super::{Lowering, site};
use crate::ir::build::Lower;
use crate::ir::{
    Action, Argument, Call, CallKind, Callee, Class, ClassId, Constant, Decorator, Field,
    FunctionId, LocalId, LocalKind, Parameter, Traits, Type, Value,
};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// A class in the making.
struct Members<'tree> {
    id: ClassId,
    /// The local that holds the class.
    class: LocalId,
    methods: Vec<(Symbol, FunctionId)>,
    fields: Vec<Field>,
    initialisers: Vec<Initialiser<'tree>>,
    constructor: Option<(Node<'tree>, Vec<Decorator>)>,
}

impl<'tree> Lowering<'tree> {
    /// `class Name {}`
    pub(super) fn class_declaration(&mut self, node: Node<'tree>) {
        self.decorated_class(node, Vec::new());
    }

    /// The same with the decorators that stand before its `export`.
    pub(super) fn decorated_class(&mut self, node: Node<'tree>, decorators: Vec<Decorator>) {
        if let Some(name) = node.child_by_field_id(self.grammar.fields.name) {
            let local = self.variable(name);
            let name = self.symbol(name);
            self.class(node, local, name, decorators);
        }
    }

    pub(super) fn class_expression(
        &mut self,
        node: Node<'tree>,
        into: Option<LocalId>,
        name: Symbol,
    ) -> LocalId {
        let Some(own_name) = node.child_by_field_id(self.grammar.fields.name) else {
            let local = into.unwrap_or_else(|| self.builder().temporary());
            self.class(node, local, name, Vec::new());
            return local;
        };
        let mut value = None;
        self.scope(|lowering| {
            let local = lowering.declare_name(own_name);
            let name = lowering.symbol(own_name);
            lowering.class(node, local, name, Vec::new());
            value = Some(local);
        });
        match value {
            Some(value) => self.copy(into, value, site(node)),
            None => self.null(into, site(node)),
        }
    }

    fn class(
        &mut self,
        node: Node<'tree>,
        local: LocalId,
        name: Symbol,
        mut decorators: Vec<Decorator>,
    ) {
        let place = site(node);
        if self.cleanups > 0
            && let Some(known) = self.copied.classes.get(&place.start)
        {
            let known = Value::Class(*known);
            self.put(Some(local), known, place);
            return;
        }
        if self.is_too_deep(node) {
            self.put(Some(local), Value::Opaque(Vec::new()), place);
            return;
        }
        self.frames.depth += 1;
        for decorator in self.in_field(node, self.grammar.fields.decorator) {
            decorators.push(self.decorator(decorator));
        }
        let bases = self.bases(node);
        let parent = self.frames.frame().id;
        let id = self.frames.add_class(Class {
            name,
            parent,
            bases,
            decorators,
            methods: Vec::new(),
            fields: Vec::new(),
            site: place,
        });
        if self.cleanups > 0 {
            self.copied.classes.insert(place.start, id);
        }
        self.put(Some(local), Value::Class(id), place);
        let mut members = Members {
            id,
            class: local,
            methods: Vec::new(),
            fields: Vec::new(),
            initialisers: Vec::new(),
            constructor: None,
        };
        if let Some(body) = node.child_by_field_id(self.grammar.fields.body) {
            self.members(body, &mut members);
        }
        self.constructor(node, &mut members);
        self.frames.depth -= 1;
        let class = &mut self.frames.module.classes[id.index()];
        class.methods = members.methods;
        class.fields = members.fields;
    }

    /// `@decorator`, `@decorator(...)`
    pub(super) fn decorator(&mut self, node: Node<'tree>) -> Decorator {
        let value = match self.first(node) {
            Some(value) => self.expression(value, None),
            None => self.null(None, site(node)),
        };
        Decorator {
            value,
            site: site(node),
        }
    }

    /// `extends Base` (JavaScript), `extends Base<T> implements Interface` (TypeScript)
    fn bases(&mut self, node: Node<'tree>) -> Vec<LocalId> {
        let mut bases = Vec::new();
        for child in self.children(node) {
            if self.kind(child) != Kind::ClassHeritage {
                continue;
            }
            for part in self.children(child) {
                match self.kind(part) {
                    Kind::ExtendsClause => {
                        for base in self.in_field(part, self.grammar.fields.value) {
                            bases.push(self.expression(base, None));
                        }
                    }
                    Kind::ImplementsClause => self.named_types(part, &mut bases),
                    Kind::Other => {}
                    _ => bases.push(self.expression(part, None)),
                }
            }
        }
        bases
    }

    /// The types of a clause that a plain name binds.
    fn named_types(&mut self, clause: Node<'tree>, bases: &mut Vec<LocalId>) {
        for part in self.children(clause) {
            let declared = match self.type_of(part) {
                Type::Generic(base, _) => *base,
                declared => declared,
            };
            if let Type::Name(Some(local), path) = declared
                && path.len() == 1
            {
                bases.push(local);
            }
        }
    }

    /// `interface Name extends Other`: a class without code, which those have that implement it.
    pub(super) fn interface_declaration(&mut self, node: Node<'tree>) {
        let Some(name) = node.child_by_field_id(self.grammar.fields.name) else {
            return;
        };
        let place = site(node);
        let local = self.variable(name);
        let mut bases = Vec::new();
        for child in self.children(node) {
            if self.kind(child) == Kind::ExtendsTypeClause {
                self.named_types(child, &mut bases);
            }
        }
        let body = node.child_by_field_id(self.grammar.fields.body);
        let class = Class {
            name: self.symbol(name),
            parent: self.frames.frame().id,
            bases,
            decorators: Vec::new(),
            methods: Vec::new(),
            fields: body.map_or_else(Vec::new, |body| self.signatures(body)),
            site: place,
        };
        self.put_class(Some(local), class);
    }

    /// A class without code, as the value of a local; of a copy of the code the same as the first.
    pub(super) fn put_class(&mut self, into: Option<LocalId>, class: Class) -> LocalId {
        let place = class.site;
        let known = self.copied.classes.get(&place.start).copied();
        let id = known.unwrap_or_else(|| self.frames.add_class(class));
        if self.cleanups > 0 {
            self.copied.classes.insert(place.start, id);
        }
        self.put(into, Value::Class(id), place)
    }

    /// The fields of an interface or an object type whose types name anything.
    pub(super) fn signatures(&mut self, body: Node<'tree>) -> Vec<Field> {
        let mut fields = Vec::new();
        for member in self.children(body) {
            let name = member.child_by_field_id(self.grammar.fields.name);
            let name = name.filter(|_| self.kind(member) == Kind::PropertySignature);
            let Some(name) = name.and_then(|name| self.static_key(name)) else {
                continue;
            };
            if let Some(annotation) = self.annotation(member) {
                fields.push(Field {
                    name,
                    annotation: Some(annotation),
                    value: None,
                    decorators: Vec::new(),
                });
            }
        }
        fields
    }

    fn members(&mut self, body: Node<'tree>, members: &mut Members<'tree>) {
        // In TypeScript a method's decorators stand before it, in JavaScript they are its own.
        let mut decorators = Vec::new();
        for member in self.children(body) {
            if self.kind(member) == Kind::Decorator {
                decorators.push(self.decorator(member));
                continue;
            }
            for decorator in self.in_field(member, self.grammar.fields.decorator) {
                decorators.push(self.decorator(decorator));
            }
            let decorators = std::mem::take(&mut decorators);
            match self.kind(member) {
                Kind::MethodDefinition => self.member_method(member, decorators, members),
                Kind::FieldDefinition | Kind::PublicFieldDefinition => {
                    self.member_field(member, decorators, members);
                }
                Kind::ClassStaticBlock => {
                    if let Some(block) = member.child_by_field_id(self.grammar.fields.body) {
                        self.with_receiver(members.class, |lowering| lowering.block(block));
                    }
                }
                Kind::Error => {
                    self.opaque(member, None);
                }
                // Signatures have no code.
                _ => {}
            }
        }
    }

    fn member_method(
        &mut self,
        node: Node<'tree>,
        decorators: Vec<Decorator>,
        members: &mut Members<'tree>,
    ) {
        let key = node.child_by_field_id(self.grammar.fields.name);
        let name = key.map_or(Symbol::new(""), |key| self.key(key));
        let traits = self.traits(node);
        if name == "constructor" && !traits.is_static {
            members.constructor = Some((node, decorators));
            return;
        }
        let method = self.method(node, name, Some(members.id), decorators);
        let is_setter = self
            .tokens(node)
            .iter()
            .any(|token| self.kind(*token) == Kind::SetToken);
        // Calling `x.name()` calls what the getter returns, never the setter.
        let entry = if is_setter {
            Symbol::new(&format!("set {name}"))
        } else {
            name
        };
        members.methods.push((entry, method));
    }

    fn member_field(
        &mut self,
        node: Node<'tree>,
        decorators: Vec<Decorator>,
        members: &mut Members<'tree>,
    ) {
        let fields = &self.grammar.fields;
        let key = node.child_by_field_id(fields.name);
        let Some(key) = key.or_else(|| node.child_by_field_id(fields.property)) else {
            return;
        };
        let place = site(node);
        let name = self.key(key);
        let is_static = self
            .tokens(node)
            .iter()
            .any(|token| self.kind(*token) == Kind::StaticToken);
        let mut value = None;
        match node.child_by_field_id(fields.value) {
            Some(node) if is_static => self.with_receiver(members.class, |lowering| {
                let local = lowering.named(node, None, name);
                let action = Action::SetField(members.class, name, local);
                lowering.builder().push(action, place);
                value = Some(local);
            }),
            Some(value) => members
                .initialisers
                .push(Initialiser { name, value, place }),
            None => {}
        }
        let annotation = self.annotation(node);
        members.fields.push(Field {
            name,
            annotation,
            value,
            decorators,
        });
    }

    /// Runs `body` with `this` standing for the class: static fields and blocks run where the class is made.
    fn with_receiver(&mut self, class: LocalId, body: impl FnOnce(&mut Self)) {
        let frame = self.frames.frame();
        let outer = frame.receiver.replace(class);
        body(self);
        self.frames.frame().receiver = outer;
    }

    /// The constructor; where none is written, one that initialises the fields.
    fn constructor(&mut self, node: Node<'tree>, members: &mut Members<'tree>) {
        let name = Symbol::new("constructor");
        let traits = Traits {
            is_constructor: true,
            ..Traits::default()
        };
        let initialisers = std::mem::take(&mut members.initialisers);
        let method = match members.constructor.take() {
            Some((constructor, decorators)) => {
                self.fields_of_parameters(constructor, members);
                let declaration = Declaration {
                    class: Some(members.id),
                    decorators,
                    ..self.declaration_of(constructor, name, traits)
                };
                self.function(constructor, declaration, &initialisers)
            }
            None if initialisers.is_empty() => return,
            None => {
                let declaration = Declaration {
                    class: Some(members.id),
                    ..self.declaration_of(node, name, traits)
                };
                let has_base = !self.frames.module.classes[members.id.index()]
                    .bases
                    .is_empty();
                let method = self.frames.enter(declaration);
                self.declare_receiver();
                if has_base {
                    self.pass_to_base(node);
                }
                self.initialise_fields(&initialisers);
                self.frames.leave();
                method
            }
        };
        members.methods.push((name, method));
    }

    /// `constructor(...args) { super(...args) }`
    fn pass_to_base(&mut self, node: Node<'tree>) {
        let (empty, place) = (Symbol::new(""), site(node));
        let kind = LocalKind::Parameter(0);
        let rest = self.builder().local(Symbol::new("args"), kind, None);
        self.frames.frame().parameters.push(Parameter {
            name: Symbol::new("args"),
            local: rest,
            annotation: None,
            default: None,
            constant: None,
            is_rest: true,
            decorators: Vec::new(),
        });
        let Some(receiver) = self.frames.frame().receiver else {
            return;
        };
        let result = self.builder().temporary();
        let call = Call {
            callee: Callee::Method(receiver, Symbol::new("constructor")),
            arguments: vec![Argument {
                value: rest,
                name: empty,
                is_spread: true,
            }],
            result,
            kind: CallKind::Super,
            awaited: false,
            is_detached: false,
            callee_site: place,
        };
        self.builder().call(call, place);
    }

    /// The fields that `constructor(private readonly pool: Pool)` declares.
    fn fields_of_parameters(&mut self, constructor: Node<'tree>, members: &mut Members<'tree>) {
        for formal in self.formals(constructor) {
            if formal.is_property {
                let name = self.symbol(formal.pattern);
                let annotation = self.annotation(formal.node);
                members.fields.push(Field {
                    name,
                    annotation,
                    value: None,
                    decorators: Vec::new(),
                });
            }
        }
    }

    /// `enum Name { A, B = 5, C = "c" }`: an object with these fields.
    pub(super) fn enum_declaration(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let (Some(name), Some(body)) = (
            node.child_by_field_id(fields.name),
            node.child_by_field_id(fields.body),
        ) else {
            return;
        };
        let local = self.variable(name);
        let (mut entries, mut next) = (Vec::new(), Some(0));
        for member in self.children(body) {
            let place = site(member);
            let is_assigned = self.kind(member) == Kind::EnumAssignment;
            let key = if is_assigned {
                member.child_by_field_id(fields.name)
            } else {
                Some(member)
            };
            let key = key.map_or(Symbol::new(""), |key| self.key(key));
            let value = member.child_by_field_id(fields.value);
            let value = match (value.filter(|_| is_assigned), next) {
                (Some(value), _) => {
                    next = match self.constant(value) {
                        Some(Constant::Integer(value)) => value.checked_add(1),
                        _ => None,
                    };
                    self.expression(value, None)
                }
                (None, Some(value)) => {
                    next = value.checked_add(1);
                    let value = Value::Constant(Constant::Integer(value));
                    self.put(None, value, place)
                }
                (None, None) => self.put(None, Value::Operation(Vec::new()), place),
            };
            entries.push((key, value));
        }
        self.put(Some(local), Value::Record(entries), site(node));
    }
}
