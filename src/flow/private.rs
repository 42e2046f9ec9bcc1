//! Sessions of a pool that only this call has.
//!
//! In: a function and a session it makes. Out: whether the pool behind the session is made by the same call, which
//! neither keeps nor ends it. Python drops both together when the call is over: the fault is the pool's, and
//! `pool-per-call` tells it.
use super::pools;
use super::sites::{Acquisition, Kind, View};
use crate::ir::{Action, Call, Callee, LocalId, LocalKind, Terminator, Value};
use crate::library::{Effect, Returns};
use crate::link::values::Entity;

/// Values that are made of values are followed this far.
const DEPTH_LIMIT: u32 = 8;

/// Whether the pool of a session is private to the call.
pub(super) fn is_of_private_pool(view: &View<'_>, acquisition: &Acquisition) -> bool {
    if acquisition.kind != Kind::Session || !view.values.world().language(view.key).is_python() {
        return false;
    }
    let Some(call) = view.call(acquisition.block) else {
        return false;
    };
    let mut pools = Vec::new();
    makers(view, call, DEPTH_LIMIT, &mut pools).is_some()
        && !pools.is_empty()
        && pools.iter().all(|pool| pools::is_dropped(view, *pool))
}

/// Collects the pools that what a call makes stands on; `None` where one of them is not made here.
fn makers(view: &View<'_>, call: &Call, depth: u32, pools: &mut Vec<LocalId>) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let source = match call.callee {
        Callee::Local(local) | Callee::Method(local, _) => local,
    };
    let parts = call.arguments.iter().map(|argument| argument.value);
    let given: Vec<_> = parts.filter(|part| gives_sessions(view, *part)).collect();
    // A factory that is given an engine uses that one: `Session(bind=engine)`.
    if given.is_empty() {
        return origins(view, source, depth, pools);
    }
    for part in given {
        origins(view, part, depth, pools)?;
    }
    Some(())
}

/// Whether a local stands for a pool, or for what makes sessions.
fn gives_sessions(view: &View<'_>, local: LocalId) -> bool {
    let library = view.values.library();
    let entities = view.values.of(view.key, local).iter();
    entities.into_iter().any(|entity| match entity {
        Entity::Instance(path, _) => library.is_resourceful(*path),
        _ => false,
    })
}

/// Follows a local to the calls that make what it stands for.
fn origins(view: &View<'_>, local: LocalId, depth: u32, pools: &mut Vec<LocalId>) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    if !matches!(
        view.body.local(local).kind,
        LocalKind::Variable | LocalKind::Temporary
    ) {
        return None;
    }
    for block in &view.body.blocks {
        for statement in &block.statements {
            match &statement.action {
                Action::Assign(target, Value::Local(source)) if *target == local => {
                    origins(view, *source, depth, pools)?;
                }
                Action::Assign(target, value) if *target == local => {
                    matches!(value, Value::Constant(_)).then_some(())?;
                }
                _ => {}
            }
        }
        if let Terminator::Call { call, .. } = &block.terminator
            && call.result == local
        {
            made_by(view, call, depth, pools)?;
        }
    }
    Some(())
}

fn made_by(view: &View<'_>, call: &Call, depth: u32, pools: &mut Vec<LocalId>) -> Option<()> {
    let meaning = view.values.meaning(view.key, call);
    let is_pool = |entity: &Entity| match entity {
        Entity::Instance(path, _) => view.values.library().is_pool(*path),
        _ => false,
    };
    if meaning.fact(Effect::OpensPool).is_some()
        || !meaning.functions.is_empty()
            && view.values.of(view.key, call.result).iter().any(is_pool)
    {
        pools.push(call.result);
        return Some(());
    }
    let makes = |returns: Returns| matches!(returns, Returns::Type(_) | Returns::Receiver);
    let is_made = meaning.makes || meaning.facts.iter().any(|(fact, _)| makes(fact.returns));
    is_made.then_some(())?;
    makers(view, call, depth, pools)
}
