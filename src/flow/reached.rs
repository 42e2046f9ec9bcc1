//! What running a function reaches: somebody else's server, a statement, a checkout.
//!
//! In: a function, and how it gets what is held, where it does. Out: [`Reached`], one [`Hop`] per thing reached; hops lead
//! from call to call to the place itself. A function that is handed what is held is looked at only where it still holds
//! it: what it does after it committed is nobody's wait.
use super::context::Context;
use super::executors;
use super::held::{self, Handed, HeldCall, Region};
use super::sites::{self, View};
use super::summary::{Purpose, Role, Summaries};
use super::targets;
use super::text::Known;
use crate::finding::Confidence;
use crate::ir::{
    Action, Argument, BlockId, Call, CallKind, Callee, Constant, LocalId, LocalKind, Site, Value,
};
use crate::library::{CallFact, Effect, Outside, Place, When};
use crate::link::FunctionKey;
use crate::link::values::{Entity, Origin, Values};
use crate::source::Language;
use crate::symbol::Symbol;
use std::rc::Rc;

/// Pools told apart at most per function.
const POOL_LIMIT: usize = 4;

/// A client's pool is looked for behind this many calls.
const BEHIND_LIMIT: u32 = 4;

/// A function that is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// The function.
    pub function: FunctionKey,
    /// How it gets what is held, where it does.
    pub handed: Option<(Role, Purpose)>,
    /// What its caller tells it besides.
    pub context: Context,
    /// It is asked what it does beside calling the function that it stands around as a decorator.
    pub is_around: bool,
}

impl Run {
    /// A function that a call runs, which hands it what is held for a purpose.
    pub fn of(handed: Handed, purpose: Purpose) -> Self {
        Self {
            function: handed.function,
            handed: handed.role.map(|role| (role, purpose)),
            context: handed.context,
            is_around: false,
        }
    }

    /// A function of whose call nothing is known.
    pub fn any(function: FunctionKey) -> Self {
        Self {
            function,
            handed: None,
            context: Context::default(),
            is_around: false,
        }
    }
}

/// One step towards what is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// The block whose call leads there.
    pub block: BlockId,
    /// The function that the call runs; none where the call itself is the place.
    pub next: Option<Run>,
    /// Calls between the function and the place.
    pub depth: u32,
}

/// A pool, as far as it can be told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pool {
    /// Made there.
    Made(Origin),
    /// Some pool of this package.
    Of(Symbol),
}

/// What running a function reaches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reached {
    /// Somebody else's server, a subprocess, the clock.
    pub external: Option<Hop>,
    /// A statement.
    pub statement: Option<Hop>,
    /// A statement over what is held, which is sent unless more than one condition on the way fails.
    pub own: Option<Own>,
    /// Checkouts, each of another pool.
    pub checkouts: Vec<Checkout>,
}

/// A statement over what is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Own {
    /// Conditions on the way.
    conditions: u8,
}

/// Conditions on the way to a statement that leave it certain enough that it is sent: an early return, but not a cache
/// behind a setting.
const OWN_CONDITION_LIMIT: u8 = 1;

/// A checkout that is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checkout {
    /// Whose connection is taken.
    pub pool: Pool,
    /// The way there.
    pub hop: Hop,
    /// Something on the way bounds how many run at once.
    pub is_limited: bool,
}

impl Reached {
    /// What all of several reach, by the first that does.
    fn common(all: &[Self], count: usize) -> Self {
        let is_common =
            |reaches: &dyn Fn(&Self) -> bool| all.len() == count && all.iter().all(reaches);
        let mut found = Self::default();
        for reached in all {
            found.note(reached, |hop| *hop);
        }
        if !is_common(&|reached| reached.external.is_some()) {
            found.external = None;
        }
        if !is_common(&|reached| reached.statement.is_some()) {
            found.statement = None;
        }
        if !is_common(&|reached| reached.own.is_some()) {
            found.own = None;
        }
        found.checkouts.retain(|checkout| {
            is_common(&|reached| {
                let mut pools = reached.checkouts.iter().map(|known| known.pool);
                pools.any(|pool| pool == checkout.pool)
            })
        });
        found
    }

