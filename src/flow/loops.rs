//! Loops whose rounds nothing counts: statements in each round of one transaction, connections taken by all at once.
//!
//! In: [`Hold`]s and the linked program. Out: [`QueryLoop`]s and [`Fanout`]s.
use super::collections::{self, Size};
use super::holds::{Begun, Hold};
use super::reach::blocks_in_loops;
use super::reached::{self, Checkout, Hop, Run};
use super::sites::{Kind, View};
use super::summary::Summaries;
use super::targets;
use crate::ir::{Action, BlockId, Call, Callee, LocalId, Site, Terminator, Value};
use crate::library::Effect;
use crate::link::FunctionKey;
use crate::link::values::Entity;
use rustc_hash::FxHashSet;

/// A loop over an unbounded collection that sends statements in each round of one transaction.
#[derive(Clone, Debug)]
pub struct QueryLoop {
    /// How the transaction begins.
    pub begun: Begun,
    /// The function the loop stands in.
    pub function: FunctionKey,
    /// The loop, or the call that runs a callback for each element.
    pub site: Site,
    /// The collection.
    pub collection: Site,
    /// The call in the loop that sends a statement, or leads to one.
    pub statement: Site,
    /// Where the statement itself is sent, when another function does it.
    pub sender: Option<(FunctionKey, Site)>,
}

/// All loops that query in a transaction, in order.
pub fn query_loops(summaries: &mut Summaries<'_>, holds: &[Hold]) -> Vec<QueryLoop> {
    let mut found = Vec::new();
    // A session's own transaction is as long as its work: nobody chose to put the loop into one.
    let is_chosen = |hold: &&Hold| hold.kind == Kind::Transaction && !hold.begun.is_automatic;
    for hold in holds.iter().filter(is_chosen) {
        let view = summaries.view(hold.function);
        for round in rounds(&view) {
            if hold.region.blocks.binary_search(&round.head).is_err() {
                continue;
            }
            let Some(hop) = statement_in(summaries, hold, &view, &round) else {
                continue;
            };
            if collections::size(summaries, hold.function, round.collection) == Size::Unbounded {
                found.push(query_loop(summaries, hold, &view, &round, hop));
            }
        }
    }
    found.sort_by_key(|found| (found.function, found.site));
    found.dedup_by_key(|found| (found.function, found.site));
    found
}

/// Something that is done for each element of a collection.
#[derive(Clone, Debug)]
struct Round {
    /// The block that decides on a further round, or whose call runs the callback.
    head: BlockId,
    /// The loop, or the call.
    site: Site,
    collection: LocalId,
    /// The blocks of one round.
    body: Vec<BlockId>,
}

/// The loops of a function, and its calls that run a callback for each element.
fn rounds(view: &View<'_>) -> Vec<Round> {
    let mut found = Vec::new();
    for (block, _, collection) in collections::elements(view) {
        let heads = view.body.blocks.iter().enumerate();
        let mut heads = heads.filter(
            |(_, head)| matches!(head.terminator, Terminator::Branch { then, .. } if then == block),
        );
        if let Some((index, head)) = heads.next() {
            let index = BlockId::new(index);
            found.push(Round {
                head: index,
                site: head.site,
                collection,
                body: body_of(view, index, block),
            });
        }
    }
    for (block, _) in view.calls() {
        if view.meaning(block).fact(Effect::Iterates).is_some()
            && let Some(collection) = collections::iterated(view, block)
        {
            found.push(Round {
                head: block,
                site: view.body.block(block).site,
                collection,
                body: vec![block],
            });
        }
    }
    found
}

/// The blocks of a loop: reached from its first block, and leading back to its head.
fn body_of(view: &View<'_>, head: BlockId, first: BlockId) -> Vec<BlockId> {
    let count = view.body.blocks.len();
    let mut reached = vec![false; count];
    let mut queue = vec![first];
    let mut order = Vec::new();
    while let Some(block) = queue.pop() {
        if block == head || std::mem::replace(&mut reached[block.index()], true) {
            continue;
        }
        order.push(block);
        queue.extend(view.body.block(block).terminator.successors());
    }
    let mut before: Vec<Vec<BlockId>> = vec![Vec::new(); count];
    for block in &order {
        for next in view.body.block(*block).terminator.successors() {
            before[next.index()].push(*block);
        }
    }
    let mut leads_back = vec![false; count];
    let mut queue = before[head.index()].clone();
    while let Some(block) = queue.pop() {
        if !std::mem::replace(&mut leads_back[block.index()], true) {
            queue.extend(before[block.index()].iter().copied());
        }
    }
    order.retain(|block| leads_back[block.index()]);
    order.sort_unstable();
    order
}

