// A test beside the sources has the name of the file that it specifies. Those that specify several files stand here, each with the folder of these.

const SEVERAL = {
  "packages/balancer/src/policies/property.test.ts": "packages/balancer/src/policies",
  "packages/balancer/src/policies/vectors.test.ts": "packages/balancer/src/policies",
  "packages/balancer/src/queue/beside-slots.test.ts": "packages/balancer/src/queue",
  "packages/balancer/src/request/crashes.property.test.ts": "packages/balancer/src/pool/crashes",
  "packages/balancer/src/request/upgrade.test.ts": "packages/balancer/src/request",
  "packages/balancer/src/upstream-http/framing.property.test.ts": "packages/balancer/src/upstream-http",
  "packages/bench/src/report/reports.test.ts": "packages/bench/src/report",
  "packages/console/page/chat/chat.test.ts": "packages/console/page/chat",
  "packages/nginx/src/serve/body-timeout.test.ts": "packages/nginx/src/serve",
  "packages/nginx/src/serve/match-limit.test.ts": "packages/nginx/src/serve",
  "packages/nginx/src/serve/unsendable.test.ts": "packages/nginx/src/serve",
  "packages/worker/src/api/coding-clients.test.ts": "packages/worker/src/api",
  "packages/worker/src/api/loose-clients.test.ts": "packages/worker/src/api",
  "packages/worker/src/api/quiet-lies.test.ts": "packages/worker/src/api",
  "packages/worker/src/batching/apart/slow-grammars.test.ts": "packages/worker/src/batching/apart",
  "packages/worker/src/generation/prompt/model-families.test.ts": "packages/worker/src/generation",
  "packages/worker/src/generation/prompt/unusual-chats.test.ts": "packages/worker/src/generation/prompt",
  "packages/worker/src/json-schema/client-schemas.test.ts": "packages/worker/src/json-schema",
  "packages/worker/src/json-schema/costly-schemas.test.ts": "packages/worker/src/json-schema",
  "packages/worker/src/simulation/simulation.test.ts": "packages/worker/src/batching",
  "packages/worker/src/slots/uncut-models.test.ts": "packages/worker/src/slots",
  "packages/worker/src/step-costs/live-step-costs.test.ts": "packages/worker/src/step-costs",
};

export function checkTestNames(files) {
  const paths = [...files.keys()];
  const unnamed = [...files.values()]
    .filter(({ path, package: name }) => name !== "test" && /\.test\.tsx?$/.test(path))
    .filter(({ path }) => !(path in SEVERAL) && !isNamedAfterFile(path, files))
    .map(({ path }) => `${path}: it is named after no file of its folder; see scripts/structure/test-names.mjs`);
  const gone = Object.entries(SEVERAL)
    .filter(([test, subject]) => !files.has(test) || !paths.some((path) => path.startsWith(`${subject}/`)))
    .map(([test, subject]) => `scripts/structure/test-names.mjs: ${test}, or ${subject}, is not there`);
  return [...unnamed, ...gone];
}

function isNamedAfterFile(test, files) {
  const subject = test.replace(/(?:\.property)?\.test\.tsx?$/, "");
  return files.has(`${subject}.ts`) || files.has(`${subject}.tsx`);
}