    fn note(&mut self, other: &Self, hop: impl Fn(&Hop) -> Hop) {
        let external = other.external.as_ref().map(&hop);
        self.external = self.external.or(external);
        let statement = other.statement.as_ref().map(&hop);
        self.statement = self.statement.or(statement);
        self.own = match (self.own, other.own) {
            (Some(one), Some(other)) if other.conditions < one.conditions => Some(other),
            (one, other) => one.or(other),
        };
        for checkout in &other.checkouts {
            let pool = checkout.pool;
            let is_known = self.checkouts.iter().any(|known| known.pool == pool);
            if !is_known && self.checkouts.len() < POOL_LIMIT {
                self.checkouts.push(Checkout {
                    hop: hop(&checkout.hop),
                    ..*checkout
                });
            }
        }
    }
}

/// Calls looked at that defer something to the commit, or run a callback with what is held.
const DEFERRING_LIMIT: usize = 4;

/// What a function reaches, on top of what is known of it.
pub(super) fn compute(summaries: &mut Summaries<'_>, run: Run, known: &Reached) -> Reached {
    let view = summaries.view(run.function);
    let mut reached = known.clone();
    let mut calls = region_of(summaries, &view, run).calls;
    calls.retain(|held| !run.is_around || !calls_decorated(&view, held.block));
    let purpose = run.handed.map_or(Purpose::Holding, |(_, purpose)| purpose);
    let is_undeferred = undeferred(&view);
    let is_unhanded = unhanded(&view, run);
    // What is always reached is told before what some condition guards, and what is reached here before what others do;
    // last what the function reaches by running itself again.
    let is_certain = |held: &&HeldCall| view.passing().is_certain(held.block);
    let (certain, guarded): (Vec<_>, Vec<_>) = calls.iter().partition(is_certain);
    let is_again = |held: &&HeldCall| held.runs.iter().any(|next| next.function == run.function);
    let (again, guarded): (Vec<_>, Vec<_>) = guarded.into_iter().partition(is_again);
    for calls in [certain, guarded, again] {
        for held in &calls {
            let mut inner = direct(summaries, &view, held.block, held.is_own);
            inner.external = inner.external.filter(|_| !is_undeferred(held.block));
            weigh(&mut inner, &view, held.block);
            reached.note(&inner, |hop| *hop);
        }
        for held in calls {
            let mut inner = through(summaries, &view, held, purpose);
            inner.external = inner.external.filter(|_| !is_undeferred(held.block));
            if is_unhanded(held.block) {
                inner.checkouts.clear();
            }
            let limits = view.meaning(held.block).fact(Effect::Limits).is_some();
            let checkouts = inner.checkouts.iter_mut();
            checkouts.for_each(|checkout| checkout.is_limited |= limits);
            weigh(&mut inner, &view, held.block);
            reached.note(&inner, |hop| *hop);
        }
    }
    // `async with semaphore:` around it, or `await semaphore.acquire()`, wherever it stands in the function.
    let enters_limit = calls.iter().any(|held| {
        view.call(held.block).is_some_and(|call| {
            call.kind == CallKind::Enter || call.awaited && call.arguments.is_empty()
        }) && view.meaning(held.block).fact(Effect::Limits).is_some()
    });
    let checkouts = reached.checkouts.iter_mut();
    checkouts.for_each(|checkout| checkout.is_limited |= enters_limit);
    reached
}

/// By block, whether it stands on another way than a call that defers to the commit: the function asks whether there is
/// a transaction, `if connection.in_atomic_block`, or a test, and waits for nobody in one.
fn undeferred(view: &View<'_>) -> impl Fn(BlockId) -> bool + use<> {
    let calls = view.calls().map(|(block, _)| block);
    let defers = |block: &BlockId| view.meaning(*block).fact(Effect::Defers).is_some();
    beside_any(view, &mut calls.filter(defers))
}

