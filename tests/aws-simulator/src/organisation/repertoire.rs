//! What people do with their access: a few calls that fit each kind of permission set.

/// A call somebody makes in an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deed {
    /// Without `.amazonaws.com`.
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    pub(crate) read_only: bool,
    /// Type, and a name in which `#` becomes eight hexadecimal digits.
    pub(crate) resource: Option<(&'static str, &'static str)>,
    /// The request parameter that carries the resource's name.
    pub(crate) parameter: &'static str,
    /// The exception it ends in, if it is refused.
    pub(crate) error: Option<&'static str>,
}

impl Deed {
    /// IAM and other global services log in `us-east-1` whatever the region.
    pub(crate) fn is_global(&self) -> bool {
        matches!(
            self.service,
            "iam" | "organizations" | "cloudfront" | "route53" | "ce"
        )
    }
}

/// What somebody with a permission set of this name does.
pub(crate) fn deeds_for(permission_set: &str) -> &'static [Deed] {
    let name = permission_set.to_ascii_lowercase();
    let has = |word: &str| name.contains(word);
    if has("billing") || has("finance") || has("cost") {
        BILLING
    } else if has("database") || has("dba") {
        DATABASE
    } else if has("readonly") || has("audit") || has("view") {
        READING
    } else if has("incident") || has("security") {
        INCIDENT
    } else if has("power") || has("developer") {
        DEVELOPING
    } else {
        ADMINISTERING
    }
}

const fn read(service: &'static str, name: &'static str) -> Deed {
    Deed {
        service,
        name,
        read_only: true,
        resource: None,
        parameter: "maxResults",
        error: None,
    }
}

const fn look_at(
    service: &'static str,
    name: &'static str,
    parameter: &'static str,
    resource: (&'static str, &'static str),
) -> Deed {
    Deed {
        service,
        name,
        read_only: true,
        resource: Some(resource),
        parameter,
        error: None,
    }
}

const fn change(
    service: &'static str,
    name: &'static str,
    parameter: &'static str,
    resource: (&'static str, &'static str),
) -> Deed {
    Deed {
        service,
        name,
        read_only: false,
        resource: Some(resource),
        parameter,
        error: None,
    }
}

const fn refused(deed: Deed, error: &'static str) -> Deed {
    Deed {
        error: Some(error),
        ..deed
    }
}

const INSTANCE: (&str, &str) = ("AWS::EC2::Instance", "i-0#");
const GROUP: (&str, &str) = ("AWS::EC2::SecurityGroup", "sg-0#");
const BUCKET: (&str, &str) = ("AWS::S3::Bucket", "releases-#");
const FUNCTION: (&str, &str) = ("AWS::Lambda::Function", "checkout-worker");
const ROLE: (&str, &str) = ("AWS::IAM::Role", "deploy-pipeline");
const DATABASE_INSTANCE: (&str, &str) = ("AWS::RDS::DBInstance", "orders-primary");

const READING: &[Deed] = &[
    read("sts", "GetCallerIdentity"),
    read("ec2", "DescribeInstances"),
    read("ec2", "DescribeSecurityGroups"),
    read("s3", "ListBuckets"),
    read("cloudwatch", "DescribeAlarms"),
    read("logs", "DescribeLogGroups"),
    read("iam", "ListRoles"),
    look_at(
        "rds",
        "DescribeDBInstances",
        "dBInstanceIdentifier",
        DATABASE_INSTANCE,
    ),
    refused(
        change("ec2", "StopInstances", "instanceId", INSTANCE),
        "Client.UnauthorizedOperation",
    ),
];

