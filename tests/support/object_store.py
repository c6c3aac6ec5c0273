"""An object store on this machine that speaks S3, and the environment that leads to it."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def object_store(*, bucket: str = "bucket") -> Iterator[str]:
    """Serve an empty bucket until the block ends; yields the address of the store."""
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    environment = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with mock.patch.dict(os.environ, environment):
        s3fs.S3FileSystem.clear_instance_cache()
        request = urllib.request.Request(
            f"{address}/moto-api/reset", method="POST"
        )  # servers of a process share objects
        urllib.request.urlopen(request).close()
        boto3.client("s3").create_bucket(Bucket=bucket)
        try:
            yield address
        finally:
            s3fs.S3FileSystem.clear_instance_cache()
            server.stop()


def put(files: dict[str, bytes], *, bucket: str = "bucket") -> None:
    """Write objects by key."""
    import boto3

    client = boto3.client("s3")
    for key, data in files.items():
        client.put_object(Bucket=bucket, Key=key, Body=data)


def keys(*, bucket: str = "bucket") -> list[str]:
    """Keys of all objects, sorted."""
    import boto3

    found = boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return sorted(entry["Key"] for entry in found)
