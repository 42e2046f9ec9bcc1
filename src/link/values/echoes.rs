//! Functions that give what a function they are given gives: `singleton('prisma', () => new PrismaClient())`.
//!
//! In: a function's graph. Out: its [`Echoes`]: the parameters whose calls its result comes from, by the way or out of a
//! store that it put it into under the same key. What each caller gets is what its own argument gives, so callers are not
//! mixed. It deliberately looks at one function only.
use crate::ir::{
    Action, Call, Callee, Constant, Function, LocalId, LocalKind, Suspension, Terminator, Value,
};
use crate::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};

/// Locals looked at for where a result comes from.
const SLICE_LIMIT: usize = 64;

/// Links of a chain of fields that name a store.
const PATH_LIMIT: usize = 8;

/// What a function's result comes from.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    /// Parameters, what calling them gives is the result.
    pub(super) parameters: Vec<LocalId>,
    /// Those of them whose result a store keeps that outlives the call.
    pub(super) kept: Vec<LocalId>,
    /// Locals that are the result otherwise.
    pub(super) others: Vec<LocalId>,
}

/// What a local is given.
#[derive(Clone, Copy)]
enum Given<'f> {
    Value(&'f Value),
    Call(&'f Call),
    Resumed(LocalId),
}

/// What names a store or a key: a variable, and the fields read from there.
#[derive(PartialEq, Eq)]
struct Path {
    root: Root,
    fields: Vec<Symbol>,
}

#[derive(PartialEq, Eq)]
enum Root {
    Local(LocalId),
    Free(Symbol),
}

struct Slice<'f> {
    body: &'f Function,
    given: FxHashMap<LocalId, Vec<Given<'f>>>,
    seen: FxHashSet<LocalId>,
    found: Echoes,
}

/// What a function's result comes from, where some of it is what a parameter gives.
pub(super) fn echoes(body: &Function) -> Option<Echoes> {
    let is_parameter = |local| matches!(body.local(local).kind, LocalKind::Parameter(_));
    let mut callees = body.calls().map(|(_, call)| call.callee);
    if !callees.any(|callee| matches!(callee, Callee::Local(local) if is_parameter(local))) {
        return None;
    }
    let mut slice = Slice {
        body,
        given: given(body),
        seen: FxHashSet::default(),
        found: Echoes::default(),
    };
    for block in &body.blocks {
        if let Terminator::Return(value) = block.terminator {
            slice.follow(value);
        }
    }
    let found = slice.found;
    (!found.parameters.is_empty()).then_some(found)
}

/// By local, all that it is ever given.
fn given(body: &Function) -> FxHashMap<LocalId, Vec<Given<'_>>> {
    let mut found: FxHashMap<LocalId, Vec<Given<'_>>> = FxHashMap::default();
    for block in &body.blocks {
        for statement in &block.statements {
            if let Action::Assign(target, value) = &statement.action {
                found.entry(*target).or_default().push(Given::Value(value));
            }
        }
        match &block.terminator {
            Terminator::Call { call, .. } => {
                found
                    .entry(call.result)
                    .or_default()
                    .push(Given::Call(call));
            }
            Terminator::Suspend {
                kind: Suspension::Await,
                value,
                result,
                ..
            } => found
                .entry(*result)
                .or_default()
                .push(Given::Resumed(*value)),
            _ => {}
        }
    }
    found
}

impl<'f> Slice<'f> {
    fn given(&self, local: LocalId) -> &[Given<'f>] {
        self.given.get(&local).map_or(&[], Vec::as_slice)
    }

    /// Follows a result back to the calls of parameters, and to what else it comes from.
    fn follow(&mut self, result: LocalId) {
        let mut work = vec![result];
        while let Some(local) = work.pop() {
            if !self.seen.insert(local) {
                continue;
            }
            let given = self.given(local).to_vec();
            let mut is_apart = given.is_empty() || self.seen.len() > SLICE_LIMIT;
            // What others may set as well is one for all callers.
            let is_shared = matches!(self.body.local(local).kind, LocalKind::Captured(..));
            let is_other = is_apart || is_shared;
            for given in given.into_iter().filter(|_| !is_other) {
                match given {
                    Given::Value(Value::Local(source)) => work.push(*source),
                    Given::Resumed(source) => work.push(source),
                    Given::Value(Value::Constant(Constant::Null)) => {}
                    _ => is_apart |= !self.is_echo(given),
                }
            }
            if is_other || is_apart {
                self.found.others.push(local);
            }
        }
    }

