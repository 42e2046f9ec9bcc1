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
    let why = match opening.why {
        Why::Registered => format!("{name} runs for each request or job"),
        Why::Looped(_) => format!("{name} is called in a loop"),
        Why::InLoop => "this loop runs it in each round".to_owned(),
        Why::Called(_) => format!("{name} is called for each request or job"),
        Why::Left(_) => format!("the caller of {name} uses it and leaves it"),
        Why::Local => format!("it lives no longer than one call of {name}"),
    };
    let mut steps = vec![Step {
        span: primary,
        message: "a new pool with connections of its own".to_owned(),
        kind: StepKind::Acquire,
    }];
    if let Why::Looped(call) | Why::Called(call) | Why::Left(call) = opening.why {
        let site = program.world.function(call.function).block(call.block).site;
        let message = match opening.why {
            Why::Left(_) => "gets a pool of its own here, and never ends it",
            _ => "called here, again and again",
        };
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
