//! The story of one path.
//!
//! In: a [`Leak`] and the sources. Out: its steps, in order: taken here, goes this way, may raise here, leaves here;
//! and the words that name the resource.
use super::engine::Exit;
use super::held::Mode;
use super::leaks::Leak;
use super::sites::Kind;
use crate::finding::{Step, StepKind};
use crate::ir::{Action, BlockId, Function, LocalId, Site, Suspension, Terminator, Value};
use crate::link::FunctionKey;
use crate::link::values::Values;
use crate::source::{Sources, Span};

/// Characters of source text quoted in a message.
const QUOTE_LIMIT: usize = 60;

/// What a finding about a leak says.
#[derive(Debug)]
pub struct Story {
    /// The user's variable, or the call where nothing names the resource.
    pub subject: String,
    /// How it leaves: "when `client.query` raises".
    pub ending: String,
    /// The path.
    pub steps: Vec<Step>,
}

/// Tells the story of a leak.
pub fn tell(values: &Values<'_>, sources: &Sources, leak: &Leak) -> Story {
    let teller = Teller {
        values,
        sources,
        leak,
        body: values.world().function(leak.body),
    };
    let noun = leak.acquisition.kind.noun();
    let mut steps = vec![teller.acquired(noun)];
    let ending = teller.follow(noun, &mut steps);
    if let Some(release) = leak.releases.first() {
        let span = teller.span(leak.body, teller.body.block(*release).site);
        steps.push(step(
            span,
            StepKind::Aside,
            format!("{} here, but not on this path", teller.done()),
        ));
    }
    Story {
        subject: teller.subject(),
        ending,
        steps,
    }
}

/// A block at which the path turned, and whether it took the first way: raised itself, held.
type Turn = (BlockId, bool);

struct Teller<'a> {
    values: &'a Values<'a>,
    sources: &'a Sources,
    leak: &'a Leak,
    body: &'a Function,
}

fn step(span: Span, kind: StepKind, message: String) -> Step {
    Step {
        span,
        message,
        kind,
    }
}

