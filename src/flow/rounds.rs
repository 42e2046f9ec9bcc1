//! What a function does for each element of a collection.
//!
//! In: a function's graph. Out: its [`Round`]s: loops, and calls that run a callback for each element; and whether
//! something is done in each of them.
use super::collections;
use super::sites::View;
use super::targets;
use crate::ir::{
    Action, BlockId, Call, Callee, Constant, LocalId, Site, Statement, Terminator, Test, Value,
};
use crate::library::Effect;
use rustc_hash::{FxHashMap, FxHashSet};

/// Something that is done for each element of a collection.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// The block that decides on a further round, or whose call runs the callback.
    pub head: BlockId,
    /// The loop, or the call.
    pub site: Site,
    /// The collection.
    pub collection: LocalId,
    /// The blocks of one round, in order.
    pub body: Vec<BlockId>,
}

/// The loops of a function, and its calls that run a callback for each element.
pub(super) fn rounds(view: &View<'_>) -> Vec<Round> {
    let mut found = Vec::new();
    for (head, first, collection) in heads(view) {
        let body = body_of(view, head, first);
        if !body.is_empty() {
            found.push(Round {
                head,
                site: view.body.block(head).site,
                collection,
                body,
            });
        }
    }
    for (block, call) in view.calls() {
        let fact = view.meaning(block).fact(Effect::Iterates);
        if fact.is_some_and(|fact| targets::is_gone_over(view, call, fact))
            && let Some(collection) = collections::iterated(view, block)
        {
            found.push(Round {
                head: block,
                site: view.body.block(block).site,
                collection,
                body: vec![block],
            });
        }
    }
    found
}

/// The collection of the innermost loop around a block that is not around another one.
pub(super) fn collection_around(
    view: &View<'_>,
    block: BlockId,
    outside: BlockId,
) -> Option<LocalId> {
    let around = rounds(view).into_iter().filter(|round| {
        let has = |block| round.body.binary_search(&block).is_ok();
        has(block) && !has(outside)
    });
    let innermost = around.min_by_key(|round| round.body.len());
    innermost.map(|round| round.collection)
}

/// The loops' heads, the first block of a round, and the collection.
fn heads(view: &View<'_>) -> Vec<(BlockId, BlockId, LocalId)> {
    let elements: FxHashMap<BlockId, LocalId> = collections::elements(view)
        .map(|(block, _, collection)| (block, collection))
        .collect();
    let blocks = view.body.blocks.iter().enumerate();
    blocks
        .filter_map(|(index, block)| {
            let Terminator::Branch { test, then, .. } = &block.terminator else {
                return None;
            };
            let head = BlockId::new(index);
            let collection = elements.get(then).copied();
            // `if (rows.length > 0)` in a loop is none.
            let counted = || {
                let collection = counted(&block.statements, *test)?;
                view.passing().is_loop_head(head).then_some(collection)
            };
            Some((head, *then, collection.or_else(counted)?))
        })
        .collect()
}

/// The collection by whose length a loop counts: `i < rows.length`, `while (queue.length)`.
fn counted(statements: &[Statement], test: Test) -> Option<LocalId> {
    let Test::Truthy(local) = test else {
        return None;
    };
    let value = |local: LocalId| {
        let mut statements = statements.iter().rev();
        statements.find_map(|statement| match &statement.action {
            Action::Assign(target, value) if *target == local => Some(value),
            _ => None,
        })
    };
    let length = |value: &Value| match value {
        Value::Field(collection, name) if *name == "length" => Some(*collection),
        _ => None,
    };
    match value(local)? {
        Value::Operation(parts) => parts.iter().find_map(|part| length(value(*part)?)),
        other => length(other),
    }
}

/// The blocks of a loop: reached from its first block, and leading back to its head.
fn body_of(view: &View<'_>, head: BlockId, first: BlockId) -> Vec<BlockId> {
    let count = view.body.blocks.len();
    let mut reached = vec![false; count];
    let mut queue = vec![first];
    let mut order = Vec::new();
    while let Some(block) = queue.pop() {
        if block == head || std::mem::replace(&mut reached[block.index()], true) {
            continue;
        }
        order.push(block);
        queue.extend(view.body.block(block).terminator.successors());
    }
    let mut before: Vec<Vec<BlockId>> = vec![Vec::new(); count];
    for block in &order {
        for next in view.body.block(*block).terminator.successors() {
            before[next.index()].push(*block);
        }
    }
    let mut leads_back = vec![false; count];
    let mut queue = before[head.index()].clone();
    while let Some(block) = queue.pop() {
        if !std::mem::replace(&mut leads_back[block.index()], true) {
            queue.extend(before[block.index()].iter().copied());
        }
    }
    order.retain(|block| leads_back[block.index()]);
    order.sort_unstable();
    order
}

