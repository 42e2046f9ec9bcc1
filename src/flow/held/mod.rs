//! Which resources are still held where.
//!
//! In: one function and one resource in it: taken by a call, or got from the caller. Out: on which ways it is still
//! held when the function is left. The resource is followed through its aliases; whatever keeps it, or may keep it
//! (an unknown callee, a field, a captured variable), owns it from then on, and we stay silent.
mod calls;
mod facts;
mod given;
mod leaving;
mod made;
mod raises;
mod runs;
pub(super) mod source;
mod told;
mod transactions;

pub(super) use self::calls::parameter_index;
pub(super) use self::given::given;
use super::begins;
use super::engine::{self, Analysis, Exit, Solution, Step, To};
use super::sites::{self, Acquisition, View};
use super::summary::{Environment, Outcome, Owned, Purpose, Role, Shape, Summaries};
use crate::finding::Confidence;
use crate::ir::{
    Action, BlockId, Constant, LocalId, Statement, Suspension, Terminator, Test, Value,
};
use crate::library::{CallFact, Effect, Place, When};
use crate::link::FunctionKey;
use crate::symbol::Symbol;
use facts::Fact;
pub use facts::Facts;
use std::rc::Rc;
pub use told::{region_told, solve_given};
pub use transactions::{Handed, HeldCall, Region};

/// The property: where the resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not taken yet.
    Idle,
    /// Asked for; taken when awaited, entered or first used.
    Pending,
    /// Held by this function.
    Held,
    /// Released, or owned by somebody else.
    Done,
}

impl Mode {
    fn is_active(self) -> bool {
        matches!(self, Self::Held | Self::Pending)
    }
}

impl engine::Mode for Mode {
    const COUNT: usize = 4;

    fn index(self) -> usize {
        self as usize
    }

    fn new(index: usize) -> Self {
        match index {
            0 => Self::Idle,
            1 => Self::Pending,
            2 => Self::Held,
            _ => Self::Done,
        }
    }
}

/// What is followed.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A resource that the function takes.
    Taken(Acquisition),
    /// A resource that the function gets.
    Given(Given),
}

/// How a function gets a resource that it did not take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The locals that reach it.
    pub locals: Vec<(LocalId, Shape)>,
    /// Variables of enclosing functions that reach it.
    pub environment: Rc<Environment>,
    /// The library type, where it is known.
    pub resource: Option<Symbol>,
    /// The callback's error parameter: set exactly when there is no resource.
    pub error: Option<LocalId>,
    /// Nothing is held before the first statement; the locals are sessions from whichever assignment on.
    pub waits_for_use: bool,
}

/// The held-resource analysis of one subject in one function.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent outcomes of one walk"
)]
pub struct Held<'a, 'p> {
    summaries: &'a mut Summaries<'p>,
    view: Rc<View<'p>>,
    subject: Subject,
    purpose: Purpose,
    resource: Option<Symbol>,
    gives_back: bool,
    /// Blocks whose end releases the resource on some path.
    pub releases: Vec<BlockId>,
    /// Blocks whose end gives the resource to somebody who may keep or release it.
    pub takes: Vec<BlockId>,
    /// Blocks whose statement makes a session take its connection.
    pub statements: Vec<BlockId>,
    returned_pending: bool,
    returned_taken: bool,
    /// Leaves out exceptions that hardly ever come.
    doubts: bool,
    /// Some exception was left out.
    pub has_doubted: bool,
    /// The only block in which it is taken: where it cannot be reached any more, nothing new is held.
    start: Option<BlockId>,
    /// What the caller tells of parameters.
    told: Vec<(LocalId, Fact)>,
    /// What the caller tells of entries of the objects that it passes.
    told_entries: Vec<(LocalId, Symbol, Fact)>,
}

/// Solves a subject. A resource that is taken in one place, which is not passed again, is followed from there until it
/// is done; the way to there is the same for all resources of the function.
pub fn solve<'a, 'p>(
    summaries: &'a mut Summaries<'p>,
    view: &Rc<View<'p>>,
    subject: Subject,
    purpose: Purpose,
) -> (Held<'a, 'p>, Solution<Facts>) {
    solve_with(summaries, view, (subject, purpose), Confidence::Low)
}

