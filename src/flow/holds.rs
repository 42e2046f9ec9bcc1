//! Which code runs while a connection is held or a transaction is open.
//!
//! In: where resources are taken and transactions begin. Out: [`Hold`]s: a function, how the connection comes to be held
//! there, and the calls that run meanwhile. A callback that a transaction runs in, and a closure that a wrapper of the
//! project runs in one, is such a function: its own code is where the wait must go.
use super::automatic::{Automatic, Guest};
use super::begins;
use super::held::{self, Given, HeldCall, Region, Subject};
use super::reach::{Reach, decorator_facts};
use super::reached::{self, Pool};
use super::sites::{self, Acquisition, Kind, View};
use super::summary::{Purpose, Role, Shape, Summaries};
use super::text::Known;
use crate::ir::{
    Action, BlockId, Call, Callee, Constant, LocalId, Parameter, Site, Terminator, Value,
};
use crate::library::{CallFact, Effect, Place, When};
use crate::link::FunctionKey;
use crate::link::values::{Entity, argument_for};
use crate::symbol::Symbol;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// How a connection comes to be held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Begun {
    /// The function in which it is taken.
    pub function: FunctionKey,
    /// Where.
    pub site: Site,
    /// What is called there, or the decorator.
    pub callee: Site,
    /// The project's function that begins it for its caller.
    pub through: Option<FunctionKey>,
    /// A session that begins by itself with its first statement.
    pub is_automatic: bool,
    /// The setting that puts each request into a transaction; the place is where it is set.
    pub setting: Option<Symbol>,
}

/// Code that runs while a connection is held.
#[derive(Clone, Debug)]
pub struct Hold {
    /// The function whose code it is.
    pub function: FunctionKey,
    /// What is held.
    pub kind: Kind,
    /// How it comes to be held.
    pub begun: Begun,
    /// The pools that the connection may come from.
    pub pools: Vec<Pool>,
    /// What runs meanwhile.
    pub region: Region,
    /// How the calls' functions are asked.
    pub purpose: Purpose,
    /// The calls with which a session begins by itself, in order; each may do so anew after a commit.
    pub statements: Vec<BlockId>,
    /// It is a connection of its own, which no pool misses.
    pub is_single: bool,
}

impl Hold {
    /// How the connection comes to be held at a call: of the statements that may begin, the last before it.
    pub fn begun_at(&self, view: &View<'_>, block: BlockId) -> Begun {
        if !self.begun.is_automatic {
            return self.begun.clone();
        }
        let order = view.order();
        let leads_there = |statement: &&BlockId| order.first_after(**statement) <= block;
        let mut before = self
            .statements
            .iter()
            .filter(|statement| **statement < block);
        let mut behind = self.statements.iter().filter(leads_there);
        let Some(statement) = before.next_back().or_else(|| behind.next_back()) else {
            return self.begun.clone();
        };
        Begun {
            site: view.body.block(*statement).site,
            callee: view
                .call(*statement)
                .map_or_else(Site::default, |call| call.callee_site),
            through: None,
            ..self.begun.clone()
        }
    }
}

/// All holds of the program, in order of function and place.
pub fn holds(summaries: &mut Summaries<'_>, reach: &mut Reach) -> Vec<Hold> {
    let mut found = Vec::new();
    for function in summaries.values.world().functions() {
        if !summaries
            .values
            .world()
            .function(function)
            .decorators
            .is_empty()
        {
            let view = summaries.view(function);
            found.extend(decorated(summaries, &view));
        }
    }
    found.extend(requests(summaries, reach));
    let shared = shared(summaries);
    let automatic = Automatic::new(summaries);
    for function in candidates(summaries) {
        let view = summaries.view(function);
        found.extend(transactions(summaries, &automatic, &view));
        found.extend(clients(summaries, reach, &view));
        for (block, call) in view.calls() {
            found.extend(callbacks(summaries, &view, (block, call), &shared));
        }
    }
    lend(summaries, &mut found);
    found
}

/// Functions in which something may be held: by what the data says of their calls, and callers of functions that take
/// or begin for their caller, through any number of hands.
pub(super) fn candidates(summaries: &mut Summaries<'_>) -> Vec<FunctionKey> {
    let values = summaries.values;
    let mut found: Vec<FunctionKey> = Vec::new();
    for function in values.world().functions() {
        let view = summaries.view(function);
        if sites::may_acquire(&view) || begins::may_begin(&view) {
            found.push(function);
        }
    }
    let mut seen: FxHashSet<_> = found.iter().copied().collect();
    let mut position = 0;
    while let Some(function) = found.get(position).copied() {
        position += 1;
        if !summaries.is_opener(function) {
            continue;
        }
        let callers = values.callers(function).iter();
        let callers = callers.map(|caller| caller.function);
        found.extend(callers.filter(|caller| seen.insert(*caller)));
    }
    found.sort_unstable();
    found
}

