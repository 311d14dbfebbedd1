"""Bucket, users and policies of an object store: the deploy step, not used while recording.

Speaks MinIO's admin interface, which juicefs answers too.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio.to_thread
import urllib3
from minio import Minio
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException
from minio.minioadmin import MinioAdmin

REGION = "us-east-1"
# A server that is live may still be loading its users.
INITIALIZED_WITHIN_SECONDS = 15.0


@dataclass(frozen=True)
class S3User:
    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Grant:
    """What one user may do in the bucket."""

    user: S3User
    policy: str
    """Name of the policy on the server."""
    can_write: bool
    """Put and delete besides get and list."""


async def provision(
    endpoint: str, root: S3User, *, bucket: str, grants: Sequence[Grant], secure: bool = False
) -> None:
    """Make the bucket and exactly these rights; repeating it renews keys and rights."""
    await anyio.to_thread.run_sync(_provision, endpoint, root, bucket, grants, secure)


def policy_document(bucket: str, *, can_write: bool) -> dict[str, object]:
    """The S3 policy for one bucket and nothing else."""
    objects = ["s3:GetObject"]
    if can_write:
        objects += ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
        objects += ["s3:ListMultipartUploadParts"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
                "Resource": [f"arn:aws:s3:::{bucket}"],
            },
            {"Effect": "Allow", "Action": objects, "Resource": [f"arn:aws:s3:::{bucket}/*"]},
        ],
    }


def _provision(
    endpoint: str, root: S3User, bucket: str, grants: Sequence[Grant], secure: bool
) -> None:
    with urllib3.PoolManager(timeout=urllib3.Timeout(connect=3, read=30)) as pool:
        client = Minio(
            endpoint,
            access_key=root.access_key,
            secret_key=root.secret_key,
            secure=secure,
            region=REGION,
            http_client=pool,
        )
        if not client.bucket_exists(bucket_name=bucket):
            client.make_bucket(bucket_name=bucket)
        admin = MinioAdmin(
            endpoint=endpoint,
            credentials=StaticProvider(root.access_key, root.secret_key),
            secure=secure,
            http_client=pool,
        )
        _when_initialized(admin.policy_list)
        for grant in grants:
            admin.policy_add(
                policy_name=grant.policy, policy=policy_document(bucket, can_write=grant.can_write)
            )
            admin.user_add(access_key=grant.user.access_key, secret_key=grant.user.secret_key)
            admin.policy_set(policy_name=grant.policy, user=grant.user.access_key)


def _when_initialized(ask: Callable[[], object]) -> None:
    deadline = time.monotonic() + INITIALIZED_WITHIN_SECONDS
    while True:
        try:
            ask()
        except MinioAdminException as error:
            if "not initialized" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(0.02)
