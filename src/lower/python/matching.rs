//! `match`: cases in order, each a test and the names it binds.
use super::operators::{negated, number};
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{BlockId, Constant, LocalId, Test, Value};
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

impl<'t> Lowering<'t> {
    pub(super) fn match_statement(&mut self, node: Node<'t>) {
        let place = site(node);
        let body = child(node, Field::Body);
        let mut subjects = Vec::new();
        for part in self.parts(node) {
            if Some(part) != body {
                subjects.push(self.expression(part));
            }
        }
        let subject = match subjects[..] {
            [subject] => subject,
            _ => self.builder().value(Value::Sequence(subjects), place),
        };
        let after = self.builder().new_block();
        let clauses = body.map(|body| self.parts(body)).unwrap_or_default();
        for clause in clauses {
            if kind(clause) == Kind::CaseClause {
                self.case_clause(clause, subject, after);
            }
        }
        self.builder().goto(after, place);
        self.builder().switch_to(after);
    }

    /// One case; goes on where it does not match.
    fn case_clause(&mut self, clause: Node<'t>, subject: LocalId, after: BlockId) {
        let place = site(clause);
        let parts = self.parts(clause);
        let patterns: Vec<_> = parts
            .into_iter()
            .filter(|part| kind(*part) == Kind::CasePattern)
            .collect();
        let (chosen, next) = (self.builder().new_block(), self.builder().new_block());
        let test = match patterns[..] {
            [pattern] => self.pattern_test(pattern, subject),
            _ => Some(Test::Unknown),
        };
        match test {
            Some(test) => self.builder().split(test, chosen, next, place),
            None => self.builder().goto(chosen, place),
        }
        self.builder().switch_to(chosen);
        if let [pattern] = patterns[..] {
            self.bind_pattern(pattern, subject);
        } else {
            self.bind_elements(&patterns, subject);
        }
        if let Some(guard) = child(clause, Field::Guard).and_then(|guard| guard.named_child(0)) {
            let body = self.builder().new_block();
            self.condition(guard, body, next);
            self.builder().switch_to(body);
        }
        self.body(clause, Field::Consequence);
        self.builder().goto(after, place);
        self.builder().switch_to(next);
    }

    /// What decides whether a pattern matches; `None` where it always does.
    fn pattern_test(&mut self, pattern: Node<'t>, subject: LocalId) -> Option<Test> {
        let mut inner = pattern;
        loop {
            let parts = self.parts(inner);
            match (kind(inner), parts.first()) {
                (Kind::CasePattern, None) => return None,
                (Kind::CasePattern | Kind::AsPattern, Some(part)) => {
                    if matches!(kind(*part), Kind::Integer | Kind::Float) {
                        return Some(self.number_test(inner, *part, subject));
                    }
                    inner = *part;
                }
                (Kind::TuplePattern, Some(part)) if self.is_group(inner) => inner = *part,
                (Kind::DottedName, _) if parts.len() == 1 => return None,
                _ => break,
            }
        }
        Some(match self.constant(inner) {
            Some(Constant::Null) => Test::Null(subject),
            Some(constant) => Test::Equals(subject, constant),
            None => Test::Unknown,
        })
    }

    fn number_test(&mut self, pattern: Node<'t>, digits: Node<'t>, subject: LocalId) -> Test {
        let first = pattern.child(0);
        let is_negative = first.is_some_and(|token| kind(token) == Kind::Minus);
        let constant = number(self.text(digits));
        let constant = if is_negative {
            constant.and_then(negated)
        } else {
            constant
        };
        constant.map_or(Test::Unknown, |constant| Test::Equals(subject, constant))
    }

    /// Whether parentheses only group: `(a)` but not `(a,)`.
    fn is_group(&mut self, node: Node<'t>) -> bool {
        let mut children = node.children(&mut self.cursor);
        node.named_child_count() == 1 && !children.any(|token| kind(token) == Kind::Comma)
    }

