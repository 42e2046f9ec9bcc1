//! How large the collections are that loops go over.
//!
//! In: a local. Out: its [`Size`], followed back to where it comes from: literals, slices and limited queries are bounded;
//! the rows of a table, what a client sends and the lines of a file are not; of anything else nothing is known.
use super::queries;
use super::reach::Reach;
use super::rounds;
use super::sites::View;
use super::summary::Summaries;
use crate::ir::{Action, BlockId, Call, CallKind, Callee, LocalId, LocalKind, Terminator, Value};
use crate::library::{CallFact, Effect, Place, Returns};
use crate::link::FunctionKey;
use crate::link::values::{Entity, argument_for};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// Variables that one collection is followed through.
const SEARCH_LIMIT: usize = 400;

/// Fields between a handler's parameter and what a client sends: `ctx.request.body`.
const PAYLOAD_LIMIT: u32 = 3;

/// How large a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Something bounds it.
    Bounded,
    /// Nothing is known.
    Unknown,
    /// Nothing bounds it, yet it may well be small: what somebody passes of whom nothing is known, the rows that belong
    /// to one other row.
    Open,
    /// It grows with data: rows of a table, what a client sends, lines of a file.
    Unbounded,
}

impl Size {
    /// The size of what may be any of several. One unbounded way suffices, unless another says that it bounds it:
    /// `rows = rows[:100]`.
    fn of_any(sizes: &[Self]) -> Self {
        if sizes.contains(&Self::Bounded) {
            return Self::Bounded;
        }
        sizes.iter().copied().max().unwrap_or(Self::Unknown)
    }

    /// Whether it is not known to be bounded, and something says so.
    pub fn is_open(self) -> bool {
        self >= Self::Open
    }
}

/// The size of the collection that a local stands for.
pub fn size(
    summaries: &mut Summaries<'_>,
    reach: &Reach,
    function: FunctionKey,
    local: LocalId,
) -> Size {
    let mut search = Search {
        summaries,
        reach,
        seen: FxHashSet::default(),
    };
    search.of_local(function, local)
}

/// One collection that is followed back; each variable is looked at once.
struct Search<'s, 'p> {
    summaries: &'s mut Summaries<'p>,
    reach: &'s Reach,
    seen: FxHashSet<(FunctionKey, LocalId)>,
}

