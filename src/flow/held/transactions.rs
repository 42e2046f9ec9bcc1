//! What a call does to the transaction that is followed, or to the connection that a session takes when it must.
use super::calls::After;
use super::calls::parameter_index;
use super::facts::{Fact, Facts};
use super::{Held, Mode, Subject};
use crate::flow::context::{self, Context};
use crate::flow::engine::{self, Exit, Solution};
use crate::flow::handed::Access;
use crate::flow::reached::Run;
use crate::flow::sites::{Kind, View};
use crate::flow::summary::{Purpose, Role, Shape, Summaries};
use crate::flow::{begins, handed, reached, targets};
use crate::ir::{Action, Argument, BlockId, Call, CallKind, Callee, LocalId, Terminator, Value};
use crate::library::{CallFact, Effect, Place};
use crate::link::FunctionKey;
use crate::link::meaning::Meaning;
use crate::link::values::Entity;
use std::rc::Rc;

/// The part of a function that runs while something is held.
#[derive(Clone, Debug, Default)]
pub struct Region {
    /// The calls, in order of block.
    pub calls: Vec<HeldCall>,
    /// The blocks that are entered with it held, in order.
    pub blocks: Vec<BlockId>,
}

impl Region {
    /// All of a function, none of whose calls gets what is held.
    pub fn whole(summaries: &mut Summaries<'_>, view: &View<'_>) -> Self {
        let calls = view.calls().filter(|(_, call)| !call.is_detached);
        let calls = calls.map(|(block, _)| HeldCall::without(summaries, view, block));
        Self {
            calls: calls.collect(),
            blocks: (0..view.body.blocks.len()).map(BlockId::new).collect(),
        }
    }
}

/// A function that a call runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Handed {
    /// The function.
    pub function: FunctionKey,
    /// How it gets what is held.
    pub role: Option<Role>,
    /// What the call tells it besides.
    pub context: Context,
}

/// A call that runs while something is held.
#[derive(Clone, Debug)]
pub struct HeldCall {
    /// The block that it ends.
    pub block: BlockId,
    /// The functions it runs.
    pub runs: Vec<Handed>,
    /// Its receiver is what is held.
    pub is_own: bool,
    /// Its callee is a function that was made with what is held, and uses it: `const find = finder({ db: tx })`. Or it gets
    /// that, and a function that uses it.
    pub is_over_it: bool,
    /// Of several functions that its callee may be, the caller has told which it is.
    pub is_told: bool,
}

impl HeldCall {
    /// The functions of which the call runs one, nobody knows which.
    pub fn alternatives(&self, view: &View<'_>) -> Vec<Vec<FunctionKey>> {
        if self.is_told {
            Vec::new()
        } else {
            targets::alternatives(view, self.block)
        }
    }

    /// A call none of whose functions gets what is held.
    fn without(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> Self {
        let functions = targets::run_by(view, block).into_iter();
        let runs = functions.map(|function| Handed {
            function,
            role: None,
            context: context::of_call(summaries, view, block, function, &|_, _| None),
        });
        Self {
            block,
            runs: runs.collect(),
            is_own: false,
            is_over_it: false,
            is_told: false,
        }
    }
}

impl Held<'_, '_> {
    /// What runs while what is followed is held.
    pub fn region(&mut self, solution: &Solution<Facts>) -> Region {
        self.region_in(solution, Mode::Held)
    }

    /// What runs in a mode.
    pub(super) fn region_in(&mut self, solution: &Solution<Facts>, wanted: Mode) -> Region {
        let view = Rc::clone(&self.view);
        let mut found = Region::default();
        let held = solution.blocks(wanted);
        for block in held.iter().copied() {
            let Some(facts) = solution.reaches(block, wanted) else {
                continue;
            };
            found.blocks.push(block);
            let Some(call) = view.call(block) else {
                continue;
            };
            if call.is_detached && !self.is_taken_beside()
                || targets::is_awaited_elsewhere(&view, block, &held)
            {
                continue;
            }
            let (mut mode, mut facts) = (wanted, facts.clone());
            for statement in &view.body.block(block).statements {
                self.statement(&mut mode, &mut facts, statement);
            }
            if mode == wanted {
                found.calls.push(HeldCall {
                    block,
                    runs: self.handed(block, &facts),
                    is_own: uses(call, &facts) && !self.is_on_pool(call),
                    is_over_it: matches!(call.callee, Callee::Local(callee)
                        if facts.get(callee).is_some_and(Fact::is_within))
                        || self.is_handed_twice(call, &facts),
                    is_told: told(call, &facts).next().is_some()
                        || self.method_told(call, &facts).is_some(),
                });
            }
        }
        let before = targets::awaited_in(&view, &held);
        found
            .calls
            .extend(before.map(|block| HeldCall::without(self.summaries, &view, block)));
        found
    }

