//! What a caller tells of parameters, besides what it hands over.
use super::facts::Fact;
use super::{Facts, Given, Held, Mode, Region, Subject, from_entry};
use crate::finding::Confidence;
use crate::flow::context::Context;
use crate::flow::engine::{self, Solution};
use crate::flow::sites::View;
use crate::flow::summary::{Purpose, Summaries};
use crate::ir::{Action, BlockId, LocalId, Value};
use std::rc::Rc;

/// Solves for what a function gets, with what its caller tells besides.
pub fn solve_given<'a, 'p>(
    summaries: &'a mut Summaries<'p>,
    view: &Rc<View<'p>>,
    (given, purpose): (Given, Purpose),
    context: Context,
) -> (Held<'a, 'p>, Solution<Facts>) {
    let sought = (Subject::Given(given), purpose);
    from_entry(Held::new(summaries, view, sought, Confidence::Low).with_context(context))
}

/// What a function runs after all that its caller tells; it gets nothing that is followed.
pub fn region_told<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    context: Context,
) -> Region {
    if context.is_empty() {
        return Region::whole(summaries, view);
    }
    let nothing = (Subject::Given(Given::default()), Purpose::Holding);
    let mut held = Held::new(summaries, view, nothing, Confidence::Low).with_context(context);
    let start = (BlockId(0), Mode::Idle, held.told_facts());
    let solution = engine::solve(&mut held, vec![start]);
    if solution.is_cut {
        return Region::whole(held.summaries, view);
    }
    held.region_in(&solution, Mode::Idle)
}

impl Held<'_, '_> {
    /// Adds what the caller tells.
    pub(super) fn with_context(mut self, context: Context) -> Self {
        let body = self.view.body;
        // The default of what is not passed, `{}`, is no assignment here.
        let is_default = |value: &Value| matches!(value, Value::Record(parts) if parts.is_empty());
        let is_assigned = |local: LocalId| {
            let mut statements = body.blocks.iter().flat_map(|block| &block.statements);
            statements.any(|statement| {
                matches!(&statement.action, Action::Assign(target, value)
                    if *target == local && !is_default(value))
            })
        };
        for (slot, told) in self.summaries.contexts.told(self.view.key, context).iter() {
            let Some(local) = slot.local(body) else {
                continue;
            };
            let fact = Fact::of_told(*told);
            if slot.entry.is_empty() {
                self.told.push((local, fact));
            } else if !is_assigned(local) {
                self.told_entries.push((local, slot.entry, fact));
            }
        }
        self
    }

    /// What is known when the function begins.
    pub(super) fn told_facts(&self) -> Facts {
        let mut facts = Facts::default();
        for (local, fact) in &self.told {
            facts.set(*local, Some(*fact));
        }
        facts
    }

    pub(super) fn is_told(&self, local: LocalId) -> bool {
        self.told.iter().any(|(known, _)| *known == local)
    }
}
