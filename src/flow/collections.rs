//! How large the collections are that loops go over.
//!
//! In: a local. Out: its [`Size`], followed back to where it comes from: literals, slices and limited queries are bounded;
//! what callers pass and unlimited queries give is not; of anything else nothing is known.
use super::sites::View;
use super::summary::Summaries;
use super::text;
use crate::ir::{Action, BlockId, Call, Callee, Constant, LocalId, LocalKind, Terminator, Value};
use crate::library::{Effect, Place, Returns};
use crate::link::FunctionKey;
use crate::link::values::{Entity, parameter_of};
use std::rc::Rc;

/// Definitions are followed back this far.
const DEPTH_LIMIT: u32 = 12;

/// A builder has few links.
const BUILDER_LIMIT: u32 = 12;

/// Callers asked for what they pass.
const CALLER_LIMIT: usize = 16;

/// How large a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Something bounds it.
    Bounded,
    /// Nothing is known.
    Unknown,
    /// It grows with data: rows of a table, what a caller sends.
    Unbounded,
}

/// The size of the collection that a local stands for.
pub fn size(summaries: &mut Summaries<'_>, function: FunctionKey, local: LocalId) -> Size {
    size_within(summaries, function, local, DEPTH_LIMIT)
}

fn size_within(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    local: LocalId,
    depth: u32,
) -> Size {
    if depth == 0 {
        return Size::Unknown;
    }
    let (function, local) = summaries.values.world().origin(function, local);
    let view = summaries.view(function);
    let mut sizes = definitions(summaries, &view, local, depth - 1);
    if let LocalKind::Parameter(position) = view.body.local(local).kind {
        sizes.push(of_parameter(
            summaries,
            function,
            (position, local),
            depth - 1,
        ));
    }
    // One unbounded way suffices, unless another says that it bounds it: `rows = rows[:100]`.
    if sizes.contains(&Size::Bounded) {
        return Size::Bounded;
    }
    sizes.into_iter().max().unwrap_or(Size::Unknown)
}

/// The sizes of what is assigned to a local.
fn definitions<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    local: LocalId,
    depth: u32,
) -> Vec<Size> {
    let mut sizes = Vec::new();
    for (index, block) in view.body.blocks.iter().enumerate() {
        for statement in &block.statements {
            if let Action::Assign(target, value) = &statement.action
                && *target == local
            {
                sizes.push(of_value(summaries, view, value, depth));
            }
        }
        match &block.terminator {
            Terminator::Call { call, .. } if call.result == local => {
                sizes.push(of_call(summaries, view, BlockId::new(index), depth));
            }
            Terminator::Suspend { value, result, .. } if *result == local && *value != local => {
                sizes.push(size_within(summaries, view.key, *value, depth));
            }
            _ => {}
        }
    }
    sizes
}

fn of_value<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    value: &Value,
    depth: u32,
) -> Size {
    match value {
        Value::Local(source) => size_within(summaries, view.key, *source, depth),
        // What a comprehension or a loop collects is as large as what it goes over: asked where that is.
        Value::Sequence(parts) if parts.iter().any(|part| is_in_loop(view, *part)) => Size::Unknown,
        Value::Sequence(_) | Value::Record(_) | Value::Constant(_) => Size::Bounded,
        // A key that is computed is a slice: `rows[:100]`, `rows[i:i + 100]`.
        Value::Item(_, key) if is_operation(view, *key) => Size::Bounded,
        // `const { rows } = await client.query(...)`, `const [rows] = ...`: an answer keeps its rows in a field.
        Value::Field(object, _) | Value::Item(object, _) if is_answer(view, *object) => {
            size_within(summaries, view.key, *object, depth)
        }
        _ => Size::Unknown,
    }
}

fn is_in_loop(view: &View<'_>, local: LocalId) -> bool {
    elements(view).any(|(_, element, _)| element == local)
        || view.calls().any(|(block, call)| {
            call.result == local && super::reach::blocks_in_loops(view.body)[block.index()]
        })
}

/// Whether a local is what a statement gives, in a language whose answers are objects around the rows.
fn is_answer(view: &View<'_>, local: LocalId) -> bool {
    let is_script = !view.values.world().language(view.key).is_python();
    let gives = |(block, call): (BlockId, &Call)| {
        call.result == local && view.meaning(block).fact(Effect::Queries).is_some()
    };
    is_script && view.calls().any(gives)
}

fn is_operation(view: &View<'_>, local: LocalId) -> bool {
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| {
        matches!(&statement.action, Action::Assign(target, Value::Operation(_)) if *target == local)
    })
}

