//! What a call does to the resource by the functions of the program that it runs.
use super::Held;
use super::Mode;
use super::calls::{After, parameter_index};
use super::facts::{Fact, Facts};
use crate::flow::summary::{Callback, Outcome, Role};
use crate::ir::{BlockId, Call, Callee};
use crate::link::FunctionKey;
use crate::link::values::SET_LIMIT;
use std::rc::Rc;

impl Held<'_, '_> {
    /// The functions of the program that a call runs as its callee.
    pub(super) fn functions_effect(
        &mut self,
        block: BlockId,
        call: &Call,
        facts: &Facts,
        after: &mut After,
    ) {
        let view = Rc::clone(&self.view);
        let meaning = view.meaning(block);
        // Where more functions are called than are known, one of the others may return.
        let (Callee::Local(callee) | Callee::Method(callee, _)) = call.callee;
        let has_others = view.values.of(view.key, callee).len() >= SET_LIMIT;
        one_of(after, has_others, &meaning.functions, |function, after| {
            self.function_effect(block, call, *function, facts, after);
        });
        if let Callee::Local(local) = call.callee {
            // A closure without a name is a promise's callback: its arguments are results, not instructions.
            let is_callback = view.body.local(local).name.is_empty();
            let closures = self.closures(facts, local);
            one_of(after, has_others, &closures, |(function, role), after| {
                self.apply(block, *function, *role, after);
                if is_callback {
                    self.apply_both(*function, *role, after);
                }
            });
        }
    }

    fn function_effect(
        &mut self,
        block: BlockId,
        call: &Call,
        function: FunctionKey,
        facts: &Facts,
        after: &mut After,
    ) {
        if self.ends_source(call, function) {
            self.note_release(block);
            *after = After::all(Mode::Done);
            return;
        }
        let body = self.view.values.world().function(function);
        if let (Callee::Method(receiver, _), Some(_)) = (call.callee, body.receiver)
            && let Some(shape) = facts.get(receiver).and_then(Fact::shape)
        {
            self.apply(block, function, Role::Receiver(shape), after);
        }
        for (position, argument) in call.arguments.iter().enumerate() {
            if self.closure_takes(facts, argument.value) {
                self.give_away(after);
            }
            if !facts.reaches(argument.value) {
                continue;
            }
            let index = parameter_index(body, position, argument);
            match (index, facts.get(argument.value).and_then(Fact::shape)) {
                (Some(index), Some(shape)) => {
                    self.apply(block, function, Role::Parameter(index, shape), after);
                }
                _ => self.give_away(after),
            }
        }
    }

    /// Applies what a function does with the resource that it gets.
    pub(super) fn apply(
        &mut self,
        block: BlockId,
        function: FunctionKey,
        role: Role,
        after: &mut After,
    ) {
        let outcome = self.summaries.outcome(function, role, self.purpose);
        if outcome == Outcome::default() {
            after.is_open = true;
            return;
        }
        if outcome.may_take() {
            self.note_release(block);
        }
        match (outcome.returns_held, outcome.returns_done) {
            (false, false) => after.returns = None,
            // A function that releases on some of its ways was told which by its arguments.
            (_, true) => after.returns = Some(Mode::Done),
            (true, false) if matches!(role, Role::Environment(_, Callback::Unused)) => {
                after.returns = Some(Mode::Held);
                after.raises = Some(Mode::Held);
            }
            (true, false) => {}
        }
        if !outcome.raises_held {
            after.raises = outcome.raises_done.then_some(Mode::Done);
        }
        if outcome.gives_back {
            after.result = Some(match role {
                Role::Parameter(_, shape) | Role::Receiver(shape) => Fact::of(shape),
                Role::Environment(..) => Fact::Resource,
            });
        }
    }

    /// A callback that releases on some of its ways was not told which: both are possible.
    pub(super) fn apply_both(&mut self, function: FunctionKey, role: Role, after: &mut After) {
        let outcome = self.summaries.outcome(function, role, self.purpose);
        if outcome.returns_held && outcome.returns_done {
            after.returns = Some(Mode::Held);
            after.returns_also = Some(Mode::Done);
        }
    }
}

/// What a call does that runs one of several functions, nobody knows which, and maybe others: it goes on where any of
/// them does.
fn one_of<T>(
    after: &mut After,
    has_others: bool,
    all: &[T],
    mut effect: impl FnMut(&T, &mut After),
) {
    let (mut is_open, mut is_returned) = (!has_others && !all.is_empty(), has_others);
    let mut is_raised = has_others;
    for one in all {
        let mut next = *after;
        effect(one, &mut next);
        if !next.is_open {
            is_open = false;
            is_returned |= next.returns.is_some();
            next.returns = next.returns.or(after.returns);
            is_raised |= next.raises.is_some();
            next.raises = next.raises.or(after.raises);
            *after = next;
        }
    }
    after.is_open |= is_open;
    if !is_returned && !all.is_empty() {
        after.returns = None;
    }
    if !is_raised && !all.is_empty() {
        after.raises = None;
    }
}
