//! How often functions run: once for the process, or again for each request, message, job or round of a loop.
//!
//! In: the linked program. Out: [`Reach`]. Evidence only: a function of which nothing is known is neither.
use super::sites::{Acquisition, View};
use super::summary::Summaries;
use crate::ir::{BlockId, Call, CallKind, Callee, Decorator, LocalId, Terminator};
use crate::library::{CallFact, Effect, Place, Returns};
use crate::link::FunctionKey;
use crate::link::values::{CallSite, Entity, Values, argument_for};
use crate::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};

/// Callers are followed this far.
const DEPTH_LIMIT: u32 = 24;

/// A pool that is ended matters to requests this many calls below their entry.
const REQUEST_LIMIT: u32 = 3;

/// Groups of commands within groups are followed this far.
const GROUP_LIMIT: u32 = 6;

/// Why a function runs again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// The calls that lead to it, the last of which runs again and again; none where the function itself is registered.
    pub calls: Vec<CallSite>,
    /// The last call stands in a loop; else the function it stands in is registered for requests, messages or jobs.
    pub is_looped: bool,
}

/// How often functions run.
#[derive(Debug, Default)]
pub struct Reach {
    registered: FxHashSet<FunctionKey>,
    once: FxHashSet<FunctionKey>,
    memoised: FxHashSet<FunctionKey>,
    /// Functions that end the process themselves: commands.
    exiting: FxHashSet<FunctionKey>,
    loops: FxHashMap<FunctionKey, Vec<bool>>,
    /// Functions whose result a framework hands to whoever asks for it.
    injected: FxHashSet<FunctionKey>,
    /// Functions that a setting may put into a transaction, and those that are left out.
    by_setting: Vec<(FunctionKey, Symbol)>,
    opted_out: FxHashSet<FunctionKey>,
    /// Names by which something is called that no library has.
    called: FxHashSet<Symbol>,
    /// Registries and pools that a hook empties.
    emptied: FxHashSet<Entity>,
}

impl Reach {
    /// Reads registrations and decorators.
    pub fn new(summaries: &mut Summaries<'_>) -> Self {
        let mut reach = Self::default();
        let values = summaries.values;
        for function in values.world().functions() {
            let body = values.world().function(function);
            let mut is_hook = false;
            for decorator in &body.decorators {
                for fact in decorator_facts(values, function, decorator) {
                    is_hook = true;
                    reach.note(fact, function);
                }
            }
            if is_hook {
                let view = summaries.view(function);
                reach.read_emptied(&view);
            }
            if body
                .blocks
                .iter()
                .any(|block| matches!(block.terminator, Terminator::Call { .. }))
            {
                let view = summaries.view(function);
                reach.read_calls(&view);
                reach.called.extend(called_names(&view));
            }
            for fact in overridden(values, function) {
                reach.note(fact, function);
            }
            if is_entry_by_convention(values, function) {
                reach.registered.insert(function);
            }
            if is_command_by_convention(values, function) {
                reach.once.insert(function);
            }
        }
        reach
    }

    fn note(&mut self, fact: &CallFact, function: FunctionKey) {
        if fact.has(Effect::RunsPerCall) {
            self.registered.insert(function);
        }
        if fact.has(Effect::RunsOnce) {
            self.once.insert(function);
        }
        if fact.has(Effect::Memoises) {
            self.memoised.insert(function);
        }
        if fact.has(Effect::Injects) {
            self.injected.insert(function);
        }
        self.by_setting
            .extend(fact.transaction_setting.map(|setting| (function, setting)));
        if fact.has(Effect::OptsOut) {
            self.opted_out.insert(function);
        }
    }

