//! Where resources are taken.
//!
//! In: a function and what its calls mean. Out: its [`Acquisition`]s: calls that take a client out of a pool, make
//! a session or connection, or run a function that hands an owned one to its caller.
use super::order::{Order, Passing};
use super::summary::{Owned, Purpose, Query, Shape, Summaries};
use super::targets;
use super::text::Constants;
use crate::ir::{
    Action, BlockId, Call, CallKind, Callee, Function, LocalId, LocalKind, Piece, Site, Suspension,
    Terminator, Value,
};
use crate::library::{CallFact, Effect, Place, Returns, When};
use crate::link::FunctionKey;
use crate::link::meaning::Meaning;
use crate::link::values::{Entity, Values};
use crate::symbol::Symbol;
use rustc_hash::FxHashMap;
use std::cell::OnceCell;

/// A function with the meanings of its calls, each computed once.
#[derive(Debug)]
pub struct View<'p> {
    /// The function.
    pub key: FunctionKey,
    /// Its graph.
    pub body: &'p Function,
    /// The program's values.
    pub values: &'p Values<'p>,
    /// By block, where anything is known: most calls mean nothing to us.
    meanings: Vec<OnceCell<Option<Box<Meaning<'p>>>>>,
    unknown: Meaning<'p>,
    constants: OnceCell<Constants>,
    /// By local, the literal or operation that is all that is assigned to it.
    literals: OnceCell<FxHashMap<LocalId, Option<&'p Value>>>,
    order: OnceCell<Order>,
    passing: OnceCell<Passing>,
    promised: OnceCell<Vec<(BlockId, Vec<BlockId>)>>,
    /// By local: the first call of a method on it, and the first call that gives it.
    links: OnceCell<[FxHashMap<LocalId, BlockId>; 2]>,
}

impl<'p> View<'p> {
    /// A view of a function.
    pub fn new(values: &'p Values<'p>, key: FunctionKey) -> Self {
        let body = values.world().function(key);
        Self {
            key,
            body,
            values,
            meanings: body.blocks.iter().map(|_| OnceCell::new()).collect(),
            unknown: Meaning::default(),
            constants: OnceCell::new(),
            literals: OnceCell::new(),
            order: OnceCell::new(),
            passing: OnceCell::new(),
            promised: OnceCell::new(),
            links: OnceCell::new(),
        }
    }

    /// The first call of a method on a local: the next link of a chain.
    pub fn call_on(&self, receiver: LocalId) -> Option<(BlockId, &'p Call)> {
        let block = *self.links()[0].get(&receiver)?;
        Some((block, self.call(block)?))
    }

    /// The first call that gives a local.
    pub fn call_giving(&self, result: LocalId) -> Option<(BlockId, &'p Call)> {
        let block = *self.links()[1].get(&result)?;
        Some((block, self.call(block)?))
    }

    /// The object, and its field, that a local is first read from.
    pub fn field_read(&self, local: LocalId) -> Option<(LocalId, Symbol)> {
        let mut statements = self.body.blocks.iter().flat_map(|block| &block.statements);
        statements.find_map(|statement| match statement.action {
            Action::Assign(target, Value::Field(object, name)) if target == local => {
                Some((object, name))
            }
            _ => None,
        })
    }

    /// The scope whose entering gives a local.
    pub fn scope_giving(&self, local: LocalId) -> Option<LocalId> {
        let (_, entry) = self.call_giving(local)?;
        match entry.callee {
            Callee::Method(scope, _) if entry.kind == CallKind::Enter => Some(scope),
            _ => None,
        }
    }

    /// What stands in the texts that are assigned to a local and that something is filled into.
    pub fn pieces(&self, local: LocalId) -> impl Iterator<Item = Symbol> {
        let statements = self.body.blocks.iter().flat_map(|block| &block.statements);
        let pieces = statements.flat_map(move |statement| match &statement.action {
            Action::Assign(target, Value::Text(pieces)) if *target == local => &pieces[..],
            _ => &[],
        });
        pieces.filter_map(|piece| match piece {
            Piece::Text(text) => Some(*text),
            Piece::Hole(_) => None,
        })
    }

    fn links(&self) -> &[FxHashMap<LocalId, BlockId>; 2] {
        self.links.get_or_init(|| {
            let mut links = [FxHashMap::default(), FxHashMap::default()];
            for (block, call) in self.calls() {
                if let Callee::Method(receiver, _) = call.callee {
                    links[0].entry(receiver).or_insert(block);
                }
                links[1].entry(call.result).or_insert(block);
            }
            links
        })
    }