/// Whether a round does something unless it fails, or only where a comparison holds: every hundredth, where the batch is
/// full, for the rows that match. An inner loop in which it is done counts as doing it.
pub(super) fn is_in_each(
    view: &View<'_>,
    round: &Round,
    all: &[Round],
    blocks: &[BlockId],
) -> bool {
    let Terminator::Branch { then: first, .. } = view.body.block(round.head).terminator else {
        return true;
    };
    let inner = |block: BlockId| {
        let mut heads = all.iter().filter(|inner| inner.head == block);
        block != round.head
            && heads.any(|inner| blocks.iter().any(|block| inner.body.contains(block)))
    };
    let next = |block: BlockId| match view.body.block(block).terminator {
        Terminator::Branch { then, .. } if inner(block) => vec![then],
        _ => ordinary(view, block),
    };
    let skipping = skipping(round, blocks, &next);
    let mut seen = vec![false; view.body.blocks.len()];
    let mut queue = vec![first];
    while let Some(block) = queue.pop() {
        if blocks.contains(&block) {
            return true;
        }
        let is_inside = round.body.binary_search(&block).is_ok();
        let is_filter = skipping.contains(&block) && is_compared(view, block);
        if is_inside && !is_filter && !std::mem::replace(&mut seen[block.index()], true) {
            queue.extend(next(block));
        }
    }
    false
}

/// The blocks of a round from which the next one is reached past all of some blocks.
fn skipping(
    round: &Round,
    blocks: &[BlockId],
    next: &dyn Fn(BlockId) -> Vec<BlockId>,
) -> FxHashSet<BlockId> {
    let mut before: FxHashMap<BlockId, Vec<BlockId>> = FxHashMap::default();
    for block in round.body.iter().filter(|block| !blocks.contains(block)) {
        for target in next(*block) {
            before.entry(target).or_default().push(*block);
        }
    }
    let mut found = FxHashSet::default();
    let mut queue = vec![round.head];
    while let Some(block) = queue.pop() {
        for source in before.get(&block).into_iter().flatten() {
            if found.insert(*source) {
                queue.push(*source);
            }
        }
    }
    found
}

/// Where a block goes on while nothing fails.
fn ordinary(view: &View<'_>, block: BlockId) -> Vec<BlockId> {
    match &view.body.block(block).terminator {
        Terminator::Call { returns, .. } => vec![*returns],
        Terminator::Suspend { resumes, .. } => vec![*resumes],
        Terminator::Raise { .. } => Vec::new(),
        terminator => terminator.successors().collect(),
    }
}

/// Whether a branch compares what is computed: `len(batch) > 1000`, `i % 100 == 0`. The head of a loop does not.
fn is_compared(view: &View<'_>, block: BlockId) -> bool {
    let Terminator::Branch { test, then, .. } = view.body.block(block).terminator else {
        return false;
    };
    let is_loop = || {
        let mut elements = collections::elements(view);
        elements.any(|(element, ..)| element == then)
    };
    match test {
        Test::Unknown => !is_loop(),
        Test::Truthy(local) | Test::Equals(local, Constant::Integer(_)) => {
            collections::is_operation(view, local)
        }
        _ => false,
    }
}

/// The calls that put something into a local: `rows.append(row)`.
pub(super) fn kept_in(view: &View<'_>, local: LocalId) -> Vec<BlockId> {
    let keeps = |(block, call): &(BlockId, &Call)| {
        let is_receiver = matches!(call.callee, Callee::Method(receiver, _) if receiver == local);
        is_receiver && view.meaning(*block).fact(Effect::Keeps).is_some()
    };
    let calls = view.calls().filter(keeps);
    calls.map(|(block, _)| block).collect()
}