    fn read_calls(&mut self, view: &View<'_>) {
        for index in 0..view.body.blocks.len() {
            let block = BlockId::new(index);
            let Some(call) = view.call(block) else {
                continue;
            };
            let says = |effect| view.meaning(block).fact(effect).is_some();
            self.read_registry(view, block, call);
            if says(Effect::Exits) && view.passing().is_ordinary(block) {
                self.exiting.insert(view.key);
            }
            let effects = [
                Effect::RunsPerCall,
                Effect::RunsOnce,
                Effect::Memoises,
                Effect::Injects,
                Effect::OptsOut,
            ];
            if !effects.into_iter().any(says) {
                continue;
            }
            for argument in &call.arguments {
                for entity in view.values.of(view.key, argument.value) {
                    let Entity::Function(function) = entity else {
                        continue;
                    };
                    for (fact, _) in &view.meaning(block).facts {
                        self.note(fact, *function);
                    }
                }
            }
        }
    }

    /// A function of the program's that keeps what its parameter gives: `singleton('db', () => new Pool())`.
    fn read_registry(&mut self, view: &View<'_>, block: BlockId, call: &Call) {
        let values = view.values;
        for registry in &view.meaning(block).functions {
            let body = values.world().function(*registry);
            for parameter in values.kept_results(*registry) {
                let passed = argument_for(body, call, *parameter).into_iter();
                let entities = passed.flat_map(|argument| values.of(view.key, argument.value));
                self.memoised.extend(entities.filter_map(Entity::function));
            }
        }
    }

    /// Remembers what a hook (at the end of each request, say) takes everything back from: `registry.remove()`.
    fn read_emptied(&mut self, view: &View<'_>) {
        for index in 0..view.body.blocks.len() {
            let block = BlockId::new(index);
            let Some(Callee::Method(receiver, _)) = view.call(block).map(|call| call.callee) else {
                continue;
            };
            let facts = &view.meaning(block).facts;
            if facts
                .iter()
                .any(|(fact, _)| fact.target == Some(Place::TakenFromReceiver))
            {
                self.emptied.extend(
                    view.values
                        .of(view.key, receiver)
                        .iter()
                        .filter(|entity| is_made(entity)),
                );
            }
        }
    }

    /// Whether a hook gives back all that is taken from where the resource is taken.
    pub fn is_emptied(&self, view: &View<'_>, acquisition: &Acquisition) -> bool {
        let Some(call) = view.call(acquisition.block) else {
            return false;
        };
        let (Callee::Local(source) | Callee::Method(source, _)) = call.callee;
        view.values
            .of(view.key, source)
            .iter()
            .any(|entity| self.emptied.contains(entity))
    }

    /// Whether the function runs once for the process: reached only from top-level code, start-up hooks, commands and
    /// functions whose result is kept, and not in a loop.
    pub fn runs_once(&mut self, values: &Values<'_>, function: FunctionKey) -> bool {
        self.once_within(values, function, DEPTH_LIMIT)
    }

    fn once_within(&mut self, values: &Values<'_>, function: FunctionKey, depth: u32) -> bool {
        if values.world().is_top_level(function) || self.once.contains(&function) {
            return true;
        }
        if self.registered.contains(&function) || depth == 0 {
            return false;
        }
        if self.exiting.contains(&function) || self.is_memoised(function) {
            return true;
        }
        let callers = values.callers(function).to_vec();
        !callers.is_empty()
            && callers.into_iter().all(|caller| {
                caller.function != function
                    && !self.is_in_loop(values, caller)
                    && self.once_within(values, caller.function, depth - 1)
            })
    }

    /// Whether the function is a command, or part of a migration.
    pub fn is_command(&self, function: FunctionKey) -> bool {
        self.once.contains(&function)
    }

    /// Whether a framework calls the function and hands its result on, giving nothing back.
    pub fn is_injected(&self, function: FunctionKey) -> bool {
        self.injected.contains(&function)
    }

