//! Which functions of the program a call runs before it is done, and whether anybody waits for it.
//!
//! In: a function's graph and what its calls mean. Out: the functions that run while the call does: those it calls, its
//! callbacks where the callee runs them at once. What is only stored, started beside, or promised and never awaited does
//! not run here.
use super::executors;
use super::sites::View;
use crate::ir::{
    Action, BlockId, Call, CallKind, Callee, LocalId, LocalKind, Suspension, Terminator, Value,
};
use crate::library::{CallFact, Effect, Returns, When};
use crate::link::FunctionKey;
use crate::link::values::{Entity, SET_LIMIT, Values};
use std::cell::RefCell;

/// A promise is followed through this many hands to whoever awaits it.
const PROMISE_LIMIT: u32 = 6;

/// Copies of a generator that are followed.
const GENERATOR_LIMIT: u32 = 4;

/// Effects of callees that run what they are handed.
pub const RUNS: [Effect; 4] = [
    Effect::CallsBack,
    Effect::Iterates,
    Effect::FansOut,
    Effect::Limits,
];

/// The functions that run while the call at the end of a block does.
pub fn run_by(view: &View<'_>, block: BlockId) -> Vec<FunctionKey> {
    let Some(call) = view.call(block) else {
        return Vec::new();
    };
    let meaning = view.meaning(block);
    let world = view.values.world();
    let is_script = !world.language(view.key).is_python();
    let mut found = Vec::new();
    let runs_now = |function: &FunctionKey| runs_as_callee(view, call, *function);
    found.extend(meaning.functions.iter().copied().filter(runs_now));
    // What a generator does behind its `yield` is not told apart from what it does before it.
    let enters = call.kind != CallKind::Exit;
    found.extend(meaning.generators.iter().copied().filter(|_| enters));
    let facts = || meaning.facts.iter().map(|(fact, _)| *fact);
    if facts().any(|fact| runs_callbacks(view, (block, call), fact)) {
        let locals = call.arguments.iter().map(|argument| argument.value);
        let callbacks = locals.flat_map(|local| functions_of(view, local));
        // The promises that `map` makes are awaited, or not, as what it gives is.
        found.extend(callbacks.filter(|function| {
            let promises = world.function(*function).traits.is_async
                || returns_promise(view, *function)
                || executors::is_executor(view.values, *function);
            !is_script || !promises || is_awaited(view, call)
        }));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a call runs the functions that it is handed, before this function is done: what is started, only where somebody
/// waits for it; what is lazy, only where somebody goes over it.
pub fn runs_callbacks(view: &View<'_>, (block, call): (BlockId, &Call), fact: &CallFact) -> bool {
    let is_started = || is_awaited(view, call) || ends_of_group(view, block).next().is_some();
    fact.has(Effect::Spawns) && is_started()
        || RUNS.iter().any(|effect| fact.has(*effect)) && is_gone_over(view, call, fact)
}

/// Whether the function goes over what a lazy callee gives, on the spot: `list(map(send, rows))`. Any other is not lazy.
pub fn is_gone_over(view: &View<'_>, call: &Call, fact: &CallFact) -> bool {
    let is_unnamed = || view.body.local(call.result).kind == LocalKind::Temporary;
    fact.when != When::Use || is_unnamed() && is_iterated(view, call.result, 0)
}

/// The ends of the scope of the group in which a call starts something: they wait for it.
fn ends_of_group(view: &View<'_>, block: BlockId) -> impl Iterator<Item = BlockId> {
    let enlists = || view.meaning(block).fact(Effect::Enlists).is_some();
    let group = match view.call(block).map(|call| call.callee) {
        Some(Callee::Method(group, _)) if enlists() => Some(group),
        _ => None,
    };
    let scope = group.and_then(|group| view.scope_giving(group));
    let ends = view.calls().filter(move |(_, call)| {
        call.kind == CallKind::Exit
            && matches!(call.callee, Callee::Method(owner, _) if Some(owner) == scope)
    });
    ends.map(|(block, _)| block)
}

/// Whether a call whose callee is a function of the program runs it before it is done.
pub fn runs_as_callee(view: &View<'_>, call: &Call, function: FunctionKey) -> bool {
    if view.values.world().function(function).traits.is_generator {
        is_iterated(view, call.result, GENERATOR_LIMIT)
    } else {
        !is_promising(view, function) || is_awaited(view, call)
    }
}

/// The functions that decorators of the program put around the one function that a call runs, and that call it in turn:
/// they run while the call does.
pub fn wrappers(view: &View<'_>, block: BlockId) -> Vec<FunctionKey> {
    let world = view.values.world();
    let (Some(call), [function]) = (view.call(block), &view.meaning(block).functions[..]) else {
        return Vec::new();
    };
    let body = world.function(*function);
    let outside = world.sibling(*function, body.parent);
    let mut found = Vec::new();
    for decorator in &body.decorators {
        let [Entity::Function(decorator)] = view.values.of(outside, decorator.value) else {
            continue;
        };
        let parameters = &world.function(*decorator).parameters;
        let wraps = |inner: &FunctionKey| {
            let first = parameters.first().map(|parameter| parameter.local);
            let calls =
                first.is_some_and(|decorated| calls(view.values, *inner, (*decorator, decorated)));
            calls && runs_as_callee(view, call, *inner)
        };
        let returned = returned_functions(view.values, *decorator);
        found.extend(returned.into_iter().filter(wraps));
    }
    found
}

/// The functions that a function gives.
fn returned_functions(values: &Values<'_>, function: FunctionKey) -> Vec<FunctionKey> {
    let blocks = values.world().function(function).blocks.iter();
    let returned = blocks.filter_map(|block| match block.terminator {
        Terminator::Return(local) => Some(local),
        _ => None,
    });
    let entities = returned.flat_map(|local| values.of(function, local));
    let functions = entities.filter_map(Entity::function);
    let mut found: Vec<_> = functions.collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a function calls what a variable of an enclosing function stands for.
fn calls(values: &Values<'_>, function: FunctionKey, wanted: (FunctionKey, LocalId)) -> bool {
    let world = values.world();
    let mut calls = world.function(function).calls();
    calls.any(|(_, call)| match call.callee {
        Callee::Local(callee) => world.origin(function, callee) == wanted,
        Callee::Method(..) => false,
    })
}

/// The functions of which a call runs one, nobody knows which: methods of several classes that the receiver may be of,
/// what several callers pass. One that only raises is none: it says that others override it. Nor is one that stands in
/// for those that do the work.
pub fn alternatives(view: &View<'_>, block: BlockId) -> Vec<Vec<FunctionKey>> {
    let world = view.values.world();
    let returns = |function: &FunctionKey| {
        let blocks = &world.function(*function).blocks;
        blocks
            .iter()
            .any(|block| matches!(block.terminator, Terminator::Return(_)))
    };
    let meaning = view.meaning(block);
    let mut found = vec![meaning.functions.clone()];
    let arguments = view.call(block).map_or(&[][..], |call| &call.arguments);
    found.extend(
        arguments
            .iter()
            .map(|argument| functions_of(view, argument.value)),
    );
    for group in &mut found {
        group.retain(|function| {
            let is_override = meaning.overrides.contains(function);
            returns(function) && !(is_override && is_stand_in(view.values, *function))
        });
    }
    found.retain(|group| group.len() > 1);
    found
}

/// Whether a method does nothing, or only says so: `send() { console.log("not sent") }`.
fn is_stand_in(values: &Values<'_>, function: FunctionKey) -> bool {
    let blocks = &values.world().function(function).blocks;
    blocks.iter().all(|block| match &block.terminator {
        Terminator::Call { call, .. } => {
            let meaning = values.meaning(function, call);
            let mut facts = meaning.facts.iter();
            meaning.functions.is_empty()
                && !meaning.facts.is_empty()
                && facts.all(|(fact, _)| fact.has(Effect::CannotRaise))
        }
        _ => true,
    })
}

/// Whether a call runs a function that one of its locals stands for, before it is done.
pub fn is_run(view: &View<'_>, block: BlockId, local: LocalId, function: FunctionKey) -> bool {
    let Some(call) = view.call(block) else {
        return false;
    };
    let traits = view.values.world().function(function).traits;
    let is_over = !traits.is_async || is_awaited(view, call);
    let facts = view.meaning(block).facts.iter();
    let mut facts = facts.map(|(fact, _)| *fact);
    let is_callee = matches!(call.callee, Callee::Local(callee) if callee == local);
    is_over && (is_callee || facts.any(|fact| RUNS.iter().any(|effect| fact.has(*effect))))
}

/// The functions that a local stands for; none where it stands for more than is kept.
pub fn functions_of(view: &View<'_>, local: LocalId) -> Vec<FunctionKey> {
    let entities = view.values.of(view.key, local);
    if entities.len() >= SET_LIMIT {
        return Vec::new();
    }
    let functions = entities.iter().filter_map(Entity::function);
    functions.collect()
}

/// Whether a function gives what it calls without awaiting it: `(id) => fetch(id)`.
fn returns_promise(view: &View<'_>, function: FunctionKey) -> bool {
    let body = view.values.world().function(function);
    let returned = |local: LocalId| {
        let mut blocks = body.blocks.iter();
        blocks.any(|block| matches!(block.terminator, Terminator::Return(value) if value == local))
    };
    body.blocks.iter().any(|block| match &block.terminator {
        Terminator::Call { call, .. } => !call.awaited && returned(call.result),
        _ => false,
    })
}

/// Whether a function goes over what a generator gives, or hands it to a function of the program or of the language: what
/// gets it to keep, as a streaming response does, runs it later.
fn is_iterated(view: &View<'_>, generator: LocalId, limit: u32) -> bool {
    view.body.blocks.iter().enumerate().any(|(index, block)| {
        block.statements.iter().any(|statement| {
            let Action::Assign(target, value) = &statement.action else {
                return false;
            };
            match value {
                Value::Local(source) => {
                    *source == generator && limit > 0 && is_iterated(view, *target, limit - 1)
                }
                Value::Record(_) | Value::Closure(_) => false,
                value => value.operands().contains(&generator),
            }
        }) || match &block.terminator {
            Terminator::Suspend { kind, value, .. } => {
                *value == generator && *kind != Suspension::Yield
            }
            Terminator::Call { call, .. } => {
                let mut arguments = call.arguments.iter();
                let argument = arguments.find(|argument| argument.value == generator);
                argument.is_some_and(|argument| {
                    argument.is_spread || iterates(view, BlockId::new(index), call)
                })
            }
            _ => false,
        }
    })
}

/// Whether a callee is one of those that go over what they are given, as far as anybody knows: a function of the program or
/// of the language, a method.
fn iterates(view: &View<'_>, block: BlockId, call: &Call) -> bool {
    let Callee::Local(callee) = call.callee else {
        return true;
    };
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    let is_free = statements.any(|statement| {
        matches!(statement.action, Action::Assign(target, Value::Free(_)) if target == callee)
    });
    let world = view.values.world();
    let mut functions = view.meaning(block).functions.iter();
    is_free || functions.any(|function| !world.function(*function).traits.is_generator)
}

/// Whether what goes on behind the call is over before the function goes on, or ends.
pub fn is_waited_for(view: &View<'_>, call: &Call, fact: &CallFact) -> bool {
    fact.when != When::Await || is_awaited(view, call)
}

/// Whether somebody in this function awaits, returns or gathers what a call promises.
pub fn is_awaited(view: &View<'_>, call: &Call) -> bool {
    call.awaited
        || is_bridged(view, call)
        || is_local_awaited(view, call.result, &|_| true, PROMISE_LIMIT)
}

/// Whether the callee is what a bridge made of an asynchronous function: `async_to_sync(fetch)(url)`.
fn is_bridged(view: &View<'_>, call: &Call) -> bool {
    let Callee::Local(callee) = call.callee else {
        return false;
    };
    let Some((made, _)) = view.call_giving(callee) else {
        return false;
    };
    let mut facts = view.meaning(made).facts.iter();
    let is_function = |returns| matches!(returns, Returns::Argument(_));
    facts.any(|(fact, _)| fact.has(Effect::Awaits) && is_function(fact.returns))
}

/// Whether what a call promises is awaited in this function, but in none of some blocks: it is made here, and waited for
/// elsewhere.
pub fn is_awaited_elsewhere(view: &View<'_>, block: BlockId, blocks: &[BlockId]) -> bool {
    let mut promised = view.promised().iter();
    let found = promised.find(|(call, _)| *call == block);
    found.is_some_and(|(_, awaited)| !is_among(awaited, blocks))
}

/// The calls outside of some blocks, which are in order, whose promise is awaited in one of them.
pub fn awaited_in<'v>(view: &'v View<'_>, blocks: &'v [BlockId]) -> impl Iterator<Item = BlockId> {
    let promised = view.promised().iter();
    let promised = promised.filter(|(call, _)| blocks.binary_search(call).is_err());
    let promised = promised.filter(|(_, awaited)| is_among(awaited, blocks));
    promised.map(|(call, _)| *call)
}

fn is_among(awaited: &[BlockId], blocks: &[BlockId]) -> bool {
    let mut awaited = awaited.iter();
    awaited.any(|block| blocks.binary_search(block).is_ok())
}

/// The calls of a function that only promise, each with the blocks in which the promise is awaited.
pub fn promised(view: &View<'_>) -> Vec<(BlockId, Vec<BlockId>)> {
    let calls = view.calls().filter(|(_, call)| !call.awaited);
    let calls = calls.filter(|(block, _)| promises(view, *block));
    let awaited = calls.map(|(block, call)| {
        let found = RefCell::default();
        let note = |block| {
            Vec::push(&mut found.borrow_mut(), block);
            false
        };
        is_local_awaited(view, call.result, &note, PROMISE_LIMIT);
        let mut found = found.into_inner();
        found.extend(ends_of_group(view, block));
        (block, found)
    });
    awaited.filter(|(_, found)| !found.is_empty()).collect()
}

/// Whether all that a call starts goes on behind a promise.
fn promises(view: &View<'_>, block: BlockId) -> bool {
    let meaning = view.meaning(block);
    let is_later =
        |fact: &CallFact| fact.has(Effect::Spawns) || fact.when == When::Await && waits(fact);
    let mut facts = meaning.facts.iter();
    let mut functions = meaning.functions.iter();
    let is_known = !meaning.facts.is_empty() || !meaning.functions.is_empty();
    is_known
        && meaning.generators.is_empty()
        && facts.all(|(fact, _)| is_later(fact))
        && functions.all(|function| is_promising(view, *function))
}

fn waits(fact: &CallFact) -> bool {
    fact.has(Effect::CallsOut) || fact.has(Effect::Queries)
}

/// Whether what a function does is over only once its promise is.
fn is_promising(view: &View<'_>, function: FunctionKey) -> bool {
    let world = view.values.world();
    let traits = world.function(function).traits;
    let is_script = !world.language(view.key).is_python();
    traits.is_async && !traits.is_generator || is_script && returns_promise(view, function)
}

/// Whether a promise is awaited in one of the blocks that are asked for.
fn is_local_awaited(
    view: &View<'_>,
    local: LocalId,
    wanted: &dyn Fn(BlockId) -> bool,
    limit: u32,
) -> bool {
    if limit == 0 {
        return false;
    }
    view.body.blocks.iter().enumerate().any(|(index, block)| {
        let id = BlockId::new(index);
        let passes_on = block.statements.iter().any(|statement| {
            let (target, value) = match &statement.action {
                Action::Assign(target, value) => (target, value),
                Action::SetItem(object, _, value) => {
                    return *value == local
                        && *object != local
                        && is_local_awaited(view, *object, wanted, limit - 1);
                }
                Action::SetField(..) => return false,
            };
            let takes = match value {
                Value::Local(source) | Value::Element(source) => *source == local,
                Value::Sequence(parts) | Value::Operation(parts) => parts.contains(&local),
                Value::Record(parts) => parts.iter().any(|(_, part)| *part == local),
                _ => false,
            };
            takes && *target != local && is_local_awaited(view, *target, wanted, limit - 1)
        });
        passes_on
            || match &block.terminator {
                Terminator::Return(value) => *value == local && wanted(id),
                Terminator::Suspend { kind, value, .. } => {
                    *value == local && *kind != Suspension::Yield && wanted(id)
                }
                Terminator::Call { call, .. } => {
                    is_awaited_by(view, (id, call), local, wanted, limit)
                }
                _ => false,
            }
    })
}

/// Whether a call gives a collection of what it is given: `list(tasks)`.
pub fn is_as_many(view: &View<'_>, block: BlockId) -> bool {
    let mut facts = view.meaning(block).facts.iter();
    facts.any(|(fact, _)| !fact.as_many_as.is_empty())
}

/// Whether a call waits for the promise it is given, or passes it on to who does.
fn is_awaited_by(
    view: &View<'_>,
    (block, call): (BlockId, &Call),
    local: LocalId,
    wanted: &dyn Fn(BlockId) -> bool,
    limit: u32,
) -> bool {
    let is_result_awaited =
        || call.result != local && is_local_awaited(view, call.result, wanted, limit - 1);
    if let Callee::Method(receiver, _) = call.callee
        && receiver == local
    {
        let waits = call.kind == CallKind::Enter
            || call.awaited
            || view.meaning(block).fact(Effect::Awaits).is_some();
        return waits && wanted(block) || is_result_awaited();
    }
    if !call
        .arguments
        .iter()
        .any(|argument| argument.value == local)
    {
        return false;
    }
    let has = |effect| view.meaning(block).fact(effect).is_some();
    // `asyncio.run(work())`
    if has(Effect::Awaits) && wanted(block) {
        return true;
    }
    if has(Effect::Keeps)
        && let Callee::Method(receiver, _) = call.callee
    {
        return receiver != local && is_local_awaited(view, receiver, wanted, limit - 1);
    }
    let passes = has(Effect::Gathers) || has(Effect::Spawns) || has(Effect::CallsBack);
    let is_grouped = || has(Effect::Spawns) && ends_of_group(view, block).any(wanted);
    passes && (call.awaited && wanted(block) || is_result_awaited() || is_grouped())
        || is_as_many(view, block) && is_result_awaited()
}