    /// Binds the names of a pattern to the parts of what it matched.
    fn bind_pattern(&mut self, pattern: Node<'t>, subject: LocalId) {
        self.nested(pattern, |lowering| match kind(pattern) {
            Kind::DottedName if pattern.named_child_count() == 1 => {
                lowering.bind_name(pattern, subject);
            }
            Kind::Identifier => lowering.bind_name(pattern, subject),
            Kind::CasePattern | Kind::AsPattern | Kind::UnionPattern => {
                for part in lowering.parts(pattern) {
                    lowering.bind_pattern(part, subject);
                }
            }
            Kind::TuplePattern if lowering.is_group(pattern) => {
                for part in lowering.parts(pattern) {
                    lowering.bind_pattern(part, subject);
                }
            }
            Kind::TuplePattern | Kind::ListPattern => {
                let parts = lowering.parts(pattern);
                lowering.bind_elements(&parts, subject);
            }
            Kind::SplatPattern => {
                for name in lowering.parts(pattern) {
                    let value = Value::Opaque(vec![subject]);
                    lowering.assign_value(name, value, site(name));
                }
            }
            Kind::DictPattern => lowering.bind_entries(pattern, subject),
            Kind::ClassPattern => lowering.bind_attributes(pattern, subject),
            _ => {}
        });
    }

    fn bind_name(&mut self, node: Node<'t>, subject: LocalId) {
        let name = self.symbol(node);
        if name != "_" {
            let local = self.variable(name);
            self.builder()
                .assign(local, Value::Local(subject), site(node));
        }
    }

    fn bind_elements(&mut self, patterns: &[Node<'t>], subject: LocalId) {
        for (index, pattern) in patterns.iter().enumerate() {
            if self.is_star(*pattern) {
                self.bind_pattern(*pattern, subject);
            } else if self.binds(*pattern) {
                let place = site(*pattern);
                let position = i64::try_from(index).unwrap_or(i64::MAX);
                let key = self.builder().constant(Constant::Integer(position), place);
                let element = self.builder().value(Value::Item(subject, key), place);
                self.bind_pattern(*pattern, element);
            }
        }
    }

    fn bind_entries(&mut self, pattern: Node<'t>, subject: LocalId) {
        let mut key = None;
        for part in self.parts(pattern) {
            let place = site(part);
            match kind(part) {
                Kind::SplatPattern => self.bind_pattern(part, subject),
                Kind::CasePattern if self.binds(part) => {
                    let key = match key.take() {
                        Some(key) => self.expression(key),
                        None => self.null(place),
                    };
                    let element = self.builder().value(Value::Item(subject, key), place);
                    self.bind_pattern(part, element);
                }
                _ => key = Some(part),
            }
        }
    }

    /// `Point(x, y=0)`
    fn bind_attributes(&mut self, pattern: Node<'t>, subject: LocalId) {
        for part in self.parts(pattern) {
            if kind(part) != Kind::CasePattern || !self.binds(part) {
                continue;
            }
            let inner = self.parts(part).first().copied();
            let inner = inner.filter(|inner| kind(*inner) == Kind::KeywordPattern);
            let keyword = inner.map(|inner| self.parts(inner));
            let (value, bound) = match keyword.as_deref() {
                Some([name, value]) => (Value::Field(subject, self.symbol(*name)), *value),
                _ => (Value::Opaque(vec![subject]), part),
            };
            let element = self.builder().value(value, site(part));
            self.bind_pattern(bound, element);
        }
    }

    fn is_star(&mut self, pattern: Node<'t>) -> bool {
        let part = self.parts(pattern).first().copied();
        part.is_some_and(|part| kind(part) == Kind::SplatPattern)
    }

    /// Whether a pattern is more than a literal, a constant's name or `_`.
    fn binds(&mut self, pattern: Node<'t>) -> bool {
        match self.parts(pattern)[..] {
            [] => false,
            [part] => match kind(part) {
                Kind::DottedName => part.named_child_count() == 1,
                Kind::KeywordPattern => self.parts(part).len() > 1,
                Kind::AsPattern
                | Kind::ClassPattern
                | Kind::DictPattern
                | Kind::ListPattern
                | Kind::SplatPattern
                | Kind::TuplePattern
                | Kind::UnionPattern => true,
                _ => false,
            },
            _ => true,
        }
    }
}
