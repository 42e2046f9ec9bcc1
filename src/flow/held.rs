//! Which resources are still held where.
//!
//! In: one function and one resource in it: taken by a call, or got from the caller. Out: on which ways it is still
//! held when the function is left. The resource is followed through its aliases; whatever keeps it, or may keep it
//! (an unknown callee, a field, a captured variable), owns it from then on, and we stay silent.
use super::engine::{self, Analysis, Exit, Solution, Step, To};
use super::sites::{self, Acquisition, View};
use super::summary::{Outcome, Owned, Role, Summaries};
use crate::ir::{
    Action, BlockId, Call, CallKind, Callee, Constant, LocalId, Statement, Suspension, Terminator,
    Test, Value,
};
use crate::library::{CallFact, Effect, Place, Returns, When};
use crate::link::FunctionKey;
use crate::link::values::{Entity, parameter_of};
use crate::symbol::Symbol;
use std::rc::Rc;

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

/// What is known of a local on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fact {
    /// It is the resource.
    Resource,
    /// On some of the joined paths it is.
    MaybeResource,
    /// Calling it releases the resource.
    Releaser,
    /// Leaving it as a scope releases the resource.
    Manager,
    /// It holds the resource under this key.
    Holder(Symbol),
    /// It is null, or falsy.
    Null,
    /// It is something truthy.
    Something,
    /// It is this constant.
    Constant(Constant),
}

impl Fact {
    fn is_resource(self) -> bool {
        matches!(self, Self::Resource | Self::MaybeResource)
    }

    /// Whether the local gives access to the resource.
    fn reaches(self) -> bool {
        matches!(
            self,
            Self::Resource | Self::MaybeResource | Self::Releaser | Self::Manager | Self::Holder(_)
        )
    }

    /// Whether it is truthy, where that is known.
    fn truth(self) -> Option<bool> {
        match self {
            Self::Resource | Self::Releaser | Self::Manager | Self::Holder(_) | Self::Something => {
                Some(true)
            }
            Self::Null
            | Self::Constant(Constant::Null | Constant::Bool(false) | Constant::Integer(0)) => {
                Some(false)
            }
            Self::Constant(Constant::Bool(true) | Constant::Integer(_)) => Some(true),
            Self::Constant(Constant::Text(text)) => Some(!text.is_empty()),
            Self::Constant(Constant::Number(_)) | Self::MaybeResource => None,
        }
    }
}

/// What is known on the way, by local, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(Vec<(LocalId, Fact)>);

impl Facts {
    fn get(&self, local: LocalId) -> Option<Fact> {
        let position = self
            .0
            .binary_search_by_key(&local, |(known, _)| *known)
            .ok()?;
        self.0.get(position).map(|(_, fact)| *fact)
    }

    fn set(&mut self, local: LocalId, fact: Option<Fact>) {
        match (
            self.0.binary_search_by_key(&local, |(known, _)| *known),
            fact,
        ) {
            (Ok(position), Some(fact)) => self.0[position].1 = fact,
            (Ok(position), None) => {
                self.0.remove(position);
            }
            (Err(position), Some(fact)) => self.0.insert(position, (local, fact)),
            (Err(_), None) => {}
        }
    }

    fn is_resource(&self, local: LocalId) -> bool {
        self.get(local).is_some_and(Fact::is_resource)
    }

    fn reaches(&self, local: LocalId) -> bool {
        self.get(local).is_some_and(Fact::reaches)
    }

    /// Forgets which locals reach the resource: it is somebody else's now, or was taken anew.
    fn forget_resource(&mut self) {
        for (_, fact) in &mut self.0 {
            if fact.reaches() {
                *fact = Fact::Something;
            }
        }
    }
}

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Subject {
    /// A resource that the function takes.
    Taken(Acquisition),
    /// A resource that the function gets: the local that holds it, and the one that is an error in its stead.
    Given {
        /// The local.
        local: LocalId,
        /// The library type, where it is known.
        resource: Option<Symbol>,
        /// The callback's error parameter: set exactly when there is no resource.
        error: Option<LocalId>,
        /// The callback's parameter that releases the resource.
        releaser: Option<LocalId>,
    },
}

/// The held-resource analysis of one subject in one function.
pub struct Held<'a, 'p> {
    summaries: &'a mut Summaries<'p>,
    view: Rc<View<'p>>,
    subject: Subject,
    resource: Option<Symbol>,
    gives_back: bool,
    /// Blocks whose end releases the resource on some path.
    pub releases: Vec<BlockId>,
    returned_pending: bool,
    returned_held: bool,
}