impl<'p> Search<'_, 'p> {
    fn of_local(&mut self, function: FunctionKey, local: LocalId) -> Size {
        let (function, local) = self.summaries.values.world().origin(function, local);
        if self.seen.len() >= SEARCH_LIMIT || !self.seen.insert((function, local)) {
            return Size::Unknown;
        }
        let view = self.summaries.view(function);
        let mut sizes = self.definitions(&view, local);
        if let LocalKind::Parameter(position) = view.body.local(local).kind {
            sizes.push(self.of_parameter(function, (position, local)));
        }
        Size::of_any(&sizes)
    }

    /// The sizes of what is assigned to a local.
    fn definitions(&mut self, view: &Rc<View<'p>>, local: LocalId) -> Vec<Size> {
        let mut sizes = Vec::new();
        for (index, block) in view.body.blocks.iter().enumerate() {
            for statement in &block.statements {
                if let Action::Assign(target, value) = &statement.action
                    && *target == local
                {
                    sizes.push(self.of_value(view, BlockId::new(index), local, value));
                }
            }
            match &block.terminator {
                Terminator::Call { call, .. } if call.result == local => {
                    sizes.push(self.of_call(view, BlockId::new(index)));
                }
                Terminator::Suspend { value, result, .. }
                    if *result == local && *value != local =>
                {
                    sizes.push(self.of_local(view.key, *value));
                }
                _ => {}
            }
        }
        sizes
    }

    fn of_value(
        &mut self,
        view: &Rc<View<'p>>,
        block: BlockId,
        target: LocalId,
        value: &Value,
    ) -> Size {
        match value {
            Value::Local(source) => self.of_local(view.key, *source),
            Value::Sequence(parts) => self.of_parts(view, block, target, parts),
            Value::Record(_) | Value::Constant(_) => Size::Bounded,
            // A key that is computed is a slice: `rows[:100]`, `rows[i:i + 100]`.
            Value::Item(_, key) if is_operation(view, *key) => Size::Bounded,
            Value::Field(object, _) | Value::Item(object, _)
                if is_payload(view, *object, PAYLOAD_LIMIT) =>
            {
                Size::Unbounded
            }
            Value::Field(..) if is_payload(view, target, PAYLOAD_LIMIT) => Size::Unbounded,
            // `const { rows } = await client.query(...)`, `const [rows] = ...`: an answer keeps its rows in a field.
            Value::Field(object, _) | Value::Item(object, _) if is_answer(view, *object) => {
                self.of_local(view.key, *object)
            }
            _ => Size::Unknown,
        }
    }

    /// What a comprehension or a loop collects is as large as what it goes over.
    fn of_parts(
        &mut self,
        view: &Rc<View<'p>>,
        block: BlockId,
        target: LocalId,
        parts: &[LocalId],
    ) -> Size {
        let mut blocks: Vec<BlockId> = Vec::new();
        if parts.is_empty() {
            blocks.extend(rounds::kept_in(view, target));
        }
        blocks.extend(parts.iter().filter_map(|part| defined_in(view, *part)));
        let around = blocks.into_iter();
        let around = around.filter_map(|part| rounds::collection_around(view, part, block));
        let around: Vec<LocalId> = around.collect();
        if around.is_empty() {
            return Size::Bounded;
        }
        let sizes = around
            .into_iter()
            .map(|local| self.of_local(view.key, local));
        sizes.max().unwrap_or(Size::Unknown)
    }

    fn of_call(&mut self, view: &Rc<View<'p>>, block: BlockId) -> Size {
        let Some(call) = view.call(block) else {
            return Size::Unknown;
        };
        if queries::is_limited(self.summaries, view, block) {
            return Size::Bounded;
        }
        let meaning = view.meaning(block);
        let mut sizes = Vec::new();
        for (fact, _) in &meaning.facts {
            sizes.extend(self.of_fact(view, call, fact));
        }
        if let (CallKind::Enter, Callee::Method(receiver, _)) = (call.kind, call.callee) {
            sizes.push(self.of_local(view.key, receiver));
        }
        for function in meaning.functions.clone() {
            sizes.push(self.of_function(function));
        }
        let size = Size::of_any(&sizes);
        let is_of_one =
            queries::is_of_relation(view, call) || queries::is_of_one(self.summaries, view, block);
        if size == Size::Unbounded && is_of_one {
            return Size::Open;
        }
        size
    }

    fn of_fact(&mut self, view: &Rc<View<'p>>, call: &Call, fact: &CallFact) -> Vec<Size> {
        let mut sizes = Vec::new();
        let receiver = match call.callee {
            Callee::Method(receiver, _) => Some(receiver),
            Callee::Local(_) => None,
        };
        if fact.has(Effect::Grows) {
            sizes.push(Size::Unbounded);
        }
        if fact.has(Effect::Queries) {
            sizes.push(Size::Unbounded);
        }
        // A builder, or a cursor, is as large as what it was made from: `.where(...)`, `cursor.fetchall()`.
        let is_receiver = fact.has(Effect::Iterates)
            || matches!(fact.returns, Returns::Receiver | Returns::Type(_));
        if let Some(receiver) = receiver.filter(|_| is_receiver) {
            sizes.push(self.of_local(view.key, receiver));
        }
        match fact.returns {
            Returns::Element => sizes.push(Size::Bounded),
            Returns::Argument(position) => {
                sizes.extend(self.of_place(view, call, Place::Argument(position)));
            }
            _ => {}
        }
        let many = fact.as_many_as.iter();
        let many = many.flat_map(|place| self.of_place(view, call, *place));
        let many: Vec<Size> = many.collect();
        sizes.extend((!many.is_empty()).then(|| Size::of_any(&many)));
        sizes
    }

    /// The sizes of what stands at a place of a call.
    fn of_place(&mut self, view: &Rc<View<'p>>, call: &Call, place: Place) -> Vec<Size> {
        let locals: Vec<LocalId> = match (place, call.callee) {
            (Place::Receiver, Callee::Method(receiver, _)) => vec![receiver],
            (Place::Argument(position), _) => {
                let argument = call.arguments.get(position as usize);
                argument
                    .map(|argument| argument.value)
                    .into_iter()
                    .collect()
            }
            (Place::Arguments, _) => {
                let arguments = call.arguments.iter();
                arguments.map(|argument| argument.value).collect()
            }
            _ => Vec::new(),
        };
        let sizes = locals
            .into_iter()
            .map(|local| self.of_local(view.key, local));
        sizes.collect()
    }

    /// The size of what a function returns.
    fn of_function(&mut self, function: FunctionKey) -> Size {
        let view = self.summaries.view(function);
        if view.body.traits.is_generator {
            return Size::Unknown;
        }
        let returned = view.returned();
        let sizes = returned.map(|local| self.of_local(function, local));
        sizes.max().unwrap_or(Size::Unknown)
    }

    /// The size of what callers pass. Where nobody in the program calls, somebody outside does, with what he likes; the
    /// caller of a handler is a client.
    fn of_parameter(&mut self, function: FunctionKey, (position, local): (u32, LocalId)) -> Size {
        let world = self.summaries.values.world();
        let body = world.function(function);
        let parameter = body.parameters.get(position as usize);
        if parameter.is_some_and(|parameter| parameter.is_rest) {
            return Size::Unknown;
        }
        let is_any = |is_it: fn(&Entity) -> bool| {
            let mut entities = self.summaries.values.of(function, local).iter();
            entities.any(is_it)
        };
        // A session or a pool is no collection.
        if is_any(|entity| matches!(entity, Entity::Instance(..)))
            && !is_any(|entity| matches!(entity, Entity::Rows(_)))
        {
            return Size::Unknown;
        }
        if self.reach.is_registered(function) {
            return Size::Unbounded;
        }
        let callers = self.summaries.values.callers(function).to_vec();
        if callers.is_empty() {
            let is_named =
                !body.name.is_empty() && world.is_top_level(world.sibling(function, body.parent));
            return if body.traits.is_closure && !is_named {
                Size::Unknown
            } else if self.reach.is_called(body.name) {
                // Somebody may call it, of whom nobody knows that it is this one.
                Size::Open
            } else {
                Size::Unbounded
            };
        }
        let mut sizes = Vec::new();
        for caller in callers {
            let view = self.summaries.view(caller.function);
            let Some(call) = view.call(caller.block) else {
                continue;
            };
            if let Some(argument) = argument_for(body, call, local) {
                sizes.push(self.of_local(caller.function, argument.value));
            }
        }
        sizes.into_iter().max().unwrap_or(Size::Unknown)
    }
}

