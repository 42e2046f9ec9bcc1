//! `unbounded-fanout`: work for all elements of an unbounded list at once, each taking a connection.
use super::Rule;
use crate::finding::{Confidence, Finding, RuleInfo, Step, StepKind};
use crate::flow::loops::Fanout;
use crate::program::Program;

/// The rule.
pub(super) struct UnboundedFanout;

impl Rule for UnboundedFanout {
    fn page(&self) -> &'static str {
        include_str!("../../rules/unbounded-fanout.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        let info = self.info();
        let fanouts = program.fanouts.iter();
        findings.extend(fanouts.map(|fanout| finding(&info, program, fanout)));
    }
}

fn finding(info: &RuleInfo, program: &Program<'_>, fanout: &Fanout) -> Finding {
    let primary = program.world.span(fanout.function, fanout.site);
    let callee = program.quote(program.world.span(fanout.function, fanout.callee));
    let (message, taken) = if fanout.is_queued {
        let message = format!(
            "`{callee}` starts a statement for each element of a list that nothing bounds, all over the one \
             connection that is held: they wait in line"
        );
        (message, "each sends its statement here")
    } else {
        let message = format!(
            "`{callee}` starts work for each element of a list that nothing bounds, and each takes a connection"
        );
        (message, "each takes a connection here")
    };
    let each = program.world.span(fanout.each.0, fanout.each.1);
    let mut steps = Vec::new();
    if each != primary {
        steps.push(Step {
            span: each,
            message: "started for each element".to_owned(),
            kind: StepKind::Call,
        });
    }
    steps.push(Step {
        span: program.world.span(fanout.taken.0, fanout.taken.1),
        message: taken.to_owned(),
        kind: StepKind::Acquire,
    });
    Finding {
        rule: info.id,
        level: info.level,
        confidence: Confidence::High,
        primary,
        message,
        steps,
        identity: program.identity(fanout.function, fanout.site),
    }
}
