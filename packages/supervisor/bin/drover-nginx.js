#!/usr/bin/env node
import "../dist/nginx-cli.js";