/// Solves a subject; with high confidence, without the exceptions that hardly ever come.
pub fn solve_with<'a, 'p>(
    summaries: &'a mut Summaries<'p>,
    view: &Rc<View<'p>>,
    (subject, purpose): (Subject, Purpose),
    confidence: Confidence,
) -> (Held<'a, 'p>, Solution<Facts>) {
    let start = match &subject {
        Subject::Taken(acquisition) => only_place(view, acquisition),
        Subject::Given(_) => None,
    };
    let Some(start) = start else {
        return solve_whole(summaries, view, (subject, purpose), confidence);
    };
    let idle = idle(summaries, view);
    if idle.is_cut {
        return solve_whole(summaries, view, (subject, purpose), confidence);
    }
    let mut held = Held::new(summaries, view, (subject, purpose), confidence);
    held.start = Some(start);
    let facts = idle.reaches(start, Mode::Idle).cloned();
    let starts = facts.map(|facts| (start, Mode::Idle, facts));
    let solution = engine::solve(&mut held, starts.into_iter().collect());
    (held, solution)
}

/// Solves a subject from the function's entry on, and beyond where it is done.
pub fn solve_whole<'a, 'p>(
    summaries: &'a mut Summaries<'p>,
    view: &Rc<View<'p>>,
    (subject, purpose): (Subject, Purpose),
    confidence: Confidence,
) -> (Held<'a, 'p>, Solution<Facts>) {
    from_entry(Held::new(summaries, view, (subject, purpose), confidence))
}

fn from_entry<'a, 'p>(mut held: Held<'a, 'p>) -> (Held<'a, 'p>, Solution<Facts>) {
    let starts = held.starts().into_iter();
    let starts = starts.map(|(mode, facts)| (BlockId(0), mode, facts));
    let solution = engine::solve(&mut held, starts.collect());
    (held, solution)
}

/// The block in which a resource is taken, where that is one and no way leads back to it.
fn only_place(view: &View<'_>, acquisition: &Acquisition) -> Option<BlockId> {
    let blocks = (0..view.body.blocks.len()).map(BlockId::new);
    let mut places = blocks.filter(|block| acquisition.is_at(view, *block));
    let place = places.next().filter(|_| places.next().is_none())?;
    let mut next = view.body.block(place).terminator.successors();
    next.all(|next| view.order().first_after(next) > place)
        .then_some(place)
}

/// What is known in a function on the ways on which it has taken nothing.
fn idle<'p>(summaries: &mut Summaries<'p>, view: &Rc<View<'p>>) -> Rc<Solution<Facts>> {
    if let Some(known) = summaries.idle(view.key) {
        return known;
    }
    let nothing = Subject::Given(Given::default());
    let sought = (nothing, Purpose::Ownership);
    let mut held = Held::new(summaries, view, sought, Confidence::Low);
    let start = (BlockId(0), Mode::Idle, Facts::default());
    let solution = Rc::new(engine::solve(&mut held, vec![start]));
    summaries.keep_idle(view.key, &solution);
    solution
}

/// What becomes of a held resource that a function gets.
pub(super) fn outcome(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    role: Role,
    purpose: Purpose,
) -> Outcome {
    let taken = Outcome {
        returns_done: true,
        raises_done: true,
        ..Outcome::default()
    };
    let view = summaries.view(function);
    let given = given(summaries, &view, role);
    if given.locals.is_empty() && given.environment.is_empty() {
        return taken;
    }
    let subject = Subject::Given(given);
    let (mut held, solution) = solve(summaries, &view, subject, purpose);
    if solution.is_cut {
        return taken;
    }
    let mut outcome = Outcome::default();
    for (mode, is_held) in [(Mode::Held, true), (Mode::Done, false)] {
        for path in solution.paths(&mut held, mode) {
            match (path.exit, is_held) {
                (Exit::Return, true) => outcome.returns_held = true,
                (Exit::Return, false) => outcome.returns_done = true,
                (Exit::Unwind, true) => outcome.raises_held = true,
                (Exit::Unwind, false) => outcome.raises_done = true,
                (Exit::Overwrite | Exit::Release, _) => {}
            }
        }
    }
    // Where there is no resource, nothing is owed.
    for mode in [Mode::Idle, Mode::Pending] {
        outcome.returns_done |= !solution.paths(&mut held, mode).is_empty();
    }
    outcome.gives_back = held.gives_back;
    // A promise that is returned raises where the caller awaits it.
    if !outcome.raises_held && !outcome.raises_done && summaries.raises(function) {
        outcome.raises_held = outcome.returns_held;
        outcome.raises_done = outcome.returns_done;
    }
    outcome
}

