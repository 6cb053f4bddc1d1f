"""shows its settings, the help of a service, and a skeleton of a call"""
# needs: awscli

import os
from pathlib import Path

from awscli.clidriver import main
from doing import run

# What makes a manual page of the help, and shows it.
Path("groff").write_text("#!/bin/sh\nexec cat\n")
Path("groff").chmod(0o700)
Path("less").write_text("#!/bin/sh\nexec cat >shown\n")
Path("less").chmod(0o700)
os.environ["PATH"] = f"{Path.cwd()}:{os.environ['PATH']}"
os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
os.environ.pop("PAGER", None)
os.environ.pop("MANPAGER", None)

assert run(main, "aws", "--version").startswith("aws-cli/")
assert "eu-west-1" in run(main, "aws", "configure", "list")
run(main, "aws", "s3", "help")
assert "S3 commands" in Path("shown").read_text()
words = ["ec2", "describe-instances", "--generate-cli-skeleton"]
assert '"InstanceIds"' in run(main, "aws", *words)