/// A function that a decorator puts into a transaction.
fn decorated<'p>(summaries: &mut Summaries<'p>, view: &Rc<View<'p>>) -> Option<Hold> {
    let values = summaries.values;
    let begins = |fact: &&CallFact| fact.has(Effect::Begins);
    let decorator = view.body.decorators.iter().find(|decorator| {
        decorator_facts(values, view.key, decorator)
            .iter()
            .any(begins)
    })?;
    let parent = values.world().sibling(view.key, view.body.parent);
    Some(Hold {
        function: view.key,
        kind: Kind::Transaction,
        begun: Begun {
            function: parent,
            site: decorator.site,
            callee: decorator.site,
            through: None,
            is_automatic: false,
            setting: None,
        },
        pools: Vec::new(),
        region: Region::whole(summaries, view),
        purpose: Purpose::Open,
        statements: Vec::new(),
        is_single: false,
    })
}

/// Functions that a setting of the project puts into a transaction: `ATOMIC_REQUESTS`.
fn requests(summaries: &mut Summaries<'_>, reach: &Reach) -> Vec<Hold> {
    let functions = reach.by_setting();
    let mut places: Vec<(Symbol, Option<(FunctionKey, Site)>)> = Vec::new();
    let mut found = Vec::new();
    for (function, setting) in functions {
        let known = places.iter().find(|(known, _)| *known == setting);
        let known = known.map(|(_, place)| *place);
        let place = known.unwrap_or_else(|| set_at(summaries, setting));
        if known.is_none() {
            places.push((setting, place));
        }
        let Some((settings, site)) = place else {
            continue;
        };
        found.push(Hold {
            function,
            kind: Kind::Transaction,
            begun: Begun {
                function: settings,
                site,
                callee: site,
                through: None,
                is_automatic: false,
                setting: Some(setting),
            },
            pools: Vec::new(),
            region: whole(summaries, function),
            purpose: Purpose::Open,
            statements: Vec::new(),
            is_single: false,
        });
    }
    found
}

fn whole(summaries: &mut Summaries<'_>, function: FunctionKey) -> Region {
    let view = summaries.view(function);
    Region::whole(summaries, &view)
}

/// Where a module sets an entry of a mapping to true.
fn set_at(summaries: &mut Summaries<'_>, setting: Symbol) -> Option<(FunctionKey, Site)> {
    let world = summaries.values.world();
    let modules = world.functions().filter(|key| world.is_top_level(*key));
    for function in modules {
        let view = summaries.view(function);
        let constants = view.constants();
        let is_true =
            |local: LocalId| constants.get(&local) == Some(&Known::Constant(Constant::Bool(true)));
        let names = |local: LocalId| {
            constants.get(&local) == Some(&Known::Constant(Constant::Text(setting)))
        };
        let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
        let set = statements.find(|statement| match &statement.action {
            Action::Assign(_, Value::Record(entries)) => entries
                .iter()
                .any(|(name, value)| *name == setting && is_true(*value)),
            Action::SetItem(_, key, value) => names(*key) && is_true(*value),
            _ => false,
        });
        if let Some(set) = set {
            return Some((function, set.site));
        }
    }
    None
}

fn transactions<'p>(
    summaries: &mut Summaries<'p>,
    automatic: &Automatic,
    view: &Rc<View<'p>>,
) -> Vec<Hold> {
    let begins = begins::begins(summaries, view);
    let mut found: Vec<Hold> = begins
        .into_iter()
        .map(|begin| hold(summaries, view, begin, (Kind::Transaction, Purpose::Open)))
        .collect();
    let own = sites::acquisitions(summaries, view);
    for session in automatic.guests(summaries, view, &own) {
        found.push(guest(summaries, view, &session));
    }
    for taken in own {
        let is_certain = taken.resource.is_some_and(|resource| {
            automatic.is_certain(summaries, view, (taken.result, resource))
        });
        if is_certain {
            let begin = Acquisition {
                when: When::Use,
                ..taken
            };
            let mut hold = hold(summaries, view, begin, (Kind::Transaction, Purpose::Open));
            hold.begun.is_automatic = true;
            found.push(hold);
        }
    }
    found
}

/// A transaction that begins with the first statement of a session that somebody else made.
fn guest<'p>(summaries: &mut Summaries<'p>, view: &Rc<View<'p>>, guest: &Guest) -> Hold {
    let given = Given {
        locals: vec![guest.local],
        resource: Some(guest.resource),
        waits_for_use: true,
        ..Given::default()
    };
    let subject = Subject::Given(given);
    let (mut held, solution) = held::solve(summaries, view, subject, Purpose::Open);
    let region = held.region(&solution);
    let mut statements = std::mem::take(&mut held.statements);
    statements.sort_unstable();
    Hold {
        function: view.key,
        kind: Kind::Transaction,
        begun: Begun {
            function: view.key,
            site: view.body.block(guest.block).site,
            callee: view
                .call(guest.block)
                .map_or_else(Site::default, |call| call.callee_site),
            through: None,
            is_automatic: true,
            setting: None,
        },
        pools: reached::pools_of_local(summaries, view, guest.local.0),
        region,
        purpose: Purpose::Open,
        statements,
        is_single: false,
    }
}

