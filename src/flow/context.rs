//! What a call tells the function it runs: `sync(skip_push=True)`.
//!
//! In: a call and what is known where it stands. Out: a [`Context`] of the callee: the constants, or classes, of those
//! parameters whose value decides something in it. What a function reaches is asked once for each of its contexts, so
//! that a branch which the caller has ruled out is not taken.
use super::sites::View;
use super::summary::Summaries;
use super::targets::RUNS;
use super::text;
use crate::ir::{
    Action, BlockId, Call, CallKind, Callee, Constant, Function, LocalId, LocalKind, Terminator,
    Test, Value,
};
use crate::library::Effect;
use crate::link::values::{Entity, Values, argument_for};
use crate::link::{ClassKey, FunctionKey};
use crate::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// Contexts told apart per function; of more calls nothing is told.
const CONTEXT_LIMIT: usize = 32;

/// Calls looked through for what they never give.
const PRESENT_LIMIT: u32 = 3;

/// Parameters told apart that one variable may be copied from.
const COPY_LIMIT: usize = 4;

/// Tests on the way to a call that are looked at.
const TEST_LIMIT: usize = 8;

/// One of the contexts of a function, by number; of the first nothing is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Context(u8);

impl Context {
    /// Whether nothing is told.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What is told of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// It is this constant.
    Constant(Constant),
    /// It is not null.
    Present,
    /// It is something truthy.
    Something,
    /// It is an instance of the class.
    Object(ClassKey),
    /// It is this function.
    Function(FunctionKey),
}

/// Stands for the receiver of a method among its parameters.
const RECEIVER: u32 = u32::MAX;

/// A parameter, or an entry of the object that is passed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// The parameter's position; a number of its own for the receiver.
    pub parameter: u32,
    /// The entry; empty for the parameter itself.
    pub entry: Symbol,
}

/// What is known of a local, or of its entry; an empty name is the local itself.
pub type Known<'a> = &'a dyn Fn(LocalId, Symbol) -> Option<Told>;

/// What is asked of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Asked {
    Value,
    Class,
    Function,
}

type Question = (Slot, Asked);

impl Slot {
    /// The local of a function that it is.
    pub fn local(self, body: &Function) -> Option<LocalId> {
        if self.parameter == RECEIVER {
            return body.receiver;
        }
        let parameter = body.parameters.get(self.parameter as usize);
        parameter.map(|parameter| parameter.local)
    }
}

/// All that a call tells.
pub type Telling = Vec<(Slot, Told)>;

/// The contexts of all functions.
#[derive(Debug, Default)]
pub struct Contexts {
    told: FxHashMap<FunctionKey, Vec<Rc<Telling>>>,
    /// By decorator of the program: what it passes by name, where it hands on all it gets.
    added: FxHashMap<FunctionKey, Option<Rc<Vec<Symbol>>>>,
    /// What decides something in a function, or in one that it passes it on to.
    questions: Option<Rc<FxHashMap<FunctionKey, Vec<Question>>>>,
}

impl Contexts {
    /// What a context of a function tells.
    pub fn told(&self, function: FunctionKey, context: Context) -> Rc<Telling> {
        let known = self.told.get(&function);
        let position = usize::from(context.0).checked_sub(1);
        let told = known
            .zip(position)
            .and_then(|(known, position)| known.get(position));
        told.cloned().unwrap_or_default()
    }

    fn number(&mut self, function: FunctionKey, told: Telling) -> Context {
        if told.is_empty() {
            return Context::default();
        }
        let known = self.told.entry(function).or_default();
        let position = known.iter().position(|known| **known == told);
        let position = position.unwrap_or_else(|| {
            if known.len() < CONTEXT_LIMIT {
                known.push(Rc::new(told));
                known.len() - 1
            } else {
                CONTEXT_LIMIT
            }
        });
        if position < CONTEXT_LIMIT {
            Context(u8::try_from(position + 1).unwrap_or(0))
        } else {
            Context::default()
        }
    }

    fn questions(&mut self, values: &Values<'_>) -> Rc<FxHashMap<FunctionKey, Vec<Question>>> {
        let questions = self
            .questions
            .get_or_insert_with(|| Rc::new(questions(values)));
        Rc::clone(questions)
    }
}

