//! `unreleased-client`: a client checked out of a pool that some path does not give back.
use super::Rule;
use crate::finding::Finding;
use crate::flow::sites::Kind;
use crate::program::Program;

/// The rule.
pub(super) struct UnreleasedClient;

impl Rule for UnreleasedClient {
    fn page(&self) -> &'static str {
        include_str!("../../rules/unreleased-client.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        for leak in program
            .leaks
            .iter()
            .filter(|leak| leak.acquisition.kind == Kind::Client)
        {
            findings.push(program.leak_finding(&self.info(), leak, "released"));
        }
    }
}
