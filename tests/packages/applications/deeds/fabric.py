"""makes a connection, which it does not open"""
# needs: fabric

from fabric import Connection

assert Connection("127.0.0.1").host == "127.0.0.1"
