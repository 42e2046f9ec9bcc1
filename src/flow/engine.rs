//! The one dataflow engine.
//!
//! In: a function's graph and an [`Analysis`]. Out: a [`Solution`]: which facts hold at which block in which mode,
//! and how the function is left.
//!
//! States are property states (ESP; Das, Lerner, Seigle, PLDI 2002): a *mode* of the property under analysis (held,
//! released) keeps its own set of facts, and paths join only within one mode. So `if (client) client.release()`
//! behind a join is understood, at a cost linear in blocks times modes.
use crate::ir::BlockId;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, BinaryHeap};

/// How often one node may be visited before the engine gives up on the function: facts only shrink at joins, so
/// a sound analysis stays far below.
const VISIT_LIMIT: u32 = 200;

/// A raising call weighs as much as this many blocks in the choice of a path.
pub const RAISES: u32 = 10_000;

/// So much more weighs one of which nobody knows whether it raises.
pub const MAY_RAISE: u32 = 1_000;

/// A mode, as a small number.
pub trait Mode: Copy + Eq {
    /// How many modes there are.
    const COUNT: usize;
    /// This mode's number, below [`Mode::COUNT`].
    fn index(self) -> usize;
    /// The mode with this number.
    fn new(index: usize) -> Self;
}

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// Another block.
    Block(BlockId),
    /// Out of the function.
    Exit(Exit),
}

/// How a function is left, or a resource lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// By returning.
    Return,
    /// By an exception.
    Unwind,
    /// Not at all: the resource is taken again while the first is still held.
    Overwrite,
    /// Not at all: the client goes back to its pool with its transaction open.
    Release,
}

/// One way a block ends.
#[derive(Clone, Debug)]
pub struct Step<M, F> {
    /// Where it leads.
    pub to: To,
    /// In which mode.
    pub mode: M,
    /// With which facts.
    pub facts: F,
    /// What it weighs in the choice of a path, in blocks: the less, the clearer the story.
    pub weight: u32,
}

/// An analysis.
pub trait Analysis {
    /// The property's modes.
    type Mode: Mode;
    /// What else is known on the way.
    type Facts: Clone;

    /// All ways a block ends, entered in a mode with facts. A call that raises has acquired nothing, a release that
    /// raises has released: returning and raising are separate steps.
    fn steps(
        &mut self,
        block: BlockId,
        mode: Self::Mode,
        facts: &Self::Facts,
    ) -> Vec<Step<Self::Mode, Self::Facts>>;

    /// Whether nothing that is asked for can come of going on from here.
    fn is_over(&self, _block: BlockId, _mode: Self::Mode, _facts: &Self::Facts) -> bool {
        false
    }

    /// Joins facts of two paths; whether the first changed. What it keeps only shrinks.
    fn join(into: &mut Self::Facts, from: &Self::Facts) -> bool;
}

/// A block in a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(u32);

impl Node {
    fn of<M: Mode>(block: BlockId, mode: M) -> Self {
        Self(
            block.0 * u32::try_from(M::COUNT).unwrap_or(1)
                + u32::try_from(mode.index()).unwrap_or(0),
        )
    }

    /// The block.
    pub fn block<M: Mode>(self) -> BlockId {
        BlockId::new(self.0 as usize / M::COUNT)
    }

    /// The mode.
    pub fn mode<M: Mode>(self) -> M {
        M::new(self.0 as usize % M::COUNT)
    }
}

/// The fixpoint.
#[derive(Debug)]
pub struct Solution<F> {
    /// Of the nodes that are reached: a resource is mostly held in a small part of a function.
    facts: FxHashMap<Node, F>,
    starts: Vec<Node>,
    /// The engine gave up; nothing may be concluded.
    pub is_cut: bool,
}

/// Runs an analysis from its starting points.
pub fn solve<A: Analysis>(
    analysis: &mut A,
    starts: Vec<(BlockId, A::Mode, A::Facts)>,
) -> Solution<A::Facts> {
    let mut solution = Solution {
        facts: FxHashMap::default(),
        starts: Vec::new(),
        is_cut: false,
    };
    let mut visits: FxHashMap<Node, u32> = FxHashMap::default();
    let mut queue = BTreeSet::new();
    for (block, mode, facts) in starts {
        let node = Node::of(block, mode);
        solution.facts.insert(node, facts);
        solution.starts.push(node);
        queue.insert(node);
    }
    // Blocks are numbered in reverse postorder, so the smallest node first visits predecessors first.
    while let Some(node) = queue.pop_first() {
        let visits = visits.entry(node).or_default();
        *visits += 1;
        if *visits > VISIT_LIMIT {
            solution.is_cut = true;
            break;
        }
        let Some(facts) = solution.facts.get(&node).cloned() else {
            continue;
        };
        for step in analysis.steps(node.block::<A::Mode>(), node.mode(), &facts) {
            let To::Block(block) = step.to else { continue };
            if analysis.is_over(block, step.mode, &step.facts) {
                continue;
            }
            let next = Node::of(block, step.mode);
            let changed = match solution.facts.entry(next) {
                Entry::Occupied(mut known) => A::join(known.get_mut(), &step.facts),
                Entry::Vacant(place) => {
                    place.insert(step.facts);
                    true
                }
            };
            if changed {
                queue.insert(next);
            }
        }
    }
    solution
}

