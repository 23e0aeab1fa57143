//! Every API operation the simulator knows: the one table to extend when adding another.
//!
//! To add an operation: add a line here, its rate in `limits.rs`, a typed method on
//! `Organisation` that goes through `call`, and a handler in `wire`.

use std::fmt;

/// An AWS service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// IAM Identity Center, `SWBExternalService`.
    Sso,
    /// The identity store, `AWSIdentityStore`.
    IdentityStore,
    /// AWS Organizations, `AWSOrganizationsV20161128`.
    Organizations,
    /// CloudTrail, `CloudTrail_20131101`.
    CloudTrail,
    /// CloudWatch Logs, `Logs_20140328`.
    Logs,
    /// EventBridge Scheduler (REST-JSON protocol).
    Scheduler,
    /// The Security Token Service (Query protocol).
    Sts,
}

impl Service {
    /// The prefix IAM and fault rules use: `sso:CreateAccountAssignment`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::IdentityStore => "identitystore",
            Self::Organizations => "organizations",
            Self::CloudTrail => "cloudtrail",
            Self::Logs => "logs",
            Self::Scheduler => "scheduler",
            Self::Sts => "sts",
        }
    }
}

macro_rules! operations {
    ($($variant:ident = $service:ident, $name:literal;)*) => {
        /// An API operation of one service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {
            $(#[doc = concat!("`", $name, "` of [`Service::", stringify!($service), "`].")] $variant,)*
        }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The service it belongs to.
            pub fn service(self) -> Service {
                match self { $(Self::$variant => Service::$service),* }
            }

            /// The operation's name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

operations! {
    ListInstances = Sso, "ListInstances";
    DescribeInstance = Sso, "DescribeInstance";
    ListPermissionSets = Sso, "ListPermissionSets";
    DescribePermissionSet = Sso, "DescribePermissionSet";
    CreatePermissionSet = Sso, "CreatePermissionSet";
    ListPermissionSetTags = Sso, "ListTagsForResource";
    ListPermissionSetsProvisionedToAccount = Sso, "ListPermissionSetsProvisionedToAccount";
    ListAccountsForProvisionedPermissionSet = Sso, "ListAccountsForProvisionedPermissionSet";
    CreateAccountAssignment = Sso, "CreateAccountAssignment";
    DeleteAccountAssignment = Sso, "DeleteAccountAssignment";
    DescribeAccountAssignmentCreationStatus = Sso, "DescribeAccountAssignmentCreationStatus";
    DescribeAccountAssignmentDeletionStatus = Sso, "DescribeAccountAssignmentDeletionStatus";
    ListAccountAssignmentCreationStatus = Sso, "ListAccountAssignmentCreationStatus";
    ListAccountAssignmentDeletionStatus = Sso, "ListAccountAssignmentDeletionStatus";
    ListAccountAssignments = Sso, "ListAccountAssignments";
    ListAccountAssignmentsForPrincipal = Sso, "ListAccountAssignmentsForPrincipal";

    ListUsers = IdentityStore, "ListUsers";
    DescribeUser = IdentityStore, "DescribeUser";
    GetUserId = IdentityStore, "GetUserId";
    CreateUser = IdentityStore, "CreateUser";
    DeleteUser = IdentityStore, "DeleteUser";
    ListGroups = IdentityStore, "ListGroups";
    DescribeGroup = IdentityStore, "DescribeGroup";
    GetGroupId = IdentityStore, "GetGroupId";
    CreateGroup = IdentityStore, "CreateGroup";
    ListGroupMemberships = IdentityStore, "ListGroupMemberships";
    ListGroupMembershipsForMember = IdentityStore, "ListGroupMembershipsForMember";
    IsMemberInGroups = IdentityStore, "IsMemberInGroups";
    CreateGroupMembership = IdentityStore, "CreateGroupMembership";
    DeleteGroupMembership = IdentityStore, "DeleteGroupMembership";

    DescribeOrganization = Organizations, "DescribeOrganization";
    ListAccounts = Organizations, "ListAccounts";
    DescribeAccount = Organizations, "DescribeAccount";
    ListRoots = Organizations, "ListRoots";
    ListParents = Organizations, "ListParents";
    ListChildren = Organizations, "ListChildren";
    ListOrganizationalUnitsForParent = Organizations, "ListOrganizationalUnitsForParent";
    DescribeOrganizationalUnit = Organizations, "DescribeOrganizationalUnit";
    ListAccountsForParent = Organizations, "ListAccountsForParent";
    ListOrganizationTags = Organizations, "ListTagsForResource";
    ListDelegatedAdministrators = Organizations, "ListDelegatedAdministrators";

    LookupEvents = CloudTrail, "LookupEvents";
    StartQuery = CloudTrail, "StartQuery";
    GetQueryResults = CloudTrail, "GetQueryResults";
    CancelQuery = CloudTrail, "CancelQuery";

    FilterLogEvents = Logs, "FilterLogEvents";

    CreateSchedule = Scheduler, "CreateSchedule";
    UpdateSchedule = Scheduler, "UpdateSchedule";
    GetSchedule = Scheduler, "GetSchedule";
    DeleteSchedule = Scheduler, "DeleteSchedule";
    ListSchedules = Scheduler, "ListSchedules";

    GetCallerIdentity = Sts, "GetCallerIdentity";
    AssumeRole = Sts, "AssumeRole";
}

impl Operation {
    /// The operation of `service` called `name`.
    pub fn find(service: Service, name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|op| op.service() == service && op.name() == name)
    }

    /// Whether `pattern` names it: `*`, `sso:*`, `ListAccounts` or `organizations:ListAccounts`.
    pub fn matches(self, pattern: &str) -> bool {
        match pattern.split_once(':') {
            Some((prefix, name)) => prefix == self.service().prefix() && (name == "*" || name == self.name()),
            None => pattern == "*" || pattern == self.name(),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service().prefix(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let op = Operation::CreateAccountAssignment;
        for pattern in [
            "*",
            "sso:*",
            "CreateAccountAssignment",
            "sso:CreateAccountAssignment",
        ] {
            assert!(op.matches(pattern), "{pattern}");
        }
        for pattern in ["", "sts:*", "Create*", "organizations:CreateAccountAssignment"] {
            assert!(!op.matches(pattern), "{pattern}");
        }
    }
}