/// The loops' elements: the block, the element, and the collection.
pub fn elements(view: &View<'_>) -> impl Iterator<Item = (BlockId, LocalId, LocalId)> {
    let blocks = view.body.blocks.iter().enumerate();
    blocks.flat_map(|(index, block)| {
        block
            .statements
            .iter()
            .filter_map(move |statement| match statement.action {
                Action::Assign(target, Value::Element(collection)) => {
                    Some((BlockId::new(index), target, collection))
                }
                _ => None,
            })
    })
}

fn of_call<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    block: BlockId,
    depth: u32,
) -> Size {
    let Some(call) = view.call(block) else {
        return Size::Unknown;
    };
    if is_limited(summaries, view, block) {
        return Size::Bounded;
    }
    let meaning = view.meaning(block);
    let mut sizes = Vec::new();
    for (fact, _) in &meaning.facts {
        if fact.has(Effect::Queries) {
            sizes.push(Size::Unbounded);
        }
        match (fact.returns, call.callee) {
            (Returns::Receiver, Callee::Method(receiver, _)) => {
                sizes.push(size_within(summaries, view.key, receiver, depth));
            }
            (Returns::Element, _) => sizes.push(Size::Bounded),
            (Returns::Argument(position), _) => {
                sizes.extend(of_argument(summaries, view, call, position, depth));
            }
            _ => {}
        }
        if fact.has(Effect::Iterates)
            && let Callee::Method(receiver, _) = call.callee
        {
            sizes.push(size_within(summaries, view.key, receiver, depth));
        }
    }
    // A builder, or a cursor, is as large as what it was made from: `.where(...)`, `cursor.fetchall()`.
    if meaning
        .facts
        .iter()
        .any(|(fact, _)| matches!(fact.returns, Returns::Type(_)))
        && let Callee::Method(receiver, _) = call.callee
    {
        sizes.push(size_within(summaries, view.key, receiver, depth));
    }
    for function in meaning.functions.clone() {
        sizes.push(of_function(summaries, function, depth));
    }
    if sizes.contains(&Size::Bounded) {
        return Size::Bounded;
    }
    sizes.into_iter().max().unwrap_or(Size::Unknown)
}

fn of_argument<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    call: &Call,
    position: u32,
    depth: u32,
) -> Option<Size> {
    let argument = call.arguments.get(position as usize)?;
    Some(size_within(summaries, view.key, argument.value, depth))
}

/// Whether a call, or one its receiver comes from or is used by, says how many: `.limit(10)`, `LIMIT 10`, `fetchmany(10)`.
fn is_limited<'p>(summaries: &mut Summaries<'p>, view: &Rc<View<'p>>, block: BlockId) -> bool {
    if view.meaning(block).fact(Effect::Bounds).is_some() {
        return true;
    }
    let Some(call) = view.call(block) else {
        return false;
    };
    let arguments: Vec<_> = call
        .arguments
        .iter()
        .map(|argument| argument.value)
        .collect();
    if arguments
        .iter()
        .any(|local| has_limit(summaries, view, *local))
    {
        return true;
    }
    if arguments
        .iter()
        .any(|local| is_built_limited(view, *local, BUILDER_LIMIT))
    {
        return true;
    }
    let Callee::Method(receiver, _) = call.callee else {
        return false;
    };
    if is_built_limited(view, receiver, BUILDER_LIMIT) {
        return true;
    }
    // `cursor.execute("... limit 10")` says it for `cursor.fetchall()` and `for row in cursor`.
    let sent: Vec<_> = view
        .calls()
        .filter(|(other, call)| {
            *other != block
                && matches!(call.callee, Callee::Method(owner, _) if owner == receiver)
                && view.meaning(*other).fact(Effect::Queries).is_some()
        })
        .filter_map(|(_, call)| call.arguments.first())
        .map(|argument| argument.value)
        .collect();
    sent.into_iter()
        .any(|local| has_limit(summaries, view, local))
}

/// Whether a statement is built with a limit: `select(User).where(...).limit(10)`.
fn is_built_limited(view: &View<'_>, local: LocalId, links: u32) -> bool {
    if links == 0 {
        return false;
    }
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    let is_assigned = statements.any(|statement| {
        matches!(&statement.action, Action::Assign(target, Value::Local(source))
            if *target == local && is_built_limited(view, *source, links - 1))
    });
    is_assigned
        || view.calls().any(|(block, call)| {
            let meaning = view.meaning(block);
            let builds = meaning
                .facts
                .iter()
                .any(|(fact, _)| matches!(fact.returns, Returns::Receiver | Returns::Type(_)));
            let is_next = |receiver| builds && is_built_limited(view, receiver, links - 1);
            call.result == local
                && (meaning.fact(Effect::Bounds).is_some()
                    || matches!(call.callee, Callee::Method(receiver, _) if is_next(receiver)))
        })
}

