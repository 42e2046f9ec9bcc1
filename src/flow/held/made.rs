//! Objects and functions that the program makes over a resource: a repository over a transaction.
//!
//! In: a call that is handed what is held. Out: how what it gives has it: under which field, or somewhere within.
use super::Held;
use super::facts::{Fact, Facts};
use crate::ir::{
    Action, Argument, BlockId, Call, CallKind, Callee, Function, LocalId, Statement, Terminator,
    Value,
};
use crate::link::FunctionKey;
use crate::link::values::{Entity, Values, parameter_of};
use crate::symbol::Symbol;

/// Constructors of base classes that are followed to what keeps a resource.
const KEPT_LIMIT: u32 = 4;

/// Functions that are followed to what makes something over a resource.
const MAKER_LIMIT: u32 = 2;

/// Blocks, statements and calls of a function that makes something: it is short.
const BLOCK_LIMIT: usize = 256;
const STATEMENT_LIMIT: usize = 1024;
const CALL_LIMIT: usize = 32;

/// Copies of a handle that are followed in one function.
const COPY_LIMIT: usize = 32;

impl Held<'_, '_> {
    /// What a function or class of the program makes over the resource that it is given.
    pub(super) fn made_over(&self, block: BlockId, call: &Call, facts: &Facts) -> Option<Fact> {
        let values = self.view.values;
        let meaning = self.view.meaning(block);
        // What the caller's function makes is the caller's.
        if let Callee::Local(callee) = call.callee
            && let Some(_) = values.world().parameter_owner(self.view.key, callee)
        {
            return None;
        }
        let has = |argument: &&Argument| facts.get(argument.value).and_then(Fact::shape).is_some();
        let given = call.arguments.iter().find(has)?;
        let is_plain = facts.is_resource(given.value) && !meaning.constructs.is_empty();
        let mut functions = meaning.functions.iter();
        if let [constructor] = meaning.functions[..]
            && is_plain
            && let Some(field) = kept_in(values, constructor, (call, given.value), KEPT_LIMIT)
        {
            return Some(Fact::Holder(field));
        }
        let makes = !meaning.constructs.is_empty()
            || functions.any(|maker| makes_over(values, *maker, (call, given.value), MAKER_LIMIT));
        makes.then(|| Fact::Holder(Symbol::empty()))
    }
}

/// Whether a function makes an object, or a function, over what a call gives it.
fn makes_over(
    values: &Values<'_>,
    maker: FunctionKey,
    (call, given): (&Call, LocalId),
    depth: u32,
) -> bool {
    let world = values.world();
    let body = world.function(maker);
    let parameter = parameter_for(body, call, given);
    let Some(parameter) = parameter.filter(|_| body.blocks.len() <= BLOCK_LIMIT) else {
        return false;
    };
    let is_part = |value: &Value| !matches!(value, Value::Closure(_) | Value::Class(_));
    let copies = copies(body, parameter, is_part);
    let captures = |inner: &FunctionKey| {
        let locals = (0..world.function(*inner).locals.len()).map(LocalId::new);
        let mut origins = locals.map(|local| world.origin(*inner, local));
        origins.any(|(function, local)| function == maker && copies.contains(&local))
    };
    let gives = |entity: &Entity| entity.function().is_some_and(|inner| captures(&inner));
    let mut returned = body
        .blocks
        .iter()
        .filter_map(|block| match block.terminator {
            Terminator::Return(value) => Some(value),
            _ => None,
        });
    returned.any(|value| {
        let given = values.of(maker, value).iter();
        let mut parts = given.clone().flat_map(|entity| values.entries(*entity));
        given.clone().any(gives) || parts.any(|entity| gives(&entity))
    }) || calls_with(body, &copies)
        .take(CALL_LIMIT)
        .any(|(call, given)| {
            let meaning = values.meaning(maker, call);
            let mut functions = meaning.functions.iter();
            let makes = |next: &FunctionKey| makes_over(values, *next, (call, given), depth - 1);
            !meaning.constructs.is_empty() || depth > 0 && functions.any(makes)
        })
}

/// The parameter that gets what a call is given.
fn parameter_for(body: &Function, call: &Call, given: LocalId) -> Option<LocalId> {
    let mut arguments = call.arguments.iter().enumerate();
    let (position, argument) = arguments.find(|(_, argument)| argument.value == given)?;
    parameter_of(body, position, argument)
}

/// The locals that a local's value goes on into, by values that carry it.
fn copies(body: &Function, local: LocalId, carries: impl Fn(&Value) -> bool) -> Vec<LocalId> {
    let mut copies = vec![local];
    for statement in statements(body) {
        if let Action::Assign(target, value) = &statement.action
            && copies.len() < COPY_LIMIT
            && carries(value)
            && value.operands().iter().any(|part| copies.contains(part))
        {
            copies.push(*target);
        }
    }
    copies
}

/// The calls of a function that are given one of several locals, each with that one.
fn calls_with<'b>(
    body: &'b Function,
    locals: &[LocalId],
) -> impl Iterator<Item = (&'b Call, LocalId)> {
    body.blocks.iter().take(BLOCK_LIMIT).filter_map(|block| {
        let call = block.call()?;
        let mut arguments = call.arguments.iter();
        let given = arguments.find(|argument| locals.contains(&argument.value))?;
        Some((call, given.value))
    })
}

fn statements(body: &Function) -> impl Iterator<Item = &Statement> {
    let statements = body.blocks.iter().flat_map(|block| &block.statements);
    statements.take(STATEMENT_LIMIT)
}

/// The field of its object in which a constructor, or one that it hands on to, keeps what a call gives it.
fn kept_in(
    values: &Values<'_>,
    constructor: FunctionKey,
    (call, given): (&Call, LocalId),
    depth: u32,
) -> Option<Symbol> {
    let body = values.world().function(constructor);
    let parameter = parameter_for(body, call, given)?;
    let copies = copies(body, parameter, |value| matches!(value, Value::Local(_)));
    let kept = statements(body).find_map(|statement| match statement.action {
        Action::SetField(object, name, value)
            if Some(object) == body.receiver && copies.contains(&value) =>
        {
            Some(name)
        }
        _ => None,
    });
    kept.or_else(|| {
        let is_base = |(call, _): &(&Call, LocalId)| call.kind == CallKind::Super && depth > 0;
        let mut calls = calls_with(body, &copies).filter(is_base);
        calls.find_map(|given| {
            let meaning = values.meaning(constructor, given.0);
            kept_in(values, *meaning.functions.first()?, given, depth - 1)
        })
    })
}