/// The owned resource that a function hands to its caller.
pub(super) fn owned(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    purpose: Purpose,
) -> Option<Owned> {
    let view = summaries.view(function);
    let taken = if purpose.is_transaction() {
        begins::begins(summaries, &view)
    } else {
        sites::acquisitions(summaries, &view)
    };
    for acquisition in taken {
        let is_kept = !purpose.is_transaction()
            && (source::is_of_registry(&view, &acquisition)
                || source::is_of_callers_function(&view, &acquisition));
        if is_kept || matches!(acquisition.at, Place::CallbackParameter(_)) {
            continue;
        }
        let (held, solution) = solve(summaries, &view, Subject::Taken(acquisition), purpose);
        if solution.is_cut || !held.hands_out() {
            continue;
        }
        let when = if held.returned_pending && acquisition.when != When::Call {
            acquisition.when
        } else if view.body.traits.is_async {
            When::Await
        } else {
            When::Call
        };
        let at = if held.returned_pending {
            acquisition.at
        } else {
            Place::Result
        };
        return Some(Owned {
            kind: acquisition.kind,
            resource: acquisition.resource,
            at,
            when,
        });
    }
    None
}

type Ways = Vec<Step<Mode, Facts>>;

impl Analysis for Held<'_, '_> {
    type Mode = Mode;
    type Facts = Facts;

    fn steps(&mut self, block: BlockId, mode: Mode, facts: &Facts) -> Ways {
        let view = Rc::clone(&self.view);
        let (mut mode, mut facts) = (mode, facts.clone());
        let first = view.order().first_after(block);
        facts.keep(|local| {
            let last = view.order().last_test(local);
            last.is_some_and(|last| last >= first) || self.is_told(local)
        });
        for statement in &view.body.block(block).statements {
            self.statement(&mut mode, &mut facts, statement);
        }
        match &view.body.block(block).terminator {
            Terminator::Goto(next) => vec![go(*next, mode, facts)],
            Terminator::Branch {
                test,
                then,
                otherwise,
            } => self.branch(*test, (*then, *otherwise), mode, &facts),
            Terminator::Call {
                call,
                returns,
                raises,
            } => self.call(block, call, (*returns, *raises), mode, facts),
            Terminator::Suspend {
                kind,
                value,
                result,
                resumes,
                raises,
            } => {
                let mode = self.lent(*kind, *value, mode, &facts);
                suspend(*kind, (*value, *result), (*resumes, *raises), mode, facts)
            }
            Terminator::Return(value) => vec![self.leave(*value, mode, facts)],
            Terminator::Raise { raises, .. } => {
                facts.set_raised(None);
                vec![go(*raises, mode, facts)]
            }
            Terminator::Unwind => vec![leaving(Exit::Unwind, mode, facts)],
            Terminator::Unreachable => Vec::new(),
        }
    }

    fn is_over(&self, block: BlockId, mode: Mode, facts: &Facts) -> bool {
        let order = self.view.order();
        let first = order.first_after(block);
        self.start.is_some_and(|start| first > start)
            && match mode {
                Mode::Idle | Mode::Done => true,
                // What is only asked for must be named once more to be taken.
                Mode::Pending => !facts.locals().any(|local| order.may_use(local, block)),
                Mode::Held => false,
            }
    }

    fn join(into: &mut Facts, from: &Facts) -> bool {
        into.join(from)
    }
}

fn go(block: BlockId, mode: Mode, facts: Facts) -> Step<Mode, Facts> {
    Step {
        to: To::Block(block),
        mode,
        facts,
        weight: 1,
    }
}

/// Where an exception goes of which nothing is known.
fn fail(block: BlockId, mode: Mode, mut facts: Facts) -> Step<Mode, Facts> {
    facts.set_raised(None);
    Step {
        weight: engine::RAISES,
        ..go(block, mode, facts)
    }
}

/// Where an exception of a call goes: the library's error, if that is what it raises.
fn fail_with(block: BlockId, mode: Mode, facts: Facts, error: Option<Symbol>) -> Step<Mode, Facts> {
    let mut step = fail(block, mode, facts);
    step.facts.set_raised(error);
    step
}

fn leaving(exit: Exit, mode: Mode, facts: Facts) -> Step<Mode, Facts> {
    Step {
        to: To::Exit(exit),
        mode,
        facts,
        weight: 1,
    }
}

