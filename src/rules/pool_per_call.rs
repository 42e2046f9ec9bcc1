//! `pool-per-call`: a pool, engine or ORM client that is made anew for each call.
use super::Rule;
use crate::finding::{Finding, RuleInfo, Step, StepKind};
use crate::flow::pools::{Opening, Why};
use crate::flow::sites::Kind;
use crate::program::Program;

/// The rule.
pub(super) struct PoolPerCall;

impl Rule for PoolPerCall {
    fn page(&self) -> &'static str {
        include_str!("../../rules/pool-per-call.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        let info = self.info();
        for opening in &program.openings {
            findings.push(finding(&info, program, opening));
        }
        for leak in program
            .leaks
            .iter()
            .filter(|leak| leak.acquisition.kind == Kind::Pool)
        {
            findings.push(program.leak_finding(&info, leak, "ended"));
        }
    }
}

fn finding(info: &RuleInfo, program: &Program<'_>, opening: &Opening) -> Finding {
    let body = program.world.function(opening.function);
    let primary = program.world.span(opening.function, opening.site);
    let callee = program.quote(program.world.span(opening.function, opening.callee));
    let name = if body.name.is_empty() {
        "this function".to_owned()
    } else {
        format!("`{}`", body.name)
    };
    let why = match (opening.why, &opening.calls[..]) {
        (Why::Requests, []) => format!("{name} runs for each request or job"),
        (Why::Requests, _) => format!("{name} is called for each request or job"),
        (Why::Rounds, []) => "this loop runs it in each round".to_owned(),
        (Why::Rounds, _) => format!("{name} is called in a loop"),
        (Why::Left, _) => format!("the caller of {name} uses it and leaves it"),
        (Why::Local, _) => format!("it lives no longer than one call of {name}"),
    };
    let mut steps = vec![Step {
        span: primary,
        message: "a new pool with connections of its own".to_owned(),
        kind: StepKind::Acquire,
    }];
    let last = opening.calls.len().saturating_sub(1);
    for (position, call) in opening.calls.iter().enumerate() {
        let message = match opening.why {
            _ if position < last => "called here",
            Why::Rounds => "called here, in each round of a loop",
            Why::Requests => "called here, for each request or job",
            Why::Left | Why::Local => "gets a pool of its own here, and never ends it",
        };
        let site = program.world.function(call.function).block(call.block).site;
        steps.push(Step {
            span: program.world.span(call.function, site),
            message: message.to_owned(),
            kind: StepKind::Call,
        });
    }
    Finding {
        rule: info.id,
        level: info.level,
        confidence: opening.confidence,
        primary,
        message: format!("`{callee}` makes a pool anew for each call: {why}"),
        steps,
        identity: program.identity(opening.function, opening.site),
    }
}