/// Solves a subject.
pub fn solve<'a, 'p>(
    summaries: &'a mut Summaries<'p>,
    view: &Rc<View<'p>>,
    subject: Subject,
) -> (Held<'a, 'p>, Solution<Facts>) {
    let resource = match subject {
        Subject::Taken(acquisition) => Some(acquisition.resource),
        Subject::Given { resource, .. } => resource,
    };
    let mut held = Held {
        summaries,
        view: Rc::clone(view),
        subject,
        resource,
        gives_back: false,
        releases: Vec::new(),
        returned_pending: false,
        returned_held: false,
    };
    let starts = held.starts();
    let solution = engine::solve(&mut held, view.body.blocks.len(), starts);
    (held, solution)
}

/// What becomes of a held resource that a function gets.
pub(super) fn outcome(summaries: &mut Summaries<'_>, function: FunctionKey, role: Role) -> Outcome {
    let taken = Outcome {
        returns_done: true,
        raises_done: true,
        ..Outcome::default()
    };
    let view = summaries.view(function);
    let Some(local) = entrance(&view, role) else {
        return taken;
    };
    let resource = view
        .values
        .of(function, local)
        .iter()
        .find_map(|entity| match entity {
            Entity::Instance(path, _) => Some(*path),
            _ => None,
        });
    let subject = Subject::Given {
        local,
        resource,
        error: None,
        releaser: None,
    };
    let (mut held, solution) = solve(summaries, &view, subject);
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
                (Exit::Overwrite, _) => {}
            }
        }
    }
    outcome.gives_back = held.gives_back;
    outcome
}

fn entrance(view: &View<'_>, role: Role) -> Option<LocalId> {
    match role {
        Role::Parameter(position) => view
            .body
            .parameters
            .get(position as usize)
            .map(|parameter| parameter.local),
        Role::Receiver => view.body.receiver,
        Role::Captured(owner, variable) => {
            let locals = 0..view.body.locals.len();
            locals
                .map(LocalId::new)
                .find(|local| view.values.world().origin(view.key, *local) == (owner, variable))
        }
    }
}

/// The owned resource that a function hands to its caller.
pub(super) fn owned(summaries: &mut Summaries<'_>, function: FunctionKey) -> Option<Owned> {
    let view = summaries.view(function);
    for acquisition in sites::acquisitions(summaries, &view) {
        if matches!(acquisition.at, Place::CallbackParameter(_)) {
            continue;
        }
        let (held, solution) = solve(summaries, &view, Subject::Taken(acquisition));
        if solution.is_cut || !(held.returned_pending || held.returned_held) {
            continue;
        }
        let starts_later = held.returned_pending && acquisition.when != When::Call;
        let when = if starts_later {
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
        for statement in &view.body.block(block).statements {
            self.statement(&mut mode, &mut facts, statement);
        }
        match &view.body.block(block).terminator {
            Terminator::Goto(next) => vec![go(*next, mode, facts)],
            Terminator::Branch {
                test,
                then,
                otherwise,
            } => self.branch(*test, *then, *otherwise, mode, &facts),
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
            } => suspend(*kind, (*value, *result), (*resumes, *raises), mode, facts),
            Terminator::Return(value) => vec![self.leave(*value, mode, facts)],
            Terminator::Raise { raises, .. } => vec![go(*raises, mode, facts)],
            Terminator::Unwind => vec![Step {
                to: To::Exit(Exit::Unwind),
                mode,
                facts,
                is_exceptional: false,
            }],
            Terminator::Unreachable => Vec::new(),
        }
    }

    fn join(into: &mut Facts, from: &Facts) -> bool {
        let before = into.clone();
        let other_only = from
            .0
            .iter()
            .filter(|(local, fact)| fact.is_resource() && into.get(*local).is_none());
        let other_only: Vec<_> = other_only.map(|(local, _)| *local).collect();
        into.0.retain_mut(|(local, fact)| match from.get(*local) {
            Some(other) if other == *fact => true,
            Some(other) if fact.is_resource() || other.is_resource() => {
                *fact = Fact::MaybeResource;
                true
            }
            Some(other)
                if fact.truth().is_some() && fact.truth() == other.truth() && !fact.reaches() =>
            {
                *fact = if fact.truth() == Some(true) {
                    Fact::Something
                } else {
                    Fact::Null
                };
                true
            }
            None if fact.is_resource() => {
                *fact = Fact::MaybeResource;
                true
            }
            _ => false,
        });
        for local in other_only {
            into.set(local, Some(Fact::MaybeResource));
        }
        *into != before
    }
}