    /// The call that ends a block.
    pub fn call(&self, block: BlockId) -> Option<&'p Call> {
        self.body.block(block).call()
    }

    /// The entries of the only object literal that is assigned to a local.
    pub fn record(&self, local: LocalId) -> Option<&'p [(Symbol, LocalId)]> {
        match self.literal(local)? {
            Value::Record(entries) => Some(entries),
            _ => None,
        }
    }

    /// The parts of the only list or tuple that is assigned to a local.
    pub fn sequence(&self, local: LocalId) -> Option<&'p [LocalId]> {
        match self.literal(local)? {
            Value::Sequence(parts) => Some(parts),
            _ => None,
        }
    }

    /// The call that gives a local, where it is all that is ever assigned to it.
    pub fn only_call(&self, local: LocalId) -> Option<(BlockId, &'p Call)> {
        let is_parameter = matches!(self.body.local(local).kind, LocalKind::Parameter(_));
        let is_assigned = is_parameter || self.constants().is_assigned(local);
        let mut giving = self.calls().filter(|(_, call)| call.result == local);
        let only = giving.next().filter(|_| giving.next().is_none());
        only.filter(|_| !is_assigned)
    }

    /// The only value that is assigned to a local, where that is no other's and never null: a literal, an operation.
    pub fn literal(&self, local: LocalId) -> Option<&'p Value> {
        let literals = self.literals.get_or_init(|| {
            let mut found = FxHashMap::default();
            for statement in self.body.blocks.iter().flat_map(|block| &block.statements) {
                if let Action::Assign(target, value) = &statement.action {
                    let is_literal = matches!(
                        value,
                        Value::Record(_)
                            | Value::Sequence(_)
                            | Value::Text(_)
                            | Value::Operation(_)
                            | Value::Equality(..)
                    );
                    let is_first = !found.contains_key(target);
                    found.insert(*target, (is_literal && is_first).then_some(value));
                }
            }
            found.retain(|_, value| value.is_some());
            found
        });
        *literals.get(&local)?
    }

    /// The constants that locals stand for.
    pub fn constants(&self) -> &Constants {
        self.constants.get_or_init(|| Constants::new(self))
    }

    /// The calls that only promise, each with the blocks in which the promise is awaited.
    pub fn promised(&self) -> &[(BlockId, Vec<BlockId>)] {
        self.promised.get_or_init(|| targets::promised(self))
    }

    /// What can come after what.
    pub fn order(&self) -> &Order {
        self.order.get_or_init(|| Order::new(self.body))
    }

    /// Which blocks are passed while nothing raises.
    pub fn passing(&self) -> &Passing {
        self.passing.get_or_init(|| Passing::new(self.body))
    }

    /// What the function returns.
    pub fn returned(&self) -> impl Iterator<Item = LocalId> + use<'p> {
        let blocks = self.body.blocks.iter();
        blocks.filter_map(|block| match block.terminator {
            Terminator::Return(local) => Some(local),
            _ => None,
        })
    }

    /// The blocks that end in a call.
    pub fn calls(&self) -> impl Iterator<Item = (BlockId, &'p Call)> + use<'p> {
        self.body.calls()
    }

    /// What the call that ends a block may do.
    pub fn meaning(&self, block: BlockId) -> &Meaning<'p> {
        let meaning = self.meanings[block.index()].get_or_init(|| {
            let meaning = self.values.meaning(self.key, self.call(block)?);
            (!meaning.is_unknown()).then(|| Box::new(meaning))
        });
        meaning.as_deref().unwrap_or(&self.unknown)
    }
}

/// What kind of resource is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A client out of a pool.
    Client,
    /// A session or a driver connection.
    Session,
    /// A pool that the function makes for itself.
    Pool,
    /// A transaction.
    Transaction,
}

impl Kind {
    /// What messages call it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Pool => "pool",
        }
    }

    /// What is wrong with it where it should be over.
    pub fn state(self) -> &'static str {
        match self {
            Self::Client | Self::Session => "held",
            Self::Transaction | Self::Pool => "open",
        }
    }
}

