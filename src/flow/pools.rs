//! Pools that are made again and again.
//!
//! In: the linked program. Out: an [`Opening`] for each construction of a pool that does not outlive the call it is made
//! in, or is made by a function that runs again and again.
use super::reach::{Reach, Repeats};
use super::sites::View;
use super::summary::Summaries;
use crate::ir::{
    Action, BlockId, Call, Callee, Function, LocalId, LocalKind, Site, Suspension, Terminator,
    Value,
};
use crate::library::{Effect, Place, Returns};
use crate::link::FunctionKey;
use crate::link::values::CallSite;
use rustc_hash::FxHashSet;

/// Callers of a function that returns its pool are followed this far.
const FACTORY_LIMIT: u32 = 8;

/// Why a pool is made again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The function is registered for requests or jobs.
    Registered,
    /// The function is called in a loop, there.
    Looped(CallSite),
    /// The function is called, there, by one that runs again and again.
    Called(CallSite),
    /// The construction itself stands in a loop.
    InLoop,
    /// The pool does not outlive the call.
    Local,
}

/// A construction of a pool that is made again and again.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// The function it stands in.
    pub function: FunctionKey,
    /// The construction.
    pub site: Site,
    /// The constructor alone.
    pub callee: Site,
    /// Why.
    pub why: Why,
}

/// Where a pool goes in the function that has it.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent ways a pool can go"
)]
struct Fate {
    /// In a variable or object that outlives the call.
    is_kept: bool,
    /// In the object that the function, a constructor, sets up.
    is_in_object: bool,
    /// To a function that may keep it.
    is_passed: bool,
    is_returned: bool,
    is_ended: bool,
}

/// All such constructions, in order.
pub fn openings(summaries: &mut Summaries<'_>, reach: &mut Reach) -> Vec<Opening> {
    let mut found = Vec::new();
    let functions: Vec<_> = summaries.values.world().functions().collect();
    for function in functions {
        let view = summaries.view(function);
        let mut seen = FxHashSet::default();
        for index in 0..view.body.blocks.len() {
            let block = BlockId::new(index);
            let Some(call) = view.call(block) else {
                continue;
            };
            let opening = view.meaning(block).fact(Effect::OpensPool);
            let Some(at) = opening.map(|fact| fact.at) else {
                continue;
            };
            let site = view.body.block(block).site;
            if !seen.insert(site) {
                continue;
            }
            if let Some(why) = verdict(
                summaries,
                reach,
                &view,
                (block, call.result, at),
                FACTORY_LIMIT,
            ) {
                found.push(Opening {
                    function,
                    site,
                    callee: call.callee_site,
                    why,
                });
            }
        }
    }
    found
}

fn verdict(
    summaries: &mut Summaries<'_>,
    reach: &mut Reach,
    view: &View<'_>,
    (block, pool, at): (BlockId, LocalId, Place),
    depth: u32,
) -> Option<Why> {
    let values = summaries.values;
    let function = view.key;
    let mut fate = fate(view, pool);
    // What keeps its pool in the receiver has somebody who may own it.
    fate.is_passed |= at == Place::Receiver;
    let is_lasting = values.world().is_top_level(function) || reach.is_memoised(function);
    if fate.is_kept || is_lasting {
        return None;
    }
    if fate.is_returned || fate.is_in_object {
        if depth == 0 || view.body.traits.is_generator {
            return None;
        }
        return factory_verdict(summaries, reach, function, depth);
    }
    let in_loop = reach.is_in_loop(values, CallSite { function, block });
    if reach.runs_once(values, function) {
        return (in_loop && !fate.is_ended && !fate.is_passed).then_some(Why::InLoop);
    }
    if in_loop && !fate.is_passed {
        return Some(Why::InLoop);
    }
    let is_unsure = fate.is_ended
        || fate.is_passed
        || view.body.traits.is_generator
        || view.body.traits.is_constructor;
    match reach.repeats(values, function) {
        Some(Repeats::Registered) => Some(Why::Registered),
        Some(Repeats::Looped(call)) if !fate.is_passed => Some(Why::Looped(call)),
        Some(Repeats::Called(call)) if !fate.is_passed => Some(Why::Called(call)),
        // A pool that is made, used and ended is a script's, unless something says that it runs again and again.
        None if !is_unsure => Some(Why::Local),
        _ => None,
    }
}

/// A function that returns the pool it makes: what its callers do with it decides.
fn factory_verdict(
    summaries: &mut Summaries<'_>,
    reach: &mut Reach,
    function: FunctionKey,
    depth: u32,
) -> Option<Why> {
    let values = summaries.values;
    for caller in values.callers(function).to_vec() {
        let view = summaries.view(caller.function);
        let Some(call) = view.call(caller.block) else {
            continue;
        };
        let why = verdict(
            summaries,
            reach,
            &view,
            (caller.block, call.result, Place::Result),
            depth - 1,
        );
        if why.is_some_and(|why| why != Why::Local) {
            return Some(Why::Called(caller));
        }
    }
    None
}

