//! What every local may stand for.
//!
//! In: the [`World`], the [`Resolver`], the [`Library`]. Out: [`Values`]: for each local, class field and function
//! result a small set of [`Entity`]s. Values flow along assignments, imports, arguments, results, fields and
//! annotations, through all files at once, until nothing changes. It deliberately does not know order: a local
//! stands for all it is ever assigned in any call.
//!
//! Invariant: sets only grow and are capped, so the fixpoint is reached in time linear in the program.
mod calls;
mod imports;
mod seed;

use super::resolve::{Resolver, Target};
use super::{ClassKey, FunctionKey, World};
use crate::ir::{
    Action, BlockId, Call, CallKind, Callee, Constant, ImportId, Imported, LocalId, Site,
    Suspension, Terminator, Type, Value,
};
use crate::library::{CallFact, Effect, Form, Library, Place, Returns};
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
    /// A function bound there is decorated with what is held here.
    Decorates(Node),
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

    /// The top-level variable of another file that an import of one name brings.
    pub fn imported_variable(
        &self,
        file: FileId,
        import: ImportId,
    ) -> Option<(FunctionKey, LocalId)> {
        let import = self.world.module_of(file)?.imports.get(import.index())?;
        let Imported::Name(name) = import.imported else {
            return None;
        };
        let Target::File(found) = self.target(file, import.specifier) else {
            return None;
        };
        let top = self.world.top_level(found)?;
        if self.language(found).is_python() {
            let local = self.names.get(&(top, name))?;
            return Some((top, *local));
        }
        let exports = &self.world.module_of(found)?.exports;
        let export = exports.iter().rev().find(|export| export.name == name)?;
        Some((top, export.local))
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
            Watcher::Decorates(target) => self.decorated(entity, target),
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
            && let Target::File(submodule) = self
                .resolver
                .resolve(file, Symbol::new(&format!(".{name}")))
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
                self.watch(self.yield_node(function), Watcher::Copy(target));
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
            // An alias that says how the value comes: `Annotated[Session, Depends(get_session)]`.
            Entity::Instance(_, Some(_)) => self.add(target, entity),
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
