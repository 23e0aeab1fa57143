"""Speaks to the simulator with AWS's own Python SDK: the wire must satisfy clients we did not write.

Usage: boto3_smoke.py ENDPOINT. Prints `ok` at the end; any exception is a failure.
"""

import datetime
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
REGION = "eu-west-1"


def client(service, region=REGION, **credentials):
    credentials = credentials or {"aws_access_key_id": "AKIAANY", "aws_secret_access_key": "any"}
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=region,
        config=Config(retries={"total_max_attempts": 5, "mode": "standard"}),
        **credentials,
    )


def expect_error(code, function, **arguments):
    try:
        function(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["ResponseMetadata"]["RequestId"], error
        return
    raise AssertionError(f"expected {code}")


def everything(api, operation, member, **arguments):
    pages = api.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page[member]]


def finished(describe, member, **arguments):
    for _ in range(100):
        status = describe(**arguments)[member]
        if status["Status"] != "IN_PROGRESS":
            return status
        time.sleep(0.1)
    raise AssertionError("never finished")


sso = client("sso-admin")
store = client("identitystore")
org = client("organizations", "us-east-1")
sts = client("sts")

# STS
assert sts.get_caller_identity()["Account"] == "100000000001"

# Organizations
management = org.describe_organization()["Organization"]["MasterAccountId"]
accounts = {a["Name"]: a for a in everything(org, "list_accounts", "Accounts", PaginationConfig={"PageSize": 5})}
assert len(accounts) == 19, len(accounts)
prod = accounts["prod-identity"]
assert prod["State"] == "ACTIVE" and prod["Paths"][0].count("/ou-") == 3, prod
assert accounts["old-shop"]["State"] == "SUSPENDED"
assert org.describe_account(AccountId=prod["Id"])["Account"]["Name"] == "prod-identity"
tags = {t["Key"]: t["Value"] for t in everything(org, "list_tags_for_resource", "Tags", ResourceId=prod["Id"])}
assert tags["env"] == "prod", tags
root = everything(org, "list_roots", "Roots")[0]["Id"]
units = everything(org, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=root)
assert "Workloads" in [u["Name"] for u in units]
unit = org.list_parents(ChildId=prod["Id"])["Parents"][0]
assert unit["Type"] == "ORGANIZATIONAL_UNIT"
assert org.describe_organizational_unit(OrganizationalUnitId=unit["Id"])["OrganizationalUnit"]["Name"] == "Regulated"
assert [a["Name"] for a in everything(org, "list_accounts_for_parent", "Accounts", ParentId=unit["Id"])] == ["prod-identity"]
assert everything(org, "list_children", "Children", ParentId=unit["Id"], ChildType="ACCOUNT")[0]["Id"] == prod["Id"]
assert everything(org, "list_delegated_administrators", "DelegatedAdministrators") == []
expect_error("AccountNotFoundException", org.describe_account, AccountId="999999999999")
expect_error("ChildNotFoundException", org.list_parents, ChildId="999999999999")

# Identity Center and its store
instance = sso.list_instances()["Instances"][0]
arn, store_id = instance["InstanceArn"], instance["IdentityStoreId"]
assert sso.describe_instance(InstanceArn=arn)["Status"] == "ACTIVE"
sets = {}
for set_arn in everything(sso, "list_permission_sets", "PermissionSets", InstanceArn=arn):
    found = sso.describe_permission_set(InstanceArn=arn, PermissionSetArn=set_arn)["PermissionSet"]
    assert isinstance(found["CreatedDate"], datetime.datetime)
    sets[found["Name"]] = found
admin = sets["AdministratorAccess"]
assert admin["SessionDuration"] == "PT1H", admin
set_tags = everything(sso, "list_tags_for_resource", "Tags", InstanceArn=arn, ResourceArn=admin["PermissionSetArn"])
assert set_tags == [{"Key": "jit", "Value": "enabled"}], set_tags

users = {u["UserName"]: u for u in everything(store, "list_users", "Users", IdentityStoreId=store_id)}
assert users["judy"]["UserStatus"] == "DISABLED" and users["alice"]["UserArn"] and users["alice"]["Revision"]
alice = users["alice"]["UserId"]
assert store.describe_user(IdentityStoreId=store_id, UserId=alice)["Emails"][0]["Value"] == "alice@example.com"
by_name = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": "alice"}}
assert store.get_user_id(IdentityStoreId=store_id, AlternateIdentifier=by_name)["UserId"] == alice
groups = {g["DisplayName"]: g["GroupId"] for g in everything(store, "list_groups", "Groups", IdentityStoreId=store_id)}
by_name = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "oncall"}}
assert store.get_group_id(IdentityStoreId=store_id, AlternateIdentifier=by_name)["GroupId"] == groups["oncall"]
member = {"UserId": alice}
theirs = everything(
    store, "list_group_memberships_for_member", "GroupMemberships", IdentityStoreId=store_id, MemberId=member
)
assert {m["GroupId"] for m in theirs} == {groups["oncall"], groups["developers"]}
results = store.is_member_in_groups(
    IdentityStoreId=store_id, MemberId=member, GroupIds=[groups["oncall"], groups["finance"]]
)["Results"]
assert [r["MembershipExists"] for r in results] == [True, False]
in_group = everything(store, "list_group_memberships", "GroupMemberships", IdentityStoreId=store_id, GroupId=groups["soc"])
assert [m["MemberId"]["UserId"] for m in in_group] == [users["ivy"]["UserId"]]
created = store.create_group_membership(IdentityStoreId=store_id, GroupId=groups["soc"], MemberId=member)
store.delete_group_membership(IdentityStoreId=store_id, MembershipId=created["MembershipId"])
new_group = store.create_group(IdentityStoreId=store_id, DisplayName="new")["GroupId"]
assert store.describe_group(IdentityStoreId=store_id, GroupId=new_group)["DisplayName"] == "new"
new_user = store.create_user(
    IdentityStoreId=store_id, UserName="zoe", DisplayName="Zoe Z", Name={"GivenName": "Zoe", "FamilyName": "Z"}
)["UserId"]
store.delete_user(IdentityStoreId=store_id, UserId=new_user)
expect_error("ResourceNotFoundException", store.describe_user, IdentityStoreId=store_id, UserId=new_user)