/// By block, whether it stands on another way than one of the first of some blocks.
fn beside_any(
    view: &View<'_>,
    blocks: &mut dyn Iterator<Item = BlockId>,
) -> impl Fn(BlockId) -> bool + use<> {
    let beside = blocks.map(|block| view.passing().beside(view.body, block));
    let beside: Vec<_> = beside.take(DEFERRING_LIMIT).collect();
    move |block| beside.iter().any(|beside| beside[block.index()])
}

/// By block, whether it stands on another way than a call that runs a callback with the handle that the function is handed:
/// there it was handed none. `if (isTransaction(db)) return work(db); return db.$transaction(work)`.
fn unhanded(view: &View<'_>, run: Run) -> impl Fn(BlockId) -> bool + use<> {
    let handle = match run.handed {
        Some((Role::Parameter(position, _), _)) => Some(LocalKind::Parameter(position)),
        _ => None,
    };
    let kind = |local: LocalId| view.body.local(local).kind;
    let runs = |call: &Call| {
        let mut arguments = call.arguments.iter();
        matches!(call.callee, Callee::Local(callee) if matches!(kind(callee), LocalKind::Parameter(_)))
            && arguments.any(|argument| Some(kind(argument.value)) == handle)
    };
    let running = view
        .calls()
        .filter(|(_, call)| handle.is_some() && runs(call));
    beside_any(view, &mut running.map(|(block, _)| block))
}

/// Counts the condition under which a call is made; forgets a statement that too many stand before.
fn weigh(inner: &mut Reached, view: &View<'_>, block: BlockId) {
    if let Some(own) = &mut inner.own {
        own.conditions += u8::from(is_conditional(view, block));
    }
    inner.own = inner
        .own
        .filter(|own| own.conditions <= OWN_CONDITION_LIMIT);
}

/// What of a function runs while what it is handed is held.
pub(super) fn region_of<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    run: Run,
) -> Region {
    let Some((role, purpose)) = run.handed else {
        return held::region_told(summaries, view, run.context);
    };
    let given = held::given(summaries, view, role);
    let (mut held, solution) = held::solve_given(summaries, view, (given, purpose), run.context);
    held.region(&solution)
}

/// What a call reaches, itself or through the functions it runs.
pub fn reached_by(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    held: &HeldCall,
    purpose: Purpose,
) -> Reached {
    let mut reached = direct(summaries, view, held.block, held.is_own);
    reached.note(&through(summaries, view, held, purpose), |hop| *hop);
    reached
}

/// Whether a call runs what an enclosing function, a decorator, was given.
fn calls_decorated(view: &View<'_>, block: BlockId) -> bool {
    let Some(Callee::Local(callee)) = view.call(block).map(|call| call.callee) else {
        return false;
    };
    let owner = view.values.world().parameter_owner(view.key, callee);
    owner.is_some_and(|owner| owner != view.key)
}

