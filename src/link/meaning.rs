//! What a call may do: the functions it may reach and what the library data says about it.
//!
//! In: [`Values`]. Out: a [`Meaning`] per call, asked for on demand.
use super::values::{Dispatch, Entity, Values};
use super::{ClassKey, FunctionKey};
use crate::ir::{Call, CallKind, Callee};
use crate::library::{CallFact, Effect};
use crate::symbol::Symbol;

/// Values that hold values are followed this far.
const HELD_LIMIT: u32 = 4;

/// What a call may do.
#[derive(Debug, Default)]
pub struct Meaning<'l> {
    /// What the library data says, with the receiver it is said of.
    pub facts: Vec<(&'l CallFact, Option<Entity>)>,
    /// Functions of the program it may run; constructors among them.
    pub functions: Vec<FunctionKey>,
    /// Those of them that the classes have which inherit from the receiver's.
    pub overrides: Vec<FunctionKey>,
    /// Classes of the program it may instantiate.
    pub constructs: Vec<ClassKey>,
    /// Generator functions it may enter or resume.
    pub generators: Vec<FunctionKey>,
    /// It enters a scope that is its own value.
    pub enters: bool,
    /// It makes an instance of a library type of which nothing else is known.
    pub makes: bool,
}

impl Meaning<'_> {
    /// Whether nothing is known about the callee.
    pub fn is_unknown(&self) -> bool {
        self.facts.is_empty()
            && self.functions.is_empty()
            && self.constructs.is_empty()
            && self.generators.is_empty()
            && !self.enters
            && !self.makes
    }

    /// The first fact with the effect.
    pub fn fact(&self, effect: Effect) -> Option<&CallFact> {
        self.facts
            .iter()
            .map(|(fact, _)| *fact)
            .find(|fact| fact.has(effect))
    }
}

impl<'w> Values<'w> {
    /// What a call may do.
    pub fn meaning(&self, function: FunctionKey, call: &Call) -> Meaning<'w> {
        let mut meaning = Meaning::default();
        let (local, method) = match call.callee {
            Callee::Local(local) => (local, None),
            Callee::Method(receiver, name) => (receiver, Some(name)),
        };
        for entity in self.of(function, local) {
            self.gather(function, call, *entity, method, &mut meaning, 0);
        }
        if meaning.is_unknown()
            && let Some(name) = method
        {
            self.gather_anonymous(function, call, name, &mut meaning);
        }
        meaning
            .functions
            .sort_unstable_by_key(|function| self.world.place(*function));
        meaning.functions.dedup();
        meaning
    }

    fn gather(
        &self,
        function: FunctionKey,
        call: &Call,
        entity: Entity,
        method: Option<Symbol>,
        meaning: &mut Meaning<'w>,
        depth: u32,
    ) {
        for dispatch in self.dispatch(function, call, entity, method) {
            match dispatch {
                Dispatch::Function(target) => meaning.functions.push(target),
                Dispatch::Override(target, _) => {
                    meaning.functions.push(target);
                    meaning.overrides.push(target);
                }
                Dispatch::Construct(class) => {
                    meaning.constructs.push(class);
                    let names = ["__init__", "constructor"].iter();
                    meaning
                        .functions
                        .extend(names.filter_map(|name| self.method(class, name)));
                }
                Dispatch::Facts(facts, receiver) => {
                    let facts = facts
                        .iter()
                        .filter(|fact| self.form_holds(function, call, fact));
                    meaning.facts.extend(facts.map(|fact| (fact, receiver)));
                }
                Dispatch::Make(_) => meaning.makes = true,
                Dispatch::Enter(_) => meaning.enters = true,
                Dispatch::Yields(target) => meaning.generators.push(target),
                Dispatch::Held(node) if depth < HELD_LIMIT => {
                    for entity in self.held(node).to_vec() {
                        self.gather(function, call, entity, None, meaning, depth + 1);
                    }
                }
                Dispatch::Held(_) => {}
            }
        }
        if call.kind == CallKind::Exit
            && let Entity::Generator(target) = entity
        {
            meaning.generators.push(target);
        }
    }

    /// A method on a receiver nobody knows: what the data says of the name alone, which is only ever that it is
    /// harmless or that it keeps its argument.
    fn gather_anonymous(
        &self,
        function: FunctionKey,
        call: &Call,
        name: Symbol,
        meaning: &mut Meaning<'w>,
    ) {
        let language = self.world.language(function);
        let facts = self
            .library
            .call(language, Symbol::new(&format!("*#{name}")));
        let facts = facts
            .iter()
            .filter(|fact| self.form_holds(function, call, fact));
        meaning.facts.extend(facts.map(|fact| (fact, None)));
    }
}
