//! `unused-suppression`: a suppression that suppresses nothing, or says no reason.
use super::Rule;
use crate::finding::Finding;
use crate::program::Program;

/// The rule. Whether a suppression is of use is known only when all other rules have spoken: `suppress` reports it.
pub(super) struct UnusedSuppression;

impl Rule for UnusedSuppression {
    fn page(&self) -> &'static str {
        include_str!("../../rules/unused-suppression.md")
    }

    fn check(&self, _program: &Program<'_>, _findings: &mut Vec<Finding>) {}
}