/// The first statement that a round sends.
fn statement_in(
    summaries: &mut Summaries<'_>,
    hold: &Hold,
    view: &View<'_>,
    round: &Round,
) -> Option<Hop> {
    let held = hold.region.calls.iter();
    let held = held.filter(|held| round.body.binary_search(&held.block).is_ok());
    held.into_iter()
        .find_map(|held| reached::reached_by(summaries, view, held, hold.purpose).statement)
}

fn query_loop(
    summaries: &mut Summaries<'_>,
    hold: &Hold,
    view: &View<'_>,
    round: &Round,
    hop: Hop,
) -> QueryLoop {
    let find = |summaries: &mut Summaries<'_>, run| summaries.reached(run).statement;
    let sender = reached::follow(summaries, hold.function, hop, find)
        .map(|chain| (chain.function, chain.block))
        .filter(|(function, _)| *function != hold.function)
        .map(|(function, block)| (function, summaries.view(function).body.block(block).site));
    QueryLoop {
        begun: hold.begun.clone(),
        function: hold.function,
        site: round.site,
        collection: round.site,
        statement: view.body.block(hop.block).site,
        sender,
    }
}

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
}

/// All unbounded fan-outs, in order.
pub fn fanouts(summaries: &mut Summaries<'_>, holds: &[Hold]) -> Vec<Fanout> {
    let mut found = Vec::new();
    for function in summaries.values.world().functions() {
        let view = summaries.view(function);
        for (block, call) in view.calls() {
            let meaning = view.meaning(block);
            let gathers = meaning.fact(Effect::Gathers).is_some();
            let starts = meaning.fact(Effect::FansOut).is_some();
            if !gathers && !starts {
                continue;
            }
            let each = if gathers {
                gathered(&view, call)
            } else {
                vec![block]
            };
            let fan = each
                .into_iter()
                .find_map(|each| fanout(summaries, holds, &view, (block, call), each));
            found.extend(fan);
        }
    }
    found.sort_by_key(|fanout: &Fanout| (fanout.function, fanout.site));
    found.dedup_by_key(|fanout| (fanout.function, fanout.site));
    found
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
            if made.result == local && view.meaning(block).fact(Effect::Spawns).is_some() {
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
    holds: &[Hold],
    view: &View<'_>,
    (block, call): (BlockId, &Call),
    each: BlockId,
) -> Option<Fanout> {
    let collection = collection_of(view, each)?;
    let run = runs(view, each);
    let (function, checkout) = run
        .iter()
        .find_map(|function| Some((*function, taken_by(summaries, *function)?)))
        .map_or((None, None), |(function, taken)| {
            (Some(function), Some(taken))
        });
    let queued = if checkout.is_none() {
        queued_by(summaries, holds, view, each)
    } else {
        None
    };
    let (function, hop, is_queued) = match (function.zip(checkout), queued) {
        (Some((function, hop)), _) => (function, hop, false),
        (None, Some((function, hop))) => (function, hop, true),
        (None, None) => return None,
    };
    if collections::size(summaries, view.key, collection) != Size::Unbounded {
        return None;
    }
    let find = |summaries: &mut Summaries<'_>, run| {
        let reached = summaries.reached(run);
        let first = reached.checkouts.first().map(|checkout| checkout.hop);
        if is_queued { reached.statement } else { first }
    };
    let chain = reached::follow(summaries, function, hop, find)?;
    let (last, at) = (chain.function, chain.block);
    Some(Fanout {
        function: view.key,
        site: view.body.block(block).site,
        callee: call.callee_site,
        each: (view.key, view.body.block(each).site),
        taken: (last, summaries.view(last).body.block(at).site),
        is_queued,
    })
}

/// The collection for each of whose elements a call is made.
fn collection_of(view: &View<'_>, each: BlockId) -> Option<LocalId> {
    if let Some(collection) = collections::iterated(view, each) {
        return Some(collection);
    }
    if !*blocks_in_loops(view.body).get(each.index())? {
        return None;
    }
    let rounds = rounds(view).into_iter();
    let mut around = rounds.filter(|round| round.body.binary_search(&each).is_ok());
    around.next().map(|round| round.collection)
}

/// The functions that a call starts for one element, promised or not.
fn runs(view: &View<'_>, each: BlockId) -> Vec<FunctionKey> {
    let mut found = targets::run_by(view, each);
    let meaning = view.meaning(each);
    found.extend(meaning.functions.iter().copied());
    let gives = [Effect::Iterates, Effect::FansOut, Effect::Spawns];
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

/// The way to a checkout that nothing on the way bounds.
fn taken_by(summaries: &mut Summaries<'_>, function: FunctionKey) -> Option<Hop> {
    let reached = summaries.reached(Run::any(function));
    let unlimited = |checkout: &&Checkout| !checkout.is_limited;
    let mut checkouts = reached.checkouts.iter();
    let first = checkouts.next().filter(unlimited)?;
    Some(first.hop)
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
