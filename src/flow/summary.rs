//! What functions do to their callers, computed over the call graph.
//!
//! In: questions about functions. Out: answers that no longer change. Questions are answered from an optimistic
//! start (raises nothing, does nothing, hands out nothing) and answered again whenever an answer they rest on
//! grows, until nothing does: cycles of calls need no special case, and depth costs no stack.
use super::context::Contexts;
use super::engine::Solution;
use super::handed::{self, Handed};
use super::held::Facts;
use super::reached::{self, Reached, Run};
use super::sites::{Kind, View};
use super::text::Verb;
use super::{begins, held};
use crate::ir::{BlockId, CallKind, LocalId, LocalKind, Suspension, Terminator};
use crate::library::{CallFact, Effect, Place, When};
use crate::link::FunctionKey;
use crate::link::values::{Entity, Origin, Values};
use crate::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::rc::Rc;

/// Functions looked into for what a closure can reach.
const CAPTURE_LIMIT: usize = 200;

/// Answers computed at most, counted over all functions, per function of the program: a guard, far above need.
const ROUND_LIMIT: usize = 64;

/// In what form a resource comes into a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// The resource itself.
    Itself,
    /// A function that releases it.
    Releaser,
    /// An object or collection that holds it under this key.
    Under(Symbol),
}

/// How a resource comes into a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// As the argument for this parameter.
    Parameter(u32, Shape),
    /// By the receiver.
    Receiver(Shape),
    /// By variables of enclosing functions: the number of an [`Environment`], and how the function is run.
    Environment(u32, Callback),
}

/// How a closure that reaches a resource is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callback {
    /// Whenever it is called.
    Runs,
    /// When connecting ended: its first parameter is the error, in which case there is no resource.
    MayFail,
    /// At once, with a resource that nobody has used yet: it holds nothing so far.
    Unused,
}

/// What is followed, and how code that nobody knows is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Who must give a resource back. Whatever may keep it owns it.
    Ownership,
    /// Who must finish a transaction. Whatever may keep its handle may finish it.
    Finish,
    /// Where a resource is held. Unknown code borrows it.
    Holding,
    /// Where a transaction is open. Unknown code borrows its handle.
    Open,
}

impl Purpose {
    /// Whether a transaction is followed, not the resource that has it.
    pub fn is_transaction(self) -> bool {
        matches!(self, Self::Finish | Self::Open)
    }

    /// Whether unknown code gives back what it is given.
    pub fn borrows(self) -> bool {
        matches!(self, Self::Holding | Self::Open)
    }
}

/// A variable of the program.
pub type Variable = (FunctionKey, LocalId);

/// Variables by which a nested function reaches a resource, in order.
pub type Environment = Vec<(Variable, Shape)>;

/// A question about a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Query {
    /// Can a call of it raise?
    Raises(FunctionKey),
    /// What becomes of what it gets?
    Effect(FunctionKey, Role, Purpose),
    /// Does it hand an owned resource, or a transaction it began, to its caller?
    Owned(FunctionKey, Purpose),
    /// Does entering the scope that it makes, or is, begin a transaction that leaving it ends?
    OpensScope(FunctionKey),
    /// What does it do to the transaction of a connection that it is handed?
    Handed(FunctionKey),
    /// What does running it reach?
    Reaches(Run),
}

/// What becomes of a held resource that a function gets, over all its paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one bit per way out and outcome"
)]
pub struct Outcome {
    /// It may return with the resource still held.
    pub returns_held: bool,
    /// It may return with the resource released, or kept by somebody else.
    pub returns_done: bool,
    /// It may raise with the resource still held.
    pub raises_held: bool,
    /// It may raise with the resource released.
    pub raises_done: bool,
    /// It may return the resource itself.
    pub gives_back: bool,
}

impl Outcome {
    /// Whether some path releases or keeps the resource.
    pub fn may_take(self) -> bool {
        self.returns_done || self.raises_done
    }

    fn join(&mut self, other: Self) {
        self.returns_held |= other.returns_held;
        self.returns_done |= other.returns_done;
        self.raises_held |= other.raises_held;
        self.raises_done |= other.raises_done;
        self.gives_back |= other.gives_back;
    }
}

