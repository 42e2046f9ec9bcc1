//! Resources that stay held on some way out.
//!
//! In: the held-resource analysis. Out: one [`Leak`] per place where a resource is taken, with the way out that tells
//! most clearly why.
use super::engine::{Exit, Path};
use super::held::{self, Given, Mode, Subject, source};
use super::private;
use super::reach::Reach;
use super::sites::{self, Acquisition, View};
use super::summary::{Purpose, Query, Shape, Summaries};
use super::text::Verb;
use super::{automatic, begins, handed, holds};
use crate::finding::Confidence;
use crate::ir::{Action, BlockId, LocalId, LocalKind, Terminator, Test, Value};
use crate::library::{Effect, Place};
use crate::link::FunctionKey;
use crate::link::values::{Entity, argument_for};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// Callers of callers that are asked what they do with a connection.
const CALLER_LIMIT: u32 = 3;

/// A resource that is still held when a function is left.
#[derive(Debug)]
pub struct Leak {
    /// The function in which it is taken.
    pub function: FunctionKey,
    /// Where it is taken.
    pub acquisition: Acquisition,
    /// The function whose way out leaks: the same, or the callback that got the resource.
    pub body: FunctionKey,
    /// The way, in `body`.
    pub path: Path<Mode>,
    /// Blocks of `body` that release the resource on other ways.
    pub releases: Vec<BlockId>,
    /// How sure it is that this happens and harms.
    pub confidence: Confidence,
}

/// All leaks of the program, in order of function and place.
pub fn leaks(summaries: &mut Summaries<'_>, reach: &mut Reach) -> Vec<Leak> {
    let mut found = Vec::new();
    for function in candidates(summaries) {
        let values = summaries.values;
        // What the end of the process gives back is no leak.
        if reach.runs_once(values, function) {
            continue;
        }
        let view = summaries.view(function);
        for acquisition in sites::acquisitions(summaries, &view) {
            if !reach.is_emptied(&view, &acquisition) {
                let is_injected = reach.is_injected(function) && !view.body.traits.is_generator;
                let leak = leak(summaries, &view, acquisition, is_injected);
                found.extend(leak.and_then(|leak| judged(&view, leak)));
            }
        }
    }
    found
}

/// All transactions that some way neither commits nor rolls back, in order of function and place.
pub fn unfinished(summaries: &mut Summaries<'_>, reach: &mut Reach) -> Vec<Leak> {
    let mut found = Vec::new();
    for function in holds::candidates(summaries) {
        if reach.runs_once(summaries.values, function) {
            continue;
        }
        let view = summaries.view(function);
        for begin in begins::begins(summaries, &view) {
            let subject = Subject::Taken(begin);
            let leak = leak_of(
                summaries,
                (function, begin),
                function,
                &subject,
                Purpose::Finish,
            );
            found.extend(leak.filter(|leak| is_own(summaries, &view, leak)));
        }
    }
    found
}

/// Whether the function that begins the transaction is the one that must finish it when it raises: it has the
/// connection from nobody else, or rolls back on some way itself.
fn is_own(summaries: &mut Summaries<'_>, view: &View<'_>, leak: &Leak) -> bool {
    let Some((receiver, shape)) = handed::connection(view, &leak.acquisition) else {
        return true;
    };
    let root = automatic::root(view, receiver);
    let receiver = if begins::is_of_pool(view, root) {
        receiver
    } else {
        root
    };
    if is_item(view, receiver) || is_begun_anyway(summaries, view, leak) {
        return false;
    }
    if leak.acquisition.at == Place::Result || leak.path.exit != Exit::Unwind {
        return true;
    }
    let is_local = matches!(
        view.body.local(receiver).kind,
        LocalKind::Variable | LocalKind::Temporary
    ) && !is_field_of_receiver(view, receiver)
        && shape == Shape::Itself;
    let rolls_back = leak.releases.iter().any(|block| {
        let facts = &view.meaning(*block).facts;
        let says = facts
            .iter()
            .any(|(fact, _)| fact.has(Effect::RollsBack) && !fact.has(Effect::Commits));
        says || handed::sent(summaries, view, *block)
            .is_some_and(|sent| sent.verb == Verb::RollBack)
    });
    let is_module = |entity: &Entity| matches!(entity, Entity::External(_));
    let is_module = view.values.of(view.key, receiver).iter().any(is_module);
    is_local || is_module || rolls_back && !callers_end(summaries, view.key, receiver, CALLER_LIMIT)
}

