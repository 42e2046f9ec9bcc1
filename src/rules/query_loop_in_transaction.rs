//! `query-loop-in-transaction`: a loop over an unbounded collection that queries in each round of one transaction.
use super::Rule;
use crate::finding::{Finding, RuleInfo, Step, StepKind};
use crate::flow::loops::QueryLoop;
use crate::flow::sites::Kind;
use crate::program::Program;

/// The rule.
pub(super) struct QueryLoopInTransaction;

impl Rule for QueryLoopInTransaction {
    fn page(&self) -> &'static str {
        include_str!("../../rules/query-loop-in-transaction.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        let info = self.info();
        let loops = program.query_loops.iter();
        findings.extend(loops.map(|found| finding(&info, program, found)));
    }
}

fn finding(info: &RuleInfo, program: &Program<'_>, found: &QueryLoop) -> Finding {
    let primary = program.header(program.world.span(found.function, found.site));
    let begun = program.begun_name(&found.begun);
    let mut steps = vec![program.begun_step(Kind::Transaction, &found.begun)];
    if let Some((first, rest)) = found.path.split_first() {
        let here = (found.function, found.site);
        let mut path = rest.to_vec();
        path.push(here);
        steps.extend(program.call_steps(*first, &path, here, Kind::Transaction));
    }
    steps.push(Step {
        span: primary,
        message: "as many rounds as there are elements".to_owned(),
        kind: StepKind::Branch,
    });
    steps.push(Step {
        span: program.world.span(found.function, found.statement),
        message: "queries in each round".to_owned(),
        kind: StepKind::Call,
    });
    if let Some((function, site)) = found.sender {
        steps.push(Step {
            span: program.world.span(function, site),
            message: "the statement is sent here".to_owned(),
            kind: StepKind::Call,
        });
    }
    let header = program.quote(primary);
    Finding {
        rule: info.id,
        level: info.level,
        confidence: found.confidence,
        primary,
        message: format!(
            "`{header}` queries in each round, with nothing that bounds the rounds, while the transaction from \
             `{begun}` is open"
        ),
        steps,
        identity: program.identity(found.function, found.site),
    }
}