/// Where a decorator of what a call runs waits for somebody, beside running it. What it sends and takes is left aside: it
/// may well be for the function that it decorates, and not for one that gets a session by hand.
fn around(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> Option<Hop> {
    let wrappers = targets::wrappers(view, block);
    wrappers.into_iter().find_map(|wrapper| {
        let next = Run {
            is_around: true,
            ..Run::any(wrapper)
        };
        let external = summaries.reached(next).external?;
        Some(Hop {
            block,
            next: Some(next),
            depth: external.depth + 1,
        })
    })
}

/// What the functions that a call runs reach. Of several that the callee may be, one is run and nobody knows which: they
/// reach what all of them do.
fn through(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    held: &HeldCall,
    purpose: Purpose,
) -> Reached {
    let alternatives = held.alternatives(view);
    let mut reached = Reached::default();
    for run in &held.runs {
        let is_one_of = |group: &Vec<FunctionKey>| group.contains(&run.function);
        if !alternatives.iter().any(is_one_of) {
            let inner = run_by(summaries, view, (held, *run), purpose);
            reached.note(&inner, |hop| *hop);
        }
    }
    for group in &alternatives {
        // One that is not run here reaches nothing here.
        let runs = held.runs.iter();
        let runs = runs.filter(|run| group.contains(&run.function));
        let inner = runs.map(|run| run_by(summaries, view, (held, *run), purpose));
        let inner: Vec<_> = inner.collect();
        reached.note(&Reached::common(&inner, group.len()), |hop| *hop);
    }
    reached.external = reached
        .external
        .or_else(|| around(summaries, view, held.block));
    // What a function builds may join the transaction: `orders(knex).insert(row).transacting(trx)`.
    if held.is_over_it
        || view
            .call(held.block)
            .is_some_and(|call| joins(view, call.result))
    {
        reached.checkouts.clear();
    }
    reached
}

/// What one function that a call runs reaches, seen from the call.
fn run_by(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    (call, handed): (&HeldCall, Handed),
    purpose: Purpose,
) -> Reached {
    let next = Run::of(handed, purpose);
    let inner = summaries.reached(next);
    let mut reached = Reached::default();
    reached.note(&inner, |hop| Hop {
        block: call.block,
        next: Some(next),
        depth: hop.depth + 1,
    });
    // What it does with what it was not given is nobody's here.
    reached.own = reached.own.filter(|_| handed.role.is_some());
    if is_bound(view, call.block, handed.function) {
        reached.checkouts.clear();
    }
    reached
}

/// Whether a method is called by itself: nobody knows here which object it was bound to, and what connection that has.
fn is_bound(view: &View<'_>, block: BlockId, function: FunctionKey) -> bool {
    let body = view.values.world().function(function);
    let is_method = body.receiver.is_some() && body.class.is_some() && !body.traits.is_constructor;
    is_method
        && matches!(
            view.call(block).map(|call| call.callee),
            Some(Callee::Local(_))
        )
}

/// Whether a call takes a connection of its own.
pub(super) fn takes_connection(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
) -> bool {
    !direct(summaries, view, block, false).checkouts.is_empty()
}

/// What a call reaches by itself; one on what is held takes no other connection.
fn direct(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId, is_own: bool) -> Reached {
    let here = Hop {
        block,
        next: None,
        depth: 0,
    };
    let Some(call) = view.call(block) else {
        return Reached::default();
    };
    // A callee that may be a function of the program as well waits for nobody on that way.
    // One that a decorator made a task of does both.
    let world = view.values.world();
    let mut functions = view.meaning(block).functions.iter();
    let is_certain = functions.all(|function| !world.function(*function).decorators.is_empty());
    let external = sink(view, block).filter(|_| is_certain).map(|_| here);
    let facts = &view.meaning(block).facts;
    let sends = [Effect::Queries, Effect::Commits, Effect::Begins];
    let is_statement = facts
        .iter()
        // What is lazy is built here, and sent where it is used.
        .filter(|(fact, _)| fact.when != When::Use)
        .any(|(fact, _)| sends.iter().any(|effect| fact.has(*effect)));
    let checkouts = if !is_own && is_checkout(view, call, block) {
        pools_of(summaries, view, block)
    } else {
        Vec::new()
    };
    Reached {
        external,
        statement: is_statement.then_some(here),
        own: (is_statement && is_own).then_some(Own { conditions: 0 }),
        checkouts: checkouts
            .into_iter()
            .map(|pool| Checkout {
                pool,
                hop: here,
                is_limited: false,
            })
            .collect(),
    }
}

/// The calls that lead to what a hop reaches, and the place itself.
#[derive(Debug)]
pub struct Chain {
    /// The functions that are run, each with the place where it calls on; the last is the place itself.
    pub path: Vec<(FunctionKey, Site)>,
    /// The function of the place.
    pub function: FunctionKey,
    /// The block that ends with it.
    pub block: BlockId,
    /// Calls on the way that their function makes only under some condition.
    pub conditions: usize,
    /// Some call on the way is made only once something has failed.
    pub is_in_handler: bool,
}

/// Calls of a chain that are told; of a longer one the first.
const STORY_LIMIT: usize = 200;

/// Conditions on the way to a place that leave it likely.
const CONDITION_LIMIT: usize = 6;

impl Chain {
    /// How sure it is that the place is passed. Each condition on the way makes it less so.
    pub fn confidence(&self) -> Confidence {
        confidence_after(self.conditions)
    }
}

/// How sure a place is that lies behind so many conditions.
pub(super) fn confidence_after(conditions: usize) -> Confidence {
    if conditions > CONDITION_LIMIT {
        Confidence::Low
    } else {
        Confidence::High
    }
}

/// Follows a hop to what it reaches; `find` asks a function for its hop.
pub fn follow<'p>(
    summaries: &mut Summaries<'p>,
    function: FunctionKey,
    hop: Hop,
    find: impl Fn(&mut Summaries<'p>, Run) -> Option<Hop>,
) -> Option<Chain> {
    let mut chain = Chain {
        path: Vec::new(),
        function,
        block: hop.block,
        conditions: 0,
        is_in_handler: false,
    };
    let mut hop = hop;
    // Depth shrinks with each hop; what was found later may have come to know a longer way.
    for _ in 0..=hop.depth.saturating_mul(2) {
        let Some(next) = hop.next else {
            return Some(chain);
        };
        hop = find(summaries, next)?;
        chain.function = next.function;
        chain.block = hop.block;
        let view = summaries.view(chain.function);
        chain.conditions += usize::from(is_conditional(&view, hop.block));
        chain.is_in_handler |= !view.passing().is_ordinary(hop.block);
        if chain.path.len() < STORY_LIMIT {
            chain
                .path
                .push((chain.function, view.body.block(hop.block).site));
        }
    }
    None
}

/// Whether a function may return without passing a block.
pub(super) fn is_conditional(view: &View<'_>, block: BlockId) -> bool {
    !view.passing().is_certain(block)
}

/// What the data says of a call that waits for somebody else, where this function waits with it.
pub fn sink<'p>(view: &View<'p>, block: BlockId) -> Option<&'p CallFact> {
    let call = view.call(block)?;
    let meaning = view.meaning(block);
    let waits = |fact: &&CallFact| {
        fact.has(Effect::CallsOut)
            && (targets::is_waited_for(view, call, fact)
                && !fact.has(Effect::CallsBack)
                && !(fact.kind == Some(Outside::Sleep) && is_no_sleep(view, call))
                || executors::settles(view, call, fact))
    };
    let facts = meaning.facts.iter().map(|(fact, _)| *fact);
    facts.clone().find(waits).or_else(|| {
        let mut facts = facts;
        let runs = facts.any(|fact| runs_handed(view, (block, call), fact));
        if runs { handed_sink(view, call) } else { None }
    })
}