/// Whether all callers of a function end, where it raises, what it began on the connection that they hand it: they close
/// it, or roll back.
fn callers_end(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    parameter: LocalId,
    limit: u32,
) -> bool {
    let values = summaries.values;
    let body = values.world().function(function);
    let callers = values.callers(function);
    !callers.is_empty()
        && callers.iter().all(|caller| {
            let view = summaries.view(caller.function);
            let call = view.call(caller.block);
            let Some(argument) = call.and_then(|call| argument_for(body, call, parameter)) else {
                return false;
            };
            ends_it(summaries, &view, argument.value)
                || limit > 0 && callers_end(summaries, caller.function, argument.value, limit - 1)
        })
}

/// Whether a function leaves no connection open by a raise on which it sends a statement.
fn ends_it<'p>(summaries: &mut Summaries<'p>, view: &Rc<View<'p>>, connection: LocalId) -> bool {
    let given = Given {
        locals: vec![(connection, Shape::Itself)],
        resource: begins::type_of(view, connection),
        waits_for_use: true,
        ..Given::default()
    };
    let subject = Subject::Given(given);
    let (mut held, solution) = held::solve(summaries, view, subject, Purpose::Open);
    let open = solution.paths(&mut held, Mode::Held);
    !solution.is_cut && open.iter().all(|path| path.exit != Exit::Unwind)
}

/// A leak with what its pool says about it.
fn judged(view: &View<'_>, mut leak: Leak) -> Option<Leak> {
    if is_of_foreign_registry(view, &leak) {
        return None;
    }
    if private::is_of_private_pool(view, &leak.acquisition) {
        leak.confidence = Confidence::Low;
    }
    Some(leak)
}

/// Whether a resource that is never released comes from a registry that is made elsewhere: its own.
fn is_of_foreign_registry(view: &View<'_>, leak: &Leak) -> bool {
    leak.releases.is_empty()
        && source::is_of_registry(view, &leak.acquisition)
        && !source::is_source_made(view, &leak.acquisition)
}

/// Functions that may take a resource: those whose calls the data says so of, and callers of functions that hand one
/// out, through any number of hands.
fn candidates(summaries: &mut Summaries<'_>) -> Vec<FunctionKey> {
    let values = summaries.values;
    let mut found: Vec<FunctionKey> = Vec::new();
    let mut seen = FxHashSet::default();
    for function in values.world().functions() {
        let view = summaries.view(function);
        if sites::may_acquire(&view) && seen.insert(function) {
            found.push(function);
        }
    }
    let mut position = 0;
    while let Some(function) = found.get(position).copied() {
        position += 1;
        if summaries
            .owned(Query::Owned(function, Purpose::Ownership))
            .is_none()
        {
            continue;
        }
        for caller in values.callers(function) {
            if seen.insert(caller.function) {
                found.push(caller.function);
            }
        }
    }
    found.sort_unstable();
    found
}

