import type { RequestSummary } from "@drover/contract/request-record";
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "../api/server.ts";
import { everyWhileSeen } from "../clock.ts";
import { language, texts } from "../language/language.ts";
import { durationText } from "../language/numbers.ts";
import { Dialog } from "../parts/dialog.tsx";
import { adminKey } from "./admin.ts";

const PERIOD_MS = 2000;
const MOST_SHOWN = 20;

const requests = signal<readonly RequestSummary[]>([]);

/** The last requests, for who has the admin key; each tells how it went. */
export function Requests(): VNode | null {
  const [explained, setExplained] = useState<RequestSummary>();
  useEffect(() => followRequests(adminKey.value), [adminKey.value]);
  if (adminKey.value === "" || requests.value.length === 0) return null;
  const { requestsTitle, explainTitle } = texts.value;
  return (
    <section class="requests">
      <h3>{requestsTitle}</h3>
      <ol>
        {requests.value.slice(0, MOST_SHOWN).map((request) => (
          <RequestRow key={`${request.id} ${request.receivedAtEpochMs}`} request={request} onExplain={setExplained} />
        ))}
      </ol>
      <Dialog title={explainTitle} isOpen={explained !== undefined} onClose={() => setExplained(undefined)}>
        {explained !== undefined && <Explanation id={explained.id} />}
      </Dialog>
    </section>
  );
}

interface RowProps {
  readonly request: RequestSummary;
  readonly onExplain: (request: RequestSummary) => void;
}

function RequestRow({ request, onExplain }: RowProps): VNode {
  const { explain, requestTokens, firstTokenAfter, workerTitle } = texts.value;
  const { receivedAtEpochMs, route, status, durationMs, tokens, firstTokenMs, upstream, key } = request;
  const time = new Intl.DateTimeFormat(language.value, { timeStyle: "medium" });
  return (
    <li>
      <time dateTime={new Date(receivedAtEpochMs).toISOString()}>{time.format(receivedAtEpochMs)}</time>
      <span>{route}</span>
      <span class={status >= 500 ? "bad" : ""}>{status}</span>
      <span>{durationText(durationMs)}</span>
      <span>{tokens !== undefined && requestTokens(tokens.prompt, tokens.completion)}</span>
      <span>{firstTokenMs !== undefined && firstTokenAfter(durationText(firstTokenMs))}</span>
      <span>{upstream !== undefined && workerTitle(upstream)}</span>
      <span>{key}</span>
      <button type="button" class="quiet" onClick={() => onExplain(request)}>
        {explain}
      </button>
    </li>
  );
}

/** What the server says of the request, in the page's language. */
function Explanation({ id }: { readonly id: string }): VNode {
  const [lines, setLines] = useState<readonly string[]>([]);
  useEffect(() => {
    askExplain(`explain/${encodeURIComponent(id)}`, adminKey.value).then(
      (found) => setLines((found as { readonly lines: readonly string[] }).lines),
      (error: Error) => setLines([error.message]),
    );
  }, [id, language.value]);
  return (
    <div class="explanation" tabIndex={0}>
      {lines.map((line, index) => (
        <p key={index} class={line.startsWith(" ") ? "part" : ""}>
          {line.trimStart()}
        </p>
      ))}
    </div>
  );
}

function followRequests(key: string): () => void {
  requests.value = [];
  if (key === "") return () => undefined;
  return everyWhileSeen(PERIOD_MS, () => {
    askExplain("explain", key).then(
      (found) => (requests.value = found as readonly RequestSummary[]),
      // The rest of the view shows what is wrong.
      () => undefined,
    );
  });
}

async function askExplain(path: string, key: string): Promise<unknown> {
  return await (await ask(path, { adminKey: key, headers: { "accept-language": language.value } })).json();
}
