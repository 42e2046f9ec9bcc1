//! Pools that are made again and again.
//!
//! In: the linked program. Out: an [`Opening`] for each construction of a pool that does not outlive the call it is made
//! in, or is made by a function that runs again and again.
use super::reach::Reach;
use super::sites::{self, View};
use super::summary::Summaries;
use crate::finding::Confidence;
use crate::ir::{
    Action, BlockId, Call, Callee, Function, LocalId, LocalKind, Site, Suspension, Terminator,
    Test, Value,
};
use crate::library::{CallFact, Effect, Place, Returns};
use crate::link::FunctionKey;
use crate::link::values::{CallSite, Entity, Values, parameter_of};
use rustc_hash::FxHashSet;

/// Callers of a function that returns its pool are followed this far.
const FACTORY_LIMIT: u32 = 8;

/// What a loop runs more than this many calls below it may be kept somewhere on the way.
const NEAR_LIMIT: usize = 3;

/// Functions that a pool is handed on to are looked into this far.
const HAND_LIMIT: u32 = 3;

/// Locals looked at for what a round of a loop gives.
const SLICE_LIMIT: usize = 64;

/// Methods that end a pool.
pub(super) const ENDS: [&str; 8] = [
    "end",
    "close",
    "dispose",
    "destroy",
    "disconnect",
    "$disconnect",
    "terminate",
    "closeall",
];

/// Why a pool is made again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// For each request or job.
    Requests,
    /// In each round of a loop.
    Rounds,
    /// The pool does not outlive the call.
    Local,
    /// The function's caller gets the pool and leaves it.
    Left,
}

/// A construction of a pool that is made again and again.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The function it stands in.
    pub function: FunctionKey,
    /// The construction.
    pub site: Site,
    /// The constructor alone.
    pub callee: Site,
    /// Why.
    pub why: Why,
    /// The calls that lead to the function, the nearest first: the last is made for each request, in the loop, or by whom
    /// it is left.
    pub calls: Vec<CallSite>,
    /// How sure it is that this harms.
    pub confidence: Confidence,
}

/// What is thought of a construction.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    why: Why,
    calls: Vec<CallSite>,
    /// A pool that each round or call ends before the next is a waste, but never more than one.
    confidence: Confidence,
}

impl Verdict {
    fn sure(why: Why) -> Self {
        Self {
            why,
            calls: Vec::new(),
            confidence: Confidence::High,
        }
    }

    /// Ended by the call that has it: harm is sure only where requests come side by side.
    fn unless_ended(why: Why, fate: Fate, is_for_requests: bool) -> Self {
        let mut verdict = Self::sure(why);
        if fate.is_ended && !is_for_requests {
            verdict.confidence = Confidence::Low;
        }
        verdict
    }
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
    /// It is asked what it is: `engine.dialect`.
    is_asked: bool,
    /// Anything is done with it that may connect.
    is_used: bool,
}

