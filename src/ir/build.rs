//! The builder: the only place that draws edges.
//!
//! In: structure, as a lowering speaks it: branches, loops, handlers, cleanups, jumps. Out: a graph
//! whose blocks are reachable and in reverse postorder.
//!
//! A cleanup is whatever must run when a scope is left (`finally`, the end of `with`, `using`). The builder
//! keeps it on a stack and asks the lowering, through [`Lower::clean_up`], for one copy per way out: falling
//! through, raising, returning, breaking, continuing. Copies are never shared between destinations, because
//! the paths they lie on are what the analysis must tell apart.
use super::{
    Action, Block, BlockId, Call, Constant, Local, LocalId, LocalKind, Site, Statement, Suspension,
    Terminator, Test, Type, Value,
};
use crate::symbol::Symbol;

/// Blocks a function may have; nested cleanups double with each level, and hostile input nests deep.
const BLOCK_LIMIT: usize = 20_000;

/// How a scope is left while its cleanup runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By falling through, returning, breaking or continuing.
    Ordinary,
    /// By an exception.
    Raised,
}

/// Where a jump goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// Out of the function, with a value.
    Return(LocalId),
    /// Behind the innermost loop or switch, or the one with the label.
    Break(Option<Symbol>),
    /// To the next round of the innermost loop, or the one with the label.
    Continue(Option<Symbol>),
}

#[derive(Debug)]
enum Scope<C> {
    Loop {
        label: Option<Symbol>,
        break_to: BlockId,
        continue_to: Option<BlockId>,
    },
    Catch {
        handler: BlockId,
    },
    Cleanup {
        cleanup: C,
        raised: Option<BlockId>,
    },
}

#[derive(Debug)]
struct Draft {
    statements: Vec<Statement>,
    end: Option<(Terminator, Site)>,
}

/// A function under construction.
#[derive(Debug)]
pub struct Builder<C> {
    locals: Vec<Local>,
    blocks: Vec<Draft>,
    current: BlockId,
    scopes: Vec<Scope<C>>,
    unwind: Option<BlockId>,
    overflowed: bool,
    /// Calls made from now on belong to a chain of promises that nobody awaits.
    pub is_detached: bool,
}

impl<C> Default for Builder<C> {
    fn default() -> Self {
        let entry = Draft {
            statements: Vec::new(),
            end: None,
        };
        Self {
            locals: Vec::new(),
            blocks: vec![entry],
            current: BlockId(0),
            scopes: Vec::new(),
            unwind: None,
            overflowed: false,
            is_detached: false,
        }
    }
}

/// A language's lowering, as the builder sees it. The provided methods are the vocabulary of structure.
pub trait Lower: Sized {
    /// What a scope's cleanup is made from.
    type Cleanup: Clone;

    /// The function being built.
    fn builder(&mut self) -> &mut Builder<Self::Cleanup>;

    /// Lowers one copy of a cleanup into the current block.
    fn clean_up(&mut self, cleanup: &Self::Cleanup, way: Way);

    /// `if test { then } else { otherwise }`
    fn branch(
        &mut self,
        test: Test,
        site: Site,
        then: impl FnOnce(&mut Self),
        otherwise: impl FnOnce(&mut Self),
    ) {
        let (yes, no, join) = self.builder().three_blocks();
        self.builder().split(test, yes, no, site);
        self.builder().switch_to(yes);
        then(self);
        self.builder().goto(join, site);
        self.builder().switch_to(no);
        otherwise(self);
        self.builder().goto(join, site);
        self.builder().switch_to(join);
    }

    /// Runs `body` with jumps of a loop (or switch, or labelled block: no `continue_to`) bound to the blocks.
    fn within_loop(
        &mut self,
        label: Option<Symbol>,
        break_to: BlockId,
        continue_to: Option<BlockId>,
        body: impl FnOnce(&mut Self),
    ) {
        self.builder().scopes.push(Scope::Loop {
            label,
            break_to,
            continue_to,
        });
        body(self);
        self.builder().scopes.pop();
    }