/// Where an exception of a call goes.
fn fail(block: BlockId, mode: Mode, facts: Facts) -> Step<Mode, Facts> {
    Step {
        is_exceptional: true,
        ..go(block, mode, facts)
    }
}

fn go(block: BlockId, mode: Mode, facts: Facts) -> Step<Mode, Facts> {
    Step {
        to: To::Block(block),
        mode,
        facts,
        is_exceptional: false,
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
    resumed.set(result, None);
    let fact = facts.get(value);
    if kind == Suspension::Await
        && let Some(fact) = fact
    {
        resumed.set(result, Some(fact));
    }
    let awaited = kind == Suspension::Await && fact.is_some_and(|fact| fact.is_resource());
    if mode == Mode::Pending && awaited {
        let mut failed = facts;
        failed.forget_resource();
        return vec![
            go(resumes, Mode::Held, resumed),
            fail(raises, Mode::Idle, failed),
        ];
    }
    if mode == Mode::Pending && kind == Suspension::Await && matches!(fact, Some(Fact::Holder(_))) {
        // Of several checkouts awaited together one may fail while the others have succeeded.
        let mut failed = facts;
        failed.forget_resource();
        return vec![
            go(resumes, Mode::Held, resumed),
            fail(raises, Mode::Held, failed),
        ];
    }
    vec![go(resumes, mode, resumed), fail(raises, mode, facts)]
}

impl<'p> Held<'_, 'p> {
    fn starts(&self) -> Vec<(Mode, Facts)> {
        match self.subject {
            Subject::Taken(_) => vec![(Mode::Idle, Facts::default())],
            Subject::Given {
                local,
                error,
                releaser,
                ..
            } => {
                let mut given = Facts::default();
                given.set(local, Some(Fact::Resource));
                if let Some(releaser) = releaser {
                    given.set(releaser, Some(Fact::Releaser));
                }
                let Some(error) = error else {
                    return vec![(Mode::Held, given)];
                };
                given.set(error, Some(Fact::Null));
                let mut failed = Facts::default();
                failed.set(local, Some(Fact::Null));
                failed.set(error, Some(Fact::Something));
                vec![(Mode::Held, given), (Mode::Idle, failed)]
            }
        }
    }

    fn is_active(mode: Mode) -> bool {
        matches!(mode, Mode::Held | Mode::Pending)
    }

    // ---- statements --------------------------------------------------------------------------------------

    fn statement(&mut self, mode: &mut Mode, facts: &mut Facts, statement: &Statement) {
        match &statement.action {
            Action::Assign(target, value) => {
                let fact = self.value(mode, facts, value);
                self.assign(mode, facts, *target, fact);
            }
            Action::SetField(object, name, value) => {
                if facts.reaches(*value) && !self.is_dropped_on_enter(*object, *name) {
                    take(mode, facts);
                }
            }
            Action::SetItem(_, _, value) => {
                if facts.reaches(*value) {
                    take(mode, facts);
                }
            }
        }
    }

    fn assign(&mut self, mode: &mut Mode, facts: &mut Facts, target: LocalId, fact: Option<Fact>) {
        let is_captured = self.view.values.world().origin(self.view.key, target).0 != self.view.key;
        if is_captured && fact.is_some_and(Fact::reaches) {
            take(mode, facts);
            facts.set(target, None);
            return;
        }
        let is_shared = is_captured || self.summaries.is_shared(self.view.key, target);
        facts.set(target, fact.filter(|fact| !is_shared || fact.reaches()));
    }

    fn value(&mut self, mode: &mut Mode, facts: &mut Facts, value: &Value) -> Option<Fact> {
        match value {
            Value::Local(source) => facts.get(*source),
            Value::Constant(Constant::Null) => Some(Fact::Null),
            Value::Constant(constant) => Some(Fact::Constant(*constant)),
            Value::Field(object, name) => self.field(facts, *object, *name),
            Value::Item(object, _) | Value::Element(object) => match facts.get(*object) {
                Some(Fact::Holder(_)) => Some(Fact::MaybeResource),
                _ => None,
            },
            Value::Sequence(parts) => {
                let position = parts.iter().position(|part| facts.reaches(*part))?;
                Some(Fact::Holder(Symbol::new(&position.to_string())))
            }
            Value::Record(parts) => {
                let (name, _) = parts.iter().find(|(_, part)| facts.reaches(*part))?;
                Some(Fact::Holder(*name))
            }
            Value::Opaque(parts) => {
                if parts.iter().any(|part| facts.reaches(*part)) {
                    take(mode, facts);
                }
                None
            }
            Value::Closure(_) | Value::Class(_) => Some(Fact::Something),
            Value::Free(_)
            | Value::Import(_)
            | Value::Text(_)
            | Value::Caught
            | Value::Operation(_) => None,
        }
    }

    fn field(&mut self, facts: &Facts, object: LocalId, name: Symbol) -> Option<Fact> {
        match facts.get(object)? {
            Fact::Resource | Fact::MaybeResource => {
                let methods = self.library_methods(name);
                methods
                    .iter()
                    .any(|fact| fact.has(Effect::Releases))
                    .then_some(Fact::Releaser)
            }
            Fact::Holder(key) if key == name => Some(Fact::MaybeResource),
            _ => None,
        }
    }

    /// What the data says of a method of the resource.
    fn library_methods(&self, name: Symbol) -> &'p [CallFact] {
        let language = self.view.values.world().language(self.view.key);
        self.resource.map_or(&[], |resource| {
            self.view.values.library().method(language, resource, &name)
        })
    }

    /// `__enter__` keeps the resource in a field that nothing in the class gives back.
    fn is_dropped_on_enter(&self, object: LocalId, field: Symbol) -> bool {
        let body = self.view.body;
        if body.receiver != Some(object) || !["__enter__", "__aenter__"].contains(&body.name.text())
        {
            return false;
        }
        let Some(class) = self.view.values.world().class_of(self.view.key) else {
            return false;
        };
        let values = self.view.values;
        let mut others = values.ancestry(class).into_iter().flat_map(|class| {
            let methods = &values.world().class(class).methods;
            methods
                .iter()
                .map(move |(_, method)| values.world().function_near(class, *method))
        });
        !others.any(|method| {
            method != self.view.key && mentions_field(values.world().function(method), field)
        })
    }

    // ---- branches ----------------------------------------------------------------------------------------

    fn branch(
        &self,
        test: Test,
        then: BlockId,
        otherwise: BlockId,
        mode: Mode,
        facts: &Facts,
    ) -> Ways {
        let decided = decide(test, facts);
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
            (Test::Truthy(local), false) | (Test::Null(local), true) => (local, Fact::Null),
            (Test::Equals(local, constant), true) => (local, Fact::Constant(constant)),
            (Test::Equals(..), false) | (Test::Unknown, _) => return facts,
        };
        let is_known = facts
            .get(local)
            .is_some_and(|known| known != Fact::MaybeResource || fact == Fact::Something);
        if !is_known && !self.summaries.is_shared(self.view.key, local) {
            facts.set(local, Some(fact));
        }
        facts
    }

    // ---- leaving -----------------------------------------------------------------------------------------

    fn leave(&mut self, value: LocalId, mode: Mode, mut facts: Facts) -> Step<Mode, Facts> {
        let mut mode = mode;
        let returned = facts.get(value);
        let gives_resource = returned.is_some_and(Fact::is_resource);
        if Self::is_active(mode)
            && (returned.is_some_and(Fact::reaches) || self.closure_takes(&facts, value))
        {
            match self.subject {
                Subject::Taken(_) => {
                    self.returned_held |= gives_resource && mode == Mode::Held;
                    self.returned_pending |= gives_resource && mode == Mode::Pending;
                    take(&mut mode, &mut facts);
                }
                Subject::Given { .. } if gives_resource => self.gives_back = true,
                Subject::Given { .. } => take(&mut mode, &mut facts),
            }
        }
        Step {
            to: To::Exit(Exit::Return),
            mode,
            facts,
            is_exceptional: false,
        }
    }

    /// Whether a local is a function of this one that, when run, may release the resource.
    fn closure_takes(&mut self, facts: &Facts, local: LocalId) -> bool {
        let targets = self.closures(facts, local);
        targets
            .into_iter()
            .any(|(function, role)| self.summaries.outcome(function, role).may_take())
    }

    /// The functions a local stands for that capture the resource, with the variable they capture it by.
    fn closures(&self, facts: &Facts, local: LocalId) -> Vec<(FunctionKey, Role)> {
        let world = self.view.values.world();
        let functions = self
            .view
            .values
            .of(self.view.key, local)
            .iter()
            .filter_map(|entity| match entity {
                Entity::Function(function) => Some(*function),
                _ => None,
            });
        functions
            .flat_map(|function| self.captures(facts, function, world))
            .collect()
    }

    fn captures(
        &self,
        facts: &Facts,
        function: FunctionKey,
        world: &crate::link::World,
    ) -> Vec<(FunctionKey, Role)> {
        let reaching = facts.0.iter().filter(|(_, fact)| fact.reaches());
        let reaching: Vec<_> = reaching
            .map(|(local, _)| world.origin(self.view.key, *local))
            .collect();
        let captured =
            world
                .function(function)
                .locals
                .iter()
                .filter_map(|local| match local.kind {
                    crate::ir::LocalKind::Captured(owner, variable) => {
                        Some((world.sibling(function, owner), variable))
                    }
                    _ => None,
                });
        let captured = captured.filter(|origin| reaching.contains(origin));
        captured
            .map(|(owner, variable)| (function, Role::Captured(owner, variable)))
            .collect()
    }

    // ---- calls -------------------------------------------------------------------------------------------

    fn call(
        &mut self,
        block: BlockId,
        call: &Call,
        (returns, raises): (BlockId, BlockId),
        mode: Mode,
        facts: Facts,
    ) -> Ways {
        let view = Rc::clone(&self.view);
        let may_raise = self.summaries.call_raises(&view, block);
        if let Subject::Taken(acquisition) = self.subject
            && acquisition.site == view.body.block(block).site
            && !matches!(acquisition.at, Place::CallbackParameter(_))
        {
            return self.acquire(acquisition, call, (returns, raises), mode, facts);
        }
        let mut ways = Vec::new();
        let effect = if Self::is_active(mode) {
            self.effect(block, call, mode, &facts)
        } else {
            After::untouched(mode)
        };
        let mut returned = facts.clone();
        returned.set(call.result, None);
        for next in [effect.returns, effect.returns_also].into_iter().flatten() {
            let mut facts = returned.clone();
            let mut next_mode = next;
            if next == Mode::Done && Self::is_active(mode) {
                take(&mut next_mode, &mut facts);
            } else if let Some(fact) = effect.result {
                self.assign(&mut next_mode, &mut facts, call.result, Some(fact));
            }
            ways.push(go(returns, next_mode, facts));
        }
        if may_raise {
            let mut failed = facts;
            let mut next = effect.raises;
            if next == Mode::Done && Self::is_active(mode) {
                take(&mut next, &mut failed);
            }
            ways.push(fail(raises, next, failed));
        }
        ways
    }

    fn acquire(
        &mut self,
        acquisition: Acquisition,
        call: &Call,
        (returns, raises): (BlockId, BlockId),
        mode: Mode,
        facts: Facts,
    ) -> Ways {
        let mut ways = Vec::new();
        if mode == Mode::Held {
            ways.push(Step {
                to: To::Exit(Exit::Overwrite),
                mode,
                facts: facts.clone(),
                is_exceptional: false,
            });
        }
        let mut failed = facts.clone();
        let failed_mode = if mode == Mode::Held { Mode::Done } else { mode };
        if mode == Mode::Held {
            failed.forget_resource();
        }
        ways.push(fail(raises, failed_mode, failed));
        let mut taken = facts;
        taken.forget_resource();
        let is_pending = match acquisition.when {
            When::Call => acquisition.at == Place::Entered,
            When::Await => !call.awaited || acquisition.at == Place::Entered,
            When::Use => true,
        };
        let mut next = if is_pending {
            Mode::Pending
        } else {
            Mode::Held
        };
        self.assign(&mut next, &mut taken, call.result, Some(Fact::Resource));
        ways.push(go(returns, next, taken));
        ways
    }

    /// What a call does to the resource.
    fn effect(&mut self, block: BlockId, call: &Call, mode: Mode, facts: &Facts) -> After {
        let view = Rc::clone(&self.view);
        let meaning = view.meaning(block);
        let receiver = match call.callee {
            Callee::Method(receiver, _) => facts.get(receiver),
            Callee::Local(_) => None,
        };
        if let Some(after) = self.scope_effect(call, mode, facts, receiver) {
            return after;
        }
        if self.releases(call, facts, receiver, &meaning.facts) {
            self.note_release(block);
            return After::all(Mode::Done);
        }
        if meaning.fact(Effect::Exits).is_some() {
            return After::all(Mode::Done);
        }
        let mut after = After::untouched(self.used(mode, call, facts, receiver));
        after.raises = if mode == Mode::Pending {
            after.raises
        } else {
            mode
        };
        for (fact, _) in &meaning.facts {
            self.library_effect(block, call, fact, facts, &mut after);
        }
        for function in meaning.functions.clone() {
            self.function_effect(block, call, function, facts, &mut after);
        }
        if let Callee::Local(local) = call.callee {
            for (function, role) in self.closures(facts, local) {
                self.apply(block, function, role, &mut after);
            }
        }
        if meaning.is_unknown() {
            self.unknown_effect(call, facts, receiver, &mut after);
        }
        after
    }

    /// Entering and leaving a scope that is, or manages, the resource.
    fn scope_effect(
        &mut self,
        call: &Call,
        mode: Mode,
        facts: &Facts,
        receiver: Option<Fact>,
    ) -> Option<After> {
        let receiver = receiver.filter(|fact| fact.reaches())?;
        let is_entered = matches!(self.subject, Subject::Taken(acquisition)
            if matches!(acquisition.at, Place::Entered | Place::ResultOrEntered) && acquisition.through.is_none()
                || matches!(acquisition.at, Place::Entered | Place::ResultOrEntered));
        match call.kind {
            CallKind::Enter if receiver == Fact::Manager || receiver.is_resource() => {
                let waits = matches!(self.subject, Subject::Taken(acquisition) if acquisition.when == When::Use);
                let entered = if mode == Mode::Pending && waits {
                    Mode::Pending
                } else {
                    Mode::Held
                };
                let mut after = After::untouched(entered);
                after.raises = if mode == Mode::Pending {
                    Mode::Idle
                } else {
                    mode
                };
                after.result = Some(Fact::Resource);
                let _ = facts;
                Some(after)
            }
            CallKind::Exit if receiver == Fact::Manager => Some(After::all(Mode::Done)),
            CallKind::Exit if receiver.is_resource() && is_entered => Some(After::all(Mode::Done)),
            CallKind::Exit if receiver.is_resource() => {
                let Callee::Method(_, name) = call.callee else {
                    return None;
                };
                let releases = self
                    .library_methods(name)
                    .iter()
                    .any(|fact| fact.has(Effect::Releases));
                releases.then(|| After::all(Mode::Done))
            }
            _ => None,
        }
    }

    /// Whether the call gives the resource back.
    fn releases(
        &self,
        call: &Call,
        facts: &Facts,
        receiver: Option<Fact>,
        known: &[(&CallFact, Option<Entity>)],
    ) -> bool {
        match call.callee {
            Callee::Local(local) if facts.get(local) == Some(Fact::Releaser) => return true,
            Callee::Method(_, name)
                if receiver == Some(Fact::Releaser) && ["call", "apply"].contains(&name.text()) =>
            {
                return true;
            }
            Callee::Method(_, name) if receiver.is_some_and(Fact::is_resource) => {
                let methods = self.library_methods(name);
                if methods
                    .iter()
                    .any(|fact| is_release(call, fact) && is_about_receiver(fact))
                {
                    return true;
                }
            }
            _ => {}
        }
        known.iter().any(|(fact, _)| {
            is_release(call, fact)
                && (target(call, fact, receiver.is_some())
                    .into_iter()
                    .flatten()
                    .any(|local| facts.reaches(local))
                    || (fact.target == Some(Place::TakenFromReceiver) && self.is_taken_from(call)))
        })
    }

    /// Whether the receiver of a call is what the resource was taken from.
    fn is_taken_from(&self, call: &Call) -> bool {
        let (Subject::Taken(acquisition), Callee::Method(receiver, _)) =
            (self.subject, call.callee)
        else {
            return false;
        };
        let Some(taking) = self.view.call(acquisition.block) else {
            return false;
        };
        let (Callee::Local(source) | Callee::Method(source, _)) = taking.callee;
        let made = |local: LocalId| {
            let entities = self.view.values.of(self.view.key, local).iter();
            entities
                .filter(|entity| matches!(entity, Entity::Instance(_, Some(_))))
                .copied()
        };
        made(source).any(|entity| made(receiver).any(|other| other == entity))
    }

    fn note_release(&mut self, block: BlockId) {
        if !self.releases.contains(&block) {
            self.releases.push(block);
        }
    }

    /// The mode once the call has used the resource: a session takes its connection at its first use.
    fn used(&self, mode: Mode, call: &Call, facts: &Facts, receiver: Option<Fact>) -> Mode {
        let waits_for_use =
            matches!(self.subject, Subject::Taken(acquisition) if acquisition.when == When::Use);
        let is_used = receiver.is_some_and(Fact::is_resource)
            || call
                .arguments
                .iter()
                .any(|argument| facts.is_resource(argument.value));
        if mode == Mode::Pending && waits_for_use && is_used && call.kind != CallKind::Exit {
            Mode::Held
        } else {
            mode
        }
    }

    fn library_effect(
        &mut self,
        block: BlockId,
        call: &Call,
        fact: &CallFact,
        facts: &Facts,
        after: &mut After,
    ) {
        let has_receiver = matches!(call.callee, Callee::Method(..));
        let is_any = matches!(fact.target, None | Some(Place::Receiver | Place::Arguments));
        let reaches = if is_any {
            call.arguments
                .iter()
                .any(|argument| facts.reaches(argument.value))
        } else {
            target(call, fact, false)
                .into_iter()
                .flatten()
                .any(|local| facts.reaches(local))
        };
        if fact.has(Effect::Keeps) && reaches {
            *after = After::all(Mode::Done);
            return;
        }
        if fact.has(Effect::Manages) && reaches {
            after.result = Some(Fact::Manager);
        }
        match fact.returns {
            Returns::Receiver if has_receiver => {
                if let Callee::Method(receiver, _) = call.callee {
                    after.result = facts.get(receiver).filter(|fact| fact.reaches());
                }
            }
            Returns::Argument(position) => {
                self.pass(call, call.arguments.get(position as usize), facts, after)
            }
            Returns::Arguments => self.gather(call, facts, after),
            _ => {}
        }
        if call
            .arguments
            .iter()
            .any(|argument| facts.get(argument.value) == Some(Fact::Releaser))
        {
            *after = After::all(Mode::Done);
            return;
        }
        for argument in &call.arguments {
            for (function, role) in self.closures(facts, argument.value) {
                if fact.has(Effect::CallsBack) {
                    self.apply(block, function, role, after);
                } else if self.summaries.outcome(function, role).may_take() {
                    *after = After::all(Mode::Done);
                }
            }
        }
    }

    /// A call that gives its argument back, awaited or not.
    fn pass(
        &self,
        call: &Call,
        argument: Option<&crate::ir::Argument>,
        facts: &Facts,
        after: &mut After,
    ) {
        let Some(fact) = argument
            .and_then(|argument| facts.get(argument.value))
            .filter(|fact| fact.reaches())
        else {
            return;
        };
        after.result = Some(fact);
        let waits_for_use =
            matches!(self.subject, Subject::Taken(acquisition) if acquisition.when == When::Use);
        if call.awaited && after.returns == Some(Mode::Pending) && !waits_for_use {
            after.returns = Some(Mode::Held);
            after.raises = Mode::Idle;
        }
    }

    /// Several awaited together: the result holds what the arguments hold.
    fn gather(&self, call: &Call, facts: &Facts, after: &mut After) {
        let position = call
            .arguments
            .iter()
            .position(|argument| facts.reaches(argument.value));
        let Some(position) = position else { return };
        let fact = facts.get(call.arguments[position].value);
        after.result = match fact {
            Some(Fact::Holder(key)) => Some(Fact::Holder(key)),
            _ => Some(Fact::Holder(Symbol::new(&position.to_string()))),
        };
        if call.awaited && after.returns == Some(Mode::Pending) {
            after.returns = Some(Mode::Held);
            // Another checkout may fail after this one has succeeded.
            after.raises = Mode::Held;
        }
    }

    fn function_effect(
        &mut self,
        block: BlockId,
        call: &Call,
        function: FunctionKey,
        facts: &Facts,
        after: &mut After,
    ) {
        let body = self.view.values.world().function(function);
        if let (Callee::Method(receiver, _), Some(_)) = (call.callee, body.receiver)
            && facts.is_resource(receiver)
        {
            self.apply(block, function, Role::Receiver, after);
        }
        for (position, argument) in call.arguments.iter().enumerate() {
            let closures = self.closures(facts, argument.value);
            for (closure, role) in closures {
                if self.summaries.outcome(closure, role).may_take() {
                    *after = After::all(Mode::Done);
                }
            }
            if !facts.reaches(argument.value) {
                continue;
            }
            let parameter = parameter_of(body, position, argument);
            let index = body
                .parameters
                .iter()
                .position(|declared| Some(declared.local) == parameter);
            match index.and_then(|index| u32::try_from(index).ok()) {
                Some(index) if facts.is_resource(argument.value) => {
                    self.apply(block, function, Role::Parameter(index), after);
                }
                _ => *after = After::all(Mode::Done),
            }
        }
    }

    /// Applies what a function does with the resource that it gets.
    fn apply(&mut self, block: BlockId, function: FunctionKey, role: Role, after: &mut After) {
        let outcome = self.summaries.outcome(function, role);
        let is_closure = matches!(role, Role::Captured(..));
        if outcome.may_take() {
            self.note_release(block);
        }
        after.returns = match (outcome.returns_held, outcome.returns_done) {
            (_, false) if outcome.returns_held => after.returns.or(Some(Mode::Held)),
            (false, false) => None,
            (false, true) => Some(Mode::Done),
            // A function that releases on some of its ways was told which by its arguments; a callback was not.
            (true, _) if is_closure => {
                after.returns_also = Some(Mode::Done);
                Some(Mode::Held)
            }
            (true, _) => Some(Mode::Done),
        };
        after.raises = if outcome.raises_held {
            after.raises
        } else {
            Mode::Done
        };
        if outcome.gives_back {
            after.result = Some(Fact::Resource);
        }
    }

    /// A callee nobody knows: what is passed to it is its own.
    fn unknown_effect(
        &mut self,
        call: &Call,
        facts: &Facts,
        receiver: Option<Fact>,
        after: &mut After,
    ) {
        if receiver == Some(Fact::Releaser) {
            let is_bound = matches!(call.callee, Callee::Method(_, name) if name == "bind");
            if is_bound {
                after.result = Some(Fact::Releaser);
                return;
            }
        }
        for argument in &call.arguments {
            if facts.reaches(argument.value) || self.closure_takes(facts, argument.value) {
                *after = After::all(Mode::Done);
            }
        }
        if matches!(receiver, Some(Fact::Holder(_))) {
            *after = After::all(Mode::Done);
        }
    }
}

