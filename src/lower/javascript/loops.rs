//! Loops and `switch`.
use super::conditions::equals;
use super::{Lowering, site};
use crate::ir::build::Lower;
use crate::ir::{BlockId, LocalId, Site, Suspension, Test, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// Where the jumps of a loop go.
#[derive(Clone, Copy)]
struct Targets {
    done: BlockId,
    next: BlockId,
}

impl<'tree> Lowering<'tree> {
    /// The loop without its body: `for (const x of xs)`.
    fn header(&self, node: Node<'tree>) -> Site {
        let whole = site(node);
        let Some(body) = node.child_by_field_id(self.grammar.fields.body) else {
            return whole;
        };
        let header = self.source.slice(node.start_byte()..body.start_byte());
        let length = u32::try_from(header.trim_end().len()).unwrap_or(0);
        Site {
            start: whole.start,
            end: whole.start + length,
        }
    }

    /// The loop's body, with the jumps of the loop and its labels.
    fn loop_body(&mut self, labels: &[Symbol], targets: Targets, body: &mut dyn FnMut(&mut Self)) {
        let (label, others) = match labels.split_last() {
            Some((label, others)) => (Some(*label), others),
            None => (None, labels),
        };
        let Targets { done, next } = targets;
        self.within_loop(label, done, Some(next), |lowering| {
            if others.is_empty() {
                body(lowering);
            } else {
                lowering.loop_body(others, targets, body);
            }
        });
    }

    fn body_statement(&mut self, node: Node<'tree>, labels: &[Symbol], targets: Targets) {
        if let Some(body) = node.child_by_field_id(self.grammar.fields.body) {
            self.loop_body(labels, targets, &mut |lowering| lowering.statement(body));
        }
    }

    /// `while (condition) body`
    pub(super) fn while_loop(&mut self, node: Node<'tree>, labels: &[Symbol]) {
        let place = self.header(node);
        let (head, body, done) = self.loop_blocks();
        self.builder().goto(head, place);
        self.builder().switch_to(head);
        self.condition(node, body, done);
        self.builder().switch_to(body);
        self.body_statement(node, labels, Targets { done, next: head });
        self.builder().goto(head, place);
        self.builder().switch_to(done);
    }

    /// `do body while (condition)`
    pub(super) fn do_loop(&mut self, node: Node<'tree>, labels: &[Symbol]) {
        let place = site(node);
        let (body, next, done) = self.loop_blocks();
        self.builder().goto(body, place);
        self.builder().switch_to(body);
        self.body_statement(node, labels, Targets { done, next });
        self.builder().goto(next, place);
        self.builder().switch_to(next);
        self.condition(node, body, done);
        self.builder().switch_to(done);
    }

    fn loop_blocks(&mut self) -> (BlockId, BlockId, BlockId) {
        let builder = self.builder();
        (
            builder.new_block(),
            builder.new_block(),
            builder.new_block(),
        )
    }

    /// Goes one of two ways by the condition of a loop; without one, always into the body.
    fn condition(&mut self, node: Node<'tree>, body: BlockId, done: BlockId) {
        match node.child_by_field_id(self.grammar.fields.condition) {
            Some(condition) if self.kind(condition) == Kind::ExpressionStatement => {
                match self.first(condition) {
                    Some(condition) => self.test(condition, body, done),
                    None => self.builder().goto(body, site(node)),
                }
            }
            Some(condition) if self.kind(condition) != Kind::Empty => {
                self.test(condition, body, done);
            }
            _ => self.builder().goto(body, site(node)),
        }
    }

    /// `for (initializer; condition; increment) body`
    pub(super) fn for_loop(&mut self, node: Node<'tree>, labels: &[Symbol]) {
        let fields = &self.grammar.fields;
        let place = self.header(node);
        self.scope(|lowering| {
            if let Some(initializer) = node.child_by_field_id(fields.initializer) {
                lowering.declare_block(&[initializer]);
                lowering.statement(initializer);
            }
            let (head, body, done) = lowering.loop_blocks();
            let next = lowering.builder().new_block();
            lowering.builder().goto(head, place);
            lowering.builder().switch_to(head);
            lowering.condition(node, body, done);
            lowering.builder().switch_to(body);
            lowering.body_statement(node, labels, Targets { done, next });
            lowering.builder().goto(next, place);
            lowering.builder().switch_to(next);
            if let Some(increment) = node.child_by_field_id(fields.increment) {
                lowering.discard(increment);
            }
            lowering.builder().goto(head, place);
            lowering.builder().switch_to(done);
        });
    }

    /// `for (x of xs)`, `for (x in xs)`, `for await (x of xs)`
    pub(super) fn for_in_loop(&mut self, node: Node<'tree>, labels: &[Symbol]) {
        let fields = &self.grammar.fields;
        let place = self.header(node);
        let Some(right) = node.child_by_field_id(fields.right) else {
            return;
        };
        let collection = self.expression(right, None);
        let (head, body, done) = self.loop_blocks();
        self.builder().goto(head, place);
        self.builder().switch_to(head);
        let is_async = (1..3).any(|index| {
            let token = node.child(index);
            token.is_some_and(|token| self.kind(token) == Kind::AwaitToken)
        });
        if is_async {
            self.builder().suspend(Suspension::Next, collection, place);
        }
        self.builder().split(Test::Unknown, body, done, place);
        self.builder().switch_to(body);
        self.scope(|lowering| {
            lowering.for_in_round(node, collection, labels, Targets { done, next: head });
        });
        self.builder().goto(head, place);
        self.builder().switch_to(done);
    }

    /// Binds the element, and runs the body; a `using` in the head is disposed of at the end of each round.
    fn for_in_round(
        &mut self,
        node: Node<'tree>,
        collection: LocalId,
        labels: &[Symbol],
        targets: Targets,
    ) {
        let fields = &self.grammar.fields;
        let kinds = self.in_field(node, fields.kind);
        let Some(left) = node.child_by_field_id(fields.left) else {
            return;
        };
        let words: Vec<_> = kinds.iter().map(|kind| self.text(*kind)).collect();
        if words.iter().any(|word| *word != "var") {
            self.declare_pattern(left);
        }
        let operator = node.child_by_field_id(fields.operator);
        let is_of = operator.is_some_and(|operator| self.text(operator) == "of");
        let element = if is_of {
            Value::Element(collection)
        } else {
            Value::Operation(vec![collection])
        };
        self.bind(left, element);
        let resource = (words.contains(&"using") && self.kind(left) == Kind::Identifier)
            .then(|| self.variable(left));
        let is_async = words.contains(&"await")
            || kinds.first().and_then(|kind| self.mended_using(*kind)) == Some(true);
        let Some(body) = node.child_by_field_id(fields.body) else {
            return;
        };
        self.loop_body(labels, targets, &mut |lowering| {
            lowering.disposed(resource, is_async, site(left), |lowering| {
                lowering.statement(body);
            });
        });
    }

    /// `switch (value) { case x: ... default: ... }`
    pub(super) fn switch_statement(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let (Some(value), Some(body)) = (
            node.child_by_field_id(fields.value),
            node.child_by_field_id(fields.body),
        ) else {
            return;
        };
        let value_node = self.bare(value);
        let is_true = self.kind(value_node) == Kind::True;
        let subject = self.expression(value_node, None);
        let cases = self.children(body);
        let done = self.builder().new_block();
        let entries: Vec<BlockId> = cases.iter().map(|_| self.builder().new_block()).collect();
        let field = fields.body;
        let bodies: Vec<_> = cases
            .iter()
            .map(|case| self.in_field(*case, field))
            .collect();
        self.scope(|lowering| {
            for body in &bodies {
                lowering.declare_block(body);
            }
            let mut default = done;
            for (case, entry) in cases.iter().zip(&entries) {
                if lowering.kind(*case) == Kind::SwitchDefault {
                    default = *entry;
                } else if let Some(value) = case.child_by_field_id(fields.value) {
                    let otherwise = lowering.builder().new_block();
                    if is_true {
                        lowering.test(value, *entry, otherwise);
                    } else {
                        lowering.case(subject, value, *entry, otherwise);
                    }
                    lowering.builder().switch_to(otherwise);
                }
            }
            lowering.builder().goto(default, site(node));
            lowering.switch_bodies(&bodies, &entries, done);
        });
        self.builder().goto(done, site(node));
        self.builder().switch_to(done);
    }

    fn switch_bodies(&mut self, bodies: &[Vec<Node<'tree>>], entries: &[BlockId], done: BlockId) {
        self.within_loop(None, done, None, |lowering| {
            for (body, entry) in bodies.iter().zip(entries) {
                // The case before falls through into this one.
                let place = body.first().map(|first| site(*first)).unwrap_or_default();
                lowering.builder().goto(*entry, place);
                lowering.builder().switch_to(*entry);
                lowering.statements(body);
            }
        });
    }

    /// Whether the subject of a switch equals the value of a case.
    fn case(&mut self, subject: LocalId, value: Node<'tree>, then: BlockId, otherwise: BlockId) {
        let place = site(value);
        let test = if let Some(constant) = self.constant(value) {
            equals(subject, constant)
        } else {
            let value = self.expression(value, None);
            let parts = Value::Operation(vec![subject, value]);
            Test::Truthy(self.put(None, parts, place))
        };
        self.builder().split(test, then, otherwise, place);
    }
}