    /// Runs `body`; exceptions in it go to `handler`, which is lowered outside of its own protection. Where no
    /// clause of the handler matches, it ends with [`Builder::pass_on`]. Both continue behind the whole.
    fn guarded(
        &mut self,
        site: Site,
        body: impl FnOnce(&mut Self),
        handler: impl FnOnce(&mut Self),
    ) {
        let (caught, join) = (self.builder().new_block(), self.builder().new_block());
        self.builder().scopes.push(Scope::Catch { handler: caught });
        body(self);
        self.builder().scopes.pop();
        self.builder().goto(join, site);
        self.builder().switch_to(caught);
        handler(self);
        self.builder().goto(join, site);
        self.builder().switch_to(join);
    }

    /// Runs `body`, and a copy of the cleanup on each way out of it.
    fn scoped(&mut self, cleanup: Self::Cleanup, site: Site, body: impl FnOnce(&mut Self)) {
        self.builder().scopes.push(Scope::Cleanup {
            cleanup: cleanup.clone(),
            raised: None,
        });
        body(self);
        let raised = match self.builder().scopes.pop() {
            Some(Scope::Cleanup { raised, .. }) => raised,
            _ => None,
        };
        if self.builder().is_open() {
            self.clean_up(&cleanup, Way::Ordinary);
        }
        let Some(raised) = raised else { return };
        let join = self.builder().new_block();
        self.builder().goto(join, site);
        self.builder().switch_to(raised);
        self.clean_up(&cleanup, Way::Raised);
        self.builder().pass_on(site);
        self.builder().switch_to(join);
    }

    /// Leaves scopes by a jump; runs their cleanups from the innermost out. Code after it is unreachable.
    fn leave(&mut self, jump: Jump, site: Site) {
        let Some((depth, target)) = self.builder().target(jump) else {
            return;
        };
        let mut left = Vec::new();
        while self.builder().scopes.len() > depth {
            let Some(scope) = self.builder().scopes.pop() else {
                break;
            };
            if let Scope::Cleanup { cleanup, .. } = &scope
                && self.builder().is_open()
            {
                let cleanup = cleanup.clone();
                self.clean_up(&cleanup, Way::Ordinary);
            }
            left.push(scope);
        }
        self.builder().scopes.extend(left.into_iter().rev());
        match (jump, target) {
            (Jump::Return(value), _) => self.builder().end(Terminator::Return(value), site),
            (_, Some(target)) => self.builder().goto(target, site),
            (_, None) => {}
        }
    }
}

impl<C> Builder<C> {
    /// A new, empty block.
    pub fn new_block(&mut self) -> BlockId {
        if self.blocks.len() >= BLOCK_LIMIT {
            self.overflowed = true;
            return self.current;
        }
        self.blocks.push(Draft {
            statements: Vec::new(),
            end: None,
        });
        BlockId::new(self.blocks.len() - 1)
    }

    fn three_blocks(&mut self) -> (BlockId, BlockId, BlockId) {
        (self.new_block(), self.new_block(), self.new_block())
    }

    /// Lowers into this block from now on.
    pub fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    /// Whether the current block has no end yet.
    pub fn is_open(&self) -> bool {
        self.blocks[self.current.index()].end.is_none() && !self.overflowed
    }

    /// Whether the function became too large to build; lowering should stop descending.
    pub fn is_full(&self) -> bool {
        self.overflowed
    }

    /// A new local.
    pub fn local(&mut self, name: Symbol, kind: LocalKind, annotation: Option<Type>) -> LocalId {
        self.locals.push(Local {
            name,
            kind,
            annotation: annotation.map(Box::new),
        });
        LocalId::new(self.locals.len() - 1)
    }

    /// A new temporary.
    pub fn temporary(&mut self) -> LocalId {
        self.local(Symbol::empty(), LocalKind::Temporary, None)
    }

    /// The local with this id, for completing its declaration.
    pub fn local_mut(&mut self, local: LocalId) -> &mut Local {
        &mut self.locals[local.index()]
    }