    /// The functions that a setting puts into a transaction, with its name, in order.
    pub fn by_setting(&self) -> Vec<(FunctionKey, Symbol)> {
        let mut found = self.by_setting.clone();
        found.retain(|(function, _)| !self.opted_out.contains(function));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether the function's result is kept, so that its body runs once.
    pub fn is_memoised(&self, function: FunctionKey) -> bool {
        self.memoised.contains(&function)
    }

    /// Why the function runs again and again, where something says so.
    pub fn repeats(&mut self, values: &Values<'_>, function: FunctionKey) -> Option<Repeats> {
        self.repeats_unless(values, function, &|_| false)
    }

    /// The same, leaving out callers with which what is asked about does not happen.
    pub fn repeats_unless(
        &mut self,
        values: &Values<'_>,
        function: FunctionKey,
        is_exempt: &dyn Fn(CallSite) -> bool,
    ) -> Option<Repeats> {
        if self.registered.contains(&function) {
            return Some(Repeats::default());
        }
        if self.is_memoised(function) {
            return None;
        }
        let callers = values.callers(function).to_vec();
        let callers = callers.into_iter().filter(|caller| !is_exempt(*caller));
        let mut seen = FxHashSet::from_iter([function]);
        self.repeating(values, callers.collect(), DEPTH_LIMIT, &mut seen)
    }

    fn repeats_within(
        &mut self,
        values: &Values<'_>,
        function: FunctionKey,
        depth: u32,
        seen: &mut FxHashSet<FunctionKey>,
    ) -> Option<Repeats> {
        if self.registered.contains(&function) {
            return Some(Repeats::default());
        }
        if depth == 0 || !seen.insert(function) || self.is_memoised(function) {
            return None;
        }
        let callers = values.callers(function).to_vec();
        self.repeating(values, callers, depth, seen)
    }

    /// The first caller that calls again and again.
    fn repeating(
        &mut self,
        values: &Values<'_>,
        callers: Vec<CallSite>,
        depth: u32,
        seen: &mut FxHashSet<FunctionKey>,
    ) -> Option<Repeats> {
        let mut all = callers.iter();
        if let Some(caller) = all.find(|caller| self.is_in_loop(values, **caller)) {
            return Some(Repeats {
                calls: vec![*caller],
                is_looped: true,
            });
        }
        callers.into_iter().find_map(|caller| {
            let mut found = self.repeats_within(values, caller.function, depth - 1, seen)?;
            found.calls.insert(0, caller);
            Some(found)
        })
    }

    /// Whether the function itself is registered to run for each request, message or job.
    pub fn is_registered(&self, function: FunctionKey) -> bool {
        self.registered.contains(&function)
    }

    /// Whether something of this name is called that no library has.
    pub fn is_called(&self, name: Symbol) -> bool {
        self.called.contains(&name)
    }

    /// Whether the function runs for requests, messages or jobs, at most a few calls below their entry: what lies
    /// deeper is seldom run for each.
    pub fn is_for_requests(&self, values: &Values<'_>, function: FunctionKey) -> bool {
        let mut seen = FxHashSet::from_iter([function]);
        let mut near = vec![function];
        for _ in 0..=REQUEST_LIMIT {
            if near
                .iter()
                .any(|function| self.registered.contains(function))
            {
                return true;
            }
            let callers = near
                .iter()
                .flat_map(|function| values.callers(*function))
                .map(|caller| caller.function);
            near = callers.filter(|caller| seen.insert(*caller)).collect();
        }
        false
    }

    /// Whether a call stands in a loop of its function.
    pub fn is_in_loop(&mut self, values: &Values<'_>, site: CallSite) -> bool {
        let body = values.world().function(site.function);
        let loops = self
            .loops
            .entry(site.function)
            .or_insert_with(|| blocks_in_loops(body));
        loops.get(site.block.index()).copied().unwrap_or(false)
    }
}

/// The names by which a function calls what no library has.
fn called_names(view: &View<'_>) -> impl Iterator<Item = Symbol> {
    let own = view
        .calls()
        .filter(|(block, _)| view.meaning(*block).facts.is_empty());
    own.map(|(_, call)| match call.callee {
        Callee::Method(_, name) => name,
        Callee::Local(local) => view.body.local(local).name,
    })
}

fn is_made(entity: &Entity) -> bool {
    matches!(entity, Entity::Instance(_, Some(_)))
}

/// What the library data says of the method that a function overrides.
pub fn overridden<'w>(values: &Values<'w>, function: FunctionKey) -> Vec<&'w CallFact> {
    let world = values.world();
    let Some(class) = world.class_of(function) else {
        return Vec::new();
    };
    let (language, name) = (world.language(function), world.function(function).name);
    let bases = values.library_bases(class).into_iter();
    let facts = bases.flat_map(|base| values.library().method(language, base, &name));
    facts.collect()
}

