//! What makes a file's exports worth following: pools, resources, and functions and classes that lead to them.
//!
//! In: the news of [`Values`], each looked at once. Out: the names of files that came to be of interest. Interest
//! only grows.
use crate::ir::{Callee, LocalId, LocalKind};
use crate::library::Effect;
use crate::link::values::{Entity, News, Node, Owner, Values};
use crate::link::{ClassKey, FunctionKey};
use crate::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::LazyCell;

/// Functions, classes and records that lead to a pool or a resource.
#[derive(Debug, Default)]
pub(super) struct Interest {
    leads: FxHashSet<Entity>,
    /// What holds an entity of the program that may come to be of interest.
    holders: FxHashMap<Entity, Vec<Node>>,
    /// Nodes that came to hold something of interest, still to be thought through.
    queue: Vec<(Node, Entity)>,
    /// Locals of top-level code that hold something of interest, since the last time.
    exported: Vec<(FunctionKey, LocalId)>,
    /// Functions that came to hold a resource, since the last time.
    holding: Vec<FunctionKey>,
    /// Functions that came to hold a function of interest, since the last time.
    passing: Vec<FunctionKey>,
}

/// What came to be of interest; in order, each once.
#[derive(Debug, Default)]
pub(super) struct Gain {
    /// Locals of top-level code.
    pub(super) exported: Vec<(FunctionKey, LocalId)>,
    /// Functions with a pool or a resource in a local.
    pub(super) holding: Vec<FunctionKey>,
    /// Functions with a function in a local that leads to a pool or a resource: what they pass it to may give that.
    pub(super) passing: Vec<FunctionKey>,
}

impl Interest {
    /// Thinks the news through, and which functions came to lend what they hold to who enters or runs through them.
    pub(super) fn hear(
        &mut self,
        values: &Values<'_>,
        news: &News,
        lending: &[FunctionKey],
    ) -> Gain {
        for (node, entity) in &news.held {
            self.hear_of(values, *node, *entity);
        }
        for class in &news.classes {
            let bases = values.library_bases(*class);
            if bases
                .iter()
                .any(|base| values.library().is_resourceful(*base))
            {
                self.mark_class(*class);
            }
        }
        let holding = with_captures(values, std::mem::take(&mut self.holding));
        for function in lending {
            self.mark_function(values, *function);
        }
        let taking = news.taking.iter().chain(&holding).copied().collect();
        for function in with_captures(values, taking) {
            for lender in lending_by_call(values, function) {
                self.mark_function(values, lender);
            }
        }
        self.spread(values);
        let mut exported = std::mem::take(&mut self.exported);
        exported.sort_unstable();
        exported.dedup();
        let mut passing = std::mem::take(&mut self.passing);
        passing.sort_unstable();
        passing.dedup();
        Gain {
            exported,
            holding,
            passing,
        }
    }

    /// Whether an entity leads to a pool or a resource.
    pub(super) fn holds(&self, values: &Values<'_>, entity: Entity) -> bool {
        match entity {
            Entity::Instance(path, _)
            | Entity::Scope(path, _)
            | Entity::External(path)
            | Entity::Method(path, _) => values.library().is_resourceful(path),
            Entity::Module(_) => false,
            _ => self.leads.contains(&leading(entity)),
        }
    }

    fn hear_of(&mut self, values: &Values<'_>, node: Node, entity: Entity) {
        if let Entity::Instance(path, Some(origin)) = entity
            && values.library().is_pool(path)
        {
            self.mark_function(values, origin.function);
        }
        if matches!(entity, Entity::Instance(..) | Entity::Scope(..))
            && let Some(Owner::Local(function, _)) = values.owner(node)
        {
            self.holding.push(function);
        }
        if self.holds(values, entity) {
            self.queue.push((node, entity));
        } else if !matches!(entity, Entity::Instance(..) | Entity::Scope(..)) {
            self.holders.entry(leading(entity)).or_default().push(node);
        }
    }

    fn spread(&mut self, values: &Values<'_>) {
        while let Some((node, entity)) = self.queue.pop() {
            let owner = values.owner(node);
            if let (Some(Owner::Local(function, _)), Entity::Function(_)) = (owner, entity) {
                self.passing.push(function);
            }
            match owner {
                Some(Owner::Local(function, local)) if values.world().is_top_level(function) => {
                    self.exported.push((function, local));
                }
                Some(Owner::Result(function)) => self.mark_function(values, function),
                Some(Owner::Class(class)) => self.mark_class(class),
                // A list of lists is not followed.
                Some(Owner::Record(record)) if !matches!(entity, Entity::Record(_)) => {
                    self.mark(Entity::Record(record));
                }
                _ => {}
            }
        }
    }

    fn mark_function(&mut self, values: &Values<'_>, function: FunctionKey) {
        self.mark(Entity::Function(function));
        if let Some(class) = values.world().class_of(function) {
            self.mark_class(class);
        }
    }

    fn mark_class(&mut self, class: ClassKey) {
        self.mark(Entity::Class(class));
    }

