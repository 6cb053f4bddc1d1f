"""boto3: a client and a resource, whose descriptions are data files of botocore and boto3.

botocore looks for them with os.listdir and open. It gets private copies of both directories, which
last as long as they are needed: the way that importlib.resources documents for such libraries.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib import metadata
from importlib.resources import as_file, files

import boto3
import botocore

from tests.packages.installed import read_info, requires

with ExitStack() as stack:
    # Data: thousands of files in directories.
    places = [stack.enter_context(as_file(files(name) / "data")) for name in ("botocore", "boto3")]
    os.environ["AWS_DATA_PATH"] = os.pathsep.join(map(str, places))

    # A real function: what needs no network, of a client and of a resource.
    session = boto3.Session("id", "secret", region_name="eu-central-1")
    assert {"s3", "dynamodb"} <= set(session.get_available_services())
    client = session.client("s3")
    assert "PutObject" in client.meta.service_model.operation_names
    url = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a key"})
    assert url.startswith("https://bucket.s3.")
    assert "/a%20key?" in url
    assert session.resource("s3").Object("bucket", "key").key == "key"
    assert client.get_paginator("list_objects_v2").result_keys

# Metadata; boto3 and what it needs have no entry points.
assert metadata.version("boto3") == boto3.__version__
assert metadata.version("botocore") == botocore.__version__
assert {"botocore", "jmespath", "s3transfer"} <= requires("boto3")
assert "Apache License" in read_info("boto3", "LICENSE")
