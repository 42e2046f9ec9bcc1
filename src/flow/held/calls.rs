//! What a call does to the resource.
use super::facts::{Fact, Facts};
use super::{Held, Mode, Subject, Ways, fail, fail_with, go, leaving, transactions};
use crate::flow::context;
use crate::flow::engine::{self, Exit};
use crate::flow::pools::ENDS;
use crate::flow::sites::{Acquisition, Kind};
use crate::flow::summary::{Callback, Purpose, Role, Shape};
use crate::ir::{
    Action, Argument, BlockId, Call, CallKind, Callee, Constant, Function, LocalId, Terminator,
    Value,
};
use crate::library::{CallFact, Effect, Place, Returns, When};
use crate::link::meaning::Meaning;
use crate::link::values::parameter_of;
use crate::symbol::Symbol;
use std::rc::Rc;

/// The modes behind a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct After {
    /// Where it returns; nowhere, when it never does.
    pub(super) returns: Option<Mode>,
    /// A second mode in which it may return.
    pub(super) returns_also: Option<Mode>,
    /// Where it raises; nowhere, when it never does.
    pub(super) raises: Option<Mode>,
    /// What the result is.
    pub(super) result: Option<Fact>,
    /// The client goes back to its pool with its transaction open.
    pub(super) leaves_open: bool,
    /// It is not known yet whether it goes on in any way: what it runs is still being looked at.
    pub(super) is_open: bool,
    /// The scope whose end is that of what is followed from here on.
    pub(super) ends_with: Option<LocalId>,
}

impl After {
    pub(super) fn all(mode: Mode) -> Self {
        Self {
            returns: Some(mode),
            returns_also: None,
            raises: Some(mode),
            result: None,
            leaves_open: false,
            is_open: false,
            ends_with: None,
        }
    }
}

