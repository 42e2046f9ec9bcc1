//! Loops whose rounds nothing counts, with statements in each round of one transaction.
//!
//! In: [`Hold`]s and the linked program. Out: [`QueryLoop`]s. A loop stands in the function that holds the transaction, or
//! in one that it runs, however deep: each function is looked at once for each way in which it gets what is held.
use super::collections::{self, Size};
use super::held::Region;
use super::holds::{Begun, Hold};
use super::reach::{self, Reach};
use super::reached::{self, Hop, Run};
use super::rounds::{self, Round};
use super::sites::{Kind, View};
use super::summary::{Purpose, Summaries};
use crate::finding::Confidence;
use crate::ir::{BlockId, Site};
use crate::link::FunctionKey;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// A loop over an unbounded collection that sends statements in each round of one transaction.
#[derive(Clone, Debug)]
pub struct QueryLoop {
    /// How the transaction begins.
    pub begun: Begun,
    /// The calls that lead from the holding function to the loop's; none where it is the same.
    pub path: Vec<(FunctionKey, Site)>,
    /// The function the loop stands in.
    pub function: FunctionKey,
    /// The loop, or the call that runs a callback for each element.
    pub site: Site,
    /// The call in the loop that sends a statement, or leads to one.
    pub statement: Site,
    /// Where the statement itself is sent, when another function does it.
    pub sender: Option<(FunctionKey, Site)>,
    /// How sure it is that there are many rounds, each with its statement.
    pub confidence: Confidence,
}

/// Code that runs in a transaction.
struct Visit {
    hold: usize,
    /// The visit whose call leads here, and the block of that call.
    from: Option<(usize, BlockId)>,
    /// The function that is run; none for the code that holds.
    run: Option<Run>,
}

/// All loops that query in a transaction, in order.
pub fn query_loops(summaries: &mut Summaries<'_>, reach: &Reach, holds: &[Hold]) -> Vec<QueryLoop> {
    let mut visits: Vec<Visit> = Vec::new();
    for (number, hold) in holds.iter().enumerate() {
        // A session's own transaction is as long as its work: nobody chose to put the loop into one.
        if hold.kind == Kind::Transaction && !hold.begun.is_automatic {
            visits.push(Visit {
                hold: number,
                from: None,
                run: None,
            });
        }
    }
    let (mut found, mut seen, mut position) = (Vec::new(), FxHashSet::default(), 0);
    while position < visits.len() {
        let hold = &holds[visits[position].hold];
        let run = visits[position].run;
        let view = summaries.view(run.map_or(hold.function, |run| run.function));
        let region = match run {
            Some(run) => reached::region_of(summaries, &view, run),
            None => hold.region.clone(),
        };
        for (block, next) in runs_of(&view, &region, purpose_of(hold, run)) {
            if seen.insert(next) {
                visits.push(Visit {
                    hold: visits[position].hold,
                    from: Some((position, block)),
                    run: Some(next),
                });
            }
        }
        let here = Here {
            view: &view,
            region: &region,
            hold,
            run,
        };
        for (round, hop, confidence) in loops_in(summaries, reach, &here) {
            let (path, conditions) = path_to(summaries, holds, &visits, position);
            // What goes over the thread's connection was not put into the transaction by whoever wrote it.
            let is_handed = run.is_none_or(|run| run.handed.is_some());
            let certainty = if is_handed || conditions == 0 {
                reached::confidence_after(conditions)
            } else {
                Confidence::Low
            };
            let confidence = confidence.min(certainty);
            found.push(query_loop(
                summaries,
                &here,
                &round,
                hop,
                (path, confidence),
            ));
        }
        position += 1;
    }
    // The surest, and of these the one reached by the fewest calls, is told.
    found.sort_by_key(|found| {
        let is_unsure = found.confidence == Confidence::Low;
        (found.function, found.site, is_unsure, found.path.len())
    });
    found.dedup_by_key(|found| (found.function, found.site));
    found
}

/// The code that is looked at.
struct Here<'h, 'p> {
    view: &'h Rc<View<'p>>,
    region: &'h Region,
    hold: &'h Hold,
    run: Option<Run>,
}

fn purpose_of(hold: &Hold, run: Option<Run>) -> Purpose {
    let handed = run.and_then(|run| run.handed);
    handed.map_or(hold.purpose, |(_, purpose)| purpose)
}

