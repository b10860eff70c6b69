"""Throwaway certificates for the peers of transport's tests: a CA and, below or beside it, good and bad servers."""
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(path, *chunks):
    with open(path, "wb") as out:
        for chunk in chunks:
            out.write(chunk)
    return path


def _key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Authority:
    """A CA of its own; `folder` gets its `NAME.pem`."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(_name(name), self.key, True, NOW - DAY, NOW + 10 * DAY, [])
        self.file = _write(os.path.join(folder, name + ".pem"),
                           self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, key, is_ca, begin, end, hosts):
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(_name(self.name))
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(begin).not_valid_after(end)
                   .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
        names = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, hosts=("localhost", "127.0.0.1"), begin=NOW - DAY, end=NOW + DAY):
        """Writes certificate and key into one file and gives its path."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(name), key, False, begin, end, hosts)
        return _write(os.path.join(self.folder, name + "-server.pem"),
                      certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key))


def server_files(folder):
    """The CA's file and server files: good, expired, wrong_host, unknown (of another CA)."""
    ours, other = Authority(folder, "ca"), Authority(folder, "other")
    return ours.file, {
        "good": ours.issue("good"),
        "expired": ours.issue("expired", begin=NOW - 2 * DAY, end=NOW - DAY),
        "wrong_host": ours.issue("wrong_host", hosts=("portal.example",)),
        "unknown": other.issue("unknown"),
    }
