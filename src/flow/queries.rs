//! What bounds the rows of a query.
//!
//! In: a call that sends a statement, or goes over its rows. Out: whether the statement says how many, and whether it asks
//! for what belongs to one other row.
use super::sites::View;
use super::summary::Summaries;
use super::text;
use crate::ir::{Action, BlockId, Call, Callee, Constant, LocalId, LocalKind, Value};
use crate::library::{Effect, Returns};
use crate::link::values::Entity;
use crate::symbol::Symbol;
use std::rc::Rc;

/// A statement is built by few calls.
const BUILDER_LIMIT: usize = 32;

/// Fields between a parameter and a value of it.
const FIELD_LIMIT: u32 = 8;

/// Lookups of a keyword that ask for anything but equality, in Django, Tortoise and peewee.
const LOOKUPS: [&str; 19] = [
    "gt",
    "gte",
    "lt",
    "lte",
    "not",
    "not_in",
    "ne",
    "range",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "like",
    "ilike",
    "regex",
    "iregex",
    "isnull",
];

/// How a statement's text compares a column with a parameter of the statement.
const PARAMETERS: [&str; 5] = ["= $", "= %s", "= ?", "= :", "= %("];

/// Whether a call, or one that builds or sends its statement, says how many: `.limit(10)`, `LIMIT 10`, `fetchmany(10)`.
pub(super) fn is_limited<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    block: BlockId,
) -> bool {
    built_by(view, block).into_iter().any(|block| {
        let arguments = view.call(block).map_or(&[][..], |call| &call.arguments);
        let mut arguments = arguments.iter();
        view.meaning(block).fact(Effect::Bounds).is_some()
            || arguments.any(|argument| has_limit(summaries, view, argument.value))
    })
}

/// Whether a query asks for the rows that belong to one other row: `where owner_id = $1`, `.filter(owner=self)`.
pub(super) fn is_of_one<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    block: BlockId,
) -> bool {
    built_by(view, block).into_iter().any(|block| {
        view.call(block)
            .is_some_and(|call| equates(view, block, call) || has_parameter(summaries, view, call))
    })
}

/// The calls that build and send the statement of a call: links of its chain, statements that it is handed, and what a
/// cursor was sent before it is read.
fn built_by(view: &View<'_>, block: BlockId) -> Vec<BlockId> {
    let mut found = vec![block];
    let mut locals = Vec::new();
    found.extend(sent_before(view, block));
    let mut position = 0;
    while let Some(block) = found
        .get(position)
        .copied()
        .filter(|_| position < BUILDER_LIMIT)
    {
        position += 1;
        let Some(call) = view.call(block) else {
            continue;
        };
        if let Callee::Method(receiver, _) = call.callee {
            locals.push(receiver);
        }
        locals.extend(call.arguments.iter().map(|argument| argument.value));
        let built = locals.drain(..).flat_map(|local| builders(view, local));
        let built: Vec<_> = built.filter(|block| !found.contains(block)).collect();
        found.extend(built);
    }
    found
}

/// The call that sent the statement whose rows a cursor gives here: `cursor.execute("..."); cursor.fetchall()`.
fn sent_before(view: &View<'_>, block: BlockId) -> Option<BlockId> {
    let call = view.call(block).filter(|call| call.arguments.is_empty())?;
    let Callee::Method(cursor, _) = call.callee else {
        return None;
    };
    let sent = view.calls().filter(|(other, call)| {
        *other < block
            && !call.arguments.is_empty()
            && matches!(call.callee, Callee::Method(owner, _) if owner == cursor)
            && view.meaning(*other).fact(Effect::Queries).is_some()
    });
    sent.map(|(block, _)| block).last()
}

/// The calls that give a statement under construction, or what has one.
fn builders(view: &View<'_>, local: LocalId) -> Vec<BlockId> {
    let mut locals = vec![local];
    let statements = || view.body.blocks.iter().flat_map(|block| &block.statements);
    locals.extend(statements().filter_map(|statement| match statement.action {
        Action::Assign(target, Value::Local(source)) if target == local => Some(source),
        _ => None,
    }));
    let builds = |block: &BlockId| {
        let mut facts = view.meaning(*block).facts.iter();
        facts.any(|(fact, _)| matches!(fact.returns, Returns::Receiver | Returns::Type(_)))
    };
    let calls = view
        .calls()
        .filter(|(_, call)| locals.contains(&call.result));
    calls.map(|(block, _)| block).filter(builds).collect()
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
        _ => false,
    }) || view.pieces(local).any(|text| {
        let mut words = text.split_whitespace();
        words.any(|word| word.eq_ignore_ascii_case("limit"))
    })
}

