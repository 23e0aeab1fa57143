//! The model's rules, without the wire.

mod access;
mod activity;
mod assignments;
mod faults;
mod scheduler;

use super::*;
use crate::faults::Faults;

const START: i64 = 1_790_000_000_000;

struct World {
    org: Organisation,
    by: Caller,
}

fn world(faults: Faults) -> World {
    let mut org = standard::organisation();
    org.install_faults(faults, START);
    let by = org.management_caller();
    World { org, by }
}

impl World {
    fn key(&self, user: &str) -> AssignmentKey {
        self.org.user_key(user, "prod-payments", "DatabaseAdmin").unwrap()
    }

    fn create(&mut self, key: &AssignmentKey, at: i64) -> Answer<AssignmentOperation> {
        self.org.create_account_assignment(&self.by, key, START + at)
    }

    fn delete(&mut self, key: &AssignmentKey, at: i64) -> Answer<AssignmentOperation> {
        self.org.delete_account_assignment(&self.by, key, START + at)
    }

    fn status(&mut self, operation: &AssignmentOperation, at: i64) -> AssignmentOperation {
        let (kind, id) = (operation.kind, &operation.request_id);
        self.org
            .describe_assignment_operation(&self.by, kind, id, START + at)
            .unwrap()
    }

    fn listed(&mut self, key: &AssignmentKey, at: i64) -> usize {
        let (account, set) = (&key.account, &key.permission_set);
        let found = self
            .org
            .list_account_assignments(&self.by, account, set, START + at)
            .unwrap();
        found.iter().filter(|other| *other == key).count()
    }
}

fn kind_of<T: std::fmt::Debug>(answer: Answer<T>) -> ErrorKind {
    answer.unwrap_err().kind().expect("AWS answered")
}
