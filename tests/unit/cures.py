"""What to write instead, in the words of the refusals."""

from stack_trees import ISSUER

CLOUD = "write where the buckets are: the keys of one provider"
PROVIDER = 'write the cloud: "aws" or "gcp"'
PLATFORM = 'write the hub these users belong to; part of every name, like "cmbcluster"'
ACCOUNT = (
    "write the AWS account: 12 digits, quoted; credentials of another are refused, "
    'like "123456789012"'
)
REGION = 'write the AWS region of the buckets, like "us-east-1"'
OIDC = (
    "write for irsa, required there: the cluster's OIDC issuer without https://, known to IAM as a "
    f'provider, like "{ISSUER}"'
)
CLUSTER = (
    "write for podIdentity, required there: the EKS cluster, with its Pod Identity agent, like "
    '"cmbcluster"'
)
AWS_IDENTITY = 'write how a service account takes its role: IRSA, or EKS Pod Identity, like "irsa"'
BUCKET_NAMESPACE = (
    "write where bucket names are unique: nobody else can take one, or the whole world, like "
    '"accountRegional"'
)
PROJECT = 'write the project\'s id, like "cmbcluster-research"'
NUMBER = 'write the project\'s number, quoted; principals are named by it, like "123456789012"'
LOCATION = 'write the region, dual-region or multi-region of the buckets, like "europe-west4"'
IDENTITY = (
    "write the Kubernetes service account itself, or a Google one: it can sign URLs, "
    'like "workloadIdentity"'
)
NAMESPACE = 'write the namespace of the users\' servers; exists already, like "cmbcluster"'
KEPT = "write how many noncurrent versions of an object never expire, like 30"
DAYS = "write after how many days the noncurrent versions beyond those expire, like 30"
ABORT = "write after how many days an unfinished upload is thrown away, like 7"
SOFT = "write how many days what is deleted for good can be restored; Google Cloud only, like 7"
SCRATCH = (
    "write after how many days objects under `scratch/` are deleted; they stay as noncurrent "
    "versions for noncurrentDays, like 30"
)
CLASS = 'write the class of new objects, in Google\'s words; see the table below, like "STANDARD"'
KEY = (
    "write a KMS key's ARN, or a Cloud KMS key's name, to encrypt with instead, like "
    '"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"'
)
LOGS = (
    "write a bucket that exists and takes the access logs, each bucket's under its name, like "
    '"cmbcluster-access-logs"'
)
LABELS = (
    "write labels (tags on AWS) of every bucket and role; values are quoted text, "
    'like {"cost-centre": "physics"}'
)
MAX_DELETES = (
    "write from how many users one pull request may take the bucket, or what guards it, like 0"
)
MAX_REPLACES = "write of how many users one may replace a resource, like 0"
MAX_USERS = "write how many users of the stack one may touch at all, like 25"
CONSENT = (
    "write ids of users whom no limit counts, because what happens to them is meant; take them "
    'out again afterwards, like ["dan"]'
)
USER = 'write the user\'s id as the hub knows it, like "ann@example.org"'
USERS = 'write one entry per user: an id, or an object with id, like ["ann"]'
STATE = (
    "write `suspended` takes identity and volume away and keeps the bucket; `deleted` does the "
    'same, and then the bucket goes with the line, like "active"'
)
PARTS = (
    "write which parts of that bucket exist and are taken over: `python -m infra.adopt` tells; "
    'while this stands, nothing in the bucket expires, like ["bucket"]'
)
TARGET = "needs exactly one of context and renderTo; write one and drop the other"
UNPRINTABLE = "has spaces around it or characters that do not print; write it without"

NO_PLATFORM = (
    f"is wrong (String should match pattern '^[a-z]([a-z0-9-]{{0,18}}[a-z0-9])?$'); {PLATFORM}"
)
NO_ISSUER = f"is wrong (String should match pattern '^[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$'); {OIDC}"
NO_NAMESPACE = (
    f"is wrong (String should match pattern '^[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?$'); {NAMESPACE}"
)
NO_REGION = f"is wrong (String should match pattern '^(us-gov|[a-z]{{2}})-[a-z]+-[0-9]$'); {REGION}"
NO_ACCOUNT = f"is wrong (String should match pattern '^[0-9]{{12}}$'); {ACCOUNT}"
NO_PROJECT = f"is wrong (String should match pattern '^[a-z][a-z0-9-]{{4,28}}[a-z0-9]$'); {PROJECT}"
NO_NUMBER = f"is wrong (String should match pattern '^[0-9]{{6,19}}$'); {NUMBER}"
NO_LOCATION = (
    "is wrong (String should match pattern "
    f"'^([a-z]{{2,}}[0-9]?|[A-Z]{{2,}}[0-9]?|[a-z]+-[a-z]+[0-9]+|[A-Z]+-[A-Z]+[0-9]+)$'); "
    f"{LOCATION}"
)
NO_IDENTITY = f"is wrong (Input should be 'workloadIdentity' or 'serviceAccount'); {IDENTITY}"
NO_LABEL = f"is wrong (String should match pattern '^[a-z0-9_-]{{1,63}}$'); {LABELS}"
NO_LABEL_KEY = f"is wrong (String should match pattern '^[a-z][a-z0-9_-]{{0,62}}$'); {LABELS}"

NO_CLUSTER = (
    f"is wrong (String should match pattern '^[0-9A-Za-z][A-Za-z0-9_-]{{0,99}}$'); {CLUSTER}"
)
NO_AWS_IDENTITY = f"is wrong (Input should be 'irsa' or 'podIdentity'); {AWS_IDENTITY}"
NO_BUCKET_NAMESPACE = (
    f"is wrong (Input should be 'accountRegional' or 'global'); {BUCKET_NAMESPACE}"
)
NO_CLASS = "is wrong (Input should be 'STANDARD', 'NEARLINE', 'COLDLINE' or 'ARCHIVE'); " + CLASS
NO_STATE = f"is wrong (Input should be 'active', 'suspended' or 'deleted'); {STATE}"
NO_PART = (
    "is wrong (Input should be 'bucket', 'publicAccessBlock', 'ownership', 'encryption', "
    f"'versioning', 'lifecycle', 'policy' or 'logging'); {PARTS}"
)