fn leak(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    acquisition: Acquisition,
    is_injected: bool,
) -> Option<Leak> {
    let Place::CallbackParameter(position) = acquisition.at else {
        let subject = Subject::Taken(acquisition);
        let leak = leak_of(
            summaries,
            (view.key, acquisition),
            view.key,
            &subject,
            Purpose::Ownership,
        );
        return leak.or_else(|| {
            if is_injected {
                handed_to_framework(summaries, view, acquisition)
            } else {
                None
            }
        });
    };
    let call = view.call(acquisition.block)?;
    let callback = view.values.callback(view.key, call)?;
    let callbacks: Vec<_> = view.values.of(view.key, callback).to_vec();
    callbacks.into_iter().find_map(|entity| {
        let Entity::Function(body) = entity else {
            return None;
        };
        let parameters = &view.values.world().function(body).parameters;
        let local = |position: u32| {
            parameters
                .get(position as usize)
                .map(|parameter| parameter.local)
        };
        let mut locals = vec![(local(position)?, Shape::Itself)];
        let releaser = acquisition.releaser.and_then(local);
        locals.extend(releaser.map(|releaser| (releaser, Shape::Releaser)));
        let error = if position > 0 { local(0) } else { None };
        let given = Given {
            locals,
            resource: acquisition.resource,
            error,
            ..Given::default()
        };
        let subject = Subject::Given(given);
        leak_of(
            summaries,
            (view.key, acquisition),
            body,
            &subject,
            Purpose::Ownership,
        )
    })
}

/// A dependency that returns what it takes: the framework hands it on, and nobody gives it back.
fn handed_to_framework(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    acquisition: Acquisition,
) -> Option<Leak> {
    let view = summaries.view(view.key);
    let (mut held, solution) = held::solve_whole(
        summaries,
        &view,
        (Subject::Taken(acquisition), Purpose::Ownership),
        Confidence::Low,
    );
    let is_returned = held.hands_out() && held.releases.is_empty() && !solution.is_cut;
    let path = solution
        .paths(&mut held, Mode::Done)
        .into_iter()
        .find(|path| path.exit == Exit::Return);
    let path = path.filter(|_| is_returned)?;
    Some(Leak {
        function: view.key,
        acquisition,
        body: view.key,
        path,
        releases: Vec::new(),
        confidence: Confidence::High,
    })
}

/// How a function is left with the resource still held.
struct Ways {
    paths: Vec<Path<Mode>>,
    releases: Vec<BlockId>,
    takes: Vec<BlockId>,
    confidence: Confidence,
    has_doubted: bool,
}

fn ways<'p>(
    summaries: &mut Summaries<'p>,
    view: &Rc<View<'p>>,
    (subject, purpose): (&Subject, Purpose),
    confidence: Confidence,
) -> Option<Ways> {
    let question = (subject.clone(), purpose);
    let (mut held, solution) = held::solve_with(summaries, view, question, confidence);
    if solution.is_cut {
        return None;
    }
    Some(Ways {
        paths: solution.paths(&mut held, Mode::Held),
        releases: std::mem::take(&mut held.releases),
        takes: std::mem::take(&mut held.takes),
        has_doubted: held.has_doubted,
        confidence,
    })
}

fn leak_of(
    summaries: &mut Summaries<'_>,
    (function, acquisition): (FunctionKey, Acquisition),
    body: FunctionKey,
    subject: &Subject,
    purpose: Purpose,
) -> Option<Leak> {
    let view = summaries.view(body);
    let mut ways = ways(summaries, &view, (subject, purpose), Confidence::High)?;
    if ways.paths.is_empty() && ways.has_doubted {
        ways = self::ways(summaries, &view, (subject, purpose), Confidence::Low)?;
    }
    let Ways {
        paths,
        releases,
        takes,
        confidence,
        ..
    } = ways;
    // What stays in a variable of the process (`db.connect()`) may be given back by another function.
    let stays = acquisition.at == Place::Receiver && releases.is_empty();
    let mut whole = None;
    let mut may_be_idle = |block| {
        let whole = whole.get_or_insert_with(|| {
            held::solve_whole(summaries, &view, (subject.clone(), purpose), confidence).1
        });
        whole.reaches(block, Mode::Idle).is_some()
    };
    let path = paths
        .into_iter()
        .filter(|path| !stays || path.exit == Exit::Release)
        .filter(|path| !is_guarded(&view, path, (&releases, &takes), &mut may_be_idle))
        .min_by_key(|path| rank(&view, path, releases.is_empty()))?;
    Some(Leak {
        function,
        acquisition,
        body,
        path,
        releases,
        confidence,
    })
}