/// What the call at the end of a block tells a function that it runs; `known` answers what is known there.
pub fn of_call(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
    function: FunctionKey,
    known: Known<'_>,
) -> Context {
    let values = summaries.values;
    let Some(call) = view.call(block) else {
        return Context::default();
    };
    let is_plain = matches!(call.kind, CallKind::Plain | CallKind::New | CallKind::Super)
        && !matches!(call.callee, Callee::Method(_, name) if ["call", "apply", "bind"].contains(&name.text()));
    if !is_plain || !is_callee(view, block, function) {
        return Context::default();
    }
    let questions = summaries.contexts.questions(values);
    let Some(questions) = questions.get(&function) else {
        return Context::default();
    };
    let body = values.world().function(function);
    let added = added(summaries, function);
    let mut told = Telling::new();
    for (slot, asked) in questions {
        if told.last().is_some_and(|(last, _)| last == slot) {
            continue;
        }
        if slot.parameter == RECEIVER {
            let class = class_of_receiver(summaries, view, (block, call), known);
            told.extend(class.map(|class| (*slot, class)));
            continue;
        }
        let Some(parameter) = body.parameters.get(slot.parameter as usize) else {
            continue;
        };
        let passed = argument_for(body, call, parameter.local);
        let is_added = |added: &Vec<Symbol>| added.contains(&parameter.name);
        let is_omitted = passed.is_none()
            && added.as_ref().is_some_and(|added| !is_added(added))
            && !parameter.is_rest
            && !call.arguments.iter().any(|argument| argument.is_spread);
        let found = match passed {
            // A decorator may hand on other positions.
            Some(argument) if added.is_none() && argument.name.is_empty() => None,
            Some(argument) if slot.entry.is_empty() => {
                value_of(summaries, view, argument.value, *asked, known)
            }
            Some(argument) => {
                let entry = (argument.value, slot.entry);
                entry_of(summaries, view, entry, *asked, known)
                    .or_else(|| tested(view, block, entry).filter(|_| *asked == Asked::Value))
            }
            None if is_omitted && slot.entry.is_empty() => {
                omitted(values, function, parameter.constant)
            }
            None => None,
        };
        told.extend(found.map(|found| (*slot, found)));
    }
    summaries.contexts.number(function, told)
}

/// Whether a call runs a function as its callee: what values know, or a method that the caller told of.
fn is_callee(view: &View<'_>, block: BlockId, function: FunctionKey) -> bool {
    let world = view.values.world();
    let name = match view.call(block).map(|call| call.callee) {
        Some(Callee::Method(_, name)) => Some(name),
        _ => None,
    };
    let is_method =
        || world.class_of(function).is_some() && world.function(function).receiver.is_some();
    view.meaning(block).functions.contains(&function)
        || is_method() && Some(world.function(function).name) == name
}

/// The class of what a method is called on, where it is one only.
fn class_of_receiver(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    (block, call): (BlockId, &Call),
    known: Known<'_>,
) -> Option<Told> {
    match (&view.meaning(block).constructs[..], call.callee) {
        ([class], _) => Some(Told::Object(*class)),
        (_, Callee::Method(receiver, _)) => {
            value_of(summaries, view, receiver, Asked::Class, known)
        }
        (_, Callee::Local(_)) => None,
    }
}

/// The method that a call runs of a receiver whose class the caller has told, where the class is one that nobody
/// inherits that method's name from.
pub fn method_told(values: &Values<'_>, call: &Call, class: ClassKey) -> Option<FunctionKey> {
    let Callee::Method(_, name) = call.callee else {
        return None;
    };
    let is_plain = call.kind == CallKind::Plain && !values.is_overridden(class, name);
    is_plain.then(|| values.method(class, &name)).flatten()
}

/// The parameters that the decorators of a function pass by name, beside what they hand on; none where one of them may
/// hand on other things.
fn added(summaries: &mut Summaries<'_>, function: FunctionKey) -> Option<Vec<Symbol>> {
    let values = summaries.values;
    let body = values.world().function(function);
    let parent = values.world().sibling(function, body.parent);
    let language = values.world().language(function);
    let mut found = Vec::new();
    for decorator in &body.decorators {
        let entities = values.of(parent, decorator.value);
        if entities.is_empty() {
            return None;
        }
        for entity in entities {
            match entity {
                Entity::External(path) if !values.library().call(language, *path).is_empty() => {}
                Entity::Instance(..) | Entity::Scope(..) => {}
                Entity::Function(decorator) => {
                    found.extend(added_by(summaries, *decorator)?.iter().copied());
                }
                _ => return None,
            }
        }
    }
    Some(found)
}

/// The parameters that a decorator of the program passes by name.
fn added_by(summaries: &mut Summaries<'_>, decorator: FunctionKey) -> Option<Rc<Vec<Symbol>>> {
    if let Some(known) = summaries.contexts.added.get(&decorator) {
        return known.clone();
    }
    let found = hands_on(summaries.values, decorator).map(Rc::new);
    summaries.contexts.added.insert(decorator, found.clone());
    found
}

