//! Which functions may run while a connection is held, as far as loading must know.
//!
//! In: the news of [`Values`]. Out: functions that came to be such: those that take a connection or begin a transaction,
//! those that a session is given to, the functions nested in them, and all that these call, through any number of calls.
//! More than the truth: whether it is held at the call is asked when everything is there.
use crate::flow::reach::{decorator_facts, overridden};
use crate::library::Effect;
use crate::link::values::{Entity, News, Owner, Values};
use crate::link::{FunctionKey, World};
use crate::source::FileId;
use rustc_hash::{FxHashMap, FxHashSet};

/// Functions that may run while a connection is held.
#[derive(Debug, Default)]
pub(super) struct Running {
    reached: FxHashSet<FunctionKey>,
    /// Functions that give way to their caller while they hold something: `with transaction.atomic(): yield`.
    lending: FxHashSet<FunctionKey>,
    /// The functions that a function is called by, of those that may come to lend.
    callers: FxHashMap<FunctionKey, Vec<FunctionKey>>,
    /// The functions that a function calls.
    calls: FxHashMap<FunctionKey, Vec<FunctionKey>>,
    /// By file: the functions written in functions.
    nested: FxHashMap<FileId, FxHashMap<FunctionKey, Vec<FunctionKey>>>,
}

/// Functions that came to be such, in order.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// Functions that may run while something is held.
    pub(super) reached: Vec<FunctionKey>,
    /// Functions that give way to their caller while they hold something.
    pub(super) lending: Vec<FunctionKey>,
}

impl Running {
    /// Whether a function may run while something is held.
    pub(super) fn has(&self, function: FunctionKey) -> bool {
        self.reached.contains(&function)
    }

    /// Thinks the news through.
    pub(super) fn hear(&mut self, values: &Values<'_>, news: &News, modules: usize) -> Ran {
        let mut queue: Vec<FunctionKey> = news.taking.clone();
        let lending = self.hear_lending(values, news, &mut queue);
        queue.extend(holders(values, news));
        queue.extend(decorated(values, modules));
        for (caller, function) in &news.linked {
            self.calls.entry(*caller).or_default().push(*function);
            if self.reached.contains(caller) {
                queue.push(*function);
            }
        }
        let mut found = Vec::new();
        while let Some(function) = queue.pop() {
            if !self.reached.insert(function) {
                continue;
            }
            found.push(function);
            queue.extend(self.calls.get(&function).into_iter().flatten());
            let world = values.world();
            let file = world.module(function).file;
            let nested = self
                .nested
                .entry(file)
                .or_insert_with(|| nested(world, file));
            queue.extend(nested.get(&function).into_iter().flatten());
        }
        found.sort_unstable_by_key(|function| values.world().place(*function));
        Ran {
            reached: found,
            lending,
        }
    }

    /// Functions that came to lend, in order; who calls one of these is reached.
    fn hear_lending(
        &mut self,
        values: &Values<'_>,
        news: &News,
        queue: &mut Vec<FunctionKey>,
    ) -> Vec<FunctionKey> {
        let gives_way = |function: &FunctionKey| gives_way(values.world(), *function);
        let mut lending: Vec<_> = news.taking.iter().copied().filter(gives_way).collect();
        for (caller, function) in news.linked.iter().filter(|link| gives_way(&link.1)) {
            self.callers.entry(*function).or_default().push(*caller);
            if self.lending.contains(function) {
                queue.push(*caller);
                lending.extend(Some(*caller).filter(gives_way));
            }
        }
        let mut found = Vec::new();
        while let Some(function) = lending.pop() {
            if !self.lending.insert(function) {
                continue;
            }
            found.push(function);
            let callers = self.callers.get(&function).into_iter().flatten().copied();
            for caller in callers {
                queue.push(caller);
                lending.extend(Some(caller).filter(gives_way));
            }
        }
        found.sort_unstable_by_key(|function| values.world().place(*function));
        found
    }
}

/// Whether a function's caller goes on before it ends.
fn gives_way(world: &World<'_>, function: FunctionKey) -> bool {
    let body = world.function(function);
    body.traits.is_generator || ["__enter__", "__aenter__"].contains(&body.name.text())
}

/// Functions with a local that came to hold a client or session.
fn holders<'n>(values: &'n Values<'_>, news: &'n News) -> impl Iterator<Item = FunctionKey> + 'n {
    news.held.iter().filter_map(|(node, entity)| match entity {
        Entity::Instance(path, _) if values.library().is_resource(*path) => {
            match values.owner(*node)? {
                Owner::Local(function, _) => Some(function),
                _ => None,
            }
        }
        _ => None,
    })
}

/// Functions of the newest modules that a decorator puts into a transaction, or a setting may.
fn decorated(values: &Values<'_>, modules: usize) -> Vec<FunctionKey> {
    let world = values.world();
    let mut found = Vec::new();
    for module in world.newest(modules) {
        for key in world.functions_of(module.file).map(FunctionKey) {
            let decorators = &world.function(key).decorators;
            let facts = decorators
                .iter()
                .flat_map(|decorator| decorator_facts(values, key, decorator));
            let mut facts = facts.chain(overridden(values, key));
            if facts.any(|fact| fact.has(Effect::Begins) || fact.transaction_setting.is_some()) {
                found.push(key);
            }
        }
    }
    found
}

/// The functions of a file that are written in another one, by that. Not those of top-level code: it runs once, and all
/// of the file is written in it.
fn nested(world: &World<'_>, file: FileId) -> FxHashMap<FunctionKey, Vec<FunctionKey>> {
    let mut found: FxHashMap<_, Vec<_>> = FxHashMap::default();
    for key in world.functions_of(file).map(FunctionKey) {
        let parent = world.sibling(key, world.function(key).parent);
        if !world.is_top_level(parent) {
            found.entry(parent).or_default().push(key);
        }
    }
    found
}