impl Teller<'_> {
    fn span(&self, function: FunctionKey, site: Site) -> Span {
        self.values.world().span(function, site)
    }

    /// What another path does with it.
    fn done(&self) -> &'static str {
        match self.leak.acquisition.kind {
            Kind::Transaction => "finished",
            Kind::Client | Kind::Session => "released",
            Kind::Pool => "ended",
        }
    }

    fn quote(&self, span: Span) -> String {
        quote(self.sources.text(span))
    }

    fn acquired(&self, noun: &str) -> Step {
        let span = self.span(self.leak.function, self.leak.acquisition.site);
        let message = match self.leak.acquisition.through {
            Some(function) => {
                let name = self.values.world().function(function).name;
                let duty = match self.leak.acquisition.kind {
                    Kind::Transaction => "finish",
                    Kind::Client | Kind::Session => "release",
                    Kind::Pool => "end",
                };
                format!("`{name}` hands out a {noun} here: its caller must {duty} it")
            }
            None if matches!(self.leak.acquisition.kind, Kind::Session | Kind::Pool) => {
                format!("{noun} created here")
            }
            None if self.leak.acquisition.kind == Kind::Transaction => {
                format!("{noun} begins here")
            }
            None => format!("{noun} checked out here"),
        };
        step(span, StepKind::Acquire, message)
    }

    /// What names the resource: the variable it is first assigned to.
    fn subject(&self) -> String {
        let acquisition = &self.leak.acquisition;
        if acquisition.kind == Kind::Transaction {
            let begin = self.quote(self.span(self.leak.function, acquisition.site));
            return format!("the transaction from `{begin}`");
        }
        let result = if self.leak.body == self.leak.function {
            Some(acquisition.result)
        } else {
            None
        };
        let named = match result {
            Some(result) => name_of(self.values.world().function(self.leak.function), result),
            None => None,
        };
        let callee = self.quote(self.span(self.leak.function, acquisition.callee));
        match named {
            Some(name) => format!("`{name}` from `{callee}`"),
            None => format!("the {} from `{callee}`", acquisition.kind.noun()),
        }
    }

    /// Adds the steps behind the checkout and says how the path ends.
    fn follow(&self, noun: &str, steps: &mut Vec<Step>) -> String {
        let nodes = &self.leak.path.nodes;
        let start = nodes
            .iter()
            .position(|(_, mode)| matches!(mode, Mode::Held | Mode::Pending))
            .unwrap_or(0);
        let held = nodes.get(start..).unwrap_or_default();
        let mut raised = None;
        let mut branch = None;
        for (index, (block, _)) in held.iter().enumerate() {
            let next = held.get(index + 1).map(|(next, _)| *next);
            match &self.body.block(*block).terminator {
                Terminator::Branch {
                    then, otherwise, ..
                } if then != otherwise => {
                    branch = next.map(|next| (*block, next == *then));
                }
                Terminator::Raise { .. } => raised = Some((*block, true)),
                Terminator::Call {
                    raises, returns, ..
                } if next == Some(*raises) && raises != returns => {
                    raised = Some((*block, false));
                }
                Terminator::Suspend {
                    raises, resumes, ..
                } if next == Some(*raises) && raises != resumes => {
                    raised = Some((*block, false));
                }
                _ => {}
            }
        }
        let last = held.last().map_or(BlockId(0), |(block, _)| *block);
        match (self.leak.path.exit, raised) {
            (Exit::Unwind, Some((block, true))) => self.raises_itself(noun, block, branch, steps),
            (Exit::Unwind, Some((block, false))) => self.call_raises(noun, block, steps),
            (Exit::Overwrite, _) => self.taken_again(noun, last, steps),
            (Exit::Release, raised) => self.given_back(last, raised, steps),
            (_, raised) => self.returns(noun, last, (raised, branch), steps),
        }
    }

    fn branch_step(&self, branch: Option<Turn>, steps: &mut Vec<Step>) {
        let Some((block, holds)) = branch else { return };
        let site = self.body.block(block).site;
        let span = self.span(self.leak.body, site);
        if site.end > site.start && steps.last().is_none_or(|last| last.span != span) {
            let side = if holds { "holds" } else { "does not hold" };
            steps.push(step(span, StepKind::Branch, format!("this {side}")));
        }
    }

    fn raises_itself(
        &self,
        noun: &str,
        block: BlockId,
        branch: Option<Turn>,
        steps: &mut Vec<Step>,
    ) -> String {
        self.branch_step(branch, steps);
        let span = self.span(self.leak.body, self.body.block(block).site);
        steps.push(step(
            span,
            StepKind::Exit,
            format!(
                "raises here and leaves with the {noun} still {}",
                self.leak.acquisition.kind.state()
            ),
        ));
        format!("when `{}` leaves", self.quote(span))
    }

    fn call_raises(&self, noun: &str, block: BlockId, steps: &mut Vec<Step>) -> String {
        let site = self.body.block(block).site;
        let span = self.span(self.leak.body, site);
        steps.push(step(
            span,
            StepKind::Raise,
            format!(
                "may raise here and leave with the {noun} still {}",
                self.leak.acquisition.kind.state()
            ),
        ));
        match &self.body.block(block).terminator {
            Terminator::Call { call, .. } => {
                format!(
                    "when `{}` raises",
                    self.quote(self.span(self.leak.body, call.callee_site))
                )
            }
            Terminator::Suspend {
                kind: Suspension::Yield | Suspension::Delegate,
                ..
            } => "when the caller raises at the `yield`".to_owned(),
            _ => format!("when `{}` raises", self.quote(span)),
        }
    }

    fn taken_again(&self, noun: &str, block: BlockId, steps: &mut Vec<Step>) -> String {
        let span = self.span(self.leak.body, self.body.block(block).site);
        steps.push(step(
            span,
            StepKind::Exit,
            format!("the next one is taken here while the first {noun} is still held"),
        ));
        "before the next round takes another".to_owned()
    }

    /// The client goes back to its pool with the transaction open.
    fn given_back(&self, block: BlockId, raised: Option<Turn>, steps: &mut Vec<Step>) -> String {
        let mut ending = String::new();
        if let Some((block, is_own)) = raised {
            let span = self.span(self.leak.body, self.body.block(block).site);
            let verb = if is_own { "raises" } else { "may raise" };
            steps.push(step(span, StepKind::Raise, format!("{verb} here")));
            ending = format!("when `{}` raises, and ", self.quote_callee(block));
        }
        let span = self.span(self.leak.body, self.body.block(block).site);
        let message = "the client goes back to its pool here with the transaction still open";
        steps.push(step(span, StepKind::Exit, message.to_owned()));
        let release = self.quote_callee(block);
        if raised.is_some() {
            format!("{ending}`{release}` leaves it open on the pool's connection")
        } else {
            format!("before `{release}`, which leaves it open on the pool's connection")
        }
    }

    fn returns(
        &self,
        noun: &str,
        block: BlockId,
        (raised, branch): (Option<Turn>, Option<Turn>),
        steps: &mut Vec<Step>,
    ) -> String {
        let mut ending = String::new();
        if let Some((block, _)) = raised {
            let span = self.span(self.leak.body, self.body.block(block).site);
            steps.push(step(span, StepKind::Raise, "may raise here".to_owned()));
            ending = format!("when `{}` raises", self.quote_callee(block));
        }
        let site = self.body.block(block).site;
        let is_end = site == self.body.site || site == Site::default();
        if is_end {
            let end = Site {
                start: site.end.saturating_sub(1),
                end: site.end,
            };
            let span = self.span(self.leak.body, end);
            steps.push(step(
                span,
                StepKind::Exit,
                format!(
                    "the function ends with the {noun} still {}",
                    self.leak.acquisition.kind.state()
                ),
            ));
            return ending;
        }
        self.branch_step(branch, steps);
        let span = self.span(self.leak.body, site);
        steps.push(step(
            span,
            StepKind::Exit,
            format!(
                "returns here with the {noun} still {}",
                self.leak.acquisition.kind.state()
            ),
        ));
        if ending.is_empty() && !self.leak.releases.is_empty() {
            ending = format!("on `{}`", self.quote(span));
        }
        ending
    }

    fn quote_callee(&self, block: BlockId) -> String {
        let site = match &self.body.block(block).terminator {
            Terminator::Call { call, .. } => call.callee_site,
            _ => self.body.block(block).site,
        };
        self.quote(self.span(self.leak.body, site))
    }
}