    fn mark(&mut self, entity: Entity) {
        if self.leads.insert(entity) {
            let holders = self.holders.remove(&entity).unwrap_or_default();
            self.queue
                .extend(holders.into_iter().map(|node| (node, entity)));
        }
    }
}

/// The entity by which it is known whether another leads to a resource.
fn leading(entity: Entity) -> Entity {
    match entity {
        Entity::Generator(function) => Entity::Function(function),
        Entity::Object(class) => Entity::Class(class),
        _ => entity,
    }
}

/// The functions, and those that capture their locals; in order, each once.
fn with_captures(values: &Values<'_>, mut functions: Vec<FunctionKey>) -> Vec<FunctionKey> {
    let world = values.world();
    functions.sort_unstable();
    functions.dedup();
    let own: FxHashSet<FunctionKey> = functions.iter().copied().collect();
    let mut files: Vec<_> = functions
        .iter()
        .map(|key| world.module(*key).file)
        .collect();
    files.sort_unstable();
    files.dedup();
    for file in files {
        for key in world.functions_of(file).map(FunctionKey) {
            let captures = |local: &crate::ir::Local| match local.kind {
                LocalKind::Captured(owner, _) => own.contains(&world.sibling(key, owner)),
                _ => false,
            };
            if !own.contains(&key) && world.function(key).locals.iter().any(captures) {
                functions.push(key);
            }
        }
    }
    functions.sort_unstable_by_key(|key| world.place(*key));
    functions
}

/// The functions that a function lends a resource for: those whose parameter it calls with one, or while it has taken one,
/// or hands to a library's function that does. What callers pass decides what becomes of it.
fn lending_by_call(values: &Values<'_>, function: FunctionKey) -> Vec<FunctionKey> {
    let world = values.world();
    let mut found = Vec::new();
    let takes = LazyCell::new(|| takes_around(values, function));
    for (_, call) in world.function(function).calls() {
        let arguments = || call.arguments.iter().map(|argument| argument.value);
        match call.callee {
            Callee::Local(callee) => {
                let passes = |argument| is_of_interest(values, function, argument);
                let owner = world.parameter_owner(function, callee);
                found.extend(owner.filter(|_| arguments().any(passes) || *takes));
            }
            Callee::Method(receiver, _) if is_of_interest(values, function, receiver) => {
                let meaning = values.meaning(function, call);
                let lends = [Effect::Lends, Effect::Begins];
                if lends.iter().any(|effect| meaning.fact(*effect).is_some()) {
                    found.extend(
                        arguments()
                            .filter_map(|argument| world.parameter_owner(function, argument)),
                    );
                }
            }
            Callee::Method(..) => {}
        }
    }
    found
}

/// Whether a function, or one that it is written in, takes a client or begins a transaction.
fn takes_around(values: &Values<'_>, function: FunctionKey) -> bool {
    let world = values.world();
    let mut around = world.around(function);
    around.any(|key| !world.is_top_level(key) && takes(values, key))
}

/// Whether a function takes a client, or begins a transaction, itself: what it calls meanwhile runs with that.
fn takes(values: &Values<'_>, function: FunctionKey) -> bool {
    let mut calls = values.world().function(function).calls();
    let effects = [Effect::Acquires, Effect::Opens, Effect::Begins];
    calls.any(|(_, call)| {
        let meaning = values.meaning(function, call);
        effects.iter().any(|effect| meaning.fact(*effect).is_some())
    })
}

/// Whether a local is a pool or a resource.
pub(super) fn is_of_interest(values: &Values<'_>, function: FunctionKey, local: LocalId) -> bool {
    values
        .of(function, local)
        .iter()
        .any(|entity| match entity {
            Entity::Instance(path, _) | Entity::Scope(path, _) => {
                values.library().is_resource(*path) || values.library().is_resourceful(*path)
            }
            _ => false,
        })
}

/// The words of which one must stand beside a use of what is exported; none where any use matters.
pub(super) fn words_of(values: &Values<'_>, held: &[Entity]) -> Vec<&'static str> {
    let mut words = Vec::new();
    for entity in held {
        let Entity::Instance(path, _) = entity else {
            return Vec::new();
        };
        let leading = values.library().leading_names(*path);
        // What is had by calling the instance has no word of its own.
        if leading.is_empty() || leading.iter().any(|name| name.starts_with("__")) {
            return Vec::new();
        }
        words.extend(leading);
    }
    words.sort_unstable();
    words.dedup();
    words
}

/// The names under which a file's top-level local can be imported.
pub(super) fn names_of(values: &Values<'_>, top: FunctionKey, local: LocalId) -> Vec<Symbol> {
    let module = values.world().module(top);
    if values.world().language(top).is_python() {
        let name = values.world().function(top).local(local).name;
        return if name.is_empty() {
            Vec::new()
        } else {
            vec![name]
        };
    }
    let exports = module.exports.iter().filter(|export| export.local == local);
    exports.map(|export| export.name).collect()
}
