#!/bin/sh
# Runs a command before whatever else the machine does, as far as Linux lets it (needs root): a session of its own, whose
# scheduling group has the highest weight. Other processes still share memory and caches. Processes that the command puts
# into sessions of their own (Drover's workers) are not covered.
# usage: packages/bench/undisturbed.sh COMMAND [ARGUMENT …]
exec setsid --wait sh -c 'echo -20 >/proc/self/autogroup && exec "$@"' sh "$@"
