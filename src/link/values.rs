//! What every local may stand for.
//!
//! In: the [`World`], the [`Resolver`], the [`Library`]. Out: [`Values`]: for each local, class field and function
//! result a small set of [`Entity`]s. Values flow along assignments, imports, arguments, results, fields and
//! annotations, through all files at once, until nothing changes. It deliberately does not know order: a local
//! stands for all it is ever assigned in any call.
//!
//! Invariant: sets only grow and are capped, so the fixpoint is reached in time linear in the program.
use super::resolve::{Resolver, Target};
use super::{ClassKey, FunctionKey, World};
use crate::ir::{
    Action, BlockId, Call, CallKind, Callee, Constant, ImportId, Imported, LocalId, Site,
    Suspension, Terminator, Type, Value,
};
use crate::library::{CallFact, Form, Library, Place, Returns};
use crate::source::{FileId, Language};
use crate::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// Entities a set holds at most; a local that stands for more is used in a way no rule can follow.
const SET_LIMIT: usize = 8;

/// Re-exports are followed this far.
const EXPORT_LIMIT: u32 = 12;

/// Where a library value was made: the call in a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The function.
    pub function: FunctionKey,
    /// The call.
    pub site: Site,
}

/// What a local may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entity {
    /// A module, class or function of a library, by path.
    External(Symbol),
    /// An instance of a library's type.
    Instance(Symbol, Option<Origin>),
    /// A scope whose entering gives an instance of the type.
    Scope(Symbol, Option<Origin>),
    /// A method of an instance of a library's type, taken as a value.
    Method(Symbol, Symbol),
    /// A function of the program.
    Function(FunctionKey),
    /// A class of the program.
    Class(ClassKey),
    /// An instance of a class of the program.
    Object(ClassKey),
    /// An object literal, list or tuple, by the node it was first assigned to.
    Record(Node),
    /// A module of the program.
    Module(FileId),
    /// What calling a generator function gives.
    Generator(FunctionKey),
}

/// A place that holds values: a local, a field, a function's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(u32);

/// A call terminator of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallSite {
    /// The function it stands in.
    pub function: FunctionKey,
    /// The block it ends.
    pub block: BlockId,
}

/// Whose field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Class(ClassKey),
    Record(Node),
}

/// What happens when a node comes to hold an entity.
#[derive(Clone, Copy, Debug)]
enum Watcher {
    Copy(Node),
    Load(Symbol, Node),
    Store(Symbol, Node),
    Element(Node),
    Instantiate(u32, Node),
    Callee(CallSite),
    Receiver(CallSite, Symbol),
    /// The function held here is called with an instance of the type as the parameter at this position.
    CallbackParameter(u32, Symbol, Option<Origin>),
    /// The function held here is called with a function as the parameter at this position.
    CallbackReleaser(u32, Symbol),
    /// The result of calling what is held here.
    ResultOf(Node),
    /// What entering what is held here gives.
    Entered(Node),
}

/// What calling an entity leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dispatch<'l> {
    /// A function of the program.
    Function(FunctionKey),
    /// Making an instance of a class of the program.
    Construct(ClassKey),
    /// A callee that the library data knows.
    Facts(&'l [CallFact], Option<Entity>),
    /// Making an instance of a library type without further facts.
    Make(Symbol),
    /// Entering a scope that gives this.
    Enter(Entity),
    /// Entering or iterating a generator.
    Yields(FunctionKey),
    /// Whatever the node holds.
    Held(Node),
}

/// The values of the whole program.
#[derive(Debug)]
pub struct Values<'w> {
    pub(super) world: &'w World,
    pub(super) library: &'w Library,
    resolver: &'w Resolver<'w>,
    first_local: Vec<u32>,
    results: u32,
    yields: u32,
    sets: Vec<Vec<Entity>>,
    watchers: Vec<Vec<Watcher>>,
    fields: FxHashMap<(Holder, Symbol), Node>,
    field_names: FxHashMap<Holder, Vec<Symbol>>,
    type_paths: Vec<Vec<Symbol>>,
    names: FxHashMap<(FunctionKey, Symbol), LocalId>,
    keys: FxHashMap<(FunctionKey, LocalId), Symbol>,
    linked: FxHashSet<(CallSite, FunctionKey)>,
    callers: FxHashMap<FunctionKey, Vec<CallSite>>,
    queue: VecDeque<(Node, Entity)>,
}

