//! Waits for somebody else while a connection is held.
//!
//! In: [`Hold`]s. Out: a [`Wait`] per call, standing in the holding function, that reaches a server, a subprocess or the
//! clock, however deep.
use super::holds::{Begun, Hold};
use super::reach::Reach;
use super::reached::{self, Hop};
use super::sites::{Kind, View};
use super::summary::Summaries;
use super::text;
use super::{locks, options};
use crate::finding::Confidence;
use crate::ir::{BlockId, Call, Callee, Constant, Site};
use crate::library::{Outside, Timeout};
use crate::link::FunctionKey;
use crate::link::values::{CallSite, Entity};

/// How long a wait may last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Patience {
    /// Nobody knows.
    Unknown,
    /// For ever.
    Forever,
    /// As long as the caller says, which is not a constant.
    Told,
    /// Seconds that the caller says.
    Seconds(f64),
    /// Seconds that the library says.
    Default(f64),
}

/// A wait for somebody else while a connection is held.
#[derive(Clone, Debug)]
pub struct Wait {
    /// What is held.
    pub kind: Kind,
    /// How it comes to be held.
    pub begun: Begun,
    /// The holding function.
    pub function: FunctionKey,
    /// The call in it.
    pub site: Site,
    /// Its callee alone.
    pub callee: Site,
    /// The calls that lead from it to the sink: the function that is run, and where it calls on.
    pub path: Vec<(FunctionKey, Site)>,
    /// The sink: its function, and its callee.
    pub sink: (FunctionKey, Site),
    /// What is waited for.
    pub outside: Outside,
    /// How long.
    pub patience: Patience,
    /// The call is made in each round of a loop.
    pub is_repeated: bool,
    /// How sure it is that it comes to it.
    pub confidence: Confidence,
}

/// All waits, in order of hold and place; of one call only the first.
pub fn waits(summaries: &mut Summaries<'_>, reach: &mut Reach, holds: &[Hold]) -> Vec<Wait> {
    let mut found: Vec<Wait> = Vec::new();
    for hold in holds {
        let view = summaries.view(hold.function);
        for held in &hold.region.calls {
            let reached = reached::reached_by(summaries, &view, held, hold.purpose);
            let Some(hop) = reached.external else {
                continue;
            };
            found.extend(wait(summaries, reach, hold, &view, hop));
        }
    }
    found.sort_by_key(|wait| (wait.function, wait.site, wait.kind != Kind::Transaction));
    found.dedup_by_key(|wait| (wait.function, wait.site));
    found
}

fn wait(
    summaries: &mut Summaries<'_>,
    reach: &mut Reach,
    hold: &Hold,
    view: &View<'_>,
    hop: Hop,
) -> Option<Wait> {
    let call = view.call(hop.block)?;
    let find = |summaries: &mut Summaries<'_>, run| summaries.reached(run).external;
    let chain = reached::follow(summaries, hold.function, hop, find)?;
    let (last, block) = (chain.function, chain.block);
    let view_of_sink = summaries.view(last);
    let fact = reached::sink(&view_of_sink, block)?;
    let sink_call = view_of_sink.call(block)?;
    let outside = fact.kind.unwrap_or(Outside::Http);
    let site = CallSite {
        function: hold.function,
        block: hop.block,
    };
    Some(Wait {
        kind: hold.kind,
        begun: hold.begun_at(view, hop.block),
        function: hold.function,
        site: view.body.block(hop.block).site,
        callee: call.callee_site,
        confidence: if is_meant(summaries, (hold, hop.block), outside, &chain) {
            Confidence::Low
        } else {
            chain.confidence()
        },
        path: chain.path,
        sink: (last, view_of_sink.body.block(block).site),
        outside,
        patience: if reached::is_handed(&view_of_sink, block) {
            Patience::Unknown
        } else {
            patience(summaries, &view_of_sink, sink_call, fact.timeout.as_ref())
        },
        is_repeated: reach.is_in_loop(summaries.values, site),
    })
}

/// Whether the author may well mean to wait: for the next try, on a connection that no pool misses, with a lock.
fn is_meant(
    summaries: &mut Summaries<'_>,
    (hold, at): (&Hold, BlockId),
    outside: Outside,
    chain: &reached::Chain,
) -> bool {
    let pauses = outside == Outside::Sleep && (chain.is_in_handler || hold.is_single);
    pauses || locks::is_lock(summaries, hold, at)
}

/// How long the call waits, where its library has a way to say that.
fn patience(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    call: &Call,
    timeout: Option<&Timeout>,
) -> Patience {
    let Some(timeout) = timeout else {
        return Patience::Unknown;
    };
    let given = timeout
        .places
        .iter()
        .find_map(|place| options::given_at(view, call, *place));
    let factor = if timeout.is_milliseconds { 0.001 } else { 1.0 };
    let Some(local) = given else {
        if may_say_otherwise(summaries, view, call) {
            return Patience::Unknown;
        }
        // Options that come from elsewhere may say it.
        return match timeout.default {
            _ if call.arguments.iter().any(|argument| argument.is_spread) => Patience::Unknown,
            Some(seconds) => Patience::Default(seconds),
            None => Patience::Forever,
        };
    };
    match text::constant(summaries, view.key, local) {
        #[expect(clippy::cast_precision_loss, reason = "a time-out is small")]
        Some(Constant::Integer(value)) => Patience::Seconds(value as f64 * factor),
        Some(Constant::Number(value)) => Patience::Seconds(value * factor),
        Some(Constant::Null) => Patience::Forever,
        _ => Patience::Told,
    }
}

/// Whether the client that sends the request may have been made with a time-out: `httpx.Client(timeout=5)`.
fn may_say_otherwise(summaries: &mut Summaries<'_>, view: &View<'_>, call: &Call) -> bool {
    let Callee::Method(receiver, _) = call.callee else {
        return false;
    };
    let instances: Vec<_> = view
        .values
        .of(view.key, receiver)
        .iter()
        .filter_map(|entity| match entity {
            Entity::Instance(_, origin) => Some(*origin),
            _ => None,
        })
        .collect();
    instances.into_iter().any(|origin| {
        let made = origin.and_then(|origin| summaries.made_at(origin));
        made.is_none_or(|(view, block)| {
            let arguments = view.call(block).map_or(&[][..], |call| &call.arguments);
            arguments.iter().any(|argument| {
                argument.is_spread
                    || argument.name.contains("timeout")
                    || argument.name.is_empty()
                        && view
                            .values
                            .entries_named(view.key, argument.value, "timeout")
            })
        })
    })
}
