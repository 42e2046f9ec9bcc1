//! What a resource is taken from, and who takes back all that is out.
use super::{Held, Subject};
use crate::flow::sites::{Acquisition, View};
use crate::ir::{BlockId, Call, Callee, LocalId, LocalKind};
use crate::library::{Effect, Place};
use crate::link::FunctionKey;
use crate::link::values::Entity;
use crate::symbol::Symbol;
use std::rc::Rc;

impl Held<'_, '_> {
    /// Whether the receiver of a call is what the resource was taken from.
    pub(super) fn is_taken_from(&self, call: &Call) -> bool {
        let (Subject::Taken(acquisition), Callee::Method(receiver, _)) =
            (&self.subject, call.callee)
        else {
            return false;
        };
        let Some(taking) = self.view.call(acquisition.block) else {
            return false;
        };
        let (Callee::Local(source) | Callee::Method(source, _)) = taking.callee;
        is_same_source(&self.view, source, &self.view, receiver)
    }

    /// Whether the call runs a method of the object that handed the resource out, and that method ends the pool that
    /// the object took it from: `manager.end()` after `manager.getConnection()`.
    pub(super) fn ends_source(&mut self, call: &Call, function: FunctionKey) -> bool {
        let (Subject::Taken(acquisition), Callee::Method(object, _)) = (&self.subject, call.callee)
        else {
            return false;
        };
        let (Some(through), Some(taking)) =
            (acquisition.through, self.view.call(acquisition.block))
        else {
            return false;
        };
        let is_its = matches!(taking.callee, Callee::Method(source, _) if source == object);
        if !is_its || through == function {
            return false;
        }
        let takes = self.summaries.view(through);
        let ends = self.summaries.view(function);
        let ended = receivers(&ends, |view, block| {
            let mut facts = view.meaning(block).facts.iter();
            facts.any(|(fact, _)| {
                fact.has(Effect::Releases) && fact.target == Some(Place::TakenFromReceiver)
            })
        });
        let taken = receivers(&takes, |view, block| {
            view.meaning(block).fact(Effect::Acquires).is_some()
        });
        taken.iter().any(|source| {
            ended
                .iter()
                .any(|other| is_same_source(&takes, *source, &ends, *other))
        })
    }
}

/// Whether a resource comes from a registry that is itself one, as the thread's own session is had from a
/// `scoped_session`: every call gives the same one, and the registry has it.
pub(in crate::flow) fn is_of_registry(view: &View<'_>, acquisition: &Acquisition) -> bool {
    let Some(resource) = acquisition.resource else {
        return false;
    };
    let language = view.values.world().language(view.key);
    let library = view.values.library();
    acquisition.through.is_none()
        && sources(view, acquisition).any(|(path, _)| {
            library
                .lineage(language, path)
                .any(|ancestor| ancestor == resource)
        })
}

/// Whether a resource comes from a function that the caller gives: `retry(work)` returns what `work` does, for this
/// caller a connection, for another a list of names.
pub(in crate::flow) fn is_of_callers_function(view: &View<'_>, acquisition: &Acquisition) -> bool {
    let callee = view.call(acquisition.block).map(|call| call.callee);
    let Some(Callee::Local(local)) = callee else {
        return false;
    };
    let is_function = |entity: &Entity| matches!(entity, Entity::Function(_) | Entity::Method(..));
    matches!(view.body.local(local).kind, LocalKind::Parameter(_))
        && view.values.of(view.key, local).iter().any(is_function)
}

/// Whether something in the program makes what a resource is taken from.
pub(in crate::flow) fn is_source_made(view: &View<'_>, acquisition: &Acquisition) -> bool {
    sources(view, acquisition).any(|(_, is_made)| is_made)
}

/// The types of what a resource is taken from, and whether something in the program makes it.
fn sources(view: &View<'_>, acquisition: &Acquisition) -> impl Iterator<Item = (Symbol, bool)> {
    let facts = view.meaning(acquisition.block).facts.iter();
    facts.filter_map(|(_, receiver)| match receiver {
        Some(Entity::Instance(path, origin)) => Some((*path, origin.is_some())),
        _ => None,
    })
}

/// The receivers of the calls of a function that are of a kind.
fn receivers(view: &Rc<View<'_>>, is_of_kind: impl Fn(&View<'_>, BlockId) -> bool) -> Vec<LocalId> {
    let blocks = (0..view.body.blocks.len()).map(BlockId::new);
    let calls = blocks.filter_map(|block| match view.call(block)?.callee {
        Callee::Method(receiver, _) if is_of_kind(view, block) => Some(receiver),
        _ => None,
    });
    calls.collect()
}

/// Whether two locals stand for what the same call made.
fn is_same_source(one: &View<'_>, local: LocalId, other: &View<'_>, second: LocalId) -> bool {
    let is_made = |entity: &&Entity| matches!(entity, Entity::Instance(_, Some(_)));
    let mut made = one.values.of(one.key, local).iter().filter(is_made);
    made.any(|entity| other.values.of(other.key, second).contains(entity))
}
