//! Where transactions begin.
//!
//! In: a function and what its calls mean. Out: the [`Acquisition`]s of its transactions: scopes, handles, statements,
//! and calls of functions that begin one for their caller. Those that a callback runs in are no acquisitions of the
//! function that passes it: see [`super::holds`].
use super::automatic;
use super::handed;
use super::held::{self, Mode, Subject};
use super::sites::{self, Acquisition, Kind, View};
use super::summary::{Purpose, Query, Shape, Summaries};
use super::text::{self, Verb};
use crate::ir::{Argument, BlockId, Call, CallKind, Callee, LocalId, Suspension, Terminator};
use crate::library::{CallFact, Effect, Place, When};
use crate::link::FunctionKey;
use crate::link::values::Entity;
use crate::symbol::Symbol;

/// The places in a function where transactions begin, in order, one per place in the source.
pub fn begins(summaries: &mut Summaries<'_>, view: &View<'_>) -> Vec<Acquisition> {
    let mut found: Vec<Acquisition> = Vec::new();
    for (block, call) in view.calls() {
        found.extend(begin(summaries, view, block, call));
    }
    found.sort_by_key(|acquisition| (acquisition.site, acquisition.block));
    found.dedup_by_key(|acquisition| acquisition.site);
    found
}

/// Whether a call may begin a transaction, by what the data says.
pub fn may_begin(view: &View<'_>) -> bool {
    let begins = |fact: &CallFact| fact.has(Effect::Begins) || fact.has(Effect::Queries);
    let is_handed = |argument: &Argument| automatic::autobegins(view, argument.value);
    view.calls().any(|(block, call)| {
        let mut facts = view.meaning(block).facts.iter();
        facts.any(|(fact, _)| begins(fact)) || call.arguments.iter().any(is_handed)
    })
}

fn begin(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
    call: &Call,
) -> Option<Acquisition> {
    let meaning = view.meaning(block);
    let place = (view.body.block(block).site, block);
    let stated = meaning.facts.iter().map(|(fact, _)| *fact).find(|fact| {
        // `with database:` begins as it is entered.
        let is_entry = fact.at == Place::Receiver && fact.callee.ends_with("__enter__");
        let is_enter = call.kind == CallKind::Enter;
        fact.has(Effect::Begins) && !fact.has(Effect::CallsBack) && (!is_enter || is_entry)
    });
    if let Some(fact) = stated.filter(|fact| !sites::is_given(view, call, fact)) {
        let at = match (fact.target, fact.at) {
            (_, at @ (Place::Entered | Place::ResultOrEntered)) => at,
            (Some(Place::Result), _) => Place::Result,
            _ => Place::Receiver,
        };
        return Some(acquisition(
            view,
            place,
            call,
            (at, fact.when, fact.resource),
        ));
    }
    if text::verb(summaries, view, block) == Some(Verb::Begin) && !is_sent_by_pool(view, call) {
        return Some(acquisition(
            view,
            place,
            call,
            (Place::Receiver, When::Call, None),
        ));
    }
    if call.kind == CallKind::Enter {
        let enters = meaning.generators.iter().chain(&meaning.functions);
        let opener = enters
            .copied()
            .find(|function| summaries.opens_scope(*function));
        return opener.map(|function| Acquisition {
            through: Some(function),
            ..acquisition(
                view,
                place,
                call,
                (Place::ResultOrEntered, When::Call, None),
            )
        });
    }
    let functions = meaning.functions.iter().copied();
    let mut functions = functions.filter(|function| {
        let traits = view.values.world().function(*function).traits;
        !traits.is_generator && !traits.is_constructor
    });
    let owned = functions.find_map(|function| {
        let owned = summaries.owned(Query::Owned(function, Purpose::Finish))?;
        Some(sites::by_function(place, call, function, &owned))
    });
    owned.or_else(|| begun_for(summaries, view, place, call))
}

