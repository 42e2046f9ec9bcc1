//! Methods that a class leaves to those that inherit from it: interfaces, abstract classes, template methods.
//!
//! In: a class, by which a call names its receiver. Out: what its heirs have for the method, where they are few: of many,
//! nobody knows which.
use super::{CallSite, ClassKey, Dispatch, Entity, FunctionKey, Symbol, Values};
use crate::ir::Terminator;
use crate::library::Effect;

/// Heirs looked at for a method; a class with more is anything.
const HEIR_LIMIT: usize = 64;

/// Methods of heirs that a call may be of.
const OVERRIDE_LIMIT: usize = 4;

/// A method with more code than this does more than raise.
const ABSTRACT_LIMIT: usize = 6;

impl Values<'_> {
    /// Whether a method has no code of its own: it only raises, or its decorator says so.
    pub(super) fn is_abstract(&self, method: FunctionKey) -> bool {
        let body = self.world.function(method);
        let is_return =
            |block: &crate::ir::Block| matches!(block.terminator, Terminator::Return(_));
        if body.blocks.len() <= ABSTRACT_LIMIT && !body.blocks.iter().any(is_return) {
            return true;
        }
        let parent = self.world.sibling(method, body.parent);
        let language = self.world.language(method);
        let says_so = |entity: &Entity| match entity {
            Entity::External(path) => {
                let facts = self.library.call(language, *path);
                facts.iter().any(|fact| fact.has(Effect::MakesAbstract))
            }
            _ => false,
        };
        let mut decorators = body.decorators.iter();
        decorators.any(|decorator| self.of(parent, decorator.value).iter().any(says_so))
    }

    /// A class and those that inherit from it, itself first; a few more than the limit where there are more.
    pub(super) fn with_heirs(&self, class: ClassKey, limit: usize) -> Vec<ClassKey> {
        let mut heirs = vec![class];
        let mut position = 0;
        while let Some(heir) = heirs.get(position).copied()
            && heirs.len() <= limit
        {
            position += 1;
            for next in self.heirs.get(&heir).into_iter().flatten() {
                if !heirs.contains(next) {
                    heirs.push(*next);
                }
            }
        }
        heirs
    }

    /// What the heirs of a class have for a method.
    pub(super) fn overrides<'l>(&self, class: ClassKey, name: Symbol) -> Vec<Dispatch<'l>> {
        let heirs = self.with_heirs(class, HEIR_LIMIT);
        if heirs.len() > HEIR_LIMIT {
            return Vec::new();
        }
        let mut found = Vec::new();
        for heir in heirs {
            let methods = &self.world.class(heir).methods;
            let method = methods.iter().find(|(method, _)| *method == name);
            let method = method.map(|(_, method)| self.world.function_near(heir, *method));
            if let Some(method) = method.filter(|method| !self.is_abstract(*method)) {
                found.push(Dispatch::Override(method, heir));
            }
        }
        if found.len() > OVERRIDE_LIMIT {
            found.clear();
        }
        found
    }

    /// Whether those that inherit from a class have a method of their own of this name, or are too many to say.
    pub fn is_overridden(&self, class: ClassKey, name: Symbol) -> bool {
        if !self.heirs.contains_key(&class) {
            return false;
        }
        let heirs = self.with_heirs(class, HEIR_LIMIT);
        let has = |heir: &ClassKey| {
            let methods = &self.world.class(*heir).methods;
            methods.iter().any(|(method, _)| *method == name)
        };
        heirs.len() > HEIR_LIMIT || heirs.iter().skip(1).any(has)
    }

    /// Keeps a call for the heirs that its receiver's class may come to have.
    pub(super) fn await_override(&mut self, site: CallSite, class: ClassKey, name: Symbol) {
        // Nobody inherits from what has no name.
        if self.world.class(class).name.is_empty() {
            return;
        }
        let calls = self.open_calls.entry(class).or_default();
        if !calls.contains(&(site, name)) {
            calls.push((site, name));
            self.news.open.push((site.function, class));
        }
    }

    /// Tells the calls that wait for heirs of these classes that there are some.
    pub(super) fn inherit(&mut self, base: ClassKey, heirs: &[ClassKey]) {
        for ancestor in self.ancestry(base) {
            for (site, name) in self.open_calls.get(&ancestor).cloned().unwrap_or_default() {
                let has = |heir: &ClassKey| {
                    let methods = &self.world.class(*heir).methods;
                    methods.iter().any(|(method, _)| *method == name)
                };
                if heirs.iter().any(has) {
                    self.call(site, Entity::Object(ancestor), Some(name));
                }
            }
        }
    }
}
