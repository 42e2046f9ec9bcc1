//! Promise chains as structured code: `x.then(a, b)`, `x.catch(b)`, `x.finally(c)`.
//!
//! ```text
//! x().then(a).catch(b).finally(c)
//! try { try { r = await a(await x()) } catch (e) { r = await b(e) } } finally { await c() }
//! ```
use super::chains::{Chain, Short};
use super::jumps::Cleanup;
use super::{Lowering, is_function, site};
use crate::ir::build::Lower;
use crate::ir::{LocalId, Value};
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// What a link of a promise chain does.
#[derive(Clone, Copy)]
enum Step<'tree> {
    Then(Option<Node<'tree>>, Option<Node<'tree>>),
    Catch(Node<'tree>),
    Finally(Node<'tree>),
}

/// A call of `then`, `catch` or `finally`, how many links stand before it, and where its result goes.
#[derive(Clone, Copy)]
struct Link<'tree> {
    call: Node<'tree>,
    before: usize,
    result: LocalId,
}

impl<'tree> Lowering<'tree> {
    /// The position of the last call of `then`, `catch` or `finally` with a callback among the first links.
    pub(super) fn last_promise(&mut self, chain: &Chain<'tree>, upto: usize) -> Option<usize> {
        (1..upto)
            .rev()
            .find(|position| self.step(chain, *position).is_some())
    }

    /// What the call at this position does, where it is such a call.
    fn step(&mut self, chain: &Chain<'tree>, position: usize) -> Option<Step<'tree>> {
        let call = *chain.links.get(position)?;
        let member = *chain.links.get(position.checked_sub(1)?)?;
        if self.kind(call) != Kind::Call || self.kind(member) != Kind::Member {
            return None;
        }
        let fields = &self.grammar.fields;
        let method = self.text(member.child_by_field_id(fields.property)?);
        let is_promise = matches!(method, "then" | "catch" | "finally");
        if !is_promise || self.is_optional(call) || self.is_optional(member) {
            return None;
        }
        let arguments = call.child_by_field_id(fields.arguments)?;
        if self.kind(arguments) != Kind::Arguments {
            return None;
        }
        let mut callbacks = Vec::new();
        for argument in self.children(arguments) {
            callbacks.push(self.is_callback(argument).then_some(argument));
        }
        let first = callbacks.first().copied().flatten();
        let second = callbacks.get(1).copied().flatten();
        match method {
            "then" if first.or(second).is_some() => Some(Step::Then(first, second)),
            "catch" => first.map(Step::Catch),
            "finally" => first.map(Step::Finally),
            _ => None,
        }
    }

    /// Whether an argument is a function literal, or names something that may be one.
    fn is_callback(&mut self, argument: Node<'tree>) -> bool {
        let argument = self.bare(argument);
        let kind = self.kind(argument);
        is_function(kind) || matches!(kind, Kind::Identifier | Kind::Member | Kind::Subscript)
    }

    /// The value of the chain up to and with the step at `position`.
    pub(super) fn promise(
        &mut self,
        chain: &Chain<'tree>,
        position: usize,
        into: Option<LocalId>,
        short: &mut Short,
    ) -> LocalId {
        let step = self.step(chain, position);
        let call = chain.links.get(position).copied().unwrap_or(chain.whole);
        let (Some(step), false) = (step, self.is_too_deep(call)) else {
            return self.put(into, Value::Opaque(Vec::new()), site(call));
        };
        self.frames.depth += 1;
        let result = into.unwrap_or_else(|| self.builder().temporary());
        let link = Link {
            call,
            before: position - 1,
            result,
        };
        let before = link.before;
        match step {
            Step::Then(Some(callback), None) => {
                let value = self.settled(chain, before, None, short);
                self.callback(callback, Some(value), call, Some(result));
            }
            Step::Then(callback, Some(handler)) => {
                self.then_or(chain, link, (callback, handler), short);
            }
            Step::Then(None, None) => {}
            Step::Catch(handler) => self.guarded(
                site(call),
                |lowering| {
                    lowering.settled(chain, before, Some(result), short);
                },
                |lowering| lowering.caught_by(handler, call, result),
            ),
            Step::Finally(callback) => {
                let depth = self.frames.frame().scope_depth();
                let cleanup = Cleanup::Callback {
                    callback,
                    call,
                    depth,
                };
                self.scoped(cleanup, site(call), |lowering| {
                    lowering.settled(chain, before, Some(result), short);
                });
            }
        }
        self.frames.depth -= 1;
        result
    }

    /// What the first links come to, waited for; `?.` before has tested what it calls `then` of.
    fn settled(
        &mut self,
        chain: &Chain<'tree>,
        upto: usize,
        into: Option<LocalId>,
        short: &mut Short,
    ) -> LocalId {
        self.walk(chain, upto, (into, true), short)
    }

    /// `x.then(a, b)`: `b` handles what `x` throws, not what `a` throws.
    fn then_or(
        &mut self,
        chain: &Chain<'tree>,
        link: Link<'tree>,
        (callback, handler): (Option<Node<'tree>>, Node<'tree>),
        short: &mut Short,
    ) {
        let Link {
            call,
            before,
            result,
        } = link;
        let fulfilled = self.builder().new_block();
        let mut value = result;
        self.guarded(
            site(call),
            |lowering| {
                let into = callback.is_none().then_some(result);
                value = lowering.settled(chain, before, into, short);
                lowering.builder().goto(fulfilled, site(call));
            },
            |lowering| lowering.caught_by(handler, call, result),
        );
        let join = self.builder().new_block();
        self.builder().goto(join, site(call));
        self.builder().switch_to(fulfilled);
        if let Some(callback) = callback {
            self.callback(callback, Some(value), call, Some(result));
        }
        self.builder().goto(join, site(call));
        self.builder().switch_to(join);
    }

    fn caught_by(&mut self, handler: Node<'tree>, call: Node<'tree>, result: LocalId) {
        let caught = self.put(None, Value::Caught, site(handler));
        self.callback(handler, Some(caught), call, Some(result));
    }
}