    /// Whether it is what a parameter gives; takes the parameter down.
    fn is_echo(&mut self, given: Given<'f>) -> bool {
        let parameters = match given {
            Given::Call(call) => self
                .parameter(call)
                .map_or_else(|| self.kept_by_call(call), |parameter| vec![parameter]),
            Given::Value(Value::Item(store, key)) => self.kept_by_item(*store, *key),
            _ => Vec::new(),
        };
        for parameter in &parameters {
            if !self.found.parameters.contains(parameter) {
                self.found.parameters.push(*parameter);
            }
        }
        !parameters.is_empty()
    }

    /// The parameter that a call calls.
    fn parameter(&self, call: &Call) -> Option<LocalId> {
        let Callee::Local(callee) = call.callee else {
            return None;
        };
        let path = self.path(callee);
        let Root::Local(local) = path.root else {
            return None;
        };
        let is_parameter = matches!(self.body.local(local).kind, LocalKind::Parameter(_));
        (is_parameter && path.fields.is_empty()).then_some(local)
    }

    /// The parameters whose results a local holds.
    fn made_by(&self, local: LocalId) -> Vec<LocalId> {
        let (mut work, mut seen) = (vec![local], FxHashSet::default());
        let mut found = Vec::new();
        while let Some(local) = work.pop() {
            if !seen.insert(local) || seen.len() > SLICE_LIMIT {
                continue;
            }
            for given in self.given(local) {
                match given {
                    Given::Value(Value::Local(source)) | Given::Resumed(source) => {
                        work.push(*source);
                    }
                    Given::Call(call) => found.extend(self.parameter(call)),
                    Given::Value(_) => {}
                }
            }
        }
        found
    }

    /// `store[key]`, where `store[key] = make()` stands in the same function.
    fn kept_by_item(&mut self, store: LocalId, key: LocalId) -> Vec<LocalId> {
        let (store, key) = (self.path(store), self.path(key));
        let statements = self.body.blocks.iter().flat_map(|block| &block.statements);
        let kept = statements.filter_map(|statement| match statement.action {
            Action::SetItem(into, under, value)
                if self.path(into) == store && self.path(under) == key =>
            {
                Some(value)
            }
            _ => None,
        });
        let made = kept.flat_map(|value| self.made_by(value)).collect();
        self.keep(&store, made)
    }

    /// `store.get(key)`, where `store.set(key, make())` stands in the same function.
    fn kept_by_call(&mut self, call: &Call) -> Vec<LocalId> {
        let Some((store, [key])) = self.accessed(call, "get") else {
            return Vec::new();
        };
        let kept = self
            .body
            .calls()
            .filter_map(|(_, call)| match self.accessed(call, "set") {
                Some((into, [under, value]))
                    if into == store && self.path(under) == self.path(key) =>
                {
                    Some(value)
                }
                _ => None,
            });
        let made = kept.flat_map(|value| self.made_by(value)).collect();
        self.keep(&store, made)
    }

    /// Takes down what a store keeps, where that outlives the call.
    fn keep(&mut self, store: &Path, made: Vec<LocalId>) -> Vec<LocalId> {
        let outlives = match store.root {
            Root::Free(_) => true,
            Root::Local(local) => matches!(
                self.body.local(local).kind,
                LocalKind::Captured(..) | LocalKind::Receiver
            ),
        };
        self.found.kept.extend(made.iter().filter(|_| outlives));
        made
    }

    /// The store and the arguments of a call of its method.
    fn accessed<const N: usize>(&self, call: &Call, method: &str) -> Option<(Path, [LocalId; N])> {
        let Callee::Method(store, name) = call.callee else {
            return None;
        };
        let plain = call.arguments.iter().filter(|argument| !argument.is_spread);
        let arguments: Vec<_> = plain.map(|argument| argument.value).collect();
        let arguments = arguments.try_into().ok().filter(|_| name == method)?;
        Some((self.path(store), arguments))
    }

    /// Where a local is read from.
    fn path(&self, local: LocalId) -> Path {
        let (mut local, mut fields) = (local, Vec::new());
        for _ in 0..PATH_LIMIT {
            match self.given(local) {
                [Given::Value(Value::Local(source))] => local = *source,
                [Given::Value(Value::Field(owner, name))] => {
                    fields.push(*name);
                    local = *owner;
                }
                [Given::Value(Value::Free(name))] => {
                    return Path {
                        root: Root::Free(*name),
                        fields,
                    };
                }
                _ => break,
            }
        }
        Path {
            root: Root::Local(local),
            fields,
        }
    }
}
