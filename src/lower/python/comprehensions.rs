//! Comprehensions and generator expressions, as loops in place with a scope of their own.
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{BlockId, LocalId, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

impl<'t> Lowering<'t> {
    pub(super) fn comprehension(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let element = self.rounds(node, Self::expression);
        let elements = element.into_iter().collect();
        self.put(Value::Sequence(elements), wanted, site(node))
    }

    pub(super) fn dictionary_comprehension(
        &mut self,
        node: Node<'t>,
        wanted: Option<LocalId>,
    ) -> LocalId {
        let entries = self.rounds(node, Self::entry_of_round).unwrap_or_default();
        self.put(Value::Record(entries), wanted, site(node))
    }

    /// An entry, and its key where that is what a call gives: `{executor.submit(work, row): row for row in rows}`.
    fn entry_of_round(&mut self, node: Node<'t>) -> Vec<(Symbol, LocalId)> {
        match (child(node, Field::Key), child(node, Field::Value)) {
            (Some(key), Some(value)) if kind(key) == Kind::Call => {
                let key = self.expression(key);
                let value = self.expression(value);
                vec![(Symbol::empty(), value), (Symbol::empty(), key)]
            }
            _ => vec![self.entry(node)],
        }
    }

    /// Lowers the loops, and in the innermost the element.
    fn rounds<T>(
        &mut self,
        node: Node<'t>,
        element: impl FnOnce(&mut Self, Node<'t>) -> T,
    ) -> Option<T> {
        let body = child(node, Field::Body)?;
        let clauses = self.parts(node);
        let after = self.builder().new_block();
        let mut round = after;
        let mut first = self.first_iterable(&clauses);
        self.frames.frame().open_scope();
        for clause in &clauses {
            if let Some(target) = child(*clause, Field::Left) {
                self.declare_targets(target);
            }
        }
        for clause in clauses {
            match kind(clause) {
                Kind::ForInClause => round = self.for_clause(clause, first.take(), round),
                Kind::IfClause => self.if_filter(clause, round),
                _ => {}
            }
        }
        let element = element(self, body);
        self.frames.frame().close_scope();
        self.builder().goto(round, site(node));
        self.builder().switch_to(after);
        Some(element)
    }

    /// The first collection is evaluated outside of the scope.
    fn first_iterable(&mut self, clauses: &[Node<'t>]) -> Option<LocalId> {
        let first = clauses
            .iter()
            .find(|part| kind(**part) == Kind::ForInClause)?;
        Some(self.iterable(*first))
    }

    fn iterable(&mut self, clause: Node<'t>) -> LocalId {
        let place = site(clause);
        let left = child(clause, Field::Left);
        let mut values = Vec::new();
        for part in self.parts(clause) {
            if Some(part) != left {
                values.push(self.expression(part));
            }
        }
        match values[..] {
            [value] => value,
            _ => self.builder().value(Value::Sequence(values), place),
        }
    }

    /// `for target in iterable`; where it ends, the loop around it goes on. Returns its own next round.
    fn for_clause(&mut self, clause: Node<'t>, known: Option<LocalId>, exit: BlockId) -> BlockId {
        let iterable = known.unwrap_or_else(|| self.iterable(clause));
        let head = self.loop_head(clause, iterable, exit, site(clause));
        if let Some(target) = child(clause, Field::Left) {
            self.assign_value(target, Value::Element(iterable), site(target));
        }
        head
    }

    fn if_filter(&mut self, clause: Node<'t>, round: BlockId) {
        let kept = self.builder().new_block();
        if let Some(test) = self.parts(clause).first() {
            self.condition(*test, kept, round);
        }
        self.builder().switch_to(kept);
    }
}
