//! Words and steps that the findings about held connections share.
use super::Program;
use crate::finding::{Step, StepKind};
use crate::flow::holds::Begun;
use crate::flow::sites::Kind;
use crate::ir::Site;
use crate::link::FunctionKey;
use crate::source::Span;

impl Program<'_> {
    /// What a connection or transaction is had from: `pool.connect`, or the project's function that hands it out.
    pub fn begun_name(&self, begun: &Begun) -> String {
        if let Some(through) = begun.through {
            let name = self.world.function(through).name;
            if !name.is_empty() {
                return name.text().to_owned();
            }
        }
        if let Some(setting) = begun.setting {
            return setting.text().to_owned();
        }
        let callee = self.quote(self.world.span(begun.function, begun.callee));
        let callee = callee.trim_start_matches('@');
        callee.split('(').next().unwrap_or_default().to_owned()
    }

    /// The step that takes the connection or begins the transaction.
    pub fn begun_step(&self, kind: Kind, begun: &Begun) -> Step {
        let message = match kind {
            _ if begun.setting.is_some() => "this puts each request into a transaction",
            Kind::Transaction if begun.is_automatic => "a statement begins a transaction here",
            Kind::Transaction => "transaction begins here",
            Kind::Session => "session opened here",
            Kind::Client => "client checked out here",
            Kind::Pool => "pool created here",
        };
        Step {
            span: self.world.span(begun.function, begun.site),
            message: message.to_owned(),
            kind: StepKind::Acquire,
        }
    }

    /// The calls that lead from a call in the holding function to the place that is reached, which is left out.
    pub fn call_steps(
        &self,
        first: (FunctionKey, Site),
        path: &[(FunctionKey, Site)],
        last: (FunctionKey, Site),
        kind: Kind,
    ) -> Vec<Step> {
        let mut places = vec![first];
        places.extend(path.iter().copied());
        let mut steps = Vec::new();
        for (position, (function, site)) in places.iter().enumerate() {
            if position + 1 == places.len() && (*function, *site) == last {
                break;
            }
            let next = places.get(position + 1);
            let callee = next.map(|(function, _)| self.world.function(*function).name);
            let callee = callee.filter(|name| !name.is_empty());
            let message = callee.map_or_else(
                || {
                    format!(
                        "runs a function with the {} still {}",
                        kind.noun(),
                        kind.state()
                    )
                },
                |name| {
                    format!(
                        "runs `{name}` with the {} still {}",
                        kind.noun(),
                        kind.state()
                    )
                },
            );
            steps.push(Step {
                span: self.world.span(*function, *site),
                message,
                kind: StepKind::Call,
            });
        }
        steps
    }

    /// The first line of a statement, without what opens its body.
    pub fn header(&self, span: Span) -> Span {
        let text = self.sources.text(span);
        let line = text.lines().next().unwrap_or_default();
        let line = line.trim_end().trim_end_matches([':', '{']).trim_end();
        let length = u32::try_from(line.len()).unwrap_or(0);
        Span {
            end: span.start + length,
            ..span
        }
    }
}
