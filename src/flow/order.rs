//! What can come after what in one function.
//!
//! In: a function's graph. Out: an [`Order`], by which an analysis knows where to stop and what to forget. Blocks are
//! numbered in reverse postorder: only a loop leads to a smaller number.
use crate::ir::{Action, BlockId, Function, LocalId, Suspension, Terminator, Test, Value};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// The order of a function's blocks and tests.
#[derive(Debug)]
pub struct Order {
    first_after: Vec<BlockId>,
    last_test: Vec<Option<BlockId>>,
    /// The blocks that use a local, by local.
    uses: Vec<Vec<BlockId>>,
    previous: Vec<Vec<BlockId>>,
    /// By local that was asked about: the blocks from which it may yet be used.
    live: RefCell<FxHashMap<LocalId, Vec<bool>>>,
    /// Functions written in this one may use its locals whenever they run.
    has_closures: bool,
}

impl Order {
    /// The order of a function.
    pub fn new(body: &Function) -> Self {
        Self {
            first_after: first_after(body),
            last_test: last_test(body),
            uses: uses(body),
            previous: previous(body),
            live: RefCell::default(),
            has_closures: has_closures(body),
        }
    }

    /// The smallest block that can be reached from a block, itself among them.
    pub fn first_after(&self, block: BlockId) -> BlockId {
        self.first_after[block.index()]
    }

    /// The greatest block that tests a local, or what is copied from it.
    pub fn last_test(&self, local: LocalId) -> Option<BlockId> {
        self.last_test[local.index()]
    }

    /// Whether a local may be used from a block on.
    pub fn may_use(&self, local: LocalId, block: BlockId) -> bool {
        if self.has_closures {
            return true;
        }
        let mut live = self.live.borrow_mut();
        let live = live.entry(local).or_insert_with(|| self.live(local));
        live[block.index()]
    }

    fn live(&self, local: LocalId) -> Vec<bool> {
        let mut live = vec![false; self.previous.len()];
        let mut work = self.uses[local.index()].clone();
        while let Some(block) = work.pop() {
            if !std::mem::replace(&mut live[block.index()], true) {
                work.extend(&self.previous[block.index()]);
            }
        }
        live
    }
}

fn first_after(body: &Function) -> Vec<BlockId> {
    let mut first: Vec<_> = (0..body.blocks.len()).map(BlockId::new).collect();
    // Loops within loops need a round each.
    let mut is_changed = true;
    while is_changed {
        is_changed = false;
        for (index, block) in body.blocks.iter().enumerate().rev() {
            let next = block
                .terminator
                .successors()
                .map(|next| first[next.index()]);
            let next = next.min().filter(|next| *next < first[index]);
            if let Some(next) = next {
                first[index] = next;
                is_changed = true;
            }
        }
    }
    first
}

/// Which blocks are passed while nothing raises.
#[derive(Debug)]
pub struct Passing {
    /// The immediate dominator of each block that is passed.
    dominator: Vec<Option<usize>>,
    certain: Vec<bool>,
    /// A loop begins with it.
    heads: Vec<bool>,
    /// The blocks that lead to each.
    previous: Vec<Vec<usize>>,
}

impl Passing {
    /// The blocks of a function.
    pub fn new(body: &Function) -> Self {
        let previous = ordinarily_previous(body);
        let dominator = dominators(&previous);
        let returns = body.blocks.iter().enumerate().filter(|(index, block)| {
            matches!(block.terminator, Terminator::Return(_)) && dominator[*index].is_some()
        });
        let returns = returns.map(|(index, _)| index);
        let mut last = returns.reduce(|one, other| meet(&dominator, one, other));
        // What never returns passes all that it comes to.
        let mut certain = vec![last.is_none(); dominator.len()];
        while let Some(index) = last {
            certain[index] = true;
            last = dominator[index].filter(|next| *next != index);
        }
        Self {
            heads: heads(&previous, &dominator),
            dominator,
            certain,
            previous,
        }
    }

    /// The tests that every way to a block has passed, each with how it came out; the last first.
    pub fn tests<'b>(
        &'b self,
        body: &'b Function,
        block: BlockId,
    ) -> impl Iterator<Item = (BlockId, Test, bool)> + 'b {
        let above = |block: &usize| self.dominator[*block].filter(|next| next != block);
        let chain = std::iter::successors(Some(block.index()), above);
        chain.filter_map(move |below| {
            let above = above(&below)?;
            let Terminator::Branch {
                test,
                then,
                otherwise,
            } = &body.blocks[above].terminator
            else {
                return None;
            };
            let came_out = match (then.index() == below, otherwise.index() == below) {
                (true, false) => true,
                (false, true) => false,
                _ => return None,
            };
            // What both ways lead to has passed neither.
            let is_passed = self.previous[below].len() == 1;
            is_passed.then_some((BlockId::new(above), *test, came_out))
        })
    }

    /// Whether a loop begins with a block: some block that it dominates leads back to it.
    pub fn is_loop_head(&self, block: BlockId) -> bool {
        self.heads[block.index()]
    }

    /// By block, whether another one can follow on it; on itself it does.
    pub fn leading_to(&self, to: BlockId) -> Vec<bool> {
        let previous = |block: usize| self.previous[block].clone();
        reachable(to, self.previous.len(), previous)
    }

    /// By block, whether it lies on another way than a block: neither comes before it nor after it.
    pub fn beside(&self, body: &Function, block: BlockId) -> Vec<bool> {
        let next = |block: usize| ordinary(&body.blocks[block].terminator).into_iter();
        let follows = reachable(block, body.blocks.len(), |block| {
            next(block).map(BlockId::index).collect()
        });
        let both = self.leading_to(block).into_iter().zip(follows);
        both.map(|(leads, follows)| !leads && !follows).collect()
    }

    /// Whether a block is reached on some way.
    pub fn is_ordinary(&self, block: BlockId) -> bool {
        self.dominator[block.index()].is_some()
    }

    /// Whether every way to a return passes a block.
    pub fn is_certain(&self, block: BlockId) -> bool {
        self.certain[block.index()]
    }
}

