//! What a call raises, and whether it ever does.
use super::Held;
use crate::flow::sites::View;
use crate::ir::{BlockId, Call, Callee, LocalId, Terminator};
use crate::link::FunctionKey;
use crate::link::meaning::Meaning;
use crate::link::values::{Entity, Values};
use crate::symbol::Symbol;

/// Calls in a chain that are followed.
const CHAIN_LIMIT: usize = 24;

impl Held<'_, '_> {
    /// Whether an exception of the call that ends a block is worth a path. One that hardly ever comes is left out
    /// at first: what only it would show is told with less confidence.
    pub(super) fn may_raise(&mut self, block: BlockId) -> bool {
        let view = std::rc::Rc::clone(&self.view);
        if !self.summaries.call_raises(&view, block) {
            return false;
        }
        let is_doubted = self.doubts && hardly_raises(&view, block);
        self.has_doubted |= is_doubted;
        !is_doubted
    }

    /// The library's base error, where the call raises what its library does and nothing else.
    pub(super) fn raised_error(&self, meaning: &Meaning<'_>) -> Option<Symbol> {
        if meaning.is_unknown() || !meaning.functions.is_empty() {
            return None;
        }
        let language = self.view.values.world().language(self.view.key);
        let library = self.view.values.library();
        let mut errors = meaning.facts.iter().map(|(_, receiver)| match receiver {
            Some(Entity::Instance(path, _)) => library.raises(language, *path),
            _ => None,
        });
        let first = errors.next().flatten()?;
        errors.all(|other| other == Some(first)).then_some(first)
    }

    /// Whether what stands behind `except` is, or has among it, the error.
    pub(super) fn catches(&self, types: LocalId, error: Symbol) -> bool {
        let values = self.view.values;
        let is_error = |entity: &Entity| *entity == Entity::External(error);
        let mut caught = values.of(self.view.key, types).iter();
        caught.any(|entity| is_error(entity) || values.entries(*entity).any(|part| is_error(&part)))
    }
}

/// Whether a call hardly ever raises: a link of a chain that only builds what its end sends, a logger.
fn hardly_raises(view: &View<'_>, block: BlockId) -> bool {
    let Some(call) = view.call(block) else {
        return false;
    };
    let meaning = view.meaning(block);
    if meaning.is_unknown() {
        return is_link_of_chain(view, call);
    }
    !meaning.functions.is_empty()
        && meaning
            .functions
            .iter()
            .all(|function| is_logger(view.values, *function))
}

/// `select().from("orders").where(...)` of `await select().from("orders").where(...).load(client)`.
fn is_link_of_chain(view: &View<'_>, call: &Call) -> bool {
    if call.awaited || view.values.world().language(view.key).is_python() {
        return false;
    }
    let next = |call: &&Call| {
        let result = call.result;
        view.body.blocks.iter().find_map(|block| match &block.terminator {
            Terminator::Call { call, .. }
                if matches!(call.callee, Callee::Method(receiver, _) if receiver == result) =>
            {
                Some(&**call)
            }
            _ => None,
        })
    };
    let is_temporary = |call: &Call| view.body.local(call.result).name.is_empty();
    std::iter::successors(Some(call), next)
        .take(CHAIN_LIMIT)
        .take_while(|call| call.awaited || is_temporary(call))
        .any(|call| call.awaited)
}

/// A function of the project's own logger: `function error(e) { const logger = create(); logger.error(e) }`.
fn is_logger(values: &Values<'_>, function: FunctionKey) -> bool {
    const LEVELS: [&str; 11] = [
        "debug", "info", "warn", "warning", "error", "fatal", "trace", "verbose", "critical",
        "log", "success",
    ];
    let body = values.world().function(function);
    let calls = body
        .blocks
        .iter()
        .filter_map(|block| match &block.terminator {
            Terminator::Call { call, .. } => Some(&**call),
            _ => None,
        });
    let logs = |call: &Call| matches!(call.callee, Callee::Method(_, name) if LEVELS.contains(&name.text()));
    LEVELS.contains(&body.name.text())
        && calls.clone().count() <= 3
        && calls.last().is_some_and(logs)
}