/// Whether what waits is not the callee of the call, but a function that it is handed.
pub fn is_handed(view: &View<'_>, block: BlockId) -> bool {
    view.meaning(block).fact(Effect::CallsOut).is_none()
}

/// Whether nobody sleeps: `asyncio.sleep(0)` only lets others run, a timer that rejects a promise is a time-out, and one
/// that runs a function runs it later.
fn is_no_sleep(view: &View<'_>, call: &Call) -> bool {
    let first = call.arguments.first();
    let known = first.and_then(|argument| view.constants().get(&argument.value));
    let zero = Known::Constant(Constant::Integer(0));
    let runs = |argument: &Argument| {
        let entities = view.values.of(view.key, argument.value).iter();
        let mut functions = entities.filter(|entity| matches!(entity, Entity::Function(_)));
        let kind = view.body.local(argument.value).kind;
        functions.next().is_some() || kind == LocalKind::Parameter(1)
    };
    known == Some(&zero) || call.arguments.iter().any(runs)
}

/// Whether a call runs a library's function that it is handed, and this function waits for it.
fn runs_handed(view: &View<'_>, at: (BlockId, &Call), fact: &CallFact) -> bool {
    let is_over = || !view.body.traits.is_async || targets::is_awaited(view, at.1);
    let is_lazy = fact.has(Effect::Iterates) && fact.when == When::Use;
    if fact.has(Effect::CallsBack) {
        is_over()
    } else {
        (fact.has(Effect::Spawns) || is_lazy) && targets::runs_callbacks(view, at, fact)
    }
}

