//! Pools that are ended only where all goes well.
//!
//! In: the linked program. Out: a [`Leak`] for each pool that a function makes, uses and ends, except where something
//! raises in between. JavaScript only: elsewhere the pool is dropped with the call.
use super::held::{self, Mode, Subject};
use super::leaks::{self, Leak};
use super::pools;
use super::reach::Reach;
use super::sites::{self, Acquisition, Kind, View};
use super::summary::{Purpose, Summaries};
use crate::finding::Confidence;
use crate::ir::BlockId;
use crate::library::{CallFact, Effect, Place, Returns, When};
use rustc_hash::FxHashSet;

/// All such pools, in order.
pub fn unended(summaries: &mut Summaries<'_>, reach: &mut Reach) -> Vec<Leak> {
    let mut found = Vec::new();
    let values = summaries.values;
    for function in values.world().functions() {
        if values.world().language(function).is_python()
            || reach.is_memoised(function)
            || reach.runs_once(values, function)
        {
            continue;
        }
        let view = summaries.view(function);
        let mut seen = FxHashSet::default();
        for index in 0..view.body.blocks.len() {
            let block = BlockId::new(index);
            if let Some(acquisition) = opened(&view, block)
                && seen.insert(acquisition.site)
                && pools::is_ended_here(&view, acquisition.result)
            {
                found.extend(left_open(summaries, &view, acquisition));
            }
        }
    }
    found
}

/// The pool that the call that ends a block makes.
fn opened(view: &View<'_>, block: BlockId) -> Option<Acquisition> {
    let call = view.call(block)?;
    let fact = view.meaning(block).fact(Effect::OpensPool)?;
    if fact.at != Place::Result || sites::is_given(view, call, fact) {
        return None;
    }
    Some(Acquisition {
        site: view.body.block(block).site,
        callee: call.callee_site,
        kind: Kind::Pool,
        resource: Some(pool_type(fact)),
        at: Place::Result,
        // A pool that cannot connect holds no connection.
        when: When::Use,
        releaser: None,
        through: None,
        result: call.result,
        on: None,
        block,
    })
}

fn pool_type(fact: &CallFact) -> crate::symbol::Symbol {
    match fact.returns {
        Returns::Type(path) => path,
        _ => fact.callee,
    }
}

fn left_open(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    acquisition: Acquisition,
) -> Option<Leak> {
    let view = summaries.view(view.key);
    let subject = (Subject::Taken(acquisition), Purpose::Ownership);
    let (mut held, solution) = held::solve_with(summaries, &view, subject, Confidence::High);
    if solution.is_cut {
        return None;
    }
    let paths = solution.paths(&mut held, Mode::Held);
    let releases = std::mem::take(&mut held.releases);
    let path = paths
        .into_iter()
        .min_by_key(|path| leaks::rank(&view, path, releases.is_empty()))?;
    Some(Leak {
        function: view.key,
        acquisition,
        body: view.key,
        path,
        releases,
        confidence: Confidence::High,
    })
}
