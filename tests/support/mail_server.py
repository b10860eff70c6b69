#!/usr/bin/python3
"""A throwaway Postfix with Dovecot on loopback, for tests that want a mail server nobody here wrote. Root only.

    mail_server.py FOLDER

FOLDER is made if missing and gets everything: configuration, queue, certificates, logs, mail. Prints `name=value`
lines, then `ready`: starttls and implicit (SMTP ports that want AUTH), imaps (port), ca_file, user, password, domain,
and maildir, where every mail for `ANYTHING@domain` arrives. Runs until its standard input ends or it is told to stop
(SIGTERM), and takes both servers with it.
"""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "transport"))
import certificates  # noqa: E402

USER, PASSWORD, DOMAIN = "mailer@example.net", "p4ssword", "example.net"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return unused.getsockname()[1]


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, mode)


def split(server_file, folder):
    """Certificate and key as two files, as Postfix and Dovecot like them."""
    with open(server_file, encoding="ascii") as source:
        text = source.read()
    at = text.index("-----BEGIN PRIVATE KEY")
    write(folder + "/server.crt", text[:at])
    write(folder + "/server.key", text[at:], 0o600)


def postfix(folder, mail, uid, gid, ports):
    # sysexits of Debian's postfix need absolute, root-owned folders.
    write(folder + "/postfix/main.cf", f"""
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}
myhostname = localhost
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {mail}
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
default_transport = error:no mail leaves this server
smtpd_tls_cert_file = {folder}/server.crt
smtpd_tls_key_file = {folder}/server.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_tls_auth_only = yes
smtpd_error_sleep_time = 0
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
alias_maps =
alias_database =
""")
    service = "inet n - n - - smtpd -o smtpd_tls_security_level="
    write(folder + "/postfix/master.cf", f"""
127.0.0.1:{ports['starttls']} {service}encrypt
127.0.0.1:{ports['implicit']} {service}encrypt -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""")
    os.makedirs(folder + "/queue/private", exist_ok=True)
    os.makedirs(folder + "/data", exist_ok=True)
    shutil.chown(folder + "/data", "postfix")
    shutil.chown(folder + "/queue/private", "postfix")


def dovecot(folder, mail, uid, gid, ports):
    write(folder + "/dovecot/users", f"{USER}:{{PLAIN}}{PASSWORD}:{uid}:{gid}::{mail}::\n", 0o644)
    write(folder + "/dovecot/dovecot.conf", f"""
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/server.crt
ssl_key = <{folder}/server.key
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{mail}/inbox
passdb {{
  driver = passwd-file
  args = {folder}/dovecot/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/dovecot/users
}}
service auth {{
  unix_listener {folder}/queue/private/auth {{
    mode = 0660
    user = postfix
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {ports['imaps']}
    ssl = yes
  }}
}}
""")


def wait_for(ports, children, limit=30.0):
    until = time.monotonic() + limit
    for port in ports:
        while True:
            if time.monotonic() > until or any(child.poll() is not None for child in children):
                raise SystemExit("the mail servers did not come up")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)


def main():
    folder = os.path.abspath(sys.argv[1])
    for part in ("", "/log", "/mail", "/run"):
        os.makedirs(folder + part, exist_ok=True)
    os.chmod(folder, 0o755)
    owner = pwd.getpwnam("nobody")
    mail = folder + "/mail"
    for part in ("", "/inbox", "/inbox/new", "/inbox/cur", "/inbox/tmp"):
        os.makedirs(mail + part, exist_ok=True)
        os.chown(mail + part, owner.pw_uid, owner.pw_gid)
    ca_file, servers = certificates.server_files(folder)
    split(servers["good"], folder)
    ports = {name: free_port() for name in ("starttls", "implicit", "imaps")}
    postfix(folder, mail, owner.pw_uid, owner.pw_gid, ports)
    dovecot(folder, mail, owner.pw_uid, owner.pw_gid, ports)

    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": sys.stderr}
    subprocess.run(["postfix", "-c", folder + "/postfix", "check"], check=False, timeout=30, **quiet)
    children = [
        subprocess.Popen(["dovecot", "-F", "-c", folder + "/dovecot/dovecot.conf"], **quiet),
        subprocess.Popen(["/usr/lib/postfix/sbin/master", "-c", folder + "/postfix", "-d"], **quiet),
    ]

    def stop(*_):
        for child in children:
            child.terminate()
        for child in children:
            try:
                child.wait(2)
            except subprocess.TimeoutExpired:
                child.kill()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        wait_for(ports.values(), children)
        for name, port in ports.items():
            print(f"{name}={port}")
        print(f"ca_file={ca_file}\nuser={USER}\npassword={PASSWORD}\ndomain={DOMAIN}\nmaildir={mail}/inbox")
        print("ready", flush=True)
        sys.stdin.read()
    finally:
        stop()


main()
