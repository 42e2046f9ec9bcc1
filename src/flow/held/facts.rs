//! What is known of locals on the way.
use crate::flow::context::Told;
use crate::flow::summary::Shape;
use crate::ir::{Constant, LocalId, Test};
use crate::link::{ClassKey, FunctionKey};
use crate::symbol::Symbol;

/// What is known of a local on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fact {
    /// It is the resource.
    Resource,
    /// On some of the joined paths it is.
    MaybeResource,
    /// Calling it releases the resource.
    Releaser,
    /// Leaving it as a scope releases the resource.
    Manager,
    /// It holds the resource under this key; under an empty one, somewhere within.
    Holder(Symbol),
    /// It belongs to the resource; entering it as a scope gives the resource, leaving it releases nothing.
    Part,
    /// Ending it ends what the session began: what `connection.begin()` gives.
    Handle,
    /// It reads what the resource sends, and carries it along.
    Cursor,
    /// It is falsy, most likely null.
    Null,
    /// It is not null, and may be falsy.
    Present,
    /// It is something truthy.
    Something,
    /// It is this constant.
    Constant(Constant),
    /// It is an instance of this class of the program.
    Object(ClassKey),
    /// It is this function of the program.
    Function(FunctionKey),
    /// It is an error of a library, of the type that all of its errors have.
    Error(Symbol),
}

/// Stands for the exception that is being raised.
const RAISED: LocalId = LocalId(u32::MAX);

impl Fact {
    pub(super) fn is_resource(self) -> bool {
        matches!(self, Self::Resource | Self::MaybeResource)
    }

    /// What is known of a local by which a resource comes in.
    pub(super) fn of(shape: Shape) -> Self {
        match shape {
            Shape::Itself => Self::Resource,
            Shape::Releaser => Self::Releaser,
            Shape::Under(key) => Self::Holder(key),
        }
    }

    /// What a caller tells of a local.
    pub(super) fn of_told(told: Told) -> Self {
        match told {
            Told::Constant(constant) => Self::Constant(constant),
            Told::Present => Self::Present,
            Told::Something => Self::Something,
            Told::Object(class) => Self::Object(class),
            Told::Function(function) => Self::Function(function),
        }
    }

    /// What is told of the local to a function that gets it.
    pub(super) fn told(self) -> Option<Told> {
        match self {
            Self::Constant(Constant::Number(_)) => None,
            Self::Constant(constant) => Some(Told::Constant(constant)),
            Self::Present => Some(Told::Present),
            Self::Something => Some(Told::Something),
            Self::Object(class) => Some(Told::Object(class)),
            Self::Function(function) => Some(Told::Function(function)),
            _ => None,
        }
    }

    /// How a function that gets the local gets the resource; `None` where it gets no access to it.
    pub(super) fn shape(self) -> Option<Shape> {
        match self {
            Self::Resource | Self::MaybeResource => Some(Shape::Itself),
            Self::Releaser => Some(Shape::Releaser),
            Self::Holder(key) => Some(Shape::Under(key)),
            _ => None,
        }
    }

    /// Whether the local has the resource somewhere within, nobody knows where.
    pub(super) fn is_within(self) -> bool {
        matches!(self, Self::Holder(key) if key.is_empty())
    }

    /// Whether the local gives access to the resource.
    pub(super) fn reaches(self) -> bool {
        self == Self::Manager || self.shape().is_some()
    }

    /// Whether it is some value other than null, by which nothing is reached.
    fn is_value(self) -> bool {
        match self {
            Self::Constant(constant) => constant != Constant::Null,
            Self::Present | Self::Something | Self::Object(_) | Self::Function(_) => true,
            _ => false,
        }
    }

    /// Whether it is truthy, where that is known.
    pub(super) fn truth(self) -> Option<bool> {
        match self {
            Self::Null
            | Self::Constant(Constant::Null | Constant::Bool(false) | Constant::Integer(0)) => {
                Some(false)
            }
            Self::Constant(Constant::Text(text)) => Some(!text.is_empty()),
            // What a builder's chain ends with may be what it found: nothing.
            Self::Constant(Constant::Number(_))
            | Self::MaybeResource
            | Self::Present
            | Self::Cursor => None,
            // What is read from it may be anything.
            within if within.is_within() => None,
            _ => Some(true),
        }
    }
}

/// What is known on the way, by local, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(Vec<(LocalId, Fact)>);

