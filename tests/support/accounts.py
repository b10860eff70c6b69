"""The simulated world's two portals with accounts, as adapters of a broker under test."""
import os

# Adapter: its profile, the portal's address in the world's ready.json, and account: (login, password or API key).
PORTALS = {
    "desk": ("certificate-desk", "desk_portal", {"main": ("hauptkonto", "Haupt-Kennwort-1"), "second": ("nebenkonto", "Neben-Kennwort-4")}),
    "services": ("digicert-services-v2", "services_api", {"main": ("hauptkonto", "SIMKEY-MAIN-ADMIN-5DQ2"),
                                                          "second": ("nebenkonto", "SIMKEY-SECOND-ADMIN-6JT1")})}


def secret_file(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        out.write(text + "\n")
    return path


def adapter(name, folder, ready, **more):
    """The settings of the adapter `name`; its passwords stand in files of `folder`."""
    profile, address, accounts = PORTALS[name]
    return {"type": "guest_portal", "profile": profile, "base_url": ready[address], "ca_file": ready["ca_file"],
            "accounts": {account: {"user": user, "password": {"file": secret_file(folder, f"{name}-{account}.password", password)}}
                         for account, (user, password) in accounts.items()}, **more}


def route(name, brand):
    return {"name": name, "match": {"brand": [brand]}, "adapter": name, "channel": "portal"}