/// A library's function that is handed to whoever runs it: `to_thread(requests.get, url)`. Where it may be another one,
/// nobody knows.
fn handed_sink<'p>(view: &View<'p>, call: &Call) -> Option<&'p CallFact> {
    let values = view.values;
    let language = values.world().language(view.key);
    let mut arguments = call.arguments.iter();
    arguments.find_map(|argument| {
        let [entity] = values.of(view.key, argument.value) else {
            return None;
        };
        let facts = match entity {
            Entity::External(path) => values.library().call(language, *path),
            Entity::Method(path, name) => values.library().method(language, *path, name),
            _ => &[],
        };
        facts.iter().find(|fact| fact.has(Effect::CallsOut))
    })
}

/// Whether a call takes a connection out of a pool, if only for a statement.
fn is_checkout(view: &View<'_>, call: &Call, block: BlockId) -> bool {
    let takes = |fact: &CallFact| {
        let effects = [
            Effect::Queries,
            Effect::Acquires,
            Effect::Lends,
            Effect::Begins,
        ];
        let is_session =
            fact.has(Effect::Opens) && fact.when == When::Use && !is_kept(view, call.result);
        (is_session || effects.iter().any(|effect| fact.has(*effect)))
            && !sites::is_given(view, call, fact)
    };
    let facts = &view.meaning(block).facts;
    facts.iter().any(|(fact, _)| takes(fact)) && !joins(view, call.result)
}

/// Whether a session is stored for whoever asks next: then most calls take none.
fn is_kept(view: &View<'_>, session: LocalId) -> bool {
    let statements = || view.body.blocks.iter().flat_map(|block| &block.statements);
    let is_it = |local: LocalId| {
        local == session
            || statements()
                .any(|statement| statement.action == Action::Assign(local, Value::Local(session)))
    };
    statements().any(|statement| match statement.action {
        Action::SetField(_, _, value) | Action::SetItem(_, _, value) => is_it(value),
        Action::Assign(..) => false,
    })
}

/// Whether the statement that a call starts is put into a transaction further on: `knex(t).insert(x).transacting(trx)`.
fn joins(view: &View<'_>, statement: LocalId) -> bool {
    let mut local = statement;
    // A builder has few links.
    for _ in 0..12 {
        let next = view.call_on(local);
        let Some((block, call)) = next else {
            return false;
        };
        if view.meaning(block).fact(Effect::Joins).is_some() {
            return true;
        }
        if call.result == local {
            return false;
        }
        local = call.result;
    }
    false
}

/// The package that a path is in.
pub fn package(path: Symbol) -> Symbol {
    Symbol::new(path.split(['.', '#']).next().unwrap_or_default())
}

