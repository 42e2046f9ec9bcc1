//! `for` and `while`, with their `else`.
use super::{Lowering, is_async, kind, site};
use crate::ir::build::Lower;
use crate::ir::{BlockId, LocalId, Site, Suspension, Test, Value};
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

impl<'t> Lowering<'t> {
    pub(super) fn for_statement(&mut self, node: Node<'t>) {
        let (Some(target), Some(iterable)) = (child(node, Field::Left), child(node, Field::Right))
        else {
            self.degrade(node, None);
            return;
        };
        let iterable = self.expression(iterable);
        let exit = self.builder().new_block();
        let head = self.loop_head(node, iterable, exit, site(node));
        let after = self.builder().new_block();
        self.within_loop(None, after, Some(head), |lowering| {
            lowering.assign_value(target, Value::Element(iterable), site(target));
            lowering.body(node, Field::Body);
        });
        self.loop_end(node, head, exit, after);
    }

    /// Begins a loop over a collection; goes on in its body. Returns where the next round starts.
    pub(super) fn loop_head(
        &mut self,
        node: Node<'t>,
        iterable: LocalId,
        exit: BlockId,
        place: Site,
    ) -> BlockId {
        let (head, body) = (self.builder().new_block(), self.builder().new_block());
        self.builder().goto(head, place);
        self.builder().switch_to(head);
        if is_async(node) {
            self.builder().suspend(Suspension::Next, iterable, place);
        }
        self.builder().split(Test::Unknown, body, exit, place);
        self.builder().switch_to(body);
        head
    }

    pub(super) fn while_statement(&mut self, node: Node<'t>) {
        let place = site(node);
        let (head, body) = (self.builder().new_block(), self.builder().new_block());
        let (exit, after) = (self.builder().new_block(), self.builder().new_block());
        self.builder().goto(head, place);
        self.builder().switch_to(head);
        if let Some(test) = child(node, Field::Condition) {
            self.condition(test, body, exit);
        }
        self.builder().switch_to(body);
        self.within_loop(None, after, Some(head), |lowering| {
            lowering.body(node, Field::Body);
        });
        self.loop_end(node, head, exit, after);
    }

    /// Closes a loop: the next round, then what `else` says where the loop ends by itself.
    fn loop_end(&mut self, node: Node<'t>, head: BlockId, exit: BlockId, after: BlockId) {
        let place = site(node);
        self.builder().goto(head, place);
        self.builder().switch_to(exit);
        for part in self.parts(node) {
            if kind(part) == Kind::ElseClause {
                self.body(part, Field::Body);
            }
        }
        self.builder().goto(after, place);
        self.builder().switch_to(after);
    }
}
