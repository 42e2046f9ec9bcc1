//! Connections that are held for the sake of a lock.
//!
//! In: a [`Hold`]. Out: whether its first statement takes a lock that the database keeps as long as the transaction, or the
//! connection, lasts: then somebody means to keep it.
use super::holds::Hold;
use super::reached;
use super::sites::View;
use super::summary::Summaries;
use super::text;
use crate::ir::{Action, BlockId, Constant, LocalId, Terminator, Value};
use crate::library::Effect;
use crate::link::values::Entity;
use std::rc::Rc;

/// What the text of a statement has that takes a lock.
const LOCKS: [&str; 4] = [
    "PG_ADVISORY_",
    "PG_TRY_ADVISORY_",
    "GET_LOCK(",
    "LOCK TABLE",
];

/// Whether a connection is held for the sake of a lock.
pub(super) fn is_lock(summaries: &mut Summaries<'_>, hold: &Hold) -> bool {
    let view = summaries.view(hold.function);
    if hold.begun.is_automatic {
        // The statement that begins the transaction stands before its region.
        let mut calls = view.calls();
        let first = calls.find(|(block, _)| view.meaning(*block).fact(Effect::Queries).is_some());
        return first.is_some_and(|(block, _)| takes_lock(summaries, &view, block));
    }
    let mut calls = hold.region.calls.iter();
    let first = calls.find_map(|held| {
        if text::verb(summaries, &view, held.block).is_some() {
            return None;
        }
        reached::reached_by(summaries, &view, held, hold.purpose).statement
    });
    let find = |summaries: &mut Summaries<'_>, run| summaries.reached(run).statement;
    let place = first.and_then(|hop| reached::follow(summaries, hold.function, hop, find));
    place.is_some_and(|place| {
        let view = summaries.view(place.function);
        takes_lock(summaries, &view, place.block)
    })
}

fn takes_lock<'p>(summaries: &mut Summaries<'p>, view: &Rc<View<'p>>, block: BlockId) -> bool {
    let Some(argument) = view.call(block).and_then(|call| call.arguments.first()) else {
        return false;
    };
    let mut texts = text::choices(summaries, view.key, argument.value);
    texts.extend(texts_of_property(summaries, view, argument.value));
    let is_lock = |constant: &Constant| match constant {
        Constant::Text(text) => {
            let text = text.to_ascii_uppercase();
            LOCKS.iter().any(|lock| text.contains(lock))
        }
        _ => false,
    };
    !texts.is_empty() && texts.iter().all(is_lock)
}

/// What a property of an object of the program gives: `self.lock_query`.
fn texts_of_property<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    local: LocalId,
) -> Vec<Constant> {
    let values = summaries.values;
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    let read = statements.find_map(|statement| match &statement.action {
        Action::Assign(target, Value::Field(object, name)) if *target == local => {
            Some((*object, *name))
        }
        _ => None,
    });
    let Some((object, name)) = read else {
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