/// Whether the path passes a release by a variable that may well say who owns the resource: the resource is taken on
/// some ways only, and a test of a variable that nothing on the path decides leads to the release.
/// (`owned = session is None; session = session or Session(); ...; if owned: session.close()`)
fn is_guarded(
    view: &View<'_>,
    path: &Path<Mode>,
    (releases, takes): (&[BlockId], &[BlockId]),
    may_be_idle: &mut impl FnMut(BlockId) -> bool,
) -> bool {
    let pairs = path.nodes.iter().zip(path.nodes.iter().skip(1));
    let held = pairs.filter(|((_, mode), _)| *mode == Mode::Held);
    held.into_iter().any(|((block, _), (next, _))| {
        let Terminator::Branch {
            test,
            then,
            otherwise,
        } = &view.body.block(*block).terminator
        else {
            return false;
        };
        let (Test::Truthy(local) | Test::Null(local) | Test::Equals(local, _)) = test else {
            return false;
        };
        let other = if next == then { *otherwise } else { *then };
        let frees = releases_soon(view, other, releases);
        if view.body.local(*local).name.is_empty() {
            return frees && is_field_of_receiver(view, *local);
        }
        (frees || releases_soon(view, other, takes)) && may_be_idle(*block)
    })
}

/// Whether the transaction is one that a session from elsewhere begins by itself as well: who closes it ends that, too.
fn is_begun_anyway(summaries: &mut Summaries<'_>, view: &View<'_>, leak: &Leak) -> bool {
    let language = view.values.world().language(view.key);
    let resource = leak.acquisition.resource;
    let library = view.values.library();
    let is_session = |path| {
        let noun = library.noun(language, path);
        noun.is_some_and(|noun| noun == "session") && library.autobegins(language, path).is_some()
    };
    resource.is_some_and(is_session)
        && !sites::acquisitions(summaries, view)
            .iter()
            .any(|taken| taken.resource == resource)
}

/// Whether a local is read from a collection, by which others reach the same: `context["connection"]`.
fn is_item(view: &View<'_>, local: LocalId) -> bool {
    let mut statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.any(|statement| {
        matches!(&statement.action, Action::Assign(target, Value::Item(..)) if *target == local)
    })
}

/// Whether a local is read from the function's own object: `if self.manual: session.close()`.
fn is_field_of_receiver(view: &View<'_>, local: LocalId) -> bool {
    let statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    statements.into_iter().any(|statement| {
        matches!(&statement.action, Action::Assign(target, Value::Field(object, _))
            if *target == local && view.body.receiver == Some(*object))
    })
}

fn releases_soon(view: &View<'_>, block: BlockId, releases: &[BlockId]) -> bool {
    let step = |block: &BlockId| match view.body.block(*block).terminator {
        Terminator::Goto(next) | Terminator::Call { returns: next, .. } => Some(next),
        _ => None,
    };
    std::iter::successors(Some(block), step)
        .take(6)
        .any(|block| releases.contains(&block))
}

/// The clearest story first: never released at all; an explicit way out; a call that raises.
pub(super) fn rank(view: &View<'_>, path: &Path<Mode>, is_never_released: bool) -> (u32, usize) {
    let raises_itself = path.nodes.iter().any(|(block, mode)| {
        *mode == Mode::Held
            && matches!(view.body.block(*block).terminator, Terminator::Raise { .. })
    });
    let kind = match path.exit {
        Exit::Return if is_never_released && !raises_itself => 1,
        Exit::Unwind if raises_itself => 0,
        Exit::Return => 2,
        Exit::Overwrite => 3,
        Exit::Release => 5,
        Exit::Unwind => 4,
    };
    (kind, path.nodes.len())
}
