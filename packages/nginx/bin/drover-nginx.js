#!/usr/bin/env node
import "../dist/process/main.js";