    /// Adds a statement.
    pub fn push(&mut self, action: Action, site: Site) {
        if self.is_open() {
            self.blocks[self.current.index()]
                .statements
                .push(Statement { action, site });
        }
    }

    /// `target = value`
    pub fn assign(&mut self, target: LocalId, value: Value, site: Site) {
        self.push(Action::Assign(target, value), site);
    }

    /// The value in a new temporary.
    pub fn value(&mut self, value: Value, site: Site) -> LocalId {
        let target = self.temporary();
        self.assign(target, value, site);
        target
    }

    /// The constant in a new temporary.
    pub fn constant(&mut self, constant: Constant, site: Site) -> LocalId {
        self.value(Value::Constant(constant), site)
    }

    /// Ends the current block; ignored where it has ended, so that code after a jump is dropped.
    fn end(&mut self, terminator: Terminator, site: Site) {
        if self.is_open() {
            self.blocks[self.current.index()].end = Some((terminator, site));
        }
    }

    /// Goes to a block, and leaves the current one ended.
    pub fn goto(&mut self, block: BlockId, site: Site) {
        self.end(Terminator::Goto(block), site);
    }

    /// Goes one of two ways.
    pub fn split(&mut self, test: Test, then: BlockId, otherwise: BlockId, site: Site) {
        self.end(
            Terminator::Branch {
                test,
                then,
                otherwise,
            },
            site,
        );
    }

    /// Makes a call and goes on in a new block; an exception goes to the innermost handler or cleanup.
    pub fn call(&mut self, mut call: Call, site: Site) {
        if !self.is_open() {
            return;
        }
        call.is_detached = self.is_detached;
        let (returns, raises) = (self.new_block(), self.raise_target());
        self.end(
            Terminator::Call {
                call: Box::new(call),
                returns,
                raises,
            },
            site,
        );
        self.switch_to(returns);
    }

    /// Suspends and goes on in a new block. Returns the local that resuming brings.
    pub fn suspend(&mut self, kind: Suspension, value: LocalId, site: Site) -> LocalId {
        let result = self.temporary();
        if !self.is_open() {
            return result;
        }
        let (resumes, raises) = (self.new_block(), self.raise_target());
        self.end(
            Terminator::Suspend {
                kind,
                value,
                result,
                resumes,
                raises,
            },
            site,
        );
        self.switch_to(resumes);
        result
    }

    /// Raises a value. Code after it is unreachable.
    pub fn raise(&mut self, value: LocalId, site: Site) {
        if self.is_open() {
            let raises = self.raise_target();
            self.end(Terminator::Raise { value, raises }, site);
        }
    }

    /// Lets the exception at hand go on to the next handler outwards: the end of a handler whose clauses do
    /// not match, and of a cleanup that an exception runs.
    pub fn pass_on(&mut self, site: Site) {
        if self.is_open() {
            let target = self.raise_target();
            self.goto(target, site);
        }
    }

    /// Where an exception raised here goes.
    fn raise_target(&mut self) -> BlockId {
        for position in (0..self.scopes.len()).rev() {
            match &self.scopes[position] {
                Scope::Loop { .. } => {}
                Scope::Catch { handler } => return *handler,
                Scope::Cleanup {
                    raised: Some(block),
                    ..
                } => return *block,
                Scope::Cleanup { raised: None, .. } => {
                    let block = self.new_block();
                    if let Scope::Cleanup { raised, .. } = &mut self.scopes[position] {
                        *raised = Some(block);
                    }
                    return block;
                }
            }
        }
        self.unwind_block()
    }

    fn unwind_block(&mut self) -> BlockId {
        if let Some(block) = self.unwind {
            return block;
        }
        let block = self.new_block();
        if !self.overflowed {
            self.blocks[block.index()].end = Some((Terminator::Unwind, Site::default()));
            self.unwind = Some(block);
        }
        block
    }

