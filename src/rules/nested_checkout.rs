//! `nested-checkout`: a second connection of the same pool while one is held.
use super::Rule;
use crate::finding::{Finding, RuleInfo, Step, StepKind};
use crate::flow::nested::Nested;
use crate::flow::sites::Kind;
use crate::program::Program;

/// The rule.
pub(super) struct NestedCheckout;

impl Rule for NestedCheckout {
    fn page(&self) -> &'static str {
        include_str!("../../rules/nested-checkout.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        let info = self.info();
        let nested = program.nested.iter();
        findings.extend(nested.map(|nested| finding(&info, program, nested)));
    }
}

fn finding(info: &RuleInfo, program: &Program<'_>, nested: &Nested) -> Finding {
    let mut steps = vec![program.begun_step(nested.kind, &nested.begun)];
    steps.extend(program.call_steps(
        (nested.function, nested.site),
        &nested.path,
        nested.checkout,
        nested.kind,
    ));
    steps.push(Step {
        span: program.world.span(nested.checkout.0, nested.checkout.1),
        message: "takes another connection of the same pool here".to_owned(),
        kind: StepKind::Acquire,
    });
    Finding {
        rule: info.id,
        level: info.level,
        confidence: nested.confidence,
        primary: program.world.span(nested.function, nested.site),
        message: message(program, nested),
        steps,
        identity: program.identity(nested.function, nested.site),
    }
}

fn message(program: &Program<'_>, nested: &Nested) -> String {
    let callee = program.quote(program.world.span(nested.function, nested.callee));
    let begun = program.begun_name(&nested.begun);
    let noun = nested.kind.noun();
    let outside = if nested.kind == Kind::Transaction && nested.is_statement {
        ", and its statement is outside that transaction"
    } else {
        ""
    };
    format!(
        "`{callee}` takes a second connection of the pool while the {noun} from `{begun}` has one{outside}: \
         n callers at once need n x (2 - 1) + 1 connections, or all wait for each other"
    )
}
