//! The program as constraints: what each statement makes flow.
use super::{
    Action, BlockId, CallSite, Callee, ClassKey, Constant, Entity, FunctionKey, Holder, LocalId,
    Node, Suspension, Symbol, Terminator, Type, Value, Values, Watcher,
};

impl Values<'_> {
    pub(super) fn seed_bases(&mut self, class: ClassKey) {
        let declared = self.world.class(class);
        let parent = self.world.function_near(class, declared.parent);
        for base in &declared.bases {
            let node = self.local(parent, *base);
            self.watch(node, Watcher::Base(class));
        }
    }

    pub(super) fn seed_keys(&mut self, function: FunctionKey) {
        self.keys.clear();
        let blocks = &self.world.function(function).blocks;
        for statement in blocks.iter().flat_map(|block| &block.statements) {
            let Action::Assign(target, Value::Constant(constant)) = &statement.action else {
                continue;
            };
            let key = match constant {
                Constant::Integer(value) => Symbol::new(&value.to_string()),
                Constant::Text(text) => *text,
                _ => continue,
            };
            self.keys.insert((function, *target), key);
        }
    }

    pub(super) fn seed_class(&mut self, class: ClassKey) {
        let declared = self.world.class(class);
        let parent = self.world.function_near(class, declared.parent);
        for field in &declared.fields {
            let node = self.field(Holder::Class(class), field.name);
            if let Some(value) = field.value {
                let source = self.local(parent, value);
                self.watch(source, Watcher::Copy(node));
            }
            if let Some(annotation) = &field.annotation {
                self.seed_type(parent, annotation, node);
            }
        }
        for (_, method) in &declared.methods {
            let method = self.world.function_near(class, *method);
            let body = self.world.function(method);
            if let Some(receiver) = body.receiver {
                let node = self.local(method, receiver);
                let of_class = body.traits.is_class_method || body.traits.is_static;
                self.add(
                    node,
                    if of_class {
                        Entity::Class(class)
                    } else {
                        Entity::Object(class)
                    },
                );
            }
        }
    }

    pub(super) fn seed_declaration(&mut self, function: FunctionKey) {
        let body = self.world.function(function);
        let parent = self.world.sibling(function, body.parent);
        for parameter in &body.parameters {
            let node = self.local(function, parameter.local);
            if let Some(annotation) = &parameter.annotation {
                self.seed_type(function, annotation, node);
            }
            // What is injected says where it comes from: `Annotated[Session, Depends(get_session)]`.
            for decorator in &parameter.decorators {
                let source = self.local(parent, *decorator);
                self.watch(source, Watcher::Copy(node));
            }
            if let Some(default) = parameter.default {
                let source = self.local(parent, default);
                self.watch(source, Watcher::Copy(node));
            }
        }
        if let Some(returns) = &body.returns {
            let node = if body.traits.is_generator {
                self.yield_node(function)
            } else {
                self.result_node(function)
            };
            self.seed_type(function, returns, node);
        }
        for (index, local) in body.locals.iter().enumerate() {
            if let Some(annotation) = &local.annotation {
                let node = self.local(function, LocalId::new(index));
                self.seed_type(function, annotation, node);
            }
        }
    }

    pub(super) fn seed_type(&mut self, function: FunctionKey, annotation: &Type, target: Node) {
        match annotation {
            Type::Name(root, path) => {
                let rest = self.type_path(path.get(1..).unwrap_or_default());
                if let Some(local) = root {
                    let node = self.local(function, *local);
                    self.watch(node, Watcher::Instantiate(rest, target));
                }
            }
            Type::Generic(base, arguments) => {
                if names(base, "ReturnType") {
                    if let [Type::Name(Some(local), path)] = &arguments[..]
                        && path.len() == 1
                    {
                        let node = self.local(function, *local);
                        self.watch(node, Watcher::ResultOf(target));
                    }
                } else if is_transparent(base) {
                    for argument in arguments {
                        self.seed_type(function, argument, target);
                    }
                } else {
                    self.seed_type(function, base, target);
                }
            }
            Type::Union(members) => {
                for member in members {
                    self.seed_type(function, member, target);
                }
            }
            Type::Unknown => {}
        }
    }

    pub(super) fn seed_statement(&mut self, function: FunctionKey, action: &Action) {
        match action {
            Action::Assign(target, value) => {
                let node = self.local(function, *target);
                self.seed_value(function, value, node);
            }
            Action::SetField(object, name, value) => {
                let (object, source) =
                    (self.local(function, *object), self.local(function, *value));
                self.watch(object, Watcher::Store(*name, source));
            }
            Action::SetItem(object, key, value) => {
                if let Some(name) = self.constant_key(function, *key) {
                    let (object, source) =
                        (self.local(function, *object), self.local(function, *value));
                    self.watch(object, Watcher::Store(name, source));
                }
            }
        }
    }

    pub(super) fn seed_value(&mut self, function: FunctionKey, value: &Value, target: Node) {
        match value {
            Value::Local(source) => {
                let source = self.local(function, *source);
                self.watch(source, Watcher::Copy(target));
            }
            Value::Free(name) => self.free(function, *name, target),
            Value::Import(import) => self.import(self.world.module(function).file, *import, target),
            Value::Field(object, name) => {
                let object = self.local(function, *object);
                self.watch(object, Watcher::Load(*name, target));
            }
            Value::Item(object, key) => {
                if let Some(name) = self.constant_key(function, *key) {
                    let object = self.local(function, *object);
                    self.watch(object, Watcher::Load(name, target));
                } else if self.world.function(function).local(*object).name == "Annotated" {
                    let parts = self.local(function, *key);
                    self.watch(parts, Watcher::Element(target));
                }
            }
            Value::Element(collection) => {
                let collection = self.local(function, *collection);
                self.watch(collection, Watcher::Element(target));
            }
            Value::Closure(id) => {
                let closure = self.world.sibling(function, *id);
                self.add(target, Entity::Function(closure));
                for decorator in &self.world.function(closure).decorators {
                    let decorator = self.local(function, decorator.value);
                    self.watch(decorator, Watcher::Decorates(target));
                }
            }
            Value::Class(id) => {
                self.add(target, Entity::Class(self.world.class_near(function, *id)));
            }
            Value::Sequence(parts) => {
                let entries = parts.iter().enumerate();
                let entries =
                    entries.map(|(position, part)| (Symbol::new(&position.to_string()), *part));
                self.seed_record(function, entries.collect(), target);
            }
            Value::Record(parts) => self.seed_record(function, parts.clone(), target),
            Value::Constant(_)
            | Value::Text(_)
            | Value::Caught
            | Value::Operation(_)
            | Value::Equality(..)
            | Value::Opaque(_) => {}
        }
    }

    pub(super) fn seed_record(
        &mut self,
        function: FunctionKey,
        entries: Vec<(Symbol, LocalId)>,
        target: Node,
    ) {
        for (name, part) in entries {
            let field = self.field(Holder::Record(target), name);
            let source = self.local(function, part);
            self.watch(source, Watcher::Copy(field));
        }
        self.add(target, Entity::Record(target));
    }

    pub(super) fn seed_terminator(
        &mut self,
        function: FunctionKey,
        block: BlockId,
        terminator: &Terminator,
    ) {
        match terminator {
            Terminator::Call { call, .. } => {
                let site = CallSite { function, block };
                let (local, watcher) = match call.callee {
                    Callee::Local(local) => (local, Watcher::Callee(site)),
                    Callee::Method(receiver, name) => (receiver, Watcher::Receiver(site, name)),
                };
                let node = self.local(function, local);
                self.watch(node, watcher);
            }
            Terminator::Suspend {
                kind,
                value,
                result,
                ..
            } => {
                let (value, result) = (self.local(function, *value), self.local(function, *result));
                match kind {
                    Suspension::Await => self.watch(value, Watcher::Copy(result)),
                    Suspension::Yield => {
                        self.watch(value, Watcher::Copy(self.yield_node(function)));
                    }
                    Suspension::Delegate => {
                        self.watch(value, Watcher::Element(self.yield_node(function)));
                    }
                    Suspension::Next => self.watch(value, Watcher::Element(result)),
                }
            }
            // What parameters give is told to each caller: see `link`.
            Terminator::Return(_) if self.echoes(function).is_some() => {}
            Terminator::Return(value) => {
                let value = self.local(function, *value);
                self.watch(value, Watcher::Copy(self.result_node(function)));
            }
            _ => {}
        }
    }

    /// The key of an item, where it is one constant. Keys are temporaries, assigned once before their use.
    pub(super) fn constant_key(&self, function: FunctionKey, key: LocalId) -> Option<Symbol> {
        self.keys.get(&(function, key)).copied()
    }
}

/// Generic types that say how a value comes, not what it is.
fn is_transparent(base: &Type) -> bool {
    const NAMES: [&str; 20] = [
        "Annotated",
        "Optional",
        "Union",
        "Awaitable",
        "Coroutine",
        "Generator",
        "AsyncGenerator",
        "Iterator",
        "AsyncIterator",
        "Iterable",
        "AsyncIterable",
        "Promise",
        "PromiseLike",
        "Readonly",
        "NonNullable",
        "Awaited",
        "Partial",
        "Required",
        "Pick",
        "Omit",
    ];
    NAMES.iter().any(|name| names(base, name))
}

/// Whether a type is the one of this name, wherever it comes from.
fn names(kind: &Type, name: &str) -> bool {
    matches!(kind, Type::Name(_, path) if path.last().is_some_and(|last| *last == name))
}