/// The block in which a local is computed.
fn defined_in(view: &View<'_>, local: LocalId) -> Option<BlockId> {
    let called = view.call_giving(local).map(|(block, _)| block);
    called.or_else(|| {
        let assigns = |block: &crate::ir::Block| {
            let mut statements = block.statements.iter();
            statements.any(
                |statement| matches!(statement.action, Action::Assign(target, _) if target == local),
            )
        };
        view.body.blocks.iter().position(assigns).map(BlockId::new)
    })
}

/// Whether a local is what a client sends: `req.body`, or a part of it.
fn is_payload(view: &View<'_>, local: LocalId, limit: u32) -> bool {
    let library = view.values.library();
    let language = view.values.world().language(view.key);
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    limit > 0
        && statements.any(|statement| match &statement.action {
            Action::Assign(target, Value::Field(object, name)) if *target == local => {
                library.is_payload(language, *name) && is_parameter(view, *object)
                    || is_payload(view, *object, limit - 1)
            }
            Action::Assign(target, Value::Local(source) | Value::Item(source, _))
                if *target == local =>
            {
                is_payload(view, *source, limit - 1)
            }
            _ => false,
        })
}

/// Whether a local is a parameter, or a field of one: `req`, `ctx.request`.
fn is_parameter(view: &View<'_>, local: LocalId) -> bool {
    let is_given = |local: LocalId| {
        let world = view.values.world();
        let (function, local) = world.origin(view.key, local);
        let kind = world.function(function).local(local).kind;
        matches!(kind, LocalKind::Parameter(_))
    };
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    is_given(local)
        || statements.any(|statement| {
            matches!(statement.action, Action::Assign(target, Value::Field(object, _))
                if target == local && is_given(object))
        })
}

/// Whether a local is what a statement gives, in a language whose answers are objects around the rows.
fn is_answer(view: &View<'_>, local: LocalId) -> bool {
    let is_script = !view.values.world().language(view.key).is_python();
    let gives = |(block, call): (BlockId, &Call)| {
        call.result == local && view.meaning(block).fact(Effect::Queries).is_some()
    };
    is_script && view.calls().any(gives)
}

/// Whether a local is computed: by arithmetic, by a comparison, from the ends of a slice.
pub(super) fn is_operation(view: &View<'_>, local: LocalId) -> bool {
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| {
        matches!(&statement.action, Action::Assign(target, Value::Operation(_)) if *target == local)
    })
}

/// The loops' elements: the block, the element, and the collection.
pub fn elements(view: &View<'_>) -> impl Iterator<Item = (BlockId, LocalId, LocalId)> {
    let blocks = view.body.blocks.iter().enumerate();
    blocks.flat_map(|(index, block)| {
        block
            .statements
            .iter()
            .filter_map(move |statement| match statement.action {
                Action::Assign(target, Value::Element(collection)) => {
                    Some((BlockId::new(index), target, collection))
                }
                _ => None,
            })
    })
}

/// The collection whose elements a call hands to its callbacks: the receiver, or the target.
pub fn iterated(view: &View<'_>, block: BlockId) -> Option<LocalId> {
    let call = view.call(block)?;
    let facts = view.meaning(block).facts.iter().map(|(fact, _)| *fact);
    let mut facts = facts.filter(|fact| fact.has(Effect::Iterates) || fact.has(Effect::FansOut));
    let fact = facts.next()?;
    let given = |position: usize| call.arguments.get(position).map(|argument| argument.value);
    let is_work = |local: &LocalId| {
        let mut entities = view.values.of(view.key, *local).iter();
        entities.any(|entity| matches!(entity, Entity::Function(_)))
    };
    let target = match fact.target {
        Some(Place::Argument(position)) => given(position as usize),
        _ => None,
    };
    match call.callee {
        Callee::Method(receiver, _) if fact.target == Some(Place::Receiver) => Some(receiver),
        _ if target.is_some_and(|local| !is_work(&local)) => target,
        Callee::Method(receiver, _) if !fact.has(Effect::FansOut) && target.is_none() => {
            Some(receiver)
        }
        // `executor.map(work, rows)`, `map(work, rows)`
        _ if view.values.world().language(view.key).is_python() => given(1),
        // `pMap(rows, work)`, `Array.from(rows, work)`
        _ => {
            let mut arguments = call.arguments.iter().map(|argument| argument.value);
            arguments.find(|local| !is_work(local))
        }
    }
}
