//! What functions do to the transaction of a connection that they are handed.
//!
//! In: a function and what its calls mean. Out: [`Handed`]: over what it is handed it begins a transaction for its caller,
//! or sends its caller's text. Only what it does on every way on which it returns counts.
use super::automatic::{access, is_only, root};
use super::begins::{self, begins, is_of_pool};
use super::engine::Exit;
use super::held::{self, Mode, Subject};
use super::sites::{Acquisition, View};
use super::summary::{Purpose, Role, Shape, Summaries};
use super::text::{self, Known, Verb};
use crate::finding::Confidence;
use crate::ir::{BlockId, Call, Callee, LocalId, Terminator};
use crate::library::{Effect, Place, When};
use crate::link::FunctionKey;
use crate::link::values::argument_for;

/// A local by which a function reaches a connection, and how.
pub type Access = (LocalId, Shape);

/// What a function does over what it is handed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Handed {
    /// It begins a transaction on this that is open as it returns.
    pub begins: Option<Role>,
    /// It sends, over this, the text that it gets as this parameter.
    pub sends: Option<(Over, u32)>,
}

/// What a statement is sent over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over {
    /// What the function is handed.
    Handed(Role),
    /// A pool, which takes any of its connections.
    Pool,
}

/// A statement about a transaction that a call sends.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// What it does.
    pub verb: Verb,
    /// The connection that it goes over.
    pub on: Access,
}