/// An owned resource that a function hands to its caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Owned {
    /// What it is.
    pub kind: Kind,
    /// Its type.
    pub resource: Option<Symbol>,
    /// Where it appears at the caller.
    pub at: Place,
    /// When it is really taken, seen from the caller.
    pub when: When,
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Raises(bool),
    Effect(Outcome),
    Owned(Option<Owned>),
    OpensScope(bool),
    Handed(Handed),
    Reaches(Rc<Reached>),
}

/// The answers so far.
#[derive(Debug)]
pub struct Summaries<'p> {
    /// The program's values.
    pub values: &'p Values<'p>,
    answers: FxHashMap<Query, Answer>,
    readers: FxHashMap<Query, Vec<Query>>,
    /// Each question with each of its readers.
    reads: FxHashSet<(Query, Query)>,
    views: FxHashMap<FunctionKey, Rc<View<'p>>>,
    /// Questions to answer, last first.
    stack: Vec<Query>,
    /// Questions to answer again because an answer they rest on grew.
    again: VecDeque<Query>,
    waiting: FxHashSet<Query>,
    current: Option<Query>,
    shared: FxHashSet<Variable>,
    environments: Vec<Rc<Environment>>,
    /// What callers tell functions.
    pub(super) contexts: Contexts,
    captured: FxHashMap<FunctionKey, Rc<FxHashSet<Variable>>>,
    /// What texts do to a transaction.
    verbs: FxHashMap<Symbol, Option<Verb>>,
    /// Where values were made.
    made: FxHashMap<Origin, Option<BlockId>>,
    /// What is known in a function while nothing is taken: by final answers, and by those of the current computation.
    idle: [Option<(FunctionKey, Rc<Solution<Facts>>)>; 2],
}

impl<'p> Summaries<'p> {
    /// No answers yet.
    pub fn new(values: &'p Values<'p>) -> Self {
        Self {
            values,
            answers: FxHashMap::default(),
            readers: FxHashMap::default(),
            reads: FxHashSet::default(),
            views: FxHashMap::default(),
            stack: Vec::new(),
            again: VecDeque::new(),
            waiting: FxHashSet::default(),
            current: None,
            shared: shared_variables(values),
            environments: Vec::new(),
            contexts: Contexts::default(),
            captured: FxHashMap::default(),
            verbs: FxHashMap::default(),
            made: FxHashMap::default(),
            idle: [None, None],
        }
    }

