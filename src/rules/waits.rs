//! `external-call-in-transaction` and `external-call-holding-client`: waits for somebody else while a connection is held.
use super::Rule;
use crate::finding::{Finding, RuleInfo, Step, StepKind};
use crate::flow::sites::Kind;
use crate::flow::waits::{Patience, Wait};
use crate::library::Outside;
use crate::program::Program;

/// The rule about transactions.
pub(super) struct ExternalCallInTransaction;

/// The rule about clients and sessions.
pub(super) struct ExternalCallHoldingClient;

impl Rule for ExternalCallInTransaction {
    fn page(&self) -> &'static str {
        include_str!("../../rules/external-call-in-transaction.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        let waits = program.waits.iter();
        let waits = waits.filter(|wait| wait.kind == Kind::Transaction);
        findings.extend(waits.map(|wait| finding(&self.info(), program, wait)));
    }
}

impl Rule for ExternalCallHoldingClient {
    fn page(&self) -> &'static str {
        include_str!("../../rules/external-call-holding-client.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        let waits = program.waits.iter();
        let waits = waits.filter(|wait| wait.kind != Kind::Transaction);
        findings.extend(waits.map(|wait| finding(&self.info(), program, wait)));
    }
}

fn finding(info: &RuleInfo, program: &Program<'_>, wait: &Wait) -> Finding {
    let primary = program.world.span(wait.function, wait.site);
    Finding {
        rule: info.id,
        level: info.level,
        confidence: wait.confidence,
        primary,
        message: message(program, wait),
        steps: steps(program, wait),
        identity: program.identity(wait.function, wait.site),
    }
}

fn message(program: &Program<'_>, wait: &Wait) -> String {
    let callee = program.quote(program.world.span(wait.function, wait.callee));
    let sink = program.quote(program.world.span(wait.sink.0, wait.sink.1));
    let sink = sink.split('(').next().unwrap_or_default().trim_end();
    let outside = outside(wait.outside);
    let patience = patience(wait.patience);
    let place = match wait.path.len() {
        0 => String::new(),
        1 => format!(" in `{sink}`, one call deep"),
        depth => format!(" in `{sink}`, {depth} calls deep"),
    };
    let comma = if patience.is_empty() && place.is_empty() {
        ""
    } else {
        ","
    };
    let repeated = if wait.is_repeated {
        ", once per round of the loop"
    } else {
        ""
    };
    let race = if wait.outside == Outside::Queue && wait.kind == Kind::Transaction {
        "; the message may be handled before the commit"
    } else {
        ""
    };
    let (noun, state) = (wait.kind.noun(), wait.kind.state());
    let begun = program.begun_name(&wait.begun);
    format!(
        "`{callee}` waits for {outside}{place}{patience}{comma} while the {noun} from `{begun}` is \
         {state}{repeated}{race}"
    )
}

/// What is waited for.
fn outside(outside: Outside) -> &'static str {
    match outside {
        Outside::Http => "an HTTP server",
        Outside::Mail => "a mail server",
        Outside::Sms => "an SMS provider",
        Outside::Push => "a push service",
        Outside::Payment => "a payment provider",
        Outside::Cloud => "a cloud service",
        Outside::Queue => "a queue",
        Outside::Grpc => "a gRPC server",
        Outside::Llm => "a language model",
        Outside::Subprocess => "a subprocess",
        Outside::Ssh => "another machine",
        Outside::Sleep => "the clock",
    }
}

/// How long, in words that follow a comma.
fn patience(patience: Patience) -> String {
    match patience {
        Patience::Unknown | Patience::Told => String::new(),
        Patience::Forever => ", with no time-out".to_owned(),
        Patience::Seconds(seconds) => format!(", for up to {seconds} s"),
        Patience::Default(seconds) => format!(", for up to {seconds} s by default"),
    }
}

fn steps(program: &Program<'_>, wait: &Wait) -> Vec<Step> {
    let mut steps = vec![program.begun_step(wait.kind, &wait.begun)];
    let first = (wait.function, wait.site);
    steps.extend(program.call_steps(first, &wait.path, wait.sink, wait.kind));
    let ends = match wait.patience {
        Patience::Forever => ", for ever if need be",
        _ => "",
    };
    steps.push(Step {
        span: program.world.span(wait.sink.0, wait.sink.1),
        message: format!("waits for {} here{ends}", outside(wait.outside)),
        kind: StepKind::Wait,
    });
    steps
}
