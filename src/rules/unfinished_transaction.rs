//! `unfinished-transaction`: a transaction that some path neither commits nor rolls back.
use super::Rule;
use crate::finding::{Confidence, Finding, RuleInfo};
use crate::flow::begins::PoolBegin;
use crate::program::Program;

/// The rule.
pub(super) struct UnfinishedTransaction;

impl Rule for UnfinishedTransaction {
    fn page(&self) -> &'static str {
        include_str!("../../rules/unfinished-transaction.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        let info = self.info();
        let unfinished = program.unfinished.iter();
        findings.extend(unfinished.map(|leak| program.leak_finding(&info, leak, "finished")));
        let begins = program.pool_begins.iter();
        findings.extend(begins.map(|begin| through_pool(&info, program, begin)));
    }
}

fn through_pool(info: &RuleInfo, program: &Program<'_>, begin: &PoolBegin) -> Finding {
    let callee = program.quote(program.world.span(begin.function, begin.callee));
    Finding {
        rule: info.id,
        level: info.level,
        confidence: Confidence::High,
        primary: program.world.span(begin.function, begin.site),
        message: format!(
            "`{callee}` begins a transaction on whichever connection the pool picks, and the next statement may \
             run on another: nothing commits this one"
        ),
        steps: Vec::new(),
        identity: program.identity(begin.function, begin.site),
    }
}