/// What the library data says of a decorator, plain or called.
pub fn decorator_facts<'w>(
    values: &Values<'w>,
    function: FunctionKey,
    decorator: &Decorator,
) -> Vec<&'w CallFact> {
    facts_within(values, function, decorator, GROUP_LIMIT)
}

fn facts_within<'w>(
    values: &Values<'w>,
    function: FunctionKey,
    decorator: &Decorator,
    depth: u32,
) -> Vec<&'w CallFact> {
    let world = values.world();
    let parent = world.sibling(function, world.function(function).parent);
    let body = world.function(parent);
    let made = body
        .blocks
        .iter()
        .find_map(|block| match &block.terminator {
            Terminator::Call { call, .. } if call.result == decorator.value => Some(call),
            _ => None,
        });
    if let Some(call) = made {
        let facts = values.meaning(parent, call).facts;
        if facts.is_empty()
            && let Callee::Method(receiver, name) = call.callee
        {
            return decorated_facts(values, parent, (receiver, &name), depth);
        }
        let facts: Vec<_> = facts.into_iter().map(|(fact, _)| fact).collect();
        // `method_decorator(atomic)` is what it is given.
        let given = facts.iter().find_map(|fact| match fact.returns {
            Returns::Argument(position) => call.arguments.get(position as usize),
            _ => None,
        });
        return match given {
            Some(given) if depth > 0 => {
                let value = given.value;
                facts_within(
                    values,
                    function,
                    &Decorator {
                        value,
                        ..*decorator
                    },
                    depth - 1,
                )
            }
            _ => facts,
        };
    }
    // A plain decorator is called with the function: ask what such a call would do.
    let call = Call {
        callee: Callee::Local(decorator.value),
        arguments: Vec::new(),
        result: decorator.value,
        kind: CallKind::Plain,
        awaited: false,
        is_detached: false,
        callee_site: decorator.site,
    };
    values
        .meaning(parent, &call)
        .facts
        .into_iter()
        .map(|(fact, _)| fact)
        .collect()
}

/// What the data says of a method of a function that a decorator made something else: `@group.command()`, where
/// `group` is a function under `@click.group()`.
fn decorated_facts<'w>(
    values: &Values<'w>,
    parent: FunctionKey,
    (receiver, name): (LocalId, &str),
    depth: u32,
) -> Vec<&'w CallFact> {
    let Some(depth) = depth.checked_sub(1) else {
        return Vec::new();
    };
    let language = values.world().language(parent);
    let entities = values.of(parent, receiver).iter();
    let functions = entities.filter_map(|entity| match entity {
        Entity::Function(function) => Some(*function),
        _ => None,
    });
    let mut found = Vec::new();
    for function in functions {
        for decorator in &values.world().function(function).decorators {
            let made = facts_within(values, function, decorator, depth);
            for made in made.into_iter().filter_map(made_type) {
                found.extend(values.library().method(language, made, name));
            }
        }
    }
    found
}

fn made_type(fact: &CallFact) -> Option<Symbol> {
    match fact.returns {
        Returns::Type(path) => Some(path),
        _ => None,
    }
}

