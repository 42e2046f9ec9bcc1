//! A second connection of the same pool, taken while one is held.
//!
//! In: [`Hold`]s. Out: a [`Nested`] per call, standing in the holding function, that takes another connection of the pool,
//! itself or through calls.
use super::holds::{Begun, Hold};
use super::reach::Reach;
use super::reached::{self, Hop, Pool};
use super::sites::{Kind, View, is_given};
use super::summary::Summaries;
use crate::finding::Confidence;
use crate::ir::{BlockId, Call, Site};
use crate::library::{CallFact, Effect};
use crate::link::FunctionKey;
use crate::link::values::Entity;
use crate::symbol::Symbol;
use rustc_hash::FxHashMap;

/// A second checkout while the first is held.
#[derive(Clone, Debug)]
pub struct Nested {
    /// What is held.
    pub kind: Kind,
    /// How it comes to be held.
    pub begun: Begun,
    /// The holding function.
    pub function: FunctionKey,
    /// The call in it.
    pub site: Site,
    /// Its callee alone.
    pub callee: Site,
    /// The calls that lead from it to the checkout: the function that is run, and where it calls on.
    pub path: Vec<(FunctionKey, Site)>,
    /// The checkout: its function, and its place.
    pub checkout: (FunctionKey, Site),
    /// It takes a connection for one statement only.
    pub is_statement: bool,
    /// How sure it is that it comes to it.
    pub confidence: Confidence,
}

/// All nested checkouts, in order of hold and place; of one call only the first.
pub fn nested(summaries: &mut Summaries<'_>, reach: &Reach, holds: &[Hold]) -> Vec<Nested> {
    let pools = Pools::new(summaries);
    let mut found: Vec<Nested> = Vec::new();
    // A command runs alone: nobody else waits for its pool.
    let is_shared = |hold: &&Hold| !hold.pools.is_empty() && !reach.is_command(hold.function);
    for hold in holds.iter().filter(is_shared) {
        let view = summaries.view(hold.function);
        // Taken again in the next round while the first is held: that is a leak, and reported as one.
        let is_own = |block: BlockId| view.body.block(block).site == hold.begun.site;
        for held in hold.region.calls.iter().filter(|held| !is_own(held.block)) {
            let reached = reached::reached_by(summaries, &view, held, hold.purpose);
            let same = reached.checkouts.iter().find(|checkout| {
                hold.pools
                    .iter()
                    .any(|pool| pools.are_same(summaries, *pool, checkout.pool))
            });
            if let Some(checkout) = same {
                let mut nested = tell(summaries, hold, checkout.pool, checkout.hop);
                if let Some(nested) = &mut nested
                    && pools.is_keeping_none(summaries, checkout.pool)
                {
                    nested.confidence = Confidence::Low;
                }
                found.extend(nested);
            }
        }
    }
    found.sort_by_key(|nested| {
        (
            nested.function,
            nested.site,
            nested.kind != Kind::Transaction,
        )
    });
    found.dedup_by_key(|nested| (nested.function, nested.site));
    found
}

fn tell(summaries: &mut Summaries<'_>, hold: &Hold, pool: Pool, hop: Hop) -> Option<Nested> {
    let view = summaries.view(hold.function);
    let call = view.call(hop.block)?;
    let find = |summaries: &mut Summaries<'_>, run| {
        let reached = summaries.reached(run);
        let mut checkouts = reached.checkouts.iter();
        checkouts
            .find(|checkout| checkout.pool == pool)
            .map(|checkout| checkout.hop)
    };
    let chain = reached::follow(summaries, hold.function, hop, find)?;
    let (last, block) = (chain.function, chain.block);
    let taking = summaries.view(last);
    Some(Nested {
        kind: hold.kind,
        begun: hold.begun_at(&view, hop.block),
        function: hold.function,
        site: view.body.block(hop.block).site,
        callee: call.callee_site,
        confidence: chain.confidence(),
        path: chain.path,
        checkout: (last, taking.body.block(block).site),
        is_statement: is_statement(&taking, block),
    })
}

