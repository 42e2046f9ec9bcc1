//! What becomes of the resource where the function is left, and who has it then.
use super::facts::Fact;
use super::{Facts, Held, Mode, Subject, leaving};
use crate::flow::engine::{Exit, Step};
use crate::flow::summary::{Callback, Environment, Role, Shape};
use crate::ir::LocalId;
use crate::link::values::Entity;
use crate::link::{ClassKey, FunctionKey};
use crate::symbol::Symbol;

impl Held<'_, '_> {
    pub(super) fn leave(
        &mut self,
        value: LocalId,
        mut mode: Mode,
        mut facts: Facts,
    ) -> Step<Mode, Facts> {
        if !mode.is_active() {
            return leaving(Exit::Return, mode, facts);
        }
        let gives_resource = facts.is_resource(value);
        let gives_access = self.hands_over(&facts, value);
        match &self.subject {
            // What a function got, it may return in the form it got it: the caller has it still.
            Subject::Given(given)
                if gives_resource || given.locals.iter().any(|(local, _)| *local == value) =>
            {
                self.gives_back = true;
            }
            Subject::Given(_) if gives_access => self.take(&mut mode, &mut facts),
            // A cursor carries its connection.
            _ if facts.get(value) == Some(Fact::Cursor) => self.take(&mut mode, &mut facts),
            // What `__enter__` returns is still the object's.
            Subject::Taken(_) if gives_access && self.object_field(&facts).is_none() => {
                self.returned_taken |= gives_resource && mode == Mode::Held;
                self.returned_pending |= gives_resource && mode == Mode::Pending;
                self.take(&mut mode, &mut facts);
            }
            _ => self.leave_in_object(&mut mode, &mut facts),
        }
        leaving(Exit::Return, mode, facts)
    }

    /// The object keeps the resource in a field: fine, if the class ever gives it back.
    fn leave_in_object(&mut self, mode: &mut Mode, facts: &mut Facts) {
        let Some(field) = self.object_field(facts) else {
            return;
        };
        let gives_back = match self.view.values.world().class_of(self.view.key) {
            Some(class) => self.class_gives_back(class, field),
            None => true,
        };
        if gives_back {
            self.take(mode, facts);
        }
    }

    /// The field of the receiver that holds the resource.
    fn object_field(&self, facts: &Facts) -> Option<Symbol> {
        match facts.get(self.view.body.receiver?) {
            Some(Fact::Holder(field)) => Some(field),
            _ => None,
        }
    }

    /// Whether the class gives back what the field holds: at its exit on every path, where it is a scope that was
    /// entered; in any method, where it was only made. A class without any such method is somebody else's business.
    fn class_gives_back(&mut self, class: ClassKey, field: Symbol) -> bool {
        let values = self.view.values;
        let role = Role::Receiver(Shape::Under(field));
        let exit = ["__exit__", "__aexit__"]
            .iter()
            .find_map(|name| values.method(class, name));
        let Some(exit) = exit else { return true };
        let at_exit = self.summaries.outcome(exit, role, self.purpose);
        if !self.view.body.traits.is_constructor {
            return !at_exit.returns_held && !at_exit.raises_held;
        }
        let world = values.world();
        let ancestry = values.ancestry(class).into_iter();
        let methods: Vec<_> = ancestry
            .flat_map(|class| {
                world
                    .class(class)
                    .methods
                    .iter()
                    .map(move |(_, id)| world.function_near(class, *id))
            })
            .filter(|method| *method != self.view.key)
            .collect();
        at_exit.may_take()
            || methods.into_iter().any(|method| {
                self.summaries
                    .outcome(method, role, self.purpose)
                    .may_take()
            })
    }

    /// Whether a local is, or holds, a function of this one that, when run, may release the resource.
    pub(super) fn closure_takes(&mut self, facts: &Facts, local: LocalId) -> bool {
        let targets = self.closures(facts, local);
        targets.into_iter().any(|(function, role)| {
            self.summaries
                .outcome(function, role, self.purpose)
                .may_take()
        })
    }

    /// The functions a local stands for that can reach the resource by variables of this one or those around it.
    pub(super) fn closures(&mut self, facts: &Facts, local: LocalId) -> Vec<(FunctionKey, Role)> {
        let world = self.view.values.world();
        let functions: Vec<_> = self
            .view
            .values
            .of(self.view.key, local)
            .iter()
            .filter_map(|entity| match entity {
                Entity::Function(function) => Some(*function),
                _ => None,
            })
            .collect();
        if functions.is_empty() {
            return Vec::new();
        }
        let reaching = facts
            .reaching()
            .filter_map(|(local, fact)| Some((world.origin(self.view.key, local), fact.shape()?)));
        let mut all: Environment = reaching.collect();
        if let Subject::Given(given) = &self.subject {
            all.extend(given.environment.iter().copied());
        }
        let mut found = Vec::new();
        for function in functions {
            if let Some(number) = self.summaries.environment_of(function, &all) {
                found.push((function, Role::Environment(number, Callback::Runs)));
            }
        }
        found
    }
}
