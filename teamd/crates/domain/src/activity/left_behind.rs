//! What outlives the session that made it: credentials and doors that are still there when the access is gone. The end
//! of the access takes back none of them, so each is shown until somebody has said that it may stay or is gone.

/// A credential or a door that a call made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Door {
    /// What it is, in a few words.
    pub kind: String,
    /// Which one, as far as the record says.
    pub name: String,
}

/// A kind of door, and where a record names it: JSON pointers, the parts of the name in order.
pub type Made = (&'static str, &'static [&'static str]);

const USER: &str = "/requestParameters/userName";
const ROLE: &str = "/requestParameters/roleName";
const GROUP: &str = "/requestParameters/groupName";
const FUNCTION: &str = "/requestParameters/functionName";

/// What a call of that service and name makes, where it makes something that stays.
#[must_use]
pub fn door(service: &str, name: &str) -> Option<Made> {
    // Some services write the date of their API behind the name.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_' || c == 'v');
    Some(match (service, name) {
        ("iam", "CreateUser") => ("IAM user", &[USER]),
        ("iam", "CreateAccessKey") => (
            "access key",
            &[
                "/responseElements/accessKey/userName",
                "/responseElements/accessKey/accessKeyId",
            ],
        ),
        ("iam", "CreateLoginProfile" | "UpdateLoginProfile") => ("console password", &[USER]),
        ("iam", "CreateServiceSpecificCredential") => ("service credential", &[USER]),
        ("iam", "UploadSSHPublicKey") => ("SSH key", &[USER]),
        ("iam", "UploadSigningCertificate") => ("signing certificate", &[USER]),
        ("iam", "CreateRole") => ("role", &[ROLE]),
        ("iam", "UpdateAssumeRolePolicy") => ("trust policy", &[ROLE]),
        ("iam", "AttachUserPolicy" | "PutUserPolicy") => ("permissions of a user", &[USER]),
        ("iam", "AttachRolePolicy" | "PutRolePolicy") => ("permissions of a role", &[ROLE]),
        ("iam", "AttachGroupPolicy" | "PutGroupPolicy") => ("permissions of a group", &[GROUP]),
        ("iam", "AddUserToGroup") => ("group membership", &[GROUP, USER]),
        ("iam", "CreatePolicyVersion") => ("policy version", &["/requestParameters/policyArn"]),
        ("iam", "CreateOpenIDConnectProvider") => ("identity provider", &["/requestParameters/url"]),
        ("iam", "CreateSAMLProvider") => ("identity provider", &["/requestParameters/name"]),
        ("rolesanywhere", "CreateTrustAnchor" | "CreateProfile") => {
            ("trust anchor", &["/requestParameters/name"])
        }
        ("sso", "CreateAccountAssignment") => (
            "Identity Center assignment",
            &["/requestParameters/targetId", "/requestParameters/principalId"],
        ),
        ("sso", "CreatePermissionSet") => ("permission set", &["/requestParameters/name"]),
        ("sso-directory" | "identitystore", "CreateUser") => {
            ("Identity Center user", &["/requestParameters/userName"])
        }
        ("sso-directory" | "identitystore", "CreateGroupMembership") => (
            "Identity Center membership",
            &["/requestParameters/groupId", "/requestParameters/memberId/userId"],
        ),
        ("kms", "CreateGrant") => (
            "KMS grant",
            &["/requestParameters/keyId", "/requestParameters/granteePrincipal"],
        ),
        ("kms", "PutKeyPolicy") => ("key policy", &["/requestParameters/keyId"]),
        ("lambda", "AddPermission") => ("function policy", &[FUNCTION]),
        ("lambda", "CreateFunctionUrlConfig") => ("function URL", &[FUNCTION]),
        ("s3", "PutBucketPolicy" | "PutBucketAcl") => ("bucket policy", &["/requestParameters/bucketName"]),
        ("secretsmanager", "PutResourcePolicy") => ("secret policy", &["/requestParameters/secretId"]),
        ("ec2", "CreateKeyPair" | "ImportKeyPair") => ("key pair", &["/requestParameters/keyName"]),
        ("ec2", "AuthorizeSecurityGroupIngress") => ("security group rule", &["/requestParameters/groupId"]),
        ("ec2", "ModifySnapshotAttribute") => ("shared snapshot", &["/requestParameters/snapshotId"]),
        ("ec2", "ModifyImageAttribute") => ("shared image", &["/requestParameters/imageId"]),
        _ => return None,
    })
}