fn is_statement(view: &View<'_>, block: BlockId) -> bool {
    view.meaning(block).fact(Effect::Queries).is_some()
}

/// The pools of the program, to tell whether two are one.
#[derive(Debug)]
struct Pools {
    /// How many each package makes.
    made: FxHashMap<Symbol, usize>,
    /// How many of them keep no connection: `poolclass=NullPool`.
    keeping_none: FxHashMap<Symbol, usize>,
}

impl Pools {
    fn new(summaries: &mut Summaries<'_>) -> Self {
        let mut made = FxHashMap::default();
        let mut keeping_none = FxHashMap::default();
        for function in summaries.values.world().functions() {
            let view = summaries.view(function);
            for (block, call) in view.calls() {
                if let Some(fact) = view.meaning(block).fact(Effect::OpensPool) {
                    let package = reached::package(fact.callee);
                    *made.entry(package).or_insert(0) += 1;
                    if keeps_none(&view, call, fact) {
                        *keeping_none.entry(package).or_insert(0) += 1;
                    }
                }
            }
        }
        Self { made, keeping_none }
    }

    /// Whether the pool is one in name only: each checkout opens a connection, and nobody waits for another's.
    fn is_keeping_none(&self, summaries: &mut Summaries<'_>, pool: Pool) -> bool {
        let all_do = |package: Symbol| {
            let keeping = self.keeping_none.get(&package);
            keeping.is_some() && keeping == self.made.get(&package)
        };
        let origin = match pool {
            Pool::Of(package) => return all_do(package),
            Pool::Made(origin) => origin,
        };
        let Some((view, block)) = summaries.made_at(origin) else {
            return false;
        };
        let Some(call) = view.call(block) else {
            return false;
        };
        if let Some(fact) = view.meaning(block).fact(Effect::OpensPool) {
            return keeps_none(&view, call, fact);
        }
        // A factory of sessions, which has its engine from somewhere.
        let made = view.values.of(view.key, call.result).iter();
        let mut packages = made.filter_map(|entity| match entity {
            Entity::Instance(path, _) => Some(reached::package(*path)),
            _ => None,
        });
        packages.any(all_do)
    }

    /// Whether two names of pools must be one pool: made at one place that makes one, or of a package of which the
    /// program makes no two.
    fn are_same(&self, summaries: &mut Summaries<'_>, one: Pool, other: Pool) -> bool {
        match (one, other) {
            (Pool::Made(origin), Pool::Made(made)) => {
                origin == made && makes_one(summaries, origin.function)
            }
            (Pool::Of(package), Pool::Of(other)) => package == other && self.is_only(package),
            (Pool::Made(origin), Pool::Of(package)) | (Pool::Of(package), Pool::Made(origin)) => {
                let Some((view, block)) = summaries.made_at(origin) else {
                    return false;
                };
                let opening = view.meaning(block).fact(Effect::OpensPool);
                opening.is_some_and(|fact| reached::package(fact.callee) == package)
                    && self.is_only(package)
            }
        }
    }

    fn is_only(&self, package: Symbol) -> bool {
        self.made.get(&package).is_none_or(|count| *count <= 1)
    }
}

/// Whether a call makes a pool that keeps no connection: it says so itself. Options from elsewhere may say it or not.
fn keeps_none(view: &View<'_>, call: &Call, fact: &CallFact) -> bool {
    let is_plain = call.arguments.iter().all(|argument| !argument.is_spread);
    is_plain && is_given(view, call, fact)
}

/// Whether what a function makes at one place is one thing: a factory that is called from several makes several.
fn makes_one(summaries: &Summaries<'_>, function: FunctionKey) -> bool {
    let values = summaries.values;
    values.world().is_top_level(function) || values.callers(function).len() <= 1
}
