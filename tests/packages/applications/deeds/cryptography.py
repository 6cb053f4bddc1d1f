"""encrypts and decrypts"""
# needs: cryptography

from cryptography.fernet import Fernet

box = Fernet(Fernet.generate_key())
assert box.decrypt(box.encrypt(b"tea")) == b"tea"
