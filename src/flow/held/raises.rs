//! What a call raises, and whether it ever does.
use super::Held;
use crate::flow::sites::View;
use crate::ir::{Action, Block, BlockId, Call, Callee, Function, Import, Imported, LocalId, Value};
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
        return is_link_of_chain(view, call) || logs_by_name(view, call);
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
    let next = |call: &&Call| view.call_on(call.result).map(|(_, call)| call);
    let is_temporary = |call: &Call| view.body.local(call.result).name.is_empty();
    std::iter::successors(Some(call), next)
        .take(CHAIN_LIMIT)
        .take_while(|call| call.awaited || is_temporary(call))
        .any(|call| call.awaited)
}

/// A function of the project's own logger: `function error(e) { const logger = create(); logger.error(e) }`.
fn is_logger(values: &Values<'_>, function: FunctionKey) -> bool {
    let body = values.world().function(function);
    let mut calls = calls(body);
    is_level(body.name)
        && calls.clone().count() <= 3
        && calls
            .next_back()
            .is_some_and(|call| matches!(call.callee, Callee::Method(_, name) if is_level(name)))
}

fn calls(body: &Function) -> impl DoubleEndedIterator<Item = &Call> + Clone {
    body.blocks.iter().filter_map(Block::call)
}

/// A callee nobody knows that logs, by its name and where it comes from: `import { error } from "./logger"`,
/// `this.logger.error(e)`.
fn logs_by_name(view: &View<'_>, call: &Call) -> bool {
    match call.callee {
        Callee::Local(local) => {
            let import = imported(view, local);
            import.is_some_and(|import| {
                let module = import.specifier.rsplit('/').next().unwrap_or_default();
                let is_level = matches!(import.imported, Imported::Name(name) if is_level(name));
                let is_logger = module.starts_with("log") || module.contains("logger");
                is_level && is_logger
            })
        }
        Callee::Method(receiver, name) => {
            is_level(name) && name_of(view, receiver).to_lowercase().contains("log")
        }
    }
}

/// The import that a local stands for.
fn imported<'p>(view: &View<'p>, local: LocalId) -> Option<&'p Import> {
    let world = view.values.world();
    let (function, local) = world.origin(view.key, local);
    let blocks = &world.function(function).blocks;
    let mut statements = blocks.iter().flat_map(|block| &block.statements);
    statements.find_map(|statement| match statement.action {
        Action::Assign(target, Value::Import(import)) if target == local => {
            world.module(function).imports.get(import.index())
        }
        _ => None,
    })
}

/// The name of a variable, or of the field that a temporary is read from.
fn name_of(view: &View<'_>, local: LocalId) -> Symbol {
    let name = view.body.local(local).name;
    let field = view.field_read(local).map(|(_, field)| field);
    field.filter(|_| name.is_empty()).unwrap_or(name)
}

fn is_level(name: Symbol) -> bool {
    const LEVELS: [&str; 11] = [
        "debug", "info", "warn", "warning", "error", "fatal", "trace", "verbose", "critical",
        "log", "success",
    ];
    LEVELS.contains(&name.text())
}