fn has_limit(summaries: &mut Summaries<'_>, view: &View<'_>, local: LocalId) -> bool {
    if let Some(Constant::Text(text)) = text::constant(summaries, view.key, local) {
        let words = || text.split_whitespace();
        return words()
            .any(|word| word.eq_ignore_ascii_case("limit") || word.eq_ignore_ascii_case("fetch"));
    }
    // An interpolated text may say it in any of its pieces; options say it under a key.
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| match &statement.action {
        Action::Assign(target, Value::Record(entries)) if *target == local => {
            let keys = ["limit", "take", "first", "top"];
            entries.iter().any(|(key, _)| keys.contains(&key.text()))
        }
        Action::Assign(target, Value::Text(pieces)) if *target == local => {
            pieces.iter().any(|piece| {
                matches!(piece, crate::ir::Piece::Text(text)
                    if text.split_whitespace().any(|word| word.eq_ignore_ascii_case("limit")))
            })
        }
        _ => false,
    })
}

/// The size of what a function returns.
fn of_function(summaries: &mut Summaries<'_>, function: FunctionKey, depth: u32) -> Size {
    let view = summaries.view(function);
    if view.body.traits.is_generator {
        return Size::Unknown;
    }
    let returned: Vec<_> = view
        .body
        .blocks
        .iter()
        .filter_map(|block| match block.terminator {
            Terminator::Return(local) => Some(local),
            _ => None,
        })
        .collect();
    let sizes = returned
        .into_iter()
        .map(|local| size_within(summaries, function, local, depth));
    sizes.max().unwrap_or(Size::Unknown)
}

/// The size of what callers pass: where nobody is known to call, whatever somebody sends.
fn of_parameter(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    (position, local): (u32, LocalId),
    depth: u32,
) -> Size {
    let body = summaries.values.world().function(function);
    let is_rest = body
        .parameters
        .get(position as usize)
        .is_some_and(|parameter| parameter.is_rest);
    if is_rest {
        return Size::Unknown;
    }
    let callers = summaries.values.callers(function).to_vec();
    if callers.is_empty() || callers.len() > CALLER_LIMIT {
        let world = summaries.values.world();
        let is_named =
            !body.name.is_empty() && world.is_top_level(world.sibling(function, body.parent));
        return if body.traits.is_closure && !is_named {
            Size::Unknown
        } else {
            Size::Unbounded
        };
    }
    let mut sizes = Vec::new();
    for caller in callers {
        let view = summaries.view(caller.function);
        let Some(call) = view.call(caller.block) else {
            continue;
        };
        let mut arguments = call.arguments.iter().enumerate();
        let passed = arguments
            .find(|(position, argument)| parameter_of(body, *position, argument) == Some(local));
        if let Some((_, argument)) = passed {
            sizes.push(size_within(
                summaries,
                caller.function,
                argument.value,
                depth,
            ));
        }
    }
    sizes.into_iter().max().unwrap_or(Size::Unknown)
}

/// The collection whose elements a call hands to its callbacks: the receiver, or the target.
pub fn iterated(view: &View<'_>, block: BlockId) -> Option<LocalId> {
    let call = view.call(block)?;
    let facts = view.meaning(block).facts.iter().map(|(fact, _)| *fact);
    let mut facts = facts.filter(|fact| fact.has(Effect::Iterates) || fact.has(Effect::FansOut));
    let fact = facts.next()?;
    let given = |position: usize| call.arguments.get(position).map(|argument| argument.value);
    let is_work = |local: &LocalId| {
        let mut entities = view.values.of(view.key, *local).iter();
        entities.any(|entity| matches!(entity, Entity::Function(_)))
    };
    let target = match fact.target {
        Some(Place::Argument(position)) => given(position as usize),
        _ => None,
    };
    match call.callee {
        _ if target.is_some_and(|local| !is_work(&local)) => target,
        Callee::Method(receiver, _) if !fact.has(Effect::FansOut) && target.is_none() => {
            Some(receiver)
        }
        // `executor.map(work, rows)`, `map(work, rows)`
        _ if view.values.world().language(view.key).is_python() => given(1),
        // `pMap(rows, work)`, `Array.from(rows, work)`
        _ => {
            let mut arguments = call.arguments.iter().map(|argument| argument.value);
            arguments.find(|local| !is_work(local))
        }
    }
}