/// The functions that are run, each with the block of the call. One of several that a callee may be is left out.
fn runs_of(view: &View<'_>, region: &Region, purpose: Purpose) -> Vec<(BlockId, Run)> {
    let mut found = Vec::new();
    for held in &region.calls {
        let alternatives = held.alternatives(view);
        for handed in &held.runs {
            if !alternatives
                .iter()
                .any(|group| group.contains(&handed.function))
            {
                found.push((held.block, Run::of(*handed, purpose)));
            }
        }
    }
    found
}

/// The unbounded loops with statements in their rounds.
fn loops_in(
    summaries: &mut Summaries<'_>,
    reach: &Reach,
    here: &Here<'_, '_>,
) -> Vec<(Round, Hop, Confidence)> {
    let mut found = Vec::new();
    let all = rounds::rounds(here.view);
    for round in &all {
        if here.region.blocks.binary_search(&round.head).is_err() {
            continue;
        }
        let statements = statements_in(summaries, here, round);
        let Some(first) = statements.first() else {
            continue;
        };
        let blocks: Vec<BlockId> = statements.iter().map(|hop| hop.block).collect();
        if !rounds::is_in_each(here.view, round, &all, &blocks) {
            continue;
        }
        let size = collections::size(summaries, reach, here.view.key, round.collection);
        if size.is_open() {
            let is_sure =
                size == Size::Unbounded && !reach::is_migration(summaries.values, here.view.key);
            let confidence = if is_sure {
                Confidence::High
            } else {
                Confidence::Low
            };
            found.push((round.clone(), *first, confidence));
        }
    }
    found
}

/// The statements that a round sends.
fn statements_in(summaries: &mut Summaries<'_>, here: &Here<'_, '_>, round: &Round) -> Vec<Hop> {
    let purpose = purpose_of(here.hold, here.run);
    let held = here.region.calls.iter();
    let held = held.filter(|held| round.body.binary_search(&held.block).is_ok());
    let hops = held.filter_map(|held| {
        let hop = reached::reached_by(summaries, here.view, held, purpose).statement?;
        goes_over_it(summaries, here, hop).then_some(hop)
    });
    hops.collect()
}

/// Whether a statement goes over the transaction's connection: in a function that nobody hands it, one that takes no
/// connection of its own.
fn goes_over_it(summaries: &mut Summaries<'_>, here: &Here<'_, '_>, hop: Hop) -> bool {
    if here.run.is_none_or(|run| run.handed.is_some()) {
        return true;
    }
    let Some((function, block)) = sender(summaries, here.view.key, hop) else {
        return false;
    };
    let view = summaries.view(function);
    !reached::takes_connection(summaries, &view, block)
}

/// Where the statement that a hop leads to is sent.
fn sender(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    hop: Hop,
) -> Option<(FunctionKey, BlockId)> {
    let find = |summaries: &mut Summaries<'_>, run| summaries.reached(run).statement;
    let chain = reached::follow(summaries, function, hop, find)?;
    Some((chain.function, chain.block))
}

/// The calls that lead from the holding function to a visit, and how many of those behind it are conditional.
fn path_to(
    summaries: &mut Summaries<'_>,
    holds: &[Hold],
    visits: &[Visit],
    position: usize,
) -> (Vec<(FunctionKey, Site)>, usize) {
    let (mut path, mut conditions) = (Vec::new(), 0);
    let mut visit = &visits[position];
    while let Some((from, block)) = visit.from {
        visit = &visits[from];
        let function = visit
            .run
            .map_or(holds[visit.hold].function, |run| run.function);
        let view = summaries.view(function);
        let is_inner = visit.from.is_some();
        conditions += usize::from(is_inner && reached::is_conditional(&view, block));
        path.push((function, view.body.block(block).site));
    }
    path.reverse();
    (path, conditions)
}

fn query_loop(
    summaries: &mut Summaries<'_>,
    here: &Here<'_, '_>,
    round: &Round,
    hop: Hop,
    (path, confidence): (Vec<(FunctionKey, Site)>, Confidence),
) -> QueryLoop {
    let function = here.view.key;
    let sender = sender(summaries, function, hop)
        .filter(|(sender, _)| *sender != function)
        .map(|(sender, block)| (sender, summaries.view(sender).body.block(block).site));
    QueryLoop {
        begun: here.hold.begun.clone(),
        function,
        site: round.site,
        statement: here.view.body.block(hop.block).site,
        sender,
        confidence,
        path,
    }
}
