//! What a promise made by hand waits for: `new Promise((resolve) => { https.get(url, (response) => resolve(response)) })`.
//!
//! In: a call within the function that `new Promise` runs. Out: whether the promise is settled by what the call waits for:
//! by the callback that it is handed, or by an event of the emitter that it gives.
use super::sites::View;
use super::text::Known;
use crate::ir::{Call, Callee, Constant, LocalId, LocalKind};
use crate::library::{CallFact, Effect, Outside};
use crate::link::FunctionKey;
use crate::link::values::{Entity, Values};

/// Links of a chain of listeners: `spawn(command).on('error', reject).on('close', resolve)`.
const CHAIN_LIMIT: usize = 8;

/// Functions within functions are followed this far.
const NESTING_LIMIT: usize = 4;

/// What an emitter says before anything was waited for.
const STARTS: [&str; 2] = ["spawn", "socket"];

/// Whether a function is what `new Promise` runs: its first parameter settles the promise.
pub(super) fn is_executor(values: &Values<'_>, function: FunctionKey) -> bool {
    resolver(values, function).is_some()
}

/// The parameter by which an executor settles its promise.
fn resolver(values: &Values<'_>, function: FunctionKey) -> Option<LocalId> {
    let first = values.world().function(function).parameters.first()?;
    let mut entities = values.of(function, first.local).iter();
    let resolves = |entity: &Entity| matches!(entity, Entity::Instance(path, _) if *path == "Promise.Resolver");
    entities.any(resolves).then_some(first.local)
}

/// Whether what a call waits for settles the promise of the executor that it stands in.
pub(super) fn settles(view: &View<'_>, call: &Call, fact: &CallFact) -> bool {
    let Some(resolver) = resolver(view.values, view.key) else {
        return false;
    };
    let resolver = (view.key, resolver);
    let settled = call
        .arguments
        .iter()
        .any(|argument| leads_to(view, argument.value, resolver));
    if fact.kind == Some(Outside::Sleep) {
        return settled && sleeps(view, call) && uses(view.values, view.key, resolver) == 1;
    }
    settled || fact.has(Effect::CallsBack) && is_heard(view, call.result, resolver)
}

/// Whether a timer is set for longer than a turn of the event loop.
fn sleeps(view: &View<'_>, call: &Call) -> bool {
    let zero = Known::Constant(Constant::Integer(0));
    let after = call.arguments.get(1);
    after.is_some_and(|after| view.constants().get(&after.value) != Some(&zero))
}

/// Whether a local settles the promise when it is called.
fn leads_to(view: &View<'_>, local: LocalId, resolver: (FunctionKey, LocalId)) -> bool {
    let world = view.values.world();
    if world.origin(view.key, local) == resolver {
        return true;
    }
    let mut functions = view.values.of(view.key, local).iter();
    functions.any(|entity| {
        entity
            .function()
            .is_some_and(|function| uses(view.values, function, resolver) > 0)
    })
}

/// Calls within a function, and within those written in it, that settle the promise or hand on what does.
fn uses(values: &Values<'_>, function: FunctionKey, resolver: (FunctionKey, LocalId)) -> usize {
    let world = values.world();
    let is_within = |key: &FunctionKey| {
        let mut around = world.around(*key).take(NESTING_LIMIT);
        around.any(|key| key == function)
    };
    let within = world.functions_near(function).filter(is_within);
    let calls = within.flat_map(|key| {
        let calls = world.function(key).calls();
        calls.map(move |(_, call)| (key, call))
    });
    let names = |(key, call): &(FunctionKey, &Call)| {
        let callee = match call.callee {
            Callee::Local(local) => Some(local),
            Callee::Method(..) => None,
        };
        let arguments = call.arguments.iter().map(|argument| argument.value);
        let mut locals = arguments.chain(callee);
        locals.any(|local| world.origin(*key, local) == resolver)
    };
    calls.filter(names).count()
}

/// Whether an event of an emitter settles the promise.
fn is_heard(view: &View<'_>, emitter: LocalId, resolver: (FunctionKey, LocalId)) -> bool {
    let world = view.values.world();
    let mut emitters = vec![emitter];
    let mut position = 0;
    while let Some(emitter) = emitters.get(position).copied() {
        position += 1;
        // A variable of the program may be heard in many places, the link of a chain in one.
        let is_on = |call: &Call| match call.callee {
            Callee::Method(receiver, name) => {
                world.origin(view.key, receiver) == world.origin(view.key, emitter)
                    && (name == "on" || name == "once")
            }
            Callee::Local(_) => false,
        };
        for (_, call) in view.calls().filter(|(_, call)| is_on(call)) {
            let [event, listener] = &call.arguments[..] else {
                continue;
            };
            let starts = matches!(view.constants().get(&event.value),
                Some(Known::Constant(Constant::Text(name))) if STARTS.contains(&name.text()));
            if !starts && leads_to(view, listener.value, resolver) {
                return true;
            }
            let is_temporary = view.body.local(call.result).kind == LocalKind::Temporary;
            if is_temporary && emitters.len() < CHAIN_LIMIT {
                emitters.push(call.result);
            }
        }
    }
    false
}