/// Looks at the calls of what is decorated, in the functions written in the decorator: each must hand on all that it
/// gets, in the same places.
fn hands_on(values: &Values<'_>, decorator: FunctionKey) -> Option<Vec<Symbol>> {
    let world = values.world();
    let decorated = (
        decorator,
        world.function(decorator).parameters.first()?.local,
    );
    let mut found = Vec::new();
    let mut is_called = false;
    for inner in world.functions_near(decorator) {
        let body = world.function(inner);
        for block in &body.blocks {
            let Terminator::Call { call, .. } = &block.terminator else {
                continue;
            };
            let Callee::Local(callee) = call.callee else {
                continue;
            };
            if world.origin(inner, callee) != decorated {
                continue;
            }
            is_called = true;
            let mut is_spread = false;
            for (position, argument) in call.arguments.iter().enumerate() {
                let own = body
                    .parameters
                    .get(position)
                    .map(|parameter| parameter.local);
                match (argument.is_spread, argument.name.is_empty()) {
                    (true, _) => is_spread = true,
                    (false, false) => found.push(argument.name),
                    (false, true) if own == Some(argument.value) => {}
                    (false, true) => return None,
                }
            }
            if !is_spread {
                return None;
            }
        }
    }
    is_called.then_some(found)
}

/// What a parameter is for which nothing is passed.
fn omitted(values: &Values<'_>, function: FunctionKey, constant: Option<Constant>) -> Option<Told> {
    if values.world().language(function).is_python() {
        constant.and_then(constant_told)
    } else {
        Some(Told::Constant(Constant::Null))
    }
}

/// Numbers decide too little to tell calls apart by them.
fn constant_told(constant: Constant) -> Option<Told> {
    (!matches!(constant, Constant::Number(_))).then_some(Told::Constant(constant))
}

fn value_of(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    local: LocalId,
    asked: Asked,
    known: Known<'_>,
) -> Option<Told> {
    let told = known(local, Symbol::empty());
    match (asked, view.values.of(view.key, local)) {
        (Asked::Class, _) if matches!(told, Some(Told::Object(_))) => return told,
        (Asked::Function, _) if matches!(told, Some(Told::Function(_))) => return told,
        (Asked::Class, [Entity::Object(class)]) => return Some(Told::Object(*class)),
        (Asked::Function, [Entity::Function(function)]) => return Some(Told::Function(*function)),
        (Asked::Class | Asked::Function, _) => return None,
        (Asked::Value, _) if told.is_some() => return told,
        (Asked::Value, _) => {}
    }
    if is_present(summaries, view, local, PRESENT_LIMIT) {
        // An object is truthy, even without entries; a list or mapping of Python's may be empty.
        let is_python = view.values.world().language(view.key).is_python();
        let is_object = view.record(local).is_some() || view.sequence(local).is_some();
        return Some(if is_object && !is_python {
            Told::Something
        } else {
            Told::Present
        });
    }
    if summaries.is_shared(view.key, local) {
        return None;
    }
    text::constant(summaries, view.key, local).and_then(constant_told)
}

/// Whether a local is never null: a literal, the result of an operation, what is got with such a default, what a function
/// returns that always returns one.
fn is_present(summaries: &mut Summaries<'_>, view: &View<'_>, local: LocalId, depth: u32) -> bool {
    if view.literal(local).is_some() {
        return true;
    }
    let Some((block, call)) = view.only_call(local).filter(|_| depth > 0) else {
        return false;
    };
    let meaning = view.meaning(block);
    if let [_, default] = call.arguments[..]
        && meaning.fact(Effect::Defaults).is_some()
    {
        return is_present(summaries, view, default.value, depth - 1);
    }
    let functions = &meaning.functions;
    let is_plain = meaning.facts.is_empty() && !functions.is_empty();
    is_plain
        && functions.iter().all(|function| {
            let inner = summaries.view(*function);
            let traits = inner.body.traits;
            let gives_promise = traits.is_async && !call.awaited;
            let mut returned = inner.returned().peekable();
            let gives = !traits.is_generator && !traits.is_constructor && !gives_promise;
            gives
                && returned.peek().is_some()
                && returned.all(|local| is_present(summaries, &inner, local, depth - 1))
        })
}

