//! What every local may stand for.
//!
//! In: the [`World`], the [`Resolver`], the [`Library`]. Out: [`Values`]: for each local, class field and function
//! result a small set of [`Entity`]s. Values flow along assignments, imports, arguments, results, fields and
//! annotations, through all files at once, until nothing changes. It deliberately does not know order: a local
//! stands for all it is ever assigned in any call. Modules may come one after the other: see `growth.rs`.
//!
//! Invariant: sets only grow and are capped, so the fixpoint is reached in time linear in the program.
mod calls;
mod echoes;
mod growth;
mod imports;
mod lacks;
mod overrides;
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
use echoes::Echoes;
use growth::{Late, Wait, Waiting};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::rc::Rc;

pub use growth::News;

/// Entities a set holds at most; a local that stands for more is used in a way no rule can follow.
pub const SET_LIMIT: usize = 8;

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
    /// Beside an instance of a library's type: it stands for rows of this class of the program.
    Rows(ClassKey),
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

impl Entity {
    /// The function of the program that it is.
    pub fn function(&self) -> Option<FunctionKey> {
        match self {
            Self::Function(function) => Some(*function),
            _ => None,
        }
    }
}

/// A place that holds values: a local, a field, a function's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(u32);

/// The place of the program that a [`Node`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A local, where it is defined.
    Local(FunctionKey, LocalId),
    /// What a function returns or yields.
    Result(FunctionKey),
    /// A field of a class.
    Class(ClassKey),
    /// An entry of the object literal, list or tuple of this node.
    Record(Node),
}

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
    /// A library makes an instance of the class held here.
    MadeOf(Node),
    /// Rows of the class held here, or the rows that what is held here stands for.
    RowsOf(Node),
    /// One of them.
    RowOf(Node),
    /// What entering what is held here gives.
    Entered(Node),
    /// A function bound there is decorated with what is held here.
    Decorates(Node),
    /// The class inherits from what is held here.
    Base(ClassKey),
    /// The last argument of a call of which a function makes another call.
    Callback(CallSite),
}

/// What calling an entity leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dispatch<'l> {
    /// A function of the program.
    Function(FunctionKey),
    /// The method of a class of the program that inherits from what is called.
    Override(FunctionKey, ClassKey),
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
    pub(super) world: World<'w>,
    pub(super) library: &'w Library,
    resolver: &'w Resolver<'w>,
    /// The first node of each function: of its results; then comes what it yields, then its locals.
    first_node: Vec<u32>,
    sets: Vec<Vec<Entity>>,
    watchers: Vec<Vec<Watcher>>,
    /// How many entities of each node its watchers have been told of.
    told: Vec<u8>,
    /// Nodes that others may come to for a pool or a resource: results, fields, what modules export.
    is_public: Vec<bool>,
    fields: FxHashMap<(Holder, Symbol), Node>,
    field_names: FxHashMap<Holder, Vec<Symbol>>,
    /// The fields in the order of their nodes.
    field_nodes: Vec<(Node, Holder)>,
    /// By record: who takes all of its entries.
    element_of: FxHashMap<Node, Vec<Node>>,
    type_paths: Vec<Vec<Symbol>>,
    names: FxHashMap<(FunctionKey, Symbol), LocalId>,
    keys: FxHashMap<(FunctionKey, LocalId), Symbol>,
    linked: FxHashSet<(CallSite, FunctionKey)>,
    /// Functions that give what a parameter gives.
    echoes: FxHashMap<FunctionKey, Option<Rc<Echoes>>>,
    callers: FxHashMap<FunctionKey, Vec<CallSite>>,
    /// Classes by what they inherit from.
    heirs: FxHashMap<ClassKey, Vec<ClassKey>>,
    /// Classes of which a library makes instances that stand for what it decorates.
    stand_ins: FxHashSet<ClassKey>,
    /// By class: calls of its methods that only those have which inherit from it.
    open_calls: FxHashMap<ClassKey, Vec<(CallSite, Symbol)>>,
    /// Questions about a class that its bases may answer.
    asked: FxHashMap<ClassKey, Vec<(Watcher, Entity)>>,
    /// Calls whose last argument is watched for a function.
    formed: FxHashSet<CallSite>,
    late: VecDeque<Late<'w>>,
    queue: VecDeque<Node>,
    wait: Wait,
    news: News,
}