/// Whether the text of a statement compares a column with a parameter.
fn has_parameter(summaries: &mut Summaries<'_>, view: &View<'_>, call: &Call) -> bool {
    call.arguments.iter().any(|argument| {
        let compares = |text: Symbol| PARAMETERS.iter().any(|parameter| text.contains(parameter));
        let text = text::constant(summaries, view.key, argument.value);
        matches!(text, Some(Constant::Text(text)) if compares(text))
            || view.pieces(argument.value).any(compares)
    })
}

/// Whether a call asks that a column equals what a parameter or a row has.
fn equates(view: &View<'_>, block: BlockId, call: &Call) -> bool {
    let is_condition = view.meaning(block).fact(Effect::Equates).is_some();
    let mut arguments = call.arguments.iter();
    let by_argument = arguments.any(|argument| {
        if argument.name.is_empty() {
            is_equality(view, argument.value, is_condition)
        } else {
            is_condition && is_exact(argument.name) && is_given(view, argument.value)
        }
    });
    by_argument || (is_condition && is_column_equal(view, call))
}

/// `where('owner_id', id)`, `where('owner_id', '=', id)`
fn is_column_equal(view: &View<'_>, call: &Call) -> bool {
    let text = |local| match view.constants().get(&local) {
        Some(text::Known::Constant(Constant::Text(text))) => Some(*text),
        _ => None,
    };
    let values: Vec<LocalId> = call
        .arguments
        .iter()
        .map(|argument| argument.value)
        .collect();
    let value = match values[..] {
        [column, value] if text(column).is_some() => value,
        [column, operator, value]
            if text(column).is_some() && text(operator).is_some_and(|text| text == "=") =>
        {
            value
        }
        _ => return false,
    };
    is_ones(view, value, FIELD_LIMIT)
}

/// Whether a keyword of a filter asks for equality: `owner=`, `order__owner=`, not `age__gt=`.
fn is_exact(name: Symbol) -> bool {
    name.rsplit_once("__")
        .is_none_or(|(_, lookup)| !LOOKUPS.contains(&lookup))
}

/// `User.id == user_id`; `{ userId }` of a condition; `{ where: { userId } }`.
fn is_equality(view: &View<'_>, local: LocalId, is_condition: bool) -> bool {
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| match &statement.action {
        Action::Assign(target, Value::Equality(left, right)) if *target == local => {
            is_given(view, *left) || is_given(view, *right)
        }
        Action::Assign(target, Value::Record(entries)) if *target == local => {
            entries.iter().any(|(name, value)| {
                if *name == "where" {
                    is_equality(view, *value, true)
                } else {
                    is_condition && !name.is_empty() && is_ones(view, *value, FIELD_LIMIT)
                }
            })
        }
        _ => false,
    })
}

/// The same, or what a call gives.
fn is_given(view: &View<'_>, local: LocalId) -> bool {
    is_ones(view, local, FIELD_LIMIT) || view.call_giving(local).is_some()
}

/// Whether a call asks for rows of one object's relation: `order.lines.all()`.
pub(super) fn is_of_relation(view: &View<'_>, call: &Call) -> bool {
    let Callee::Method(receiver, _) = call.callee else {
        return false;
    };
    let language = view.values.world().language(view.key);
    let has_rows = |entity: &Entity| matches!(entity, Entity::Instance(path, _) if view.values.library().has_rows(language, *path));
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    view.values.of(view.key, receiver).iter().any(has_rows)
        && statements.any(|statement| {
            matches!(statement.action, Action::Assign(target, Value::Field(object, _))
                if target == receiver && is_given(view, object))
        })
}

/// Whether a value is what somebody passes, or a field of it or of a row that a loop goes over.
fn is_ones(view: &View<'_>, local: LocalId, limit: u32) -> bool {
    let world = view.values.world();
    let (function, origin) = world.origin(view.key, local);
    match world.function(function).local(origin).kind {
        LocalKind::Parameter(_) | LocalKind::Receiver => return true,
        _ if limit == 0 => return false,
        _ => {}
    }
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| match &statement.action {
        Action::Assign(target, Value::Element(_)) => *target == local,
        Action::Assign(
            target,
            Value::Local(source) | Value::Field(source, _) | Value::Item(source, _),
        ) => *target == local && is_ones(view, *source, limit - 1),
        _ => false,
    })
}