/// By block, its immediate dominator in the graph without exceptions (Cooper, Harvey, Kennedy, 2001); none where it is not
/// reached.
fn dominators(previous: &[Vec<usize>]) -> Vec<Option<usize>> {
    let count = previous.len();
    let mut dominator: Vec<Option<usize>> = vec![None; count];
    if let Some(first) = dominator.first_mut() {
        *first = Some(0);
    }
    let mut is_changed = true;
    while is_changed {
        is_changed = false;
        for index in 1..count {
            let known = previous[index].iter().copied();
            let known = known.filter(|before| dominator[*before].is_some());
            let found = known.reduce(|one, other| meet(&dominator, one, other));
            if found.is_some() && found != dominator[index] {
                dominator[index] = found;
                is_changed = true;
            }
        }
    }
    dominator
}

/// By block, whether a loop begins with it. Only a loop leads to a smaller number.
fn heads(previous: &[Vec<usize>], dominator: &[Option<usize>]) -> Vec<bool> {
    let is_below = |block: usize, head: usize| {
        let above = |block: &usize| dominator[*block].filter(|next| *next >= head && next != block);
        std::iter::successors(Some(block), above).last() == Some(head)
    };
    let heads = previous.iter().enumerate();
    let heads = heads.map(|(head, previous)| {
        let mut back = previous.iter().filter(|block| **block >= head);
        back.any(|block| dominator[*block].is_some() && is_below(*block, head))
    });
    heads.collect()
}

/// The nearest block that dominates both.
fn meet(dominator: &[Option<usize>], one: usize, other: usize) -> usize {
    let (mut one, mut other) = (one, other);
    while one != other {
        let greater = if one > other { &mut one } else { &mut other };
        // A loop back to the entry, which has no other.
        *greater = dominator[*greater]
            .filter(|next| next < greater)
            .unwrap_or(0);
    }
    one
}

/// Where a block leads to when nothing raises.
fn ordinary(terminator: &Terminator) -> Vec<BlockId> {
    match terminator {
        Terminator::Call { returns, .. } => vec![*returns],
        Terminator::Suspend { resumes, .. } => vec![*resumes],
        Terminator::Raise { .. } => Vec::new(),
        terminator => terminator.successors().collect(),
    }
}

fn reachable(from: BlockId, count: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<bool> {
    let mut found = vec![false; count];
    let mut work = vec![from.index()];
    while let Some(block) = work.pop() {
        if !std::mem::replace(&mut found[block], true) {
            work.extend(next(block));
        }
    }
    found
}

fn ordinarily_previous(body: &Function) -> Vec<Vec<usize>> {
    let mut previous = vec![Vec::new(); body.blocks.len()];
    for (index, block) in body.blocks.iter().enumerate() {
        for next in ordinary(&block.terminator) {
            previous[next.index()].push(index);
        }
    }
    previous
}

fn last_test(body: &Function) -> Vec<Option<BlockId>> {
    let mut last = vec![None; body.locals.len()];
    let mut copies = Vec::new();
    for (index, block) in body.blocks.iter().enumerate() {
        for statement in &block.statements {
            if let Action::Assign(target, Value::Local(source)) = statement.action {
                copies.push((target, source));
            }
        }
        match &block.terminator {
            Terminator::Branch {
                test: Test::Truthy(local) | Test::Null(local) | Test::Equals(local, _),
                ..
            } => last[local.index()] = Some(BlockId::new(index)),
            Terminator::Suspend {
                kind: Suspension::Await,
                value,
                result,
                ..
            } => copies.push((*result, *value)),
            _ => {}
        }
    }
    let mut is_changed = true;
    while is_changed {
        is_changed = false;
        for (target, source) in copies.iter().rev() {
            if last[source.index()] < last[target.index()] {
                last[source.index()] = last[target.index()];
                is_changed = true;
            }
        }
    }
    last
}

fn previous(body: &Function) -> Vec<Vec<BlockId>> {
    let mut previous = vec![Vec::new(); body.blocks.len()];
    for (index, block) in body.blocks.iter().enumerate() {
        for next in block.terminator.successors() {
            previous[next.index()].push(BlockId::new(index));
        }
    }
    previous
}

fn uses(body: &Function) -> Vec<Vec<BlockId>> {
    let mut found: Vec<Vec<BlockId>> = vec![Vec::new(); body.locals.len()];
    for (index, block) in body.blocks.iter().enumerate() {
        let mut uses = |local: LocalId| found[local.index()].push(BlockId::new(index));
        for statement in &block.statements {
            match &statement.action {
                Action::Assign(target, value) => {
                    uses(*target);
                    value.operands().into_iter().for_each(&mut uses);
                }
                Action::SetField(object, _, value) => {
                    [*object, *value].into_iter().for_each(&mut uses);
                }
                Action::SetItem(object, key, value) => {
                    [*object, *key, *value].into_iter().for_each(&mut uses);
                }
            }
        }
        block.terminator.operands().into_iter().for_each(&mut uses);
    }
    found
}

fn has_closures(body: &Function) -> bool {
    let mut statements = body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| {
        matches!(
            statement.action,
            Action::Assign(_, Value::Closure(_) | Value::Class(_))
        )
    })
}