impl<'w> Values<'w> {
    /// The values of a world that is still empty.
    pub fn new(world: World<'w>, library: &'w Library, resolver: &'w Resolver<'w>) -> Self {
        Self {
            world,
            library,
            resolver,
            first_node: Vec::new(),
            sets: Vec::new(),
            watchers: Vec::new(),
            told: Vec::new(),
            is_public: Vec::new(),
            fields: FxHashMap::default(),
            field_names: FxHashMap::default(),
            field_nodes: Vec::new(),
            element_of: FxHashMap::default(),
            type_paths: Vec::new(),
            names: FxHashMap::default(),
            keys: FxHashMap::default(),
            linked: FxHashSet::default(),
            echoes: FxHashMap::default(),
            callers: FxHashMap::default(),
            heirs: FxHashMap::default(),
            stand_ins: FxHashSet::default(),
            open_calls: FxHashMap::default(),
            asked: FxHashMap::default(),
            formed: FxHashSet::default(),
            late: VecDeque::new(),
            queue: VecDeque::new(),
            wait: Wait::default(),
            news: News::default(),
        }
    }

    /// The functions and classes that the values are of.
    pub fn world(&self) -> &World<'w> {
        &self.world
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
        self.held(self.result_node(function))
    }

    /// What a generator function may yield.
    pub fn yielded(&self, function: FunctionKey) -> &[Entity] {
        self.held(self.yield_node(function))
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

    /// Whether an object literal that a local may stand for has an entry whose name contains this.
    pub fn entries_named(&self, function: FunctionKey, local: LocalId, part: &str) -> bool {
        let mut entities = self.of(function, local).iter();
        entities.any(|entity| match entity {
            Entity::Record(node) => self
                .field_names
                .get(&Holder::Record(*node))
                .is_some_and(|names| names.iter().any(|name| name.contains(part))),
            _ => false,
        })
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

    /// The parameters of a function whose result it keeps for whoever calls it again: `store[name] ??= make()`.
    pub fn kept_results(&self, function: FunctionKey) -> &[LocalId] {
        let echoes = self.echoes.get(&function).and_then(Option::as_ref);
        echoes.map_or(&[], |echoes| &echoes.kept)
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
        Node(self.first_node[function.0 as usize] + 2 + local.0)
    }

    fn result_node(&self, function: FunctionKey) -> Node {
        Node(self.first_node[function.0 as usize])
    }

    fn yield_node(&self, function: FunctionKey) -> Node {
        Node(self.first_node[function.0 as usize] + 1)
    }

    fn language(&self, file: FileId) -> Language {
        self.world.sources().get(file).language
    }

    fn run(&mut self) {
        loop {
            while let Some(node) = self.queue.pop_front() {
                self.tell(node);
            }
            let Some(late) = self.late.pop_front() else {
                break;
            };
            self.apply_late(late);
        }
    }

    /// Tells the watchers of a node what it came to hold.
    fn tell(&mut self, node: Node) {
        let index = node.0 as usize;
        while let Some(entity) = self.sets[index].get(usize::from(self.told[index])).copied() {
            self.told[index] += 1;
            // Who begins to watch meanwhile is told at once.
            for position in 0..self.watchers[index].len() {
                let watcher = self.watchers[index][position];
                self.notify(watcher, entity);
            }
        }
    }

    fn new_node(&mut self, is_public: bool) -> Node {
        let node = Node(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        self.sets.push(Vec::new());
        self.watchers.push(Vec::new());
        self.told.push(0);
        self.is_public.push(is_public);
        node
    }

    fn add(&mut self, node: Node, entity: Entity) {
        let index = node.0 as usize;
        let set = &mut self.sets[index];
        if set.len() >= SET_LIMIT || set.contains(&entity) {
            return;
        }
        // Most nodes hold one thing and have one watcher.
        if set.is_empty() {
            set.reserve_exact(1);
        }
        set.push(entity);
        if set.len() == usize::from(self.told[index]) + 1 {
            self.queue.push_back(node);
        }
        if self.is_news(node, entity) {
            self.news.held.push((node, entity));
        }
    }

    /// Whether it may matter to which files are loaded that a node holds this.
    fn is_news(&self, node: Node, entity: Entity) -> bool {
        let is_public = self.is_public[node.0 as usize];
        match entity {
            Entity::Instance(path, _) | Entity::Scope(path, _) => {
                self.library.is_resourceful(path) || self.library.is_resource(path)
            }
            Entity::External(path) | Entity::Method(path, _) => {
                is_public && self.library.is_resourceful(path)
            }
            Entity::Module(_) => false,
            _ => is_public,
        }
    }

    /// Watches a node: for what its watchers were told of, at once; for the rest, when they are told.
    fn watch(&mut self, node: Node, watcher: Watcher) {
        if matches!(watcher, Watcher::Copy(target) if target == node) {
            return;
        }
        let index = node.0 as usize;
        let watchers = &mut self.watchers[index];
        if watchers.is_empty() {
            watchers.reserve_exact(1);
        }
        watchers.push(watcher);
        for position in 0..usize::from(self.told[index]) {
            let entity = self.sets[index][position];
            self.notify(watcher, entity);
        }
    }

    fn notify(&mut self, watcher: Watcher, entity: Entity) {
        self.remember(watcher, entity);
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
            Watcher::MadeOf(target) => self.made_of(entity, target),
            Watcher::RowsOf(target) => {
                if let Entity::Rows(class) | Entity::Class(class) = entity {
                    self.add(target, Entity::Rows(class));
                }
            }
            Watcher::RowOf(target) => {
                if let Entity::Rows(class) | Entity::Class(class) = entity {
                    self.add(target, Entity::Object(class));
                }
            }
            Watcher::Entered(target) => self.entered(entity, target),
            Watcher::Decorates(target) => self.decorated(entity, target),
            Watcher::Base(class) => self.rebase(class, entity),
            Watcher::Callback(site) => self.call_again(site, entity),
        }
    }

    fn field(&mut self, holder: Holder, name: Symbol) -> Node {
        if let Some(node) = self.fields.get(&(holder, name)) {
            return *node;
        }
        let node = self.new_node(true);
        self.fields.insert((holder, name), node);
        self.field_names.entry(holder).or_default().push(name);
        self.field_nodes.push((node, holder));
        if let Holder::Record(record) = holder {
            for target in self.element_of.get(&record).cloned().unwrap_or_default() {
                self.watch(node, Watcher::Copy(target));
            }
        }
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
            Entity::Instance(path, origin) => {
                self.load_library_field(path, origin, name, target, None);
            }
            Entity::Class(class) | Entity::Object(class) => self.load_member(class, name, target),
            Entity::Record(node) => {
                let field = self.field(Holder::Record(node), name);
                self.watch(field, Watcher::Copy(target));
            }
            Entity::Module(file) => self.load_export(file, name, target),
            Entity::Scope(..)
            | Entity::Rows(_)
            | Entity::Method(..)
            | Entity::Function(_)
            | Entity::Generator(_) => {}
        }
    }

    fn load_library_field(
        &mut self,
        path: Symbol,
        origin: Option<Origin>,
        name: Symbol,
        target: Node,
        class: Option<ClassKey>,
    ) {
        for language in [Language::Python, Language::JavaScript] {
            if let Some(kind) = self.library.field(language, path, name) {
                self.add(target, Entity::Instance(kind, origin));
                if let Some(class) = class.filter(|_| self.library.has_rows(language, kind)) {
                    self.add(target, Entity::Rows(class));
                }
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
            self.load_library_field(path, None, name, target, Some(class));
        }
    }

    fn load_export(&mut self, file: FileId, name: Symbol, target: Node) {
        if let Some(node) = self.export(file, name, 0) {
            self.watch(node, Watcher::Copy(target));
        } else if let Some(whole) = self.export(file, Symbol::new("module.exports"), 0) {
            self.watch(whole, Watcher::Load(name, target));
        } else {
            self.wait(file, Waiting::Export(name, target));
            self.take_for_submodule(file, name, target);
        }
    }

    /// What a name that a star import may bring holds.
    fn load_star(&mut self, file: FileId, name: Symbol, target: Node) {
        if let Some(node) = self.export(file, name, 0) {
            self.watch(node, Watcher::Copy(target));
        } else {
            self.wait(file, Waiting::Star(name, target));
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
                self.element_of.entry(node).or_default().push(target);
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
            Entity::Rows(class) => self.add(target, Entity::Object(class)),
            _ => {}
        }
    }

    fn instantiate(&mut self, entity: Entity, path: u32, target: Node) {
        let rest = self.type_paths[path as usize].clone();
        let (module, mut entity) = (entity, entity);
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
                        let question = Watcher::Instantiate(path, target);
                        self.wait(file, Waiting::Notify(question, module));
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
            // An alias, which may say how the value comes: `Annotated[Session, Depends(get_session)]`, `type Db = Knex`.
            Entity::Instance(..) | Entity::Object(_) => self.add(target, entity),
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

/// The argument of a call that a parameter receives.
pub fn argument_for<'c>(
    body: &crate::ir::Function,
    call: &'c Call,
    parameter: LocalId,
) -> Option<&'c crate::ir::Argument> {
    let mut arguments = call.arguments.iter().enumerate();
    let received = arguments
        .find(|(position, argument)| parameter_of(body, *position, argument) == Some(parameter));
    received.map(|(_, argument)| argument)
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