impl<'p> Held<'_, 'p> {
    pub(super) fn call(
        &mut self,
        block: BlockId,
        call: &Call,
        (returns, raises): (BlockId, BlockId),
        mode: Mode,
        facts: Facts,
    ) -> Ways {
        let view = Rc::clone(&self.view);
        if let Subject::Taken(acquisition) = self.subject.clone()
            && acquisition.is_at(&view, block)
            && !matches!(acquisition.at, Place::CallbackParameter(_))
        {
            return self.acquire(acquisition, call, (returns, raises), mode, facts);
        }
        let mut after = if mode.is_active() {
            self.effect(block, call, mode, &facts)
        } else {
            After::all(mode)
        };
        after.result = after.result.or_else(|| self.class_test(call, &facts));
        if mode.is_active() && self.purpose.borrows() {
            after.result = after.result.or_else(|| self.made_over(block, call, &facts));
        }
        let mut ways = Vec::new();
        if after.is_open {
            return ways;
        }
        if after.leaves_open {
            ways.push(Self::left_open(mode, facts.clone()));
        }
        for next in [after.returns, after.returns_also].into_iter().flatten() {
            let (mut next, mut facts) = (next, facts.clone());
            facts.set(call.result, self.anew(call.result));
            if let Some(scope) = after.ends_with {
                facts.set(scope, Some(Fact::Manager));
            }
            if next == Mode::Done && mode.is_active() {
                facts.forget_resource();
            } else if let Some(fact) = after.result {
                self.assign(&mut next, &mut facts, call.result, Some(fact));
            }
            ways.push(go(returns, next, facts));
        }
        if mode.is_active() && after.returns == Some(Mode::Done) && !self.takes.contains(&block) {
            self.takes.push(block);
        }
        if let Some(raised) = after.raises
            && self.may_raise(block)
        {
            let mut facts = facts;
            if raised == Mode::Done && mode.is_active() {
                facts.forget_resource();
            }
            let meaning = view.meaning(block);
            let mut way = fail_with(raises, raised, facts, self.raised_error(meaning));
            if meaning.is_unknown() {
                way.weight += engine::MAY_RAISE;
            }
            ways.push(way);
        }
        ways
    }

    /// `isinstance(x, Model)`, where the caller has told the class of `x`.
    fn class_test(&self, call: &Call, facts: &Facts) -> Option<Fact> {
        let [tested, classes] = call.arguments[..] else {
            return None;
        };
        let Some(Fact::Object(class)) = facts.get(tested.value) else {
            return None;
        };
        let values = self.view.values;
        let holds = context::tests_class(values, self.view.key, call.callee)
            .then(|| context::is_instance(&self.view, class, classes.value))??;
        Some(Fact::Constant(Constant::Bool(holds)))
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
        let mut anew = facts.clone();
        anew.forget_resource();
        if mode == Mode::Held && self.purpose.is_transaction() {
            // A transaction within a transaction is a savepoint.
            ways.push(fail(raises, mode, facts.clone()));
            ways.push(go(returns, mode, facts));
            return ways;
        }
        if mode == Mode::Held {
            ways.push(leaving(Exit::Overwrite, mode, facts));
            ways.push(fail(raises, Mode::Done, anew.clone()));
        } else {
            ways.push(fail(raises, mode, facts));
        }
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
        match (acquisition.at, call.callee) {
            _ if let Some((local, shape)) = acquisition.on => {
                anew.set(local, Some(Fact::of(shape)));
                if shape == Shape::Itself {
                    self.mark_receiver(&mut anew, local);
                }
            }
            (Place::Receiver, Callee::Method(receiver, _)) => {
                self.mark_receiver(&mut anew, receiver);
            }
            (_, Callee::Method(receiver, _)) if call.kind == CallKind::Enter => {
                anew.set(receiver, Some(Fact::Manager));
                self.assign(&mut next, &mut anew, call.result, Some(Fact::Resource));
            }
            (at, callee) => {
                if let (true, Callee::Method(receiver, _)) = (
                    self.purpose.is_transaction() && at != Place::Entered,
                    callee,
                ) {
                    self.mark_receiver(&mut anew, receiver);
                }
                self.assign(&mut next, &mut anew, call.result, Some(Fact::Resource));
            }
        }
        ways.push(go(returns, next, anew));
        ways
    }

    fn effect(&mut self, block: BlockId, call: &Call, mode: Mode, facts: &Facts) -> After {
        let view = Rc::clone(&self.view);
        let meaning = view.meaning(block);
        let receiver = match call.callee {
            Callee::Method(receiver, _) => facts.get(receiver),
            Callee::Local(_) => None,
        };
        if let Some(after) = self.scope_effect(block, call, mode, receiver) {
            return after;
        }
        if self.releases(call, facts, receiver, meaning) {
            self.note_release(block);
            let releases = meaning.fact(Effect::Releases).is_some();
            let over = if releases {
                Mode::Done
            } else {
                self.given_up()
            };
            return After::all(over);
        }
        if let Some(after) = self.transaction_effect(block, call, mode, facts) {
            return after;
        }
        if meaning.fact(Effect::Exits).is_some() {
            return After::all(Mode::Done);
        }
        let mut after = self.used(block, call, mode, facts, meaning);
        let is_derived = self.purpose != Purpose::Ownership && receiver == Some(Fact::Cursor);
        if let (Callee::Method(_, name), true) = (
            call.callee,
            is_derived || receiver.is_some_and(Fact::is_resource),
        ) {
            after.result = self.derived(name, meaning);
            if mode == Mode::Pending
                && self.waits_for_use()
                && transactions::gives_handle(call, meaning)
            {
                after.result = Some(Fact::Handle);
            }
        }
        for (fact, _) in &meaning.facts {
            self.library_effect(block, call, fact, facts, &mut after);
        }
        if meaning.functions.is_empty() && self.purpose.borrows() {
            after.result = after.result.or(receiver.filter(|fact| fact.is_within()));
        }
        self.functions_effect(block, call, facts, &mut after);
        let is_plain = meaning.functions.is_empty() && !meaning.constructs.is_empty();
        if meaning.is_unknown() || is_plain {
            // A class without a constructor of its own (a dataclass, say) keeps what it is given.
            self.unknown_effect(call, facts, receiver, &mut after);
        }
        after
    }

    fn is_python(&self) -> bool {
        self.view.values.world().language(self.view.key).is_python()
    }

    fn is_pool(&self) -> bool {
        matches!(&self.subject, Subject::Taken(acquisition) if acquisition.kind == Kind::Pool)
    }

    /// What a method of the resource gives: whether it is held, or a cursor.
    fn derived(&self, name: Symbol, meaning: &Meaning<'_>) -> Option<Fact> {
        if let Some(held) = self.tells_held(name) {
            return Some(Fact::Constant(Constant::Bool(held)));
        }
        let language = self.view.values.world().language(self.view.key);
        let library = self.view.values.library();
        let is_cursor = meaning.facts.iter().any(|(fact, _)| match fact.returns {
            Returns::Type(path) => library
                .noun(language, path)
                .is_some_and(|noun| noun == "cursor"),
            _ => false,
        });
        let derives = self.purpose != Purpose::Ownership
            && meaning.facts.iter().any(|(fact, _)| fact.derives);
        (is_cursor || derives).then_some(Fact::Cursor)
    }

    /// Entering and leaving a scope that is, manages or belongs to the resource.
    fn scope_effect(
        &mut self,
        block: BlockId,
        call: &Call,
        mode: Mode,
        receiver: Option<Fact>,
    ) -> Option<After> {
        if call.kind == CallKind::Exit && self.leaves_lender(call) {
            return Some(After::all(Mode::Done));
        }
        let receiver = receiver?;
        let gives_scope = matches!(&self.subject, Subject::Taken(acquisition)
            if matches!(acquisition.at, Place::Entered | Place::ResultOrEntered));
        let Callee::Method(_, name) = call.callee else {
            return None;
        };
        match call.kind {
            // `with conn.cursor() as cursor:`
            CallKind::Enter if matches!(receiver, Fact::Cursor | Fact::Handle) => {
                let mut after = After::all(mode);
                after.result = Some(receiver);
                Some(after)
            }
            CallKind::Exit if receiver == Fact::Handle => {
                self.note_release(block);
                Some(After::all(self.given_up()))
            }
            CallKind::Enter if receiver == Fact::Part => {
                let mut after = After::all(mode);
                after.result = Some(Fact::Resource);
                Some(after)
            }
            CallKind::Enter if receiver == Fact::Manager || receiver.is_resource() => {
                let entered = if mode == Mode::Pending && !self.waits_for_use() {
                    Mode::Held
                } else {
                    mode
                };
                let mut after = After::all(entered);
                after.raises = Some(if mode == Mode::Pending {
                    Mode::Idle
                } else {
                    mode
                });
                after.result = Some(Fact::Resource);
                Some(after)
            }
            CallKind::Exit if receiver == Fact::Manager => Some(After::all(Mode::Done)),
            CallKind::Exit if receiver.is_resource() && gives_scope => Some(After::all(Mode::Done)),
            CallKind::Exit if receiver.is_resource() => {
                let methods = self.library_methods(name);
                let releases = methods.iter().any(|fact| fact.has(Effect::Releases));
                let ends = methods.iter().any(|fact| self.gives_up(fact));
                let over = if releases {
                    Mode::Done
                } else {
                    self.given_up()
                };
                (releases || ends).then(|| After::all(over))
            }
            _ => None,
        }
    }

    /// Whether the scope that is left is the one whose entry gave the session: `with unit() as session:`. Its maker ends
    /// what the session began.
    fn leaves_lender(&self, exit: &Call) -> bool {
        let (Subject::Given(given), Callee::Method(scope, _)) = (&self.subject, exit.callee) else {
            return false;
        };
        let lends = |call: &Call| {
            call.kind == CallKind::Enter
                && matches!(call.callee, Callee::Method(owner, _) if owner == scope)
                && given.locals.contains(&(call.result, Shape::Itself))
        };
        given.waits_for_use && self.view.calls().any(|(_, call)| lends(call))
    }

    /// Whether the call gives the resource back, or ends the transaction.
    fn releases(
        &self,
        call: &Call,
        facts: &Facts,
        receiver: Option<Fact>,
        meaning: &Meaning<'_>,
    ) -> bool {
        match call.callee {
            Callee::Local(local) if facts.get(local) == Some(Fact::Releaser) => return true,
            Callee::Method(_, name) if receiver == Some(Fact::Releaser) => {
                return ["call", "apply"].contains(&name.text());
            }
            Callee::Method(_, name)
                if receiver.is_some_and(Fact::is_resource)
                    && self.is_pool()
                    && ENDS.contains(&name.text()) =>
            {
                return true;
            }
            _ => {}
        }
        let gives_up = |fact: &CallFact| self.is_release(call, fact);
        self.matching(call, facts, receiver, meaning, &gives_up)
            .is_some()
    }

    /// What the data says, in the wanted way, of a call that is about the resource.
    pub(super) fn matching<'m>(
        &self,
        call: &Call,
        facts: &Facts,
        receiver: Option<Fact>,
        meaning: &Meaning<'m>,
        wanted: &dyn Fn(&CallFact) -> bool,
    ) -> Option<&'m CallFact>
    where
        'p: 'm,
    {
        if let (Callee::Method(_, name), true) =
            (call.callee, receiver.is_some_and(Fact::is_resource))
        {
            let methods = self.library_methods(name).iter();
            let mut about = methods.filter(|fact| is_about_receiver(fact));
            if let Some(fact) = about.find(|fact| wanted(fact)) {
                return Some(fact);
            }
        }
        let facts_of = meaning.facts.iter().map(|(fact, _)| *fact);
        facts_of.filter(|fact| wanted(fact)).find(|fact| {
            let reaches = target(call, fact)
                .into_iter()
                .flatten()
                .any(|local| facts.reaches(local));
            // A registry that gave the session which began stands for it.
            let is_registry = self.purpose.is_transaction() && receiver == Some(Fact::Resource);
            reaches
                || fact.target == Some(Place::TakenFromReceiver)
                    && (is_registry || self.is_taken_from(call))
        })
    }

    /// Whether the call releases: what is released by awaiting is not released by a call whose result nobody uses.
    fn is_release(&self, call: &Call, fact: &CallFact) -> bool {
        self.gives_up(fact)
            && (fact.when != When::Await || call.awaited || is_used(self.view.body, call.result))
    }

    /// The mode once what is followed is given up: a session that commits begins anew with its next statement.
    pub(super) fn given_up(&self) -> Mode {
        if self.purpose.borrows() && self.waits_for_use() {
            Mode::Pending
        } else {
            Mode::Done
        }
    }

    /// Somebody else may have it from here on, unless he only borrows it.
    pub(super) fn give_away(&self, after: &mut After) {
        if !self.purpose.borrows() {
            *after = After::all(Mode::Done);
        }
    }

    pub(super) fn note_release(&mut self, block: BlockId) {
        if !self.releases.contains(&block) {
            self.releases.push(block);
        }
    }

    /// The modes once the call has used the resource: a session takes its connection at its first use. A statement
    /// that fails has taken it; anything else that fails (connecting, say) has not.
    fn used(
        &mut self,
        block: BlockId,
        call: &Call,
        mode: Mode,
        facts: &Facts,
        meaning: &Meaning<'_>,
    ) -> After {
        let is_used = |local| {
            facts
                .get(local)
                .is_some_and(|fact| fact.is_resource() || fact == Fact::Part)
        };
        let is_receiver = matches!(call.callee, Callee::Method(receiver, _) if is_used(receiver));
        let is_argument = call
            .arguments
            .iter()
            .any(|argument| facts.is_resource(argument.value));
        let mut after = After::all(mode);
        if self.purpose != Purpose::Ownership {
            if mode == Mode::Pending && self.waits_for_use() && self.sends(block, call, facts) {
                after.returns = Some(Mode::Held);
                after.raises = Some(Mode::Held);
                if !self.statements.contains(&block) {
                    self.statements.push(block);
                }
            }
            return after;
        }
        if mode == Mode::Pending
            && self.waits_for_use()
            && (is_receiver || is_argument)
            && call.kind != CallKind::Exit
            && (self.is_pool() || self.is_python() || !is_idle(meaning))
        {
            after.returns = Some(Mode::Held);
            let sends = [Effect::Queries, Effect::Commits];
            let is_opaque = meaning.is_unknown() || !meaning.functions.is_empty();
            if is_opaque || sends.iter().any(|effect| meaning.fact(*effect).is_some()) {
                after.raises = Some(Mode::Held);
            }
        }
        after
    }

    fn library_effect(
        &mut self,
        block: BlockId,
        call: &Call,
        fact: &CallFact,
        facts: &Facts,
        after: &mut After,
    ) {
        let is_any = matches!(fact.target, None | Some(Place::Receiver | Place::Arguments));
        let reaches = if is_any {
            call.arguments
                .iter()
                .any(|argument| facts.reaches(argument.value))
        } else {
            target(call, fact)
                .into_iter()
                .flatten()
                .any(|local| facts.reaches(local))
        };
        let stores = [
            Effect::Keeps,
            Effect::Defers,
            Effect::RunsOnce,
            Effect::RunsPerCall,
        ];
        let hands_releaser = call
            .arguments
            .iter()
            .any(|argument| facts.get(argument.value) == Some(Fact::Releaser));
        if reaches && self.entered_by(call, fact, after) {
            return;
        }
        if (fact.has(Effect::Keeps) && reaches)
            || (hands_releaser
                && (stores.iter().any(|effect| fact.has(*effect)) || fact.has(Effect::CallsBack)))
        {
            self.give_away(after);
            return;
        }
        let manages_receiver = fact.target == Some(Place::Receiver)
            && matches!(call.callee, Callee::Method(receiver, _) if facts.is_resource(receiver));
        if fact.has(Effect::Manages) && (manages_receiver || (reaches && self.closing_releases())) {
            after.result = Some(Fact::Manager);
        }
        match (fact.returns, call.callee) {
            (Returns::Receiver, Callee::Method(receiver, _)) => {
                // A link of a builder's chain sends over the connection that the builder is from.
                let is_link =
                    |fact: &Fact| self.purpose != Purpose::Ownership && *fact == Fact::Cursor;
                let is_it = |fact: &Fact| fact.reaches() || is_link(fact);
                after.result = facts.get(receiver).filter(is_it);
            }
            (Returns::Argument(position), _) => {
                self.pass(call, call.arguments.get(position as usize), facts, after);
            }
            (Returns::Arguments, _) => self.gather(call, facts, after),
            _ => {}
        }
        self.callback_effect(block, call, fact, facts, after);
    }

    /// `stack.enter_context(scope)`, in a function that has the stack as a scope of its own: what is entered is open until
    /// that ends. Nobody else owes anything.
    fn entered_by(&self, call: &Call, fact: &CallFact, after: &mut After) -> bool {
        let Callee::Method(stack, _) = call.callee else {
            return false;
        };
        let enters = matches!(fact.returns, Returns::EnteredArgument(_));
        if !enters || !self.purpose.borrows() {
            return false;
        }
        let Some(scope) = self.view.scope_giving(stack) else {
            return false;
        };
        if after.returns == Some(Mode::Pending) && !self.waits_for_use() {
            after.returns = Some(Mode::Held);
            after.raises = Some(Mode::Idle);
        }
        after.result = Some(Fact::Resource);
        after.ends_with = Some(scope);
        true
    }

    /// Whether closing the resource, as `closing` does, releases it.
    fn closing_releases(&self) -> bool {
        let releases = |name| {
            self.library_methods(Symbol::new(name))
                .iter()
                .any(|fact| fact.has(Effect::Releases))
        };
        self.resource.is_none() || releases("close") || releases("aclose")
    }

    /// Callbacks of a callee that the data knows: run here, or stored for later.
    fn callback_effect(
        &mut self,
        block: BlockId,
        call: &Call,
        fact: &CallFact,
        facts: &Facts,
        after: &mut After,
    ) {
        let is_first_use = after.returns == Some(Mode::Held) && after.raises == Some(Mode::Pending);
        let is_unused = after.returns == Some(Mode::Pending) && self.waits_for_use();
        for argument in &call.arguments {
            for (function, role) in self.closures(facts, argument.value) {
                if fact.has(Effect::CallsBack) {
                    let role = match role {
                        Role::Environment(number, _) if is_first_use => {
                            Role::Environment(number, Callback::MayFail)
                        }
                        Role::Environment(number, _) if is_unused => {
                            Role::Environment(number, Callback::Unused)
                        }
                        role => role,
                    };
                    self.apply(block, function, role, after);
                    self.apply_both(function, role, after);
                } else if self
                    .summaries
                    .outcome(function, role, self.purpose)
                    .may_take()
                {
                    self.give_away(after);
                }
            }
        }
        // A function that is run with the other arguments gets the resource with them.
        let runs =
            fact.has(Effect::CallsBack) && self.view.values.callback(self.view.key, call).is_none();
        if runs
            && call
                .arguments
                .iter()
                .any(|argument| facts.reaches(argument.value))
        {
            self.give_away(after);
        }
    }

    /// A call that gives its argument back, awaited or not.
    fn pass(&self, call: &Call, argument: Option<&Argument>, facts: &Facts, after: &mut After) {
        let fact = argument
            .and_then(|argument| facts.get(argument.value))
            .filter(|fact| fact.reaches());
        let Some(fact) = fact else { return };
        after.result = Some(fact);
        if call.awaited && after.returns == Some(Mode::Pending) && !self.waits_for_use() {
            after.returns = Some(Mode::Held);
            after.raises = Some(Mode::Idle);
        }
    }

    /// Several awaited together: the result holds what the arguments hold.
    fn gather(&self, call: &Call, facts: &Facts, after: &mut After) {
        let position = call
            .arguments
            .iter()
            .position(|argument| facts.reaches(argument.value));
        let Some((position, argument)) =
            position.and_then(|position| Some((position, call.arguments.get(position)?)))
        else {
            return;
        };
        after.result = match facts.get(argument.value) {
            Some(Fact::Holder(key)) => Some(Fact::Holder(key)),
            _ => Some(Fact::Holder(Symbol::new(&position.to_string()))),
        };
        if call.awaited && after.returns == Some(Mode::Pending) && !self.waits_for_use() {
            after.returns = Some(Mode::Held);
            // Another checkout may fail after this one has succeeded.
            after.raises = Some(Mode::Held);
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
        if receiver == Some(Fact::Releaser)
            && matches!(call.callee, Callee::Method(_, name) if name == "bind")
        {
            after.result = Some(Fact::Releaser);
            return;
        }
        let keeps = call
            .arguments
            .iter()
            .any(|argument| self.hands_over(facts, argument.value));
        if keeps || matches!(receiver, Some(Fact::Holder(_))) {
            self.give_away(after);
        }
    }
}