/// The modes behind a call.
#[derive(Clone, Copy, Debug)]
struct After {
    /// Where it returns; nowhere, when it never does.
    returns: Option<Mode>,
    /// A second mode in which it may return.
    returns_also: Option<Mode>,
    /// Where it raises.
    raises: Mode,
    /// What the result is.
    result: Option<Fact>,
}

impl After {
    fn untouched(mode: Mode) -> Self {
        Self {
            returns: Some(mode),
            returns_also: None,
            raises: mode,
            result: None,
        }
    }

    fn all(mode: Mode) -> Self {
        Self {
            returns: Some(mode),
            returns_also: None,
            raises: mode,
            result: None,
        }
    }
}

/// Somebody else owns the resource from here on.
fn take(mode: &mut Mode, facts: &mut Facts) {
    if Held::is_active(*mode) {
        *mode = Mode::Done;
        facts.forget_resource();
    }
}

fn decide(test: Test, facts: &Facts) -> Option<bool> {
    match test {
        Test::Truthy(local) => facts.get(local)?.truth(),
        Test::Null(local) => match facts.get(local)? {
            Fact::Null | Fact::Constant(Constant::Null) => Some(true),
            Fact::MaybeResource => None,
            _ => Some(false),
        },
        Test::Equals(local, constant) => match facts.get(local)? {
            Fact::Constant(known) => Some(known == constant),
            _ => None,
        },
        Test::Unknown => None,
    }
}