/// What the entry of an object literal is; null where it has none.
fn entry_of(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    (object, entry): (LocalId, Symbol),
    asked: Asked,
    known: Known<'_>,
) -> Option<Told> {
    if let Some(told) = known(object, entry) {
        return Some(told);
    }
    let entries = view.record(object)?;
    if entries.iter().any(|(name, _)| name.is_empty()) {
        return None;
    }
    let found = entries.iter().find(|(name, _)| *name == entry);
    match found {
        Some((_, local)) => value_of(summaries, view, *local, asked, known),
        None => Some(Told::Constant(Constant::Null)),
    }
}

/// What the tests on the way to a block say of the entry of an object: `if message.app_id: resolve(message)`.
fn tested(view: &View<'_>, block: BlockId, (object, entry): (LocalId, Symbol)) -> Option<Told> {
    let passing = view.passing();
    let mut tests = passing.tests(view.body, block).take(TEST_LIMIT);
    tests.find_map(|(testing, test, came_out)| {
        let (local, told) = match (test, came_out) {
            (Test::Truthy(local), true) => (local, Told::Something),
            (Test::Null(local), true) => (local, Told::Constant(Constant::Null)),
            (Test::Null(local), false) => (local, Told::Present),
            (Test::Equals(local, constant), true) => (local, constant_told(constant)?),
            _ => return None,
        };
        let mut statements = view.body.block(testing).statements.iter();
        let is_read = statements.any(|statement| match statement.action {
            Action::Assign(target, Value::Field(of, name)) => {
                target == local && name == entry && of == object
            }
            _ => false,
        });
        is_read.then_some(told)
    })
}

// ---- what decides something ----------------------------------------------------------------------------------

/// By function, what decides something in it: it is tested there, or passed on to where it is.
fn questions(values: &Values<'_>) -> FxHashMap<FunctionKey, Vec<Question>> {
    let world = values.world();
    let mut seen: FxHashSet<(FunctionKey, Question)> = FxHashSet::default();
    let mut slots: FxHashMap<FunctionKey, Slots> = FxHashMap::default();
    let mut work = Vec::new();
    for function in world.functions() {
        let body = world.function(function);
        if body.parameters.is_empty() && body.receiver.is_none() {
            continue;
        }
        let known = slots_of(body);
        for question in asked_in(values, function, &known) {
            if seen.insert((function, question)) {
                work.push((function, question));
            }
        }
        slots.insert(function, known);
    }
    while let Some((function, (slot, asked))) = work.pop() {
        let body = world.function(function);
        for caller in values.callers(function) {
            let calling = world.function(caller.function);
            let (Some(known), Terminator::Call { call, .. }) = (
                slots.get(&caller.function),
                &calling.block(caller.block).terminator,
            ) else {
                continue;
            };
            let passed = passed_for(body, call, slot);
            let outer = passed.and_then(|local| known.get(&local));
            for outer in outer.into_iter().flatten() {
                let entry = match (outer.entry.is_empty(), slot.entry.is_empty()) {
                    (_, true) => outer.entry,
                    (true, false) => slot.entry,
                    (false, false) => continue,
                };
                let question = (Slot { entry, ..*outer }, asked);
                if seen.insert((caller.function, question)) {
                    work.push((caller.function, question));
                }
            }
        }
    }
    let mut found: FxHashMap<FunctionKey, Vec<Question>> = FxHashMap::default();
    let mut all: Vec<_> = seen.into_iter().collect();
    all.sort_unstable();
    for (function, question) in all {
        found.entry(function).or_default().push(question);
    }
    found
}

/// The local that a call passes for a slot.
fn passed_for(body: &Function, call: &Call, slot: Slot) -> Option<LocalId> {
    match call.callee {
        Callee::Method(receiver, _) if slot.parameter == RECEIVER => Some(receiver),
        _ => {
            let parameter = body.parameters.get(slot.parameter as usize)?;
            argument_for(body, call, parameter.local).map(|argument| argument.value)
        }
    }
}

/// By local, the slots that it is, or is copied from.
type Slots = FxHashMap<LocalId, Vec<Slot>>;

