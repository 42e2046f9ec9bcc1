//! Work for all elements of an unbounded collection at once, each taking a connection.
//!
//! In: the linked program, and what is held where. Out: [`Fanout`]s. What bounds how many run at once (a semaphore, a pool
//! of workers no larger than that of connections) makes it none.
use super::collections::{self, Size};
use super::holds::Hold;
use super::options::{self, Told};
use super::reach::Reach;
use super::reached::{self, Checkout, Hop, Pool, Run};
use super::rounds;
use super::sites::View;
use super::summary::Summaries;
use super::targets;
use crate::finding::Confidence;
use crate::ir::{Action, BlockId, Call, Callee, LocalId, Site, Terminator, Value};
use crate::library::Effect;
use crate::link::FunctionKey;
use crate::link::values::{Entity, Values};
use rustc_hash::FxHashSet;

/// A pool stands behind this many others: a session's factory, its engine, a driver's pool.
const POOL_LIMIT: u32 = 4;

/// A call that starts as much work at once as a collection has elements, each taking a connection.
#[derive(Clone, Debug)]
pub struct Fanout {
    /// The function it stands in.
    pub function: FunctionKey,
    /// The call that waits for all of it, or starts it.
    pub site: Site,
    /// Its callee alone.
    pub callee: Site,
    /// The call that is made for each element.
    pub each: (FunctionKey, Site),
    /// Where each takes its connection, or sends its statement.
    pub taken: (FunctionKey, Site),
    /// All of it goes over one transaction's or client's connection, one after the other.
    pub is_queued: bool,
    /// The pool that the connections come from, where its size is known.
    pub pool: Option<SizedPool>,
    /// As many are started at once as there are workers: more than the pool has connections.
    pub is_by_workers: bool,
    /// How sure it is that there are many elements.
    pub confidence: Confidence,
}

/// A pool whose size is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizedPool {
    /// Where it is made.
    pub made: (FunctionKey, Site),
    /// How many connections it hands out at once.
    pub size: u32,
}

/// All unbounded fan-outs, in order.
pub fn fanouts(summaries: &mut Summaries<'_>, reach: &Reach, holds: &[Hold]) -> Vec<Fanout> {
    let mut found = Vec::new();
    for function in summaries.values.world().functions() {
        let view = summaries.view(function);
        for (block, call) in view.calls() {
            let start = Start { block, call };
            let fan = started(&view, block, call)
                .into_iter()
                .find_map(|each| fanout(summaries, (reach, holds), &view, &start, each));
            found.extend(fan);
        }
    }
    found.sort_by_key(|fanout: &Fanout| (fanout.function, fanout.site));
    found.dedup_by_key(|fanout| (fanout.function, fanout.site));
    found
}

/// The call that waits for all of it, or starts it.
struct Start<'p> {
    block: BlockId,
    call: &'p Call,
}

/// The calls that are made for each element of what a call waits for, or starts.
fn started(view: &View<'_>, block: BlockId, call: &Call) -> Vec<BlockId> {
    let meaning = view.meaning(block);
    if meaning.fact(Effect::Gathers).is_some() {
        gathered(view, call)
    } else if meaning.fact(Effect::FansOut).is_some() {
        vec![block]
    } else if meaning.fact(Effect::Enlists).is_some()
        || meaning.fact(Effect::Spawns).is_some() && !collected(view, block).is_empty()
    {
        let mut each = gathered(view, call);
        each.push(block);
        each
    } else {
        Vec::new()
    }
}

/// The collections for each of whose elements a call starts something that is waited for only after the loop, one by one:
/// `for task in tasks: await task`. Where a call waits for all of it, that one counts.
fn collected(view: &View<'_>, block: BlockId) -> Vec<LocalId> {
    let mut promised = view.promised().iter();
    let Some((_, awaited)) = promised.find(|(call, _)| *call == block) else {
        return Vec::new();
    };
    let mut awaiting = awaited.iter();
    let gathers = |block: &BlockId| {
        view.call(*block).is_some() && view.meaning(*block).fact(Effect::Gathers).is_some()
    };
    if awaiting.any(gathers) {
        return Vec::new();
    }
    let rounds = rounds::rounds(view).into_iter();
    let around = rounds.filter(|round| {
        let has = |block| round.body.binary_search(&block).is_ok();
        has(block) && !awaited.iter().any(|awaited| has(*awaited))
    });
    around.map(|round| round.collection).collect()
}

