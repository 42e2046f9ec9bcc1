//! What can come after what in one function.
//!
//! In: a function's graph. Out: an [`Order`], by which an analysis knows where to stop and what to forget. Blocks are
//! numbered in reverse postorder: only a loop leads to a smaller number.
use crate::ir::{Action, BlockId, Function, LocalId, Suspension, Terminator, Test, Value};

/// The order of a function's blocks and tests.
#[derive(Debug)]
pub struct Order {
    first_after: Vec<BlockId>,
    last_test: Vec<Option<BlockId>>,
    last_use: Vec<Option<BlockId>>,
    /// Functions written in this one may use its locals whenever they run.
    has_closures: bool,
}

impl Order {
    /// The order of a function.
    pub fn new(body: &Function) -> Self {
        Self {
            first_after: first_after(body),
            last_test: last_test(body),
            last_use: last_use(body),
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

    /// Whether a local may be used in one of the blocks from this one on.
    pub fn may_use(&self, local: LocalId, first: BlockId) -> bool {
        self.has_closures || self.last_use[local.index()].is_some_and(|last| last >= first)
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

fn last_use(body: &Function) -> Vec<Option<BlockId>> {
    let mut last = vec![None; body.locals.len()];
    for (index, block) in body.blocks.iter().enumerate() {
        let mut uses = |local: LocalId| last[local.index()] = Some(BlockId::new(index));
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
    last
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