impl Fate {
    fn join(&mut self, other: Self) {
        self.is_kept |= other.is_kept;
        self.is_in_object |= other.is_in_object;
        self.is_passed |= other.is_passed;
        self.is_returned |= other.is_returned;
        self.is_ended |= other.is_ended;
        self.is_asked |= other.is_asked;
        self.is_used |= other.is_used;
    }
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
            let Some(at) = opening
                .filter(|fact| !sites::is_given(&view, call, fact))
                .map(|fact| fact.at)
            else {
                continue;
            };
            let site = view.body.block(block).site;
            if !seen.insert(site) {
                continue;
            }
            let place = (block, call.result, at);
            if let Some(mut verdict) = verdict(summaries, reach, &view, place, FACTORY_LIMIT) {
                if verdict.why == Why::Rounds && verdict.calls.len() > NEAR_LIMIT {
                    verdict.confidence = Confidence::Low;
                }
                found.push(Opening {
                    function,
                    site,
                    callee: call.callee_site,
                    why: verdict.why,
                    calls: verdict.calls,
                    confidence: verdict.confidence,
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
) -> Option<Verdict> {
    let values = summaries.values;
    let function = view.key;
    let fate = fate_at(summaries, view, (block, pool, at));
    let is_lasting = values.world().is_top_level(function) || reach.is_memoised(function);
    if fate.is_kept || is_lasting || (fate.is_asked && !fate.is_used) {
        return None;
    }
    let needed = needs_null(view, block);
    if fate.is_returned || fate.is_in_object {
        if depth == 0 || view.body.traits.is_generator {
            return None;
        }
        let found = factory_verdict(summaries, reach, view, &needed, depth);
        // An object may end its pool in any of its methods.
        let is_left = |verdict: &Verdict| verdict.why == Why::Left;
        return found.filter(|verdict| !(fate.is_in_object && is_left(verdict)));
    }
    let in_loop = reach.is_in_loop(values, CallSite { function, block });
    if reach.runs_once(values, function) {
        // A command that ends drops what it made, and so does Python with each round.
        let is_python = values.world().language(function).is_python();
        return (in_loop && !fate.is_ended && !fate.is_passed).then_some(Verdict {
            why: Why::Rounds,
            calls: Vec::new(),
            confidence: if is_python {
                Confidence::Low
            } else {
                Confidence::High
            },
        });
    }
    if in_loop && !fate.is_passed {
        let mut verdict = Verdict::unless_ended(Why::Rounds, fate, false);
        if view.call(block).is_some_and(|call| is_of_round(view, call)) {
            verdict.confidence = Confidence::Low;
        }
        return Some(verdict);
    }
    let is_unsure = fate.is_ended
        || fate.is_passed
        || view.body.traits.is_generator
        || view.body.traits.is_constructor;
    match reach.repeats_unless(values, function, &|caller| gives(values, caller, &needed)) {
        Some(repeats) if repeats.calls.is_empty() => Some(Verdict::sure(Why::Requests)),
        Some(repeats) if !fate.is_passed => {
            let is_for_requests = !repeats.is_looped && reach.is_for_requests(values, function);
            let why = if repeats.is_looped {
                Why::Rounds
            } else {
                Why::Requests
            };
            let mut verdict = Verdict::unless_ended(why, fate, is_for_requests);
            verdict.calls = repeats.calls;
            Some(verdict)
        }
        // A pool that is made, used and ended is a script's, unless something says that it runs again and again.
        None if !is_unsure => Some(Verdict::sure(Why::Local)),
        _ => None,
    }
}

/// Whether a call is given something of its round of a loop: an engine for each of several databases.
fn is_of_round(view: &View<'_>, call: &Call) -> bool {
    let mut work: Vec<LocalId> = call
        .arguments
        .iter()
        .map(|argument| argument.value)
        .collect();
    let mut seen = FxHashSet::default();
    while let Some(local) = work.pop() {
        if !seen.insert(local) || seen.len() > SLICE_LIMIT {
            continue;
        }
        for statement in view.body.blocks.iter().flat_map(|block| &block.statements) {
            match &statement.action {
                Action::Assign(target, Value::Element(_)) if *target == local => return true,
                Action::Assign(target, value) if *target == local => work.extend(value.operands()),
                _ => {}
            }
        }
        let made = view.call_giving(local).map(|(_, call)| call);
        work.extend(made.into_iter().flat_map(|call| {
            let (Callee::Local(callee) | Callee::Method(callee, _)) = call.callee;
            let arguments = call.arguments.iter().map(|argument| argument.value);
            arguments.chain([callee])
        }));
    }
    false
}

/// A function that returns the pool it makes: what its callers do with it decides.
fn factory_verdict(
    summaries: &mut Summaries<'_>,
    reach: &mut Reach,
    factory: &View<'_>,
    needed: &[LocalId],
    depth: u32,
) -> Option<Verdict> {
    let values = summaries.values;
    let mut found: Option<Verdict> = None;
    for caller in values.callers(factory.key).to_vec() {
        let view = summaries.view(caller.function);
        let Some(call) = view.call(caller.block) else {
            continue;
        };
        if gives(values, caller, needed) {
            continue;
        }
        let place = (caller.block, call.result, Place::Result);
        let Some(mut verdict) = verdict(summaries, reach, &view, place, depth - 1) else {
            continue;
        };
        if matches!(verdict.why, Why::Local | Why::Left) {
            // Dropped with the call, where the language drops it.
            if values.world().language(view.key).is_python() {
                continue;
            }
            verdict.why = Why::Left;
        }
        verdict.calls.insert(0, caller);
        if verdict.confidence == Confidence::High {
            return Some(verdict);
        }
        found = found.or(Some(verdict));
    }
    found
}

/// The parameters that must be null for a block to be reached: `if engine is None: engine = create_engine(url)`.
fn needs_null(view: &View<'_>, block: BlockId) -> Vec<LocalId> {
    let parameters = view.body.parameters.iter();
    let parameters = parameters.map(|parameter| parameter.local);
    parameters
        .filter(|parameter| !is_reached_with(view.body, block, *parameter))
        .collect()
}

/// Whether a block is reached when the parameter is not null.
fn is_reached_with(body: &Function, target: BlockId, parameter: LocalId) -> bool {
    let mut seen = vec![false; body.blocks.len()];
    let mut work = vec![BlockId(0)];
    while let Some(block) = work.pop() {
        if std::mem::replace(&mut seen[block.index()], true) {
            continue;
        }
        if block == target {
            return true;
        }
        match &body.block(block).terminator {
            Terminator::Branch {
                test: Test::Truthy(local),
                then,
                ..
            } if *local == parameter => work.push(*then),
            Terminator::Branch {
                test: Test::Null(local),
                otherwise,
                ..
            } if *local == parameter => work.push(*otherwise),
            terminator => work.extend(terminator.successors()),
        }
    }
    false
}

/// Whether a call gives a value for one of the parameters.
fn gives(values: &Values<'_>, caller: CallSite, parameters: &[LocalId]) -> bool {
    let world = values.world();
    let body = world.function(caller.function);
    let Terminator::Call { call, .. } = &body.block(caller.block).terminator else {
        return false;
    };
    if parameters.is_empty() {
        return false;
    }
    let callees = values.meaning(caller.function, call).functions;
    let given = call.arguments.iter().enumerate();
    let mut given = given.filter(|(_, argument)| !is_constant(body, argument.value));
    given.any(|(position, argument)| {
        callees.iter().any(|callee| {
            parameter_of(world.function(*callee), position, argument)
                .is_some_and(|parameter| parameters.contains(&parameter))
        })
    })
}

fn is_constant(body: &Function, local: LocalId) -> bool {
    let mut statements = body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| {
        matches!(&statement.action, Action::Assign(target, Value::Constant(_)) if *target == local)
    })
}

/// What becomes of the pool that a call makes, also where a callback gets it.
fn fate_at(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    (block, pool, at): (BlockId, LocalId, Place),
) -> Fate {
    let mut fate = fate(view, pool);
    // What keeps its pool in the receiver has somebody who may own it.
    fate.is_passed |= at == Place::Receiver;
    let callback = match (at, view.call(block)) {
        (Place::CallbackParameter(position), Some(call)) => view
            .values
            .callback(view.key, call)
            .map(|callback| (callback, position)),
        _ => None,
    };
    let Some((callback, position)) = callback else {
        return fate;
    };
    for entity in view.values.of(view.key, callback) {
        let Entity::Function(function) = entity else {
            continue;
        };
        let inner = summaries.view(*function);
        if let Some(parameter) = inner.body.parameters.get(position as usize) {
            fate.join(self::fate(&inner, parameter.local));
        }
    }
    fate
}

/// Whether the function that makes a pool ends it, and gives it to nobody else.
pub(super) fn is_ended_here(view: &View<'_>, pool: LocalId) -> bool {
    let fate = fate(view, pool);
    let is_given = fate.is_kept || fate.is_in_object || fate.is_returned || fate.is_passed;
    fate.is_ended && !is_given
}

/// Whether the call that makes a pool drops it: nobody keeps it, and nobody ends it.
pub(super) fn is_dropped(view: &View<'_>, pool: LocalId) -> bool {
    let fate = fate(view, pool);
    !(fate.is_kept || fate.is_in_object || fate.is_returned || fate.is_ended)
}

/// Follows a pool, and what is made from it, through the function, whatever the order of statements.
fn fate(view: &View<'_>, pool: LocalId) -> Fate {
    fate_within(view, pool, HAND_LIMIT)
}

fn fate_within(view: &View<'_>, pool: LocalId, depth: u32) -> Fate {
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
        let is_captured = nested.any(|other| captures(view, other, local));
        fate.is_passed |= is_captured;
        fate.is_used |= is_captured;
        for (index, block) in view.body.blocks.iter().enumerate() {
            for statement in &block.statements {
                statement_fate(view.body, &statement.action, local, &mut fate, &mut work);
            }
            terminator_fate(
                (view, depth),
                (BlockId::new(index), &block.terminator),
                local,
                &mut fate,
                &mut work,
            );
        }
    }
    fate
}

/// Whether a function of the program only uses the pool that a call hands it: it gives it to nobody, nor ends it.
fn is_only_used(
    view: &View<'_>,
    (function, call): (FunctionKey, &Call),
    pool: LocalId,
    depth: u32,
) -> bool {
    // What a part of a pool of JavaScript's keeps, as `client.db()`, is not followed.
    if !view.values.world().language(function).is_python() {
        return false;
    }
    let inner = View::new(view.values, function);
    let traits = inner.body.traits;
    let arguments = call.arguments.iter().enumerate();
    let mut handed = arguments.filter(|(_, argument)| argument.value == pool);
    !traits.is_generator
        && !traits.is_constructor
        && handed.all(|(position, argument)| {
            let parameter = parameter_of(inner.body, position, argument);
            parameter.is_some_and(|parameter| {
                let fate = fate_within(&inner, parameter, depth);
                let may_have =
                    fate.is_kept || fate.is_in_object || fate.is_returned || fate.is_passed;
                !may_have && !fate.is_ended
            })
        })
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
            Value::Field(object, name) if *object == local => {
                let is_asked = ["dialect", "url"].contains(&name.text());
                fate.is_asked |= is_asked;
                fate.is_used |= !is_asked;
            }
            Value::Sequence(parts) | Value::Opaque(parts) if parts.contains(&local) => {
                fate.is_used = true;
                work.push(*target);
            }
            Value::Record(parts) if parts.iter().any(|(_, part)| *part == local) => {
                fate.is_used = true;
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
    (view, depth): (&View<'_>, u32),
    (block, terminator): (BlockId, &Terminator),
    local: LocalId,
    fate: &mut Fate,
    work: &mut Vec<LocalId>,
) {
    match terminator {
        Terminator::Return(value) if *value == local => {
            fate.is_returned = true;
            fate.is_used = true;
        }
        Terminator::Suspend {
            kind: Suspension::Await,
            value,
            result,
            ..
        } if *value == local => work.push(*result),
        Terminator::Suspend { value, .. } if *value == local => {
            fate.is_kept = true;
            fate.is_used = true;
        }
        Terminator::Call { call, .. } => {
            call_fate((view, depth), (block, call), local, fate, work);
        }
        _ => {}
    }
}

fn call_fate(
    (view, depth): (&View<'_>, u32),
    (block, call): (BlockId, &Call),
    local: LocalId,
    fate: &mut Fate,
    work: &mut Vec<LocalId>,
) {
    let meaning = view.meaning(block);
    if let Callee::Method(receiver, name) = call.callee
        && receiver == local
    {
        fate.is_used = true;
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
    fate.is_used = true;
    let mut facts = meaning.facts.iter().map(|(fact, _)| *fact);
    let gives = |fact: &CallFact| matches!(fact.returns, Returns::Type(_) | Returns::Argument(_));
    let makes = meaning.makes || facts.clone().any(gives);
    if makes {
        work.push(call.result);
    }
    // A pool given to what opens a pool is part of that one.
    fate.is_kept |= meaning.fact(Effect::OpensPool).is_some();
    // Functions of the program, and those nobody knows, may keep it.
    fate.is_passed |= meaning.is_unknown()
        || !meaning.constructs.is_empty()
        || meaning.functions.iter().any(|function| {
            let inner = depth > 0 && is_only_used(view, (*function, call), local, depth - 1);
            !inner
        });
    // What is made of it keeps it, and is followed: `inspect(engine)`.
    let is_within =
        |fact: &CallFact| matches!(fact.returns, Returns::Type(_)) && !fact.callee.contains('#');
    if facts.any(|fact| fact.has(Effect::Keeps) && !is_within(fact)) {
        // `pools.set(tenant, pool)`: kept where the collection outlives the call.
        let outlives = matches!(call.callee, Callee::Method(receiver, _)
            if view.values.world().origin(view.key, receiver).0 != view.key);
        fate.is_kept |= outlives;
        fate.is_passed |= !outlives;
    }
}