/// The statement about a transaction that a call sends, itself or by a function that it hands the text.
pub fn sent(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> Option<Sent> {
    let call = view.call(block)?;
    if let Some(verb) = text::verb(summaries, view, block) {
        let Callee::Method(receiver, _) = call.callee else {
            return None;
        };
        let on = (receiver, Shape::Itself);
        return Some(Sent { verb, on });
    }
    let (function, over, verb) = forwarded(summaries, view, block)?;
    match over {
        Over::Handed(role) => {
            let on = reached_by(view, call, function, role)?;
            Some(Sent { verb, on })
        }
        Over::Pool => None,
    }
}

/// What a text about a transaction does that a call hands to a function which sends it, and over what.
fn forwarded(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
) -> Option<(FunctionKey, Over, Verb)> {
    let call = view
        .call(block)
        .filter(|_| !view.meaning(block).functions.is_empty())?;
    // Few calls are given such a text, and what their functions do need not be asked.
    let mut arguments = call.arguments.iter();
    let mut verb = |local| text::verb_of(summaries, view.key, local);
    arguments.find(|argument| verb(argument.value).is_some())?;
    let (function, (over, text)) = common(summaries, view, block, |handed| handed.sends)?;
    let text = passed_for(view, call, function, text)?;
    let verb = text::verb_of(summaries, view.key, text)?;
    Some((function, over, verb))
}

/// Whether a call begins a transaction through a pool, itself or by a function that it hands the text.
pub fn begins_on_pool(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> bool {
    let Some(call) = view.call(block) else {
        return false;
    };
    if begins::is_sent_by_pool(view, call) {
        return text::verb(summaries, view, block) == Some(Verb::Begin);
    }
    let sent = forwarded(summaries, view, block);
    sent.is_some_and(|(_, over, verb)| over == Over::Pool && verb == Verb::Begin)
}

/// The connection on which the functions that a call may run begin a transaction for it.
pub fn begun(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
) -> Option<(FunctionKey, Access)> {
    let (function, role) = common(summaries, view, block, |handed| handed.begins)?;
    let on = reached_by(view, view.call(block)?, function, role)?;
    Some((function, on))
}

/// What all functions that a call may run do alike, with one of them.
fn common<T: PartialEq + Copy>(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
    what: impl Fn(Handed) -> Option<T>,
) -> Option<(FunctionKey, T)> {
    let functions = &view.meaning(block).functions;
    let first = *functions.first()?;
    let found = what(summaries.handed(first))?;
    let mut others = functions.iter().skip(1);
    let is_common = others.all(|other| what(summaries.handed(*other)) == Some(found));
    is_common.then_some((first, found))
}

/// The local by which the caller reaches what a function is handed.
fn reached_by(view: &View<'_>, call: &Call, function: FunctionKey, role: Role) -> Option<Access> {
    let (local, shape) = match (role, call.callee) {
        (Role::Parameter(index, shape), _) => (passed_for(view, call, function, index)?, shape),
        (Role::Receiver(shape), Callee::Method(receiver, _)) => (receiver, shape),
        _ => return None,
    };
    // `this.db.begin()`: what holds the connection must be a variable to be known again.
    let is_variable = !view.body.local(local).name.is_empty() || view.body.receiver == Some(local);
    (is_variable || shape == Shape::Itself).then_some((local, shape))
}

/// What a call passes for the parameter at a position.
fn passed_for(view: &View<'_>, call: &Call, function: FunctionKey, index: u32) -> Option<LocalId> {
    let body = view.values.world().function(function);
    let parameter = body.parameters.get(index as usize)?.local;
    argument_for(body, call, parameter).map(|argument| argument.value)
}

/// What a function does over what it is handed.
pub(super) fn compute(summaries: &mut Summaries<'_>, function: FunctionKey) -> Handed {
    let view = summaries.view(function);
    let traits = view.body.traits;
    if traits.is_generator || traits.is_constructor {
        return Handed::default();
    }
    let begun = begins(summaries, &view).into_iter();
    let begun: Vec<_> = begun
        .filter(|begin| begin.at == Place::Receiver)
        .filter_map(|begin| Some((begin, role_of(&view, connection(&view, &begin)?)?)))
        .collect();
    let begun = begun
        .into_iter()
        .find(|(begin, _)| stays_open(summaries, &view, *begin));
    Handed {
        begins: begun.map(|(_, role)| role),
        sends: sends(summaries, &view),
    }
}

/// The local by which a function reaches the connection that a transaction begins on.
pub fn connection(view: &View<'_>, begin: &Acquisition) -> Option<Access> {
    begin.on.or_else(|| match view.call(begin.block)?.callee {
        Callee::Method(receiver, _) => Some((receiver, Shape::Itself)),
        Callee::Local(_) => None,
    })
}

/// How a function is handed what a local reaches.
fn role_of(view: &View<'_>, (local, shape): Access) -> Option<Role> {
    let (local, shape) = match shape {
        Shape::Itself => access(view, root(view, local)),
        other => (local, other),
    };
    if view.body.receiver == Some(local) && shape != Shape::Itself {
        return Some(Role::Receiver(shape));
    }
    let mut parameters = view.body.parameters.iter();
    let index = parameters.position(|parameter| parameter.local == local)?;
    Some(Role::Parameter(u32::try_from(index).ok()?, shape))
}

/// Whether a transaction is open on every way on which the function that begins it returns. A promise of it that is
/// returned is the caller's to await.
fn stays_open<'p>(
    summaries: &mut Summaries<'p>,
    view: &std::rc::Rc<View<'p>>,
    begin: Acquisition,
) -> bool {
    let subject = Subject::Taken(begin);
    let (mut held, solution) =
        held::solve_whole(summaries, view, (subject, Purpose::Open), Confidence::Low);
    let mut returns = |mode| {
        let paths = solution.paths(&mut held, mode);
        paths.iter().any(|path| path.exit == Exit::Return)
    };
    let mut ends = view.body.blocks.iter();
    let is_promised = begin.when == When::Await
        && ends.any(
            |block| matches!(block.terminator, Terminator::Return(value) if value == begin.result),
        );
    let open = if is_promised {
        Mode::Pending
    } else {
        Mode::Held
    };
    let others = [Mode::Idle, Mode::Pending, Mode::Held, Mode::Done];
    let mut others = others.into_iter().filter(|mode| *mode != open);
    !solution.is_cut && returns(open) && !others.any(returns)
}

/// The parameter whose text a function sends over what it is handed, whatever way it returns.
fn sends(summaries: &mut Summaries<'_>, view: &View<'_>) -> Option<(Over, u32)> {
    let mut found: Option<(Over, u32)> = None;
    let mut blocks = Vec::new();
    for (block, call) in view.calls() {
        let sent = sends_here(summaries, view, block, call);
        if sent.is_some() && (found.is_none() || found == sent) {
            found = sent;
            blocks.push(block);
        }
    }
    found.filter(|_| !returns_without(view, &blocks))
}

fn sends_here(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    block: BlockId,
    call: &Call,
) -> Option<(Over, u32)> {
    let (text, over) = if view.meaning(block).fact(Effect::Queries).is_some() {
        let Callee::Method(receiver, _) = call.callee else {
            return None;
        };
        let over = if is_of_pool(view, receiver) {
            is_only(view, receiver).then_some(Over::Pool)?
        } else {
            Over::Handed(role_of(view, (receiver, Shape::Itself))?)
        };
        (call.arguments.first()?.value, over)
    } else {
        let (function, (over, text)) = common(summaries, view, block, |handed| handed.sends)?;
        let over = match over {
            Over::Handed(role) => {
                Over::Handed(role_of(view, reached_by(view, call, function, role)?)?)
            }
            Over::Pool => Over::Pool,
        };
        (passed_for(view, call, function, text)?, over)
    };
    let Role::Parameter(text, Shape::Itself) = role_of(view, (source(view, text), Shape::Itself))?
    else {
        return None;
    };
    Some((over, text))
}

/// What a local is a copy of, or the statement of: `{ text: sql }`, `text(sql)`.
fn source(view: &View<'_>, local: LocalId) -> LocalId {
    let copied = |local: &LocalId| match view.constants().get(local) {
        Some(Known::Same(source) | Known::Text(source)) => Some(*source),
        _ => text::statement_text(view, *local),
    };
    let copies = std::iter::successors(Some(local), copied);
    copies.take(4).last().unwrap_or(local)
}

/// Whether a function may return without passing one of some blocks.
fn returns_without(view: &View<'_>, blocks: &[BlockId]) -> bool {
    let mut seen = vec![false; view.body.blocks.len()];
    let mut queue = vec![BlockId(0)];
    while let Some(block) = queue.pop() {
        if blocks.contains(&block) || std::mem::replace(&mut seen[block.index()], true) {
            continue;
        }
        match &view.body.block(block).terminator {
            Terminator::Return(_) => return true,
            terminator => queue.extend(terminator.successors()),
        }
    }
    false
}
