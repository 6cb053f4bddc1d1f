"""makes a client from the service's description, and signs an address"""
# needs: boto3

import boto3

keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
client = boto3.client("s3", region_name="eu-west-1", **keys)
address = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
assert address.startswith(("https://s3.amazonaws.com/b/k?", "https://b.s3")), address
assert "eu-west-1" in boto3.Session(**keys).get_available_regions("dynamodb")
assert boto3.resource("sqs", region_name="eu-west-1", **keys).meta.service_name == "sqs"