/// A way through the graph: the nodes passed, and how it ends.
#[derive(Clone, Debug)]
pub struct Path<M> {
    /// Blocks in their modes, from where the analysis started.
    pub nodes: Vec<(BlockId, M)>,
    /// The end.
    pub exit: Exit,
}

impl<F: Clone> Solution<F> {
    /// The exits reached in a mode, each by a cheapest path from the start: the fewest raising calls, then the
    /// fewest blocks.
    pub fn paths<A: Analysis<Facts = F>>(
        &self,
        analysis: &mut A,
        mode: A::Mode,
    ) -> Vec<Path<A::Mode>> {
        let mut previous: FxHashMap<Node, Node> = FxHashMap::default();
        let mut cost: FxHashMap<Node, u32> = FxHashMap::default();
        let mut queue = BinaryHeap::new();
        for node in &self.starts {
            cost.insert(*node, 0);
            queue.push(Reverse((0, *node)));
        }
        let mut paths = Vec::new();
        while let Some(Reverse((spent, node))) = queue.pop() {
            let Some(facts) = self
                .facts
                .get(&node)
                .filter(|_| cost.get(&node) == Some(&spent))
            else {
                continue;
            };
            for step in analysis.steps(node.block::<A::Mode>(), node.mode(), facts) {
                match step.to {
                    To::Block(block) => {
                        let next = Node::of(block, step.mode);
                        let total = spent.saturating_add(step.weight);
                        if cost.get(&next).is_none_or(|known| total < *known) {
                            cost.insert(next, total);
                            previous.insert(next, node);
                            queue.push(Reverse((total, next)));
                        }
                    }
                    To::Exit(exit) if step.mode == mode => {
                        paths.push(Path {
                            nodes: trail::<A::Mode>(&previous, node),
                            exit,
                        });
                    }
                    To::Exit(_) => {}
                }
            }
        }
        paths
    }

    /// The blocks reached in a mode, in order.
    pub fn blocks<M: Mode>(&self, mode: M) -> Vec<BlockId> {
        let nodes = self.facts.keys().filter(|node| node.mode::<M>() == mode);
        let mut blocks: Vec<_> = nodes.map(|node| node.block::<M>()).collect();
        blocks.sort_unstable();
        blocks
    }

    /// Whether a block is reached in a mode.
    pub fn reaches<M: Mode>(&self, block: BlockId, mode: M) -> Option<&F> {
        self.facts.get(&Node::of(block, mode))
    }
}

fn trail<M: Mode>(previous: &FxHashMap<Node, Node>, last: Node) -> Vec<(BlockId, M)> {
    let step = |node: &Node| previous.get(node).copied();
    let mut nodes: Vec<_> = std::iter::successors(Some(last), step)
        .map(|node| (node.block::<M>(), node.mode()))
        .collect();
    nodes.reverse();
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Lock(usize);

    impl Mode for Lock {
        const COUNT: usize = 2;
        fn index(self) -> usize {
            self.0
        }
        fn new(index: usize) -> Self {
            Self(index)
        }
    }

    /// Block 0 locks and branches; block 1 unlocks; both meet in block 2, which returns.
    struct Diamond;

    impl Analysis for Diamond {
        type Mode = Lock;
        type Facts = ();

        fn steps(&mut self, block: BlockId, mode: Lock, (): &()) -> Vec<Step<Lock, ()>> {
            let to = |block, mode| Step {
                to: To::Block(BlockId(block)),
                mode,
                facts: (),
                weight: 1,
            };
            match block.0 {
                0 => vec![to(1, Lock(1)), to(2, Lock(1))],
                1 => vec![to(2, Lock(0))],
                _ => vec![Step {
                    to: To::Exit(Exit::Return),
                    mode,
                    facts: (),
                    weight: 1,
                }],
            }
        }

        fn join((): &mut (), (): &()) -> bool {
            false
        }
    }

    #[test]
    fn paths_join_only_within_a_mode() {
        let solution = solve(&mut Diamond, vec![(BlockId(0), Lock(0), ())]);
        let locked = solution.paths(&mut Diamond, Lock(1));
        assert_eq!(locked.len(), 1);
        assert_eq!(
            locked[0].nodes,
            [(BlockId(0), Lock(0)), (BlockId(2), Lock(1))]
        );
        let unlocked = solution.paths(&mut Diamond, Lock(0));
        assert_eq!(unlocked[0].nodes.len(), 3);
    }
}