/// The calls that make what is gathered: `list.map(...)`, or the call in a comprehension or loop that collects it.
fn gathered(view: &View<'_>, call: &Call) -> Vec<BlockId> {
    let mut locals: Vec<LocalId> = call
        .arguments
        .iter()
        .map(|argument| argument.value)
        .collect();
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    while let Some(local) = locals.pop() {
        if !seen.insert(local) || seen.len() > 32 {
            continue;
        }
        let statements = view.body.blocks.iter().flat_map(|block| &block.statements);
        for statement in statements {
            match &statement.action {
                Action::Assign(target, Value::Local(source)) if *target == local => {
                    locals.push(*source);
                }
                Action::Assign(target, Value::Sequence(parts)) if *target == local => {
                    locals.extend(parts);
                }
                Action::Assign(target, Value::Record(parts)) if *target == local => {
                    locals.extend(parts.iter().map(|(_, part)| *part));
                }
                Action::SetItem(object, _, value) if *object == local => locals.push(*value),
                _ => {}
            }
        }
        for (block, made) in view.calls() {
            if made.result == local {
                found.push(block);
            }
            let keeps = || view.meaning(block).fact(Effect::Keeps).is_some();
            if matches!(made.callee, Callee::Method(receiver, _) if receiver == local) && keeps() {
                locals.extend(made.arguments.iter().map(|argument| argument.value));
            }
            if made.result == local && targets::is_as_many(view, block) {
                let (Callee::Method(receiver, _) | Callee::Local(receiver)) = made.callee;
                locals.push(receiver);
            }
            let spawns = || view.meaning(block).fact(Effect::Spawns).is_some();
            if made.result == local && (spawns() || targets::is_as_many(view, block)) {
                locals.extend(made.arguments.iter().map(|argument| argument.value));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn fanout(
    summaries: &mut Summaries<'_>,
    (reach, holds): (&Reach, &[Hold]),
    view: &View<'_>,
    start: &Start<'_>,
    each: BlockId,
) -> Option<Fanout> {
    let collections = collections_of(view, start, each);
    if collections.is_empty() {
        return None;
    }
    let taken = taken(summaries, holds, view, each)?;
    let pool = taken
        .pool
        .and_then(|pool| sized(summaries, pool, POOL_LIMIT));
    let workers = workers(summaries, view, start, each);
    if workers != Told::Nothing && !exceeds(workers, pool) {
        return None;
    }
    let sizes = collections.into_iter();
    let sizes = sizes.map(|local| collections::size(summaries, reach, view.key, local));
    let size = sizes.max().filter(|size| size.is_open())?;
    let is_queued = taken.pool.is_none();
    let find = |summaries: &mut Summaries<'_>, run| {
        let reached = summaries.reached(run);
        let first = reached.checkouts.first().map(|checkout| checkout.hop);
        if is_queued { reached.statement } else { first }
    };
    let chain = reached::follow(summaries, taken.function, taken.hop, find)?;
    let (last, at) = (chain.function, chain.block);
    Some(Fanout {
        function: view.key,
        site: view.body.block(start.block).site,
        callee: start.call.callee_site,
        each: (view.key, view.body.block(each).site),
        taken: (last, summaries.view(last).body.block(at).site),
        is_queued,
        pool,
        is_by_workers: workers != Told::Nothing,
        confidence: if size == Size::Unbounded {
            Confidence::High
        } else {
            Confidence::Low
        },
    })
}

/// The collections for each of whose elements a call is made before the whole is waited for: what the call goes over, or
/// the loops around it that do not wait, or make their group, in each round.
fn collections_of(view: &View<'_>, start: &Start<'_>, each: BlockId) -> Vec<LocalId> {
    if let Some(collection) = collections::iterated(view, each) {
        return vec![collection];
    }
    let group = match start.call.callee {
        Callee::Method(receiver, _)
            if view.meaning(start.block).fact(Effect::Enlists).is_some() =>
        {
            view.call_giving(receiver).map(|(block, _)| block)
        }
        _ if view.meaning(start.block).fact(Effect::Spawns).is_some() => {
            return collected(view, start.block);
        }
        _ => Some(start.block),
    };
    let rounds = rounds::rounds(view).into_iter();
    let around = rounds.filter(|round| {
        let has = |block| round.body.binary_search(&block).is_ok();
        has(each) && !group.is_some_and(has)
    });
    around.map(|round| round.collection).collect()
}

/// What the work for one element takes.
struct Taken {
    function: FunctionKey,
    hop: Hop,
    /// The pool of its connection; none where its statements go over the one that is held.
    pool: Option<Pool>,
}

fn taken(
    summaries: &mut Summaries<'_>,
    holds: &[Hold],
    view: &View<'_>,
    each: BlockId,
) -> Option<Taken> {
    let run = runs(view, each);
    let checkout = run
        .iter()
        .find_map(|function| Some((*function, taken_by(summaries, *function)?)));
    if let Some((function, checkout)) = checkout {
        return Some(Taken {
            function,
            hop: checkout.hop,
            pool: Some(checkout.pool),
        });
    }
    let (function, hop) = queued_by(summaries, holds, view, each)?;
    Some(Taken {
        function,
        hop,
        pool: None,
    })
}

/// How many run at once where threads of an executor do the work; nothing where none does.
fn workers(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    start: &Start<'_>,
    each: BlockId,
) -> Told {
    for block in [start.block, each] {
        let Some(call) = view.call(block) else {
            continue;
        };
        let meaning = view.meaning(block);
        let mut facts = meaning.facts.iter();
        if let Some(capacity) = facts.find_map(|(fact, _)| fact.capacity.as_ref()) {
            return options::capacity(summaries, view, call, capacity);
        }
        let Callee::Method(receiver, _) = call.callee else {
            continue;
        };
        for entity in view.values.of(view.key, receiver).to_vec() {
            if let Some(told) = executor(summaries, entity) {
                return told;
            }
        }
    }
    Told::Nothing
}

/// How many workers an executor has; none where it is none.
fn executor(summaries: &mut Summaries<'_>, entity: Entity) -> Option<Told> {
    let Entity::Instance(path, origin) = entity else {
        return None;
    };
    if !summaries.values.library().has_workers(path) {
        return None;
    }
    let made = origin.and_then(|origin| summaries.made_at(origin));
    let (view, block) = made?;
    let call = view.call(block)?;
    let mut facts = view.meaning(block).facts.iter();
    let capacity = facts.find_map(|(fact, _)| fact.capacity.as_ref());
    Some(capacity.map_or(Told::Something, |capacity| {
        options::capacity(summaries, &view, call, capacity)
    }))
}

/// Whether there are more workers than connections. Where one of the two is not known, the workers are a bound.
fn exceeds(workers: Told, pool: Option<SizedPool>) -> bool {
    match (workers, pool) {
        (Told::Number(workers), Some(pool)) => workers > pool.size,
        _ => false,
    }
}

/// The size of a pool, where it is known: that of the call that makes it, or of the engine that a session is made with.
fn sized(summaries: &mut Summaries<'_>, pool: Pool, limit: u32) -> Option<SizedPool> {
    let Pool::Made(origin) = pool else {
        return None;
    };
    let (view, block) = summaries.made_at(origin)?;
    let call = view.call(block)?;
    let fact = view.meaning(block).fact(Effect::OpensPool);
    if let Some(capacity) = fact.and_then(|fact| fact.capacity.as_ref()) {
        return match options::capacity(summaries, &view, call, capacity) {
            Told::Number(size) => Some(SizedPool {
                made: (view.key, view.body.block(block).site),
                size,
            }),
            _ => None,
        };
    }
    if limit == 0 {
        return None;
    }
    let (Callee::Local(source) | Callee::Method(source, _)) = call.callee;
    let arguments = call.arguments.iter().map(|argument| argument.value);
    let locals: Vec<LocalId> = arguments.chain([source]).collect();
    locals.into_iter().find_map(|local| {
        let entities = view.values.of(view.key, local).to_vec();
        entities.into_iter().find_map(|entity| match entity {
            Entity::Instance(_, Some(behind)) if behind != origin => {
                sized(summaries, Pool::Made(behind), limit - 1)
            }
            _ => None,
        })
    })
}

/// The functions that a call starts for one element, promised or not.
fn runs(view: &View<'_>, each: BlockId) -> Vec<FunctionKey> {
    let mut found = targets::run_by(view, each);
    let meaning = view.meaning(each);
    found.extend(meaning.functions.iter().copied());
    let gives = [
        Effect::Iterates,
        Effect::FansOut,
        Effect::Spawns,
        Effect::Enlists,
    ];
    if gives.iter().any(|effect| meaning.fact(*effect).is_some())
        && let Some(call) = view.call(each)
    {
        let locals = call.arguments.iter().map(|argument| argument.value);
        let entities = locals.flat_map(|local| view.values.of(view.key, local));
        found.extend(entities.filter_map(Entity::function));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Awaited calls followed to see whether any of them lets others run.
const SUSPEND_LIMIT: u32 = 4;

/// Whether a coroutine of Python's ever lets another run; one that does not is over before the next begins.
fn suspends(values: &Values<'_>, function: FunctionKey, depth: u32) -> bool {
    let world = values.world();
    let body = world.function(function);
    if depth == 0 || !body.traits.is_async || !world.language(function).is_python() {
        return true;
    }
    body.blocks.iter().any(|block| match &block.terminator {
        Terminator::Suspend { .. } => true,
        Terminator::Call { call, .. } if call.awaited => {
            let meaning = values.meaning(function, call);
            let mut functions = meaning.functions.iter();
            !meaning.facts.is_empty()
                || meaning.functions.is_empty()
                || functions.any(|function| suspends(values, *function, depth - 1))
        }
        _ => false,
    })
}

/// The first checkout, where nothing on the way bounds it.
fn taken_by(summaries: &mut Summaries<'_>, function: FunctionKey) -> Option<Checkout> {
    if !suspends(summaries.values, function, SUSPEND_LIMIT) {
        return None;
    }
    let reached = summaries.reached(Run::any(function));
    let unlimited = |checkout: &&Checkout| !checkout.is_limited;
    let mut checkouts = reached.checkouts.iter();
    let first = checkouts.next().filter(unlimited)?;
    Some(*first)
}

/// The way to a statement over the connection that the holding function has.
fn queued_by(
    summaries: &mut Summaries<'_>,
    holds: &[Hold],
    view: &View<'_>,
    each: BlockId,
) -> Option<(FunctionKey, Hop)> {
    let is_held =
        |hold: &&Hold| hold.function == view.key && hold.region.blocks.binary_search(&each).is_ok();
    holds.iter().find(is_held)?;
    let runs = runs(view, each);
    runs.into_iter().find_map(|function| {
        let reached = summaries.reached(Run::any(function));
        Some((function, reached.statement?))
    })
}