fn suspend(
    kind: Suspension,
    (value, result): (LocalId, LocalId),
    (resumes, raises): (BlockId, BlockId),
    mode: Mode,
    facts: Facts,
) -> Ways {
    let mut resumed = facts.clone();
    let fact = facts.get(value).filter(|_| kind == Suspension::Await);
    resumed.set(result, fact);
    let failed = |mode| {
        let mut failed = facts.clone();
        failed.forget_resource();
        fail(raises, mode, failed)
    };
    match (mode, fact) {
        (Mode::Pending, Some(Fact::Resource | Fact::MaybeResource)) => {
            vec![go(resumes, Mode::Held, resumed), failed(Mode::Idle)]
        }
        // Of several checkouts awaited together one may fail while the others have succeeded.
        (Mode::Pending, Some(Fact::Holder(_))) => {
            vec![go(resumes, Mode::Held, resumed), failed(Mode::Held)]
        }
        _ => vec![go(resumes, mode, resumed), fail(raises, mode, facts)],
    }
}

impl<'a, 'p> Held<'a, 'p> {
    fn new(
        summaries: &'a mut Summaries<'p>,
        view: &Rc<View<'p>>,
        (subject, purpose): (Subject, Purpose),
        confidence: Confidence,
    ) -> Self {
        let resource = match &subject {
            Subject::Taken(acquisition) => acquisition.resource,
            Subject::Given(given) => given.resource,
        };
        Self {
            summaries,
            view: Rc::clone(view),
            subject,
            purpose,
            resource,
            gives_back: false,
            releases: Vec::new(),
            takes: Vec::new(),
            statements: Vec::new(),
            returned_pending: false,
            returned_taken: false,
            doubts: confidence == Confidence::High,
            has_doubted: false,
            start: None,
            told: Vec::new(),
            told_entries: Vec::new(),
        }
    }
}