/// Whether the call releases: what is released by awaiting is not released by a call that nobody awaits.
fn is_release(call: &Call, fact: &CallFact) -> bool {
    fact.has(Effect::Releases) && (fact.when != When::Await || call.awaited)
}

fn is_about_receiver(fact: &CallFact) -> bool {
    matches!(fact.target, None | Some(Place::Receiver))
}

/// The locals that a releasing call is about.
fn target(call: &Call, fact: &CallFact, has_receiver: bool) -> [Option<LocalId>; 2] {
    let receiver = match call.callee {
        Callee::Method(receiver, _) => Some(receiver),
        Callee::Local(_) => None,
    };
    let positional = |position: u32| {
        let argument = call.arguments.get(position as usize)?;
        argument.name.is_empty().then_some(argument.value)
    };
    let named = |name: Symbol| {
        call.arguments
            .iter()
            .find(|argument| argument.name == name)
            .map(|argument| argument.value)
    };
    match fact.target {
        None | Some(Place::Receiver) => [receiver.filter(|_| has_receiver), None],
        Some(Place::Argument(position)) => {
            // A keyword may carry what is usually the first argument.
            let keyword = call
                .arguments
                .iter()
                .find(|argument| !argument.name.is_empty());
            [positional(position), keyword.map(|argument| argument.value)]
        }
        Some(Place::Keyword(name)) => [named(name), None],
        Some(Place::ArgumentOrKeyword(position, name)) => [positional(position), named(name)],
        _ => [None, None],
    }
}

fn mentions_field(body: &crate::ir::Function, field: Symbol) -> bool {
    let statements = body.blocks.iter().flat_map(|block| &block.statements);
    let mut values = statements.filter_map(|statement| match &statement.action {
        Action::Assign(_, value) => Some(value),
        _ => None,
    });
    let reads = values.any(|value| matches!(value, Value::Field(_, name) if *name == field));
    reads
        || body.blocks.iter().any(|block| {
            matches!(&block.terminator, Terminator::Call { call, .. }
                if matches!(call.callee, Callee::Method(_, name) if name == field))
        })
}