    /// The function with the meanings of its calls.
    pub fn view(&mut self, function: FunctionKey) -> Rc<View<'p>> {
        let values = self.values;
        Rc::clone(
            self.views
                .entry(function)
                .or_insert_with(|| Rc::new(View::new(values, function))),
        )
    }

    /// What is known in a function while nothing is taken, if that was asked by the same answers.
    pub(super) fn idle(&self, function: FunctionKey) -> Option<Rc<Solution<Facts>>> {
        let kept = self.idle[usize::from(self.current.is_some())].as_ref()?;
        (kept.0 == function).then(|| Rc::clone(&kept.1))
    }

    pub(super) fn keep_idle(&mut self, function: FunctionKey, solution: &Rc<Solution<Facts>>) {
        let place = usize::from(self.current.is_some());
        self.idle[place] = Some((function, Rc::clone(solution)));
    }

    /// Whether a variable is assigned by a function other than its own: its value may change at any call.
    pub fn is_shared(&self, function: FunctionKey, local: LocalId) -> bool {
        self.shared
            .contains(&self.values.world().origin(function, local))
    }

    /// The environment with this number.
    pub fn environment(&self, number: u32) -> Rc<Environment> {
        self.environments
            .get(number as usize)
            .cloned()
            .unwrap_or_default()
    }

    /// The part of the environment that a function can use; `None` where it can use none of it.
    pub fn environment_of(
        &mut self,
        function: FunctionKey,
        all: &[(Variable, Shape)],
    ) -> Option<u32> {
        let captured = self.captured(function);
        let mut used: Environment = all
            .iter()
            .filter(|(variable, _)| captured.contains(variable))
            .copied()
            .collect();
        if used.is_empty() {
            return None;
        }
        used.sort_unstable();
        used.dedup();
        let known = self.environments.iter().position(|known| **known == used);
        let number = known.unwrap_or_else(|| {
            self.environments.push(Rc::new(used));
            self.environments.len() - 1
        });
        u32::try_from(number).ok()
    }

    /// The variables of enclosing functions that a function can use: those it names, those that functions nested in
    /// it name, and those of the functions it captures.
    fn captured(&mut self, function: FunctionKey) -> Rc<FxHashSet<Variable>> {
        if let Some(known) = self.captured.get(&function) {
            return Rc::clone(known);
        }
        let world = self.values.world();
        let (mut found, mut seen) = (FxHashSet::default(), FxHashSet::default());
        let mut work = vec![function];
        while let Some(function) = work.pop() {
            if seen.len() >= CAPTURE_LIMIT || !seen.insert(function) {
                continue;
            }
            let body = world.function(function);
            for index in 0..body.locals.len() {
                let local = LocalId::new(index);
                let variable = world.origin(function, local);
                if variable.0 == function {
                    if let LocalKind::Variable | LocalKind::Temporary = body.local(local).kind {
                        work.extend(nested_functions(self.values, function, local));
                    }
                } else if found.insert(variable) && !world.is_top_level(variable.0) {
                    work.extend(nested_functions(self.values, function, local));
                }
            }
        }
        let found = Rc::new(found);
        self.captured.insert(function, Rc::clone(&found));
        found
    }

    /// Whether a call of the function can raise.
    pub fn raises(&mut self, function: FunctionKey) -> bool {
        matches!(self.ask(Query::Raises(function)), Answer::Raises(true))
    }

    /// What becomes of a held resource that the function gets.
    pub fn outcome(&mut self, function: FunctionKey, role: Role, purpose: Purpose) -> Outcome {
        match self.ask(Query::Effect(function, role, purpose)) {
            Answer::Effect(outcome) => outcome,
            _ => Outcome::default(),
        }
    }

    /// The owned resource that the function hands out.
    pub fn owned(&mut self, query: Query) -> Option<Owned> {
        match self.ask(query) {
            Answer::Owned(owned) => owned,
            _ => None,
        }
    }

    /// Whether entering the scope that a function makes, or is, begins a transaction that leaving it ends.
    pub fn opens_scope(&mut self, function: FunctionKey) -> bool {
        let answer = self.ask(Query::OpensScope(function));
        matches!(answer, Answer::OpensScope(true))
    }

    /// What a function does to the transaction of a connection that it is handed.
    pub fn handed(&mut self, function: FunctionKey) -> Handed {
        match self.ask(Query::Handed(function)) {
            Answer::Handed(handed) => handed,
            _ => Handed::default(),
        }
    }

    /// What running a function reaches.
    pub fn reached(&mut self, run: Run) -> Rc<Reached> {
        match self.ask(Query::Reaches(run)) {
            Answer::Reaches(reached) => reached,
            _ => Rc::default(),
        }
    }

    /// Whether a function begins a transaction for its caller, in a scope, by a handle, or on what it is handed.
    pub fn is_opener(&mut self, function: FunctionKey) -> bool {
        let traits = self.values.world().function(function).traits;
        if traits.is_constructor {
            return false;
        }
        self.opens_scope(function)
            || self.handed(function) != Handed::default()
            || self
                .owned(Query::Owned(function, Purpose::Finish))
                .is_some()
            || self
                .owned(Query::Owned(function, Purpose::Ownership))
                .is_some()
    }

    /// What a text does to a transaction.
    pub fn verb(&mut self, text: Symbol) -> Option<Verb> {
        *self.verbs.entry(text).or_insert_with(|| Verb::of(&text))
    }

    /// The call that made a value.
    pub fn made_at(&mut self, origin: Origin) -> Option<(Rc<View<'p>>, BlockId)> {
        let view = self.view(origin.function);
        if let Some(known) = self.made.get(&origin) {
            return known.map(|block| (view, block));
        }
        let block = view.calls().find(|(block, call)| {
            view.body.block(*block).site == origin.site && call.kind != CallKind::Enter
        });
        let block = block.map(|(block, _)| block);
        self.made.insert(origin, block);
        Some((view, block?))
    }

    /// The answer so far; outside of a computation, the final answer.
    fn ask(&mut self, query: Query) -> Answer {
        if let Some(reader) = self.current
            && self.reads.insert((query, reader))
        {
            self.readers.entry(query).or_default().push(reader);
        }
        if let Some(answer) = self.answers.get(&query) {
            return answer.clone();
        }
        let bottom = match query {
            Query::Raises(_) => Answer::Raises(false),
            Query::Effect(..) => Answer::Effect(Outcome::default()),
            Query::Owned(..) => Answer::Owned(None),
            Query::OpensScope(_) => Answer::OpensScope(false),
            Query::Handed(_) => Answer::Handed(Handed::default()),
            Query::Reaches(..) => Answer::Reaches(Rc::default()),
        };
        self.answers.insert(query, bottom.clone());
        self.stack.push(query);
        if self.current.is_some() {
            return bottom;
        }
        self.settle();
        self.answers.get(&query).cloned().unwrap_or(bottom)
    }

    /// Answers everything that waits.
    fn settle(&mut self) {
        let functions = self.values.world().function_count() as usize;
        let mut rounds = functions.saturating_mul(ROUND_LIMIT).max(4096);
        while let Some(query) = self.stack.pop().or_else(|| self.again.pop_front()) {
            self.waiting.remove(&query);
            rounds = rounds.saturating_sub(1);
            if rounds == 0 {
                self.stack.clear();
                self.again.clear();
                break;
            }
            let depth = self.stack.len();
            self.current = Some(query);
            self.idle[1] = None;
            let answer = self.compute(query);
            self.current = None;
            if self.stack.len() > depth {
                // It rests on questions just met: answer those first, then this one with their answers.
                self.stack.insert(depth, query);
                continue;
            }
            self.store(query, answer);
        }
    }

    fn store(&mut self, query: Query, answer: Answer) {
        if self.answers.get(&query) == Some(&answer) {
            return;
        }
        self.answers.insert(query, answer);
        for reader in self.readers.get(&query).cloned().unwrap_or_default() {
            if self.waiting.insert(reader) {
                self.again.push_back(reader);
            }
        }
    }

    fn compute(&mut self, query: Query) -> Answer {
        match query {
            Query::Raises(function) => Answer::Raises(self.compute_raises(function)),
            Query::Effect(function, role, purpose) => {
                let mut outcome = held::outcome(self, function, role, purpose);
                if let Some(Answer::Effect(known)) = self.answers.get(&query) {
                    outcome.join(*known);
                }
                Answer::Effect(outcome)
            }
            Query::Owned(function, purpose) => {
                let known = self.answers.get(&query).cloned();
                match known {
                    Some(known @ Answer::Owned(Some(_))) => known,
                    _ => Answer::Owned(held::owned(self, function, purpose)),
                }
            }
            Query::OpensScope(function) => {
                let known = self.answers.get(&query) == Some(&Answer::OpensScope(true));
                Answer::OpensScope(known || begins::opens_scope(self, function))
            }
            Query::Handed(function) => {
                let mut handed = handed::compute(self, function);
                if let Some(Answer::Handed(known)) = self.answers.get(&query) {
                    handed.begins = known.begins.or(handed.begins);
                    handed.sends = known.sends.or(handed.sends);
                }
                Answer::Handed(handed)
            }
            Query::Reaches(run) => {
                let known = match self.answers.get(&query) {
                    Some(Answer::Reaches(known)) => Rc::clone(known),
                    _ => Rc::default(),
                };
                let reached = reached::compute(self, run, &known);
                Answer::Reaches(Rc::new(reached))
            }
        }
    }

    /// Whether an exception can leave the function: some raising statement reaches the unwinding end.
    fn compute_raises(&mut self, function: FunctionKey) -> bool {
        let view = self.view(function);
        let mut seen = vec![false; view.body.blocks.len()];
        let mut queue = vec![BlockId(0)];
        while let Some(block) = queue.pop() {
            if std::mem::replace(&mut seen[block.index()], true) {
                continue;
            }
            match &view.body.block(block).terminator {
                Terminator::Unwind => return true,
                Terminator::Return(value) if is_pending_promise(&view, *value) => return true,
                Terminator::Call {
                    returns, raises, ..
                } => {
                    queue.push(*returns);
                    if self.call_raises(&view, block) {
                        queue.push(*raises);
                    }
                }
                terminator => queue.extend(terminator.successors()),
            }
        }
        false
    }

    /// Whether the call that ends a block can raise.
    pub fn call_raises(&mut self, view: &View<'p>, block: BlockId) -> bool {
        let Some(call) = view.call(block) else {
            return false;
        };
        let meaning = view.meaning(block);
        if meaning.is_unknown() {
            return match call.kind {
                CallKind::Enter | CallKind::Exit => false,
                CallKind::Tag => call.awaited,
                CallKind::Super => !view.body.traits.is_constructor,
                _ => true,
            };
        }
        if call.kind == CallKind::Exit {
            return false;
        }
        if meaning
            .facts
            .iter()
            .any(|(fact, _)| fact_raises(view, call, fact))
        {
            return true;
        }
        // Only callbacks that run here raise here; those stored for later do not.
        let runs = [Effect::CallsBack, Effect::Iterates];
        let runs_callbacks = meaning
            .facts
            .iter()
            .any(|(fact, _)| runs.iter().any(|effect| fact.has(*effect)));
        let callbacks = call.arguments.iter().filter(|_| runs_callbacks);
        let callbacks = callbacks.flat_map(|argument| view.values.of(view.key, argument.value));
        let callbacks: Vec<_> = callbacks.filter_map(Entity::function).collect();
        if callbacks.into_iter().any(|callback| self.raises(callback)) {
            return true;
        }
        let world = self.values.world();
        let functions = meaning.functions.iter().chain(&meaning.generators);
        functions
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
            .any(|function| {
                let traits = world.function(function).traits;
                let starts_later = (traits.is_async && !call.awaited)
                    || (traits.is_generator && !meaning.generators.contains(&function));
                !starts_later && self.raises(function)
            })
    }
}