    /// Whether what is followed is itself taken by a chain of promises that nobody awaits.
    fn is_taken_beside(&self) -> bool {
        match &self.subject {
            Subject::Taken(acquisition) => self
                .view
                .call(acquisition.block)
                .is_some_and(|call| call.is_detached),
            Subject::Given(_) => false,
        }
    }

    /// The functions that a call runs, each with how it gets what is followed.
    fn handed(&mut self, block: BlockId, facts: &Facts) -> Vec<Handed> {
        let view = Rc::clone(&self.view);
        let Some(call) = view.call(block) else {
            return Vec::new();
        };
        let mut functions = targets::run_by(&view, block);
        if let Some(method) = self.method_told(call, facts) {
            let others = &view.meaning(block).functions;
            functions.retain(|function| !others.contains(function));
            functions.push(method);
        }
        // What the caller has told is run, not what others tell.
        for (local, told) in told(call, facts) {
            let others = targets::functions_of(&view, local);
            functions.retain(|function| *function == told || !others.contains(function));
            // Of a wrapper with many callers, values know no more what it runs.
            if !functions.contains(&told) && targets::is_run(&view, block, local, told) {
                functions.push(told);
            }
        }
        functions
            .into_iter()
            .map(|function| Handed {
                function,
                role: self.role_in(call, function, facts),
                context: context::of_call(
                    self.summaries,
                    &view,
                    block,
                    function,
                    &|local, entry| {
                        if entry.is_empty() {
                            return facts.get(local).and_then(Fact::told);
                        }
                        let mut entries = self.told_entries.iter();
                        let told =
                            entries.find(|(object, name, _)| *object == local && *name == entry);
                        told.and_then(|(_, _, fact)| fact.told())
                    },
                ),
            })
            .collect()
    }

    /// Whether a call gets what is held and a function that uses it: `select(tx, () => tx.order.findMany())`.
    fn is_handed_twice(&mut self, call: &Call, facts: &Facts) -> bool {
        let arguments = || call.arguments.iter().map(|argument| argument.value);
        let is_handed = arguments().any(|local| facts.get(local).and_then(Fact::shape).is_some());
        is_handed && arguments().any(|local| !self.closures(facts, local).is_empty())
    }

    /// The method that a call runs, where the caller has told the class of its receiver and the call waits for it.
    fn method_told(&self, call: &Call, facts: &Facts) -> Option<FunctionKey> {
        let Callee::Method(receiver, _) = call.callee else {
            return None;
        };
        let Some(Fact::Object(class)) = facts.get(receiver) else {
            return None;
        };
        let method = context::method_told(self.view.values, call, class)?;
        targets::runs_as_callee(&self.view, call, method).then_some(method)
    }

    /// Whether a call is made on a pool: it takes another connection, also where the pool is what a transaction began on.
    fn is_on_pool(&self, call: &Call) -> bool {
        let (Callee::Method(callee, _) | Callee::Local(callee)) = call.callee;
        let values = self.view.values;
        let entities = values.of(self.view.key, callee);
        // What several callers pass may be a pool for one of them only.
        let mut each = entities.iter();
        matches!(self.subject, Subject::Taken(_))
            && !entities.is_empty()
            && each.all(|entity| match entity {
                Entity::Instance(path, _) => values.library().is_pool(*path),
                _ => false,
            })
    }

    /// How a function that a call runs gets what is followed.
    fn role_in(&mut self, call: &Call, function: FunctionKey, facts: &Facts) -> Option<Role> {
        let body = self.view.values.world().function(function);
        if let (Callee::Method(receiver, _), Some(_)) = (call.callee, body.receiver)
            && let Some(shape) = facts.get(receiver).and_then(Fact::shape)
        {
            return Some(Role::Receiver(shape));
        }
        for (position, argument) in call.arguments.iter().enumerate() {
            let Some(shape) = facts.get(argument.value).and_then(Fact::shape) else {
                continue;
            };
            if let Some(index) = parameter_index(body, position, argument) {
                return Some(Role::Parameter(index, shape));
            }
        }
        let locals = call.arguments.iter().map(|argument| argument.value);
        let callee = match call.callee {
            Callee::Local(local) => Some(local),
            Callee::Method(..) => None,
        };
        let locals: Vec<_> = locals.chain(callee).collect();
        locals.into_iter().find_map(|local| {
            let closures = self.closures(facts, local);
            let (_, role) = closures.into_iter().find(|(found, _)| *found == function)?;
            Some(role)
        })
    }

