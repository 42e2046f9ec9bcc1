//! What a call says in its options.
//!
//! In: a call, and where the library data says that an option stands. Out: the option's value, or a local that may hold it.
use super::sites::View;
use super::summary::Summaries;
use super::text::{self, Known};
use crate::ir::{Action, Call, Constant, LocalId, Value};
use crate::library::{Capacity, OptionPlace, Place};
use crate::link::FunctionKey;
use crate::symbol::Symbol;

/// Options are followed through this many assignments.
const OPTIONS_LIMIT: u32 = 6;

/// What the caller says at a place.
pub(super) fn given_at(view: &View<'_>, call: &Call, place: OptionPlace) -> Option<LocalId> {
    match place {
        OptionPlace::Argument(place) => argument_at(call, place),
        OptionPlace::Key(position, name) => {
            let options = positional(call, position)?;
            // Options that are made elsewhere may say it: then they are what says it.
            let Some(entries) = entries_of(view, options) else {
                return Some(options);
            };
            entry_of(entries, name)
        }
        OptionPlace::LastKey(_) => None,
    }
}

fn argument_at(call: &Call, place: Place) -> Option<LocalId> {
    let named = |name| {
        let mut arguments = call.arguments.iter();
        let argument = arguments.find(|argument| argument.name == name);
        argument.map(|argument| argument.value)
    };
    match place {
        Place::Argument(position) => positional(call, position),
        Place::Keyword(name) => named(name),
        Place::ArgumentOrKeyword(position, name) => {
            positional(call, position).or_else(|| named(name))
        }
        _ => None,
    }
}

fn positional(call: &Call, position: u32) -> Option<LocalId> {
    let argument = call.arguments.get(position as usize)?;
    argument.name.is_empty().then_some(argument.value)
}

fn entries_of<'p>(view: &View<'p>, local: LocalId) -> Option<&'p [(Symbol, LocalId)]> {
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.find_map(|statement| match &statement.action {
        Action::Assign(target, Value::Record(entries)) if *target == local => {
            Some(entries.as_slice())
        }
        _ => None,
    })
}

/// The entry of this name; one whose name is computed may have it.
fn entry_of(entries: &[(Symbol, LocalId)], name: Symbol) -> Option<LocalId> {
    let entry = entries
        .iter()
        .find(|(key, _)| *key == name || key.is_empty());
    entry.map(|(_, value)| *value)
}

/// What is known of an option that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nobody says it.
    Nothing,
    /// The number.
    Number(u32),
    /// Somebody may say it, and nobody knows what.
    Something,
}

/// How many connections the pool that a call makes hands out at most, or how many workers the executor has.
pub(super) fn capacity(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    call: &Call,
    capacity: &Capacity,
) -> Told {
    let is_spread = call.arguments.iter().any(|argument| argument.is_spread);
    let is_other = told(summaries, view, call, &capacity.unless) != Told::Nothing;
    if is_spread || is_other {
        return Told::Something;
    }
    let size = match told(summaries, view, call, &capacity.places) {
        Told::Nothing => match capacity.default {
            Some(default) => default,
            None => return Told::Nothing,
        },
        // What nothing bounds is said so by many libraries.
        Told::Number(0) | Told::Something => return Told::Something,
        Told::Number(size) => size,
    };
    match told(summaries, view, call, &capacity.overflow) {
        Told::Nothing => Told::Number(size.saturating_add(capacity.default_overflow)),
        Told::Number(overflow) => Told::Number(size.saturating_add(overflow)),
        Told::Something => Told::Something,
    }
}

/// What stands at the first of several places at which something does.
fn told(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    call: &Call,
    places: &[OptionPlace],
) -> Told {
    let mut places = places
        .iter()
        .map(|place| told_at(summaries, view, call, *place));
    places
        .find(|told| *told != Told::Nothing)
        .unwrap_or(Told::Nothing)
}

fn told_at(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    call: &Call,
    place: OptionPlace,
) -> Told {
    let (options, path) = match place {
        OptionPlace::Argument(place) => {
            let local = argument_at(call, place);
            return local.map_or(Told::Nothing, |local| number(summaries, view.key, local));
        }
        OptionPlace::Key(position, path) => (positional(call, position), path),
        OptionPlace::LastKey(path) => (call.arguments.last().map(|last| last.value), path),
    };
    options.map_or(Told::Nothing, |local| {
        entry(summaries, view.key, local, path)
    })
}

/// What the options in a local say under a path of keys: `pool.max`.
fn entry(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    local: LocalId,
    path: Symbol,
) -> Told {
    let (mut function, mut local) = (function, local);
    for name in path.split('.') {
        let Some((owner, options)) = made(summaries, function, local) else {
            return Told::Something;
        };
        let view = summaries.view(owner);
        let entries = view.record(options).unwrap_or_default();
        if is_set(&view, options, Symbol::new(name)) {
            return Told::Something;
        }
        let Some(value) = entry_of(entries, Symbol::new(name)) else {
            return Told::Nothing;
        };
        (function, local) = (owner, value);
    }
    number(summaries, function, local)
}

/// The local of the literal that another stands for, in its own function, an enclosing one or the file it is imported from.
fn made(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    local: LocalId,
) -> Option<(FunctionKey, LocalId)> {
    let world = summaries.values.world();
    let (mut function, mut local) = world.origin(function, local);
    for _ in 0..OPTIONS_LIMIT {
        let view = summaries.view(function);
        if view.record(local).is_some() {
            return Some((function, local));
        }
        match view.constants().get(&local)? {
            Known::Same(source) => (function, local) = world.origin(function, *source),
            Known::Import(import) => {
                let file = world.module(function).file;
                (function, local) = summaries.values.imported_variable(file, *import)?;
            }
            Known::Constant(_) | Known::Text(_) => return None,
        }
    }
    None
}

/// Whether an entry of an object is set once it is made: `options.max = 3`.
fn is_set(view: &View<'_>, object: LocalId, name: Symbol) -> bool {
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| {
        matches!(statement.action, Action::SetField(target, field, _) if target == object && field == name)
    })
}

fn number(summaries: &mut Summaries<'_>, function: FunctionKey, local: LocalId) -> Told {
    match text::constant(summaries, function, local) {
        Some(Constant::Integer(value)) => {
            u32::try_from(value).map_or(Told::Something, Told::Number)
        }
        _ => Told::Something,
    }
}