fn clients<'p>(summaries: &mut Summaries<'p>, reach: &mut Reach, view: &Rc<View<'p>>) -> Vec<Hold> {
    let mut found = Vec::new();
    let library = summaries.values.library();
    let language = summaries.values.world().language(view.key);
    for taken in sites::acquisitions(summaries, view) {
        let is_empty = taken
            .resource
            .is_some_and(|path| library.holds_none(language, path));
        if is_empty || matches!(taken.at, Place::CallbackParameter(_)) {
            continue;
        }
        // What a script holds until it ends keeps nobody waiting.
        if taken.kind == Kind::Session && reach.runs_once(summaries.values, view.key) {
            continue;
        }
        found.push(hold(summaries, view, taken, (taken.kind, Purpose::Holding)));
    }
    found
}

fn hold<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    taken: Acquisition,
    (kind, purpose): (Kind, Purpose),
) -> Hold {
    let subject = Subject::Taken(taken);
    let is_scope = matches!(taken.at, Place::Entered | Place::ResultOrEntered);
    let (mut held, solution) = held::solve(summaries, view, subject.clone(), purpose);
    let mut region = held.region(&solution);
    let mut statements = std::mem::take(&mut held.statements);
    statements.sort_unstable();
    // Who gives it up himself has it until then, whatever foreign code does with it; else that may be its owner.
    if held.releases.is_empty() && !is_scope {
        let owning = if purpose == Purpose::Open {
            Purpose::Finish
        } else {
            Purpose::Ownership
        };
        let (mut held, solution) = held::solve(summaries, view, subject, owning);
        let owned = held.region(&solution);
        region.blocks = owned.blocks;
        let is_owned = |call: &HeldCall| owned.calls.iter().any(|own| own.block == call.block);
        region.calls.retain(is_owned);
    }
    Hold {
        function: view.key,
        kind,
        begun: Begun {
            function: view.key,
            site: taken.site,
            callee: taken.callee,
            through: taken.through,
            is_automatic: false,
            setting: None,
        },
        pools: reached::pools_behind(summaries, view, taken.block),
        region,
        purpose,
        statements,
        is_single: kind == Kind::Session && is_connection(view, &taken),
    }
}

/// Whether what is taken is a driver's connection, not a session that has one of a pool.
fn is_connection(view: &View<'_>, taken: &Acquisition) -> bool {
    let language = view.values.world().language(view.key);
    let library = view.values.library();
    let noun = taken.resource.and_then(|path| library.noun(language, path));
    noun.is_some_and(|noun| noun != "session")
}

/// The packages whose statements join the transaction whose callback runs: the program says so.
fn shared(summaries: &mut Summaries<'_>) -> Vec<Symbol> {
    let mut found = Vec::new();
    for function in summaries.values.world().functions() {
        let view = summaries.view(function);
        let facts = view
            .calls()
            .flat_map(|(block, _)| &view.meaning(block).facts);
        let facts = facts.filter(|(fact, _)| fact.has(Effect::SharesTransactions));
        found.extend(facts.map(|(fact, _)| reached::package(fact.callee)));
    }
    found
}

/// The callbacks that a call runs with a client or in a transaction.
fn callbacks<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    (block, call): (BlockId, &Call),
    shared: &[Symbol],
) -> Vec<Hold> {
    let meaning = view.meaning(block);
    let lends = |fact: &&CallFact| {
        matches!(fact.at, Place::CallbackParameter(_))
            && [Effect::Begins, Effect::Lends, Effect::Acquires]
                .iter()
                .any(|effect| fact.has(*effect))
    };
    let Some(fact) = meaning.facts.iter().map(|(fact, _)| *fact).find(lends) else {
        return Vec::new();
    };
    let Place::CallbackParameter(position) = fact.at else {
        return Vec::new();
    };
    let (kind, purpose) = if fact.has(Effect::Begins) {
        (Kind::Transaction, Purpose::Open)
    } else {
        (Kind::Client, Purpose::Holding)
    };
    let begun = Begun {
        function: view.key,
        site: view.body.block(block).site,
        callee: call.callee_site,
        through: None,
        is_automatic: false,
        setting: None,
    };
    let joins = kind == Kind::Transaction && shared.contains(&reached::package(fact.callee));
    let pools = if joins {
        Vec::new()
    } else {
        reached::pools_behind(summaries, view, block)
    };
    let arguments = call.arguments.iter();
    let entities = arguments.flat_map(|argument| view.values.of(view.key, argument.value));
    let functions: Vec<_> = entities.filter_map(Entity::function).collect();
    let role = Role::Parameter(position, Shape::Itself);
    let holds = functions.into_iter().map(|function| Hold {
        function,
        kind,
        begun: begun.clone(),
        pools: pools.clone(),
        region: region_given(summaries, function, role, purpose),
        purpose,
        statements: Vec::new(),
        is_single: false,
    });
    holds.collect()
}

