//! Conditions: tests as control flow, without a temporary where a variable itself can be tested.
use super::operators::{Connective, chain};
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{BlockId, Constant, LocalId, Test, Value};
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

impl<'t> Lowering<'t> {
    /// Goes to `yes` where the expression is truthy, else to `no`. No block is current afterwards.
    pub(super) fn condition(&mut self, node: Node<'t>, yes: BlockId, no: BlockId) {
        let followed = self.nested(node, |lowering| {
            lowering.condition_of_kind(node, yes, no);
        });
        if followed.is_none() {
            self.builder().split(Test::Unknown, yes, no, site(node));
        }
    }

    fn condition_of_kind(&mut self, node: Node<'t>, yes: BlockId, no: BlockId) {
        match kind(node) {
            Kind::Parenthesized => match self.parts(node)[..] {
                [inner] => self.condition(inner, yes, no),
                _ => self.truthy(node, yes, no),
            },
            Kind::Not => match child(node, Field::Argument) {
                Some(inner) => self.condition(inner, no, yes),
                None => self.truthy(node, yes, no),
            },
            Kind::BooleanOperator => self.connective_condition(node, yes, no),
            Kind::Comparison => self.comparison_condition(node, yes, no),
            Kind::Conditional => self.conditional_condition(node, yes, no),
            Kind::True | Kind::False | Kind::None | Kind::Integer => {
                let target = match self.constant(node) {
                    Some(Constant::Bool(false) | Constant::Null | Constant::Integer(0)) => no,
                    _ => yes,
                };
                self.builder().goto(target, site(node));
            }
            _ => self.truthy(node, yes, no),
        }
    }

    fn truthy(&mut self, node: Node<'t>, yes: BlockId, no: BlockId) {
        let value = self.expression(node);
        self.builder()
            .split(Test::Truthy(value), yes, no, site(node));
    }

    /// `a and b`, `a or b`: the next operand is evaluated only where the one before does not decide.
    fn connective_condition(&mut self, node: Node<'t>, yes: BlockId, no: BlockId) {
        let (connective, operands) = chain(node);
        let Some((last, others)) = operands.split_last() else {
            self.truthy(node, yes, no);
            return;
        };
        for operand in others {
            let next = self.builder().new_block();
            match connective {
                Connective::And => self.condition(*operand, next, no),
                Connective::Or => self.condition(*operand, yes, next),
            }
            self.builder().switch_to(next);
        }
        self.condition(*last, yes, no);
    }

    fn conditional_condition(&mut self, node: Node<'t>, yes: BlockId, no: BlockId) {
        let [then, test, otherwise] = self.parts(node)[..] else {
            self.truthy(node, yes, no);
            return;
        };
        let (holds, fails) = (self.builder().new_block(), self.builder().new_block());
        self.condition(test, holds, fails);
        self.builder().switch_to(holds);
        self.condition(then, yes, no);
        self.builder().switch_to(fails);
        self.condition(otherwise, yes, no);
    }

    /// `x is None`, `x == 1`, and any other comparison.
    fn comparison_condition(&mut self, node: Node<'t>, yes: BlockId, no: BlockId) {
        let operands = self.parts(node);
        let is_negated = self.equality(node);
        let test = if let ([left, right], Some(_)) = (&operands[..], is_negated) {
            self.equality_test(*left, *right)
        } else {
            for operand in operands {
                self.expression(operand);
            }
            Test::Unknown
        };
        let is_negated = is_negated == Some(true);
        let (then, otherwise) = if is_negated { (no, yes) } else { (yes, no) };
        self.builder().split(test, then, otherwise, site(node));
    }

    /// Whether a comparison tests identity or equality, and whether it is the negated form.
    pub(super) fn equality(&mut self, node: Node<'t>) -> Option<bool> {
        node.children(&mut self.cursor)
            .find_map(|token| match kind(token) {
                Kind::Is | Kind::Equal => Some(false),
                Kind::IsNot | Kind::NotEqual => Some(true),
                _ => None,
            })
    }

    fn equality_test(&mut self, left: Node<'t>, right: Node<'t>) -> Test {
        if let Some(constant) = self.constant(right) {
            let value = self.expression(left);
            return constant_test(value, constant);
        }
        if let Some(constant) = self.constant(left) {
            let value = self.expression(right);
            return constant_test(value, constant);
        }
        self.expression(left);
        self.expression(right);
        Test::Unknown
    }

    /// `then if test else otherwise`
    pub(super) fn conditional(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let [then, test, otherwise] = self.parts(node)[..] else {
            return self.degrade(node, wanted);
        };
        let result = wanted.unwrap_or_else(|| self.builder().temporary());
        let (holds, fails) = (self.builder().new_block(), self.builder().new_block());
        let join = self.builder().new_block();
        self.condition(test, holds, fails);
        for (block, value) in [(holds, then), (fails, otherwise)] {
            self.builder().switch_to(block);
            self.lower_expression(value, Some(result));
            self.builder().goto(join, site(node));
        }
        self.builder().switch_to(join);
        result
    }

    /// `a and b`, `a or b` for their value: the operand that decides.
    pub(super) fn connective_value(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let (connective, operands) = chain(node);
        let Some((last, others)) = operands.split_last() else {
            return self.degrade(node, wanted);
        };
        let result = wanted.unwrap_or_else(|| self.builder().temporary());
        let join = self.builder().new_block();
        for operand in others {
            self.deciding_operand(*operand, connective, result, join);
        }
        self.lower_expression(*last, Some(result));
        self.builder().goto(join, site(node));
        self.builder().switch_to(join);
        result
    }

    /// One operand but the last: where it decides it is the result, else goes on.
    fn deciding_operand(
        &mut self,
        operand: Node<'t>,
        connective: Connective,
        result: LocalId,
        join: BlockId,
    ) {
        let place = site(operand);
        let (next, decided) = (self.builder().new_block(), self.builder().new_block());
        let (yes, no) = match connective {
            Connective::And => (next, decided),
            Connective::Or => (decided, next),
        };
        let inner = self.unwrapped(operand);
        let value = if matches!(kind(inner), Kind::Comparison | Kind::Not) {
            self.condition(operand, yes, no);
            Value::Constant(Constant::Bool(connective == Connective::Or))
        } else {
            let value = self.expression(operand);
            self.builder().split(Test::Truthy(value), yes, no, place);
            Value::Local(value)
        };
        self.builder().switch_to(decided);
        self.builder().assign(result, value, place);
        self.builder().goto(join, place);
        self.builder().switch_to(next);
    }
}

fn constant_test(value: LocalId, constant: Constant) -> Test {
    if constant == Constant::Null {
        Test::Null(value)
    } else {
        Test::Equals(value, constant)
    }
}