impl Facts {
    pub(super) fn get(&self, local: LocalId) -> Option<Fact> {
        let position = self
            .0
            .binary_search_by_key(&local, |(known, _)| *known)
            .ok()?;
        self.0.get(position).map(|(_, fact)| *fact)
    }

    pub(super) fn set(&mut self, local: LocalId, fact: Option<Fact>) {
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

    /// The error that is being raised, where that is known.
    pub(super) fn raised(&self) -> Option<Symbol> {
        match self.get(RAISED) {
            Some(Fact::Error(error)) => Some(error),
            _ => None,
        }
    }

    pub(super) fn set_raised(&mut self, error: Option<Symbol>) {
        self.set(RAISED, error.map(Fact::Error));
    }

    pub(super) fn is_resource(&self, local: LocalId) -> bool {
        self.get(local).is_some_and(Fact::is_resource)
    }

    pub(super) fn reaches(&self, local: LocalId) -> bool {
        self.get(local).is_some_and(Fact::reaches)
    }

    /// The locals that give access to the resource.
    pub(super) fn reaching(&self) -> impl Iterator<Item = (LocalId, Fact)> {
        self.0.iter().copied().filter(|(_, fact)| fact.reaches())
    }

    /// Forgets which locals reach the resource: it is somebody else's now, or was taken anew.
    pub(super) fn forget_resource(&mut self) {
        for (_, fact) in &mut self.0 {
            if fact.reaches() || matches!(fact, Fact::Part | Fact::Cursor | Fact::Handle) {
                *fact = Fact::Something;
            }
        }
    }

    /// The locals by which the resource is used.
    pub(super) fn locals(&self) -> impl Iterator<Item = LocalId> {
        let used = |fact: &Fact| fact.reaches() || matches!(fact, Fact::Part | Fact::Cursor);
        let known = self.0.iter().filter(move |(_, fact)| used(fact));
        known.map(|(local, _)| *local)
    }

    /// Forgets of what no test will ask again, that it is null, some thing or a constant.
    pub(super) fn keep(&mut self, is_tested: impl Fn(LocalId) -> bool) {
        self.0.retain(|(local, fact)| {
            let tells = matches!(
                fact,
                Fact::Null
                    | Fact::Present
                    | Fact::Something
                    | Fact::Constant(_)
                    | Fact::Object(_)
                    | Fact::Function(_)
            );
            !tells || is_tested(*local)
        });
    }

    /// Joins with the facts of another path; whether anything changed. A local that is the resource on one path
    /// only may still be it; everything else that differs is unknown.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        let before = self.clone();
        let added = other
            .0
            .iter()
            .filter(|(local, fact)| fact.is_resource() && self.get(*local).is_none());
        let added: Vec<_> = added.map(|(local, _)| *local).collect();
        self.0
            .retain_mut(|(local, fact)| match merge(*fact, other.get(*local)) {
                Some(merged) => {
                    *fact = merged;
                    true
                }
                None => false,
            });
        for local in added {
            self.set(local, Some(Fact::MaybeResource));
        }
        *self != before
    }

    /// How a test comes out, where the facts decide it.
    pub(super) fn decide(&self, test: Test) -> Option<bool> {
        match test {
            Test::Truthy(local) => self.get(local)?.truth(),
            Test::Null(local) => match self.get(local)? {
                Fact::Null | Fact::Constant(Constant::Null) => Some(true),
                Fact::MaybeResource | Fact::Cursor => None,
                within if within.is_within() => None,
                _ => Some(false),
            },
            Test::Equals(local, constant) => match self.get(local)? {
                Fact::Constant(known) => Some(known == constant),
                _ => None,
            },
            Test::Caught(_) | Test::Unknown => None,
        }
    }
}

fn merge(one: Fact, other: Option<Fact>) -> Option<Fact> {
    match other {
        Some(other) if other == one => Some(one),
        Some(other) if one.is_resource() || other.is_resource() => Some(Fact::MaybeResource),
        Some(other)
            if !one.reaches()
                && !other.reaches()
                && one.truth().is_some()
                && one.truth() == other.truth() =>
        {
            Some(if one.truth() == Some(true) {
                Fact::Something
            } else {
                Fact::Null
            })
        }
        Some(other) if one.is_value() && other.is_value() => Some(Fact::Present),
        None if one.is_resource() => Some(Fact::MaybeResource),
        _ => None,
    }
}
