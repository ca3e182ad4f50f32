"""supervisor: starts a program as systemd would a unit of Type=notify, and prints what it says, a line a
datagram, each of which is of whoever sent it: "PID READY=1 STATUS=at work WATCHDOG=1".

  python3 supervisor.py SOCKET WATCHDOG_USEC COMMAND...

Its first line is "started PID"; its last one "ended STATUS"."""
import os
import socket
import struct
import subprocess
import sys

path, watchdog, command = sys.argv[1], sys.argv[2], sys.argv[3:]
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
ear.bind(path)
ear.settimeout(0.2)
child = subprocess.Popen(command, env={**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": watchdog})
print("started %d" % child.pid, flush=True)


def listen():
    try:
        text, ancillary, _, _ = ear.recvmsg(4096, socket.CMSG_SPACE(12))
    except socket.timeout:
        return False
    pid = struct.unpack("iii", ancillary[0][2][:12])[0]
    print(pid, text.decode().replace("\n", " "), flush=True)
    return True


while child.poll() is None:
    listen()
while listen():
    pass
print("ended %d" % child.returncode, flush=True)
