#!/usr/bin/env node
import "@drover/foundation/require-node";

await import("../dist/process/main.js");