/// The locals that are parameters, copies of them, or read from one.
fn slots_of(body: &Function) -> Slots {
    let mut found = Slots::default();
    for (position, parameter) in body.parameters.iter().enumerate() {
        let slot = Slot {
            parameter: u32::try_from(position).unwrap_or(u32::MAX),
            entry: Symbol::empty(),
        };
        found.insert(parameter.local, vec![slot]);
    }
    if let Some(receiver) = body.receiver {
        let slot = Slot {
            parameter: RECEIVER,
            entry: Symbol::empty(),
        };
        found.insert(receiver, vec![slot]);
    }
    for statement in body.blocks.iter().flat_map(|block| &block.statements) {
        let (target, read) = match statement.action {
            Action::Assign(target, Value::Local(source)) => (target, found.get(&source).cloned()),
            Action::Assign(target, Value::Field(object, entry)) => {
                let is_parameter = matches!(body.local(object).kind, LocalKind::Parameter(_));
                let of_parameter = found.get(&object).filter(|_| is_parameter);
                let slot = of_parameter.and_then(|slots| slots.first());
                (target, slot.map(|slot| vec![Slot { entry, ..*slot }]))
            }
            _ => continue,
        };
        let slots: &mut Vec<Slot> = found.entry(target).or_default();
        for slot in read.unwrap_or_default() {
            if slots.len() < COPY_LIMIT && !slots.contains(&slot) {
                slots.push(slot);
            }
        }
    }
    found
}

/// What a function itself asks of its parameters.
fn asked_in(values: &Values<'_>, function: FunctionKey, slots: &Slots) -> Vec<Question> {
    let body = values.world().function(function);
    let mut found = Vec::new();
    let mut ask = |local: LocalId, asked: Asked| {
        let slots = slots.get(&local).into_iter().flatten();
        found.extend(slots.map(|slot| (*slot, asked)));
    };
    for block in &body.blocks {
        match &block.terminator {
            Terminator::Branch {
                test: Test::Truthy(local) | Test::Null(local) | Test::Equals(local, _),
                ..
            } => ask(*local, Asked::Value),
            Terminator::Call { call, .. } => {
                match call.callee {
                    Callee::Local(callee) => ask(callee, Asked::Function),
                    Callee::Method(receiver, name) => {
                        let is_followed = slots.contains_key(&receiver);
                        if is_followed && is_of_several(values, function, receiver, name) {
                            ask(receiver, Asked::Class);
                        }
                    }
                }
                let handed = call.arguments.iter().map(|argument| argument.value);
                let mut handed = handed.filter(|local| slots.contains_key(local)).peekable();
                if handed.peek().is_some() && runs_callbacks(values, function, call) {
                    handed.for_each(|local| ask(local, Asked::Function));
                }
                if let [tested, _] = call.arguments[..]
                    && slots.contains_key(&tested.value)
                    && tests_class(values, function, call.callee)
                {
                    ask(tested.value, Asked::Class);
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether a method is another one for some of the classes that its receiver may be of.
fn is_of_several(
    values: &Values<'_>,
    function: FunctionKey,
    receiver: LocalId,
    name: Symbol,
) -> bool {
    let entities = values.of(function, receiver);
    let class = |entity: &Entity| match entity {
        Entity::Object(class) => Some(*class),
        _ => None,
    };
    match entities {
        [entity] => class(entity).is_some_and(|class| values.is_overridden(class, name)),
        entities => entities
            .iter()
            .filter_map(class)
            .any(|class| values.method(class, &name).is_some()),
    }
}

/// Whether a library's callee runs the functions that it is handed.
fn runs_callbacks(values: &Values<'_>, function: FunctionKey, call: &Call) -> bool {
    let meaning = values.meaning(function, call);
    RUNS.iter().any(|effect| meaning.fact(*effect).is_some())
}

/// Whether a callee tells whether its first argument is an instance of its second.
pub fn tests_class(values: &Values<'_>, function: FunctionKey, callee: Callee) -> bool {
    let Callee::Local(local) = callee else {
        return false;
    };
    let language = values.world().language(function);
    let mut entities = values.of(function, local).iter();
    entities.any(|entity| match entity {
        Entity::External(path) => {
            let facts = values.library().call(language, *path);
            facts.iter().any(|fact| fact.has(Effect::TestsClass))
        }
        _ => false,
    })
}

/// Whether an instance of a class is one of what a local stands for: a class, or several.
pub fn is_instance(view: &View<'_>, class: ClassKey, tested: LocalId) -> Option<bool> {
    let values = view.values;
    let ancestry = values.ancestry(class);
    let classes = view.sequence(tested);
    let classes = classes.unwrap_or(std::slice::from_ref(&tested));
    let mut is_unknown = false;
    for local in classes {
        match values.of(view.key, *local) {
            [Entity::Class(other)] if ancestry.contains(other) => return Some(true),
            // A subclass, for all that is known.
            [Entity::Class(other)] => is_unknown |= values.ancestry(*other).contains(&class),
            _ => is_unknown = true,
        }
    }
    (!is_unknown).then_some(false)
}