    /// Whether a call sends a statement over the session or connection that is followed.
    pub(super) fn sends(&mut self, block: BlockId, call: &Call, facts: &Facts) -> bool {
        if call.kind == CallKind::Exit {
            return false;
        }
        let view = Rc::clone(&self.view);
        if self.is_ambient(block) {
            return true;
        }
        let queries = |fact: &CallFact| fact.has(Effect::Queries) && !fact.has(Effect::Begins);
        let facts_of = &view.meaning(block).facts;
        if uses(call, facts) && facts_of.iter().any(|(fact, _)| queries(fact)) {
            return true;
        }
        let handed = self.handed(block, facts);
        handed.into_iter().any(|handed| {
            handed.role.is_some() && {
                let run = Run::of(handed, Purpose::Holding);
                self.summaries.reached(run).own.is_some()
            }
        })
    }

    /// Whether a statement goes over the connection of the scope that is open, whichever that is: `with db_session:`.
    fn is_ambient(&self, block: BlockId) -> bool {
        let Subject::Taken(begun) = &self.subject else {
            return false;
        };
        let package = |block, effect| {
            let fact = self.view.meaning(block).fact(effect);
            fact.map(|fact| reached::package(fact.callee))
        };
        let sent = package(block, Effect::Queries);
        begun.kind == Kind::Transaction
            && begun.resource.is_none()
            && sent.is_some()
            && sent == package(begun.block, Effect::Begins)
    }

    /// Ends of the transaction that [`Held::releases`] does not see: by a statement's text, by the end of its connection.
    pub(super) fn transaction_effect(
        &mut self,
        block: BlockId,
        call: &Call,
        mode: Mode,
        facts: &Facts,
    ) -> Option<After> {
        let view = Rc::clone(&self.view);
        let receiver = match call.callee {
            Callee::Method(receiver, _) => facts.get(receiver),
            Callee::Local(_) => None,
        };
        let ends = |fact: &CallFact| {
            (fact.has(Effect::Commits) || fact.has(Effect::RollsBack)) && !fact.has(Effect::Begins)
        };
        let methods = &view.meaning(block).facts;
        let ends = methods.iter().any(|(fact, _)| ends(fact));
        if ends && receiver == Some(Fact::Handle) {
            self.note_release(block);
            return Some(After::all(self.given_up()));
        }
        if self.purpose == Purpose::Holding && self.waits_for_use() {
            let language = view.values.world().language(view.key);
            let keeps = |path| view.values.library().keeps_connection(language, path);
            let goes_back = !self.resource.is_some_and(keeps);
            let is_receiver = receiver.is_some_and(Fact::is_resource);
            return (ends && is_receiver && goes_back).then(|| After::all(Mode::Pending));
        }
        if !self.purpose.is_transaction() {
            return None;
        }
        let sent = handed::sent(self.summaries, &view, block);
        if sent.is_some_and(|sent| sent.verb.ends() && is_on(sent.on, facts)) {
            self.note_release(block);
            return Some(After::all(self.given_up()));
        }
        let meaning = view.meaning(block);
        let release = self.matching(call, facts, receiver, meaning, &|fact| {
            fact.has(Effect::Releases)
        })?;
        // `client.release(error)`: what is more than the client says that it is thrown away, or may be.
        let is_bare = |argument: &Argument| {
            let fact = facts.get(argument.value);
            fact.is_some_and(|fact| fact.reaches() || fact.truth() == Some(false))
        };
        let mut after = After::all(Mode::Done);
        after.leaves_open = call.arguments.iter().all(is_bare)
            && mode == Mode::Held
            && self.purpose == Purpose::Finish
            && !release.has(Effect::RollsBack)
            && !release.has(Effect::Commits)
            && self.is_pooled();
        Some(after)
    }