/// A transaction that a function begins on the connection that it is handed.
fn begun_for(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    place: (crate::ir::Site, BlockId),
    call: &Call,
) -> Option<Acquisition> {
    let begun = handed::begun(summaries, view, place.1);
    let (through, on) = begun.or_else(|| {
        let sent = handed::sent(summaries, view, place.1)?;
        let through = view.meaning(place.1).functions.first();
        let through = through.filter(|_| sent.verb == Verb::Begin)?;
        Some((*through, sent.on))
    })?;
    let is_async = view.values.world().function(through).traits.is_async;
    let when = if is_async { When::Await } else { When::Call };
    let (local, shape) = on;
    Some(Acquisition {
        through: Some(through),
        on: Some(on),
        resource: type_of(view, local).filter(|_| shape == Shape::Itself),
        ..acquisition(view, place, call, (Place::Receiver, when, None))
    })
}

fn acquisition(
    view: &View<'_>,
    (site, block): (crate::ir::Site, BlockId),
    call: &Call,
    (at, when, resource): (Place, When, Option<Symbol>),
) -> Acquisition {
    let of_receiver = match (at, call.callee) {
        (Place::Receiver | Place::ResultOrEntered, Callee::Method(receiver, _)) => {
            type_of(view, receiver)
        }
        _ => None,
    };
    Acquisition {
        site,
        callee: call.callee_site,
        kind: Kind::Transaction,
        resource: resource.or(of_receiver),
        at,
        when,
        releaser: None,
        through: None,
        result: call.result,
        block,
        on: None,
    }
}

/// The library type of a local.
pub(super) fn type_of(view: &View<'_>, local: LocalId) -> Option<Symbol> {
    let entities = view.values.of(view.key, local).iter();
    entities.into_iter().find_map(|entity| match entity {
        Entity::Instance(path, _) => Some(*path),
        _ => None,
    })
}

/// A transaction begun through a pool, which sends each statement over another connection.
#[derive(Clone, Copy, Debug)]
pub struct PoolBegin {
    /// The function it stands in.
    pub function: FunctionKey,
    /// The call.
    pub site: crate::ir::Site,
    /// Its callee alone.
    pub callee: crate::ir::Site,
}

/// All statements that begin a transaction through a pool, in order.
pub fn pool_begins(summaries: &mut Summaries<'_>) -> Vec<PoolBegin> {
    let mut found = Vec::new();
    for function in summaries.values.world().functions() {
        let view = summaries.view(function);
        for (block, call) in view.calls() {
            if handed::begins_on_pool(summaries, &view, block) {
                found.push(PoolBegin {
                    function,
                    site: view.body.block(block).site,
                    callee: call.callee_site,
                });
            }
        }
    }
    found
}

/// Whether a statement goes to a pool, which sends each over another connection.
pub fn is_sent_by_pool(view: &View<'_>, call: &Call) -> bool {
    let Callee::Method(receiver, _) = call.callee else {
        return false;
    };
    is_of_pool(view, receiver)
}

/// Whether a local is a pool.
pub(super) fn is_of_pool(view: &View<'_>, local: LocalId) -> bool {
    type_of(view, local).is_some_and(|path| view.values.library().is_pool(path))
}

/// Whether a function that makes or enters a scope does so with a transaction open that only the end of the scope ends:
/// at its `yield`, or as `__enter__` returns.
pub(super) fn opens_scope(summaries: &mut Summaries<'_>, function: FunctionKey) -> bool {
    let view = summaries.view(function);
    let traits = view.body.traits;
    let is_enter = ["__enter__", "__aenter__"].contains(&view.body.name.text());
    if !traits.is_generator && !is_enter {
        return false;
    }
    let lends = |terminator: &Terminator| match terminator {
        Terminator::Suspend { kind, .. } => *kind == Suspension::Yield && traits.is_generator,
        Terminator::Return(_) => is_enter,
        _ => false,
    };
    begins(summaries, &view).into_iter().any(|acquisition| {
        let subject = Subject::Taken(acquisition);
        let (_, solution) = held::solve(summaries, &view, subject, Purpose::Open);
        let mut blocks = view.body.blocks.iter().enumerate();
        blocks.any(|(index, block)| {
            lends(&block.terminator) && solution.reaches(BlockId::new(index), Mode::Held).is_some()
        })
    })
}