const DEVELOPING: &[Deed] = &[
    read("sts", "GetCallerIdentity"),
    look_at("lambda", "GetFunction20150331v2", "functionName", FUNCTION),
    change("lambda", "UpdateFunctionCode20150331v2", "functionName", FUNCTION),
    change(
        "lambda",
        "UpdateFunctionConfiguration20150331v2",
        "functionName",
        FUNCTION,
    ),
    read("logs", "DescribeLogStreams"),
    change(
        "ecs",
        "UpdateService",
        "service",
        ("AWS::ECS::Service", "checkout"),
    ),
    read("ecs", "DescribeServices"),
    read("cloudformation", "DescribeStacks"),
    change(
        "cloudformation",
        "CreateChangeSet",
        "stackName",
        ("AWS::CloudFormation::Stack", "checkout"),
    ),
    refused(
        change("iam", "AttachRolePolicy", "roleName", ROLE),
        "AccessDenied",
    ),
];

const INCIDENT: &[Deed] = &[
    read("sts", "GetCallerIdentity"),
    read("guardduty", "ListFindings"),
    read("cloudtrail", "LookupEvents"),
    read("ec2", "DescribeInstances"),
    change("ec2", "ModifyInstanceAttribute", "instanceId", INSTANCE),
    change(
        "ec2",
        "CreateSnapshot",
        "volumeId",
        ("AWS::EC2::Volume", "vol-0#"),
    ),
    change("ec2", "RevokeSecurityGroupIngress", "groupId", GROUP),
    change(
        "iam",
        "UpdateAccessKey",
        "userName",
        ("AWS::IAM::User", "deploy-bot"),
    ),
];

const DATABASE: &[Deed] = &[
    read("sts", "GetCallerIdentity"),
    look_at(
        "rds",
        "DescribeDBInstances",
        "dBInstanceIdentifier",
        DATABASE_INSTANCE,
    ),
    read("rds", "DescribeDBClusters"),
    change(
        "rds",
        "CreateDBSnapshot",
        "dBInstanceIdentifier",
        DATABASE_INSTANCE,
    ),
    change(
        "rds",
        "ModifyDBParameterGroup",
        "dBParameterGroupName",
        ("AWS::RDS::DBParameterGroup", "pg17"),
    ),
    change(
        "rds",
        "RebootDBInstance",
        "dBInstanceIdentifier",
        DATABASE_INSTANCE,
    ),
    look_at(
        "secretsmanager",
        "GetSecretValue",
        "secretId",
        ("AWS::SecretsManager::Secret", "orders/db"),
    ),
    read("cloudwatch", "GetMetricData"),
];

const BILLING: &[Deed] = &[
    read("sts", "GetCallerIdentity"),
    read("ce", "GetCostAndUsage"),
    read("ce", "GetCostForecast"),
    read("budgets", "DescribeBudgets"),
    read("cur", "DescribeReportDefinitions"),
    read("organizations", "ListAccounts"),
];

const ADMINISTERING: &[Deed] = &[
    read("sts", "GetCallerIdentity"),
    read("iam", "ListRoles"),
    look_at("iam", "GetRole", "roleName", ROLE),
    change("iam", "PutRolePolicy", "roleName", ROLE),
    change("ec2", "AuthorizeSecurityGroupIngress", "groupId", GROUP),
    change("ec2", "RebootInstances", "instanceId", INSTANCE),
    change("s3", "PutBucketPolicy", "bucketName", BUCKET),
    change(
        "iam",
        "CreateAccessKey",
        "userName",
        ("AWS::IAM::User", "deploy-bot"),
    ),
    look_at(
        "secretsmanager",
        "GetSecretValue",
        "secretId",
        ("AWS::SecretsManager::Secret", "orders/db"),
    ),
    read("ec2", "DescribeInstances"),
    read("kms", "ListKeys"),
    change(
        "kms",
        "EnableKeyRotation",
        "keyId",
        ("AWS::KMS::Key", "alias/orders"),
    ),
    refused(
        change(
            "cloudtrail",
            "StopLogging",
            "name",
            ("AWS::CloudTrail::Trail", "org-trail"),
        ),
        "AccessDenied",
    ),
];
