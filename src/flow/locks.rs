//! Connections that are held for the sake of a lock.
//!
//! In: a [`Hold`] and a call. Out: whether a statement before it, of a transaction the first, takes a lock that the
//! database keeps as long as the transaction, or the connection, lasts: then somebody means to keep it.
use super::holds::Hold;
use super::reached;
use super::sites::{Kind, View};
use super::summary::Summaries;
use super::text;
use crate::ir::{Action, BlockId, Callee, Constant, LocalId, Terminator, Value};
use crate::library::Effect;
use crate::link::FunctionKey;
use crate::link::values::Entity;
use std::rc::Rc;

/// What the text of a statement has that takes a lock.
const LOCKS: [&str; 4] = [
    "PG_ADVISORY_",
    "PG_TRY_ADVISORY_",
    "GET_LOCK(",
    "LOCK TABLE",
];

/// A statement's builder has few links.
const BUILDER_LIMIT: u32 = 4;

/// Statements looked at for a lock.
const STATEMENT_LIMIT: usize = 8;

/// Whether a connection is held for the sake of a lock, seen from a call: a statement before it takes one.
pub(super) fn is_lock(summaries: &mut Summaries<'_>, hold: &Hold, at: BlockId) -> bool {
    let view = summaries.view(hold.function);
    if hold.begun.is_automatic {
        // The statement that begins the transaction stands before its region.
        let mut calls = view.calls();
        let first = calls.find(|(block, _)| view.meaning(*block).fact(Effect::Queries).is_some());
        return first.is_some_and(|(block, _)| takes_lock(summaries, &view, block));
    }
    if let Some(scope) = hold.begun.through
        && is_locking_scope(summaries, scope)
    {
        return true;
    }
    // A transaction that has done other work before the lock does not exist for it.
    let limit = if hold.kind == Kind::Transaction {
        1
    } else {
        STATEMENT_LIMIT
    };
    let mut statements = 0;
    let leads = view.passing().leading_to(at);
    let calls = hold.region.calls.iter();
    for held in calls.filter(|held| leads[held.block.index()]) {
        if text::verb(summaries, &view, held.block).is_some() {
            continue;
        }
        let reached = reached::reached_by(summaries, &view, held, hold.purpose);
        let Some(hop) = reached.statement else {
            continue;
        };
        let find = |summaries: &mut Summaries<'_>, run| summaries.reached(run).statement;
        if let Some(place) = reached::follow(summaries, hold.function, hop, find) {
            let view = summaries.view(place.function);
            if takes_lock(summaries, &view, place.block) {
                return true;
            }
        }
        statements += 1;
        if statements >= limit {
            break;
        }
    }
    false
}

/// Whether the program's function that begins a transaction for its callers takes a lock in it, itself or by what it
/// calls: `with transaction.atomic(), lock: yield`.
fn is_locking_scope(summaries: &mut Summaries<'_>, scope: FunctionKey) -> bool {
    let view = summaries.view(scope);
    let calls = view.calls().take(STATEMENT_LIMIT);
    let called = calls.flat_map(|(block, _)| view.meaning(block).functions.clone());
    let mut functions: Vec<_> = [scope].into_iter().chain(called).collect();
    functions.dedup();
    functions.into_iter().any(|function| {
        let view = summaries.view(function);
        let sends = |block: &BlockId| view.meaning(*block).fact(Effect::Queries).is_some();
        let blocks = view.calls().map(|(block, _)| block).filter(sends);
        let statements: Vec<_> = blocks.take(STATEMENT_LIMIT).collect();
        let mut statements = statements.into_iter();
        statements.any(|block| takes_lock(summaries, &view, block))
    })
}

fn takes_lock<'p>(summaries: &mut Summaries<'p>, view: &Rc<View<'p>>, block: BlockId) -> bool {
    let Some(argument) = view.call(block).and_then(|call| call.arguments.first()) else {
        return false;
    };
    if is_built_lock(view, argument.value, BUILDER_LIMIT) {
        return true;
    }
    let mut texts = text::choices(summaries, view.key, argument.value);
    texts.extend(texts_of_property(summaries, view, argument.value));
    let is_text =
        |constant: &Constant| matches!(constant, Constant::Text(text) if is_lock_text(text));
    !texts.is_empty() && texts.iter().all(is_text)
}

fn is_lock_text(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    LOCKS.iter().any(|lock| text.contains(lock))
}

/// Whether a statement is built of a function that takes a lock: `select(func.pg_advisory_xact_lock(key))`.
fn is_built_lock(view: &View<'_>, local: LocalId, links: u32) -> bool {
    let Some((_, call)) = view.call_giving(local).filter(|_| links > 0) else {
        return false;
    };
    let is_function =
        matches!(call.callee, Callee::Method(_, name) if is_lock_text(&format!("{name}(")));
    let receiver = match call.callee {
        Callee::Method(receiver, _) => Some(receiver),
        Callee::Local(_) => None,
    };
    let parts = call.arguments.iter().map(|argument| argument.value);
    is_function
        || parts.chain(receiver).any(|part| {
            part != local && (is_lock_template(view, part) || is_built_lock(view, part, links - 1))
        })
}

/// Whether a text that something is filled into takes a lock: `` sql`select pg_advisory_xact_lock(${key})` ``.
fn is_lock_template(view: &View<'_>, local: LocalId) -> bool {
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    view.pieces(local).any(|text| is_lock_text(&text))
        || statements.any(|statement| {
            matches!(statement.action, Action::Assign(target, Value::Constant(Constant::Text(text)))
                if target == local && is_lock_text(&text))
        })
}

/// What a property of an object of the program gives: `self.lock_query`.
fn texts_of_property<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    local: LocalId,
) -> Vec<Constant> {
    let values = summaries.values;
    let Some((object, name)) = view.field_read(local) else {
        return Vec::new();
    };
    let objects = values.of(view.key, object).iter();
    let properties = objects.filter_map(|entity| match entity {
        Entity::Object(class) => values.method(*class, &name),
        _ => None,
    });
    let mut found = Vec::new();
    for property in properties {
        for block in &values.world().function(property).blocks {
            if let Terminator::Return(value) = block.terminator {
                found.extend(text::choices(summaries, property, value));
            }
        }
    }
    found
}
