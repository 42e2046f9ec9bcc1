//! `external-call-in-transaction` and `external-call-holding-client`: waits for somebody else while a connection is held.
use super::Rule;
use crate::finding::{Confidence, Finding, RuleInfo, Step, StepKind};
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
        confidence: Confidence::High,
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
    let waits = match wait.path.len() {
        0 => format!("`{callee}` waits for {outside}{patience}"),
        1 => format!("`{callee}` waits for {outside} in `{sink}`, one call deep{patience},"),
        depth => {
            format!("`{callee}` waits for {outside} in `{sink}`, {depth} calls deep{patience},")
        }
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
    format!(
        "{waits} while {} {}{repeated}{race}",
        held(program, wait),
        is_held(wait)
    )
}

fn held(program: &Program<'_>, wait: &Wait) -> String {
    let begun = program.quote(program.world.span(wait.begun.function, wait.begun.callee));
    let begun = begun.trim_start_matches('@');
    let begun = begun.split('(').next().unwrap_or_default();
    format!("the {} from `{begun}`", wait.kind.noun())
}

fn is_held(wait: &Wait) -> &'static str {
    if wait.kind == Kind::Transaction {
        "is open"
    } else {
        "is held"
    }
}

/// What is waited for.
fn outside(outside: Outside) -> &'static str {
    match outside {
        Outside::Http => "an HTTP server",
        Outside::Mail => "a mail server",
        Outside::Sms => "an SMS provider",
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
    let noun = wait.kind.noun();
    let begins = match (wait.begun.is_automatic, wait.kind) {
        (true, _) => "its first statement begins a transaction".to_owned(),
        (false, Kind::Transaction) => "transaction begins here".to_owned(),
        (false, Kind::Session) => "session opened here".to_owned(),
        (false, Kind::Client) => format!("{noun} checked out here"),
    };
    let mut steps = vec![Step {
        span: program.world.span(wait.begun.function, wait.begun.site),
        message: begins,
        kind: StepKind::Acquire,
    }];
    if let Some(through) = wait.begun.through {
        let name = program.world.function(through).name;
        if let Some(first) = steps.first_mut()
            && !name.is_empty()
        {
            first.message = format!("{} (in `{name}`)", first.message);
        }
    }
    let sink = (wait.sink.0, wait.sink.1);
    let mut places = vec![(wait.function, wait.site)];
    places.extend(wait.path.iter().copied());
    for (position, (function, site)) in places.iter().enumerate() {
        let is_last = position + 1 == places.len();
        if is_last && (*function, *site) == sink {
            break;
        }
        let next = places.get(position + 1);
        let callee = next.map(|(function, _)| program.world.function(*function).name);
        let callee = callee.filter(|name| !name.is_empty());
        let message = callee.map_or_else(
            || "runs a function here".to_owned(),
            |name| format!("runs `{name}` with the {noun} still {}", open_or_held(wait)),
        );
        steps.push(Step {
            span: program.world.span(*function, *site),
            message,
            kind: StepKind::Call,
        });
    }
    let ends = match wait.patience {
        Patience::Forever => ", for ever if need be",
        _ => "",
    };
    steps.push(Step {
        span: program.world.span(sink.0, sink.1),
        message: format!("waits for {} here{ends}", outside(wait.outside)),
        kind: StepKind::Wait,
    });
    steps
}

fn open_or_held(wait: &Wait) -> &'static str {
    if wait.kind == Kind::Transaction {
        "open"
    } else {
        "held"
    }
}