/// Functions that a framework finds by file and name: Next.js route handlers and pages, Lambda handlers.
fn is_entry_by_convention(values: &Values<'_>, function: FunctionKey) -> bool {
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let world = values.world();
    let body = world.function(function);
    let module = world.module(function);
    if world.language(function).is_python() || body.parent.0 != 0 {
        return false;
    }
    let exported = |name: &str| {
        module.exports.iter().any(|export| {
            export.name == name && {
                let top = world.sibling(function, crate::ir::FunctionId(0));
                values
                    .of(top, export.local)
                    .contains(&Entity::Function(function))
            }
        })
    };
    METHODS
        .iter()
        .any(|method| body.name == *method && exported(method))
        || (body.name == "handler" && exported("handler"))
}

/// Whether a function's file changes the schema: it runs once, with nobody beside it.
pub(super) fn is_migration(values: &Values<'_>, function: FunctionKey) -> bool {
    let world = values.world();
    let path = &world.sources().get(world.module(function).file).path;
    let library = values.library();
    library.is_migration(world.language(function), path)
}

/// What runs once by its name and place: all of a migration; `handle` of a Django management command; `upgrade` and `downgrade` of a
/// migration of Alembic's, which names its revision; Jest's and Vitest's `globalSetup`.
fn is_command_by_convention(values: &Values<'_>, function: FunctionKey) -> bool {
    let world = values.world();
    let body = world.function(function);
    if is_migration(values, function) {
        return true;
    }
    let top = world.function(world.sibling(function, crate::ir::FunctionId(0)));
    let names = |name: &str| top.locals.iter().any(|local| local.name == name);
    match body.name.text() {
        "upgrade" | "downgrade" => {
            return body.class.is_none() && names("revision") && names("down_revision");
        }
        "globalSetup" | "globalTeardown" => return !world.language(function).is_python(),
        _ => {}
    }
    let Some(class) = world.class_of(function) else {
        return false;
    };
    body.name == "handle"
        && values
            .library_bases(class)
            .iter()
            .any(|base| base.ends_with(".BaseCommand"))
}

/// For each block, whether it lies on a cycle: Tarjan's strongly connected components, without recursion.
pub(super) fn blocks_in_loops(body: &crate::ir::Function) -> Vec<bool> {
    let count = body.blocks.len();
    let successors = |block: usize| -> Vec<usize> {
        body.blocks[block]
            .terminator
            .successors()
            .map(BlockId::index)
            .collect()
    };
    let (mut index, mut low) = (vec![usize::MAX; count], vec![0; count]);
    let (mut on_stack, mut in_loop) = (vec![false; count], vec![false; count]);
    let (mut component, mut next) = (Vec::new(), 0);
    let mut work: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut enter = |block: usize, index: &mut Vec<usize>, low: &mut Vec<usize>| {
        index[block] = next;
        low[block] = next;
        next += 1;
    };
    enter(0, &mut index, &mut low);
    component.push(0);
    on_stack[0] = true;
    work.push((0, successors(0)));
    while let Some((block, pending)) = work.last_mut() {
        let block = *block;
        if let Some(target) = pending.pop() {
            if target == block {
                in_loop[block] = true;
            }
            if index[target] == usize::MAX {
                enter(target, &mut index, &mut low);
                component.push(target);
                on_stack[target] = true;
                work.push((target, successors(target)));
            } else if on_stack[target] {
                low[block] = low[block].min(index[target]);
            }
            continue;
        }
        work.pop();
        if let Some((parent, _)) = work.last() {
            low[*parent] = low[*parent].min(low[block]);
        }
        if low[block] == index[block] {
            let start = component
                .iter()
                .rposition(|member| *member == block)
                .unwrap_or(0);
            let members = component.split_off(start);
            for member in &members {
                on_stack[*member] = false;
                in_loop[*member] |= members.len() > 1;
            }
        }
    }
    in_loop
}
