"""A bot of one face in a process of its own, to be killed: python -m tests.messaging.guest PORT."""

import sys
import threading

from messaging.connection import BrokerAddress
from tests.messaging.rig import Run

if __name__ == "__main__":
    Run().face(BrokerAddress("127.0.0.1", int(sys.argv[1]))).start()
    threading.Event().wait()