    /// The number of scopes that a jump leaves standing, and the block it goes to.
    fn target(&self, jump: Jump) -> Option<(usize, Option<BlockId>)> {
        let (wanted, continues) = match jump {
            Jump::Return(_) => return Some((0, None)),
            Jump::Break(label) => (label, false),
            Jump::Continue(label) => (label, true),
        };
        let scopes = self.scopes.iter().enumerate().rev();
        scopes
            .into_iter()
            .find_map(|(position, scope)| match scope {
                Scope::Loop {
                    label,
                    break_to,
                    continue_to,
                } if wanted.map_or(
                    continue_to.is_some() || (!continues && label.is_none()),
                    |name| *label == Some(name),
                ) =>
                {
                    let target = if continues {
                        (*continue_to)?
                    } else {
                        *break_to
                    };
                    Some((position, Some(target)))
                }
                _ => None,
            })
    }

    /// The finished graph: an open end returns null, unreachable blocks are gone, the rest is in reverse
    /// postorder. A function that grew too large has an empty graph; the flag says so.
    pub fn finish(mut self, site: Site) -> (Vec<Local>, Vec<Block>, bool) {
        let null = self.constant(Constant::Null, site);
        self.end(Terminator::Return(null), site);
        if self.overflowed {
            let empty = Block {
                statements: Vec::new(),
                terminator: Terminator::Unreachable,
                site,
            };
            return (self.locals, vec![empty], true);
        }
        self.locals.shrink_to_fit();
        (self.locals, renumber(self.blocks), false)
    }
}

/// Keeps the reachable blocks, in reverse postorder, and rewrites the edges.
fn renumber(drafts: Vec<Draft>) -> Vec<Block> {
    let order = reverse_postorder(&drafts);
    let mut position = vec![BlockId(0); drafts.len()];
    for (index, old) in order.iter().enumerate() {
        position[old.index()] = BlockId::new(index);
    }
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let take = |old: &BlockId| drafts[old.index()].take();
    let mut blocks = Vec::with_capacity(order.len());
    let finished = order.iter().filter_map(take).map(|mut draft| {
        draft.statements.shrink_to_fit();
        let (mut terminator, site) = draft
            .end
            .unwrap_or((Terminator::Unreachable, Site::default()));
        redirect(&mut terminator, &position);
        Block {
            statements: draft.statements,
            terminator,
            site,
        }
    });
    blocks.extend(finished);
    blocks
}

fn redirect(terminator: &mut Terminator, position: &[BlockId]) {
    let edges: [Option<&mut BlockId>; 2] = match terminator {
        Terminator::Goto(next) => [Some(next), None],
        Terminator::Branch {
            then, otherwise, ..
        } => [Some(then), Some(otherwise)],
        Terminator::Call {
            returns, raises, ..
        } => [Some(returns), Some(raises)],
        Terminator::Suspend {
            resumes, raises, ..
        } => [Some(resumes), Some(raises)],
        Terminator::Raise { raises, .. } => [Some(raises), None],
        Terminator::Return(_) | Terminator::Unwind | Terminator::Unreachable => [None, None],
    };
    for edge in edges.into_iter().flatten() {
        *edge = position[edge.index()];
    }
}

/// Depth-first without recursion: hostile input makes long chains.
fn reverse_postorder(drafts: &[Draft]) -> Vec<BlockId> {
    let successors = |block: BlockId| -> [Option<BlockId>; 2] {
        let mut next = drafts[block.index()]
            .end
            .iter()
            .flat_map(|(end, _)| end.successors());
        [next.next(), next.next()]
    };
    let mut seen = vec![false; drafts.len()];
    let mut order = Vec::new();
    let mut stack = vec![(BlockId(0), successors(BlockId(0)))];
    seen[0] = true;
    while let Some((block, pending)) = stack.last_mut() {
        match pending[1].take().or_else(|| pending[0].take()) {
            Some(next) if seen[next.index()] => {}
            Some(next) => {
                seen[next.index()] = true;
                stack.push((next, successors(next)));
            }
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}