/// The pools that a call takes a connection from.
pub fn pools_of(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> Vec<Pool> {
    let Some(call) = view.call(block) else {
        return Vec::new();
    };
    let (Callee::Local(source) | Callee::Method(source, _)) = call.callee;
    let opens = view.meaning(block).fact(Effect::Opens).is_some();
    let arguments = call.arguments.iter().filter(|_| opens);
    let locals = arguments.map(|argument| argument.value).chain([source]);
    let entities = locals.flat_map(|local| view.values.of(view.key, local));
    // What a function gives may be the transaction as well: `this.prisma.current().user`.
    let library = view.values.library();
    let is_given = is_part_of_given(view, source);
    let is_unsure = |entity: &&Entity| {
        is_given && matches!(entity, Entity::Instance(path, None) if library.is_pool_part(*path))
    };
    let entities = entities.filter(|entity| !is_unsure(entity));
    let mut pools: Vec<_> = entities
        .filter_map(|entity| pool_of(summaries, *entity))
        .collect();
    pools.sort_unstable();
    pools.dedup();
    pools
}

/// Whether a local is a part of what a call gives.
fn is_part_of_given(view: &View<'_>, local: LocalId) -> bool {
    let read = view.field_read(local);
    read.is_some_and(|(owner, _)| view.call_giving(owner).is_some())
}

fn pool_of(summaries: &mut Summaries<'_>, entity: Entity) -> Option<Pool> {
    let values = summaries.values;
    match entity {
        Entity::Instance(path, _) if shares(values, path) => None,
        // What is no pool but a client, wherever it comes from, takes no other.
        Entity::Instance(path, Some(_))
            if values.library().is_resource(path) && !values.library().is_pool(path) =>
        {
            None
        }
        Entity::Instance(_, Some(origin)) => {
            (!is_client(summaries, origin)).then_some(Pool::Made(origin))
        }
        Entity::Instance(path, None) => {
            let library = values.library();
            let is_of_pool = library.is_pool(path) || library.is_pool_part(path);
            is_of_pool.then(|| Pool::Of(package(path)))
        }
        Entity::Class(class) => {
            let bases = values.library_bases(class);
            let base = bases.first().filter(|base| !shares(values, **base))?;
            Some(Pool::Of(package(*base)))
        }
        // A pool of a class of the program's: `class Database extends PrismaClient`.
        Entity::Object(class) => {
            let bases = values.library_bases(class);
            let base = bases.iter().find(|base| values.library().is_pool(**base))?;
            Some(Pool::Of(package(*base)))
        }
        _ => None,
    }
}

/// Whether statements of an instance go over the connection that the thread or task has already.
fn shares(values: &Values<'_>, path: Symbol) -> bool {
    let languages = [Language::Python, Language::JavaScript];
    languages
        .iter()
        .any(|language| values.library().shares_connection(*language, path))
}

/// Whether what was made there is a client, session or transaction: its statements take no other connection.
fn is_client(summaries: &mut Summaries<'_>, origin: Origin) -> bool {
    let effects = [
        Effect::Acquires,
        Effect::Opens,
        Effect::Begins,
        Effect::Lends,
    ];
    let Some((view, block)) = summaries.made_at(origin) else {
        return true;
    };
    effects
        .iter()
        .any(|effect| view.meaning(block).fact(*effect).is_some())
}

/// The pools behind what a call takes from, or what its receiver was taken from.
pub fn pools_behind(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> Vec<Pool> {
    pools_within(summaries, view, block, BEHIND_LIMIT)
}

/// The pools that what a local stands for was taken from.
pub fn pools_of_local(summaries: &mut Summaries<'_>, view: &View<'_>, local: LocalId) -> Vec<Pool> {
    let mut pools = Vec::new();
    for entity in view.values.of(view.key, local).to_vec() {
        if let Entity::Instance(_, Some(origin)) = entity
            && let Some((view, block)) = summaries.made_at(origin)
        {
            pools.extend(pools_within(summaries, &view, block, BEHIND_LIMIT));
        }
    }
    pools.sort_unstable();
    pools.dedup();
    pools
}

fn pools_within(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
    limit: u32,
) -> Vec<Pool> {
    // What keeps its connection in itself sends its own statements over that one.
    let stays = |fact: &CallFact| {
        fact.at == Place::Receiver && (fact.has(Effect::Acquires) || fact.has(Effect::Opens))
    };
    let facts = &view.meaning(block).facts;
    if facts.iter().any(|(fact, _)| stays(fact)) {
        return Vec::new();
    }
    let mut pools = pools_of(summaries, view, block);
    let Some(call) = view.call(block).filter(|_| limit > 0) else {
        return pools;
    };
    // What a wrapper takes, it takes from its pool.
    for function in view.meaning(block).functions.clone() {
        let inner = summaries.view(function);
        let taken = sites::acquisitions(summaries, &inner);
        for acquisition in taken {
            pools.extend(pools_within(
                summaries,
                &inner,
                acquisition.block,
                limit - 1,
            ));
        }
    }
    let (Callee::Local(source) | Callee::Method(source, _)) = call.callee;
    for entity in view.values.of(view.key, source).to_vec() {
        if let Entity::Instance(_, Some(origin)) = entity
            && is_client(summaries, origin)
            && let Some((view, block)) = summaries.made_at(origin)
        {
            pools.extend(pools_within(summaries, &view, block, limit - 1));
        }
    }
    pools.sort_unstable();
    pools.dedup();
    pools
}