    /// Whether what is followed is a client that a pool will hand out again.
    fn is_pooled(&self) -> bool {
        let language = self.view.values.world().language(self.view.key);
        let library = self.view.values.library();
        self.resource
            .is_some_and(|resource| library.is_client(language, resource))
    }

    /// The receiver of what begins stands for the transaction, and so does what it is read from or reads for.
    pub(super) fn mark_receiver(&self, facts: &mut Facts, receiver: LocalId) {
        let body = self.view.body;
        if !self.purpose.is_transaction() {
            facts.set(receiver, Some(Fact::Resource));
            return;
        }
        let is_cursor = self.is_cursor(receiver);
        let own = if is_cursor {
            Fact::Cursor
        } else {
            Fact::Resource
        };
        facts.set(receiver, Some(own));
        for (index, block) in body.blocks.iter().enumerate() {
            for statement in &block.statements {
                match &statement.action {
                    Action::Assign(target, Value::Field(object, name))
                        if *target == receiver && body.local(*object).name.text() != "" =>
                    {
                        facts.set(*object, Some(Fact::Holder(*name)));
                    }
                    _ => {}
                }
            }
            let Terminator::Call { call, .. } = &block.terminator else {
                continue;
            };
            let (Callee::Method(owner, _) | Callee::Local(owner)) = call.callee;
            if call.result != receiver || owner == receiver {
                continue;
            }
            if call.kind == CallKind::Enter {
                facts.set(owner, Some(Fact::Manager));
            } else if (is_cursor || self.derives(BlockId::new(index)))
                && !facts.reaches(owner)
                && !begins::is_of_pool(&self.view, owner)
            {
                self.mark_receiver(facts, owner);
            }
        }
    }

    /// Whether a call gives its receiver in another form.
    fn derives(&self, block: BlockId) -> bool {
        let facts = &self.view.meaning(block).facts;
        facts.iter().any(|(fact, _)| fact.derives)
    }

    fn is_cursor(&self, local: LocalId) -> bool {
        let language = self.view.values.world().language(self.view.key);
        let library = self.view.values.library();
        let entities = self.view.values.of(self.view.key, local).iter();
        let mut types = entities.filter_map(|entity| match entity {
            Entity::Instance(path, _) => Some(*path),
            _ => None,
        });
        types.any(|path| {
            library
                .noun(language, path)
                .is_some_and(|noun| noun == "cursor")
        })
    }

    /// How the way on which a client goes back with its transaction open ends.
    pub(super) fn left_open(mode: Mode, facts: Facts) -> engine::Step<Mode, Facts> {
        super::leaving(Exit::Release, mode, facts)
    }
}

/// Whether a call is made on what is followed, a part or a cursor of it.
fn uses(call: &Call, facts: &Facts) -> bool {
    let (Callee::Method(callee, _) | Callee::Local(callee)) = call.callee;
    facts.get(callee).is_some_and(|fact| match fact {
        fact if fact.is_within() => true,
        fact => fact.is_resource() || matches!(fact, Fact::Part | Fact::Cursor),
    })
}

/// The functions that a call runs, or hands on, of which the caller has told which they are.
fn told(call: &Call, facts: &Facts) -> impl Iterator<Item = (LocalId, FunctionKey)> {
    let callee = match call.callee {
        Callee::Local(local) => Some(local),
        Callee::Method(..) => None,
    };
    let arguments = call.arguments.iter().map(|argument| argument.value);
    let locals = arguments.chain(callee);
    locals.filter_map(|local| match facts.get(local) {
        Some(Fact::Function(function)) => Some((local, function)),
        _ => None,
    })
}

/// Whether a local reaches the connection that is followed, or a cursor of it.
fn is_on((local, shape): Access, facts: &Facts) -> bool {
    match (shape, facts.get(local)) {
        (Shape::Itself, Some(fact)) => fact.is_resource() || fact == Fact::Cursor,
        (Shape::Under(key), Some(Fact::Holder(known))) => key == known,
        _ => false,
    }
}

/// Whether a call gives the handle of a transaction that it begins on its receiver.
pub(super) fn gives_handle(call: &Call, meaning: &Meaning<'_>) -> bool {
    let gives = |fact: &CallFact| {
        let at = [Place::Entered, Place::ResultOrEntered];
        fact.has(Effect::Begins) && !fact.has(Effect::Acquires) && at.contains(&fact.at)
    };
    call.kind != CallKind::Enter && meaning.facts.iter().any(|(fact, _)| gives(fact))
}