/// The closures that a local stands for.
fn nested_functions(
    values: &Values<'_>,
    function: FunctionKey,
    local: LocalId,
) -> Vec<FunctionKey> {
    let world = values.world();
    let functions = values
        .of(function, local)
        .iter()
        .filter_map(Entity::function);
    functions
        .filter(|closure| world.function(*closure).parent != crate::ir::FunctionId(0))
        .collect()
}

/// Whether a callee that the data knows raises at the call. A promise that nobody awaits here raises where it is
/// awaited; one made of several raises when it is, whatever the call itself does.
fn fact_raises(view: &View<'_>, call: &crate::ir::Call, fact: &CallFact) -> bool {
    if fact.has(Effect::Gathers) {
        return call.awaited;
    }
    !fact.has(Effect::CannotRaise) && !is_promise(view, call, fact)
}

/// Whether the call gives a promise that nobody awaits here.
fn is_promise(view: &View<'_>, call: &crate::ir::Call, fact: &CallFact) -> bool {
    let sends = [
        Effect::Queries,
        Effect::Begins,
        Effect::Commits,
        Effect::RollsBack,
        Effect::CallsOut,
    ];
    let is_script = !view.values.world().language(view.key).is_python();
    is_script && !call.awaited && sends.iter().any(|effect| fact.has(*effect))
}

