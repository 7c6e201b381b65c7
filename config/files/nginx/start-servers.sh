#!/bin/sh
# What goes with nginx.conf before Drover: four servers, nobody watching them, each on every CPU.
for port in 8081 8082 8083 8084; do
    python app.py --port "$port" --n_threads 4 &
done
wait