impl<'w> Values<'w> {
    /// Computes the values.
    pub fn new(world: &'w World, library: &'w Library, resolver: &'w Resolver<'w>) -> Self {
        let mut first_local = Vec::new();
        let mut count = 0;
        for key in world.functions() {
            first_local.push(count);
            count += u32::try_from(world.function(key).locals.len()).unwrap_or(0);
        }
        let functions = u32::try_from(first_local.len()).unwrap_or(0);
        let total = (count + 2 * functions) as usize;
        let mut values = Self {
            world,
            library,
            resolver,
            first_local,
            results: count,
            yields: count + functions,
            sets: vec![Vec::new(); total],
            watchers: vec![Vec::new(); total],
            fields: FxHashMap::default(),
            field_names: FxHashMap::default(),
            type_paths: Vec::new(),
            names: FxHashMap::default(),
            keys: FxHashMap::default(),
            linked: FxHashSet::default(),
            callers: FxHashMap::default(),
            queue: VecDeque::new(),
        };
        values.bind_names();
        values.seed();
        values.run();
        values
    }

    /// The functions and classes that the values are of.
    pub fn world(&self) -> &'w World {
        self.world
    }

    /// The knowledge about libraries.
    pub fn library(&self) -> &'w Library {
        self.library
    }

    /// What a local may stand for.
    pub fn of(&self, function: FunctionKey, local: LocalId) -> &[Entity] {
        &self.sets[self.local(function, local).0 as usize]
    }

    /// What a function may return.
    pub fn result(&self, function: FunctionKey) -> &[Entity] {
        &self.sets[(self.results + function.0) as usize]
    }

    /// What a generator function may yield.
    pub fn yielded(&self, function: FunctionKey) -> &[Entity] {
        &self.sets[(self.yields + function.0) as usize]
    }

    /// What the fields of a class may hold.
    pub fn fields_of(&self, class: ClassKey) -> impl Iterator<Item = Entity> {
        self.entries_of(Holder::Class(class))
    }

    /// What the entries of an object literal, list or tuple may hold.
    pub fn entries(&self, entity: Entity) -> impl Iterator<Item = Entity> {
        let node = match entity {
            Entity::Record(node) => node,
            _ => Node(u32::MAX),
        };
        self.entries_of(Holder::Record(node))
    }

    fn entries_of(&self, holder: Holder) -> impl Iterator<Item = Entity> {
        let names = self.field_names.get(&holder).map_or(&[][..], Vec::as_slice);
        let nodes = names
            .iter()
            .filter_map(move |name| self.fields.get(&(holder, *name)));
        nodes.flat_map(|node| self.held(*node).iter().copied())
    }

    /// The calls that may reach a function, in order.
    pub fn callers(&self, function: FunctionKey) -> &[CallSite] {
        self.callers.get(&function).map_or(&[], Vec::as_slice)
    }

    /// The values of a node.
    pub(super) fn held(&self, node: Node) -> &[Entity] {
        &self.sets[node.0 as usize]
    }

    /// The program's file that an import of a module names.
    pub fn imported_file(&self, file: FileId, import: ImportId) -> Option<FileId> {
        let module = self.world.module_of(file)?;
        match self.target(file, module.imports.get(import.index())?.specifier) {
            Target::File(file) => Some(file),
            Target::Outside => None,
        }
    }

    /// What a name exported by a file may stand for.
    pub fn exported(&self, file: FileId, name: Symbol) -> &[Entity] {
        self.export(file, name, 0)
            .map_or(&[], |node| self.held(node))
    }

    fn local(&self, function: FunctionKey, local: LocalId) -> Node {
        let (function, local) = self.world.origin(function, local);
        Node(self.first_local[function.0 as usize] + local.0)
    }

    fn result_node(&self, function: FunctionKey) -> Node {
        Node(self.results + function.0)
    }

    fn yield_node(&self, function: FunctionKey) -> Node {
        Node(self.yields + function.0)
    }

    fn language(&self, file: FileId) -> Language {
        self.world
            .top_level(file)
            .map_or(Language::Python, |key| self.world.language(key))
    }

    fn bind_names(&mut self) {
        for key in self
            .world
            .functions()
            .filter(|key| self.world.is_top_level(*key))
        {
            for (index, local) in self.world.function(key).locals.iter().enumerate() {
                if !local.name.is_empty() {
                    self.names
                        .entry((key, local.name))
                        .or_insert(LocalId::new(index));
                }
            }
        }
    }

    // ---- propagation -------------------------------------------------------------------------------------

    fn run(&mut self) {
        while let Some((node, entity)) = self.queue.pop_front() {
            let mut position = 0;
            while let Some(watcher) = self.watchers[node.0 as usize].get(position).copied() {
                self.notify(watcher, entity);
                position += 1;
            }
        }
    }

    fn add(&mut self, node: Node, entity: Entity) {
        let set = &mut self.sets[node.0 as usize];
        if set.len() < SET_LIMIT && !set.contains(&entity) {
            set.push(entity);
            self.queue.push_back((node, entity));
        }
    }

    /// Watches a node: for what it holds, at once; for what it will hold, later. An entity still queued is seen
    /// twice, which changes nothing.
    fn watch(&mut self, node: Node, watcher: Watcher) {
        if matches!(watcher, Watcher::Copy(target) if target == node) {
            return;
        }
        self.watchers[node.0 as usize].push(watcher);
        let mut position = 0;
        while let Some(entity) = self.sets[node.0 as usize].get(position).copied() {
            self.notify(watcher, entity);
            position += 1;
        }
    }

    fn notify(&mut self, watcher: Watcher, entity: Entity) {
        match watcher {
            Watcher::Copy(target) => self.add(target, entity),
            Watcher::Load(name, target) => self.load(entity, name, target),
            Watcher::Store(name, source) => self.store(entity, name, source),
            Watcher::Element(target) => self.element(entity, target),
            Watcher::Instantiate(path, target) => self.instantiate(entity, path, target),
            Watcher::Callee(site) => self.call(site, entity, None),
            Watcher::Receiver(site, name) => self.call(site, entity, Some(name)),
            Watcher::CallbackParameter(position, path, origin) => {
                if let Entity::Function(function) = entity
                    && let Some(parameter) = self
                        .world
                        .function(function)
                        .parameters
                        .get(position as usize)
                {
                    let node = self.local(function, parameter.local);
                    self.add(node, Entity::Instance(path, origin));
                }
            }
            Watcher::CallbackReleaser(position, path) => {
                if let Entity::Function(function) = entity
                    && let Some(parameter) = self
                        .world
                        .function(function)
                        .parameters
                        .get(position as usize)
                {
                    let node = self.local(function, parameter.local);
                    self.add(node, Entity::Method(path, Symbol::new("done")));
                }
            }
            Watcher::ResultOf(target) => self.result_of(entity, target),
            Watcher::Entered(target) => self.entered(entity, target),
        }
    }

    fn field(&mut self, holder: Holder, name: Symbol) -> Node {
        if let Some(node) = self.fields.get(&(holder, name)) {
            return *node;
        }
        let node = Node(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        self.sets.push(Vec::new());
        self.watchers.push(Vec::new());
        self.fields.insert((holder, name), node);
        self.field_names.entry(holder).or_default().push(name);
        node
    }

    fn load(&mut self, entity: Entity, name: Symbol, target: Node) {
        match entity {
            Entity::External(path) => {
                for language in [Language::Python, Language::JavaScript] {
                    if let Some(member) = self.library.member(language, path, &name) {
                        self.add(target, Entity::External(member));
                    }
                }
            }
            Entity::Instance(path, origin) => self.load_library_field(path, origin, name, target),
            Entity::Class(class) | Entity::Object(class) => self.load_member(class, name, target),
            Entity::Record(node) => {
                let field = self.field(Holder::Record(node), name);
                self.watch(field, Watcher::Copy(target));
            }
            Entity::Module(file) => self.load_export(file, name, target),
            Entity::Scope(..) | Entity::Method(..) | Entity::Function(_) | Entity::Generator(_) => {
            }
        }
    }

    fn load_library_field(
        &mut self,
        path: Symbol,
        origin: Option<Origin>,
        name: Symbol,
        target: Node,
    ) {
        for language in [Language::Python, Language::JavaScript] {
            if let Some(kind) = self.library.field(language, path, name) {
                self.add(target, Entity::Instance(kind, origin));
            } else if !self.library.method(language, path, &name).is_empty() {
                self.add(target, Entity::Method(path, name));
            }
        }
    }

    fn load_member(&mut self, class: ClassKey, name: Symbol, target: Node) {
        for ancestor in self.ancestry(class) {
            let methods = &self.world.class(ancestor).methods;
            if let Some((_, method)) = methods.iter().find(|(method, _)| *method == name) {
                let method = self.world.function_near(ancestor, *method);
                if self.world.function(method).traits.is_getter {
                    self.watch(self.result_node(method), Watcher::Copy(target));
                } else {
                    self.add(target, Entity::Function(method));
                }
                return;
            }
            let field = self.field(Holder::Class(ancestor), name);
            self.watch(field, Watcher::Copy(target));
        }
        for path in self.library_bases(class) {
            self.load_library_field(path, None, name, target);
        }
    }

    fn load_export(&mut self, file: FileId, name: Symbol, target: Node) {
        if let Some(node) = self.export(file, name, 0) {
            self.watch(node, Watcher::Copy(target));
        } else if let Some(whole) = self.export(file, Symbol::new("module.exports"), 0) {
            self.watch(whole, Watcher::Load(name, target));
        } else if self.language(file).is_python()
            && let Target::File(submodule) = self.resolver.python(file, &format!(".{name}"))
        {
            self.add(target, Entity::Module(submodule));
        }
    }

    fn store(&mut self, entity: Entity, name: Symbol, source: Node) {
        let holder = match entity {
            Entity::Class(class) | Entity::Object(class) => Holder::Class(class),
            Entity::Record(node) => Holder::Record(node),
            _ => return,
        };
        let field = self.field(holder, name);
        self.watch(source, Watcher::Copy(field));
    }

    fn element(&mut self, entity: Entity, target: Node) {
        match entity {
            Entity::Record(node) => {
                for name in self
                    .field_names
                    .get(&Holder::Record(node))
                    .cloned()
                    .unwrap_or_default()
                {
                    let field = self.field(Holder::Record(node), name);
                    self.watch(field, Watcher::Copy(target));
                }
            }
            Entity::Generator(function) => {
                self.watch(self.yield_node(function), Watcher::Copy(target))
            }
            _ => {}
        }
    }

    fn instantiate(&mut self, entity: Entity, path: u32, target: Node) {
        let rest = self.type_paths[path as usize].clone();
        let mut entity = entity;
        for name in rest {
            entity = match entity {
                Entity::External(path) => {
                    let languages = [Language::Python, Language::JavaScript];
                    let member = languages
                        .iter()
                        .find_map(|language| self.library.member(*language, path, &name));
                    let Some(member) = member else { return };
                    Entity::External(member)
                }
                Entity::Module(file) => {
                    let Some(node) = self.export(file, name, 0) else {
                        return;
                    };
                    let remaining = self.type_path(&[]);
                    self.watch(node, Watcher::Instantiate(remaining, target));
                    return;
                }
                _ => return,
            };
        }
        match entity {
            Entity::External(path) => self.add(target, Entity::Instance(path, None)),
            Entity::Class(class) => self.add(target, Entity::Object(class)),
            _ => {}
        }
    }

    fn type_path(&mut self, path: &[Symbol]) -> u32 {
        if let Some(known) = self.type_paths.iter().position(|known| known == path) {
            return u32::try_from(known).unwrap_or(0);
        }
        self.type_paths.push(path.to_vec());
        u32::try_from(self.type_paths.len() - 1).unwrap_or(0)
    }

    /// The classes of the program that a class is, itself first.
    pub fn ancestry(&self, class: ClassKey) -> Vec<ClassKey> {
        let mut found = vec![class];
        let mut position = 0;
        while let Some(class) = found.get(position).copied() {
            for base in self.bases(class) {
                if let Entity::Class(base) = base
                    && !found.contains(&base)
                    && found.len() < 32
                {
                    found.push(base);
                }
            }
            position += 1;
        }
        found
    }

    /// The library types that a class inherits from.
    pub fn library_bases(&self, class: ClassKey) -> Vec<Symbol> {
        let ancestry = self.ancestry(class);
        let bases = ancestry.into_iter().flat_map(|class| self.bases(class));
        bases
            .filter_map(|base| {
                if let Entity::External(path) = base {
                    Some(path)
                } else {
                    None
                }
            })
            .collect()
    }

    fn bases(&self, class: ClassKey) -> Vec<Entity> {
        let declared = self.world.class(class);
        let parent = self.world.function_near(class, declared.parent);
        declared
            .bases
            .iter()
            .flat_map(|base| self.of(parent, *base).iter().copied())
            .collect()
    }

    /// The method a class of the program has under a name, by itself or by inheritance.
    pub fn method(&self, class: ClassKey, name: &str) -> Option<FunctionKey> {
        self.ancestry(class).into_iter().find_map(|class| {
            let methods = &self.world.class(class).methods;
            let (_, method) = methods.iter().find(|(method, _)| *method == name)?;
            Some(self.world.function_near(class, *method))
        })
    }

    // ---- calls -------------------------------------------------------------------------------------------

    fn ir_call(&self, site: CallSite) -> Option<(&'w Call, Site)> {
        let block = self.world.function(site.function).block(site.block);
        match &block.terminator {
            Terminator::Call { call, .. } => Some((call, block.site)),
            _ => None,
        }
    }

    fn call(&mut self, site: CallSite, entity: Entity, method: Option<Symbol>) {
        let Some((call, place)) = self.ir_call(site) else {
            return;
        };
        let result = self.local(site.function, call.result);
        let origin = Some(Origin {
            function: site.function,
            site: place,
        });
        for dispatch in self.dispatch(site.function, call, entity, method) {
            match dispatch {
                Dispatch::Function(function) => self.link(site, call, function, Some(entity)),
                Dispatch::Construct(class) => {
                    self.add(result, Entity::Object(class));
                    for name in ["__init__", "constructor"] {
                        if let Some(constructor) = self.method(class, name) {
                            self.link(site, call, constructor, Some(Entity::Object(class)));
                        }
                    }
                }
                Dispatch::Facts(facts, receiver) => {
                    for fact in facts {
                        if self.form_holds(site.function, call, fact) {
                            self.apply(site, call, fact, receiver, origin);
                        }
                    }
                }
                Dispatch::Make(path) => self.add(result, Entity::Instance(path, origin)),
                Dispatch::Enter(entity) => self.add(result, entity),
                Dispatch::Yields(function) => {
                    self.watch(self.yield_node(function), Watcher::Copy(result))
                }
                Dispatch::Held(node) => self.watch(node, Watcher::Callee(site)),
            }
        }
    }

    /// What calling an entity, or its method, leads to.
    pub(super) fn dispatch(
        &self,
        function: FunctionKey,
        call: &Call,
        entity: Entity,
        method: Option<Symbol>,
    ) -> Vec<Dispatch<'w>> {
        let language = self.world.language(function);
        let Some(name) = method else {
            return self.dispatch_plain(language, entity);
        };
        if call.kind == CallKind::Super {
            return self.dispatch_base(language, entity, name);
        }
        match entity {
            Entity::External(path) => match self.library.member(language, path, &name) {
                Some(member) => self.dispatch_plain(language, Entity::External(member)),
                None => Vec::new(),
            },
            Entity::Instance(path, _) => self.dispatch_instance(language, call, entity, path, name),
            Entity::Scope(path, origin) if call.kind == CallKind::Enter => {
                vec![Dispatch::Enter(Entity::Instance(path, origin))]
            }
            Entity::Object(class) | Entity::Class(class) => {
                self.dispatch_member(language, entity, class, name)
            }
            Entity::Record(node) => self
                .fields
                .get(&(Holder::Record(node), name))
                .map(|field| Dispatch::Held(*field))
                .into_iter()
                .collect(),
            Entity::Module(file) => self
                .export(file, name, 0)
                .map(Dispatch::Held)
                .into_iter()
                .collect(),
            Entity::Generator(function) if call.kind == CallKind::Enter => {
                vec![Dispatch::Yields(function)]
            }
            _ => Vec::new(),
        }
    }

    fn dispatch_plain(&self, language: Language, entity: Entity) -> Vec<Dispatch<'w>> {
        match entity {
            Entity::Function(function) => vec![Dispatch::Function(function)],
            Entity::Class(class) => {
                let mut found = vec![Dispatch::Construct(class)];
                let bases = self.library_bases(class);
                let facts = bases
                    .into_iter()
                    .map(|base| self.library.call(language, base));
                found.extend(
                    facts
                        .filter(|facts| !facts.is_empty())
                        .map(|facts| Dispatch::Facts(facts, None)),
                );
                found
            }
            Entity::External(path) => {
                let facts = self.library.call(language, path);
                if !facts.is_empty() {
                    vec![Dispatch::Facts(facts, None)]
                } else if self.library.is_type(language, path) {
                    vec![Dispatch::Make(path)]
                } else {
                    Vec::new()
                }
            }
            Entity::Instance(path, _) => {
                vec![Dispatch::Facts(
                    self.library.method(language, path, "__call__"),
                    Some(entity),
                )]
            }
            Entity::Method(path, name) => {
                let receiver = Entity::Instance(path, None);
                vec![Dispatch::Facts(
                    self.library.method(language, path, &name),
                    Some(receiver),
                )]
            }
            Entity::Object(class) => self
                .method(class, "__call__")
                .map(Dispatch::Function)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    fn dispatch_instance(
        &self,
        language: Language,
        call: &Call,
        entity: Entity,
        path: Symbol,
        name: Symbol,
    ) -> Vec<Dispatch<'w>> {
        let facts = self.library.method(language, path, &name);
        let mut found = Vec::new();
        if !facts.is_empty() {
            found.push(Dispatch::Facts(facts, Some(entity)));
        } else if let Some(kind) = self.library.field(language, path, name) {
            found.extend(self.dispatch_plain(language, Entity::Instance(kind, None)));
        }
        // A scope gives itself unless the data says otherwise.
        if call.kind == CallKind::Enter && facts.iter().all(|fact| fact.returns == Returns::Unknown)
        {
            found.push(Dispatch::Enter(entity));
        }
        found
    }

    fn dispatch_member(
        &self,
        language: Language,
        entity: Entity,
        class: ClassKey,
        name: Symbol,
    ) -> Vec<Dispatch<'w>> {
        if let Some(method) = self.method(class, &name) {
            return vec![Dispatch::Function(method)];
        }
        let mut found: Vec<_> = self
            .ancestry(class)
            .into_iter()
            .filter_map(|class| self.fields.get(&(Holder::Class(class), name)))
            .map(|field| Dispatch::Held(*field))
            .collect();
        for base in self.library_bases(class) {
            let facts = self.library.method(language, base, &name);
            if !facts.is_empty() {
                found.push(Dispatch::Facts(facts, Some(entity)));
            }
        }
        found
    }

    fn dispatch_base(&self, language: Language, entity: Entity, name: Symbol) -> Vec<Dispatch<'w>> {
        let (Entity::Object(class) | Entity::Class(class)) = entity else {
            return Vec::new();
        };
        let inherited = self.ancestry(class).into_iter().skip(1).find_map(|base| {
            let methods = &self.world.class(base).methods;
            let (_, method) = methods.iter().find(|(method, _)| *method == name)?;
            Some(self.world.function_near(base, *method))
        });
        if let Some(method) = inherited {
            return vec![Dispatch::Function(method)];
        }
        let bases = self.library_bases(class);
        let facts = bases
            .into_iter()
            .map(|base| self.library.method(language, base, &name));
        facts
            .filter(|facts| !facts.is_empty())
            .map(|facts| Dispatch::Facts(facts, Some(entity)))
            .collect()
    }

    /// Whether a fact is about this form of the call.
    pub(super) fn form_holds(&self, function: FunctionKey, call: &Call, fact: &CallFact) -> bool {
        match fact.form {
            Form::Any => true,
            Form::Callback => self.callback(function, call).is_some(),
            Form::Promise => self.callback(function, call).is_none(),
        }
    }

    /// The last argument, where it is a function.
    pub fn callback(&self, function: FunctionKey, call: &Call) -> Option<LocalId> {
        let last = call
            .arguments
            .last()
            .filter(|argument| !argument.is_spread)?
            .value;
        let is_function =
            |entity: &Entity| matches!(entity, Entity::Function(_) | Entity::Method(..));
        self.of(function, last)
            .iter()
            .any(is_function)
            .then_some(last)
    }

    fn link(
        &mut self,
        site: CallSite,
        call: &'w Call,
        function: FunctionKey,
        receiver: Option<Entity>,
    ) {
        if !self.linked.insert((site, function)) {
            return;
        }
        self.callers.entry(function).or_default().push(site);
        let body = self.world.function(function);
        for (position, argument) in call.arguments.iter().enumerate() {
            let Some(parameter) = parameter_of(body, position, argument) else {
                continue;
            };
            let source = self.local(site.function, argument.value);
            let target = self.local(function, parameter);
            self.watch(source, Watcher::Copy(target));
        }
        if let (Some(local), Some(entity @ (Entity::Object(_) | Entity::Class(_)))) =
            (body.receiver, receiver)
        {
            let node = self.local(function, local);
            self.add(node, entity);
        }
        let result = self.local(site.function, call.result);
        if body.traits.is_constructor {
            return;
        }
        self.watch(self.result_node(function), Watcher::Copy(result));
        if body.traits.is_generator {
            self.add(result, Entity::Generator(function));
        }
    }

    fn apply(
        &mut self,
        site: CallSite,
        call: &'w Call,
        fact: &'w CallFact,
        receiver: Option<Entity>,
        origin: Option<Origin>,
    ) {
        let result = self.local(site.function, call.result);
        if let Some(kind) = fact.resource {
            self.apply_resource(site, call, fact, kind, origin);
        }
        let argument = |values: &Self, position: u32| {
            let argument = call.arguments.get(position as usize)?;
            Some(values.local(site.function, argument.value))
        };
        match fact.returns {
            Returns::Unknown if fact.resource.is_none() && !fact.callee.contains('#') => {
                if self
                    .library
                    .is_type(self.world.language(site.function), fact.callee)
                {
                    self.add(result, Entity::Instance(fact.callee, origin));
                }
            }
            Returns::Unknown => {}
            Returns::Type(path) => self.add(result, Entity::Instance(path, origin)),
            Returns::Receiver => {
                if let Some(entity) = receiver {
                    self.add(result, entity);
                }
            }
            Returns::Argument(position) => {
                if let Some(node) = argument(self, position) {
                    self.watch(node, Watcher::Copy(result));
                }
            }
            Returns::ResultOfArgument(position) => {
                if let Some(node) = argument(self, position) {
                    self.watch(node, Watcher::ResultOf(result));
                }
            }
            Returns::EnteredArgument(position) => {
                if let Some(node) = argument(self, position) {
                    self.watch(node, Watcher::Entered(result));
                }
            }
            Returns::Arguments => self.collect(site, call, result),
        }
    }

    fn apply_resource(
        &mut self,
        site: CallSite,
        call: &'w Call,
        fact: &CallFact,
        kind: Symbol,
        origin: Option<Origin>,
    ) {
        let result = self.local(site.function, call.result);
        match fact.at {
            Place::Result => self.add(result, Entity::Instance(kind, origin)),
            Place::Entered => self.add(result, Entity::Scope(kind, origin)),
            Place::ResultOrEntered => {
                self.add(result, Entity::Instance(kind, origin));
                self.add(result, Entity::Scope(kind, origin));
            }
            Place::CallbackParameter(position) => {
                if let Some(argument) = call.arguments.last() {
                    let node = self.local(site.function, argument.value);
                    self.watch(node, Watcher::CallbackParameter(position, kind, origin));
                    if let Some(Place::CallbackParameter(releaser)) = fact.releaser {
                        self.watch(node, Watcher::CallbackReleaser(releaser, kind));
                    }
                }
            }
            _ => {}
        }
    }

    /// `Promise.all([a, b])` gives what its one argument holds; `gather(a, b)` a list of its arguments.
    fn collect(&mut self, site: CallSite, call: &'w Call, result: Node) {
        if let [only] = call.arguments.as_slice() {
            let node = self.local(site.function, only.value);
            self.watch(node, Watcher::Copy(result));
            return;
        }
        for (position, argument) in call.arguments.iter().enumerate() {
            let field = self.field(Holder::Record(result), Symbol::new(&position.to_string()));
            let node = self.local(site.function, argument.value);
            self.watch(node, Watcher::Copy(field));
        }
        self.add(result, Entity::Record(result));
    }

    fn result_of(&mut self, entity: Entity, target: Node) {
        match entity {
            Entity::Function(function) => {
                self.watch(self.result_node(function), Watcher::Copy(target));
                self.watch(self.yield_node(function), Watcher::Copy(target));
            }
            Entity::Class(class) => self.add(target, Entity::Object(class)),
            _ => {}
        }
    }

    fn entered(&mut self, entity: Entity, target: Node) {
        match entity {
            Entity::Scope(path, origin) => self.add(target, Entity::Instance(path, origin)),
            Entity::Generator(function) => {
                self.watch(self.yield_node(function), Watcher::Copy(target))
            }
            Entity::Object(class) => {
                let methods = ["__enter__", "__aenter__"];
                if let Some(enter) = methods.iter().find_map(|name| self.method(class, name)) {
                    self.watch(self.result_node(enter), Watcher::Copy(target));
                }
            }
            _ => self.add(target, entity),
        }
    }

    // ---- imports and exports -----------------------------------------------------------------------------

    fn target(&self, file: FileId, specifier: Symbol) -> Target {
        if self.language(file).is_python() {
            self.resolver.python(file, &specifier)
        } else {
            self.resolver.javascript(file, &specifier)
        }
    }

    fn import(&mut self, file: FileId, import: ImportId, target: Node) {
        let Some(import) = self
            .world
            .module_of(file)
            .and_then(|module| module.imports.get(import.index()))
        else {
            return;
        };
        let (specifier, imported) = (import.specifier, import.imported);
        if self.language(file).is_python() {
            self.import_python(file, specifier, imported, target);
        } else {
            self.import_javascript(file, specifier, imported, target);
        }
    }

    fn import_python(&mut self, file: FileId, specifier: Symbol, imported: Imported, target: Node) {
        let whole = match imported {
            Imported::Root => Symbol::new(specifier.split('.').next().unwrap_or_default()),
            _ => specifier,
        };
        if let Target::File(found) = self.resolver.python(file, &whole) {
            return match imported {
                Imported::Name(name) => self.load_export(found, name, target),
                _ => self.add(target, Entity::Module(found)),
            };
        }
        if let Imported::Name(name) = imported {
            let dotted = if specifier.ends_with('.') {
                format!("{specifier}{name}")
            } else {
                format!("{specifier}.{name}")
            };
            if let Target::File(submodule) = self.resolver.python(file, &dotted) {
                return self.add(target, Entity::Module(submodule));
            }
        }
        self.import_library(Language::Python, whole, imported, target);
    }

    fn import_javascript(
        &mut self,
        file: FileId,
        specifier: Symbol,
        imported: Imported,
        target: Node,
    ) {
        let Target::File(found) = self.resolver.javascript(file, &specifier) else {
            return self.import_library(Language::JavaScript, specifier, imported, target);
        };
        let whole = self.export(found, Symbol::new("module.exports"), 0);
        match imported {
            Imported::Name(name) => self.load_export(found, name, target),
            Imported::Default => match self.export(found, Symbol::new("default"), 0) {
                Some(node) => self.watch(node, Watcher::Copy(target)),
                None => {
                    if let Some(node) = whole {
                        self.watch(node, Watcher::Copy(target));
                    }
                    self.add(target, Entity::Module(found));
                }
            },
            _ => {
                if let Some(node) = whole {
                    self.watch(node, Watcher::Copy(target));
                }
                self.add(target, Entity::Module(found));
            }
        }
    }

    fn import_library(
        &mut self,
        language: Language,
        specifier: Symbol,
        imported: Imported,
        target: Node,
    ) {
        let specifier = Symbol::new(specifier.strip_prefix("node:").unwrap_or(&specifier));
        let path = match imported {
            Imported::Name(name) => self.library.member(language, specifier, &name),
            Imported::Default => {
                let named = self.library.member(language, specifier, "default");
                named.or_else(|| self.library.canonical(language, specifier))
            }
            _ => self.library.canonical(language, specifier),
        };
        if let Some(path) = path {
            self.add(target, Entity::External(path));
        }
    }

    /// The node of a name that a file exports.
    fn export(&self, file: FileId, name: Symbol, depth: u32) -> Option<Node> {
        let module = self.world.module_of(file)?;
        let top = self.world.top_level(file)?;
        if depth > EXPORT_LIMIT {
            return None;
        }
        let (found, stars) = if self.language(file).is_python() {
            (self.names.get(&(top, name)).copied(), &module.star_imports)
        } else {
            let export = module
                .exports
                .iter()
                .rev()
                .find(|export| export.name == name);
            (export.map(|export| export.local), &module.star_exports)
        };
        if let Some(local) = found {
            return Some(self.local(top, local));
        }
        stars.iter().find_map(|star| {
            let specifier = module.imports.get(star.index())?.specifier;
            match self.target(file, specifier) {
                Target::File(other) => self.export(other, name, depth + 1),
                Target::Outside => None,
            }
        })
    }

    /// A name that nothing in the file binds: a global, or one that a star import brings.
    fn free(&mut self, function: FunctionKey, name: Symbol, target: Node) {
        let language = self.world.language(function);
        if let Some(path) = self.library.global(language, name) {
            self.add(target, Entity::External(path));
        }
        let module = self.world.module(function);
        for star in &module.star_imports {
            let Some(import) = module.imports.get(star.index()) else {
                continue;
            };
            match self.target(module.file, import.specifier) {
                Target::File(file) => {
                    if let Some(node) = self.export(file, name, 0) {
                        self.watch(node, Watcher::Copy(target));
                    }
                }
                Target::Outside => {
                    self.import_library(language, import.specifier, Imported::Name(name), target);
                }
            }
        }
    }

    // ---- the program as constraints ----------------------------------------------------------------------

    fn seed(&mut self) {
        for class in self.world.classes() {
            self.seed_class(class);
        }
        for function in self.world.functions() {
            self.seed_declaration(function);
            self.seed_keys(function);
            let body = self.world.function(function);
            for (index, block) in body.blocks.iter().enumerate() {
                for statement in &block.statements {
                    self.seed_statement(function, &statement.action);
                }
                self.seed_terminator(function, BlockId::new(index), &block.terminator);
            }
        }
    }

    fn seed_keys(&mut self, function: FunctionKey) {
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

    fn seed_class(&mut self, class: ClassKey) {
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

    fn seed_declaration(&mut self, function: FunctionKey) {
        let body = self.world.function(function);
        let parent = self.world.sibling(function, body.parent);
        for parameter in &body.parameters {
            let node = self.local(function, parameter.local);
            if let Some(annotation) = &parameter.annotation {
                self.seed_type(function, annotation, node);
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

    fn seed_type(&mut self, function: FunctionKey, annotation: &Type, target: Node) {
        match annotation {
            Type::Name(root, path) => {
                let rest = self.type_path(path.get(1..).unwrap_or_default());
                if let Some(local) = root {
                    let node = self.local(function, *local);
                    self.watch(node, Watcher::Instantiate(rest, target));
                }
            }
            Type::Generic(base, arguments) => {
                if is_transparent(base) {
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

    fn seed_statement(&mut self, function: FunctionKey, action: &Action) {
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

    fn seed_value(&mut self, function: FunctionKey, value: &Value, target: Node) {
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
                }
            }
            Value::Element(collection) => {
                let collection = self.local(function, *collection);
                self.watch(collection, Watcher::Element(target));
            }
            Value::Closure(id) => {
                self.add(target, Entity::Function(self.world.sibling(function, *id)))
            }
            Value::Class(id) => {
                self.add(target, Entity::Class(self.world.class_near(function, *id)))
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
            | Value::Opaque(_) => {}
        }
    }

    fn seed_record(
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

    fn seed_terminator(&mut self, function: FunctionKey, block: BlockId, terminator: &Terminator) {
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
                        self.watch(value, Watcher::Copy(self.yield_node(function)))
                    }
                    Suspension::Delegate => {
                        self.watch(value, Watcher::Element(self.yield_node(function)))
                    }
                    Suspension::Next => self.watch(value, Watcher::Element(result)),
                }
            }
            Terminator::Return(value) => {
                let value = self.local(function, *value);
                self.watch(value, Watcher::Copy(self.result_node(function)));
            }
            _ => {}
        }
    }

    /// The key of an item, where it is one constant. Keys are temporaries, assigned once before their use.
    fn constant_key(&self, function: FunctionKey, key: LocalId) -> Option<Symbol> {
        self.keys.get(&(function, key)).copied()
    }
}

/// The parameter that receives an argument.
pub fn parameter_of(
    body: &crate::ir::Function,
    position: usize,
    argument: &crate::ir::Argument,
) -> Option<LocalId> {
    if argument.is_spread {
        return None;
    }
    let parameter = if argument.name.is_empty() {
        body.parameters
            .get(position)
            .filter(|parameter| !parameter.is_rest)
    } else {
        body.parameters
            .iter()
            .find(|parameter| parameter.name == argument.name)
    };
    parameter.map(|parameter| parameter.local)
}

/// Generic types that say how a value comes, not what it is.
fn is_transparent(base: &Type) -> bool {
    const NAMES: [&str; 17] = [
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
    ];
    matches!(base, Type::Name(_, path) if path.last().is_some_and(|name| NAMES.contains(&name.text())))
}
