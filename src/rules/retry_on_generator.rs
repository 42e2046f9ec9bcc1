//! `retry-on-generator`: a retry decorator on a generator function, which it never runs again.
use super::Rule;
use crate::finding::{Confidence, Finding, Step, StepKind};
use crate::flow::reach::decorator_facts;
use crate::library::Effect;
use crate::program::Program;

/// The rule.
pub(super) struct RetryOnGenerator;

impl Rule for RetryOnGenerator {
    fn page(&self) -> &'static str {
        include_str!("../../rules/retry-on-generator.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        let info = self.info();
        for function in program.world.functions() {
            let body = program.world.function(function);
            if !body.traits.is_generator {
                continue;
            }
            for decorator in &body.decorators {
                let facts = decorator_facts(program.values, function, decorator);
                if !facts.iter().any(|fact| fact.has(Effect::Retries)) {
                    continue;
                }
                let primary = program.world.span(function, decorator.site);
                let name = program.world.span(function, body.name_site);
                findings.push(Finding {
                    rule: info.id,
                    level: info.level,
                    confidence: Confidence::High,
                    primary,
                    message: format!(
                        "`{}` is a generator: calling it only creates it, so this decorator never retries its body",
                        body.name
                    ),
                    steps: vec![Step {
                        span: name,
                        message: "its body runs later, when somebody iterates it".to_owned(),
                        kind: StepKind::Aside,
                    }],
                    identity: program.identity(function, decorator.site),
                });
            }
        }
    }
}
