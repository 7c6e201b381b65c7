import type { ReportedTokens } from "@drover/contract/request-report";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { OutputEnd } from "../../generation/output/output.ts";
import { countChat, prepareChat } from "../generating/prepare-chat.ts";
import { refuseExpensive } from "../generating/request-price.ts";
import { fieldOf } from "../http/parse-body.ts";
import { runChoices, type StreamForm, streamChoices } from "../generating/choices.ts";
import { RESPONSE_STORE_HEADER } from "@drover/contract/headers";
import { ignore } from "../http/take-body.ts";
import { ResponseEvents } from "./response-events.ts";
import { ResponseOutput, itemJson } from "./response-output.ts";
import { responsesJobOf } from "./responses-job.ts";
import type { ResponsesRequest } from "./responses-schema.ts";
import { Timings } from "../generating/timings.ts";
import { newId, nowSeconds, type Serving } from "../serving.ts";

/** `POST /v1/responses`. The worker keeps no responses: the balancer does, and gives each request the items that it refers to. */
export async function responses(serving: Serving, body: ResponsesRequest, reply: FastifyReply): Promise<unknown> {
  const keeping = keepingOf(reply.request, body);
  if (body.store === true && !keeping.isKept) ignore(serving, reply, ["store"]);
  const job = await responsesJobOf(serving, body);
  refuseExpensive(serving, { ...job, choices: 1, isStream: true, lengthParam: "max_output_tokens" });
  const prepared = await prepareChat(serving, reply, job);
  const output = new ResponseOutput((prefix) => newId(serving, prefix), (body.reasoning?.summary ?? "none") !== "none");
  const write = responseWriter(serving, { body, keeping, tools: fieldOf(reply.request.body, "tools") }, output);
  if (body.stream === true) return await streamChoices(serving, reply, [prepared], streamForm(serving, output, write));
  const [end] = await runChoices(serving, reply, [prepared], () => ({
    onPieces: (pieces) => pieces.forEach((piece) => output.add(piece)),
  }));
  return write(end);
}

type Writer = (end: OutputEnd | undefined) => unknown;

function streamForm(serving: Serving, output: ResponseOutput, write: Writer): StreamForm {
  const events = new ResponseEvents(output);
  const timings = new Timings(serving.clock);
  return {
    begin() {
      timings.first();
      const response = write(undefined);
      return events.response("response.created", response) + events.response("response.in_progress", response);
    },
    pieces: (_index, pieces) => events.pieces(pieces),
    last([end]) {
      const isCut = end?.finish === "length";
      const last = output.last === undefined ? "" : events.itemEnded(output.last, isCut ? "incomplete" : "completed");
      const type = isCut ? "response.incomplete" : "response.completed";
      return last + events.response(type, write(end), end && timings.of(end));
    },
  };
}

/** `POST /v1/responses/input_tokens`. */
export async function countInputTokens(serving: Serving, body: ResponsesRequest, reply: FastifyReply) {
  const job = await responsesJobOf(serving, body);
  return { object: "response.input_tokens", input_tokens: await countChat(serving, reply, job) };
}

/** What becomes of the response, as the balancer says. */
interface Keeping {
  readonly isKept: boolean;
  readonly previousId: string | null;
}

function keepingOf({ headers }: FastifyRequest, { store }: ResponsesRequest): Keeping {
  const value = headers[RESPONSE_STORE_HEADER];
  if (typeof value !== "string") return { isKept: false, previousId: null };
  const [, previousId = null] = value.split(" ");
  return { isKept: store !== false, previousId };
}

interface Asked {
  readonly body: ResponsesRequest;
  /** As the client sent them. */
  readonly tools: unknown;
  readonly keeping: Keeping;
}

/** The response as it is now: `end` is undefined while it is being written. */
function responseWriter(serving: Serving, { body, tools, keeping }: Asked, output: ResponseOutput): Writer {
  const head = { id: newId(serving, "resp"), object: "response", created_at: nowSeconds(serving) };
  const asked = {
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: serving.model.id,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: keeping.previousId,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: body.reasoning?.summary ?? null },
    store: keeping.isKept,
    temperature: body.temperature ?? 0.8,
    text: { format: body.text?.format ?? { type: "text" } },
    tool_choice: body.tool_choice ?? "auto",
    tools: tools ?? [],
    top_p: body.top_p ?? 0.95,
    truncation: "disabled",
    metadata: body.metadata ?? {},
  };
  return (end) => {
    const status = end === undefined ? "in_progress" : end.finish === "length" ? "incomplete" : "completed";
    const lastItem = output.last;
    return {
      ...head,
      status,
      completed_at: end === undefined ? null : nowSeconds(serving),
      error: null,
      incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
      output: output.items.map((item) => itemJson(item, item === lastItem ? status : "completed")),
      usage: end === undefined ? null : responseUsage(end.tokens),
      ...asked,
    };
  };
}

function responseUsage(tokens: ReportedTokens) {
  return {
    input_tokens: tokens.prompt,
    input_tokens_details: { cached_tokens: tokens.cached },
    output_tokens: tokens.completion,
    output_tokens_details: { reasoning_tokens: tokens.reasoning },
    total_tokens: tokens.prompt + tokens.completion,
  };
}