# Assignments
where = {"InstanceArn": arn, "PermissionSetArn": admin["PermissionSetArn"]}
key = {**where, "TargetId": prod["Id"], "TargetType": "AWS_ACCOUNT", "PrincipalType": "USER", "PrincipalId": alice}
expect_error("ResourceNotFoundException", sso.delete_account_assignment, **key)
status = sso.create_account_assignment(**key)["AccountAssignmentCreationStatus"]
assert status["Status"] == "IN_PROGRESS", status
assert everything(sso, "list_account_assignments", "AccountAssignments", AccountId=prod["Id"], **where) == []
expect_error("ConflictException", sso.delete_account_assignment, **key)
done = finished(
    sso.describe_account_assignment_creation_status,
    "AccountAssignmentCreationStatus",
    InstanceArn=arn,
    AccountAssignmentCreationRequestId=status["RequestId"],
)
assert done["Status"] == "SUCCEEDED" and done["PrincipalId"] == alice, done
listed = everything(sso, "list_account_assignments", "AccountAssignments", AccountId=prod["Id"], **where)
assert [row["PrincipalId"] for row in listed] == [alice]
mine = everything(
    sso, "list_account_assignments_for_principal", "AccountAssignments", InstanceArn=arn, PrincipalId=alice,
    PrincipalType="USER", Filter={"AccountId": prod["Id"]},
)
assert len(mine) == 1, mine
provisioned = everything(
    sso, "list_permission_sets_provisioned_to_account", "PermissionSets", InstanceArn=arn, AccountId=prod["Id"]
)
assert provisioned == [admin["PermissionSetArn"]]
assert prod["Id"] in everything(sso, "list_accounts_for_provisioned_permission_set", "AccountIds", **where)
creations = everything(
    sso, "list_account_assignment_creation_status", "AccountAssignmentsCreationStatus", InstanceArn=arn
)
assert [c["RequestId"] for c in creations] == [status["RequestId"]]
time.sleep(2)
status = sso.delete_account_assignment(**key)["AccountAssignmentDeletionStatus"]
done = finished(
    sso.describe_account_assignment_deletion_status,
    "AccountAssignmentDeletionStatus",
    InstanceArn=arn,
    AccountAssignmentDeletionRequestId=status["RequestId"],
)
assert done["Status"] == "SUCCEEDED", done
assert everything(sso, "list_account_assignments", "AccountAssignments", AccountId=prod["Id"], **where) == []
deletions = everything(
    sso, "list_account_assignment_deletion_status", "AccountAssignmentsDeletionStatus", InstanceArn=arn
)
assert len(deletions) == 1
fresh = sso.create_permission_set(InstanceArn=arn, Name="Fresh", SessionDuration="PT1H")["PermissionSet"]
assert fresh["PermissionSetArn"].startswith(arn.replace("instance", "permissionSet") + "/ps-"), fresh

# CloudTrail, in a member account, by AssumeRole
role = f"arn:aws:iam::{prod['Id']}:role/teamd-trail-reader"
issued = sts.assume_role(RoleArn=role, RoleSessionName="teamd")["Credentials"]
assert isinstance(issued["Expiration"], datetime.datetime)
member_credentials = {
    "aws_access_key_id": issued["AccessKeyId"],
    "aws_secret_access_key": issued["SecretAccessKey"],
    "aws_session_token": issued["SessionToken"],
}
assert client("sts", **member_credentials).get_caller_identity()["Account"] == prod["Id"]
trail = client("cloudtrail", **member_credentials)
events = everything(trail, "lookup_events", "Events", PaginationConfig={"PageSize": 20, "MaxItems": 45})
assert len(events) == 45, len(events)
times = [event["EventTime"] for event in events]
assert times == sorted(times, reverse=True)
time.sleep(1)
named = trail.lookup_events(LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": events[0]["Username"]}])
assert {event["Username"] for event in named["Events"]} == {events[0]["Username"]}
time.sleep(1)
nothing = trail.lookup_events(StartTime=datetime.datetime(2000, 1, 1), EndTime=datetime.datetime(2000, 1, 2))
assert nothing["Events"] == []
expect_error("AccessDeniedException", client("sso-admin", **member_credentials).list_permission_sets, InstanceArn=arn)
expect_error("AccessDenied", sts.assume_role, RoleArn="arn:aws:iam::999999999999:role/x", RoleSessionName="teamd")
portal = client("cloudtrail").lookup_events(
    LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetRoleCredentials"}]
)
assert portal["Events"], "the management account knows who got credentials"

print("ok")