/// A place where a resource is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acquisition {
    /// The call; copies of it (in a cleanup's copies) are the same place.
    pub site: Site,
    /// The callee alone.
    pub callee: Site,
    /// What is taken.
    pub kind: Kind,
    /// The type of the resource.
    pub resource: Option<Symbol>,
    /// Where it appears.
    pub at: Place,
    /// When it is really taken.
    pub when: When,
    /// The callback's parameter that releases it.
    pub releaser: Option<u32>,
    /// The function of the program that hands it out, where the call is to a wrapper.
    pub through: Option<FunctionKey>,
    /// The local that the result goes to.
    pub result: LocalId,
    /// A block whose end is the call.
    pub block: BlockId,
    /// The connection that a transaction begins on, where the call is handed it.
    pub on: Option<(LocalId, Shape)>,
}

impl Acquisition {
    /// Whether the call that ends a block is this place, or a copy of it. Entering a scope may stand at the same
    /// place as the call that makes the scope.
    pub fn is_at(&self, view: &View<'_>, block: BlockId) -> bool {
        let kind = |block| view.call(block).map(|call| call.kind);
        view.body.block(block).site == self.site && kind(block) == kind(self.block)
    }
}

/// The places in a function where resources are taken, in order, one per place in the source.
pub fn acquisitions(summaries: &mut Summaries<'_>, view: &View<'_>) -> Vec<Acquisition> {
    let mut found: Vec<Acquisition> = Vec::new();
    for index in 0..view.body.blocks.len() {
        let block = BlockId::new(index);
        if let Some(acquisition) = acquisition(summaries, view, block) {
            found.push(acquisition);
        }
    }
    found.sort_by_key(|acquisition| (acquisition.site, acquisition.block));
    found.dedup_by_key(|acquisition| acquisition.site);
    found
}

/// Whether the library data itself says that some call takes a resource, or hands on what a callback takes.
pub fn may_acquire(view: &View<'_>) -> bool {
    let blocks = (0..view.body.blocks.len()).map(BlockId::new);
    let takes = |fact: &CallFact| {
        kind(fact).is_some()
            || fact.has(Effect::Lends)
            || matches!(
                fact.returns,
                Returns::ResultOfArgument(_) | Returns::FirstOfArgument(_)
            )
    };
    let mut calls = blocks.filter(|block| view.call(*block).is_some());
    calls.any(|block| {
        view.meaning(block)
            .facts
            .iter()
            .any(|(fact, _)| takes(fact))
    })
}

fn acquisition(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
) -> Option<Acquisition> {
    let call = view.call(block)?;
    let meaning = view.meaning(block);
    let place = (view.body.block(block).site, block);
    for (fact, _) in &meaning.facts {
        if let Some(kind) = kind(fact)
            && is_followable(view, call, fact)
            && !is_given(view, call, fact)
        {
            return Some(by_fact(place, call, fact, kind));
        }
    }
    let injected = meaning
        .facts
        .iter()
        .filter_map(|(fact, _)| match fact.returns {
            Returns::ResultOfArgument(position) => call.arguments.get(position as usize),
            _ => None,
        });
    let injected = injected.flat_map(|argument| view.values.of(view.key, argument.value));
    let injected = injected.filter_map(|entity| match entity {
        Entity::Function(function) => Some(*function),
        _ => None,
    });
    for function in meaning.functions.iter().copied().chain(injected) {
        let function = &function;
        let body = view.values.world().function(*function);
        if body.traits.is_generator || body.traits.is_constructor {
            continue;
        }
        if let Some(owned) = summaries.owned(Query::Owned(*function, Purpose::Ownership)) {
            return Some(by_function(place, call, *function, &owned));
        }
    }
    yielded(summaries, view, place, call)
}

/// A session that a generator of the program yields, where only that is asked of it: `next(get_session())`. Nobody has the
/// generator, so that it ends at its `yield` before the session does anything, and nobody closes it afterwards.
fn yielded(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    place: (Site, BlockId),
    call: &Call,
) -> Option<Acquisition> {
    let mut facts = view.meaning(place.1).facts.iter();
    let position = facts.find_map(|(fact, _)| match fact.returns {
        Returns::FirstOfArgument(position) => Some(position),
        _ => None,
    })?;
    let generator = call.arguments.get(position as usize)?.value;
    let (made, making) = view.call_giving(generator)?;
    if view.body.local(generator).kind != LocalKind::Temporary {
        return None;
    }
    let mut functions = view.meaning(made).functions.iter();
    let only = functions.next().filter(|_| functions.next().is_none())?;
    let inner = summaries.view(*only);
    let opened = opened_and_yielded(&inner)?;
    Some(Acquisition {
        callee: making.callee_site,
        through: Some(*only),
        ..by_fact(place, call, opened, Kind::Session)
    })
}