/// Whether a call does no I/O: `client.on("error", log)`.
fn is_idle(meaning: &Meaning<'_>) -> bool {
    const WORKS: [Effect; 6] = [
        Effect::Queries,
        Effect::Begins,
        Effect::Commits,
        Effect::RollsBack,
        Effect::CallsBack,
        Effect::Releases,
    ];
    let is_idle = |fact: &CallFact| {
        fact.has(Effect::CannotRaise) && !WORKS.iter().any(|work| fact.has(*work))
    };
    meaning.functions.is_empty()
        && !meaning.facts.is_empty()
        && meaning.facts.iter().all(|(fact, _)| is_idle(fact))
}

fn is_about_receiver(fact: &CallFact) -> bool {
    matches!(fact.target, None | Some(Place::Receiver))
}

/// The locals that a call is about.
fn target(call: &Call, fact: &CallFact) -> [Option<LocalId>; 2] {
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
    match (fact.target, call.callee) {
        (None | Some(Place::Receiver), Callee::Method(receiver, _)) => [Some(receiver), None],
        (Some(Place::Argument(position)), _) => [positional(position), None],
        (Some(Place::Keyword(name)), _) => [named(name), None],
        (Some(Place::ArgumentOrKeyword(position, name)), _) => [positional(position), named(name)],
        _ => [None, None],
    }
}

/// Whether anything uses a local.
fn is_used(body: &Function, local: LocalId) -> bool {
    body.blocks.iter().any(|block| {
        let by_statement = block
            .statements
            .iter()
            .any(|statement| match &statement.action {
                Action::Assign(_, Value::Local(source)) => *source == local,
                Action::Assign(_, Value::Sequence(parts)) => parts.contains(&local),
                Action::SetField(_, _, value) | Action::SetItem(_, _, value) => *value == local,
                Action::Assign(..) => false,
            });
        by_statement
            || match &block.terminator {
                Terminator::Call { call, .. } => call
                    .arguments
                    .iter()
                    .any(|argument| argument.value == local),
                Terminator::Suspend { value, .. } | Terminator::Return(value) => *value == local,
                _ => false,
            }
    })
}

/// The position of the parameter that an argument goes to.
pub(in crate::flow) fn parameter_index(
    body: &Function,
    position: usize,
    argument: &Argument,
) -> Option<u32> {
    let parameter = parameter_of(body, position, argument)?;
    let mut declared = body.parameters.iter();
    let index = declared.position(|declared| declared.local == parameter)?;
    u32::try_from(index).ok()
}