/// The name of the variable that a result ends up in.
fn name_of(body: &Function, result: LocalId) -> Option<String> {
    let mut local = result;
    // A result passes few temporaries before it is named.
    for _ in 0..4 {
        let name = body.local(local).name;
        if !name.is_empty() {
            return Some(name.text().to_owned());
        }
        let statements = body.blocks.iter().flat_map(|block| &block.statements);
        let assigned = statements.filter_map(|statement| match &statement.action {
            Action::Assign(target, Value::Local(source)) if *source == local => Some(*target),
            _ => None,
        });
        let entered = body
            .blocks
            .iter()
            .filter_map(|block| match &block.terminator {
                Terminator::Call { call, .. } if call.kind == crate::ir::CallKind::Enter => {
                    match call.callee {
                        crate::ir::Callee::Method(receiver, _) if receiver == local => {
                            Some(call.result)
                        }
                        _ => None,
                    }
                }
                Terminator::Suspend {
                    kind: Suspension::Await,
                    value,
                    result,
                    ..
                } if *value == local => Some(*result),
                _ => None,
            });
        local = assigned.chain(entered).next()?;
    }
    None
}

/// Source text for a message: one line, shortened.
pub fn quote(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ").replace('`', "'");
    if line.chars().count() <= QUOTE_LIMIT {
        return line;
    }
    let kept: String = line.chars().take(QUOTE_LIMIT).collect();
    format!("{}…", kept.trim_end())
}