impl<'p> Held<'_, 'p> {
    /// Somebody else owns the resource from here on, unless he only borrows it.
    fn take(&self, mode: &mut Mode, facts: &mut Facts) {
        if mode.is_active() && !self.purpose.borrows() {
            *mode = Mode::Done;
            facts.forget_resource();
        }
    }

    /// Whether the function returns the resource.
    pub fn hands_out(&self) -> bool {
        self.returned_taken || self.returned_pending
    }

    fn starts(&self) -> Vec<(Mode, Facts)> {
        let Subject::Given(subject) = &self.subject else {
            return vec![(Mode::Idle, Facts::default())];
        };
        let mut given = self.told_facts();
        for (local, shape) in &subject.locals {
            given.set(*local, Some(Fact::of(*shape)));
        }
        let Some(error) = subject.error else {
            let mode = if subject.waits_for_use {
                Mode::Pending
            } else {
                Mode::Held
            };
            return vec![(mode, given)];
        };
        given.set(error, Some(Fact::Null));
        let mut failed = Facts::default();
        for (local, _) in &subject.locals {
            failed.set(*local, Some(Fact::Null));
        }
        failed.set(error, Some(Fact::Something));
        vec![(Mode::Held, given), (Mode::Idle, failed)]
    }

    /// What a local is again once it is assigned: a session that somebody else made.
    fn anew(&self, local: LocalId) -> Option<Fact> {
        let Subject::Given(given) = &self.subject else {
            return None;
        };
        let mut locals = given.locals.iter().filter(|_| given.waits_for_use);
        let (_, shape) = locals.find(|(known, _)| *known == local)?;
        Some(Fact::of(*shape))
    }

    /// The mode once a session was lent to whoever resumes the generator, who will use it.
    fn lent(&self, kind: Suspension, value: LocalId, mode: Mode, facts: &Facts) -> Mode {
        let is_lent =
            kind == Suspension::Yield && mode == Mode::Pending && facts.is_resource(value);
        if is_lent && self.waits_for_use() {
            Mode::Held
        } else {
            mode
        }
    }

    fn waits_for_use(&self) -> bool {
        match &self.subject {
            Subject::Taken(acquisition) => acquisition.when == When::Use,
            Subject::Given(given) => given.waits_for_use,
        }
    }

    /// Whether the call that a fact is about gives up what is followed: releases the resource, ends the transaction.
    fn gives_up(&self, fact: &CallFact) -> bool {
        if self.purpose.is_transaction() {
            let ends = fact.has(Effect::Commits) || fact.has(Effect::RollsBack);
            ends && !fact.has(Effect::Begins)
        } else {
            fact.has(Effect::Releases)
        }
    }

    // ---- statements --------------------------------------------------------------------------------------

    fn statement(&mut self, mode: &mut Mode, facts: &mut Facts, statement: &Statement) {
        match &statement.action {
            Action::Assign(target, value) => {
                let fact = self.value(mode, facts, value);
                self.assign(mode, facts, *target, fact);
            }
            Action::SetField(object, name, value) => {
                self.set_field(mode, facts, (*object, *name), *value);
            }
            Action::SetItem(_, _, value) => {
                if facts.reaches(*value) || self.closure_takes(facts, *value) {
                    self.take(mode, facts);
                }
            }
        }
    }

    fn assign(&mut self, mode: &mut Mode, facts: &mut Facts, target: LocalId, fact: Option<Fact>) {
        let is_captured = self.view.values.world().origin(self.view.key, target).0 != self.view.key;
        if is_captured && fact.is_some_and(Fact::reaches) {
            self.take(mode, facts);
            facts.set(target, None);
            return;
        }
        let is_shared = is_captured || self.summaries.is_shared(self.view.key, target);
        let fact = fact.or(self.anew(target));
        facts.set(target, fact.filter(|fact| !is_shared || fact.reaches()));
    }

    /// A field of the receiver keeps the resource for the object; of anything else, for somebody we do not follow.
    fn set_field(
        &mut self,
        mode: &mut Mode,
        facts: &mut Facts,
        (object, name): (LocalId, Symbol),
        value: LocalId,
    ) {
        if facts.is_resource(object) && !facts.reaches(value) {
            return;
        }
        let holds_it = facts.get(object) == Some(Fact::Holder(name));
        if facts.is_resource(value)
            && self.view.body.receiver == Some(object)
            && self.sets_up_object()
        {
            facts.set(object, Some(Fact::Holder(name)));
        } else if self.keeps(facts, value) {
            self.take(mode, facts);
        } else if holds_it {
            facts.set(object, None);
        }
    }

    /// Whether whoever has the value has the resource: it reaches it, is a part or cursor of it, or a function that
    /// uses it.
    fn keeps(&mut self, facts: &Facts, value: LocalId) -> bool {
        let is_part = matches!(facts.get(value), Some(Fact::Part | Fact::Cursor));
        is_part || facts.reaches(value) || !self.closures(facts, value).is_empty()
    }

    /// Whether the function sets an object up: if it raises, nobody has the object.
    fn sets_up_object(&self) -> bool {
        let body = self.view.body;
        let is_taken = matches!(self.subject, Subject::Taken(_));
        is_taken && body.traits.is_constructor
            || ["__enter__", "__aenter__"].contains(&body.name.text())
    }

    fn value(&mut self, mode: &mut Mode, facts: &mut Facts, value: &Value) -> Option<Fact> {
        match value {
            Value::Local(source) => facts.get(*source),
            Value::Constant(constant) => Some(Fact::Constant(*constant)),
            Value::Field(object, name) => self.field(facts, *object, *name),
            Value::Item(object, _) | Value::Element(object) => match facts.get(*object) {
                Some(Fact::Holder(_)) => Some(Fact::MaybeResource),
                _ => None,
            },
            Value::Sequence(parts) => {
                let parts = parts.iter().enumerate();
                let parts =
                    parts.map(|(position, part)| (Symbol::new(&position.to_string()), *part));
                Some(self.holder(facts, parts))
            }
            Value::Record(parts) => Some(self.holder(facts, parts.iter().copied())),
            Value::Opaque(parts) => {
                if parts.iter().any(|part| facts.reaches(*part)) {
                    self.take(mode, facts);
                }
                None
            }
            Value::Closure(_) | Value::Class(_) => Some(Fact::Something),
            Value::Text(_) | Value::Operation(_) | Value::Equality(..) => Some(Fact::Present),
            Value::Free(_) | Value::Import(_) | Value::Caught => None,
        }
    }

    /// What is known of a list or mapping of these parts: under which key it holds the resource, if it does.
    fn holder(&mut self, facts: &Facts, parts: impl Iterator<Item = (Symbol, LocalId)>) -> Fact {
        let parts: Vec<_> = parts.collect();
        let holds = |(_, part): &&(Symbol, LocalId)| self.hands_over(facts, *part);
        let holding: Vec<_> = parts.iter().filter(holds).collect();
        match holding[..] {
            [] => self.literal(),
            [(name, _)] => Fact::Holder(*name),
            // Owners are followed by one key.
            [(name, _), ..] if !self.purpose.borrows() => Fact::Holder(*name),
            _ => Fact::Holder(Symbol::empty()),
        }
    }

    /// What is known of a list or mapping: in Python an empty one is falsy.
    fn literal(&self) -> Fact {
        let is_python = self.view.values.world().language(self.view.key).is_python();
        if is_python {
            Fact::Present
        } else {
            Fact::Something
        }
    }

    /// Whether giving the local away gives away the resource, or the means to release it.
    fn hands_over(&mut self, facts: &Facts, local: LocalId) -> bool {
        facts.reaches(local) || self.closure_takes(facts, local)
    }

    fn field(&mut self, facts: &Facts, object: LocalId, name: Symbol) -> Option<Fact> {
        let mut entries = self.told_entries.iter();
        let told = entries.find(|(local, entry, _)| *local == object && *entry == name);
        if let Some((_, _, fact)) = told {
            return Some(*fact);
        }
        match facts.get(object)? {
            Fact::Resource | Fact::MaybeResource => {
                if let Some(held) = self.tells_held(name) {
                    return Some(Fact::Constant(Constant::Bool(held)));
                }
                let methods = self.library_methods(name);
                if methods.iter().any(|fact| self.gives_up(fact)) {
                    return Some(Fact::Releaser);
                }
                let language = self.view.values.world().language(self.view.key);
                let library = self.view.values.library();
                let part = library.field(language, self.resource?, name)?;
                (!library.is_type(language, part) || part != self.resource?).then_some(Fact::Part)
            }
            Fact::Holder(key) if key == name => Some(Fact::Resource),
            // `tx.query.users`
            Fact::Part if self.purpose.borrows() => Some(Fact::Part),
            // It is somewhere in there.
            within if within.is_within() => Some(within),
            _ => None,
        }
    }

    /// Whether a field or method of the resource, being truthy, tells that it is held, or its transaction open.
    fn tells_held(&self, name: Symbol) -> Option<bool> {
        let language = self.view.values.world().language(self.view.key);
        let library = self.view.values.library();
        if self.purpose.is_transaction() {
            library.tells_open(language, self.resource?, name)
        } else {
            library.tells_held(language, self.resource?, name)
        }
    }

    /// What the data says of a method of the resource.
    fn library_methods(&self, name: Symbol) -> &'p [CallFact] {
        let language = self.view.values.world().language(self.view.key);
        self.resource.map_or(&[], |resource| {
            self.view.values.library().method(language, resource, &name)
        })
    }

    // ---- branches ----------------------------------------------------------------------------------------

    fn branch(
        &self,
        test: Test,
        (then, otherwise): (BlockId, BlockId),
        mode: Mode,
        facts: &Facts,
    ) -> Ways {
        let decided = match test {
            Test::Caught(types) => facts
                .raised()
                .and_then(|error| self.catches(types, error).then_some(true)),
            test => facts.decide(test),
        };
        let mut ways = Vec::new();
        for (target, holds) in [(then, true), (otherwise, false)] {
            if decided.is_none_or(|decided| decided == holds) {
                ways.push(go(target, mode, self.refine(test, holds, facts)));
            }
        }
        ways
    }

    fn refine(&self, test: Test, holds: bool, facts: &Facts) -> Facts {
        let mut facts = facts.clone();
        let (local, fact) = match (test, holds) {
            (Test::Truthy(local), true) | (Test::Null(local), false) => (local, Fact::Something),
            (Test::Truthy(local), false) => (local, Fact::Null),
            (Test::Null(local), true) => (local, Fact::Constant(Constant::Null)),
            (Test::Equals(local, constant), true) => (local, Fact::Constant(constant)),
            (Test::Equals(..), false) | (Test::Caught(_) | Test::Unknown, _) => return facts,
        };
        let known = facts.get(local);
        let is_known =
            known.is_some_and(|known| known != Fact::MaybeResource || fact == Fact::Something);
        if !is_known && !self.summaries.is_shared(self.view.key, local) {
            facts.set(local, Some(fact));
        }
        facts
    }
}
