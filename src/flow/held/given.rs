//! How a function gets a resource from its caller.
use super::Given;
use crate::flow::sites::View;
use crate::flow::summary::{Callback, Role, Shape, Summaries};
use crate::ir::{Action, LocalId, Value};
use crate::link::values::Entity;
use crate::symbol::Symbol;

/// What a function gets in a role: by which locals, and of which type.
pub(in crate::flow) fn given(summaries: &Summaries<'_>, view: &View<'_>, role: Role) -> Given {
    let mut given = Given::default();
    match role {
        Role::Parameter(position, shape) => {
            let parameter = view.body.parameters.get(position as usize);
            given
                .locals
                .extend(parameter.map(|parameter| (parameter.local, shape)));
        }
        Role::Receiver(shape) => given
            .locals
            .extend(view.body.receiver.map(|receiver| (receiver, shape))),
        Role::Environment(number, callback) => {
            if callback == Callback::MayFail {
                given.error = view
                    .body
                    .parameters
                    .first()
                    .map(|parameter| parameter.local);
            }
            given.waits_for_use = callback == Callback::Unused;
            given.environment = summaries.environment(number);
            let world = view.values.world();
            for local in (0..view.body.locals.len()).map(LocalId::new) {
                let variable = world.origin(view.key, local);
                let known = given
                    .environment
                    .iter()
                    .find(|(known, _)| *known == variable);
                given.locals.extend(known.map(|(_, shape)| (local, *shape)));
            }
        }
    }
    given.resource = type_given(view, &given.locals);
    given
}

/// The type of what is given, by whatever reaches it: where it may be several, a client or transaction rather than the pool
/// that other callers give.
fn type_given(view: &View<'_>, locals: &[(LocalId, Shape)]) -> Option<Symbol> {
    let library = view.values.library();
    let type_of = |local: LocalId| {
        let types = view.values.of(view.key, local).iter();
        let types = types.filter_map(|entity| match entity {
            Entity::Instance(path, _) => Some(*path),
            _ => None,
        });
        types.min_by_key(|path| (!library.is_resource(*path), library.is_pool(*path)))
    };
    let statements = || view.body.blocks.iter().flat_map(|block| &block.statements);
    let is_copy = |copy: LocalId, of: LocalId| {
        copy == of
            || statements()
                .any(|statement| statement.action == Action::Assign(copy, Value::Local(of)))
    };
    let read = |owner: LocalId, key: Symbol| {
        statements().find_map(|statement| match statement.action {
            Action::Assign(target, Value::Field(object, name))
                if name == key && is_copy(object, owner) =>
            {
                type_of(target)
            }
            _ => None,
        })
    };
    locals.iter().find_map(|(local, shape)| match shape {
        Shape::Itself => type_of(*local),
        Shape::Under(key) => read(*local, *key),
        Shape::Releaser => None,
    })
}
