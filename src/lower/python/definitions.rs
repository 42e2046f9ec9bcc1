//! Functions, lambdas and classes.
use super::{Lowering, kind, site};
use crate::ir::build::{Jump, Lower};
use crate::ir::{
    Class, ClassId, Constant, Decorator, Field as ClassField, FunctionId, LocalId, LocalKind,
    Parameter, Traits, Type, Value,
};
use crate::lower::frame::Declaration;
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

/// A parameter as written, with what the enclosing function evaluates for it.
struct Header<'t> {
    target: Node<'t>,
    annotation: Option<Node<'t>>,
    default: Option<LocalId>,
    constant: Option<Constant>,
    metadata: Vec<LocalId>,
    is_rest: bool,
}

impl<'t> Lowering<'t> {
    pub(super) fn decorated_definition(&mut self, node: Node<'t>) {
        let parts = self.parts(node);
        let decorators: Vec<_> = parts
            .into_iter()
            .filter(|part| kind(*part) == Kind::Decorator)
            .collect();
        match child(node, Field::Definition) {
            Some(class) if kind(class) == Kind::Class => self.class_definition(class, &decorators),
            Some(function) => self.function_definition(function, &decorators),
            None => {
                self.degrade(node, None);
            }
        }
    }

    pub(super) fn function_definition(&mut self, node: Node<'t>, decorators: &[Node<'t>]) {
        let Some(name_node) = child(node, Field::Name) else {
            self.degrade(node, None);
            return;
        };
        let (name, place) = (self.symbol(name_node), site(node));
        let declaration = Declaration {
            name,
            class: self.context.class,
            traits: self.traits(node, name, decorators),
            decorators: self.decorators(decorators),
            site: place,
            name_site: site(name_node),
        };
        let headers = match child(node, Field::Parameters) {
            Some(list) => self.headers(list),
            None => Vec::new(),
        };
        let class = self.context.class;
        let is_copy = self.known.functions.contains_key(&place.start);
        let id = self.function(node, declaration, headers);
        if let (Some(class), false) = (class, is_copy) {
            self.class_mut(class).methods.push((name, id));
        }
        let local = self.variable(name);
        self.builder()
            .assign(local, Value::Closure(id), site(name_node));
    }

    pub(super) fn lambda(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let place = site(node);
        let name = match wanted {
            Some(local) => self.builder().local_mut(local).name,
            None => Symbol::empty(),
        };
        let traits = Traits {
            is_closure: true,
            ..Traits::default()
        };
        let first = node.child(0).map_or(place, site);
        let declaration = Declaration {
            name,
            class: None,
            traits,
            decorators: Vec::new(),
            site: place,
            name_site: first,
        };
        let headers = match child(node, Field::Parameters) {
            Some(list) => self.headers(list),
            None => Vec::new(),
        };
        let id = self.function(node, declaration, headers);
        self.put(Value::Closure(id), wanted, place)
    }

    /// Lowers a function's body, unless an earlier copy of the code around it did.
    fn function(
        &mut self,
        node: Node<'t>,
        declaration: Declaration,
        headers: Vec<Header<'t>>,
    ) -> FunctionId {
        let start = declaration.site.start;
        if self.copying > 0
            && let Some(known) = self.known.functions.get(&start)
        {
            return *known;
        }
        let has_receiver = declaration.class.is_some() && !declaration.traits.is_static;
        let id = self.frames.enter(declaration);
        let outer = std::mem::take(&mut self.context);
        self.declare_parameters(headers, has_receiver);
        if let Some(returns) = child(node, Field::ReturnType) {
            let declared = self.declared_annotation(returns);
            self.frames.frame().returns = Some(declared);
        }
        self.function_body(node);
        self.context = outer;
        self.frames.leave();
        if self.copying > 0 {
            self.known.functions.insert(start, id);
        }
        id
    }

    fn function_body(&mut self, node: Node<'t>) {
        let Some(body) = child(node, Field::Body) else {
            return;
        };
        self.declare_names(body);
        if kind(node) == Kind::Lambda {
            let value = self.expression(body);
            self.leave(Jump::Return(value), site(body));
        } else {
            if node.has_error() {
                self.salvage(node);
            }
            self.block(body);
        }
    }

    /// The parameters, and their defaults as the enclosing function evaluates them.
    fn headers(&mut self, list: Node<'t>) -> Vec<Header<'t>> {
        let mut headers = Vec::new();
        for part in self.parts(list) {
            headers.extend(self.header(part));
        }
        headers
    }

    fn header(&mut self, node: Node<'t>) -> Option<Header<'t>> {
        let target = match kind(node) {
            Kind::DefaultParameter | Kind::TypedDefaultParameter => child(node, Field::Name)?,
            Kind::TypedParameter => self.parts(node).first().copied()?,
            _ => node,
        };
        let is_rest = matches!(
            kind(target),
            Kind::ListSplatPattern | Kind::DictionarySplatPattern
        );
        let target = if is_rest {
            target.named_child(0)?
        } else {
            target
        };
        if !matches!(kind(target), Kind::Identifier | Kind::TuplePattern) {
            return None;
        }
        let annotation = child(node, Field::Type);
        let value = child(node, Field::Value);
        Some(Header {
            target,
            annotation,
            default: value.and_then(|value| self.default(value)),
            constant: value.and_then(|value| self.constant(value)),
            metadata: annotation
                .map(|annotation| self.metadata(annotation))
                .unwrap_or_default(),
            is_rest,
        })
    }

    fn default(&mut self, value: Node<'t>) -> Option<LocalId> {
        if self.constant(value).is_some() {
            return None;
        }
        let local = self.expression(value);
        let is_told = matches!(
            kind(value),
            Kind::Attribute | Kind::Await | Kind::Call | Kind::Identifier | Kind::Lambda
        );
        is_told.then_some(local)
    }

    fn declare_parameters(&mut self, headers: Vec<Header<'t>>, has_receiver: bool) {
        let mut headers = headers.into_iter().peekable();
        let is_receiver = |header: &Header<'t>| {
            has_receiver && !header.is_rest && kind(header.target) == Kind::Identifier
        };
        if let Some(receiver) = headers.next_if(is_receiver) {
            let name = self.symbol(receiver.target);
            let frame = self.frames.frame();
            frame.receiver = Some(frame.declare(name, LocalKind::Receiver, None));
        }
        for header in headers {
            self.declare_parameter(header);
        }
    }

    fn declare_parameter(&mut self, header: Header<'t>) {
        let annotation = header
            .annotation
            .map(|annotation| self.declared_annotation(annotation));
        let is_name = kind(header.target) == Kind::Identifier;
        let name = if is_name {
            self.symbol(header.target)
        } else {
            Symbol::empty()
        };
        let frame = self.frames.frame();
        let position = u32::try_from(frame.parameters.len()).unwrap_or(u32::MAX);
        let kind = LocalKind::Parameter(position);
        let local = if is_name {
            frame.declare(name, kind, annotation.clone())
        } else {
            frame.builder.local(name, kind, None)
        };
        frame.parameters.push(Parameter {
            name,
            local,
            annotation,
            default: header.default,
            constant: header.constant,
            is_rest: header.is_rest,
            decorators: header.metadata,
        });
        if !is_name {
            self.declare_targets(header.target);
            self.assign(header.target, local, site(header.target));
        }
    }

    fn decorators(&mut self, nodes: &[Node<'t>]) -> Vec<Decorator> {
        let mut decorators = Vec::new();
        for node in nodes {
            if let Some(expression) = self.parts(*node).first() {
                let value = self.expression(*expression);
                let place = site(*node);
                decorators.push(Decorator { value, site: place });
            }
        }
        decorators
    }

    fn traits(&self, node: Node<'t>, name: Symbol, decorators: &[Node<'t>]) -> Traits {
        let mut traits = Traits {
            is_async: super::is_async(node),
            ..Traits::default()
        };
        if self.context.class.is_none() {
            return traits;
        }
        match name.text() {
            "__init__" => traits.is_constructor = true,
            "__new__" | "__init_subclass__" | "__class_getitem__" => traits.is_class_method = true,
            _ => {}
        }
        for decorator in decorators {
            let text = self.text(*decorator).trim_start_matches('@').trim();
            match text.rsplit('.').next().unwrap_or(text) {
                "staticmethod" | "abstractstaticmethod" => traits.is_static = true,
                "classmethod" | "abstractclassmethod" => traits.is_class_method = true,
                "property" | "cached_property" | "abstractproperty" | "hybrid_property" => {
                    traits.is_getter = true;
                }
                _ => {}
            }
        }
        traits
    }

    pub(super) fn class_definition(&mut self, node: Node<'t>, decorators: &[Node<'t>]) {
        let Some(name_node) = child(node, Field::Name) else {
            self.degrade(node, None);
            return;
        };
        let (name, place) = (self.symbol(name_node), site(node));
        let decorators = self.decorators(decorators);
        let bases = self.bases(node);
        let known = self.known.classes.get(&place.start).copied();
        let id = if let Some(known) = known.filter(|_| self.copying > 0) {
            known
        } else {
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
            if self.copying > 0 {
                self.known.classes.insert(place.start, id);
            }
            id
        };
        self.class_body(node, id);
        let local = self.variable(name);
        self.builder()
            .assign(local, Value::Class(id), site(name_node));
        if let Some(outer) = self.context.class {
            self.add_field(outer, name, None, Some(local));
        }
    }

    /// Runs the class body in a scope of its own, which methods do not see.
    fn class_body(&mut self, node: Node<'t>, id: ClassId) {
        let Some(body) = child(node, Field::Body) else {
            return;
        };
        let outer = self.context.class.replace(id);
        self.frames.frame().open_private_scope();
        self.declare_names(body);
        self.block(body);
        self.frames.frame().close_scope();
        self.context.class = outer;
    }

    /// Base classes; of a generic one the class without its arguments.
    fn bases(&mut self, node: Node<'t>) -> Vec<LocalId> {
        let list = child(node, Field::Superclasses);
        let parts = list.map(|list| self.parts(list)).unwrap_or_default();
        let mut bases = Vec::new();
        for part in parts {
            match kind(part) {
                Kind::KeywordArgument | Kind::DictionarySplat => {}
                Kind::Subscript => {
                    bases.extend(child(part, Field::Value).map(|base| self.expression(base)));
                }
                _ => bases.push(self.expression(part)),
            }
        }
        bases
    }

    fn class_mut(&mut self, class: ClassId) -> &mut Class {
        &mut self.frames.module.classes[class.index()]
    }

    /// Adds a field, or completes what is known of it.
    pub(super) fn add_field(
        &mut self,
        class: ClassId,
        name: Symbol,
        annotation: Option<Type>,
        value: Option<LocalId>,
    ) {
        let fields = &mut self.class_mut(class).fields;
        if let Some(field) = fields.iter_mut().find(|field| field.name == name) {
            field.annotation = annotation.or(field.annotation.take());
            field.value = value.or(field.value);
            return;
        }
        fields.push(ClassField {
            name,
            annotation,
            value,
            decorators: Vec::new(),
        });
    }
}
