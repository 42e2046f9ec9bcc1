//! Which functions may run while a connection is held.
//!
//! In: the values of the files parsed so far. Out: the functions that take a client or begin a transaction, the closures
//! in them, and all that they call. What these call must be parsed, whatever it is given: it may wait for somebody else,
//! or take a second connection. It asks no path; the flow analysis does, once all is there.
use crate::flow::reach::decorator_facts;
use crate::ir::{LocalId, Terminator};
use crate::library::{CallFact, Effect};
use crate::link::FunctionKey;
use crate::link::values::{Entity, Values};
use rustc_hash::{FxHashMap, FxHashSet};

/// Functions that may run while a connection is held, each once.
pub(super) fn running(values: &Values<'_>) -> Vec<FunctionKey> {
    let world = values.world();
    let mut runs: FxHashMap<FunctionKey, Vec<FunctionKey>> = FxHashMap::default();
    for function in world.functions() {
        let body = world.function(function);
        if body.traits.is_closure {
            let parent = world.sibling(function, body.parent);
            runs.entry(parent).or_default().push(function);
        }
        for caller in values.callers(function) {
            runs.entry(caller.function).or_default().push(function);
        }
    }
    let holding = world.functions();
    let mut found: Vec<_> = holding.filter(|key| may_hold(values, *key)).collect();
    let mut seen: FxHashSet<_> = found.iter().copied().collect();
    let mut position = 0;
    while let Some(function) = found.get(position) {
        let next = runs.get(function).into_iter().flatten().copied();
        let next: Vec<_> = next.filter(|function| seen.insert(*function)).collect();
        found.extend(next);
        position += 1;
    }
    found
}

/// Whether a function has a client, a session or a transaction of its own or of somebody else.
fn may_hold(values: &Values<'_>, function: FunctionKey) -> bool {
    let body = values.world().function(function);
    let begins = |fact: &CallFact| fact.has(Effect::Begins) || fact.has(Effect::Lends);
    let mut decorators = body.decorators.iter();
    let mut locals = (0..body.locals.len()).map(LocalId::new);
    let mut blocks = body.blocks.iter();
    decorators.any(|decorator| {
        decorator_facts(values, function, decorator)
            .iter()
            .any(|fact| begins(fact))
    }) || locals.any(|local| is_resource(values, function, local))
        || blocks.any(|block| match &block.terminator {
            Terminator::Call { call, .. } => {
                let meaning = values.meaning(function, call);
                meaning.facts.iter().any(|(fact, _)| begins(fact))
            }
            _ => false,
        })
}

fn is_resource(values: &Values<'_>, function: FunctionKey, local: LocalId) -> bool {
    let mut entities = values.of(function, local).iter();
    entities.any(|entity| match entity {
        Entity::Instance(path, _) | Entity::Scope(path, _) => values.library().is_resource(*path),
        _ => false,
    })
}