/// The calls of a function that run while what it gets in a role is held.
fn region_given(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    role: Role,
    purpose: Purpose,
) -> Region {
    let view = summaries.view(function);
    let given = held::given(summaries, &view, role);
    region_of(summaries, &view, given, purpose)
}

/// The calls that run while what a function is given is held: all of them, where it names no such parameter.
fn region_of<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    given: Given,
    purpose: Purpose,
) -> Region {
    if given.locals.is_empty() && given.environment.is_empty() {
        return Region::whole(summaries, view);
    }
    let (mut held, solution) = held::solve(summaries, view, Subject::Given(given), purpose);
    held.region(&solution)
}

/// Moves what a wrapper runs for its caller into holds of its own: `begin(); fn(client); commit()`.
fn lend(summaries: &mut Summaries<'_>, holds: &mut Vec<Hold>) {
    let mut seen: FxHashSet<(FunctionKey, Option<Role>, Begun)> = FxHashSet::default();
    let mut position = 0;
    while position < holds.len() {
        let view = summaries.view(holds[position].function);
        let (lent, own): (Vec<_>, Vec<_>) = std::mem::take(&mut holds[position].region.calls)
            .into_iter()
            .partition(|held| !held.runs.is_empty() && calls_parameter(&view, held.block));
        holds[position].region.calls = own;
        let hold = holds[position].clone();
        let lent = lent.into_iter().flat_map(|held| {
            // All that callers pass, however many: a wrapper has more callers than a value has kinds.
            let role = held.runs.first().and_then(|run| run.role);
            let passed = passed_to(summaries, &view, held.block);
            let passed = passed.into_iter().map(move |function| (function, role));
            let runs = held.runs.into_iter().map(|run| (run.function, run.role));
            runs.chain(passed)
        });
        let lent: Vec<_> = lent.collect();
        for (function, role) in lent {
            let begun = Begun {
                through: hold.begun.through.or(Some(hold.function)),
                ..hold.begun.clone()
            };
            if !seen.insert((function, role, begun.clone())) {
                continue;
            }
            let region = match role {
                Some(role) => region_given(summaries, function, role, hold.purpose),
                None => lent_somehow(summaries, function, hold.purpose),
            };
            holds.push(Hold {
                function,
                begun,
                region,
                // Those of the wrapper are blocks of another function.
                statements: Vec::new(),
                ..hold.clone()
            });
        }
        position += 1;
    }
}

/// What a function runs that a wrapper runs while it holds something: any of its parameters may be that, or have it.
fn lent_somehow(summaries: &mut Summaries<'_>, function: FunctionKey, purpose: Purpose) -> Region {
    let view = summaries.view(function);
    let parameters = view.body.parameters.iter();
    let within = |parameter: &Parameter| (parameter.local, Shape::Under(Symbol::empty()));
    let given = Given {
        locals: parameters.map(within).collect(),
        ..Given::default()
    };
    region_of(summaries, &view, given, purpose)
}

/// The functions that callers pass for the parameter that a call runs.
fn passed_to(summaries: &Summaries<'_>, view: &View<'_>, block: BlockId) -> Vec<FunctionKey> {
    let Some(Callee::Local(local)) = view.call(block).map(|call| call.callee) else {
        return Vec::new();
    };
    let values = summaries.values;
    let (wrapper, parameter) = values.world().origin(view.key, local);
    let body = values.world().function(wrapper);
    let mut found = Vec::new();
    for caller in values.callers(wrapper) {
        let calling = values.world().function(caller.function);
        let Terminator::Call { call, .. } = &calling.block(caller.block).terminator else {
            continue;
        };
        let passed = argument_for(body, call, parameter).into_iter();
        let entities = passed.flat_map(|argument| values.of(caller.function, argument.value));
        found.extend(entities.filter_map(Entity::function));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a call runs what the function, or one around it, was given.
fn calls_parameter(view: &View<'_>, block: BlockId) -> bool {
    let Some(Callee::Local(local)) = view.call(block).map(|call| call.callee) else {
        return false;
    };
    // A handle that is called sends a statement: `trx('orders')`.
    if !view.meaning(block).facts.is_empty() {
        return false;
    }
    let world = view.values.world();
    world.parameter_owner(view.key, local).is_some()
}
