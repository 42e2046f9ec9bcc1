//! `unbounded-fanout`: work for all elements of an unbounded list at once, each taking a connection.
use super::Rule;
use crate::finding::{Finding, RuleInfo, Step, StepKind};
use crate::flow::fanouts::Fanout;
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
        let at_once = if fanout.is_by_workers {
            ", as many at once as there are workers"
        } else {
            ""
        };
        let of_pool = fanout.pool.map_or_else(String::new, |pool| {
            let noun = if pool.size == 1 {
                "connection"
            } else {
                "connections"
            };
            format!(" of a pool of {} {noun}", pool.size)
        });
        let message = format!(
            "`{callee}` starts work for each element of a list that nothing bounds{at_once}, and each takes a \
             connection{of_pool}"
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
    if let Some(pool) = fanout.pool {
        steps.push(Step {
            span: program.world.span(pool.made.0, pool.made.1),
            message: format!("this pool hands out {} at once", pool.size),
            kind: StepKind::Aside,
        });
    }
    Finding {
        rule: info.id,
        level: info.level,
        confidence: fanout.confidence,
        primary,
        message,
        steps,
        identity: program.identity(fanout.function, fanout.site),
    }
}