/// Whether a local is a promise of the database's that nobody has awaited: whoever awaits it gets its exception.
fn is_pending_promise(view: &View<'_>, local: LocalId) -> bool {
    let blocks = (0..view.body.blocks.len()).map(BlockId::new);
    blocks
        .filter_map(|block| Some((view.call(block)?, block)))
        .any(|(call, block)| {
            let facts = &view.meaning(block).facts;
            call.result == local
                && !call.awaited
                && facts.iter().any(|(fact, _)| is_promise(view, call, fact))
        })
}

/// Variables that a nested function assigns.
fn shared_variables(values: &Values<'_>) -> FxHashSet<Variable> {
    let world = values.world();
    let mut shared = FxHashSet::default();
    for function in world.functions() {
        let body = world.function(function);
        let mut assigned = |local: LocalId| {
            let origin = world.origin(function, local);
            if origin.0 != function {
                shared.insert(origin);
            }
        };
        for block in &body.blocks {
            for statement in &block.statements {
                if let crate::ir::Action::Assign(target, _) = &statement.action {
                    assigned(*target);
                }
            }
            match &block.terminator {
                Terminator::Call { call, .. } => assigned(call.result),
                Terminator::Suspend {
                    result,
                    kind: Suspension::Await,
                    ..
                } => assigned(*result),
                _ => {}
            }
        }
    }
    shared
}
