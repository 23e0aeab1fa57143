"""The other emulator, seen through AWS's own Python client.

moto.py URL fill                an organisation like the simulator's
moto.py URL wait there|gone     waits until alice has, or no longer has, Admin on prod; prints all assignments
"""

import sys
import time

import boto3

URL, VERB = sys.argv[1:3]
KEYS = dict(region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
ORGANIZATIONS, SSO, STORE = (
    boto3.client(name, endpoint_url=URL, **KEYS) for name in ("organizations", "sso-admin", "identitystore")
)


def instance():
    found = SSO.list_instances()["Instances"][0]
    return found["InstanceArn"], found["IdentityStoreId"]


def fill():
    ORGANIZATIONS.create_organization(FeatureSet="ALL")
    root = ORGANIZATIONS.list_roots()["Roots"][0]["Id"]

    def unit(parent, name):
        made = ORGANIZATIONS.create_organizational_unit(ParentId=parent, Name=name)
        return made["OrganizationalUnit"]["Id"]

    workloads = unit(root, "Workloads")
    production = unit(workloads, "Prod")
    for name, place in (("prod", production), ("stage", workloads)):
        made = ORGANIZATIONS.create_account(Email=f"{name}@example.com", AccountName=name)
        account = made["CreateAccountStatus"]["AccountId"]
        ORGANIZATIONS.move_account(AccountId=account, SourceParentId=root, DestinationParentId=place)

    arn, store = instance()
    for name in ("Admin", "ReadOnly"):
        # Without a session duration moto stores a number, which no client can read.
        SSO.create_permission_set(InstanceArn=arn, Name=name, SessionDuration="PT1H")
    users = {}
    for name in ("alice", "bob", "carol"):
        full = {"GivenName": name.title(), "FamilyName": "Example"}
        made = STORE.create_user(IdentityStoreId=store, UserName=name, DisplayName=name.title(), Name=full)
        users[name] = made["UserId"]
    for name, member in (("engineers", "alice"), ("leads", "bob")):
        group = STORE.create_group(IdentityStoreId=store, DisplayName=name)["GroupId"]
        STORE.create_group_membership(IdentityStoreId=store, GroupId=group, MemberId={"UserId": users[member]})


def assignments():
    arn, store = instance()
    names = {user["UserId"]: user["UserName"] for user in STORE.list_users(IdentityStoreId=store)["Users"]}
    for account in ORGANIZATIONS.list_accounts()["Accounts"]:
        for permission_set in SSO.list_permission_sets(InstanceArn=arn)["PermissionSets"]:
            described = SSO.describe_permission_set(InstanceArn=arn, PermissionSetArn=permission_set)
            rows = SSO.list_account_assignments(
                InstanceArn=arn, AccountId=account["Id"], PermissionSetArn=permission_set
            )["AccountAssignments"]
            for row in rows:
                who = names.get(row["PrincipalId"], row["PrincipalId"])
                yield f"{row['PrincipalType']} {who} {account['Name']} {described['PermissionSet']['Name']}"


def wait(wanted):
    deadline = time.monotonic() + 20
    while True:
        seen = sorted(assignments())
        if seen == (["USER alice prod Admin"] if wanted == "there" else []):
            print("\n".join(seen))
            return
        if time.monotonic() > deadline:
            sys.exit(f"not {wanted} in time; there are {seen}")
        time.sleep(0.2)


if VERB == "fill":
    fill()
elif VERB == "wait":
    wait(sys.argv[3])
else:
    sys.exit(__doc__)