/// What the data says of the call that opens the session which a generator yields, where that holds nothing before its
/// first statement.
fn opened_and_yielded<'p>(view: &View<'p>) -> Option<&'p CallFact> {
    let yields = |local: LocalId| {
        let mut blocks = view.body.blocks.iter();
        blocks.any(|block| match block.terminator {
            Terminator::Suspend { kind, value, .. } => kind == Suspension::Yield && value == local,
            _ => false,
        })
    };
    let entered = |scope: LocalId| {
        let mut calls = view.calls();
        let entry = calls.find(|(_, call)| {
            call.kind == CallKind::Enter
                && matches!(call.callee, Callee::Method(owner, _) if owner == scope)
        });
        entry.map(|(_, call)| call.result)
    };
    view.calls().find_map(|(block, call)| {
        let facts = view.meaning(block).facts.iter().map(|(fact, _)| *fact);
        let mut sessions = facts.filter(|fact| fact.has(Effect::Opens) && fact.when == When::Use);
        let fact = sessions.find(|fact| fact.at == Place::Result)?;
        let is_yielded = yields(call.result) || entered(call.result).is_some_and(yields);
        (is_yielded && !view.body.traits.is_async).then_some(fact)
    })
}

/// Whether the call is given what makes the effect not hold; among that is what it would make: `NewSession(session)`, where
/// that is `NewType("NewSession", Session)`.
pub(super) fn is_given(view: &View<'_>, call: &Call, fact: &CallFact) -> bool {
    let made = fact.resource.filter(|path| *path == fact.callee);
    let is_made =
        |entity: &Entity| matches!(entity, Entity::Instance(path, _) if Some(*path) == made);
    let first = call.arguments.first().map(|argument| argument.value);
    let first = first.map_or(&[][..], |local| view.values.of(view.key, local));
    if first.iter().any(is_made) {
        return true;
    }
    let Some(unless) = fact.unless_given else {
        return false;
    };
    let language = view.values.world().language(view.key);
    let is_it = |entity: &Entity| match entity {
        Entity::Instance(path, _) | Entity::External(path) => view
            .values
            .library()
            .lineage(language, *path)
            .any(|ancestor| ancestor == unless),
        _ => false,
    };
    let entities = call
        .arguments
        .iter()
        .flat_map(|argument| view.values.of(view.key, argument.value));
    // In an options object, too: `{ transaction }`.
    entities
        .into_iter()
        .any(|entity| is_it(entity) || view.values.entries(*entity).any(|entry| is_it(&entry)))
}

/// Whether the analysis can follow the resource: one that stays in the receiver only where that is a variable.
fn is_followable(view: &View<'_>, call: &Call, fact: &CallFact) -> bool {
    match (fact.at, call.callee) {
        (Place::Receiver, Callee::Method(receiver, _)) => {
            !view.body.local(receiver).name.is_empty()
        }
        _ => true,
    }
}

fn kind(fact: &CallFact) -> Option<Kind> {
    if fact.has(Effect::Acquires) {
        Some(Kind::Client)
    } else if fact.has(Effect::Opens) {
        Some(Kind::Session)
    } else {
        None
    }
}

fn by_fact(
    (site, block): (Site, BlockId),
    call: &Call,
    fact: &CallFact,
    kind: Kind,
) -> Acquisition {
    let releaser = match fact.releaser {
        Some(Place::CallbackParameter(position)) => Some(position),
        _ => None,
    };
    Acquisition {
        site,
        callee: call.callee_site,
        kind,
        resource: fact.resource,
        at: fact.at,
        when: fact.when,
        releaser,
        through: None,
        result: call.result,
        block,
        on: None,
    }
}

pub(super) fn by_function(
    (site, block): (Site, BlockId),
    call: &Call,
    function: FunctionKey,
    owned: &Owned,
) -> Acquisition {
    Acquisition {
        site,
        callee: call.callee_site,
        kind: owned.kind,
        resource: owned.resource,
        at: owned.at,
        when: owned.when,
        releaser: None,
        through: Some(function),
        result: call.result,
        block,
        on: None,
    }
}