/// Follows a pool, and what is made from it, through the function, whatever the order of statements.
fn fate(view: &View<'_>, pool: LocalId) -> Fate {
    let mut fate = Fate::default();
    let mut reached = FxHashSet::default();
    let mut work = vec![pool];
    while let Some(local) = work.pop() {
        if !reached.insert(local) {
            continue;
        }
        fate.is_kept |= matches!(view.body.local(local).kind, LocalKind::Captured(..));
        // A nested function may hand it to anybody.
        let mut nested = view.values.world().functions_near(view.key);
        fate.is_passed |= nested.any(|other| captures(view, other, local));
        for (index, block) in view.body.blocks.iter().enumerate() {
            for statement in &block.statements {
                statement_fate(view.body, &statement.action, local, &mut fate, &mut work);
            }
            terminator_fate(
                view,
                (BlockId::new(index), &block.terminator),
                local,
                &mut fate,
                &mut work,
            );
        }
    }
    fate
}

/// Whether a nested function uses the local.
fn captures(view: &View<'_>, other: FunctionKey, local: LocalId) -> bool {
    let world = view.values.world();
    let locals = 0..world.function(other).locals.len();
    other != view.key
        && locals
            .map(LocalId::new)
            .any(|inner| world.origin(other, inner) == (view.key, local))
}

fn statement_fate(
    body: &Function,
    action: &Action,
    local: LocalId,
    fate: &mut Fate,
    work: &mut Vec<LocalId>,
) {
    match action {
        Action::SetField(object, _, value)
            if *value == local && body.traits.is_constructor && body.receiver == Some(*object) =>
        {
            fate.is_in_object = true;
        }
        Action::Assign(target, value) => match value {
            Value::Local(source) if *source == local => work.push(*target),
            Value::Sequence(parts) | Value::Opaque(parts) if parts.contains(&local) => {
                work.push(*target);
            }
            Value::Record(parts) if parts.iter().any(|(_, part)| *part == local) => {
                work.push(*target);
            }
            _ => {}
        },
        Action::SetField(_, _, value) | Action::SetItem(_, _, value) if *value == local => {
            fate.is_kept = true;
        }
        Action::SetField(..) | Action::SetItem(..) => {}
    }
}

fn terminator_fate(
    view: &View<'_>,
    (block, terminator): (BlockId, &Terminator),
    local: LocalId,
    fate: &mut Fate,
    work: &mut Vec<LocalId>,
) {
    match terminator {
        Terminator::Return(value) if *value == local => fate.is_returned = true,
        Terminator::Suspend {
            kind,
            value,
            result,
            ..
        } if *value == local => match kind {
            Suspension::Await => work.push(*result),
            _ => fate.is_kept = true,
        },
        Terminator::Call { call, .. } => call_fate(view, block, call, local, fate, work),
        _ => {}
    }
}

fn call_fate(
    view: &View<'_>,
    block: BlockId,
    call: &Call,
    local: LocalId,
    fate: &mut Fate,
    work: &mut Vec<LocalId>,
) {
    const ENDS: [&str; 8] = [
        "end",
        "close",
        "dispose",
        "destroy",
        "disconnect",
        "$disconnect",
        "terminate",
        "closeall",
    ];
    let meaning = view.meaning(block);
    if let Callee::Method(receiver, name) = call.callee
        && receiver == local
    {
        fate.is_ended |= ENDS.contains(&name.text()) || call.kind == crate::ir::CallKind::Exit;
        // `engine.begin()` and its like give clients, not pools; a connected pool is itself.
        let same = meaning
            .facts
            .iter()
            .any(|(fact, _)| fact.returns == Returns::Receiver);
        if same || meaning.enters {
            work.push(call.result);
        }
    }
    if !call
        .arguments
        .iter()
        .any(|argument| argument.value == local)
    {
        return;
    }
    let makes = meaning.makes
        || meaning
            .facts
            .iter()
            .any(|(fact, _)| matches!(fact.returns, Returns::Type(_) | Returns::Argument(_)));
    if makes {
        work.push(call.result);
    }
    // A pool given to what opens a pool is part of that one.
    fate.is_kept |= meaning.fact(Effect::OpensPool).is_some();
    // Functions of the program, and those nobody knows, may keep it.
    fate.is_passed |=
        meaning.is_unknown() || !meaning.functions.is_empty() || !meaning.constructs.is_empty();
    if meaning
        .facts
        .iter()
        .any(|(fact, _)| fact.has(Effect::Keeps))
    {
        // `pools.set(tenant, pool)`: kept where the collection outlives the call.
        let outlives = matches!(call.callee, Callee::Method(receiver, _)
            if view.values.world().origin(view.key, receiver).0 != view.key);
        fate.is_kept |= outlives;
        fate.is_passed |= !outlives;
    }
}
